import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { refundWindowAbi } from "@recourse/sdk/abis";
import {
  ExactEvmScheme,
  FacilitatorUnsuitableError,
  InMemoryPaymentStorage,
  RouteTermsError,
} from "@recourse/sdk/exact/server";
import { buildReceiptProof, recordRequest } from "@recourse/sdk/receipt-proof";
import {
  deploy,
  describePayTo,
  encodeTerms,
  paymentOf,
  RelayError,
  type RelayRequest,
  recordCall,
  relay,
  signRefund,
} from "@recourse/sdk/refund-window";
import type { PaymentPayload } from "@x402/core/types";
import { erc20Abi, type Hex } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, offerOf, payingFetch, reasonOf, receiptOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { payPastVault, type Signed, signedIn } from "../shared/pastPay.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, operator, PRICE, receiver, startTestShop, type TestShop } from "../shared/shop.js";
import { startStockFacilitator } from "../shared/stockFacilitator.js";
import { startWatcher, type WatcherProcess } from "../shared/watcher.js";

const buyer = developmentAccount(5);
const stranger = developmentAccount(9);
const ALREADY_PAID = "invalid_exact_evm_recourse_already_paid";
const code = (name: string) => `invalid_exact_evm_recourse_${name}`;

describe("payments that come past pay", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let stock: Awaited<ReturnType<typeof startStockFacilitator>>;
  let folder: string;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, { RECORDS_PER_HOUR: "1000" });
    stock = await startStockFacilitator(world.rpcUrl);
    folder = await mkdtemp(join(tmpdir(), "recourse-"));
    await mintUsdc(world.client, buyer.address, 1_000n * PRICE);
  });
  after(async () => {
    for (const stop of stops) await stop();
    await stock.stop();
    await facilitator.stop();
    await world.stop();
    await rm(folder, { recursive: true });
  });

  let salts = 0;

  /** A shop with a vault of its own that does not exist yet. */
  async function shopAt(options: Partial<Parameters<typeof startTestShop>[0]> = {}): Promise<TestShop> {
    const salt: Hex = `0x${String(++salts).padStart(64, "0")}`;
    const shop = await startTestShop({ facilitatorUrl: facilitator.url, ...options, sale: { salt, ...options.sale } });
    stops.push(shop.stop);
    return shop;
  }

  const byProofShop = (options: Partial<Parameters<typeof startTestShop>[0]> = {}) =>
    shopAt({ facilitatorUrl: stock.url, ...options, sale: { settlement: "by-proof", ...options.sale } });

  /** What a shop offers with a facilitator that says nothing of vaults. */
  async function enhance({ sale }: TestShop) {
    const { price: _, ...option } = sale;
    const requirements = { ...option, amount: String(PRICE), asset: USDC, maxTimeoutSeconds: 300 };
    const kind = { x402Version: 2, scheme: "exact", network: NETWORK } as const;
    return new ExactEvmScheme({ operator }).enhancePaymentRequirements(requirements, kind, []);
  }

  async function watch(...shops: TestShop[]): Promise<WatcherProcess> {
    const name = join(folder, String(++salts));
    await writeFile(`${name}-vaults.json`, JSON.stringify(shops.map(({ sale }) => sale.extra.recourse)));
    const watcher = startWatcher(world.rpcUrl, { STATE_FILE: `${name}.json`, VAULTS_FILE: `${name}-vaults.json` });
    stops.push(watcher.stop);
    return watcher;
  }

  async function deployVault({ sale }: TestShop): Promise<void> {
    const { factory, terms } = sale.extra.recourse;
    const hash = await deploy(world.client, { address: factory, terms: encodeTerms(terms) });
    await world.client.waitForTransactionReceipt({ hash });
  }

  const paid = ({ nonce, payer, vault }: Pick<Signed, "nonce" | "payer" | "vault">) =>
    paymentOf(world.client, { address: vault, ref: { method: 0, token: USDC, payer, nonce } });

  const balanceOf = (address: Hex) =>
    world.client.readContract({
      abi: erc20Abi,
      address: USDC,
      args: [address],
      functionName: "balanceOf",
    });

  async function recordOf({ sale }: TestShop, past: Signed & { hash: Hex }): Promise<RelayRequest> {
    const proof = await buildReceiptProof(world.client, past);
    return recordRequest({ chainId: 84532, proof, token: USDC, vault: sale.extra.recourse });
  }

  const refusal = (request: RelayRequest, url = facilitator.url) =>
    relay(request, { facilitator: url }).then(
      () => "success",
      (error) => (error instanceof RelayError ? error.reason : Promise.reject(error)),
    );

  describe("a shop whose facilitator knows nothing of vaults", () => {
    it("is refused unless its route opts into recording by proof", async () => {
      const usual = await shopAt();
      const byProof = await byProofShop();
      await assert.rejects(enhance(usual), FacilitatorUnsuitableError);
      assert.equal((await enhance(byProof)).payTo, byProof.sale.payTo);
    });

    it("sells to an unmodified client, and the buyer takes all of it back when it was recorded", async () => {
      const shop = await byProofShop();
      const before = await balanceOf(buyer.address);
      const response = await payingFetch(buyer)(shop.url);
      assert.equal(response.status, 200);
      const payment = receiptOf(response);
      assert.equal(await world.client.getCode({ address: shop.sale.payTo }), undefined, "paid before it exists");
      await world.client.mine({ blocks: 1 });

      const watcher = await watch(shop);
      await watcher.says(({ msg, paymentId }) => msg === "recorded" && paymentId === payment.paymentId);
      const { held } = await paid(payment);
      const refund = await signRefund(localClient(world.rpcUrl, buyer), { payment });
      await relay(refund, { facilitator: facilitator.url });

      assert.equal(held, PRICE);
      assert.equal(await balanceOf(buyer.address), before);
      await watcher.stop();
    });

    it("tells the buyer what brought the money, and that it has still to be recorded", async () => {
      const shop = await byProofShop();
      const response = await payingFetch(buyer)(shop.url);
      const { transaction } = settlementOf(response);
      const { closesAt, nextActions, unrecorded, vault } = receiptOf(response);
      assert.deepEqual(unrecorded, { transaction });
      assert.deepEqual([vault, closesAt, nextActions], [shop.sale.payTo, undefined, undefined]);
    });

    it("says so before the buyer pays, at the same address as ever", async () => {
      const shop = await byProofShop();
      const { salt } = shop.sale.extra.recourse.terms;
      const usual = await shopAt({ sale: { salt } });
      const offer = await offerOf(shop.url);
      const [requirements] = offer.accepts;
      assert.ok(requirements);
      const description = await describePayTo(world.client, requirements);
      assert.equal(requirements.payTo, usual.sale.payTo);
      assert.match(description?.promise[0] ?? "", /recorded it by a proof/);
    });

    it("lets the buyer record it without a watcher, and without gas, once the vault exists", async () => {
      const shop = await byProofShop();
      const payment = receiptOf(await payingFetch(buyer)(shop.url));
      await deployVault(shop);
      const { nonce, payer, token, unrecorded } = payment;
      assert.ok(unrecorded);
      const proof = await buildReceiptProof(world.client, { hash: unrecorded.transaction, nonce, payer, token });
      const request = recordRequest({ chainId: 84532, proof, token, vault: shop.sale.extra.recourse });
      assert.equal(await refusal(request), "success");
      assert.equal((await paid(payment)).held, PRICE);
    });

    it("serves one of ten copies, and none that comes later", async () => {
      const shop = await byProofShop();
      const payload = await signedPayload(buyer, shop.url);
      const answers = await Promise.all(Array.from({ length: 10 }, () => send(shop.url, payload)));
      const later = await send(shop.url, payload);
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(reasonOf(later), ALREADY_PAID);
    });

    it("does not serve a copy at another shop on the vault that has a storage of its own", async () => {
      const shop = await byProofShop();
      const { salt } = shop.sale.extra.recourse.terms;
      const rival = await byProofShop({ sale: { salt } });
      const payload = await signedPayload(buyer, shop.url);
      const answers = await Promise.all([shop, rival, shop, rival].map(({ url }) => send(url, payload)));
      const later = await send(rival.url, payload);
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      assert.equal(later.status, 402);
    });

    it("does not take the money when its handler fails", async () => {
      const shop = await byProofShop({ handler: (_request, response) => response.status(500).json({}) });
      const before = await balanceOf(buyer.address);
      assert.equal((await payingFetch(buyer)(shop.url)).status, 500);
      assert.equal(await balanceOf(buyer.address), before);
    });

    it("cannot take the money before its handler runs", async () => {
      await assert.rejects(enhance(await byProofShop({ sale: { paymentFlow: "upfront" } })), RouteTermsError);
    });

    it("pays into the vault where the facilitator knows it, in spite of the option", async () => {
      const shop = await byProofShop({ facilitatorUrl: facilitator.url });
      const [requirements] = (await offerOf(shop.url)).accepts;
      const payment = receiptOf(await payingFetch(buyer)(shop.url));
      const { settlement: _, ...recourse } = shop.sale.extra.recourse;
      assert.deepEqual(requirements?.extra.recourse, recourse);
      assert.equal(payment.unrecorded, undefined);
      assert.equal((await paid(payment)).held, PRICE);
    });
  });

  describe("a seller that submits the signature itself", () => {
    it("does not keep the money: it is recorded, and the buyer takes it back", async () => {
      const shop = await shopAt();
      const before = await balanceOf(buyer.address);
      const payload = await signedPayload(buyer, shop.url);
      const past = await payPastVault(localClient(world.rpcUrl, receiver), signedIn(payload));
      const watcher = await watch(shop);
      const { paymentId } = await watcher.says(({ msg }) => msg === "recorded");
      const { nonce, payer, token, vault } = past;
      const payment = {
        kind: "refund-window",
        network: "eip155:84532",
        vault,
        paymentId: paymentId as Hex,
        token,
        payer,
        nonce,
        amount: String(PRICE),
      } as const;
      const refund = await signRefund(localClient(world.rpcUrl, buyer), { payment });
      await relay(refund, { facilitator: facilitator.url });
      assert.equal(await balanceOf(buyer.address), before);
      await watcher.stop();
    });
  });

  describe("a settlement that is overtaken on the token", () => {
    /** Sends a payment to the shop, and has somebody bring it to the token before the facilitator's own transaction. */
    async function overtaken(shop: TestShop, payload: PaymentPayload, meanwhile = async (_paidIn: Hex) => {}) {
      const { client } = world;
      await client.setAutomine(false);
      try {
        const answer = send(shop.url, payload);
        const [ours] = await pendingTransactions(world);
        assert.ok(ours);
        const { data } = signedIn(payload);
        const theirs = await localClient(world.rpcUrl, stranger).sendTransaction({
          chain: client.chain,
          data,
          gas: 200_000n,
          maxFeePerGas: 10n ** 12n,
          maxPriorityFeePerGas: 10n ** 12n,
          to: USDC,
        });
        await client.mine({ blocks: 1 });
        assert.equal((await client.getTransactionReceipt({ hash: theirs })).status, "success");
        assert.equal((await client.getTransactionReceipt({ hash: ours })).status, "reverted");
        // The facilitator looks before the next block, in which alone the chain tells the hash of this one.
        await new Promise((resolve) => setTimeout(resolve, 1_000));
        await client.mine({ blocks: 1 });
        await meanwhile(theirs);
        await client.setAutomine(true);
        await client.mine({ blocks: 1 });
        return await answer;
      } finally {
        await client.setAutomine(true);
      }
    }

    it("is recorded, and answered as success with the receipt", async () => {
      const shop = await shopAt();
      await deployVault(shop);
      const response = await overtaken(shop, await signedPayload(buyer, shop.url));
      assert.equal(response.status, 200, reasonOf(response));
      const payment = receiptOf(response);
      assert.equal((await paid(payment)).held, PRICE);
      assert.ok(payment.nextActions?.some(({ action, actor }) => action === "refund" && actor === buyer.address));
    });

    it("is so with a vault that does not exist", async () => {
      const shop = await shopAt();
      const response = await overtaken(shop, await signedPayload(buyer, shop.url));
      assert.equal(response.status, 200, reasonOf(response));
      assert.equal((await paid(receiptOf(response))).held, PRICE);
    });

    it("is so on a node that estimates on its newest block, as geth does", async () => {
      const proxy = await startRpcProxy(world.rpcUrl, (body) => {
        const request = JSON.parse(body);
        if (request.method === "eth_estimateGas") request.params[1] = "latest";
        return JSON.stringify(request);
      });
      stops.push(proxy.stop);
      const behind = await startFacilitator(proxy.url);
      stops.push(behind.stop);
      const shop = await shopAt({ facilitatorUrl: behind.url });
      await deployVault(shop);
      const response = await overtaken(shop, await signedPayload(buyer, shop.url));
      assert.equal(response.status, 200, reasonOf(response));
    });

    it("is so when somebody else records it first, and is served once", async () => {
      const shop = await shopAt();
      await deployVault(shop);
      const payload = await signedPayload(buyer, shop.url);
      const response = await overtaken(shop, payload, async (hash) => {
        // The facilitator's record waits to be mined: another one overtakes that, too.
        await pendingTransactions(world);
        const { nonce, payer, vault } = signedIn(payload);
        const proof = await buildReceiptProof(world.client, { hash, nonce, payer, token: USDC });
        const theirs = recordCall({ address: vault, proof, token: USDC });
        const gas = { gas: 600_000n, maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 12n };
        await localClient(world.rpcUrl, stranger).writeContract({ ...theirs, ...gas, chain: world.client.chain });
      });
      const again = await send(shop.url, payload);
      assert.equal(response.status, 200, reasonOf(response));
      assert.equal(reasonOf(again), ALREADY_PAID);
    });

    it("is not served to whoever asks the facilitator, nor forgotten because of it", async () => {
      const thin = await startFacilitator(world.rpcUrl, { CONFIRMATION_TIMEOUT_MS: "1500" });
      stops.push(thin.stop);
      const shop = await shopAt({
        facilitatorUrl: thin.url,
        scheme: { operator, storage: new InMemoryPaymentStorage() },
      });
      await deployVault(shop);
      const payload = await signedPayload(buyer, shop.url);
      // The record is not mined in time, so the shop does not know.
      const { client } = world;
      await client.setAutomine(false);
      try {
        const answer = send(shop.url, payload);
        await pendingTransactions(world);
        await localClient(world.rpcUrl, stranger).sendTransaction({
          chain: client.chain,
          data: signedIn(payload).data,
          gas: 200_000n,
          maxFeePerGas: 10n ** 12n,
          maxPriorityFeePerGas: 10n ** 12n,
          to: USDC,
        });
        await client.mine({ blocks: 1 });
        assert.equal(reasonOf(await answer), "settlement_pending");

        const stolen = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "stolen" } };
        const asked = await ask(thin.url, "settle", stolen, payload.accepted);
        const named = await ask(thin.url, "settle", stolen, payload.accepted, MERCHANT_KEY);
        assert.deepEqual([asked.errorReason, named.errorReason], [ALREADY_PAID, ALREADY_PAID]);
      } finally {
        await client.setAutomine(true);
        await client.mine({ blocks: 1 });
      }
      const served = await send(shop.url, payload);
      assert.equal(served.status, 200, reasonOf(served));
      assert.equal((await paid(signedIn(payload))).held, PRICE);
    });

    it("is recorded however many records strangers have asked for", async () => {
      const thrifty = await startFacilitator(world.rpcUrl, { RECORDS_PER_HOUR: "1" });
      stops.push(thrifty.stop);
      const shop = await shopAt({ facilitatorUrl: thrifty.url });
      await deployVault(shop);
      for (const expected of ["success", code("not_sponsored")]) {
        const past = await payPastVault(world.client, signedIn(await signedPayload(buyer, shop.url)));
        assert.equal(await refusal(await recordOf(shop, past), thrifty.url), expected);
      }
      const response = await overtaken(shop, await signedPayload(buyer, shop.url));
      assert.equal(response.status, 200, reasonOf(response));
    });
  });

  describe("a relayed record", () => {
    let shop: TestShop;
    before(async () => {
      shop = await shopAt();
      await deployVault(shop);
    });

    const pastPay = async () => payPastVault(world.client, signedIn(await signedPayload(buyer, shop.url)));

    it("is for anybody to ask, and twice the same", async () => {
      const past = await pastPay();
      const request = await recordOf(shop, past);
      const first = await relay(request, { facilitator: facilitator.url });
      const second = await relay(request, { facilitator: facilitator.url });
      assert.equal(second.transaction, first.transaction);
      assert.equal(second.amount, String(PRICE));
      assert.equal((await paid(past)).held, PRICE);
    });

    it("is one transaction when ten ask at once", async () => {
      const request = await recordOf(shop, await pastPay());
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => relay(request, { facilitator: facilitator.url })),
      );
      assert.equal(new Set(answers.map(({ transaction }) => transaction)).size, 1);
    });

    it("is refused by another relay afterwards", async () => {
      const other = await startFacilitator(world.rpcUrl);
      stops.push(other.stop);
      const request = await recordOf(shop, await pastPay());
      assert.equal(await refusal(request), "success");
      assert.equal(await refusal(request, other.url), code("payment_already_known"));
    });

    it("is refused of a payment that came by pay", async () => {
      const payment = receiptOf(await payingFetch(buyer)(shop.url));
      const { nonce, payer, token } = payment;
      const { transaction } = await settlementTransaction(payment.paymentId);
      await world.client.mine({ blocks: 1 });
      const proof = await buildReceiptProof(world.client, { hash: transaction, nonce, payer, token });
      const request = recordRequest({ chainId: 84532, proof, token, vault: shop.sale.extra.recourse });
      assert.equal(await refusal(request), code("payment_already_known"));
    });

    async function settlementTransaction(id: Hex): Promise<{ transaction: Hex }> {
      const [event] = await world.client.getContractEvents({
        abi: refundWindowAbi,
        address: shop.sale.payTo,
        args: { id },
        eventName: "Paid",
        fromBlock: 0n,
      });
      assert.ok(event);
      return { transaction: event.transactionHash };
    }

    it("is refused when anything of the proof is forged", async () => {
      const request = await recordOf(shop, await pastPay());
      assert.ok(request.action === "record");
      const { proof } = request;
      const cut = proof.nodes.at(-1) as Hex;
      const forgeries = [
        [{ header: `${proof.header.slice(0, -2)}00` as Hex }, "block_hash_mismatch"],
        [{ nodes: [...proof.nodes.slice(0, -1), `${cut.slice(0, -2)}00` as Hex] }, "receipt_not_in_block"],
        [{ transactionIndex: "1" }, "receipt_not_in_block"],
        [{ logIndex: "1" }, "log_missing"],
        [{ header: "0xc0" as Hex }, "header_malformed"],
        [{ header: "0x" as Hex }, "rlp_invalid_encoding"],
      ] as const;
      for (const [change, reason] of forgeries) {
        assert.equal(await refusal({ ...request, proof: { ...proof, ...change } }), code(reason));
      }
    });

    it("is refused with another token, at another vault, and on another chain", async () => {
      const other = await shopAt();
      await deployVault(other);
      const request = await recordOf(shop, await pastPay());
      assert.ok(request.action === "record");
      assert.equal(await refusal({ ...request, token: receiver.address }), code("asset_not_allowed"));
      assert.equal(await refusal({ ...request, vault: other.sale.extra.recourse }), code("transfer_to_other"));
      assert.equal(await refusal({ ...request, network: "eip155:8453" }), "invalid_network");
    });

    it("is refused with another token that is served", async () => {
      const both = await startFacilitator(world.rpcUrl, { ASSETS: `${USDC},${receiver.address}` });
      stops.push(both.stop);
      const request = await recordOf(shop, await pastPay());
      assert.ok(request.action === "record");
      assert.equal(await refusal({ ...request, token: receiver.address }, both.url), code("log_of_other_token"));
    });

    it("is refused when it is larger than a proof can be", async () => {
      const request = await recordOf(shop, await pastPay());
      assert.ok(request.action === "record");
      const { proof } = request;
      const tooMany = { ...proof, nodes: Array.from({ length: 10 }, () => "0x" as Hex) };
      const tooLong = { ...proof, header: `0x${"00".repeat(4_097)}` as Hex };
      const tooLarge = { ...proof, nodes: Array.from({ length: 3 }, () => `0x${"00".repeat(49_152)}` as Hex) };
      assert.equal(await refusal({ ...request, proof: tooMany }), "invalid_payload");
      assert.equal(await refusal({ ...request, proof: tooLong }), "invalid_payload");
      assert.equal(await refusal({ ...request, proof: tooLarge }), "payload_too_large");
    });

    it("is not sponsored for dust, nor for a vault that does not exist", async () => {
      const dust = await shopAt({
        sale: { price: { amount: "9999", asset: USDC, extra: { name: "USDC", version: "2" } } },
      });
      await deployVault(dust);
      const small = await payPastVault(world.client, signedIn(await signedPayload(buyer, dust.url)));
      const absent = await shopAt();
      const early = await payPastVault(world.client, signedIn(await signedPayload(buyer, absent.url)));
      assert.equal(await refusal(await recordOf(dust, small)), code("not_sponsored"));
      assert.equal(await refusal(await recordOf(absent, early)), code("not_sponsored"));
    });

    it("is refused when it comes too late", async () => {
      const past = await pastPay();
      const request = await recordOf(shop, past);
      await world.client.mine({ blocks: 256 });
      assert.equal(await refusal(request), code("block_too_old"));
      assert.equal((await paid(past)).held, 0n);
    });
  });
});
