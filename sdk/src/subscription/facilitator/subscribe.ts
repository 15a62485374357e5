import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import {
  decodeFunctionResult,
  type Hex,
  isAddressEqual,
  keccak256,
  type Log,
  multicall3Abi,
  parseEventLogs,
  stringToHex,
} from "viem";
import { getBlock, getContractEvents } from "viem/actions";
import { contractErrorFrom } from "../../contractErrorFrom.js";
import {
  ErrBeingSettled,
  ErrOperationMalformed,
  ErrReverted,
  ErrServerFieldInPayload,
  ErrSimulationFailed,
} from "../../exact/errors.js";
import { Refusal } from "../../exact/facilitator/answers.js";
import { blocksSince } from "../../exact/facilitator/chain.js";
import { encoded, type Facilitator, simulate, spend } from "../../exact/facilitator/facilitator.js";
import { inOneTransaction } from "../../exact/facilitator/multicall.js";
import type { ContractCall, Outcome } from "../../exact/facilitator/submitter.js";
import { expenseIdOf, type PlanPair, pendingFor, successFor } from "../../exact/facilitator/subscription.js";
import { parseSignature } from "../../exact/facilitator/wallet.js";
import { encodeTermsOf } from "../../exact/kinds.js";
import { subscriptionPlanAbi } from "../../generated/abis.js";
import { subscribeWithSignatureCall } from "../../generated/actions/subscriptionPlan/subscribeWithSignature.js";
import { deployCall } from "../../generated/actions/vaultFactory/deploy.js";
import { ChargeResult, type Permit, type Subscribe } from "../../generated/types.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { withDeadline } from "../../withDeadline.js";
import {
  ErrAllowanceTooLow,
  ErrAlreadySubscribed,
  ErrBalanceTooLow,
  ErrDeadlineTooClose,
  ErrPayloadUnsupported,
  ErrQuantityMismatch,
} from "../errors.js";
import { hasServerFields, parseSubscribeOperation } from "../operations.js";
import { pairIdOf } from "../pairIdOf.js";
import { parseSubscribePayload, readSubscribe } from "../payload.js";
import { isLiveStatus, statusOf } from "../receipt.js";
import { type CheckedPlan, checkExistence, checkPlan } from "./plan.js";

/** A signed subscription that passed the checks which need no chain. */
export type CheckedSubscription = CheckedPlan & {
  pair: PlanPair;
  message: Subscribe;
  /** As the plan takes it. */
  signature: Hex;
  permit: Permit;
};

/** Seconds that a message must still be valid by the chain's clock: it takes a block to land, and the newest may be old. */
const DEADLINE_MARGIN = 20n;

/* VERIFY */

/** What needs no chain: the plan is exactly these terms, and what was signed is for this plan and this route. */
export function checkSubscription(
  facilitator: Facilitator,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): CheckedSubscription {
  const checkedPlan = checkPlan(facilitator, payload, requirements);
  const parsed = parseSubscribePayload(payload);
  if (!parsed) throw new Refusal(ErrPayloadUnsupported);
  const { message, permit, signature: wrapped } = readSubscribe(parsed);
  if (message.quantity !== BigInt(checkedPlan.quantity)) throw new Refusal(ErrQuantityMismatch);
  // Nothing is deployed for a subscriber: whether its account takes the signature, the chain says.
  const { signature } = parseSignature(wrapped);
  const { beneficiary, subscriber } = message;
  const pair = { plan: checkedPlan.plan, token: checkedPlan.terms.token, subscriber, beneficiary };
  return { ...checkedPlan, pair, message, signature, permit };
}

/** The very call that settlement will make. */
export async function verifySubscription(
  facilitator: Facilitator,
  subscription: CheckedSubscription,
  payload: PaymentPayload,
): Promise<void> {
  if (hasServerFields(payload.payload)) throw new Refusal(ErrServerFieldInPayload);
  await checkDeadline(facilitator, subscription);
  await simulateSubscription(facilitator, subscription, await checkExistence(facilitator, subscription));
}

async function checkDeadline({ client, readTimeoutMs }: Facilitator, { message }: CheckedSubscription): Promise<void> {
  const { timestamp } = await withDeadline(getBlock(client), readTimeoutMs);
  if (message.deadline < timestamp + DEADLINE_MARGIN) throw new Refusal(ErrDeadlineTooClose);
}

async function simulateSubscription(
  facilitator: Facilitator,
  subscription: CheckedSubscription,
  exists: boolean,
): Promise<void> {
  try {
    if (exists) return void (await simulate(facilitator, subscribeCall(subscription)));
    const data = await simulate(facilitator, deployingCall(subscription, { allowFailure: true }));
    const [, result] = decodeFunctionResult({ abi: multicall3Abi, data, functionName: "aggregate3" });
    if (!result?.success) throw contractErrorFrom(result?.returnData) ?? new Refusal(ErrSimulationFailed);
  } catch (error) {
    throw await refined(facilitator, subscription, error);
  }
}

/** The contract's refusal, in the words that a subscriber can act on. */
async function refined(
  { client, readTimeoutMs }: Facilitator,
  { pair }: CheckedSubscription,
  error: unknown,
): Promise<unknown> {
  const refusal = contractErrorFrom(error);
  if (refusal?.contractError === "PullFailed") {
    if (refusal.args.result === ChargeResult.BalanceTooLow) return new Refusal(ErrBalanceTooLow);
    return refusal.args.result === ChargeResult.AllowanceTooLow ? new Refusal(ErrAllowanceTooLow) : refusal;
  }
  const isUsed = refusal?.contractError === "SerialMismatch" && BigInt(refusal.args.serial) > refusal.args.signedSerial;
  if (!isUsed && refusal?.contractError !== "AlreadySubscribed") return error;
  const state = await withDeadline(statusOf(client, { address: pair.plan, ...pair }), readTimeoutMs);
  if (!state.isActive && !isLiveStatus(state.status)) return error;
  return new Refusal(ErrAlreadySubscribed, "Already subscribed: sign in.", state);
}

function subscribeCall({ message, permit, plan, signature }: CheckedSubscription): ContractCall {
  return encoded(subscribeWithSignatureCall({ address: plan, message, signature, permit, payoutGas: PAYOUT_GAS }));
}

function deployingCall(subscription: CheckedSubscription, { allowFailure }: { allowFailure: boolean }): ContractCall {
  const { planExtra } = subscription;
  const deploy = encoded(deployCall({ address: planExtra.factory, terms: encodeTermsOf(planExtra) }));
  return inOneTransaction({ ...deploy, allowFailure: false }, { ...subscribeCall(subscription), allowFailure });
}

/* SETTLE */

/** What the plan insists on beyond what it uses, so that no transfer fails for want of gas; and a permit. */
const SPARE_GAS = 250_000n;

/** Brings a subscription to its plan, with the plan's deployment where it does not exist. */
export async function subscribe(
  facilitator: Facilitator,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): Promise<SettleResponse> {
  const subscription = checkSubscription(facilitator, payload, requirements);
  const operation = parseSubscribeOperation(payload.payload);
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const { message, pair } = subscription;
  const caller = facilitator.caller();
  // Bound to what was signed, so that a copy of the payload is no claim to what was settled for another request.
  const owner = caller === undefined ? undefined : `${caller}:${operation.idempotencyKey}:${digestOf(subscription)}`;
  const key = `subscribe:${expenseIdOf(pair)}:${message.serial}`;
  let exists = true;
  const outcome = await facilitator.submitter.submitOnce(key, owner, {
    maxGas: facilitator.maxGas + SPARE_GAS,
    prepare: async () => {
      // All of it again, right before it is signed.
      checkSubscription(facilitator, payload, requirements);
      await checkDeadline(facilitator, subscription);
      exists = await checkExistence(facilitator, subscription);
      await simulateSubscription(facilitator, subscription, exists);
      return exists ? subscribeCall(subscription) : deployingCall(subscription, { allowFailure: false });
    },
    approve: () => {
      // A trial costs nothing yet: what is agreed on counts.
      const value = subscription.terms.price * message.quantity;
      const payment = { id: expenseIdOf(pair), ref: pair };
      return spend(facilitator, { kind: exists ? "payment" : "deployment", payment, value });
    },
  });
  const isOurs = outcome.isFirst || (owner !== undefined && outcome.submission.owner === owner);
  return report(facilitator, key, subscription, outcome, isOurs);
}

async function report(
  facilitator: Facilitator,
  key: string,
  subscription: CheckedSubscription,
  { receipt, submission }: Outcome,
  isOurs: boolean,
): Promise<SettleResponse> {
  const { pair } = subscription;
  if (!receipt && !isOurs) throw new Refusal(ErrBeingSettled);
  if (!receipt) return pendingFor(facilitator, pair, submission.hash);
  let charged = receipt.status === "success" ? chargedIn(receipt.logs, subscription) : undefined;
  let transaction = submission.hash;
  if (charged === undefined) {
    // Somebody copied it and was faster: the subscription is the same, whoever brought it.
    const overtaking = await findSubscribed(facilitator, subscription, receipt.blockNumber).catch(() => undefined);
    if (!overtaking) {
      await facilitator.submitter.forget(key, submission);
      throw new Refusal(ErrReverted);
    }
    charged = overtaking.charged;
    transaction = overtaking.hash;
  }
  const answer = await successFor(facilitator, pair, transaction, { amount: charged });
  // Whoever is not the one that started it signs in, if it is the subscriber: a payload can be copied.
  if (!isOurs) throw new Refusal(ErrAlreadySubscribed, "Already subscribed: sign in.");
  return answer;
}

/** What these logs show to have been taken when this very message was used. */
function chargedIn(logs: Log[], { message, pair, plan }: CheckedSubscription): bigint | undefined {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "Subscribed", logs }).find(
    ({ address, args }) =>
      isAddressEqual(address, plan) && args.pair === pairIdOf(pair) && BigInt(args.serial) === message.serial + 1n,
  )?.args.charged;
}

async function findSubscribed(
  { client, readTimeoutMs }: Facilitator,
  { message, pair, plan }: CheckedSubscription,
  near: bigint,
): Promise<{ hash: Hex; charged: bigint } | undefined> {
  const finding = getContractEvents(client, {
    abi: subscriptionPlanAbi,
    address: plan,
    args: { pair: pairIdOf(pair) },
    eventName: "Subscribed",
    strict: true,
    ...blocksSince(near),
  });
  const event = (await withDeadline(finding, readTimeoutMs)).find(
    ({ args }) => BigInt(args.serial) === message.serial + 1n,
  );
  return event && { hash: event.transactionHash, charged: event.args.charged };
}

/** What the subscriber signed: two payloads of one pair and serial are the same only with this. */
function digestOf({ message, signature }: CheckedSubscription): Hex {
  const values = Object.values(message).map(String);
  return keccak256(stringToHex(JSON.stringify([...values, signature])));
}
