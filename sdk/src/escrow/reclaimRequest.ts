import type { Address, Chain, Client, Transport } from "viem";
import type { RelayRequest } from "../vault/relay.js";
import { refOfReceipt } from "../vault/signForRelay.js";
import type { PaymentReceipt } from "./receipt.js";
import { relayPlace } from "./relayPlace.js";

/** What a relay takes to return a payment whose time to capture is over. Nobody signs it: it can only go to the payer. */
export async function reclaimRequest(
  client: Client<Transport, Chain>,
  { payment, ...options }: reclaimRequest.Parameters,
): Promise<RelayRequest & { action: "reclaim" }> {
  const place = await relayPlace(client, payment.vault, options);
  return { action: "reclaim", ...place, ref: refOfReceipt(payment) };
}

export declare namespace reclaimRequest {
  type Parameters = {
    /** What the server's response said of the payment. */
    payment: PaymentReceipt;
    /** The vault's factory. Default: the canonical one. */
    factory?: Address;
  };
}
