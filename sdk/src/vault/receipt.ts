import { decodePaymentResponseHeader } from "@x402/core/http";
import type { Address, Hex } from "viem";
import type { VaultKind } from "../generated/addresses.js";

/** What somebody may do with a payment, and until when. All times are Unix seconds. */
export type ReceiptAction<Action extends string = string> = {
  /** The function of the vault. */
  action: Action;
  /** Who may do it; `null` means anyone. */
  actor: Address | null;
  /** First second at which it is allowed. */
  from: number;
  /** First second at which it is no longer allowed; `null` means never. */
  until: number | null;
  /** How: a call of the vault, a signature that a relay sends, or what a relay does without one. */
  how: ("call" | "signature" | "relay")[];
};

/** What every buyer gets with the response, whatever the kind of vault (`extra.recourse` of PAYMENT-RESPONSE). */
export type ReceiptOf<Kind extends VaultKind, Action extends string> = {
  kind: Kind;
  /** CAIP-2. */
  network: string;
  vault: Address;
  paymentId: Hex;
  token: Address;
  payer: Address;
  nonce: Hex;
  /** The original amount in the token's smallest unit, as a decimal string. */
  amount: string;
  nextActions?: ReceiptAction<Action>[];
};

/** What the server's response says of the payment, or `undefined` when it was not paid into a vault of this kind. */
export function receiptOfKind<Receipt extends { kind: VaultKind }>(
  response: Response,
  kind: Receipt["kind"],
): Receipt | undefined {
  const header = response.headers.get("PAYMENT-RESPONSE");
  if (header === null) return undefined;
  const receipt = decodePaymentResponseHeader(header).extra?.recourse as Receipt | undefined;
  return receipt?.kind === kind ? receipt : undefined;
}
