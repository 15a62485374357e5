import pLimit from "p-limit";
import { type Client, type Hash, MethodNotFoundRpcError, MethodNotSupportedRpcError } from "viem";
import type { HeaderSource } from "./encodeHeader.js";
import type { ReceiptSource } from "./encodeReceipt.js";
import { BlockNotAvailableError } from "./errors.js";

/** So many requests at once are what public nodes put up with. */
const CONCURRENCY = 8;

/** The receipts of all transactions of a block, in their order. Not every node gives them in one answer. */
export async function receiptsOf(
  client: Client,
  { hash, transactions }: Pick<HeaderSource, "hash" | "transactions">,
): Promise<readonly ReceiptSource[]> {
  const together = await receiptsTogether(client, hash);
  if (together) return together;

  const limit = pLimit(CONCURRENCY);
  return limit.map(transactions, async (transaction) => {
    const receipt = await receiptOf(client, transaction);
    if (!receipt) throw new BlockNotAvailableError(hash);
    return receipt;
  });
}

async function receiptsTogether(client: Client, blockHash: Hash): Promise<readonly ReceiptSource[] | null> {
  try {
    return await request<readonly ReceiptSource[] | null>(client, "eth_getBlockReceipts", [blockHash]);
  } catch (error) {
    if (error instanceof MethodNotFoundRpcError || error instanceof MethodNotSupportedRpcError) return null;
    throw error;
  }
}

/** One receipt, or null when the transaction is not mined. */
export function receiptOf(client: Client, transaction: Hash): Promise<ReceiptSource | null> {
  return request(client, "eth_getTransactionReceipt", [transaction]);
}

/** A block without its transactions' contents, or null when the node does not have it. */
export function blockOf(client: Client, blockHash: Hash): Promise<HeaderSource | null> {
  return request(client, "eth_getBlockByHash", [blockHash, false]);
}

/** The node's own answer: viem's actions leave out, or change, what the encodings need. */
function request<Answer>(client: Client, method: string, params: readonly unknown[]): Promise<Answer> {
  const send = client.request as (args: { method: string; params: readonly unknown[] }) => Promise<unknown>;
  return send({ method, params }) as Promise<Answer>;
}
