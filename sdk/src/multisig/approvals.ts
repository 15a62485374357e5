import {
  type Address,
  type Client,
  compactSignatureToSignature,
  encodeFunctionData,
  type Hex,
  hashTypedData,
  isAddressEqual,
  type LocalAccount,
  padHex,
  parseAbi,
  parseCompactSignature,
  recoverTypedDataAddress,
  serializeSignature,
  size,
  slice,
} from "viem";
import type { Signer } from "../generated/types.js";
import { type MultisigAccount, signerOf } from "./account.js";
import { ask } from "./ask.js";
import { encodeSignature, type SignerSignature } from "./blob.js";
import { type ApprovalRequest, type Collect, givenOf, idOf, isReached, missingOf, signAll } from "./collect.js";
import { weightOf } from "./config.js";
import { ApprovalsMissingError } from "./errors.js";
import type { Requirement } from "./requirements.js";
import { isTransportError } from "./transport.js";
import type { ApprovalTypedData } from "./typedData.js";

/** What is needed, and the first Unix second at which signatures come too late. */
export type Needed = Requirement & Pick<ApprovalRequest, "expiresAt">;

export type ApprovalSources = {
  client: Client;
  /** The keys that are here: the agent's. */
  signers: readonly LocalAccount[];
  collect?: Collect | undefined;
  signal?: AbortSignal | undefined;
};

/**
 * Signatures of an account's signers that reach the requirement: of the keys that are here if they do, and else of those that
 * `collect` brings. What is not valid is left out.
 *
 * @param resource What a payment buys, whose hash is in `typedData`.
 *
 * @throws {ApprovalsMissingError} when they do not reach it.
 */
export async function gatherApprovals(
  account: MultisigAccount,
  typedData: ApprovalTypedData,
  needed: Needed,
  { client, collect, signal, signers }: ApprovalSources,
  resource?: string,
): Promise<SignerSignature[]> {
  const own = await signAll(signers, account.config.signers, typedData);
  if (!collect || reaches(account, own, needed)) return insist(account, own, needed, typedData);

  const request = { ...requestOf(account, own, needed, typedData), ...(resource && { resource }) };
  const collected = await collect(request, { signal });
  const valid = await validOnes(client, account, typedData, collected);
  const added = valid.filter(({ signer }) => !own.some((known) => isAddressEqual(known.signer, signer)));
  return insist(account, [...own, ...added], needed, typedData);
}

function requestOf(
  { address, chainId, config }: MultisigAccount,
  signatures: readonly SignerSignature[],
  { expiresAt, neededWeight, needsHuman }: Needed,
  typedData: ApprovalTypedData,
): ApprovalRequest {
  return {
    id: idOf(typedData),
    account: address,
    chainId,
    typedData,
    signatures,
    signers: config.signers,
    missing: missingOf(config.signers, signatures),
    neededWeight,
    needsHuman,
    expiresAt,
  };
}

/** Whether these signers reach the requirement. Their signatures are not looked at. */
export function reaches(
  { config: { signers } }: Pick<MultisigAccount, "config">,
  signatures: readonly SignerSignature[],
  requirement: Requirement,
): boolean {
  return isReached({ ...requirement, signers }, signatures);
}

function insist(
  account: MultisigAccount,
  signatures: SignerSignature[],
  { expiresAt, ...requirement }: Needed,
  typedData: ApprovalTypedData,
): SignerSignature[] {
  if (reaches(account, signatures, requirement)) return fewest(account, signatures, requirement);
  throw new ApprovalsMissingError({
    account: account.address,
    expiresAt,
    givenWeight: weightOf(givenOf(account.config.signers, signatures)),
    missing: missingOf(account.config.signers, signatures),
    ...requirement,
    requestId: idOf(typedData),
    typedData,
  });
}

/** As few as reach the requirement, keys first: one that a contract no longer answers for would spoil the whole list. */
function fewest(
  account: MultisigAccount,
  signatures: readonly SignerSignature[],
  requirement: Requirement,
): SignerSignature[] {
  const rankOf = ({ signer }: SignerSignature) => Number(signerOf(account, signer)?.isContract ?? true);
  const dearestFirst = signatures.toSorted((one, other) => rankOf(other) - rankOf(one));
  return dearestFirst.reduce<SignerSignature[]>((kept, each) => {
    const without = kept.filter((other) => other !== each);
    return reaches(account, without, requirement) ? without : kept;
  }, dearestFirst);
}

/** Those of `signatures` that are valid, one of each signer. */
export async function validOnes(
  client: Client,
  account: Pick<MultisigAccount, "config">,
  typedData: ApprovalTypedData,
  signatures: readonly SignerSignature[],
): Promise<SignerSignature[]> {
  const checked = await Promise.all(
    signatures.map(async (each) => {
      const signer = signerOf(account, each.signer);
      return signer && (await isValid(client, signer, typedData, each)) ? [each] : [];
    }),
  );
  const valid = checked.flat();
  return valid.filter(
    ({ signer }, index) => valid.findIndex((other) => isAddressEqual(other.signer, signer)) === index,
  );
}

const erc1271Abi = parseAbi(["function isValidSignature(bytes32 hash, bytes signature) view returns (bytes4)"]);
const ERC1271_VALID = padHex("0x1626ba7e", { dir: "right", size: 32 });
/** What an account gives a signer that is a contract. */
const SIGNER_GAS = 150_000n;

/** As the account will judge it: a key by ECDSA whatever code is there, a contract by its own answer, in time. */
async function isValid(
  client: Client,
  signer: Signer,
  typedData: ApprovalTypedData,
  { signature }: SignerSignature,
): Promise<boolean> {
  const { account, isContract } = signer;
  const signed = typedData as Parameters<typeof hashTypedData>[0];
  try {
    // In the form that the account takes: not every signature that can be checked has one.
    const encoded = encodeSignature(signer, signature);
    if (isContract) return await answersFor(client, account, hashTypedData(signed), signature);
    return isAddressEqual(await recoverTypedDataAddress({ ...signed, signature: expand(encoded) }), account);
  } catch (error) {
    // A node that does not answer says nothing about a signature.
    if (isTransportError(error)) throw error;
    return false;
  }
}

async function answersFor(client: Client, account: Address, hash: Hex, signature: Hex): Promise<boolean> {
  const question = encodeFunctionData({ abi: erc1271Abi, args: [hash, signature], functionName: "isValidSignature" });
  const answer = await ask(client, { data: question, gas: SIGNER_GAS, to: account });
  return size(answer) >= 32 && slice(answer, 0, 32) === ERC1271_VALID;
}

function expand(compact: Hex): Hex {
  return serializeSignature(compactSignatureToSignature(parseCompactSignature(compact)));
}
