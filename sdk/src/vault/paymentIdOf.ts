import { type Address, encodeAbiParameters, keccak256 } from "viem";
import { paymentRefParameters } from "../generated/abis.js";
import type { PaymentId, PaymentRef } from "../generated/types.js";

/** A payment into one vault on one chain. */
export type PaymentPlace = {
  /** The vault. */
  address: Address;
  chainId: number;
  ref: PaymentRef;
};

/** The id of a payment, whether or not it exists: what the vault's `idOf` answers, without asking a chain. */
export function paymentIdOf({ address, chainId, ref }: PaymentPlace): PaymentId {
  const place = [
    { name: "chainId", type: "uint256" },
    { name: "vault", type: "address" },
  ] as const;
  return keccak256(encodeAbiParameters([...place, ...paymentRefParameters], [BigInt(chainId), address, ref]));
}
