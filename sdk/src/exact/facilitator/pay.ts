import type {
  FacilitatorContext,
  PaymentPayload,
  PaymentRequirements,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { getAddress, type Hex, keccak256, stringToHex, type TransactionReceipt } from "viem";
import { payCall } from "../../generated/actions/refundWindow/pay.js";
import { deployAndPayCall } from "../../generated/actions/vaultFactory/deployAndPay.js";
import { paymentIdOf } from "../../refund-window/paymentIdOf.js";
import { encodeTerms } from "../../refund-window/vaultAddress.js";
import {
  ErrAlreadyPaid,
  ErrAssetNotAllowed,
  ErrBeingSettled,
  ErrEventMismatch,
  ErrFactoryNotDeployed,
  ErrOperationMalformed,
  ErrPayloadUnsupported,
  ErrReverted,
  ErrServerFieldInPayload,
  ErrTermsMalformed,
  ErrTermsMismatch,
  ErrVaultMismatch,
} from "../errors.js";
import { hasServerFields, parsePayOperation, withoutServerFields } from "../operations.js";
import {
  acceptedSameTerms,
  chainIdOf,
  type ExactPayload,
  parseExactPayload,
  parseVaultExtra,
  paysVault,
  refOf,
  type VaultExtra,
} from "../terms.js";
import { pending, Refusal, success } from "./answers.js";
import { type ExpectedPayment, findPaidTransaction, isPaid, paidIn } from "./chain.js";
import {
  encoded,
  type Facilitator,
  isDeployed,
  servedDeployment,
  servesAsset,
  simulate,
  spend,
} from "./facilitator.js";
import type { GuardedOfficialScheme } from "./official.js";
import { withDeadline } from "./reasons.js";
import type { ContractCall, Outcome } from "./submitter.js";

/** A payment that passed the checks which need no chain. */
export type CheckedPayment = ExpectedPayment & { payload: ExactPayload; vaultExtra: VaultExtra };

/* VERIFY */

/** What needs no chain: the address is exactly these terms, under a factory that is served, for this network and asset. */
export function checkPayment(
  facilitator: Facilitator,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
): CheckedPayment {
  if (requirements.network !== facilitator.network) throw new Refusal("invalid_network");
  const vaultExtra = parseVaultExtra(requirements);
  if (!vaultExtra) throw new Refusal(ErrTermsMalformed);
  if (!acceptedSameTerms(payload, requirements)) throw new Refusal(ErrTermsMismatch);
  if (!paysVault(requirements, vaultExtra, servedDeployment(facilitator, vaultExtra)))
    throw new Refusal(ErrVaultMismatch);
  const vault = getAddress(requirements.payTo);
  const exactPayload = parseExactPayload(payload);
  if (!exactPayload) throw new Refusal(ErrPayloadUnsupported);
  if (!servesAsset(facilitator, requirements.asset)) throw new Refusal(ErrAssetNotAllowed);
  const ref = refOf(exactPayload, requirements.asset);
  return {
    vault,
    vaultExtra,
    ref,
    id: paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref }),
    amount: BigInt(requirements.amount),
    payload: exactPayload,
  };
}

/** The official checks, and then the very call that settlement will make. */
export async function verifyPayment(
  facilitator: Facilitator,
  official: GuardedOfficialScheme,
  payment: CheckedPayment,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
  context: FacilitatorContext | undefined,
): Promise<VerifyResponse> {
  if (hasServerFields(payload.payload)) throw new Refusal(ErrServerFieldInPayload);
  const exists = await isDeployed(facilitator, payment.vault);
  if (exists && (await isPaid(facilitator.client, payment))) throw new Refusal(ErrAlreadyPaid);
  // A call of an address without code succeeds, and pays nothing.
  if (!exists && !(await isDeployed(facilitator, payment.vaultExtra.factory))) throw new Refusal(ErrFactoryNotDeployed);
  const verified = await official.verify(payload, requirements, context);
  if (verified.isValid) await simulate(facilitator, paymentCall(payment, exists));
  return verified;
}

function paymentCall({ payload, ref, vault, vaultExtra }: CheckedPayment, exists: boolean): ContractCall {
  const { nonce, validAfter, validBefore, value } = payload.authorization;
  const authorization = {
    token: ref.token,
    payer: ref.payer,
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce,
    signature: payload.signature,
  };
  if (exists) return encoded(payCall({ address: vault, authorization }));
  return encoded(
    deployAndPayCall({ address: vaultExtra.factory, authorization, terms: encodeTerms(vaultExtra.terms) }),
  );
}

/* SETTLE */

/** Settles a payment into its vault, with the vault's deployment when it does not exist. */
export async function pay(
  facilitator: Facilitator,
  official: GuardedOfficialScheme,
  payment: CheckedPayment,
  payload: PaymentPayload,
  requirements: PaymentRequirements,
  context: FacilitatorContext | undefined,
): Promise<SettleResponse> {
  const operation = parsePayOperation(payload.payload);
  if (!operation) throw new Refusal(ErrOperationMalformed);
  const caller = facilitator.caller();
  // Bound to what was signed: payer and nonce alone are no proof that it is the same payment that is asked about.
  const owner = caller === undefined ? undefined : `${caller}:${operation.idempotencyKey}:${digestOf(payment)}`;
  const key = `pay:${payment.id}`;
  let exists = true;
  const outcome = await facilitator.submitter.submitOnce(key, owner, {
    prepare: async () => {
      // All of it again, right before it is signed.
      const clientPayload = { ...payload, payload: withoutServerFields(payload.payload) };
      const verifying = verifyPayment(facilitator, official, payment, clientPayload, requirements, context);
      const verified = await withDeadline(verifying, facilitator.readTimeoutMs);
      if (!verified.isValid) throw new Refusal(verified.invalidReason ?? ErrReverted);
      exists = await isDeployed(facilitator, payment.vault);
      return paymentCall(payment, exists);
    },
    approve: () => spend(facilitator, { kind: exists ? "payment" : "deployment", payment, value: payment.amount }),
  });
  // Whoever is not the one that started it learns only that it is not theirs: a payload can be copied.
  const isOurs = outcome.isFirst || (owner !== undefined && outcome.submission.owner === owner);
  return reportPayment(facilitator, key, payment, outcome, isOurs);
}

async function reportPayment(
  facilitator: Facilitator,
  key: string,
  payment: CheckedPayment,
  { receipt, submission }: Outcome,
  isOurs: boolean,
): Promise<SettleResponse> {
  if (!receipt && !isOurs) throw new Refusal(ErrBeingSettled);
  if (!receipt) return pending(facilitator, payment, submission.hash);
  if (receipt.status === "success") {
    if (!isOurs) throw new Refusal(ErrAlreadyPaid);
    if (!paidIn(receipt.logs, payment)) throw new Refusal(ErrEventMismatch);
    return success(facilitator, payment, submission.hash, { amount: payment.amount });
  }
  let overtaking: Hex | undefined;
  try {
    overtaking = await overtakenBy(facilitator, payment, receipt);
  } catch {
    // The node has gone away: what was sent may have been paid all the same.
    return pending(facilitator, payment, submission.hash);
  }
  if (overtaking && isOurs) return success(facilitator, payment, overtaking, { amount: payment.amount });
  await facilitator.submitter.forget(key, submission);
  throw new Refusal(overtaking ? ErrAlreadyPaid : ErrReverted);
}

/** The transaction of somebody who copied ours and was mined before it: the payment is the same, whoever sent it. */
function overtakenBy(
  { client, readTimeoutMs }: Facilitator,
  payment: CheckedPayment,
  { blockNumber }: TransactionReceipt,
): Promise<Hex | undefined> {
  return withDeadline(findPaidTransaction(client, payment, blockNumber), readTimeoutMs);
}

/** What the payer signed, and for how much of which token: two payloads of one payment are the same only with this. */
function digestOf({ amount, payload, ref }: CheckedPayment): Hex {
  return keccak256(stringToHex(JSON.stringify([payload, ref.token, String(amount)])));
}
