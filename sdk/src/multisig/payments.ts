import { authorizationTypes, PERMIT2_ADDRESS, permit2WitnessTypes, x402ExactPermit2ProxyAddress } from "@x402/evm";
import {
  type Address,
  type Hex,
  hashTypedData,
  isAddressEqual,
  keccak256,
  maxUint40,
  maxUint128,
  numberToHex,
  stringToHex,
  type TypedDataDomain,
} from "viem";
import { multisigDomain, paymentApprovalTypes, standingApprovalTypes } from "../generated/typedData.js";
import type { PaymentApproval, StandingApproval } from "../generated/types.js";
import type { MultisigAccount } from "./account.js";
import type { DomainHashes, PaymentMethod } from "./blob.js";
import type { ApprovalTypedData, TypedData } from "./typedData.js";

/** EIP-3009's two messages have the same fields. */
const authorizationFields = authorizationTypes.TransferWithAuthorization;
const methods: Readonly<Record<string, { method: PaymentMethod; types: TypedData["types"] }>> = {
  TransferWithAuthorization: {
    method: "transferWithAuthorization",
    types: { TransferWithAuthorization: authorizationFields },
  },
  ReceiveWithAuthorization: {
    method: "receiveWithAuthorization",
    types: { ReceiveWithAuthorization: authorizationFields },
  },
  PermitWitnessTransferFrom: { method: "permitWitnessTransferFrom", types: permit2WitnessTypes },
};

/** A payment that an account was asked to sign: what will be approved of, but for epoch and resource. */
export type PaymentIntent = Omit<PaymentApproval, "epoch" | "method" | "resource"> & {
  method: PaymentMethod;
  domain: DomainHashes;
};

/** The payment in `typedData`, if it is one out of this account by one of the methods that accounts sign, to the letter. */
export function paymentIntentOf(typedData: TypedData, account: Address): PaymentIntent | undefined {
  const known = methods[typedData.primaryType];
  if (!known) return undefined;
  const { method, types } = known;
  const { domain, message, primaryType } = typedData;
  const isPermit2 = method === "permitWitnessTransferFrom";
  const expected = { domain: isPermit2 ? permit2DomainOf(domain) : tokenDomainOf(domain), message, primaryType, types };
  if (hashTypedData(expected) !== hashTypedData(typedData)) return undefined;
  const intent = isPermit2 ? permitIntentOf(message) : authorizationIntentOf(method, domain, message, account);
  return intent && isWithinBounds(intent) ? intent : undefined;
}

/** What an account's signature has room for: 16 bytes of value, 5 of a time. Nobody should sign in vain. */
function isWithinBounds({
  validAfter,
  validBefore,
  value,
}: Pick<PaymentIntent, "validAfter" | "validBefore" | "value">) {
  return value <= maxUint128 && validAfter <= maxUint40 && validBefore <= maxUint40;
}

/** The domain of a token as accounts know it; another one has another hash. */
function tokenDomainOf({ chainId, name = "", verifyingContract, version = "" }: TypedDataDomain): TypedDataDomain {
  return { chainId, name, verifyingContract, version };
}

function permit2DomainOf({ chainId }: TypedDataDomain): TypedDataDomain {
  return { chainId, name: "Permit2", verifyingContract: PERMIT2_ADDRESS };
}

function authorizationIntentOf(
  method: PaymentMethod,
  { name = "", verifyingContract, version = "" }: TypedDataDomain,
  message: TypedData["message"],
  account: Address,
): PaymentIntent | undefined {
  const { from, nonce, to, validAfter, validBefore, value } = message as AuthorizationMessage;
  if (!verifyingContract || !isAddressEqual(from, account)) return undefined;
  return {
    domain: { nameHash: keccak256(stringToHex(name)), versionHash: keccak256(stringToHex(version)) },
    method,
    nonce,
    payee: to,
    token: verifyingContract,
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    value: BigInt(value),
  };
}

type Integer = bigint | number | string;
type AuthorizationMessage = {
  from: Address;
  to: Address;
  value: Integer;
  validAfter: Integer;
  validBefore: Integer;
  nonce: Hex;
};

function permitIntentOf(message: TypedData["message"]): PaymentIntent | undefined {
  const { deadline, nonce, permitted, spender, witness } = message as PermitMessage;
  if (!isAddressEqual(spender, x402ExactPermit2ProxyAddress)) return undefined;
  return {
    domain: { nameHash: "0x", versionHash: "0x" },
    method: "permitWitnessTransferFrom",
    nonce: numberToHex(BigInt(nonce), { size: 32 }),
    payee: witness.to,
    token: permitted.token,
    validAfter: BigInt(witness.validAfter),
    validBefore: BigInt(deadline),
    value: BigInt(permitted.amount),
  };
}

type PermitMessage = {
  permitted: { token: Address; amount: Integer };
  spender: Address;
  nonce: Integer;
  deadline: Integer;
  witness: { to: Address; validAfter: Integer };
};

/** What an account's signers sign to approve of one payment. */
export function paymentApprovalOf(
  { address, chainId }: Pick<MultisigAccount, "address" | "chainId">,
  message: PaymentApproval,
): ApprovalTypedData {
  return {
    domain: multisigDomain({ address, chainId }),
    message,
    primaryType: "PaymentApproval",
    types: paymentApprovalTypes,
  };
}

/** What humans sign to approve of payments ahead. */
export function standingApprovalOf(
  { address, chainId }: Pick<MultisigAccount, "address" | "chainId">,
  message: StandingApproval,
): ApprovalTypedData {
  return {
    domain: multisigDomain({ address, chainId }),
    message,
    primaryType: "StandingApproval",
    types: standingApprovalTypes,
  };
}
