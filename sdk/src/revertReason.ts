import { decodeErrorResult, type Hex } from "viem";

/** Revert data of a contract that we do not know, as text where it is `Error(string)` or `Panic(uint256)`. */
export function revertReason(data: Hex): string {
  if (data === "0x") return "no reason given";
  try {
    const { args, errorName } = decodeErrorResult({ data });
    return errorName === "Error" ? String(args?.[0]) : `${errorName}(${args?.join(", ")})`;
  } catch {
    return data;
  }
}
