import {
  type Address,
  type Client,
  encodeAbiParameters,
  type Hex,
  isAddressEqual,
  keccak256,
  maxUint40,
  maxUint128,
  parseAbi,
  stringToHex,
  toHex,
  zeroHash,
} from "viem";
import { readContract } from "viem/actions";
import { isRevoked } from "../generated/actions/multisig/isRevoked.js";
import type { PaymentApproval, StandingApproval } from "../generated/types.js";
import { type MultisigAccount, readAccount, rulesFor } from "./account.js";
import { type ApprovalSources, gatherApprovals } from "./approvals.js";
import { encodeSignatures, encodeStandingBlob, type SignerSignature } from "./blob.js";
import { idOf } from "./collect.js";
import { StandingApprovalOutOfBoundsError } from "./errors.js";
import { paymentApprovalOf, standingApprovalOf } from "./payments.js";
import { requirementOf } from "./requirements.js";
import { hashOfResource } from "./resources.js";

/** What an account's signature has room for. */
const MAX_COUNT = 65_535;

/** A standing approval with the signatures of those who gave it. It can be kept as JSON, with its bigints as strings. */
export type StandingGrant = {
  account: Address;
  chainId: number;
  approval: StandingApproval;
  signatures: readonly SignerSignature[];
};

export type StandingApprovalParameters = ApprovalSources & {
  /** The account that pays. */
  account: Address;
  token: Address;
  payee: Address;
  /** Of each payment, in the token's smallest unit. */
  maxValue: bigint;
  /** How many payments, at most 65,535. */
  count: number;
  /** No payment is valid beyond this Unix second. */
  validUntil: number;
  /** What is paid for. */
  resource?: string;
  /** First Unix second at which the approvals come too late. Default: `validUntil`. */
  expiresAt?: number;
};

/**
 * Asks an account's humans to approve of a number of payments ahead; the agent then makes them without asking again.
 *
 * @throws {TokenWithoutRulesError} when the account has no rules for the token.
 * @throws {PayeeNotListedError} when the account may not pay the payee.
 * @throws {StandingApprovalOutOfBoundsError} when count, value or end are more than an account can count.
 * @throws {ApprovalsMissingError} when they do not reach the tier of all payments together, or no human is among them.
 */
export async function requestStandingApproval(parameters: StandingApprovalParameters): Promise<StandingGrant> {
  const { client, count, expiresAt, maxValue, payee, resource, token, validUntil } = parameters;
  const account = await readAccount(client, { address: parameters.account });
  if (count > MAX_COUNT || maxValue > maxUint128 || validUntil > maxUint40) {
    throw new StandingApprovalOutOfBoundsError({ count, maxValue, validUntil });
  }
  const approval: StandingApproval = {
    epoch: account.epoch,
    method: "transferWithAuthorization",
    token,
    payee,
    maxValue,
    count: BigInt(count),
    validUntil: BigInt(validUntil),
    resource: hashOfResource(resource),
    salt: toHex(crypto.getRandomValues(new Uint8Array(32))),
  };
  const typedData = standingApprovalOf(account, approval);
  const requirement = await requirementOf(client, account, typedData);
  const needed = { ...requirement, expiresAt: expiresAt ?? validUntil };
  const signatures = await gatherApprovals(account, typedData, needed, parameters, resource);
  return { account: account.address, approval, chainId: account.chainId, signatures };
}

/** The digest of a standing approval, by which a human revokes it. */
export function standingApprovalId({ account, approval, chainId }: StandingGrant): Hex {
  return idOf(standingApprovalOf({ address: account, chainId }, approval));
}

/** The nonce of payment `index` under a standing approval. */
export function standingNonce(grant: StandingGrant, index: number): Hex {
  const parameters = [{ type: "bytes32" }, { type: "uint256" }] as const;
  return keccak256(encodeAbiParameters(parameters, [standingApprovalId(grant), BigInt(index)]));
}

/** Whether an account still honours a grant: its rules are the same, and no human revoked it. */
export async function isHonored(client: Client, account: MultisigAccount, grant: StandingGrant): Promise<boolean> {
  if (grant.approval.epoch !== account.epoch) return false;
  return !(await isRevoked(client, { address: account.address, approval: standingApprovalId(grant) }));
}

const authorizationStateAbi = parseAbi([
  "function authorizationState(address authorizer, bytes32 nonce) view returns (bool)",
]);

/** Whether payment `index` was made. */
export async function isPaid(client: Client, grant: StandingGrant, index: number): Promise<boolean> {
  return readContract(client, {
    abi: authorizationStateAbi,
    address: grant.approval.token,
    args: [grant.account, standingNonce(grant, index)],
    functionName: "authorizationState",
  });
}

/** A payment that a grant may cover, and what it buys: `undefined` where nobody tells, empty where it could not be told. */
export type CoveredPayment = { payee: Address; token: Address; value: bigint; resource: string | undefined };

/** Whether a grant covers a payment. One for a named resource covers no payment for another. */
export function covers({ approval }: StandingGrant, { payee, resource, token, value }: CoveredPayment): boolean {
  const isSame = isAddressEqual(approval.payee, payee) && isAddressEqual(approval.token, token);
  const isOther =
    resource !== undefined && approval.resource !== zeroHash && approval.resource !== hashOfResource(resource);
  return isSame && !isOther && value <= approval.maxValue;
}

/**
 * The account's signature for payment `index` of a grant, released by a key that is here.
 *
 * @param domain Name and version of the token's EIP-712 domain.
 * @throws {ApprovalsMissingError} when none of the keys is a signer of the account.
 */
export async function signStandingPayment(
  account: MultisigAccount,
  grant: StandingGrant,
  {
    domain,
    index,
    validAfter,
    validBefore,
    value,
  }: {
    index: number;
    value: bigint;
    validAfter: bigint;
    validBefore: bigint;
    domain: { name: string; version: string };
  },
  sources: Pick<ApprovalSources, "client" | "signers">,
): Promise<Hex> {
  const { epoch, method, payee, resource, token } = grant.approval;
  const nonce = standingNonce(grant, index);
  const payment: PaymentApproval = { epoch, method, nonce, payee, resource, token, validAfter, validBefore, value };
  const { tokenIndex } = rulesFor(account, { payee, token });
  const needed = { expiresAt: Number(validBefore), neededWeight: 1, needsHuman: false };
  const released = await gatherApprovals(account, paymentApprovalOf(account, payment), needed, sources);
  return encodeStandingBlob(payment, grant.approval, {
    approved: encodeSignatures(account.config.signers, grant.signatures),
    domain: {
      nameHash: keccak256(stringToHex(domain.name)),
      versionHash: keccak256(stringToHex(domain.version)),
    },
    index,
    released: encodeSignatures(account.config.signers, released),
    tokenIndex,
  });
}
