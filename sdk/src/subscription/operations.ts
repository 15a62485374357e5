import * as z from "zod/mini";
import { address } from "../exact/schemas.js";

const subscribeOperation = z.object({
  type: z.literal("subscribe"),
  idempotencyKey: z.string().check(z.minLength(1), z.maxLength(128)),
});

const chargeOperation = z.strictObject({ type: z.literal("charge"), subscriber: address, beneficiary: address });

/**
 * What a server asks the facilitator to do. It is written beside the client's fields when the server settles, so a client
 * cannot write it: `/verify` refuses it, and a server's middleware does not overwrite what a client sent.
 */
export type SubscribeOperation = z.infer<typeof subscribeOperation>;

/** Charges a pair the period that is due, whoever asks: the whole payload of a server that lets somebody in. */
export type ChargeOperation = z.infer<typeof chargeOperation>;

const SERVER_FIELDS = ["type", "idempotencyKey"] as const;

/** Whether a payload carries anything that only a server may write. */
export function hasServerFields(payload: Readonly<Record<string, unknown>>): boolean {
  return SERVER_FIELDS.some((field) => field in payload);
}

/** The operation that subscribes, or `undefined` when the fields are not those of one. */
export function parseSubscribeOperation(payload: Record<string, unknown>): SubscribeOperation | undefined {
  const parsed = subscribeOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}

/** The operation that charges, or `undefined` when the fields are not those of one. */
export function parseChargeOperation(payload: Record<string, unknown>): ChargeOperation | undefined {
  const parsed = chargeOperation.safeParse(payload);
  return parsed.success ? parsed.data : undefined;
}
