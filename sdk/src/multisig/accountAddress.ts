import { type Address, type Hex, zeroHash } from "viem";
import { addresses } from "../generated/addresses.js";
import type { MultisigConfig } from "../generated/types.js";
import { cloneAddress, type VaultDeployment } from "../vault/cloneAddress.js";
import { encodeConfig } from "./config.js";

/**
 * The address of the account with these first rules, deployed or not, without asking a chain. It is the same on every chain,
 * and so are its signers until they change it on one: put the chain's id into `salt` where that must not be.
 *
 * @param config The rules that it is made with.
 * @param salt Makes accounts of equal rules different.
 * @param deployment The canonical contracts, when not given.
 * @throws What `encodeConfig` throws.
 */
export function accountAddress(
  config: MultisigConfig,
  salt: Hex = zeroHash,
  deployment: VaultDeployment = addresses.multisig,
): Address {
  return cloneAddress(encodeConfig(config), deployment, salt);
}
