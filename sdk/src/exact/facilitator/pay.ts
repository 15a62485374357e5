import type {
  FacilitatorContext,
  PaymentPayload,
  PaymentRequirements,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { getAddress, type Hex, keccak256, stringToHex, type TransactionReceipt } from "viem";
import { getBlockNumber } from "viem/actions";
import { contractErrorFrom } from "../../contractErrorFrom.js";
import { payCall } from "../../generated/actions/refundWindow/pay.js";
import { deployAndPayCall } from "../../generated/actions/vaultFactory/deployAndPay.js";
import type { Authorization } from "../../generated/types.js";
import { buildReceiptProof } from "../../receipt-proof/buildReceiptProof.js";
import { findAuthorizedTransfer } from "../../receipt-proof/findAuthorizedTransfer.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import { withDeadline } from "../../withDeadline.js";
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
  ErrSimulationFailed,
  ErrTermsMalformed,
  ErrTermsMismatch,
  ErrTransferSimulationFailed,
  ErrVaultMismatch,
} from "../errors.js";
import { encodeTermsOf } from "../kinds.js";
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
import { provenPayment, submitRecord } from "./record.js";
import { type ContractCall, GasTooHighError, type Outcome, type Work } from "./submitter.js";
import {
  checkDeployment,
  deployingWallet,
  parseSignature,
  pendingDeployment,
  simulateAfter,
  type WalletDeployment,
} from "./wallet.js";

/** A payment that passed the checks which need no chain. */
export type CheckedPayment = ExpectedPayment & {
  /** With the signature as the token takes it. */
  payload: ExactPayload;
  vaultExtra: VaultExtra;
  /** The payer's deployment, if its signature came with one. */
  walletDeployment: WalletDeployment | undefined;
};

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
  const { deployment, signature } = parseSignature(exactPayload.signature);
  const ref = refOf(exactPayload, requirements.asset);
  return {
    kind: vaultExtra.kind,
    vault,
    vaultExtra,
    ref,
    id: paymentIdOf({ address: vault, chainId: chainIdOf(facilitator.network), ref }),
    amount: BigInt(requirements.amount),
    payload: { ...exactPayload, signature },
    walletDeployment: deployment,
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
  const missing = await findMissing(facilitator, payment);
  if (!missing.vault && (await isKnown(facilitator, payment))) throw new Refusal(ErrAlreadyPaid);
  // A call of an address without code succeeds, and pays nothing.
  if (missing.vault && !(await isDeployed(facilitator, payment.vaultExtra.factory)))
    throw new Refusal(ErrFactoryNotDeployed);
  if (missing.wallet) await checkWallet(facilitator, payment, missing.wallet, requirements);
  // For a payer that exists, what its signature is wrapped in is nobody's business.
  const signature = missing.wallet ? payload.payload.signature : payment.payload.signature;
  const signedPayload = { ...payload, payload: { authorization: payload.payload.authorization, signature } };
  const verified = await official.verify(signedPayload, requirements, context);
  // Its own simulation takes every 65 bytes for a key's, which some wallets' are not. The last word has ours.
  if (!verified.isValid && verified.invalidReason !== ErrTransferSimulationFailed) return verified;
  await simulatePayment(facilitator, payment, missing);
  return { isValid: true, payer: payment.ref.payer };
}

/** Whether the vault knows the payment. A plan tells it by what it refuses. */
async function isKnown(facilitator: Facilitator, payment: CheckedPayment): Promise<boolean> {
  if (payment.kind !== "subscription-plan") return isPaid(facilitator.client, payment);
  const paying = simulate(facilitator, paymentCall(payment, { vault: false, wallet: undefined }));
  return paying.then(
    () => false,
    (error) => contractErrorFrom(error)?.contractError === "PaymentAlreadyKnown",
  );
}

/** What does not exist yet, and is deployed in the transaction of the payment. */
type Missing = { vault: boolean; wallet: WalletDeployment | undefined };

async function findMissing(
  facilitator: Facilitator,
  { ref, vault, walletDeployment }: CheckedPayment,
): Promise<Missing> {
  const [hasVault, wallet] = await Promise.all([
    isDeployed(facilitator, vault),
    pendingDeployment(facilitator, ref.payer, walletDeployment),
  ]);
  return { vault: !hasVault, wallet };
}

async function checkWallet(
  facilitator: Facilitator,
  { payload, ref }: CheckedPayment,
  deployment: WalletDeployment,
  { extra }: PaymentRequirements,
): Promise<void> {
  const { name, version } = extra;
  // Without them the official checks refuse it.
  if (typeof name !== "string" || typeof version !== "string") return;
  await checkDeployment(facilitator, deployment, payload, { name, version, verifyingContract: ref.token });
}

async function simulatePayment(facilitator: Facilitator, payment: CheckedPayment, missing: Missing): Promise<void> {
  const contractCall = paymentCall(payment, missing);
  if (!missing.wallet) return void (await simulate(facilitator, contractCall));
  const { returnData, success } = await simulateAfter(facilitator, missing.wallet, contractCall);
  if (!success) throw contractErrorFrom(returnData) ?? new Refusal(ErrSimulationFailed);
}

function paymentCall(payment: CheckedPayment, missing: Missing): ContractCall {
  const { vault, vaultExtra } = payment;
  const authorization = authorizationOf(payment);
  if (!missing.vault) return encoded(payCall({ address: vault, authorization }));
  return encoded(deployAndPayCall({ address: vaultExtra.factory, authorization, terms: encodeTermsOf(vaultExtra) }));
}

function authorizationOf({ payload, ref }: CheckedPayment): Authorization {
  const { nonce, validAfter, validBefore, value } = payload.authorization;
  return {
    token: ref.token,
    payer: ref.payer,
    value: BigInt(value),
    validAfter: BigInt(validAfter),
    validBefore: BigInt(validBefore),
    nonce,
    signature: payload.signature,
  };
}

/* SETTLE */

/** Settles a payment into its vault, with the deployments of vault and payer where they do not exist. */
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
  let missing: Missing = { vault: false, wallet: undefined };
  let mayJoin = true;
  const work: Work = {
    prepare: async () => {
      // All of it again, right before it is signed.
      const clientPayload = { ...payload, payload: withoutServerFields(payload.payload) };
      const verifying = verifyPayment(facilitator, official, payment, clientPayload, requirements, context);
      const verified = await withDeadline(verifying, facilitator.readTimeoutMs);
      if (!verified.isValid) throw new Refusal(verified.invalidReason ?? ErrReverted);
      missing = await findMissing(facilitator, payment);
      const contractCall = paymentCall(payment, missing);
      return missing.wallet ? deployingWallet(missing.wallet, contractCall) : contractCall;
    },
    approve: async () => {
      const value = payment.amount;
      if (missing.wallet) await spend(facilitator, { kind: "wallet", payment, value });
      await spend(facilitator, { kind: missing.vault ? "deployment" : "payment", payment, value });
    },
    join: (task, gas) => {
      // A plan has no `payMany`.
      if (!mayJoin || missing.vault || missing.wallet || payment.kind === "subscription-plan") return undefined;
      return facilitator.batches?.join({ ...task, gas, vault: payment.vault, authorization: authorizationOf(payment) });
    },
  };
  const settle = async () => {
    const outcome = await facilitator.submitter.submitOnce(key, owner, work);
    // Whoever is not the one that started it learns only that it is not theirs: a payload can be copied.
    const isOurs = outcome.isFirst || (owner !== undefined && outcome.submission.owner === owner);
    return reportPayment(facilitator, key, payment, outcome, isOurs);
  };
  try {
    return await settle();
  } catch (error) {
    // Alone it is paid, or gets the reason that is its own.
    mayJoin = false;
    if (error instanceof LeftOut) return settle();
    const wasReverted = error instanceof Refusal && error.reason === ErrReverted;
    if (!wasReverted || !missing.wallet || !(await isDeployed(facilitator, payment.ref.payer))) throw error;
    // Somebody else deployed the payer's wallet first: to create it again burned all gas, and the payment failed with it.
    return settle();
  }
}

/** A transaction with several payments was mined without this one. */
class LeftOut extends Refusal {
  override name = "LeftOut";

  constructor() {
    super(ErrReverted);
  }
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
  const isShared = submission.lastKey !== undefined;
  const isPaidHere = receipt.status === "success" && paidIn(receipt.logs, payment);
  if (isPaidHere || (receipt.status === "success" && !isShared)) {
    if (!isOurs) throw new Refusal(ErrAlreadyPaid);
    if (!isPaidHere) throw new Refusal(ErrEventMismatch);
    return success(facilitator, payment, submission.hash, { amount: payment.amount });
  }
  let overtaking: Overtaking | undefined;
  try {
    overtaking = await overtakenBy(facilitator, payment, receipt);
    if (overtaking && !overtaking.isBooked && isOurs)
      overtaking = await recordOvertaking(facilitator, payment, overtaking, receipt);
  } catch (error) {
    // Whoever overtook it has made its receipt too large to be proven for what is sponsored: waiting changes nothing.
    if (error instanceof GasTooHighError) throw error;
    // The node has gone away, or it takes a proof longer: what was sent may have been paid all the same.
    return pending(facilitator, payment, submission.hash);
  }
  if (overtaking && isOurs) return success(facilitator, payment, overtaking.hash, { amount: payment.amount });
  // What was overtaken stays known: a stranger who asks must not have forgotten whose settlement it was.
  if (overtaking) throw new Refusal(ErrAlreadyPaid);
  await facilitator.submitter.forget(key, submission);
  if (isShared && isOurs) throw new LeftOut();
  throw new Refusal(ErrReverted);
}

/** The transaction of somebody who copied ours, or took the signature from it, and was mined before it. */
type Overtaking = {
  hash: Hex;
  /** Whether the vault knows the payment; if not, only the token does. */
  isBooked: boolean;
};

/** The payment is the same, whoever sent it. */
async function overtakenBy(
  facilitator: Facilitator,
  payment: CheckedPayment,
  { blockNumber }: TransactionReceipt,
): Promise<Overtaking | undefined> {
  const { client, readTimeoutMs } = facilitator;
  const booking = await withDeadline(findPaidTransaction(client, payment, blockNumber), readTimeoutMs);
  if (booking) return { hash: booking, isBooked: true };
  const { ref, vault } = payment;
  const fromBlock = blockNumber > OVERTAKING_RANGE ? blockNumber - OVERTAKING_RANGE : 0n;
  const finding = findAuthorizedTransfer(client, { ...ref, vault, fromBlock, toBlock: blockNumber });
  const transfer = await withDeadline(finding, readTimeoutMs);
  return transfer && { hash: transfer, isBooked: false };
}

/** Records it: ours to prove, since the payer signed it for the request that we settle. */
async function recordOvertaking(
  facilitator: Facilitator,
  payment: CheckedPayment,
  { hash }: Overtaking,
  receipt: TransactionReceipt,
): Promise<Overtaking | undefined> {
  const { client, readTimeoutMs } = facilitator;
  const { amount, ref, vault, vaultExtra } = payment;
  const { nonce, payer, token } = ref;
  const proof = await withDeadline(buildReceiptProof(client, { hash, nonce, payer, token }), readTimeoutMs);
  await blockAfter(facilitator, receipt);
  const proven = await provenPayment(facilitator, { proof, token, vault, vaultExtra });
  // Another authorization of the same nonce: the payer's own, and not what this request was offered.
  if (proven.amount !== amount) return undefined;
  const transaction = await submitRecord(facilitator, proven);
  if (transaction) return { hash: transaction, isBooked: true };
  const now = await overtakenBy(facilitator, payment, receipt);
  if (now?.isBooked) return now;
  throw new Error("It was sent, and nobody can say yet whether it is recorded.");
}

/** Waits for a block: the chain tells a block's hash from the next one on, and not every node answers for the next. */
async function blockAfter(
  { client, confirmationTimeoutMs }: Facilitator,
  { blockNumber }: TransactionReceipt,
): Promise<void> {
  const end = Date.now() + confirmationTimeoutMs;
  while (Date.now() < end && (await getBlockNumber(client, { cacheTime: 0 })) <= blockNumber) {
    await new Promise((resolve) => setTimeout(resolve, BLOCK_POLL_MS));
  }
}

const BLOCK_POLL_MS = 250;

/** Blocks before ours in which somebody who saw it could have been faster. */
const OVERTAKING_RANGE = 256n;

/** What the payer signed, and for how much of which token: two payloads of one payment are the same only with this. */
function digestOf({ amount, payload, ref }: CheckedPayment): Hex {
  return keccak256(stringToHex(JSON.stringify([payload, ref.token, String(amount)])));
}
