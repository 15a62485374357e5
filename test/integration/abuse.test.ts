import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { refundWindowAbi } from "@recourse/sdk/abis";
import { ExactEvmScheme as FacilitatorScheme } from "@recourse/sdk/exact/facilitator";
import { InMemoryPaymentStorage } from "@recourse/sdk/exact/server";
import { RelayError, relay, signRefund } from "@recourse/sdk/refund-window";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { authorizationTypes } from "@x402/evm";
import { createClient, getAbiItem, type Hex, http, toFunctionSelector } from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, reasonOf, receiptOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, operator, PRICE, receiver, startTestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const thief = developmentAccount(9);
/** Loops 200,000 times (5.2 million gas), then answers 1 to every call. */
const BURNER = "0x62030d405b60019003806004576001" + "5f5260205ff3";
const BURNER_ADDRESS = "0x00000000000000000000000000000000000b0001";

/** What somebody without a name, a key or a signature may try, and what a seller may try on its buyer. */
describe("a thief", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl);
    await mintUsdc(world.client, buyer.address, 1_000n * PRICE);
    await world.client.setCode({ address: BURNER_ADDRESS, bytecode: BURNER as Hex });
    const shop = await startTestShop({ facilitatorUrl: facilitator.url });
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
    await shop.stop();
  });
  after(async () => {
    for (const stop of stops) await stop();
    await facilitator.stop();
    await world.stop();
  });

  async function shopAt(options: Partial<Parameters<typeof startTestShop>[0]> = {}) {
    const shop = await startTestShop({ facilitatorUrl: facilitator.url, ...options });
    stops.push(shop.stop);
    return shop;
  }

  async function plainPayload(asset: string) {
    const requirements = {
      scheme: "exact",
      network: NETWORK,
      amount: "1",
      asset,
      payTo: thief.address,
      maxTimeoutSeconds: 300,
      extra: { name: "Evil", version: "1" },
    } as PaymentRequirements;
    const now = Math.floor(Date.now() / 1_000);
    const message = {
      from: thief.address,
      to: thief.address,
      value: 1n,
      validAfter: 0n,
      validBefore: BigInt(now + 86_400 * 365),
      nonce: `0x${randomBytes(32).toString("hex")}` as Hex,
    };
    const signature = await thief.signTypedData({
      domain: { name: "Evil", version: "1", chainId: 84532, verifyingContract: asset as Hex },
      message,
      primaryType: "TransferWithAuthorization",
      types: authorizationTypes,
    });
    const authorization = {
      ...message,
      value: "1",
      validAfter: "0",
      validBefore: String(message.validBefore),
    };
    const payload = { x402Version: 2, accepted: requirements, payload: { authorization, signature } } as PaymentPayload;
    return { payload, requirements };
  }

  it("cannot spend the facilitator's gas past MAX_GAS and the quota by plain exact, without a name", async () => {
    const frugal = await startFacilitator(world.rpcUrl, { MAX_GAS: "100000", TRANSACTIONS_PER_HOUR: "1" });
    stops.push(frugal.stop);
    const used: bigint[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { payload, requirements } = await plainPayload(BURNER_ADDRESS);
      const answer = await ask(frugal.url, "settle", payload, requirements);
      if (answer.transaction)
        used.push((await world.client.getTransactionReceipt({ hash: answer.transaction })).gasUsed);
    }
    assert.deepEqual(used, []);
  });

  it("cannot end the facilitator's process", async () => {
    // The node refuses one call: a rate limit, which anybody can provoke by asking /verify often enough.
    const limited = await startEditingProxy(world.rpcUrl, (body) =>
      body.includes("eth_getCode") && body.toLowerCase().includes(BURNER_ADDRESS)
        ? { code: -32005, message: "rate limit" }
        : undefined,
    );
    stops.push(limited.stop);
    const behind = await startFacilitator(limited.url);
    stops.push(behind.stop);
    const { payload, requirements } = await plainPayload(BURNER_ADDRESS);
    (payload.payload as { signature: string }).signature = `0x${"11".repeat(64)}1b`;
    const _answer = await ask(behind.url, "verify", payload, requirements).catch((error) => String(error));
    await new Promise((resolve) => setTimeout(resolve, 500));
    assert.equal(behind.process.exitCode, null);
  });

  it("is not told where the node is (a call that takes longer than the facilitator waits)", async () => {
    const slow = await startEditingProxy(
      world.rpcUrl,
      () => undefined,
      false,
      (body) => (body.includes("e3ee160e") ? 3_500 : 0),
    );
    stops.push(slow.stop);
    const behind = await startFacilitator(`${slow.url}/v2/SECRET-API-KEY`);
    stops.push(behind.stop);
    const { payload, requirements } = await plainPayload(BURNER_ADDRESS);
    const verified = JSON.stringify(await ask(behind.url, "verify", payload, requirements));
    assert.ok(!verified.includes("SECRET-API-KEY"));
  });

  it("is not told where the node is (a node that answers -32000, as geth does when a call runs out of gas)", async () => {
    const proxy = await startEditingProxy(world.rpcUrl, (body) =>
      body.includes("e3ee160e") || body.includes("cf092995") ? { code: -32000, message: "out of gas" } : undefined,
    );
    stops.push(proxy.stop);
    const behind = await startFacilitator(`${proxy.url}/v2/SECRET-API-KEY`);
    stops.push(behind.stop);
    const shop = await shopAt({ facilitatorUrl: behind.url });
    const vaultPayload = await signedPayload(buyer, shop.url);
    const { payload, requirements } = await plainPayload(BURNER_ADDRESS);
    const answers = [
      JSON.stringify(await ask(behind.url, "verify", payload, requirements)),
      JSON.stringify(await ask(behind.url, "settle", payload, requirements)),
      JSON.stringify(await ask(behind.url, "verify", vaultPayload, vaultPayload.accepted)),
      JSON.stringify(
        await ask(
          behind.url,
          "settle",
          { ...vaultPayload, payload: { ...vaultPayload.payload, type: "pay", idempotencyKey: "k" } },
          vaultPayload.accepted,
        ),
      ),
    ];
    for (const answer of answers) assert.doesNotMatch(answer, /SECRET-API-KEY|https?:/);
  });

  it("cannot run a handler of an authorization route without a signature", async () => {
    const scheme = { operator, storage: new InMemoryPaymentStorage() };
    const upfront = await shopAt({ scheme, sale: { paymentFlow: "upfront" } });
    const later = await shopAt({ scheme });
    assert.equal(upfront.sale.payTo, later.sale.payTo);
    const forged = async (url: string, fields: object): Promise<PaymentPayload> => {
      const payload = await signedPayload(thief, url);
      const { authorization } = payload.payload as { authorization: object };
      return {
        ...payload,
        payload: {
          authorization: { ...authorization, from: buyer.address, nonce: `0x${"77".repeat(32)}` },
          signature: `0x${"11".repeat(65)}`,
          ...fields,
        },
      };
    };

    const _poisoned = await send(upfront.url, await forged(upfront.url, { type: "pay" }));
    const _answer = await send(later.url, await forged(later.url, {}));

    assert.equal(later.runs(), 0, "the handler ran for a payment that nobody signed");
  });

  it("cannot do that either while the facilitator is away", async () => {
    const away = await startFacilitator(world.rpcUrl);
    const scheme = { operator, storage: new InMemoryPaymentStorage() };
    const upfront = await shopAt({ facilitatorUrl: away.url, scheme, sale: { paymentFlow: "upfront" } });
    const later = await shopAt({ facilitatorUrl: away.url, scheme });
    const unsigned = async (url: string): Promise<PaymentPayload> => {
      const payload = await signedPayload(thief, url);
      const { authorization } = payload.payload as { authorization: object };
      const forged = {
        ...authorization,
        from: buyer.address,
        nonce: `0x${"78".repeat(32)}`,
        validBefore: "99999999999",
      };
      return { ...payload, payload: { authorization: forged, signature: `0x${"11".repeat(65)}` } };
    };
    const [first, second] = [await unsigned(upfront.url), await unsigned(later.url)];
    await away.stop();

    await send(upfront.url, first);
    await send(later.url, second);

    assert.equal(later.runs(), 0);
  });

  it("cannot use up a merchant's budget with payments that are refused", async () => {
    const thrifty = await startFacilitator(world.rpcUrl, { TRANSACTIONS_PER_HOUR: "1" });
    stops.push(thrifty.stop);
    const shop = await shopAt({ facilitatorUrl: thrifty.url });
    for (let i = 0; i < 3; i += 1) {
      const { payload, requirements } = await plainPayload(USDC);
      const answer = await ask(thrifty.url, "settle", payload, requirements, MERCHANT_KEY);
      assert.equal(answer.success, false);
    }
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
  });

  it("cannot, as the seller, take the sponsored exit of the buyer", async () => {
    const fresh = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1" });
    stops.push(fresh.stop);
    const shop = await shopAt({ facilitatorUrl: fresh.url });
    const mine = receiptOf(await payingFetch(buyer)(shop.url));
    const other = receiptOf(await payingFetch(buyer)(shop.url));
    const asSeller = localClient(world.rpcUrl, receiver);
    for (const payment of [mine, other, mine]) {
      const giveBackOne = await signRefund(asSeller, { amount: 1n, payment });
      await relay(giveBackOne, { facilitator: fresh.url }).catch(() => undefined);
    }

    const exit = await relay(await signRefund(localClient(world.rpcUrl, buyer), { payment: mine }), {
      facilitator: fresh.url,
    }).catch((error) => error);

    assert.ok(!(exit instanceof RelayError));
  });

  it("a node that says 'already known' has the transaction", async () => {
    const proxy = await startEditingProxy(
      world.rpcUrl,
      (body) => (body.includes("eth_sendRawTransaction") ? { code: -32000, message: "already known" } : undefined),
      true,
    );
    stops.push(proxy.stop);
    const behind = await startFacilitator(proxy.url, { CONFIRMATION_TIMEOUT_MS: "1000" });
    stops.push(behind.stop);
    const shop = await shopAt({ facilitatorUrl: behind.url });
    await world.client.setAutomine(false);
    let _first: Response;
    const payload = await signedPayload(buyer, shop.url);
    try {
      _first = await send(shop.url, payload);
    } finally {
      await world.client.setAutomine(true);
      await world.client.mine({ blocks: 1 });
    }
    const second = await send(shop.url, payload);
    assert.equal(second.status, 200, "the buyer has paid and is never served");
  });

  it("gives an upfront payment back when the node went away before the receipt was read", async () => {
    const proxy = await startRpcProxy(world.rpcUrl);
    stops.push(proxy.stop);
    // Everything works, except reading what the buyer may do (nextActions) after the payment.
    const picky = await startEditingProxy(proxy.url, (body) =>
      body.includes("eth_call") && body.includes(selectorOf("nextActions"))
        ? { code: -32005, message: "limit" }
        : undefined,
    );
    stops.push(picky.stop);
    const behind = await startFacilitator(picky.url);
    stops.push(behind.stop);
    const shop = await shopAt({
      facilitatorUrl: behind.url,
      sale: { paymentFlow: "upfront" },
      handler: (_request, response) => response.status(500).json({}),
    });
    const response = await send(shop.url, await signedPayload(buyer, shop.url));
    const settlement = settlementOf(response);
    assert.equal(settlement.extra?.operation, "refund");
  });

  it("writes the same refund in one way only", async () => {
    const shop = await shopAt();
    const receipt = receiptOf(await payingFetch(buyer)(shop.url));
    const signed = await signRefund(localClient(world.rpcUrl, buyer), { payment: receipt });
    // geth estimates on the latest block where Hardhat takes the pending one.
    const latest = await startEditingProxy(
      world.rpcUrl,
      () => undefined,
      false,
      () => 0,
      (body) => {
        const request = JSON.parse(body);
        if (request.method === "eth_estimateGas") request.params[1] = "latest";
        return JSON.stringify(request);
      },
    );
    stops.push(latest.stop);
    const scheme = new FacilitatorScheme(
      createClient({ account: developmentAccount(17), chain: baseSepolia, transport: http(latest.url) }),
    );
    await world.client.setAutomine(false);
    const before = await world.client.getTransactionCount({ address: developmentAccount(17).address });
    try {
      const _answers = ["", "0", "00", "000"].map((zeros) =>
        scheme.relay({ ...signed, message: { ...signed.message, amount: zeros + signed.message.amount } }),
      );
      await new Promise((resolve) => setTimeout(resolve, 2_500));
      await world.client.mine({ blocks: 1 });
    } finally {
      await world.client.setAutomine(true);
    }
    const after = await world.client.getTransactionCount({ address: developmentAccount(17).address });
    assert.equal(after - before, 1);
  });

  describe("while the outcome of a payment is unknown", () => {
    async function unknownPayment() {
      const proxy = await startRpcProxy(world.rpcUrl);
      stops.push(proxy.stop);
      const behind = await startFacilitator(proxy.url);
      stops.push(behind.stop);
      const scheme = { operator, storage: new InMemoryPaymentStorage() };
      const cheap = await shopAt({ facilitatorUrl: behind.url, scheme });
      const dear = await shopAt({ facilitatorUrl: behind.url, scheme, sale: { price: "$1.00" } });
      const payload = await signedPayload(buyer, cheap.url);
      proxy.dieAfterBroadcast();
      assert.equal(reasonOf(await send(cheap.url, payload)), "settlement_pending");
      proxy.behave("forward");
      return { cheap, dear, payload };
    }
    const forgery = (payload: PaymentPayload): PaymentPayload => ({
      ...payload,
      payload: { ...payload.payload, signature: `0x${"11".repeat(65)}` },
    });

    it("cannot get the response with payer and nonce alone", async () => {
      const { cheap, payload } = await unknownPayment();
      const stolen = await send(cheap.url, forgery(payload));
      const served = await send(cheap.url, payload);
      assert.deepEqual([stolen.status, served.status], [402, 200]);
    });

    it("cannot have the facilitator forget it by asking at a route of another price", async () => {
      const { cheap, dear, payload } = await unknownPayment();
      const { accepted } = await signedPayload(thief, dear.url);
      const _spoiled = await send(dear.url, { ...forgery(payload), accepted });
      const served = await send(cheap.url, payload);
      assert.equal(served.status, 200);
    });
  });

  it("cannot stop the merchant's settlements by a transaction that is slow to estimate", async () => {
    await mintUsdc(world.client, thief.address, 10n * PRICE);
    let waiting = 0;
    let mostAtOnce = 0;
    const slow = await startEditingProxy(
      world.rpcUrl,
      () => undefined,
      false,
      (body) => {
        const isThiefs = body.toLowerCase().includes(thief.address.slice(2).toLowerCase());
        if (!body.includes("eth_estimateGas") || !isThiefs) return 0;
        waiting += 1;
        mostAtOnce = Math.max(mostAtOnce, waiting);
        setTimeout(() => {
          waiting -= 1;
        }, 2_900);
        return 2_900;
      },
    );
    stops.push(slow.stop);
    const behind = await startFacilitator(slow.url);
    stops.push(behind.stop);
    const shop = await shopAt({ facilitatorUrl: behind.url });
    const attacks: Promise<unknown>[] = [];
    for (let i = 0; i < 4; i += 1) {
      const payload = await signedPayload(thief, shop.url);
      const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "x" } };
      attacks.push(ask(behind.url, "settle", settlement, payload.accepted));
    }
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
    await Promise.all(attacks);
    assert.equal(mostAtOnce, 4, "one by one, they would make everybody wait for all of them");
  });
});

/** The first bytes of a call of one of the vault's functions, as they stand in a request. */
function selectorOf(name: "nextActions"): string {
  return toFunctionSelector(getAbiItem({ abi: refundWindowAbi, name })).slice(2);
}

/** A node that answers some requests with an error, with or without doing what they ask, or late, or after a change. */
async function startEditingProxy(
  target: string,
  edit: (body: string) => { code: number; message: string } | undefined,
  forwardsToo = false,
  delay: (body: string) => number = () => 0,
  rewrite: (body: string) => string = (body) => body,
) {
  const server = createServer(async (request, response) => {
    const body = rewrite(await text(request));
    const ms = delay(body);
    if (ms) await new Promise((resolve) => setTimeout(resolve, ms));
    const error = edit(body);
    response.setHeader("content-type", "application/json");
    if (error && forwardsToo)
      await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
    if (error) return void response.end(JSON.stringify({ jsonrpc: "2.0", id: JSON.parse(body).id, error }));
    const answer = await fetch(target, { method: "POST", headers: { "content-type": "application/json" }, body });
    response.end(await answer.text());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise<void>((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
