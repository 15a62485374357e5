import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { refundTypedData } from "@recourse/sdk/refund-window";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { erc20Abi, type LocalAccount, zeroHash } from "viem";
import { developmentAccount, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, receiptOf, send, signedPayload } from "../shared/buyer.js";
import { operator, PRICE, receiver, startTestShop, type TestShop, WINDOW } from "../shared/shop.js";

const buyer = developmentAccount(5);
const code = (name: string) => `invalid_exact_evm_recourse_${name}`;

describe("who may ask for what", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl);
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
    await mintUsdc(world.client, buyer.address, 100n * PRICE);
    assert.equal((await payingFetch(buyer)(shop.url)).status, 200);
  });
  after(async () => {
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  const withFields = (payload: PaymentPayload, fields: object): PaymentPayload => ({
    ...payload,
    payload: { ...payload.payload, ...fields },
  });
  const settle = (payload: PaymentPayload, requirements: PaymentRequirements = payload.accepted) =>
    ask(facilitator.url, "settle", payload, requirements, MERCHANT_KEY);
  const verify = (payload: PaymentPayload, requirements: PaymentRequirements = payload.accepted) =>
    ask(facilitator.url, "verify", payload, requirements);

  describe("a client that writes what only a server may write", () => {
    for (const fields of [{ type: "pay" }, { type: "refund" }, { idempotencyKey: "mine" }, { refund: {} }]) {
      it(`is refused with ${JSON.stringify(fields)}, by the shop and by the facilitator`, async () => {
        const payload = withFields(await signedPayload(buyer, shop.url), fields);
        assert.equal((await verify(payload)).invalidReason, code("server_field_in_payload"));
        assert.equal((await send(shop.url, payload)).status, 402);
      });
    }

    it("is neither refunded nor served at an upfront route", async () => {
      const upfront = await startTestShop({ facilitatorUrl: facilitator.url, sale: { paymentFlow: "upfront" } });
      try {
        const payload = await signedPayload(buyer, upfront.url);
        assert.equal((await send(upfront.url, payload)).status, 200);
        const again = await send(upfront.url, withFields(payload, { type: "refund" }));
        assert.equal(again.status, 402);
        assert.equal(upfront.runs(), 1);
      } finally {
        await upfront.stop();
      }
    });
  });

  describe("a settlement", () => {
    it("needs an operation", async () => {
      assert.equal((await settle(await signedPayload(buyer, shop.url))).errorReason, code("operation_missing"));
    });

    it("needs an operation of this kind of vault, with its fields", async () => {
      const payload = await signedPayload(buyer, shop.url);
      assert.equal((await settle(withFields(payload, { type: "capture" }))).errorReason, code("operation_unsupported"));
      assert.equal((await settle(withFields(payload, { type: "pay" }))).errorReason, code("operation_malformed"));
      assert.equal((await settle(withFields(payload, { type: "refund" }))).errorReason, code("operation_malformed"));
    });
  });

  describe("a refund that a server asks for", () => {
    async function refundOperation(
      signer: LocalAccount,
      changes: Partial<{ amount: bigint; deadline: bigint; expectedRefunded: bigint; to: `0x${string}` }> = {},
    ) {
      const payload = await signedPayload(buyer, shop.url);
      const receipt = receiptOf(await send(shop.url, payload));
      const { timestamp } = await world.client.getBlock();
      const message = {
        paymentId: receipt.paymentId,
        by: signer.address,
        amount: PRICE,
        to: buyer.address,
        expectedHeld: PRICE,
        expectedRefunded: 0n,
        deadline: timestamp + 3_600n,
        ...changes,
      };
      const signature = await signer.signTypedData(
        refundTypedData({ address: receipt.vault, chainId: 84532, message }),
      );
      const { amount, deadline, expectedHeld, expectedRefunded } = message;
      return withFields(payload, {
        type: "refund",
        refund: {
          amount: String(amount),
          deadline: String(deadline),
          expectedHeld: String(expectedHeld),
          expectedRefunded: String(expectedRefunded),
          by: signer.address,
          signature,
        },
      });
    }

    it("is done when the operator or the receiver signed it", async () => {
      for (const signer of [operator, receiver]) {
        const answer = await settle(await refundOperation(signer));
        assert.equal(answer.success, true, answer.errorReason);
      }
    });

    it("is answered with the same transaction when it is repeated", async () => {
      const operation = await refundOperation(operator);
      const [first, second] = [await settle(operation), await settle(operation)];
      assert.equal(second.transaction, first.transaction);
    });

    it("is refused when anybody else signed it", async () => {
      const answer = await settle(await refundOperation(developmentAccount(9)));
      assert.equal(answer.errorReason, code("operation_not_authorized"));
    });

    it("is refused when the signer's name is borrowed", async () => {
      const operation = await refundOperation(developmentAccount(9));
      (operation.payload.refund as { by: string }).by = operator.address;
      assert.equal((await settle(operation)).errorReason, code("signature_invalid"));
    });

    it("is refused when it was signed for another recipient than the payer", async () => {
      const operation = await refundOperation(operator, { to: receiver.address });
      assert.equal((await settle(operation)).errorReason, code("signature_invalid"));
    });

    it("is refused when it is late, or expects another state", async () => {
      const late = await refundOperation(operator, { deadline: 1n });
      const other = await refundOperation(operator, { expectedRefunded: 1n });
      assert.equal((await settle(late)).errorReason, code("signature_expired"));
      assert.equal((await settle(other)).errorReason, code("payment_changed"));
    });
  });

  describe("requirements that anybody can post", () => {
    const REQUIREMENTS: [string, (r: PaymentRequirements) => Partial<PaymentRequirements>, string][] = [
      ["another payTo", () => ({ payTo: receiver.address }), code("vault_mismatch")],
      ["a payTo that is no address", () => ({ payTo: "vault" }), code("vault_mismatch")],
      ["another asset", () => ({ asset: receiver.address }), code("asset_not_allowed")],
      ["an asset that is no address", () => ({ asset: "USDC" }), code("asset_not_allowed")],
      ["another amount", () => ({ amount: "1" }), "invalid_exact_evm_payload_authorization_value_mismatch"],
      ["another network", () => ({ network: "eip155:8453" }), "invalid_network"],
      ["another scheme", () => ({ scheme: "upto" }), "unsupported_scheme"],
      ["another factory", (r) => recourse(r, { factory: receiver.address }), code("factory_not_allowed")],
      ["another kind", (r) => recourse(r, { kind: "escrow" }), code("terms_malformed")],
      ["terms with a field more", (r) => terms(r, { more: 1 }), code("terms_malformed")],
      ["terms with a field less", (r) => terms(r, { salt: undefined }), code("terms_malformed")],
      ["a shorter window", (r) => terms(r, { window: WINDOW - 1 }), code("vault_mismatch")],
      ["a window out of bounds", (r) => terms(r, { window: 1 }), code("terms_window_out_of_bounds")],
      ["another receiver", (r) => terms(r, { receiver: developmentAccount(9).address }), code("vault_mismatch")],
      ["an arbiter with a part in it", (r) => terms(r, { arbiter: operator.address }), code("terms_arbiter_is_party")],
      [
        "another arbiter",
        (r) => terms(r, { arbiter: developmentAccount(9).address, resolutionPeriod: 86_400 }),
        code("vault_mismatch"),
      ],
      ["another salt", (r) => terms(r, { salt: zeroHash.replace(/0$/, "1") }), code("vault_mismatch")],
    ];
    for (const [name, change, reason] of REQUIREMENTS) {
      it(`with ${name} are refused: ${reason}`, async () => {
        const payload = await signedPayload(buyer, shop.url);
        const requirements = { ...payload.accepted, ...change(payload.accepted) };
        const answer = await verify({ ...payload, accepted: requirements }, requirements);
        assert.equal(answer.isValid, false);
        assert.equal(answer.invalidReason, reason);
      });
    }

    it("that differ from what the client accepted are refused", async () => {
      const payload = await signedPayload(buyer, shop.url);
      const requirements = { ...payload.accepted, ...terms(payload.accepted, { nonRefundableBps: 100 }) };
      assert.equal((await verify(payload, requirements)).invalidReason, code("terms_mismatch"));
    });
  });

  it("moves nothing in all of this but what was signed", async () => {
    const vault = await world.client.readContract({
      abi: erc20Abi,
      address: USDC,
      args: [shop.sale.payTo],
      functionName: "balanceOf",
    });
    assert.equal(vault % PRICE, 0n);
  });
});

type Extra = { recourse: { terms: object } };

function recourse(requirements: PaymentRequirements, changes: object): Partial<PaymentRequirements> {
  const extra = requirements.extra as Extra;
  return { extra: { ...extra, recourse: { ...extra.recourse, ...changes } } };
}

function terms(requirements: PaymentRequirements, changes: object): Partial<PaymentRequirements> {
  return recourse(requirements, { terms: { ...(requirements.extra as Extra).recourse.terms, ...changes } });
}
