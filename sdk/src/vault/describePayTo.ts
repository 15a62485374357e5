import type { PaymentRequirements } from "@x402/core/types";
import { type Address, type Chain, type Client, isAddressEqual, type Transport, zeroAddress } from "viem";
import { getCode } from "viem/actions";
import { canonicalDeployments, encodeTermsOf, type VaultDeployments, type VaultPromise } from "../exact/kinds.js";
import {
  deploymentOf,
  hasVaultExtra,
  isByAuthorization,
  isByProof,
  parseVaultExtra,
  paysVault,
} from "../exact/terms.js";
import { addressOf } from "../generated/actions/vaultFactory/addressOf.js";
import { type EscrowTerms, PeriodUnit, type RefundWindowTerms } from "../generated/types.js";
import { RecourseError } from "../RecourseError.js";
import type { WirePlanTerms } from "../subscription/terms.js";

/** The address to pay is not the vault that the server says it is. */
export class VaultTermsMismatchError extends RecourseError {
  override name = "VaultTermsMismatchError";

  constructor(payTo: string, reason: string) {
    super(`${payTo} is not the vault that the server describes: ${reason}`, {
      next: "Do not pay: nothing shows that the address promises what the terms say.",
    });
  }
}

/** What an address promises to whoever pays it. */
export type PayToDescription = VaultPromise & {
  vault: Address;
  factory: Address;
  /** Whether the vault exists already; if not, the first payment deploys it. */
  isDeployed: boolean;
  /** The promise in sentences. */
  promise: string[];
};

/**
 * Proves what an address promises before paying it. The address is recomputed from the terms, under a factory that the
 * caller trusts, and the factory is asked for the same on the chain.
 *
 * @returns `undefined` when the requirements do not speak of a vault.
 * @throws {VaultTermsMismatchError} when the address is not the vault of these terms.
 */
export async function describePayTo(
  client: Client<Transport, Chain>,
  requirements: PaymentRequirements,
  { deployments = canonicalDeployments }: { deployments?: VaultDeployments } = {},
): Promise<PayToDescription | undefined> {
  const { payTo } = requirements;
  if (!hasVaultExtra(requirements)) return undefined;
  const vaultExtra = parseVaultExtra(requirements);
  if (!vaultExtra) throw new VaultTermsMismatchError(payTo, "its terms are malformed.");
  if (!isByAuthorization(requirements)) {
    throw new VaultTermsMismatchError(
      payTo,
      "it takes EIP-3009 authorizations, and the server asks for something else.",
    );
  }
  const { factory } = vaultExtra;
  const deployment = deploymentOf(vaultExtra, deployments);
  if (!deployment) throw new VaultTermsMismatchError(payTo, `its factory ${factory} is not one you trust.`);
  if (requirements.network !== `eip155:${client.chain.id}`) {
    throw new VaultTermsMismatchError(
      payTo,
      `it is on ${requirements.network}, and you asked eip155:${client.chain.id}.`,
    );
  }
  if (!paysVault(requirements, vaultExtra, deployment)) {
    throw new VaultTermsMismatchError(payTo, "the terms make another address.");
  }

  const vault = payTo as Address;
  if ((await getCode(client, { address: factory })) === undefined) {
    throw new VaultTermsMismatchError(payTo, `its factory ${factory} does not exist on this chain.`);
  }
  const onChain = await addressOf(client, { address: factory, terms: encodeTermsOf(vaultExtra) });
  if (!isAddressEqual(onChain, vault)) throw new VaultTermsMismatchError(payTo, "the factory on this chain disagrees.");
  const isDeployed = (await getCode(client, { address: vault })) !== undefined;
  const promise = [...(isByProof(requirements) ? [PROMISE_BY_PROOF] : []), ...promiseOf(vaultExtra)];
  const { kind, terms } = vaultExtra;
  return { ...({ kind, terms } as VaultPromise), vault, factory, isDeployed, promise };
}

const PROMISE_BY_PROOF =
  "The payment counts, and all times begin, when somebody has recorded it by a proof: anybody can, soon after paying, and nobody has to.";

function promiseOf(promise: VaultPromise): string[] {
  switch (promise.kind) {
    case "refund-window":
      return promiseOfRefundWindow(promise.terms);
    case "escrow":
      return promiseOfEscrow(promise.terms);
    case "subscription-plan":
      return promiseOfPlan(promise.terms);
  }
}

function promiseOfPlan(terms: WirePlanTerms): string[] {
  const {
    feeBps,
    feeReceiver,
    grace,
    periodLength,
    periodUnit,
    price,
    receiver,
    refundWindow,
    setupFee,
    token,
    trial,
  } = terms;
  const period = periodUnit === PeriodUnit.Months ? counted(periodLength, "month") : duration(periodLength);
  return [
    `One period of ${period} costs ${price} units of ${token}, and pays for that period alone.`,
    ...(trial === 0 ? [] : [`Who subscribes for the first time pays nothing for ${duration(trial)}.`]),
    ...(setupFee === "0" ? [] : [`Who subscribes pays ${setupFee} units once.`]),
    `Who subscribes is charged once a period, within ${duration(grace)} of its start or not at all, and for no more periods than it signed.`,
    refundWindow === 0
      ? `What is charged belongs to ${receiver} at once.`
      : `For ${duration(refundWindow)} after a charge, the subscriber can take back ${refundableShare(terms)}, once in this plan.`,
    ...(feeBps === 0 ? [] : [`${feeReceiver} gets ${feeBps / 100} % of what is charged, and the receiver the rest.`]),
  ];
}

function promiseOfEscrow({ captureWindow, feeBps, feeReceiver, operator, receiver }: EscrowTerms): string[] {
  return [
    `For ${duration(captureWindow)} after paying, ${operator} decides what of it ${receiver} has earned, and can return the rest.`,
    "Whatever was not earned by then is the payer's: anybody can have it sent back, and nobody can take it.",
    ...(feeBps === 0 ? [] : [`${feeReceiver} gets ${feeBps / 100} % of what was earned, and the receiver the rest.`]),
  ];
}

function promiseOfRefundWindow(terms: RefundWindowTerms): string[] {
  const { feeBps, feeReceiver, operator, receiver } = terms;
  return [
    ...(isAddressEqual(terms.arbiter, zeroAddress) ? promiseWithoutQuestions(terms) : promiseOfArbitration(terms)),
    `Until the full hour after that, ${receiver}${operator === receiver ? "" : ` or ${operator}`} can still give it back.`,
    `Then it belongs to ${receiver}, and anybody can have it paid out.`,
    ...(feeBps === 0
      ? []
      : [`${feeReceiver} gets ${feeBps / 100} % of what is paid out then, and the receiver the rest.`]),
  ];
}

function promiseWithoutQuestions(terms: RefundWindowTerms): string[] {
  return [
    `For ${duration(terms.window)} after paying, the payer can take back ${refundableShare(terms)}, to any address, without asking anybody.`,
  ];
}

function promiseOfArbitration(terms: RefundWindowTerms): string[] {
  const { arbiter, resolutionPeriod, silenceFavorsPayer, window } = terms;
  return [
    `For ${duration(window)} after paying, the payer can dispute it; then nobody gets it until the dispute has ended.`,
    `${arbiter} has ${duration(resolutionPeriod)} to divide it between payer and receiver; the payer can get ${refundableShare(terms)}.`,
    `If nobody decides in that time, it goes to the ${silenceFavorsPayer ? `payer, ${refundableShare(terms)}` : "receiver"}.`,
  ];
}

function refundableShare({ nonRefundableBps }: { nonRefundableBps: number }): string {
  return nonRefundableBps === 0 ? "all of it" : `all but ${nonRefundableBps / 100} % of it`;
}

function duration(seconds: number): string {
  const [unit, length] =
    seconds % 86_400 === 0
      ? (["day", 86_400] as const)
      : seconds % 3_600 === 0
        ? (["hour", 3_600] as const)
        : (["second", 1] as const);
  return counted(seconds / length, unit);
}

function counted(count: number, unit: string): string {
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}
