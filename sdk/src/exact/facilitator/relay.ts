import type { SettleResponse } from "@x402/core/types";
import { type Address, encodePacked, getAddress, type Hex, isAddressEqual, keccak256, type Log } from "viem";
import { concedeWithSignatureCall } from "../../generated/actions/refundWindow/concedeWithSignature.js";
import { disputeWithSignatureCall } from "../../generated/actions/refundWindow/disputeWithSignature.js";
import { refundWithSignatureCall } from "../../generated/actions/refundWindow/refundWithSignature.js";
import { resolveWithSignatureCall } from "../../generated/actions/refundWindow/resolveWithSignature.js";
import { withdrawDisputeWithSignatureCall } from "../../generated/actions/refundWindow/withdrawDisputeWithSignature.js";
import { withdrawWithSignatureCall } from "../../generated/actions/refundWindow/withdrawWithSignature.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import { fromWire } from "../../vault/messages.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import { PAYOUT_GAS } from "../../vault/payoutGas.js";
import type { RelayRequest } from "../../vault/relay.js";
import { ErrAssetNotAllowed, ErrReverted, ErrSettlementPending } from "../errors.js";
import { vaultAddressOf } from "../kinds.js";
import { chainIdOf } from "../terms.js";
import { pending, Refusal, success } from "./answers.js";
import { disputedIn, settlementIn, withdrawnIn } from "./chain.js";
import { relayReclaim } from "./escrow.js";
import {
  encoded,
  type Facilitator,
  type SponsoredExpense,
  servedDeployment,
  servesAsset,
  submitSponsored,
} from "./facilitator.js";
import { relayRecord } from "./record.js";
import { sendRefund } from "./refund.js";
import type { ContractCall } from "./submitter.js";
import { relayCancel, relayUndo } from "./subscription.js";
import { relayedSignature } from "./wallet.js";

/**
 * Sends what a party signed, or what anyone may do for nothing but gas. The chain decides whether it is right.
 */
export async function relayAction(facilitator: Facilitator, request: RelayRequest): Promise<SettleResponse> {
  if (request.network !== facilitator.network) throw new Refusal("invalid_network");
  const vault = vaultAddressOf(request.vault, servedDeployment(facilitator, request.vault));
  if (!servesAsset(facilitator, tokenOf(request))) throw new Refusal(ErrAssetNotAllowed);
  switch (request.action) {
    case "record":
      return relayRecord(facilitator, vault, request);
    case "withdraw":
      return relayWithdraw(facilitator, vault, request);
    case "refund":
      return relayRefund(facilitator, vault, request);
    case "reclaim":
      return relayReclaim(facilitator, vault, request);
    case "cancel":
      return relayCancel(facilitator, vault, request);
    case "undo":
      return relayUndo(facilitator, vault, request);
    default:
      return relayDispute(facilitator, vault, request);
  }
}

function tokenOf(request: RelayRequest): Address {
  if (request.action === "record") return request.token;
  if (request.action === "cancel" || request.action === "undo") return request.vault.terms.token;
  return request.action === "withdraw" ? request.message.token : request.ref.token;
}

/* REFUND */

async function relayRefund(
  facilitator: Facilitator,
  vault: Address,
  { message: wire, ref, signature }: RelayRequest & { action: "refund" },
): Promise<SettleResponse> {
  const id = paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref });
  const message = fromWire("refund", wire);
  const { amount, by, expectedRefunded, to } = message;
  const refund = refundWithSignatureCall({
    address: vault,
    ref,
    message,
    signature: await relayedSignature(facilitator, by, signature),
    payoutGas: PAYOUT_GAS,
  });
  const payment = { kind: "refund-window", vault, id, ref, amount } as const;
  const total = expectedRefunded + amount;
  const key = `refund:${id}:${expectedRefunded}:${total}:${getAddress(to)}:${getAddress(by)}`;
  return sendRefund(facilitator, key, encoded(refund), payment, total, {
    // The other side's own refunds must not use up the payer's exit.
    kind: isAddressEqual(by, ref.payer) ? "exit" : "operation",
    payment,
    value: amount,
  });
}

/* DISPUTE */

type DisputeRequest = RelayRequest & { action: "dispute" | "withdrawDispute" | "concede" | "resolve" };

async function relayDispute(
  facilitator: Facilitator,
  vault: Address,
  request: DisputeRequest,
): Promise<SettleResponse> {
  const { action, ref } = request;
  const id = paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref });
  const signature = await relayedSignature(facilitator, signerOf(request), request.signature);
  // Each can happen once to a payment, whatever else the messages say: so many are sent at a time.
  const key = `${action}:${id}`;
  const { receipt, submission } = await submitSponsored(
    facilitator,
    key,
    disputeCall(vault, request, signature),
    disputeExpense(id, request),
  );
  const payment = { kind: "refund-window", vault, id, ref, amount: 0n } as const;
  if (!receipt) return pending(facilitator, payment, submission.hash);
  const amount = movedIn(receipt.logs, id, vault, request);
  if (amount !== undefined) return success(facilitator, payment, submission.hash, { amount, operation: action });
  // Done by another message: it stays known, and the answer is what the vault would say to this one.
  if (receipt.status === "success") {
    throw new Refusal(action === "dispute" ? wireCodeOf.PaymentDisputed : wireCodeOf.PaymentNotDisputed);
  }
  await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}

function signerOf(request: DisputeRequest): Address {
  if (request.action === "concede") return request.message.by;
  return request.action === "resolve" ? request.vault.terms.arbiter : request.ref.payer;
}

function disputeCall(address: Address, request: DisputeRequest, signature: Hex): ContractCall {
  const { ref } = request;
  switch (request.action) {
    case "dispute":
      return encoded(
        disputeWithSignatureCall({ address, ref, message: fromWire("dispute", request.message), signature }),
      );
    case "withdrawDispute":
      return encoded(
        withdrawDisputeWithSignatureCall({
          address,
          ref,
          message: fromWire("withdrawDispute", request.message),
          signature,
        }),
      );
    case "concede":
      return encoded(
        concedeWithSignatureCall({ address, ref, message: fromWire("concede", request.message), signature }),
      );
    case "resolve":
      return encoded(
        resolveWithSignatureCall({ address, ref, message: fromWire("resolve", request.message), signature }),
      );
  }
}

/** To dispute is the payer's exit from a vault with an arbiter. */
function disputeExpense(id: Hex, { action, ref }: DisputeRequest): SponsoredExpense {
  return { kind: action === "dispute" ? "exit" : "operation", payment: { id, ref }, value: 0n };
}

/** What is disputed now, or what the payer got: as asked for, and not as somebody else's message had it meanwhile. */
function movedIn(logs: Log[], id: Hex, vault: Address, request: DisputeRequest): bigint | undefined {
  if (request.action === "dispute") {
    const dispute = disputedIn(logs, { id, vault });
    return dispute?.evidence === request.message.evidence ? dispute.held : undefined;
  }
  const settlement = settlementIn(logs, { id, vault });
  if (!settlement || !isAddressEqual(settlement.by, signerOf(request))) return undefined;
  if (request.action !== "resolve") return settlement.toPayer;
  const { evidence, toPayer } = request.message;
  return settlement.toPayer === BigInt(toPayer) && settlement.evidence === evidence ? settlement.toPayer : undefined;
}

/* CREDIT */

async function relayWithdraw(
  facilitator: Facilitator,
  vault: Address,
  { message: wire, signature }: RelayRequest & { action: "withdraw" },
): Promise<SettleResponse> {
  const message = fromWire("withdraw", wire);
  const { expectedCredit, expectedWithdrawn, owner, to, token } = message;
  const withdrawal = withdrawWithSignatureCall({
    address: vault,
    message,
    signature: await relayedSignature(facilitator, owner, signature),
  });
  const key = `withdraw:${vault}:${getAddress(token)}:${getAddress(owner)}:${expectedWithdrawn}:${getAddress(to)}`;
  // A credit belongs to no payment: what is sponsored is counted by vault, token and owner.
  const id = keccak256(encodePacked(["address", "address", "address"], [vault, token, owner]));
  const { receipt, submission } = await submitSponsored(facilitator, key, encoded(withdrawal), {
    kind: "exit",
    payment: { id, ref: { token } },
    value: expectedCredit,
  });
  const network = facilitator.network;
  const transaction = submission.hash;
  if (!receipt) return { success: false, errorReason: ErrSettlementPending, transaction, network, payer: owner };
  const withdrawn = withdrawnIn(receipt.logs, { owner, vault });
  if (withdrawn !== undefined) return { success: true, transaction, network, payer: owner, amount: String(withdrawn) };
  if (receipt.status === "reverted") await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}
