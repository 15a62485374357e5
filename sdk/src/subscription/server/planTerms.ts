import type { Money, Network } from "@x402/core/types";
import { getDefaultAsset } from "@x402/evm";
import { type Address, getAddress, type Hex, zeroAddress, zeroHash } from "viem";
import { PeriodUnit, type SubscriptionPlanTerms } from "../../generated/types.js";
import { unitsOf } from "../money.js";
import { shortestPeriod } from "../vaultAddress.js";

export type PlanTermsOptions = {
  /** CAIP-2, for example `eip155:84532`. */
  network: Network;
  /** Of one period: `"$10"` of the network's default asset, or a bigint in the smallest unit of `token`. */
  price: Money | bigint;
  /** Who earns the charges. */
  receiver: Address;
  /** How long a period is: 1 to 60 months of the calendar, or an hour to five years. */
  period: { months: number } | { days: number } | { seconds: number };
  /** The ERC-20 token, with EIP-3009 and EIP-2612. Default: the network's default asset. */
  token?: Address;
  /** Seconds from a period's start in which it can be charged, at most half of it. Default: three days, or half of a shorter period. */
  grace?: number;
  /** Seconds that a subscriber's first subscription costs nothing. Default: 0. */
  trial?: number;
  /** Taken when somebody subscribes, as `price` is. Default: 0. */
  setupFee?: Money | bigint;
  /** Seconds in which a subscriber can take back a charge. Default: 0, charges are paid out at once. */
  refundWindow?: number;
  /** The share of a charge that the subscriber cannot take back, in hundredths of a percent. Default: 0. */
  nonRefundableBps?: number;
  /** The server's signing key. Default: the receiver. */
  operator?: Address;
  /** Who gets the fee, in hundredths of a percent of what is paid out, at most 1,000. Default: no fee. */
  fee?: { receiver: Address; bps: number };
  /** Makes plans of otherwise equal terms different. Default: 0. */
  salt?: Hex;
};

const DAY = 86_400;
const USUAL_GRACE = 3 * DAY;

/** The terms of a plan. They are checked where they are used: a plan's address is its terms. */
export function planTerms(options: PlanTermsOptions): SubscriptionPlanTerms {
  const { fee, network, operator = options.receiver, receiver } = options;
  const token = options.token ?? getAddress(getDefaultAsset(network).asset);
  const place = { network, token };
  const terms = {
    receiver,
    operator,
    feeReceiver: fee?.receiver ?? zeroAddress,
    feeBps: fee?.bps ?? 0,
    salt: options.salt ?? zeroHash,
    token,
    price: unitsOf(options.price, place),
    ...periodOf(options.period),
    grace: 0,
    trial: options.trial ?? 0,
    setupFee: unitsOf(options.setupFee ?? 0n, place),
    refundWindow: options.refundWindow ?? 0,
    nonRefundableBps: options.nonRefundableBps ?? 0,
  };
  return { ...terms, grace: options.grace ?? Math.min(USUAL_GRACE, Math.floor(shortestPeriod(terms) / 2)) };
}

function periodOf(period: PlanTermsOptions["period"]): Pick<SubscriptionPlanTerms, "periodLength" | "periodUnit"> {
  if ("months" in period) return { periodUnit: PeriodUnit.Months, periodLength: period.months };
  return { periodUnit: PeriodUnit.Seconds, periodLength: "days" in period ? period.days * DAY : period.seconds };
}
