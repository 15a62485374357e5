import type { PaymentPayload, SettleResponse } from "@x402/core/types";
import { type Address, encodePacked, getAddress, isAddressEqual, keccak256 } from "viem";
import { refundWithSignatureCall } from "../../generated/actions/refundWindow/refundWithSignature.js";
import { withdrawWithSignatureCall } from "../../generated/actions/refundWindow/withdrawWithSignature.js";
import { paymentIdOf } from "../../refund-window/paymentIdOf.js";
import { PAYOUT_GAS } from "../../refund-window/payoutGas.js";
import type { RelayRequest } from "../../refund-window/relay.js";
import { vaultAddress } from "../../refund-window/vaultAddress.js";
import {
  ErrAssetNotAllowed,
  ErrOperationMalformed,
  ErrOperationNotAuthorized,
  ErrReverted,
  ErrSettlementPending,
} from "../errors.js";
import { parseRefundOperation } from "../operations.js";
import { chainIdOf } from "../terms.js";
import { pending, Refusal, success } from "./answers.js";
import { type ExpectedPayment, refundedIn, withdrawnIn } from "./chain.js";
import {
  encoded,
  type Facilitator,
  type SponsoredExpense,
  servedDeployment,
  servesAsset,
  submitSponsored,
} from "./facilitator.js";
import type { CheckedPayment } from "./pay.js";
import type { ContractCall } from "./submitter.js";
import { relayedSignature } from "./wallet.js";

/* BY THE SERVER */

/** Gives a payment back by the signature of receiver or operator, when a server asks for it. */
export async function refundByServer(
  facilitator: Facilitator,
  payment: CheckedPayment,
  payload: PaymentPayload,
): Promise<SettleResponse> {
  const operation = parseRefundOperation(payload.payload);
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const { amount, deadline, expectedHeld, expectedRefunded, signature, signer } = operation.refund;
  const { operator, receiver } = payment.vaultExtra.terms;
  if (![operator, receiver].some((seller) => isAddressEqual(seller, signer)))
    throw new Refusal(ErrOperationNotAuthorized);

  const refund = refundWithSignatureCall({
    address: payment.vault,
    ref: payment.ref,
    message: {
      paymentId: payment.id,
      amount: BigInt(amount),
      to: payment.ref.payer,
      expectedHeld: BigInt(expectedHeld),
      expectedRefunded: BigInt(expectedRefunded),
      deadline: BigInt(deadline),
    },
    signer,
    signature: await relayedSignature(facilitator, signer, signature),
    payoutGas: PAYOUT_GAS,
  });
  const total = BigInt(expectedRefunded) + BigInt(amount);
  const key = `refund:${payment.id}:${BigInt(expectedRefunded)}:${total}`;
  const expense = { kind: "operation", payment, value: BigInt(amount) } as const;
  return sendRefund(facilitator, key, encoded(refund), payment, total, expense);
}

async function sendRefund(
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
  await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}

/* BY RELAY */

/**
 * Sends an action that its party signed: a refund by payer, receiver or operator, or the withdrawal of a credit. The
 * chain decides whether the signature is right.
 */
export async function relayAction(facilitator: Facilitator, request: RelayRequest): Promise<SettleResponse> {
  if (request.network !== facilitator.network) throw new Refusal("invalid_network");
  const vault = vaultAddress(request.vault.terms, servedDeployment(facilitator, request.vault));
  const token = request.action === "refund" ? request.ref.token : request.message.token;
  if (!servesAsset(facilitator, token)) throw new Refusal(ErrAssetNotAllowed);
  return request.action === "refund"
    ? relayRefund(facilitator, vault, request)
    : relayWithdraw(facilitator, vault, request);
}

async function relayRefund(
  facilitator: Facilitator,
  vault: Address,
  { message, ref, signature, signer }: RelayRequest & { action: "refund" },
): Promise<SettleResponse> {
  const id = paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref });
  const amount = BigInt(message.amount);
  const payment = { vault, id, ref, amount };
  const refund = refundWithSignatureCall({
    address: vault,
    ref,
    message: {
      paymentId: message.paymentId,
      amount,
      to: message.to,
      expectedHeld: BigInt(message.expectedHeld),
      expectedRefunded: BigInt(message.expectedRefunded),
      deadline: BigInt(message.deadline),
    },
    signer,
    signature: await relayedSignature(facilitator, signer, signature),
    payoutGas: PAYOUT_GAS,
  });
  const total = BigInt(message.expectedRefunded) + amount;
  const key = `refund:${id}:${BigInt(message.expectedRefunded)}:${total}:${getAddress(message.to)}:${getAddress(signer)}`;
  return sendRefund(facilitator, key, encoded(refund), payment, total, {
    // The other side's own refunds must not use up the payer's exit.
    kind: isAddressEqual(signer, ref.payer) ? "exit" : "operation",
    payment,
    value: amount,
  });
}

async function relayWithdraw(
  facilitator: Facilitator,
  vault: Address,
  { message, signature }: RelayRequest & { action: "withdraw" },
): Promise<SettleResponse> {
  const { owner, token } = message;
  const amount = BigInt(message.expectedCredit);
  const withdrawal = withdrawWithSignatureCall({
    address: vault,
    message: {
      token,
      owner,
      to: message.to,
      expectedCredit: amount,
      expectedWithdrawn: BigInt(message.expectedWithdrawn),
      deadline: BigInt(message.deadline),
    },
    signature: await relayedSignature(facilitator, owner, signature),
  });
  const key = `withdraw:${vault}:${getAddress(token)}:${getAddress(owner)}:${BigInt(message.expectedWithdrawn)}:${getAddress(message.to)}`;
  // A credit belongs to no payment: what is sponsored is counted by vault, token and owner.
  const id = keccak256(encodePacked(["address", "address", "address"], [vault, token, owner]));
  const payment = { id, ref: { token } };
  const { receipt, submission } = await submitSponsored(facilitator, key, encoded(withdrawal), {
    kind: "exit",
    payment,
    value: amount,
  });
  const network = facilitator.network;
  const transaction = submission.hash;
  if (!receipt) return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: owner };
  const withdrawn = withdrawnIn(receipt.logs, { owner, vault });
  if (withdrawn !== undefined) return { success: true, transaction, network, payer: owner, amount: String(withdrawn) };
  await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}
