import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { addresses } from "@recourse/sdk/addresses";
import { deploy } from "@recourse/sdk/refund-window";
import {
  cancel,
  encodeTerms,
  PAYOUT_GAS,
  type PeriodReceipt,
  RelayError,
  readSubscribe,
  relay,
  type SubscribePayload,
  signCancel,
  signSubscribe,
  signUndo,
  statusOf,
  subscribeWithSignature,
  vaultAddress,
} from "@recourse/sdk/subscription";
import { SubscriptionEvmScheme } from "@recourse/sdk/subscription/client";
import { type AccessStanding, RouteTermsError, singlePeriod, subscription } from "@recourse/sdk/subscription/server";
import { decodePaymentRequiredHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { wrapFetchWithPayment } from "@x402/fetch";
import { type Address, encodeAbiParameters, erc20Abi, type Hex, hashMessage, keccak256, type LocalAccount } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, offerOf, reasonOf, send, settlementOf, stockClient } from "../shared/buyer.js";
import { NETWORK } from "../shared/shop.js";
import {
  signedSubscription,
  signIn,
  signInHeader,
  signingInFetch,
  subscribingClient,
  subscribingFetch,
  subscriptionOf,
} from "../shared/subscriber.js";
import { type ShopOptions, type SubscriptionShop, startSubscriptionShop } from "../shared/subscriptionShop.js";
import { sharedAccount } from "../shared/wallets.js";

const FUNDS = 1_000_000_000n;
const PRICE = 5_000_000n;
const HOUR = 3_600;
const ALREADY_SUBSCRIBED = "invalid_subscription_evm_already_subscribed";

let world: World;
let facilitator: FacilitatorProcess;
let shop: SubscriptionShop;
const shops: SubscriptionShop[] = [];

before(async () => {
  world = await startWorld();
  facilitator = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1000", DEPLOYMENTS_PER_HOUR: "1000" });
  shop = await open();
});
after(async () => {
  for (const opened of shops) await opened.stop();
  await facilitator?.stop();
  await world?.stop();
});

describe("a subscription over HTTP", () => {
  it("is entered by one signature for all periods, and then by signing in alone", async () => {
    const account = await newAccount();

    const response = await subscribingFetch(account)(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    const receipt = subscriptionOf(response);
    assert.deepEqual([receipt.status, receipt.isActive, receipt.charge], ["active", true, "5000000"]);
    assert.deepEqual(
      receipt.nextActions?.map(({ action }) => action),
      ["charge", "cancel", "undo", "refund"],
    );
    assert.equal(settlementOf(response).amount, "5000000");
    assert.equal((await signingInFetch(account)(shop.url)).status, 200);
    assert.equal((await signIn(account, shop.url)).status, 200);
    assert.equal(await spentBy(account), PRICE);
  });

  it("lets nobody in who has only signed in", async () => {
    const response = await signIn(await newAccount(), shop.url);
    assert.equal(response.status, 402);
    assert.equal(standingIn(response), undefined);
  });

  it("takes a client that can read the chain, and one that cannot", async () => {
    const account = await newAccount();
    const client = localClient(world.rpcUrl);
    const response = await subscribingFetch(account, { client })(shop.url);
    assert.equal(response.status, 200, reasonOf(response));
    // With no more allowance than it signed for.
    assert.equal(await allowanceOf(account.address, shop.option.payTo), 11n * PRICE);
  });

  it("gives a trial once to a subscriber, and charges at once after that", async () => {
    const trial = await open({ terms: { trial: 86_400 }, sellsPeriods: false });
    const account = await newAccount();
    const client = localClient(world.rpcUrl);

    const response = await subscribingFetch(account, { client })(trial.url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(settlementOf(response).amount, "0");
    assert.equal(subscriptionOf(response).status, "trialing");
    assert.equal((await signIn(account, trial.url)).status, 200);
    assert.equal(await spentBy(account), 0n);

    await relayed(signCancel(asClient(account), { address: trial.option.payTo, immediately: true }));
    assert.equal((await signIn(account, trial.url)).status, 402);
    const again = await subscribingFetch(account, { client })(trial.url);
    assert.equal(again.status, 200, reasonOf(again));
    assert.equal(settlementOf(again).amount, "5000000");
  });

  it("refuses a second trial to a client that offers nothing for it", async () => {
    const trial = await open({ terms: { trial: 86_400 }, sellsPeriods: false });
    const account = await newAccount();
    const client = localClient(world.rpcUrl);
    await subscribingFetch(account)(trial.url);
    await relayed(signCancel(asClient(account), { address: trial.option.payTo, immediately: true }));
    const { subscribe } = (await signedSubscription(account, trial.url, { client })).payload as SubscribePayload;
    assert.equal(subscribe.maxFirstCharge, "5000000");

    const payload = await signSubscribe(asClient(account), { terms: trial.plan, maxPeriods: 1, maxFirstCharge: 0n });

    const response = await send(trial.url, { ...(await accepting(trial)), payload });
    assert.equal(reasonOf(response), "invalid_subscription_evm_first_charge_too_high");
  });

  it("takes a setup fee with the first charge", async () => {
    const { url } = await open({ terms: { setupFee: "$1" }, sellsPeriods: false });
    const account = await newAccount();

    const response = await subscribingFetch(account)(url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(settlementOf(response).amount, "6000000");
    assert.equal(await spentBy(account), 6_000_000n);
  });

  it("is for as many units as the route says, and fewer let nobody in", async () => {
    const team = await open({ quantity: 3, sellsPeriods: false });
    const account = await newAccount();
    const response = await subscribingFetch(account)(team.url);
    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(await spentBy(account), 3n * PRICE);
    assert.equal((await signIn(account, team.url)).status, 200);

    const single = await newAccount();
    const payload = await signSubscribe(asClient(single), { terms: team.plan, maxPeriods: 1 });
    const refused = await send(team.url, { ...(await accepting(team)), payload });
    assert.equal(reasonOf(refused), "invalid_subscription_evm_quantity_mismatch");
    await bring(team.option.payTo, payload);
    assert.equal((await signIn(single, team.url)).status, 402);
  });

  it("charges nothing when the handler fails", async () => {
    const account = await newAccount();
    shop.status = 500;
    const response = await subscribingFetch(account)(shop.url);
    shop.status = 200;
    assert.equal(response.status, 500);
    assert.equal(await spentBy(account), 0n);
    assert.equal((await signIn(account, shop.url)).status, 402);
  });
});

describe("a payload that is sent again", () => {
  it("releases once, however often and fast it is sent, and says to sign in", async () => {
    const account = await newAccount();
    const payload = await signedSubscription(account, shop.url);

    const responses = await Promise.all([1, 2, 3].map(() => send(shop.url, payload)));
    const late = await send(shop.url, payload);

    assert.equal(responses.filter(({ status }) => status === 200).length, 1);
    const refused = [...responses.filter(({ status }) => status !== 200), late];
    for (const response of refused) assert.equal(reasonOf(response), ALREADY_SUBSCRIBED);
    assert.equal(await spentBy(account), PRICE);
  });

  it("is no second subscription at the facilitator, whoever asks", async () => {
    const account = await newAccount();
    const payload = await signedSubscription(account, shop.url);
    const order = { ...payload, payload: { ...payload.payload, type: "subscribe", idempotencyKey: "one" } };
    const requirements = payload.accepted;

    const first = await ask(facilitator.url, "settle", order, requirements, MERCHANT_KEY);
    const sameRequest = await ask(facilitator.url, "settle", order, requirements, MERCHANT_KEY);
    const stranger = await ask(facilitator.url, "settle", order, requirements);

    assert.equal(first.success, true, first.errorReason);
    assert.deepEqual([sameRequest.success, sameRequest.transaction], [true, first.transaction]);
    assert.deepEqual([stranger.success, stranger.errorReason], [false, ALREADY_SUBSCRIBED]);
    assert.equal((await ask(facilitator.url, "verify", payload, requirements)).invalidReason, ALREADY_SUBSCRIBED);
  });

  it("is answered the same when somebody else brought it to the plan", async () => {
    const account = await newAccount();
    const payload = await signedSubscription(account, shop.url);
    await bring(shop.option.payTo, payload.payload as SubscribePayload);

    assert.equal(reasonOf(await send(shop.url, payload)), ALREADY_SUBSCRIBED);
    assert.equal((await signIn(account, shop.url)).status, 200);
  });

  it("is worth nothing after a cancel", async () => {
    const account = await newAccount();
    const payload = await signedSubscription(account, shop.url);
    await relayed(signCancel(asClient(account), { address: shop.option.payTo }));

    const response = await send(shop.url, payload);

    assert.equal(reasonOf(response), "invalid_subscription_evm_serial_mismatch");
    assert.equal(await spentBy(account), 0n);
  });
});

describe("who may use a subscription", () => {
  it("is the beneficiary that was named, and nobody else", async () => {
    const [human, agent, stranger] = [await newAccount(), await newAccount(0n), await newAccount(0n)];

    const response = await subscribingFetch(human, { beneficiary: agent.address })(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal((await signIn(agent, shop.url)).status, 200);
    assert.equal((await signIn(human, shop.url)).status, 402);
    assert.equal((await signIn(stranger, shop.url)).status, 402);
  });

  it("is nobody but who pays where beneficiaries are not looked for", async () => {
    const plain = await open({ access: { fromBlock: undefined } });
    const [human, agent] = [await newAccount(), await newAccount(0n)];
    await subscribingFetch(human, { beneficiary: agent.address })(plain.url);
    assert.equal((await signIn(agent, plain.url)).status, 402);
  });

  it("is an account of several people, which subscribes and signs in as a contract", async () => {
    const people = [0, 1, 2].map(() => privateKeyToAccount(generatePrivateKey()));
    const { address, signedBy } = await sharedAccount(world.client, people);
    await mintUsdc(world.client, address, FUNDS);
    const [alice, bob] = people as [LocalAccount, LocalAccount, LocalAccount];

    const response = await subscribingFetch(signedBy(alice, bob))(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    const messages = { address, signMessage: (signing: { message: string }) => signedMessage([alice, bob], signing) };
    assert.equal((await signIn(messages as unknown as LocalAccount, shop.url)).status, 200);
    const forged = { address, signMessage: (signing: { message: string }) => signedMessage([alice, alice], signing) };
    assert.equal((await signIn(forged as unknown as LocalAccount, shop.url)).status, 402);
  });

  it("is nobody with a plan of its own making", async () => {
    const account = await newAccount();
    const own = { ...shop.plan, price: 1n };
    await mined(deploy(world.client, { address: addresses["subscription-plan"].factory, terms: encodeTerms(own) }));
    await bring(vaultAddress(own), await signSubscribe(asClient(account), { terms: own, maxPeriods: 1 }));

    assert.equal((await signIn(account, shop.url)).status, 402);
    // Nor does it get in by paying for its own plan at this shop.
    const payload = await signSubscribe(asClient(account), { terms: own, maxPeriods: 1 });
    const accepted = subscription({ network: NETWORK, plan: own });
    const offer = await accepting(shop);
    const response = await send(shop.url, {
      ...offer,
      accepted: { ...offer.accepted, payTo: accepted.payTo, amount: "1", extra: accepted.extra },
      payload,
    } as PaymentPayload);
    assert.equal(response.status, 402);
  });

  it("is not let in at a route that sells another plan", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    assert.equal((await signIn(account, shop.url)).status, 200);
    assert.equal((await signIn(account, shop.otherUrl)).status, 402);
  });
});

describe("a sign-in", () => {
  it("works once, however often and fast it is sent", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    const header = await signInHeader(account, shop.url);
    const enter = () => fetch(shop.url, { headers: { "SIGN-IN-WITH-X": header } });

    const responses = await Promise.all([enter(), enter(), enter()]);

    assert.equal(responses.filter(({ status }) => status === 200).length, 1);
    assert.equal((await enter()).status, 402);
  });

  it("for another origin is none here", async () => {
    const other = await open();
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    const header = await signInHeader(account, other.url);
    assert.equal((await fetch(shop.url, { headers: { "SIGN-IN-WITH-X": header } })).status, 402);
  });

  it("is answered out of memory for the time that was set, and no longer", async () => {
    const cached = await open({ access: { cacheSeconds: 2 } });
    const account = await newAccount();
    await subscribingFetch(account)(cached.url);
    assert.equal((await signIn(account, cached.url)).status, 200);

    await mined(
      cancel(asClient(account), { address: cached.option.payTo, beneficiary: account.address, immediately: true }),
    );

    // What is remembered is of this plan alone.
    assert.equal((await signIn(account, cached.otherUrl)).status, 402);
    assert.equal((await signIn(account, cached.url)).status, 200);
    await new Promise((resolve) => setTimeout(resolve, 2_100));
    assert.equal((await signIn(account, cached.url)).status, 402);
  });

  it("is never answered out of memory for more than a minute", async () => {
    await assert.rejects(open({ access: { cacheSeconds: 61 } }), RouteTermsError);
    await assert.rejects(open({ access: { cacheSeconds: Number.NaN } }), RouteTermsError);
  });

  it("with a header that is nothing, is none", async () => {
    for (const header of ["x", "e30=", Buffer.from('{"address":1}').toString("base64"), "A".repeat(8_000)]) {
      const response = await fetch(shop.url, { headers: { "SIGN-IN-WITH-X": header } });
      assert.equal(response.status, 402);
    }
  });
});

describe("a subscription that is not paid", () => {
  it("is charged when its subscriber signs in within the grace, and served", () =>
    later(async (travel) => {
      const account = await newAccount();
      await subscribingFetch(account)(shop.url);
      await travel(HOUR + 5);

      const response = await signIn(account, shop.url);

      assert.equal(response.status, 200);
      assert.equal(await spentBy(account), 2n * PRICE);
    }));

  it("says that it is past due and what it needs, and recovers after a top-up", () =>
    later(async (travel) => {
      const account = await newAccount(PRICE);
      await subscribingFetch(account)(shop.url);
      await travel(HOUR + 5);

      const refused = await signIn(account, shop.url);

      assert.equal(refused.status, 402);
      const standing = standingIn(refused);
      assert.deepEqual([standing?.status, standing?.isActive], ["past-due", false]);
      assert.deepEqual(standing?.remedy, {
        action: "top-up",
        subscriber: account.address,
        token: USDC,
        amount: "5000000",
        spender: shop.option.payTo,
        until: standing?.chargeableUntil,
      });

      await mintUsdc(world.client, account.address, PRICE);
      assert.equal((await signIn(account, shop.url)).status, 200);
    }));

  it("is charged once when many requests come at once", () =>
    later(async (travel) => {
      const account = await newAccount();
      await subscribingFetch(account)(shop.url);
      await travel(HOUR + 5);

      const responses = await Promise.all([1, 2, 3].map(() => signIn(account, shop.url)));

      assert.deepEqual(
        responses.map(({ status }) => status),
        [200, 200, 200],
      );
      assert.equal(await spentBy(account), 2n * PRICE);
    }));

  it("waits for the next period when one was skipped", () =>
    later(async (travel) => {
      const account = await newAccount();
      await subscribingFetch(account)(shop.url);
      await travel(HOUR + 700);

      const refused = await signIn(account, shop.url);

      assert.equal(refused.status, 402);
      const standing = standingIn(refused);
      assert.equal(standing?.status, "skipped");
      assert.deepEqual(standing?.remedy, { action: "wait", until: standing?.chargeableFrom });
      await travel(HOUR - 690);
      assert.equal((await signIn(account, shop.url)).status, 200);
      assert.equal(await spentBy(account), 2n * PRICE);
    }));

  it("has ended after the last period that was signed for", () =>
    later(async (travel) => {
      const account = await newAccount();
      await subscribingFetch(account, { maxPeriods: 1 })(shop.url);
      await travel(HOUR + 5);

      const refused = await signIn(account, shop.url);

      assert.equal(refused.status, 402);
      const standing = standingIn(refused);
      assert.deepEqual([standing?.status, standing?.remedy], ["ended", { action: "subscribe" }]);
    }));

  it("is charged by a wallet of the server where there is no facilitator", () =>
    later(async (travel) => {
      const wallet = localClient(world.rpcUrl, developmentAccount(7));
      const own = await open({ access: { facilitator: undefined, wallet } });
      const account = await newAccount();
      await subscribingFetch(account)(own.url);
      await travel(HOUR + 5);
      assert.equal((await signIn(account, own.url)).status, 200);
    }));

  it("stays open where nobody charges", () =>
    later(async (travel) => {
      const idle = await open({ access: { facilitator: undefined } });
      const account = await newAccount();
      await subscribingFetch(account)(idle.url);
      await travel(HOUR + 5);
      const refused = await signIn(account, idle.url);
      assert.deepEqual([refused.status, standingIn(refused)?.status], [402, "past-due"]);
      assert.equal(await spentBy(account), PRICE);
    }));
});

describe("the end of a subscription, by relay", () => {
  it("leaves what is paid, and charges no more", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);

    const answer = await relayed(signCancel(asClient(account), { address: shop.option.payTo }));

    assert.equal(answer.amount, "0");
    assert.deepEqual(
      [answer.extra?.recourse.status, answer.extra?.recourse.isActive, answer.extra?.recourse.chargeableFrom],
      ["canceled", true, undefined],
    );
    assert.equal((await signIn(account, shop.url)).status, 200);
  });

  it("ends access too when that was signed, and is told with the way back", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    await relayed(signCancel(asClient(account), { address: shop.option.payTo, immediately: true }));

    const refused = await signIn(account, shop.url);

    assert.equal(refused.status, 402);
    const standing = standingIn(refused);
    assert.deepEqual([standing?.status, standing?.remedy], ["canceled", { action: "subscribe" }]);
    // And back, by a client that reads the serial.
    const again = await subscribingFetch(account, { client: localClient(world.rpcUrl) })(shop.url);
    assert.equal(again.status, 200, reasonOf(again));
  });

  it("is begun again for nothing while the time is paid", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    await relayed(signCancel(asClient(account), { address: shop.option.payTo }));

    const again = await subscribingFetch(account, { client: localClient(world.rpcUrl) })(shop.url);

    assert.equal(again.status, 200, reasonOf(again));
    assert.deepEqual([settlementOf(again).amount, subscriptionOf(again).status], ["0", "active"]);
    assert.equal(await spentBy(account), PRICE);
  });

  it("gives the newest charge back, once", async () => {
    const account = await newAccount();
    const to = privateKeyToAccount(generatePrivateKey()).address;
    const client = localClient(world.rpcUrl);
    await subscribingFetch(account)(shop.url);

    const answer = await relayed(signUndo(asClient(account), { address: shop.option.payTo, to }));

    assert.equal(answer.amount, String(PRICE));
    assert.equal(await balanceOf(to), PRICE);
    assert.equal((await signIn(account, shop.url)).status, 402);
    await subscribingFetch(account, { client })(shop.url);
    await assert.rejects(
      relayed(signUndo(asClient(account), { address: shop.option.payTo })),
      (error) => error instanceof RelayError && error.reason === "invalid_exact_evm_recourse_undo_used",
    );
  });

  it("is nothing that another can sign", async () => {
    const [account, thief] = [await newAccount(), await newAccount(0n)];
    await subscribingFetch(account)(shop.url);
    for (const signing of [
      signCancel(asClient(thief), { address: shop.option.payTo }),
      signUndo(asClient(thief), { address: shop.option.payTo }),
    ]) {
      const request = await signing;
      const forged = { ...request, message: { ...request.message, subscriber: account.address } };
      await assert.rejects(
        relay(forged as typeof request, { facilitator: facilitator.url }),
        (error) => error instanceof RelayError && error.reason === "invalid_exact_evm_recourse_signature_invalid",
      );
    }
    assert.equal((await signIn(account, shop.url)).status, 200);
  });

  it("costs no gas where there is no plan", async () => {
    const account = await newAccount(0n);
    const request = await signCancel(asClient(account), { address: shop.option.payTo });
    const vault = { ...request.vault, terms: { ...request.vault.terms, price: "77" } };
    await assert.rejects(
      relay({ ...request, vault }, { facilitator: facilitator.url }),
      (error) => error instanceof RelayError && error.reason === "invalid_exact_evm_recourse_vault_not_deployed",
    );
  });
});

describe("a stock client", () => {
  it("buys period after period, and gets in by signing in", async () => {
    const account = await newAccount();
    const pay = wrapFetchWithPayment(fetch, stockClient(account).setSpendControls({ maxAmountPerPayment: "$5" }));

    const response = await pay(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    const receipt = subscriptionOf(response) as PeriodReceipt;
    assert.deepEqual([receipt.status, receipt.isActive, receipt.amount], ["prepaid", true, "5000000"]);
    assert.equal((await signIn(account, shop.url)).status, 200);
    const paidThrough = receipt.paidThrough ?? 0;
    assert.equal(subscriptionOf(await pay(shop.url)).paidThrough, paidThrough + HOUR);
    assert.equal(await spentBy(account), 2n * PRICE);
  });

  it("deploys the plan with its first period", async () => {
    const fresh = await open();
    const account = await newAccount();
    const pay = wrapFetchWithPayment(fetch, stockClient(account).setSpendControls({ maxAmountPerPayment: "$5" }));
    const response = await pay(fresh.url);
    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(
      (await statusOf(world.client, { address: fresh.option.payTo, subscriber: account.address })).isActive,
      true,
    );
  });

  it("cannot buy what it is subscribed to", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    const pay = wrapFetchWithPayment(fetch, stockClient(account).setSpendControls({ maxAmountPerPayment: "$5" }));
    assert.equal(reasonOf(await pay(shop.url)), "invalid_exact_evm_recourse_payment_refused");
  });

  it("gets one release for one payment", async () => {
    const account = await newAccount();
    const offer = await offerOf(shop.url);
    const client = stockClient(account).setSpendControls({ maxAmountPerPayment: "$5" });
    const payload = await client.createPaymentPayload(offer);

    const responses = await Promise.all([1, 2].map(() => send(shop.url, payload)));
    const late = await send(shop.url, payload);

    assert.equal(responses.filter(({ status }) => status === 200).length, 1);
    assert.equal(reasonOf(late), "invalid_exact_evm_recourse_already_paid");
    // The facilitator says so too.
    const answer = await ask(facilitator.url, "verify", payload, payload.accepted, MERCHANT_KEY);
    assert.equal(answer.invalidReason, "invalid_exact_evm_recourse_already_paid");
  });

  it("is not offered periods of a plan with a setup fee", async () => {
    const { url } = await open({ terms: { setupFee: "$1" } });
    assert.equal((await fetch(url)).status, 500);
    assert.doesNotThrow(() => singlePeriod({ network: NETWORK, plan: shop.plan }));
  });
});

describe("the facilitator", () => {
  type Change = {
    payload?: object;
    accepted?: object;
    requirements?: object;
    subscribe?: object;
    expected: string;
  };
  const changes: Record<string, Change> = {
    "a field that only a server writes": { payload: { type: "subscribe" }, expected: "server_field_in_payload" },
    "no message": { payload: { subscribe: undefined }, expected: "payload_unsupported" },
    "an authorization": { payload: { subscribe: { from: USDC } }, expected: "payload_unsupported" },
    "a message for more": { subscribe: { maxPeriods: "9999" }, expected: "signature_invalid" },
    "a message for another": { subscribe: { beneficiary: USDC }, expected: "signature_invalid" },
    "another quantity": { subscribe: { quantity: "2" }, expected: "quantity_mismatch" },
    "a message that expires": { subscribe: { deadline: "1" }, expected: "deadline_too_close" },
    "nobody to use it": {
      subscribe: { beneficiary: "0x0000000000000000000000000000000000000000" },
      expected: "signature_invalid",
    },
    "no permit": { payload: { permit: undefined }, expected: "allowance_too_low" },
    "another amount": { requirements: { amount: "1" }, accepted: { amount: "1" }, expected: "amount_mismatch" },
    "another token": { requirements: { asset: addresses.escrow.factory }, expected: "asset_mismatch" },
    "another plan": { requirements: { payTo: addresses.escrow.factory }, expected: "vault_mismatch" },
    "terms that were not accepted": { accepted: { extra: {} }, expected: "terms_mismatch" },
    "no terms": { requirements: { extra: {} }, expected: "terms_malformed" },
  };
  for (const [name, { accepted, expected, payload: fields, requirements, subscribe }] of Object.entries(changes)) {
    it(`refuses ${name}`, async () => {
      const account = await newAccount();
      const payload = await signedSubscription(account, shop.url);
      const body = payload.payload as SubscribePayload;
      const changed = {
        ...payload,
        accepted: { ...payload.accepted, ...accepted },
        payload: { ...body, ...(subscribe && { subscribe: { ...body.subscribe, ...subscribe } }), ...fields },
      };

      const answer = await ask(
        facilitator.url,
        "verify",
        changed as never,
        {
          ...payload.accepted,
          ...requirements,
        } as PaymentRequirements,
      );

      assert.deepEqual([answer.isValid, answer.invalidReason], [false, `invalid_subscription_evm_${expected}`]);
    });
  }

  it("refuses terms of a factory that it does not know", async () => {
    const payload = await signedSubscription(await newAccount(), shop.url);
    const recourse = { ...(payload.accepted.extra.recourse as object), factory: USDC };
    const accepted = { ...payload.accepted, extra: { ...payload.accepted.extra, recourse } };
    const answer = await ask(facilitator.url, "verify", { ...payload, accepted }, accepted);
    assert.equal(answer.invalidReason, "invalid_subscription_evm_factory_not_allowed");
  });

  it("says that the money is missing", async () => {
    const response = await subscribingFetch(await newAccount(PRICE - 1n))(shop.url);
    assert.equal(reasonOf(response), "invalid_subscription_evm_balance_too_low");
  });

  it("settles nothing without the server's order", async () => {
    const account = await newAccount();
    const payload = await signedSubscription(account, shop.url);
    const plain = await ask(facilitator.url, "settle", payload, payload.accepted, MERCHANT_KEY);
    assert.equal(plain.errorReason, "invalid_subscription_evm_operation_missing");
    const strange = { ...payload, payload: { ...payload.payload, type: "refund" } };
    const other = await ask(facilitator.url, "settle", strange, payload.accepted, MERCHANT_KEY);
    assert.equal(other.errorReason, "invalid_subscription_evm_operation_unsupported");
    assert.equal(await spentBy(account), 0n);
  });

  it("deploys no plan for a stranger", async () => {
    const { url } = await open({ merchantKey: undefined });
    const account = await newAccount();
    const response = await subscribingFetch(account)(url);
    assert.equal(reasonOf(response), "invalid_subscription_evm_not_sponsored");
    assert.equal(await spentBy(account), 0n);
  });

  it("charges nobody what is not due, whoever asks", async () => {
    const account = await newAccount();
    await subscribingFetch(account)(shop.url);
    const { accepted } = await accepting(shop);
    const order = { type: "charge", subscriber: account.address, beneficiary: account.address };
    const answer = await ask(facilitator.url, "settle", { x402Version: 2, accepted, payload: order }, accepted);
    assert.equal(answer.errorReason, "invalid_subscription_evm_not_due");
    assert.equal(await spentBy(account), PRICE);
  });

  it("tells servers whose plans it serves", async () => {
    const { kinds } = await (await fetch(`${facilitator.url}/supported`)).json();
    const { extra } = kinds.find(({ scheme }: { scheme: string }) => scheme === "subscription");
    assert.deepEqual(extra, {
      recourse: { factories: { "subscription-plan": [addresses["subscription-plan"].factory] } },
    });
  });
});

describe("the client", () => {
  const subscribe = async (options: Parameters<typeof signedSubscription>[2], url = shop.url) =>
    signedSubscription(await newAccount(), url, options);

  it("signs for as many periods as its total pays for", async () => {
    const { url } = await open({ terms: { setupFee: "$1" }, sellsPeriods: false });
    const { payload } = await subscribe({ maxTotal: "$20", maxPeriods: 100 }, url);
    assert.equal((payload as SubscribePayload).subscribe.maxPeriods, "3");
    assert.equal((payload as SubscribePayload).permit?.value, "16000000");
  });

  it("signs nothing above its caps", async () => {
    await assert.rejects(subscribe({ maxPerPeriod: "$4.99" }), { name: "PeriodCapError" });
    await assert.rejects(subscribe({ maxPerPeriod: 4_999_999n }), { name: "PeriodCapError" });
    await assert.rejects(subscribe({ maxTotal: "$4.99" }), { name: "TotalCapError" });
  });

  it("takes no more at once than the spend controls allow, though a trial hides it", async () => {
    const trial = await open({ terms: { trial: 86_400 }, sellsPeriods: false });
    const account = await newAccount();
    await subscribingFetch(account)(trial.url);
    await relayed(signCancel(asClient(account), { address: trial.option.payTo, immediately: true }));
    const options = { maxPerPeriod: "$10", maxTotal: "$100", client: localClient(world.rpcUrl) };
    const { accepted } = await accepting(trial);
    const signing = new SubscriptionEvmScheme(account, options).createPaymentPayload(2, accepted, {
      maxAmountPerPayment: "1000000",
    });
    await assert.rejects(signing, { name: "FirstChargeCapError" });
  });

  it("signs nothing for an address that is not the plan of the terms", async () => {
    const offer = await offerOf(shop.url);
    const account = await newAccount();
    const [accepted] = offer.accepts as [PaymentRequirements];
    const recourse = accepted.extra.recourse as { terms: object };
    const lies: Partial<PaymentRequirements>[] = [
      { payTo: account.address },
      { extra: { ...accepted.extra, recourse: { ...recourse, factory: USDC } } },
      { extra: { ...accepted.extra, recourse: { ...recourse, terms: { ...recourse.terms, price: "1" } } } },
      { extra: { ...accepted.extra, recourse: { ...recourse, kind: "escrow" } } },
      { extra: {} },
      { amount: "4999999" },
    ];
    for (const lie of lies) {
      const signing = subscribingClient(account).createPaymentPayload({ ...offer, accepts: [{ ...accepted, ...lie }] });
      await assert.rejects(signing, { name: "VaultTermsMismatchError" });
    }
  });

  it("signs nothing while it is subscribed, and says what to do", async () => {
    const account = await newAccount();
    const client = localClient(world.rpcUrl);
    await subscribingFetch(account)(shop.url);
    await assert.rejects(signedSubscription(account, shop.url, { client }), {
      name: "StillSubscribedError",
      status: "active",
    });
  });

  it("sends less than 8 KB", async () => {
    const people = [0, 1, 2].map(() => privateKeyToAccount(generatePrivateKey()));
    const { signedBy } = await sharedAccount(world.client, people);
    const [alice, bob] = people as [LocalAccount, LocalAccount, LocalAccount];
    const payload = await signedSubscription(signedBy(alice, bob), shop.url);
    const bytes = encodePaymentSignatureHeader(payload).length;
    assert.ok(bytes < 8_192, `${bytes} bytes`);
  });
});

/* HELPERS */

async function open(options: Partial<ShopOptions> = {}): Promise<SubscriptionShop> {
  const opened = await startSubscriptionShop({ facilitatorUrl: facilitator.url, rpcUrl: world.rpcUrl, ...options });
  shops.push(opened);
  return opened;
}

async function newAccount(amount = FUNDS) {
  const account = privateKeyToAccount(generatePrivateKey());
  if (amount !== 0n) await mintUsdc(world.client, account.address, amount);
  await world.client.setBalance({ address: account.address, value: 10n ** 18n });
  return account;
}

function asClient(account: LocalAccount) {
  return localClient(world.rpcUrl, account);
}

function balanceOf(address: Address): Promise<bigint> {
  return world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
}

function allowanceOf(owner: Address, spender: Address): Promise<bigint> {
  const args = [owner, spender] as const;
  return world.client.readContract({ abi: erc20Abi, address: USDC, args, functionName: "allowance" });
}

async function spentBy({ address }: { address: Address }): Promise<bigint> {
  return FUNDS - (await balanceOf(address));
}

async function mined(sending: Promise<Hex>): Promise<void> {
  const { status } = await world.client.waitForTransactionReceipt({ hash: await sending });
  assert.equal(status, "success");
}

/** Brings a signed subscription to its plan past everybody, as anybody can. */
function bring(address: Address, payload: SubscribePayload): Promise<void> {
  return mined(subscribeWithSignature(world.client, { address, ...readSubscribe(payload), payoutGas: PAYOUT_GAS }));
}

async function relayed(signing: ReturnType<typeof signCancel> | ReturnType<typeof signUndo>) {
  return relay(await signing, { facilitator: facilitator.url });
}

/** A payload that accepts what a shop offers, without what is signed. */
async function accepting({ url }: SubscriptionShop): Promise<Omit<PaymentPayload, "payload">> {
  const { accepts, extensions, resource } = await offerOf(url);
  const [accepted] = accepts as [PaymentRequirements];
  return { x402Version: 2, accepted, resource, ...(extensions && { extensions }) };
}

/** What an offer says of the subscription of whoever signed in. */
function standingIn(response: Response): AccessStanding | undefined {
  const header = response.headers.get("PAYMENT-REQUIRED");
  assert.ok(header, "no offer");
  const [offer] = decodePaymentRequiredHeader(header).accepts;
  return offer?.extra.subscription as AccessStanding | undefined;
}

/** Lets time pass on the chain, and turns it back afterwards. */
async function later(test: (travel: (seconds: number) => Promise<void>) => Promise<void>): Promise<void> {
  const id = await world.client.snapshot();
  try {
    await test(async (seconds) => {
      await world.client.increaseTime({ seconds });
      await world.client.mine({ blocks: 1 });
    });
  } finally {
    await world.client.revert({ id });
  }
}

/** A message as SharedAccount takes it: signed by a pair of its people, in the order of the contract. */
async function signedMessage(pair: LocalAccount[], { message }: { message: string }): Promise<Hex> {
  const sorted = pair.toSorted((left, right) =>
    BigInt(keccak256(left.address)) < BigInt(keccak256(right.address)) ? -1 : 1,
  );
  const hash = hashMessage(message);
  const signatures = await Promise.all(sorted.map((person) => person.sign?.({ hash }) as Promise<Hex>));
  return encodeAbiParameters(
    [{ type: "bytes[]" }, { type: "bytes[]" }],
    [sorted.map(({ address }) => address), signatures],
  );
}
