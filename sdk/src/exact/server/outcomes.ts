import type { PaymentReceipt } from "../../escrow/receipt.js";
import { ErrBeingSettled, ErrSettlementPending } from "../errors.js";

/* What an answer of a facilitator, or none, says of what it was asked. */

/** What a facilitator says of a settlement that it has sent, and knows no more of than we do. */
const UNKNOWN_OUTCOMES: string[] = [ErrSettlementPending, ErrBeingSettled];

/** The typed reason of an answer, or of the official client's error that carries one. */
export function reasonOf(answer: unknown): string | undefined {
  const reason = answer instanceof Object && "errorReason" in answer ? answer.errorReason : undefined;
  return typeof reason === "string" ? reason : undefined;
}

/** Only a refusal in words is one. No answer, and an answer that it is still pending, are unknown. */
export function outcomeOf(answer: unknown): "refused" | "unknown" {
  const reason = reasonOf(answer);
  return reason === undefined || UNKNOWN_OUTCOMES.includes(reason) ? "unknown" : "refused";
}

/** What the facilitator tells of an escrow's payment beside its answer. */
export function receiptIn({ extra }: { extra?: unknown }): PaymentReceipt | undefined {
  return (extra as { recourse?: PaymentReceipt } | undefined)?.recourse;
}
