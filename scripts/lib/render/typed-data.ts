import type { ContractModel, SolidityType, StructModel } from "../contract-model.js";
import { camelCase } from "../names.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import type { SdkContract } from "./sdk-contract.js";

/** EIP-712 domains, and one function a message. `typeStrings` are those of the contracts, and must be the same. */
export function renderTypedData(contracts: readonly SdkContract[], typeStrings: readonly string[]): string {
  const messages = signedMessages(contracts);
  const hashed = new Map(
    messages.flatMap(({ nested, struct }) => [...nested, struct].map((each) => [each.name, each])),
  );
  const structs = [...hashed.values()];
  for (const struct of structs) {
    const expected = encodeType(struct, structs);
    if (!typeStrings.includes(expected))
      throw new Error(`The contracts hash ${struct.name} by another type than ${expected}.`);
  }
  if (typeStrings.length !== structs.length)
    throw new Error("The contracts have type strings of structs that nobody signs.");

  const signing = contracts.flatMap(({ eip712, name, source }) => (eip712 ? [{ eip712, name, source }] : []));
  // What several contracts take is signed for any of them: those are the vaults.
  const vaults = new Set(messages.flatMap(({ contracts }) => (contracts.length > 1 ? contracts : [])));
  const domainTypes = signing
    .filter(({ name }) => vaults.has(name))
    .map(({ name }) => `ReturnType<typeof ${camelCase(name)}Domain>`);
  return file(
    [...signing.map(({ source }) => source), ...structs.map(({ source }) => source)],
    { viem: ["type Address"], "./types.js": messages.map(({ struct }) => `type ${struct.name}`) },
    [
      `${jsDoc(["One vault, or one account, on one chain."])}export type VerifyingContract = {
        /** The vault or account. */
        address: Address;
        chainId: number;
      };`,
      ...signing.map(({ eip712, name }) => renderDomain(name, eip712)),
      `/** The EIP-712 domain of a vault of any kind. */
export type VaultDomain = ${domainTypes.join(" | ")};`,
      ...messages.map(renderMessage),
    ].join("\n\n"),
  );
}

type SignedMessage = {
  struct: StructModel;
  /** Structs inside it. */
  nested: StructModel[];
  /** Whose vaults take it. */
  contracts: string[];
};

/** Structs that a contract with an EIP-712 domain takes as a message: with its signatures, or to tell its digest. */
function signedMessages(contracts: readonly ContractModel[]): SignedMessage[] {
  const messages = new Map<string, SignedMessage>();
  for (const contract of contracts.filter(({ eip712 }) => eip712)) {
    for (const struct of signedStructs(contract)) {
      const known = messages.get(struct.name);
      if (known) known.contracts = [...new Set([...known.contracts, contract.name])];
      else messages.set(struct.name, { contracts: [contract.name], nested: nestedIn(struct, contract), struct });
    }
  }
  return [...messages.values()];
}

function signedStructs({ functions, structs }: ContractModel): StructModel[] {
  return functions
    .flatMap(({ inputs }) =>
      inputs.flatMap(({ name, type }) => (name === "message" && type.kind === "struct" ? [type.name] : [])),
    )
    .map((name) => structs.find((struct) => struct.name === name) as StructModel);
}

function nestedIn({ fields }: StructModel, { structs }: Pick<ContractModel, "structs">): StructModel[] {
  const names = fields.map(({ type }) => (type.kind === "array" ? type.of : type));
  return structs.filter(({ name }) => names.some((type) => type.kind === "struct" && type.name === name));
}

/** EIP-712's encodeType: the struct, and after it those inside, which are one level deep. */
export function encodeType(struct: StructModel, structs: readonly StructModel[] = []): string {
  return [struct, ...nestedIn(struct, { structs: [...structs] })]
    .map(({ fields, name }) => `${name}(${fields.map((field) => `${eip712Type(field.type)} ${field.name}`).join(",")})`)
    .join("");
}

function eip712Type(type: SolidityType): string {
  if (type.kind === "array") return `${eip712Type(type.of)}[]`;
  if (type.kind === "enum") return "uint8";
  return type.kind === "valueType" ? type.base : type.name;
}

function renderDomain(contract: string, { name, version }: { name: string; version: string }): string {
  return `${jsDoc([`The EIP-712 domain of one ${contract}.`])}export function ${camelCase(contract)}Domain({ address, chainId }: VerifyingContract) {
  return { chainId, name: ${JSON.stringify(name)}, verifyingContract: address, version: ${JSON.stringify(version)} } as const;
}`;
}

function renderMessage({ contracts, nested, struct }: SignedMessage): string {
  const name = camelCase(struct.name);
  const types = [struct, ...nested].map(
    (each) => `${each.name}: [
  ${each.fields.map((field) => `{ name: "${field.name}", type: "${eip712Type(field.type)}" },`).join("\n")}
],`,
  );
  const [only] = contracts.length === 1 ? contracts : [];
  // What several kinds of vaults take is signed for the domain of one.
  const place = only ? "address, chainId" : "domain";
  const placeType = only ? "VerifyingContract" : "{ domain: VaultDomain }";
  return `/** The EIP-712 types of \`${struct.name}\`. */
export const ${name}Types = { ${types.join("\n")} } as const;

${jsDoc([struct.doc.notice, struct.doc.dev, "What viem's `signTypedData` and `verifyTypedData` take."])}export function ${name}TypedData({ ${place}, message }: ${name}TypedData.Parameters) {
  return {
    ${only ? `domain: ${camelCase(only)}Domain({ address, chainId })` : "domain"},
    message,
    primaryType: "${struct.name}",
    types: ${name}Types,
  } as const;
}

export declare namespace ${name}TypedData {
  type Parameters = ${placeType} & { message: ${struct.name} };
}`;
}
