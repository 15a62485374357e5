import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { after, before, beforeEach, describe, it } from "node:test";
import { addresses } from "@recourse/sdk/addresses";
import {
  charge,
  creditOf,
  PAYOUT_GAS,
  PeriodUnit,
  PlanStage,
  planStage,
  type SubscriptionPlanTerms,
  SubscriptionStatus,
  subscriptionOf,
  vaultAddress,
} from "@recourse/sdk/subscription";
import { type Address, erc20Abi, type Hex, parseEventLogs } from "viem";
import { generatePrivateKey } from "viem/accounts";
import { developmentAccount, fiatTokenCaller, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { privateKeyOf, startWorld, type World } from "../../scripts/lib/world.js";
import type { run as runSource } from "../../sdk/src/cli/program.js";
import { subscribeTo } from "../shared/planSubscriber.js";
import { startRpcProxy } from "../shared/rpcProxy.js";

const sdk = resolve(import.meta.dirname, "../../sdk");
const main = join(sdk, "dist/cli/main.js");

const merchant = developmentAccount(1);
const operator = developmentAccount(3);
const feeReceiver = developmentAccount(4).address;
const subscriber = developmentAccount(5);
const PRICE = 9_990_000n;
const DAY = 86_400;

type Environment = Record<string, string | undefined>;
type Ended = { code: number | null; stdout: string; stderr: string };

/** The command as it was built, in a process of its own, as a shell without a terminal starts it. */
async function spawned(args: readonly string[], env: Environment): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const code = new Promise<number | null>((done) => child.once("close", done));
  const [stdout, stderr] = await Promise.all([readText(child.stdout), readText(child.stderr)]);
  return { code: await code, stdout, stderr };
}

// What was built is what is tried; a process for each of some hundred calls would take minutes.
const { run }: { run: typeof runSource } = await import(join(sdk, "dist/cli/program.js"));

/** The same in this process. */
async function start(args: readonly string[], env: Environment): Promise<Ended> {
  const [output, messages] = [new PassThrough(), new PassThrough()];
  const texts = Promise.all([readText(output), readText(messages)]);
  const streams = { input: new PassThrough(), output, messages };
  const code = await run(args, { env, ...streams, isInteractive: false, isTerminal: false });
  output.end();
  messages.end();
  const [stdout, stderr] = await texts;
  return { code, stdout, stderr };
}

describe("the command recourse", () => {
  let world: World;
  let plan: Address;
  let salts = 0;

  before(async () => {
    world = await startWorld();
    for (const account of [subscriber, developmentAccount(6)]) {
      await mintUsdc(world.client, account.address, 1_000_000_000n);
    }
  });
  after(async () => world?.stop());

  /* CALLING */

  const asMerchant = () => ({ RECOURSE_PRIVATE_KEY: privateKeyOf(1), RECOURSE_RPC_URL: world.rpcUrl });
  const recourse = (args: readonly string[], env: Environment = {}) => start(args, { ...asMerchant(), ...env });

  /** What it says as JSON when all goes well: one document, and nothing else anywhere. */
  async function json(args: readonly string[], env: Environment = {}) {
    const { code, stderr, stdout } = await recourse([...args, "--json"], env);
    assert.equal(stderr, "");
    assert.equal(code, 0, stdout);
    return JSON.parse(stdout);
  }

  /** What it says went wrong, the same in words and as JSON. */
  async function failure(args: readonly string[], env: Environment = {}) {
    const [asJson, inWords] = [await recourse([...args, "--json"], env), await recourse(args, env)];
    assert.equal(asJson.stderr, "");
    const { error } = JSON.parse(asJson.stdout);
    assert.equal(inWords.stdout, "");
    assert.ok(inWords.stderr.startsWith(`${error.name}: ${error.message}`), inWords.stderr);
    if (error.next) assert.ok(inWords.stderr.includes(`Next: ${error.next}`), inWords.stderr);
    assert.equal(inWords.code, asJson.code);
    return { ...error, code: inWords.code };
  }

  /* THE CHAIN */

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const pairOf = (address: Address, beneficiary = address) => ({ subscriber: address, beneficiary });
  const subscriptionNow = (address: Address = subscriber.address) =>
    subscriptionOf(world.client, { address: plan, pair: pairOf(address) });

  async function travel(seconds: number): Promise<void> {
    await world.client.increaseTime({ seconds });
    await world.client.mine({ blocks: 1 });
  }

  /** Whatever a dry run says, nothing has happened. */
  async function dryRun(args: readonly string[], env: Environment = {}) {
    const block = await world.client.getBlockNumber();
    const inWords = await recourse([...args, "--dry-run"], env);
    assert.equal(inWords.code, 0, inWords.stderr);
    const found = await json([...args, "--dry-run"], env);
    assert.equal(found.dryRun, true);
    for (const { hash, movements, purpose } of found.transactions) {
      assert.equal(hash, undefined);
      assert.ok(inWords.stdout.includes(`would ${purpose}.`), inWords.stdout);
      for (const { from, to } of movements) assert.ok(inWords.stdout.includes(` from ${from} to ${to}\n`));
    }
    assert.equal(await world.client.getBlockNumber(), block, "nothing was sent");
    return found;
  }

  /** Does what its dry run says: the same transactions, which move the same money. */
  async function asAnnounced(args: readonly string[], env: Environment = {}) {
    const announced = await dryRun(args, env);
    const done = await json([...args, "--yes"], env);
    const essence = ({ transactions }: typeof done) =>
      transactions.map(({ function: name, movements, purpose, to }: Record<string, unknown>) => ({
        name,
        movements,
        purpose,
        to,
      }));
    assert.deepEqual(essence(done), essence(announced));
    for (const { gasUsed, hash } of done.transactions) {
      const receipt = await world.client.getTransactionReceipt({ hash });
      assert.equal(receipt.status, "success");
      assert.equal(BigInt(gasUsed), receipt.gasUsed);
    }
    for (const { gasLimit, tried } of announced.transactions) assert.equal(gasLimit !== undefined, tried);
    return done;
  }

  /** A plan of its own for each test. */
  async function newPlan(...options: readonly string[]): Promise<Address> {
    salts += 1;
    const args = [
      "plan",
      "create",
      "--price",
      "9.99",
      "--every",
      "30d",
      "--salt",
      `test ${salts}`,
      "--yes",
      ...options,
    ];
    return (await json(args)).plan;
  }

  /* AS A PROCESS */

  it("works from a shell", async () => {
    const env = asMerchant();
    const args = ["plan", "create", "--price", "$9.99", "--every", "1 month", "--salt", "shell", "--json"];
    const asked = await spawned(args, env);
    assert.deepEqual([asked.code, asked.stderr], [2, ""]);
    assert.deepEqual(JSON.parse(asked.stdout).error.missing.length, 1);

    const done = await spawned([...args, "--yes"], env);
    assert.deepEqual([done.code, done.stderr], [0, ""]);
    const { plan: address } = JSON.parse(done.stdout);
    assert.notEqual(await world.client.getCode({ address }), undefined);

    const shown = await spawned(["plan", "show", address], env);
    assert.equal(shown.code, 0);
    assert.ok(shown.stdout.startsWith(`${address}: $9.99 a month, open\n`));
    const refused = await spawned(["plan", "close", address, "--yes"], {
      ...env,
      RECOURSE_PRIVATE_KEY: privateKeyOf(7),
    });
    assert.deepEqual([refused.code, refused.stdout], [1, ""]);
    assert.match(refused.stderr, /^NotMerchantError: /);
  });

  /* HELP */

  it("says what it can do", async () => {
    const { code, stderr, stdout } = await recourse(["plan", "--help"]);
    assert.deepEqual([code, stderr], [0, ""]);
    for (const name of ["create", "list", "show", "close", "end", "refund", "cancel", "claim"]) {
      assert.match(stdout, new RegExp(`^  ${name} `, "m"));
    }
  });

  for (const args of [[], ["plan"]]) {
    it(`shows its help, and fails, when nothing is asked: ${JSON.stringify(args)}`, async () => {
      const { code, stderr, stdout } = await recourse(args);
      assert.deepEqual([code, stdout], [2, ""]);
      assert.match(stderr, /^Usage: recourse/);
    });
  }

  for (const args of [["sell"], ["plan", "sell"], ["plan", "list", "--nope"], ["plan", "close", USDC, USDC]]) {
    it(`refuses what it does not know: ${args.join(" ")}`, async () => {
      const { code, name } = await failure(args);
      assert.deepEqual([code, name], [2, "UsageError"]);
    });
  }

  /* CREATE */

  describe("plan create", () => {
    const create = ["plan", "create", "--price", "$9.99", "--every", "1 month"];

    it("deploys the plan of these terms, and says what it promises and how it is sold", async () => {
      const done = await asAnnounced([...create, "--salt", "first"]);
      assert.equal(done.created, true);
      assert.equal(done.plan, vaultAddress(termsIn(done.snippet)));
      assert.notEqual(await world.client.getCode({ address: done.plan }), undefined);
      assert.deepEqual(done.transactions[0].movements, []);
      assert.equal(done.words[0], `$9.99 a month, in USDC on Base Sepolia, for ${merchant.address}.`);
      assert.deepEqual(
        [done.terms.operator, done.terms.grace, done.terms.refundWindow],
        [merchant.address, 3 * DAY, 7 * DAY],
      );
    });

    /** The terms of the snippet, as the server would have them. */
    function termsIn(snippet: string): SubscriptionPlanTerms {
      const [, literal] = /const plan = (\{[^}]*\}) as const;/.exec(snippet) ?? [];
      return new Function("PeriodUnit", `return ${literal}`)(PeriodUnit);
    }

    it("prints a route that sells the plan", async () => {
      const { plan: address, snippet } = await dryRun([...create, "--trial", "14d", "--setup-fee", "5"]);
      await mkdir(join(sdk, "../cache"), { recursive: true });
      const folder = await mkdtemp(join(sdk, "../cache/cli-"));
      try {
        await writeFile(join(folder, "feed.ts"), snippet);
        const { feed } = await import(join(folder, "feed.ts"));
        const [option] = feed.accepts;
        assert.equal("sign-in-with-x" in feed.extensions, true, "who has paid can sign in");
        assert.deepEqual([option.payTo, option.scheme, option.network], [address, "subscription", "eip155:84532"]);
        assert.deepEqual(option.price, { asset: USDC, amount: "5000000" });
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it("says the same in words", async () => {
      const { code, stdout } = await recourse([...create, "--salt", "words", "--yes"]);
      const found = await json([...create, "--salt", "words", "--yes"]);
      assert.equal(code, 0);
      assert.ok(stdout.startsWith(`Created the plan ${found.plan}.\n`), stdout);
      for (const sentence of found.words) assert.ok(stdout.includes(sentence), sentence);
      assert.ok(stdout.includes(found.snippet));
      assert.equal(stdout.match(/UTC {2}\$9\.99$/gm)?.length, 5);
    });

    it("does nothing when the plan exists", async () => {
      const args = [...create, "--salt", "twice", "--yes"];
      const { plan: address } = await json(args);
      const block = await world.client.getBlockNumber();
      const again = await json(args);
      assert.deepEqual([again.plan, again.created, again.exists, again.transactions], [address, false, true, []]);
      assert.match((await recourse(args)).stdout, /exists already: 0x\w{40}\. Nothing was sent\./);
      assert.equal(await world.client.getBlockNumber(), block);
    });

    it("takes all terms", async () => {
      const found = await dryRun([
        ...["plan", "create", "--price", "5", "--every", "weekly", "--receiver", subscriber.address],
        ...["--operator", operator.address, "--token", USDC.toLowerCase(), "--trial", "14d", "--setup-fee", "$2.50"],
        ...["--grace", "36h", "--refund-window", "2d", "--non-refundable", "12.5%", "--fee", "1%"],
        ...["--fee-receiver", feeReceiver, "--salt", "0x01"],
      ]);
      assert.deepEqual(found.terms, {
        receiver: subscriber.address,
        operator: operator.address,
        feeReceiver,
        feeBps: 100,
        salt: `0x01${"0".repeat(62)}`,
        token: USDC,
        price: "5000000",
        periodUnit: "seconds",
        periodLength: 7 * DAY,
        grace: 36 * 3_600,
        trial: 14 * DAY,
        setupFee: "2500000",
        refundWindow: 2 * DAY,
        nonRefundableBps: 1_250,
      });
      assert.equal(found.plan, vaultAddress(termsIn(found.snippet)));
      assert.equal(found.transactions[0].result, found.plan);
    });

    const shortPeriods: [every: string, grace: number, refundWindow: number][] = [
      ["1h", 1_800, 1_800],
      ["1d", DAY / 2, DAY / 2],
      ["1w", 3 * DAY, 4 * DAY],
      ["10d", 3 * DAY, 7 * DAY],
    ];
    for (const [every, grace, refundWindow] of shortPeriods) {
      it(`has usual terms that the contract takes, every ${every}`, async () => {
        const { terms } = await dryRun(["plan", "create", "--price", "1", "--every", every]);
        assert.deepEqual([terms.grace, terms.refundWindow], [grace, refundWindow]);
      });
    }

    it("needs no key for a dry run, if the receiver is named", async () => {
      const args = [...create, "--receiver", merchant.address, "--dry-run"];
      assert.equal((await json(args, { RECOURSE_PRIVATE_KEY: undefined })).created, false);
      const { code, missing } = await failure([...create, "--dry-run"], { RECOURSE_PRIVATE_KEY: undefined });
      assert.equal(code, 2);
      assert.match(missing[0], /^--receiver/);
    });

    const wrong: [option: string, name: string, ...args: string[]][] = [
      ["--price", "TermsWithoutPriceError", "--price", "0"],
      ["--every", "TermsPeriodOutOfBoundsError", "--every", "61 months"],
      ["--every", "TermsPeriodOutOfBoundsError", "--every", "59m", "--grace", "1m", "--refund-window", "0"],
      ["--grace", "TermsGraceOutOfBoundsError", "--grace", "0"],
      ["--grace", "TermsGraceOutOfBoundsError", "--grace", "15d"],
      ["--trial", "TermsTrialTooLongError", "--trial", "366d"],
      ["--refund-window", "TermsRefundWindowTooLongError", "--refund-window", "26d"],
      ["--non-refundable", "TermsNonRefundableWrongError", "--non-refundable", "100%"],
      ["--non-refundable", "TermsNonRefundableWrongError", "--non-refundable", "1%", "--refund-window", "0"],
      ["--fee", "TermsFeeTooHighError", "--fee", "11%", "--fee-receiver", feeReceiver],
      ["--fee-receiver", "TermsFeeReceiverWrongError", "--fee", "1%"],
      ["--fee-receiver", "TermsFeeReceiverWrongError", "--fee-receiver", feeReceiver],
      ["--receiver", "TermsWithoutReceiverError", "--receiver", `0x${"0".repeat(40)}`],
      ["--operator", "TermsWithoutOperatorError", "--operator", `0x${"0".repeat(40)}`],
    ];
    for (const [option, name, ...args] of wrong) {
      it(`refuses ${args.join(" ")} as the contract does, and says what to change`, async () => {
        const error = await failure([...create, ...args, "--yes"]);
        assert.deepEqual([error.code, error.name, error.option], [1, name, option]);
        assert.ok(error.next);
        assert.match(error.docs, /^docs\/errors\.md#terms/);
      });
    }

    it("says bounds in days, too", async () => {
      const { facts } = await failure([...create, "--grace", "15d", "--yes"]);
      assert.deepEqual(facts, { Grace: "1296000 (15 days)", Maximum: "1209600 (14 days)" });
    });

    it("refuses amounts that no plan can hold", async () => {
      const { code, message } = await failure([...create, "--price", "1000000000000000000000", "--yes"]);
      assert.equal(code, 1);
      assert.match(message, /larger than a plan can hold/);
    });

    it("refuses what is no token", async () => {
      const { code, message } = await failure([...create, "--token", merchant.address, "--yes"]);
      assert.equal(code, 1);
      assert.match(message, /no token at/);
    });
  });

  /* WHAT IS MISSING, AND SECRETS */

  it("names all that is missing when nobody can be asked", async () => {
    const { code, missing, name } = await failure(["plan", "create"], {
      RECOURSE_PRIVATE_KEY: undefined,
      RECOURSE_RPC_URL: undefined,
    });
    assert.deepEqual([code, name], [2, "OptionsMissingError"]);
    const options = missing.map((item: string) => item.split(/[ ,]/)[0]);
    assert.deepEqual(options, ["--rpc", "--key-file", "--price", "--every", "--yes"]);
  });

  const needy: [args: string[], missing: string[]][] = [
    [["plan", "show"], ["<plan>"]],
    [
      ["plan", "close"],
      ["<plan>", "--yes"],
    ],
    [
      ["plan", "end"],
      ["<plan>", "--yes"],
    ],
    [
      ["plan", "refund"],
      ["<plan>", "<subscriber>", "--yes"],
    ],
    [
      ["plan", "cancel"],
      ["<plan>", "<subscriber>", "--yes"],
    ],
    [["plan", "claim", "--dry-run"], ["<plan>"]],
  ];
  for (const [args, expected] of needy) {
    it(`names what ${args.join(" ")} is missing`, async () => {
      const { code, missing } = await failure(args);
      assert.equal(code, 2);
      assert.deepEqual(
        missing.map((item: string) => item.split(/[ ,]/)[0]),
        expected,
      );
    });
  }

  it("takes the key from a file, and warns when others can read it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-key-"));
    try {
      const file = join(folder, "key");
      await writeFile(file, `${privateKeyOf(1)}\n`, { mode: 0o600 });
      const args = ["plan", "list", "--key-file", file, "--json"];
      const closed = await recourse(args, { RECOURSE_PRIVATE_KEY: undefined });
      assert.deepEqual([closed.code, closed.stderr], [0, ""]);
      assert.equal(JSON.parse(closed.stdout).merchant, merchant.address);

      await chmod(file, 0o644);
      const open = await recourse(args, { RECOURSE_PRIVATE_KEY: privateKeyOf(2) });
      assert.equal(JSON.parse(open.stdout).merchant, merchant.address, "the option goes before the environment");
      assert.match(open.stderr, /^Warning: Others on this machine can read/);
    } finally {
      await rm(folder, { recursive: true });
    }
    const { code, message } = await failure(["plan", "list", "--key-file", join(folder, "key")]);
    assert.equal(code, 2);
    assert.match(message, /cannot be read/);
  });

  const badKeys = ["0x1234", "not a key", `0x${"f".repeat(64)}`, `${"a1".repeat(33)}`];
  for (const key of badKeys) {
    it(`refuses the key ${key.slice(0, 9)}… and does not show it`, async () => {
      const { code, stderr } = await recourse(["plan", "list"], { RECOURSE_PRIVATE_KEY: key });
      assert.equal(code, 2);
      assert.match(stderr, /does not hold a private key/);
      assert.ok(!stderr.includes(key));
    });
  }

  it("shows neither the key nor the node's URL, whatever goes wrong", async () => {
    const secret = "a-key-of-the-node";
    const proxy = await startRpcProxy(world.rpcUrl, (body) => body.replace('"eth_getCode"', '"eth_nothing"'));
    try {
      const ways = [`http://127.0.0.1:9/${secret}`, `${proxy.url}/${secret}`, `ftp://example.org/${secret}`];
      for (const url of ways) {
        for (const args of [["--rpc", url], [`--rpc=${url}`]]) {
          const { code, stderr, stdout } = await recourse(["plan", "show", USDC, ...args]);
          assert.notEqual(code, 0);
          assert.equal(stdout, "");
          assert.ok(!stderr.includes(secret), stderr);
          assert.ok(!stderr.includes(privateKeyOf(1).slice(2)));
        }
      }
    } finally {
      await proxy.stop();
    }
  });

  it("says that a node does not answer", async () => {
    const { code, message } = await failure(["plan", "list"], { RECOURSE_RPC_URL: "http://127.0.0.1:9" });
    assert.equal(code, 1);
    assert.match(message, /did not answer/);
  });

  it("says that the key has nothing to pay gas with", async () => {
    const { code, facts, message } = await failure(["plan", "create", "--price", "1", "--every", "1d", "--yes"], {
      RECOURSE_PRIVATE_KEY: generatePrivateKey(),
    });
    assert.equal(code, 1);
    assert.match(message, /too little ETH for gas/);
    assert.equal(facts.Balance, "0");
  });

  /* LIST */

  describe("plan list", () => {
    it("finds the plans of a receiver and of an operator, and nobody else's", async () => {
      const receiver = developmentAccount(10).address;
      const address = await newPlan("--receiver", receiver, "--operator", developmentAccount(11).address);
      for (const index of [10, 11]) {
        const { plans } = await json(["plan", "list", "--merchant", developmentAccount(index).address]);
        assert.deepEqual(
          plans.map(({ plan: listed, stage, words }: Record<string, string>) => [listed, stage, words]),
          [[address, "open", "$9.99 every 30 days"]],
        );
      }
      const { plans } = await json(["plan", "list"], { RECOURSE_PRIVATE_KEY: privateKeyOf(10) });
      assert.equal(plans.length, 1, "the key's own");
      assert.deepEqual((await json(["plan", "list", "--merchant", developmentAccount(12).address])).plans, []);

      const { stdout } = await recourse(["plan", "list", "--merchant", receiver]);
      assert.match(
        stdout,
        new RegExp(`^${receiver} has 1 plan on Base Sepolia:\n  ${address}  open  \\$9\\.99 every 30 days\n$`),
      );
    });

    it("begins where it is told", async () => {
      const first = await newPlan();
      const { plans } = await json(["plan", "list"]);
      const { block } = plans.find((listed: { plan: Address }) => listed.plan === first);
      const later = await json(["plan", "list", "--from-block", String(block + 1)]);
      assert.ok(!later.plans.some((listed: { plan: Address }) => listed.plan === first));
      const from = await json(["plan", "list", "--from-block", String(block)]);
      assert.equal(from.plans[0].plan, first);
    });

    it("asks a node for as few blocks as it puts up with, and does without old states", async () => {
      // One by one: of blocks that are mined together, the local node forgets the state.
      for (let i = 0; i < 150; i++) await world.client.mine({ blocks: 1 });
      const { plans } = await json(["plan", "list"]);
      let asked = 0;
      const proxy = await startRpcProxy(world.rpcUrl, (body) => {
        const { method, params } = JSON.parse(body);
        if (method === "eth_getCode" && params[1] !== "latest") return body.replace(method, "eth_forgotten");
        if (method !== "eth_getLogs") return body;
        asked += 1;
        return params[0].toBlock - params[0].fromBlock < 70 ? body : body.replace(method, "eth_tooMany");
      });
      try {
        assert.deepEqual((await json(["plan", "list", "--rpc", proxy.url])).plans, plans);
        assert.ok(asked > 3, `${asked} requests`);
      } finally {
        await proxy.stop();
      }
    });
  });

  /* SHOW */

  it("shows who is in a plan, and its money", async () => {
    plan = await newPlan("--refund-window", "7d", "--fee", "1%", "--fee-receiver", feeReceiver);
    assert.match((await recourse(["plan", "show", plan])).stdout, /Nobody has subscribed yet\./);
    const agent = developmentAccount(13).address;
    await subscribeTo(world.rpcUrl, plan, subscriber, { quantity: 2n });
    await subscribeTo(world.rpcUrl, plan, subscriber, { beneficiary: agent });
    await subscribeTo(world.rpcUrl, plan, developmentAccount(6));

    const { money, subscribers } = await json(["plan", "show", plan]);
    const view = await subscriptionNow();
    assert.deepEqual(
      [money.charged, money.returned, money.held, money.claimable, money.credit],
      [String(4n * PRICE), "0", String(4n * PRICE), "0", "0"],
    );
    assert.equal(money.nextMaturesAt, view.maturesAt);
    assert.deepEqual(subscribers[0], {
      subscriber: subscriber.address,
      beneficiary: subscriber.address,
      status: "active",
      isActive: true,
      quantity: 2,
      paidThrough: view.paidThrough,
      nextCharge: { amount: String(2n * PRICE), from: view.chargeableFrom, until: view.chargeableUntil },
      newestCharge: {
        amount: String(2n * PRICE),
        closesAt: view.closesAt,
        maturesAt: view.maturesAt,
        undoable: String(2n * PRICE),
      },
    });
    assert.deepEqual(
      subscribers.map(({ beneficiary }: { beneficiary: Address }) => beneficiary),
      [subscriber.address, agent, developmentAccount(6).address],
    );

    const { stdout } = await recourse(["plan", "show", plan]);
    assert.match(stdout, /held +\$39\.96, the next matures at/);
    assert.match(stdout, new RegExp(`${subscriber.address} for ${agent} +active +2`));

    // Thirty days later the next periods are due, and what was charged has matured.
    await travel(30 * DAY);
    const later = await json(["plan", "show", plan]);
    assert.deepEqual([later.money.held, later.money.claimable], ["0", String(4n * PRICE)]);
    assert.deepEqual(
      later.subscribers.map(({ status }: { status: string }) => status),
      ["pastDue", "pastDue", "pastDue"],
    );
    assert.match((await recourse(["plan", "show", plan])).stdout, /past due/);
    await charge(world.client, { address: plan, pairs: [pairOf(subscriber.address)], tokenGas: PAYOUT_GAS });
    const charged = await json(["plan", "show", plan]);
    assert.deepEqual([charged.money.held, charged.money.charged], [String(2n * PRICE), String(6n * PRICE)]);
  });

  it("takes no other contract for a plan", async () => {
    const { "refund-window": refundWindow, "subscription-plan": subscriptionPlan } = addresses;
    for (const other of [USDC, merchant.address, subscriptionPlan.implementation, refundWindow.factory]) {
      for (const args of [["show"], ["close", "--yes"], ["claim", "--yes"]]) {
        const { code, message } = await failure(["plan", ...args, other]);
        assert.equal(code, 1);
        assert.match(message, /is no plan of ours/);
      }
    }
  });

  /* THE SUBSCRIBERS' MONEY */

  describe("with a subscriber", () => {
    beforeEach(async () => {
      plan = await newPlan();
      await subscribeTo(world.rpcUrl, plan, subscriber);
    });

    it("gives the newest charge back, and lets the subscription go on", async () => {
      const before = await balanceOf(subscriber.address);
      const done = await asAnnounced(["plan", "refund", plan, subscriber.address]);
      assert.deepEqual(done.transactions[0].movements, [{ from: plan, to: subscriber.address, amount: String(PRICE) }]);
      assert.equal(await balanceOf(subscriber.address), before + PRICE);
      assert.equal((await subscriptionNow()).status, SubscriptionStatus.Active);
      assert.equal((await json(["plan", "show", plan])).money.returned, String(PRICE));

      const { code, message } = await failure(["plan", "refund", plan, subscriber.address, "--yes"]);
      assert.equal(code, 1);
      assert.match(message, /holds no charge of/);
    });

    it("refunds no other charge than the one that is meant", async () => {
      const { closesAt } = await subscriptionNow();
      const args = ["plan", "refund", plan, subscriber.address, "--yes", "--closes-at"];
      const { code, name } = await failure([...args, String(closesAt - 1)]);
      assert.deepEqual([code, name], [1, "ChargeNotHeldError"]);
      assert.equal((await json([...args, String(closesAt)])).transactions.length, 1);
    });

    it("refunds nothing that has matured, and says when it did", async () => {
      const { maturesAt } = await subscriptionNow();
      await travel(8 * DAY);
      const { facts, name, next } = await failure(["plan", "refund", plan, subscriber.address, "--yes"]);
      assert.equal(name, "ChargeMaturedError");
      assert.ok(facts["Matures at"].startsWith(`${maturesAt} (20`), facts["Matures at"]);
      assert.match(next, /ordinary transfer/);
    });

    it("lets only the merchant", async () => {
      const stranger = { RECOURSE_PRIVATE_KEY: privateKeyOf(7) };
      const args = [["refund", subscriber.address], ["cancel", subscriber.address], ["close"], ["end"]];
      for (const [name = "", ...rest] of args) {
        const error = await failure(["plan", name, plan, ...rest, "--yes"], stranger);
        assert.deepEqual([error.code, error.name], [1, "NotMerchantError"]);
      }
    });

    it("refunds and cancels by the operator's key", async () => {
      plan = await newPlan("--operator", operator.address);
      await subscribeTo(world.rpcUrl, plan, subscriber);
      const asOperator = { RECOURSE_PRIVATE_KEY: privateKeyOf(3) };
      await asAnnounced(["plan", "refund", plan, subscriber.address], asOperator);
      await asAnnounced(["plan", "cancel", plan, subscriber.address], asOperator);
      assert.equal((await subscriptionNow()).status, SubscriptionStatus.Canceled);
    });

    it("cancels at the end of what is paid", async () => {
      const { paidThrough } = await subscriptionNow();
      const done = await asAnnounced(["plan", "cancel", plan, subscriber.address]);
      assert.deepEqual([done.accessUntil, done.transactions[0].movements], [paidThrough, []]);
      const { isActive, status } = await subscriptionNow();
      assert.deepEqual([isActive, status], [true, SubscriptionStatus.Canceled]);

      const block = await world.client.getBlockNumber();
      const again = await json(["plan", "cancel", plan, subscriber.address, "--yes"]);
      assert.deepEqual([again.status, again.transactions], ["canceled", []]);
      assert.equal(await world.client.getBlockNumber(), block);
    });

    it("finds nothing to cancel where nobody subscribed", async () => {
      for (const now of [[], ["--now"]]) {
        const { code, stdout } = await recourse(["plan", "cancel", plan, merchant.address, "--yes", ...now]);
        assert.equal(code, 0);
        assert.match(stdout, /never subscribed to 0x\w+\. Nothing was sent\./);
      }
    });

    it("ends now with what the plan holds", async () => {
      const before = await balanceOf(subscriber.address);
      const done = await asAnnounced(["plan", "cancel", plan, subscriber.address, "--now"]);
      assert.deepEqual([done.owed, done.held, done.topUp], [String(PRICE), String(PRICE), "0"]);
      assert.equal(await balanceOf(subscriber.address), before + PRICE);
      assert.equal((await subscriptionNow()).isActive, false);
    });

    it("ends now a subscription that was canceled and is paid", async () => {
      await json(["plan", "cancel", plan, subscriber.address, "--yes"]);
      const { owed } = await json(["plan", "cancel", plan, subscriber.address, "--now", "--yes"]);
      assert.equal(owed, String(PRICE));
      assert.deepEqual((await json(["plan", "cancel", plan, subscriber.address, "--now", "--yes"])).transactions, []);
    });

    it("ends now with the merchant's own money where the charge has matured", async () => {
      await travel(8 * DAY);
      const args = ["plan", "cancel", plan, subscriber.address, "--now"];
      const poor = await newAccount();
      plan = await newPlan("--operator", poor.address);
      await subscribeTo(world.rpcUrl, plan, subscriber);
      await travel(8 * DAY);
      const short = await failure(["plan", "cancel", plan, subscriber.address, "--now", "--yes"], {
        RECOURSE_PRIVATE_KEY: poor.key,
      });
      assert.deepEqual([short.code, short.facts["To add"], short.facts.Balance], [1, "$9.99", "$0.00"]);
      assert.equal((await subscriptionNow()).isActive, true, "nothing was sent, not even the approval");

      const [merchants, subscribers] = await Promise.all(
        [merchant, subscriber].map(({ address }) => balanceOf(address)),
      );
      await mintUsdc(world.client, merchant.address, PRICE);
      args[2] = plan;
      const done = await asAnnounced(args);
      assert.deepEqual([done.owed, done.held, done.topUp], [String(PRICE), "0", String(PRICE)]);
      assert.deepEqual(
        done.transactions.map((transaction: { function: string }) => transaction.function),
        ["approve", "endFor"],
      );
      assert.equal(await balanceOf(merchant.address), merchants);
      assert.equal(await balanceOf(subscriber.address), (subscribers ?? 0n) + PRICE);
      assert.equal((await subscriptionNow()).isActive, false);
      const left = await world.client.readContract({
        abi: erc20Abi,
        address: USDC,
        args: [merchant.address, plan],
        functionName: "allowance",
      });
      assert.equal(left, 0n, "it approved what was needed");
    });

    /** An account with gas and nothing else. */
    async function newAccount(): Promise<{ address: Address; key: Hex }> {
      await world.client.setBalance({ address: developmentAccount(15).address, value: 10n ** 18n });
      return { address: developmentAccount(15).address, key: privateKeyOf(15) };
    }

    it("says what is left to do when the second of two transactions fails", async () => {
      await travel(8 * DAY);
      await mintUsdc(world.client, merchant.address, PRICE);
      // The approval goes through; then the token is paused.
      const fiatToken = fiatTokenCaller(world.client);
      const proxy = await startRpcProxy(world.rpcUrl);
      const ending = recourse([
        "plan",
        "cancel",
        plan,
        subscriber.address,
        "--now",
        "--yes",
        "--json",
        "--rpc",
        proxy.url,
      ]);
      while (proxy.broadcasts() === 0) await new Promise((done) => setTimeout(done, 5));
      await fiatToken("blacklist", [merchant.address]);
      try {
        const { code, stdout } = await ending;
        assert.equal(code, 1);
        const { error } = JSON.parse(stdout);
        assert.match(error.message, /^Not all was done: end the subscription/);
        assert.match(error.facts.Done, /^let the plan take \$9\.99 from 0x\w+ \(0x\w{64}\)$/);
      } finally {
        await fiatToken("unBlacklist", [merchant.address]);
        await proxy.stop();
      }
      assert.equal((await subscriptionNow()).isActive, true);
      const { transactions } = await json(["plan", "cancel", plan, subscriber.address, "--now", "--yes"]);
      assert.deepEqual(
        transactions.map((transaction: { function: string }) => transaction.function),
        ["endFor"],
        "it goes on from what is done",
      );
    });

    it("closes a plan, then ends it, and neither twice", async () => {
      const stage = () => planStage(world.client, { address: plan });
      await asAnnounced(["plan", "close", plan]);
      assert.equal(await stage(), PlanStage.Closed);
      assert.deepEqual((await json(["plan", "close", plan, "--yes"])).transactions, []);
      await asAnnounced(["plan", "end", plan]);
      assert.equal(await stage(), PlanStage.Ended);
      for (const name of ["close", "end"]) {
        const { code, stdout } = await recourse(["plan", name, plan, "--yes"]);
        assert.equal(code, 0);
        assert.equal(stdout, `${plan} is ended already. Nothing was sent.\n`);
      }
      assert.equal((await json(["plan", "show", plan])).subscribers[0].status, "prepaid");
    });

    it("claims nothing before it has matured", async () => {
      const found = await json(["plan", "claim", plan, "--yes"]);
      assert.deepEqual([found.claimable, found.held, found.transactions], ["0", String(PRICE), []]);
      const { stdout } = await recourse(["plan", "claim", plan, "--yes"]);
      assert.match(stdout, /^There is nothing to claim\. \$9\.99 is held; the next of it matures at 20/);
    });

    it("claims what has matured, of all hours at once", async () => {
      await travel(3_600);
      await subscribeTo(world.rpcUrl, plan, developmentAccount(6));
      await travel(8 * DAY);
      const before = await balanceOf(merchant.address);
      const done = await asAnnounced(["plan", "claim", plan], { RECOURSE_PRIVATE_KEY: privateKeyOf(7) });
      assert.equal(done.transactions.length, 1);
      assert.equal(await balanceOf(merchant.address), before + 2n * PRICE, "whoever sends it, the receiver is paid");
      assert.deepEqual((await json(["plan", "claim", plan, "--yes"])).transactions, []);
    });
  });

  it("claims the setup fee of a trial, and shares what it claims", async () => {
    plan = await newPlan("--trial", "14d", "--setup-fee", "5", "--fee", "10%", "--fee-receiver", feeReceiver);
    await subscribeTo(world.rpcUrl, plan, subscriber);
    await travel(8 * DAY);
    assert.equal((await json(["plan", "show", plan])).subscribers[0].status, "trialing");
    const before = await balanceOf(feeReceiver);
    const done = await asAnnounced(["plan", "claim", plan]);
    assert.deepEqual(done.transactions[0].movements, [
      { from: plan, to: merchant.address, amount: "4500000" },
      { from: plan, to: feeReceiver, amount: "500000" },
    ]);
    assert.equal(await balanceOf(feeReceiver), before + 500_000n);
  });

  it("says that a payout failed, and makes it when it can be made", async () => {
    plan = await newPlan();
    await subscribeTo(world.rpcUrl, plan, subscriber);
    await travel(8 * DAY);
    const fiatToken = fiatTokenCaller(world.client);
    await fiatToken("blacklist", [merchant.address]);
    try {
      const { stdout } = await recourse(["plan", "claim", plan, "--yes"]);
      assert.match(stdout, new RegExp(`could not pay \\$9\\.99 to ${merchant.address}: it waits there as a credit`));
    } finally {
      await fiatToken("unBlacklist", [merchant.address]);
    }
    assert.equal((await json(["plan", "show", plan])).money.credit, String(PRICE));
    const before = await balanceOf(merchant.address);
    const done = await asAnnounced(["plan", "claim", plan]);
    assert.equal(done.transactions[0].function, "withdraw");
    assert.equal(await balanceOf(merchant.address), before + PRICE);
    const { balance } = await creditOf(world.client, { address: plan, owner: merchant.address, token: USDC });
    assert.equal(balance, 0n);
  });

  /* SOMEBODY AT A TERMINAL */

  describe("at a terminal", { timeout: 60_000 }, () => {
    const ENTER = "\r";
    const CTRL_C = "\u0003";
    const CLEAR = "\u0015";

    /** Types the answers, each when its question has been asked, and says what was shown. */
    async function atTerminal(args: readonly string[], dialogue: readonly [question: string, keys: string][]) {
      const [input, output, messages] = [new PassThrough(), new PassThrough(), new PassThrough()];
      const [shown, result] = [[] as string[], readText(output)];
      const waiting = [...dialogue];
      let seen = "";
      messages.on("data", (chunk: Buffer) => {
        shown.push(String(chunk));
        seen += String(chunk);
        const [next] = waiting;
        if (!next || !seen.includes(next[0])) return;
        waiting.shift();
        seen = "";
        // One key at a time, as fingers do.
        for (const key of next[1].match(/\r|[^\r]+/g) ?? []) setImmediate(() => input.write(key));
      });
      const env = asMerchant();
      const code = await run(args, { env, input, output, messages, isInteractive: true, isTerminal: true });
      output.end();
      assert.deepEqual(waiting, [], "every question was asked");
      return { code, stdout: await result, shown: shown.join("") };
    }

    const questions = (price: string, sure: string): [string, string][] => [
      ["Price of a period", `${price}${ENTER}`],
      ["How often", ENTER],
      ["Free trial", `${CLEAR}14d${ENTER}`],
      ["Setup fee", ENTER],
      ["undo a charge", ENTER],
      ["Deploy this plan?", sure],
    ];

    it("asks for what a plan needs, shows what it will do, and does it", async () => {
      const { code, shown, stdout } = await atTerminal(["plan", "create"], questions("7.77", "y"));
      assert.equal(code, 0, shown);
      assert.match(shown, /\$7\.77 a month, in USDC on Base Sepolia/);
      assert.match(shown, /Transaction 1 would deploy the plan/);
      const [, address] = /^Created the plan (0x\w{40})\./.exec(stdout) ?? [];
      assert.notEqual(await world.client.getCode({ address: address as Address }), undefined);
      assert.match(stdout, /The first 14 days cost nothing/);
    });

    it("sends nothing when somebody says no", async () => {
      const block = await world.client.getBlockNumber();
      const { code, shown, stdout } = await atTerminal(["plan", "create"], questions("7.78", "n"));
      assert.deepEqual([code, stdout], [1, ""]);
      assert.match(shown, /Nothing was sent\.\n$/);
      assert.equal(await world.client.getBlockNumber(), block);
    });

    it("sends nothing after Ctrl-C", async () => {
      const { code, shown } = await atTerminal(["plan", "create"], [["Price of a period", CTRL_C]]);
      assert.equal(code, 1);
      assert.match(shown, /Nothing was sent\.\n$/);
    });

    it("asks again when an answer makes no sense", async () => {
      const { code, shown } = await atTerminal(
        ["plan", "create"],
        [
          ["Price of a period", `cheap${ENTER}`],
          ["is no amount", CTRL_C],
        ],
      );
      assert.equal(code, 1);
      assert.match(shown, /"cheap" is no amount\. Write it like "9\.99"\./);
    });

    it("asks for the plan where none is named", async () => {
      plan = await newPlan();
      const { code, stdout } = await atTerminal(["plan", "show"], [["Address of the plan", `${plan}${ENTER}`]]);
      assert.equal(code, 0);
      assert.ok(stdout.startsWith(`${plan}: $9.99 every 30 days, open\n`));
    });

    it("asks whom to refund, and whether it is meant", async () => {
      plan = await newPlan();
      await subscribeTo(world.rpcUrl, plan, subscriber);
      const { code, stdout } = await atTerminal(
        ["plan", "refund", plan],
        [
          ["Address of the subscriber", `${subscriber.address}${ENTER}`],
          ["Give $9.99 back", "y"],
        ],
      );
      assert.equal(code, 0);
      const [, hash] = /Transaction (0x\w{64})/.exec(stdout) ?? [];
      const { logs } = await world.client.getTransactionReceipt({ hash: hash as Hex });
      assert.equal(parseEventLogs({ abi: erc20Abi, eventName: "Transfer", logs })[0]?.args.value, PRICE);
    });
  });
});

describe("the package", () => {
  it("has a command that a shell can start", async () => {
    const manifest = JSON.parse(await readFile(join(sdk, "package.json"), "utf8"));
    assert.equal(resolve(sdk, manifest.bin.recourse), main);
    assert.match(await readFile(main, "utf8"), /^#!\/usr\/bin\/env node\n/);
  });

  it("keeps the command, and what it is made of, out of its sub-paths", async () => {
    const manifest = JSON.parse(await readFile(join(sdk, "package.json"), "utf8"));
    const seen = new Set<string>();
    const imported = new Set<string>();
    const visit = async (file: string): Promise<void> => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = await readFile(file, "utf8");
      for (const [, name = ""] of source.matchAll(/(?:from|import)\s*\(?\s*"([^"]+)"/g)) {
        if (name.startsWith(".")) await visit(join(dirname(file), name));
        else imported.add(name);
      }
    };
    for (const target of Object.values<string>(manifest.exports)) {
      if (target.endsWith(".js")) await visit(join(sdk, target));
    }
    assert.ok(imported.has("viem"));
    assert.deepEqual(
      [...seen].filter((file) => file.includes("/cli/")),
      [],
    );
    assert.deepEqual(
      [...imported].filter((name) => /^(commander|@clack)/.test(name)),
      [],
    );
  });
});
