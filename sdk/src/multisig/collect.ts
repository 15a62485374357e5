import { type Address, type Hex, hashTypedData, isAddressEqual, type LocalAccount } from "viem";
import type { Signer } from "../generated/types.js";
import type { SignerSignature } from "./blob.js";
import { weightOf } from "./config.js";
import type { ApprovalTypedData } from "./typedData.js";

/** What is asked of the signers of an account who are not here. */
export type ApprovalRequest = {
  /** The digest of what is signed: the same question has the same id, whoever asks and whenever. */
  id: Hex;
  account: Address;
  chainId: number;
  /** What they sign. A wallet shows it: who is paid, how much, of what, until when and for which resource. */
  typedData: ApprovalTypedData;
  /** What a payment buys, as the agent tells it. Believe it only if its hash is the `resource` of what is signed. */
  resource?: string;
  /** What is there already, that of the asking agent at least. */
  signatures: readonly SignerSignature[];
  /** Who signs for the account, and what each weighs. */
  signers: readonly Signer[];
  /** Who of them may still sign. */
  missing: readonly Signer[];
  /** The weight that all signatures need together. */
  neededWeight: number;
  /** Whether a human must be among them. */
  needsHuman: boolean;
  /** First Unix second at which signatures come too late. */
  expiresAt: number;
};

/**
 * Gets signatures from those who are not here: shows the request to them, waits, and returns what came, enough or not, at the
 * latest when the request expires or `signal` aborts. Asked again with the same request, it goes on where it was.
 */
export type Collect = (
  request: ApprovalRequest,
  options: { signal?: AbortSignal | undefined },
) => Promise<readonly SignerSignature[]>;

/** Collects from keys that are at hand, such as in a test, or of a human at a terminal. */
export function collectFromKeys(keys: readonly LocalAccount[]): Collect {
  return async ({ missing, typedData }) => signAll(keys, missing, typedData);
}

/** The signatures of those of `keys` that are among `signers`. */
export async function signAll(
  keys: readonly Pick<LocalAccount, "address" | "signTypedData">[],
  signers: readonly Signer[],
  typedData: ApprovalTypedData,
): Promise<SignerSignature[]> {
  const known = keys.filter(({ address }) => signers.some(({ account }) => isAddressEqual(account, address)));
  return Promise.all(
    known.map(async (key) => ({
      signer: key.address,
      signature: await key.signTypedData(typedData as Parameters<LocalAccount["signTypedData"]>[0]),
    })),
  );
}

/** Those of `signers` who signed. */
export function givenOf(signers: readonly Signer[], signatures: readonly Pick<SignerSignature, "signer">[]): Signer[] {
  return signers.filter(({ account }) => signatures.some(({ signer }) => isAddressEqual(signer, account)));
}

/** Those of `signers` who did not sign. */
export function missingOf(
  signers: readonly Signer[],
  signatures: readonly Pick<SignerSignature, "signer">[],
): Signer[] {
  const given = givenOf(signers, signatures);
  return signers.filter((signer) => !given.includes(signer));
}

/** Whether these signatures are as many as a request needs. They are not looked at. */
export function isReached(
  { needsHuman, neededWeight, signers }: Pick<ApprovalRequest, "needsHuman" | "neededWeight" | "signers">,
  signatures: readonly Pick<SignerSignature, "signer">[],
): boolean {
  const given = givenOf(signers, signatures);
  return weightOf(given) >= neededWeight && (!needsHuman || given.some(({ isHuman }) => isHuman));
}

/** Whether those who did not refuse are not enough any more. Who signed after refusing has not refused. */
export function isHopeless(
  request: Pick<ApprovalRequest, "needsHuman" | "neededWeight" | "signatures" | "signers">,
  rejections: readonly Pick<SignerSignature, "signer">[],
): boolean {
  const refused = refusedOf(request, rejections);
  const willing = request.signers.filter((signer) => !refused.includes(signer));
  return !isReached(
    request,
    willing.map(({ account }) => ({ signer: account })),
  );
}

/** Those of a request's signers who refused, and did not sign. */
export function refusedOf(
  { signatures, signers }: Pick<ApprovalRequest, "signatures" | "signers">,
  rejections: readonly Pick<SignerSignature, "signer">[],
): Signer[] {
  return givenOf(missingOf(signers, signatures), rejections);
}

/** The digest of what is signed. */
export function idOf(typedData: ApprovalTypedData): Hex {
  return hashTypedData(typedData as Parameters<typeof hashTypedData>[0]);
}
