import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, describe, it } from "node:test";
import { SqliteSubmissionStorage } from "@recourse/sdk/exact/facilitator/sqlite-storage";
import type { PaymentPayload } from "@x402/core/types";
import { erc20Abi } from "viem";
import { developmentAccount, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, signedPayload } from "../shared/buyer.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { PRICE, startTestShop, type TestShop } from "../shared/shop.js";

describe("a facilitator that is killed while it settles", () => {
  const buyer = developmentAccount(20);
  let world: World;
  let shop: TestShop;
  let folder: string;
  const running: FacilitatorProcess[] = [];

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "recourse-facilitator-"));
    world = await startWorld();
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
    shop = await startTestShop({ facilitatorUrl: (await start("shop")).url });
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
  });
  afterEach(() => world.client.setAutomine(true));
  after(async () => {
    await shop.stop();
    for (const facilitator of running) await facilitator.stop();
    await world.stop();
    await rm(folder, { recursive: true });
  });

  async function start(name: string): Promise<FacilitatorProcess> {
    const facilitator = await startFacilitator(world.rpcUrl, { STATE_FILE: join(folder, `${name}.sqlite`) });
    running.push(facilitator);
    return facilitator;
  }

  /** As a server asks for it: with the key by which it knows its request again. */
  async function paymentToSettle(): Promise<PaymentPayload> {
    const payload = await signedPayload(buyer, shop.url);
    return { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: randomUUID() } };
  }

  /** The shop's own request for it. */
  const settle = ({ url }: FacilitatorProcess, payload: PaymentPayload) =>
    ask(url, "settle", payload, payload.accepted, MERCHANT_KEY);

  const balance = () =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [buyer.address], functionName: "balanceOf" });

  /** Killed when its transaction waits to be mined, which happens afterwards. */
  async function dieInTheMiddleOf(payload: PaymentPayload, name: string): Promise<void> {
    const doomed = await start(name);
    await world.client.setAutomine(false);
    const asked = settle(doomed, payload).catch(() => undefined);
    await pendingTransactions(world);
    const ended = once(doomed.process, "exit");
    doomed.process.kill("SIGKILL");
    await ended;
    await asked;
    await world.client.setAutomine(true);
    await world.client.mine({ blocks: 1 });
  }

  it("answers its server after the restart, by the transaction that it had sent", async () => {
    const before = await balance();
    const payload = await paymentToSettle();
    await dieInTheMiddleOf(payload, "same");

    const answer = await settle(await start("same"), payload);

    assert.equal(answer.success, true, JSON.stringify(answer));
    assert.equal(await balance(), before - PRICE);
  });

  it("forgets it without the file, and says that it was paid already", async () => {
    const payload = await paymentToSettle();
    await dieInTheMiddleOf(payload, "lost");

    const answer = await settle(await start("another"), payload);

    assert.equal(answer.success, false);
    assert.equal(answer.errorReason, "invalid_exact_evm_recourse_already_paid");
  });

  it("answers nobody else: another key, or another request of the same server", async () => {
    const payload = await paymentToSettle();
    await dieInTheMiddleOf(payload, "strict");
    const reborn = await start("strict");

    const other = await settle(reborn, {
      ...payload,
      payload: { ...payload.payload, idempotencyKey: randomUUID() },
    });

    assert.equal(other.errorReason, "invalid_exact_evm_recourse_already_paid");
    assert.equal((await settle(reborn, payload)).success, true);
  });
});

describe("what a facilitator keeps in SQLite", () => {
  it("is there for the next process, replaced by what is newer, and gone when it is deleted", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-submissions-"));
    try {
      const file = join(folder, "state.sqlite");
      const first = new SqliteSubmissionStorage(file);
      await first.set("pay:0x01", { hash: "0x01", serialized: "0x02", owner: "shop" });
      await first.set("pay:0x02", { hash: "0x03", serialized: "0x04", lastKey: "pay:0x02" });
      await first.set("pay:0x02", { hash: "0x05", serialized: "0x06" });
      first.close();
      const second = new SqliteSubmissionStorage(file);
      assert.deepEqual(await second.get("pay:0x01"), { hash: "0x01", serialized: "0x02", owner: "shop" });
      assert.deepEqual(await second.get("pay:0x02"), { hash: "0x05", serialized: "0x06" });
      await second.delete("pay:0x01");
      assert.equal(await second.get("pay:0x01"), undefined);
      assert.equal(await second.get("pay:0x03"), undefined);
      second.close();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
