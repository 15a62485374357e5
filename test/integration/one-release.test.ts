import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { FilePaymentStorage } from "@recourse/sdk/exact/server/file-storage";
import { pay, payCall } from "@recourse/sdk/refund-window";
import type { PaymentPayload } from "@x402/core/types";
import { encodeFunctionData } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, reasonOf, receiptOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { operator, PRICE, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const ALREADY_PAID = "invalid_exact_evm_recourse_already_paid";

describe("one payment, one release", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, {
      MERCHANTS: `shop:${MERCHANT_KEY},rival:rival-merchant-key-0001`,
    });
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
  });
  after(async () => {
    for (const stop of stops) await stop();
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  async function anotherShop(options: Partial<Parameters<typeof startTestShop>[0]> = {}): Promise<TestShop> {
    const other = await startTestShop({ facilitatorUrl: facilitator.url, ...options });
    stops.push(other.stop);
    return other;
  }

  const authorizationOf = ({ payload }: PaymentPayload) => {
    const { authorization, signature } = payload as never as {
      authorization: Record<string, string>;
      signature: `0x${string}`;
    };
    return {
      token: USDC,
      payer: authorization.from as `0x${string}`,
      value: BigInt(authorization.value ?? 0),
      validAfter: BigInt(authorization.validAfter ?? 0),
      validBefore: BigInt(authorization.validBefore ?? 0),
      nonce: authorization.nonce as `0x${string}`,
      signature,
    };
  };

  it("serves one of ten copies that are sent at once", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const answers = await Promise.all(Array.from({ length: 10 }, () => send(shop.url, payload)));
    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  });

  it("refuses a copy that comes later, before the handler runs", async () => {
    const payload = await signedPayload(buyer, shop.url);
    assert.equal((await send(shop.url, payload)).status, 200);
    const runs = shop.runs();

    const copy = await send(shop.url, payload);

    assert.equal(reasonOf(copy), ALREADY_PAID);
    assert.equal(shop.runs(), runs);
  });

  it("refuses a copy at another shop that sells for the same vault with a storage of its own", async () => {
    const rival = await anotherShop({ merchantKey: "rival-merchant-key-0001" });
    const payload = await signedPayload(buyer, shop.url);
    assert.equal((await send(shop.url, payload)).status, 200);

    const copy = await send(rival.url, payload);

    assert.equal(copy.status, 402);
    assert.equal(reasonOf(copy), ALREADY_PAID);
  });

  it("serves one of two processes that share a storage, and neither twice", async () => {
    const folder = await mkdtemp(join(tmpdir(), "recourse-"));
    try {
      const first = await anotherShop({ scheme: { operator, storage: new FilePaymentStorage(folder) } });
      const second = await anotherShop({ scheme: { operator, storage: new FilePaymentStorage(folder) } });
      const payload = await signedPayload(buyer, first.url);

      const answers = await Promise.all([first, second, first, second].map(({ url }) => send(url, payload)));

      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  it("refuses at the facilitator a payment that somebody else put on chain before", async () => {
    const payload = await signedPayload(buyer, shop.url);
    await pay(world.client, { address: shop.sale.payTo, authorization: authorizationOf(payload) });

    const response = await send(shop.url, payload);

    assert.equal(response.status, 402);
    assert.equal(reasonOf(response), ALREADY_PAID);
  });

  it("answers success when a copy of its own settlement overtook it, with the transaction that paid", async () => {
    const { client } = world;
    const payload = await signedPayload(buyer, shop.url);
    await client.setAutomine(false);
    try {
      const answer = send(shop.url, payload);
      const [ours] = await pendingTransactions(world);
      assert.ok(ours);
      const overtaking = await localClient(world.rpcUrl, developmentAccount(9)).sendTransaction({
        chain: client.chain,
        data: encodeFunctionData(payCall({ address: shop.sale.payTo, authorization: authorizationOf(payload) })),
        gas: 500_000n,
        maxFeePerGas: 10n ** 12n,
        maxPriorityFeePerGas: 10n ** 12n,
        to: shop.sale.payTo,
      });
      await client.mine({ blocks: 1 });

      const response = await answer;
      assert.equal((await client.getTransactionReceipt({ hash: ours })).status, "reverted");
      assert.equal(response.status, 200);
      assert.equal(settlementOf(response).transaction, overtaking);
    } finally {
      await client.setAutomine(true);
    }
  });

  it("does not release for a settlement that anybody else asks the facilitator for", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "stolen" } };
    const first = await ask(facilitator.url, "settle", settlement, payload.accepted);
    const again = await ask(facilitator.url, "settle", settlement, payload.accepted);
    const byName = await ask(facilitator.url, "settle", settlement, payload.accepted, MERCHANT_KEY);

    assert.equal(first.success, true, "anybody may pay for a buyer's settlement");
    assert.equal(again.errorReason, ALREADY_PAID, "and whoever has no name is told so only once");
    assert.equal(byName.errorReason, ALREADY_PAID);
    assert.equal(reasonOf(await send(shop.url, payload)), ALREADY_PAID);
  });

  it("leaves the buyer's way out open in every such case", async () => {
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));
    assert.ok(receipt.nextActions?.some(({ action, actor }) => action === "refund" && actor === buyer.address));
  });
});
