import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it, type TestContext } from "node:test";
import {
  cancel,
  close,
  end,
  PeriodUnit,
  type SubscriptionPlanTerms,
  SubscriptionStatus,
  subscribe,
  subscriptionOf,
} from "@recourse/sdk/subscription";
import { pino } from "pino";
import { type Abi, type Account, type Address, erc20Abi, type Hash, parseAbi, parseGwei } from "viem";
import { createChainClient } from "../../apps/keeper/src/chain.js";
import { ConfigError, readConfig } from "../../apps/keeper/src/config.js";
import { type Database, openDatabase } from "../../apps/keeper/src/database.js";
import { Keeper } from "../../apps/keeper/src/keeper.js";
import { createMetrics } from "../../apps/keeper/src/metrics.js";
import { Queue } from "../../apps/keeper/src/queue.js";
import { Store } from "../../apps/keeper/src/store.js";
import { compile } from "../../scripts/lib/compiler.js";
import { type KeeperLine, type KeeperProcess, startKeeper } from "../../scripts/lib/keeper-process.js";
import { liveThroughYear } from "../../scripts/lib/keeper-year.js";
import { developmentAccount, fiatTokenCaller, localClient, USDC } from "../../scripts/lib/local-chain.js";
import {
  deployPlan,
  mintUsdcToMany,
  paymentsTo,
  planTerms,
  type Subscriber,
  signPermit,
  subscribeAll,
  subscriberAccount,
} from "../../scripts/lib/plans.js";
import { type Postgres, startPostgres } from "../../scripts/lib/postgres.js";
import { privateKeyOf, startWorld, type World } from "../../scripts/lib/world.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { type RpcProxy, startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, operator } from "../shared/shop.js";

const PRICE = 1_000_000n;
const PERIOD = 3_600;
const GRACE = 1_800;
const RETRY = 60;
const LAST_CHANCE = 300;
const KEY = privateKeyOf(16);
const OTHER_KEY = privateKeyOf(17);
const SETTINGS = {
  EVM_NETWORK: NETWORK,
  EVM_RPC_URL: "http://127.0.0.1:1",
  EVM_PRIVATE_KEY: KEY,
  FACTORY: "true",
  TOKENS: USDC,
  START_BLOCK: "0",
};

describe("the keeper's configuration", () => {
  it("names every setting that is wrong, and repeats no value", () => {
    const wrong = {
      EVM_NETWORK: "base",
      EVM_RPC_URL: "nowhere",
      EVM_PRIVATE_KEY: "0xsecret",
      DATABASE_URL: "mysql://me:hidden@host",
      DATABASE_SCHEMA: "x; DROP TABLE",
      PLANS: "gold",
      START_BLOCK: "first",
    };
    assert.throws(
      () => readConfig(wrong),
      (error) =>
        error instanceof ConfigError &&
        Object.keys(wrong).every((name) => error.message.includes(name)) &&
        !/secret|nowhere|hidden|DROP|gold/.test(error.message),
    );
  });

  it("wants somebody to charge, and tokens that the factory's plans may be in", () => {
    const { FACTORY: _, ...nobody } = SETTINGS;
    assert.throws(() => readConfig(nobody), /PLANS: or FACTORY=true must be given/);
    const { TOKENS: __, ...anyToken } = SETTINGS;
    assert.throws(() => readConfig(anyToken), /TOKENS: must be given with FACTORY=true/);
  });

  it("ends the process with that message and code 1", () => {
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "apps/keeper/src/main.ts"], {
      encoding: "utf8",
      env: {},
    });
    assert.equal(status, 1);
    assert.match(stderr, /^The configuration is wrong:\n {2}EVM_NETWORK: /);
  });
});

describe("the keeper", () => {
  let world: World;
  let folder: string;
  let embedded: Database;
  let postgres: Postgres | string;
  const stops: (() => Promise<unknown>)[] = [];
  let count = 0;

  before(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), "recourse-"));
    embedded = await openDatabase(readConfig({ ...SETTINGS, DATA_DIR: join(folder, "embedded") }));
    postgres = await startPostgres().catch((error) => String(error));
  });
  afterEach(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });
  after(async () => {
    await embedded.close();
    if (typeof postgres !== "string") await postgres.stop();
    await world.stop();
    await rm(folder, { recursive: true });
  });

  const fresh = (name: string) => `${name}_${++count}`;
  const freshFolder = () => join(folder, fresh("data"));
  const mined = (hash: Hash) => world.client.waitForTransactionReceipt({ hash });
  const mine = (blocks: number) => world.client.mine({ blocks });
  const as = (account: Account) => localClient(world.rpcUrl, account);

  async function pass(seconds: number): Promise<void> {
    await world.client.increaseTime({ seconds });
    await mine(1);
  }

  /* PLANS */

  type Subscribed = { plan: Address; terms: SubscriptionPlanTerms; subscribers: Subscriber[] };

  /** A plan of its own by the hour, with as many subscribers, each with this much after the first charge. */
  async function subscribed(
    number: number,
    choices: Partial<SubscriptionPlanTerms> = {},
    balance = 100n * PRICE,
  ): Promise<Subscribed> {
    const name = fresh("plan");
    const terms = planTerms({
      salt: `0x${String(count).padStart(64, "0")}`,
      price: PRICE,
      periodUnit: PeriodUnit.Seconds,
      periodLength: PERIOD,
      grace: GRACE,
      ...choices,
    });
    const plan = await deployPlan(world.client, terms);
    const subscribers = Array.from({ length: number }, (_, i) => ({
      account: subscriberAccount(`${name} ${i}`),
      allowance: 1_000n * PRICE,
    }));
    const holders = subscribers.map(({ account }) => account.address);
    await mintUsdcToMany(world.client, holders, balance + PRICE);
    await subscribeAll(world.client, plan, terms, subscribers);
    return { plan, terms, subscribers };
  }

  /** How often each has paid after the first charge. */
  async function chargesOf({ plan, subscribers }: Subscribed): Promise<number[]> {
    const payments = await paymentsTo(world.client, plan);
    return subscribers.map(({ account }) => payments.filter(({ from }) => from === account.address).length - 1);
  }

  /** By a call of its own, in what it allowed before. */
  async function subscribeAgain({ plan, subscribers }: Subscribed, serial: bigint, quantity = 1n): Promise<void> {
    const account = subscribers[0]?.account;
    assert.ok(account);
    const { address } = account;
    const terms = { quantity, maxPeriods: 10n, maxFirstCharge: 2n * PRICE, serial, deadline: 0n };
    const message = { subscriber: address, beneficiary: address, ...terms };
    const permit = { value: 0n, deadline: 0n, signature: "0x" } as const;
    await mined(await subscribe(as(account), { address: plan, message, permit, payoutGas: 150_000n }));
  }

  const give = (subscriber: Subscriber | undefined, amount: bigint) =>
    mintUsdcToMany(world.client, subscriber ? [subscriber.account.address] : [], amount);

  async function cancelOf({ plan, subscribers }: Subscribed, i: number, fees = {}): Promise<Hash> {
    const account = subscribers[i]?.account;
    assert.ok(account);
    await world.client.setBalance({ address: account.address, value: 10n ** 18n });
    const client = as(account);
    if (Object.keys(fees).length === 0)
      return cancel(client, { address: plan, beneficiary: account.address, immediately: false });
    const { subscriptionPlanAbi } = await import("@recourse/sdk/abis");
    const call = { abi: subscriptionPlanAbi, address: plan, functionName: "cancel" } as const;
    return client.writeContract({
      ...call,
      args: [account.address, false],
      chain: client.chain,
      gas: 200_000n,
      ...fees,
    });
  }

  /* KEEPERS */

  /** A keeper in this process, whose rounds are made one by one, and what it says. */
  async function keeperOf(watched: Subscribed[], settings: Record<string, string> = {}, database = embedded) {
    const lines: KeeperLine[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const plans = watched.map(({ plan }) => plan);
    const { FACTORY: _, ...named } = SETTINGS;
    const config = readConfig({
      ...(plans.length === 0 ? SETTINGS : { ...named, PLANS: String(plans) }),
      DATABASE_SCHEMA: fresh("keeper"),
      EVM_RPC_URL: world.rpcUrl,
      RETRY_SECONDS: String(RETRY),
      MAX_RETRY_SECONDS: "600",
      LAST_CHANCE_SECONDS: String(LAST_CHANCE),
      ...settings,
    });
    const metrics = createMetrics();
    const store = await Store.open(database, config);
    const queue = await Queue.open(database, config, (error) => lines.push({ msg: `queue: ${error}` }));
    const stop = () => queue.close();
    stops.push(stop);
    const keeper = new Keeper({ client: createChainClient(config), logger, metrics, queue, store }, config);
    const said = (msg: string) => lines.filter((line) => line.msg === msg);
    const metric = async (name: string) => (await metrics.registry.getSingleMetric(name)?.get())?.values[0]?.value;
    return { config, lines, metric, queue, round: () => keeper.round(), said, store };
  }

  async function proxyOf(rewrite?: (body: string) => string): Promise<RpcProxy> {
    const proxy = await startRpcProxy(world.rpcUrl, rewrite);
    stops.push(proxy.stop);
    return proxy;
  }

  /** A new database of the server; a test is skipped where that does not run. */
  async function databaseUrl(context: TestContext): Promise<string | undefined> {
    if (typeof postgres !== "string") return postgres.database(fresh("keeper"));
    context.skip(postgres);
    return undefined;
  }

  describe("on time", () => {
    it("charges who is due, each period once, and nobody before", async () => {
      const some = await subscribed(3);
      const { round, said } = await keeperOf([some]);
      await round();
      assert.deepEqual(await chargesOf(some), [0, 0, 0]);
      for (const period of [1, 2, 3]) {
        await pass(PERIOD);
        await round();
        await round();
        assert.deepEqual(await chargesOf(some), [period, period, period]);
      }
      assert.deepEqual([said("sent").length, said("failed").length, said("skipped").length], [3, 0, 0]);
    });

    it("charges in batches, over several plans", async () => {
      const plans = [await subscribed(7), await subscribed(2)];
      const { metric, round, said } = await keeperOf(plans, { BATCH_SIZE: "3" });
      await pass(PERIOD);
      await round();
      for (const some of plans) assert.ok((await chargesOf(some)).every((charges) => charges === 1));
      assert.deepEqual(
        said("charged")
          .map(({ charged }) => charged)
          .sort(),
        [1, 2, 3, 3],
      );
      assert.equal(await metric("recourse_keeper_charges_total"), 9);
      assert.equal(await metric("recourse_keeper_charged_amount_total"), Number(9n * PRICE));
    });

    it("finds the factory's plans in its tokens, and leaves what is not worth the gas", async () => {
      const some = await subscribed(1);
      const cheap = await subscribed(1, { price: 9_999n });
      const strange = await strangePlan();
      const { round, store } = await keeperOf([]);
      await pass(PERIOD);
      await round();
      assert.deepEqual([await chargesOf(some), await chargesOf(cheap)], [[1], [0]]);
      const known = (await store.plans()).map(({ address }) => address);
      assert.ok(known.includes(some.plan) && known.includes(strange.plan));
      assert.equal(await strange.charges(), 0);
    });

    it("finds who subscribes later, and who subscribes again after a cancel", async () => {
      const some = await subscribed(1);
      const { round } = await keeperOf([some]);
      await round();
      await mined(await cancelOf(some, 0));
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [0]);
      await subscribeAgain(some, 3n);
      await round();
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [2], "the second subscription's first charge, and the keeper's");
    });

    it("looks again at who subscribes to more than was worth the gas before", async () => {
      const some = await subscribed(1, { price: 9_999n });
      const { round } = await keeperOf([some]);
      await round();
      await mined(await cancelOf(some, 0));
      await pass(PERIOD);
      await round();
      await subscribeAgain(some, 3n, 2n);
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [2], "the second subscription's first charge, and the keeper's");
    });

    it("stands in for another only after its delay", async () => {
      const some = await subscribed(1);
      const { round } = await keeperOf([some], { DELAY_SECONDS: "600" });
      await pass(PERIOD);
      await round();
      await mine(40);
      await round();
      assert.deepEqual(await chargesOf(some), [0]);
      await pass(600);
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("names an address that is not a plan, and goes on", async () => {
      const some = await subscribed(1);
      const { round, said } = await keeperOf([some, { ...some, plan: USDC }]);
      await pass(PERIOD);
      await round();
      await round();
      assert.equal(said("not a plan").length, 1);
      assert.deepEqual(await chargesOf(some), [1]);
    });
  });

  describe("when a charge fails", () => {
    it("sends nothing for it, waits longer each time, and charges as soon as there is money", async () => {
      const some = await subscribed(2, {}, 0n);
      await give(some.subscribers[1], PRICE);
      const { round, said } = await keeperOf([some]);
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [0, 1], "the other is charged");
      await round();
      assert.equal(said("failed").length, 1, "not before its time");
      for (const [tries, wait] of [60, 120, 240].entries()) {
        await pass(wait - 10);
        await round();
        assert.equal(said("failed").length, tries + 1);
        await pass(11);
        await round();
        assert.equal(said("failed").length, tries + 2);
      }
      assert.deepEqual([said("failed")[0]?.reason, said("sent").length], ["BalanceTooLow", 1]);
      await give(some.subscribers[0], PRICE);
      await pass(600);
      await round();
      assert.deepEqual(await chargesOf(some), [1, 1]);
    });

    it("tries once more shortly before the end of the grace", async () => {
      const some = await subscribed(1, {}, 0n);
      const { round, said } = await keeperOf([some], { RETRY_SECONDS: "1700", MAX_RETRY_SECONDS: "100000" });
      await pass(PERIOD);
      await round();
      assert.equal(said("failed").length, 1);
      await give(some.subscribers[0], PRICE);
      await pass(GRACE - LAST_CHANCE - 5);
      await round();
      await pass(10);
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("gives up after the grace, and charges the next period", async () => {
      const some = await subscribed(1, {}, 0n);
      const { metric, round, said } = await keeperOf([some]);
      await pass(PERIOD);
      await round();
      await pass(GRACE);
      await round();
      assert.deepEqual([said("skipped").length, await metric("recourse_keeper_skipped_total")], [1, 1]);
      await give(some.subscribers[0], 10n * PRICE);
      await round();
      assert.deepEqual(await chargesOf(some), [0], "a period that was skipped is gone");
      await pass(PERIOD - GRACE);
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("leaves who took the allowance back, and lets it go after two periods", async () => {
      const some = await subscribed(2);
      const account = some.subscribers[0]?.account;
      assert.ok(account);
      const signature = await signPermit(account, some.plan, 0n, 84532, 1n);
      const abi = parseAbi(["function permit(address, address, uint256, uint256, bytes)"]);
      const revoking = { abi, address: USDC, functionName: "permit", chain: world.client.chain } as const;
      await mined(
        await world.client.writeContract({ ...revoking, args: [account.address, some.plan, 0n, 2n ** 48n, signature] }),
      );
      const { round, said, store } = await keeperOf([some]);
      for (let i = 0; i < 4; i += 1) {
        await pass(PERIOD);
        await round();
        await pass(GRACE);
        await round();
        await pass(PERIOD - GRACE - PERIOD / 2);
      }
      const [revoked, other] = await chargesOf(some);
      assert.equal(revoked, 0);
      assert.ok(Number(other) >= 2);
      assert.equal(said("failed")[0]?.reason, "AllowanceTooLow");
      const pair = { subscriber: account.address, beneficiary: account.address };
      assert.equal((await subscriptionOf(world.client, { address: some.plan, pair })).status, SubscriptionStatus.Ended);
      assert.equal((await store.count()).live, 1, "only the other");
    });

    it("charges the others of a batch with one whom the token refuses", async () => {
      const some = await subscribed(5);
      const caller = fiatTokenCaller(world.client);
      const refused = some.subscribers[2]?.account.address;
      await caller("blacklist", [refused]);
      const { round, said } = await keeperOf([some]);
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [1, 1, 0, 1, 1]);
      assert.deepEqual([said("failed")[0]?.reason, said("sent").length], ["Refused", 1]);
      await caller("unBlacklist", [refused]);
      await pass(RETRY + 1);
      await round();
      assert.deepEqual(await chargesOf(some), [1, 1, 1, 1, 1]);
    });

    it("halves a batch that would be reverted as a whole until it has who is at fault, and sends nothing in vain", async () => {
      const strange = await strangePlan(8);
      await strange.hide(5);
      const proxy = await proxyOf();
      const { round, said } = await keeperOf([], { EVM_RPC_URL: proxy.url, TOKENS: strange.token });
      await pass(PERIOD);
      await round();
      assert.equal(await strange.charges(), 7);
      assert.deepEqual(
        said("failed").map(({ reason }) => reason),
        ["TokenStateUnreadable"],
      );
      assert.equal(said("reverted").length, 0);
      assert.equal(proxy.broadcasts(), said("charged").length);
      assert.ok(proxy.broadcasts() <= 3, `${proxy.broadcasts()} transactions`);
    });

    it("halves a batch that needs more gas than a transaction may have", async () => {
      const some = await subscribed(40);
      const { round, said } = await keeperOf([some], { MAX_GAS: "1000000", TOKEN_GAS: "150000" });
      await pass(PERIOD);
      await round();
      assert.ok((await chargesOf(some)).every((charges) => charges === 1));
      assert.ok(said("sent").length > 1);
      assert.equal(said("reverted").length + said("failed").length, 0);
    });

    it("sends the halves of a batch that was reverted on the chain apart", async () => {
      const strange = await strangePlan(4);
      const { round, said } = await keeperOf([], { TOKENS: strange.token });
      await pass(PERIOD);
      await world.client.setAutomine(false);
      try {
        const running = round();
        await pendingTransactions(world);
        // Lands before it, for the higher fee.
        await strange.hide(1, { maxFeePerGas: parseGwei("200"), maxPriorityFeePerGas: parseGwei("100") });
        await mine(1);
        await world.client.setAutomine(true);
        await running;
      } finally {
        await world.client.setAutomine(true);
      }
      assert.equal(said("reverted").length, 1);
      await round();
      await round();
      assert.equal(await strange.charges(), 3);
      assert.equal(said("reverted").length, 1, "the reason is seen before anything is sent again");
    });
  });

  describe("never after the end", () => {
    it("charges nobody who canceled", async () => {
      const some = await subscribed(3);
      const { round, said } = await keeperOf([some]);
      await round();
      await mined(await cancelOf(some, 1));
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [1, 0, 1]);
      assert.deepEqual([said("failed").length, said("charged")[0]?.notDue], [0, 0]);
    });

    it("charges nobody who cancels between finding and sending, nor who cancels before the transaction lands", async () => {
      const some = await subscribed(3);
      const { round, said } = await keeperOf([some]);
      await pass(PERIOD);
      await world.client.setAutomine(false);
      try {
        const running = round();
        await pendingTransactions(world);
        await cancelOf(some, 1, { maxFeePerGas: parseGwei("200"), maxPriorityFeePerGas: parseGwei("100") });
        await mine(1);
        await running;
      } finally {
        await world.client.setAutomine(true);
      }
      assert.deepEqual(await chargesOf(some), [1, 0, 1]);
      assert.deepEqual([said("charged")[0]?.charged, said("charged")[0]?.notDue], [2, 1]);
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [2, 0, 2]);
    });

    it("goes on with a plan that is closed, and sends nothing to one that has ended", async () => {
      const some = await subscribed(2);
      const { round, said, store } = await keeperOf([some]);
      await mined(await close(as(operator), { address: some.plan }));
      await pass(PERIOD);
      await round();
      assert.deepEqual(await chargesOf(some), [1, 1]);
      await mined(await end(as(operator), { address: some.plan }));
      await pass(PERIOD);
      await round();
      await round();
      assert.deepEqual(await chargesOf(some), [1, 1]);
      assert.deepEqual([said("sent").length, said("failed").length, (await store.count()).live], [1, 0, 0]);
    });
  });

  describe("what it remembers", () => {
    /** What is asked about logs, and of which blocks. */
    async function observed() {
      const ranges: { from: number; to: number }[] = [];
      const proxy = await proxyOf((body) => {
        const { method, params } = JSON.parse(body);
        if (method === "eth_getLogs") ranges.push({ from: Number(params[0].fromBlock), to: Number(params[0].toBlock) });
        return body;
      });
      return { ranges, url: proxy.url };
    }

    it("goes on at the block where it ended, and looks no further back than a reorganization reaches", async () => {
      const some = await subscribed(1);
      const { ranges, url } = await observed();
      const settings = { BLOCKS_PER_REQUEST: "50", EVM_RPC_URL: url, REORG_BLOCKS: "5" };
      const first = await keeperOf([some], settings);
      await first.round();
      const head = Number(await world.client.getBlockNumber());
      assert.deepEqual([ranges[0]?.from, ranges.at(-1)?.to], [0, head]);
      assert.ok(ranges.every(({ from, to }) => to - from < 50));
      await first.queue.close();

      await mine(120);
      ranges.length = 0;
      const next = await keeperOf([some], { ...settings, DATABASE_SCHEMA: first.config.DATABASE_SCHEMA });
      await pass(PERIOD);
      await next.round();
      assert.deepEqual([ranges[0]?.from, ranges.length], [head + 1 - 5, 3]);
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("starts from nothing, in the middle of a year", async () => {
      const some = await subscribed(2);
      const first = await keeperOf([some]);
      await pass(PERIOD);
      await first.round();
      await pass(PERIOD);
      const { round } = await keeperOf([some]);
      await round();
      assert.deepEqual(await chargesOf(some), [2, 2]);
      await first.round();
      assert.deepEqual(await chargesOf(some), [2, 2]);
      assert.equal(first.said("sent").length, 1);
    });

    it("reads the whole history of a plan that is named later", async () => {
      const [first, later] = [await subscribed(1), await subscribed(1)];
      const keeper = await keeperOf([first]);
      await mine(60);
      await keeper.round();
      const { DATABASE_SCHEMA } = keeper.config;
      const { round } = await keeperOf([first, later], { DATABASE_SCHEMA, REORG_BLOCKS: "2" });
      await pass(PERIOD);
      await round();
      assert.deepEqual([await chargesOf(first), await chargesOf(later)], [[1], [1]]);
    });

    it("charges again what a reorganization took back", async () => {
      const some = await subscribed(1);
      const { round } = await keeperOf([some], { REORG_BLOCKS: "3" });
      await pass(PERIOD);
      const snapshot = await world.client.snapshot();
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
      await world.client.revert({ id: snapshot });
      assert.deepEqual(await chargesOf(some), [0]);
      await mine(6);
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("refuses the database of another network", async () => {
      const { config } = await keeperOf([]);
      const other = readConfig({ ...SETTINGS, EVM_NETWORK: "eip155:1", DATABASE_SCHEMA: config.DATABASE_SCHEMA });
      await assert.rejects(Store.open(embedded, other), new ConfigError(`The database is of ${NETWORK}.`));
    });

    it("goes on after a node that was away", async () => {
      const some = await subscribed(1);
      const away = await keeperOf([some], { EVM_RPC_URL: "http://127.0.0.1:1" });
      await assert.rejects(away.round());
      await pass(PERIOD);
      const { round } = await keeperOf([some], { DATABASE_SCHEMA: away.config.DATABASE_SCHEMA });
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });
  });

  describe("its transactions", () => {
    it("replaces one that is stuck, with the same nonce and a higher fee", async () => {
      const some = await subscribed(2);
      const { round, said, store } = await keeperOf([some], { STUCK_MS: "300" });
      await pass(PERIOD);
      await world.client.setAutomine(false);
      try {
        const running = round();
        const [stuck] = await pendingTransactions(world);
        while (said("replaced").length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
        const waiting = await pendingTransactions(world);
        assert.equal(waiting.length, 1);
        assert.notEqual(waiting[0], stuck);
        await mine(1);
        await running;
      } finally {
        await world.client.setAutomine(true);
      }
      assert.deepEqual(await chargesOf(some), [1, 1]);
      const [{ address }] = [developmentAccount(16)];
      assert.deepEqual(await store.submissions(address), []);
    });

    it("pays no more than it may, and says that it waits", async () => {
      const some = await subscribed(1);
      await pass(PERIOD);
      // More than the node suggests, and less than a replacement would pay.
      const { baseFeePerGas } = await world.client.getBlock();
      const limit = ((baseFeePerGas ?? 0n) * 13n) / 10n + parseGwei("1.1");
      const { round, said } = await keeperOf([some], {
        CONFIRMATION_TIMEOUT_MS: "1500",
        MAX_FEE_PER_GAS: String(limit),
        STUCK_MS: "300",
      });
      await world.client.setAutomine(false);
      try {
        const { isDone } = await round();
        assert.equal(isDone, false);
        assert.ok(said("waits for lower fees").length > 0);
      } finally {
        await world.client.setAutomine(true);
        await mine(1);
      }
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });

    it("keeps several waiting, in the order of their nonces", async () => {
      const some = await subscribed(12);
      const { round, said } = await keeperOf([some], { BATCH_SIZE: "3", MAX_PENDING: "4" });
      await pass(PERIOD);
      await world.client.setAutomine(false);
      try {
        const running = round();
        while (said("sent").length < 4) await new Promise((resolve) => setTimeout(resolve, 50));
        await mine(1);
        await running;
      } finally {
        await world.client.setAutomine(true);
      }
      assert.ok((await chargesOf(some)).every((charges) => charges === 1));
      const nonces = said("sent").map((line) => (line as { nonce?: number }).nonce ?? 0);
      assert.deepEqual(
        nonces.map((nonce) => nonce - (nonces[0] ?? 0)),
        [0, 1, 2, 3],
      );
    });

    for (const isSpent of [false, true]) {
      const fate = isSpent ? "has gone to another transaction" : "is still free";
      it(`goes on where it ended between signing and sending, when its nonce ${fate}`, async () => {
        const some = await subscribed(2);
        const nothingSent = await proxyOf((body) => {
          const request = JSON.parse(body);
          return JSON.stringify(
            request.method === "eth_sendRawTransaction"
              ? { ...request, method: "web3_clientVersion", params: [] }
              : request,
          );
        });
        const ended = await keeperOf([some], { CONFIRMATION_TIMEOUT_MS: "200", EVM_RPC_URL: nothingSent.url });
        await pass(PERIOD);
        await ended.round();
        assert.deepEqual(await chargesOf(some), [0, 0]);
        const sameKey = as(developmentAccount(16));
        if (isSpent)
          await mined(await sameKey.sendTransaction({ chain: world.client.chain, to: operator.address, value: 1n }));

        const { round, said } = await keeperOf([some], { DATABASE_SCHEMA: ended.config.DATABASE_SCHEMA });
        await round();
        assert.deepEqual(await chargesOf(some), [1, 1]);
        assert.equal(said("nonce lost").length, isSpent ? 1 : 0);
      });
    }

    it("finds what it sent before it ended, and does not send it again", async () => {
      const some = await subscribed(2);
      const proxy = await proxyOf();
      const ended = await keeperOf([some], { EVM_RPC_URL: proxy.url });
      await pass(PERIOD);
      proxy.dieAfterBroadcast();
      await assert.rejects(ended.round());
      assert.deepEqual(await chargesOf(some), [1, 1]);
      const { round, said } = await keeperOf([some], { DATABASE_SCHEMA: ended.config.DATABASE_SCHEMA });
      await round();
      assert.deepEqual([said("charged").length, said("sent").length], [1, 0]);
      assert.deepEqual(await chargesOf(some), [1, 1]);
    });

    it("sends nothing without gas, says why, and goes on when there is some", async () => {
      const some = await subscribed(1);
      const { address } = developmentAccount(15);
      await world.client.setBalance({ address, value: 1n });
      const { round } = await keeperOf([some], { EVM_PRIVATE_KEY: privateKeyOf(15) });
      await pass(PERIOD);
      await assert.rejects(round(), { name: "InsufficientFundsError" });
      await world.client.setBalance({ address, value: 10n ** 20n });
      await round();
      assert.deepEqual(await chargesOf(some), [1]);
    });
  });

  describe("two at once", () => {
    it("share the work of one PostgreSQL, and send nothing twice", async (context) => {
      const url = await databaseUrl(context);
      if (!url) return;
      const some = await subscribed(24);
      const database = await openDatabase(readConfig({ ...SETTINGS, DATABASE_URL: url }));
      stops.push(database.close);
      const settings = { BATCH_SIZE: "3", DATABASE_SCHEMA: "shared", MAX_PENDING: "1" };
      const [one, other] = await Promise.all([
        keeperOf([some], settings, database),
        keeperOf([some], { ...settings, EVM_PRIVATE_KEY: OTHER_KEY }, database),
      ]);
      for (let period = 1; period <= 3; period += 1) {
        await pass(PERIOD);
        for (let i = 0; i < 2; i += 1) await Promise.all([one.round(), other.round()]);
        assert.ok((await chargesOf(some)).every((charges) => charges === period));
      }
      const charged = [...one.said("charged"), ...other.said("charged")];
      assert.ok(one.said("charged").length > 0 && other.said("charged").length > 0, "both did some of it");
      assert.ok(charged.every(({ notDue }) => notDue === 0));
      assert.equal(
        charged.reduce((sum, { charged: number = 0 }) => sum + number, 0),
        3 * 24,
      );
    });

    it("charge nobody twice from databases of their own, and are not reverted", async () => {
      const some = await subscribed(12);
      const [one, other] = [
        await keeperOf([some], { BATCH_SIZE: "4" }),
        await keeperOf([some], { BATCH_SIZE: "4", EVM_PRIVATE_KEY: OTHER_KEY }),
      ];
      for (let period = 1; period <= 3; period += 1) {
        await pass(PERIOD);
        await Promise.all([one.round(), other.round()]);
        assert.ok((await chargesOf(some)).every((charges) => charges === period));
      }
      assert.equal(one.said("reverted").length + other.said("reverted").length, 0);
      const sent = one.said("sent").length + other.said("sent").length;
      assert.ok(sent <= 2 * 9, `${sent} transactions`);
    });

    it("get in each other's way with one key, and do the work nevertheless", async () => {
      const some = await subscribed(8);
      const settings = { BATCH_SIZE: "2", CONFIRMATION_TIMEOUT_MS: "5000", STUCK_MS: "500" };
      const [one, other] = [await keeperOf([some], settings), await keeperOf([some], settings)];
      await pass(PERIOD);
      for (let i = 0; i < 3; i += 1) await Promise.all([one.round(), other.round()]);
      assert.ok((await chargesOf(some)).every((charges) => charges === 1));
    });
  });

  describe("as a process", () => {
    async function start(some: Subscribed, settings: Record<string, string>): Promise<KeeperProcess> {
      const keeper = startKeeper(world.rpcUrl, { PLANS: some.plan, ...settings });
      stops.push(keeper.kill);
      await keeper.says(({ msg }) => msg === "keeping");
      return keeper;
    }

    it("tells its health and its numbers, and ends when it is told to", async () => {
      const some = await subscribed(2);
      const keeper = await start(some, { DATA_DIR: freshFolder(), UNHEALTHY_AFTER_MS: "60000" });
      await pass(PERIOD);
      await keeper.says(({ msg }) => msg === "charged");
      await keeper.says(({ msg }) => msg === "round", keeper.lines.length);
      const { url } = await keeper.says(({ msg }) => msg === "keeping");
      const health = await fetch(`${url}/healthz`);
      assert.deepEqual([health.status, ((await health.json()) as { status: string }).status], [200, "ok"]);
      const metrics = await (await fetch(`${url}/metrics`)).text();
      assert.match(metrics, new RegExp(`^recourse_keeper_charges_total{token="${USDC}"} 2$`, "m"));
      assert.match(metrics, /^recourse_keeper_transactions_total{status="success"} 1$/m);
      assert.match(metrics, /^recourse_keeper_subscriptions 2$/m);
      await keeper.stop();
      assert.equal(keeper.process.exitCode, 0);
    });

    it("is not well without a node", async () => {
      const some = await subscribed(0);
      const proxy = await proxyOf();
      const keeper = await start(some, { DATA_DIR: freshFolder(), EVM_RPC_URL: proxy.url, UNHEALTHY_AFTER_MS: "500" });
      proxy.behave("refuse");
      const { url } = await keeper.says(({ msg }) => msg === "keeping");
      await keeper.says(({ msg }) => msg === "round failed");
      await new Promise((resolve) => setTimeout(resolve, 600));
      assert.equal((await fetch(`${url}/healthz`)).status, 503);
      assert.ok(keeper.lines.every((line) => !JSON.stringify(line).includes(proxy.url)));
      await keeper.stop();
    });

    it("shares its folder with nobody", async () => {
      const some = await subscribed(0);
      const DATA_DIR = freshFolder();
      const keeper = await start(some, { DATA_DIR });
      const config = readConfig({ ...SETTINGS, DATA_DIR });
      await assert.rejects(openDatabase(config), new ConfigError("DATA_DIR is another keeper's, which runs."));
      await keeper.kill();
      assert.ok(existsSync(join(DATA_DIR, "lock")), "a dead one's lock");
      const database = await openDatabase(config);
      await database.close();
    });

    for (const storage of ["PGlite", "PostgreSQL"]) {
      /** A new storage of the kind; `undefined` where it cannot run. */
      async function storageOf(context: TestContext): Promise<Record<string, string> | undefined> {
        if (storage === "PGlite") return { DATA_DIR: freshFolder() };
        const url = await databaseUrl(context);
        return url === undefined ? undefined : { DATABASE_URL: url };
      }

      it(`misses nothing and charges nothing twice, wherever it is killed, on ${storage}`, async (context) => {
        const settings = await storageOf(context);
        if (!settings) return;
        const some = await subscribed(6);
        const moments: ((keeper: KeeperProcess) => Promise<unknown>)[] = [
          async () => undefined,
          (keeper) => keeper.says(({ msg }) => msg === "sent"),
          (keeper) => keeper.says(({ msg }) => msg === "charged"),
          () => new Promise((resolve) => setTimeout(resolve, Math.random() * 500)),
        ];
        let period = 0;
        for (const moment of moments) {
          await pass(PERIOD);
          period += 1;
          const keeper = await start(some, { ...settings, BATCH_SIZE: "2" });
          await moment(keeper);
          await keeper.kill();
          const next = await start(some, { ...settings, BATCH_SIZE: "2" });
          const { timestamp } = await world.client.getBlock();
          await next.says(({ isDone, time }) => isDone === true && Number(time) >= timestamp);
          assert.deepEqual(await chargesOf(some), Array(6).fill(period));
          await next.kill();
        }
      });

      it(`keeps 100 subscribers for three months, killed five times, on ${storage}`, async (context) => {
        const settings = await storageOf(context);
        if (!settings) return;
        const { client, rpcUrl } = world;
        const size = { subscribers: 100, months: 3, kills: 5 };
        const year = await liveThroughYear({ client, rpcUrl, ...size, storage: settings, name: `small ${storage}` });
        assert.deepEqual([year.doubles, year.missing, year.wrong], [[], [], []]);
        assert.ok(year.expected > 200);
        assert.deepEqual([year.charges, year.kills], [year.expected, 5]);
      });
    }
  });

  /* A STRANGE TOKEN */

  /** A plan in a token that tells nothing about one of its subscribers, when it is told to. */
  async function strangePlan(number = 1) {
    const path = "test/mocks/UnreadableToken.sol";
    const settings = { evmVersion: "cancun", outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } };
    const sources = { [path]: { content: readFileSync(path, "utf8") } };
    const output = compile({ language: "Solidity", sources, settings }, (name) =>
      readFileSync(join("node_modules", name), "utf8"),
    );
    const contract = output.contracts?.[path]?.UnreadableToken as unknown as {
      abi: Abi;
      evm: { bytecode: { object: string } };
    };
    const { abi } = contract;
    const hash = await world.client.deployContract({ abi, bytecode: `0x${contract.evm.bytecode.object}` });
    const token = (await mined(hash)).contractAddress;
    assert.ok(token);
    const terms = planTerms({
      salt: `0x${String(++count).padStart(64, "0")}`,
      token,
      periodUnit: PeriodUnit.Seconds,
      periodLength: PERIOD,
      grace: GRACE,
    });
    const plan = await deployPlan(world.client, terms);
    const accounts = Array.from({ length: number }, (_, i) => subscriberAccount(`${plan} ${i}`));
    const write = (functionName: string, args: unknown[], client = world.client, fees = {}) =>
      client.writeContract({ abi, address: token, functionName, args, chain: client.chain, ...fees });
    for (const account of accounts) {
      const { address } = account;
      await world.client.setBalance({ address, value: 10n ** 18n });
      await mined(await write("mint", [address, 100n * PRICE]));
      await mined(await write("approve", [plan, 100n * PRICE], as(account)));
      const message = {
        subscriber: address,
        beneficiary: address,
        quantity: 1n,
        maxPeriods: 10n,
        maxFirstCharge: PRICE,
      };
      const permit = { value: 0n, deadline: 0n, signature: "0x" } as const;
      const first = { address: plan, message: { ...message, serial: 0n, deadline: 0n }, permit, payoutGas: 150_000n };
      await mined(await subscribe(as(account), first));
    }
    return {
      plan,
      token,
      hide: (i: number, fees = {}) => write("hide", [accounts[i]?.address], world.client, { gas: 100_000n, ...fees }),
      async charges(): Promise<number> {
        const balances = accounts.map(({ address }) =>
          world.client.readContract({ abi: erc20Abi, address: token, functionName: "balanceOf", args: [address] }),
        );
        return (await Promise.all(balances)).filter((balance) => balance === 98n * PRICE).length;
      },
    };
  }
});
