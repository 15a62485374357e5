import { type Address, concatHex, encodeErrorResult, type Hex, numberToHex, parseAbi, size } from "viem";

const RETURN = "f3";
const REVERT = "fd";

/** Code of what says that it is a plan: it tells a price of so much of a token a period, and nothing else. */
export function planCode({ price, token }: { price: bigint; token: Address }): Hex {
  const words: Readonly<Record<number, bigint>> = { 5: BigInt(token), 6: price };
  return answering(
    concatHex(Array.from({ length: 14 }, (_, at) => numberToHex(words[at] ?? 0n, { size: 32 }))),
    RETURN,
  );
}

/** Code of what sends whoever asks it to a server (EIP-3668). */
export function offchainCode({ address, url }: { address: Address; url: string }): Hex {
  const lookup = encodeErrorResult({
    abi: parseAbi(["error OffchainLookup(address, string[], bytes, bytes4, bytes)"]),
    args: [address, [url], "0x", "0x00000000", "0x"],
  });
  return answering(lookup, REVERT);
}

/** Code that ends in this way with these bytes, whatever it is asked. */
function answering(data: Hex, how: string): Hex {
  return concatHex(["0x61", numberToHex(size(data), { size: 2 }), `0x80600a5f395f${how}`, data]);
}
