import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { authorizationTypes, eip3009ABI } from "@x402/evm";
import { network } from "hardhat";
import {
  type Address,
  createTestClient,
  custom,
  encodeFunctionData,
  type Hash,
  type Hex,
  HttpRequestError,
  keccak256,
  multicall3Abi,
  numberToHex,
  padHex,
  parseAbi,
  parseGwei,
  parseSignature,
  publicActions,
  slice,
  toHex,
  walletActions,
} from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { baseSepolia } from "viem/chains";
import ReceiptVerifier from "../../ignition/modules/ReceiptVerifier.js";
import { developmentAccount, furnishChain, type LocalClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";
import {
  BlockHashMismatchError,
  BlockNotPastError,
  BlockTooOldError,
  LogMissingError,
  LogNotAuthorizationError,
  LogOfOtherTokenError,
  ReceiptNotInBlockError,
} from "../../sdk/src/errors.js";
import {
  authorizedTransferIn,
  authorizedTransferInCall,
  BlockNotAvailableError,
  buildReceiptProof,
  findAuthorizedTransfer,
  findBlockHashSaved,
  HeaderMismatchError,
  type ReceiptProof,
  ReceiptsMismatchError,
  saveBlockHash,
  TransactionNotMinedError,
  TransferNotInTransactionError,
} from "../../sdk/src/receipt-proof/index.js";
import rollupBlock from "../shared/rollupBlock.json" with { type: "json" };

/** A request to a node, and what it says. */
type Request = { method: string; params?: unknown };
type Answer = Record<string, unknown>;

const VALUE = 1_234_567n;
const FOREVER = 2n ** 48n;
/** What EIP-2935 puts there on chains that have it; Hardhat has a contract there that always fails. */
const HISTORY: Address = "0x0000F90827F1C53a10cb7A02335B175320002935";
const HISTORY_CODE: Hex =
  "0x3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";

const { ignition, provider } = await network.create("demo");
const client = clientOf();
const payer = privateKeyToAccount(generatePrivateKey());
const vault = privateKeyToAccount(generatePrivateKey()).address;

await furnishChain(client);
await mintUsdc(client, payer.address, 1_000n * VALUE);
const { verifier } = await ignition.deploy(ReceiptVerifier);
const address = verifier.address;

describe("a proof of a payment that a stranger sent", () => {
  for (const { count, index } of [
    { count: 1, index: 0 },
    { count: 20, index: 7 },
    { count: 200, index: 130 },
  ]) {
    test(`is accepted from place ${index} in a block of ${count}`, async () => {
      const payment = await payAmong(count, index);
      const proof = await buildReceiptProof(client, payment);
      assert.equal(proof.transactionIndex, BigInt(index));
      await client.mine({ blocks: 1 });

      const { timestamp } = await client.getBlock({ blockNumber: payment.blockNumber });
      assert.deepEqual(await authorizedTransferIn(client, { address, proof, token: USDC }), {
        nonce: payment.nonce,
        payer: payer.address,
        recipient: vault,
        timestamp: Number(timestamp),
        value: VALUE,
      });
    });
  }

  test("shows each of two payments in one transaction", async () => {
    const nonces = ["first of two", "second of two"].map(nonceOf) as [Hex, Hex];
    const calls = await Promise.all(nonces.map(authorizationCall));
    const hash = await sendTogether(calls);
    await client.mine({ blocks: 1 });

    const places = nonces.map((nonce) => ({ hash, nonce, payer: payer.address, token: USDC }));
    const proofs = await Promise.all(places.map((place) => buildReceiptProof(client, place)));
    assert.deepEqual(
      proofs.map(({ logIndex }) => logIndex),
      [0n, 2n],
    );
    const transfers = await Promise.all(
      proofs.map((proof) => authorizedTransferIn(client, { address, proof, token: USDC })),
    );
    assert.deepEqual(
      transfers.map(({ nonce }) => nonce),
      nonces,
    );
  });

  test("is refused for the newest block at latest, and accepted at pending", async () => {
    const payment = await payAmong(1, 0);
    const parameters = { address, proof: await buildReceiptProof(client, payment), token: USDC };
    await assert.rejects(authorizedTransferIn(client, parameters), (error) => {
      assert.ok(error instanceof BlockNotPastError);
      assert.deepEqual(error.args, { blockNumber: payment.blockNumber, currentBlock: payment.blockNumber });
      return true;
    });

    const { abi, args, functionName } = authorizedTransferInCall(parameters);
    const { value } = await client.readContract({ abi, address, args, blockTag: "pending", functionName });
    assert.equal(value, VALUE);
  });

  test("is refused when anything in it is changed", async () => {
    const payment = await payAmong(20, 7);
    const proof = await buildReceiptProof(client, payment);
    const other = await buildReceiptProof(client, await payAmong(20, 7));
    await client.mine({ blocks: 1 });

    const changes: [Partial<ReceiptProof>, new (...args: never) => Error][] = [
      [{ nodes: other.nodes }, ReceiptNotInBlockError],
      [{ header: other.header }, ReceiptNotInBlockError],
      [{ transactionIndex: 8n }, ReceiptNotInBlockError],
      [{ nodes: proof.nodes.slice(0, -1) }, ReceiptNotInBlockError],
      [{ nodes: [...proof.nodes, ...proof.nodes.slice(-1)] }, ReceiptNotInBlockError],
      [{ header: `${proof.header.slice(0, -2)}00` as Hex }, BlockHashMismatchError],
      [{ logIndex: 1n }, LogMissingError],
    ];
    for (const [change, ErrorClass] of changes) {
      const parameters = { address, proof: { ...proof, ...change }, token: USDC };
      await assert.rejects(authorizedTransferIn(client, parameters), ErrorClass);
    }
    await assert.rejects(authorizedTransferIn(client, { address, proof, token: vault }), LogOfOtherTokenError);
  });

  test("is refused for an authorization that was canceled in front of another payment", async () => {
    const canceled = nonceOf("canceled");
    const used = nonceOf("behind a cancellation");
    const hash = await sendTogether([await cancellationCall(canceled), await authorizationCall(used)]);
    await client.mine({ blocks: 1 });
    const place = { hash, payer: payer.address, token: USDC };
    await assert.rejects(buildReceiptProof(client, { ...place, nonce: canceled }), TransferNotInTransactionError);

    const proof = await buildReceiptProof(client, { ...place, nonce: used });
    assert.equal(proof.logIndex, 1n);
    await assert.rejects(
      authorizedTransferIn(client, { address, proof: { ...proof, logIndex: 0n }, token: USDC }),
      LogNotAuthorizationError,
    );
  });
});

describe("a block of a rollup", () => {
  test("proves what came as a transaction, and what came as a deposit", async () => {
    const { block, receipts } = rollupBlock;
    const rollup = clientOf(async ({ method, params }) => {
      if (method === "eth_getBlockByHash") return block;
      if (method === "eth_getBlockReceipts") return receipts;
      return receipts.find(({ transactionHash }) => transactionHash === (params as [Hash])[0]);
    });
    const snapshot = await client.snapshot();
    assert.deepEqual(
      receipts.map(({ type }) => type),
      ["0x2", "0x7E"],
    );
    // As if it were a block of this chain.
    await client.mine({ blocks: 300 });
    await placeHistory(BigInt(block.number), block.hash as Hash);

    for (const { logs, transactionHash } of receipts) {
      const [, authorizer, nonce] = (logs[0] ?? assert.fail("no log")).topics as [Hex, Hex, Hex];
      const paid = { hash: transactionHash as Hash, nonce, payer: slice(authorizer, 12), token: USDC };
      const proof = await buildReceiptProof(rollup, paid);
      const transfer = await authorizedTransferIn(client, { address, proof, token: USDC });
      assert.deepEqual([transfer.nonce, transfer.value], [nonce, 5n]);
    }
    await client.revert({ id: snapshot });
  });
});

describe("an older block", () => {
  test("is within reach for 256 blocks, and on as long as its hash was kept", async () => {
    const payment = await payAmong(2, 1);
    const proof = await buildReceiptProof(client, payment);
    const parameters = { address, proof, token: USDC };
    const { blockNumber } = payment;

    await client.mine({ blocks: 255 });
    const { blockNumber: savedIn, logs } = await client.waitForTransactionReceipt({
      hash: await saveBlockHash(client, { address, header: proof.header }),
    });
    assert.equal(savedIn, blockNumber + 256n, "the last block in which the hash is known");
    const blockHash = keccak256(proof.header);
    assert.deepEqual(findBlockHashSaved(logs)?.args, { blockHash, blockNumber });
    await client.mine({ blocks: 300 });
    assert.equal((await authorizedTransferIn(client, parameters)).value, VALUE);
  });

  test("is out of reach from 257 on where the chain keeps no history, and within it for 8,191 where it does", async () => {
    const payment = await payAmong(2, 1);
    const proof = await buildReceiptProof(client, payment);
    const parameters = { address, proof, token: USDC };
    const { blockNumber } = payment;

    await client.mine({ blocks: 257 });
    await assert.rejects(authorizedTransferIn(client, parameters), BlockTooOldError);

    await placeHistory(blockNumber, keccak256(proof.header));
    assert.equal((await authorizedTransferIn(client, parameters)).value, VALUE);

    await client.mine({ blocks: 8191 - 257 });
    assert.equal((await authorizedTransferIn(client, parameters)).value, VALUE);
    await client.mine({ blocks: 1 });
    await assert.rejects(authorizedTransferIn(client, parameters), BlockTooOldError);
  });
});

describe("buildReceiptProof", () => {
  test("asks for all receipts at once where the node can", async () => {
    const payment = await payAmong(20, 7);
    const methods: string[] = [];
    const node = clientOf(async (request, next) => {
      methods.push(request.method);
      if (request.method !== "eth_getBlockReceipts") return next(request);
      const { transactions } = await client.getBlock({ blockNumber: payment.blockNumber });
      return Promise.all(transactions.map((hash) => next({ method: "eth_getTransactionReceipt", params: [hash] })));
    });

    assert.deepEqual(await buildReceiptProof(node, payment), await buildReceiptProof(client, payment));
    assert.deepEqual(methods, ["eth_getTransactionReceipt", "eth_getBlockByHash", "eth_getBlockReceipts"]);
  });

  test("does not take a node's failure for a method that it lacks", async () => {
    const payment = await payAmong(2, 1);
    const node = clientOf(async (request, next) => {
      if (request.method === "eth_getBlockReceipts") throw new HttpRequestError({ url: "http://node" });
      return next(request);
    });

    await assert.rejects(buildReceiptProof(node, payment), HttpRequestError);
  });

  test("says that a transaction is not mined", async () => {
    const payment = await payAmong(1, 0);
    const hash = keccak256("0x");

    await assert.rejects(buildReceiptProof(client, { ...payment, hash }), TransactionNotMinedError);
  });

  test("says that a transaction has no such transfer", async () => {
    const payment = await payAmong(1, 0);
    const stranger = developmentAccount(9).address;

    for (const change of [{ nonce: nonceOf("another") }, { payer: stranger }, { token: stranger }]) {
      await assert.rejects(buildReceiptProof(client, { ...payment, ...change }), TransferNotInTransactionError);
    }
  });

  test("says that a node lacks the block, or one of its receipts", async () => {
    const payment = await payAmong(2, 1);
    const isOther = ({ method, params }: Request) =>
      method === "eth_getTransactionReceipt" && (params as [Hash])[0] !== payment.hash;

    const nodes = [
      clientOf(async (request, next) => (request.method === "eth_getBlockByHash" ? null : next(request))),
      clientOf(async (request, next) => (isOther(request) ? null : next(request))),
    ];
    for (const node of nodes) await assert.rejects(buildReceiptProof(node, payment), BlockNotAvailableError);
  });

  test("refuses a block whose fields do not make its hash", async () => {
    const payment = await payAmong(1, 0);
    const node = clientOf(async (request, next) => {
      const answer = (await next(request)) as Answer;
      return request.method === "eth_getBlockByHash" ? { ...answer, gasUsed: "0x1" } : answer;
    });

    await assert.rejects(buildReceiptProof(node, payment), HeaderMismatchError);
  });

  test("refuses receipts that do not make the block's root", async () => {
    const payment = await payAmong(2, 1);
    const node = clientOf(async (request, next) => {
      const answer = (await next(request)) as Answer;
      return request.method === "eth_getTransactionReceipt" ? { ...answer, cumulativeGasUsed: "0x1" } : answer;
    });

    await assert.rejects(buildReceiptProof(node, payment), ReceiptsMismatchError);
  });
});

describe("findAuthorizedTransfer", () => {
  test("finds the transaction, whoever sent it, in as many requests as it takes", async () => {
    const { blockNumber, hash, nonce, ...place } = await payAmong(2, 1);
    await client.mine({ blocks: 5 });
    const ranges: string[][] = [];
    const node = clientOf(async (request, next) => {
      if (request.method === "eth_getLogs") {
        const [{ fromBlock, toBlock }] = request.params as [Record<"fromBlock" | "toBlock", Hex>];
        ranges.push([fromBlock, toBlock]);
      }
      return next(request);
    });
    const parameters = { ...place, blocksPerRequest: 3n, nonce, vault };

    const fromBlock = blockNumber - 4n;
    const toBlock = blockNumber + 5n;
    assert.equal(await findAuthorizedTransfer(node, { ...parameters, fromBlock, toBlock }), hash);
    const first = [fromBlock, fromBlock + 2n].map((number) => numberToHex(number));
    const second = [fromBlock + 3n, fromBlock + 5n].map((number) => numberToHex(number));
    assert.deepEqual(ranges, [first, second]);
  });

  test("looks into both blocks that bound it, and into no others", async () => {
    const { blockNumber, hash, ...place } = await payAmong(2, 1);
    await client.mine({ blocks: 5 });
    const find = (fromBlock: bigint, toBlock: bigint) =>
      findAuthorizedTransfer(client, { ...place, fromBlock, toBlock, vault });

    assert.equal(await find(blockNumber, blockNumber), hash);
    assert.equal(await find(blockNumber - 3n, blockNumber - 1n), undefined);
    assert.equal(await find(blockNumber + 1n, blockNumber + 5n), undefined);
    assert.equal(await find(blockNumber, blockNumber - 1n), undefined);
  });

  test("does not find what was paid to another, or never", async () => {
    const { blockNumber, hash, ...place } = await payAmong(1, 0);
    const bounds = { fromBlock: blockNumber, toBlock: blockNumber };
    const other = developmentAccount(9).address;

    assert.equal(await findAuthorizedTransfer(client, { ...place, ...bounds, vault: other }), undefined);
    const nonce = nonceOf("never");
    assert.equal(await findAuthorizedTransfer(client, { ...place, ...bounds, nonce, vault }), undefined);
  });
});

/* CHAIN */

type Payment = { blockNumber: bigint; hash: Hash; nonce: Hex; payer: Address; token: Address };

let payments = 0;

/** Has a stranger send a payment straight to the token, as transaction `index` of `count` of all kinds in one block. */
async function payAmong(count: number, index: number): Promise<Payment> {
  const nonce = nonceOf(`payment ${payments++}`);
  const { callData: data, target: to } = await authorizationCall(nonce);
  const first = await client.getTransactionCount({ address: client.account.address });
  await client.setAutomine(false);
  const hashes: Hash[] = [];
  for (let i = 0; i < count; i++) {
    const common = { chain: client.chain, gas: 200_000n, nonce: first + i };
    const call = i === index ? { ...common, data, to } : { ...common, to: developmentAccount(8).address, value: 1n };
    hashes.push(await client.sendTransaction(await ofKind(i, call)));
  }
  await client.mine({ blocks: 1 });
  await client.setAutomine(true);

  const { transactions, number } = await client.getBlock();
  assert.deepEqual(transactions, hashes, "all in one block");
  return { blockNumber: number, hash: hashes[index] as Hash, nonce, payer: payer.address, token: USDC };
}

/** Without a type, with an access list, with EIP-1559 fees, with an EIP-7702 authorization, in turns. */
async function ofKind<Call extends { nonce: number }>(i: number, call: Call) {
  const fees = { maxFeePerGas: parseGwei("2"), maxPriorityFeePerGas: parseGwei("1") };
  if (i % 4 === 0) return { ...call, ...fees, type: "eip1559" } as const;
  if (i % 4 === 1) return { ...call, gasPrice: parseGwei("2"), type: "legacy" } as const;
  if (i % 4 === 2) return { ...call, accessList: [], gasPrice: parseGwei("2"), type: "eip2930" } as const;
  // The authority's nonce is not the next one: the authorization is skipped, and the receipt is of type 4 all the same.
  const authorization = await client.signAuthorization({ chainId: 0, contractAddress: USDC, nonce: 1_000_000 });
  return { ...call, ...fees, authorizationList: [authorization], type: "eip7702" } as const;
}

/** Gives the chain the history that EIP-2935 keeps, with one block in it. */
async function placeHistory(blockNumber: bigint, blockHash: Hash): Promise<void> {
  const index = padHex(numberToHex(blockNumber % 8191n), { size: 32 });
  await client.setCode({ address: HISTORY, bytecode: HISTORY_CODE });
  await client.setStorageAt({ address: HISTORY, index, value: blockHash });
}

type TokenCall = { callData: Hex; target: Address };

const multicall: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** One transaction with several calls of the token. */
async function sendTogether(calls: readonly TokenCall[]): Promise<Hash> {
  const args = [calls.map((call) => ({ ...call, allowFailure: false }))] as const;
  return client.writeContract({ abi: multicall3Abi, address: multicall, args, functionName: "aggregate3" });
}

const domain = { chainId: client.chain.id, name: "USDC", verifyingContract: USDC, version: "2" };

/** The payer's authorization to the vault, ready to be sent by anybody. */
async function authorizationCall(nonce: Hex): Promise<TokenCall> {
  const message = { from: payer.address, nonce, to: vault, validAfter: 0n, validBefore: FOREVER, value: VALUE };
  const signature = await payer.signTypedData({
    domain,
    message,
    primaryType: "TransferWithAuthorization",
    types: authorizationTypes,
  });
  const callData = encodeFunctionData({
    abi: eip3009ABI,
    args: [payer.address, vault, VALUE, 0n, FOREVER, nonce, signature],
    functionName: "transferWithAuthorization",
  });
  return { callData, target: USDC };
}

async function cancellationCall(nonce: Hex): Promise<TokenCall> {
  const signature = await payer.signTypedData({
    domain,
    message: { authorizer: payer.address, nonce },
    primaryType: "CancelAuthorization",
    types: {
      CancelAuthorization: [
        { name: "authorizer", type: "address" },
        { name: "nonce", type: "bytes32" },
      ],
    },
  });
  const { r, s, yParity } = parseSignature(signature);
  const callData = encodeFunctionData({
    abi: parseAbi(["function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s)"]),
    args: [payer.address, nonce, 27 + yParity, r, s],
  });
  return { callData, target: USDC };
}

function nonceOf(name: string): Hex {
  return toHex(name, { size: 32 });
}

/** A client of the chain in this process, or of a node that answers what `answer` makes of the chain's answers. */
function clientOf(answer?: (request: Request, next: (request: Request) => Promise<unknown>) => Promise<unknown>) {
  const next = (request: Request) => provider.request(request as Parameters<typeof provider.request>[0]);
  const request = (request: Request) => (answer ? answer(request, next) : next(request));
  return createTestClient({
    account: developmentAccount(0),
    cacheTime: 0,
    chain: baseSepolia,
    mode: "hardhat",
    transport: custom({ request }, { retryCount: 0 }),
  })
    .extend(publicActions)
    .extend(walletActions) as unknown as LocalClient;
}
