import { type Address, encodeAbiParameters, type Hex } from "viem";
import { subscriptionPlanTermsParameters } from "../generated/abis.js";
import { addresses } from "../generated/addresses.js";
import {
  BPS,
  MAX_PERIOD_MONTHS,
  MAX_PERIOD_SECONDS,
  MAX_TRIAL,
  MIN_PERIOD_MONTHS,
  MIN_PERIOD_SECONDS,
} from "../generated/constants.js";
import {
  TermsGraceOutOfBoundsError,
  TermsNonRefundableWrongError,
  TermsPeriodOutOfBoundsError,
  TermsRefundWindowTooLongError,
  TermsTrialTooLongError,
  TermsWithoutPriceError,
  TermsWithoutTokenError,
} from "../generated/errors.js";
import { PeriodUnit, type SubscriptionPlanTerms } from "../generated/types.js";
import { checkVaultTerms, isZero } from "../vault/checkVaultTerms.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";

/**
 * The address of the plan with these terms, deployed or not, without asking a chain.
 *
 * @param terms The terms. Paying the address accepts them.
 * @param deployment The canonical contracts, when not given.
 * @throws What `encodeTerms` throws.
 */
export function vaultAddress(
  terms: SubscriptionPlanTerms,
  deployment: VaultDeployment = addresses["subscription-plan"],
): Address {
  return cloneAddress(encodeTerms(terms), deployment);
}

/**
 * The canonical encoding of `terms`, checked by the rules of the contract; it is what a factory takes.
 *
 * @throws {TermsWithoutReceiverError} when `receiver` is zero.
 * @throws {TermsWithoutOperatorError} when `operator` is zero.
 * @throws {TermsFeeTooHighError} when `feeBps` is above the limit.
 * @throws {TermsFeeReceiverWrongError} when `feeReceiver` does not go with `feeBps` or is the receiver.
 * @throws {TermsWithoutTokenError} when `token` is zero.
 * @throws {TermsWithoutPriceError} when `price` is zero.
 * @throws {TermsTrialTooLongError} when `trial` is above 365 days.
 * @throws {TermsPeriodOutOfBoundsError} when `periodLength` is not an hour to five years, or 1 to 60 months.
 * @throws {TermsGraceOutOfBoundsError} when `grace` is zero, or above half of the shortest period.
 * @throws {TermsRefundWindowTooLongError} when `refundWindow` is above the shortest period less `grace`.
 * @throws {TermsNonRefundableWrongError} when `nonRefundableBps` is 10,000 or more, or set without a window.
 */
export function encodeTerms(terms: SubscriptionPlanTerms): Hex {
  checkVaultTerms(terms);
  checkCharge(terms);
  checkPeriod(terms);

  return encodeAbiParameters(subscriptionPlanTermsParameters, [terms]);
}

function checkCharge({ price, token, trial }: SubscriptionPlanTerms): void {
  if (isZero(token)) throw new TermsWithoutTokenError();
  if (price === 0n) throw new TermsWithoutPriceError();
  if (trial > MAX_TRIAL) throw new TermsTrialTooLongError({ maximum: MAX_TRIAL, trial });
}

function checkPeriod(terms: SubscriptionPlanTerms): void {
  const { grace, nonRefundableBps, periodLength, periodUnit, refundWindow } = terms;
  const isMonths = periodUnit === PeriodUnit.Months;
  const minimum = isMonths ? MIN_PERIOD_MONTHS : MIN_PERIOD_SECONDS;
  const maximum = isMonths ? MAX_PERIOD_MONTHS : MAX_PERIOD_SECONDS;
  if (periodLength < minimum || periodLength > maximum) {
    throw new TermsPeriodOutOfBoundsError({ maximum, minimum, periodLength });
  }
  const shortest = shortestPeriod(terms);
  const maximumGrace = Math.floor(shortest / 2);
  if (grace === 0 || grace > maximumGrace) {
    throw new TermsGraceOutOfBoundsError({ grace, maximum: BigInt(maximumGrace) });
  }
  const maximumWindow = shortest - grace;
  if (refundWindow > maximumWindow) {
    throw new TermsRefundWindowTooLongError({ maximum: BigInt(maximumWindow), refundWindow });
  }
  if (nonRefundableBps >= BPS || (refundWindow === 0 && nonRefundableBps !== 0)) {
    throw new TermsNonRefundableWrongError({ nonRefundableBps, refundWindow });
  }
}

/** The shortest distance of a day of one month to the same day, or the last one, of the next. */
const SHORTEST_MONTH = 28 * 86_400;

/** The least that a period lasts, in seconds. */
export function shortestPeriod({ periodLength, periodUnit }: SubscriptionPlanTerms): number {
  return periodUnit === PeriodUnit.Months ? periodLength * SHORTEST_MONTH : periodLength;
}
