import { decodeErrorResult, type Hex, isHex } from "viem";
import { errorsAbi } from "./generated/abis.js";
import { type ContractError, contractErrors } from "./generated/errors.js";
import { type CauseOption, RecourseError } from "./RecourseError.js";

/**
 * The typed error behind `error`, or `undefined` when no contract of ours reverted.
 *
 * @param error What viem or ethers threw, or the revert data itself.
 */
export function contractErrorFrom(error: unknown): ContractError | undefined {
  const known = causesOf(error).find(isContractError);
  if (known) return known;
  for (const data of revertDataOf(error)) {
    const decoded = decode(data);
    if (!decoded) continue;
    const { args, name } = decoded;
    // One map holds classes of different arguments; name and arguments come from the same entry of the ABI.
    const ErrorClass = contractErrors[name] as new (args: unknown, options: CauseOption) => ContractError;
    return new ErrorClass(args, isHex(error) ? {} : { cause: error });
  }
  return undefined;
}

/** Lets `call` fail with the contract's typed error where there is one. */
export async function withContractErrors<Result>(call: Promise<Result>): Promise<Result> {
  try {
    return await call;
  } catch (error) {
    throw contractErrorFrom(error) ?? error;
  }
}

function isContractError(error: unknown): error is ContractError {
  return error instanceof RecourseError && "contractError" in error;
}

function decode(data: Hex) {
  try {
    const { abiItem, args, errorName } = decodeErrorResult({ abi: errorsAbi, data });
    const inputs = "inputs" in abiItem ? abiItem.inputs : [];
    const values: readonly unknown[] = args ?? [];
    if (!(errorName in contractErrors)) return undefined;
    return {
      args: Object.fromEntries(inputs.map(({ name }, i) => [name, values[i]])),
      name: errorName as keyof typeof contractErrors,
    };
  } catch {
    // Not the data of one of our errors.
    return undefined;
  }
}

/** viem keeps revert data in `raw` or `data`, ethers in `data`, and some nodes one level deeper. */
function revertDataOf(error: unknown): Hex[] {
  return causesOf(error)
    .flatMap((cause) => (isObject(cause) ? [cause.raw, cause.data, isObject(cause.data) && cause.data.data] : [cause]))
    .filter((data): data is Hex => isHex(data) && data.length >= 10);
}

function causesOf(error: unknown): unknown[] {
  const causes: unknown[] = [];
  for (let cause = error; cause !== undefined && !causes.includes(cause); ) {
    causes.push(cause);
    cause = isObject(cause) ? (cause.cause ?? cause.error) : undefined;
  }
  return causes;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
