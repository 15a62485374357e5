import type { Address } from "viem";
import type { VaultExtra } from "../exact/terms.js";
import type { ReceiptProof } from "../generated/types.js";
import { toWire } from "../vault/messages.js";
import type { RelayRequest } from "../vault/relay.js";

/** What a relay takes to record a payment: whoever asks needs no gas, and signs nothing. */
export function recordRequest<Vault extends VaultExtra>({
  chainId,
  proof,
  token,
  vault,
}: recordRequest.Parameters<Vault>): RelayRequest & { action: "record"; vault: Vault } {
  return { action: "record", network: `eip155:${chainId}`, proof: toWire(proof), token, vault };
}

export declare namespace recordRequest {
  type Parameters<Vault extends VaultExtra = VaultExtra> = {
    chainId: number;
    /** As `buildReceiptProof` made it. */
    proof: ReceiptProof;
    token: Address;
    /** The vault's terms and factory, as a shop's `extra.recourse` says them. */
    vault: Vault;
  };
}
