import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { addresses } from "@recourse/sdk/addresses";
import {
  captureTypedData,
  describePayTo,
  EscrowStatus,
  type PaymentReceipt,
  paymentOf,
  paymentReceipt,
  RelayError,
  reclaimRequest,
  relay,
  voidTypedData,
} from "@recourse/sdk/escrow";
import { ExactEvmScheme, escrow, refundWindow } from "@recourse/sdk/exact/server";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { type Address, erc20Abi, type LocalAccount } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, offerOf, payingFetch, reasonOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { type EscrowShop, type Framework, startEscrowShop, type Work } from "../shared/escrowShop.js";
import { NETWORK, operator, receiver } from "../shared/shop.js";
import { sharedAccount } from "../shared/wallets.js";

const buyer = developmentAccount(5);
const stranger = developmentAccount(6);
const HOLD = 900_000n;
const WINDOW = 3_600;
const CAPTURE_EXCEEDS_HELD = "invalid_exact_evm_recourse_capture_exceeds_held";

/** A handler that says what it cost. */
function costing(amount: string): Work {
  return async (charge) => {
    charge(amount);
    return { status: 200, body: { thing: "done" } };
  };
}

for (const framework of ["express", "hono"] satisfies Framework[]) {
  describe(`an escrow route of ${framework}, with a stock client`, () => {
    let world: World;
    let facilitator: FacilitatorProcess;
    let shop: EscrowShop;

    before(async () => {
      world = await startWorld();
      facilitator = await startFacilitator(world.rpcUrl, {});
      await mintUsdc(world.client, buyer.address, 100_000_000n);
    });
    after(async () => {
      await facilitator?.stop();
      await world?.stop();
    });
    beforeEach(async () => {
      await shop?.stop();
      shop = await startEscrowShop(framework, facilitator.url);
    });
    after(() => shop?.stop());

    /** Buys, and says by how much everybody's balance changed. */
    async function buy() {
      const parties = [buyer.address, receiver.address, shop.sale.payTo] as const;
      const before = await Promise.all(parties.map((party) => balanceOf(world, party)));
      const response = await payingFetch(buyer)(shop.url);
      const now = await Promise.all(parties.map((party) => balanceOf(world, party)));
      const [paid = 0n, earned = 0n, held = 0n] = now.map((balance, i) => balance - (before[i] as bigint));
      return { response, moved: { paid: -paid, earned, held } };
    }

    it("captures what the handler says it cost, and returns the rest", async () => {
      shop.work = costing("250000");

      const { moved, response } = await buy();

      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), { thing: "done" });
      assert.deepEqual(moved, { paid: 250_000n, earned: 250_000n, held: 0n });
      const { amount, extra } = settlementOf(response);
      assert.deepEqual([amount, extra?.operation], ["250000", "close"]);
      const receipt = receiptOf(response);
      assert.deepEqual([receipt.amount, receipt.captured, receipt.returned], ["900000", "250000", "650000"]);
      assert.deepEqual(
        receipt.nextActions?.map(({ action }) => action),
        ["refund"],
      );
    });

    it("captures all when the handler says nothing", async () => {
      const { moved } = await buy();
      assert.deepEqual(moved, { paid: HOLD, earned: HOLD, held: 0n });
    });

    for (const [amount, cost] of [
      ["50%", 450_000n],
      ["$0.10", 100_000n],
      ["0", 0n],
      ["900000", HOLD],
    ] as const) {
      it(`understands a cost of ${amount}`, async () => {
        shop.work = costing(amount);
        const { moved, response } = await buy();
        assert.equal(response.status, 200);
        assert.deepEqual(moved, { paid: cost, earned: cost, held: 0n });
      });
    }

    it("releases nothing for more than is held, says why, and returns everything", async () => {
      shop.work = costing("900001");

      const { moved, response } = await buy();

      assert.equal(response.status, 402);
      assert.equal(reasonOf(response), CAPTURE_EXCEEDS_HELD);
      assert.doesNotMatch(await response.text(), /done/);
      assert.deepEqual(moved, { paid: 0n, earned: 0n, held: 0n });
    });

    for (const cost of ["$NaN", "$-1.00", "$1e-7", "1.5", "-5", "007", "much"]) {
      it(`releases nothing at a cost of ${cost}, says why, and returns everything`, async () => {
        shop.work = costing(cost);
        const { moved, response } = await buy();
        assert.equal(response.status, 402);
        assert.equal(reasonOf(response), "invalid_exact_evm_recourse_cost_malformed");
        assert.deepEqual(moved, { paid: 0n, earned: 0n, held: 0n });
      });
    }

    for (const [name, work] of [
      ["fails", async () => ({ status: 500, body: {} })],
      ["gives up after a time-out", async () => ({ status: 504, body: {} })],
      ["throws", () => Promise.reject(new Error("out of paper"))],
      [
        "throws after it has charged",
        async (charge) => {
          charge("1");
          throw new Error("out of paper");
        },
      ],
    ] as [string, Work][]) {
      it(`returns everything when the handler ${name}`, async () => {
        shop.work = work;

        const { moved, response } = await buy();

        assert.ok(response.status >= 500);
        assert.deepEqual(moved, { paid: 0n, earned: 0n, held: 0n });
        const { amount, extra, success } = settlementOf(response);
        assert.deepEqual([success, amount, extra?.operation], [true, "0", "void"]);
        assert.equal(receiptOf(response).returned, "900000");
      });
    }

    it("runs the handler once for a payment, however often and fast it is sent", async () => {
      const payload = await signedPayload(buyer, shop.url);

      const responses = await Promise.all([1, 2, 3].map(() => send(shop.url, payload)));
      const late = await send(shop.url, payload);

      assert.equal(responses.filter(({ status }) => status === 200).length, 1);
      assert.equal(late.status, 402);
      assert.equal(shop.runs(), 1);
    });

    it("does not take a payload that orders what only the server may", async () => {
      const payload = await signedPayload(buyer, shop.url);
      for (const fields of [{ type: "void" }, { because: "capture-exceeds-held" }, { capture: {} }]) {
        const response = await send(shop.url, { ...payload, payload: { ...payload.payload, ...fields } });
        assert.equal(reasonOf(response), "invalid_exact_evm_recourse_server_field_in_payload");
      }
      assert.equal(shop.runs(), 0);
    });
  });
}

describe("orders about a held payment", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: EscrowShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1000" });
    shop = await startEscrowShop("express", facilitator.url);
    await mintUsdc(world.client, buyer.address, 100_000_000n);
  });
  after(async () => {
    await shop?.stop();
    await facilitator?.stop();
    await world?.stop();
  });

  type Held = { payload: PaymentPayload; requirements: PaymentRequirements; receipt: PaymentReceipt };

  /** A payment that is held, and nobody's handler knows of. */
  async function hold(): Promise<Held> {
    const payload = await signedPayload(buyer, shop.url);
    const [requirements] = (await offerOf(shop.url)).accepts as [PaymentRequirements];
    const answer = await settle({ payload, requirements }, { type: "pay", idempotencyKey: crypto.randomUUID() });
    return { payload, requirements, receipt: answer.extra.recourse };
  }

  function settle(
    { payload, requirements }: Pick<Held, "payload" | "requirements">,
    order: object,
    { amount = requirements.amount, key = MERCHANT_KEY as string | undefined } = {},
  ) {
    const ordered = { ...payload, payload: { ...payload.payload, ...order } };
    return ask(facilitator.url, "settle", ordered, { ...requirements, amount }, key);
  }

  type Expected = { held?: bigint; captured?: bigint; signer?: LocalAccount; deadline?: bigint };

  async function capture(
    { receipt }: Held,
    type: "capture" | "close",
    amount: bigint,
    { captured = 0n, deadline = 2n ** 40n, held = HOLD, signer = operator }: Expected = {},
  ) {
    const message = {
      paymentId: receipt.paymentId,
      amount,
      isFinal: type === "close",
      expectedHeld: held,
      expectedCaptured: captured,
      deadline,
    };
    const typedData = captureTypedData({ address: receipt.vault, chainId: 84532, message });
    const signature = await signer.signTypedData(typedData);
    return {
      type,
      capture: {
        amount: String(amount),
        expectedHeld: String(held),
        expectedCaptured: String(captured),
        deadline: String(deadline),
        signature,
      },
    };
  }

  async function voiding({ receipt }: Held, { held = HOLD, signer = operator }: Expected = {}) {
    const message = { paymentId: receipt.paymentId, by: signer.address, expectedHeld: held, deadline: 2n ** 40n };
    const typedData = voidTypedData({ address: receipt.vault, chainId: 84532, message });
    const signature = await signer.signTypedData(typedData);
    return {
      type: "void",
      void: { by: signer.address, expectedHeld: String(held), deadline: String(2n ** 40n), signature },
    };
  }

  it("capture in parts, and close at the last", async () => {
    const held = await hold();

    const first = await settle(held, await capture(held, "capture", 200_000n), { amount: "200000" });
    const rest = { held: 700_000n, captured: 200_000n };
    const second = await settle(held, await capture(held, "close", 100_000n, rest), { amount: "100000" });

    assert.deepEqual([first.success, second.success], [true, true]);
    assert.deepEqual(
      first.extra.recourse.nextActions.map(({ action }: { action: string }) => action),
      ["capture", "close", "void", "void", "reclaim", "refund"],
    );
    const { captured, returned, status } = await statusOf(world, held.receipt);
    assert.deepEqual([captured, returned, status], [300_000n, 600_000n, EscrowStatus.Ended]);
  });

  it("are answered the same when they are asked again, also by a facilitator that remembers nothing", async () => {
    const held = await hold();
    const order = await capture(held, "close", 200_000n);
    const first = await settle(held, order, { amount: "200000" });

    const again = await settle(held, order, { amount: "200000" });
    await facilitator.stop();
    facilitator = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1000" });
    const forgotten = await settle(held, order, { amount: "200000" });
    const resigned = await settle(held, await capture(held, "close", 200_000n, { deadline: 2n ** 41n }), {
      amount: "200000",
    });

    assert.equal(first.success, true);
    for (const answer of [again, forgotten, resigned]) {
      assert.deepEqual([answer.success, answer.transaction, answer.amount], [true, first.transaction, "200000"]);
    }
    // The shop asks the facilitator at its old address.
    await shop.stop();
    shop = await startEscrowShop("express", facilitator.url);
  });

  it("are void once another has changed the payment", async () => {
    const held = await hold();
    const [close, back] = [await capture(held, "close", 1n), await voiding(held)];
    assert.equal((await settle(held, await capture(held, "capture", 5n), { amount: "5" })).success, true);

    for (const [order, amount] of [
      [close, "1"],
      [back, "0"],
    ] as const) {
      const { errorReason, success } = await settle(held, order, { amount });
      assert.deepEqual([success, errorReason], [false, "invalid_exact_evm_recourse_hold_changed"]);
    }
  });

  it("are the operator's, whatever key the server has", async () => {
    const held = await hold();
    for (const signer of [stranger, buyer, receiver]) {
      const { errorReason } = await settle(held, await capture(held, "close", HOLD, { signer }));
      assert.equal(errorReason, "invalid_exact_evm_recourse_signature_invalid");
    }
    const { errorReason } = await settle(held, await voiding(held, { signer: buyer }), { amount: "0" });
    assert.equal(errorReason, "invalid_exact_evm_recourse_operation_not_authorized");
  });

  it("may be voided by the receiver too", async () => {
    const held = await hold();
    const { extra, success } = await settle(held, await voiding(held, { signer: receiver }), { amount: "0" });
    assert.deepEqual([success, extra.recourse.returned], [true, "900000"]);
  });

  it("cannot be those of a refund window, nor of another amount than is asked for", async () => {
    const held = await hold();
    const refund = { by: operator.address, amount: "1", expectedHeld: "1", expectedRefunded: "0", deadline: "1" };
    const ofRefundWindow = { type: "refund", refund: { ...refund, signature: "0x" } };
    assert.equal((await settle(held, ofRefundWindow)).errorReason, "invalid_exact_evm_recourse_operation_malformed");
    const order = await capture(held, "close", 1n);
    assert.equal((await settle(held, order)).errorReason, "invalid_exact_evm_recourse_operation_malformed");
  });

  it("are those of two of three, where buyer, seller and judge are the operator together", async () => {
    const judge = developmentAccount(8);
    const operators = await sharedAccount(world.client, [buyer, receiver, judge]);
    const [buyerAndSeller, buyerAndJudge, sellerAndJudge] = [
      operators.signedBy(buyer, receiver),
      operators.signedBy(buyer, judge),
      operators.signedBy(receiver, judge),
    ];
    const single = shop;
    shop = await startEscrowShop(
      "express",
      facilitator.url,
      { operator: operators.address },
      { operator: buyerAndSeller },
    );
    const [released, returned, split, alone] = [await hold(), await hold(), await hold(), await hold()];

    const release = await settle(released, await capture(released, "close", HOLD, { signer: buyerAndSeller }));
    const giveBack = await settle(returned, await voiding(returned, { signer: buyerAndJudge }), { amount: "0" });
    const order = await capture(split, "close", 300_000n, { signer: sellerAndJudge });
    const divide = await settle(split, order, { amount: "300000" });
    const byOne = await settle(alone, await capture(alone, "close", HOLD, { signer: operators.signedBy(receiver) }));
    const byOneTwice = operators.signedBy(receiver, receiver);
    const twice = await settle(alone, await capture(alone, "close", HOLD, { signer: byOneTwice }));
    await shop.stop();
    shop = single;

    assert.deepEqual(
      [release, giveBack, divide].map(({ success }) => success),
      [true, true, true],
    );
    const outcomes = await Promise.all([released, returned, split].map(({ receipt }) => statusOf(world, receipt)));
    assert.deepEqual(
      outcomes.map((payment) => [payment.captured, payment.returned]),
      [
        [HOLD, 0n],
        [0n, HOLD],
        [300_000n, 600_000n],
      ],
    );
    for (const { errorReason } of [byOne, twice])
      assert.equal(errorReason, "invalid_exact_evm_recourse_signature_invalid");
  });

  it("are paid for with the payment, so that no budget leaves it held", async () => {
    const usual = facilitator;
    facilitator = await startFacilitator(world.rpcUrl, { TRANSACTIONS_PER_HOUR: "3", STRANGERS_PER_HOUR: "1" });
    try {
      const held = await hold();
      const payload = await signedPayload(buyer, shop.url);
      const pay = { type: "pay", idempotencyKey: crypto.randomUUID() };
      const refused = await settle({ payload, requirements: held.requirements }, pay);
      const closed = await settle(held, await capture(held, "close", 1n), { amount: "1" });
      assert.deepEqual([refused.success, closed.success], [false, true]);
      assert.equal(refused.errorReason, "invalid_exact_evm_recourse_not_sponsored");
    } finally {
      await facilitator.stop();
      facilitator = usual;
    }
  });

  it("are refused as early as the facilitator is told to", async () => {
    const usual = facilitator;
    const held = await hold();
    facilitator = await startFacilitator(world.rpcUrl, { CAPTURE_MARGIN_SECONDS: String(WINDOW) });
    try {
      const { errorReason } = await settle(held, await capture(held, "close", HOLD));
      assert.equal(errorReason, "invalid_exact_evm_recourse_capture_too_late");
    } finally {
      await facilitator.stop();
      facilitator = usual;
    }
    assert.equal((await settle(held, await capture(held, "close", HOLD))).success, true);
  });

  it("capture nothing shortly before the end, and from then on anybody has it sent back", async () => {
    const held = await hold();
    const { captureUntil } = await statusOf(world, held.receipt);
    const order = await capture(held, "close", HOLD);
    const request = await reclaimRequest(localClient(world.rpcUrl, stranger), { payment: held.receipt });
    const early = relay(request, { facilitator: facilitator.url });
    await assert.rejects(early, refused("invalid_exact_evm_recourse_reclaim_before_deadline"));

    await world.client.setNextBlockTimestamp({ timestamp: BigInt(captureUntil - 60) });
    await world.client.mine({ blocks: 1 });
    assert.equal((await settle(held, order)).errorReason, "invalid_exact_evm_recourse_capture_too_late");

    await world.client.setNextBlockTimestamp({ timestamp: BigInt(captureUntil) });
    await world.client.mine({ blocks: 1 });
    const before = await balanceOf(world, buyer.address);
    const reclaimed = await relay(request, { facilitator: facilitator.url });
    assert.equal(reclaimed.amount, "900000");
    assert.equal((await balanceOf(world, buyer.address)) - before, HOLD);
    const again = await relay(request, { facilitator: facilitator.url });
    assert.equal(again.transaction, reclaimed.transaction);
  });

  function refused(reason: string) {
    return (error: unknown) => error instanceof RelayError && error.reason === reason;
  }
});

describe("what an escrow route says", () => {
  let world: World;
  let facilitator: FacilitatorProcess;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, {});
  });
  after(async () => {
    await facilitator?.stop();
    await world?.stop();
  });

  const terms = { network: NETWORK, price: "$0.90", receiver: receiver.address, operator: operator.address } as const;
  const sale = escrow({ ...terms, captureWindow: WINDOW });
  const { paymentFlow: _, ...withoutFlow } = sale.extra;
  const window = refundWindow({ ...terms, window: WINDOW });

  for (const [name, accepts, scheme] of [
    ["an escrow without its flow", { ...sale, extra: withoutFlow }, { operator }],
    ["an escrow that is paid upfront", { ...sale, extra: { ...sale.extra, paymentFlow: "upfront" } }, { operator }],
    ["an escrow without its operator's signer", sale, {}],
    ["an escrow with the receiver's signer", sale, { operator: receiver }],
    ["a refund window in the flow of escrows", { ...window, extra: { ...window.extra, paymentFlow: "escrow" } }, {}],
    ["the flow of escrows without a vault", { ...sale, extra: { paymentFlow: "escrow" } }, { operator }],
    ["other terms than its address has", { ...sale, payTo: window.payTo }, { operator }],
  ] as const) {
    it(`is refused: ${name}`, async () => {
      const { extra, network, payTo, scheme: exact } = accepts;
      const requirements = {
        scheme: exact,
        network,
        asset: USDC,
        amount: "900000",
        payTo,
        maxTimeoutSeconds: 300,
        extra,
      };
      const factories = { "refund-window": [addresses["refund-window"].factory], escrow: [addresses.escrow.factory] };
      const kind = { x402Version: 2, scheme: exact, network, extra: { recourse: { factories } } };
      const enhancing = new ExactEvmScheme(scheme).enhancePaymentRequirements(requirements, kind, []);
      await assert.rejects(enhancing, { name: "RouteTermsError" });
    });
  }

  it("is proven to the buyer before it pays", async () => {
    const shop = await startEscrowShop("express", facilitator.url, { fee: { receiver: stranger.address, bps: 250 } });
    const [requirements] = (await offerOf(shop.url)).accepts as [PaymentRequirements];
    const description = await describePayTo(localClient(world.rpcUrl, buyer), requirements);
    await shop.stop();
    assert.deepEqual(description?.promise, [
      `For 1 hour after paying, ${operator.address} decides what of it ${receiver.address} has earned, and can return the rest.`,
      "Whatever was not earned by then is the payer's: anybody can have it sent back, and nobody can take it.",
      `${stranger.address} gets 2.5 % of what was earned, and the receiver the rest.`,
    ]);
  });
});

async function balanceOf({ client }: World, address: Address): Promise<bigint> {
  return client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
}

function statusOf({ client }: World, { nonce, payer, token, vault }: PaymentReceipt) {
  return paymentOf(client, { address: vault, ref: { method: 0, token, payer, nonce } });
}

function receiptOf(response: Response): PaymentReceipt {
  const receipt = paymentReceipt(response);
  assert.ok(receipt, `The response (status ${response.status}) has no receipt: ${reasonOf(response)}`);
  return receipt;
}
