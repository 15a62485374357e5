import { type SubscriptionReceipt, subscriptionReceipt } from "@recourse/sdk/subscription";
import { SubscriptionEvmScheme, type SubscriptionEvmSchemeOptions } from "@recourse/sdk/subscription/client";
import type { PaymentPayload } from "@x402/core/types";
import {
  createSIWxClientExtension,
  createSIWxPayload,
  encodeSIWxHeader,
  type SIWxExtension,
  type SupportedChain,
} from "@x402/extensions/sign-in-with-x";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import type { LocalAccount } from "viem";
import { offerOf, reasonOf, type Signer } from "./buyer.js";
import { NETWORK } from "./shop.js";

/** Caps that no plan of the tests reaches. */
const GENEROUS = { maxPerPeriod: "$100", maxTotal: "$1000", maxPeriods: 12 };

/** A client that subscribes when it is asked to pay, and signs in when it has subscribed. */
export function subscribingClient(
  account: Signer & Partial<LocalAccount>,
  options: Partial<SubscriptionEvmSchemeOptions> = {},
): x402Client {
  return new x402Client()
    .setSpendControls({ maxAmountPerPayment: "$100" })
    .register(NETWORK, new SubscriptionEvmScheme(account, { ...GENEROUS, ...options }));
}

/** `fetch` that subscribes when it is asked to pay. */
export function subscribingFetch(account: Signer, options: Partial<SubscriptionEvmSchemeOptions> = {}): typeof fetch {
  return wrapFetchWithPayment(fetch, subscribingClient(account, options));
}

/** `fetch` that signs in, and pays nothing. */
export function signingInFetch(account: LocalAccount): typeof fetch {
  const client = new x402Client().registerExtension(createSIWxClientExtension({ signers: [account] }));
  return wrapFetchWithPayment(fetch, client);
}

/** What an account signs to subscribe to what a server offers, without sending it. */
export async function signedSubscription(
  account: Signer,
  url: string,
  options: Partial<SubscriptionEvmSchemeOptions> = {},
): Promise<PaymentPayload> {
  return subscribingClient(account, options).createPaymentPayload(await offerOf(url));
}

/** The header by which an account signs in, for one fresh nonce of the server. */
export async function signInHeader(account: LocalAccount, url: string): Promise<string> {
  const { extensions = {} } = await offerOf(url);
  const { info, supportedChains } = extensions["sign-in-with-x"] as SIWxExtension;
  const payload = await createSIWxPayload({ ...info, ...(supportedChains[0] as SupportedChain) }, account, url);
  return encodeSIWxHeader(payload);
}

/** Signs in as a client does; the answer is the server's, whatever it is. */
export async function signIn(account: LocalAccount, url: string): Promise<Response> {
  return fetch(url, { headers: { "SIGN-IN-WITH-X": await signInHeader(account, url) } });
}

/** What a response says of a subscription. */
export function subscriptionOf(response: Response): SubscriptionReceipt {
  const receipt = subscriptionReceipt(response);
  if (!receipt) throw new Error(`The response (status ${response.status}) has no receipt: ${reasonOf(response)}`);
  return receipt;
}
