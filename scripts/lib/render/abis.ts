import type { AbiEvent, AbiParameter } from "viem";
import { type ContractModel, uniqueByName } from "../contract-model.js";
import { camelCase } from "../names.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import { type AbiErrorItem, errorItems, type SdkContract, sdkAbi } from "./sdk-contract.js";

/** One constant an ABI, one for all errors, one for a token's events, and one for each struct that the SDK encodes by itself. */
export function renderAbis(
  contracts: readonly SdkContract[],
  encodedStructs: readonly string[],
  tokenEvents: readonly AbiEvent[],
): string {
  const abis = contracts.map((contract) =>
    constant(`${camelCase(contract.name)}Abi`, abiDoc(contract), sdkAbi(contract)),
  );
  const errors = constant("errorsAbi", "Every error that a contract of ours can answer with.", allErrors(contracts));
  const events = constant(
    "tokenEventsAbi",
    "What a token with EIP-3009 logs when an authorization is used.",
    tokenEvents,
  );
  const structs = encodedStructs.map((name) =>
    constant(`${camelCase(name)}Parameters`, `What \`abi.encode\` takes for \`${name}\`.`, [
      structParameter(contracts, name),
    ]),
  );
  return file(
    contracts.map(({ source }) => source),
    {},
    [...abis, errors, events, ...structs].join("\n\n"),
  );
}

function abiDoc({ callees, name }: SdkContract): string {
  const bubbling = callees.map((callee) => callee.name).join(" and ");
  return `The ABI of ${name}.${bubbling === "" ? "" : ` With the errors of ${bubbling}, which it calls.`}`;
}

/** Without `internalType`, which nothing reads at run time, so that it costs no bytes. */
function constant(name: string, doc: string, value: readonly unknown[]): string {
  const literal = JSON.stringify(value, (key, item) => (key === "internalType" ? undefined : item));
  return `${jsDoc([doc])}export const ${name} = ${literal} as const;`;
}

function structParameter(contracts: readonly SdkContract[], name: string): AbiParameter {
  const parameter = contracts
    .flatMap(({ abi }) => abi.flatMap((item) => (item.type === "function" ? [...item.inputs, ...item.outputs] : [])))
    .find(({ internalType }) => internalType === `struct ${name}`);
  if (!parameter) throw new Error(`No function takes or returns ${name}.`);
  return parameter;
}

function allErrors(contracts: readonly ContractModel[]): AbiErrorItem[] {
  return uniqueByName(contracts.flatMap(({ abi }) => errorItems(abi)));
}
