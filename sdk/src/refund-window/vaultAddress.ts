import { type Address, encodeAbiParameters, type Hex, isAddressEqual } from "viem";
import { refundWindowTermsParameters } from "../generated/abis.js";
import { addresses } from "../generated/addresses.js";
import { BPS, MAX_RESOLUTION_PERIOD, MAX_WINDOW, MIN_RESOLUTION_PERIOD, MIN_WINDOW } from "../generated/constants.js";
import {
  TermsArbiterIsPartyError,
  TermsNonRefundableTooHighError,
  TermsResolutionPeriodOutOfBoundsError,
  TermsWindowOutOfBoundsError,
  TermsWithoutArbiterError,
} from "../generated/errors.js";
import type { RefundWindowTerms } from "../generated/types.js";
import { checkVaultTerms, isZero } from "../vault/checkVaultTerms.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";

/**
 * The address of the vault with these terms, deployed or not, without asking a chain.
 *
 * @param terms The terms. Paying the address accepts them.
 * @param deployment The canonical contracts, when not given.
 * @throws What `encodeTerms` throws.
 */
export function vaultAddress(
  terms: RefundWindowTerms,
  deployment: VaultDeployment = addresses["refund-window"],
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
 * @throws {TermsWindowOutOfBoundsError} when `window` is out of bounds.
 * @throws {TermsNonRefundableTooHighError} when nothing would be refundable.
 * @throws {TermsWithoutArbiterError} when something is set that only an arbiter needs.
 * @throws {TermsArbiterIsPartyError} when the arbiter is receiver, operator or fee receiver.
 * @throws {TermsResolutionPeriodOutOfBoundsError} when the arbiter has too little or too much time.
 */
export function encodeTerms(terms: RefundWindowTerms): Hex {
  checkVaultTerms(terms);
  checkRefundWindowTerms(terms);

  return encodeAbiParameters(refundWindowTermsParameters, [terms]);
}

function checkRefundWindowTerms(terms: RefundWindowTerms): void {
  const { nonRefundableBps, window } = terms;
  if (window < MIN_WINDOW || window > MAX_WINDOW) {
    throw new TermsWindowOutOfBoundsError({ maximum: MAX_WINDOW, minimum: MIN_WINDOW, window });
  }
  if (nonRefundableBps >= BPS) throw new TermsNonRefundableTooHighError({ limit: BPS, nonRefundableBps });
  checkArbitration(terms);
}

function checkArbitration(terms: RefundWindowTerms): void {
  const { arbiter, feeReceiver, operator, receiver, resolutionPeriod, silenceFavorsPayer } = terms;
  if (isZero(arbiter)) {
    if (resolutionPeriod === 0 && !silenceFavorsPayer) return;
    throw new TermsWithoutArbiterError({ resolutionPeriod, silenceFavorsPayer });
  }
  if ([receiver, operator, feeReceiver].some((party) => isAddressEqual(party, arbiter))) {
    throw new TermsArbiterIsPartyError({ arbiter });
  }
  if (resolutionPeriod < MIN_RESOLUTION_PERIOD || resolutionPeriod > MAX_RESOLUTION_PERIOD) {
    throw new TermsResolutionPeriodOutOfBoundsError({
      maximum: MAX_RESOLUTION_PERIOD,
      minimum: MIN_RESOLUTION_PERIOD,
      resolutionPeriod,
    });
  }
}
