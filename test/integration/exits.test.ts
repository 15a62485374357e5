import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { contractErrorFrom, PaymentChangedError, RefundAfterCloseError } from "@recourse/sdk/errors";
import {
  creditOf,
  paymentOf,
  RelayError,
  refundCall,
  relay,
  Status,
  signRefund,
  signWithdraw,
} from "@recourse/sdk/refund-window";
import { erc20Abi } from "viem";
import { simulateContract } from "viem/actions";
import { developmentAccount, fiatTokenCaller, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "../../scripts/lib/world.js";
import { payingFetch, receiptOf } from "../shared/buyer.js";
import { PRICE, startTestShop, type TestShop, WINDOW } from "../shared/shop.js";

const buyer = developmentAccount(5);

describe("exits while real USDC is blocked", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl);
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
  });
  after(async () => {
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  const balanceOf = (address: `0x${string}`) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const buyerClient = () => localClient(world.rpcUrl, buyer);
  const buy = async () => receiptOf(await payingFetch(buyer)(shop.url));

  it("book the refund of a payer who is denylisted, and pay it out elsewhere by its signature", async () => {
    const elsewhere = developmentAccount(14).address;
    const receipt = await buy();
    await fiatTokenCaller(world.client)("blacklist", [buyer.address]);

    await relay(await signRefund(buyerClient(), { payment: receipt }), { facilitator: facilitator.url });
    const credit = await creditOf(world.client, { address: receipt.vault, owner: buyer.address, token: USDC });
    const request = await signWithdraw(buyerClient(), { address: receipt.vault, to: elsewhere, token: USDC });
    const { amount } = await relay(request, { facilitator: facilitator.url });

    await fiatTokenCaller(world.client)("unBlacklist", [buyer.address]);
    assert.equal(credit.balance, PRICE);
    assert.equal(BigInt(amount), PRICE);
    assert.equal(await balanceOf(elsewhere), PRICE);
  });

  it("book the refund while the token is paused, and pay it out after", async () => {
    const receipt = await buy();
    const before = await balanceOf(buyer.address);
    await fiatTokenCaller(world.client)("pause", []);
    const refund = await signRefund(buyerClient(), { payment: receipt });
    await relay(refund, { facilitator: facilitator.url });
    const paused = await signWithdraw(buyerClient(), { address: receipt.vault, token: USDC });
    await assert.rejects(relay(paused, { facilitator: facilitator.url }), RelayError);
    await fiatTokenCaller(world.client)("unpause", []);

    await relay(await signWithdraw(buyerClient(), { address: receipt.vault, token: USDC }), {
      facilitator: facilitator.url,
    });

    const ref = { method: 0, nonce: receipt.nonce, payer: buyer.address, token: USDC } as const;
    assert.equal((await paymentOf(world.client, { address: receipt.vault, ref })).status, Status.Refunded);
    assert.equal(await balanceOf(buyer.address), before + PRICE);
  });

  it("say with a class why they are refused", async () => {
    const receipt = await buy();
    const ref = { method: 0, nonce: receipt.nonce, payer: buyer.address, token: USDC } as const;
    const refund = (expectedHeld: bigint) =>
      simulateContract(world.client, {
        ...refundCall({
          address: receipt.vault,
          amount: 1n,
          expectedHeld,
          expectedRefunded: 0n,
          payoutGas: 150_000n,
          ref,
          to: buyer.address,
        }),
        account: buyer,
      }).catch((error: unknown) => contractErrorFrom(error));

    assert.ok((await refund(1n)) instanceof PaymentChangedError);
    await world.client.increaseTime({ seconds: WINDOW });
    await world.client.mine({ blocks: 1 });
    assert.ok((await refund(PRICE)) instanceof RefundAfterCloseError);
  });
});
