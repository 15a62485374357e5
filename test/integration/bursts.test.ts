import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { after, afterEach, before, describe, it } from "node:test";
import { refundWindowAbi } from "@recourse/sdk/abis";
import {
  ExactEvmScheme,
  type ExactEvmSchemeConfig,
  InMemorySubmissionStorage,
  type Submission,
} from "@recourse/sdk/exact/facilitator";
import { payCall } from "@recourse/sdk/refund-window";
import type { PaymentPayload, SettleResponse } from "@x402/core/types";
import {
  type Address,
  createClient,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  http,
  type LocalAccount,
  numberToHex,
  parseAbi,
  parseEventLogs,
  parseSignature,
  toFunctionSelector,
} from "viem";
import type { HDAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  privateKeyOf,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import {
  ask,
  offerOf,
  payingFetch,
  reasonOf,
  receiptOf,
  send,
  settlementOf,
  signedPayload,
  stockClient,
} from "../shared/buyer.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { startRpcProxy } from "../shared/rpcProxy.js";
import { PRICE, startTestShop, type TestShop } from "../shared/shop.js";
import { accountSigning } from "../shared/wallets.js";

const PAY = selectorOf("pay");
const PAY_MANY = selectorOf("payMany");
const code = (name: string) => `invalid_exact_evm_recourse_${name}`;
/** So long that only a full batch is sent: nothing here waits for it to end. */
const NEVER = 10_000;
const batching = (maxItems: number) => ({ BATCH_WINDOW_MS: String(NEVER), BATCH_MAX_ITEMS: String(maxItems) });
const OTHER_KEY = "other-merchant-key-0001";

/** Answers ERC-1271's magic value to every question. */
const GULLIBLE: Hex = "0x631626ba7e60e01b5f5260205ff3";
/** Loops 20,000 times (520,000 gas), and then answers 1. */
const BURNER: Hex = "0x62004e205b600190038060045760015f5260205ff3";
/** Loops 8,000 times (208,000 gas), and then answers as the gullible one. */
const SLOW: Hex = "0x611f405b6001900380600357631626ba7e60e01b5f5260205ff3";
/** As the gullible one, but for one block, in which it refuses. */
const moodyAt = (block: bigint): Hex =>
  `0x4363${numberToHex(block, { size: 4 }).slice(2)}14601857${GULLIBLE.slice(2)}5b5f5ffd`;

describe("a burst of payments", () => {
  let world: World;
  let shop: TestShop;
  let otherShop: TestShop;
  let plain: FacilitatorProcess;
  /** Sends two payments at once, and never fewer before the window ends. */
  let pairing: FacilitatorProcess;
  const stops: (() => Promise<void>)[] = [];
  const [anna, ben, cleo] = [20, 21, 22].map((index) => developmentAccount(index)) as [HDAccount, HDAccount, HDAccount];
  const buyers = [anna, ben, cleo, developmentAccount(23), developmentAccount(24)];

  before(async () => {
    world = await startWorld();
    plain = await startFacilitator(world.rpcUrl);
    pairing = await startFacilitator(world.rpcUrl, { EVM_PRIVATE_KEY: privateKeyOf(15), ...batching(2) });
    shop = await startTestShop({ facilitatorUrl: plain.url });
    otherShop = await startTestShop({ facilitatorUrl: plain.url, sale: { window: 86_400 } });
    for (const { address } of buyers) await mintUsdc(world.client, address, 1_000n * PRICE);
    for (const { url } of [shop, otherShop]) assert.equal((await payingFetch(anna)(url)).status, 200);
  });
  afterEach(async () => {
    await world.client.setAutomine(true);
    for (const stop of stops.splice(0)) await stop();
  });
  after(async () => {
    await shop.stop();
    await otherShop.stop();
    await plain.stop();
    await pairing.stop();
    await world.stop();
  });

  /* WHAT THE TESTS SHARE */

  async function facilitatorWith(settings: Record<string, string>, rpcUrl = world.rpcUrl) {
    const facilitator = await startFacilitator(rpcUrl, { EVM_PRIVATE_KEY: privateKeyOf(17), ...settings });
    stops.push(facilitator.stop);
    return facilitator;
  }

  /** A facilitator in this process. */
  function schemeWith(config: ExactEvmSchemeConfig, rpcUrl = world.rpcUrl) {
    const client = createClient({ account: developmentAccount(16), chain: baseSepolia, transport: http(rpcUrl) });
    return new ExactEvmScheme(client, { caller: () => "shop", ...config });
  }

  /** As a server asks for it. */
  const settlement = (payload: PaymentPayload, idempotencyKey: string = randomUUID()): PaymentPayload => ({
    ...payload,
    payload: { ...payload.payload, type: "pay", idempotencyKey },
  });
  const settle = (
    { url }: FacilitatorProcess,
    payload: PaymentPayload,
    key: string | undefined = MERCHANT_KEY,
  ): Promise<SettleResponse> => ask(url, "settle", settlement(payload), payload.accepted, key);
  const payloadOf = (account: LocalAccount, { url }: TestShop = shop) => signedPayload(account, url);

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const sentBy = (index: number) =>
    world.client.getTransactionCount({ address: developmentAccount(index).address, blockTag: "pending" });
  async function selectorIn(hash: string) {
    return (await world.client.getTransaction({ hash: hash as Hex })).input.slice(0, 10);
  }
  async function paidIn(hash: string) {
    const { logs } = await world.client.getTransactionReceipt({ hash: hash as Hex });
    return parseEventLogs({ abi: refundWindowAbi, eventName: "Paid", logs }).length;
  }

  const nonceOf = ({ payload }: PaymentPayload) => (payload.authorization as { nonce: Hex }).nonce;

  let wallets = 0;
  /** An account of code alone, with money, that signs anything. */
  async function walletOf(bytecode: Hex): Promise<LocalAccount> {
    wallets += 1;
    const address = `0x${"c0de".repeat(9)}${String(wallets).padStart(4, "0")}` as Address;
    await world.client.setCode({ address, bytecode });
    await mintUsdc(world.client, address, 10n * PRICE);
    return accountSigning(address, async () => `0x${"11".repeat(66)}`);
  }

  /* TOGETHER */

  it("settles a hundred payments of several payers in few transactions, and each gets its own answer", async () => {
    const facilitator = await facilitatorWith({ BATCH_WINDOW_MS: "3000" });
    const burst = await startTestShop({ facilitatorUrl: facilitator.url });
    stops.push(burst.stop);
    assert.equal(burst.sale.payTo, shop.sale.payTo);
    const offer = await offerOf(burst.url);
    const payloads = await Promise.all(
      Array.from({ length: 100 }, (_, index) =>
        stockClient(buyers[index % buyers.length] as LocalAccount).createPaymentPayload(offer),
      ),
    );
    const before = await Promise.all([...buyers.map(({ address }) => balanceOf(address)), balanceOf(shop.sale.payTo)]);

    const responses = await Promise.all(payloads.map((payload) => send(burst.url, payload)));

    assert.deepEqual(responses.filter(({ status }) => status !== 200).map(reasonOf), []);
    assert.deepEqual(
      responses.map((response) => receiptOf(response).nonce),
      payloads.map(nonceOf),
    );
    const transactions = new Set(responses.map((response) => settlementOf(response).transaction));
    const paid = await Promise.all([...transactions].map(paidIn));
    assert.equal(
      paid.reduce((sum, count) => sum + count, 0),
      100,
    );
    assert.ok(transactions.size <= 20, `${transactions.size} transactions`);
    const after = await Promise.all([...buyers.map(({ address }) => balanceOf(address)), balanceOf(shop.sale.payTo)]);
    assert.deepEqual(
      after.map((balance, index) => balance - (before[index] ?? 0n)),
      [...buyers.map(() => -20n * PRICE), 100n * PRICE],
    );
  });

  it("sends a batch when it is full, and does not wait for the window", async () => {
    const facilitator = pairing;
    const answers = await Promise.all([anna, ben].map(async (buyer) => settle(facilitator, await payloadOf(buyer))));
    const [first, second] = answers as [SettleResponse, SettleResponse];
    assert.deepEqual([first.success, second.success], [true, true]);
    assert.equal(first.transaction, second.transaction);
    assert.equal(await selectorIn(first.transaction), PAY_MANY);
    assert.deepEqual([first.payer, second.payer], [anna.address, ben.address]);
  });

  it("sends a payment that stays alone by `pay`, when the window ends", async () => {
    const facilitator = await facilitatorWith({ BATCH_WINDOW_MS: "50" });
    const { success, transaction } = await settle(facilitator, await payloadOf(anna));
    assert.equal(success, true);
    assert.equal(await selectorIn(transaction), PAY);
  });

  it("does nothing of the kind unless it is told to", async () => {
    const payloads = await Promise.all([payloadOf(anna), payloadOf(ben)]);
    const answers = await Promise.all(payloads.map((payload) => settle(plain, payload)));
    assert.equal(new Set(answers.map(({ transaction }) => transaction)).size, 2);
    for (const { transaction } of answers) assert.equal(await selectorIn(transaction), PAY);
  });

  it("deploys vaults one by one, as before", async () => {
    const facilitator = pairing;
    const fresh = await startTestShop({ facilitatorUrl: facilitator.url, sale: { window: 3 * 86_400 } });
    stops.push(fresh.stop);
    const { success, transaction } = await settle(facilitator, await payloadOf(anna, fresh));
    assert.equal(success, true);
    assert.equal(await paidIn(transaction), 1);
  });

  it("sends one batch while another waits for its receipt", async () => {
    const facilitator = pairing;
    const payloads = await Promise.all([anna, ben, cleo, anna].map((buyer) => payloadOf(buyer)));
    await world.client.setAutomine(false);
    const answers = payloads.map((payload) => settle(facilitator, payload));
    await pendingCount(2);
    await world.client.mine({ blocks: 1 });
    const settled = await Promise.all(answers);

    assert.deepEqual(
      settled.map(({ success }) => success),
      [true, true, true, true],
    );
    assert.equal(new Set(settled.map(({ transaction }) => transaction)).size, 2);
  });

  async function pendingCount(count: number): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if ((await pendingTransactions(world)).length >= count) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("The transactions were not sent.");
  }

  it("keeps vaults and merchants' budgets apart", async () => {
    const facilitator = await facilitatorWith({
      ...batching(2),
      MERCHANTS: `shop:${MERCHANT_KEY},other:${OTHER_KEY}`,
      TRANSACTIONS_PER_HOUR: "2",
    });
    const spend = async () => {
      const payloads = await Promise.all([payloadOf(anna), payloadOf(ben)]);
      return Promise.all(payloads.map((payload) => settle(facilitator, payload)));
    };
    const mine = await spend();
    const broke = await spend();
    const others = await Promise.all(
      (await Promise.all([payloadOf(anna, otherShop), payloadOf(ben, otherShop)])).map((payload) =>
        settle(facilitator, payload, OTHER_KEY),
      ),
    );

    assert.deepEqual(
      [...mine, ...broke, ...others].map(({ errorReason, success }) => errorReason ?? success),
      [true, true, code("not_sponsored"), code("not_sponsored"), true, true],
    );
    const [one, two] = [mine, others].map((answers) => new Set(answers.map(({ transaction }) => transaction)));
    assert.deepEqual([one?.size, two?.size], [1, 1]);
    assert.notDeepEqual(one, two);
  });

  it("never mixes payments of two vaults", async () => {
    const facilitator = pairing;
    const payloads = await Promise.all([anna, ben].flatMap((buyer) => [payloadOf(buyer), payloadOf(buyer, otherShop)]));
    const answers = await Promise.all(payloads.map((payload) => settle(facilitator, payload)));
    const hashes = answers.map(({ transaction }) => transaction);
    assert.deepEqual([hashes[0] === hashes[2], hashes[1] === hashes[3], hashes[0] === hashes[1]], [true, true, false]);
    assert.deepEqual(await Promise.all(hashes.map(paidIn)), [2, 2, 2, 2]);
  });

  /* BAD ITEMS */

  it("is not joined by a forged payment", async () => {
    const facilitator = pairing;
    const [good, alsoGood, forged] = (await Promise.all([anna, ben, cleo].map((buyer) => payloadOf(buyer)))) as [
      PaymentPayload,
      PaymentPayload,
      PaymentPayload,
    ];
    forged.payload = { ...forged.payload, signature: good.payload.signature };
    const refused = await settle(facilitator, forged);
    const answers = await Promise.all([good, alsoGood].map((payload) => settle(facilitator, payload)));
    assert.equal(refused.errorReason, "invalid_exact_evm_signature");
    assert.deepEqual(
      answers.map(({ success }) => success),
      [true, true],
    );
  });

  it("is not spoiled by payments that turn bad before they are mined: each gets its own reason", async () => {
    const facilitator = await facilitatorWith(batching(4));
    const turning = [await walletOf(GULLIBLE), await walletOf(GULLIBLE)] as const;
    const payloads = await Promise.all([turning[0], anna, ben, turning[1]].map((buyer) => payloadOf(buyer)));
    const sent = await sentBy(17);
    await world.client.setAutomine(false);
    const answers = payloads.map((payload) => settle(facilitator, payload));
    const [batch] = await pendingTransactions(world);
    assert.ok(batch);
    await cancel(ben, payloads[2] as PaymentPayload);
    for (const { address } of turning) await world.client.setCode({ address, bytecode: BURNER });
    await world.client.mine({ blocks: 1 });
    const [burnt, paid, cancelled, alsoBurnt] = (await Promise.all(answers)) as SettleResponse[];

    assert.equal(paid?.success, true);
    assert.equal(paid?.transaction, batch);
    assert.equal(await paidIn(batch), 1);
    assert.equal(cancelled?.errorReason, "invalid_exact_evm_nonce_already_used");
    for (const answer of [burnt, alsoBurnt]) {
      assert.equal(answer?.success, false);
      assert.notEqual(answer?.errorReason, code("unexpected"));
    }
    assert.equal(await sentBy(17), sent + 1, "nothing was sent for what cannot be paid any more");
  });

  /** The payer's own way of taking an authorization back, ahead of everybody. */
  async function cancel(payer: LocalAccount, { payload }: PaymentPayload): Promise<void> {
    const { nonce } = payload.authorization as { nonce: Hex };
    const signature = await payer.signTypedData({
      domain: { name: "USDC", version: "2", chainId: baseSepolia.id, verifyingContract: USDC },
      types: {
        CancelAuthorization: [
          { name: "authorizer", type: "address" },
          { name: "nonce", type: "bytes32" },
        ],
      },
      primaryType: "CancelAuthorization",
      message: { authorizer: payer.address, nonce },
    });
    const { r, s, yParity } = parseSignature(signature);
    const abi = parseAbi(["function cancelAuthorization(address, bytes32, uint8, bytes32, bytes32)"]);
    const data = encodeFunctionData({ abi, args: [payer.address, nonce, 27 + yParity, r, s] });
    await sendFirst({ data, to: USDC });
  }

  function sendFirst(contractCall: { data: Hex; to: Address }) {
    return localClient(world.rpcUrl, developmentAccount(9)).sendTransaction({
      ...contractCall,
      chain: world.client.chain,
      gas: 500_000n,
      maxFeePerGas: 10n ** 12n,
      maxPriorityFeePerGas: 10n ** 12n,
    });
  }

  it("answers success to a payment that somebody copied and had mined first, with the transaction that paid", async () => {
    const facilitator = pairing;
    const payloads = await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)));
    const [, copied] = payloads as [PaymentPayload, PaymentPayload];
    await world.client.setAutomine(false);
    const answers = payloads.map((payload) => settle(facilitator, payload));
    const [batch] = await pendingTransactions(world);
    const { authorization, signature } = copied.payload as {
      authorization: Record<"from" | "nonce", Hex> & Record<"validAfter" | "validBefore" | "value", string>;
      signature: Hex;
    };
    const { from: payer, nonce, validAfter, validBefore, value } = authorization;
    const call = payCall({
      address: shop.sale.payTo,
      authorization: {
        token: USDC,
        payer,
        value: BigInt(value),
        validAfter: BigInt(validAfter),
        validBefore: BigInt(validBefore),
        nonce,
        signature,
      },
    });
    const overtaking = await sendFirst({ data: encodeFunctionData(call), to: shop.sale.payTo });
    await world.client.mine({ blocks: 1 });
    const settled = await Promise.all(answers);

    assert.deepEqual(
      settled.map(({ success, transaction }) => ({ success, transaction })),
      [
        { success: true, transaction: batch },
        { success: true, transaction: overtaking },
      ],
    );
  });

  it("is sent without a payment that would be left out, which gets its own reason and costs no gas", async () => {
    const facilitator = await facilitatorWith(batching(4));
    const poor = developmentAccount(30);
    await mintUsdc(world.client, poor.address, PRICE);
    const payloads = await Promise.all([anna, ben, poor, poor].map((buyer) => payloadOf(buyer)));
    const sent = await sentBy(17);
    const answers = await Promise.all(payloads.map((payload) => settle(facilitator, payload)));
    const failed = answers.filter(({ success }) => !success);
    const [{ transaction } = { transaction: "" }] = answers;

    assert.equal(failed.length, 1);
    assert.equal(failed[0]?.errorReason, "invalid_exact_evm_insufficient_balance");
    assert.equal(failed[0]?.payer, poor.address);
    const { input } = await world.client.getTransaction({ hash: transaction as Hex });
    const isSent = (payload: PaymentPayload) => input.includes(nonceOf(payload).slice(2));
    assert.deepEqual(
      payloads.map(isSent),
      answers.map(({ success }) => success),
    );
    assert.equal(await sentBy(17), sent + 1);
  });

  it("pays a payment that comes twice once, and says so to whoever was second", async () => {
    const facilitator = pairing;
    const payloads = await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)));
    const twice = [payloads[0], payloads[0], payloads[1]] as PaymentPayload[];
    const before = await balanceOf(anna.address);
    const answers = await Promise.all(twice.map((payload) => settle(facilitator, payload)));

    const outcomes = answers.map(({ errorReason, success }) => errorReason ?? success);
    assert.deepEqual(outcomes.slice(0, 2).sort(), [code("already_paid"), true]);
    assert.equal(outcomes[2], true);
    assert.equal(await balanceOf(anna.address), before - PRICE);
  });

  it("does not hold up a payer's wallet that needs more gas than the others: it goes alone", async () => {
    const facilitator = pairing;
    const slow = await walletOf(SLOW);
    const alone = await settle(facilitator, await payloadOf(slow));
    assert.equal(alone.errorReason, undefined);
    assert.equal(await selectorIn(alone.transaction), PAY);
  });

  it("does not wait for a sponsor that never answers for somebody else", async () => {
    const stuck = await payloadOf(cleo);
    let sponsor = async () => true;
    let isFirst = true;
    const asked = new Promise<void>((resolve) => {
      sponsor = async () => {
        if (!isFirst) return true;
        isFirst = false;
        resolve();
        return new Promise(() => {});
      };
    });
    const scheme = schemeWith({ batching: { windowMs: NEVER, maxItems: 2 }, sponsor: () => sponsor() });
    void scheme.settle(settlement(stuck), stuck.accepted);
    await asked;
    const payloads = await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)));
    const answers = await Promise.all(payloads.map((payload) => scheme.settle(settlement(payload), payload.accepted)));
    assert.deepEqual(
      answers.map(({ success }) => success),
      [true, true],
    );
  });

  it("asks the sponsor again before a payment that was left out is sent alone", async () => {
    const number = (await world.client.getBlockNumber()) + 10n;
    const moody = await walletOf(GULLIBLE);
    const asked: Hex[] = [];
    const scheme = schemeWith({
      batching: { windowMs: NEVER, maxItems: 2 },
      sponsor: async ({ paymentId }) => asked.push(paymentId) > 0,
    });
    const payloads = await Promise.all([payloadOf(anna), payloadOf(moody)]);
    await world.client.mine({ blocks: Number(number - 1n - (await world.client.getBlockNumber())) });
    await world.client.setAutomine(false);
    const answers = payloads.map((payload) => scheme.settle(settlement(payload), payload.accepted));
    const [batch] = await pendingTransactions(world);
    await world.client.setCode({ address: moody.address, bytecode: moodyAt(number) });
    await world.client.mine({ blocks: 2 });
    const paid = await answers[0];
    const [alone] = await pendingTransactions(world);
    await world.client.mine({ blocks: 1 });
    const late = await answers[1];

    assert.deepEqual([paid?.success, paid?.transaction], [true, batch]);
    assert.deepEqual([late?.success, late?.transaction], [true, alone]);
    assert.deepEqual(await Promise.all([batch, alone].map((hash) => selectorIn(String(hash)))), [PAY_MANY, PAY]);
    assert.equal(asked.length, 3);
    assert.equal(new Set(asked).size, 2);
  });

  /* WHEN SOMETHING DIES */

  it("is reported as pending when the node dies after the broadcast, and found again by each", async () => {
    const proxy = await startRpcProxy(world.rpcUrl);
    stops.push(proxy.stop);
    const facilitator = await facilitatorWith(batching(2), proxy.url);
    const payloads = (await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)))).map((payload) =>
      settlement(payload),
    );
    const askAll = () =>
      Promise.all(
        payloads.map(
          (payload): Promise<SettleResponse> => ask(facilitator.url, "settle", payload, payload.accepted, MERCHANT_KEY),
        ),
      );
    const sent = await sentBy(17);
    proxy.dieAfterBroadcast();
    const unknown = await askAll();
    proxy.behave("forward");
    const known = await askAll();

    assert.deepEqual(
      unknown.map(({ errorReason }) => errorReason),
      ["settlement_pending", "settlement_pending"],
    );
    assert.deepEqual(
      known.map(({ success, transaction }) => ({ success, transaction })),
      unknown.map(({ transaction }) => ({ success: true, transaction })),
    );
    assert.equal(await sentBy(17), sent + 1);
  });

  it("is found again by each after a restart between broadcast and answer", async () => {
    const submissions = new InMemorySubmissionStorage();
    const pairs = { windowMs: NEVER, maxItems: 2 };
    const payloads = (await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)))).map((payload) =>
      settlement(payload),
    );
    const settleAll = (scheme: ExactEvmScheme) =>
      Promise.all(payloads.map((payload) => scheme.settle(payload, payload.accepted)));
    await world.client.setAutomine(false);
    const first = await settleAll(schemeWith({ batching: pairs, submissions, confirmationTimeoutMs: 1 }));
    await world.client.setAutomine(true);
    await world.client.mine({ blocks: 1 });
    const second = await settleAll(schemeWith({ batching: pairs, submissions }));

    assert.deepEqual(
      first.map(({ errorReason }) => errorReason),
      ["settlement_pending", "settlement_pending"],
    );
    assert.deepEqual(
      second.map(({ success, transaction }) => ({ success, transaction })),
      first.map(({ transaction }) => ({ success: true, transaction })),
    );
    assert.equal(new Set(second.map(({ transaction }) => transaction)).size, 1);
  });

  it("loses nothing when the facilitator dies before all of it was remembered", async () => {
    /** As if the process had died before the last key was written. */
    class DyingStorage extends InMemorySubmissionStorage {
      override set(key: string, submission: Submission): Promise<void> {
        return submission.lastKey === key ? new Promise(() => {}) : super.set(key, submission);
      }
    }
    const submissions = new DyingStorage();
    const payloads = (await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)))).map((payload) =>
      settlement(payload),
    );
    const dying = schemeWith({ batching: { windowMs: NEVER, maxItems: 2 }, submissions });
    const ids = await remembered(submissions, () => {
      for (const payload of payloads) void dying.settle(payload, payload.accepted);
    });
    assert.equal(ids.length, 1, "one of the two was written");
    const reborn = schemeWith({ submissions });
    const answers = [];
    for (const payload of payloads) answers.push(await reborn.settle(payload, payload.accepted));

    assert.deepEqual(
      answers.map(({ errorReason, success }) => errorReason ?? success),
      [true, true],
    );
  });

  /** What is written by the time that something is. */
  async function remembered(storage: InMemorySubmissionStorage, work: () => void): Promise<string[]> {
    const keys: string[] = [];
    const set = storage.set.bind(storage);
    storage.set = (key, submission) => {
      if (submission.lastKey !== key) keys.push(key);
      return set(key, submission);
    };
    work();
    for (let attempt = 0; attempt < 200 && keys.length === 0; attempt += 1)
      await new Promise((resolve) => setTimeout(resolve, 50));
    return keys;
  }

  it("is refused with a reason, each payment of it, while the node is away", async () => {
    const proxy = await startRpcProxy(world.rpcUrl);
    stops.push(proxy.stop);
    const facilitator = await facilitatorWith(batching(2), proxy.url);
    const payloads = await Promise.all([anna, ben].map((buyer) => payloadOf(buyer)));
    proxy.behave("refuse");
    const refused = await Promise.all(payloads.map((payload) => settle(facilitator, payload)));
    proxy.behave("forward");
    const paid = await Promise.all(payloads.map((payload) => settle(facilitator, payload)));

    assert.deepEqual(
      refused.map(({ errorReason }) => errorReason),
      [code("rpc_unavailable"), code("rpc_unavailable")],
    );
    assert.deepEqual(
      paid.map(({ success }) => success),
      [true, true],
    );
  });
});

function selectorOf(name: "pay" | "payMany"): Hex {
  const item = refundWindowAbi.find((entry) => entry.type === "function" && entry.name === name);
  return toFunctionSelector(item as never);
}
