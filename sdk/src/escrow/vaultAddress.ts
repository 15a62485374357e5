import { type Address, encodeAbiParameters, type Hex } from "viem";
import { escrowTermsParameters } from "../generated/abis.js";
import { addresses } from "../generated/addresses.js";
import { MAX_CAPTURE_WINDOW, MIN_CAPTURE_WINDOW } from "../generated/constants.js";
import { TermsCaptureWindowOutOfBoundsError } from "../generated/errors.js";
import type { EscrowTerms } from "../generated/types.js";
import { checkVaultTerms } from "../vault/checkVaultTerms.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";

/**
 * The address of the vault with these terms, deployed or not, without asking a chain.
 *
 * @param terms The terms. Paying the address accepts them.
 * @param deployment The canonical contracts, when not given.
 * @throws What `encodeTerms` throws.
 */
export function vaultAddress(terms: EscrowTerms, deployment: VaultDeployment = addresses.escrow): Address {
  return cloneAddress(encodeTerms(terms), deployment);
}

/**
 * The canonical encoding of `terms`, checked by the rules of the contract; it is what a factory takes.
 *
 * @throws {TermsWithoutReceiverError} when `receiver` is zero.
 * @throws {TermsWithoutOperatorError} when `operator` is zero.
 * @throws {TermsFeeTooHighError} when `feeBps` is above the limit.
 * @throws {TermsFeeReceiverWrongError} when `feeReceiver` does not go with `feeBps` or is the receiver.
 * @throws {TermsCaptureWindowOutOfBoundsError} when `captureWindow` is out of bounds.
 */
export function encodeTerms(terms: EscrowTerms): Hex {
  const { captureWindow } = terms;
  checkVaultTerms(terms);
  if (captureWindow < MIN_CAPTURE_WINDOW || captureWindow > MAX_CAPTURE_WINDOW) {
    throw new TermsCaptureWindowOutOfBoundsError({
      captureWindow,
      maximum: MAX_CAPTURE_WINDOW,
      minimum: MIN_CAPTURE_WINDOW,
    });
  }

  return encodeAbiParameters(escrowTermsParameters, [terms]);
}
