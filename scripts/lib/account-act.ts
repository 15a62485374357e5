import { addresses } from "@recourse/sdk/addresses";
import {
  type ApprovalRequest,
  accountAddress,
  type Collect,
  collectFromKeys,
  createMultisigSigner,
  deploy,
  encodeConfig,
  MultisigExactEvmScheme,
  type MultisigSignerOptions,
  requestStandingApproval,
  resourcesOf,
  type StandingGrant,
  sortConfig,
  spendableOf,
} from "@recourse/sdk/multisig";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { type Address, formatUnits } from "viem";
import { developmentAccount, type LocalClient, mintUsdc, USDC } from "./local-chain.js";
import { startStockShop } from "./stock-shop.js";
import type { World } from "./world.js";

const NETWORK = "eip155:84532";
const DOLLAR = 1_000_000n;

const agent = developmentAccount(20);
const mia = developmentAccount(21);
const noah = developmentAccount(22);
const seller = developmentAccount(23);
const thief = developmentAccount(24);

/** The agent alone up to a dollar, with a human up to 100, and everything else by both humans. */
const rules = sortConfig({
  fullWeight: 4,
  signers: [
    { account: agent.address, weight: 1, isHuman: false, isContract: false },
    { account: mia.address, weight: 2, isHuman: true, isContract: false },
    { account: noah.address, weight: 2, isHuman: true, isContract: false },
  ],
  payees: [],
  tokens: [
    {
      token: USDC,
      reserve: 30n * DOLLAR,
      refillPerDay: 2n * DOLLAR,
      refillTarget: 2n * DOLLAR,
      tiers: [
        { maxValue: DOLLAR, weight: 1 },
        { maxValue: 100n * DOLLAR, weight: 3 },
      ],
    },
  ],
});

/** What everybody should have after the act. */
export type AccountBooks = readonly [name: string, address: Address, amount: bigint][];

/** An account of an agent and two humans pays a shop of official classes. */
export async function payByAccount(world: World, say: (line: string) => void): Promise<AccountBooks> {
  const { client, rpcUrl } = world;
  say(
    "12. An agent and two humans share an account. The shop and its facilitator are official classes and know nothing.",
  );
  const account = accountAddress(rules);
  await mintUsdc(client, account, 50n * DOLLAR);
  const {
    address: factory,
    config,
    salt,
  } = { address: addresses.multisig.factory, config: encodeConfig(rules), salt: `0x${"0".repeat(64)}` as const };
  await client.waitForTransactionReceipt({ hash: await deploy(client, { address: factory, config, salt }) });
  say(`   account    ${account}, known and paid before it was deployed`);
  const shop = await startStockShop(rpcUrl, seller.address, { "/small": "$0.50", "/large": "$10", "/daily": "$2" });
  const stolen = await startStockShop(rpcUrl, thief.address, { "/nothing": "$1" });
  try {
    await showSpendable(client, account, say);
    await buy(payer(options(client, account)), `${shop.url}/small`, say, "the agent alone");
    await buy(payer(options(client, account)), `${shop.url}/large`, say, "the agent alone");
    await buy(payer(options(client, account, asking(say))), `${shop.url}/large`, say, "the agent, and Mia");

    const grant = await requestStandingApproval({
      ...options(client, account, collectFromKeys([mia])),
      count: 3,
      maxValue: 2n * DOLLAR,
      payee: seller.address,
      token: USDC,
      validUntil: Math.floor(Date.now() / 1_000) + 86_400,
    });
    say("   Mia        approves of three payments of 2 USDC ahead");
    const ahead = payer(options(client, account), [grant]);
    for (let day = 1; day <= 4; day++) await buy(ahead, `${shop.url}/daily`, say, "the agent alone");

    say("   A thief has the agent's key, and a shop of its own.");
    await showSpendable(client, account, say);
    const theft = payer(options(client, account));
    while (await buy(theft, `${stolen.url}/nothing`, say, "the thief"));
    say("");
  } finally {
    await shop.stop();
    await stolen.stop();
  }
  // 50 dollars less a small thing, a large one and three daily ones; the thief got what is above the reserve, in whole dollars.
  const spent = DOLLAR / 2n + 16n * DOLLAR;
  const lost = ((50n * DOLLAR - spent - 30n * DOLLAR) / DOLLAR) * DOLLAR;
  return [
    ["account", account, 50n * DOLLAR - spent - lost],
    ["stock shop", seller.address, spent],
    ["thief", thief.address, lost],
  ];
}

function options(client: LocalClient, account: Address, collect?: Collect): MultisigSignerOptions {
  return { account, client, signers: [agent], ...(collect && { collect }) };
}

/** Shows Mia what her wallet shows, and she signs. */
function asking(say: (line: string) => void): Collect {
  return async (request, given) => {
    say(`   Mia reads  ${sentenceOf(request)}`);
    return collectFromKeys([mia])(request, given);
  };
}

function sentenceOf({ resource, typedData: { message } }: ApprovalRequest): string {
  return `${message.payee} gets ${formatUnits(message.value as bigint, 6)} USDC for ${resource}`;
}

/** The official client; with standing approvals, our scheme in the official client. */
function payer(signing: MultisigSignerOptions, grants: readonly StandingGrant[] = []): x402Client {
  const client: x402Client = new x402Client().setSpendControls({ maxAmountPerPayment: "$20" });
  const told = { ...signing, resourceOf: resourcesOf(client) };
  const scheme =
    grants.length > 0
      ? new MultisigExactEvmScheme({ ...told, grants })
      : new StockExactEvmScheme(createMultisigSigner(told));
  return client.register(NETWORK, scheme);
}

async function buy(client: x402Client, url: string, say: (line: string) => void, who: string): Promise<boolean> {
  const path = new URL(url).pathname;
  try {
    const { status } = await wrapFetchWithPayment(fetch, client)(url);
    say(`   ${path.padEnd(10)} paid by ${who}: ${status}`);
    return status === 200;
  } catch (error) {
    const words = String(error).split("\n");
    const reasons = words
      .filter((line) => /^\s*(needed|given):/.test(line))
      .map((line) => line.trim().replace(/:? +/g, " "));
    say(`   ${path.padEnd(10)} not paid by ${who}: ${reasons.join(", ")}`);
    return false;
  }
}

async function showSpendable(client: LocalClient, address: Address, say: (line: string) => void): Promise<void> {
  const { amount, reserve } = await spendableOf(client, { address, token: USDC });
  say(`   spendable  ${formatUnits(amount, 6)} USDC without a human; ${formatUnits(reserve, 6)} are reserved`);
}
