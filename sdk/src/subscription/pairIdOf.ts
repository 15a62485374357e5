import { encodeAbiParameters, keccak256 } from "viem";
import type { Pair, PairId } from "../generated/types.js";

/** What names a pair in every plan: who pays, and who may use it. */
export function pairIdOf({ beneficiary, subscriber }: Pair): PairId {
  const addresses = [{ type: "address" }, { type: "address" }] as const;
  return keccak256(encodeAbiParameters(addresses, [subscriber, beneficiary]));
}
