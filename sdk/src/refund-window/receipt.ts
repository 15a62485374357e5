import { decodePaymentResponseHeader } from "@x402/core/http";
import type { Address, Hex } from "viem";

/** What somebody may do with a payment, and until when. All times are Unix seconds. */
export type ReceiptAction = {
  /** The function of the vault. */
  action: "refund" | "claim" | "dispute" | "withdrawDispute" | "concede" | "resolve" | "resolveByDefault";
  /** Who may do it; `null` means anyone. */
  actor: Address | null;
  /** First second at which it is allowed. */
  from: number;
  /** First second at which it is no longer allowed; `null` means never. */
  until: number | null;
  /** How: a call of the vault, or a signature that a relay sends. */
  how: ("call" | "signature")[];
};

/**
 * What the buyer gets with the response (`extra.recourse` of PAYMENT-RESPONSE). With it and the chain it needs nobody.
 */
export type PaymentReceipt = {
  kind: "refund-window";
  /** CAIP-2. */
  network: string;
  vault: Address;
  paymentId: Hex;
  token: Address;
  payer: Address;
  nonce: Hex;
  /** The original amount in the token's smallest unit, as a decimal string. */
  amount: string;
  /**
   * First Unix second at which the payer can no longer undo. This and the other times are missing when the node went away
   * right after the payment, or it is not recorded yet; `paymentOf` and `nextActions` tell them later.
   */
  closesAt?: number;
  /** First Unix second at which the money can be claimed, and nobody can give it back. */
  maturesAt?: number;
  /** Only of a payment that was disputed, instead of the two above: first Unix second at which the default applies. */
  defaultsAt?: number;
  nextActions?: ReceiptAction[];
  /**
   * Only of a payment that went past the vault (`settlement: "by-proof"`): what brought it there. It counts, and can be
   * undone, from when anybody has recorded it: `buildReceiptProof` of `receipt-proof`, then `record`, or a relay.
   */
  unrecorded?: { transaction: Hex };
};

/** What the server's response says of the payment, or `undefined` when it was not paid into a vault. */
export function paymentReceipt(response: Response): PaymentReceipt | undefined {
  const header = response.headers.get("PAYMENT-RESPONSE");
  if (header === null) return undefined;
  return decodePaymentResponseHeader(header).extra?.recourse as PaymentReceipt | undefined;
}
