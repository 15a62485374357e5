import type { Address, Chain, Client, Transport } from "viem";
import type { RefundWindowExtra } from "../exact/terms.js";
import { terms as readTerms } from "../generated/actions/refundWindow/terms.js";
import { addresses } from "../generated/addresses.js";

/** What a relay wants to know of a refund window. */
export async function relayPlace(
  client: Client<Transport, Chain>,
  address: Address,
  { factory = addresses["refund-window"].factory }: { factory?: Address | undefined },
): Promise<{ network: string; vault: RefundWindowExtra }> {
  const terms = await readTerms(client, { address });
  return { network: `eip155:${client.chain.id}`, vault: { kind: "refund-window", factory, terms } };
}
