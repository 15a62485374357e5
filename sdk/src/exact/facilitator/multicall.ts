import { type Address, encodeFunctionData, multicall3Abi } from "viem";
import type { ContractCall } from "./submitter.js";

/** Multicall3 (https://www.multicall3.com) has this address wherever it is. It owns nothing and is nobody. */
export const MULTICALL3: Address = "0xcA11bde05977b3631167028862bE2a173976CA11";

/** Several calls in one transaction: all of them, but for those that may fail. */
export function inOneTransaction(...calls: (ContractCall & { allowFailure: boolean })[]): ContractCall {
  const args = [calls.map(({ allowFailure, data, to }) => ({ target: to, allowFailure, callData: data }))] as const;
  return { to: MULTICALL3, data: encodeFunctionData({ abi: multicall3Abi, args, functionName: "aggregate3" }) };
}
