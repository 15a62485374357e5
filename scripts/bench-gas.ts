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
  type TransactionReceipt,
  toHex,
  zeroAddress,
  zeroHash,
} from "viem";
import type { HDAccount } from "viem/accounts";
import { buildReceiptProof } from "../sdk/src/receipt-proof/buildReceiptProof.js";
import { gasRow, table } from "./lib/gas-table.js";
import { developmentAccount, furnishChain, type LocalClient, localClient, mintUsdc, USDC } from "./lib/local-chain.js";
import { gasByPurpose, type TraceStep } from "./lib/trace.js";

const HOUR = 3600n;
const WINDOW = 14n * 24n * HOUR;
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
  const vault = await deployVault(client);
  for (const { address } of [payer, receiver, ...manyPayers]) await mintUsdc(client, address, 1_000n * PRICE);

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
  const batch = await payMany(client, vault, batchHour);
  const batchClaim = await claimBucket(client, vault, batchHour);

  const rows = [
    gasRow("refundWindow.pay", gasOf(payment)),
    gasRow("refundWindow.payMany100", Math.ceil(gasOf(batch) / manyPayers.length)),
    gasRow("refundWindow.cycle100", Math.ceil((gasOf(batch) + gasOf(batchClaim)) / manyPayers.length)),
    gasRow("refundWindow.cycle1", gasOf(payment) + Math.ceil(gasOf(claim) / PAYMENTS_IN_BUCKET)),
    gasRow("refundWindow.record", gasOf(record)),
    gasRow("refundWindow.refund", gasOf(refund)),
  ];
  console.log(table(rows));
  writeFileSync("bench/gas.json", `${JSON.stringify(rows, null, 2)}\n`);

  if (!process.argv.includes("--trace")) return;
  for (const [name, receipt] of Object.entries({ pay: payment, refund, claim })) {
    const { gasUsed, transactionHash } = receipt;
    console.log(`\n${name}: ${gasUsed} gas`);
    console.log(table(await traceRows(client, transactionHash, Number(gasUsed))));
  }
}

/* THE VAULT */

async function deployVault(client: LocalClient): Promise<Address> {
  const verifier = await deploy(client, "ReceiptVerifier", []);
  const implementation = await deploy(client, "RefundWindow", [verifier]);
  const factory = await deploy(client, "VaultFactory", [implementation]);
  const terms = {
    receiver: receiver.address,
    operator: operator.address,
    feeReceiver: zeroAddress,
    feeBps: 0,
    salt: zeroHash,
    arbiter: zeroAddress,
    window: Number(WINDOW),
    resolutionPeriod: 0,
    silenceFavorsPayer: false,
    nonRefundableBps: 0,
  };
  const encoded = await client.readContract({
    abi: artifact("RefundWindow").abi,
    address: implementation,
    args: [terms],
    functionName: "encodeTerms",
  });
  const { request, result } = await client.simulateContract({
    abi: artifact("VaultFactory").abi,
    address: factory,
    args: [encoded],
    functionName: "deploy",
  });
  await mined(client, await client.writeContract(request));
  return result as Address;
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

async function pay(client: LocalClient, vault: Address, hour: bigint, index: number): Promise<TransactionReceipt> {
  return send(client, deployer, vault, "pay", [await authorize(client, payer, vault, hour, nonceOf(index))]);
}

/** A payment of each of a hundred payers in one transaction. */
async function payMany(client: LocalClient, vault: Address, hour: bigint): Promise<TransactionReceipt> {
  const authorizations = await Promise.all(
    manyPayers.map((account, index) => authorize(client, account, vault, hour, nonceOf(1_000 + index))),
  );
  return send(client, deployer, vault, "payMany", [USDC, authorizations, ITEM_GAS]);
}

async function authorize(client: LocalClient, from: HDAccount, vault: Address, hour: bigint, nonce: Hex) {
  const message = {
    from: from.address,
    to: vault,
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
  vault: Address,
  hour: bigint,
  index: number,
): Promise<TransactionReceipt> {
  const nonce = nonceOf(index);
  const { signature, validAfter, validBefore, value } = await authorize(client, payer, vault, hour, nonce);
  const abi = parseAbi([
    "function transfer(address to, uint256 value) returns (bool)",
    "function transferWithAuthorization(address from, address to, uint256 value, uint256 validAfter, uint256 validBefore, bytes32 nonce, bytes signature)",
  ]);
  const args = [payer.address, vault, value, validAfter, validBefore, nonce, signature] as const;
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

async function refundByPayer(client: LocalClient, vault: Address, nonce: Hex): Promise<TransactionReceipt> {
  const ref = { method: 0, nonce, payer: payer.address, token: USDC };
  return send(client, payer, vault, "refund", [ref, PRICE, payer.address, PRICE, 0n, PAYOUT_GAS]);
}

async function claimBucket(client: LocalClient, vault: Address, hour: bigint): Promise<TransactionReceipt> {
  const bucket = (hour + WINDOW) / HOUR + 1n;
  await client.setNextBlockTimestamp({ timestamp: bucket * HOUR });
  return send(client, deployer, vault, "claim", [USDC, [Number(bucket)], PAYOUT_GAS]);
}

async function send(
  client: LocalClient,
  account: HDAccount,
  address: Address,
  functionName: string,
  args: readonly unknown[],
) {
  const { abi } = artifact("RefundWindow");
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
