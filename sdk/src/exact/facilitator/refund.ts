import type { PaymentPayload, SettleResponse } from "@x402/core/types";
import { isAddressEqual } from "viem";
import { refundWithSignatureCall } from "../../generated/actions/refundWindow/refundWithSignature.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import { ErrOperationMalformed, ErrOperationNotAuthorized, ErrReverted } from "../errors.js";
import { parseRefundOperation } from "../operations.js";
import { pending, Refusal, success } from "./answers.js";
import { type ExpectedPayment, refundedIn } from "./chain.js";
import { encoded, type Facilitator, type SponsoredExpense, submitSponsored } from "./facilitator.js";
import type { CheckedPayment } from "./pay.js";
import type { ContractCall } from "./submitter.js";
import { relayedSignature } from "./wallet.js";

/** Gives a payment back by the signature of receiver or operator, when a server asks for it. */
export async function refundByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
): Promise<SettleResponse> {
  const operation = parseRefundOperation(payload.payload);
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const { amount, by, deadline, expectedHeld, expectedRefunded, signature } = operation.refund;
  const { operator, receiver } = payment.vaultExtra.terms;
  if (![operator, receiver].some((seller) => isAddressEqual(seller, by))) throw new Refusal(ErrOperationNotAuthorized);

  const refund = refundWithSignatureCall({
    address: payment.vault,
    ref: payment.ref,
    message: {
      paymentId: payment.id,
      by,
      amount: BigInt(amount),
      to: payment.ref.payer,
      expectedHeld: BigInt(expectedHeld),
      expectedRefunded: BigInt(expectedRefunded),
      deadline: BigInt(deadline),
    },
    signature: await relayedSignature(facilitator, by, signature),
    payoutGas: PAYOUT_GAS,
  });
  const total = BigInt(expectedRefunded) + BigInt(amount);
  const key = `refund:${payment.id}:${BigInt(expectedRefunded)}:${total}`;
  const expense = { kind: "operation", payment, value: BigInt(amount) } as const;
  return sendRefund(facilitator, key, encoded(refund), payment, total, expense);
}

/** Sends a refund, and tells what went back. */
export async function sendRefund(
  facilitator: Facilitator,
  key: string,
  transaction: ContractCall,
  payment: ExpectedPayment,
  total: bigint,
  expense: SponsoredExpense,
): Promise<SettleResponse> {
  const { receipt, submission } = await submitSponsored(facilitator, key, transaction, expense);
  if (!receipt) return pending(facilitator, payment, submission.hash);
  const amount = refundedIn(receipt.logs, { id: payment.id, total, vault: payment.vault });
  if (amount !== undefined) return success(facilitator, payment, submission.hash, { amount, operation: "refund" });
  // What was done for another message stays known: only what failed may be tried again.
  if (receipt.status === "reverted") await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}
