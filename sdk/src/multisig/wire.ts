import type { Address, Hex } from "viem";
import * as z from "zod/mini";
import { address, amount, bytes32, bytes as signatureBytes, uint } from "../exact/schemas.js";
import { executeTypes, multisigDomain, paymentApprovalTypes, standingApprovalTypes } from "../generated/typedData.js";
import { type ApprovalRequest, idOf, missingOf } from "./collect.js";
import { messageApprovalTypes } from "./messages.js";
import type { ApprovalTypedData } from "./typedData.js";

/* What goes between a collector and those who ask it. Numbers of typed data are decimal strings. */

type Types = ApprovalTypedData["types"];

/** A signer's word that it will not sign. */
export type SignerRejection = { signer: Address; reason: string; signature: Hex };

/** A request as a collector has it. */
export type CollectedApproval = ApprovalRequest & {
  /** Who refused, and why. */
  rejections: readonly SignerRejection[];
};

/** Typed data in JSON. */
export type TypedDataJson = {
  domain: { name: string; version: string; chainId: number; verifyingContract: Address };
  types: Record<string, { name: string; type: string }[]>;
  primaryType: string;
  message: Record<string, unknown>;
};

/* TYPED DATA */

/** Typed data of an account's signers in JSON: what {@link typedDataFrom} reads is the same, to the bit that is signed. */
export function typedDataJson({ domain, message, primaryType, types }: ApprovalTypedData): TypedDataJson {
  return {
    domain: domain as TypedDataJson["domain"],
    message: jsonOf(types, primaryType, message) as Record<string, unknown>,
    primaryType,
    types: Object.fromEntries(Object.entries(types).map(([name, fields]) => [name, [...fields]])),
  };
}

function jsonOf(types: Types, type: string, value: unknown): unknown {
  if (type.endsWith("[]")) return (value as readonly unknown[]).map((item) => jsonOf(types, type.slice(0, -2), item));
  const fields = types[type];
  if (fields) {
    const struct = value as Record<string, unknown>;
    return Object.fromEntries(fields.map((field) => [field.name, jsonOf(types, field.type, struct[field.name])]));
  }
  return type.startsWith("uint") ? String(BigInt(value as bigint)) : value;
}

const typedDataShape = z.strictObject({
  domain: z.strictObject({
    chainId: uint(53),
    name: z.string(),
    verifyingContract: address,
    version: z.string(),
  }),
  message: z.record(z.string(), z.unknown()),
  primaryType: z.string(),
  types: z.record(z.string(), z.array(z.strictObject({ name: z.string(), type: z.string() }))),
});

/**
 * The typed data in JSON, if it is what signers of an account sign: a payment, a standing approval, a message of this suite or
 * an execute, to the letter.
 */
export function typedDataFrom(json: unknown): ApprovalTypedData | undefined {
  const shaped = typedDataShape.safeParse(json);
  if (!shaped.success) return undefined;
  const { domain, message, primaryType, types: given } = shaped.data;
  const types = knownTypes(primaryType, given);
  if (!types || !isSame(types, given)) return undefined;
  const known = multisigDomain({ address: domain.verifyingContract, chainId: domain.chainId });
  if (domain.name !== known.name || domain.version !== known.version) return undefined;
  const read = schemaOf(types, primaryType).safeParse(message);
  return read.success
    ? { domain: known, message: read.data as Record<string, unknown>, primaryType, types }
    : undefined;
}

function knownTypes(primaryType: string, given: Types): Types | undefined {
  if (primaryType === "PaymentApproval") return paymentApprovalTypes;
  if (primaryType === "StandingApproval") return standingApprovalTypes;
  if (primaryType === "Execute") return executeTypes;
  if (primaryType !== "MessageApproval" || !Object.hasOwn(given, primaryType)) return undefined;
  const name = given.MessageApproval?.find((field) => field.name === "message")?.type;
  return name === undefined ? undefined : messageApprovalTypes(name);
}

function isSame(types: Types, given: Types): boolean {
  const names = Object.keys(types);
  const isIn = (name: string) =>
    Object.hasOwn(given, name) && JSON.stringify(types[name]) === JSON.stringify(given[name]);
  return names.length === Object.keys(given).length && names.every(isIn);
}

const bytes = z.custom<Hex>((value) => typeof value === "string" && /^0x(?:[\da-f]{2})*$/i.test(value));

/** What a value of an EIP-712 type is in JSON. */
function schemaOf(types: Types, type: string): z.ZodMiniType {
  if (type.endsWith("[]")) return z.array(schemaOf(types, type.slice(0, -2)));
  const fields = types[type];
  if (fields)
    return z.strictObject(Object.fromEntries(fields.map((field) => [field.name, schemaOf(types, field.type)])));
  if (type.startsWith("uint")) {
    return z.pipe(
      amount(Number(type.slice("uint".length))),
      z.transform((text) => BigInt(text)),
    );
  }
  if (type === "address") return address;
  if (type === "bytes32") return bytes32;
  if (type === "bytes") return bytes;
  if (type === "bool") return z.boolean();
  return z.string();
}

/* REQUESTS */

/** How long a resource's URL and a reason may be. */
const MAX_TEXT = 2_048;
const MAX_REASON = 280;
const MAX_SIGNERS = 16;

const typedData = z.pipe(
  z.custom<ApprovalTypedData>((json) => typedDataFrom(json) !== undefined),
  z.transform((json) => typedDataFrom(json) as ApprovalTypedData),
);

export const signatureSchema = z.strictObject({ signature: signatureBytes, signer: address });

export const rejectionSchema = z.strictObject({
  reason: z.string().check(z.maxLength(MAX_REASON)),
  signature: signatureBytes,
  signer: address,
});

const requestFields = {
  expiresAt: uint(48),
  resource: z.optional(z.string().check(z.maxLength(MAX_TEXT))),
  signatures: z.array(signatureSchema).check(z.maxLength(MAX_SIGNERS)),
};

/** What is posted but for its typed data, which a collector judges for itself. */
export const postedSchema = z.strictObject({ ...requestFields, typedData: z.unknown() });

const signerSchema = z.strictObject({
  account: address,
  isContract: z.boolean(),
  isHuman: z.boolean(),
  weight: uint(8),
});

/** What is answered; more than this may stand there one day. */
const shownSchema = z.object({
  ...requestFields,
  neededWeight: uint(8).check(z.gte(1)),
  needsHuman: z.boolean(),
  rejections: z.array(rejectionSchema).check(z.maxLength(MAX_SIGNERS)),
  signers: z.array(signerSchema).check(z.maxLength(MAX_SIGNERS)),
  typedData,
});

/** What is posted to ask for approvals. */
export function requestJson(request: ApprovalRequest): Record<string, unknown> {
  const { expiresAt, resource, signatures, typedData: asked } = request;
  return { typedData: typedDataJson(asked), ...(resource !== undefined && { resource }), signatures, expiresAt };
}

/** What a collector answers about a request. */
export function approvalJson(approval: CollectedApproval): Record<string, unknown> {
  const { account, chainId, id, neededWeight, needsHuman, rejections, signers } = approval;
  return { id, account, chainId, ...requestJson(approval), rejections, signers, neededWeight, needsHuman };
}

/** A request as a collector answers it, or `undefined` when that is none. */
export function approvalFrom(json: unknown): CollectedApproval | undefined {
  const shown = shownSchema.safeParse(json);
  if (!shown.success) return undefined;
  const { resource, ...approval } = shown.data;
  return approvalOf({ ...approval, ...(resource !== undefined && { resource }) });
}

/** A request with all that follows from what is in it. */
export function approvalOf(
  given: Omit<CollectedApproval, "account" | "chainId" | "id" | "missing">,
): CollectedApproval {
  const { chainId, verifyingContract } = given.typedData.domain as TypedDataJson["domain"];
  return {
    ...given,
    account: verifyingContract,
    chainId,
    id: idOf(given.typedData),
    missing: missingOf(given.signers, given.signatures),
  };
}

/* REJECTIONS */

const rejectionTypes = {
  Rejection: [
    { name: "approval", type: "bytes32" },
    { name: "reason", type: "string" },
  ],
} as const;

/** What a signer signs to refuse a request. It is in a domain of its own: no account takes it for anything. */
export function rejectionTypedData(
  { account, chainId, id }: Pick<ApprovalRequest, "account" | "chainId" | "id">,
  reason: string,
): ApprovalTypedData {
  return {
    domain: { chainId, name: "Recourse Collector", verifyingContract: account, version: "1" },
    message: { approval: id, reason },
    primaryType: "Rejection",
    types: rejectionTypes,
  };
}
