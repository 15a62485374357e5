import type { Abi } from "viem";
import { type ContractModel, type ErrorModel, uniqueByName } from "../contract-model.js";

/** The model of a contract, with the contracts whose errors and events reach its callers. */
export type SdkContract = ContractModel & {
  /** What `address` is in the actions: "The vault." */
  addressDoc: string;
  callees: readonly ContractModel[];
};

export type AbiErrorItem = Extract<Abi[number], { type: "error" }>;

/** The contract's ABI, and the errors of its callees. */
export function sdkAbi({ abi, callees }: SdkContract): Abi {
  const known = new Set(abi.map((item) => ("name" in item ? item.name : "")));
  const errors = uniqueByName(callees.flatMap((callee) => errorItems(callee.abi)));
  return [...abi, ...errors.filter(({ name }) => !known.has(name))];
}

export function errorItems(abi: Abi): AbiErrorItem[] {
  return abi.filter((item) => item.type === "error");
}

/** All errors that callers of these contracts can meet, each once. */
export function errorsOf(contracts: readonly SdkContract[]): ErrorModel[] {
  return uniqueByName(
    contracts.flatMap(({ callees, errors }) => [...errors, ...callees.flatMap((callee) => callee.errors)]),
  );
}
