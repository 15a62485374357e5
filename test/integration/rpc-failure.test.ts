import assert from "node:assert/strict";
import { after, afterEach, before, describe, it } from "node:test";
import { erc20Abi } from "viem";
import { developmentAccount, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, reasonOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { type RpcProxy, startRpcProxy } from "../shared/rpcProxy.js";
import { PRICE, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const RPC_UNAVAILABLE = "invalid_exact_evm_recourse_rpc_unavailable";

describe("a node that dies", () => {
  let world: World;
  let proxy: RpcProxy;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    proxy = await startRpcProxy(world.rpcUrl);
    facilitator = await startFacilitator(proxy.url);
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
  });
  afterEach(() => proxy.behave("forward"));
  after(async () => {
    await shop.stop();
    await facilitator.stop();
    await proxy.stop();
    await world.stop();
  });

  const balance = () =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [buyer.address], functionName: "balanceOf" });

  for (const behaviour of ["refuse", "hang"] as const) {
    it(`gives a typed reason within ten seconds when the node does ${behaviour}`, async () => {
      const payload = await signedPayload(buyer, shop.url);
      const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "key" } };
      proxy.behave(behaviour);

      const signal = AbortSignal.timeout(10_000);
      const [verified, settled, health] = await Promise.race([
        Promise.all([
          ask(facilitator.url, "verify", payload, payload.accepted),
          ask(facilitator.url, "settle", settlement, payload.accepted, MERCHANT_KEY),
          fetch(`${facilitator.url}/health`, { signal }),
        ]),
        new Promise<never>((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
      ]);

      assert.equal(verified.invalidReason, RPC_UNAVAILABLE);
      assert.equal(settled.errorReason, RPC_UNAVAILABLE);
      assert.equal(health.status, 503);
    });
  }

  it("neither pays nor serves while the node is away, and does both after it is back", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const before = await balance();
    proxy.behave("refuse");
    const refused = await send(shop.url, payload);
    proxy.behave("forward");
    const served = await send(shop.url, payload);

    assert.equal(reasonOf(refused), RPC_UNAVAILABLE);
    assert.equal(served.status, 200);
    assert.equal(await balance(), before - PRICE);
  });

  it("reports the same transaction to the retry when the node died after the broadcast, and pays once", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const before = await balance();
    const sent = proxy.broadcasts();
    proxy.dieAfterBroadcast();
    const unknown = await send(shop.url, payload);
    proxy.behave("forward");
    const served = await send(shop.url, payload);

    assert.equal(unknown.status, 402);
    assert.equal(reasonOf(unknown), "settlement_pending");
    assert.equal(served.status, 200);
    assert.equal(settlementOf(served).transaction, settlementOf(unknown).transaction);
    assert.equal(proxy.broadcasts(), sent + 1);
    assert.equal(await balance(), before - PRICE);
  });

  it("serves that payment once, however often it is retried", async () => {
    const payload = await signedPayload(buyer, shop.url);
    proxy.dieAfterBroadcast();
    await send(shop.url, payload);
    proxy.behave("forward");

    const answers = await Promise.all(Array.from({ length: 5 }, () => send(shop.url, payload)));
    const late = await send(shop.url, payload);

    assert.equal(answers.filter(({ status }) => status === 200).length, 1);
    assert.equal(reasonOf(late), "invalid_exact_evm_recourse_already_paid");
  });

  it("finds the transaction again when the shop's patience ended before the facilitator answered", async () => {
    const impatient = await startTestShop({ facilitatorUrl: facilitator.url, timeoutMs: 2_000 });
    try {
      const payload = await signedPayload(buyer, impatient.url);
      const before = await balance();
      proxy.dieAfterBroadcast();
      const timedOut = await send(impatient.url, payload);
      proxy.behave("forward");
      // The facilitator is still waiting for the first request's receipt; the retry joins it.
      const served = await send(impatient.url, payload);

      assert.equal(timedOut.status, 502);
      assert.equal(served.status, 200);
      assert.equal(await balance(), before - PRICE);
    } finally {
      await impatient.stop();
    }
  });
});
