import type { Hex } from "viem";
import { type ReceiptOf, receiptOfKind } from "../vault/receipt.js";

/**
 * What the buyer gets with the response (`extra.recourse` of PAYMENT-RESPONSE). With it and the chain it needs nobody.
 */
export type PaymentReceipt = ReceiptOf<
  "refund-window",
  "refund" | "claim" | "dispute" | "withdrawDispute" | "concede" | "resolve" | "resolveByDefault"
> & {
  /**
   * First Unix second at which the payer can no longer undo. This and the other times are missing when the node went away
   * right after the payment, or it is not recorded yet; `paymentOf` and `nextActions` tell them later.
   */
  closesAt?: number;
  /** First Unix second at which the money can be claimed, and nobody can give it back. */
  maturesAt?: number;
  /** Only of a payment that was disputed, instead of the two above: first Unix second at which the default applies. */
  defaultsAt?: number;
  /**
   * Only of a payment that went past the vault (`settlement: "by-proof"`): what brought it there. It counts, and can be
   * undone, from when anybody has recorded it: `buildReceiptProof` of `receipt-proof`, then `record`, or a relay.
   */
  unrecorded?: { transaction: Hex };
};

/** What the server's response says of the payment, or `undefined` when it was not paid into a refund window. */
export function paymentReceipt(response: Response): PaymentReceipt | undefined {
  return receiptOfKind<PaymentReceipt>(response, "refund-window");
}
