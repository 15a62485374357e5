import {
  type EnumModel,
  type Field,
  type SolidityType,
  type StructModel,
  uniqueByName,
  type ValueTypeModel,
} from "../contract-model.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import type { SdkContract } from "./sdk-contract.js";

/** Structs, enums and ids that functions take or return. */
export function renderTypes(contracts: readonly SdkContract[]): string {
  const declarations = typesInUse(contracts);
  const rendered = declarations.map((declaration) => {
    if ("base" in declaration) return renderValueType(declaration);
    return "members" in declaration ? renderEnum(declaration) : renderStruct(declaration);
  });
  const usesHex = /\bHex\b/.test(rendered.join());
  const usesAddress = /\bAddress\b/.test(rendered.join());
  const names = [...(usesAddress ? ["type Address"] : []), ...(usesHex ? ["type Hex"] : [])];
  return file(
    declarations.map(({ source }) => source),
    { viem: names },
    rendered.join("\n\n"),
  );
}

type Declaration = StructModel | EnumModel | ValueTypeModel;

function typesInUse(contracts: readonly SdkContract[]): Declaration[] {
  const all: Declaration[] = uniqueByName<Declaration>(
    contracts.flatMap(({ structs, enums, valueTypes }) => [...structs, ...enums, ...valueTypes]),
  );
  const byName = new Map(all.map((declaration) => [declaration.name, declaration]));
  const used = new Set<string>();
  const use = (type: SolidityType): void => {
    if (type.kind === "elementary") return;
    if (type.kind === "array") {
      use(type.of);
      return;
    }
    if (used.has(type.name)) return;
    used.add(type.name);
    const declaration = byName.get(type.name);
    if (!declaration) throw new Error(`${type.name} is used, but declared nowhere in contracts/.`);
    if ("fields" in declaration) for (const field of declaration.fields) use(field.type);
  };
  for (const { errors, functions } of contracts) {
    const fields = [
      ...functions.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
      ...errors.flatMap((error) => error.fields),
    ];
    for (const { type } of fields) use(type);
  }
  return all.filter(({ name }) => used.has(name));
}

function renderStruct({ doc, fields, name }: StructModel): string {
  return `${jsDoc([doc.notice, doc.dev])}export type ${name} = {\n${renderFields(fields)}};`;
}

/** The lines of an object type. */
export function renderFields(fields: readonly Field[]): string {
  return fields.map(({ doc, name, type }) => `${jsDoc([doc])}${name}: ${typeScriptType(type)};\n`).join("");
}

function renderEnum({ doc, members, name }: EnumModel): string {
  const entries = members.map((member, i) => `${jsDoc([member.doc])}${member.name}: ${i},`);
  return `${jsDoc([doc.notice, doc.dev])}export const ${name} = {\n${entries.join("\n")}\n} as const;

export type ${name} = (typeof ${name})[keyof typeof ${name}];`;
}

function renderValueType({ base, doc, name }: ValueTypeModel): string {
  return `${jsDoc([doc.notice, doc.dev])}export type ${name} = ${typeScriptType({ kind: "elementary", name: base })};`;
}

/** As viem maps them: up to 48 bits a number, above a bigint. */
export function typeScriptType(type: SolidityType): string {
  if (type.kind === "array") return `readonly ${typeScriptType(type.of)}[]`;
  if (type.kind !== "elementary") return type.name;
  const [, bits] = /^u?int(\d+)$/.exec(type.name) ?? [];
  if (bits !== undefined) return Number(bits) <= 48 ? "number" : "bigint";
  if (type.name === "bool") return "boolean";
  if (type.name === "string") return "string";
  if (type.name.startsWith("bytes")) return "Hex";
  if (type.name.startsWith("address")) return "Address";
  throw new Error(`The generator does not know the type ${type.name}.`);
}

/** What a type needs imported, from viem and from the generated types. */
export function namesIn(types: readonly SolidityType[]): { viem: string[]; types: string[] } {
  const names: { viem: string[]; types: string[] } = { types: [], viem: [] };
  for (const type of types) {
    const inner = type.kind === "array" ? type.of : type;
    const name = typeScriptType(inner);
    if (name === "Hex" || name === "Address") names.viem.push(`type ${name}`);
    else if (inner.kind !== "elementary" && inner.kind !== "array") names.types.push(`type ${name}`);
  }
  return names;
}
