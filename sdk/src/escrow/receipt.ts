import { type ReceiptOf, receiptOfKind } from "../vault/receipt.js";

/**
 * What the buyer gets with the response (`extra.recourse` of PAYMENT-RESPONSE). With it and the chain it needs nobody.
 * Amounts are decimal strings in the token's smallest unit.
 */
export type PaymentReceipt = ReceiptOf<"escrow", "capture" | "close" | "void" | "reclaim" | "refund"> & {
  /**
   * What the receiver earned so far, fee included. This and the other fields are missing when the node went away right
   * after the payment; `paymentOf` and `nextActions` tell them later.
   */
  captured?: string;
  /** What went back to the payer without having been captured. */
  returned?: string;
  /** What somebody gave back to the payer of what had been captured. */
  refunded?: string;
  /** First Unix second at which nothing can be captured any more, and anyone can return what is held to the payer. */
  captureUntil?: number;
};

/** What the server's response says of the payment, or `undefined` when it was not paid into an escrow. */
export function paymentReceipt(response: Response): PaymentReceipt | undefined {
  return receiptOfKind<PaymentReceipt>(response, "escrow");
}
