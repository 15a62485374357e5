import { type Address, erc20Abi, maxUint256 } from "viem";
import { getCode, readContract } from "viem/actions";
import { subscriptionOf } from "../generated/actions/subscriptionPlan/subscriptionOf.js";
import { addresses } from "../generated/addresses.js";
import { subscribeTypedData } from "../generated/typedData.js";
import type { Subscribe, SubscriptionPlanTerms } from "../generated/types.js";
import type { VaultDeployment } from "../vault/cloneAddress.js";
import { toWire } from "../vault/messages.js";
import { deadlineOf, type SigningClient, sign } from "../vault/signForRelay.js";
import type { SubscribePayload } from "./payload.js";
import { signPermit } from "./signPermit.js";
import { firstChargeOf } from "./terms.js";
import { vaultAddress } from "./vaultAddress.js";

/**
 * Signs a subscription that anybody may bring to the plan (`subscribeWithSignature`), and the permit that the plan needs for
 * it. Reads from the chain how the pair stands, so that the signature works once.
 *
 * @throws What `encodeTerms` throws.
 */
export async function signSubscribe(
  client: SigningClient,
  parameters: signSubscribe.Parameters,
): Promise<SubscribePayload> {
  const { deployment = addresses["subscription-plan"], maxPeriods, quantity = 1, terms } = parameters;
  const subscriber = client.account.address;
  const beneficiary = parameters.beneficiary ?? subscriber;
  const plan = vaultAddress(terms, deployment);
  const [standing, deadline] = await Promise.all([
    standingOf(client, { plan, terms, beneficiary, quantity }),
    deadlineOf(client, parameters),
  ]);
  const message: Subscribe = {
    subscriber,
    beneficiary,
    quantity: BigInt(quantity),
    maxPeriods: BigInt(maxPeriods),
    maxFirstCharge: parameters.maxFirstCharge ?? standing.firstCharge,
    serial: standing.serial,
    deadline,
  };
  const signature = await sign(client, subscribeTypedData({ address: plan, chainId: client.chain.id, message }));
  const value = allowanceFor(terms, { allowance: standing.allowance, quantity, maxPeriods });
  const funding =
    parameters.isApproved || value === standing.allowance
      ? {}
      : { permit: await signPermit(client, { token: terms.token, spender: plan, value, deadline }) };
  return { subscribe: toWire(message), signature, ...funding };
}

export declare namespace signSubscribe {
  type Parameters = {
    /** The terms of the plan, which need not exist yet. */
    terms: SubscriptionPlanTerms;
    /** How many periods may be charged; skipped ones count. */
    maxPeriods: number;
    /** How many units each charge is for. Default: 1. */
    quantity?: number;
    /** Who may use it. Default: who signs. */
    beneficiary?: Address;
    /** The most that may be taken at once, setup fee included. Default: what it is now. */
    maxFirstCharge?: bigint;
    /** Signs no permit, since the plan has been approved by a transaction. Default: false. */
    isApproved?: boolean;
    /** First Unix second at which the signature is no longer valid. Default: an hour after the latest block. */
    deadline?: bigint;
    /** Another deployment than the canonical one. */
    deployment?: VaultDeployment;
  };
}

/** What a plan has to be allowed, for all that is signed now beside what it may take already. */
export function allowanceFor(
  { price, setupFee }: SubscriptionPlanTerms,
  { allowance, maxPeriods, quantity }: { allowance: bigint; maxPeriods: number; quantity: number },
): bigint {
  const total = setupFee + price * BigInt(quantity) * BigInt(maxPeriods);
  return allowance > maxUint256 - total ? maxUint256 : allowance + total;
}

type Standing = { serial: bigint; firstCharge: bigint; allowance: bigint };

async function standingOf(
  client: SigningClient,
  {
    beneficiary,
    plan,
    quantity,
    terms,
  }: { plan: Address; terms: SubscriptionPlanTerms; beneficiary: Address; quantity: number },
): Promise<Standing> {
  const subscriber = client.account.address;
  const args = [subscriber, plan] as const;
  const [allowance, code] = await Promise.all([
    readContract(client, { abi: erc20Abi, address: terms.token, args, functionName: "allowance" }),
    getCode(client, { address: plan }),
  ]);
  if (code === undefined) return { serial: 0n, firstCharge: firstChargeOf(terms, { quantity }), allowance };
  const pair = { subscriber, beneficiary };
  const { isActive, serial, trialUsed: isTrialUsed } = await subscriptionOf(client, { address: plan, pair });
  // What is paid already is not paid again: the first period begins where it ends.
  const firstCharge = isActive ? terms.setupFee : firstChargeOf(terms, { isTrialUsed, quantity });
  return { serial: BigInt(serial), firstCharge, allowance };
}
