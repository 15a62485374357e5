import pLimit from "p-limit";
import { type Address, HttpRequestError, type Log, parseEventLogs } from "viem";
import { getBlock, getBlockNumber, getCode, getLogs } from "viem/actions";
import { subscriptionPlanAbi, vaultFactoryAbi } from "../generated/abis.js";
import type { Pair } from "../generated/types.js";
import type { Reader } from "./connection.js";

/** Called while something long goes on. */
export type OnProgress = (text: string) => void;

/** So many requests at once are what public nodes put up with. */
const CONCURRENCY = 8;
/** A node that refuses so few blocks at once refuses for another reason. */
const FEWEST_BLOCKS = 64n;

/** All logs of a contract, oldest first. Asks for as many blocks at once as the node puts up with. */
export async function logsOf(
  client: Reader,
  { address, fromBlock, onProgress }: { address: Address; fromBlock: bigint | undefined; onProgress: OnProgress },
): Promise<Log[]> {
  const latest = await getBlockNumber(client);
  let first = fromBlock ?? (await creationBlockOf(client, address, latest, onProgress));
  const start = first;
  let count = latest - first + 1n;
  const logs: Log[] = [];
  while (first <= latest) {
    const toBlock = first + count - 1n < latest ? first + count - 1n : latest;
    try {
      logs.push(...(await getLogs(client, { address, fromBlock: first, toBlock })));
    } catch (error) {
      if (count <= FEWEST_BLOCKS || (error instanceof HttpRequestError && error.status === undefined)) throw error;
      count /= 2n;
      continue;
    }
    first = toBlock + 1n;
    onProgress(`Read ${first - start} of ${latest - start + 1n} blocks`);
  }
  return logs;
}

/** The block that the contract has its code from; 0 when the node has forgotten old states. */
async function creationBlockOf(
  client: Reader,
  address: Address,
  latest: bigint,
  onProgress: OnProgress,
): Promise<bigint> {
  onProgress(`Looking for the block in which ${address} was made`);
  let [without, having] = [-1n, latest];
  try {
    while (having - without > 1n) {
      const blockNumber = (without + having) / 2n;
      if ((await getCode(client, { address, blockNumber })) === undefined) without = blockNumber;
      else having = blockNumber;
    }
    return having;
  } catch {
    return 0n;
  }
}

/** A vault that the factory made. */
export type DeployedVault = { vault: Address; encodedTerms: `0x${string}`; blockNumber: bigint | null };

/** The vaults that a factory made, oldest first. */
export function deployedVaultsIn(logs: Log[]): DeployedVault[] {
  return parseEventLogs({ abi: vaultFactoryAbi, eventName: "VaultDeployed", logs, strict: true }).map(
    ({ args, blockNumber }) => ({ vault: args.vault, encodedTerms: args.terms, blockNumber }),
  );
}

/** What the logs of a plan say that the plan itself does not. */
export type PlanHistory = {
  /** Everybody who ever subscribed or bought a period, in the order in which they came. */
  pairs: Pair[];
  /** When windows of charges close or closed, in Unix seconds; each once. */
  closings: number[];
  /** All that came in, in the token's smallest unit. */
  charged: bigint;
  /** All that subscribers took back or were given back, top-ups included. */
  returned: bigint;
};

/** Reads the logs of a plan whose charges can be undone for `refundWindow` seconds. */
export async function planHistoryIn(client: Reader, logs: Log[], refundWindow: number): Promise<PlanHistory> {
  const pairs = new Map<string, Pair>();
  const add = (pair: Pair) => pairs.set(`${pair.subscriber} ${pair.beneficiary}`, pair);
  const earning: Log[] = [];
  let [charged, returned] = [0n, 0n];
  const earn = (log: Log, amount: bigint) => {
    charged += amount;
    if (amount !== 0n) earning.push(log);
  };

  for (const log of parseEventLogs({ abi: subscriptionPlanAbi, logs, strict: true })) {
    if (log.eventName === "Subscribed") {
      add({ subscriber: log.args.subscriber, beneficiary: log.args.beneficiary });
      earn(log, log.args.charged);
    } else if (log.eventName === "PeriodPaid") {
      add({ subscriber: log.args.payer, beneficiary: log.args.payer });
      earn(log, log.args.amount);
    } else if (log.eventName === "Charged") earn(log, log.args.amount);
    else if (log.eventName === "Undone" || log.eventName === "Refunded") returned += log.args.amount;
  }

  const closings = refundWindow === 0 ? [] : (await timesOf(client, earning)).map((time) => time + refundWindow);
  return { pairs: [...pairs.values()], closings, charged, returned };
}

/** The times of the blocks of these logs, each once. Not all nodes tell them with the logs. */
async function timesOf(client: Reader, logs: readonly Log[]): Promise<number[]> {
  const blocks = new Map(logs.map(({ blockNumber, blockTimestamp }) => [blockNumber ?? 0n, blockTimestamp]));
  const times = await pLimit(CONCURRENCY).map(
    [...blocks],
    async ([blockNumber, timestamp]) => timestamp ?? (await getBlock(client, { blockNumber })).timestamp,
  );
  return [...new Set(times.map(Number))];
}
