import type { Address, Hex } from "viem";
import * as escrow from "../escrow/vaultAddress.js";
import { addresses } from "../generated/addresses.js";
import type { EscrowTerms, RefundWindowTerms } from "../generated/types.js";
import * as refundWindow from "../refund-window/vaultAddress.js";
import { fromWireTerms, type WirePlanTerms } from "../subscription/terms.js";
import * as subscription from "../subscription/vaultAddress.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";

/** The terms of a vault, and which kind of promise they are. */
export type VaultPromise =
  | { kind: "refund-window"; terms: RefundWindowTerms }
  | { kind: "escrow"; terms: EscrowTerms }
  | { kind: "subscription-plan"; terms: WirePlanTerms };

/** The deployments of each kind of vault. */
export type VaultDeployments = Readonly<Record<VaultPromise["kind"], readonly VaultDeployment[]>>;

export const canonicalDeployments: VaultDeployments = {
  "refund-window": [addresses["refund-window"]],
  escrow: [addresses.escrow],
  "subscription-plan": [addresses["subscription-plan"]],
};

/** The encoding of the terms that the kind's factory takes. Throws the contract's own error class for terms out of bounds. */
export function encodeTermsOf(promise: VaultPromise): Hex {
  switch (promise.kind) {
    case "refund-window":
      return refundWindow.encodeTerms(promise.terms);
    case "escrow":
      return escrow.encodeTerms(promise.terms);
    case "subscription-plan":
      return subscription.encodeTerms(fromWireTerms(promise.terms));
  }
}

/** The address that is this promise. Throws as `encodeTermsOf` does. */
export function vaultAddressOf(promise: VaultPromise, deployment: VaultDeployment = addresses[promise.kind]): Address {
  return cloneAddress(encodeTermsOf(promise), deployment);
}
