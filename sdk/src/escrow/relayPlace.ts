import type { Address, Chain, Client, Transport } from "viem";
import type { EscrowExtra } from "../exact/terms.js";
import { terms as readTerms } from "../generated/actions/escrow/terms.js";
import { addresses } from "../generated/addresses.js";

/** What a relay wants to know of an escrow. */
export async function relayPlace(
  client: Client<Transport, Chain>,
  address: Address,
  { factory = addresses.escrow.factory }: { factory?: Address | undefined },
): Promise<{ network: string; vault: EscrowExtra }> {
  const terms = await readTerms(client, { address });
  return { network: `eip155:${client.chain.id}`, vault: { kind: "escrow", factory, terms } };
}
