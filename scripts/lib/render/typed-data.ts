import type { ContractModel, SolidityType, StructModel } from "../contract-model.js";
import { camelCase } from "../names.js";
import { jsDoc } from "../natspec.js";
import { file } from "./file.js";
import type { SdkContract } from "./sdk-contract.js";

/** EIP-712 domains, and one function a message. `typeStrings` are those of the contracts, and must be the same. */
export function renderTypedData(contracts: readonly SdkContract[], typeStrings: readonly string[]): string {
  const messages = signedMessages(contracts);
  for (const { struct } of messages) {
    const expected = encodeType(struct);
    if (!typeStrings.includes(expected))
      throw new Error(`The contracts hash ${struct.name} by another type than ${expected}.`);
  }
  if (typeStrings.length !== messages.length)
    throw new Error("The contracts have type strings of structs that nobody signs.");

  const domains = contracts.flatMap(({ eip712, name }) => (eip712 ? [renderDomain(name, eip712)] : []));
  return file(
    [
      ...contracts.filter(({ eip712 }) => eip712).map(({ source }) => source),
      ...messages.map(({ struct }) => struct.source),
    ],
    { viem: ["type Address"], "./types.js": messages.map(({ struct }) => `type ${struct.name}`) },
    [
      `${jsDoc(["One vault on one chain."])}export type VerifyingContract = {
        /** The vault. */
        address: Address;
        chainId: number;
      };`,
      ...domains,
      ...messages.map(renderMessage),
    ].join("\n\n"),
  );
}

type SignedMessage = { contract: ContractModel; struct: StructModel };

/** Structs that a contract with an EIP-712 domain takes together with a signature. */
function signedMessages(contracts: readonly ContractModel[]): SignedMessage[] {
  const messages = contracts
    .filter(({ eip712 }) => eip712)
    .flatMap((contract) =>
      contract.functions
        .filter(({ inputs }) => inputs.some(({ name }) => name === "signature"))
        .flatMap(({ inputs }) =>
          inputs.flatMap(({ name, type }) => (name === "message" && type.kind === "struct" ? [type.name] : [])),
        )
        .map((name) => ({ contract, struct: contract.structs.find((struct) => struct.name === name) as StructModel })),
    );
  const names = messages.map(({ struct }) => struct.name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice)
    throw new Error(`${twice} is signed for more than one contract: its function needs the domain as a parameter.`);
  return messages;
}

/** EIP-712's encodeType of a struct without nested structs. */
export function encodeType({ fields, name }: StructModel): string {
  return `${name}(${fields.map((field) => `${eip712Type(field.type)} ${field.name}`).join(",")})`;
}

function eip712Type(type: SolidityType): string {
  if (type.kind === "array") return `${eip712Type(type.of)}[]`;
  if (type.kind === "enum") return "uint8";
  return type.kind === "valueType" ? type.base : type.name;
}

function renderDomain(contract: string, { name, version }: { name: string; version: string }): string {
  return `${jsDoc([`The EIP-712 domain of one ${contract} vault.`])}export function ${camelCase(contract)}Domain({ address, chainId }: VerifyingContract) {
  return { chainId, name: ${JSON.stringify(name)}, verifyingContract: address, version: ${JSON.stringify(version)} } as const;
}`;
}

function renderMessage({ contract, struct }: SignedMessage): string {
  const name = camelCase(struct.name);
  const types = struct.fields
    .map((field) => `{ name: "${field.name}", type: "${eip712Type(field.type)}" },`)
    .join("\n");
  return `/** The EIP-712 types of \`${struct.name}\`. */
export const ${name}Types = { ${struct.name}: [
  ${types}
] } as const;

${jsDoc([struct.doc.notice, struct.doc.dev, "What viem's `signTypedData` and `verifyTypedData` take."])}export function ${name}TypedData({ address, chainId, message }: ${name}TypedData.Parameters) {
  return {
    domain: ${camelCase(contract.name)}Domain({ address, chainId }),
    message,
    primaryType: "${struct.name}",
    types: ${name}Types,
  } as const;
}

export declare namespace ${name}TypedData {
  type Parameters = VerifyingContract & { message: ${struct.name} };
}`;
}
