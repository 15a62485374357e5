import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import type { AuthorizerSigner } from "@x402/evm";
import type { CaptureManyOperation, CaptureOperation, VoidOperation } from "../operations.js";
import { type EscrowExtra, parseVaultExtra } from "../terms.js";
import {
  type NamedCapture,
  type NamedPayment,
  namePayment,
  orderCapture,
  orderCaptureMany,
  orderVoid,
} from "./orders.js";
import type { Hold, HoldOrder } from "./storage.js";

/* A hold from its payment to its end, as its server's record knows it. */

/** Before anything has become of it. */
export function openHold(paymentPayload: unknown, requirements: unknown): Hold {
  return {
    payload: copyOf(paymentPayload) as PaymentPayload,
    requirements: copyOf(requirements) as PaymentRequirements,
    captured: "0",
    refunded: "0",
    isOpen: true,
    changedAt: Date.now(),
  };
}

/** As a storage would return it. */
function copyOf(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

/** What can still be captured or returned, in the token's smallest unit. */
export function heldOf({ captured, isOpen, requirements }: Hold): bigint {
  return isOpen ? BigInt(requirements.amount) - BigInt(captured) : 0n;
}

export function isDeferred({ requirements }: Pick<Hold, "requirements">): boolean {
  return escrowOf(requirements)?.capture === "deferred";
}

/** The terms of the escrow that the requirements speak of, if it is one. */
export function escrowOf(requirements: Pick<PaymentRequirements, "extra">): EscrowExtra | undefined {
  const vault = parseVaultExtra(requirements);
  return vault?.kind === "escrow" ? vault : undefined;
}

/** The hold with an order that was not sent yet. */
export function withOrder(hold: Hold, type: HoldOrder["type"], amount: bigint): Hold {
  return { ...hold, order: { type, amount: String(amount), captured: hold.captured }, changedAt: Date.now() };
}

export function isSameOrder(order: HoldOrder, other: HoldOrder): boolean {
  return order.type === other.type && order.amount === other.amount && order.captured === other.captured;
}

/** The hold when this order has been carried out. */
export function afterOrder(hold: Hold, { amount, captured: before, type }: HoldOrder): Hold {
  const captured = type === "void" ? BigInt(before) : BigInt(before) + BigInt(amount);
  return standingAt(hold, captured, type === "capture" && captured < BigInt(hold.requirements.amount));
}

/** The hold with nothing in flight. */
export function standingAt({ order: _, ...hold }: Hold, captured: bigint, isOpen: boolean): Hold {
  return { ...hold, captured: String(captured), isOpen, changedAt: Date.now() };
}

/** An order as the facilitator takes it, signed anew: what it names is what the record expects to stand on chain. */
export function signedOrder(
  operator: AuthorizerSigner,
  hold: Hold,
  { amount, captured: before, type }: HoldOrder,
): Promise<CaptureOperation | VoidOperation> {
  const { payment, vault } = partsOf(hold);
  const captured = BigInt(before);
  const held = payment.amount - captured;
  if (type === "void") return orderVoid(operator, payment, vault, held);
  return orderCapture(operator, payment, { type, amount: BigInt(amount), held, captured });
}

/** Captures of one vault and token, as the facilitator takes them together. */
export function signedCaptures(
  operator: AuthorizerSigner,
  ordered: readonly OrderedHold[],
): Promise<CaptureManyOperation> {
  const captures = ordered.map(({ hold, order }) => {
    const { payment } = partsOf(hold);
    const captured = BigInt(order.captured);
    return { payment, amount: BigInt(order.amount), held: payment.amount - captured, captured };
  });
  return orderCaptureMany(operator, captures as [NamedCapture]);
}

/** A hold, and what was ordered of it. */
export type OrderedHold = { hold: Hold; order: HoldOrder };

/** The payment and the terms that a hold is of. */
export function partsOf({ payload, requirements }: Hold): { payment: NamedPayment; vault: EscrowExtra } {
  const payment = namePayment(payload, requirements);
  const vault = escrowOf(requirements);
  if (!payment || !vault) throw new Error("The record of a hold is not of a payment into an escrow.");
  return { payment, vault };
}
