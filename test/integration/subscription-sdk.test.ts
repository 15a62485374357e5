import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { network } from "hardhat";
import {
  type Account,
  type Address,
  createTestClient,
  custom,
  encodeAbiParameters,
  erc20Abi,
  type Hex,
  publicActions,
  toHex,
  walletActions,
  zeroAddress,
  zeroHash,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import Protocol from "../../ignition/modules/Protocol.js";
import { developmentAccount, furnishChain, type LocalClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import { subscriptionPlanTermsParameters } from "../../sdk/src/abis.js";
import { contractErrorFrom } from "../../sdk/src/errors.js";
import { addressOf, deploy } from "../../sdk/src/refund-window/index.js";
import {
  cancelWithSignature,
  charge,
  checkTermsCall,
  claim,
  claimableBuckets,
  encodeTerms,
  PAYOUT_GAS,
  PeriodUnit,
  pairIdOf,
  periodStart,
  readSubscribe,
  type SubscribePayload,
  type SubscriptionPlanTerms,
  signCancel,
  signSubscribe,
  signUndo,
  startOfPeriod,
  statusOf,
  subscribeWithSignature,
  subscriptionOf,
  subscriptionsOf,
  undoWithSignature,
  vaultAddress,
} from "../../sdk/src/subscription/index.js";

const DAY = 86_400;
const PRICE = 5_000_000n;

const { ignition, provider } = await network.create("demo");
const client = clientOf(developmentAccount(0));
await furnishChain(client);
const { subscriptionPlanFactory: factory, subscriptionPlanImplementation: implementation } =
  await ignition.deploy(Protocol);
const deployment = { factory: factory.address, implementation: implementation.address };

const receiver = developmentAccount(1).address;
const monthly: SubscriptionPlanTerms = {
  receiver,
  operator: receiver,
  feeReceiver: zeroAddress,
  feeBps: 0,
  salt: zeroHash,
  token: USDC,
  price: PRICE,
  periodUnit: PeriodUnit.Months,
  periodLength: 1,
  grace: 3 * DAY,
  trial: 0,
  setupFee: 0n,
  refundWindow: 7 * DAY,
  nonRefundableBps: 1_000,
};
const plan = vaultAddress(monthly, deployment);

before(async () => {
  await deployPlan(monthly);
});

describe("vaultAddress", () => {
  test("is the factory's answer for random terms", async () => {
    for (let i = 0; i < 25; i++) {
      const terms = randomTerms();
      const onChain = await addressOf(client, { address: factory.address, terms: encodeTerms(terms) });
      assert.equal(vaultAddress(terms, deployment), onChain);
    }
  });

  const seconds = { ...monthly, periodUnit: PeriodUnit.Seconds, periodLength: 30 * DAY } as const;
  const accepted: [string, Partial<SubscriptionPlanTerms>][] = [
    ["the shortest period of seconds", { ...seconds, periodLength: 3_600, grace: 1_800, refundWindow: 1_800 }],
    ["the longest period of seconds", { ...seconds, periodLength: 5 * 365 * DAY }],
    ["the longest period of months", { periodLength: 60 }],
    ["the shortest grace", { grace: 1 }],
    ["the longest grace", { grace: 14 * DAY, refundWindow: 14 * DAY }],
    ["an odd period", { ...seconds, periodLength: 3_601, grace: 1_800, refundWindow: 1_801 }],
    ["the longest trial", { trial: 365 * DAY }],
    ["the longest refund window", { refundWindow: 25 * DAY }],
    ["the largest share that is not refundable", { nonRefundableBps: 9_999 }],
    ["no window", { refundWindow: 0, nonRefundableBps: 0 }],
    ["the lowest price", { price: 1n }],
    ["the highest amounts", { price: 2n ** 88n - 1n, setupFee: 2n ** 88n - 1n }],
  ];
  for (const [name, change] of accepted) {
    test(`accepts ${name}, as the contract does`, async () => {
      const terms = { ...monthly, ...change };
      assert.equal(await contractRefusal(terms), undefined);
      assert.doesNotThrow(() => encodeTerms(terms));
    });
  }

  const refused: [string, Partial<SubscriptionPlanTerms>][] = [
    ["TermsWithoutReceiver", { receiver: zeroAddress }],
    ["TermsWithoutOperator", { operator: zeroAddress }],
    ["TermsFeeTooHigh", { feeBps: 1_001, feeReceiver: USDC }],
    ["TermsFeeReceiverWrong", { feeBps: 1 }],
    ["TermsWithoutToken", { token: zeroAddress }],
    ["TermsWithoutPrice", { price: 0n }],
    ["TermsTrialTooLong", { trial: 365 * DAY + 1 }],
    ["TermsPeriodOutOfBounds", { periodLength: 0 }],
    ["TermsPeriodOutOfBounds", { periodLength: 61 }],
    ["TermsPeriodOutOfBounds", { periodUnit: PeriodUnit.Seconds, periodLength: 3_599 }],
    ["TermsPeriodOutOfBounds", { periodUnit: PeriodUnit.Seconds, periodLength: 5 * 365 * DAY + 1 }],
    ["TermsGraceOutOfBounds", { grace: 0 }],
    ["TermsGraceOutOfBounds", { grace: 14 * DAY + 1 }],
    ["TermsGraceOutOfBounds", { periodUnit: PeriodUnit.Seconds, periodLength: 3_601, grace: 1_801 }],
    ["TermsRefundWindowTooLong", { refundWindow: 25 * DAY + 1 }],
    ["TermsNonRefundableWrong", { nonRefundableBps: 10_000 }],
    ["TermsNonRefundableWrong", { refundWindow: 0, nonRefundableBps: 1 }],
  ];
  for (const [name, change] of refused) {
    test(`refuses ${name} of ${Object.entries(change).at(-1)} with the contract's arguments`, async () => {
      const terms = { ...monthly, ...change };
      const onChain = await contractRefusal(terms);
      assert.equal(onChain?.contractError, name);
      assert.throws(
        () => vaultAddress(terms, deployment),
        (error) => {
          assert.equal((error as Error).name, `${name}Error`);
          assert.deepEqual((error as { args?: unknown }).args, onChain?.args);
          return true;
        },
      );
    });
  }
});

describe("startOfPeriod", () => {
  test("is the contract's answer, for months of every length and for seconds", async () => {
    const lengths = [
      { periodUnit: PeriodUnit.Months, periodLength: 1 },
      { periodUnit: PeriodUnit.Months, periodLength: 7 },
      { periodUnit: PeriodUnit.Seconds, periodLength: 86_399 },
    ] as const;
    for (const length of lengths) {
      const terms = { ...monthly, ...length, grace: 3_600, refundWindow: 0, nonRefundableBps: 0 };
      const address = await deployPlan(terms);
      for (const anchor of [...ANCHORS, ...Array.from({ length: 20 }, () => random(2 ** 33))]) {
        for (const index of [0, 1, 2, 11, 12, 13, random(2 ** 15), 32_767]) {
          const onChain = await periodStart(client, { address, anchor, index });
          assert.equal(startOfPeriod(terms, anchor, index), onChain, `${length.periodLength} ${anchor} ${index}`);
        }
      }
    }
  });

  test("does not drift from the end of a month", () => {
    const dates = [1, 2, 3, 13].map((index) => isoDate(startOfPeriod(monthly, Date.UTC(2027, 0, 31) / 1_000, index)));
    assert.deepEqual(dates, ["2027-02-28", "2027-03-31", "2027-04-30", "2028-02-29"]);
  });
});

describe("a subscription by signatures", () => {
  test("begins with one message and one permit, and can be read from the chain alone", async () => {
    const { account, address } = await newSubscriber();

    await bring(plan, await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 12 }));

    const state = await statusOf(client, { address: plan, subscriber: address });
    assert.deepEqual(
      [state.status, state.isActive, state.charge, state.undoable],
      ["active", true, "5000000", "4500000"],
    );
    assert.deepEqual(
      state.nextActions.map(({ action }) => action),
      ["charge", "cancel", "undo", "refund"],
    );
    assert.equal(state.pair, pairIdOf({ subscriber: address, beneficiary: address }));
    // What is left of what was signed, and no more.
    assert.equal(await allowanceOf(address, plan), 11n * PRICE);
  });

  test("asks for the allowance of both when a second beneficiary is subscribed", async () => {
    const { account, address } = await newSubscriber();
    const agent = privateKeyToAccount(generatePrivateKey()).address;
    await bring(plan, await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 12 }));

    await bring(
      plan,
      await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 2, quantity: 3, beneficiary: agent }),
    );

    assert.equal(await allowanceOf(address, plan), 11n * PRICE + 3n * PRICE);
    const mine = await subscriptionsOf(client, { plans: [plan], subscriber: address, fromBlock: 0n });
    assert.deepEqual(
      mine.map(({ beneficiary, quantity }) => [beneficiary, quantity]),
      [
        [agent, 3],
        [address, 1],
      ],
    );
  });

  test("signs no permit for what is approved", async () => {
    const { account, address } = await newSubscriber();
    await client.waitForTransactionReceipt({
      hash: await account.writeContract({
        abi: erc20Abi,
        address: USDC,
        args: [plan, 2n ** 256n - 1n],
        functionName: "approve",
        chain: baseSepolia,
      }),
    });

    const signed = await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 1 });

    assert.equal(signed.permit, undefined);
    await bring(plan, signed);
    assert.equal((await statusOf(client, { address: plan, subscriber: address })).status, "prepaid");
  });

  test("is signed before the plan exists", async () => {
    const terms = { ...monthly, salt: toHex(7, { size: 32 }), setupFee: 1_000_000n };
    const { account, address } = await newSubscriber();

    const signed = await signSubscribe(account, { terms, deployment, maxPeriods: 2 });
    await bring(await deployPlan(terms), signed);

    assert.equal(signed.subscribe.maxFirstCharge, "6000000");
    const { nextActions, status } = await statusOf(client, {
      address: vaultAddress(terms, deployment),
      subscriber: address,
    });
    assert.equal(status, "active");
    assert.ok(nextActions.every(({ action }) => action !== "pay"));
  });

  test("is canceled, and begins again without paying the paid time twice", async () => {
    const { account, address } = await newSubscriber();
    await bring(plan, await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 12 }));

    const cancel = await signCancel(account, { address: plan, factory: factory.address });
    await mined(cancelWithSignature(client, { address: plan, message: cancelOf(cancel), signature: cancel.signature }));
    const canceled = await statusOf(client, { address: plan, subscriber: address });
    assert.deepEqual([canceled.status, canceled.isActive], ["canceled", true]);
    assert.deepEqual(
      canceled.nextActions.map(({ action }) => action),
      ["subscribe", "pay", "undo", "refund"],
    );

    const again = await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 12 });
    assert.deepEqual([again.subscribe.serial, again.subscribe.maxFirstCharge], ["3", "0"]);
    await bring(plan, again);
    assert.equal((await statusOf(client, { address: plan, subscriber: address })).status, "active");
  });

  test("is undone to another address", async () => {
    const { account, address } = await newSubscriber();
    const to = privateKeyToAccount(generatePrivateKey()).address;
    await bring(plan, await signSubscribe(account, { terms: monthly, deployment, maxPeriods: 12 }));

    const undo = await signUndo(account, { address: plan, factory: factory.address, to });
    const message = {
      ...undo.message,
      closesAt: BigInt(undo.message.closesAt),
      deadline: BigInt(undo.message.deadline),
    };
    await mined(
      undoWithSignature(client, { address: plan, message, signature: undo.signature, payoutGas: PAYOUT_GAS }),
    );

    assert.equal(await balanceOf(to), 4_500_000n);
    const { undoUsed } = await subscriptionOf(client, {
      address: plan,
      pair: { subscriber: address, beneficiary: address },
    });
    assert.equal(undoUsed, true);
  });

  test("knows a trial that was used", async () => {
    const terms = { ...monthly, trial: 3 * DAY, salt: toHex(9, { size: 32 }) };
    const address = await deployPlan(terms);
    const { account } = await newSubscriber();
    const first = await signSubscribe(account, { terms, deployment, maxPeriods: 12 });
    assert.equal(first.subscribe.maxFirstCharge, "0");
    await bring(address, first);

    const other = { beneficiary: privateKeyToAccount(generatePrivateKey()).address };
    const second = await signSubscribe(account, { terms, deployment, maxPeriods: 12, ...other });
    assert.equal(second.subscribe.maxFirstCharge, "5000000");
    await bring(address, second);
  });

  test("does not show other people's", async () => {
    const { address } = await newSubscriber();
    assert.deepEqual(await subscriptionsOf(client, { plans: [plan], subscriber: address, fromBlock: 0n }), []);
  });
});

describe("claimableBuckets", () => {
  test("finds what was paid, a setup fee of a trial too, when it has matured and until it is claimed", async () => {
    const terms = { ...monthly, trial: DAY, setupFee: 1_000_000n, salt: toHex(11, { size: 32 }) };
    const address = await deployPlan(terms);
    const { account, address: subscriber } = await newSubscriber();
    await bring(address, await signSubscribe(account, { terms, deployment, maxPeriods: 12 }));
    await pass(DAY);
    const pairs = [{ subscriber, beneficiary: subscriber }];
    await mined(charge(client, { address, pairs, tokenGas: PAYOUT_GAS }));
    assert.deepEqual(await claimableBuckets(client, { address }), []);

    await pass(monthly.refundWindow + 3_600);
    const found = await claimableBuckets(client, { address });
    assert.deepEqual(
      found.map(({ amount }) => amount),
      [1_000_000n, PRICE],
    );

    const buckets = found.map(({ bucket }) => bucket);
    await mined(claim(client, { address, buckets, payoutGas: PAYOUT_GAS, token: USDC }));
    assert.deepEqual(await claimableBuckets(client, { address }), []);
  });

  test("finds nothing where charges are paid out at once", async () => {
    const terms = { ...monthly, refundWindow: 0, nonRefundableBps: 0 };
    const address = await deployPlan(terms);
    const { account } = await newSubscriber();
    await bring(address, await signSubscribe(account, { terms, deployment, maxPeriods: 1 }));

    assert.deepEqual(await claimableBuckets(client, { address }), []);
    assert.equal(await balanceOf(address), 0n);
  });
});

/* HELPERS */

const ANCHORS = ["2024-02-29", "2027-01-31", "2027-12-31", "2100-01-30", "1970-01-01"].map(
  (date) => Date.parse(`${date}T23:59:59Z`) / 1_000,
);

function clientOf(account: Account): LocalClient {
  const transport = custom(provider, { retryCount: 0 });
  return createTestClient({ account, cacheTime: 0, chain: baseSepolia, mode: "hardhat", transport })
    .extend(publicActions)
    .extend(walletActions) as unknown as LocalClient;
}

async function newSubscriber(): Promise<{ account: LocalClient; address: Address }> {
  const key = privateKeyToAccount(generatePrivateKey());
  await mintUsdc(client, key.address, 1_000_000_000n);
  await client.setBalance({ address: key.address, value: 10n ** 18n });
  return { account: clientOf(key), address: key.address };
}

async function pass(seconds: number): Promise<void> {
  await client.increaseTime({ seconds });
  await client.mine({ blocks: 1 });
}

async function mined(sending: Promise<Hex>) {
  const receipt = await client.waitForTransactionReceipt({ hash: await sending });
  assert.equal(receipt.status, "success");
  return receipt;
}

async function deployPlan(terms: SubscriptionPlanTerms): Promise<Address> {
  await mined(deploy(client, { address: factory.address, terms: encodeTerms(terms) }));
  return vaultAddress(terms, deployment);
}

/** Brings a signed subscription to its plan, as anybody can. */
function bring(address: Address, payload: SubscribePayload) {
  return mined(subscribeWithSignature(client, { address, ...readSubscribe(payload), payoutGas: PAYOUT_GAS }));
}

function cancelOf({ message }: Awaited<ReturnType<typeof signCancel>>) {
  return { ...message, serial: BigInt(message.serial), deadline: BigInt(message.deadline) };
}

async function contractRefusal(terms: SubscriptionPlanTerms) {
  const encoded = encodeAbiParameters(subscriptionPlanTermsParameters, [terms]);
  const call = checkTermsCall({ address: implementation.address, terms: encoded });
  return client.readContract(call).then(
    () => undefined,
    (error) => contractErrorFrom(error),
  );
}

function balanceOf(address: Address): Promise<bigint> {
  return client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
}

function allowanceOf(owner: Address, spender: Address): Promise<bigint> {
  return client.readContract({ abi: erc20Abi, address: USDC, args: [owner, spender], functionName: "allowance" });
}

function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}

function isoDate(time: number): string {
  return new Date(time * 1_000).toISOString().slice(0, 10);
}

function randomAddress(): Address {
  return privateKeyToAccount(generatePrivateKey()).address;
}

function randomTerms(): SubscriptionPlanTerms {
  const isMonths = random(2) === 0;
  const periodLength = isMonths ? 1 + random(60) : 3_600 + random(157_676_400);
  const shortest = isMonths ? periodLength * 28 * DAY : periodLength;
  const grace = 1 + random(Math.floor(shortest / 2));
  const feeBps = random(1_001);
  const refundWindow = random(2) * random(shortest - grace + 1);
  return {
    receiver: randomAddress(),
    operator: randomAddress(),
    feeReceiver: feeBps === 0 ? zeroAddress : randomAddress(),
    feeBps,
    salt: generatePrivateKey(),
    token: randomAddress(),
    price: BigInt(1 + random(2 ** 50)),
    periodUnit: isMonths ? PeriodUnit.Months : PeriodUnit.Seconds,
    periodLength,
    grace,
    trial: random(365 * DAY),
    setupFee: BigInt(random(2 ** 50)),
    refundWindow,
    nonRefundableBps: refundWindow === 0 ? 0 : random(10_000),
  };
}
