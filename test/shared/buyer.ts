import { type PaymentReceipt, paymentReceipt } from "@recourse/sdk/refund-window";
import {
  decodePaymentRequiredHeader,
  decodePaymentResponseHeader,
  encodePaymentSignatureHeader,
} from "@x402/core/http";
import type { PaymentPayload, PaymentRequired, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import type { LocalAccount } from "viem";
import { NETWORK } from "./shop.js";

/** What a stock client signs with. */
export type Signer = Pick<LocalAccount, "address" | "signTypedData">;

/** The stock client of an account, unmodified. */
export function stockClient(account: Signer): x402Client {
  return new x402Client().register(NETWORK, new StockExactEvmScheme(account));
}

/** `fetch` that pays when it is asked to, as any x402 client does. */
export function payingFetch(account: Signer): typeof fetch {
  return wrapFetchWithPayment(fetch, stockClient(account));
}

/** What a server asks for. */
export async function offerOf(url: string): Promise<PaymentRequired> {
  const header = (await fetch(url)).headers.get("PAYMENT-REQUIRED");
  if (header === null) throw new Error(`${url} asks for no payment.`);
  return decodePaymentRequiredHeader(header);
}

/** What a stock client signs for a server's offer, without sending it. */
export async function signedPayload(account: Signer, url: string): Promise<PaymentPayload> {
  return stockClient(account).createPaymentPayload(await offerOf(url));
}

/** Sends a payload as a paying client does. */
export function send(url: string, payload: PaymentPayload): Promise<Response> {
  return fetch(url, { headers: { "PAYMENT-SIGNATURE": encodePaymentSignatureHeader(payload) } });
}

/** Why a request was refused: the settlement's reason where there was one, else that of the offer. */
export function reasonOf(response: Response): string | undefined {
  const settlement = response.headers.get("PAYMENT-RESPONSE");
  if (settlement !== null) return decodePaymentResponseHeader(settlement).errorReason;
  const offer = response.headers.get("PAYMENT-REQUIRED");
  return offer === null ? undefined : decodePaymentRequiredHeader(offer).error;
}

/** What a response says of its settlement. */
export function settlementOf(response: Response): SettleResponse {
  const header = response.headers.get("PAYMENT-RESPONSE");
  if (header === null) throw new Error(`The response (status ${response.status}) has no settlement.`);
  return decodePaymentResponseHeader(header);
}

/** What a response says of its payment into a vault. */
export function receiptOf(response: Response): PaymentReceipt {
  const receipt = paymentReceipt(response);
  if (!receipt) throw new Error(`The response (status ${response.status}) has no receipt: ${reasonOf(response)}`);
  return receipt;
}

/** Asks a facilitator directly, as anybody can. */
export async function ask(
  facilitatorUrl: string,
  path: "verify" | "settle",
  paymentPayload: PaymentPayload,
  paymentRequirements: PaymentRequirements,
  merchantKey?: string,
) {
  const response = await fetch(`${facilitatorUrl}/${path}`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(merchantKey === undefined ? {} : { authorization: `Bearer ${merchantKey}` }),
    },
    body: JSON.stringify({ x402Version: 2, paymentPayload, paymentRequirements }),
  });
  return response.json();
}
