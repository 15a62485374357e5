import type { Account, Address, Chain, Client, Transport } from "viem";
import { getBlock, signTypedData } from "viem/actions";
import { paymentOf } from "../generated/actions/refundWindow/paymentOf.js";
import { terms as readTerms } from "../generated/actions/refundWindow/terms.js";
import { addresses } from "../generated/addresses.js";
import { refundTypedData } from "../generated/typedData.js";
import { Method } from "../generated/types.js";
import type { PaymentReceipt } from "./receipt.js";
import type { RelayRequest } from "./relay.js";

/** Seconds that a relayed message stays valid, when its signer does not say. */
export const RELAY_VALIDITY = 3_600n;

/**
 * Signs a refund that anybody may relay: by the payer to any address, by receiver or operator to the payer. Reads from
 * the chain what the payment holds, so that the signature works once and only for what the signer saw.
 *
 * @throws {RecourseError} of the contract's class when the vault is not deployed.
 */
export async function signRefund(
  client: Client<Transport, Chain, Account>,
  parameters: signRefund.Parameters,
): Promise<RelayRequest & { action: "refund" }> {
  const { factory = addresses["refund-window"].factory, payment } = parameters;
  const { nonce, paymentId, payer, token, vault } = payment;
  const ref = { method: Method.Eip3009, token, payer, nonce };
  const [current, terms, block] = await Promise.all([
    paymentOf(client, { address: vault, ref }),
    readTerms(client, { address: vault }),
    getBlock(client),
  ]);
  const message = {
    paymentId,
    amount: parameters.amount ?? current.refundable,
    to: parameters.to ?? payer,
    expectedHeld: current.held,
    expectedRefunded: current.refunded,
    deadline: parameters.deadline ?? block.timestamp + RELAY_VALIDITY,
  };

  const typedData = refundTypedData({ chainId: client.chain.id, address: vault, message });
  const signature = await signTypedData(client, { account: client.account, ...typedData });

  const { amount, deadline, expectedHeld, expectedRefunded, to } = message;
  return {
    action: "refund",
    network: `eip155:${client.chain.id}`,
    vault: { kind: "refund-window", factory, terms },
    ref,
    message: {
      paymentId,
      amount: String(amount),
      to,
      expectedHeld: String(expectedHeld),
      expectedRefunded: String(expectedRefunded),
      deadline: String(deadline),
    },
    signer: client.account.address,
    signature,
  };
}

export declare namespace signRefund {
  type Parameters = {
    /** What the server's response said of the payment. */
    payment: PaymentReceipt;
    /** In the token's smallest unit. Default: all that the payer can take back. */
    amount?: bigint;
    /** Where the money goes. Default: the payer. */
    to?: Address;
    /** First Unix second at which the signature is no longer valid. Default: an hour after the latest block. */
    deadline?: bigint;
    /** The vault's factory. Default: the canonical one. */
    factory?: Address;
  };
}
