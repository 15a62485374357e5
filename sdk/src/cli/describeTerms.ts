import { isAddressEqual } from "viem";
import type { SubscriptionPlanTerms } from "../generated/types.js";
import { startOfPeriod } from "../subscription/periods.js";
import { duration, frequency, money, type Period, share, type TokenFormat } from "./format.js";

/** The period of these terms. */
export function periodOf({ periodLength, periodUnit }: SubscriptionPlanTerms): Period {
  return { length: periodLength, unit: periodUnit };
}

/** The terms in one line: `$9.99 a month`. */
export function headline(terms: SubscriptionPlanTerms, token: TokenFormat): string {
  return `${money(terms.price, token)} ${frequency(periodOf(terms))}`;
}

/** The terms in sentences, as an order confirmation would have them. */
export function describeTerms(terms: SubscriptionPlanTerms, token: TokenFormat, network: string): string[] {
  const { feeBps, feeReceiver, grace, operator, receiver, setupFee, trial } = terms;
  return [
    `${headline(terms, token)}, in ${token.symbol} on ${network}, for ${receiver}.`,
    trial === 0
      ? "The first charge comes at once, with the subscription."
      : `The first ${duration(trial)} cost nothing, once for each subscriber; then comes the first charge.`,
    ...(setupFee === 0n
      ? []
      : [`${money(setupFee, token)} once, with the subscription; who undoes a charge does not get it back.`]),
    ...describeWindow(terms),
    `A charge that fails can be repeated for ${duration(grace)}, without access meanwhile. A period that was not charged by then is skipped and never charged; two in a row end the subscription.`,
    "Who cancels keeps what is paid until the period ends.",
    ...(feeBps === 0 ? [] : [`${feeReceiver} gets ${share(feeBps)} of what is paid out, and the receiver the rest.`]),
    ...(isAddressEqual(operator, receiver)
      ? []
      : [`${operator} may close, end, refund and cancel, as the receiver may.`]),
    "Nobody can change these terms: another price is another plan.",
  ];
}

function describeWindow({ nonRefundableBps, refundWindow }: SubscriptionPlanTerms): string[] {
  if (refundWindow === 0) return ["Charges are paid out at once. Subscribers cannot undo them."];
  const part = nonRefundableBps === 0 ? "all of it" : `all but ${share(nonRefundableBps)} of it`;
  return [
    `Undo within ${duration(refundWindow)} of a charge: the subscriber can take back ${part}, once and without asking anybody; that ends the subscription.`,
    "Until the full hour after that the receiver can give the charge back; then the receiver can claim it.",
  ];
}

/** What somebody who subscribes is charged, and when. */
export type Charge = { at: number; amount: bigint; setupFee: bigint };

/**
 * The first charges of a subscription that begins at `now`, of one unit: so many periods, and the setup fee in front of them
 * where a trial stands between.
 */
export function firstCharges(terms: SubscriptionPlanTerms, now: number, periods: number): Charge[] {
  const { price, setupFee, trial } = terms;
  const charges = Array.from({ length: periods }, (_, index) => {
    const fee = index === 0 && trial === 0 ? setupFee : 0n;
    return { at: startOfPeriod(terms, now + trial, index), amount: price + fee, setupFee: fee };
  });
  return trial !== 0 && setupFee !== 0n ? [{ at: now, amount: setupFee, setupFee }, ...charges] : charges;
}
