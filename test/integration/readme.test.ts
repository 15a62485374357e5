import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { FilePaymentStorage } from "@recourse/sdk/exact/server/file-storage";
import { creditOf, relay, signResolve } from "@recourse/sdk/refund-window";
import { erc20Abi } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { countTypeScript, snippetsOf } from "../../scripts/lib/snippets.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  privateKeyOf,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { payingFetch, receiptOf } from "../shared/buyer.js";
import { startEscrowShop } from "../shared/escrowShop.js";
import { operator, PRICE, receiver, startTestShop } from "../shared/shop.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const buyer = developmentAccount(5);
const arbiter = developmentAccount(8);

/** The README's snippets, as a reader would copy them, one after the other against the same local chain. */
describe("the README", () => {
  let folder: string;
  let world: World;
  let facilitator: FacilitatorProcess;
  let http: Server;
  const settings = { ...process.env };

  before(async () => {
    const readme = await readFile(join(root, "README.md"), "utf8");
    const snippets = snippetsOf(readme);
    assert.equal(snippets.length, countTypeScript(readme), "every snippet has a name, so that it is tried");
    await mkdir(join(root, "cache"), { recursive: true });
    folder = await mkdtemp(join(root, "cache/readme-"));
    for (const { code, name } of snippets) await writeFile(join(folder, `${name}.ts`), code);

    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl);
    await mintUsdc(world.client, buyer.address, 10n * PRICE);
    Object.assign(process.env, {
      AGENT_KEY: privateKeyOf(30),
      ALICE_KEY: privateKeyOf(31),
      BOB_KEY: privateKeyOf(32),
      BUYER_KEY: privateKeyOf(5),
      FACILITATOR_KEY: MERCHANT_KEY,
      FACILITATOR_URL: facilitator.url,
      OPERATOR_KEY: privateKeyOf(3),
      PAYMENTS_FOLDER: join(folder, "payments"),
      PORT: "0",
      RPC_URL: world.rpcUrl,
      SHOP_ADDRESS: receiver.address,
      SHOP_KEY: privateKeyOf(1),
      TOKEN: USDC,
    });
  });
  after(async () => {
    http?.close();
    await facilitator?.stop();
    await world?.stop();
    await rm(folder, { recursive: true });
    process.env = settings;
  });

  const run = (name: string) => import(join(folder, `${name}.ts`));
  const balanceOf = (address: `0x${string}`) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  it("has snippets that compile under the project's strict settings", async () => {
    const config = { extends: join(root, "tsconfig.json"), compilerOptions: { rootDir: root }, include: ["*.ts"] };
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
    const { status, stdout } = spawnSync(join(root, "node_modules/.bin/tsc"), ["--project", folder], {
      encoding: "utf8",
    });
    assert.equal(status, 0, stdout);
  });

  it("starts a shop that sells with a refund window", async () => {
    ({ http } = await run("shop"));
    await new Promise((resolve) => (http.listening ? resolve(undefined) : http.once("listening", resolve)));
    process.env.SHOP_URL = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
    assert.equal((await fetch(`${process.env.SHOP_URL}/report`)).status, 402);
  });

  it("says what the address promises", async () => {
    const { description } = await run("describe");
    assert.match(description.promise[0], /^For 14 days after paying, the payer can take back all of it/);
  });

  it("buys and takes the money back", async () => {
    const before = await balanceOf(buyer.address);
    const { refunded, response } = await run("buyer");
    assert.equal(response.status, 200);
    assert.equal(BigInt(refunded.amount), PRICE);
    assert.equal(await balanceOf(buyer.address), before);
  });

  it("pays by an account of an agent and humans", async () => {
    const { response } = await run("account");
    assert.equal(response.status, 200);
  });

  it("sells at cost, from an escrow", async () => {
    const { http: rendering }: { http: Server } = await run("escrow");
    try {
      await new Promise((resolve) => (rendering.listening ? resolve(undefined) : rendering.once("listening", resolve)));
      const before = await balanceOf(buyer.address);
      process.env.ESCROW_URL = `http://127.0.0.1:${(rendering.address() as AddressInfo).port}`;
      const { payment, response } = await run("escrow-buyer");
      assert.deepEqual(await response.json(), { animation: "10 frames" });
      assert.equal(payment.captured, "400000");
      assert.equal(before - (await balanceOf(buyer.address)), 400_000n);
    } finally {
      rendering.close();
    }
  });

  it("captures later what a deferred route holds", async () => {
    const shop = await startEscrowShop(
      "express",
      facilitator.url,
      { capture: "deferred" },
      {
        operator,
        storage: new FilePaymentStorage(process.env.PAYMENTS_FOLDER ?? ""),
      },
    );
    try {
      const response = await payingFetch(buyer)(shop.url);
      assert.equal(response.status, 200);
      const { manager } = await run("manager");
      await manager.stop();
      const [hold] = await manager.list();
      assert.deepEqual([hold.captured, hold.held], [450_000n, 450_000n]);
    } finally {
      await shop.stop();
    }
  });

  it("charges by the month whoever signed once, until it cancels and takes the charge back", async () => {
    const port = await freePort();
    Object.assign(process.env, { PLAN_URL: `http://127.0.0.1:${port}`, PORT: String(port) });
    const { http: selling }: { http: Server } = await run("plan-shop");
    try {
      await new Promise((resolve) => (selling.listening ? resolve(undefined) : selling.once("listening", resolve)));
      await mintUsdc(world.client, buyer.address, 10_000_000n);
      const before = await balanceOf(buyer.address);
      const { again, canceled, subscribed, undone } = await run("subscriber");
      assert.deepEqual([subscribed.status, subscribed.charge], ["active", "9990000"]);
      assert.deepEqual([again.status, again.headers.get("PAYMENT-RESPONSE")], [200, null]);
      assert.equal(canceled.success, true);
      assert.equal(undone.amount, "9990000");
      assert.equal(await balanceOf(buyer.address), before);
    } finally {
      process.env.PORT = "0";
      selling.close();
    }
  });

  it("disputes a payment where there is an arbiter", async () => {
    const arbitration = { arbiter: arbiter.address, resolutionPeriod: 86_400, silenceFavors: "payer" } as const;
    const shop = await startTestShop({ facilitatorUrl: facilitator.url, sale: { arbitration } });
    try {
      const payment = receiptOf(await payingFetch(buyer)(shop.url));
      process.env.PAYMENT = JSON.stringify(payment);
      const { disputed } = await run("dispute");
      assert.equal(BigInt(disputed.amount), PRICE);

      const decision = await signResolve(localClient(world.rpcUrl, arbiter), { payment, toPayer: PRICE / 2n });
      const resolved = await relay(decision, { facilitator: facilitator.url });
      assert.equal(BigInt(resolved.amount), PRICE / 2n);
      const credit = { address: payment.vault, owner: buyer.address, token: USDC };
      assert.equal((await creditOf(world.client, credit)).balance, PRICE / 2n);
    } finally {
      await shop.stop();
    }
  });

  it("collects what has matured", async () => {
    const { vault } = receiptOf(await payingFetch(buyer)(`${process.env.SHOP_URL}/report`));
    process.env.VAULT = vault;
    await world.client.increaseTime({ seconds: 15 * 86_400 });
    await world.client.mine({ blocks: 1 });

    const before = await balanceOf(receiver.address);
    const { buckets } = await run("claim");

    assert.deepEqual(
      buckets.map(({ amount }: { amount: bigint }) => amount),
      // The account's purchase, and this one.
      [2n * PRICE],
    );
    assert.equal((await balanceOf(receiver.address)) - before, 2n * PRICE);
  });
});

/** A port that nobody listens on: a shop that is signed in to says where it is before it listens. */
async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, "127.0.0.1", resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  return port;
}
