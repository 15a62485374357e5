import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { deepEqual } from "@x402/core/utils";
import { type Address, getAddress, isAddress, isAddressEqual } from "viem";
import * as z from "zod/mini";
import { type EscrowTerms, Method, type PaymentRef, PeriodUnit, type RefundWindowTerms } from "../generated/types.js";
import type { WirePlanTerms } from "../subscription/terms.js";
import type { VaultDeployment } from "../vault/cloneAddress.js";
import { type VaultDeployments, vaultAddressOf } from "./kinds.js";
import { address, amount, bytes, bytes32, uint, uint256 } from "./schemas.js";

const vaultTerms = {
  receiver: address,
  operator: address,
  feeReceiver: address,
  feeBps: uint(16),
  salt: bytes32,
};

const refundWindowTerms = z.strictObject({
  ...vaultTerms,
  arbiter: address,
  window: uint(40),
  resolutionPeriod: uint(40),
  silenceFavorsPayer: z.boolean(),
  nonRefundableBps: uint(16),
});

const escrowTerms = z.strictObject({ ...vaultTerms, captureWindow: uint(40) });

const planTerms = z.strictObject({
  ...vaultTerms,
  token: address,
  price: amount(88),
  periodUnit: z.enum(PeriodUnit),
  periodLength: uint(40),
  grace: uint(40),
  trial: uint(40),
  setupFee: amount(88),
  refundWindow: uint(40),
  nonRefundableBps: uint(16),
});

export const refundWindowExtra = z.strictObject({
  kind: z.literal("refund-window"),
  factory: address,
  terms: refundWindowTerms,
  settlement: z.optional(z.literal("by-proof")),
});

export const escrowExtra = z.strictObject({
  kind: z.literal("escrow"),
  factory: address,
  terms: escrowTerms,
  capture: z.optional(z.literal("deferred")),
});

export const planExtra = z.strictObject({
  kind: z.literal("subscription-plan"),
  factory: address,
  terms: planTerms,
  quantity: z.optional(uint(16).check(z.gte(1))),
});

/** The schema of `extra.recourse`. */
export const vaultExtra = z.discriminatedUnion("kind", [refundWindowExtra, escrowExtra, planExtra]);

/** What a route's `extra.recourse` says: `payTo` is the vault of these terms under this factory. Only durations, never times. */
export type VaultExtra = RefundWindowExtra | EscrowExtra | PlanExtra;

export type RefundWindowExtra = {
  kind: "refund-window";
  factory: Address;
  terms: RefundWindowTerms;
  /**
   * The facilitator knows nothing of vaults and pays past them: the payment counts, and its times begin, when somebody has
   * recorded it by a proof. Not a part of the terms: the vault is the same.
   */
  settlement?: "by-proof";
};

export type EscrowExtra = {
  kind: "escrow";
  factory: Address;
  terms: EscrowTerms;
  /**
   * The resource leaves while the price is held, and what was earned is captured later. Not a part of the terms: the vault is
   * the same.
   */
  capture?: "deferred";
};

export type PlanExtra = {
  kind: "subscription-plan";
  factory: Address;
  terms: WirePlanTerms;
  /** How many units a subscription of this route is for. Not a part of the terms: the plan is the same. Default: 1. */
  quantity?: number;
};

/** Whether the requirements speak of a vault at all. Others are the official scheme's matter. */
export function hasVaultExtra(requirements: Pick<PaymentRequirements, "extra">): boolean {
  return requirements.extra?.recourse !== undefined;
}

/** Whether a stock client will sign an EIP-3009 authorization; anything else would reach the vault past `pay`. */
export function isByAuthorization({ extra }: Pick<PaymentRequirements, "extra">): boolean {
  return extra.assetTransferMethod === undefined || extra.assetTransferMethod === "eip3009";
}

/** The vault that the requirements speak of, or `undefined` when it is malformed or of an unknown kind. */
export function parseVaultExtra(requirements: Pick<PaymentRequirements, "extra">): VaultExtra | undefined {
  const parsed = vaultExtra.safeParse(requirements.extra?.recourse);
  return parsed.success ? (parsed.data as VaultExtra) : undefined;
}

/** Whether payments come past the vault, and count when they are recorded. */
export function isByProof(requirements: Pick<PaymentRequirements, "extra">): boolean {
  const vault = parseVaultExtra(requirements);
  return vault?.kind === "refund-window" && vault.settlement === "by-proof";
}

/** The deployment under which these terms are a vault, if it is one of `deployments`. */
export function deploymentOf(
  { factory, kind }: VaultExtra,
  deployments: VaultDeployments,
): VaultDeployment | undefined {
  return deployments[kind].find((deployment) => isAddressEqual(deployment.factory, factory));
}

/** Whether `payTo` is the address of the terms. Throws the contract's own error class for terms out of bounds. */
export function paysVault({ payTo }: PaymentRequirements, vault: VaultExtra, deployment: VaultDeployment): boolean {
  return isAddress(payTo) && isAddressEqual(payTo, vaultAddressOf(vault, deployment));
}

/** Whether the client accepted the terms that the server advertises, to the letter. */
export function acceptedSameTerms(payload: PaymentPayload, requirements: PaymentRequirements): boolean {
  return deepEqual(payload.accepted.extra?.recourse, requirements.extra.recourse);
}

const authorization = z.object({
  from: address,
  to: address,
  value: uint256,
  validAfter: uint256,
  validBefore: uint256,
  nonce: bytes32,
});
const exactPayload = z.object({ authorization, signature: bytes });

/** What a stock client of `exact` signs: an EIP-3009 authorization. */
export type ExactPayload = z.infer<typeof exactPayload>;

/** The client's part of the payload, or `undefined` when it is no EIP-3009 authorization. */
export function parseExactPayload(payload: PaymentPayload): ExactPayload | undefined {
  const parsed = exactPayload.safeParse(payload.payload);
  return parsed.success ? parsed.data : undefined;
}

/** What names the payment inside its vault. */
export function refOf(payload: ExactPayload, asset: string): PaymentRef {
  return {
    method: Method.Eip3009,
    token: getAddress(asset),
    payer: payload.authorization.from,
    nonce: payload.authorization.nonce,
  };
}

/** The chain id in a CAIP-2 network of Ethereum's family. */
export function chainIdOf(network: string): number {
  return Number(network.split(":")[1]);
}
