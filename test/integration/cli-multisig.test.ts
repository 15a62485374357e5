import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { PassThrough } from "node:stream";
import { text as readText } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { multisigAbi } from "@recourse/sdk/abis";
import {
  accountAddress,
  callOf,
  collectOverHttp,
  createMultisigSigner,
  encodeConfig,
  executeTypedData,
  isRevoked,
  pendingApprovals,
  config as readConfig,
  requestStandingApproval,
  type StandingGrant,
  setReserveCall,
  signExecute,
  sortConfig,
  spendableOf,
  standingApprovalId,
} from "@recourse/sdk/multisig";
import { InMemoryApprovalStorage } from "@recourse/sdk/multisig/collector";
import { type Address, concatHex, encodeFunctionData, erc20Abi, type Hex, stringToHex } from "viem";
import { developmentAccount, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { deployPlan, planTerms } from "../../scripts/lib/plans.js";
import { privateKeyOf, startWorld, type World } from "../../scripts/lib/world.js";
import type { run as runSource } from "../../sdk/src/cli/program.js";
import { subscribeTypedData } from "../../sdk/src/generated/typedData.js";
import { startCollector } from "../shared/collector.js";
import { accountRules, agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { offchainCode, planCode } from "../shared/plan-code.js";
import { receiver } from "../shared/shop.js";

const dist = resolve(import.meta.dirname, "../../sdk/dist");
const [AGENT, ALICE, BOB, STRANGER] = [30, 31, 32, 33].map(privateKeyOf) as [Hex, Hex, Hex, Hex];

type Environment = Record<string, string | undefined>;
type Ended = { code: number | null; stdout: string; stderr: string };

/** The command as it was built, in a process of its own. */
function spawned(args: readonly string[], env: Environment): { process: ChildProcess; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [join(dist, "cli/main.js"), ...args], {
    env: { PATH: process.env.PATH, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = Promise.all([once(child, "close"), readText(child.stderr)]);
  let stdout = "";
  child.stdout.on("data", (chunk) => {
    stdout += chunk;
  });
  return { process: child, ended: ended.then(([[code], stderr]) => ({ code, stderr, stdout })) };
}

const { run }: { run: typeof runSource } = await import(join(dist, "cli/program.js"));

describe("recourse multisig", { timeout: 240_000 }, () => {
  let world: World;
  let collector: Awaited<ReturnType<typeof startCollector>>;
  let storage: InMemoryApprovalStorage;
  /** Ends the waiting of agents whom nobody answered. */
  const ending = new AbortController();

  before(async () => {
    world = await startWorld();
    storage = new InMemoryApprovalStorage();
    collector = await startCollector({ client: world.client, storage });
    for (const { address } of [agent, alice, bob]) {
      await world.client.setBalance({ address, value: 10n ** 18n });
    }
  });
  after(async () => {
    ending.abort();
    await collector?.stop();
    await world?.stop();
  });

  const as = (key: Hex): Environment => ({
    RECOURSE_COLLECTOR_URL: collector.url,
    RECOURSE_PRIVATE_KEY: key,
    RECOURSE_RPC_URL: world.rpcUrl,
  });

  async function multisig(
    args: readonly string[],
    env: Environment = as(AGENT),
    keys?: string,
  ): Promise<Ended & { shown: string }> {
    const [input, output, messages] = [new PassThrough(), new PassThrough(), new PassThrough()];
    let shown = "";
    messages.on("data", (chunk) => {
      shown += chunk;
      if (keys !== undefined && String(chunk).includes("?")) setImmediate(() => input.write(keys));
    });
    const texts = Promise.all([readText(output), readText(messages)]);
    const isInteractive = keys !== undefined;
    const code = await run(["multisig", ...args], { env, input, output, messages, isInteractive, isTerminal: false });
    output.end();
    messages.end();
    const [stdout, stderr] = await texts;
    return { code, stderr, stdout, shown };
  }

  /** What it says as JSON when all goes well: one document, and nothing else anywhere. */
  async function json(args: readonly string[], env?: Environment) {
    const { code, stderr, stdout } = await multisig([...args, "--json"], env);
    assert.equal(stderr, "");
    assert.equal(code, 0, stdout);
    return JSON.parse(stdout);
  }

  /** What it says went wrong, the same in words and as JSON. */
  async function failure(args: readonly string[], env?: Environment) {
    const [asJson, inWords] = [await multisig([...args, "--json"], env), await multisig(args, env)];
    const { error } = JSON.parse(asJson.stdout);
    assert.ok(inWords.stderr.startsWith(`${error.name}: ${error.message}`), inWords.stderr);
    assert.equal(inWords.code, asJson.code);
    return { ...error, code: inWords.code };
  }

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const soon = () => Math.floor(Date.now() / 1_000) + 3_600;

  it("says what it can do", async () => {
    const { code, stdout } = await multisig(["--help"]);
    assert.equal(code, 0);
    const names = [
      "create",
      "show",
      "fund",
      "refill",
      "approvals",
      "approve",
      "reject",
      "revoke",
      "execute",
      "collector",
    ];
    for (const name of names) assert.match(stdout, new RegExp(`^  ${name} `, "m"));
  });

  /* CREATE AND SHOW */

  const rules = [
    ...["--signer", `agent:${agent.address}:1`, "--signer", `human:${alice.address}:2`],
    ...["--signer", `human:${bob.address}:2`, "--full-weight", "4", "--tiers", "1:1,$100:3", "--reserve", "20"],
    ...["--refill-per-day", "5", "--refill-target", "5"],
  ];
  const salted = (text: string): Hex => `${stringToHex(text, { size: 32 })}`;

  it("deploys the account of these rules, at the address that it told before", async () => {
    const create = ["create", ...rules, "--salt", "first"];
    const block = await world.client.getBlockNumber();
    const announced = await json([...create, "--dry-run"]);
    assert.equal(announced.account, accountAddress(accountRules(), salted("first")));
    assert.equal(await world.client.getBlockNumber(), block, "nothing was sent");

    const done = await json([...create, "--yes"]);
    assert.deepEqual([done.account, done.created], [announced.account, true]);
    assert.deepEqual(sortConfig(await readConfig(world.client, { address: done.account })), accountRules());
    const again = await json([...create, "--yes"]);
    assert.deepEqual([again.created, again.exists, again.transactions], [false, true, []]);
  });

  it("tells the address before it asks, and sends nothing on a no", async () => {
    const account = accountAddress(accountRules(), salted("asked"));
    const { code, shown } = await multisig(["create", ...rules, "--salt", "asked"], as(AGENT), "n");
    assert.equal(code, 1);
    assert.ok(shown.includes(`The account will be ${account}.`), shown);
    assert.match(shown, /up to \$1\.00 with weight 1/);
    assert.equal(await world.client.getCode({ address: account }), undefined);
  });

  it("takes the rules from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-rules-"));
    try {
      const file = join(folder, "rules.json");
      const token = { reserve: "20", refillPerDay: "5", refillTarget: "5", tiers: "1:1,100:3" };
      const signers = [`agent:${agent.address}:1`, `human:${alice.address}:2`, `human:${bob.address}:2`];
      const write = (written: unknown) => writeFile(file, JSON.stringify(written));
      await write({ fullWeight: 4, signers, tokens: [token], salt: "first" });
      const { account } = await json(["create", "--config", file, "--dry-run"]);
      assert.equal(account, accountAddress(accountRules(), salted("first")));

      await write({ fullWeight: 4, signers, tokens: [{ ...token, tier: "1:1" }] });
      const wrong = await failure(["create", "--config", file, "--dry-run"]);
      assert.deepEqual([wrong.code, wrong.name, wrong.facts.Where], [2, "UsageError", "tokens.0"]);
      const twice = await failure(["create", "--config", file, ...rules, "--dry-run"]);
      assert.match(twice.message, /given twice/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("names all that is missing", async () => {
    const { code, missing } = await failure(["create"], { RECOURSE_RPC_URL: world.rpcUrl });
    assert.equal(code, 2);
    assert.deepEqual(
      missing.map((item: string) => item.split(/[ ,]/)[0]),
      ["--key-file", "--signer", "--full-weight", "--tiers", "--yes"],
    );
  });

  const wrong: [name: string, ...args: string[]][] = [
    ["ConfigFullWeightWrongError", "--full-weight", "1"],
    ["ConfigFullWeightWrongError", "--full-weight", "6"],
    ["ConfigTierWrongError", "--tiers", "5:1,1:3"],
    ["ConfigTokenWrongError", "--refill-target", "0"],
    ["UsageError", "--signer", "robot:0x:1"],
    ["UsageError", "--tiers", "1-1"],
    ["UsageError", "--full-weight", "256"],
  ];
  for (const [name, ...args] of wrong) {
    it(`refuses ${args.join(" ")}, and says what to change`, async () => {
      const error = await failure(["create", ...rules, ...args, "--dry-run"]);
      assert.equal(error.name, name);
      assert.ok(error.next);
    });
  }

  it("shows the rules, and what agents can spend", async () => {
    const account = await deployAccount(world.client, { balance: 22n * DOLLAR });
    const found = await json(["show", account]);
    assert.deepEqual([found.epoch, found.nonce, found.rules.fullWeight], ["0", "0", 4]);
    const [spendable] = found.spendable;
    assert.deepEqual(
      [spendable.amount, spendable.afterRefill, spendable.target, spendable.perDay, spendable.reserve],
      ["2000000", "5000000", "5000000", "5000000", "20000000"],
    );
    const { stdout } = await multisig(["show", account]);
    assert.match(stdout, /in the account +\$22\.00/);
    assert.match(stdout, /spendable now without a human +\$2\.00/);
    assert.ok(!stdout.includes("is not there"), stdout);
    assert.match(stdout, new RegExp(`${alice.address} +human +weight 2`));
    for (const other of [USDC, agent.address]) {
      const error = await failure(["show", other]);
      assert.match(error.message, /no account of ours/);
    }
  });

  /* MONEY */

  it("says when the reserve is not there, and what a refill is good for then", async () => {
    const account = await deployAccount(world.client, { balance: 3n * DOLLAR });
    const [funds] = (await json(["show", account])).spendable;
    assert.deepEqual([funds.balance, funds.amount, funds.reserve], ["3000000", "0", "20000000"]);
    const { stdout } = await multisig(["show", account]);
    assert.match(stdout, /\$17\.00 of the reserve is not there: agents spend nothing until it is/);
    const refill = await multisig(["refill", account, "--dry-run"]);
    assert.match(refill.stdout, /lower the reserve, of which \$17\.00 is not there; nothing becomes spendable yet/);
  });

  it("funds the reserve, and refills what agents can spend", async () => {
    const account = await deployAccount(world.client, { balance: 20n * DOLLAR });
    await mintUsdc(world.client, alice.address, 10n * DOLLAR);
    const poor = await failure(["fund", account, "--amount", "1000", "--yes"], as(ALICE));
    assert.match(poor.message, /too little USDC/);

    const funded = await json(["fund", account, "--amount", "10", "--yes"], as(ALICE));
    assert.deepEqual(
      funded.transactions.map((transaction: { function: string }) => transaction.function),
      ["approve", "fund"],
    );
    assert.equal(await balanceOf(account), 30n * DOLLAR);
    assert.equal((await spendableOf(world.client, { address: account, token: USDC })).amount, 0n);

    await json(["refill", account, "--yes"], as(AGENT));
    assert.equal((await spendableOf(world.client, { address: account, token: USDC })).amount, 5n * DOLLAR);
    const { code, name } = await failure(["refill", account, "--yes"]);
    assert.deepEqual([code, name], [1, "NothingToRefillError"]);
  });

  /* APPROVALS */

  /** An agent that asks for a standing approval, and waits. */
  async function waiting(account: Address, resource?: string): Promise<{ id: Hex; grant: Promise<StandingGrant> }> {
    const grant = requestStandingApproval({
      account,
      client: world.client,
      collect: collectOverHttp({ url: collector.url, pollingInterval: 50 }),
      count: 3,
      maxValue: 2n * DOLLAR,
      payee: receiver.address,
      signal: ending.signal,
      signers: [agent],
      token: USDC,
      validUntil: soon(),
      ...(resource && { resource }),
    });
    grant.catch(() => {});
    for (const patience = AbortSignal.timeout(10_000); ; ) {
      const [found] = await pendingApprovals(collector, account);
      if (found) return { grant, id: found.id };
      assert.ok(!patience.aborted, "nothing was asked");
    }
  }

  it("shows what is pending in words, and signs it after asking", async () => {
    const account = await deployAccount(world.client);
    const { grant, id } = await waiting(account, "https://shop.example/feed");
    const { stdout } = await multisig(["approvals", account], as(ALICE));
    assert.ok(stdout.startsWith(`1 request of ${account}:\n`), stdout);
    const sentence = `Pay up to 3 times $2.00 (USDC), $6.00 (USDC) in all, to ${receiver.address} out of ${account}`;
    for (const part of [sentence, "for https://shop.example/feed", "needs weight 3, with a human", id]) {
      assert.ok(stdout.includes(part), `${part}\n${stdout}`);
    }

    assert.equal((await multisig(["approve", id], as(ALICE), "n")).code, 1, "a no");
    assert.equal((await pendingApprovals(collector, account)).length, 1);
    const { code, shown } = await multisig(["approve", id], as(ALICE), "y");
    assert.equal(code, 0);
    assert.ok(shown.includes(sentence));

    const signers = (await grant).signatures.map(({ signer }) => signer);
    assert.deepEqual(signers, [agent.address, alice.address]);
    assert.match((await multisig(["approvals", account])).stdout, /^0 requests of 0x\w{40} are pending\./);
    const again = await json(["approve", id, "--yes"], as(ALICE));
    assert.equal(again.sent, false);
  });

  it("tells what another account would do by it, to the last call", async () => {
    const [account, other] = [await deployAccount(world.client), await deployAccount(world.client)];
    const args = [receiver.address, 7n] as const;
    const data = encodeFunctionData({ abi: erc20Abi, args, functionName: "transfer" });
    const message = { epoch: 0n, calls: [{ to: USDC, value: 0n, data }], nonce: 0n, deadline: BigInt(soon()) };
    const signing = createMultisigSigner({
      account,
      client: world.client,
      collect: collectOverHttp({ url: collector.url, pollingInterval: 50 }),
      signal: ending.signal,
      signers: [agent],
    }).signTypedData(executeTypedData({ address: other, chainId: world.client.chain.id, message }));
    signing.catch(() => {});
    for (const patience = AbortSignal.timeout(10_000); (await pendingApprovals(collector, account)).length === 0; ) {
      assert.ok(!patience.aborted, "nothing was asked");
    }

    const { stdout } = await multisig(["approvals", account], as(ALICE));

    for (const part of [
      `Let ${account} sign Execute for ${other}`,
      `Let ${other} make a call`,
      `call transfer(${receiver.address}, 7) of ${USDC}`,
      `${receiver.address} gets $0.000007`,
    ]) {
      assert.ok(stdout.includes(part), stdout);
    }
  });

  it("hides nothing behind the words of a call", async () => {
    const account = await deployAccount(world.client);
    const words = encodeFunctionData({ abi: erc20Abi, args: [receiver.address, 7n], functionName: "transfer" });
    const data = concatHex([words, "0xc0ffee"]);
    const { stdout } = await multisig(["execute", account, "--to", USDC, "--data", data, "--dry-run"], as(ALICE));
    assert.ok(stdout.includes(`call ${USDC}\n    data ${data}\n`), stdout);
  });

  it("tells what a subscription costs, and the most that it can take", async () => {
    const account = await deployAccount(world.client);
    const plan = await deployPlan(world.client, planTerms({ price: 2n * DOLLAR, setupFee: 3n * DOLLAR }));
    const terms = { maxFirstCharge: 7n * DOLLAR, maxPeriods: 12n, quantity: 2n, serial: 0n };
    const ask = (to: Address) => {
      const message = { subscriber: account, beneficiary: agent.address, ...terms, deadline: BigInt(soon()) };
      createMultisigSigner({
        account,
        client: world.client,
        collect: collectOverHttp({ url: collector.url, pollingInterval: 50 }),
        signal: ending.signal,
        signers: [agent],
      })
        .signTypedData(subscribeTypedData({ address: to, chainId: world.client.chain.id, message }))
        .catch(() => {});
    };
    const listedAs = async (count: number) => {
      for (const patience = AbortSignal.timeout(10_000); ; assert.ok(!patience.aborted, "nothing was asked")) {
        if ((await pendingApprovals(collector, account)).length === count) break;
      }
      return (await multisig(["approvals", account], as(ALICE))).stdout;
    };
    ask(plan);
    const sentence = `2 times $2.00 a month for up to 12 periods: at most $51.00 in all, to ${receiver.address}`;
    const known = await listedAs(1);
    assert.ok(known.includes(sentence), known);

    ask(developmentAccount(52).address);
    const unknown = await listedAs(2);
    assert.match(unknown, /no plan of this suite here, or not deployed yet: nobody can tell what it takes/);
  });

  it("lists the others when what one would subscribe to answers in a strange way", async () => {
    const account = await deployAccount(world.client);
    const plan = developmentAccount(50).address;
    await world.client.setCode({ address: plan, bytecode: planCode({ price: DOLLAR, token: USDC }) });
    const deadline = BigInt(soon());
    const terms = { maxFirstCharge: DOLLAR, maxPeriods: 1n, quantity: 1n, serial: 0n };
    const message = { subscriber: account, beneficiary: agent.address, ...terms, deadline };
    const signing = createMultisigSigner({
      account,
      client: world.client,
      collect: collectOverHttp({ url: collector.url, pollingInterval: 50 }),
      signal: ending.signal,
      signers: [agent],
    }).signTypedData(subscribeTypedData({ address: plan, chainId: world.client.chain.id, message }));
    signing.catch(() => {});
    await waiting(account);
    for (const patience = AbortSignal.timeout(10_000); (await pendingApprovals(collector, account)).length < 2; ) {
      assert.ok(!patience.aborted, "nothing was asked");
    }
    const bytecode = offchainCode({ address: plan, url: "http://127.0.0.1:9" });
    await world.client.setCode({ address: plan, bytecode });

    const { approvals } = await json(["approvals", account], as(ALICE));

    const usable = approvals.map(({ isUsable }: { isUsable: boolean }) => isUsable);
    assert.deepEqual(usable.sort(), [false, true]);
  });

  it("says that a resource does not match, whatever the collector lets through", async () => {
    const account = await deployAccount(world.client);
    const { id } = await waiting(account, "https://shop.example/feed");
    await storage.update(id, (current) => ({ ...current, resource: "https://shop.example/\u001b[2Jother" }));
    const { stdout } = await multisig(["approvals", account]);
    assert.match(stdout, /resource does not match: https:\/\/shop\.example\/\\u\{1b\}\[2Jother was told/);
    const { approvals } = await json(["approvals", account]);
    assert.equal(approvals[0].resourceMatches, false);
  });

  it("believes no collector what is needed, who signed and who refused", async () => {
    const account = await deployAccount(world.client);
    const { id } = await waiting(account);
    const signature: Hex = `0x${"11".repeat(65)}`;
    await storage.update(id, (current) => ({
      ...current,
      neededWeight: 1,
      needsHuman: false,
      rejections: [{ reason: "no", signature, signer: bob.address }],
      signatures: [...current.signatures, { signature, signer: alice.address }],
    }));
    const [request] = (await json(["approvals", account, "--approved"])).approvals;
    assert.deepEqual(
      [request.neededWeight, request.needsHuman, request.rejections, request.missing.length],
      [3, true, [], 2],
    );
    const { stdout } = await multisig(["approvals", account, "--approved"]);
    assert.match(stdout, /needs weight 3, with a human; signed by 0x\w{40} \(agent, 1\)\n/);
    assert.equal((await json(["approve", id, "--yes"], as(ALICE))).sent, true, "she has not signed");
  });

  it("tells what can no longer be used, and lets nobody sign it", async () => {
    const account = await deployAccount(world.client);
    const { id } = await waiting(account);
    const data = encodeFunctionData({
      abi: multisigAbi,
      args: [encodeConfig(accountRules({ payees: [alice.address] }))],
      functionName: "reconfigure",
    });
    await world.client.impersonateAccount({ address: account });
    await world.client.setBalance({ address: account, value: 10n ** 18n });
    await world.client.sendTransaction({ account, data, to: account });
    const [request] = (await json(["approvals", account])).approvals;
    assert.equal(request.isUsable, false);
    assert.match((await multisig(["approvals", account])).stdout, /cannot be used: The account's rules have changed/);
    assert.equal((await failure(["approve", id, "--yes"], as(ALICE))).name, "RulesChangedError");
  });

  it("lets nobody sign who does not sign for the account, and signs nothing in a dry run", async () => {
    const account = await deployAccount(world.client);
    const { id } = await waiting(account);
    const stranger = await failure(["approve", id, "--yes"], as(STRANGER));
    assert.match(stranger.message, /does not sign for/);
    assert.equal((await json(["approve", id, "--dry-run"], as(ALICE))).sent, false);
    const unknown = await failure(["approve", `0x${"11".repeat(32)}`, "--yes"], as(ALICE));
    assert.match(`${unknown.message} ${unknown.next}`, /has no request 0x1111.* It may have expired/);
    const nowhere = { ...as(ALICE), RECOURSE_COLLECTOR_URL: undefined };
    assert.match((await failure(["approve", id, "--yes"], nowhere)).missing[0], /^--collector/);
    assert.equal((await failure(["approve", "7", "--yes"], as(ALICE))).code, 2);
    const away = await failure(["approvals", account, "--collector", "http://127.0.0.1:9"]);
    assert.deepEqual([away.code, away.name], [1, "CollectorUnreachableError"]);
    assert.equal(away.facts.collector, "http://127.0.0.1:9");
    const secret = await failure(["approvals", account, "--collector", "http://127.0.0.1:9/key?token=7"]);
    assert.equal(secret.facts.collector, "http://127.0.0.1:9/<concealed>");
    const begun = await failure(["approvals", account, "--rpc", `${world.rpcUrl}/`], {
      ...as(AGENT),
      RECOURSE_COLLECTOR_URL: `${world.rpcUrl}/secret`,
    });
    assert.equal(begun.facts.collector, `${world.rpcUrl}/<concealed>`);
  });

  it("refuses with a reason, which the agent learns", async () => {
    const account = await deployAccount(world.client);
    const { grant, id } = await waiting(account);
    await json(["reject", id, "--reason", "too dear", "--yes"], as(ALICE));
    const { stdout } = await multisig(["approvals", account]);
    assert.match(stdout, /refused by 0x\w{40}: too dear/);
    assert.ok(stdout.includes(`may still sign: ${bob.address} (human, 2)\n`), stdout);
    await json(["reject", id, "--yes"], as(BOB));
    await assert.rejects(grant, /too dear/);
  });

  it("reminds whoever has refused, and lets them sign all the same", async () => {
    const account = await deployAccount(world.client);
    const { grant, id } = await waiting(account);
    await json(["reject", id, "--yes"], as(ALICE));
    const { code, shown } = await multisig(["approve", id], as(ALICE), "y");
    assert.match(shown, /You have refused this\. Sign this\?/);
    assert.equal(code, 0);
    assert.equal((await grant).signatures.length, 2);
  });

  it("revokes a standing approval by the key of a human", async () => {
    const account = await deployAccount(world.client);
    const { grant, id } = await waiting(account);
    await json(["approve", id, "--yes"], as(BOB));
    const approval = standingApprovalId(await grant);
    assert.deepEqual((await json(["approvals", account])).approvals, []);
    const [known] = (await json(["approvals", account, "--approved"])).approvals;
    assert.equal(known.id, approval);
    const refused = await failure(["revoke", account, approval, "--yes"], as(AGENT));
    assert.equal(refused.name, "NotHumanError");
    await json(["revoke", account, approval, "--yes"], as(BOB));
    assert.equal(await isRevoked(world.client, { address: account, approval }), true);
    assert.deepEqual((await json(["revoke", account, approval, "--yes"], as(BOB))).transactions, []);
  });

  /* EXECUTE */

  it("sets the reserve with the signatures of two, collected", async () => {
    const account = await deployAccount(world.client);
    const args = ["execute", account, "--set-reserve", "7"];
    const tried = await json([...args, "--dry-run"], as(ALICE));
    assert.deepEqual(tried.transactions, []);
    const executing = json([...args, "--yes"], as(ALICE));
    executing.catch(() => {});
    for (const patience = AbortSignal.timeout(10_000); ; ) {
      const [found] = await pendingApprovals(collector, account);
      assert.ok(!patience.aborted, "nothing was asked");
      if (!found) continue;
      const { stdout } = await multisig(["approvals", account], as(BOB));
      assert.ok(
        stdout.includes(`call setReserve(${USDC}, 7000000) of ${account}\n    the reserve becomes $7.00`),
        stdout,
      );
      await json(["approve", found.id, "--yes"], as(BOB));
      break;
    }
    assert.equal((await executing).transactions[0].function, "execute");
    assert.equal((await spendableOf(world.client, { address: account, token: USDC })).reserve, 7n * DOLLAR);
  });

  it("ends when it says, whatever time another signer asked for", async () => {
    const account = await deployAccount(world.client);
    const asOthersAsk = (signers: (typeof agent)[], deadline: number) =>
      signExecute({
        account,
        calls: [callOf(setReserveCall({ address: account, amount: 7n * DOLLAR, token: USDC }))],
        client: world.client,
        collect: collectOverHttp({ url: collector.url, pollingInterval: 50 }),
        deadline: BigInt(deadline),
        signal: ending.signal,
        signers,
      }).catch(() => {});
    const stolen = soon();
    asOthersAsk([agent], stolen);
    const args = ["execute", account, "--set-reserve", "7", "--yes"];
    for (const patience = AbortSignal.timeout(10_000); (await pendingApprovals(collector, account)).length === 0; ) {
      assert.ok(!patience.aborted, "nothing was asked");
    }

    const executing = json(args, as(ALICE));
    executing.catch(() => {});
    for (const patience = AbortSignal.timeout(10_000); ; assert.ok(!patience.aborted, "nothing was asked")) {
      const asked = await pendingApprovals(collector, account);
      const own = asked.find(({ signatures }) => signatures.some(({ signer }) => signer === alice.address));
      if (!own) continue;
      assert.notEqual(own.typedData.message.deadline, BigInt(stolen));
      await json(["approve", own.id, "--yes"], as(BOB));
      break;
    }
    await executing;
  });

  it("gives the account other rules, which who approves reads as rules", async () => {
    const account = await deployAccount(world.client);
    const folder = await mkdtemp(join(tmpdir(), "recourse-rules-"));
    try {
      const file = join(folder, "rules.json");
      const signers = [`agent:${agent.address}:1`, `human:${alice.address}:3`, `human:${bob.address}:3`];
      await writeFile(file, JSON.stringify({ fullWeight: 6, signers, tokens: [] }));
      const executing = json(["execute", account, "--reconfigure", file, "--yes"], as(ALICE));
      executing.catch(() => {});
      for (const patience = AbortSignal.timeout(10_000); ; ) {
        const [found] = await pendingApprovals(collector, account);
        assert.ok(!patience.aborted, "nothing was asked");
        if (!found) continue;
        const { stdout } = await multisig(["approvals", account], as(BOB));
        assert.ok(stdout.includes(`give ${account} these rules:`), stdout);
        assert.ok(stdout.includes("Everything that is no payment within a tier needs weight 6."), stdout);
        await json(["approve", found.id, "--yes"], as(BOB));
        break;
      }
      await executing;
      const { fullWeight, tokens } = await readConfig(world.client, { address: account });
      assert.deepEqual({ fullWeight, tokens }, { fullWeight: 6, tokens: [] });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("asks nobody for what would fail", async () => {
    const account = await deployAccount(world.client);
    const data = "0xdeadbeef";
    const failing = await failure(["execute", account, "--to", USDC, "--data", data, "--yes"], as(ALICE));
    assert.equal(failing.code, 1);
    assert.deepEqual(await pendingApprovals(collector, account), []);
    const many = await failure(["execute", account, "--to", USDC, "--set-reserve", "7", "--yes"], as(ALICE));
    assert.match(many.message, /More than one thing/);
    const nothing = await failure(["execute", account, "--yes"], as(ALICE));
    assert.match(nothing.missing[0], /^what to do/);
  });

  it("asks nobody for what its key could not send", async () => {
    const account = await deployAccount(world.client);
    await world.client.setBalance({ address: alice.address, value: 0n });
    const poor = await failure(["execute", account, "--set-reserve", "7", "--yes"], as(ALICE));
    await world.client.setBalance({ address: alice.address, value: 10n ** 18n });
    assert.match(poor.message, /too little ETH for gas/);
    assert.deepEqual(await pendingApprovals(collector, account), []);
  });

  it("says whom it waits for, and what they are to type", async () => {
    const account = await deployAccount(world.client);
    const executing = multisig(["execute", account, "--set-reserve", "7", "--yes"], as(ALICE));
    let found: { id: Hex } | undefined;
    for (const patience = AbortSignal.timeout(10_000); !found; [found] = await pendingApprovals(collector, account)) {
      assert.ok(!patience.aborted, "nothing was asked");
    }
    const { id } = found;
    await json(["approve", id, "--yes"], as(BOB));
    const { code, stderr } = await executing;
    assert.equal(code, 0);
    assert.ok(stderr.includes(`${bob.address} (human, 2)\n  recourse multisig approve ${id}\n`), stderr);
  });

  /* AS PROCESSES */

  it("goes on after the collector and whoever waits were killed", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-cli-collector-"));
    const running: ChildProcess[] = [];
    const begin = (args: string[], env: Environment) => {
      const child = spawned(["multisig", ...args], env);
      running.push(child.process);
      return child;
    };
    const startAt = async (port: string) => {
      const args = ["collector", "--port", port, "--file", join(folder, "approvals.sqlite"), "--json"];
      const { process: child } = begin(args, { RECOURSE_RPC_URL: world.rpcUrl });
      const [line] = await once(child.stdout as NonNullable<typeof child.stdout>, "data");
      return { child, url: JSON.parse(String(line)).url as string };
    };
    const kill = async (child: ChildProcess) => {
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    };
    try {
      const account = await deployAccount(world.client);
      const first = await startAt("0");
      const place = { url: first.url };
      const env = (key: Hex) => ({ ...as(key), RECOURSE_COLLECTOR_URL: first.url });
      const args = ["execute", account, "--set-reserve", "9", "--yes", "--json"];
      const asked = begin(args, env(ALICE));
      const isThere = async () => (await pendingApprovals(place, account)).length > 0;
      for (const patience = AbortSignal.timeout(20_000); !(await isThere()); ) assert.ok(!patience.aborted);
      await kill(asked.process);
      await kill(first.child);

      const second = await startAt(new URL(first.url).port);
      const again = begin(args, env(ALICE));
      const [request, ...others] = await pendingApprovals(place, account);
      assert.ok(request);
      assert.deepEqual(others, []);
      const approved = await begin(["approve", request.id, "--yes", "--json"], env(BOB)).ended;
      assert.deepEqual([approved.code, approved.stderr], [0, ""]);
      const done = await again.ended;
      assert.equal(done.code, 0, done.stdout);
      assert.equal((await spendableOf(world.client, { address: account, token: USDC })).reserve, 9n * DOLLAR);

      const ended = once(second.child, "exit");
      second.child.kill("SIGTERM");
      assert.deepEqual(await ended, [0, null]);
    } finally {
      for (const child of running) child.kill("SIGKILL");
      await rm(folder, { recursive: true });
    }
  });

  it("tells where it collects, and not twice at one place", async () => {
    const { port } = new URL(collector.url);
    const taken = await failure(["collector", "--port", port], as(AGENT));
    assert.equal(taken.code, 1);
    for (const [option, value] of [
      ["--port", "65536"],
      ["--port", "web"],
      ["--account", "0x12"],
      ["--file", "/nowhere/approvals.sqlite"],
    ] as const) {
      assert.equal((await failure(["collector", option, value], as(AGENT))).code, 2);
    }
  });
});
