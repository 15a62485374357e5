import type { SettleResponse } from "@x402/core/types";
import { type Address, encodePacked, type Hex, isAddressEqual, keccak256, type Log, parseEventLogs } from "viem";
import { subscriptionPlanAbi } from "../../generated/abis.js";
import { cancelWithSignatureCall } from "../../generated/actions/subscriptionPlan/cancelWithSignature.js";
import { undoWithSignatureCall } from "../../generated/actions/subscriptionPlan/undoWithSignature.js";
import type { Pair } from "../../generated/types.js";
import { pairIdOf } from "../../subscription/pairIdOf.js";
import { bareSubscriptionReceipt, statusOf } from "../../subscription/receipt.js";
import { fromWire } from "../../vault/messages.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import type { RelayRequest } from "../../vault/relay.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrReverted, ErrSettlementPending, ErrVaultNotDeployed } from "../errors.js";
import { optional, Refusal } from "./answers.js";
import { encoded, type Facilitator, isDeployed, submitSponsored } from "./facilitator.js";
import type { ContractCall } from "./submitter.js";
import { relayedSignature } from "./wallet.js";

/* How a subscription ends by its subscriber's signature, and what is answered about one. */

/** A pair of one plan. */
export type PlanPair = Pair & { plan: Address; token: Address };

/** What a budget is counted by: one pair of one plan. */
export function expenseIdOf({ plan, ...pair }: Pair & { plan: Address }): Hex {
  return keccak256(encodePacked(["address", "bytes32"], [plan, pairIdOf(pair)]));
}

/* CANCEL */

/** Ends the right to charge. */
export async function relayCancel(
  facilitator: Facilitator,
  plan: Address,
  { message: wire, signature: wrapped, vault }: RelayRequest & { action: "cancel" },
): Promise<SettleResponse> {
  const message = fromWire("cancel", wire);
  const { beneficiary, immediately, serial, subscriber } = message;
  const signature = await relayedSignature(facilitator, subscriber, wrapped);
  const pair = { plan, token: vault.terms.token, subscriber, beneficiary };
  return endOnce(facilitator, pair, {
    name: "cancel",
    key: `cancel:${expenseIdOf(pair)}:${serial}:${immediately}`,
    contractCall: encoded(cancelWithSignatureCall({ address: plan, message, signature })),
    movedIn: (logs) => (isCanceledIn(logs, pair) ? 0n : undefined),
  });
}

function isCanceledIn(logs: Log[], { plan, ...pair }: PlanPair): boolean {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "Canceled", logs }).some(
    ({ address, args }) => isAddressEqual(address, plan) && args.pair === pairIdOf(pair),
  );
}

/* UNDO */

/** Gives the newest charge back, and ends the subscription. */
export async function relayUndo(
  facilitator: Facilitator,
  plan: Address,
  { message: wire, signature: wrapped, vault }: RelayRequest & { action: "undo" },
): Promise<SettleResponse> {
  const message = fromWire("undo", wire);
  const { beneficiary, closesAt, subscriber, to } = message;
  const signature = await relayedSignature(facilitator, subscriber, wrapped);
  const pair = { plan, token: vault.terms.token, subscriber, beneficiary };
  return endOnce(facilitator, pair, {
    name: "undo",
    key: `undo:${expenseIdOf(pair)}:${closesAt}:${to}`,
    contractCall: encoded(undoWithSignatureCall({ address: plan, message, signature, payoutGas: PAYOUT_GAS })),
    movedIn: (logs) => undoneIn(logs, pair),
  });
}

function undoneIn(logs: Log[], { plan, ...pair }: PlanPair): bigint | undefined {
  return parseEventLogs({ abi: subscriptionPlanAbi, eventName: "Undone", logs }).find(
    ({ address, args }) => isAddressEqual(address, plan) && args.pair === pairIdOf(pair),
  )?.args.amount;
}

/* ONCE */

type Ending = {
  name: "cancel" | "undo";
  key: string;
  contractCall: ContractCall;
  /** What went back, when these logs show that it was done. */
  movedIn: (logs: Log[]) => bigint | undefined;
};

async function endOnce(
  facilitator: Facilitator,
  pair: PlanPair,
  { contractCall, key, movedIn, name }: Ending,
): Promise<SettleResponse> {
  // A call of an address without code succeeds, and ends nothing.
  if (!(await isDeployed(facilitator, pair.plan))) throw new Refusal(ErrVaultNotDeployed);
  const { receipt, submission } = await submitSponsored(facilitator, key, contractCall, {
    kind: "exit",
    payment: { id: expenseIdOf(pair), ref: pair },
    value: 0n,
  });
  if (!receipt) return pendingFor(facilitator, pair, submission.hash);
  const amount = movedIn(receipt.logs);
  if (amount !== undefined) return successFor(facilitator, pair, submission.hash, { amount, operation: name });
  if (receipt.status === "reverted") await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}

/* ANSWERS */

/** Sent, and not known yet. */
export function pendingFor({ network }: Facilitator, { subscriber }: Pair, transaction: Hex): SettleResponse {
  return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: subscriber };
}

/** Done, with how the subscription stands and who may do what from now on. */
export async function successFor(
  { client, network, readTimeoutMs }: Facilitator,
  { beneficiary, plan, subscriber, token }: PlanPair,
  transaction: Hex,
  { amount, operation }: { amount: bigint; operation?: "cancel" | "undo" | "charge" },
): Promise<SettleResponse> {
  // It is done: a node that goes away now must not turn that into a failure.
  const reading = statusOf(client, { address: plan, beneficiary, subscriber });
  const state = await withDeadline(reading, readTimeoutMs).catch(() => undefined);
  const bare = bareSubscriptionReceipt({ network, vault: plan, token, subscriber, beneficiary });
  return {
    success: true,
    transaction,
    network,
    payer: subscriber,
    amount: String(amount),
    extra: { recourse: state ?? bare, ...optional({ operation }) },
  };
}
