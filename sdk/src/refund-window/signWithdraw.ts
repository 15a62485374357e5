import type { Address } from "viem";
import { creditOf } from "../generated/actions/refundWindow/creditOf.js";
import { refundWindowDomain, withdrawTypedData } from "../generated/typedData.js";
import { toWire } from "./messages.js";
import type { RelayRequest } from "./relay.js";
import { deadlineOf, relayPlace, type SigningClient, type SigningOptions, sign } from "./signForRelay.js";

/** Signs the withdrawal of a whole credit, which a failed payout or a dispute left; anybody may relay it. */
export async function signWithdraw(
  client: SigningClient,
  { address, to, token, ...parameters }: signWithdraw.Parameters,
): Promise<RelayRequest & { action: "withdraw" }> {
  const owner = client.account.address;
  const [credit, place, deadline] = await Promise.all([
    creditOf(client, { address, owner, token }),
    relayPlace(client, address, parameters),
    deadlineOf(client, parameters),
  ]);
  const message = {
    token,
    owner,
    to: to ?? owner,
    expectedCredit: credit.balance,
    expectedWithdrawn: credit.withdrawn,
    deadline,
  };

  const signature = await sign(
    client,
    withdrawTypedData({ domain: refundWindowDomain({ address, chainId: client.chain.id }), message }),
  );
  return { action: "withdraw", ...place, message: toWire(message), signature };
}

export declare namespace signWithdraw {
  type Parameters = SigningOptions & {
    /** The vault. */
    address: Address;
    /** The ERC-20 token of the credit. */
    token: Address;
    /** Where the money goes. Default: the owner. */
    to?: Address;
  };
}
