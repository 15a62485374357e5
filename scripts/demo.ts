/**
 * The main job on real parts, told line by line: a stock x402 client pays into a refund window, and gets its money back.
 * At the end the books of all parties are checked to the last unit; any difference makes the exit code 1.
 */
import {
  claim,
  claimableBuckets,
  describePayTo,
  PAYOUT_GAS,
  paymentReceipt,
  relay,
  signRefund,
} from "@recourse/sdk/refund-window";
import { decodePaymentRequiredHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { type Address, erc20Abi, formatUnits, type Hash, type Hex } from "viem";
import { developmentAccount, type LocalClient, localClient, mintUsdc, USDC } from "./lib/local-chain.js";
import { startShop } from "./lib/shop.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "./lib/world.js";

const NETWORK = "eip155:84532";
const PRICE = 500_000n;
const PART = 200_000n;
const PURSE = 10_000_000n;
const FEE_BPS = 100n;
const DAY = 86_400;

const shopAccount = developmentAccount(1);
const feeAccount = developmentAccount(2);
const operator = developmentAccount(3);
const buyers = {
  alice: developmentAccount(4),
  bob: developmentAccount(5),
  carol: developmentAccount(6),
  dave: developmentAccount(7),
};

await main();

async function main(): Promise<void> {
  say(
    "Recourse demo: refunds for x402, on a local node with real USDC bytecode.\nKeys are the public development mnemonic; the chain's clock starts 200 days ago, so that time can pass.\n",
  );
  const world = await startWorld();
  let facilitator: FacilitatorProcess | undefined;
  let shop: Awaited<ReturnType<typeof startShop>> | undefined;
  try {
    say(`node         ${world.rpcUrl}, chain 84532, protocol deployed by Ignition at its canonical addresses`);
    facilitator = await startFacilitator(world.rpcUrl, { LOG_LEVEL: "info" });
    say(`facilitator  ${facilitator.url}`);
    const fee = { receiver: feeAccount.address, bps: Number(FEE_BPS) };
    shop = await startShop(facilitator.url, { receiver: shopAccount.address, operator, fee });
    say(
      `shop         ${shop.url}, sells into vault ${shop.vault}\n             for ${shopAccount.address}, operator ${operator.address}, fee to ${feeAccount.address}\n`,
    );
    const isRight = await play({ world, facilitatorUrl: facilitator.url, shopUrl: shop.url, vault: shop.vault });
    process.exitCode = isRight ? 0 : 1;
  } finally {
    await shop?.stop();
    await facilitator?.stop();
    await world.stop();
  }
}

type Stage = { world: World; facilitatorUrl: string; shopUrl: string; vault: Address };

async function play(stage: Stage): Promise<boolean> {
  const { client } = stage.world;
  for (const { address } of Object.values(buyers)) {
    await mintUsdc(client, address, PURSE);
    // The buyers have no gas: whatever they do, they do by signature.
    await client.setBalance({ address, value: 0n });
  }

  await buyFirst(stage);
  await refundAll(stage);
  await refundPart(stage);
  await failingHandlers(stage);
  await refusals(stage);
  await claimMatured(stage);
  return checkBooks(stage);
}

/* THE ACTS */

async function buyFirst(stage: Stage): Promise<void> {
  say("1. Alice buys a report. The vault does not exist yet; its address is its terms.");
  const { accepts } = await offer(stage, "/report");
  const description = await describePayTo(stage.world.client, requireFirst(accepts));
  for (const sentence of description?.promise ?? []) say(`   promise    ${sentence}`);
  say(`   vault      ${description?.isDeployed ? "exists" : "does not exist; paying deploys it"}`);

  const { body, receipt, transaction } = await buy(stage, "alice", "/report");
  say(`   bought     ${usdc(receipt.amount)} for ${JSON.stringify(body)}`);
  say(`   payment    ${receipt.paymentId}`);
  say(`   settled    deployed and paid in one transaction, ${await gas(stage, transaction)} gas`);
  say(`   undo until ${time(receipt.closesAt ?? 0)}; claimable from ${time(receipt.maturesAt ?? 0)}\n`);
}

async function refundAll(stage: Stage): Promise<void> {
  say("2. Bob buys the same, and takes all of it back: he signs, the facilitator pays the gas.");
  const { receipt, transaction } = await buy(stage, "bob", "/report");
  say(`   bought     ${usdc(receipt.amount)}, ${await gas(stage, transaction)} gas, payment ${receipt.paymentId}`);
  const request = await signRefund(clientOf(stage, "bob"), { payment: receipt });
  const relayed = await relay(request, { facilitator: stage.facilitatorUrl });
  say(`   refunded   ${usdc(relayed.amount)}, ${await gas(stage, relayed.transaction)} gas, none of it Bob's\n`);
}

async function refundPart(stage: Stage): Promise<void> {
  say("3. Carol takes back a part.");
  const { receipt, transaction } = await buy(stage, "carol", "/report");
  say(`   bought     ${usdc(receipt.amount)}, ${await gas(stage, transaction)} gas, payment ${receipt.paymentId}`);
  const request = await signRefund(clientOf(stage, "carol"), { amount: PART, payment: receipt });
  const relayed = await relay(request, { facilitator: stage.facilitatorUrl });
  say(
    `   refunded   ${usdc(relayed.amount)} of ${usdc(receipt.amount)}, ${await gas(stage, relayed.transaction)} gas\n`,
  );
}

async function failingHandlers(stage: Stage): Promise<void> {
  say("4. Handlers that fail keep nothing from Dave.");
  const after = await pay(stage, "dave")(`${stage.shopUrl}/broken`);
  say(
    `   after      status ${after.status}; nothing was settled, Dave has ${usdc(await balance(stage, buyers.dave.address))}`,
  );
  const upfront = await pay(stage, "dave")(`${stage.shopUrl}/broken-upfront`);
  const settlement = decodePaymentResponseHeader(requireHeader(upfront, "PAYMENT-RESPONSE"));
  say(
    `   upfront    status ${upfront.status}; paid and ${settlement.extra?.operation}ed, Dave has ${usdc(await balance(stage, buyers.dave.address))}\n`,
  );
}

async function refusals(stage: Stage): Promise<void> {
  say("5. What Dave's next purchase is refused for, until it is right, and after.");
  const required = await offer(stage, "/report");
  const payload = await stockClient("dave").createPaymentPayload(required);

  const forged: PaymentPayload = {
    ...payload,
    payload: { ...payload.payload, signature: flipped(payload.payload.signature as Hex) },
  };
  say(`   wrong signature   ${await reasonOfRefusal(stage, forged)}`);

  const requirements = requireFirst(required.accepts);
  const elsewhere = { ...requirements, payTo: buyers.alice.address };
  say(`   wrong vault       ${await verifyReason(stage, { ...payload, accepted: elsewhere }, elsewhere)}`);

  const bought = await send(stage, payload);
  const receipt = paymentReceipt(bought);
  if (bought.status !== 200 || !receipt) throw new Error(`Dave's purchase ended with status ${bought.status}.`);
  const { transaction } = decodePaymentResponseHeader(requireHeader(bought, "PAYMENT-RESPONSE"));
  say(
    `   the right one     bought for ${usdc(receipt.amount)}, ${await gas(stage, transaction as Hash)} gas, payment ${receipt.paymentId}`,
  );
  say(`   replayed header   ${await reasonOfRefusal(stage, payload)}\n`);
}

async function claimMatured(stage: Stage): Promise<void> {
  say("6. Fifteen days pass. The shop claims what matured, in one transaction whatever the number of payments.");
  const { client } = stage.world;
  await client.increaseTime({ seconds: 15 * DAY });
  await client.mine({ blocks: 1 });
  const buckets = await claimableBuckets(client, { address: stage.vault, token: USDC });
  const transaction = await claim(localClient(stage.world.rpcUrl, shopAccount), {
    address: stage.vault,
    buckets: buckets.map(({ bucket }) => bucket),
    payoutGas: PAYOUT_GAS,
    token: USDC,
  });
  const amount = buckets.reduce((sum, bucket) => sum + bucket.amount, 0n);
  say(`   claimed    ${usdc(amount)} of 3 payments, ${await gas(stage, transaction)} gas\n`);
}

/* THE BOOKS */

async function checkBooks(stage: Stage): Promise<boolean> {
  const { client } = stage.world;
  // Alice and Dave kept one purchase each, Carol all but a part of hers.
  const earned = PRICE + PRICE + (PRICE - PART);
  const fee = (earned * FEE_BPS) / 10_000n;
  const expected: [string, Address, bigint][] = [
    ["alice", buyers.alice.address, PURSE - PRICE],
    ["bob", buyers.bob.address, PURSE],
    ["carol", buyers.carol.address, PURSE - PRICE + PART],
    ["dave", buyers.dave.address, PURSE - PRICE],
    ["shop", shopAccount.address, earned - fee],
    ["fee receiver", feeAccount.address, fee],
    ["vault", stage.vault, 0n],
  ];
  say("7. The books.");
  let isRight = true;
  let total = 0n;
  for (const [name, address, amount] of expected) {
    const actual = await balance(stage, address);
    total += actual;
    isRight &&= actual === amount;
    say(
      `   ${name.padEnd(14)}${usdc(actual).padStart(16)}  ${actual === amount ? "as expected" : `expected ${usdc(amount)}`}`,
    );
  }
  const supply = await client.readContract({ abi: erc20Abi, address: USDC, functionName: "totalSupply" });
  isRight &&= total === supply;
  say(
    `   ${"all".padEnd(14)}${usdc(total).padStart(16)}  ${total === supply ? "all that was minted" : `but ${usdc(supply)} were minted`}`,
  );
  for (const [name, { address }] of Object.entries(buyers)) {
    const used = await client.getTransactionCount({ address });
    isRight &&= used === 0;
    if (used !== 0) say(`   ${name} sent ${used} transactions, and should need none`);
  }
  say(isRight ? "\nEvery unit is where it should be." : "\nThe books are wrong.");
  return isRight;
}

/* HOW A BUYER PAYS: the stock client, unmodified */

function stockClient(buyer: keyof typeof buyers): x402Client {
  return new x402Client().register(NETWORK, new StockExactEvmScheme(buyers[buyer]));
}

function pay(_stage: Stage, buyer: keyof typeof buyers) {
  return wrapFetchWithPayment(fetch, stockClient(buyer));
}

async function buy(stage: Stage, buyer: keyof typeof buyers, path: string) {
  const response = await pay(stage, buyer)(`${stage.shopUrl}${path}`);
  const receipt = paymentReceipt(response);
  if (response.status !== 200 || !receipt) throw new Error(`${buyer}'s purchase ended with status ${response.status}.`);
  const { transaction } = decodePaymentResponseHeader(requireHeader(response, "PAYMENT-RESPONSE"));
  return { body: await response.json(), receipt, transaction: transaction as Hash };
}

async function offer(stage: Stage, path: string): Promise<PaymentRequired> {
  return decodePaymentRequiredHeader(requireHeader(await fetch(`${stage.shopUrl}${path}`), "PAYMENT-REQUIRED"));
}

function send(stage: Stage, payload: PaymentPayload): Promise<Response> {
  return fetch(`${stage.shopUrl}/report`, { headers: { "PAYMENT-SIGNATURE": encodePaymentSignatureHeader(payload) } });
}

async function reasonOfRefusal(stage: Stage, payload: PaymentPayload): Promise<string | undefined> {
  const response = await send(stage, payload);
  if (response.status !== 402) throw new Error(`Refused was expected, and status ${response.status} came.`);
  return decodePaymentRequiredHeader(requireHeader(response, "PAYMENT-REQUIRED")).error;
}

async function verifyReason(
  stage: Stage,
  paymentPayload: PaymentPayload,
  paymentRequirements: PaymentRequirements,
): Promise<string> {
  const response = await fetch(`${stage.facilitatorUrl}/verify`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ x402Version: 2, paymentPayload, paymentRequirements }),
  });
  return (await response.json()).invalidReason;
}

/* SMALL THINGS */

function clientOf(stage: Stage, buyer: keyof typeof buyers): LocalClient {
  return localClient(stage.world.rpcUrl, buyers[buyer]);
}

function balance(stage: Stage, address: Address): Promise<bigint> {
  return stage.world.client.readContract({ abi: erc20Abi, address: USDC, args: [address], functionName: "balanceOf" });
}

async function gas(stage: Stage, hash: Hash): Promise<string> {
  const { gasUsed } = await stage.world.client.waitForTransactionReceipt({ hash });
  return gasUsed.toLocaleString("en");
}

function usdc(amount: bigint | string): string {
  return `${formatUnits(BigInt(amount), 6)} USDC`;
}

function time(seconds: number): string {
  return new Date(seconds * 1_000).toISOString().replace(".000Z", "Z");
}

function flipped(signature: Hex): Hex {
  const last = signature.at(-3) === "0" ? "1" : "0";
  return `${signature.slice(0, -3)}${last}${signature.slice(-2)}` as Hex;
}

function requireHeader(response: Response, name: string): string {
  const value = response.headers.get(name);
  if (value === null) throw new Error(`The response (status ${response.status}) has no ${name} header.`);
  return value;
}

function requireFirst<T>(items: T[]): T {
  const [first] = items;
  if (first === undefined) throw new Error("The server offers nothing.");
  return first;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
