import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { decodeFunctionResult, isAddressEqual, type Log, parseEventLogs } from "viem";
import { ErrOperationMalformed, ErrReverted, ErrVaultNotDeployed } from "../../exact/errors.js";
import { Refusal } from "../../exact/facilitator/answers.js";
import { encoded, type Facilitator, isDeployed, simulate, spend } from "../../exact/facilitator/facilitator.js";
import { expenseIdOf, type PlanPair, pendingFor, successFor } from "../../exact/facilitator/subscription.js";
import { subscriptionPlanAbi } from "../../generated/abis.js";
import { chargeCall } from "../../generated/actions/subscriptionPlan/charge.js";
import { subscriptionOf } from "../../generated/actions/subscriptionPlan/subscriptionOf.js";
import { ChargeResult } from "../../generated/types.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrAllowanceTooLow, ErrBalanceTooLow, ErrNotDue } from "../errors.js";
import { parseChargeOperation } from "../operations.js";
import { pairIdOf } from "../pairIdOf.js";
import { checkPlan } from "./plan.js";

/** Charges a pair the period that is due, so that its server can let it in. Whoever asks, nobody is charged what is not due. */
export async function charge(
  facilitator: Facilitator,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): Promise<SettleResponse> {
  const { plan, terms } = checkPlan(facilitator, payload, requirements);
  const operation = parseChargeOperation(payload.payload);
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const { beneficiary, subscriber } = operation;
  const pair = { plan, token: terms.token, subscriber, beneficiary };
  if (!(await isDeployed(facilitator, plan))) throw new Refusal(ErrVaultNotDeployed);
  const reading = subscriptionOf(facilitator.client, { address: plan, pair: { subscriber, beneficiary } });
  const { amount, anchor, nextIndex } = await withDeadline(reading, facilitator.readTimeoutMs);

  const contractCall = encoded(
    chargeCall({ address: plan, pairs: [{ subscriber, beneficiary }], tokenGas: PAYOUT_GAS }),
  );
  const key = `charge:${expenseIdOf(pair)}:${anchor}:${nextIndex}`;
  const { receipt, submission } = await facilitator.submitter.submitOnce(key, facilitator.caller(), {
    prepare: async () => {
      const data = await simulate(facilitator, contractCall);
      const [result] = decodeFunctionResult({ abi: subscriptionPlanAbi, data, functionName: "charge" });
      if (result !== ChargeResult.Charged) throw new Refusal(reasonOf(result));
      return contractCall;
    },
    approve: () =>
      spend(facilitator, { kind: "operation", payment: { id: expenseIdOf(pair), ref: pair }, value: amount }),
  });
  if (!receipt) return pendingFor(facilitator, pair, submission.hash);
  if (isChargedIn(receipt.logs, pair)) {
    return successFor(facilitator, pair, submission.hash, { amount, operation: "charge" });
  }
  await facilitator.submitter.forget(key, submission);
  // Mined after somebody else's charge, or after the money had gone.
  throw new Refusal(receipt.status === "success" ? ErrNotDue : ErrReverted);
}

function reasonOf(result: number | undefined): string {
  switch (result) {
    case ChargeResult.BalanceTooLow:
      return ErrBalanceTooLow;
    case ChargeResult.AllowanceTooLow:
      return ErrAllowanceTooLow;
    case ChargeResult.Refused:
      return wireCodeOf.PullFailed;
    default:
      return ErrNotDue;
  }
}

function isChargedIn(logs: Log[], { plan, ...pair }: PlanPair): boolean {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "Charged", logs }).some(
    ({ address, args }) => isAddressEqual(address, plan) && args.pairs.includes(pairIdOf(pair)),
  );
}
