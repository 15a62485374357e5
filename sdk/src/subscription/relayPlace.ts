import type { Address, Chain, Client, Transport } from "viem";
import type { PlanExtra } from "../exact/terms.js";
import { terms as readTerms } from "../generated/actions/subscriptionPlan/terms.js";
import { addresses } from "../generated/addresses.js";
import { toWireTerms } from "./terms.js";

/** What a relay wants to know of a plan. */
export async function relayPlace(
  client: Client<Transport, Chain>,
  address: Address,
  { factory = addresses["subscription-plan"].factory }: { factory?: Address | undefined },
): Promise<{ network: string; vault: PlanExtra }> {
  const terms = toWireTerms(await readTerms(client, { address }));
  return { network: `eip155:${client.chain.id}`, vault: { kind: "subscription-plan", factory, terms } };
}
