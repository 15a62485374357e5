import type { Account, Address, Chain, Client, Transport, TypedDataDefinition } from "viem";
import { getBlock, signTypedData } from "viem/actions";
import type { VaultKind } from "../generated/addresses.js";
import { Method, type PaymentRef } from "../generated/types.js";
import type { ReceiptOf } from "./receipt.js";

/** Seconds that a relayed message stays valid, when its signer does not say. */
const RELAY_VALIDITY = 3_600n;

/** Signs by the key, or the account, of one party. */
export type SigningClient = Client<Transport, Chain, Account>;

/** What every signed message can be told. */
export type SigningOptions = {
  /** First Unix second at which the signature is no longer valid. Default: an hour after the latest block. */
  deadline?: bigint | undefined;
  /** The vault's factory. Default: the canonical one. */
  factory?: Address | undefined;
};

/** What names the payment of a receipt in its vault. */
export function refOfReceipt({ nonce, payer, token }: ReceiptOf<VaultKind, string>): PaymentRef {
  return { method: Method.Eip3009, token, payer, nonce };
}

/** The deadline that was asked for, or one by the chain's clock, which may be behind ours. */
export async function deadlineOf(client: SigningClient, { deadline }: SigningOptions): Promise<bigint> {
  return deadline ?? (await getBlock(client)).timestamp + RELAY_VALIDITY;
}

/** The client's own signature. */
export function sign(client: SigningClient, typedData: unknown) {
  return signTypedData(client, { account: client.account, ...(typedData as TypedDataDefinition) });
}
