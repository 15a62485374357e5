import type { Address } from "viem";
import { subscriptionOf } from "../generated/actions/subscriptionPlan/subscriptionOf.js";
import { cancelTypedData } from "../generated/typedData.js";
import { toWire } from "../vault/messages.js";
import type { RelayRequest } from "../vault/relay.js";
import { deadlineOf, type SigningClient, type SigningOptions, sign } from "../vault/signForRelay.js";
import { relayPlace } from "./relayPlace.js";

/**
 * Signs the end of the right to charge, which anybody may relay. A Subscribe that is signed and has not landed ends with it.
 *
 * @throws {RecourseError} of the contract's class when the plan does not exist.
 */
export async function signCancel(
  client: SigningClient,
  { address, immediately = false, ...parameters }: signCancel.Parameters,
): Promise<RelayRequest & { action: "cancel" }> {
  const subscriber = client.account.address;
  const pair = { subscriber, beneficiary: parameters.beneficiary ?? subscriber };
  const [{ serial }, place, deadline] = await Promise.all([
    subscriptionOf(client, { address, pair }),
    relayPlace(client, address, parameters),
    deadlineOf(client, parameters),
  ]);
  const message = { ...pair, immediately, serial: BigInt(serial), deadline };
  const signature = await sign(client, cancelTypedData({ address, chainId: client.chain.id, message }));
  return { action: "cancel", ...place, message: toWire(message), signature };
}

export declare namespace signCancel {
  type Parameters = SigningOptions & {
    /** The plan. */
    address: Address;
    /** Who may use the subscription. Default: who signs. */
    beneficiary?: Address;
    /** Whether access ends too, without money back. Default: it lasts as long as it is paid. */
    immediately?: boolean;
  };
}
