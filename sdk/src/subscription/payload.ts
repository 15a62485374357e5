import type { PaymentPayload } from "@x402/core/types";
import type { Hex } from "viem";
import * as z from "zod/mini";
import { address, bytes, uint256 } from "../exact/schemas.js";
import { subscribeTypes } from "../generated/typedData.js";
import type { Permit, Subscribe } from "../generated/types.js";
import { readWire, type Wire } from "../vault/messages.js";

/** What a subscriber signs: the agreement, and a permit where the plan may not take enough yet. Numbers are decimal strings. */
export type SubscribePayload = {
  subscribe: Wire<Subscribe>;
  signature: Hex;
  /** EIP-2612, for the plan. Without it an allowance has to be there. */
  permit?: Wire<Permit>;
};

const message = z.strictObject({
  subscriber: address,
  beneficiary: address,
  quantity: uint256,
  maxPeriods: uint256,
  maxFirstCharge: uint256,
  serial: uint256,
  deadline: uint256,
});

const subscribePayload = z.object({
  subscribe: message,
  signature: bytes,
  permit: z.optional(z.strictObject({ value: uint256, deadline: uint256, signature: bytes })),
});

/** The client's part of a payload, or `undefined` when it is no Subscribe. */
export function parseSubscribePayload({ payload }: Pick<PaymentPayload, "payload">): SubscribePayload | undefined {
  const parsed = subscribePayload.safeParse(payload);
  return parsed.success ? (parsed.data as SubscribePayload) : undefined;
}

/** What `subscribeWithSignature` takes. */
export function readSubscribe({ permit, signature, subscribe }: SubscribePayload): {
  message: Subscribe;
  signature: Hex;
  permit: Permit;
} {
  return { message: readWire<Subscribe>(subscribeTypes.Subscribe, subscribe), signature, permit: readPermit(permit) };
}

/** A permit without a signature stands for an allowance that is there. */
function readPermit(permit: Wire<Permit> | undefined): Permit {
  if (!permit) return { value: 0n, deadline: 0n, signature: "0x" };
  return { value: BigInt(permit.value), deadline: BigInt(permit.deadline), signature: permit.signature };
}
