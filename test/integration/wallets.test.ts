import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { paymentOf, relay, Status, signRefund, vaultAddress } from "@recourse/sdk/refund-window";
import { encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload } from "@x402/core/types";
import { eip3009ABI } from "@x402/evm";
import {
  type Address,
  concatHex,
  encodeFunctionData,
  erc20Abi,
  type Hex,
  hashMessage,
  hashTypedData,
  type LocalAccount,
  numberToHex,
  serializeErc6492Signature,
  sliceHex,
} from "viem";
import { sign } from "viem/accounts";
import { developmentAccount, localClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  type FacilitatorProcess,
  MERCHANT_KEY,
  privateKeyOf,
  startFacilitator,
  startWorld,
  type World,
} from "../../scripts/lib/world.js";
import { ask, payingFetch, reasonOf, receiptOf, send, settlementOf, signedPayload } from "../shared/buyer.js";
import { pendingTransactions } from "../shared/pendingTransactions.js";
import { startRpcProxy } from "../shared/rpcProxy.js";
import { NETWORK, PRICE, receiver, startTestShop, type TestShop } from "../shared/shop.js";
import {
  accountSigning,
  delegate,
  deployWalletContract,
  type FactoryWallet,
  factoryWallet,
  nestedAccount,
  smartAccount,
} from "../shared/wallets.js";

const owner = developmentAccount(5);
const thief = developmentAccount(9);
const facilitatorAccount = developmentAccount(18);
const MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11";

describe("payers that are contracts", () => {
  let world: World;
  let factory: Address;
  let facilitator: FacilitatorProcess;
  let shop: TestShop;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld();
    factory = await deployWalletContract(world.client, "SmartWalletFactory");
    facilitator = await startFacilitator(world.rpcUrl, { WALLET_FACTORIES: factory, WALLETS_PER_HOUR: "100" });
    shop = await startTestShop({ facilitatorUrl: facilitator.url });
  });
  after(async () => {
    for (const stop of stops) await stop();
    await shop.stop();
    await facilitator.stop();
    await world.stop();
  });

  /* WHAT THE TESTS SHARE */

  async function shopAt(options: Partial<Parameters<typeof startTestShop>[0]> = {}) {
    const other = await startTestShop({ facilitatorUrl: facilitator.url, ...options });
    stops.push(other.stop);
    return other;
  }

  async function facilitatorWith(settings: Record<string, string>, rpcUrl = world.rpcUrl) {
    const other = await startFacilitator(rpcUrl, { WALLET_FACTORIES: factory, ...settings });
    stops.push(other.stop);
    return other;
  }

  let wallets = 0;
  /** A wallet that does not exist, and has money. */
  async function freshWallet(balance = 10n * PRICE): Promise<FactoryWallet> {
    wallets += 1;
    const wallet = await factoryWallet(world.client, factory, owner, numberToHex(wallets, { size: 32 }));
    if (balance > 0n) await mintUsdc(world.client, wallet.account.address, balance);
    return wallet;
  }

  /** Tells a factory what a wallet's signature would have it told. */
  async function deploy({ address, data }: FactoryWallet["deployment"]): Promise<void> {
    const hash = await world.client.sendTransaction({ chain: world.client.chain, data, to: address });
    assert.equal((await world.client.waitForTransactionReceipt({ hash })).status, "success");
  }

  /** A wallet that exists, and has money. */
  async function deployedWallet(): Promise<LocalAccount> {
    const { account, deployment } = await freshWallet();
    await deploy(deployment);
    return account;
  }

  /** An account of a key, with money, whose code is a contract's. */
  async function delegatedAccount(index: number, contract: string): Promise<LocalAccount> {
    const account = developmentAccount(index);
    await mintUsdc(world.client, account.address, 10n * PRICE);
    await delegate(world.client, account, await deployWalletContract(world.client, contract));
    return account;
  }

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
  const isDeployed = async (address: Address) => (await world.client.getCode({ address })) !== undefined;
  const sentBy = (address: Address) => world.client.getTransactionCount({ address });

  /** Pays, and takes everything back by a signature of the payer. */
  async function payAndUndo(payer: LocalAccount) {
    const before = await balanceOf(payer.address);
    const response = await payingFetch(payer)(shop.url);
    assert.equal(response.status, 200, reasonOf(response));
    const receipt = receiptOf(response);
    assert.equal(receipt.payer, payer.address);

    const request = await signRefund(localClient(world.rpcUrl, payer), { payment: receipt });
    await relay(request, { facilitator: facilitator.url });

    const { nonce, payer: from, token, vault } = receipt;
    const ref = { method: 0, nonce, payer: from, token } as const;
    assert.equal((await paymentOf(world.client, { address: vault, ref })).status, Status.Refunded);
    assert.equal(await balanceOf(payer.address), before);
    return response;
  }

  /** What the token itself says of a payload. */
  async function isTakenByToken({ payload }: PaymentPayload): Promise<boolean> {
    const { authorization, signature } = payload as { authorization: Record<string, string>; signature: Hex };
    const { from, nonce, to, validAfter = "", validBefore = "", value = "" } = authorization;
    const times = [BigInt(value), BigInt(validAfter), BigInt(validBefore)] as const;
    const args = [from as Address, to as Address, ...times, nonce as Hex, signature] as const;
    return world.client
      .simulateContract({ abi: eip3009ABI, address: USDC, args, functionName: "transferWithAuthorization" })
      .then(
        () => true,
        () => false,
      );
  }

  /** Signs for a shop's offer, and replaces the signature. */
  async function forged(payer: LocalAccount, url: string, signature: (signature: Hex) => Hex): Promise<PaymentPayload> {
    const payload = await signedPayload(payer, url);
    return { ...payload, payload: { ...payload.payload, signature: signature(payload.payload.signature as Hex) } };
  }

  /** Sends a payload, and has somebody's transaction mined before the facilitator's, which then fails. */
  async function overtaken(
    payload: PaymentPayload,
    by: (ours: Hex) => Promise<{ to: Address | null; data: Hex }>,
  ): Promise<{ response: Response; hash: Hex }> {
    const { client } = world;
    await client.setAutomine(false);
    try {
      const answer = send(shop.url, payload);
      const [ours] = await pendingTransactions(world);
      assert.ok(ours);
      const fees = { maxFeePerGas: 10n ** 12n, maxPriorityFeePerGas: 10n ** 12n };
      const call = { ...(await by(ours)), ...fees, chain: client.chain, gas: 500_000n };
      const hash = await localClient(world.rpcUrl, thief).sendTransaction(call);
      await client.mine({ blocks: 1 });
      await client.setAutomine(true);
      const response = await answer;
      assert.equal((await client.getTransactionReceipt({ hash })).status, "success");
      assert.equal((await client.getTransactionReceipt({ hash: ours })).status, "reverted");
      return { response, hash };
    } finally {
      await client.setAutomine(true);
    }
  }

  /* ERC-1271 */

  describe("that exist", () => {
    it("pay by ERC-1271, and undo by a signature of their own", async () => {
      await payAndUndo(await deployedWallet());
    });

    it("cannot be spoken for by their owner's plain signature", async () => {
      const wallet = await deployedWallet();
      const payload = await signedPayload(accountSigning(wallet.address, owner.signTypedData), shop.url);
      const response = await send(shop.url, payload);
      assert.equal(reasonOf(response), "invalid_exact_evm_signature");
      assert.equal(await isTakenByToken(payload), false);
    });

    it("pay by 65 bytes that only they can read", async () => {
      const address = await deployWalletContract(world.client, "SafeLikeWallet", [owner.address]);
      await mintUsdc(world.client, address, 10n * PRICE);
      const signLikeSafe = async (typedData: never) => {
        const hash = hashMessage({ raw: hashTypedData(typedData) });
        const signature = await sign({ hash, privateKey: privateKeyOf(5), to: "hex" });
        return concatHex([sliceHex(signature, 0, 64), numberToHex(Number(sliceHex(signature, 64)) + 4)]);
      };
      await payAndUndo(accountSigning(address, signLikeSafe));
    });
  });

  /* EIP-7702 */

  describe("by delegation (EIP-7702)", () => {
    it("pay by the key's signature where their code takes it", async () => {
      await payAndUndo(await delegatedAccount(6, "KeyDelegate"));
    });

    it("pay by another signature where their code wants that", async () => {
      const account = await delegatedAccount(7, "NestedDelegate");
      await payAndUndo(nestedAccount(world.client, account.address, account));
    });

    for (const [index, contract, takesPlain, takesNested] of [
      [10, "KeyDelegate", true, false],
      [11, "NestedDelegate", false, true],
      [12, "SilentDelegate", false, false],
    ] as const) {
      it(`are verified as the token does it: ${contract}`, async () => {
        const account = await delegatedAccount(index, contract);
        const nested = nestedAccount(world.client, account.address, account);
        for (const [payer, expected] of [
          [account, takesPlain],
          [nested, takesNested],
        ] as const) {
          const payload = await signedPayload(payer, shop.url);
          const { invalidReason, isValid } = await ask(facilitator.url, "verify", payload, payload.accepted);
          assert.equal(isValid, expected);
          assert.equal(await isTakenByToken(payload), expected);
          assert.equal(invalidReason, expected ? undefined : "invalid_exact_evm_signature");
        }
      });
    }

    it("pay by their key again once the delegation is taken back", async () => {
      const account = await delegatedAccount(13, "SilentDelegate");
      await delegate(world.client, account);
      await payAndUndo(account);
    });
  });

  /* ERC-6492 */

  describe("that do not exist yet (ERC-6492)", () => {
    it("are deployed in the transaction of their first payment, and undo it", async () => {
      const fresh = await shopAt({ sale: { salt: `0x${"1".repeat(64)}` } });
      const { account } = await freshWallet();
      const response = await payingFetch(account)(fresh.url);
      assert.equal(response.status, 200, reasonOf(response));
      const receipt = receiptOf(response);
      const hash = settlementOf(response).transaction as Hex;
      const { gasUsed, logs } = await world.client.getTransactionReceipt({ hash });

      assert.ok(await isDeployed(account.address), "the wallet");
      assert.ok(await isDeployed(receipt.vault), "the vault");
      assert.ok(logs.length > 0 && gasUsed < 1_000_000n, `${gasUsed} gas`);
      const request = await signRefund(localClient(world.rpcUrl, account), { payment: receipt });
      await relay(request, { facilitator: facilitator.url });
      assert.equal(await balanceOf(account.address), 10n * PRICE);
    });

    it("pay as viem's smart accounts, before they exist and after", async () => {
      const wallet = await freshWallet();
      const pay = payingFetch(await smartAccount(world.client, wallet));
      assert.equal((await pay(shop.url)).status, 200);
      assert.equal((await pay(shop.url)).status, 200);
      assert.equal(await balanceOf(wallet.account.address), 8n * PRICE);
    });

    it("are taken at their word of ERC-6492 no longer when they exist", async () => {
      const wallet = await freshWallet();
      const payload = await signedPayload(wallet.account, shop.url);
      await deploy(wallet.deployment);
      const strict = await facilitatorWith({ WALLET_FACTORIES: thief.address });
      const other = await shopAt({ facilitatorUrl: strict.url });
      assert.equal((await send(other.url, payload)).status, 200);
    });

    it("pay twice at once", async () => {
      const { account } = await freshWallet();
      const [first, second] = [await signedPayload(account, shop.url), await signedPayload(account, shop.url)];
      const responses = await Promise.all([send(shop.url, first), send(shop.url, second)]);
      assert.deepEqual(
        responses.map((response) => reasonOf(response)),
        [undefined, undefined],
      );
    });

    it("pay in a second transaction when somebody else deploys them first", async () => {
      const { account, deployment } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      const { hash, response } = await overtaken(payload, async () => ({
        to: deployment.address,
        data: deployment.data,
      }));
      assert.equal(response.status, 200, reasonOf(response));
      assert.notEqual(settlementOf(response).transaction, hash);
      assert.equal(await balanceOf(account.address), 9n * PRICE);
    });

    it("are served when somebody copies the whole transaction and is mined first", async () => {
      const { account } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      const { hash, response } = await overtaken(payload, async (ours) => {
        const { input, to } = await world.client.getTransaction({ hash: ours });
        return { to, data: input };
      });
      assert.equal(response.status, 200, reasonOf(response));
      assert.equal(settlementOf(response).transaction, hash);
      assert.equal(await balanceOf(account.address), 9n * PRICE);
    });

    it("keep the header far below what servers accept", async () => {
      const { account } = await freshWallet(0n);
      const header = encodePaymentSignatureHeader(await signedPayload(account, shop.url));
      assert.ok(header.length < 8_192, `${header.length} characters`);
    });

    it("pay past all vaults too, as with the official class", async () => {
      const { account } = await freshWallet();
      const plain = { scheme: "exact", network: NETWORK, price: "$0.50", payTo: receiver.address };
      const { url } = await shopAt({ accepts: plain });
      const response = await payingFetch(account)(url);
      assert.equal(response.status, 200, reasonOf(response));
      assert.ok(await isDeployed(account.address));
    });
  });

  /* ATTACKS */

  describe("and a thief", () => {
    /** What `/settle` answers the merchant, and how many transactions that cost the facilitator. */
    async function settled(payload: PaymentPayload, { isStranger = false, url = facilitator.url }) {
      const before = await sentBy(facilitatorAccount.address);
      const settlement = { ...payload, payload: { ...payload.payload, type: "pay", idempotencyKey: "key" } };
      const answer = await ask(url, "settle", settlement, payload.accepted, isStranger ? undefined : MERCHANT_KEY);
      return { reason: answer.errorReason, transactions: (await sentBy(facilitatorAccount.address)) - before };
    }
    const refused = (reason: string) => ({ reason, transactions: 0 });

    it("cannot have a factory called that is not on the list", async () => {
      const { account, inner } = await freshWallet();
      const payload = await forged(inner, shop.url, (signature) =>
        serializeErc6492Signature({ address: thief.address, data: "0x", signature }),
      );
      assert.equal((await ask(facilitator.url, "verify", payload, payload.accepted)).isValid, false);
      assert.deepEqual(await settled(payload, {}), refused("eip6492_factory_not_allowed"));
      assert.equal(await isDeployed(account.address), false);
    });

    it("cannot have anything said in the facilitator's name, whatever is on the list", async () => {
      const careless = await facilitatorWith({ WALLET_FACTORIES: USDC });
      const plain = { scheme: "exact", network: NETWORK, price: "$0.50", payTo: receiver.address };
      const { url } = await shopAt({ accepts: plain, facilitatorUrl: careless.url });
      await mintUsdc(world.client, thief.address, 2n * PRICE);
      const data = encodeFunctionData({ abi: erc20Abi, args: [thief.address, 2n ** 255n], functionName: "approve" });
      const approving = (signature: Hex) => serializeErc6492Signature({ address: USDC, data, signature });
      const payload = await forged(thief, shop.url, approving);
      const past = await forged(thief, url, approving);
      // The official class makes the call for whoever pays; what matters is that nobody's money is behind it.
      assert.equal((await send(url, past)).status, 200);
      assert.deepEqual(
        await settled(payload, { url: careless.url }),
        refused("invalid_exact_evm_recourse_wallet_deployment_failed"),
      );
      const args = [facilitatorAccount.address, thief.address] as const;
      const allowance = { abi: erc20Abi, address: USDC, args, functionName: "allowance" } as const;
      assert.equal(await world.client.readContract(allowance), 0n);
    });

    it("has its own wallet deployed by nobody", async () => {
      const { account } = await freshWallet();
      const hash = settlementOf(await payingFetch(account)(shop.url)).transaction as Hex;
      assert.equal((await world.client.getTransaction({ hash })).to?.toLowerCase(), MULTICALL3.toLowerCase());
    });

    it("cannot have another wallet deployed beside a payment by its key", async () => {
      await mintUsdc(world.client, thief.address, PRICE);
      const other = await freshWallet(0n);
      const payload = await forged(thief, shop.url, (signature) =>
        serializeErc6492Signature({ ...other.deployment, signature }),
      );
      assert.deepEqual(await settled(payload, {}), refused("invalid_exact_evm_recourse_wallet_deployment_failed"));
    });

    it("cannot have a wallet deployed that does not accept the payment", async () => {
      const { account, deployment } = await freshWallet();
      const foreign = await freshWallet(0n);
      const payload = await forged(
        accountSigning(account.address, foreign.inner.signTypedData),
        shop.url,
        (signature) => serializeErc6492Signature({ ...deployment, signature }),
      );
      assert.deepEqual(await settled(payload, {}), refused("invalid_exact_evm_signature"));
      assert.equal(await isDeployed(account.address), false);
    });

    it("cannot have a wallet deployed that has no money", async () => {
      const { account } = await freshWallet(PRICE - 1n);
      const payload = await signedPayload(account, shop.url);
      assert.deepEqual(await settled(payload, {}), refused("invalid_exact_evm_insufficient_balance"));
    });

    it("cannot have a wallet deployed without a merchant", async () => {
      const { account } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      assert.deepEqual(
        await settled(payload, { isStranger: true }),
        refused("invalid_exact_evm_recourse_not_sponsored"),
      );
    });

    it("cannot have wallets deployed for dust, nor more than a merchant's budget has", async () => {
      const poor = await facilitatorWith({ MIN_DEPLOYMENT_VALUE: String(PRICE + 1n) });
      const thrifty = await facilitatorWith({ WALLETS_PER_HOUR: "1" });
      const [first, second] = [await freshWallet(), await freshWallet()];
      const payload = await signedPayload(first.account, shop.url);
      const next = await signedPayload(second.account, shop.url);
      const notSponsored = refused("invalid_exact_evm_recourse_not_sponsored");
      assert.deepEqual(await settled(payload, { url: poor.url }), notSponsored);
      assert.deepEqual(await settled(payload, { url: thrifty.url }), { reason: undefined, transactions: 1 });
      assert.deepEqual(await settled(next, { url: thrifty.url }), notSponsored);
    });

    it("cannot send a deployment of any size, or one that nobody can read", async () => {
      const { inner } = await freshWallet();
      const large = await forged(inner, shop.url, (signature) =>
        serializeErc6492Signature({ address: factory, data: `0x${"11".repeat(4_096)}`, signature }),
      );
      const broken = await forged(inner, shop.url, () => `0x${"ff".repeat(64)}${"6492".repeat(16)}`);
      assert.deepEqual(await settled(large, {}), refused("invalid_exact_evm_recourse_payload_unsupported"));
      assert.deepEqual(await settled(broken, {}), refused("invalid_exact_evm_recourse_wallet_signature_malformed"));
    });

    it("cannot burn gas in a deployment", async () => {
      const frugal = await facilitatorWith({ MAX_GAS: "200000" });
      const { account } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      assert.deepEqual(await settled(payload, { url: frugal.url }), refused("invalid_exact_evm_recourse_gas_too_high"));
    });

    it("gets no second deployment, payment or response for the same header", async () => {
      const { account } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      assert.equal((await send(shop.url, payload)).status, 200);
      const before = await sentBy(facilitatorAccount.address);
      const elsewhere = await shopAt();
      assert.equal(reasonOf(await send(shop.url, payload)), "invalid_exact_evm_recourse_already_paid");
      assert.equal(reasonOf(await send(elsewhere.url, payload)), "invalid_exact_evm_recourse_already_paid");
      assert.equal(await sentBy(facilitatorAccount.address), before);
    });

    it("gets nothing from a facilitator that dies between deployment and payment, which are one", async () => {
      const proxy = await startRpcProxy(world.rpcUrl);
      stops.push(proxy.stop);
      const behind = await facilitatorWith({}, proxy.url);
      const other = await shopAt({ facilitatorUrl: behind.url });
      const { account } = await freshWallet();
      const payload = await signedPayload(account, other.url);
      proxy.dieAfterBroadcast();
      assert.equal(reasonOf(await send(other.url, payload)), "settlement_pending");
      proxy.behave("forward");
      assert.equal((await send(other.url, payload)).status, 200);
      assert.equal(proxy.broadcasts(), 1);
      assert.equal(await balanceOf(account.address), 9n * PRICE);
    });

    it("cannot have a wallet deployed by a relay", async () => {
      const wallet = await freshWallet();
      const { factory: vaultFactory, terms } = shop.sale.extra.recourse;
      assert.equal(vaultAddress(terms), shop.sale.payTo);
      const ref = { method: 0, nonce: `0x${"7".repeat(64)}`, payer: wallet.account.address, token: USDC } as const;
      const signature = serializeErc6492Signature({ ...wallet.deployment, signature: "0x11" });
      const message = {
        paymentId: `0x${"7".repeat(64)}`,
        by: wallet.account.address,
        amount: "1",
        to: wallet.account.address,
        expectedHeld: "1",
        expectedRefunded: "0",
        deadline: "99999999999",
      } as const;
      const vault = { kind: "refund-window", factory: vaultFactory, terms } as const;
      await assert.rejects(
        relay({ action: "refund", network: NETWORK, vault, ref, message, signature }, { facilitator: facilitator.url }),
        { reason: "invalid_exact_evm_recourse_wallet_not_deployed" },
      );
    });

    it("learns it by a reason where wallets cannot be deployed", async () => {
      const { account } = await freshWallet();
      const payload = await signedPayload(account, shop.url);
      const code = await world.client.getCode({ address: MULTICALL3 });
      assert.ok(code);
      await world.client.setCode({ address: MULTICALL3, bytecode: "0x" });
      try {
        const unsupported = "invalid_exact_evm_recourse_wallet_deployment_unsupported";
        assert.deepEqual(await settled(payload, {}), refused(unsupported));
      } finally {
        await world.client.setCode({ address: MULTICALL3, bytecode: code });
      }
    });

    it("cannot use an ordinary payment to have wallets deployed that do not pay", async () => {
      const plain = { scheme: "exact", network: NETWORK, price: "$0.50", payTo: receiver.address };
      const { url } = await shopAt({ accepts: plain });
      const { account, deployment } = await freshWallet();
      const foreign = await freshWallet(0n);
      const unpaid = await forged(accountSigning(account.address, foreign.inner.signTypedData), url, (signature) =>
        serializeErc6492Signature({ ...deployment, signature }),
      );
      const strangers = await signedPayload(account, url);
      const before = await sentBy(facilitatorAccount.address);
      const first = await ask(facilitator.url, "settle", unpaid, unpaid.accepted, MERCHANT_KEY);
      const second = await ask(facilitator.url, "settle", strangers, strangers.accepted);
      assert.equal(first.errorReason, "invalid_exact_evm_transaction_simulation_failed");
      assert.equal(second.errorReason, "invalid_exact_evm_recourse_not_sponsored");
      assert.equal(await sentBy(facilitatorAccount.address), before);
    });
  });
});
