import { type Address, concatHex, type Hash, type Hex, numberToHex, toRlp } from "viem";
import { encodeQuantity } from "./encodeHeader.js";

/** A log, as a node gives it. */
export type LogSource = { address: Address; topics: readonly Hex[]; data: Hex };

/** What of a receipt, as `eth_getTransactionReceipt` gives it, its encoding is made of. */
export type ReceiptSource = {
  blockHash: Hash;
  cumulativeGasUsed: Hex;
  logs: readonly LogSource[];
  logsBloom: Hex;
  status: Hex;
  transactionIndex: Hex;
  /** Left out by old nodes, for transactions without a type. */
  type?: Hex;
  /** Of deposits of rollups on the OP stack. */
  depositNonce?: Hex | null;
  depositReceiptVersion?: Hex | null;
};

/** A receipt, as it stands in the trie of its block. */
export function encodeReceipt(receipt: ReceiptSource): Hex {
  const { cumulativeGasUsed, logs, logsBloom, status, type = "0x0" } = receipt;
  const body = toRlp([
    encodeQuantity(status),
    encodeQuantity(cumulativeGasUsed),
    logsBloom,
    logs.map(({ address, data, topics }) => [address, [...topics], data]),
    ...depositFields(receipt),
  ]);
  const number = BigInt(type);
  return number === 0n ? body : concatHex([numberToHex(number, { size: 1 }), body]);
}

/** The nonce was told before it was part of the encoding: only the version says that it is. */
function depositFields({ depositNonce, depositReceiptVersion }: ReceiptSource): Hex[] {
  return depositNonce && depositReceiptVersion
    ? [encodeQuantity(depositNonce), encodeQuantity(depositReceiptVersion)]
    : [];
}
