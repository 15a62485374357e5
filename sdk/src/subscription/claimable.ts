import type { Address, Chain, Client, Transport } from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import { subscriptionPlanAbi } from "../generated/abis.js";
import { terms as readTerms } from "../generated/actions/subscriptionPlan/terms.js";
import { type ClaimableBucket, maturedBuckets } from "../vault/maturedBuckets.js";

/** By what money comes into a plan. */
const INCOME = ["Subscribed", "Charged", "PeriodPaid"];

/**
 * The matured buckets of a plan that hold money, oldest first, for `claim`. They are found by the plan's own events and checked
 * against its books. None of a plan without a refund window, which pays out at once.
 */
export async function claimableBuckets(
  client: Client<Transport, Chain>,
  { address, fromBlock = 0n }: claimableBuckets.Parameters,
): Promise<ClaimableBucket[]> {
  const [{ refundWindow, token }, events] = await Promise.all([
    readTerms(client, { address }),
    getContractEvents(client, { abi: subscriptionPlanAbi, address, fromBlock, strict: true }),
  ]);
  if (refundWindow === 0) return [];
  const blocks = events.filter(({ eventName }) => INCOME.includes(eventName)).map(({ blockNumber }) => blockNumber);
  const closings = await Promise.all(
    [...new Set(blocks)].map(async (blockNumber) => {
      const { timestamp } = await getBlock(client, { blockNumber });
      return Number(timestamp) + refundWindow;
    }),
  );
  return maturedBuckets(client, { address, closings, token });
}

export declare namespace claimableBuckets {
  type Parameters = {
    /** The plan. */
    address: Address;
    /** Where to start reading: the block in which it was deployed. Default: the first block. */
    fromBlock?: bigint;
  };
}
