import { type Address, type Client, numberToHex, padHex } from "viem";
import { call, getBlock } from "viem/actions";

/** Where EIP-2935 keeps the hashes of past blocks. */
const HISTORY: Address = "0x0000F90827F1C53a10cb7A02335B175320002935";

/**
 * How many blocks a receipt can be proven for: 8,191 where the chain keeps its history (EIP-2935), else 256. A hash that
 * was kept by `saveBlockHash` is known for good.
 */
export async function blockHashHorizon(client: Client): Promise<bigint> {
  const { number, parentHash } = await getBlock(client);
  if (number === 0n) return 256n;
  const data = padHex(numberToHex(number - 1n), { size: 32 });
  const { data: kept } = await call(client, { blockNumber: number, data, to: HISTORY }).catch(() => ({
    data: undefined,
  }));
  return kept === parentHash ? 8_191n : 256n;
}
