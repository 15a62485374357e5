import type { SettleResponse } from "@x402/core/types";
import type { Address, Hex } from "viem";
import { readContract } from "viem/actions";
import { withContractErrors } from "../../contractErrorFrom.js";
import { authorizedTransferInCall } from "../../generated/actions/receiptVerifier/authorizedTransferIn.js";
import { receiptVerifier } from "../../generated/actions/refundWindow/receiptVerifier.js";
import { recordCall } from "../../generated/actions/refundWindow/record.js";
import { deployCall } from "../../generated/actions/vaultFactory/deploy.js";
import { Method, type ReceiptProof } from "../../generated/types.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import type { RelayRequest } from "../../vault/relay.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrReverted } from "../errors.js";
import { encodeTermsOf } from "../kinds.js";
import { chainIdOf, type VaultExtra } from "../terms.js";
import { pending, Refusal, success } from "./answers.js";
import { creditedIn, type ExpectedPayment, paidIn } from "./chain.js";
import {
  encoded,
  type Facilitator,
  isDeployed,
  type SponsoredExpense,
  servedDeployment,
  simulate,
  spend,
} from "./facilitator.js";
import { inOneTransaction } from "./multicall.js";
import type { ContractCall, Outcome } from "./submitter.js";

/* Payments that came past `pay`: a front-runner's, another facilitator's, the seller's own. A proof makes them count. */

/** A transfer that was proven, and what it takes to record it. */
export type ProvenPayment = ExpectedPayment & { proof: ReceiptProof; vaultExtra: VaultExtra };

/** Records what anybody proves. */
export async function relayRecord(
  facilitator: Facilitator,
  vault: Address,
  { proof: wire, token, vault: vaultExtra }: RelayRequest & { action: "record" },
): Promise<SettleResponse> {
  const proof = { ...wire, transactionIndex: BigInt(wire.transactionIndex), logIndex: BigInt(wire.logIndex) };
  const payment = await provenPayment(facilitator, { proof, token, vault, vaultExtra });
  const { key, outcome } = await sendRecord(facilitator, payment);
  const { receipt, submission } = outcome;
  if (!receipt) return pending(facilitator, payment, submission.hash);
  if (paidIn(receipt.logs, payment) || creditedIn(receipt.logs, payment))
    return success(facilitator, payment, submission.hash, { amount: payment.amount, operation: "record" });
  // What was done for another message stays known: only what failed may be tried again.
  if (receipt.status === "reverted") await facilitator.submitter.forget(key, submission);
  throw new Refusal(ErrReverted);
}

/** Asks the vaults' verifier what the proof shows. */
export async function provenPayment(
  facilitator: Facilitator,
  { proof, token, vault, vaultExtra }: { proof: ReceiptProof; token: Address; vault: Address; vaultExtra: VaultExtra },
): Promise<ProvenPayment> {
  const { client, network, readTimeoutMs } = facilitator;
  const { implementation } = servedDeployment(facilitator, vaultExtra);
  const reading = receiptVerifier(client, { address: implementation }).then((verifier) =>
    // The hash of the newest block is known from the next one on.
    readContract(client, { ...authorizedTransferInCall({ address: verifier, proof, token }), blockTag: "pending" }),
  );
  const { nonce, payer, value } = await withDeadline(withContractErrors(reading), readTimeoutMs);
  const ref = { method: Method.Eip3009, token, payer, nonce };
  return {
    kind: vaultExtra.kind,
    vault,
    vaultExtra,
    ref,
    id: paymentIdOf({ address: vault, chainId: chainIdOf(network), ref }),
    amount: value,
    proof,
  };
}

/** The transaction that recorded it, or `undefined` when it is not known yet, or somebody else's was first. */
export async function submitRecord(facilitator: Facilitator, payment: ProvenPayment): Promise<Hex | undefined> {
  const { key, outcome } = await sendRecord(facilitator, payment);
  const { receipt, submission } = outcome;
  if (!receipt) return undefined;
  if (paidIn(receipt.logs, payment)) return submission.hash;
  if (receipt.status === "reverted") await facilitator.submitter.forget(key, submission);
  return undefined;
}

/** Sends it once, whatever proofs of the payment come in, with the vault's deployment where it does not exist. */
async function sendRecord(
  facilitator: Facilitator,
  payment: ProvenPayment,
): Promise<{ key: string; outcome: Outcome }> {
  const key = `record:${payment.id}`;
  let exists = true;
  const outcome = await facilitator.submitter.submitOnce(key, facilitator.caller(), {
    prepare: async () => {
      exists = await isDeployed(facilitator, payment.vault);
      const contractCall = recordingCall(payment, exists);
      await simulate(facilitator, contractCall, { blockTag: "pending" });
      return contractCall;
    },
    approve: () => spend(facilitator, expenseOf(payment, exists)),
  });
  return { key, outcome };
}

function recordingCall({ proof, ref, vault, vaultExtra }: ProvenPayment, exists: boolean): ContractCall {
  const record = encoded(recordCall({ address: vault, proof, token: ref.token }));
  if (exists) return record;
  const deploy = encoded(deployCall({ address: vaultExtra.factory, terms: encodeTermsOf(vaultExtra) }));
  return inOneTransaction({ ...deploy, allowFailure: false }, { ...record, allowFailure: false });
}

function expenseOf(payment: ProvenPayment, exists: boolean): SponsoredExpense {
  return { kind: exists ? "record" : "deployment", payment, value: payment.amount };
}
