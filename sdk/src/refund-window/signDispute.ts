import { type Hex, zeroHash } from "viem";
import { paymentOf } from "../generated/actions/refundWindow/paymentOf.js";
import { PaymentNotDisputedError } from "../generated/errors.js";
import {
  concedeTypedData,
  disputeTypedData,
  resolveTypedData,
  withdrawDisputeTypedData,
} from "../generated/typedData.js";
import { Status } from "../generated/types.js";
import { toWire } from "../vault/messages.js";
import type { RelayRequest } from "../vault/relay.js";
import { deadlineOf, refOfReceipt, type SigningClient, type SigningOptions, sign } from "../vault/signForRelay.js";
import type { PaymentReceipt } from "./receipt.js";
import { relayPlace } from "./relayPlace.js";

/* A dispute's life by signatures that anybody may relay: the payer disputes, and one of three ends it. */

type DisputeParameters = SigningOptions & {
  /** What the server's response said of the payment. */
  payment: PaymentReceipt;
};

/** What is the same for all messages about a payment. */
async function partsOf(client: SigningClient, { payment, ...parameters }: DisputeParameters) {
  const address = payment.vault;
  const [place, deadline] = await Promise.all([
    relayPlace(client, address, parameters),
    deadlineOf(client, parameters),
  ]);
  const ref = refOfReceipt(payment);
  return { contract: { address, chainId: client.chain.id }, deadline, paymentId: payment.paymentId, place, ref };
}

/** Signs that the payer disputes a payment. A payment can be disputed once, whatever is left of it. */
export async function signDispute(
  client: SigningClient,
  { evidence = zeroHash, ...parameters }: signDispute.Parameters,
): Promise<RelayRequest & { action: "dispute" }> {
  const { contract, deadline, paymentId, place, ref } = await partsOf(client, parameters);
  const message = { paymentId, evidence, deadline };

  const signature = await sign(client, disputeTypedData({ ...contract, message }));
  return { action: "dispute", ...place, ref, message: toWire(message), signature };
}

export declare namespace signDispute {
  type Parameters = DisputeParameters & {
    /** Hash of what the payer has to say. Default: nothing. */
    evidence?: Hex;
  };
}

/**
 * Signs that the payer ends its running dispute in the seller's favor.
 *
 * @throws {PaymentNotDisputedError} when there is no dispute, or no longer.
 */
export async function signWithdrawDispute(
  client: SigningClient,
  parameters: signWithdrawDispute.Parameters,
): Promise<RelayRequest & { action: "withdrawDispute" }> {
  const { contract, deadline, paymentId, place, ref } = await partsOf(client, parameters);
  const { defaultsAt, status } = await paymentOf(client, { address: contract.address, ref });
  if (status !== Status.Disputed) throw new PaymentNotDisputedError({ id: paymentId });
  const message = { paymentId, defaultsAt: BigInt(defaultsAt), deadline };

  const signature = await sign(client, withdrawDisputeTypedData({ ...contract, message }));
  return { action: "withdrawDispute", ...place, ref, message: toWire(message), signature };
}

export declare namespace signWithdrawDispute {
  type Parameters = DisputeParameters;
}

/** Signs that receiver or operator ends a dispute in the payer's favor: all that is refundable goes back. */
export async function signConcede(
  client: SigningClient,
  parameters: signConcede.Parameters,
): Promise<RelayRequest & { action: "concede" }> {
  const { contract, deadline, paymentId, place, ref } = await partsOf(client, parameters);
  const message = { paymentId, by: client.account.address, deadline };

  const signature = await sign(client, concedeTypedData({ ...contract, message }));
  return { action: "concede", ...place, ref, message: toWire(message), signature };
}

export declare namespace signConcede {
  type Parameters = DisputeParameters;
}

/** Signs the arbiter's decision: so much to the payer, and the rest of what is disputed to the receiver. */
export async function signResolve(
  client: SigningClient,
  { evidence = zeroHash, toPayer, ...parameters }: signResolve.Parameters,
): Promise<RelayRequest & { action: "resolve" }> {
  const { contract, deadline, paymentId, place, ref } = await partsOf(client, parameters);
  const { held } = await paymentOf(client, { address: contract.address, ref });
  const message = { paymentId, toPayer, toReceiver: held - toPayer, evidence, deadline };

  const signature = await sign(client, resolveTypedData({ ...contract, message }));
  return { action: "resolve", ...place, ref, message: toWire(message), signature };
}

export declare namespace signResolve {
  type Parameters = DisputeParameters & {
    /** What the payer gets, in the token's smallest unit; at most what is refundable. */
    toPayer: bigint;
    /** Hash of the reasons. Default: none. */
    evidence?: Hex;
  };
}
