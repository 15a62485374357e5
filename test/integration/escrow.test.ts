import assert from "node:assert/strict";
import { after, before, beforeEach, describe, it } from "node:test";
import { EscrowStatus, type PaymentReceipt, paymentOf, paymentReceipt } from "@recourse/sdk/escrow";
import { ExactEvmScheme, escrow } from "@recourse/sdk/exact/server";
import { setSettlementOverrides } from "@x402/express";
import type { RequestHandler } from "express";
import { erc20Abi } from "viem";
import { developmentAccount, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "../../scripts/lib/world.js";
import { payingFetch, reasonOf, settlementOf } from "../shared/buyer.js";
import { NETWORK, operator, receiver, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const HOLD = 900_000n;
const WINDOW = 3_600;
const sale = escrow({
  network: NETWORK,
  price: "$0.90",
  receiver: receiver.address,
  operator: operator.address,
  captureWindow: WINDOW,
});

describe("an escrow route, with a stock client", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;
  /** What the handler does in the test at hand. */
  let handler: RequestHandler;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, {});
    await mintUsdc(world.client, buyer.address, 100_000_000n);
    shop = await startTestShop({
      facilitatorUrl: facilitator.url,
      accepts: sale,
      scheme: new ExactEvmScheme({ operator }),
      handler: (request, response, next) => handler(request, response, next),
    });
  });
  after(async () => {
    await shop?.stop();
    await facilitator?.stop();
    await world?.stop();
  });

  beforeEach(() => {
    handler = (_request, response) => response.json({ thing: 1 });
  });

  const balanceOf = (address: `0x${string}`): Promise<bigint> =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  /** Buys, and says by how much everybody's balance changed. */
  async function buy() {
    const parties = [buyer.address, receiver.address, sale.payTo] as const;
    const [buyerBefore, receiverBefore, vaultBefore] = await Promise.all(parties.map(balanceOf));
    const response = await payingFetch(buyer)(shop.url);
    const [buyerNow, receiverNow, vaultNow] = await Promise.all(parties.map(balanceOf));
    return {
      response,
      paid: (buyerBefore as bigint) - (buyerNow as bigint),
      earned: (receiverNow as bigint) - (receiverBefore as bigint),
      held: (vaultNow as bigint) - (vaultBefore as bigint),
    };
  }

  async function statusOf({ nonce, payer, token, vault }: PaymentReceipt) {
    return paymentOf(world.client, { address: vault, ref: { method: 0, token, payer, nonce } });
  }

  it("captures what the handler says it cost, and returns the rest", async () => {
    handler = (_request, response) => {
      setSettlementOverrides(response, { amount: "250000" });
      response.json({ thing: 1 });
    };

    const { earned, held, paid, response } = await buy();

    assert.equal(response.status, 200);
    assert.deepEqual({ paid, earned, held }, { paid: 250_000n, earned: 250_000n, held: 0n });
    const receipt = paymentReceipt(response) as PaymentReceipt;
    assert.deepEqual([receipt.amount, receipt.captured, receipt.returned], ["900000", "250000", "650000"]);
    assert.equal((await statusOf(receipt)).status, EscrowStatus.Ended);
    assert.equal(settlementOf(response).amount, "250000");
  });

  it("captures all when the handler says nothing", async () => {
    const { earned, held, paid } = await buy();
    assert.deepEqual({ paid, earned, held }, { paid: HOLD, earned: HOLD, held: 0n });
  });

  for (const [amount, cost] of [
    ["50%", 450_000n],
    ["$0.10", 100_000n],
    ["0", 0n],
    ["900000", HOLD],
  ] as const) {
    it(`understands a cost of ${amount}`, async () => {
      handler = (_request, response) => {
        setSettlementOverrides(response, { amount });
        response.json({ thing: 1 });
      };
      const { earned, held, paid, response } = await buy();
      assert.equal(response.status, 200);
      assert.deepEqual({ paid, earned, held }, { paid: cost, earned: cost, held: 0n });
    });
  }

  it("releases nothing for more than is held, says why, and returns everything", async () => {
    handler = (_request, response) => {
      setSettlementOverrides(response, { amount: "900001" });
      response.json({ thing: "secret" });
    };

    const { earned, held, paid, response } = await buy();

    assert.equal(response.status, 402);
    assert.equal(reasonOf(response), "invalid_exact_evm_recourse_capture_exceeds_held");
    assert.doesNotMatch(await response.text(), /secret/);
    assert.deepEqual({ paid, earned, held }, { paid: 0n, earned: 0n, held: 0n });
  });

  for (const [name, fail] of [
    ["fails", (_request, response) => response.status(500).json({ error: "out of paper" })],
    ["throws", () => Promise.reject(new Error("out of paper"))],
  ] as [string, RequestHandler][]) {
    it(`returns everything when the handler ${name}`, async () => {
      handler = fail;

      const { earned, held, paid, response } = await buy();

      assert.equal(response.status, 500);
      assert.deepEqual({ paid, earned, held }, { paid: 0n, earned: 0n, held: 0n });
      assert.equal(settlementOf(response).success, true);
      assert.equal(settlementOf(response).amount, "0");
      assert.equal(settlementOf(response).extra?.operation, "void");
    });
  }
});
