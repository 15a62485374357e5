import type { Address } from "viem";
import { creditOf } from "../generated/actions/subscriptionPlan/creditOf.js";
import { subscriptionPlanDomain } from "../generated/typedData.js";
import type { RelayRequest } from "../vault/relay.js";
import { signCredit } from "../vault/signCredit.js";
import type { SigningClient, SigningOptions } from "../vault/signForRelay.js";
import { relayPlace } from "./relayPlace.js";

/** Signs the withdrawal of a whole credit, which money that bought no period, or a failed payout, left; anybody may relay it. */
export async function signWithdraw(
  client: SigningClient,
  { address, to, token, ...options }: signWithdraw.Parameters,
): Promise<RelayRequest & { action: "withdraw" }> {
  const credit = creditOf(client, { address, owner: client.account.address, token });
  const domain = subscriptionPlanDomain({ address, chainId: client.chain.id });
  const [place, signed] = await Promise.all([
    relayPlace(client, address, options),
    signCredit(client, { credit, domain, to, token, ...options }),
  ]);
  return { ...place, ...signed };
}

export declare namespace signWithdraw {
  type Parameters = SigningOptions & {
    /** The plan. */
    address: Address;
    /** The ERC-20 token of the credit. */
    token: Address;
    /** Where the money goes. Default: the owner. */
    to?: Address;
  };
}
