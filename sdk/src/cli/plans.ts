import { type Address, decodeAbiParameters, getAddress, type Hex, isAddressEqual } from "viem";
import { getBlock, getCode, readContract } from "viem/actions";
import { subscriptionPlanTermsParameters } from "../generated/abis.js";
import { bucketOfCall } from "../generated/actions/subscriptionPlan/bucketOf.js";
import { creditOf } from "../generated/actions/subscriptionPlan/creditOf.js";
import { maturingIn } from "../generated/actions/subscriptionPlan/maturingIn.js";
import { planStage } from "../generated/actions/subscriptionPlan/planStage.js";
import { subscriptionOf } from "../generated/actions/subscriptionPlan/subscriptionOf.js";
import { terms as readTerms } from "../generated/actions/subscriptionPlan/terms.js";
import { addresses } from "../generated/addresses.js";
import { type Pair, PlanStage, type SubscriptionPlanTerms, type SubscriptionView } from "../generated/types.js";
import { vaultAddress } from "../subscription/vaultAddress.js";
import type { Reader } from "./connection.js";
import { CommandError } from "./errors.js";
import { logsOf, type OnProgress, planHistoryIn } from "./history.js";
import { readToken, type Token } from "./token.js";

const { factory } = addresses["subscription-plan"];

/** The factory of plans. Throws where the chain has none. */
export async function planFactory(client: Reader): Promise<Address> {
  if ((await getCode(client, { address: factory })) !== undefined) return factory;
  throw new CommandError(`There is no factory of plans on ${client.chain.name}.`, {
    facts: { Factory: factory },
    next: "Check the chain that the node is of.",
  });
}

/** A plan as it stands. */
export type Plan = { address: Address; terms: SubscriptionPlanTerms; token: Token; stage: PlanStage };

/** Reads a plan, and insists that it is one of ours: that its address is that of its terms. */
export async function readPlan(client: Reader, address: Address): Promise<Plan> {
  const terms = await termsOf(client, address);
  if (terms === undefined || !isAddressEqual(vaultAddress(terms), address)) {
    throw new CommandError(`${address} is no plan of ours on ${client.chain.name}.`, {
      next: "`recourse plan list` shows yours.",
    });
  }
  const [token, stage] = await Promise.all([readToken(client, terms.token), planStage(client, { address })]);
  return { address, terms, token, stage };
}

async function termsOf(client: Reader, address: Address): Promise<SubscriptionPlanTerms | undefined> {
  if ((await getCode(client, { address })) === undefined) return undefined;
  try {
    return await readTerms(client, { address });
  } catch {
    // Something else is at this address.
    return undefined;
  }
}

/** The terms in the encoding that a factory takes and logs. */
export function decodeTerms(encoded: Hex): SubscriptionPlanTerms {
  const [terms] = decodeAbiParameters(subscriptionPlanTermsParameters, encoded);
  return terms as SubscriptionPlanTerms;
}

/** `open`, `closed` or `ended`. */
export function stageName(stage: PlanStage): string {
  return (
    Object.entries(PlanStage)
      .find(([, value]) => value === stage)?.[0]
      .toLowerCase() ?? String(stage)
  );
}

/** Who pays, who may use it, and how it stands. */
export type Subscriber = Pair & { subscription: SubscriptionView };

/** An hour's money that has matured. */
export type MaturedBucket = { bucket: number; amount: bigint };

/** Everybody in a plan, and its money, in the token's smallest unit. */
export type PlanBooks = {
  subscribers: Subscriber[];
  charged: bigint;
  returned: bigint;
  /** What can still go back to subscribers. */
  held: bigint;
  /** When the next of it matures, in Unix seconds. */
  nextMaturesAt: number | undefined;
  matured: MaturedBucket[];
  /** What `matured` makes together, fee included. */
  claimable: bigint;
  /** Payouts to the receiver that failed and wait for it. */
  credit: bigint;
};

/** Reads who is in a plan, and its money. */
export async function readBooks(
  client: Reader,
  { address, terms }: Plan,
  { fromBlock, onProgress }: { fromBlock: bigint | undefined; onProgress: OnProgress },
): Promise<PlanBooks> {
  const { receiver, refundWindow, token } = terms;
  const logs = await logsOf(client, { address, fromBlock, onProgress });
  const { charged, closings, pairs, returned } = await planHistoryIn(client, logs, refundWindow);
  onProgress(`Reading ${pairs.length} subscriptions`);
  const [{ timestamp }, { balance: credit }, subscribers, buckets] = await Promise.all([
    getBlock(client),
    creditOf(client, { address, owner: receiver, token }),
    Promise.all(
      pairs.map(async (pair) => ({ ...pair, subscription: await subscriptionOf(client, { address, pair }) })),
    ),
    readBuckets(client, { address, closings, token }),
  ]);
  const holding = buckets.filter(({ amount }) => amount !== 0n);
  const matured = holding.filter(({ maturesAt }) => timestamp >= maturesAt);
  const maturing = holding.filter(({ maturesAt }) => timestamp < maturesAt);
  return {
    subscribers,
    charged,
    returned,
    held: sumOf(maturing),
    nextMaturesAt: maturing[0]?.maturesAt,
    matured,
    claimable: sumOf(matured),
    credit,
  };
}

/** The buckets of these closing times, oldest first. */
async function readBuckets(
  client: Reader,
  { address, closings, token }: { address: Address; closings: readonly number[]; token: Address },
): Promise<(MaturedBucket & { maturesAt: number })[]> {
  const places = await Promise.all(
    closings.map((closesAt) => readContract(client, bucketOfCall({ address, closesAt }))),
  );
  const buckets = [...new Map(places)].sort(([left], [right]) => left - right);
  return Promise.all(
    buckets.map(async ([bucket, maturesAt]) => ({
      bucket,
      maturesAt,
      amount: await maturingIn(client, { address, bucket, token }),
    })),
  );
}

function sumOf(items: readonly { amount: bigint }[]): bigint {
  return items.reduce((sum, { amount }) => sum + amount, 0n);
}

/** Terms for JSON: amounts as decimal texts. */
export function termsJson(terms: SubscriptionPlanTerms): Record<string, unknown> {
  return {
    ...terms,
    price: String(terms.price),
    periodUnit: terms.periodUnit === 0 ? "seconds" : "months",
    setupFee: String(terms.setupFee),
  };
}

/** A token for JSON. */
export function tokenJson({ address, decimals, symbol }: Token): Record<string, unknown> {
  return { address: getAddress(address), decimals, symbol };
}
