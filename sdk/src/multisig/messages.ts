import {
  type Address,
  concatHex,
  encodeAbiParameters,
  type Hex,
  hashStruct,
  hashTypedData,
  isAddressEqual,
  keccak256,
  stringToHex,
  type TypedDataDomain,
} from "viem";
import {
  cancelTypes,
  captureManyTypes,
  captureTypes,
  concedeTypes,
  disputeTypes,
  escrowDomain,
  executeTypes,
  multisigDomain,
  paymentApprovalTypes,
  refundTypes,
  refundWindowDomain,
  releaseTypes,
  resolveTypes,
  standingApprovalTypes,
  subscribeTypes,
  subscriptionPlanDomain,
  undoTypes,
  voidTypes,
  withdrawDisputeTypes,
  withdrawTypes,
} from "../generated/typedData.js";
import type { MultisigAccount } from "./account.js";
import type { ApprovalTypedData, TypedData } from "./typedData.js";

type Field = { name: string; type: string };
type Types = Readonly<Record<string, readonly Field[]>>;

/** The messages that an account can sign, in the order of `MessageKind` in contracts/types/Blob.sol. */
const messageTypes: readonly Types[] = [
  refundTypes,
  withdrawTypes,
  undoTypes,
  disputeTypes,
  cancelTypes,
  subscribeTypes,
  withdrawDisputeTypes,
  concedeTypes,
  resolveTypes,
  releaseTypes,
  captureTypes,
  captureManyTypes,
  voidTypes,
  paymentApprovalTypes,
  standingApprovalTypes,
  executeTypes,
];

/** Whose domain a message stands in, in the order of `DomainKind`. */
const domains = [refundWindowDomain, escrowDomain, subscriptionPlanDomain, multisigDomain];
const MULTISIG_DOMAIN = domains.indexOf(multisigDomain);

/** A message of this suite that an account was asked to sign. */
export type MessageIntent = {
  kind: number;
  domainKind: number;
  name: string;
  verifyingContract: Address;
  message: Readonly<Record<string, unknown>>;
  types: Types;
  /** EIP-712's encodeData of the message, without the type hash. */
  encodedData: Hex;
};

/** The message in `typedData`, if it is one of this suite, in one of its domains, to the letter. */
export function messageIntentOf(typedData: TypedData): MessageIntent | undefined {
  const { domain, message, primaryType } = typedData;
  const kind = messageTypes.findIndex((types) => primaryType in types && Object.keys(types)[0] === primaryType);
  const types = messageTypes[kind];
  const verifyingContract = domain.verifyingContract;
  if (!types || !verifyingContract || domain.chainId === undefined) return undefined;
  const place = { address: verifyingContract, chainId: Number(domain.chainId) };
  const domainKind = domains.findIndex((domainOf) => domainOf(place).name === domain.name);
  const domainOf = domains[domainKind];
  if (!domainOf || primaryType in ofAccounts !== (domainKind === MULTISIG_DOMAIN)) return undefined;
  const known = { domain: domainOf(place) as TypedDataDomain, message, primaryType, types };
  if (hashTypedData(known) !== hashTypedData(typedData)) return undefined;
  return {
    domainKind,
    encodedData: encodeData(types, primaryType, message),
    kind,
    message,
    name: primaryType,
    types,
    verifyingContract,
  };
}

const ofAccounts = { ...paymentApprovalTypes, ...standingApprovalTypes, ...executeTypes };

/** What an account's signers sign to let it sign a message: the message stands inside, so that they read it. */
export function messageApprovalTypedData(
  { address, chainId, epoch }: MultisigAccount,
  { message, name, types, verifyingContract }: MessageIntent,
): ApprovalTypedData {
  return {
    domain: multisigDomain({ address, chainId }),
    message: { epoch, verifyingContract, message },
    primaryType: "MessageApproval",
    types: approvalTypesOf(name, types),
  };
}

/** The types of an approval of the message of this name, if accounts sign such messages. */
export function messageApprovalTypes(name: string): Types | undefined {
  const types = messageTypes.find((each) => Object.keys(each)[0] === name);
  return types && approvalTypesOf(name, types);
}

function approvalTypesOf(name: string, types: Types): Types {
  return {
    MessageApproval: [
      { name: "epoch", type: "uint256" },
      { name: "verifyingContract", type: "address" },
      { name: "message", type: name },
    ],
    ...types,
  };
}

/** Whether by this message money can only come back to the account: any signer may then approve of it. */
export function comesBack({ message, name }: Pick<MessageIntent, "message" | "name">, account: Address): boolean {
  const isSelf = (...fields: string[]) => fields.every((field) => isAddressEqual(message[field] as Address, account));
  if (name === "Refund") return isSelf("by", "to");
  if (name === "Withdraw") return isSelf("owner", "to");
  if (name === "Undo") return isSelf("subscriber", "to");
  return name === "Dispute" || name === "Cancel";
}

/** EIP-712's encodeData: a word for each field, a hash for what is longer. */
function encodeData(types: Types, primaryType: string, data: Readonly<Record<string, unknown>>): Hex {
  const words = (types[primaryType] ?? []).map(({ name, type }) => encodeField(types, type, data[name]));
  return concatHex(words);
}

function encodeField(types: Types, type: string, value: unknown): Hex {
  if (type === "string") return keccak256(stringToHex(value as string));
  if (type === "bytes") return keccak256(value as Hex);
  if (type.endsWith("[]")) {
    const items = value as readonly unknown[];
    return keccak256(concatHex(items.map((item) => encodeField(types, type.slice(0, -2), item))));
  }
  if (type in types) return hashStruct({ data: value as Record<string, unknown>, primaryType: type, types });
  return encodeAbiParameters([{ type }], [value]);
}
