import { type Address, encodeAbiParameters, type Hex } from "viem";
import { subscriptionPlanTermsParameters } from "../generated/abis.js";
import { addresses } from "../generated/addresses.js";
import type { SubscriptionPlanTerms } from "../generated/types.js";
import { checkVaultTerms } from "../vault/checkVaultTerms.js";
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

/** The canonical encoding of `terms`, checked by the rules of the contract; it is what a factory takes. */
export function encodeTerms(terms: SubscriptionPlanTerms): Hex {
  checkVaultTerms(terms);

  return encodeAbiParameters(subscriptionPlanTermsParameters, [terms]);
}
