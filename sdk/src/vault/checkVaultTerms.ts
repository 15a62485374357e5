import { type Address, isAddressEqual, zeroAddress } from "viem";
import { MAX_FEE_BPS } from "../generated/constants.js";
import {
  TermsFeeReceiverWrongError,
  TermsFeeTooHighError,
  TermsWithoutOperatorError,
  TermsWithoutReceiverError,
} from "../generated/errors.js";

/** What the terms of every kind begin with. */
type VaultTerms = { receiver: Address; operator: Address; feeReceiver: Address; feeBps: number };

/**
 * The rules of the contracts for what all terms have in common.
 *
 * @throws {TermsWithoutReceiverError} when `receiver` is zero.
 * @throws {TermsWithoutOperatorError} when `operator` is zero.
 * @throws {TermsFeeTooHighError} when `feeBps` is above the limit.
 * @throws {TermsFeeReceiverWrongError} when `feeReceiver` does not go with `feeBps` or is the receiver.
 */
export function checkVaultTerms({ feeBps, feeReceiver, operator, receiver }: VaultTerms): void {
  if (isZero(receiver)) throw new TermsWithoutReceiverError();
  if (isZero(operator)) throw new TermsWithoutOperatorError();
  if (feeBps > MAX_FEE_BPS) throw new TermsFeeTooHighError({ feeBps, maximum: MAX_FEE_BPS });
  const hasFee = feeBps !== 0;
  const hasFeeReceiver = !isZero(feeReceiver);
  if (hasFee !== hasFeeReceiver || isAddressEqual(feeReceiver, receiver)) {
    throw new TermsFeeReceiverWrongError({ feeBps, feeReceiver });
  }
}

export function isZero(address: Address): boolean {
  return isAddressEqual(address, zeroAddress);
}
