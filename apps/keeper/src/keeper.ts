import {
  ChargeResult,
  chargeCall,
  type Pair,
  SubscriptionStatus,
  type SubscriptionView,
} from "@recourse/sdk/subscription";
import type { Logger } from "pino";
import { type Address, BaseError, ContractFunctionRevertedError, encodeFunctionData, type Hex } from "viem";
import { getBalance, getBlock, simulateContract } from "viem/actions";
import {
  chargesIn,
  deployedPlans,
  isOutOfGas,
  isRevert,
  type KeeperClient,
  nameOf,
  subscriptionsIn,
  tokenOf,
  viewsOf,
} from "./chain.js";
import type { Config } from "./config.js";
import type { Metrics } from "./metrics.js";
import type { Queue, Task } from "./queue.js";
import { Sender, type Settled } from "./sender.js";
import type { Entry, Outcome, Plan, Store } from "./store.js";

/** What a charge needs beside the token's transfers: booking each item, and the whole. */
const GAS_PER_ITEM = 70_000n;
const GAS_PER_BATCH = 500_000n;
/** So many are put into the queue at once. */
const OFFER_SIZE = 5_000;
/** What changes nothing must not keep a round from ending. */
const OFFERS_PER_ROUND = 20;

/** The chain at one moment. */
type Head = { number: bigint; timestamp: bigint };
/** A pair with what the plan says of it. */
type Item = { entry: Entry; view: SubscriptionView };

/**
 * Charges whoever is due. The plan itself makes it impossible to charge a period twice, so all that is left is to miss
 * none, and to send nothing in vain. All that the keeper knows it can find again on the chain.
 */
export class Keeper {
  readonly #client: KeeperClient;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #store: Store;
  readonly #queue: Queue;
  readonly #sender: Sender;
  /** How many may be sent together with a pair whose batch was reverted on the chain. */
  readonly #limits = new Map<Hex, number>();
  #plans: Plan[] = [];
  readonly #foreign = new Set<Address>();
  #stop: AbortSignal | undefined;

  constructor(
    parts: { client: KeeperClient; logger: Logger; metrics: Metrics; queue: Queue; store: Store },
    config: Config,
  ) {
    this.#client = parts.client;
    this.#config = config;
    this.#logger = parts.logger;
    this.#metrics = parts.metrics;
    this.#queue = parts.queue;
    this.#store = parts.store;
    this.#sender = new Sender(parts.client, config, parts.logger, parts.metrics, parts.store);
  }

  /** Looks at what is new, and charges who is due. Returns the block that it was done by, and whether nothing is left. */
  async round(stop?: AbortSignal): Promise<Head & { isDone: boolean }> {
    this.#stop = stop;
    const head = await this.#head();
    // What an earlier life sent comes first, lest it be sent again.
    const isSettled = await this.#settle();
    await this.#discover(head);
    await this.#subscribe(head);
    if (isSettled) await this.#lookAtAll(head);
    else this.#logger.warn("waiting for a transaction");
    await this.#measure(head);
    return { ...head, isDone: isSettled && (await this.#due(head, 1)).length === 0 };
  }

  async #head(): Promise<Head> {
    const { number, timestamp } = await getBlock(this.#client);
    return { number, timestamp };
  }

  /* FIND */

  /** New plans: those that are named, as soon as they are deployed, and the factory's. */
  async #discover(head: Head): Promise<void> {
    const { BLOCKS_PER_REQUEST, FACTORY, PLANS = [], REORG_BLOCKS, START_BLOCK } = this.#config;
    const known = new Set((await this.#store.plans()).map(({ address }) => address));
    for (const address of PLANS) await this.#addPlan(address, START_BLOCK, known);

    if (FACTORY) {
      let first = max(START_BLOCK, ((await this.#store.factoryBlock()) ?? 0n) - REORG_BLOCKS);
      while (first <= head.number && !this.#stop?.aborted) {
        const last = min(first + BLOCKS_PER_REQUEST - 1n, head.number);
        const deployed = await deployedPlans(this.#client, { fromBlock: first, toBlock: last });
        for (const { address, block } of deployed) await this.#addPlan(address, block, known);
        await this.#store.readFactoryUntil(last + 1n);
        first = last + 1n;
      }
    }
    this.#plans = (await this.#store.plans()).filter((plan) => this.#isWatched(plan));
  }

  async #addPlan(address: Address, nextBlock: bigint, known: Set<Address>): Promise<void> {
    if (known.has(address) || this.#foreign.has(address)) return;
    const token = await tokenOf(this.#client, address);
    if (token === undefined) return;
    if (token === "foreign") {
      this.#foreign.add(address);
      this.#logger.error({ plan: address }, "not a plan");
      return;
    }
    await this.#store.addPlans([{ address, nextBlock, token }]);
    known.add(address);
    this.#logger.info({ plan: address, token }, "plan");
  }

  /** The database may know plans that were watched under other settings. */
  #isWatched({ address, token }: Plan): boolean {
    const { FACTORY, PLANS = [], TOKENS = [] } = this.#config;
    return PLANS.includes(address) || (FACTORY && TOKENS.includes(token));
  }

  /** New subscriptions. Plans that were read equally far are read together. */
  async #subscribe(head: Head): Promise<void> {
    const { BLOCKS_PER_REQUEST, REORG_BLOCKS, START_BLOCK } = this.#config;
    const groups = groupBy(this.#plans, ({ nextBlock }) => nextBlock);
    for (const [nextBlock, plans] of groups) {
      const named = plans.map(({ address }) => address);
      let first = max(START_BLOCK, nextBlock - REORG_BLOCKS);
      while (first <= head.number && !this.#stop?.aborted) {
        const last = min(first + BLOCKS_PER_REQUEST - 1n, head.number);
        const found = await subscriptionsIn(this.#client, named, { fromBlock: first, toBlock: last });
        if (found.length > 0) await this.#store.discover(found);
        await this.#store.readUntil(named, last + 1n);
        first = last + 1n;
      }
    }
  }

  /* LOOK */

  async #lookAtAll(head: Head): Promise<void> {
    const { BATCH_SIZE, MAX_PENDING } = this.#config;
    for (let i = 0; i < OFFERS_PER_ROUND; i += 1) {
      const due = await this.#due(head, OFFER_SIZE);
      this.#metrics.due.set(due.length);
      await this.#queue.offer(due.map((key, order) => ({ ...key, priority: -order })));
      for (;;) {
        if (this.#stop?.aborted) return;
        const tasks = await this.#queue.take(BATCH_SIZE * MAX_PENDING);
        if (tasks.length === 0) break;
        const isSettled = await this.#look(tasks).finally(() => this.#release(tasks));
        if (!isSettled) return;
      }
      if (due.length < OFFER_SIZE) return;
    }
  }

  /** Nobody else is to look at those of which a transaction is pending. */
  async #release(tasks: Task[]): Promise<void> {
    const pending = await this.#sender.pending();
    const isPending = ({ data }: Task) =>
      pending.some(({ pairs, to }) => to === data.plan && pairs.includes(data.pair));
    await this.#queue.finish(tasks.filter((task) => !isPending(task)));
  }

  #due({ number, timestamp }: Head, limit: number): ReturnType<Store["due"]> {
    const plans = this.#plans.map(({ address }) => address);
    return this.#store.due({ now: timestamp, head: number, plans, minValue: this.#config.MIN_VALUE, limit });
  }

  /** Returns whether all that was sent is settled. */
  async #look(tasks: Task[]): Promise<boolean> {
    const head = await this.#head();
    const entries = await this.#store.entries(tasks.map(({ data }) => data));
    const views = await viewsOf(this.#client, entries, head.number);
    const outcomes: Outcome[] = [];
    const due: Item[] = [];
    for (const [i, entry] of entries.entries()) {
      const view = views[i];
      if (view && this.#isToCharge(entry, view, head)) due.push({ entry, view });
      else if (view) outcomes.push(this.#outcomeOf(entry, view, head));
      else this.#logger.error({ plan: entry.plan, pair: entry.pair }, "unreadable");
    }
    await this.#store.save(outcomes);

    for (const [plan, items] of groupBy(due, ({ entry }) => entry.plan)) {
      for (const batch of this.#batchesOf(items)) {
        if (this.#stop?.aborted || !(await this.#charge(plan, batch, head))) return this.#settle();
      }
    }
    return this.#settle();
  }

  #isToCharge({ attempts, failedUntil, nextAt = 0n }: Entry, view: SubscriptionView, { timestamp }: Head): boolean {
    const until = BigInt(view.chargeableUntil);
    const isRetry = attempts > 0 && failedUntil === until;
    const notBefore = isRetry ? nextAt : this.#firstTryAt(view);
    return (
      notBefore !== undefined && notBefore <= timestamp && timestamp < until && view.amount >= this.#config.MIN_VALUE
    );
  }

  /** `undefined` when there is nothing to charge. */
  #firstTryAt(view: SubscriptionView): bigint | undefined {
    if (view.chargeableFrom === 0) return undefined;
    return min(BigInt(view.chargeableFrom) + this.#config.DELAY_SECONDS, this.#lastChanceAt(view));
  }

  #lastChanceAt({ chargeableFrom, chargeableUntil }: SubscriptionView): bigint {
    const [from, until] = [BigInt(chargeableFrom), BigInt(chargeableUntil)];
    return until - min(this.#config.LAST_CHANCE_SECONDS, (until - from) / 4n);
  }

  /** Nothing is to be done before the next charge. What was read is read again when no reorganization can undo it. */
  #outcomeOf(entry: Entry, view: SubscriptionView, head: Head): Outcome {
    const { plan, pair } = entry;
    const until = BigInt(view.chargeableUntil);
    const isSamePeriod = entry.failedUntil === until;
    const nextAt = isSamePeriod && entry.attempts > 0 ? entry.nextAt : this.#firstTryAt(view);
    const isAsBefore = nextAt === entry.nextAt && entry.checkBlock !== undefined;
    const isFinal = isAsBefore && (entry.checkBlock ?? 0n) <= head.number;
    // Of what was not known before, nobody can say whose fault it is.
    if (view.status === SubscriptionStatus.Skipped && nextAt !== entry.nextAt && entry.nextAt !== 0n) {
      this.#logger.error({ plan, pair, subscriber: entry.subscriber }, "skipped");
      this.#metrics.skipped.inc();
    }
    return {
      plan,
      pair,
      nextAt,
      checkBlock: isFinal ? undefined : isAsBefore ? entry.checkBlock : head.number + this.#config.REORG_BLOCKS,
      attempts: isSamePeriod ? entry.attempts : 0,
      failedUntil: isSamePeriod ? until : 0n,
      until,
      amount: view.amount,
    };
  }

  /** Tried again, each time after a longer wait, once more shortly before it is too late, and then not any more. */
  #failureOf({ entry, view }: Item, reason: string, { timestamp }: Head): Outcome {
    const { LAST_CHANCE_SECONDS, MAX_RETRY_SECONDS, RETRY_SECONDS } = this.#config;
    const { plan, pair } = entry;
    const until = BigInt(view.chargeableUntil);
    const attempts = (entry.failedUntil === until ? entry.attempts : 0) + 1;
    const lastChance = this.#lastChanceAt(view);
    const wait = min(RETRY_SECONDS * 2n ** BigInt(Math.min(attempts - 1, 40)), MAX_RETRY_SECONDS);
    const isLast = timestamp >= lastChance;
    const nextAt = isLast
      ? min(timestamp + min(RETRY_SECONDS, LAST_CHANCE_SECONDS), until)
      : min(timestamp + wait, lastChance);
    this.#limits.delete(pair);
    this.#metrics.failures.inc({ reason });
    this.#logger.warn({ plan, pair, subscriber: entry.subscriber, reason, attempts, nextAt: String(nextAt) }, "failed");
    return {
      plan,
      pair,
      nextAt,
      checkBlock: undefined,
      attempts,
      failedUntil: until,
      until,
      amount: view.amount,
      reason,
    };
  }

  /* CHARGE */

  #batchesOf(items: Item[]): Item[][] {
    const { BATCH_SIZE } = this.#config;
    const bySize = groupBy(items, ({ entry }) => this.#limits.get(entry.pair) ?? BATCH_SIZE);
    return [...bySize].flatMap(([size, some]) => chunksOf(some, size));
  }

  /** Tries it without sending; sends what would be charged. Returns whether more may be sent. */
  async #charge(plan: Address, items: Item[], head: Head): Promise<boolean> {
    const gas = min(
      this.#config.MAX_GAS,
      GAS_PER_BATCH + BigInt(items.length) * (this.#config.TOKEN_GAS + GAS_PER_ITEM),
    );
    const results = await this.#simulate(plan, items, gas);
    if (results === "ended") return true;
    if (typeof results === "string") {
      if (items.length === 1) {
        await this.#store.save(items.map((item) => this.#failureOf(item, results, head)));
        return true;
      }
      const half = Math.ceil(items.length / 2);
      return (
        (await this.#charge(plan, items.slice(0, half), head)) && (await this.#charge(plan, items.slice(half), head))
      );
    }

    const failed = items.filter((_, i) => isFailure(results[i]));
    await this.#store.save(failed.map((item) => this.#failureOf(item, reasonOf(results[items.indexOf(item)]), head)));
    // What is not due any more has been canceled or charged since it was read.
    const chargeable = items.filter((_, i) => results[i] === ChargeResult.Charged);
    if (chargeable.length === 0) return true;
    if ((await this.#sender.pending()).length >= this.#config.MAX_PENDING && !(await this.#settleOne())) return false;
    await this.#sender.send({
      to: plan,
      data: encodeFunctionData(this.#callOf(plan, chargeable)),
      gas,
      pairs: chargeable.map(({ entry }) => entry.pair),
    });
    return true;
  }

  /** What would become of each; or why the call as a whole would be reverted, `"ended"` when the plan is. */
  async #simulate(plan: Address, items: Item[], gas: bigint): Promise<readonly number[] | string> {
    try {
      const { account } = this.#client;
      const { result } = await simulateContract(this.#client, { ...this.#callOf(plan, items), account, gas });
      return result;
    } catch (error) {
      if (isRevert(error)) {
        const name = revertNameOf(error);
        return name === "PlanEnded" ? "ended" : name;
      }
      if (isOutOfGas(error)) return "OutOfGas";
      throw error;
    }
  }

  #callOf(address: Address, items: Item[]) {
    const pairs: Pair[] = items.map(({ entry: { beneficiary, subscriber } }) => ({ subscriber, beneficiary }));
    return chargeCall({ address, pairs, tokenGas: this.#config.TOKEN_GAS });
  }

  /* SETTLE */

  /** Waits for all that was sent. Returns whether nothing is pending. */
  async #settle(): Promise<boolean> {
    while (await this.#settleOne());
    return (await this.#sender.pending()).length === 0;
  }

  async #settleOne(): Promise<boolean> {
    const settled = await this.#sender.settle(Date.now() + this.#config.CONFIRMATION_TIMEOUT_MS, this.#stop);
    if (!settled) return false;
    const { submission } = settled;
    await this.#record(settled);
    await this.#sender.forget(submission);
    await this.#queue.finishPairs(submission.to, submission.pairs);
    return true;
  }

  /** Writes down what a transaction did, as the chain tells it. Doing so again changes nothing. */
  async #record({ receipt, submission }: Settled): Promise<void> {
    const { pairs, to: plan } = submission;
    if (!receipt) {
      this.#logger.warn({ plan, nonce: submission.nonce }, "nonce lost");
      return;
    }
    const facts = { plan, transaction: receipt.transactionHash, block: String(receipt.blockNumber) };
    this.#metrics.gas.inc(Number(receipt.gasUsed));
    const head = await this.#head();
    const entries = await this.#store.entries(pairs.map((pair) => ({ plan, pair })));
    if (receipt.status === "reverted") {
      this.#logger.error({ ...facts, pairs: pairs.length }, "reverted");
      await this.#suspect(entries, head);
      return;
    }

    const { amount, charged, failed } = chargesIn(receipt.logs, plan);
    const token = this.#plans.find(({ address }) => address === plan)?.token ?? "unknown";
    this.#metrics.charges.inc({ token }, charged.size);
    this.#metrics.amount.inc({ token }, Number(amount));
    const notDue = pairs.length - charged.size - failed.size;
    const counts = { charged: charged.size, failed: failed.size, notDue, gas: String(receipt.gasUsed) };
    this.#logger.info({ ...facts, ...counts, amount: String(amount) }, "charged");
    const views = await viewsOf(this.#client, entries, head.number);
    const outcomes: Outcome[] = [];
    for (const [i, entry] of entries.entries()) {
      const view = views[i];
      this.#limits.delete(entry.pair);
      if (!view) continue;
      const result = failed.get(entry.pair);
      if (result !== undefined) outcomes.push(this.#failureOf({ entry, view }, reasonOf(result), head));
      else outcomes.push(this.#outcomeOf(entry, view, head));
    }
    await this.#store.save(outcomes);
  }

  /** One of a batch that was reverted is at fault: each half is sent by itself next, and one alone waits. */
  async #suspect(entries: Entry[], head: Head): Promise<void> {
    const [alone, another] = entries;
    if (alone && !another) {
      const [view] = await viewsOf(this.#client, [alone], head.number);
      if (view) await this.#store.save([this.#failureOf({ entry: alone, view }, "Reverted", head)]);
      return;
    }
    for (const { pair } of entries) this.#limits.set(pair, Math.ceil(entries.length / 2));
  }

  /* MEASURE */

  async #measure({ number }: Head): Promise<void> {
    const [{ failing, live }, balance] = await Promise.all([
      this.#store.count(),
      getBalance(this.#client, { address: this.#sender.address }),
    ]);
    this.#metrics.subscriptions.set(live);
    this.#metrics.failing.set(failing);
    this.#metrics.block.set(Number(number));
    this.#metrics.balance.set(Number(balance));
  }
}

function isFailure(result: number | undefined): boolean {
  return result !== ChargeResult.Charged && result !== ChargeResult.NotDue;
}

function reasonOf(result: number | undefined): string {
  return Object.entries(ChargeResult).find(([, value]) => value === result)?.[0] ?? "Unknown";
}

function revertNameOf(error: unknown): string {
  if (!(error instanceof BaseError)) return nameOf(error);
  const revert = error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  return (revert instanceof ContractFunctionRevertedError && revert.data?.errorName) || "Reverted";
}

function groupBy<T, Key>(list: T[], keyOf: (item: T) => Key): Map<Key, T[]> {
  const groups = new Map<Key, T[]>();
  for (const item of list) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}

function chunksOf<T>(list: T[], size: number): T[][] {
  const chunks: T[][] = [];
  for (let i = 0; i < list.length; i += size) chunks.push(list.slice(i, i + size));
  return chunks;
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
