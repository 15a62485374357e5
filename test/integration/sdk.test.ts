import assert from "node:assert/strict";
import { before, describe, test } from "node:test";
import { network } from "hardhat";
import {
  type Account,
  type Address,
  createTestClient,
  custom,
  type Hex,
  publicActions,
  toHex,
  walletActions,
  zeroAddress,
  zeroHash,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { getEip712Domain } from "viem/actions";
import { baseSepolia } from "viem/chains";
import Protocol from "../../ignition/modules/Protocol.js";
import { developmentAccount, furnishChain, type LocalClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  AmountZeroError,
  CreditEmptyError,
  contractErrorFrom,
  PaymentChangedError,
  PaymentUnknownError,
  RecourseError,
  SignatureInvalidError,
  TokenRefusedAuthorizationError,
} from "../../sdk/src/errors.js";
import { RefundWindow__factory } from "../../sdk/src/ethers/index.js";
import {
  type Authorization,
  addressOf,
  deploy,
  deployAndPay,
  encodeTerms,
  encodeTermsCall,
  findPaid,
  findRefunded,
  findVaultDeployed,
  idOf,
  MAX_FEE_BPS,
  MAX_RESOLUTION_PERIOD,
  MAX_WINDOW,
  Method,
  MIN_PAYOUT_GAS,
  MIN_RESOLUTION_PERIOD,
  MIN_WINDOW,
  nextActions,
  type PaymentRef,
  pay,
  paymentIdOf,
  paymentOf,
  type RefundWindowTerms,
  refund,
  refundCall,
  refundTypedData,
  refundWindowDomain,
  refundWithSignature,
  Status,
  terms as termsOf,
  vaultAddress,
  withdrawTypedData,
  withdrawWithSignature,
} from "../../sdk/src/refund-window/index.js";

const FOREVER = 2n ** 48n;

const { ethers, ignition, provider } = await network.create("demo");
const [wallet, receiver] = [0, 1].map((index) => clientOf(developmentAccount(index))) as [LocalClient, LocalClient];
const client = wallet;
const chainId = await client.getChainId();
const payer = privateKeyToAccount(generatePrivateKey());

await furnishChain(client);
const { refundWindowFactory: factory, refundWindowImplementation: implementation } = await ignition.deploy(Protocol);
const deployment = { factory: factory.address, implementation: implementation.address };

const terms: RefundWindowTerms = {
  arbiter: zeroAddress,
  feeBps: 0,
  feeReceiver: zeroAddress,
  nonRefundableBps: 0,
  operator: receiver.account.address,
  receiver: receiver.account.address,
  resolutionPeriod: 0,
  salt: zeroHash,
  silenceFavorsPayer: false,
  window: 86_400,
};
const vault = vaultAddress(terms, deployment);

before(async () => {
  await mintUsdc(client, payer.address, 1_000_000n);
  const { logs } = await receiptOf(await deploy(wallet, { address: factory.address, terms: encodeTerms(terms) }));
  assert.equal(findVaultDeployed(logs)?.args.vault, vault);
});

describe("vaultAddress", () => {
  test("is the factory's answer for random terms", async () => {
    for (let i = 0; i < 25; i++) {
      const random = randomTerms();
      const encoded = encodeTerms(random);
      assert.equal(
        encoded,
        await client.readContract(encodeTermsCall({ address: implementation.address, terms: random })),
      );
      assert.equal(
        vaultAddress(random, deployment),
        await addressOf(client, { address: factory.address, terms: encoded }),
      );
    }
  });

  test("has the vault deployed there, with these terms", async () => {
    assert.deepEqual(await termsOf(client, { address: vault }), terms);
  });

  test("accepts the bounds themselves", () => {
    for (const window of [MIN_WINDOW, MAX_WINDOW]) encodeTerms({ ...terms, window });
    encodeTerms({ ...terms, feeBps: MAX_FEE_BPS, feeReceiver: payer.address, nonRefundableBps: 9_999 });
    for (const resolutionPeriod of [MIN_RESOLUTION_PERIOD, MAX_RESOLUTION_PERIOD])
      encodeTerms({ ...terms, arbiter: payer.address, resolutionPeriod });
  });

  const refused: Record<string, Partial<RefundWindowTerms>> = {
    "a fee above the limit": { feeBps: MAX_FEE_BPS + 1, feeReceiver: payer.address },
    "a fee receiver without a fee": { feeReceiver: payer.address },
    "a fee that goes to nobody": { feeBps: 1 },
    "a window above the limit": { window: MAX_WINDOW + 1 },
    "a window below the limit": { window: MIN_WINDOW - 1 },
    "an arbiter without time": { arbiter: payer.address },
    "an arbiter with too much time": { arbiter: payer.address, resolutionPeriod: MAX_RESOLUTION_PERIOD + 1 },
    "an arbiter with a part in it": { arbiter: terms.receiver, resolutionPeriod: MIN_RESOLUTION_PERIOD },
    "silence that favors somebody without an arbiter": { silenceFavorsPayer: true },
    "no operator": { operator: zeroAddress },
    "no receiver": { receiver: zeroAddress },
    "nothing refundable": { nonRefundableBps: 10_000 },
    "the receiver as fee receiver": { feeBps: 1, feeReceiver: terms.receiver },
  };
  for (const [what, change] of Object.entries(refused)) {
    test(`refuses ${what} with the contract's own error`, async () => {
      const wrong = { ...terms, ...change };
      const call = client.readContract(encodeTermsCall({ address: implementation.address, terms: wrong }));
      const onChain = await call.then(() => undefined, contractErrorFrom);
      assert.ok(onChain, "the contract refuses them too");
      assert.throws(() => encodeTerms(wrong), { message: onChain.message, name: onChain.name });
    });
  }
});

describe("paymentIdOf", () => {
  test("is the vault's answer", async () => {
    const ref = refOf(generatePrivateKey());
    assert.equal(paymentIdOf({ address: vault, chainId, ref }), await idOf(client, { address: vault, ref }));
  });
});

describe("typed data", () => {
  test("has the domain that the vault tells", async () => {
    const { domain } = await getEip712Domain(client, { address: vault });
    const { name, verifyingContract, version } = refundWindowDomain({ address: vault, chainId });
    assert.deepEqual(
      [domain.name, domain.version, Number(domain.chainId), domain.verifyingContract],
      [name, version, chainId, verifyingContract],
    );
  });

  test("of a refund is what the vault verifies", async () => {
    const ref = refOf(toHex("never paid", { size: 32 }));
    const message = {
      amount: 1n,
      by: payer.address,
      deadline: FOREVER,
      expectedHeld: 0n,
      expectedRefunded: 0n,
      paymentId: await idOf(client, { address: vault, ref }),
      to: payer.address,
    };
    const parameters = { address: vault, message, payoutGas: MIN_PAYOUT_GAS, ref };

    // The signature is checked before the payment, so a right one leads to the next error.
    const signature = await payer.signTypedData(refundTypedData({ address: vault, chainId, message }));
    await assert.rejects(refundWithSignature(wallet, { ...parameters, signature }), PaymentUnknownError);

    const other = { ...message, amount: 2n };
    await assert.rejects(
      refundWithSignature(wallet, { ...parameters, message: other, signature }),
      SignatureInvalidError,
    );
  });

  test("of a withdrawal is what the vault verifies", async () => {
    const message = {
      deadline: FOREVER,
      expectedCredit: 0n,
      expectedWithdrawn: 0n,
      owner: payer.address,
      to: payer.address,
      token: USDC,
    };
    const signature = await payer.signTypedData(
      withdrawTypedData({ domain: refundWindowDomain({ address: vault, chainId }), message }),
    );
    await assert.rejects(withdrawWithSignature(wallet, { address: vault, message, signature }), CreditEmptyError);

    const other = { ...message, expectedCredit: 1n };
    await assert.rejects(
      withdrawWithSignature(wallet, { address: vault, message: other, signature }),
      SignatureInvalidError,
    );
  });
});

describe("actions", () => {
  test("pay, look, and give back", async () => {
    const nonce = toHex("first", { size: 32 });
    const ref = refOf(nonce);
    const paid = await receiptOf(await pay(wallet, { address: vault, authorization: await authorize(nonce) }));
    assert.equal(findPaid(paid.logs)?.args.id, await idOf(client, { address: vault, ref }));

    const payment = await paymentOf(client, { address: vault, ref });
    assert.equal(payment.status, Status.Open);
    assert.equal(payment.refundable, 1_000n);
    assert.equal((await nextActions(client, { address: vault, ref })).length, 3);

    const parameters = {
      address: vault,
      amount: 400n,
      expectedHeld: payment.held,
      expectedRefunded: payment.refunded,
      payoutGas: MIN_PAYOUT_GAS,
      ref,
      to: payer.address,
    };
    const refunded = await receiptOf(await refund(receiver, parameters));
    assert.equal(findRefunded(refunded.logs)?.args.refunded, 400n);
    assert.equal(findPaid(refunded.logs), undefined);

    await assert.rejects(refund(receiver, { ...parameters, amount: 0n }), AmountZeroError);
    const again = client.simulateContract({ ...refundCall(parameters), account: receiver.account });
    assert.ok((await again.catch(contractErrorFrom)) instanceof PaymentChangedError);
  });

  test("deploy and pay in one transaction, with the token's own words when it refuses", async () => {
    const nonce = toHex("second", { size: 32 });
    const parameters = { address: factory.address, authorization: await authorize(nonce), terms: encodeTerms(terms) };

    const forOther = { ...parameters, terms: encodeTerms({ ...terms, salt: toHex(1, { size: 32 }) }) };
    await assert.rejects(deployAndPay(wallet, forOther), (error) => {
      assert.ok(error instanceof TokenRefusedAuthorizationError && error instanceof RecourseError);
      assert.equal(error.args.token, USDC);
      assert.match(
        error.message,
        /^The token refused the payer's authorization\.\n\nToken: {2}0x.*\nReason: FiatTokenV2: invalid signature\n/,
      );
      return true;
    });

    const { logs } = await receiptOf(await deployAndPay(wallet, parameters));
    assert.ok(findPaid(logs));
    assert.equal(findVaultDeployed(logs), undefined, "it was there already");
  });
});

describe("contractErrorFrom", () => {
  test("reads what ethers throws, and nothing from other errors", async () => {
    const contract = RefundWindow__factory.connect(vault, ethers.provider);
    const call = contract.withdraw.staticCall(USDC, payer.address, payer.address);
    assert.ok((await call.catch(contractErrorFrom)) instanceof CreditEmptyError);
    for (const other of [new Error("no contract"), "0x12345678", undefined, null]) {
      assert.equal(contractErrorFrom(other), undefined);
    }
  });
});

describe("ethers", () => {
  test("reads a vault through the typed factory", async () => {
    const contract = RefundWindow__factory.connect(vault, ethers.provider);
    assert.equal((await contract.terms()).window, BigInt(terms.window));
    const { status } = await contract.paymentOf(refOf(toHex("never paid", { size: 32 })));
    assert.equal(status, BigInt(Status.None));
  });
});

/** A client of the chain in this process. It differs from one of a node only in its transport. */
function clientOf(account: Account): LocalClient {
  return createTestClient({
    account,
    cacheTime: 0,
    chain: baseSepolia,
    mode: "hardhat",
    transport: custom(provider, { retryCount: 0 }),
  })
    .extend(publicActions)
    .extend(walletActions) as unknown as LocalClient;
}

function receiptOf(hash: Hex) {
  return client.waitForTransactionReceipt({ hash });
}

function refOf(nonce: Hex): PaymentRef {
  return { method: Method.Eip3009, nonce, payer: payer.address, token: USDC };
}

/** A signed EIP-3009 authorization of the payer to the vault. */
async function authorize(nonce: Hex, value = 1_000n): Promise<Authorization> {
  const message = { from: payer.address, nonce, to: vault, validAfter: 0n, validBefore: FOREVER, value };
  const signature = await payer.signTypedData({
    domain: { chainId, name: "USDC", verifyingContract: USDC, version: "2" },
    message,
    primaryType: "TransferWithAuthorization",
    types: {
      TransferWithAuthorization: [
        { name: "from", type: "address" },
        { name: "to", type: "address" },
        { name: "value", type: "uint256" },
        { name: "validAfter", type: "uint256" },
        { name: "validBefore", type: "uint256" },
        { name: "nonce", type: "bytes32" },
      ],
    },
  });
  return { nonce, payer: payer.address, signature, token: USDC, validAfter: 0n, validBefore: FOREVER, value };
}

function randomTerms(): RefundWindowTerms {
  const random = (limit: number) => Math.floor(Math.random() * limit);
  const address = (): Address => privateKeyToAccount(generatePrivateKey()).address;
  const feeBps = random(MAX_FEE_BPS + 1);
  return {
    ...terms,
    feeBps,
    feeReceiver: feeBps === 0 ? zeroAddress : address(),
    nonRefundableBps: random(10_000),
    operator: address(),
    receiver: address(),
    salt: generatePrivateKey(),
    window: MIN_WINDOW + random(MAX_WINDOW - MIN_WINDOW + 1),
  };
}
