import type { Address, Hex } from "viem";
import * as escrow from "../escrow/vaultAddress.js";
import { addresses } from "../generated/addresses.js";
import type { EscrowTerms, RefundWindowTerms } from "../generated/types.js";
import * as refundWindow from "../refund-window/vaultAddress.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";

/** The terms of a vault, and which kind of promise they are. */
export type VaultPromise = { kind: "refund-window"; terms: RefundWindowTerms } | { kind: "escrow"; terms: EscrowTerms };

/** The deployments of each kind of vault that is paid by `exact`. */
export type VaultDeployments = Readonly<Record<VaultPromise["kind"], readonly VaultDeployment[]>>;

export const canonicalDeployments: VaultDeployments = {
  "refund-window": [addresses["refund-window"]],
  escrow: [addresses.escrow],
};

/** The encoding of the terms that the kind's factory takes. Throws the contract's own error class for terms out of bounds. */
export function encodeTermsOf(promise: VaultPromise): Hex {
  return promise.kind === "escrow" ? escrow.encodeTerms(promise.terms) : refundWindow.encodeTerms(promise.terms);
}

/** The address that is this promise. Throws as `encodeTermsOf` does. */
export function vaultAddressOf(promise: VaultPromise, deployment: VaultDeployment = addresses[promise.kind]): Address {
  return cloneAddress(encodeTermsOf(promise), deployment);
}
