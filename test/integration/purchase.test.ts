import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  ExactEvmScheme,
  type ExactEvmSchemeConfig,
  FacilitatorUnsuitableError,
  RouteTermsError,
} from "@recourse/sdk/exact/server";
import {
  claim,
  claimableBuckets,
  describePayTo,
  PAYOUT_GAS,
  paymentOf,
  RelayError,
  refund,
  relay,
  Status,
  signRefund,
  terms,
  VaultTermsMismatchError,
} from "@recourse/sdk/refund-window";
import { encodePaymentSignatureHeader } from "@x402/core/http";
import { erc20Abi } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  privateKeyOf,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { offerOf, payingFetch, reasonOf, receiptOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { NETWORK, operator, PRICE, receiver, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const PURSE = 100_000_000n;

describe("a purchase into a refund window", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, { LOG_LEVEL: "info" });
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, PURSE);
    await world.client.setBalance({ address: buyer.address, value: 0n });
  });
  after(async () => {
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  const balanceOf = (address: `0x${string}`) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const refOf = ({ nonce, payer, token }: { nonce: `0x${string}`; payer: `0x${string}`; token: `0x${string}` }) =>
    ({ method: 0, nonce, payer, token }) as const;

  it("deploys the vault in the transaction of the first payment", async () => {
    const description = await describePayTo(world.client, (await offerOf(shop.url)).accepts[0] as never);
    assert.equal(description?.isDeployed, false);

    const response = await payingFetch(buyer)(shop.url);

    assert.equal(response.status, 200);
    const receipt = receiptOf(response);
    assert.equal(receipt.vault, shop.sale.payTo);
    assert.deepEqual(await terms(world.client, { address: receipt.vault }), shop.sale.extra.recourse.terms);
    const { logs } = await world.client.getTransactionReceipt({ hash: settlementOf(response).transaction as never });
    assert.ok(
      logs.some(({ address }) => address.toLowerCase() === description?.factory.toLowerCase()),
      "the factory's event",
    );
  });

  it("tells the buyer the id, the times and what to do until when", async () => {
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));
    const payment = await paymentOf(world.client, { address: receipt.vault, ref: refOf(receipt) });

    assert.equal(receipt.paymentId, payment.id);
    assert.equal(BigInt(receipt.amount), PRICE);
    assert.equal(receipt.closesAt, payment.closesAt);
    assert.equal(receipt.maturesAt, payment.maturesAt);
    assert.deepEqual(
      receipt.nextActions?.map(({ action, actor, until }) => ({ action, actor, until })),
      [
        { action: "refund", actor: buyer.address, until: receipt.closesAt },
        { action: "refund", actor: receiver.address, until: receipt.maturesAt },
        { action: "refund", actor: operator.address, until: receipt.maturesAt },
        { action: "claim", actor: null, until: null },
      ],
    );
  });

  it("gives everything back by a signature that the facilitator relays", async () => {
    const before = await balanceOf(buyer.address);
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));

    const request = await signRefund(localClient(world.rpcUrl, buyer), { payment: receipt });
    const { amount } = await relay(request, { facilitator: facilitator.url });

    assert.equal(BigInt(amount), PRICE);
    assert.equal(await balanceOf(buyer.address), before);
    const { status } = await paymentOf(world.client, { address: receipt.vault, ref: refOf(receipt) });
    assert.equal(status, Status.Refunded);
    assert.equal(await world.client.getTransactionCount({ address: buyer.address }), 0);
  });

  it("gives a part back, to an address of the payer's choice", async () => {
    const elsewhere = developmentAccount(15).address;
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));

    const request = await signRefund(localClient(world.rpcUrl, buyer), { amount: 1n, payment: receipt, to: elsewhere });
    await relay(request, { facilitator: facilitator.url });

    assert.equal(await balanceOf(elsewhere), 1n);
  });

  it("answers a refund that was relayed before with the same transaction", async () => {
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));
    const request = await signRefund(localClient(world.rpcUrl, buyer), { payment: receipt });

    const first = await relay(request, { facilitator: facilitator.url });
    const second = await relay(request, { facilitator: facilitator.url });

    assert.equal(second.transaction, first.transaction);
  });

  it("refuses to relay what the payer did not sign, with the contract's reason", async () => {
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));
    const request = await signRefund(localClient(world.rpcUrl, developmentAccount(6)), { payment: receipt });

    await assert.rejects(
      relay({ ...request, message: { ...request.message, by: buyer.address } }, { facilitator: facilitator.url }),
      (error) => error instanceof RelayError && error.reason === "invalid_exact_evm_recourse_signature_invalid",
    );
  });

  it("sponsors one exit a payment, and leaves further ones to the budget for strangers", async () => {
    const limited = await startFacilitator(world.rpcUrl, {
      EVM_PRIVATE_KEY: privateKeyOf(17),
      STRANGERS_PER_HOUR: "1",
    });
    const limitedShop = await startTestShop({ facilitatorUrl: limited.url });
    try {
      const receipt = receiptOf(await payingFetch(buyer)(limitedShop.url));
      const take = async () =>
        relay(await signRefund(localClient(world.rpcUrl, buyer), { amount: 1n, payment: receipt }), {
          facilitator: limited.url,
        });
      await take();
      await take();
      await assert.rejects(
        take(),
        (error) => error instanceof RelayError && error.reason === "invalid_exact_evm_recourse_not_sponsored",
      );
    } finally {
      await limitedShop.stop();
      await limited.stop();
    }
  });

  it("lets receiver and operator give back to the payer by a call", async () => {
    const before = await balanceOf(buyer.address);
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));

    await refund(localClient(world.rpcUrl, operator), {
      address: receipt.vault,
      ref: refOf(receipt),
      amount: PRICE,
      to: buyer.address,
      expectedHeld: PRICE,
      expectedRefunded: 0n,
      payoutGas: PAYOUT_GAS,
    });

    assert.equal(await balanceOf(buyer.address), before);
  });

  it("keeps nothing from the buyer when the handler fails after an authorization", async () => {
    const failing = await startTestShop({
      facilitatorUrl: facilitator.url,
      handler: (_request, response) => response.status(500).json({}),
    });
    try {
      const before = await balanceOf(buyer.address);
      const response = await payingFetch(buyer)(failing.url);

      assert.equal(response.status, 500);
      assert.equal(await balanceOf(buyer.address), before);
    } finally {
      await failing.stop();
    }
  });

  for (const [name, handler] of [
    [
      "answers 500",
      (_request: unknown, response: { status(code: number): { json(body: object): void } }) =>
        response.status(500).json({}),
    ],
    [
      "throws",
      () => {
        throw new Error("out of paper");
      },
    ],
  ] as const) {
    it(`gives an upfront payment back when the handler ${name}`, async () => {
      const failing = await startTestShop({
        facilitatorUrl: facilitator.url,
        handler: handler as never,
        sale: { paymentFlow: "upfront" },
      });
      try {
        const before = await balanceOf(buyer.address);
        const response = await payingFetch(buyer)(failing.url);

        assert.equal(response.status, 500);
        assert.equal(settlementOf(response).extra?.operation, "refund");
        assert.equal(await balanceOf(buyer.address), before);
      } finally {
        await failing.stop();
      }
    });
  }

  it("refuses a forged signature, and says why", async () => {
    const payload = await signedPayload(buyer, shop.url);
    const stranger = await signedPayload(developmentAccount(6), shop.url);
    payload.payload.signature = stranger.payload.signature;

    const response = await send(shop.url, payload);

    assert.equal(response.status, 402);
    assert.equal(reasonOf(response), "invalid_exact_evm_signature");
  });

  it("keeps the header of the longest terms far below what servers accept", async () => {
    const longest = { fee: { receiver: developmentAccount(9).address, bps: 1_000 }, nonRefundableBps: 9_999 };
    const wordy = await startTestShop({
      facilitatorUrl: facilitator.url,
      sale: {
        ...longest,
        operator: operator.address,
        paymentFlow: "upfront",
        salt: `0x${"f".repeat(64)}`,
        window: 31_535_999,
      },
    });
    try {
      const header = encodePaymentSignatureHeader(await signedPayload(buyer, wordy.url));
      assert.ok(header.length < 4_096, `${header.length} characters`);
    } finally {
      await wordy.stop();
    }
  });

  it("refuses to describe an address that is not the vault of its terms", async () => {
    const [requirements] = (await offerOf(shop.url)).accepts;
    assert.ok(requirements);
    await assert.rejects(
      describePayTo(world.client, { ...requirements, payTo: buyer.address }),
      VaultTermsMismatchError,
    );
  });

  it("refuses routes that say something about their vault that is not so", async () => {
    const served = { recourse: { factories: { "refund-window": [shop.sale.extra.recourse.factory] } } };
    const kind = { x402Version: 2, scheme: "exact", network: NETWORK, extra: served } as const;
    const { extra, payTo } = shop.sale;
    const requirements = {
      scheme: "exact",
      network: NETWORK,
      asset: USDC,
      amount: "500000",
      payTo,
      maxTimeoutSeconds: 300,
      extra,
    } as const;
    const enhance = (changes: object, facilitatorKind: object = {}, config: ExactEvmSchemeConfig = {}) =>
      new ExactEvmScheme(config).enhancePaymentRequirements(
        { ...requirements, ...changes },
        { ...kind, ...facilitatorKind },
        [],
      );
    const strange = { recourse: { ...extra.recourse, factory: buyer.address } };

    await enhance({});
    await assert.rejects(enhance({ payTo: buyer.address }), RouteTermsError);
    await assert.rejects(enhance({ extra: { recourse: { ...extra.recourse, more: 1 } } }), RouteTermsError);
    await assert.rejects(
      enhance({ extra: { ...extra, paymentFlow: "upfront" } }),
      RouteTermsError,
      "nobody could sign the refund",
    );
    await enhance({ extra: { ...extra, paymentFlow: "upfront" } }, {}, { operator });
    await assert.rejects(enhance({ extra: strange }), FacilitatorUnsuitableError);
    await assert.rejects(enhance({}, { extra: undefined }), FacilitatorUnsuitableError, "a stock facilitator");
  });

  it("releases what matured to the shop in one transaction", async () => {
    const { client } = world;
    await client.increaseTime({ seconds: 15 * 86_400 });
    await client.mine({ blocks: 1 });
    const buckets = await claimableBuckets(client, { address: shop.sale.payTo, token: USDC });
    const before = await balanceOf(receiver.address);

    const hash = await claim(client, {
      address: shop.sale.payTo,
      buckets: buckets.map(({ bucket }) => bucket),
      payoutGas: PAYOUT_GAS,
      token: USDC,
    });
    await client.waitForTransactionReceipt({ hash });

    const sum = buckets.reduce((total, { amount }) => total + amount, 0n);
    assert.ok(sum > 0n);
    assert.equal((await balanceOf(receiver.address)) - before, sum);
    assert.deepEqual(await claimableBuckets(client, { address: shop.sale.payTo, token: USDC }), []);
  });
});
