import type { AssetAmount, Network } from "@x402/core/types";
import type { Address } from "viem";
import type { PlanExtra } from "../../exact/terms.js";
import { addresses } from "../../generated/addresses.js";
import type { SubscriptionPlanTerms } from "../../generated/types.js";
import type { VaultDeployment } from "../../vault/cloneAddress.js";
import { knownDomain, type TokenDomain } from "../money.js";
import { firstChargeOf, toWireTerms } from "../terms.js";
import { vaultAddress } from "../vaultAddress.js";

export type SubscriptionOptions = {
  /** CAIP-2, for example `eip155:84532`. */
  network: Network;
  /** The terms of the plan, as `planTerms` makes them. */
  plan: SubscriptionPlanTerms;
  /** How many units a subscription of this route is for. Default: 1. */
  quantity?: number;
  /** Of the token's EIP-712 domain. Default: that of a token which the official package knows. */
  tokenDomain?: TokenDomain;
  /** Seconds that the subscriber's signature stays valid. Default: the official middleware's. */
  maxTimeoutSeconds?: number;
  /** Another deployment than the canonical one. */
  deployment?: VaultDeployment;
};

export type SubscriptionOption = {
  scheme: "subscription";
  network: Network;
  payTo: Address;
  price: AssetAmount;
  extra: Record<string, unknown> & { recourse: PlanExtra };
  maxTimeoutSeconds?: number;
};

/**
 * A route's payment option: whoever signs once is charged once a period, and gets in by signing in as long as it is paid. What
 * the first signature costs is the setup fee and, where there is no trial, the first period.
 *
 * @throws {RecourseError} of the contract's own class when the terms are out of bounds.
 */
export function subscription(options: SubscriptionOptions): SubscriptionOption {
  const { quantity = 1 } = options;
  const route = planRoute(options);
  const recourse = { ...route.extra.recourse, ...(quantity === 1 ? {} : { quantity }) };
  const amount = String(firstChargeOf(options.plan, { quantity }));
  return {
    ...route,
    scheme: "subscription",
    price: { asset: options.plan.token, amount },
    extra: { ...route.extra, recourse },
  };
}

export type SinglePeriodOptions = Omit<SubscriptionOptions, "quantity">;

export type SinglePeriodOption = Omit<SubscriptionOption, "scheme"> & { scheme: "exact" };

/**
 * A route's payment option for clients that know nothing of subscriptions: one payment buys one period of the plan for whoever
 * pays, and no right to charge again. For the scheme `exact`, beside `subscription` or alone; not for plans with a setup fee.
 *
 * @throws {RecourseError} of the contract's own class when the terms are out of bounds.
 */
export function singlePeriod(options: SinglePeriodOptions): SinglePeriodOption {
  const { price, token } = options.plan;
  return { ...planRoute(options), scheme: "exact", price: { asset: token, amount: String(price) } };
}

function planRoute({
  deployment = addresses["subscription-plan"],
  maxTimeoutSeconds,
  network,
  plan,
  tokenDomain = knownDomain(plan.token, network),
}: SinglePeriodOptions) {
  const recourse: PlanExtra = { kind: "subscription-plan", factory: deployment.factory, terms: toWireTerms(plan) };
  return {
    network,
    payTo: vaultAddress(plan, deployment),
    extra: { ...tokenDomain, recourse },
    ...(maxTimeoutSeconds === undefined ? {} : { maxTimeoutSeconds }),
  };
}
