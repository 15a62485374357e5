import type { Address } from "viem";
import { paymentOf } from "../generated/actions/refundWindow/paymentOf.js";
import { refundTypedData } from "../generated/typedData.js";
import { toWire } from "../vault/messages.js";
import type { RelayRequest } from "../vault/relay.js";
import { deadlineOf, refOfReceipt, type SigningClient, type SigningOptions, sign } from "../vault/signForRelay.js";
import type { PaymentReceipt } from "./receipt.js";
import { relayPlace } from "./relayPlace.js";

/**
 * Signs a refund that anybody may relay: by the payer to any address, by receiver or operator to the payer. Reads from
 * the chain what the payment holds, so that the signature works once and only for what the signer saw.
 *
 * @throws {RecourseError} of the contract's class when the vault is not deployed.
 */
export async function signRefund(
  client: SigningClient,
  { payment, ...parameters }: signRefund.Parameters,
): Promise<RelayRequest & { action: "refund" }> {
  const { paymentId, payer, vault: address } = payment;
  const ref = refOfReceipt(payment);
  const [current, place, deadline] = await Promise.all([
    paymentOf(client, { address, ref }),
    relayPlace(client, address, parameters),
    deadlineOf(client, parameters),
  ]);
  const message = {
    paymentId,
    by: client.account.address,
    amount: parameters.amount ?? current.refundable,
    to: parameters.to ?? payer,
    expectedHeld: current.held,
    expectedRefunded: current.refunded,
    deadline,
  };

  const signature = await sign(client, refundTypedData({ address, chainId: client.chain.id, message }));
  return { action: "refund", ...place, ref, message: toWire(message), signature };
}

export declare namespace signRefund {
  type Parameters = SigningOptions & {
    /** What the server's response said of the payment. */
    payment: PaymentReceipt;
    /** In the token's smallest unit. Default: all that the payer can take back. */
    amount?: bigint;
    /** Where the money goes. Default: the payer. */
    to?: Address;
  };
}
