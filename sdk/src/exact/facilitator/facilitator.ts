import { findDefaultAsset } from "@x402/evm";
import type { ExactEvmSchemeConfig as OfficialExactEvmSchemeConfig } from "@x402/evm/exact/facilitator";
import { type Address, encodeFunctionData, getAddress, type Hex, isAddress, isAddressEqual } from "viem";
import { call, getCode } from "viem/actions";
import type { VaultKind } from "../../generated/addresses.js";
import type { VaultDeployment } from "../../vault/cloneAddress.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrFactoryNotAllowed, ErrNotSponsored } from "../errors.js";
import { canonicalDeployments, type VaultDeployments } from "../kinds.js";
import { deploymentOf, type VaultExtra } from "../terms.js";
import { Refusal } from "./answers.js";
import { Batches, type Batching } from "./batch.js";
import { type Expense, type Sponsor, sponsorEverything } from "./sponsor.js";
import {
  type ContractCall,
  type FacilitatorClient,
  InMemorySubmissionStorage,
  type Outcome,
  type SubmissionStorage,
  Submitter,
} from "./submitter.js";

export type ExactEvmSchemeConfig = OfficialExactEvmSchemeConfig & {
  /** The deployments whose vaults are served. Default: the canonical ones of all kinds. */
  deployments?: VaultDeployments;
  /** The tokens that vaults are paid in: foreign code that gas is paid for. Default: those that the official package knows. */
  assets?: readonly Address[];
  /** Who is calling: the identity of the authenticated server of the current call. Default: nobody is authenticated. */
  caller?: () => string | undefined;
  /** Decides what gas is paid for. Default: everything but deployments that no authenticated server asks for. */
  sponsor?: Sponsor;
  /** Remembers what was signed. Default: the memory of this process. */
  submissions?: SubmissionStorage;
  /** Blocks that make a settlement final enough, its own included. Default: 1. */
  confirmations?: number;
  /** Milliseconds to wait for a receipt; below the 90 s that servers wait. Default: 60,000. */
  confirmationTimeoutMs?: number;
  /** Milliseconds that the chain may take to answer before anything is sent. Default: 9,000. */
  readTimeoutMs?: number;
  /** The most gas that one transaction may use, the deployment of a payer's wallet included. Default: 500,000. */
  maxGas?: bigint;
  /** Seconds before the end of an escrow's capture window in which nothing is captured or voided any more. Default: 60. */
  captureMarginSeconds?: number;
  /** Sends payments of one vault and token that come in together as one transaction. Default: each goes alone. */
  batching?: Batching;
};

/** What all of a facilitator's work is done with. */
export type Facilitator = {
  client: FacilitatorClient;
  network: `eip155:${number}`;
  submitter: Submitter;
  /** Where payments wait for others, if they do. */
  batches: Batches | undefined;
  deployments: VaultDeployments;
  assets: readonly Address[] | undefined;
  /** The factories that are called to deploy a payer's wallet. */
  walletFactories: readonly Address[];
  caller: () => string | undefined;
  sponsor: Sponsor;
  readTimeoutMs: number;
  confirmationTimeoutMs: number;
  maxGas: bigint;
  captureMarginSeconds: number;
};

/** Fills in the defaults. */
export function createFacilitator(client: FacilitatorClient, config: ExactEvmSchemeConfig): Facilitator {
  const {
    batching,
    confirmationTimeoutMs = 60_000,
    confirmations = 1,
    maxGas = 500_000n,
    readTimeoutMs = 9_000,
  } = config;
  const storage = config.submissions ?? new InMemorySubmissionStorage();
  const submitter = new Submitter(client, { storage, confirmations, confirmationTimeoutMs, maxGas });
  return {
    client,
    network: `eip155:${client.chain.id}`,
    submitter,
    batches: batching && new Batches(client, submitter, { ...batching, readTimeoutMs }),
    deployments: config.deployments ?? canonicalDeployments,
    assets: config.assets,
    walletFactories: (config.eip6492AllowedFactories ?? []).map((factory) => getAddress(factory.trim())),
    caller: config.caller ?? (() => undefined),
    sponsor: config.sponsor ?? sponsorEverything,
    readTimeoutMs,
    confirmationTimeoutMs,
    maxGas,
    captureMarginSeconds: config.captureMarginSeconds ?? 60,
  };
}

/* WHAT IS SERVED */

/** Whether gas is paid for calls of this token. */
export function servesAsset({ assets, network }: Facilitator, asset: string): boolean {
  if (!isAddress(asset, { strict: false })) return false;
  if (assets) return assets.some((served) => isAddressEqual(served, asset));
  return findDefaultAsset(asset, network) !== undefined;
}

/** The deployment that these terms name, if it is served. */
export function servedDeployment({ deployments }: Facilitator, vaultExtra: VaultExtra): VaultDeployment {
  const deployment = deploymentOf(vaultExtra, deployments);
  if (!deployment) throw new Refusal(ErrFactoryNotAllowed);
  return deployment;
}

/* THE CHAIN */

/** Whether a contract exists. */
export async function isDeployed({ client, readTimeoutMs }: Facilitator, address: Address): Promise<boolean> {
  return (await withDeadline(getCode(client, { address }), readTimeoutMs)) !== undefined;
}

/**
 * What the chain would answer to the call, which it accepts. With twice the gas that is sponsored: what needs a little too
 * much is told so by the estimate, and what burns all it is given is not given all that the node has.
 */
export async function simulate(
  { client, maxGas, readTimeoutMs }: Facilitator,
  contractCall: ContractCall,
  { blockTag = "latest" }: { blockTag?: "latest" | "pending" } = {},
): Promise<Hex> {
  const calling = call(client, { ...contractCall, account: client.account, blockTag, gas: 2n * maxGas });
  return (await withDeadline(calling, readTimeoutMs)).data ?? "0x";
}

/** What would be paid for, and for which payment. */
export type SponsoredExpense = {
  kind: Expense["kind"];
  payment: { kind?: VaultKind; id: Hex; ref: { token: Address } };
  value: bigint;
};

/** Asks the sponsor, and refuses when it does not pay. */
export async function spend(
  { caller, sponsor }: Facilitator,
  { kind, payment, value }: SponsoredExpense,
): Promise<void> {
  const { id: paymentId, ref } = payment;
  const needsEnding = payment.kind === "escrow";
  const isSponsored = await sponsor({ kind, caller: caller(), paymentId, needsEnding, token: ref.token, value });
  if (!isSponsored) throw new Refusal(ErrNotSponsored);
}

/** Sends a call once, when the chain would accept it and the sponsor pays. */
export async function submitSponsored(
  facilitator: Facilitator,
  key: string,
  contractCall: ContractCall,
  expense: SponsoredExpense,
): Promise<Outcome> {
  // Before anybody waits for it: forgeries of the same must not queue in front of the genuine one.
  if (!(await facilitator.submitter.isKnown(key))) await simulate(facilitator, contractCall);
  return facilitator.submitter.submitOnce(key, facilitator.caller(), {
    prepare: async () => {
      await simulate(facilitator, contractCall);
      return contractCall;
    },
    approve: () => spend(facilitator, expense),
  });
}

/** A generated call as a transaction carries it. */
export function encoded(contractCall: { address: Address } & Parameters<typeof encodeFunctionData>[0]): ContractCall {
  return { to: contractCall.address, data: encodeFunctionData(contractCall) };
}
