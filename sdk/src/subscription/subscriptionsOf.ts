import { type Address, type Chain, type Client, isAddressEqual, type Transport } from "viem";
import { getBlockNumber, getLogs } from "viem/actions";
import { subscriptionPlanAbi } from "../generated/abis.js";
import type { Pair } from "../generated/types.js";
import { type SubscriptionReceipt, type SubscriptionState, statusOf } from "./receipt.js";

export const subscribedEvent = subscriptionPlanAbi.find(
  (item) => item.type === "event" && item.name === "Subscribed",
) as SubscribedEvent;
type SubscribedEvent = Extract<(typeof subscriptionPlanAbi)[number], { type: "event"; name: "Subscribed" }>;
const periodPaid = subscriptionPlanAbi.find(
  (item) => item.type === "event" && item.name === "PeriodPaid",
) as PeriodPaidEvent;
type PeriodPaidEvent = Extract<(typeof subscriptionPlanAbi)[number], { type: "event"; name: "PeriodPaid" }>;

/** A pair, and the plan that it is in. */
export type PlacedPair = Pair & { address: Address };

/** The subscriptions of a subscriber in these plans, bought periods included, as they stand now. The newest come first. */
export async function subscriptionsOf(
  client: Client<Transport, Chain>,
  { plans, ...parameters }: subscriptionsOf.Parameters,
): Promise<(SubscriptionReceipt & SubscriptionState)[]> {
  const pairs = await pairsOf(client, { plans, ...parameters });
  return Promise.all(pairs.map((pair) => statusOf(client, pair)));
}

export declare namespace subscriptionsOf {
  type Parameters = BlockRange & {
    /** The plans to look into. */
    plans: readonly Address[];
    /** Who pays. */
    subscriber: Address;
  };
}

type BlockRange = {
  /** The first block to look into: that in which the oldest of the plans was deployed will do. */
  fromBlock: bigint;
  /** The last one, inclusive. Default: the newest. */
  toBlock?: bigint | undefined;
  /** How many blocks to ask for at once; nodes have limits. Default: 10,000. */
  blocksPerRequest?: bigint | undefined;
};

type Party = { subscriber: Address } | { beneficiary: Address };

/** The pairs of a party that ever began in these plans; the newest come first. */
export async function pairsOf(
  client: Client<Transport, Chain>,
  {
    blocksPerRequest = 10_000n,
    fromBlock,
    plans,
    toBlock,
    ...party
  }: BlockRange & Party & { plans: readonly Address[] },
): Promise<PlacedPair[]> {
  const last = toBlock ?? (await getBlockNumber(client));
  const payer = "subscriber" in party ? party.subscriber : party.beneficiary;
  const found: (PlacedPair & { blockNumber: bigint })[] = [];
  for (let first = fromBlock; first <= last; first += blocksPerRequest) {
    const end = first + blocksPerRequest - 1n;
    const range = { address: [...plans], fromBlock: first, toBlock: end < last ? end : last };
    const [agreements, periods] = await Promise.all([
      getLogs(client, { ...range, event: subscribedEvent, args: party, strict: true }),
      getLogs(client, { ...range, event: periodPaid, args: { payer }, strict: true }),
    ]);
    for (const { address, args, blockNumber } of agreements) {
      found.push({ address, subscriber: args.subscriber, beneficiary: args.beneficiary, blockNumber });
    }
    for (const { address, blockNumber } of periods) {
      found.push({ address, subscriber: payer, beneficiary: payer, blockNumber });
    }
  }
  return found
    .sort((left, right) => Number(right.blockNumber - left.blockNumber))
    .filter((pair, i, all) => all.findIndex((other) => isSame(pair, other)) === i)
    .map(({ address, beneficiary, subscriber }) => ({ address, beneficiary, subscriber }));
}

function isSame(left: PlacedPair, right: PlacedPair): boolean {
  return (
    isAddressEqual(left.address, right.address) &&
    isAddressEqual(left.subscriber, right.subscriber) &&
    isAddressEqual(left.beneficiary, right.beneficiary)
  );
}
