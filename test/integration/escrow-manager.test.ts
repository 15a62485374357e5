import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import {
  CaptureAfterDeadlineError,
  CaptureExceedsHeldError,
  HoldChangedError,
  NothingHeldError,
  RefundExceedsCapturedError,
} from "@recourse/sdk/errors";
import {
  EscrowStatus,
  PAYOUT_GAS,
  type PaymentReceipt,
  paymentOf,
  paymentReceipt,
  creditOf as readCredit,
  voidPayment,
  withdraw,
} from "@recourse/sdk/escrow";
import {
  CaptureRepeatedError,
  type EscrowManager,
  type EscrowManagerOptions,
  ExactEvmScheme,
  escrow,
  type Hold,
  HoldNotReleasedError,
  HoldUnknownError,
  InMemoryPaymentStorage,
  type OpenHold,
  OrderInFlightError,
  OrderOutcomeUnknownError,
  type OrderRefusedError,
  type OrderResult,
  type PaymentRecord,
  type PaymentStorage,
} from "@recourse/sdk/exact/server";
import { SqlitePaymentStorage } from "@recourse/sdk/exact/server/sqlite-storage";
import { type FacilitatorClient, HTTPFacilitatorClient } from "@x402/core/server";
import type { PaymentPayload } from "@x402/core/types";
import { setSettlementOverrides } from "@x402/express";
import type { Response as ExpressResponse, RequestHandler } from "express";
import { erc20Abi, type Hex } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, reasonOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { lossyFacilitator } from "../shared/lossyFacilitator.js";
import { type MortalShop, startMortalShop } from "../shared/mortalShop.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { type RpcProxy, startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, operator, receiver, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(6);
const PRICE = 900_000n;
const WINDOW = 3_600;
/** As many as the facilitator takes at once. */
const MAX_CAPTURES = 50;
const TERMS = {
  network: NETWORK,
  price: "$0.90",
  receiver: receiver.address,
  operator: operator.address,
  captureWindow: WINDOW,
} as const;
const deferred = escrow({ ...TERMS, capture: "deferred" });
const sync = escrow(TERMS);

/** A facilitator as a shop reaches it. */
function clientOf(url: string): FacilitatorClient {
  const headers = { Authorization: `Bearer ${MERCHANT_KEY}` };
  return new HTTPFacilitatorClient({
    url,
    createAuthHeaders: async () => ({ verify: headers, settle: headers, supported: headers }),
  });
}

/** The facilitator, with a line that breaks before a settlement reaches it, or before its answer is back. */
function breaking(client: FacilitatorClient, when: "before" | "after"): FacilitatorClient {
  return {
    verify: (...args) => client.verify(...args),
    getSupported: () => client.getSupported(),
    async settle(...args) {
      if (when === "after") await client.settle(...args);
      throw new Error("The line is dead.");
    },
  };
}

/** A storage whose process dies with its n-th write: what it wrote before is there, and it writes no more. */
function dyingAt(storage: PaymentStorage, n: number): PaymentStorage {
  let writes = 0;
  const live = () => {
    writes += 1;
    if (writes >= n) throw new Error("The process has died.");
  };
  return {
    get: (id) => storage.get(id),
    list: () => storage.list(),
    async delete(id) {
      live();
      return storage.delete(id);
    },
    async update(id, change) {
      live();
      return storage.update(id, change);
    },
  };
}

describe("an escrow manager", () => {
  let world: World;
  let proxy: RpcProxy;
  let facilitator: FacilitatorProcess;
  let storage: InMemoryPaymentStorage;
  const open: { stop(): Promise<void> }[] = [];

  before(async () => {
    world = await startWorld();
    proxy = await startRpcProxy(world.rpcUrl);
    facilitator = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
    await mintUsdc(world.client, buyer.address, 1_000_000_000n);
    await mintUsdc(world.client, operator.address, 1_000_000_000n);
  });
  after(async () => {
    await Promise.all(open.map(({ stop }) => stop()));
    await facilitator?.stop();
    await proxy?.stop();
    await world?.stop();
  });

  beforeEach(() => {
    storage = new InMemoryPaymentStorage();
    proxy.behave("forward");
  });

  /* THE SHOP */

  async function shopOf(options: {
    sale?: typeof deferred;
    handler?: RequestHandler;
    storage?: PaymentStorage;
  }): Promise<TestShop> {
    const shop = await startTestShop({
      facilitatorUrl: facilitator.url,
      accepts: options.sale ?? deferred,
      scheme: new ExactEvmScheme({ operator, storage: options.storage ?? storage }),
      ...(options.handler && { handler: options.handler }),
    });
    open.push(shop);
    return shop;
  }

  /** As another process of the shop would have it. */
  function managerOf(
    options: EscrowManagerOptions = {},
    client: FacilitatorClient = clientOf(facilitator.url),
    its: PaymentStorage = storage,
  ): EscrowManager {
    return new ExactEvmScheme({ operator, storage: its }).createEscrowManager(client, options);
  }

  /** One round in which every request counts as dead, and every failure is one of the test. */
  const reconcile = async (options: EscrowManagerOptions = {}) => {
    const errors: unknown[] = [];
    await managerOf({ abandonedAfterMs: 0, onError: (error) => errors.push(error), ...options }).reconcile();
    return errors;
  };

  async function sell(shop?: TestShop): Promise<Hex> {
    const { url } = shop ?? (await shopOf({}));
    const response = await payingFetch(buyer)(url);
    assert.equal(response.status, 200, reasonOf(response));
    return receiptOf(response).paymentId;
  }

  /* THE CHAIN */

  const balanceOf = (address: Hex): Promise<bigint> =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  /** What `work` moved. */
  async function moved(work: () => Promise<unknown>) {
    const parties = [buyer.address, receiver.address, deferred.payTo];
    const [buyerBefore = 0n, receiverBefore = 0n, vaultBefore = 0n] = await Promise.all(parties.map(balanceOf));
    await work();
    const [buyerNow = 0n, receiverNow = 0n, vaultNow = 0n] = await Promise.all(parties.map(balanceOf));
    return { paid: buyerBefore - buyerNow, earned: receiverNow - receiverBefore, held: vaultNow - vaultBefore };
  }

  async function onChain(paymentId: Hex) {
    const record = await storage.get(paymentId);
    assert.ok(record?.hold);
    const { authorization } = record.hold.payload.payload as { authorization: { nonce: Hex; from: Hex } };
    const { from, nonce } = authorization;
    const ref = { method: 0, token: USDC, payer: from, nonce } as const;
    return paymentOf(world.client, { address: deferred.payTo, ref });
  }

  async function refOf(paymentId: Hex) {
    const hold = (await managerOf().list()).find((open) => open.paymentId === paymentId);
    assert.ok(hold);
    return hold.ref;
  }

  /** What the chain and the store say, which is to be the same. */
  async function standing(paymentId: Hex) {
    const { captured, held, returned } = await onChain(paymentId);
    const record = await storage.get(paymentId);
    const hold = record?.hold;
    assert.equal(hold?.captured, String(captured), "the store has what the chain captured");
    assert.equal(hold?.isOpen, held > 0n, "the store is open while the chain holds");
    return { state: record?.state, captured, held, returned, order: hold?.order };
  }

  /* DEFERRED */

  describe("of a route with deferred capture", () => {
    it("lets the resource leave while the price is held, and tells the buyer until when", async () => {
      const shop = await shopOf({});
      const offer = await signedPayload(buyer, shop.url);
      assert.equal((offer.accepted.extra.recourse as { capture?: string }).capture, "deferred");
      assert.equal(offer.accepted.payTo, sync.payTo, "the vault is that of the terms");

      let response: Response | undefined;
      const change = await moved(async () => {
        response = await send(shop.url, offer);
      });

      assert.equal(response?.status, 200);
      assert.deepEqual(change, { paid: PRICE, earned: 0n, held: PRICE });
      const receipt = receiptOf(response as Response);
      assert.equal(receipt.captureUntil, (await onChain(receipt.paymentId)).captureUntil);
      assert.match(settlementOf(response as Response).transaction, /^0x[0-9a-f]{64}$/);
      const [hold, ...others] = await managerOf().list();
      assert.deepEqual(others, []);
      const { amount, captured, held, isDeferred, order, paymentId, state } = hold as OpenHold;
      assert.deepEqual(
        { amount, captured, held, isDeferred, order, paymentId, state },
        {
          amount: PRICE,
          captured: 0n,
          held: PRICE,
          isDeferred: true,
          order: undefined,
          paymentId: receipt.paymentId,
          state: "released",
        },
      );
    });

    it("releases one response to a payment", async () => {
      const shop = await shopOf({});
      const payload = await signedPayload(buyer, shop.url);
      const answers = await Promise.all([1, 2, 3].map(() => send(shop.url, payload)));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal((await send(shop.url, payload)).status, 402);
      assert.equal(shop.runs(), 1);
    });

    it("returns everything when the handler fails", async () => {
      const shop = await shopOf({ handler: (_request, response) => response.status(500).end() });
      const change = await moved(() => payingFetch(buyer)(shop.url));
      assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      assert.deepEqual(await managerOf().list(), []);
    });

    it("captures in parts, and the rest stays held", async () => {
      const paymentId = await sell();
      const manager = managerOf();

      const change = await moved(async () => {
        const first = await manager.capture(paymentId, 200_000n);
        assert.deepEqual([first.captured, first.held], [200_000n, 700_000n]);
        const second = await manager.capture(paymentId, 300_000n);
        assert.deepEqual([second.captured, second.held], [500_000n, 400_000n]);
      });

      assert.deepEqual(change, { paid: 0n, earned: 500_000n, held: -500_000n });
      assert.deepEqual(await standing(paymentId), {
        state: "released",
        captured: 500_000n,
        held: 400_000n,
        returned: 0n,
        order: undefined,
      });
    });

    it("closes at what was earned, also after a part", async () => {
      const paymentId = await sell();
      const manager = managerOf();
      await manager.capture(paymentId, 200_000n);

      const change = await moved(() => manager.close(paymentId, 100_000n));

      assert.deepEqual(change, { paid: -600_000n, earned: 100_000n, held: -700_000n });
      assert.equal((await onChain(paymentId)).status, EscrowStatus.Ended);
      await standing(paymentId);
      assert.deepEqual(await manager.list(), []);
    });

    it("returns all that is held", async () => {
      const paymentId = await sell();
      const manager = managerOf();
      await manager.capture(paymentId, 200_000n);

      const change = await moved(() => manager.void(paymentId));

      assert.deepEqual(change, { paid: -700_000n, earned: 0n, held: -700_000n });
      await standing(paymentId);
      assert.deepEqual(await manager.list(), []);
    });

    it("ends with the capture of all", async () => {
      const paymentId = await sell();
      await managerOf().capture(paymentId, PRICE);
      assert.equal((await standing(paymentId)).held, 0n);
      assert.deepEqual(await managerOf().list(), []);
    });

    it("refuses more than is held, what has ended, and what it does not know", async () => {
      const paymentId = await sell();
      const manager = managerOf();
      await manager.capture(paymentId, 200_000n);
      const broadcasts = proxy.broadcasts();

      await assert.rejects(manager.capture(paymentId, 700_001n), ({ args, name }: CaptureExceedsHeldError) => {
        assert.equal(name, CaptureExceedsHeldError.name);
        assert.deepEqual(args, { id: paymentId, amount: 700_001n, held: 700_000n });
        return true;
      });
      await assert.rejects(manager.close(paymentId, 700_001n), { name: CaptureExceedsHeldError.name });
      await assert.rejects(manager.capture(paymentId, 0n), { name: "AmountZeroError" });
      await assert.rejects(manager.capture(`0x${"ab".repeat(32)}`, 1n), { name: HoldUnknownError.name });
      assert.equal(proxy.broadcasts(), broadcasts);
      await manager.void(paymentId);
      await assert.rejects(manager.capture(paymentId, 1n), { name: NothingHeldError.name });
    });

    it("does nothing when it is asked again for what the caller knows to have been captured", async () => {
      const paymentId = await sell();
      const manager = managerOf();
      const ask = () => manager.capture(paymentId, 200_000n, { expectedCaptured: 0n });

      const change = await moved(async () => {
        await ask();
        assert.deepEqual((await ask()).captured, 200_000n);
      });

      assert.equal(change.earned, 200_000n);
      await assert.rejects(manager.capture(paymentId, 100_000n, { expectedCaptured: 0n }), {
        name: HoldChangedError.name,
      });
    });

    it("says when it is too late, and returns the rest to the buyer", async () => {
      const paymentId = await sell();
      const { captureUntil } = await onChain(paymentId);
      const { timestamp } = await world.client.getBlock();
      await world.client.increaseTime({ seconds: captureUntil - Number(timestamp) - 30 });
      await world.client.mine({ blocks: 1 });
      await assert.rejects(managerOf().capture(paymentId, 1n), ({ args, name }: CaptureAfterDeadlineError) => {
        assert.equal(name, CaptureAfterDeadlineError.name);
        assert.equal(args.captureUntil, captureUntil);
        return true;
      });
      assert.deepEqual(await reconcile(), []);
      assert.equal((await standing(paymentId)).held, PRICE, "its time is not over");

      await world.client.increaseTime({ seconds: 30 });
      await world.client.mine({ blocks: 1 });
      const told: OpenHold[] = [];
      const change = await moved(async () => {
        const noRelay = { ...clientOf(facilitator.url), settle: () => Promise.reject(new Error("unused")) };
        await managerOf({ onReclaimable: (hold) => told.push(hold) }, noRelay as never).reconcile();
        assert.deepEqual(await reconcile({ relayUrl: facilitator.url }), []);
      });

      assert.deepEqual(change, { paid: -PRICE, earned: 0n, held: -PRICE });
      assert.deepEqual(await managerOf().list(), []);
    });
  });

  /* ANSWERS THAT ARE LOST */

  for (const { earned, name, order, returned } of [
    {
      name: "capture",
      order: (m: EscrowManager, id: Hex) => m.capture(id, 200_000n),
      earned: 200_000n,
      returned: 0n,
    },
    {
      name: "close",
      order: (m: EscrowManager, id: Hex) => m.close(id, 300_000n),
      earned: 300_000n,
      returned: 600_000n,
    },
    { name: "void", order: (m: EscrowManager, id: Hex) => m.void(id), earned: 0n, returned: PRICE },
  ]) {
    describe(`when a ${name}`, () => {
      const isOnce = (change: Awaited<ReturnType<typeof moved>>) =>
        assert.deepEqual(change, { paid: -returned, earned, held: -earned - returned });

      for (const when of ["before", "after"] as const) {
        it(`is lost ${when} the facilitator has it, is carried out once by the next round`, async () => {
          const paymentId = await sell();
          const change = await moved(async () => {
            const lost = managerOf({}, breaking(clientOf(facilitator.url), when));
            await assert.rejects(order(lost, paymentId), { name: OrderOutcomeUnknownError.name });
            assert.equal((await storage.get(paymentId))?.hold?.order?.type, name);
            assert.deepEqual(await reconcile(), []);
            assert.deepEqual(await reconcile(), []);
          });
          isOnce(change);
          await standing(paymentId);
        });
      }

      it("is asked for again by its caller, is carried out once", async () => {
        const paymentId = await sell();
        const change = await moved(async () => {
          await assert.rejects(order(managerOf({}, breaking(clientOf(facilitator.url), "after")), paymentId));
          assert.equal((await order(managerOf(), paymentId)).captured, earned);
        });
        isOnce(change);
        assert.equal((await standing(paymentId)).order, undefined);
      });

      it("was broadcast when the facilitator died, is carried out once by another one that knows nothing", async () => {
        const paymentId = await sell();
        const mortal = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
        const change = await moved(async () => {
          proxy.dieAfterBroadcast();
          const asking = order(managerOf({}, clientOf(mortal.url)), paymentId);
          const refused = assert.rejects(asking, { name: OrderOutcomeUnknownError.name });
          while (!(await onChain(paymentId)).captured && !(await onChain(paymentId)).returned) await pause(50);
          mortal.process.kill("SIGKILL");
          await refused;
          await mortal.stop();
          proxy.behave("forward");
          assert.deepEqual(await reconcile(), []);
        });
        isOnce(change);
        assert.equal((await standing(paymentId)).order, undefined);
      });

      it("was carried out so long ago that nobody finds its transaction, is known by how the payment stands", async () => {
        const paymentId = await sell();
        await assert.rejects(order(managerOf({}, breaking(clientOf(facilitator.url), "after")), paymentId));
        await world.client.mine({ blocks: 300 });
        const young = await startFacilitator(proxy.url);
        open.push(young);
        const change = await moved(async () => {
          const errors: unknown[] = [];
          await managerOf({ onError: (error) => errors.push(error) }, clientOf(young.url)).reconcile();
          assert.deepEqual(errors, []);
        });
        assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
        assert.equal((await standing(paymentId)).order, undefined);
      });

      for (const [step, write] of [
        ["before it is remembered", 1],
        ["before its answer is written down", 2],
      ] as const) {
        it(`dies with its process ${step}, is carried out once when it is ordered again`, async () => {
          const paymentId = await sell();
          const change = await moved(async () => {
            const dying = managerOf({}, clientOf(facilitator.url), dyingAt(storage, write));
            await assert.rejects(order(dying, paymentId), { message: "The process has died." });
            if (write === 1) await order(managerOf(), paymentId);
            else assert.deepEqual(await reconcile(), []);
          });
          isOnce(change);
          await standing(paymentId);
        });
      }

      it("is ordered by two managers at once, is carried out once", async () => {
        const paymentId = await sell();
        const change = await moved(() => Promise.all([managerOf(), managerOf()].map((m) => order(m, paymentId))));
        isOnce(change);
        await standing(paymentId);
      });

      it("is asked for again by two managers at once, is carried out once", async () => {
        const paymentId = await sell();
        await assert.rejects(order(managerOf({}, breaking(clientOf(facilitator.url), "before")), paymentId));
        const change = await moved(() => Promise.all([reconcile(), reconcile(), reconcile()]));
        isOnce(change);
        await standing(paymentId);
      });
    });
  }

  it("refuses another order while one has no answer", async () => {
    const paymentId = await sell();
    await assert.rejects(managerOf({}, breaking(clientOf(facilitator.url), "before")).capture(paymentId, 200_000n));

    await assert.rejects(managerOf().capture(paymentId, 200_001n), ({ name, order }: OrderInFlightError) => {
      assert.equal(name, OrderInFlightError.name);
      assert.deepEqual(order, { type: "capture", amount: "200000", captured: "0" });
      return true;
    });

    await reconcile();
    assert.equal((await managerOf().capture(paymentId, 200_001n)).captured, 400_001n);
  });

  it("forgets an order that the facilitator refused, and says why", async () => {
    const paymentId = await sell();
    const other = await startFacilitator(world.rpcUrl, { ASSETS: deferred.payTo });
    open.push(other);
    await assert.rejects(managerOf({}, clientOf(other.url)).capture(paymentId, 1n), ({ reason }: OrderRefusedError) => {
      assert.equal(reason, "invalid_exact_evm_recourse_asset_not_allowed");
      return true;
    });
    assert.equal((await standing(paymentId)).order, undefined);
    assert.equal((await managerOf().capture(paymentId, 2n)).captured, 2n);
  });

  /* MANY */

  describe("of many captures", () => {
    let shop: TestShop;
    beforeEach(async () => {
      shop = await shopOf({});
    });

    async function sellMany(count: number): Promise<Hex[]> {
      const ids: Hex[] = [];
      for (let i = 0; i < count; i += 1) ids.push(await sell(shop));
      return ids;
    }
    const creditOf = (address: Hex) =>
      readCredit(world.client, { address: deferred.payTo, token: USDC, owner: address }).then(({ balance }) => balance);

    it("makes one transaction, which credits the receiver", async () => {
      const ids = await sellMany(3);
      const creditBefore = await creditOf(receiver.address);
      const broadcasts = proxy.broadcasts();

      const results = await managerOf().captureMany(ids.map((paymentId) => ({ paymentId, amount: 200_000n })));

      assert.equal(proxy.broadcasts(), broadcasts + 1);
      assert.deepEqual(
        results.map((result) => result.status === "fulfilled" && result.value.held),
        [700_000n, 700_000n, 700_000n],
      );
      for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
      assert.equal((await creditOf(receiver.address)) - creditBefore, 600_000n);
    });

    it("captures the others when one cannot be, and says why of it", async () => {
      const [first = "0x", ended = "0x", large = "0x", last = "0x"] = await sellMany(4);
      // Behind the store's back, as the operator can.
      const ref = await refOf(ended);
      const gasPayer = localClient(world.rpcUrl, operator);
      await world.client.setBalance({ address: operator.address, value: 10n ** 18n });
      const hash = await voidPayment(gasPayer, {
        address: deferred.payTo,
        ref,
        expectedHeld: PRICE,
        payoutGas: PAYOUT_GAS,
      });
      await world.client.waitForTransactionReceipt({ hash });

      const results = await managerOf().captureMany([
        { paymentId: first, amount: 1n },
        { paymentId: ended, amount: 2n },
        { paymentId: large, amount: PRICE + 1n },
        { paymentId: last, amount: 3n },
        { paymentId: last, amount: 4n },
      ]);

      assert.deepEqual(
        results.map((result) => (result.status === "fulfilled" ? result.value.captured : result.reason.name)),
        [1n, NothingHeldError.name, CaptureExceedsHeldError.name, 3n, CaptureRepeatedError.name],
      );
      for (const id of [first, ended, large, last]) assert.equal((await standing(id)).order, undefined);
    });

    for (const when of ["before", "after"] as const) {
      it(`captures each once when the answer is lost ${when} the facilitator has it`, async () => {
        const ids = await sellMany(3);
        const creditBefore = await creditOf(receiver.address);
        const change = await moved(async () => {
          const captures = ids.map((paymentId) => ({ paymentId, amount: 200_000n }));
          const lost = await managerOf({}, breaking(clientOf(facilitator.url), when)).captureMany(captures);
          assert.deepEqual(
            lost.map((result) => result.status === "rejected" && result.reason.name),
            ids.map(() => OrderOutcomeUnknownError.name),
          );
          assert.deepEqual(await reconcile(), []);
          assert.deepEqual(await reconcile(), []);
        });
        for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
        const earned = change.earned + (await creditOf(receiver.address)) - creditBefore;
        assert.equal(earned, 600_000n);
      });
    }

    it("captures each once when the facilitator died after it was broadcast", async () => {
      const ids = await sellMany(2);
      const mortal = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
      const broadcasts = proxy.broadcasts();
      proxy.dieAfterBroadcast();
      const asking = managerOf({}, clientOf(mortal.url)).captureMany(
        ids.map((paymentId) => ({ paymentId, amount: 200_000n })),
      );
      while (proxy.broadcasts() === broadcasts) await pause(50);
      mortal.process.kill("SIGKILL");
      assert.deepEqual(
        (await asking).map(({ status }) => status),
        ["rejected", "rejected"],
      );
      await mortal.stop();
      proxy.behave("forward");
      assert.deepEqual(await reconcile(), []);
      for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
    });

    it("sends nothing again of what waits to be mined, though each is asked for alone", async () => {
      const ids = await sellMany(2);
      const captures = ids.map((paymentId) => ({ paymentId, amount: 200_000n }));
      // The same transaction may be sent again; another one is counted.
      const { address } = developmentAccount(18);
      const count = await world.client.getTransactionCount({ address });
      await world.client.setAutomine(false);
      try {
        const results = await managerOf().captureMany(captures);
        assert.ok(results.every(({ status }) => status === "rejected"));
        assert.equal((await reconcile()).length, 2, "still waiting");
      } finally {
        await world.client.setAutomine(true);
        await world.client.mine({ blocks: 1 });
      }
      assert.deepEqual(await reconcile(), []);
      assert.equal(await world.client.getTransactionCount({ address }), count + 1);
      for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
    });

    it("captures each once for two managers at once", async () => {
      const ids = await sellMany(3);
      const captures = ids.map((paymentId) => ({ paymentId, amount: 200_000n }));
      await Promise.all([managerOf(), managerOf()].map((manager) => manager.captureMany(captures)));
      for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
    });

    it("makes transactions of as many as fit, and the rest goes alone", async () => {
      const ids = await sellMany(MAX_CAPTURES + 1);
      const broadcasts = proxy.broadcasts();
      const results = await managerOf().captureMany(ids.map((paymentId) => ({ paymentId, amount: 200_000n })));
      assert.ok(results.every(({ status }) => status === "fulfilled"));
      assert.equal(proxy.broadcasts(), broadcasts + 2);
      for (const id of ids) assert.equal((await standing(id)).captured, 200_000n);
    });

    it("makes one transaction each where the caller wants that", async () => {
      const ids = await sellMany(2);
      const captures = ids.map((paymentId) => ({ paymentId, amount: 200_000n }));
      const change = await moved(() => managerOf().captureMany(captures, { batchFrom: 3 }));
      assert.equal(change.earned, 400_000n);
    });

    it("is cheaper together from two on, the withdrawal included", async () => {
      const gasOf = async (results: PromiseSettledResult<OrderResult>[]) => {
        const hashes = new Set(
          results.map((result) => (result.status === "fulfilled" ? result.value.transaction : "")),
        );
        const receipts = await Promise.all(
          [...hashes].map((hash) => world.client.getTransactionReceipt({ hash: hash as Hex })),
        );
        return receipts.reduce((sum, { gasUsed }) => sum + gasUsed, 0n);
      };
      const capture = async (count: number, batchFrom: number) =>
        gasOf(
          await managerOf().captureMany(
            (await sellMany(count)).map((paymentId) => ({ paymentId, amount: 200_000n })),
            { batchFrom },
          ),
        );
      const gasPayer = localClient(world.rpcUrl, receiver);
      await world.client.setBalance({ address: receiver.address, value: 10n ** 18n });
      const withdrawal = async () => {
        const hash = await withdraw(gasPayer, {
          address: deferred.payTo,
          token: USDC,
          owner: receiver.address,
          to: receiver.address,
        });
        return (await world.client.waitForTransactionReceipt({ hash })).gasUsed;
      };
      if ((await creditOf(receiver.address)) > 0n) await withdrawal();
      const rows: string[] = [];
      for (const count of [1, 2, 3, 5]) {
        const alone = await capture(count, Number.POSITIVE_INFINITY);
        const together = await capture(count, 1);
        const withdrawn = await withdrawal();
        rows.push(`${count}: alone ${alone}, together ${together} + withdrawal ${withdrawn}`);
        assert.equal(together + withdrawn < alone, count >= 2, rows.join("\n"));
      }
    });
  });

  /* REFUND */

  describe("of refunds after capture", () => {
    const REFUND = 100_000n;
    let paymentId: Hex;
    before(() => mintUsdc(world.client, receiver.address, 1_000_000n));
    beforeEach(async () => {
      paymentId = await sell();
      await managerOf().close(paymentId, 300_000n);
    });
    const isOnce = (change: Awaited<ReturnType<typeof moved>>) =>
      assert.deepEqual(change, { paid: -REFUND, earned: -REFUND, held: 0n });
    /** What the store and the chain say was refunded, with nothing in flight. */
    async function refunded() {
      const hold = (await storage.get(paymentId))?.hold;
      assert.equal(hold?.refund, undefined);
      assert.equal(hold?.refunded, String((await onChain(paymentId)).refunded));
      return BigInt(hold?.refunded);
    }

    it("gives the buyer back what the signer pays, up to what was captured", async () => {
      const manager = managerOf();
      const change = await moved(async () => {
        assert.equal((await manager.refund(paymentId, REFUND / 2n, receiver)).refunded, REFUND / 2n);
        assert.equal((await manager.refund(paymentId, REFUND / 2n, receiver)).refunded, REFUND);
      });
      isOnce(change);
      assert.equal(await refunded(), REFUND);
      await assert.rejects(
        manager.refund(paymentId, 200_001n, receiver),
        ({ args, name }: RefundExceedsCapturedError) => {
          assert.equal(name, RefundExceedsCapturedError.name);
          assert.deepEqual(args, { id: paymentId, amount: 200_001n, refundable: 200_000n });
          return true;
        },
      );
    });

    it("forgets what the signer cannot pay, and says so", async () => {
      const poor = developmentAccount(14);
      await assert.rejects(managerOf().refund(paymentId, REFUND, poor), ({ reason }: OrderRefusedError) => {
        assert.equal(reason, "invalid_exact_evm_recourse_token_refused_authorization");
        return true;
      });
      assert.equal(await refunded(), 0n);
      await managerOf().refund(paymentId, REFUND, receiver);
      assert.equal(await refunded(), REFUND);
    });

    for (const when of ["before", "after"] as const) {
      it(`refunds once what is asked for again after it was lost ${when} the facilitator had it`, async () => {
        const change = await moved(async () => {
          const lost = managerOf({}, breaking(clientOf(facilitator.url), when));
          await assert.rejects(lost.refund(paymentId, REFUND, receiver), { name: OrderOutcomeUnknownError.name });
          await assert.rejects(managerOf().refund(paymentId, 1n, receiver), { name: OrderInFlightError.name });
          assert.equal((await managerOf().refund(paymentId, REFUND, receiver)).refunded, REFUND);
        });
        isOnce(change);
        assert.equal(await refunded(), REFUND);
      });
    }

    for (const [step, write] of [
      ["before it is remembered", 1],
      ["before its answer is written down", 2],
    ] as const) {
      it(`refunds once when the process died ${step}`, async () => {
        const change = await moved(async () => {
          const dying = managerOf({}, clientOf(facilitator.url), dyingAt(storage, write));
          await assert.rejects(dying.refund(paymentId, REFUND, receiver), { message: "The process has died." });
          await managerOf().refund(paymentId, REFUND, receiver);
        });
        isOnce(change);
        assert.equal(await refunded(), REFUND);
      });
    }

    for (const blocks of [0, 300]) {
      it(`refunds once when another facilitator is asked, ${blocks} blocks after the first one died with it`, async () => {
        const mortal = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
        const change = await moved(async () => {
          const broadcasts = proxy.broadcasts();
          proxy.dieAfterBroadcast();
          const asking = managerOf({}, clientOf(mortal.url)).refund(paymentId, REFUND, receiver);
          const unknown = assert.rejects(asking, { name: OrderOutcomeUnknownError.name });
          while (proxy.broadcasts() === broadcasts) await pause(50);
          mortal.process.kill("SIGKILL");
          await unknown;
          await mortal.stop();
          proxy.behave("forward");
          if (blocks > 0) await world.client.mine({ blocks });
          assert.equal((await managerOf().refund(paymentId, REFUND, receiver)).refunded, REFUND);
        });
        isOnce(change);
        assert.equal(await refunded(), REFUND);
      });
    }

    it("refunds once for two managers at once", async () => {
      const change = await moved(() =>
        Promise.all([managerOf(), managerOf()].map((manager) => manager.refund(paymentId, REFUND, receiver))),
      );
      isOnce(change);
      assert.equal(await refunded(), REFUND);
    });
  });

  /* REQUESTS THAT DIE */

  describe("of requests that died", () => {
    /** Buys at a shop whose storage dies with its n-th write. */
    async function buyAtDying(sale: typeof deferred, n: number) {
      const shop = await shopOf({ sale, storage: dyingAt(storage, n) });
      const payload = await signedPayload(buyer, shop.url);
      return { response: await send(shop.url, payload), payload, shop };
    }

    for (const [sale, name] of [
      [sync, "captured after the handler"],
      [deferred, "captured later"],
    ] as const) {
      // 1: the reservation; 2: the answer to the payment; 3: the order to close, or the release.
      for (const n of [1, 2, 3]) {
        it(`leaves nothing held, and releases nothing, when the process of a sale ${name} dies at write ${n}`, async () => {
          const change = await moved(async () => {
            const { payload, response, shop } = await buyAtDying(sale, n);
            assert.equal(response.status, 402);
            assert.equal((await send(shop.url, payload)).status, 402);
            assert.deepEqual(await reconcile(), []);
          });
          assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
          assert.deepEqual(await managerOf().list(), []);
        });
      }
    }

    for (const [name, handler, status] of [
      ["at its cost", (_: unknown, response: ExpressResponse) => charge(response, "250000"), 200],
      ["beyond what is held", (_: unknown, response: ExpressResponse) => charge(response, "900001"), 402],
      ["with a handler that fails", (_: unknown, response: ExpressResponse) => void response.status(500).end(), 500],
    ] as [string, RequestHandler, number][]) {
      it(`leaves nothing open by itself: a sale ${name}`, async () => {
        const shop = await shopOf({ sale: sync, handler });
        assert.equal((await payingFetch(buyer)(shop.url)).status, status);
        assert.deepEqual(await storage.list(), []);
      });
    }

    it("returns once what a failed handler returned, when the answer was lost", async () => {
      const lossy = await lossyFacilitator(facilitator.url);
      const shop = await startTestShop({
        facilitatorUrl: lossy.url,
        accepts: deferred,
        scheme: new ExactEvmScheme({ operator, storage }),
        handler: (_request, response) => {
          lossy.loseNext();
          response.status(500).end();
        },
      });
      open.push(shop, lossy);
      const change = await moved(async () => {
        assert.equal((await payingFetch(buyer)(shop.url)).status, 500);
        assert.equal((await managerOf().list())[0]?.state, "returning");
        assert.deepEqual(await reconcile(), []);
      });
      assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      assert.deepEqual(await managerOf().list(), []);
    });

    it("waits for a request that is young", async () => {
      await buyAtDying(sync, 3);
      const change = await moved(() => reconcile({ abandonedAfterMs: 60_000 }));
      assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      assert.equal((await managerOf().list()).length, 1);
    });

    it("takes no order for a payment whose resource has not left", async () => {
      await buyAtDying(deferred, 3);
      const [hold] = await managerOf().list();
      assert.equal(hold?.state, "held");
      await assert.rejects(managerOf().capture(hold.paymentId, 1n), { name: HoldNotReleasedError.name });
      await reconcile();
    });

    for (const isReached of [true, false]) {
      const when = isReached ? "was returned" : "is to be returned";
      it(`releases nothing for a handler that outlived the patience, when its payment ${when}`, async () => {
        let finish = () => {};
        const shop = await shopOf({
          sale: sync,
          handler: (_request, response) => {
            finish = () => response.json({ thing: "secret" });
          },
        });
        const client = clientOf(facilitator.url);
        const change = await moved(async () => {
          const buying = payingFetch(buyer)(shop.url);
          while (shop.runs() === 0) await pause(50);
          await managerOf({ abandonedAfterMs: 0 }, isReached ? client : breaking(client, "before")).reconcile();
          finish();
          const response = await buying;
          assert.equal(response.status, 402);
          assert.doesNotMatch(await response.text(), /secret/);
          assert.deepEqual(await reconcile(), []);
        });
        assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      });
    }

    it("returns what was paid also when the buyer asks again, and the facilitator has forgotten whose it was", async () => {
      const mortal = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
      const selling = { accepts: sync, scheme: new ExactEvmScheme({ operator, storage }) };
      const first = await startTestShop({ facilitatorUrl: mortal.url, ...selling });
      const second = await shopOf({ sale: sync });
      open.push(first);
      const change = await moved(async () => {
        const payload = await signedPayload(buyer, first.url);
        const broadcasts = proxy.broadcasts();
        proxy.dieAfterBroadcast();
        const sending = send(first.url, payload);
        while (proxy.broadcasts() === broadcasts) await pause(50);
        mortal.process.kill("SIGKILL");
        await sending;
        await mortal.stop();
        proxy.behave("forward");
        assert.equal(reasonOf(await send(second.url, payload)), "invalid_exact_evm_recourse_already_paid");
        assert.equal((await managerOf().list())[0]?.state, "returning");
        assert.deepEqual(await reconcile(), []);
      });
      assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      assert.deepEqual(await managerOf().list(), []);
    });

    it("leaves alone what another shop was paid, though it was offered its payment", async () => {
      const other = new InMemoryPaymentStorage();
      const shop = await shopOf({});
      const rival = await shopOf({ storage: other });
      const payload = await signedPayload(buyer, shop.url);
      assert.equal((await send(shop.url, payload)).status, 200);
      assert.equal((await send(rival.url, payload)).status, 402);
      assert.deepEqual(await other.list(), []);
    });

    it("returns what was paid when the facilitator died with the payment, and another one knows nothing of it", async () => {
      const mortal = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "4000" });
      const shop = await startTestShop({
        facilitatorUrl: mortal.url,
        accepts: sync,
        scheme: new ExactEvmScheme({ operator, storage }),
      });
      open.push(shop);
      const change = await moved(async () => {
        const payload = await signedPayload(buyer, shop.url);
        const broadcasts = proxy.broadcasts();
        proxy.dieAfterBroadcast();
        const sending = send(shop.url, payload);
        while (proxy.broadcasts() === broadcasts) await pause(50);
        await pause(200);
        mortal.process.kill("SIGKILL");
        assert.equal((await sending).status, 402);
        await mortal.stop();
        proxy.behave("forward");
        assert.equal((await managerOf().list())[0]?.state, "unknown");
        assert.deepEqual(await reconcile(), []);
      });
      assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
      assert.deepEqual(await managerOf().list(), []);
    });

    it("tells of what was captured although nothing left for it, and only of that", async () => {
      const unreleased: OpenHold[] = [];
      const lossy = await lossyFacilitator(facilitator.url);
      const shop = await startTestShop({
        facilitatorUrl: lossy.url,
        accepts: sync,
        scheme: new ExactEvmScheme({ operator, storage }),
        handler: (_request, response) => {
          lossy.loseNext();
          response.json({ thing: "secret" });
        },
      });
      open.push(shop, lossy);

      const change = await moved(async () => {
        const response = await payingFetch(buyer)(shop.url);
        assert.equal(response.status, 402);
        assert.doesNotMatch(await response.text(), /secret/);
        assert.deepEqual(await reconcile({ onUnreleased: (hold) => void unreleased.push(hold) }), []);
        assert.deepEqual(await reconcile({ onUnreleased: (hold) => void unreleased.push(hold) }), []);
      });

      assert.deepEqual(change, { paid: PRICE, earned: PRICE, held: 0n });
      assert.equal(unreleased.length, 1);
      assert.equal(unreleased[0]?.captured, PRICE);
      assert.deepEqual(await managerOf().list(), []);
    });

    it("tells it again when the callback failed", async () => {
      const lossy = await lossyFacilitator(facilitator.url);
      const shop = await startTestShop({
        facilitatorUrl: lossy.url,
        accepts: sync,
        scheme: new ExactEvmScheme({ operator, storage }),
        handler: (_request, response) => {
          lossy.loseNext();
          response.json({});
        },
      });
      open.push(shop, lossy);
      await payingFetch(buyer)(shop.url);
      const failing = await reconcile({ onUnreleased: () => Promise.reject(new Error("no mail today")) });
      assert.deepEqual(failing, [new Error("no mail today")]);
      const told: OpenHold[] = [];
      assert.deepEqual(await reconcile({ onUnreleased: (hold) => void told.push(hold) }), []);
      assert.equal(told.length, 1);
    });

    it("tells it also of a sale whose end could not be written down, and captures it once", async () => {
      const told: OpenHold[] = [];
      const change = await moved(async () => {
        const { payload, response, shop } = await buyAtDying(sync, 4);
        assert.equal(response.status, 200);
        assert.equal((await send(shop.url, payload)).status, 402);
        assert.deepEqual(await reconcile({ onUnreleased: (hold) => void told.push(hold) }), []);
      });
      assert.deepEqual(change, { paid: PRICE, earned: PRICE, held: 0n });
      assert.equal(told.length, 1);
    });

    it("forgets what was never paid, once it can no longer be", async () => {
      const shop = await shopOf({ storage: dyingAt(storage, 2) });
      const payload = await signedPayload(buyer, shop.url);
      (payload.payload as { signature: Hex }).signature = `0x${"11".repeat(64)}1b`;
      await send(shop.url, payload);
      const [hold] = await storage.list();
      assert.ok(hold);
      assert.equal((await reconcile()).length, 1, "refused, and could still be mined");
      assert.equal((await storage.get(hold.paymentId))?.state, "unknown");

      await storage.update(hold.paymentId, (current) => expired(current as PaymentRecord));
      assert.deepEqual(await reconcile(), []);
      assert.equal(await storage.get(hold.paymentId), undefined);
    });
  });

  /* A PROCESS THAT IS KILLED */

  describe("of a shop whose process is killed, by what is in its SQLite file", () => {
    let folder: string;
    let file: string;
    let sqlite: SqlitePaymentStorage;
    const told: OpenHold[] = [];
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "recourse-shop-"));
      file = join(folder, "payments.sqlite");
      sqlite = new SqlitePaymentStorage(file);
      told.length = 0;
    });
    afterEach(async () => {
      await world.client.setAutomine(true);
      sqlite.close();
      await rm(folder, { recursive: true });
    });

    /** Buys, and kills the shop when `moment` has come; what is sent and not mined then is mined afterwards. */
    async function buyAndKill(sale: typeof deferred, moment: (shop: MortalShop) => Promise<unknown>) {
      const shop = await startMortalShop(facilitator.url, sale, file);
      const payload = await signedPayload(buyer, shop.url);
      const response = send(shop.url, payload).catch(() => undefined);
      await moment(shop);
      await shop.kill();
      await world.client.setAutomine(true);
      await world.client.mine({ blocks: 1 });
      return response;
    }
    const round = async () => {
      const errors: unknown[] = [];
      const options = {
        abandonedAfterMs: 0,
        onError: (error: unknown) => void errors.push(error),
        onUnreleased: (hold: OpenHold) => void told.push(hold),
      };
      await managerOf(options, clientOf(facilitator.url), sqlite).reconcile();
      assert.deepEqual(errors, []);
    };
    const state = async () => (await sqlite.list())[0]?.record.state;
    const reaches = async (wanted: string) => {
      while ((await state()) !== wanted) await pause(20);
    };

    for (const [name, sale] of [
      ["captured after the handler", sync],
      ["captured later", deferred],
    ] as const) {
      it(`returns what it was paying, of a sale ${name}`, async () => {
        const change = await moved(async () => {
          const response = await buyAndKill(sale, async () => {
            await world.client.setAutomine(false);
            await reaches("settling");
            await pendingTransactions(world);
          });
          assert.equal(response, undefined);
          await round();
        });
        assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
        assert.deepEqual([await sqlite.list(), told], [[], []]);
      });

      it(`returns what it held while the handler ran, of a sale ${name}`, async () => {
        const change = await moved(async () => {
          assert.equal(await buyAndKill(sale, () => reaches("held")), undefined);
          await round();
        });
        assert.deepEqual(change, { paid: 0n, earned: 0n, held: 0n });
        assert.deepEqual([await sqlite.list(), told], [[], []]);
      });
    }

    it("tells of what it was capturing, since nothing has left", async () => {
      const change = await moved(async () => {
        const response = await buyAndKill(sync, async (shop) => {
          await reaches("held");
          await world.client.setAutomine(false);
          await shop.finish();
          await pendingTransactions(world);
        });
        assert.equal(response, undefined);
        await round();
      });
      assert.deepEqual(change, { paid: PRICE, earned: PRICE, held: 0n });
      assert.deepEqual(
        told.map(({ captured }) => captured),
        [PRICE],
      );
      assert.deepEqual(await sqlite.list(), []);
    });

    it("captures what it has sold with deferred capture", async () => {
      const change = await moved(async () => {
        const response = await buyAndKill(deferred, async (shop) => {
          await shop.finish();
          await reaches("released");
          await pause(200);
        });
        assert.equal(response?.status, 200);
        const manager = managerOf({}, clientOf(facilitator.url), sqlite);
        const [hold] = await manager.list();
        assert.ok(hold);
        await manager.close(hold.paymentId, 250_000n);
      });
      assert.deepEqual(change, { paid: 250_000n, earned: 250_000n, held: 0n });
    });
  });

  /* THE FACILITATOR */

  describe("and its facilitator", () => {
    const item = { amount: "5", expectedHeld: "900000", expectedCaptured: "0", nonce: `0x${"00".repeat(32)}` };
    const signature = `0x${"11".repeat(65)}`;
    const itemOf = (payload: PaymentPayload) => ({ ...item, payer: buyer.address, nonce: nonceOf(payload) });
    const nonceOf = (payload: PaymentPayload) =>
      (payload.payload as { authorization: { nonce: string } }).authorization.nonce;
    const many = (items: unknown[]) => ({
      type: "captureMany",
      captureMany: { items, deadline: "99999999999", signature },
    });
    let payload: PaymentPayload;
    before(async () => {
      payload = await signedPayload(buyer, (await shopOf({})).url);
    });
    const asked = (path: "verify" | "settle", operation: object, amount = "5") =>
      ask(
        facilitator.url,
        path,
        { ...payload, payload: { ...payload.payload, ...operation } },
        { ...payload.accepted, amount },
        MERCHANT_KEY,
      );

    it("lets no client ask for many captures", async () => {
      const answer = await asked("verify", { captureMany: {} }, "900000");
      assert.equal(answer.invalidReason, "invalid_exact_evm_recourse_server_field_in_payload");
    });

    for (const [name, items, amount] of [
      ["none", () => [], "0"],
      [
        "more than fit",
        () => Array.from({ length: 51 }, (_, i) => ({ ...item, payer: buyer.address, amount: String(i + 1) })),
        "1326",
      ],
      ["of another sum than it is asked for", () => [itemOf(payload)], "6"],
      ["of nothing", () => [{ ...itemOf(payload), amount: "0" }], "0"],
      ["of the same twice", () => [itemOf(payload), itemOf(payload)], "10"],
      ["with a field too much", () => [{ ...itemOf(payload), to: receiver.address }], "5"],
    ] as [string, () => unknown[], string][]) {
      it(`refuses many captures: ${name}`, async () => {
        const answer = await asked("settle", many(items()), amount);
        assert.equal(answer.errorReason, "invalid_exact_evm_recourse_operation_malformed");
      });
    }

    it("captures nothing that the operator did not sign", async () => {
      const paymentId = await sell();
      const record = await storage.get(paymentId);
      payload = record?.hold?.payload as PaymentPayload;
      const broadcasts = proxy.broadcasts();
      const answer = await asked("settle", many([itemOf(payload)]));
      assert.equal(answer.errorReason, "invalid_exact_evm_recourse_signature_invalid");
      assert.equal(proxy.broadcasts(), broadcasts);
    });

    it("refunds nothing of another value than it is asked for", async () => {
      const refund = { payer: receiver.address, value: "5", validAfter: "0", validBefore: "99999999999" };
      const operation = { type: "refund", refund: { ...refund, nonce: item.nonce, signature } };
      assert.equal(
        (await asked("settle", operation, "6")).errorReason,
        "invalid_exact_evm_recourse_operation_malformed",
      );
    });

    it("tells with a refused order how the payment stands", async () => {
      const paymentId = await sell();
      await managerOf().capture(paymentId, 200_000n);
      const hold = (await storage.get(paymentId))?.hold;
      const stale = { ...hold, captured: "0" } as Hold;
      await storage.update(paymentId, (current) => ({ ...(current as PaymentRecord), hold: stale }));

      await assert.rejects(managerOf().capture(paymentId, 300_000n), ({ reason }: OrderRefusedError) => {
        assert.equal(reason, "invalid_exact_evm_recourse_hold_changed");
        return true;
      });

      assert.equal((await standing(paymentId)).captured, 200_000n);
      assert.equal((await managerOf().capture(paymentId, 300_000n)).captured, 500_000n);
    });
  });

  it("ends no round by a callback that throws", async () => {
    const paymentId = await sell();
    await assert.rejects(managerOf({}, breaking(clientOf(facilitator.url), "before")).capture(paymentId, 200_000n));
    const onError = () => {
      throw new Error("nobody listens");
    };
    await managerOf({ onError }, breaking(clientOf(facilitator.url), "before")).reconcile();
  });

  it("goes in rounds until it is stopped, and a failure ends none", async () => {
    const paymentId = await sell();
    await assert.rejects(managerOf({}, breaking(clientOf(facilitator.url), "before")).capture(paymentId, 200_000n));
    const errors: unknown[] = [];
    const broken = managerOf({ onError: (error) => errors.push(error) }, breaking(clientOf(facilitator.url), "before"));
    broken.start({ intervalMs: 20 });
    while (errors.length < 2) await pause(20);
    await broken.stop();
    const count = errors.length;
    const manager = managerOf();
    manager.start({ intervalMs: 20 });
    while ((await storage.get(paymentId))?.hold?.order) await pause(20);
    await manager.stop();
    assert.equal(errors.length, count);
    assert.equal((await standing(paymentId)).captured, 200_000n);
  });
});

function receiptOf(response: Response): PaymentReceipt {
  const receipt = paymentReceipt(response);
  assert.ok(receipt, "the response has a receipt");
  return receipt;
}

/** Answers, and says what it cost. */
function charge(response: ExpressResponse, amount: string): void {
  setSettlementOverrides(response, { amount });
  response.json({ thing: 1 });
}

const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** The record of a payment whose authorization ended long ago. */
function expired(record: PaymentRecord): PaymentRecord {
  const copy = structuredClone(record) as PaymentRecord & { hold: Hold };
  (copy.hold.payload.payload as { authorization: { validBefore: string } }).authorization.validBefore = "1000";
  return copy;
}
