import type { Address, Chain, Client, Transport } from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import { refundWindowAbi } from "../generated/abis.js";
import { bucketOf } from "../generated/actions/refundWindow/bucketOf.js";
import { maturingIn } from "../generated/actions/refundWindow/maturingIn.js";

/** A bucket that has matured, and what is in it. */
export type ClaimableBucket = { bucket: number; amount: bigint };

/**
 * The matured buckets of a vault that hold money, oldest first, for `claim`. They are found by the vault's own events and
 * checked against its books.
 */
export async function claimableBuckets(
  client: Client<Transport, Chain>,
  { address, fromBlock = 0n, token }: claimableBuckets.Parameters,
): Promise<ClaimableBucket[]> {
  const [events, { timestamp }] = await Promise.all([
    getContractEvents(client, { abi: refundWindowAbi, address, eventName: "Paid", fromBlock, strict: true }),
    getBlock(client),
  ]);
  const closings = [...new Set(events.filter(({ args }) => args.token === token).map(({ args }) => args.closesAt))];
  const buckets = await Promise.all(closings.map((closesAt) => bucketOf(client, { address, closesAt })));
  const matured = new Set(buckets.filter(({ maturesAt }) => maturesAt <= timestamp).map(({ bucket }) => bucket));
  const amounts = await Promise.all(
    [...matured].map(async (bucket) => ({ bucket, amount: await maturingIn(client, { address, bucket, token }) })),
  );
  return amounts.filter(({ amount }) => amount !== 0n).sort((left, right) => left.bucket - right.bucket);
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
