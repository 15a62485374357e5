import { createMerkleProof, createMPT } from "@ethereumjs/mpt";
import { bytesToHex, type Client, type Hash, type Hex, hexToBytes, keccak256, numberToHex, toRlp } from "viem";
import type { ReceiptProof } from "../generated/types.js";
import { encodeHeader, encodeQuantity } from "./encodeHeader.js";
import { encodeReceipt } from "./encodeReceipt.js";
import {
  BlockNotAvailableError,
  HeaderMismatchError,
  ReceiptsMismatchError,
  TransactionNotMinedError,
  TransferNotInTransactionError,
} from "./errors.js";
import { blockOf, receiptOf, receiptsOf } from "./receiptsOf.js";
import { type AuthorizationPlace, transferIndex } from "./transferIndex.js";

/**
 * Collects from a node what proves, on the same chain, that a payer's authorization was used and what it moved. What the
 * node says is checked against the block's own hash, so a proof that comes back is right for that block.
 *
 * A contract knows the hash of a block from the next one on: simulate against `pending`, or wait for a block.
 *
 * @throws {TransactionNotMinedError} when the transaction has no receipt.
 * @throws {TransferNotInTransactionError} when it did not use this authorization, or no transfer came of it.
 * @throws {BlockNotAvailableError} when the node does not have the whole block.
 * @throws {HeaderMismatchError} when the fields of the block do not make its hash.
 * @throws {ReceiptsMismatchError} when its receipts do not make the root in its header.
 */
export async function buildReceiptProof(
  client: Client,
  { hash, ...place }: buildReceiptProof.Parameters,
): Promise<ReceiptProof> {
  const receipt = await receiptOf(client, hash);
  if (!receipt) throw new TransactionNotMinedError(hash);
  const logIndex = transferIndex(receipt.logs, place);
  if (logIndex === undefined) throw new TransferNotInTransactionError(hash, place);

  const { blockHash } = receipt;
  const block = await blockOf(client, blockHash);
  if (!block) throw new BlockNotAvailableError(blockHash);
  const header = encodeHeader(block);
  const headerHash = keccak256(header);
  if (headerHash !== blockHash) throw new HeaderMismatchError({ blockHash, headerHash });

  const receipts = await receiptsOf(client, block);
  const transactionIndex = BigInt(receipt.transactionIndex);
  const { nodes, root } = await proveReceipt(receipts.map(encodeReceipt), transactionIndex);
  const { receiptsRoot } = block;
  if (root !== receiptsRoot) throw new ReceiptsMismatchError({ blockHash, receiptsRoot, root });

  return { header, logIndex: BigInt(logIndex), nodes, transactionIndex };
}

export declare namespace buildReceiptProof {
  type Parameters = AuthorizationPlace & {
    /** The transaction. `findAuthorizedTransfer` finds it. */
    hash: Hash;
  };
}

async function proveReceipt(receipts: readonly Hex[], index: bigint): Promise<{ nodes: Hex[]; root: Hex }> {
  const trie = await createMPT();
  for (const [i, receipt] of receipts.entries()) await trie.put(keyOf(BigInt(i)), hexToBytes(receipt));
  const nodes = await createMerkleProof(trie, keyOf(index));
  return { nodes: nodes.map((node) => bytesToHex(node)), root: bytesToHex(trie.root()) };
}

function keyOf(index: bigint): Uint8Array {
  return toRlp(encodeQuantity(numberToHex(index)), "bytes");
}
