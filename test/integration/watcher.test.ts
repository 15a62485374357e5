import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { refundWindowAbi } from "@recourse/sdk/abis";
import {
  close,
  deployAndPay,
  encodeTerms as encodeEscrowTerms,
  paymentOf as escrowPaymentOf,
  PAYOUT_GAS,
  refund,
  refundNonceOf,
} from "@recourse/sdk/escrow";
import { escrow, type RefundWindowOption, refundWindow } from "@recourse/sdk/exact/server";
import { announceAssignment, deploy, encodeTerms, paymentOf } from "@recourse/sdk/refund-window";
import { pino } from "pino";
import type { Hex } from "viem";
import { ConfigError, readConfig } from "../../apps/watcher/src/config.js";
import { State } from "../../apps/watcher/src/state.js";
import { readVaults } from "../../apps/watcher/src/vaults.js";
import { Watcher } from "../../apps/watcher/src/watcher.js";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { privateKeyOf, startWorld, type World } from "../../scripts/lib/world.js";
import { authorizationOf, authorize, payPastVault, RECEIVE, type Signed } from "../shared/pastPay.js";
import { startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, operator, PRICE, receiver, WINDOW } from "../shared/shop.js";
import { startWatcher, type WatcherLine, type WatcherProcess } from "../shared/watcher.js";

const buyer = developmentAccount(5);
const SETTINGS = {
  EVM_NETWORK: NETWORK,
  EVM_RPC_URL: "http://127.0.0.1:1",
  EVM_PRIVATE_KEY: privateKeyOf(14),
  TOKENS: USDC,
  FACTORY_BLOCK: "0",
};

describe("the watcher's configuration", () => {
  it("names every setting that is wrong, and repeats no value", () => {
    const wrong = { EVM_NETWORK: "base", EVM_RPC_URL: "nowhere", EVM_PRIVATE_KEY: "0xsecret", TOKENS: "usdc" };
    assert.throws(
      () => readConfig(wrong),
      (error) =>
        error instanceof ConfigError &&
        Object.keys(wrong).every((name) => error.message.includes(name)) &&
        !/secret|nowhere|usdc/.test(error.message),
    );
  });

  it("wants something to watch", () => {
    const { FACTORY_BLOCK: _, ...nothing } = SETTINGS;
    assert.throws(() => readConfig(nothing), /VAULTS_FILE: or FACTORY_BLOCK must be given/);
  });

  it("ends the process with that message and code 1", () => {
    const { status, stderr } = spawnSync(process.execPath, ["--import", "tsx", "apps/watcher/src/main.ts"], {
      encoding: "utf8",
      env: {},
    });
    assert.equal(status, 1);
    assert.match(stderr, /^The configuration is wrong:\n {2}EVM_NETWORK: /);
  });
});

describe("the watcher", () => {
  let world: World;
  let folder: string;
  const stops: (() => Promise<void>)[] = [];
  let count = 0;

  before(async () => {
    world = await startWorld();
    folder = await mkdtemp(join(tmpdir(), "recourse-"));
    await mintUsdc(world.client, buyer.address, 1_000n * PRICE);
  });
  after(async () => {
    for (const stop of stops) await stop();
    await world.stop();
    await rm(folder, { recursive: true });
  });

  const fresh = (name: string) => join(folder, `${++count}-${name}`);

  /** A vault of its own. */
  function vault(): RefundWindowOption {
    const salt: Hex = `0x${String(++count).padStart(64, "0")}`;
    const { address } = receiver;
    return refundWindow({
      network: NETWORK,
      price: "$0.50",
      receiver: address,
      operator: operator.address,
      window: WINDOW,
      salt,
    });
  }

  async function deployVault({ extra }: RefundWindowOption): Promise<void> {
    const { factory, terms } = extra.recourse;
    const hash = await deploy(world.client, { address: factory, terms: encodeTerms(terms) });
    await world.client.waitForTransactionReceipt({ hash });
  }

  async function vaultsFile(...sales: RefundWindowOption[]): Promise<string> {
    const path = fresh("vaults.json");
    await writeFile(path, JSON.stringify(sales.map(({ extra }) => extra.recourse)));
    return path;
  }

  const payPast = async ({ payTo }: RefundWindowOption, value = PRICE) =>
    payPastVault(world.client, await authorize(buyer, payTo, value));

  const heldOf = async ({ nonce, payer, vault: address }: Signed) => {
    const ref = { method: 0, token: USDC, payer, nonce } as const;
    if ((await world.client.getCode({ address })) === undefined) return undefined;
    return (await paymentOf(world.client, { address, ref })).held;
  };

  /** The payments of these vaults that were recorded, as often as they were. */
  async function recordsIn(...sales: RefundWindowOption[]): Promise<Hex[]> {
    const events = await world.client.getContractEvents({
      abi: refundWindowAbi,
      address: sales.map(({ payTo }) => payTo),
      eventName: "Recorded",
      fromBlock: 0n,
      strict: true,
    });
    return events.map(({ args }) => args.id);
  }

  /** A watcher in this process, whose rounds are made one by one, and what it says. */
  async function watcherOf(sales: RefundWindowOption[], settings: Record<string, string> = {}) {
    const lines: WatcherLine[] = [];
    const logger = pino({}, { write: (line: string) => void lines.push(JSON.parse(line)) });
    const { FACTORY_BLOCK: _, ...named } = SETTINGS;
    const source = sales.length === 0 ? SETTINGS : { ...named, VAULTS_FILE: await vaultsFile(...sales) };
    const STATE_FILE = fresh("state.json");
    const config = readConfig({ ...source, EVM_RPC_URL: world.rpcUrl, STATE_FILE, ...settings });
    const vaults = config.VAULTS_FILE === undefined ? new Map() : await readVaults(config.VAULTS_FILE);
    const state = await State.load(config.STATE_FILE, config.EVM_NETWORK);
    const watcher = new Watcher(config, logger, state, vaults);
    const said = (msg: string) => lines.filter((line) => line.msg === msg);
    return { config, lines, round: () => watcher.round(), said, state };
  }

  const mined = (hash: Hex) => world.client.waitForTransactionReceipt({ hash });
  const mine = (blocks: number) => world.client.mine({ blocks });

  it("records what came past pay, and nothing twice", async () => {
    const sale = vault();
    const payment = await payPast(sale);
    const { round, said, state } = await watcherOf([sale]);
    for (let i = 0; i < 3; i += 1) await round();
    assert.equal(await heldOf(payment), PRICE);
    assert.equal(said("recorded").length, 1);
    assert.equal(state.contents.missing.length, 1, "until it is final");
    await mine(32);
    await round();
    assert.deepEqual([state.contents.missing, state.contents.submissions], [[], {}]);
  });

  it("records payments to several vaults in one round", async () => {
    const sales = [vault(), vault()];
    const payments: Signed[] = [];
    for (let i = 0; i < 6; i += 1) payments.push(await payPast(sales[i % 2] as RefundWindowOption, PRICE + BigInt(i)));
    const { round } = await watcherOf(sales);
    await round();
    for (const payment of payments) assert.equal(await heldOf(payment), payment.value);
  });

  it("finds the vaults of the factory, and what came to them before they existed", async () => {
    const sale = vault();
    const payment = await payPast(sale);
    const { round, said } = await watcherOf([]);
    await round();
    assert.equal(await heldOf(payment), undefined, "nobody told its terms");
    await mine(40);
    await deployVault(sale);
    await round();
    assert.equal(await heldOf(payment), PRICE);
    assert.ok(said("discovered").length > 0);
  });

  it("serves escrows too: what came past them is recorded, and what came as it should is not missing", async () => {
    const salt: Hex = `0x${String(++count).padStart(64, "0")}`;
    const terms = { network: NETWORK, price: "$0.50", receiver: receiver.address, captureWindow: 3_600 } as const;
    const { extra, payTo } = escrow({ ...terms, operator: operator.address, salt });
    const { factory } = extra.recourse;
    const authorization = authorizationOf(await authorize(buyer, payTo, PRICE));
    const encoded = encodeEscrowTerms(extra.recourse.terms);
    await mined(await deployAndPay(world.client, { address: factory, terms: encoded, authorization }));
    const ref = { method: 0, token: USDC, payer: buyer.address, nonce: authorization.nonce } as const;
    const held = { expectedHeld: PRICE, expectedCaptured: 0n, payoutGas: PAYOUT_GAS };
    const operatorClient = localClient(world.rpcUrl, operator);
    await mined(await close(operatorClient, { address: payTo, ref, amount: PRICE, ...held }));
    const nonce = await refundNonceOf(world.client, { address: payTo, ref });
    const refunding = authorizationOf(await authorize(receiver, payTo, PRICE, { nonce, primaryType: RECEIVE }));
    await mined(await refund(world.client, { address: payTo, ref, authorization: refunding, payoutGas: PAYOUT_GAS }));
    const past = await payPastVault(world.client, await authorize(buyer, payTo, PRICE));
    const window = vault();
    await deployVault(window);
    const payment = await payPast(window);

    const { round, said } = await watcherOf([]);
    await round();

    const mine = said("missing").filter((line) => [payTo, window.payTo].some((address) => address === line.vault));
    assert.equal(mine.length, 2, "only what came past");
    assert.equal(await heldOf(payment), PRICE);
    const recorded = { ...ref, nonce: past.nonce };
    assert.equal((await escrowPaymentOf(world.client, { address: payTo, ref: recorded })).held, PRICE);
    assert.equal((await escrowPaymentOf(world.client, { address: payTo, ref })).refunded, PRICE);
  });

  it("leaves dust alone", async () => {
    const sale = vault();
    const dust = await payPast(sale, 9_999n);
    const least = await payPast(sale, 10_000n);
    const { round } = await watcherOf([sale]);
    await round();
    assert.deepEqual([await heldOf(dust), await heldOf(least)], [0n, 10_000n]);
  });

  it("spends its budget on the largest", async () => {
    const sale = vault();
    const payments = [await payPast(sale, PRICE), await payPast(sale, 3n * PRICE), await payPast(sale, 2n * PRICE)];
    const { round, said } = await watcherOf([sale], { RECORDS_PER_HOUR: "2" });
    await round();
    await round();
    assert.deepEqual(await Promise.all(payments.map(heldOf)), [0n, 3n * PRICE, 2n * PRICE]);
    assert.equal(said("recorded").length, 2);
  });

  it("keeps the hash of what it cannot record in time, and records it long after", async () => {
    const sale = vault();
    const large = await payPast(sale, 2n * PRICE);
    const small = await payPast(sale);
    const { config, round, said } = await watcherOf([sale], { RECORDS_PER_HOUR: "1" });
    await round();
    await mine(185);
    await round();
    assert.equal(said("hash kept").length, 0, "there is time");
    await mine(10);
    await round();
    await round();
    assert.equal(said("hash kept").length, 1);

    await mine(300);
    const later = await watcherOf([sale], { STATE_FILE: config.STATE_FILE });
    await later.round();
    assert.deepEqual([await heldOf(large), await heldOf(small)], [2n * PRICE, PRICE]);
  });

  it("says what is lost, and forgets it", async () => {
    const sale = vault();
    await payPast(sale, 2n * PRICE);
    const lost = await payPast(sale);
    const first = await watcherOf([sale], { RECORDS_PER_HOUR: "1" });
    await first.round();
    await mine(300);
    const STATE_FILE = first.config.STATE_FILE;
    const { round, said, state } = await watcherOf([sale], { STATE_FILE });
    await round();
    assert.equal(said("lost")[0]?.reason, "invalid_exact_evm_recourse_block_too_old");
    assert.equal(await heldOf(lost), 0n);
    assert.deepEqual(state.contents.missing, []);
  });

  it("records first what an operator has announced to take", async () => {
    const [announced, other] = [vault(), vault()];
    const small = await payPast(announced);
    const large = await payPast(other, 5n * PRICE);
    await deployVault(announced);
    await deployVault(other);
    await announceAssignment(localClient(world.rpcUrl, operator), {
      address: announced.payTo,
      amount: PRICE,
      token: USDC,
    });
    const { round } = await watcherOf([announced, other], { RECORDS_PER_HOUR: "1" });
    await round();
    assert.deepEqual([await heldOf(small), await heldOf(large)], [PRICE, 0n]);
  });

  it("records again what a reorganization took back", async () => {
    const sale = vault();
    const payment = await payPast(sale);
    const snapshot = await world.client.snapshot();
    const { round } = await watcherOf([sale], { REORG_BLOCKS: "3" });
    await round();
    assert.equal(await heldOf(payment), PRICE);
    await world.client.revert({ id: snapshot });
    assert.equal(await heldOf(payment), undefined);
    await mine(5);
    await round();
    assert.equal(await heldOf(payment), PRICE);
  });

  for (const isSpent of [false, true]) {
    const fate = isSpent ? "has gone to another transaction" : "is still free";
    it(`goes on where it ended between signing and sending, when its nonce ${fate}`, async () => {
      const sale = vault();
      const payment = await payPast(sale);
      const nothingSent = await startRpcProxy(world.rpcUrl, (body) => {
        const request = JSON.parse(body);
        return JSON.stringify(
          request.method === "eth_sendRawTransaction"
            ? { ...request, method: "web3_clientVersion", params: [] }
            : request,
        );
      });
      stops.push(nothingSent.stop);
      const ended = await watcherOf([sale], { CONFIRMATION_TIMEOUT_MS: "100", EVM_RPC_URL: nothingSent.url });
      await ended.round();
      assert.equal(ended.said("not recorded")[0]?.reason, "settlement_pending");
      const sameKey = localClient(world.rpcUrl, developmentAccount(14));
      if (isSpent) await sameKey.sendTransaction({ chain: world.client.chain, to: buyer.address, value: 1n });

      const { round } = await watcherOf([sale], { STATE_FILE: ended.config.STATE_FILE });
      await round();
      assert.equal(await heldOf(payment), PRICE);
    });
  }

  it("goes on after a node that was away", async () => {
    const sale = vault();
    const payment = await payPast(sale);
    const away = await watcherOf([sale], { EVM_RPC_URL: "http://127.0.0.1:1" });
    await assert.rejects(away.round());
    const { round } = await watcherOf([sale], { STATE_FILE: away.config.STATE_FILE });
    await round();
    assert.equal(await heldOf(payment), PRICE);
  });

  it("refuses the state of another network, and files that are none", async () => {
    const path = fresh("state.json");
    await writeFile(path, JSON.stringify({ network: "eip155:1", vaults: [], missing: [], submissions: {} }));
    await assert.rejects(State.load(path, NETWORK), new ConfigError("STATE_FILE is of eip155:1."));
    await writeFile(path, "{");
    await assert.rejects(State.load(path, NETWORK), new ConfigError("STATE_FILE is not the state of a watcher."));
    await assert.rejects(readVaults(path), ConfigError);
    await writeFile(path, JSON.stringify([{ kind: "refund-window" }]));
    await assert.rejects(readVaults(path), /entry 0/);
  });

  describe("as a process", () => {
    async function start(sales: RefundWindowOption[], settings: Record<string, string>): Promise<WatcherProcess> {
      const watcher = startWatcher(world.rpcUrl, { VAULTS_FILE: await vaultsFile(...sales), ...settings });
      stops.push(watcher.kill);
      await watcher.says(({ msg }) => msg === "watching");
      return watcher;
    }

    async function assertAllOnce(payments: Signed[], ...sales: RefundWindowOption[]): Promise<void> {
      for (const payment of payments) assert.equal(await heldOf(payment), payment.value);
      const records = await recordsIn(...sales);
      assert.deepEqual([records.length, new Set(records).size], [payments.length, payments.length]);
    }

    it("misses nothing and does nothing twice, wherever it is killed", async () => {
      const sales = [vault(), vault()];
      const STATE_FILE = fresh("state.json");
      const payments: Signed[] = [];
      const moments: ((watcher: WatcherProcess) => Promise<unknown>)[] = [
        async () => undefined,
        (watcher) => watcher.says(({ msg }) => msg === "missing"),
        (watcher) => watcher.says(({ msg }) => msg === "recorded"),
        () => new Promise((resolve) => setTimeout(resolve, Math.random() * 1_000)),
      ];
      for (const moment of moments) {
        for (const sale of sales) payments.push(await payPast(sale), await payPast(sale));
        const watcher = await start(sales, { STATE_FILE });
        await moment(watcher);
        await watcher.kill();
        await State.load(STATE_FILE, NETWORK);
      }
      const last = await start(sales, { STATE_FILE });
      await allHeld(payments);
      await last.stop();
      assert.equal(last.process.exitCode, 0, "it ends when it is told to");
      await assertAllOnce(payments, ...sales);
    });

    it("shares the work with another that has its own key, and with one that has the same", async () => {
      const sale = vault();
      const STATE_FILE = fresh("state.json");
      const watchers = await Promise.all([
        start([sale], { STATE_FILE }),
        start([sale], { STATE_FILE }),
        start([sale], { STATE_FILE: fresh("state.json"), EVM_PRIVATE_KEY: privateKeyOf(13) }),
      ]);
      const payments: Signed[] = [];
      for (let i = 0; i < 6; i += 1) payments.push(await payPast(sale));
      await allHeld(payments);
      for (const watcher of watchers) await watcher.stop();
      await assertAllOnce(payments, sale);
    });

    /** Waits until the vaults know all of it, while the chain goes on. */
    async function allHeld(payments: Signed[]): Promise<void> {
      for (let attempt = 0; attempt < 120; attempt += 1) {
        const held = await Promise.all(payments.map(heldOf));
        if (held.every((amount, i) => amount === payments[i]?.value)) return;
        await mine(1);
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
    }
  });
});
