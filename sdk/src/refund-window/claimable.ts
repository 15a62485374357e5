import type { Address, Chain, Client, Transport } from "viem";
import { getContractEvents } from "viem/actions";
import { refundWindowAbi } from "../generated/abis.js";
import { type ClaimableBucket, maturedBuckets } from "../vault/maturedBuckets.js";

/**
 * The matured buckets of a vault that hold money, oldest first, for `claim`. They are found by the vault's own events and
 * checked against its books.
 */
export async function claimableBuckets(
  client: Client<Transport, Chain>,
  { address, fromBlock = 0n, token }: claimableBuckets.Parameters,
): Promise<ClaimableBucket[]> {
  const paid = { abi: refundWindowAbi, address, eventName: "Paid", fromBlock, strict: true } as const;
  const events = await getContractEvents(client, paid);
  const closings = events.filter(({ args }) => args.token === token).map(({ args }) => args.closesAt);
  return maturedBuckets(client, { address, closings, token });
}

export declare namespace claimableBuckets {
  type Parameters = {
    /** The vault. */
    address: Address;
    /** The ERC-20 token, checksummed. */
    token: Address;
    /** Where to start reading. Default: the first block. */
    fromBlock?: bigint;
  };
}
