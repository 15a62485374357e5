// Measures what payments cost with the real USDC on production bytecode: `npm run bench:gas [-- --trace]`.
import { readFileSync, writeFileSync } from "node:fs";
import { authorizationTypes } from "@x402/evm";
import hre from "hardhat";
import {
  type Address,
  encodeFunctionData,
  type Hash,
  type Hex,
  keccak256,
  parseAbi,
  parseEventLogs,
  type TransactionReceipt,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import type { HDAccount } from "viem/accounts";
import { executeTypedData, paymentApprovalTypedData } from "../sdk/src/generated/typedData.js";
import { encodePaymentBlob, encodeSignatures } from "../sdk/src/multisig/blob.js";
import { encodeConfig, sortConfig } from "../sdk/src/multisig/config.js";
import { buildReceiptProof } from "../sdk/src/receipt-proof/buildReceiptProof.js";
import { encodeTerms, PeriodUnit, subscribeTypedData } from "../sdk/src/subscription/index.js";
import { type GasRow, gasRow, table } from "./lib/gas-table.js";
import { developmentAccount, furnishChain, type LocalClient, localClient, mintUsdc, USDC } from "./lib/local-chain.js";
import { gasByPurpose, type TraceStep } from "./lib/trace.js";

const HOUR = 3600n;
const WINDOW = 14n * 24n * HOUR;
const CAPTURE_WINDOW = 3n * 24n * HOUR;
const PRICE = 1_234_567n;
const PAYOUT_GAS = 150_000n;
const PAYMENTS_IN_BUCKET = 100;
const ITEM_GAS = 200_000n;
const TRANSACTIONS_IN_BLOCK = 20;
const STRAY_POSITION = 7;

const [deployer, payer, receiver, operator] = [0, 1, 2, 3].map(developmentAccount) as [
  HDAccount,
  HDAccount,
  HDAccount,
  HDAccount,
];

const manyPayers = Array.from({ length: 100 }, (_, index) => developmentAccount(100 + index));

const vaultTerms = {
  receiver: receiver.address,
  operator: operator.address,
  feeReceiver: zeroAddress,
  feeBps: 0,
  salt: zeroHash,
};

const refundWindowTerms = {
  ...vaultTerms,
  arbiter: zeroAddress,
  window: Number(WINDOW),
  resolutionPeriod: 0,
  silenceFavorsPayer: false,
  nonRefundableBps: 0,
};

const escrowTerms = { ...vaultTerms, captureWindow: Number(CAPTURE_WINDOW) };

/** An agent for payments up to the price, with one human for a hundred times that, with both for more. */
const accountRules = sortConfig({
  fullWeight: 4,
  signers: [
    { account: deployer.address, weight: 1, isHuman: false, isContract: false },
    { account: receiver.address, weight: 2, isHuman: true, isContract: false },
    { account: operator.address, weight: 2, isHuman: true, isContract: false },
  ],
  payees: [],
  tokens: [
    {
      token: USDC,
      reserve: PRICE,
      refillPerDay: PRICE,
      refillTarget: PRICE,
      tiers: [
        { maxValue: PRICE, weight: 1 },
        { maxValue: 100n * PRICE, weight: 3 },
        { maxValue: 1_000n * PRICE, weight: 4 },
      ],
    },
  ],
});

// A fixed date, so that every signature, and with it every zero byte of calldata, is the same in each run.
const connection = { network: "demo", override: { initialDate: "2026-01-01T00:00:00Z" } };
const server = await hre.network.createServer(connection, "127.0.0.1", 0);
const { address: host, port } = await server.listen();
try {
  await measure(localClient(`http://${host}:${port}`, deployer));
} finally {
  await server.close();
}

async function measure(client: LocalClient): Promise<void> {
  await furnishChain(client);
  const verifier = await deploy(client, "ReceiptVerifier", []);
  const accounts = [payer, receiver, ...manyPayers];
  const refundWindow = await deployVault(client, verifier, { kind: "RefundWindow", terms: refundWindowTerms });
  for (const { address } of accounts) await mintUsdc(client, address, 1_000n * PRICE);
  const ofRefundWindow = await measureRefundWindow(client, refundWindow);
  const escrow = await deployVault(client, verifier, { kind: "Escrow", terms: escrowTerms });
  const ofEscrow = await measureEscrow(client, escrow);

  const ofPlans = await measureSubscriptions(client, verifier);

  const ofMultisig = await measureMultisig(client);

  const rows = [...ofRefundWindow.rows, ...ofEscrow.rows, ...ofPlans.rows, ...ofMultisig.rows];
  console.log(table(rows));
  writeFileSync("bench/gas.json", `${JSON.stringify(rows, null, 2)}\n`);

  if (!process.argv.includes("--trace")) return;
  const traced = { ...ofRefundWindow.traced, ...ofEscrow.traced, ...ofPlans.traced, ...ofMultisig.traced };
  for (const [name, receipt] of Object.entries(traced)) {
    const { gasUsed, transactionHash } = receipt;
    console.log(`\n${name}: ${gasUsed} gas`);
    console.log(table(await traceRows(client, transactionHash, Number(gasUsed))));
  }
}

type Measured = { rows: GasRow[]; traced: Record<string, TransactionReceipt> };

async function measureRefundWindow(client: LocalClient, vault: Vault): Promise<Measured> {
  // The first payment makes the vault's balance and the bucket; it is the second that is measured.
  const hour = await beginNextHour(client);
  await pay(client, vault, hour, 0);
  const payment = await pay(client, vault, hour, 1);
  const refund = await refundByPayer(client, vault, nonceOf(0));
  for (let index = 2; index <= PAYMENTS_IN_BUCKET; index++) await pay(client, vault, hour, index);
  const claim = await claimBucket(client, vault, hour);

  // The claim left the vault empty: the first payment makes balance and bucket again.
  const batchHour = await beginNextHour(client);
  await pay(client, vault, batchHour, 101);
  const record = await recordStray(client, vault, batchHour, 102);
  const batch = await payMany(client, vault, batchHour, 1_000);
  const batchClaim = await claimBucket(client, vault, batchHour);

  const rows = [
    gasRow("refundWindow.pay", gasOf(payment)),
    gasRow("refundWindow.payMany100", perPayer(gasOf(batch))),
    gasRow("refundWindow.cycle100", perPayer(gasOf(batch) + gasOf(batchClaim))),
    gasRow("refundWindow.cycle1", gasOf(payment) + Math.ceil(gasOf(claim) / PAYMENTS_IN_BUCKET)),
    gasRow("refundWindow.record", gasOf(record)),
    gasRow("refundWindow.refund", gasOf(refund)),
  ];
  return { rows, traced: { pay: payment, refund, claim } };
}

async function measureEscrow(client: LocalClient, vault: Vault): Promise<Measured> {
  const hour = await beginNextHour(client);
  await pay(client, vault, hour, 200);
  const payment = await pay(client, vault, hour, 201);
  for (let index = 202; index < 206; index++) await pay(client, vault, hour, index);
  await payMany(client, vault, hour, 2_000);

  const capture = await send(client, operator, vault, "capture", [
    refOf(payer, nonceOf(201)),
    PRICE,
    PRICE,
    0n,
    PAYOUT_GAS,
  ]);
  const voided = await send(client, operator, vault, "void", [refOf(payer, nonceOf(202)), PRICE, PAYOUT_GAS]);

  // The first capture makes the receiver's credit, as an earlier batch has.
  await captureMany(client, vault, [itemOf(payer, nonceOf(203))]);
  const items = manyPayers.map((account, index) => itemOf(account, nonceOf(2_000 + index)));
  const captures = await captureMany(client, vault, items);

  await client.setNextBlockTimestamp({ timestamp: hour + HOUR + CAPTURE_WINDOW });
  const reclaim = await send(client, deployer, vault, "reclaim", [refOf(payer, nonceOf(204)), PAYOUT_GAS]);

  const rows = [
    gasRow("escrow.pay", gasOf(payment)),
    gasRow("escrow.capturePayOut", gasOf(capture)),
    gasRow("escrow.capture100", perPayer(gasOf(captures))),
    gasRow("escrow.void", gasOf(voided)),
    gasRow("escrow.reclaim", gasOf(reclaim)),
  ];
  return { rows, traced: { "escrow.pay": payment, capture, void: voided, reclaim } };
}

/** Two plans of calendar months: one pays out at once, the other holds for seven days. */
async function measureSubscriptions(client: LocalClient, verifier: Address): Promise<Measured> {
  const kind = "SubscriptionPlan";
  const implementation = await deploy(client, kind, [verifier]);
  const factory = await deploy(client, "VaultFactory", [implementation]);
  const paidOut = await deployClone(client, factory, kind, encodePlanTerms(0));
  const held = await deployClone(client, factory, kind, encodePlanTerms(7 * 86_400));

  // The first subscriber makes the plan's balance and the bucket; it is the second that is measured.
  await beginNextHour(client);
  await mintUsdc(client, deployer.address, 1_000n * PRICE);
  for (const plan of [paidOut, held]) {
    for (const account of [deployer, ...manyPayers]) await subscribe(client, plan, account);
    await mintUsdc(client, plan.address, 1n);
  }
  const subscription = await subscribe(client, held, payer);
  await subscribe(client, paidOut, payer);

  await client.setNextBlockTimestamp({ timestamp: await nextChargeOf(client, held, payer) });
  await charge(client, held, [deployer]);
  const one = await charge(client, held, [payer]);
  const many = await charge(client, held, manyPayers);
  const manyPaidOut = await charge(client, paidOut, manyPayers);
  const cancel = await send(client, payer, held, "cancel", [payer.address, false]);

  const rows = [
    gasRow("subscriptions.subscribe", gasOf(subscription)),
    gasRow("subscriptions.charge1", gasOf(one)),
    gasRow("subscriptions.charge100", perPayer(gasOf(manyPaidOut))),
    gasRow("subscriptions.charge100held", perPayer(gasOf(many))),
    gasRow("subscriptions.cancel", gasOf(cancel)),
  ];
  return { rows, traced: { subscribe: subscription, charge: one, cancel } };
}

/* THE VAULT */

type Vault = { address: Address; kind: "RefundWindow" | "Escrow" | "SubscriptionPlan" };

async function deployVault(
  client: LocalClient,
  verifier: Address,
  { kind, terms }: { kind: Vault["kind"]; terms: object },
): Promise<Vault> {
  const implementation = await deploy(client, kind, [verifier]);
  const factory = await deploy(client, "VaultFactory", [implementation]);
  const encoded = await client.readContract({
    abi: artifact(kind).abi,
    address: implementation,
    args: [terms],
    functionName: "encodeTerms",
  });
  return deployClone(client, factory, kind, encoded as Hex);
}

async function deployClone(client: LocalClient, factory: Address, kind: Vault["kind"], terms: Hex): Promise<Vault> {
  const { request, result } = await client.simulateContract({
    abi: artifact("VaultFactory").abi,
    address: factory,
    args: [terms],
    functionName: "deploy",
  });
  await mined(client, await client.writeContract(request));
  return { address: result as Address, kind };
}

async function deploy(client: LocalClient, name: string, args: readonly unknown[]): Promise<Address> {
  const { contractAddress } = await mined(client, await client.deployContract({ ...artifact(name), args }));
  if (!contractAddress) throw new Error(`${name} was not deployed.`);
  return contractAddress;
}

function artifact(name: string) {
  return JSON.parse(readFileSync(`artifacts/contracts/${name}.sol/${name}.json`, "utf8"));
}

/* PAYMENTS */

async function pay(client: LocalClient, vault: Vault, hour: bigint, index: number): Promise<TransactionReceipt> {
  return send(client, deployer, vault, "pay", [await authorize(client, payer, vault, hour, nonceOf(index))]);
}

/** A payment of each of a hundred payers in one transaction, with nonces from `firstIndex` on. */
async function payMany(
  client: LocalClient,
  vault: Vault,
  hour: bigint,
  firstIndex: number,
): Promise<TransactionReceipt> {
  const authorizations = await Promise.all(
    manyPayers.map((account, index) => authorize(client, account, vault, hour, nonceOf(firstIndex + index))),
  );
  return send(client, deployer, vault, "payMany", [USDC, authorizations, ITEM_GAS]);
}

async function authorize(client: LocalClient, from: HDAccount, vault: Vault, hour: bigint, nonce: Hex) {
  const message = {
    from: from.address,
    to: vault.address,
    value: PRICE,
    validAfter: hour - 600n,
    validBefore: hour + HOUR,
    nonce,
  };
  const signature = await from.signTypedData({
    domain: { name: "USDC", version: "2", chainId: client.chain.id, verifyingContract: USDC },
    message,
    primaryType: "TransferWithAuthorization",
    types: authorizationTypes,
  });
  const { from: signer, to: _, ...rest } = message;
  return { ...rest, payer: signer, signature, token: USDC };
}

/** A payment that somebody brought to the token itself, in the middle of a block of transfers, and then proved. */
async function recordStray(
  client: LocalClient,
  vault: Vault,
  hour: bigint,
  index: number,
): Promise<TransactionReceipt> {
  const nonce = nonceOf(index);
  const { signature, validAfter, validBefore, value } = await authorize(client, payer, vault, hour, nonce);
  const abi = parseAbi([
    "function transfer(address to, uint256 value) returns (bool)",
    "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  ]);
  const args = [payer.address, vault.address, value, validAfter, validBefore, nonce, signature] as const;
  const stray = encodeFunctionData({ abi, functionName: "transferWithAuthorization", args });
  const first = await client.getTransactionCount({ address: receiver.address });
  await client.setAutomine(false);
  const hashes: Hash[] = [];
  for (let position = 0; position < TRANSACTIONS_IN_BLOCK; position++) {
    const isStray = position === STRAY_POSITION;
    const data = isStray ? stray : encodeFunctionData({ abi, functionName: "transfer", args: [payer.address, 1n] });
    const transaction = { account: receiver, to: USDC, data, gas: 150_000n, nonce: first + position };
    hashes.push(await client.sendTransaction(transaction));
  }
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);
  const receipts = await Promise.all(hashes.map((hash) => mined(client, hash)));
  if (new Set(receipts.map(({ blockNumber }) => blockNumber)).size !== 1) throw new Error("They are not in one block.");

  const hash = hashes[STRAY_POSITION] as Hash;
  const proof = await buildReceiptProof(client, { hash, nonce, payer: payer.address, token: USDC });
  return send(client, deployer, vault, "record", [USDC, proof]);
}

async function refundByPayer(client: LocalClient, vault: Vault, nonce: Hex): Promise<TransactionReceipt> {
  return send(client, payer, vault, "refund", [refOf(payer, nonce), PRICE, payer.address, PRICE, 0n, PAYOUT_GAS]);
}

async function claimBucket(client: LocalClient, vault: Vault, hour: bigint): Promise<TransactionReceipt> {
  const bucket = (hour + WINDOW) / HOUR + 1n;
  await client.setNextBlockTimestamp({ timestamp: bucket * HOUR });
  return send(client, deployer, vault, "claim", [USDC, [Number(bucket)], PAYOUT_GAS]);
}

/** Captures of many payments in one transaction. */
async function captureMany(
  client: LocalClient,
  vault: Vault,
  items: readonly ReturnType<typeof itemOf>[],
): Promise<TransactionReceipt> {
  return send(client, operator, vault, "captureMany", [USDC, items]);
}

/* SUBSCRIPTIONS */

function encodePlanTerms(refundWindow: number): Hex {
  return encodeTerms({
    ...vaultTerms,
    token: USDC,
    price: PRICE,
    periodUnit: PeriodUnit.Months,
    periodLength: 1,
    grace: 3 * 86_400,
    trial: 0,
    setupFee: 0n,
    refundWindow,
    nonRefundableBps: 0,
  });
}

/** By the subscriber's signature, with a permit for a year of periods; somebody relays it. */
async function subscribe(client: LocalClient, plan: Vault, subscriber: HDAccount): Promise<TransactionReceipt> {
  const { timestamp } = await client.getBlock();
  const { address } = subscriber;
  const deadline = timestamp + HOUR;
  const message = {
    subscriber: address,
    beneficiary: address,
    quantity: 1n,
    maxPeriods: 12n,
    maxFirstCharge: PRICE,
    serial: 0n,
    deadline,
  };
  const domain = { address: plan.address, chainId: client.chain.id };
  const signature = await subscriber.signTypedData(subscribeTypedData({ ...domain, message }));
  const value = 12n * PRICE;
  const nonce = await client.readContract({
    abi: parseAbi(["function nonces(address owner) view returns (uint256)"]),
    address: USDC,
    args: [address],
    functionName: "nonces",
  });
  const permitSignature = await subscriber.signTypedData({
    domain: { name: "USDC", version: "2", chainId: client.chain.id, verifyingContract: USDC },
    message: { owner: address, spender: plan.address, value, nonce, deadline },
    primaryType: "Permit",
    types: {
      Permit: [
        { name: "owner", type: "address" },
        { name: "spender", type: "address" },
        { name: "value", type: "uint256" },
        { name: "nonce", type: "uint256" },
        { name: "deadline", type: "uint256" },
      ],
    },
  });
  const permit = { value, deadline, signature: permitSignature };
  return send(client, operator, plan, "subscribeWithSignature", [message, signature, permit, PAYOUT_GAS]);
}

async function nextChargeOf(client: LocalClient, plan: Vault, { address }: HDAccount): Promise<bigint> {
  const { chargeableFrom } = (await client.readContract({
    abi: artifact(plan.kind).abi,
    address: plan.address,
    args: [{ subscriber: address, beneficiary: address }],
    functionName: "subscriptionOf",
  })) as { chargeableFrom: number };
  return BigInt(chargeableFrom);
}

async function charge(
  client: LocalClient,
  plan: Vault,
  subscribers: readonly HDAccount[],
): Promise<TransactionReceipt> {
  const pairs = subscribers.map(({ address }) => ({ subscriber: address, beneficiary: address }));
  const receipt = await send(client, operator, plan, "charge", [pairs, PAYOUT_GAS]);
  const charged = parseEventLogs({ abi: artifact(plan.kind).abi, eventName: "Charged", logs: receipt.logs });
  const [event] = charged as unknown as { args: { pairs: readonly Hex[] } }[];
  if (event?.args.pairs.length !== subscribers.length) throw new Error("Not all of them were charged.");
  return receipt;
}

/* MULTISIG */

/** The signatures of these signers over what `typedData` makes, as the account reads them. */
async function signaturesOf(signers: readonly HDAccount[], typedData: Parameters<HDAccount["signTypedData"]>[0]) {
  const signatures = signers.map(async (signer) => ({
    signer: signer.address,
    signature: await signer.signTypedData(typedData),
  }));
  return encodeSignatures(accountRules.signers, await Promise.all(signatures));
}

/** A payment by an account, as a stock facilitator settles it; the payee has had some before. */
async function payByAccount(
  client: LocalClient,
  account: Address,
  signers: readonly HDAccount[],
  index: number,
): Promise<TransactionReceipt> {
  const { timestamp } = await client.getBlock();
  const payment = {
    epoch: 0n,
    method: "transferWithAuthorization" as const,
    token: USDC,
    payee: payer.address,
    value: PRICE,
    validAfter: timestamp - 600n,
    validBefore: timestamp + HOUR,
    nonce: nonceOf(index),
    resource: nonceOf(index),
  };
  const typedData = paymentApprovalTypedData({ address: account, chainId: client.chain.id, message: payment });
  const blob = encodePaymentBlob(payment, {
    domain: { nameHash: keccak256(toHex("USDC")), versionHash: keccak256(toHex("2")) },
    signatures: await signaturesOf(signers, typedData as Parameters<HDAccount["signTypedData"]>[0]),
    tokenIndex: 0,
  });
  const abi = parseAbi([
    "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  ]);
  const { nonce, payee, validAfter, validBefore, value } = payment;
  const args = [account, payee, value, validAfter, validBefore, nonce, blob] as const;
  return mined(
    client,
    await client.writeContract({ abi, address: USDC, args, functionName: "transferWithAuthorization" }),
  );
}

/** A transfer of USDC by two humans. */
async function executeTransfer(client: LocalClient, account: Address, nonce: bigint): Promise<TransactionReceipt> {
  const { timestamp } = await client.getBlock();
  const abi = parseAbi(["function transfer(address to, uint256 value) returns (bool)"]);
  const data = encodeFunctionData({ abi, functionName: "transfer", args: [payer.address, PRICE] });
  const message = { epoch: 0n, calls: [{ to: USDC, value: 0n, data }], nonce, deadline: timestamp + HOUR };
  const typedData = executeTypedData({ address: account, chainId: client.chain.id, message });
  const signatures = await signaturesOf([receiver, operator], typedData as Parameters<HDAccount["signTypedData"]>[0]);
  return send(client, deployer, { address: account, kind: "Multisig" }, "execute", [message, signatures]);
}

async function measureMultisig(client: LocalClient): Promise<Measured> {
  const implementation = await deploy(client, "Multisig", []);
  const factory = { address: await deploy(client, "MultisigFactory", [implementation]), kind: "MultisigFactory" };
  const config = encodeConfig(accountRules);
  const deployment = await send(client, deployer, factory, "deploy", [config, zeroHash]);
  const [event] = parseEventLogs({ abi: artifact(factory.kind).abi, logs: deployment.logs });
  const { account } = (event as unknown as { args: { account: Address } }).args;
  await mintUsdc(client, account, 1_000n * PRICE);

  await payByAccount(client, account, [deployer], 300);
  const exact1 = await payByAccount(client, account, [deployer], 301);
  const exact2 = await payByAccount(client, account, [deployer, receiver], 302);
  const exact3 = await payByAccount(client, account, [deployer, receiver, operator], 303);
  await executeTransfer(client, account, 0n);
  const execute2 = await executeTransfer(client, account, 1n);

  const rows = [
    gasRow("multisig.exact1", gasOf(exact1)),
    gasRow("multisig.exact2", gasOf(exact2)),
    gasRow("multisig.exact3", gasOf(exact3)),
    gasRow("multisig.execute2", gasOf(execute2)),
    gasRow("multisig.deploy3", gasOf(deployment)),
  ];
  return { rows, traced: { exact1, exact3, execute2, deploy3: deployment } };
}

function itemOf({ address }: HDAccount, nonce: Hex) {
  return { amount: PRICE, expectedCaptured: 0n, expectedHeld: PRICE, nonce, payer: address };
}

function refOf({ address }: HDAccount, nonce: Hex) {
  return { method: 0, nonce, payer: address, token: USDC };
}

async function send(
  client: LocalClient,
  account: HDAccount,
  { address, kind }: { address: Address; kind: string },
  functionName: string,
  args: readonly unknown[],
) {
  const { abi } = artifact(kind);
  return mined(client, await client.writeContract({ abi, account, address, args, functionName }));
}

async function mined(client: LocalClient, hash: Hash): Promise<TransactionReceipt> {
  const receipt = await client.waitForTransactionReceipt({ hash });
  if (receipt.status !== "success") throw new Error(`Transaction ${hash} was reverted.`);
  return receipt;
}

/** Payments are mined a second apart: begun with the hour, all fall into one bucket. */
async function beginNextHour(client: LocalClient): Promise<bigint> {
  const { timestamp } = await client.getBlock();
  const hour = (timestamp / HOUR + 1n) * HOUR;
  await client.setNextBlockTimestamp({ timestamp: hour + 1n });
  await client.mine({ blocks: 1 });
  return hour;
}

function nonceOf(index: number): Hex {
  return keccak256(toHex(`payment ${index}`));
}

/* FIGURES */

/** The share of each of the many payers. */
function perPayer(gas: number): number {
  return Math.ceil(gas / manyPayers.length);
}

function gasOf({ gasUsed }: TransactionReceipt): number {
  return Number(gasUsed);
}

async function traceRows(client: LocalClient, hash: Hash, gasUsed: number) {
  const { input } = await client.getTransaction({ hash });
  // No part of viem's typed methods.
  const request = client.request as (call: { method: string; params: unknown[] }) => Promise<unknown>;
  const trace = await request({
    method: "debug_traceTransaction",
    params: [hash, { disableMemory: true, disableStorage: true }],
  });
  const { structLogs } = trace as { structLogs: TraceStep[] };
  const parts = gasByPurpose(structLogs, { gasUsed, input, token: USDC });
  return [...parts].map(([purpose, gas]) => ({ purpose, gas }));
}
