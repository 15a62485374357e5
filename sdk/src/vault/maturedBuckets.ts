import type { Address, Chain, Client, Transport } from "viem";
import { getBlock } from "viem/actions";
import { bucketOf } from "../generated/actions/refundWindow/bucketOf.js";
import { maturingIn } from "../generated/actions/refundWindow/maturingIn.js";

/** A bucket that has matured, and what is in it. */
export type ClaimableBucket = { bucket: number; amount: bigint };

/** Which of the buckets of these closing times have matured and hold money, by the vault's own books; oldest first. */
export async function maturedBuckets(
  client: Client<Transport, Chain>,
  { address, closings, token }: { address: Address; closings: readonly number[]; token: Address },
): Promise<ClaimableBucket[]> {
  const [{ timestamp }, ...buckets] = await Promise.all([
    getBlock(client),
    ...[...new Set(closings)].map((closesAt) => bucketOf(client, { address, closesAt })),
  ]);
  const matured = new Set(buckets.filter(({ maturesAt }) => maturesAt <= timestamp).map(({ bucket }) => bucket));
  const amounts = await Promise.all(
    [...matured].map(async (bucket) => ({ bucket, amount: await maturingIn(client, { address, bucket, token }) })),
  );
  return amounts.filter(({ amount }) => amount !== 0n).sort((left, right) => left.bucket - right.bucket);
}
