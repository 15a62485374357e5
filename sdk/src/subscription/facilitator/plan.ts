import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import { type Address, getAddress, isAddress, isAddressEqual } from "viem";
import {
  ErrAssetNotAllowed,
  ErrFactoryNotDeployed,
  ErrTermsMalformed,
  ErrTermsMismatch,
  ErrVaultMismatch,
  ErrWalletDeploymentUnsupported,
} from "../../exact/errors.js";
import { Refusal } from "../../exact/facilitator/answers.js";
import { type Facilitator, isDeployed, servedDeployment, servesAsset } from "../../exact/facilitator/facilitator.js";
import { MULTICALL3 } from "../../exact/facilitator/multicall.js";
import { acceptedSameTerms, type PlanExtra, parseVaultExtra, paysVault } from "../../exact/terms.js";
import type { SubscriptionPlanTerms } from "../../generated/types.js";
import { ErrAmountMismatch, ErrAssetMismatch } from "../errors.js";
import { firstChargeOf, fromWireTerms } from "../terms.js";

/** A plan that the requirements speak of: its address is exactly these terms, under a factory that is served. */
export type CheckedPlan = { plan: Address; planExtra: PlanExtra; terms: SubscriptionPlanTerms; quantity: number };

/** What needs no chain, and concerns the plan alone. */
export function checkPlan(
  facilitator: Facilitator,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): CheckedPlan {
  if (requirements.network !== facilitator.network) throw new Refusal("invalid_network");
  if (requirements.scheme !== "subscription" || payload.accepted.scheme !== requirements.scheme)
    throw new Refusal("invalid_scheme");
  const planExtra = parseVaultExtra(requirements);
  if (planExtra?.kind !== "subscription-plan") throw new Refusal(ErrTermsMalformed);
  if (!acceptedSameTerms(payload, requirements)) throw new Refusal(ErrTermsMismatch);
  if (!paysVault(requirements, planExtra, servedDeployment(facilitator, planExtra)))
    throw new Refusal(ErrVaultMismatch);
  const terms = fromWireTerms(planExtra.terms);
  if (!isAddress(requirements.asset) || !isAddressEqual(requirements.asset, terms.token))
    throw new Refusal(ErrAssetMismatch);
  if (!servesAsset(facilitator, terms.token)) throw new Refusal(ErrAssetNotAllowed);
  const quantity = planExtra.quantity ?? 1;
  if (requirements.amount !== String(firstChargeOf(terms, { quantity }))) throw new Refusal(ErrAmountMismatch);
  return { plan: getAddress(requirements.payTo), planExtra, terms, quantity };
}

/** Whether the plan exists. If not, it is deployed in the transaction of its first subscriber, where that can be done. */
export async function checkExistence(facilitator: Facilitator, { plan, planExtra }: CheckedPlan): Promise<boolean> {
  if (await isDeployed(facilitator, plan)) return true;
  // A call of an address without code succeeds, and makes nothing.
  if (!(await isDeployed(facilitator, planExtra.factory))) throw new Refusal(ErrFactoryNotDeployed);
  if (!(await isDeployed(facilitator, MULTICALL3))) throw new Refusal(ErrWalletDeploymentUnsupported);
  return false;
}
