import type { PaymentPayload, PaymentRequirements, SettleResponse } from "@x402/core/types";
import { type Address, type Hash, type Hex, isAddressEqual, type Log } from "viem";
import { getBlock } from "viem/actions";
import { captureWithSignatureCall } from "../../generated/actions/escrow/captureWithSignature.js";
import { paymentOf } from "../../generated/actions/escrow/paymentOf.js";
import { reclaimCall } from "../../generated/actions/escrow/reclaim.js";
import { refundCall } from "../../generated/actions/escrow/refund.js";
import { voidWithSignatureCall } from "../../generated/actions/escrow/voidWithSignature.js";
import type { EscrowPayment } from "../../generated/types.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { refundNonce } from "../../vault/refundNonce.js";
import type { RelayRequest } from "../../vault/relay.js";
import { withDeadline } from "../../withDeadline.js";
import {
  ErrCaptureTooLate,
  ErrCostMalformed,
  ErrOperationMalformed,
  ErrOperationNotAuthorized,
  ErrReverted,
} from "../errors.js";
import { parseCaptureOperation, parseEscrowRefundOperation, parseVoidOperation } from "../operations.js";
import { chainIdOf } from "../terms.js";
import { pending, Refusal, refusalOf, success } from "./answers.js";
import { capturedIn, type ExpectedPayment, findEscrowTransaction, refundedOfCaptureIn, returnedIn } from "./chain.js";
import { encoded, type Facilitator, type SponsoredExpense, submitSponsored } from "./facilitator.js";
import type { CheckedPayment } from "./pay.js";
import { readReceipt } from "./receipts.js";
import type { ContractCall } from "./submitter.js";
import { relayedSignature } from "./wallet.js";

/* What becomes of a payment into an escrow: captured and returned by the operator's signature, reclaimed by anyone, refunded by whoever pays. */

/** What is to be done with a held payment, once, whatever number of times it is asked for. */
type HoldOrder = {
  name: "capture" | "close" | "void" | "reclaim" | "refund";
  key: string;
  contractCall: ContractCall;
  expense: SponsoredExpense;
  /** What it moved, when these logs show that it was done. */
  movedIn: (logs: Log[]) => bigint | undefined;
  /** What it has moved, when the payment stands as it leaves it, whoever did it. */
  movedTo: (payment: EscrowPayment) => bigint | undefined;
};

/* CAPTURE */

/** Captures what the operator signed, and returns the rest when the server closes the payment. */
export async function captureByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): Promise<SettleResponse> {
  const operation = parseCaptureOperation(payload.payload);
  if (!operation || operation.capture.amount !== requirements.amount) throw new Refusal(ErrOperationMalformed);
  const { type } = operation;
  const isFinal = type === "close";
  const amount = BigInt(operation.capture.amount);
  const expectedHeld = BigInt(operation.capture.expectedHeld);
  const expectedCaptured = BigInt(operation.capture.expectedCaptured);
  // Of nothing that is held nothing can be ordered, and what stands there shows nothing.
  if (expectedHeld === 0n || amount > expectedHeld) throw new Refusal(ErrOperationMalformed);
  const { id, ref, vault, vaultExtra } = payment;

  const captured = expectedCaptured + amount;
  const message = {
    paymentId: id,
    amount,
    isFinal,
    expectedHeld,
    expectedCaptured,
    deadline: BigInt(operation.capture.deadline),
  };
  const signature = await relayedSignature(facilitator, vaultExtra.terms.operator, operation.capture.signature);
  const toPayer = isFinal ? expectedHeld - amount : 0n;
  return carryOut(facilitator, payment, {
    name: type,
    key: captureKey(type, { id, captured, expectedCaptured }),
    contractCall: encoded(captureWithSignatureCall({ address: vault, ref, message, signature, payoutGas: PAYOUT_GAS })),
    expense: { kind: "operation", payment, value: amount },
    movedIn: (logs) => {
      const isCaptured = amount === 0n || capturedIn(logs, { captured, id, vault })?.amount === amount;
      const isReturned = toPayer === 0n || returnedIn(logs, { id, vault }) === toPayer;
      return isCaptured && isReturned ? amount : undefined;
    },
    movedTo: (now) =>
      now.captured === captured && now.held === expectedHeld - amount - toPayer && now.returned === toPayer
        ? amount
        : undefined,
  });
}

/** Names a capture to the submitter: whatever message or transaction carries it, it can happen once. */
export function captureKey(
  type: "capture" | "close",
  { captured, expectedCaptured, id }: { id: Hex; captured: bigint; expectedCaptured: bigint },
): string {
  return `${type}:${id}:${expectedCaptured}:${captured}`;
}

/* RETURN */

/** Returns what is held by the signature of operator or receiver; the server's own failure is told after that. */
export async function voidByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
): Promise<SettleResponse> {
  const operation = parseVoidOperation(payload.payload);
  if (!operation || BigInt(operation.void.expectedHeld) === 0n) throw new Refusal(ErrOperationMalformed);
  const { by, deadline, expectedHeld, signature } = operation.void;
  const { operator, receiver } = payment.vaultExtra.terms;
  if (![operator, receiver].some((seller) => isAddressEqual(seller, by))) throw new Refusal(ErrOperationNotAuthorized);
  const { id, ref, vault } = payment;
  const message = { paymentId: id, by, expectedHeld: BigInt(expectedHeld), deadline: BigInt(deadline) };

  const answer = await carryOut(facilitator, payment, {
    name: "void",
    key: `void:${id}:${expectedHeld}`,
    contractCall: encoded(
      voidWithSignatureCall({
        address: vault,
        ref,
        message,
        signature: await relayedSignature(facilitator, by, signature),
        payoutGas: PAYOUT_GAS,
      }),
    ),
    expense: { kind: "operation", payment, value: message.expectedHeld },
    ...returning(payment, message.expectedHeld),
  });
  // The operator is told what went back; what the payer is charged is nothing.
  if (operation.because === undefined || !answer.success) return { ...answer, ...(answer.success && { amount: "0" }) };
  const errorReason = operation.because === "cost-malformed" ? ErrCostMalformed : wireCodeOf.CaptureExceedsHeld;
  return { ...answer, success: false, errorReason, amount: "0" };
}

/** Returns to the payer what is held when its time is over. */
export async function relayReclaim(
  facilitator: Facilitator,
  vault: Address,
  { ref }: RelayRequest & { action: "reclaim" },
): Promise<SettleResponse> {
  const id = paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref });
  const payment: ExpectedPayment = { kind: "escrow", vault, id, ref, amount: 0n };
  const { held } = await withDeadline(
    paymentOf(facilitator.client, { address: vault, ref }),
    facilitator.readTimeoutMs,
  );
  return carryOut(facilitator, payment, {
    name: "reclaim",
    key: `reclaim:${id}`,
    contractCall: encoded(reclaimCall({ address: vault, ref, payoutGas: PAYOUT_GAS })),
    expense: { kind: "exit", payment, value: held },
    ...returning(payment),
  });
}

/** What shows that a payment went back: so much, or whatever was left of it. */
function returning({ id, vault }: ExpectedPayment, amount?: bigint): Pick<HoldOrder, "movedIn" | "movedTo"> {
  const asExpected = (returned: bigint | undefined) =>
    amount === undefined || returned === amount ? returned : undefined;
  return {
    movedIn: (logs) => asExpected(returnedIn(logs, { id, vault })),
    movedTo: ({ held, returned }) => (held === 0n && returned !== 0n ? asExpected(returned) : undefined),
  };
}

/* REFUND */

/** Gives the payer back of what was captured. Whoever signed the authorization pays, so that nobody else need agree. */
export async function refundCapturedByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): Promise<SettleResponse> {
  const authorization = parseEscrowRefundOperation(payload.payload)?.refund;
  if (!authorization || authorization.value !== requirements.amount) throw new Refusal(ErrOperationMalformed);
  const { nonce, payer: by, validAfter, validBefore } = authorization;
  const value = BigInt(authorization.value);
  const { id, ref, vault } = payment;
  const signature = await relayedSignature(facilitator, by, authorization.signature);
  const signed = { token: ref.token, payer: by, value, nonce, signature };
  const times = { validAfter: BigInt(validAfter), validBefore: BigInt(validBefore) };
  return carryOut(facilitator, payment, {
    name: "refund",
    key: `refund:${id}:${nonce}:${by}:${value}`,
    contractCall: encoded(
      refundCall({ address: vault, ref, authorization: { ...signed, ...times }, payoutGas: PAYOUT_GAS }),
    ),
    expense: { kind: "operation", payment, value },
    movedIn: (logs) => (refundedOfCaptureIn(logs, { by, id, vault }) === value ? value : undefined),
    // The nonce says what had been refunded before.
    movedTo: ({ refunded }) => (refunded >= value && refundNonce(id, refunded - value) === nonce ? value : undefined),
  });
}

/* ONCE */

async function carryOut(facilitator: Facilitator, payment: ExpectedPayment, order: HoldOrder): Promise<SettleResponse> {
  const { contractCall, expense, key, movedIn, name } = order;
  try {
    const isTimed = name !== "reclaim" && name !== "refund";
    if (isTimed && !(await facilitator.submitter.isKnown(key))) await checkMargin(facilitator, payment);
    const { receipt, submission } = await submitSponsored(facilitator, key, contractCall, expense);
    if (!receipt) return pending(facilitator, payment, submission.hash);
    const amount = movedIn(receipt.logs);
    if (amount !== undefined) return success(facilitator, payment, submission.hash, { amount, operation: name });
    // Of many captures one can have been left out: alone it can be tried again.
    const isUndone = receipt.status === "reverted" || submission.lastKey !== undefined;
    if (isUndone) await facilitator.submitter.forget(key, submission);
    throw new Refusal(ErrReverted);
  } catch (error) {
    // Done already, by a transaction that is not remembered here, or was faster: asking again is answered the same.
    const { message, reason } = refusalOf(error);
    if (!MAY_BE_DONE.includes(reason)) throw error;
    const done = await findDone(facilitator, payment, order);
    if (done) return success(facilitator, payment, done.transaction, { amount: done.amount, operation: name });
    // Whoever ordered it learns how the payment stands: it may have been done too long ago to be found.
    const receipt = await withDeadline(readReceipt(facilitator.client, payment), facilitator.readTimeoutMs);
    throw new Refusal(reason, message, receipt);
  }
}

const MAY_BE_DONE: string[] = [
  wireCodeOf.HoldChanged,
  wireCodeOf.NothingHeld,
  wireCodeOf.RefundNonceWrong,
  wireCodeOf.RefundExceedsCaptured,
  wireCodeOf.TokenRefusedAuthorization,
  ErrCaptureTooLate,
  ErrReverted,
];

/** A capture that is mined too late is refused by the vault, and its gas is lost. */
async function checkMargin(facilitator: Facilitator, { id, ref, vault }: ExpectedPayment): Promise<void> {
  const { captureMarginSeconds, client, readTimeoutMs, submitter } = facilitator;
  const end = Date.now() + readTimeoutMs;
  const read = () => Promise.all([paymentOf(client, { address: vault, ref }), getBlock(client)]);
  let [{ captureUntil }, { timestamp }] = await withDeadline(read(), readTimeoutMs);
  // Paid by us a moment ago, and the node that answers now has not seen it yet.
  while (captureUntil === 0 && Date.now() < end && (await submitter.isKnown(`pay:${id}`))) {
    await new Promise((resolve) => setTimeout(resolve, NODE_POLL_MS));
    [{ captureUntil }, { timestamp }] = await withDeadline(read(), readTimeoutMs);
  }
  if (captureUntil === 0) throw new Refusal(wireCodeOf.PaymentUnknown);
  if (Number(timestamp) + captureMarginSeconds >= captureUntil) throw new Refusal(ErrCaptureTooLate);
}

const NODE_POLL_MS = 250;

async function findDone(
  { client, readTimeoutMs }: Facilitator,
  payment: ExpectedPayment,
  { movedTo, name }: HoldOrder,
): Promise<{ amount: bigint; transaction: Hash } | undefined> {
  const { ref, vault } = payment;
  const amount = movedTo(await withDeadline(paymentOf(client, { address: vault, ref }), readTimeoutMs));
  if (amount === undefined) return undefined;
  const eventNames = name === "refund" ? (["Refunded"] as const) : (["Captured", "Returned"] as const);
  const transaction = await withDeadline(findEscrowTransaction(client, payment, eventNames), readTimeoutMs);
  return transaction && { amount, transaction };
}
