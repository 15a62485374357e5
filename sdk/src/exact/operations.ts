import * as z from "zod/mini";
import { address, bytes, bytes32, uint256 } from "./schemas.js";

const payOperation = z.object({
  type: z.literal("pay"),
  idempotencyKey: z.string().check(z.minLength(1), z.maxLength(128)),
});

const refundOperation = z.object({
  type: z.literal("refund"),
  refund: z.strictObject({
    by: address,
    amount: uint256,
    expectedHeld: uint256,
    expectedRefunded: uint256,
    deadline: uint256,
    signature: bytes,
  }),
});

const escrowRefundOperation = z.object({
  type: z.literal("refund"),
  refund: z.strictObject({
    payer: address,
    value: uint256,
    validAfter: uint256,
    validBefore: uint256,
    nonce: bytes32,
    signature: bytes,
  }),
});

const captureOperation = z.object({
  type: z.enum(["capture", "close"]),
  capture: z.strictObject({
    amount: uint256,
    expectedHeld: uint256,
    expectedCaptured: uint256,
    deadline: uint256,
    signature: bytes,
  }),
});

/** So many captures stay below the gas that a facilitator simulates. */
export const MAX_CAPTURES = 50;

const captureManyOperation = z.object({
  type: z.literal("captureMany"),
  captureMany: z.strictObject({
    items: z
      .array(
        z.strictObject({
          payer: address,
          nonce: bytes32,
          amount: uint256,
          expectedHeld: uint256,
          expectedCaptured: uint256,
        }),
      )
      .check(z.minLength(1), z.maxLength(MAX_CAPTURES)),
    deadline: uint256,
    signature: bytes,
  }),
});

const voidOperation = z.object({
  type: z.literal("void"),
  void: z.strictObject({ by: address, expectedHeld: uint256, deadline: uint256, signature: bytes }),
  because: z.optional(z.enum(["capture-exceeds-held", "cost-malformed"])),
});

/**
 * What a server asks the facilitator to do. It is written beside the client's fields when the server settles, so a
 * client cannot write it: `/verify` refuses it, and a server's middleware does not overwrite what a client sent.
 */
export type PayOperation = z.infer<typeof payOperation>;
/** Gives a payment back to its payer by the signature of receiver or operator, which the chain checks. Amounts and times are decimal strings. */
export type RefundOperation = z.infer<typeof refundOperation>;

/** Gives the payer back of what an escrow captured, by an EIP-3009 authorization of whoever pays for it (`payer`). */
export type EscrowRefundOperation = z.infer<typeof escrowRefundOperation>;

/** Captures a part of a payment into an escrow by the operator's signature; `close` returns the rest. */
export type CaptureOperation = z.infer<typeof captureOperation>;

/** Captures parts of many payments of one vault and token by the operator's signature, and credits the receiver. */
export type CaptureManyOperation = z.infer<typeof captureManyOperation>;

/**
 * Returns a payment into an escrow by the signature of operator or receiver. With `because` it undoes what the server could
 * not ask for: the answer is a refusal with that reason, after the money has gone back.
 */
export type VoidOperation = z.infer<typeof voidOperation>;

const SERVER_FIELDS = ["type", "idempotencyKey", "refund", "capture", "captureMany", "void", "because"] as const;

/** Whether a payload carries anything that only a server may write. */
export function hasServerFields(payload: Record<string, unknown>): boolean {
  return SERVER_FIELDS.some((field) => field in payload);
}

/** The payload as the client sent it. */
export function withoutServerFields<T extends Record<string, unknown>>(payload: T): T {
  return Object.fromEntries(
    Object.entries(payload).filter(([field]) => !SERVER_FIELDS.some((serverField) => serverField === field)),
  ) as T;
}

/** The payment operation, or `undefined` when the fields are not those of one. */
export function parsePayOperation(payload: Record<string, unknown>): PayOperation | undefined {
  const parsed = payOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The refund operation, or `undefined` when the fields are not those of one. */
export function parseRefundOperation(payload: Record<string, unknown>): RefundOperation | undefined {
  const parsed = refundOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The refund operation of an escrow, or `undefined` when the fields are not those of one. */
export function parseEscrowRefundOperation(payload: Record<string, unknown>): EscrowRefundOperation | undefined {
  const parsed = escrowRefundOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The capture operation, or `undefined` when the fields are not those of one. */
export function parseCaptureOperation(payload: Record<string, unknown>): CaptureOperation | undefined {
  const parsed = captureOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The operation of many captures, or `undefined` when the fields are not those of one. */
export function parseCaptureManyOperation(payload: Record<string, unknown>): CaptureManyOperation | undefined {
  const parsed = captureManyOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The void operation, or `undefined` when the fields are not those of one. */
export function parseVoidOperation(payload: Record<string, unknown>): VoidOperation | undefined {
  const parsed = voidOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}
