import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { PaymentNotDisputedError } from "@recourse/sdk/errors";
import {
  creditOf,
  nextActions,
  type PaymentReceipt,
  paymentOf,
  RelayError,
  type RelayRequest,
  relay,
  resolveByDefault,
  Status,
  signConcede,
  signDispute,
  signRefund,
  signResolve,
  signWithdrawDispute,
} from "@recourse/sdk/refund-window";
import { type HDAccount, type Hex, keccak256, stringToHex } from "viem";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "../../scripts/lib/world.js";
import { payingFetch, receiptOf } from "../shared/buyer.js";
import { operator, PRICE, receiver, startTestShop, type TestShop } from "../shared/shop.js";

const buyer = developmentAccount(5);
const stranger = developmentAccount(6);
const arbiter = developmentAccount(8);
const PERIOD = 86_400;
const EVIDENCE = keccak256(stringToHex("It is green."));
const SIGNATURE_INVALID = "invalid_exact_evm_recourse_signature_invalid";

describe("disputes by relayed signatures", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1000" });
    const arbitration = { arbiter: arbiter.address, resolutionPeriod: PERIOD, silenceFavors: "payer" } as const;
    shop = await startTestShop({ facilitatorUrl: facilitator.url, sale: { arbitration } });
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
  });
  after(async () => {
    await shop?.stop();
    await facilitator?.stop();
    await world?.stop();
  });

  const clientOf = (account: HDAccount) => localClient(world.rpcUrl, account);
  const buy = async () => receiptOf(await payingFetch(buyer)(shop.url));
  const send = <Request extends RelayRequest>(request: Request) => relay(request, { facilitator: facilitator.url });
  const dispute = async (payment: PaymentReceipt) =>
    send(await signDispute(clientOf(buyer), { evidence: EVIDENCE, payment }));
  const refOf = ({ nonce, payer, token }: PaymentReceipt) => ({ method: 0, nonce, payer, token }) as const;
  const statusOf = async (payment: PaymentReceipt) =>
    (await paymentOf(world.client, { address: payment.vault, ref: refOf(payment) })).status;
  const credit = async (owner: Hex, { vault }: PaymentReceipt) =>
    (await creditOf(world.client, { address: vault, owner, token: USDC })).balance;
  const refused = (reason: string) => (error: unknown) => error instanceof RelayError && error.reason === reason;

  it("are opened by the payer, who is told what comes next", async () => {
    const payment = await buy();
    assert.deepEqual(
      payment.nextActions?.map(({ action }) => action),
      ["dispute", "refund", "refund", "claim"],
    );

    const { amount, extra } = await dispute(payment);

    assert.equal(BigInt(amount), PRICE);
    assert.equal(extra?.recourse.closesAt, undefined);
    const actions = await nextActions(world.client, { address: payment.vault, ref: refOf(payment) });
    assert.equal(extra?.recourse.defaultsAt, actions.at(-1)?.from);
    assert.equal(await statusOf(payment), Status.Disputed);
  });

  it("are needed: a refund by the payer is refused, and none after by the seller", async () => {
    const payment = await buy();
    const refund = await signRefund(clientOf(buyer), { payment });
    await assert.rejects(send(refund), refused("invalid_exact_evm_recourse_refund_needs_dispute"));

    const bySeller = await signRefund(clientOf(operator), { amount: PRICE, payment });
    await dispute(payment);
    await assert.rejects(send(bySeller), refused("invalid_exact_evm_recourse_payment_disputed"));
  });

  it("are divided by the arbiter, each share a credit", async () => {
    const payment = await buy();
    await dispute(payment);
    const [payerBefore, receiverBefore] = [
      await credit(buyer.address, payment),
      await credit(receiver.address, payment),
    ];
    const request = await signResolve(clientOf(arbiter), { evidence: EVIDENCE, payment, toPayer: 300_000n });

    const { amount } = await send(request);

    assert.equal(amount, "300000");
    assert.equal((await credit(buyer.address, payment)) - payerBefore, 300_000n);
    assert.equal((await credit(receiver.address, payment)) - receiverBefore, PRICE - 300_000n);
    assert.equal(await statusOf(payment), Status.Settled);
  });

  for (const [name, seller] of [
    ["receiver", receiver],
    ["operator", operator],
  ] as const) {
    it(`end when the ${name} concedes`, async () => {
      const payment = await buy();
      await dispute(payment);
      const { amount } = await send(await signConcede(clientOf(seller), { payment }));
      assert.equal(BigInt(amount), PRICE);
    });
  }

  it("end when the payer withdraws", async () => {
    const payment = await buy();
    await dispute(payment);
    const { amount } = await send(await signWithdrawDispute(clientOf(buyer), { payment }));
    assert.equal(BigInt(amount), 0n);
    assert.equal(await statusOf(payment), Status.Settled);
  });

  it("cannot be signed away before they are opened", async () => {
    const payment = await buy();
    await assert.rejects(signWithdrawDispute(clientOf(buyer), { payment }), PaymentNotDisputedError);
  });

  it("are refused to everybody else, with the contract's reason", async () => {
    const payment = await buy();
    const forged = await signDispute(clientOf(stranger), { payment });
    await assert.rejects(send(forged), refused(SIGNATURE_INVALID));
    await dispute(payment);
    for (const request of [
      await signWithdrawDispute(clientOf(stranger), { payment }),
      await signResolve(clientOf(stranger), { payment, toPayer: PRICE }),
    ]) {
      await assert.rejects(send(request), refused(SIGNATURE_INVALID));
    }
    const conceded = await signConcede(clientOf(stranger), { payment });
    await assert.rejects(send(conceded), refused("invalid_exact_evm_recourse_not_seller"));
  });

  it("are not held off by forgeries of the same that are being refused", async () => {
    const payment = await buy();
    const forged = await signDispute(clientOf(stranger), { payment });
    const genuine = await signDispute(clientOf(buyer), { evidence: EVIDENCE, payment });
    const flood = Array.from({ length: 20 }, () =>
      send(forged).then(
        () => "sent",
        (error: RelayError) => error.reason,
      ),
    );

    const { amount } = await send(genuine);

    assert.equal(BigInt(amount), PRICE);
    assert.ok(!(await Promise.all(flood)).includes("sent"));
  });

  it("answer success only for the message that was asked about, and forget nothing for another", async () => {
    const payment = await buy();
    const first = await signDispute(clientOf(buyer), { evidence: EVIDENCE, payment });
    const second = await signDispute(clientOf(buyer), { payment });
    const { transaction } = await send(first);

    await assert.rejects(send(second), refused("invalid_exact_evm_recourse_payment_disputed"));
    assert.equal((await send(first)).transaction, transaction);

    const conceded = await signConcede(clientOf(operator), { payment });
    const done = await send(conceded);
    const byStranger = await signConcede(clientOf(stranger), { payment });
    await assert.rejects(send(byStranger), refused("invalid_exact_evm_recourse_payment_not_disputed"));
    assert.equal((await send(conceded)).transaction, done.transaction);
  });

  it("end by default when nobody decides, by anybody's call", async () => {
    const payment = await buy();
    await dispute(payment);
    const late = await signResolve(clientOf(arbiter), { deadline: 2n ** 40n, payment, toPayer: 0n });
    await world.client.increaseTime({ seconds: PERIOD });
    await world.client.mine({ blocks: 1 });
    await assert.rejects(send(late), refused("invalid_exact_evm_recourse_decision_after_deadline"));

    const before = await credit(buyer.address, payment);
    const hash = await resolveByDefault(clientOf(stranger), { address: payment.vault, ref: refOf(payment) });
    await world.client.waitForTransactionReceipt({ hash });
    assert.equal((await credit(buyer.address, payment)) - before, PRICE);
  });
});
