import { type Hash, type Hex, numberToHex, toRlp } from "viem";

/** What of a block, as `eth_getBlockByHash` gives it, is needed to prove its receipts. */
export type HeaderSource = { hash: Hash; receiptsRoot: Hex; transactions: readonly Hash[] } & Readonly<
  Partial<Record<(typeof FIELDS)[number][0], Hex>>
>;

/** The fields of a header in their order; later ones came with upgrades, and old blocks do not have them. */
const FIELDS = [
  ["parentHash", "data"],
  ["sha3Uncles", "data"],
  ["miner", "data"],
  ["stateRoot", "data"],
  ["transactionsRoot", "data"],
  ["receiptsRoot", "data"],
  ["logsBloom", "data"],
  ["difficulty", "quantity"],
  ["number", "quantity"],
  ["gasLimit", "quantity"],
  ["gasUsed", "quantity"],
  ["timestamp", "quantity"],
  ["extraData", "data"],
  ["mixHash", "data"],
  ["nonce", "data"],
  ["baseFeePerGas", "quantity"], // London
  ["withdrawalsRoot", "data"], // Shanghai
  ["blobGasUsed", "quantity"], // Cancun
  ["excessBlobGas", "quantity"],
  ["parentBeaconBlockRoot", "data"],
  ["requestsHash", "data"], // Prague
  ["blockAccessListHash", "data"], // Amsterdam
] as const;

/** The RLP-encoded header of a block. Whether it is complete, its hash tells. */
export function encodeHeader(block: HeaderSource): Hex {
  const fields = FIELDS.flatMap(([name, form]) => {
    const value = block[name];
    if (value === undefined || value === null) return [];
    return form === "data" ? value : encodeQuantity(value);
  });
  return toRlp(fields);
}

/** Numbers have no leading zeros in RLP, and zero has no bytes. */
export function encodeQuantity(value: Hex): Hex {
  const number = BigInt(value);
  return number === 0n ? "0x" : numberToHex(number);
}
