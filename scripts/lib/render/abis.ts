import type { Abi } from "viem";
import { type ContractModel, uniqueByName } from "../contract-model.js";
import { camelCase } from "../names.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import { type AbiErrorItem, errorItems, type SdkContract, sdkAbi } from "./sdk-contract.js";

/** One constant an ABI; the errors of callees are among them, because they bubble. */
export function renderAbis(contracts: readonly SdkContract[]): string {
  const abis = contracts.map((contract) => {
    const { callees, name } = contract;
    const reach =
      callees.length === 0
        ? ""
        : ` With the errors of ${callees.map((callee) => callee.name).join(" and ")}, which it calls.`;
    return `${jsDoc([`The ABI of ${name}.${reach}`])}export const ${camelCase(name)}Abi = ${abiLiteral(sdkAbi(contract))};`;
  });
  const errors = `${jsDoc(["Every error that a contract of ours can answer with."])}export const errorsAbi = ${abiLiteral(allErrors(contracts))};`;
  return file(
    contracts.map(({ source }) => source),
    {},
    [...abis, errors].join("\n\n"),
  );
}

function allErrors(contracts: readonly ContractModel[]): AbiErrorItem[] {
  return uniqueByName(contracts.flatMap(({ abi }) => errorItems(abi)));
}

/** Without `internalType`, which nothing reads at run time, so that it costs no bytes. */
function abiLiteral(abi: Abi): string {
  return `${JSON.stringify(abi, (key, value) => (key === "internalType" ? undefined : value))} as const`;
}
