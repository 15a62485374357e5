import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import {
  type ApprovalRequest,
  ApprovalsMissingError,
  callOf,
  collectFromKeys,
  createMultisigSigner,
  encodeConfig,
  execute,
  MultisigExactEvmScheme,
  type MultisigSignerOptions,
  reconfigureCall,
  refill,
  requestStandingApproval,
  resourcesOf,
  revoke,
  setReserveCall,
  signExecute,
  spendableOf,
  standingApprovalId,
  TypedDataDeniedError,
} from "@recourse/sdk/multisig";
import type { PaymentPayloadResult, PaymentRequirements } from "@x402/core/types";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import {
  type Address,
  createWalletClient,
  erc20Abi,
  type Hex,
  http,
  keccak256,
  type LocalAccount,
  stringToHex,
} from "viem";
import { baseSepolia } from "viem/chains";
import { USDC } from "../../scripts/lib/local-chain.js";
import { startStockShop } from "../../scripts/lib/stock-shop.js";
import { startWorld, type World } from "../../scripts/lib/world.js";
import { accountRules, agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { NETWORK, receiver } from "../shared/shop.js";

describe("an account of agents and humans pays a shop of official classes", () => {
  let world: World;
  let shop: Awaited<ReturnType<typeof startStockShop>>;

  before(async () => {
    world = await startWorld();
    shop = await startStockShop(world.rpcUrl, receiver.address, {
      "/cents": "$0.50",
      "/dollars": "$10",
      "/others": "$10",
    });
  });
  after(async () => {
    await shop.stop();
    await world.stop();
  });

  function signerOptions(account: Address, options: Partial<MultisigSignerOptions> = {}): MultisigSignerOptions {
    return { account, client: world.client, signers: [agent], ...options };
  }

  /** The official client, with nothing of ours but the signer. */
  function stockClientOf(options: MultisigSignerOptions): x402Client {
    return new x402Client()
      .register(NETWORK, new StockExactEvmScheme(createMultisigSigner(options)))
      .setSpendControls({ maxAmountPerPayment: "$100" });
  }

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  it("the agent alone pays a little", async () => {
    const account = await deployAccount(world.client);
    const pay = wrapFetchWithPayment(fetch, stockClientOf(signerOptions(account)));

    const response = await pay(`${shop.url}/cents`);

    assert.equal(response.status, 200);
    assert.equal(await balanceOf(account), 25n * DOLLAR - DOLLAR / 2n);
  });

  it("for more a human approves of what it can read", async () => {
    const account = await deployAccount(world.client);
    const seen: ApprovalRequest[] = [];
    const client: x402Client = new x402Client();
    const options = signerOptions(account, {
      resourceOf: resourcesOf(client),
      collect: async (request, given) => {
        seen.push(request);
        return collectFromKeys([alice])(request, given);
      },
    });
    client
      .register(NETWORK, new StockExactEvmScheme(createMultisigSigner(options)))
      .setSpendControls({ maxAmountPerPayment: "$100" });

    const response = await wrapFetchWithPayment(fetch, client)(`${shop.url}/dollars`);

    assert.equal(response.status, 200);
    assert.equal(await balanceOf(account), 15n * DOLLAR);
    const [request] = seen;
    assert.equal(request?.resource, `${shop.url}/dollars`);
    const { message, primaryType } = request.typedData;
    assert.equal(primaryType, "PaymentApproval");
    assert.equal(message.payee, receiver.address);
    assert.equal(message.token, USDC);
    assert.equal(message.value, 10n * DOLLAR);
    assert.equal(message.resource, keccak256(stringToHex(`${shop.url}/dollars`)));
  });

  it("without the human the error says who is missing", async () => {
    const account = await deployAccount(world.client);
    const client = stockClientOf(signerOptions(account));

    const missing = await refusalOf(client, `${shop.url}/dollars`);

    assert.equal(missing.neededWeight, 3);
    assert.equal(missing.givenWeight, 1);
    assert.deepEqual(missing.missing.map(({ account: signer }) => signer).sort(), [alice.address, bob.address].sort());
    assert.equal(await balanceOf(account), 25n * DOLLAR);
  });

  it("the reserve stops an agent that splits, and a refill lets it go on", async () => {
    const account = await deployAccount(world.client, { balance: 21n * DOLLAR });
    const client = stockClientOf(signerOptions(account));
    const pay = wrapFetchWithPayment(fetch, client);

    for (let payment = 0; payment < 2; payment++) assert.equal((await pay(`${shop.url}/cents`)).status, 200);
    assert.ok((await refusalOf(client, `${shop.url}/cents`)).needsHuman);

    const hash = await refill(world.client, { address: account, token: USDC });
    await world.client.waitForTransactionReceipt({ hash });
    assert.equal((await pay(`${shop.url}/cents`)).status, 200);
    assert.equal(await balanceOf(account), 20n * DOLLAR - DOLLAR / 2n);
  });

  it("what was approved ahead is paid without asking again, and no more often", async () => {
    const account = await deployAccount(world.client, { balance: 60n * DOLLAR });
    const grant = await requestStandingApproval({
      ...signerOptions(account, { collect: collectFromKeys([alice]) }),
      count: 2,
      maxValue: 10n * DOLLAR,
      payee: receiver.address,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const scheme = new MultisigExactEvmScheme({ ...signerOptions(account), grants: [grant] });
    const client = new x402Client().register(NETWORK, scheme).setSpendControls({ maxAmountPerPayment: "$100" });
    const pay = wrapFetchWithPayment(fetch, client);

    assert.equal((await pay(`${shop.url}/dollars`)).status, 200);
    assert.equal((await pay(`${shop.url}/dollars`)).status, 200);
    await refusalOf(client, `${shop.url}/dollars`);
    assert.equal(await balanceOf(account), 40n * DOLLAR);
  });

  it("what was approved ahead for one resource pays for no other", async () => {
    const account = await deployAccount(world.client, { balance: 60n * DOLLAR });
    const grant = await requestStandingApproval({
      ...signerOptions(account, { collect: collectFromKeys([alice]) }),
      count: 2,
      maxValue: 10n * DOLLAR,
      payee: receiver.address,
      resource: `${shop.url}/dollars`,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const client: x402Client = new x402Client().setSpendControls({ maxAmountPerPayment: "$100" });
    const options = signerOptions(account, { resourceOf: resourcesOf(client) });
    client.register(NETWORK, new MultisigExactEvmScheme({ ...options, grants: [grant] }));

    await refusalOf(client, `${shop.url}/others`);
    assert.equal((await wrapFetchWithPayment(fetch, client)(`${shop.url}/dollars`)).status, 200);
  });

  it("what was approved ahead for one resource pays for nothing that cannot be told from another", async () => {
    const account = await deployAccount(world.client, { balance: 60n * DOLLAR });
    const grant = await requestStandingApproval({
      ...signerOptions(account, { collect: collectFromKeys([alice]) }),
      count: 2,
      maxValue: 10n * DOLLAR,
      payee: receiver.address,
      resource: `${shop.url}/dollars`,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const client: x402Client = new x402Client().setSpendControls({ maxAmountPerPayment: "$100" });
    const options = signerOptions(account, { resourceOf: resourcesOf(client) });
    client.register(NETWORK, new MultisigExactEvmScheme({ ...options, grants: [grant] }));
    const pay = wrapFetchWithPayment(fetch, client);

    const [, other] = await Promise.allSettled([pay(`${shop.url}/dollars`), pay(`${shop.url}/others`)]);

    assert.equal(other.status, "rejected", "nobody approved of it");
  });

  it("payments of a grant that are made at the same time, or by a process of before, take different nonces", async () => {
    const account = await deployAccount(world.client, { balance: 120n * DOLLAR });
    const grant = await requestStandingApproval({
      ...signerOptions(account, { collect: collectFromKeys([alice, bob]) }),
      count: 40,
      maxValue: DOLLAR,
      payee: receiver.address,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const schemeOf = () => new MultisigExactEvmScheme({ ...signerOptions(account), grants: [grant] });
    const asked: PaymentRequirements = {
      amount: String(DOLLAR / 2n),
      asset: USDC,
      extra: { name: "USDC", version: "2" },
      maxTimeoutSeconds: 60,
      network: NETWORK,
      payTo: receiver.address,
      scheme: "exact",
    };
    const scheme = schemeOf();
    const together = await Promise.all(Array.from({ length: 40 }, () => scheme.createPaymentPayload(2, asked)));
    const nonceOf = ({ payload }: PaymentPayloadResult) => (payload.authorization as { nonce: Hex }).nonce;
    assert.equal(new Set(together.map(nonceOf)).size, 40);

    // More than are looked up at a time.
    const pay = wrapFetchWithPayment(fetch, new x402Client().register(NETWORK, schemeOf()));
    for (let index = 0; index < 39; index++) assert.equal((await pay(`${shop.url}/cents`)).status, 200);
    const [last, none] = [await schemeOf().createPaymentPayload(2, asked), await scheme.createPaymentPayload(2, asked)];
    const nonces = together.map(nonceOf);
    assert.ok(nonces.includes(nonceOf(last)), "what nobody has paid yet");
    assert.ok(!nonces.includes(nonceOf(none)), "the agent alone, without the grant");
  });

  it("a human revokes what was approved ahead", async () => {
    const account = await deployAccount(world.client, { balance: 60n * DOLLAR });
    const grant = await requestStandingApproval({
      ...signerOptions(account, { collect: collectFromKeys([bob]) }),
      count: 2,
      maxValue: 10n * DOLLAR,
      payee: receiver.address,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 3_600,
    });
    const wallet = walletOf(bob);
    await world.client.setBalance({ address: bob.address, value: 10n ** 18n });
    const hash = await revoke(wallet, { address: account, approval: standingApprovalId(grant) });
    await world.client.waitForTransactionReceipt({ hash });
    const scheme = new MultisigExactEvmScheme({ ...signerOptions(account), grants: [grant] });
    const client = new x402Client().register(NETWORK, scheme).setSpendControls({ maxAmountPerPayment: "$100" });

    await refusalOf(client, `${shop.url}/dollars`);
  });

  it("two humans change everything, and approvals of before end", async () => {
    const account = await deployAccount(world.client);
    const sources = { client: world.client, signers: [alice, bob] };
    const config = accountRules({ payees: [alice.address] });
    const signed = await signExecute({
      ...sources,
      account,
      calls: [
        callOf(setReserveCall({ address: account, amount: 7n, token: USDC })),
        callOf(reconfigureCall({ address: account, packed: encodeConfig(config) })),
      ],
    });
    const hash = await execute(world.client, signed);
    assert.equal((await world.client.waitForTransactionReceipt({ hash })).status, "success");

    const { reserve } = await spendableOf(world.client, { address: account, token: USDC });
    assert.equal(reserve, 7n);
    const pay = wrapFetchWithPayment(fetch, stockClientOf(signerOptions(account)));
    await assert.rejects(pay(`${shop.url}/cents`), /PayeeNotListed|not on it/);
  });

  it("permits and logins are refused before anybody signs", async () => {
    const account = await deployAccount(world.client);
    const signer = createMultisigSigner(signerOptions(account));
    const permit = {
      domain: { name: "USDC", version: "2", chainId: world.client.chain.id, verifyingContract: USDC },
      message: { owner: account, spender: agent.address, value: 1n, nonce: 0n, deadline: 9_999_999_999n },
      primaryType: "Permit" as const,
      types: {
        Permit: [
          { name: "owner", type: "address" },
          { name: "spender", type: "address" },
          { name: "value", type: "uint256" },
          { name: "nonce", type: "uint256" },
          { name: "deadline", type: "uint256" },
        ],
      },
    };

    await assert.rejects(signer.signTypedData(permit), TypedDataDeniedError);
    await assert.rejects(signer.signMessage({ message: "log me in" }), TypedDataDeniedError);
  });

  function walletOf(account: LocalAccount) {
    return createWalletClient({ account, chain: baseSepolia, transport: http(world.rpcUrl) });
  }
});

/** The error of a signer, which the official `fetch` tells only in words: its client passes the error to a hook. */
async function refusalOf(client: x402Client, url: string): Promise<ApprovalsMissingError> {
  let refusal: unknown;
  client.onPaymentCreationFailure(async ({ error }) => {
    refusal = error;
  });
  await assert.rejects(wrapFetchWithPayment(fetch, client)(url));
  assert.ok(refusal instanceof ApprovalsMissingError, String(refusal));
  return refusal;
}
