import {
  type Address,
  concatHex,
  encodeAbiParameters,
  getContractAddress,
  type Hex,
  isAddressEqual,
  numberToHex,
  size,
  zeroAddress,
} from "viem";
import { refundWindowTermsParameters } from "../generated/abis.js";
import { addresses } from "../generated/addresses.js";
import {
  BPS,
  CREATE2_SALT,
  MAX_FEE_BPS,
  MAX_RESOLUTION_PERIOD,
  MAX_WINDOW,
  MIN_RESOLUTION_PERIOD,
  MIN_WINDOW,
} from "../generated/constants.js";
import {
  TermsArbiterIsPartyError,
  TermsFeeReceiverWrongError,
  TermsFeeTooHighError,
  TermsNonRefundableTooHighError,
  TermsResolutionPeriodOutOfBoundsError,
  TermsWindowOutOfBoundsError,
  TermsWithoutArbiterError,
  TermsWithoutOperatorError,
  TermsWithoutReceiverError,
} from "../generated/errors.js";
import type { RefundWindowTerms } from "../generated/types.js";

/** Which factory makes the vaults, and the code behind them: both or neither, because the address depends on both. */
export type VaultDeployment = { factory: Address; implementation: Address };

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
  return getContractAddress({
    bytecode: cloneInitCode(deployment.implementation, encodeTerms(terms)),
    from: deployment.factory,
    opcode: "CREATE2",
    salt: CREATE2_SALT,
  });
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

function checkVaultTerms({ feeBps, feeReceiver, operator, receiver }: RefundWindowTerms): void {
  if (isZero(receiver)) throw new TermsWithoutReceiverError();
  if (isZero(operator)) throw new TermsWithoutOperatorError();
  if (feeBps > MAX_FEE_BPS) throw new TermsFeeTooHighError({ feeBps, maximum: MAX_FEE_BPS });
  const hasFee = feeBps !== 0;
  const hasFeeReceiver = !isZero(feeReceiver);
  if (hasFee !== hasFeeReceiver || isAddressEqual(feeReceiver, receiver)) {
    throw new TermsFeeReceiverWrongError({ feeBps, feeReceiver });
  }
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

function isZero(address: Address): boolean {
  return isAddressEqual(address, zeroAddress);
}

/** What OpenZeppelin's `Clones.cloneDeterministicWithImmutableArgs` deploys: a proxy, and the arguments behind its code. */
function cloneInitCode(implementation: Address, args: Hex): Hex {
  const proxyLength = 0x2d;
  return concatHex([
    "0x61",
    numberToHex(proxyLength + size(args), { size: 2 }),
    "0x3d81600a3d39f3363d3d373d3d3d363d73",
    implementation,
    "0x5af43d82803e903d91602b57fd5bf3",
    args,
  ]);
}
