import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { multisigAbi } from "@recourse/sdk/abis";
import { addresses } from "@recourse/sdk/addresses";
import {
  ConfigFullWeightWrongError,
  ConfigPayeeWrongError,
  ConfigSignersOutOfBoundsError,
  ConfigSignerWrongError,
  ConfigTierWrongError,
  ConfigTokenWrongError,
  contractErrorFrom,
} from "@recourse/sdk/errors";
import {
  ApprovalsMissingError,
  accountAddress,
  addressOf,
  callOf,
  collectFromKeys,
  createMultisigSigner,
  decodeConfig,
  digestOf,
  encodeConfig,
  execute,
  type MultisigConfig,
  type MultisigSignerOptions,
  paymentApprovalTypedData,
  readAccount,
  requestStandingApproval,
  resourcesOf,
  setReserveCall,
  signExecute,
  sortConfig,
  standingApprovalTypedData,
  standingDigestOf,
  TypedDataDeniedError,
} from "@recourse/sdk/multisig";
import { authorizationTypes, permit2WitnessTypes, uptoPermit2WitnessTypes } from "@x402/evm";
import {
  type Address,
  type Hex,
  hashTypedData,
  keccak256,
  type LocalAccount,
  numberToHex,
  type TypedDataDefinition,
  zeroAddress,
} from "viem";
import { developmentAccount, USDC } from "../../scripts/lib/local-chain.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import * as typedData from "../../sdk/src/generated/typedData.js";
import { accountRules, agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { offchainCode, planCode } from "../shared/plan-code.js";

const VALID = "0x1626ba7e";
const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";
const PERMIT2_PROXY = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
const CHAIN = 84532;

let world: World;
before(async () => {
  world = await startWorld();
});
after(() => world.stop());

describe("the rules of an account", () => {
  it("have the same bytes and the same address here and in the contract, in whatever order they are given", async () => {
    const rules = accountRules({ payees: [bob.address, alice.address] });
    const shuffled = { ...rules, payees: rules.payees.toReversed(), signers: rules.signers.toReversed() };
    const salt = keccak256("0x01");

    const { implementation, factory } = addresses.multisig;
    const packed = (await world.client.readContract({
      abi: multisigAbi,
      address: implementation,
      args: [rules],
      functionName: "encodeConfig",
    })) as Hex;

    assert.equal(encodeConfig(shuffled), packed);
    assert.deepEqual(decodeConfig(packed), rules);
    for (const wrong of [`${packed}00`, packed.slice(0, -2), packed.replace("0x01", "0x02"), "0x"] as Hex[]) {
      assert.throws(() => decodeConfig(wrong), { name: "ConfigMalformedError" });
    }
    const address = await addressOf(world.client, { address: factory, config: packed, salt });
    assert.equal(accountAddress(shuffled, salt), address);
  });

  it("are read from the chain as they were given", async () => {
    const rules = accountRules({ payees: [alice.address] });
    const account = await deployAccount(world.client, { balance: 0n, config: rules });

    const { config, epoch } = await readAccount(world.client, { address: account });

    assert.deepEqual(config, rules);
    assert.equal(epoch, 0n);
  });

  const [first] = accountRules().signers;
  const [token] = accountRules().tokens;
  const many = (count: number) => Array.from({ length: count }, (_, index) => numberToHex(index + 1, { size: 20 }));
  const wrong: [string, Partial<MultisigConfig>, new (...args: never[]) => Error][] = [
    ["no signers", { signers: [] }, ConfigSignersOutOfBoundsError],
    ["17 signers", { signers: many(17).map((account) => ({ ...signer(), account })) }, ConfigSignersOutOfBoundsError],
    ["a signer twice", { signers: [signer(), signer()] }, ConfigSignerWrongError],
    ["a signer of zero", { signers: [{ ...signer(), account: zeroAddress }] }, ConfigSignerWrongError],
    ["a signer without weight", { signers: [{ ...signer(), weight: 0 }] }, ConfigSignerWrongError],
    ["weight that nobody reaches", { fullWeight: 6 }, ConfigFullWeightWrongError],
    ["weight that agents reach", { fullWeight: 1 }, ConfigFullWeightWrongError],
    ["33 payees", { payees: many(33) }, ConfigPayeeWrongError],
    ["a payee twice", { payees: [alice.address, alice.address] }, ConfigPayeeWrongError],
    ["a payee of zero", { payees: [zeroAddress] }, ConfigPayeeWrongError],
    ["9 tokens", { tokens: many(9).map((each) => ({ ...rules(), token: each })) }, ConfigTokenWrongError],
    ["a token twice", { tokens: [rules(), rules()] }, ConfigTokenWrongError],
    ["a rate without a target", { tokens: [{ ...rules(), refillTarget: 0n }] }, ConfigTokenWrongError],
    ["tiers that fall", { tokens: [{ ...rules(), tiers: rules().tiers.toReversed() }] }, ConfigTierWrongError],
    ["9 tiers", { tokens: [{ ...rules(), tiers: tiersUpTo(9) }] }, ConfigTierWrongError],
    [
      "a tier above full weight",
      { tokens: [{ ...rules(), tiers: [{ maxValue: 1n, weight: 5 }] }] },
      ConfigTierWrongError,
    ],
  ];
  for (const [name, changes, expected] of wrong) {
    it(`are refused here as in the contract: ${name}`, async () => {
      const config = { ...accountRules(), ...changes };
      const inContract = await world.client
        .readContract({
          abi: multisigAbi,
          address: addresses.multisig.implementation,
          args: [sortConfig(config)],
          functionName: "encodeConfig",
        })
        .then(
          () => assert.fail("The contract takes it."),
          (error) => contractErrorFrom(error),
        );

      assert.throws(
        () => encodeConfig(config),
        (error: Error & { args?: unknown }) => {
          assert.ok(error instanceof expected, String(error));
          assert.equal(error.name, inContract?.name);
          assert.deepEqual(error.args, (inContract as Error & { args?: unknown }).args);
          return true;
        },
      );
    });
  }

  function signer() {
    assert.ok(first);
    return first;
  }
  function rules() {
    assert.ok(token);
    return token;
  }
  function tiersUpTo(count: number) {
    return Array.from({ length: count }, (_, index) => ({ maxValue: BigInt(index + 1), weight: 1 }));
  }
});

describe("what signers sign", () => {
  const payment = {
    epoch: 3n,
    method: "transferWithAuthorization",
    token: USDC,
    payee: alice.address,
    value: 5n,
    validAfter: 1n,
    validBefore: 2n,
    nonce: keccak256("0x02"),
    resource: keccak256("0x03"),
  };
  const standing = {
    epoch: 3n,
    method: "transferWithAuthorization",
    token: USDC,
    payee: alice.address,
    maxValue: 5n,
    count: 6n,
    validUntil: 7n,
    resource: keccak256("0x03"),
    salt: keccak256("0x04"),
  };

  it("has the digests of the contract", async () => {
    const address = await deployAccount(world.client, { balance: 0n });
    const place = { address, chainId: CHAIN };

    assert.equal(
      await digestOf(world.client, { address, message: payment }),
      hashTypedData(paymentApprovalTypedData({ ...place, message: payment })),
    );
    assert.equal(
      await standingDigestOf(world.client, { address, message: standing }),
      hashTypedData(standingApprovalTypedData({ ...place, message: standing })),
    );
  });
});

describe("what an account signs", () => {
  let account: Address;
  before(async () => {
    account = await deployAccount(world.client);
  });

  const id = keccak256("0x05");
  const self = () => account;
  const time = 9_999_999_999n;
  const [vault, other] = [developmentAccount(40).address, developmentAccount(41).address];
  const place = { address: vault, chainId: CHAIN };
  const domain = typedData.refundWindowDomain(place);
  const nested = { address: other, chainId: CHAIN };
  const refund = { paymentId: id, amount: 1n, expectedHeld: 2n, expectedRefunded: 3n, deadline: time };
  const withdraw = { token: USDC, expectedCredit: 1n, expectedWithdrawn: 2n, deadline: time };
  const capture = { paymentId: id, amount: 1n, isFinal: true, expectedHeld: 2n, expectedCaptured: 0n, deadline: time };
  const item = { payer: alice.address, nonce: id, amount: 1n, expectedHeld: 2n, expectedCaptured: 0n };
  const payment = {
    epoch: 0n,
    method: "transferWithAuthorization",
    token: USDC,
    payee: other,
    value: 5n,
    validAfter: 0n,
    validBefore: time,
    nonce: id,
    resource: id,
  };
  const { value: _value, validAfter: _after, validBefore: _before, nonce: _nonce, ...rest } = payment;
  const standing = { ...rest, maxValue: 5n, count: 6n, validUntil: time, salt: id };
  const call = { to: other, value: 1n, data: "0x1234" as Hex };

  /** Every message of the suite, who can make it alone, and what it is. */
  const messages: [string, "agent" | "humans", () => unknown][] = [
    [
      "a refund to itself",
      "agent",
      () => typedData.refundTypedData({ ...place, message: { ...refund, by: self(), to: self() } }),
    ],
    [
      "a refund elsewhere",
      "humans",
      () => typedData.refundTypedData({ ...place, message: { ...refund, by: self(), to: other } }),
    ],
    [
      "a refund as a seller",
      "humans",
      () => typedData.refundTypedData({ ...place, message: { ...refund, by: other, to: self() } }),
    ],
    [
      "a withdrawal to itself",
      "agent",
      () => typedData.withdrawTypedData({ domain, message: { ...withdraw, owner: self(), to: self() } }),
    ],
    [
      "a withdrawal elsewhere",
      "humans",
      () => typedData.withdrawTypedData({ domain, message: { ...withdraw, owner: self(), to: other } }),
    ],
    [
      "an undo to itself",
      "agent",
      () =>
        typedData.undoTypedData({
          ...place,
          message: { subscriber: self(), beneficiary: other, closesAt: 1n, to: self(), deadline: time },
        }),
    ],
    [
      "an undo elsewhere",
      "humans",
      () =>
        typedData.undoTypedData({
          ...place,
          message: { subscriber: self(), beneficiary: other, closesAt: 1n, to: other, deadline: time },
        }),
    ],
    [
      "a dispute",
      "agent",
      () => typedData.disputeTypedData({ ...place, message: { paymentId: id, evidence: id, deadline: time } }),
    ],
    [
      "a cancel",
      "agent",
      () =>
        typedData.cancelTypedData({
          ...place,
          message: { subscriber: self(), beneficiary: other, immediately: true, serial: 1n, deadline: time },
        }),
    ],
    [
      "a withdrawal of a dispute",
      "humans",
      () =>
        typedData.withdrawDisputeTypedData({ ...place, message: { paymentId: id, defaultsAt: 1n, deadline: time } }),
    ],
    [
      "a concession",
      "humans",
      () => typedData.concedeTypedData({ ...place, message: { paymentId: id, by: self(), deadline: time } }),
    ],
    [
      "a judgment",
      "humans",
      () =>
        typedData.resolveTypedData({
          ...place,
          message: { paymentId: id, toPayer: 1n, toReceiver: 2n, evidence: id, deadline: time },
        }),
    ],
    [
      "a release",
      "humans",
      () =>
        typedData.releaseTypedData({
          domain,
          message: { paymentId: id, announcement: 1n, amount: 1n, to: self(), deadline: time },
        } as never),
    ],
    ["a capture", "humans", () => typedData.captureTypedData({ ...place, message: capture })],
    [
      "captures",
      "humans",
      () => typedData.captureManyTypedData({ ...place, message: { token: USDC, items: [item, item], deadline: time } }),
    ],
    [
      "a void",
      "humans",
      () =>
        typedData.voidTypedData({ ...place, message: { paymentId: id, by: self(), expectedHeld: 1n, deadline: time } }),
    ],
    ["another account's payment", "humans", () => typedData.paymentApprovalTypedData({ ...nested, message: payment })],
    [
      "another account's standing approval",
      "humans",
      () => typedData.standingApprovalTypedData({ ...nested, message: standing }),
    ],
    [
      "another account's calls",
      "humans",
      () =>
        typedData.executeTypedData({
          ...nested,
          message: { epoch: 1n, calls: [call, call], nonce: 2n, deadline: time },
        }),
    ],
  ];
  for (const [name, who, make] of messages) {
    it(`${name}: ${who === "agent" ? "any signer alone" : "all weight"}`, async () => {
      const message = make() as TypedDataDefinition;
      if (who === "humans") {
        const failure = await signerOf({})
          .signTypedData(message)
          .then(
            () => assert.fail("signed"),
            (error) => error,
          );
        assert.ok(failure instanceof ApprovalsMissingError);
        assert.equal(failure.neededWeight, 4);
      }

      const blob = await signerOf(who === "agent" ? {} : { collect: collectFromKeys([alice, bob]) }).signTypedData(
        message,
      );

      assert.equal(await answerTo(hashTypedData(message), blob), VALID);
    });
  }

  const authorization = {
    from: zeroAddress as Address,
    to: other,
    value: DOLLAR,
    validAfter: 0n,
    validBefore: time,
    nonce: id,
  };
  const usdc = { name: "USDC", version: "2", chainId: CHAIN, verifyingContract: USDC };
  const permit2Domain = { name: "Permit2", chainId: CHAIN, verifyingContract: PERMIT2 } as const;
  const permit = {
    permitted: { token: USDC, amount: DOLLAR },
    spender: PERMIT2_PROXY,
    nonce: 12_345n,
    deadline: time,
    witness: { to: other, validAfter: 0n },
  };
  const receiveTypes = { ReceiveWithAuthorization: authorizationTypes.TransferWithAuthorization };
  const payments: [string, () => unknown][] = [
    [
      "a transfer by authorization",
      () => ({
        domain: usdc,
        message: { ...authorization, from: self() },
        primaryType: "TransferWithAuthorization",
        types: authorizationTypes,
      }),
    ],
    [
      "a receipt by authorization",
      () => ({
        domain: usdc,
        message: { ...authorization, from: self() },
        primaryType: "ReceiveWithAuthorization",
        types: receiveTypes,
      }),
    ],
    [
      "a transfer by Permit2 to x402's proxy",
      () => ({
        domain: permit2Domain,
        message: permit,
        primaryType: "PermitWitnessTransferFrom",
        types: permit2WitnessTypes,
      }),
    ],
  ];
  for (const [name, make] of payments) {
    it(`${name}, by its agent within the tier`, async () => {
      const message = make() as TypedDataDefinition;

      const blob = await signerOf({}).signTypedData(message);

      assert.equal(await answerTo(hashTypedData(message), blob), VALID);
    });
  }

  const denied: [string, () => unknown][] = [
    [
      "an authorization of somebody else",
      () => ({
        domain: usdc,
        message: { ...authorization, from: other },
        primaryType: "TransferWithAuthorization",
        types: authorizationTypes,
      }),
    ],
    [
      "a cancellation of an authorization",
      () => ({
        domain: usdc,
        message: { authorizer: self(), nonce: id },
        primaryType: "CancelAuthorization",
        types: {
          CancelAuthorization: [
            { name: "authorizer", type: "address" },
            { name: "nonce", type: "bytes32" },
          ],
        },
      }),
    ],
    [
      "a transfer by Permit2 to another spender",
      () => ({
        domain: permit2Domain,
        message: { ...permit, spender: other },
        primaryType: "PermitWitnessTransferFrom",
        types: permit2WitnessTypes,
      }),
    ],
    [
      "a transfer by Permit2 up to an amount",
      () => ({
        domain: permit2Domain,
        message: { ...permit, witness: { ...permit.witness, facilitator: other } },
        primaryType: "PermitWitnessTransferFrom",
        types: uptoPermit2WitnessTypes,
      }),
    ],
    [
      "a refund in a domain that is none of ours",
      () => ({
        domain: { ...domain, name: "Another" },
        message: { ...refund, by: self(), to: self() },
        primaryType: "Refund",
        types: typedData.refundTypes,
      }),
    ],
    [
      "a refund with another field",
      () => ({
        domain,
        message: { ...refund, by: self(), to: self(), more: 1n },
        primaryType: "Refund",
        types: { Refund: [...typedData.refundTypes.Refund, { name: "more", type: "uint256" }] },
      }),
    ],
    [
      "a refund in the domain of accounts",
      () => ({
        domain: typedData.multisigDomain(place),
        message: { ...refund, by: self(), to: self() },
        primaryType: "Refund",
        types: typedData.refundTypes,
      }),
    ],
  ];
  for (const [name, make] of denied) {
    it(`never ${name}`, async () => {
      const all = signerOf({ collect: collectFromKeys([alice, bob]) });
      await assert.rejects(all.signTypedData(make() as TypedDataDefinition), TypedDataDeniedError);
    });
  }

  function signerOf(options: Partial<MultisigSignerOptions>) {
    return createMultisigSigner({ account, client: world.client, signers: [agent], ...options });
  }

  const answerTo = (hash: Hex, blob: Hex) =>
    world.client.readContract({
      abi: [
        {
          type: "function",
          name: "isValidSignature",
          stateMutability: "view",
          inputs: [{ type: "bytes32" }, { type: "bytes" }],
          outputs: [{ type: "bytes4" }],
        },
      ],
      address: account,
      args: [hash, blob],
      functionName: "isValidSignature",
    });

  it("never a payment that is asked for on another chain, nor a message", async () => {
    const elsewhere = { ...usdc, chainId: 1 };
    const payment = {
      domain: elsewhere,
      message: { ...authorization, from: self() },
      primaryType: "TransferWithAuthorization",
      types: authorizationTypes,
    } as const;
    const dispute = { paymentId: id, evidence: id, deadline: time };
    const message = typedData.disputeTypedData({ address: vault, chainId: 1, message: dispute });

    await assert.rejects(signerOf({}).signTypedData(payment), { name: "ChainMismatchError" });
    await assert.rejects(signerOf({}).signTypedData(message), { name: "ChainMismatchError" });
  });

  it("asks nobody for numbers that its signature has no room for", async () => {
    let asked = 0;
    const collect = async () => {
      asked += 1;
      return [];
    };
    for (const beyond of [{ value: 2n ** 128n }, { validBefore: 2n ** 40n }, { validAfter: 2n ** 40n }]) {
      const payment = {
        domain: usdc,
        message: { ...authorization, from: self(), ...beyond },
        primaryType: "TransferWithAuthorization",
        types: authorizationTypes,
      } as const;
      await assert.rejects(signerOf({ collect }).signTypedData(payment), TypedDataDeniedError);
    }
    const standing = { account, client: world.client, collect, payee: other, signers: [agent], token: USDC };
    for (const beyond of [{ count: 65_536 }, { maxValue: 2n ** 128n }, { validUntil: 2 ** 40 }]) {
      const asking = requestStandingApproval({ ...standing, count: 1, maxValue: 1n, validUntil: 2 ** 39, ...beyond });
      await assert.rejects(asking, { name: "StandingApprovalOutOfBoundsError" });
    }
    assert.equal(asked, 0);
  });

  const plan = developmentAccount(43).address;
  const subscribing = (changes: Partial<Record<"maxPeriods" | "quantity", bigint>> = {}) =>
    typedData.subscribeTypedData({
      address: plan,
      chainId: CHAIN,
      message: {
        beneficiary: agent.address,
        deadline: time,
        maxFirstCharge: 1n,
        maxPeriods: 1n,
        quantity: 1n,
        serial: 0n,
        subscriber: self(),
        ...changes,
      },
    });

  it("never what only a server says that a plan costs", async () => {
    let visits = 0;
    const server = createServer((_, answer) => {
      visits += 1;
      answer.end(JSON.stringify({ data: "0x" }));
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    try {
      const { port } = server.address() as AddressInfo;
      const bytecode = offchainCode({ address: plan, url: `http://127.0.0.1:${port}/{data}` });
      await world.client.setCode({ address: plan, bytecode });
      await assert.rejects(signerOf({}).signTypedData(subscribing()), { name: "UnreadablePlanError" });
      assert.equal(visits, 0, "no server that a contract names is asked");
    } finally {
      server.close();
    }
  });

  it("asks nobody for a subscription that the account does not sign", async () => {
    const collect = async () => assert.fail("somebody was asked");
    await world.client.setCode({ address: plan, bytecode: planCode({ price: 1n, token: USDC }) });
    for (const beyond of [{ quantity: 2n ** 16n }, { maxPeriods: 2n ** 16n }]) {
      await assert.rejects(signerOf({ collect }).signTypedData(subscribing(beyond)), TypedDataDeniedError);
    }
    await world.client.setCode({ address: plan, bytecode: planCode({ price: 2n ** 96n, token: USDC }) });
    await assert.rejects(signerOf({ collect }).signTypedData(subscribing()), { name: "UnreadablePlanError" });
  });

  it("with as few signatures as it needs", async () => {
    const message = typedData.disputeTypedData({ ...place, message: { paymentId: id, evidence: id, deadline: time } });
    const one = await signerOf({ signers: [agent] }).signTypedData(message);

    const blob = await signerOf({ signers: [agent, alice, bob] }).signTypedData(message);

    assert.equal(blob.length, one.length);
    assert.equal(await answerTo(hashTypedData(message), blob), VALID);
  });

  it("says until when signatures count, however late that is", async () => {
    const deadline = 2n ** 256n - 1n;
    const message = typedData.concedeTypedData({ ...place, message: { paymentId: id, by: self(), deadline } });
    await assert.rejects(signerOf({}).signTypedData(message), /the end of time/);
  });

  it("leaves out signatures that are not valid, and those of strangers", async () => {
    const message = typedData.concedeTypedData({ ...place, message: { paymentId: id, by: self(), deadline: time } });
    const stranger = developmentAccount(42);
    const lying = (key: LocalAccount, as: LocalAccount) => ({
      address: as.address,
      signTypedData: key.signTypedData,
    });
    const collect = collectFromKeys([lying(stranger, alice) as LocalAccount, bob, stranger]);

    const failure = await signerOf({ collect })
      .signTypedData(message)
      .then(
        () => assert.fail("signed"),
        (error) => error,
      );

    assert.ok(failure instanceof ApprovalsMissingError);
    assert.equal(failure.givenWeight, 3);
    assert.deepEqual(
      failure.missing.map(({ account: missing }) => missing),
      [alice.address],
    );
  });
});

describe("calls of an account", () => {
  it("are made once, in the order of the nonces, by all weight", async () => {
    const account = await deployAccount(world.client, { balance: 0n });
    const calls = [callOf(setReserveCall({ address: account, amount: 7n, token: USDC }))];
    const parameters = { account, calls, client: world.client, signers: [alice, bob] };
    const signed = await signExecute(parameters);
    await assert.rejects(signExecute({ ...parameters, signers: [agent, alice] }), ApprovalsMissingError);

    const hash = await execute(world.client, signed);
    await world.client.waitForTransactionReceipt({ hash });

    await assert.rejects(execute(world.client, signed), { name: "NonceMismatchError" });
  });
});

describe("for what a payment is", () => {
  type Hook = (context: object) => Promise<void>;

  it("is told for each payment, and not where two could be meant", async () => {
    const hooks: Record<string, Hook> = {};
    const resourceOf = resourcesOf({
      onBeforePaymentCreation: (hook: Hook) => (hooks.before = hook),
      onAfterPaymentCreation: (hook: Hook) => (hooks.after = hook),
      onPaymentCreationFailure: (hook: Hook) => (hooks.failure = hook),
    } as never);
    const contextOf = (url: string) => ({
      paymentRequired: { resource: { url } },
      selectedRequirements: { amount: "5", asset: USDC, payTo: alice.address },
    });
    const payment = { payee: alice.address, token: USDC, value: 5n };

    await hooks.before?.(contextOf("https://shop.example/a"));
    assert.equal(resourceOf(payment), "https://shop.example/a");
    assert.equal(resourceOf({ ...payment, value: 6n }), undefined);
    await hooks.before?.(contextOf("https://shop.example/b"));
    assert.equal(resourceOf(payment), undefined);
    await hooks.after?.(contextOf("https://shop.example/a"));
    assert.equal(resourceOf(payment), "https://shop.example/b");
    await hooks.failure?.(contextOf("https://shop.example/b"));
    assert.equal(resourceOf(payment), undefined);
  });
});
