/**
 * The main job on real parts, told line by line: a stock x402 client pays into a refund window, and gets its money back; it
 * pays into an escrow, and gets back what was not earned; it subscribes by one signature, and takes a charge back; and an account of an agent and two humans pays a stock shop.
 * At the end the books of all parties are checked to the last unit; any difference makes the exit code 1.
 */
import { subscriptionPlanAbi } from "@recourse/sdk/abis";
import { paymentReceipt as escrowReceipt } from "@recourse/sdk/escrow";
import type { RefundWindowExtra } from "@recourse/sdk/exact/server";
import { buildReceiptProof, recordRequest } from "@recourse/sdk/receipt-proof";
import {
  claim,
  claimableBuckets,
  creditOf,
  describePayTo,
  PAYOUT_GAS,
  paymentReceipt,
  type RelayRequest,
  type RelayResponse,
  relay,
  signDispute,
  signRefund,
  signResolve,
  withdraw,
} from "@recourse/sdk/refund-window";
import {
  ChargeResult,
  charge,
  claimableBuckets as claimableOfPlan,
  signCancel,
  signUndo,
  subscriptionOf,
  subscriptionReceipt,
} from "@recourse/sdk/subscription";
import { SubscriptionEvmScheme } from "@recourse/sdk/subscription/client";
import type { AccessStanding } from "@recourse/sdk/subscription/server";
import { decodePaymentRequiredHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import type { PaymentPayload, PaymentRequired, PaymentRequirements } from "@x402/core/types";
import { ExactEvmScheme as StockExactEvmScheme } from "@x402/evm/exact/client";
import {
  createSIWxClientExtension,
  createSIWxPayload,
  encodeSIWxHeader,
  type SIWxExtension,
  type SupportedChain,
} from "@x402/extensions/sign-in-with-x";
import { decodePaymentResponseHeader, wrapFetchWithPayment, x402Client } from "@x402/fetch";
import {
  type Address,
  concatHex,
  erc20Abi,
  formatUnits,
  type Hash,
  type Hex,
  keccak256,
  parseAbi,
  parseEventLogs,
  size,
  stringToHex,
} from "viem";
import { type AccountBooks, payByAccount } from "./lib/account-act.js";
import { developmentAccount, type LocalClient, localClient, mintUsdc, USDC } from "./lib/local-chain.js";
import { startShop } from "./lib/shop.js";
import { type Holder, type Move, timeline } from "./lib/timeline.js";
import { type FacilitatorProcess, startFacilitator, startWorld, type World } from "./lib/world.js";

const NETWORK = "eip155:84532";
const PRICE = 500_000n;
const PART = 200_000n;
const PAINTING_BACK = 350_000n;
const PURSE = 50_000_000n;
const ANIMATION = 3_200_000n;
const FEE_BPS = 100n;
const MONTHLY = 5_000_000n;
const DAY = 86_400;

const shopAccount = developmentAccount(1);
const feeAccount = developmentAccount(2);
const operator = developmentAccount(3);
const arbiter = developmentAccount(8);
const buyers = {
  alice: developmentAccount(4),
  bob: developmentAccount(5),
  carol: developmentAccount(6),
  dave: developmentAccount(7),
  erin: developmentAccount(9),
  frank: developmentAccount(10),
  grace: developmentAccount(11),
};
const subscribers = {
  anna: developmentAccount(12),
  ivo: developmentAccount(13),
  judy: developmentAccount(14),
};

await main();

async function main(): Promise<void> {
  say(
    "Recourse demo: refunds, escrow, subscriptions and shared accounts for x402, on a local node with real USDC bytecode.\nKeys are the public development mnemonic; the chain's clock starts 200 days ago, so that time can pass.\n",
  );
  const world = await startWorld();
  let facilitator: FacilitatorProcess | undefined;
  let shop: Awaited<ReturnType<typeof startShop>> | undefined;
  try {
    say(`node         ${world.rpcUrl}, chain 84532, protocol deployed by Ignition at its canonical addresses`);
    facilitator = await startFacilitator(world.rpcUrl, { LOG_LEVEL: "info" });
    say(`facilitator  ${facilitator.url}`);
    const fee = { receiver: feeAccount.address, bps: Number(FEE_BPS) };
    const parties = { receiver: shopAccount.address, operator, fee, arbiter: arbiter.address };
    shop = await startShop({ facilitatorUrl: facilitator.url, rpcUrl: world.rpcUrl }, parties);
    say(
      `shop         ${shop.url}, sells into vault ${shop.vault}\n             for ${shopAccount.address}, operator ${operator.address}, fee to ${feeAccount.address}\n`,
    );
    const { timestamp } = await world.client.getBlock();
    const { arbitrationVault, escrowVault, plan, url: shopUrl, vault } = shop;
    const stage = { world, facilitatorUrl: facilitator.url, shopUrl, vault, arbitrationVault, escrowVault, plan };
    const isRight = await play({ ...stage, start: Number(timestamp), moves: new Map() });
    process.exitCode = isRight ? 0 : 1;
  } finally {
    await shop?.stop();
    await facilitator?.stop();
    await world.stop();
  }
}

type Stage = {
  world: World;
  facilitatorUrl: string;
  shopUrl: string;
  vault: Address;
  arbitrationVault: Address;
  escrowVault: Address;
  plan: Address;
  /** When the play began, by the chain's clock. */
  start: number;
  /** With whom the money of each buyer's payment was from when on. */
  moves: Map<Buyer, Move[]>;
};
type Buyer = keyof typeof buyers;
type Subscriber = keyof typeof subscribers;

async function play(stage: Stage): Promise<boolean> {
  const { client } = stage.world;
  for (const { address } of Object.values(buyers)) {
    await mintUsdc(client, address, PURSE);
    // The buyers have no gas: whatever they do, they do by signature.
    await client.setBalance({ address, value: 0n });
  }
  for (const [name, { address }] of Object.entries(subscribers)) {
    // Ivo's purse is good for one month.
    await mintUsdc(client, address, name === "ivo" ? MONTHLY : PURSE);
    await client.setBalance({ address, value: 0n });
  }

  await buyFirst(stage);
  await refundAll(stage);
  await refundPart(stage);
  await disputeWithSplit(stage);
  await recordPastPay(stage);
  await failingHandlers(stage);
  await refusals(stage);
  await holdAtMost(stage);
  await claimMatured(stage);
  await showTimeline(stage);
  await subscribeByTheMonth(stage);
  return checkBooks(stage, await payByAccount(stage.world, say));
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
  await mark(stage, "alice", "vault", transaction);
  say(`   undo until ${time(receipt.closesAt ?? 0)}; claimable from ${time(receipt.maturesAt ?? 0)}\n`);
}

async function refundAll(stage: Stage): Promise<void> {
  say("2. Bob buys the same, and two days later takes all of it back: he signs, the facilitator pays the gas.");
  const { receipt, transaction } = await buy(stage, "bob", "/report");
  say(`   bought     ${usdc(receipt.amount)}, ${await gas(stage, transaction)} gas, payment ${receipt.paymentId}`);
  await mark(stage, "bob", "vault", transaction);
  await days(stage, 2);
  const request = await signRefund(clientOf(stage, "bob"), { payment: receipt });
  const relayed = await send(stage, request);
  await mark(stage, "bob", "buyer", relayed.transaction);
  say(`   refunded   ${usdc(relayed.amount)}, ${await gas(stage, relayed.transaction)} gas, none of it Bob's\n`);
}

async function refundPart(stage: Stage): Promise<void> {
  say("3. Carol takes back a part.");
  const { receipt, transaction } = await buy(stage, "carol", "/report");
  say(`   bought     ${usdc(receipt.amount)}, ${await gas(stage, transaction)} gas, payment ${receipt.paymentId}`);
  await mark(stage, "carol", "vault", transaction);
  const request = await signRefund(clientOf(stage, "carol"), { amount: PART, payment: receipt });
  const relayed = await send(stage, request);
  say(
    `   refunded   ${usdc(relayed.amount)} of ${usdc(receipt.amount)}, ${await gas(stage, relayed.transaction)} gas\n`,
  );
}

async function disputeWithSplit(stage: Stage): Promise<void> {
  say("4. Erin buys a painting, about which an arbiter decides, and disputes it a day later. It is divided.");
  const { accepts } = await offer(stage, "/painting");
  const description = await describePayTo(stage.world.client, requireFirst(accepts));
  for (const sentence of description?.promise.slice(0, 3) ?? []) say(`   promise    ${sentence}`);
  const { receipt, transaction } = await buy(stage, "erin", "/painting");
  await mark(stage, "erin", "vault", transaction);
  say(`   bought     ${usdc(receipt.amount)}, ${await gas(stage, transaction)} gas, payment ${receipt.paymentId}`);

  await days(stage, 1);
  const evidence = keccak256(stringToHex("It is green."));
  const disputed = await send(stage, await signDispute(clientOf(stage, "erin"), { evidence, payment: receipt }));
  await mark(stage, "erin", "dispute", disputed.transaction);
  const { defaultsAt = 0, nextActions = [] } = disputed.extra?.recourse ?? receipt;
  say(`   disputed   ${usdc(disputed.amount)} locked, ${await gas(stage, disputed.transaction)} gas`);
  say(`   next       ${nextActions.map(({ action }) => action).join(", ")}; by default from ${time(defaultsAt)}`);

  await days(stage, 2);
  const arbiterClient = localClient(stage.world.rpcUrl, arbiter);
  const decision = await signResolve(arbiterClient, { evidence, payment: receipt, toPayer: PAINTING_BACK });
  const resolved = await send(stage, decision);
  await mark(stage, "erin", "split", resolved.transaction);
  say(`   resolved   ${usdc(resolved.amount)} to Erin, the rest to the shop, as credits in the vault`);
  for (const owner of [buyers.erin.address, shopAccount.address, feeAccount.address]) {
    const credit = { address: stage.arbitrationVault, owner, token: USDC };
    const { balance: waiting } = await creditOf(stage.world.client, credit);
    // Anybody may send a credit to its owner.
    const sent = await withdraw(stage.world.client, { ...credit, to: owner });
    say(`   paid out   ${usdc(waiting)} to ${owner}, ${await gas(stage, sent)} gas`);
  }
  say("");
}

async function recordPastPay(stage: Stage): Promise<void> {
  say(
    "5. Frank signs a payment, and the shop itself brings it to the token, past the vault's window. Frank proves it.",
  );
  const { accepts, ...required } = await offer(stage, "/report");
  const { payload } = await stockClient("frank").createPaymentPayload({ ...required, accepts });
  const transaction = await submitPastVault(stage, payload);
  say(`   moved      ${await gas(stage, transaction)} gas; the vault has the money, and knows of no payment`);

  const place = { nonce: (payload.authorization as { nonce: Hex }).nonce, payer: buyers.frank.address, token: USDC };
  const proof = await buildReceiptProof(stage.world.client, { hash: transaction, ...place });
  const vault = requireFirst(accepts).extra.recourse as RefundWindowExtra;
  const recorded = await send(stage, recordRequest({ chainId: 84532, proof, token: USDC, vault }));
  await mark(stage, "frank", "vault", recorded.transaction);
  say(
    `   recorded   ${usdc(recorded.amount)} by a proof of ${size(concatHex([proof.header, ...proof.nodes]))} bytes, ${await gas(stage, recorded.transaction)} gas`,
  );

  await days(stage, 2);
  const payment = recorded.extra?.recourse;
  if (!payment) throw new Error("The relay did not tell of the recorded payment.");
  const refunded = await send(stage, await signRefund(clientOf(stage, "frank"), { payment }));
  await mark(stage, "frank", "buyer", refunded.transaction);
  say(`   refunded   ${usdc(refunded.amount)}, ${await gas(stage, refunded.transaction)} gas\n`);
}

async function submitPastVault(stage: Stage, payload: Record<string, unknown>): Promise<Hash> {
  const { from, nonce, to, validAfter, validBefore, value } = payload.authorization as Record<string, string>;
  return localClient(stage.world.rpcUrl, shopAccount).writeContract({
    abi: parseAbi([
      "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
    ]),
    address: USDC,
    functionName: "transferWithAuthorization",
    args: [
      from as Address,
      to as Address,
      BigInt(value ?? 0),
      BigInt(validAfter ?? 0),
      BigInt(validBefore ?? 0),
      nonce as Hex,
      payload.signature as Hex,
    ],
  });
}

async function failingHandlers(stage: Stage): Promise<void> {
  say("6. Handlers that fail keep nothing from Dave.");
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
  say("7. What Dave's next purchase is refused for, until it is right, and after.");
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

  const bought = await sendPayment(stage, payload);
  const receipt = paymentReceipt(bought);
  if (bought.status !== 200 || !receipt) throw new Error(`Dave's purchase ended with status ${bought.status}.`);
  const { transaction } = decodePaymentResponseHeader(requireHeader(bought, "PAYMENT-RESPONSE"));
  say(
    `   the right one     bought for ${usdc(receipt.amount)}, ${await gas(stage, transaction as Hash)} gas, payment ${receipt.paymentId}`,
  );
  await mark(stage, "dave", "vault", transaction as Hash);
  say(`   replayed header   ${await reasonOfRefusal(stage, payload)}\n`);
}

async function holdAtMost(stage: Stage): Promise<void> {
  say(
    "8. Grace orders animations at 4 cents a frame. At most $20 are held while the shop draws, and what it cost is kept.",
  );
  const offered = await fetch(`${stage.shopUrl}/render`, { method: "POST" });
  const { accepts } = decodePaymentRequiredHeader(requireHeader(offered, "PAYMENT-REQUIRED"));
  const description = await describePayTo(stage.world.client, requireFirst(accepts));
  for (const sentence of description?.promise.slice(0, 2) ?? []) say(`   promise    ${sentence}`);
  for (const frames of [80, 0, 501]) {
    const before = await balance(stage, buyers.grace.address);
    const response = await render(stage, frames);
    const { errorReason, transaction } = decodePaymentResponseHeader(requireHeader(response, "PAYMENT-RESPONSE"));
    const receipt = escrowReceipt(response);
    if (!receipt) throw new Error(`The response (status ${response.status}) says nothing of the payment.`);
    const { amount, captured = "0", returned = "0" } = receipt;
    say(
      `   ${`${frames} frames`.padEnd(11)}status ${response.status}${errorReason ? `, ${errorReason}` : ""}; held ${usdc(amount)}, kept ${usdc(captured)}, returned ${usdc(returned)}, ${await gas(stage, transaction as Hash)} gas`,
    );
    if (before - (await balance(stage, buyers.grace.address)) !== BigInt(captured))
      throw new Error("Grace paid something else than what the receipt says.");
    if (response.status === 200) await mark(stage, "grace", "split", transaction as Hash);
  }
  say("");
}

/** The stock client pays at most $1 at a time until it is told otherwise. */
function render(stage: Stage, frames: number): Promise<Response> {
  const client = stockClient("grace").setSpendControls({ maxAmountPerPayment: "$20" });
  return wrapFetchWithPayment(fetch, client)(`${stage.shopUrl}/render`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ frames }),
  });
}

async function claimMatured(stage: Stage): Promise<void> {
  say("9. Fifteen days pass. The shop claims what matured, in one transaction whatever the number of payments.");
  await days(stage, 15);
  const buckets = await claimableBuckets(stage.world.client, { address: stage.vault, token: USDC });
  const transaction = await claim(localClient(stage.world.rpcUrl, shopAccount), {
    address: stage.vault,
    buckets: buckets.map(({ bucket }) => bucket),
    payoutGas: PAYOUT_GAS,
    token: USDC,
  });
  const amount = buckets.reduce((sum, bucket) => sum + bucket.amount, 0n);
  for (const buyer of ["alice", "carol", "dave"] as const) {
    await mark(stage, buyer, buyer === "carol" ? "split" : "shop", transaction);
  }
  say(`   claimed    ${usdc(amount)} of 3 payments, ${await gas(stage, transaction)} gas\n`);
}

async function showTimeline({ moves, start, world }: Stage): Promise<void> {
  say("10. With whom the money of each payment was, by the chain's clock.");
  const { timestamp } = await world.client.getBlock();
  const lives = [...moves].map(([name, itsMoves]) => ({ name, moves: itsMoves }));
  for (const line of timeline(lives, { start, end: Number(timestamp) + DAY })) say(`   ${line}`);
  say("");
}

async function subscribeByTheMonth(stage: Stage): Promise<void> {
  say("11. Anna, Ivo and Judy subscribe to a feed: one signature each, and then one charge a month.");
  const { accepts } = await offer(stage, "/feed");
  const description = await describePayTo(stage.world.client, requireFirst(accepts));
  for (const sentence of description?.promise.slice(0, 3) ?? []) say(`   promise    ${sentence}`);
  for (const name of Object.keys(subscribers) as Subscriber[]) {
    const response = await subscribingFetch(name)(`${stage.shopUrl}/feed`);
    const receipt = subscriptionReceipt(response);
    if (response.status !== 200 || !receipt) throw new Error(`${name} was answered with status ${response.status}.`);
    const { transaction } = decodePaymentResponseHeader(requireHeader(response, "PAYMENT-RESPONSE"));
    say(
      `   ${name.padEnd(10)} charged ${usdc(receipt.charge ?? "0")}, paid through ${time(receipt.paidThrough ?? 0)}, ${await gas(stage, transaction as Hash)} gas`,
    );
  }
  await showWhoGetsIn(stage);

  await nextMonth(stage, "anna");
  await chargeAll(stage);
  await showWhoGetsIn(stage);
  await mintUsdc(stage.world.client, subscribers.ivo.address, 4n * MONTHLY);
  say("   Ivo's wages come. He signs in again, and is charged on the way.");
  await showWhoGetsIn(stage);

  const place = { address: stage.plan };
  const undone = await send(stage, await signUndo(clientOfSubscriber(stage, "judy"), place));
  say(
    `   judy       takes the second charge back: ${usdc(undone.amount)}, ${await gas(stage, undone.transaction)} gas`,
  );
  const canceled = await send(stage, await signCancel(clientOfSubscriber(stage, "anna"), place));
  say(`   anna       cancels, ${await gas(stage, canceled.transaction)} gas; what she paid stays hers`);
  await showWhoGetsIn(stage);

  for (let month = 2; month <= 3; month++) {
    await nextMonth(stage, "ivo");
    await chargeAll(stage);
  }
  await showWhoGetsIn(stage);

  await days(stage, 8);
  const buckets = await claimableOfPlan(stage.world.client, place);
  const transaction = await claim(localClient(stage.world.rpcUrl, shopAccount), {
    ...place,
    buckets: buckets.map(({ bucket }) => bucket),
    payoutGas: PAYOUT_GAS,
    token: USDC,
  });
  const claimed = buckets.reduce((sum, { amount }) => sum + amount, 0n);
  say(
    `   claimed    ${usdc(claimed)} of what was paid in four months by the shop, ${await gas(stage, transaction)} gas\n`,
  );
}

/** By the month of a subscriber that is charged. */
async function nextMonth({ plan, world }: Stage, name: Subscriber): Promise<void> {
  const { address } = subscribers[name];
  const pair = { subscriber: address, beneficiary: address };
  const { chargeableFrom } = await subscriptionOf(world.client, { address: plan, pair });
  await world.client.setNextBlockTimestamp({ timestamp: BigInt(chargeableFrom + DAY) });
  await world.client.mine({ blocks: 1 });
}

/** As a keeper does: anybody may, and who is not due is left as it is. */
async function chargeAll({ plan, world }: Stage): Promise<void> {
  const names = Object.keys(subscribers) as Subscriber[];
  const pairs = names.map((name) => {
    const { address } = subscribers[name];
    return { subscriber: address, beneficiary: address };
  });
  const keeper = localClient(world.rpcUrl, operator);
  const hash = await charge(keeper, { address: plan, pairs, tokenGas: PAYOUT_GAS });
  const { gasUsed, logs } = await world.client.waitForTransactionReceipt({ hash });
  const { timestamp } = await world.client.getBlock();
  const failed = parseEventLogs({ abi: subscriptionPlanAbi, eventName: "ChargeFailed", logs });
  const failures = failed.map(({ args }) => nameOf(ChargeResult, args.result));
  const shown = failures.length === 0 ? "" : `, ${failures.join(", ")}`;
  say(
    `   ${time(Number(timestamp)).slice(0, 10)} charged whoever was due, ${gasUsed.toLocaleString("en")} gas${shown}`,
  );
}

async function showWhoGetsIn(stage: Stage): Promise<void> {
  const shown: string[] = [];
  for (const name of Object.keys(subscribers) as Subscriber[]) {
    const response = await signIn(stage, name);
    const standing = response.status === 402 ? standingIn(response) : undefined;
    const remedy = standing?.remedy.action === "top-up" ? `, needs ${usdc(standing.remedy.amount)}` : "";
    shown.push(`${name} ${standing ? `${response.status} (${standing.status}${remedy})` : response.status}`);
  }
  say(`   by sign-in ${shown.join(", ")}`);
}

/* THE BOOKS */

async function checkBooks(stage: Stage, ofAccount: AccountBooks): Promise<boolean> {
  const { client } = stage.world;
  // Alice and Dave kept one purchase each, Carol all but a part of hers, Erin what the arbiter left her, Grace one animation.
  const claimed = PRICE + PRICE + (PRICE - PART);
  const decided = PRICE - PAINTING_BACK;
  // Anna two months, Ivo four, Judy one: she took the second back.
  const subscribed = 7n * MONTHLY;
  const parts = [claimed, decided, ANIMATION, subscribed];
  const fee = parts.reduce((sum, part) => sum + (part * FEE_BPS) / 10_000n, 0n);
  const earned = parts.reduce((sum, part) => sum + part, 0n);
  const expected: [string, Address, bigint][] = [
    ["alice", buyers.alice.address, PURSE - PRICE],
    ["bob", buyers.bob.address, PURSE],
    ["carol", buyers.carol.address, PURSE - PRICE + PART],
    ["dave", buyers.dave.address, PURSE - PRICE],
    ["erin", buyers.erin.address, PURSE - PRICE + PAINTING_BACK],
    ["frank", buyers.frank.address, PURSE],
    ["grace", buyers.grace.address, PURSE - ANIMATION],
    ["anna", subscribers.anna.address, PURSE - 2n * MONTHLY],
    ["ivo", subscribers.ivo.address, MONTHLY],
    ["judy", subscribers.judy.address, PURSE - MONTHLY],
    ["shop", shopAccount.address, earned - fee],
    ["fee receiver", feeAccount.address, fee],
    ["vault", stage.vault, 0n],
    ["second vault", stage.arbitrationVault, 0n],
    ["escrow", stage.escrowVault, 0n],
    ["plan", stage.plan, 0n],
    ...ofAccount,
  ];
  say("13. The books.");
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
  for (const [name, { address }] of Object.entries({ ...buyers, ...subscribers })) {
    const used = await client.getTransactionCount({ address });
    isRight &&= used === 0;
    if (used !== 0) say(`   ${name} sent ${used} transactions, and should need none`);
  }
  say(isRight ? "\nEvery unit is where it should be." : "\nThe books are wrong.");
  return isRight;
}

/* HOW A BUYER PAYS: the stock client, unmodified */

function stockClient(buyer: Buyer): x402Client {
  return new x402Client().register(NETWORK, new StockExactEvmScheme(buyers[buyer]));
}

function pay(_stage: Stage, buyer: Buyer) {
  return wrapFetchWithPayment(fetch, stockClient(buyer));
}

/** Subscribes when it is asked to pay, and signs in when it has. */
function subscribingFetch(name: Subscriber): typeof fetch {
  const account = subscribers[name];
  const client = new x402Client()
    .setSpendControls({ maxAmountPerPayment: "$5" })
    .register(NETWORK, new SubscriptionEvmScheme(account, { maxPerPeriod: "$5", maxTotal: "$60" }))
    .registerExtension(createSIWxClientExtension({ signers: [account] }));
  return wrapFetchWithPayment(fetch, client);
}

/** Signs in as that client does, and pays nothing. */
async function signIn(stage: Stage, name: Subscriber): Promise<Response> {
  const url = `${stage.shopUrl}/feed`;
  const { extensions = {} } = await offer(stage, "/feed");
  const { info, supportedChains } = extensions["sign-in-with-x"] as SIWxExtension;
  const asked = { ...info, ...(supportedChains[0] as SupportedChain) };
  const payload = await createSIWxPayload(asked, subscribers[name], url);
  return fetch(url, { headers: { "SIGN-IN-WITH-X": encodeSIWxHeader(payload) } });
}

function standingIn(response: Response): AccessStanding | undefined {
  const { accepts } = decodePaymentRequiredHeader(requireHeader(response, "PAYMENT-REQUIRED"));
  return requireFirst(accepts).extra.subscription as AccessStanding | undefined;
}

async function buy(stage: Stage, buyer: Buyer, path: string) {
  const response = await pay(stage, buyer)(`${stage.shopUrl}${path}`);
  const receipt = paymentReceipt(response);
  if (response.status !== 200 || !receipt) throw new Error(`${buyer}'s purchase ended with status ${response.status}.`);
  const { transaction } = decodePaymentResponseHeader(requireHeader(response, "PAYMENT-RESPONSE"));
  return { body: await response.json(), receipt, transaction: transaction as Hash };
}

async function offer(stage: Stage, path: string): Promise<PaymentRequired> {
  return decodePaymentRequiredHeader(requireHeader(await fetch(`${stage.shopUrl}${path}`), "PAYMENT-REQUIRED"));
}

function sendPayment(stage: Stage, payload: PaymentPayload): Promise<Response> {
  return fetch(`${stage.shopUrl}/report`, { headers: { "PAYMENT-SIGNATURE": encodePaymentSignatureHeader(payload) } });
}

async function reasonOfRefusal(stage: Stage, payload: PaymentPayload): Promise<string | undefined> {
  const response = await sendPayment(stage, payload);
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

/** Has the facilitator do what somebody signed or proved. */
function send<Request extends RelayRequest>(stage: Stage, request: Request): Promise<RelayResponse<Request["vault"]>> {
  return relay(request, { facilitator: stage.facilitatorUrl });
}

async function days(stage: Stage, count: number): Promise<void> {
  await stage.world.client.increaseTime({ seconds: count * DAY });
  await stage.world.client.mine({ blocks: 1 });
}

/** Notes with whom a buyer's money is since a transaction. */
async function mark({ moves, world }: Stage, buyer: Buyer, holder: Holder, hash: Hash): Promise<void> {
  const { blockNumber } = await world.client.waitForTransactionReceipt({ hash });
  const { timestamp } = await world.client.getBlock({ blockNumber });
  moves.set(buyer, [...(moves.get(buyer) ?? []), { at: Number(timestamp), holder }]);
}

function clientOf(stage: Stage, buyer: Buyer): LocalClient {
  return localClient(stage.world.rpcUrl, buyers[buyer]);
}

function clientOfSubscriber(stage: Stage, name: Subscriber): LocalClient {
  return localClient(stage.world.rpcUrl, subscribers[name]);
}

function nameOf<Value>(names: Readonly<Record<string, Value>>, value: unknown): string {
  return Object.keys(names).find((name) => names[name] === value) ?? String(value);
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
