import { type Address, type Client, concatHex } from "viem";
import { getCode } from "viem/actions";
import { addresses } from "../generated/addresses.js";

/**
 * Whether an address is an account of this suite: one of the canonical code, which its factory or anybody deployed. What such
 * an account says of itself can be believed.
 */
export async function isAccount(
  client: Client,
  { address }: { address: Address },
  { implementation }: { implementation: Address } = addresses.multisig,
): Promise<boolean> {
  const proxy = concatHex(["0x363d3d373d3d3d363d73", implementation, "0x5af43d82803e903d91602b57fd5bf3"]);
  const code = await getCode(client, { address });
  return code?.toLowerCase().startsWith(proxy.toLowerCase()) ?? false;
}
