import type { Account, Address, Chain, Client, Transport } from "viem";
import { getBlock, signTypedData } from "viem/actions";
import { creditOf } from "../generated/actions/refundWindow/creditOf.js";
import { terms as readTerms } from "../generated/actions/refundWindow/terms.js";
import { addresses } from "../generated/addresses.js";
import { withdrawTypedData } from "../generated/typedData.js";
import type { RelayRequest } from "./relay.js";
import { RELAY_VALIDITY } from "./signRefund.js";

/** Signs the withdrawal of the whole credit that a failed payout left; anybody may relay it. */
export async function signWithdraw(
  client: Client<Transport, Chain, Account>,
  { address, deadline, factory = addresses["refund-window"].factory, to, token }: signWithdraw.Parameters,
): Promise<RelayRequest & { action: "withdraw" }> {
  const owner = client.account.address;
  const [credit, terms, block] = await Promise.all([
    creditOf(client, { address, owner, token }),
    readTerms(client, { address }),
    getBlock(client),
  ]);
  const message = {
    token,
    owner,
    to: to ?? owner,
    expectedCredit: credit.balance,
    expectedWithdrawn: credit.withdrawn,
    deadline: deadline ?? block.timestamp + RELAY_VALIDITY,
  };

  const typedData = withdrawTypedData({ address, chainId: client.chain.id, message });
  const signature = await signTypedData(client, { account: client.account, ...typedData });

  return {
    action: "withdraw",
    network: `eip155:${client.chain.id}`,
    vault: { kind: "refund-window", factory, terms },
    message: {
      ...message,
      expectedCredit: String(message.expectedCredit),
      expectedWithdrawn: String(message.expectedWithdrawn),
      deadline: String(message.deadline),
    },
    signature,
  };
}

export declare namespace signWithdraw {
  type Parameters = {
    /** The vault. */
    address: Address;
    /** The ERC-20 token of the credit. */
    token: Address;
    /** Where the money goes. Default: the owner. */
    to?: Address;
    /** First Unix second at which the signature is no longer valid. Default: an hour after the latest block. */
    deadline?: bigint;
    /** The vault's factory. Default: the canonical one. */
    factory?: Address;
  };
}
