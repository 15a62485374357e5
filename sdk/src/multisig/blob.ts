import {
  type Address,
  concatHex,
  type Hex,
  isAddressEqual,
  isErc6492Signature,
  numberToHex,
  parseSignature,
  serializeCompactSignature,
  signatureToCompactSignature,
  size,
} from "viem";
import type { PaymentApproval, Signer, StandingApproval } from "../generated/types.js";
import { UnknownSignerError, UnusableSignatureError } from "./errors.js";

/** What an account's ERC-1271 signature is for: its first byte, as `contracts/types/Blob.sol` counts. */
const paymentKinds = {
  transferWithAuthorization: 0,
  receiveWithAuthorization: 1,
  permitWitnessTransferFrom: 2,
} as const;
const STANDING_KIND = 3;
const MESSAGE_KIND = 4;

/** How a payment leaves an account, as `PaymentApproval` names it. */
export type PaymentMethod = keyof typeof paymentKinds;

/** A signer's answer: of a key 65 or 64 bytes of ECDSA, of a contract whatever its ERC-1271 takes. */
export type SignerSignature = { signer: Address; signature: Hex };

/** The hashes of name and version of a token's EIP-712 domain. */
export type DomainHashes = { nameHash: Hex; versionHash: Hex };

const KEY_SIGNATURE_LENGTH = 65;
const COMPACT_SIGNATURE_LENGTH = 64;
const MAX_CONTRACT_SIGNATURE_LENGTH = 4_096;

/**
 * The ERC-1271 signature of an account for a payment that its signers approved of.
 *
 * @param payment What they approved of.
 * @param tokenIndex The token's place among those that the account has rules for.
 * @param domain Of the token; it is not looked at for Permit2, which has a domain of its own.
 * @param signatures The list that `encodeSignatures` makes of those of `PaymentApproval`.
 */
export function encodePaymentBlob(
  payment: PaymentApproval & { method: PaymentMethod },
  { domain, signatures, tokenIndex }: { tokenIndex: number; domain: DomainHashes; signatures: Hex },
): Hex {
  const kind = paymentKinds[payment.method];
  const domainHashes = payment.method === "permitWitnessTransferFrom" ? [] : [domain.nameHash, domain.versionHash];
  return concatHex([...paymentHead(kind, tokenIndex, payment), ...domainHashes, payment.nonce, signatures]);
}

/**
 * The ERC-1271 signature of an account for one of the payments of a standing approval.
 *
 * @param payment The payment, whose nonce follows from the approval and `index`.
 * @param released The list of those who signed `PaymentApproval`.
 * @param approved The list of those who signed `StandingApproval`.
 */
export function encodeStandingBlob(
  payment: PaymentApproval,
  approval: StandingApproval,
  {
    approved,
    domain,
    index,
    released,
    tokenIndex,
  }: { tokenIndex: number; domain: DomainHashes; index: number; released: Hex; approved: Hex },
): Hex {
  return concatHex([
    ...paymentHead(STANDING_KIND, tokenIndex, payment),
    domain.nameHash,
    domain.versionHash,
    numberToHex(approval.maxValue, { size: 16 }),
    numberToHex(approval.count, { size: 2 }),
    numberToHex(approval.validUntil, { size: 5 }),
    approval.salt,
    numberToHex(index, { size: 2 }),
    released,
    approved,
  ]);
}

function paymentHead(kind: number, tokenIndex: number, payment: PaymentApproval): Hex[] {
  return [
    numberToHex(kind, { size: 1 }),
    numberToHex(tokenIndex, { size: 1 }),
    payment.payee,
    numberToHex(payment.value, { size: 16 }),
    numberToHex(payment.validAfter, { size: 5 }),
    numberToHex(payment.validBefore, { size: 5 }),
    payment.resource,
  ];
}

/**
 * The ERC-1271 signature of an account for a message of this suite.
 *
 * @param kind Its place in `MessageKind`, and that of its domain in `DomainKind`.
 * @param encodedData The message's fields (EIP-712's encodeData, without the type hash).
 */
export function encodeMessageBlob({
  domainKind,
  encodedData,
  kind,
  signatures,
  verifyingContract,
}: {
  kind: number;
  domainKind: number;
  verifyingContract: Address;
  encodedData: Hex;
  signatures: Hex;
}): Hex {
  const head = [MESSAGE_KIND, kind, domainKind].map((value) => numberToHex(value, { size: 1 }));
  return concatHex([...head, verifyingContract, encodedData, signatures]);
}

/**
 * A list of signatures as an account reads it: two bytes with a bit for each signer, then the signatures in the signers' order.
 *
 * @param signers The account's, in its order.
 * @throws {UnknownSignerError} when somebody signed who is no signer.
 * @throws {UnusableSignatureError} when a key's signature is no ECDSA signature, or a contract's is too long or for a contract
 * that is not deployed yet.
 */
export function encodeSignatures(signers: readonly Signer[], signatures: readonly SignerSignature[]): Hex {
  for (const { signer } of signatures) {
    if (!signers.some(({ account }) => isAddressEqual(account, signer))) throw new UnknownSignerError({ signer });
  }
  const given = signers.flatMap((signer, index) => {
    const found = signatures.find((each) => isAddressEqual(each.signer, signer.account));
    return found ? [{ bit: 1 << index, bytes: encodeSignature(signer, found.signature) }] : [];
  });
  const bitmap = given.reduce((bits, { bit }) => bits | bit, 0);
  return concatHex([numberToHex(bitmap, { size: 2 }), ...given.map(({ bytes }) => bytes)]);
}

/**
 * One signature as an account reads it.
 *
 * @throws {UnusableSignatureError} when it has no such form.
 */
export function encodeSignature({ account, isContract }: Signer, signature: Hex): Hex {
  const length = size(signature);
  if (isContract) {
    if (length > MAX_CONTRACT_SIGNATURE_LENGTH || isErc6492Signature(signature)) {
      throw new UnusableSignatureError({ signer: account });
    }
    return concatHex([numberToHex(length, { size: 2 }), signature]);
  }
  if (length === COMPACT_SIGNATURE_LENGTH) return signature;
  if (length !== KEY_SIGNATURE_LENGTH) throw new UnusableSignatureError({ signer: account });
  try {
    return serializeCompactSignature(signatureToCompactSignature(parseSignature(signature)));
  } catch (cause) {
    throw new UnusableSignatureError({ cause, signer: account });
  }
}
