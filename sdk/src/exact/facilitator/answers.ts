import type { SettleResponse } from "@x402/core/types";
import type { Hex } from "viem";
import type { RelayRequest } from "../../vault/relay.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrSettlementPending } from "../errors.js";
import type { ExpectedPayment } from "./chain.js";
import type { Facilitator } from "./facilitator.js";
import { reasonOf } from "./reasons.js";
import { bareReceipt, readReceipt, type VaultReceipt } from "./receipts.js";

/* What a facilitator answers. It never throws: a message could leak into a public response. */

/** A typed refusal on the way of a payment. */
export class Refusal extends Error {
  override name = "Refusal";

  readonly reason: string;
  readonly detail: string | undefined;
  /** How the payment stands instead. */
  readonly receipt: VaultReceipt | undefined;

  constructor(reason: string, detail?: string, receipt?: VaultReceipt) {
    super(reason);
    this.reason = reason;
    this.detail = detail;
    this.receipt = receipt;
  }
}

/** The reason on the wire, of a refusal of ours or of whatever else went wrong. */
export function refusalOf(error: unknown): {
  reason: string;
  message?: string | undefined;
  receipt?: VaultReceipt | undefined;
} {
  if (!(error instanceof Refusal)) return reasonOf(error);
  return { reason: error.reason, message: error.detail, receipt: error.receipt };
}

/** Sent, and not known yet. */
export function pending({ network }: Facilitator, { ref }: ExpectedPayment, transaction: Hex): SettleResponse {
  return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: ref.payer };
}

/** Done, with what the buyer may do from now on. */
export async function success(
  facilitator: Facilitator,
  payment: ExpectedPayment,
  transaction: Hex,
  { amount, operation }: { amount: bigint; operation?: RelayRequest["action"] | "capture" | "close" | "void" },
): Promise<SettleResponse> {
  const { client, network, readTimeoutMs } = facilitator;
  // The money has moved: a node that goes away now must not turn that into a failure.
  const receipt = await withDeadline(readReceipt(client, payment), readTimeoutMs).catch(() => undefined);
  return {
    success: true,
    transaction,
    network,
    payer: payment.ref.payer,
    amount: String(amount),
    extra: { recourse: receipt ?? bareReceipt(payment, network), ...optional({ operation }) },
  };
}

/** Leaves out what is undefined: on the wire a missing field is missing. */
export function optional<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never;
}
