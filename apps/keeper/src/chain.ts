import { subscriptionPlanAbi, vaultFactoryAbi } from "@recourse/sdk/abis";
import { addresses } from "@recourse/sdk/addresses";
import { type Pair, type SubscriptionView, subscriptionOfCall, terms } from "@recourse/sdk/subscription";
import {
  type Account,
  type Address,
  BaseError,
  type Chain,
  type Client,
  ContractFunctionRevertedError,
  createClient,
  defineChain,
  getAddress,
  type Hex,
  HttpRequestError,
  http,
  isAddressEqual,
  parseEventLogs,
  sliceHex,
  TimeoutError,
  type Transport,
} from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { getCode, getContractEvents, multicall } from "viem/actions";
import type { Config } from "./config.js";
import type { Discovery } from "./store.js";

/** The canonical address, on every chain that has one. */
const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";
/** A view of a pair costs some 30,000 gas, and nodes bound what a call may use. */
const VIEWS_PER_CALL = 200;
/** Nodes bound the length of a filter. */
const ADDRESSES_PER_FILTER = 500;

const { factory, implementation } = addresses["subscription-plan"];

/** Signs with the keeper's key. */
export type KeeperClient = Client<Transport, Chain, Account>;

export function createChainClient({ EVM_NETWORK, EVM_PRIVATE_KEY, EVM_RPC_URL }: Config): KeeperClient {
  const chain = defineChain({
    id: Number(EVM_NETWORK.split(":")[1]),
    name: EVM_NETWORK,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [EVM_RPC_URL] } },
  });
  return createClient({ account: privateKeyToAccount(EVM_PRIVATE_KEY), chain, transport: http(EVM_RPC_URL) });
}

type Range = { fromBlock: bigint; toBlock: bigint };

/** Asks about half as many blocks where a node, or the client, refuses so long an answer. */
async function inRanges<T>(range: Range, ask: (range: Range) => Promise<T[]>): Promise<T[]> {
  try {
    return await ask(range);
  } catch (error) {
    const { fromBlock, toBlock } = range;
    if (fromBlock === toBlock || isUnreached(error)) throw error;
    const middle = (fromBlock + toBlock) / 2n;
    const first = await inRanges({ fromBlock, toBlock: middle }, ask);
    return [...first, ...(await inRanges({ fromBlock: middle + 1n, toBlock }, ask))];
  }
}

/* PLANS */

/** The plans that the canonical factory deployed between two blocks, and where. */
export async function deployedPlans(client: Client, range: Range): Promise<{ address: Address; block: bigint }[]> {
  const filter = { abi: vaultFactoryAbi, address: factory, eventName: "VaultDeployed", strict: true } as const;
  const events = await inRanges(range, (some) => getContractEvents(client, { ...filter, ...some }));
  return events.map(({ args, blockNumber }) => ({ address: args.vault, block: blockNumber }));
}

/**
 * The token of a plan; `undefined` while there is nothing at its address, and `"foreign"` when something else is there
 * than a plan of the canonical code.
 */
export async function tokenOf(client: Client, address: Address): Promise<Address | "foreign" | undefined> {
  const code = await getCode(client, { address });
  if (code === undefined || code === "0x") return undefined;
  // A clone's code names what it delegates to (ERC-1167).
  if (code.length < 62 || !isAddressEqual(sliceHex(code, 10, 30), implementation)) return "foreign";
  return (await terms(client, { address })).token;
}

/* SUBSCRIPTIONS */

/** Who subscribed between two blocks; of a pair, the last time. */
export async function subscriptionsIn(client: Client, plans: Address[], range: Range): Promise<Discovery[]> {
  const found = new Map<string, Discovery>();
  for (let i = 0; i < plans.length; i += ADDRESSES_PER_FILTER) {
    const address = plans.slice(i, i + ADDRESSES_PER_FILTER);
    const filter = { abi: subscriptionPlanAbi, address, eventName: "Subscribed", strict: true } as const;
    const events = await inRanges(range, (some) => getContractEvents(client, { ...filter, ...some }));
    for (const { address: emitter, args, blockHash: block } of events) {
      const plan = getAddress(emitter);
      const { beneficiary, pair, serial, subscriber } = args;
      found.set(`${plan}:${pair}`, { plan, pair, subscriber, beneficiary, serial, block });
    }
  }
  return [...found.values()];
}

/** The pairs as they stand at a block; `undefined` where the plan does not tell. */
export async function viewsOf(
  client: Client,
  pairs: readonly (Pair & { plan: Address })[],
  blockNumber: bigint,
): Promise<(SubscriptionView | undefined)[]> {
  const views: (SubscriptionView | undefined)[] = [];
  for (let i = 0; i < pairs.length; i += VIEWS_PER_CALL) {
    const answers = await multicall(client, {
      allowFailure: true,
      batchSize: 0,
      blockNumber,
      contracts: pairs
        .slice(i, i + VIEWS_PER_CALL)
        .map(({ beneficiary, plan, subscriber }) =>
          subscriptionOfCall({ address: plan, pair: { subscriber, beneficiary } }),
        ),
      multicallAddress: MULTICALL3,
    });
    for (const { error, result } of answers) {
      if (error && !isRevert(error)) throw error;
      views.push(result as SubscriptionView | undefined);
    }
  }
  return views;
}

/* WHAT A TRANSACTION DID */

type Logs = Parameters<typeof parseEventLogs>[0]["logs"];

/** Who was charged, and who could not be, in a receipt's logs. */
export function chargesIn(logs: Logs, plan: Address): { charged: Set<Hex>; failed: Map<Hex, number>; amount: bigint } {
  const charged = new Set<Hex>();
  const failed = new Map<Hex, number>();
  let amount = 0n;
  const events = parseEventLogs({ abi: subscriptionPlanAbi, eventName: ["Charged", "ChargeFailed"], logs });
  for (const event of events) {
    if (!isAddressEqual(event.address, plan)) continue;
    if (event.eventName === "Charged") {
      amount += event.args.amount;
      for (const pair of event.args.pairs) charged.add(pair);
    } else failed.set(event.args.pair, event.args.result);
  }
  return { charged, failed, amount };
}

/* ERRORS */

/** Whether the contract answered, and said no. Anything else says nothing about what was asked. */
export function isRevert(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  return error.walk((cause) => cause instanceof ContractFunctionRevertedError) !== null;
}

/** Whether the node was not reached, or had no time. */
function isUnreached(error: unknown): boolean {
  if (!(error instanceof BaseError)) return true;
  const isUnreachedBy = (cause: unknown) =>
    cause instanceof TimeoutError || (cause instanceof HttpRequestError && isFailing(cause.status));
  return error.walk(isUnreachedBy) !== null;
}

/** Whether a status says that it is the server's fault or that it has no time, and not that the question is wrong. */
function isFailing(status: number | undefined): boolean {
  return status === undefined || status === 429 || status >= 500;
}

/** Whether a node said no for want of gas: not all of them call that a revert. */
export function isOutOfGas(error: unknown): boolean {
  return error instanceof BaseError && /out of gas|gas required exceeds|exceeds.*gas limit/i.test(error.message);
}

/** Errors of the node carry its address: only their names are logged. */
export function nameOf(error: unknown): string {
  if (error instanceof BaseError) return error.walk()?.constructor.name ?? error.name;
  return error instanceof Error ? error.name : "unknown";
}
