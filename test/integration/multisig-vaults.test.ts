import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { vaultFactoryAbi } from "@recourse/sdk/abis";
import { addresses } from "@recourse/sdk/addresses";
import {
  ApprovalsMissingError,
  callOf,
  collectFromKeys,
  createMultisigSigner,
  execute,
  type MultisigSigner,
  type MultisigSignerOptions,
  signExecute,
  sortConfig,
} from "@recourse/sdk/multisig";
import { relay, signDispute, signRefund, signResolve, signWithdraw } from "@recourse/sdk/refund-window";
import { encodeTerms, vaultAddress as planAddress, signCancel, statusOf } from "@recourse/sdk/subscription";
import { type Address, createWalletClient, erc20Abi, http, type LocalAccount } from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount, USDC } from "../../scripts/lib/local-chain.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "../../scripts/lib/world.js";
import { payingFetch, reasonOf, receiptOf } from "../shared/buyer.js";
import { startEscrowShop } from "../shared/escrowShop.js";
import { agent, alice, bob, DOLLAR, deployAccount } from "../shared/multisig.js";
import { PRICE, receiver, startTestShop } from "../shared/shop.js";
import { signIn, subscribingFetch } from "../shared/subscriber.js";
import { startSubscriptionShop } from "../shared/subscriptionShop.js";

describe("an account of agents and humans", () => {
  let world: World;
  let facilitator: FacilitatorProcess;
  const stops: (() => Promise<void>)[] = [];

  before(async () => {
    world = await startWorld();
    facilitator = await startFacilitator(world.rpcUrl, { STRANGERS_PER_HOUR: "1000", DEPLOYMENTS_PER_HOUR: "1000" });
  });
  after(async () => {
    for (const stop of stops) await stop();
    await facilitator.stop();
    await world.stop();
  });

  const balanceOf = (address: Address) =>
    world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });

  function signerOf(account: Address, options: Partial<MultisigSignerOptions> = {}): MultisigSigner {
    return createMultisigSigner({ account, client: world.client, signers: [agent], ...options });
  }

  /** A client of viem whose account is the multisig. */
  function clientOf(account: LocalAccount) {
    return createWalletClient({ account, chain: baseSepolia, transport: http(world.rpcUrl) });
  }

  async function opened<Shop extends { stop(): Promise<void> }>(shop: Promise<Shop>): Promise<Shop> {
    const started = await shop;
    stops.push(() => started.stop());
    return started;
  }

  it("pays into a refund window, and its agent takes the money back to the account alone", async () => {
    const shop = await opened(startTestShop({ facilitatorUrl: facilitator.url }));
    const account = await deployAccount(world.client);
    const signer = signerOf(account);

    const receipt = receiptOf(await payingFetch(signer)(shop.url));
    assert.equal(await balanceOf(account), 25n * DOLLAR - PRICE);
    await relay(await signRefund(clientOf(signer), { payment: receipt }), { facilitator: facilitator.url });

    assert.equal(await balanceOf(account), 25n * DOLLAR);
  });

  it("lets no agent send a refund elsewhere", async () => {
    const shop = await opened(startTestShop({ facilitatorUrl: facilitator.url }));
    const account = await deployAccount(world.client);
    const signer = signerOf(account);
    const receipt = receiptOf(await payingFetch(signer)(shop.url));

    await assert.rejects(
      signRefund(clientOf(signer), { payment: receipt, to: agent.address }),
      (error) => error instanceof ApprovalsMissingError && error.neededWeight === 4,
    );
    const byHumans = signerOf(account, { collect: collectFromKeys([alice, bob]) });
    const signed = await signRefund(clientOf(byHumans), { payment: receipt, to: alice.address });
    await relay(signed, { facilitator: facilitator.url });

    assert.equal(await balanceOf(alice.address), PRICE);
  });

  it("disputes by its agent, and judges by all weight where it is the arbiter", async () => {
    const judge = await deployAccount(world.client, { balance: 0n });
    const shop = await opened(
      startTestShop({
        facilitatorUrl: facilitator.url,
        sale: { arbitration: { arbiter: judge, resolutionPeriod: 7 * 86_400, silenceFavors: "payer" } },
      }),
    );
    const account = await deployAccount(world.client);
    const signer = signerOf(account);
    const receipt = receiptOf(await payingFetch(signer)(shop.url));

    await relay(await signDispute(clientOf(signer), { payment: receipt }), { facilitator: facilitator.url });
    const judgment = { payment: receipt, toPayer: PRICE, toReceiver: 0n };
    await assert.rejects(signResolve(clientOf(signerOf(judge)), judgment), ApprovalsMissingError);
    const judges = signerOf(judge, { collect: collectFromKeys([alice, bob]) });
    await relay(await signResolve(clientOf(judges), judgment), { facilitator: facilitator.url });
    const credit = { address: receipt.vault, to: account, token: USDC };
    await relay(await signWithdraw(clientOf(signer), credit), { facilitator: facilitator.url });

    assert.equal(await balanceOf(account), 25n * DOLLAR);
  });

  it("pays into an escrow, and gets back what was not captured", async () => {
    const shop = await opened(startEscrowShop("express", facilitator.url));
    const account = await deployAccount(world.client);
    shop.work = async (charge) => {
      charge("$0.30");
      return { status: 200, body: {} };
    };

    const response = await payingFetch(signerOf(account))(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(await balanceOf(account), 25n * DOLLAR - 300_000n);
  });

  it("is the operator of an escrow: two of buyer, seller and judge", async () => {
    const buyer = developmentAccount(5);
    const judge = developmentAccount(8);
    const config = sortConfig({
      fullWeight: 2,
      signers: [buyer, receiver, judge].map(({ address }) => {
        return { account: address, weight: 1, isHuman: true, isContract: false };
      }),
      payees: [],
      tokens: [],
    });
    const operators = await deployAccount(world.client, { balance: 0n, config });
    const payer = await deployAccount(world.client);
    const sellerAndJudge = signerOf(operators, { signers: [receiver, judge] });
    const shop = await opened(
      startEscrowShop("express", facilitator.url, { operator: operators }, { operator: sellerAndJudge }),
    );
    shop.work = async (charge) => {
      charge("$0.40");
      return { status: 200, body: {} };
    };

    const response = await payingFetch(signerOf(payer))(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(await balanceOf(payer), 25n * DOLLAR - 400_000n);
    const alone = await opened(
      startEscrowShop(
        "express",
        facilitator.url,
        { operator: operators },
        { operator: signerOf(operators, { signers: [receiver] }) },
      ),
    );
    assert.notEqual((await payingFetch(signerOf(payer))(alone.url)).status, 200);
  });

  it("subscribes with a human, funded by an allowance of all weight, and its agent uses and cancels it", async () => {
    const shop = await opened(startSubscriptionShop({ facilitatorUrl: facilitator.url, rpcUrl: world.rpcUrl }));
    const account = await deployAccount(world.client, { balance: 100n * DOLLAR });
    const plan = planAddress(shop.plan);
    const allowance = { abi: erc20Abi, address: USDC, args: [plan, 15n * DOLLAR], functionName: "approve" } as const;
    const signed = await signExecute({
      account,
      calls: [
        callOf({
          abi: vaultFactoryAbi,
          address: addresses["subscription-plan"].factory,
          args: [encodeTerms(shop.plan)],
          functionName: "deploy",
        }),
        callOf(allowance),
      ],
      client: world.client,
      signers: [alice, bob],
    });
    await world.client.waitForTransactionReceipt({ hash: await execute(world.client, signed) });
    const options = { beneficiary: agent.address, isApproved: true, maxPeriods: 3 };

    await assert.rejects(subscribingFetch(signerOf(account), options)(shop.url), /Too few of the account's signers/);
    const withHuman = signerOf(account, { collect: collectFromKeys([alice]) });
    const response = await subscribingFetch(withHuman, options)(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
    assert.equal(await balanceOf(account), 95n * DOLLAR);
    assert.equal((await signIn(agent, shop.url)).status, 200);
    const pair = { subscriber: account, beneficiary: agent.address };
    const cancel = await signCancel(clientOf(signerOf(account)), { address: plan, beneficiary: agent.address });
    await relay(cancel, { facilitator: facilitator.url });
    const { status } = await statusOf(world.client, { address: plan, ...pair });
    assert.equal(status, "canceled");
  });

  it("subscribes by all weight to a plan that nobody has deployed: nobody can tell its price there", async () => {
    const shop = await opened(startSubscriptionShop({ facilitatorUrl: facilitator.url, rpcUrl: world.rpcUrl }));
    const account = await deployAccount(world.client, { balance: 100n * DOLLAR });
    const spender = planAddress(shop.plan);
    const allowance = { abi: erc20Abi, address: USDC, args: [spender, 15n * DOLLAR], functionName: "approve" } as const;
    const signed = await signExecute({
      account,
      calls: [callOf(allowance)],
      client: world.client,
      signers: [alice, bob],
    });
    await world.client.waitForTransactionReceipt({ hash: await execute(world.client, signed) });
    const options = { beneficiary: agent.address, isApproved: true, maxPeriods: 3 };

    const withHuman = signerOf(account, { collect: collectFromKeys([alice]) });
    await assert.rejects(subscribingFetch(withHuman, options)(shop.url), /needed: +weight 4/);
    const withHumans = signerOf(account, { collect: collectFromKeys([alice, bob]) });
    const response = await subscribingFetch(withHumans, options)(shop.url);

    assert.equal(response.status, 200, reasonOf(response));
  });

  it("never signs the permit by which an agent would fund a subscription alone", async () => {
    const shop = await opened(startSubscriptionShop({ facilitatorUrl: facilitator.url, rpcUrl: world.rpcUrl }));
    const account = await deployAccount(world.client, { balance: 100n * DOLLAR });
    const withHumans = signerOf(account, { collect: collectFromKeys([alice, bob]) });

    await assert.rejects(subscribingFetch(withHumans)(shop.url), /never signs this/);
  });
});
