import type { SubscriptionPlanTerms } from "../generated/types.js";
import type { Wire } from "../vault/messages.js";

/** The terms of a plan as JSON carries them: amounts are decimal strings. */
export type WirePlanTerms = Wire<SubscriptionPlanTerms>;

/** Writes the terms of a plan as JSON carries them. */
export function toWireTerms(terms: SubscriptionPlanTerms): WirePlanTerms {
  return { ...terms, price: String(terms.price), setupFee: String(terms.setupFee) };
}

/** Reads the terms of a plan. */
export function fromWireTerms(terms: WirePlanTerms): SubscriptionPlanTerms {
  return { ...terms, price: BigInt(terms.price), setupFee: BigInt(terms.setupFee) };
}

/** What a subscriber pays in the moment of subscribing: the setup fee and, unless there is a trial, the first period. */
export function firstChargeOf(
  { price, setupFee, trial }: SubscriptionPlanTerms,
  { isTrialUsed = false, quantity }: { quantity: number; isTrialUsed?: boolean },
): bigint {
  return setupFee + (trial !== 0 && !isTrialUsed ? 0n : price * BigInt(quantity));
}
