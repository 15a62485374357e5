import type { Address } from "viem";
import { type VaultDomain, withdrawTypedData } from "../generated/typedData.js";
import { toWire } from "./messages.js";
import { deadlineOf, type SigningClient, type SigningOptions, sign } from "./signForRelay.js";

/** Signs the withdrawal of a whole credit from a vault of any kind. */
export async function signCredit(
  client: SigningClient,
  { credit, domain, to = client.account.address, token, ...options }: signCredit.Parameters,
) {
  const owner = client.account.address;
  const [{ balance, withdrawn }, deadline] = await Promise.all([credit, deadlineOf(client, options)]);
  const message = { token, owner, to, expectedCredit: balance, expectedWithdrawn: withdrawn, deadline };
  const signature = await sign(client, withdrawTypedData({ domain, message }));
  return { action: "withdraw", message: toWire(message), signature } as const;
}

export declare namespace signCredit {
  type Parameters = SigningOptions & {
    domain: VaultDomain;
    /** What the vault says of it. */
    credit: Promise<{ balance: bigint; withdrawn: bigint }>;
    token: Address;
    to: Address | undefined;
  };
}
