import { findDefaultAsset, getDefaultAsset } from "@x402/evm";
import { type Address, ContractFunctionExecutionError, erc20Abi, getAddress } from "viem";
import { readContract } from "viem/actions";
import type { Reader } from "./connection.js";
import { CommandError, UsageError } from "./errors.js";
import type { TokenFormat } from "./format.js";

export type Token = TokenFormat & { address: Address };

/** The token that the official packages take for `"$…"` on this chain. */
export function defaultTokenOf(chainId: number): Address {
  try {
    return getAddress(getDefaultAsset(`eip155:${chainId}`).asset);
  } catch {
    throw new UsageError(`No dollar is known on chain ${chainId}.`, { next: "Name the token's address by `--token`." });
  }
}

/** How amounts of the token at `address` are written, as the chain says. */
export async function readToken(client: Reader, address: Address): Promise<Token> {
  try {
    const [symbol, decimals] = await Promise.all([
      readContract(client, { abi: erc20Abi, address, functionName: "symbol" }),
      readContract(client, { abi: erc20Abi, address, functionName: "decimals" }),
    ]);
    // Whoever made the token chose its symbol: nothing of it may steer a terminal.
    const printable = symbol.replace(/\p{C}/gu, "").trim();
    const isDollar = findDefaultAsset(address, `eip155:${client.chain.id}`) !== undefined;
    return { address, symbol: printable || address, decimals, isDollar };
  } catch (cause) {
    if (!(cause instanceof ContractFunctionExecutionError)) throw cause;
    throw new CommandError(`There is no token at ${address} on ${client.chain.name}.`, {
      cause,
      next: "Check the address, and the chain that the node is of.",
    });
  }
}
