import { numberToHex } from "viem";
import type { CanonicalContract } from "../canonical.js";
import { type ConstantModel, uniqueByName } from "../contract-model.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import type { SdkContract } from "./sdk-contract.js";
import { typeScriptType } from "./types.js";

/** Where the canonical contracts are, on every chain. */
export function renderAddresses(contracts: readonly CanonicalContract[]): string {
  const kinds = [...new Set(contracts.map(({ kind }) => kind))];
  const entries = kinds.map((kind) => {
    const roles = contracts
      .filter((contract) => contract.kind === kind)
      .map(({ address, role }) => `${role}: "${address}",`);
    return `"${kind}": {\n${roles.join("\n")}\n},`;
  });
  const vaultKinds = contracts.filter(({ contract }) => contract === "VaultFactory").map(({ kind }) => `"${kind}"`);
  return file(
    ["deployments/canonical.json"],
    {},
    `/** The canonical contracts, by what they are for: each kind of vault, what vaults use, and accounts. The same on every chain. */
export const addresses = {
${entries.join("\n")}
} as const;

/** A kind of vault, as \`extra.recourse.kind\` names it. */
export type VaultKind = ${vaultKinds.join(" | ")};`,
  );
}

/** The bounds that contracts check, under the names they have there. */
export function renderConstants(contracts: readonly SdkContract[], names: readonly string[]): string {
  const all = uniqueByName(contracts.flatMap(({ constants }) => constants.filter(({ name }) => names.includes(name))));
  const missing = names.find((name) => !all.some((constant) => constant.name === name));
  if (missing) throw new Error(`There is no constant ${missing} with a plain value.`);
  return file(
    all.map(({ source }) => source),
    {},
    all.map(renderConstant).join("\n\n"),
  );
}

function renderConstant({ doc, name, source, type, value }: ConstantModel): string {
  return `${jsDoc([doc.dev || doc.notice, `\`${name}\` of ${source}.`])}export const ${name} = ${constantLiteral(type, value)};`;
}

function constantLiteral(type: string, value: bigint): string {
  if (type === "bytes32") return `"${numberToHex(value, { size: 32 })}"`;
  const digits = value.toString().replace(/\B(?=(\d{3})+$)/g, "_");
  return typeScriptType({ kind: "elementary", name: type }) === "bigint" ? `${digits}n` : digits;
}
