import type { Address } from "viem";
import { subscriptionOf } from "../generated/actions/subscriptionPlan/subscriptionOf.js";
import { undoTypedData } from "../generated/typedData.js";
import { toWire } from "../vault/messages.js";
import type { RelayRequest } from "../vault/relay.js";
import { deadlineOf, type SigningClient, type SigningOptions, sign } from "../vault/signForRelay.js";
import { relayPlace } from "./relayPlace.js";

/**
 * Signs that the newest charge goes back and the subscription ends, which anybody may relay: once for a subscriber in a plan.
 *
 * @throws {RecourseError} of the contract's class when the plan does not exist.
 */
export async function signUndo(
  client: SigningClient,
  { address, to = client.account.address, ...parameters }: signUndo.Parameters,
): Promise<RelayRequest & { action: "undo" }> {
  const subscriber = client.account.address;
  const pair = { subscriber, beneficiary: parameters.beneficiary ?? subscriber };
  const [{ closesAt }, place, deadline] = await Promise.all([
    subscriptionOf(client, { address, pair }),
    relayPlace(client, address, parameters),
    deadlineOf(client, parameters),
  ]);
  const message = { ...pair, closesAt: BigInt(closesAt), to, deadline };
  const signature = await sign(client, undoTypedData({ address, chainId: client.chain.id, message }));
  return { action: "undo", ...place, message: toWire(message), signature };
}

export declare namespace signUndo {
  type Parameters = SigningOptions & {
    /** The plan. */
    address: Address;
    /** Who may use the subscription. Default: who signs. */
    beneficiary?: Address;
    /** Where the money goes. Default: the subscriber. */
    to?: Address;
  };
}
