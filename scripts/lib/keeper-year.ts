import { cancelTypedData, cancelWithSignatureCall, type SubscriptionPlanTerms } from "@recourse/sdk/subscription";
import { type Address, encodeFunctionData, parseAbi } from "viem";
import { type KeeperProcess, startKeeper } from "./keeper-process.js";
import { type LocalClient, USDC } from "./local-chain.js";
import {
  deployPlan,
  FAR,
  inBatches,
  mintUsdcToMany,
  paymentsTo,
  planTerms,
  type Subscriber,
  signPermit,
  subscribeAll,
  subscriberAccount,
  turnClockTo,
} from "./plans.js";

const HOUR = 3_600;
const DAY = 24 * HOUR;
/** Subscribers begin on days so far apart, so that in each month something is due on several. */
const COHORTS = 4;
const DAYS_APART = 7;
const PATIENCE_MS = 120_000;

/** How a subscriber lives; what is not said of it is paid. */
type Life =
  | { kind: "pays" }
  /** Cancels before the period `at`. */
  | { kind: "cancels"; at: number }
  /** Has too little in the period `at`, and has it again within its grace. */
  | { kind: "recovers"; at: number }
  /** As before, but only after the grace. */
  | { kind: "misses"; at: number }
  /** Takes the allowance back before the period `at`. */
  | { kind: "revokes"; at: number };

type Living = { subscriber: Subscriber; life: Life; cohort: number };

export type YearOptions = {
  client: LocalClient;
  rpcUrl: string;
  subscribers: number;
  months: number;
  kills: number;
  /** Where the keeper keeps its state: DATA_DIR or DATABASE_URL. */
  storage: Record<string, string>;
  /** Makes two years of one chain two. */
  name: string;
  log?: (line: string) => void;
};

/** What the token's logs say, beside what should have been. */
export type Year = {
  /** Payments after the first, which is made when subscribing. */
  charges: number;
  expected: number;
  /** Periods that were paid twice, or that should not have been paid. */
  doubles: string[];
  wrong: string[];
  /** Periods that should have been paid, and were not. */
  missing: string[];
  kills: number;
  /** Kills that came before the keeper had finished what was due. */
  killsAtWork: number;
  transactions: { sent: number; reverted: number };
  seconds: number;
};

/**
 * Lets subscribers live through months with a keeper that is killed at random moments, and compares what they paid, by
 * the Transfer logs of USDC alone, with how they lived.
 */
export async function liveThroughYear(options: YearOptions): Promise<Year> {
  const { client, kills, log = () => undefined, months, name, rpcUrl, storage, subscribers } = options;
  const begun = Date.now();
  const terms = planTerms({ salt: subscriberAccount(name).publicKey.slice(0, 66) as `0x${string}` });
  const plan = await deployPlan(client, terms);
  const firstBlock = await client.getBlockNumber();
  const living = Array.from({ length: subscribers }, (_, i) => birthOf(i, `${name} ${i}`, months, terms));
  const anchors = await begin(client, plan, terms, living);
  log(`${subscribers} subscribed after ${secondsSince(begun)} s`);

  const random = randomOf(name);
  const steps = stepsOf(client, plan, living, anchors, months);
  const waits = steps.flatMap(({ due }, i) => (due ? [i] : []));
  const killedAt = new Set<number>();
  while (killedAt.size < Math.min(kills, waits.length)) killedAt.add(waits[Math.floor(random() * waits.length)] ?? 0);

  const environment = { PLANS: plan, START_BLOCK: String(firstBlock), ...storage };
  let keeper = startKeeper(rpcUrl, environment);
  const seen = { sent: 0, reverted: 0 };
  let killsAtWork = 0;
  const usual = { first: 1_000, again: 1_000 };
  try {
    for (const [i, { act, due, time }] of steps.entries()) {
      const first = keeper.lines.length;
      const start = Date.now();
      await turnClockTo(client, time);
      await act?.();
      if (!due) continue;
      if (killedAt.has(i)) {
        // At any time until it should be finished, by what it took the last time.
        await new Promise((resolve) => setTimeout(resolve, random() * usual[due]));
        if (!keeper.lines.slice(first).some((line) => isDoneAt(line, time))) killsAtWork += 1;
        await keeper.kill();
        count(keeper, seen);
        keeper = startKeeper(rpcUrl, environment);
      }
      await within(
        PATIENCE_MS,
        keeper.says((line) => isDoneAt(line, time)),
      );
      if (!killedAt.has(i)) usual[due] = Date.now() - start;
      if (waits.indexOf(i) % 8 === 7)
        log(`${waits.indexOf(i) + 1} of ${waits.length} dates after ${secondsSince(begun)} s`);
    }
  } finally {
    await keeper.kill();
    count(keeper, seen);
  }
  log(`${months} months after ${secondsSince(begun)} s`);
  const compared = await compare(client, plan, terms, living, months);
  return { ...compared, kills: killedAt.size, killsAtWork, transactions: seen, seconds: secondsSince(begun) };
}

function isDoneAt(line: KeeperProcess["lines"][number], time: number): boolean {
  return line.msg === "round" && line.isDone === true && Number(line.time) >= time;
}

function count(keeper: KeeperProcess, seen: Year["transactions"]): void {
  seen.sent += keeper.lines.filter(({ msg }) => msg === "sent").length;
  seen.reverted += keeper.lines.filter(({ msg }) => msg === "reverted").length;
}

/* LIVES */

/** Of twenty, sixteen pay all of it, and the others each have a trouble of their own. */
function birthOf(i: number, name: string, months: number, { price }: SubscriptionPlanTerms): Living {
  const at = 1 + (Math.floor(i / 20) % months);
  const troubles: Life["kind"][] = ["cancels", "recovers", "misses", "revokes"];
  const kind = troubles[i % 20];
  const life: Life = kind === undefined || kind === "pays" ? { kind: "pays" } : { kind, at };
  const subscriber = { account: subscriberAccount(name), allowance: price * 1_000n };
  return { subscriber, life, cohort: i % COHORTS };
}

/** The periods that it pays after the first. */
function paidPeriods(life: Life, months: number): Set<number> {
  const all = Array.from({ length: months }, (_, i) => i + 1);
  return new Set(
    all.filter((period) => {
      if (life.kind === "cancels" || life.kind === "revokes") return period < life.at;
      return !(life.kind === "misses" && period === life.at);
    }),
  );
}

/** Whether it has too little from the period `life.at` on, until it gets more. */
function isPoor({ kind }: Life): boolean {
  return kind === "recovers" || kind === "misses";
}

/** Subscribes them, cohort by cohort. Returns when the last of each began. */
async function begin(
  client: LocalClient,
  plan: Address,
  terms: SubscriptionPlanTerms,
  living: Living[],
): Promise<number[]> {
  const addressesOf = (some: Living[]) => some.map(({ subscriber }) => subscriber.account.address);
  await mintUsdcToMany(client, addressesOf(living.filter(({ life }) => !isPoor(life))), terms.price * 100n);
  const poor = living.filter(({ life }) => isPoor(life));
  for (const at of new Set(poor.map(({ life }) => ("at" in life ? life.at : 0)))) {
    const some = poor.filter(({ life }) => "at" in life && life.at === at);
    await mintUsdcToMany(client, addressesOf(some), terms.price * BigInt(at));
  }
  const anchors: number[] = [];
  const start = await now(client);
  for (let cohort = 0; cohort < COHORTS; cohort += 1) {
    await turnClockTo(client, Math.max(start + cohort * DAYS_APART * DAY, (await now(client)) + 1));
    const some = living.filter((one) => one.cohort === cohort);
    await subscribeAll(
      client,
      plan,
      terms,
      some.map(({ subscriber }) => subscriber),
    );
    anchors.push(await now(client));
  }
  return anchors;
}

async function now(client: LocalClient): Promise<number> {
  return Number((await client.getBlock()).timestamp);
}

/* TIME */

type Step = {
  time: number;
  /** Whether the keeper has something to do then: a period begins, or who failed is tried again. */
  due?: "first" | "again";
  act?: () => Promise<void>;
};

/** What happens in the year, in order. */
function stepsOf(client: LocalClient, plan: Address, living: Living[], anchors: number[], months: number): Step[] {
  const steps: Step[] = [];
  for (const [cohort, anchor] of anchors.entries()) {
    for (let month = 1; month <= months; month += 1) {
      const begins = addMonths(anchor, month);
      const troubled = living.filter(
        ({ cohort: other, life }) => other === cohort && "at" in life && life.at === month,
      );
      const of = (kind: Life["kind"]) => troubled.filter(({ life }) => life.kind === kind).map((one) => one.subscriber);
      const fund = (some: Subscriber[]) => () =>
        mintUsdcToMany(
          client,
          some.map(({ account }) => account.address),
          100_000_000n,
        );
      steps.push(
        { time: begins - DAY - HOUR, act: () => leave(client, plan, of("cancels"), of("revokes")) },
        { time: begins + 60, due: "first" },
        { time: begins + DAY, act: fund(of("recovers")) },
        { time: begins + 2 * DAY, due: "again" },
        { time: begins + 15 * DAY + 2 * HOUR, act: fund(of("misses")) },
      );
    }
  }
  // A step takes some seconds of the chain's time; two never come so close.
  return steps.sort((a, b) => a.time - b.time);
}

/** Cancels by signature, and permits of nothing. */
async function leave(client: LocalClient, plan: Address, cancels: Subscriber[], revokes: Subscriber[]): Promise<void> {
  const chainId = client.chain.id;
  const canceled = cancels.map(async ({ account }) => {
    const { address } = account;
    const message = { subscriber: address, beneficiary: address, immediately: false, serial: 1n, deadline: FAR };
    const signature = await account.signTypedData(cancelTypedData({ address: plan, chainId, message }));
    return { target: plan, data: encodeFunctionData(cancelWithSignatureCall({ address: plan, message, signature })) };
  });
  const abi = parseAbi(["function permit(address, address, uint256, uint256, bytes)"]);
  const revoked = revokes.map(async ({ account }) => {
    const signature = await signPermit(account, plan, 0n, chainId, 1n);
    return { target: USDC, data: encodeFunctionData({ abi, args: [account.address, plan, 0n, FAR, signature] }) };
  });
  await inBatches(client, await Promise.all([...canceled, ...revoked]));
}

/** The same day and second of a later month, or the month's last day. */
function addMonths(time: number, months: number): number {
  const date = new Date(time * 1_000);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return date.getTime() / 1_000;
}

/* WHAT CAME OF IT */

async function compare(
  client: LocalClient,
  plan: Address,
  { grace, price }: SubscriptionPlanTerms,
  living: Living[],
  months: number,
): Promise<Pick<Year, "charges" | "expected" | "doubles" | "wrong" | "missing">> {
  const payments = await paymentsTo(client, plan);
  const times = new Map<bigint, number>();
  for (const { blockNumber } of payments) {
    if (times.has(blockNumber)) continue;
    times.set(blockNumber, Number((await client.getBlock({ blockNumber })).timestamp));
  }
  const timesOf = new Map<Address, number[]>();
  const wrong: string[] = [];
  for (const { blockNumber, from, value } of payments) {
    if (value !== price) wrong.push(`${from} paid ${value}`);
    timesOf.set(from, [...(timesOf.get(from) ?? []), times.get(blockNumber) ?? 0]);
  }

  const doubles: string[] = [];
  const missing: string[] = [];
  let [charges, expected] = [0, 0];
  for (const { life, subscriber } of living) {
    const { address } = subscriber.account;
    const [anchor = 0, ...later] = timesOf.get(address) ?? [];
    const should = paidPeriods(life, months);
    const did = new Set<number>();
    for (const time of later) {
      const period = Array.from({ length: months + 1 }, (_, i) => i).findLast((i) => addMonths(anchor, i) <= time) ?? 0;
      const what = `${address} (${life.kind}) paid period ${period}`;
      if (did.has(period) || period === 0) doubles.push(what);
      else if (!should.has(period) || time >= addMonths(anchor, period) + grace) wrong.push(what);
      did.add(period);
    }
    for (const period of should) if (!did.has(period)) missing.push(`${address} (${life.kind}) period ${period}`);
    charges += later.length;
    expected += should.size;
  }
  return { charges, expected, doubles, wrong, missing };
}

/* SMALL THINGS */

/** Random numbers that are the same each time. */
function randomOf(seed: string): () => number {
  let state = [...seed].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) >>> 0, 7);
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

async function within<T>(milliseconds: number, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`The keeper did not finish in ${milliseconds} ms.`)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

function secondsSince(start: number): number {
  return Math.round((Date.now() - start) / 1_000);
}
