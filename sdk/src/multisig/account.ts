import { type Address, type Client, isAddressEqual } from "viem";
import { getChainId } from "viem/actions";
import { config as readConfig } from "../generated/actions/multisig/config.js";
import { epoch as readEpoch } from "../generated/actions/multisig/epoch.js";
import type { MultisigConfig, Signer, TokenRules } from "../generated/types.js";

/** An account as it stands: what its signers sign names all of this. */
export type MultisigAccount = {
  address: Address;
  chainId: number;
  /** How often its rules have changed. */
  epoch: bigint;
  config: MultisigConfig;
};

/**
 * Reads an account's rules, and under which number they hold.
 *
 * @throws {NotAnAccountError} when the address is the implementation behind the accounts.
 */
export async function readAccount(client: Client, { address }: { address: Address }): Promise<MultisigAccount> {
  const [chainId, epoch, config] = await Promise.all([
    chainIdOf(client),
    readEpoch(client, { address }),
    readConfig(client, { address }),
  ]);
  return { address, chainId, config, epoch };
}

async function chainIdOf(client: Client): Promise<number> {
  return client.chain?.id ?? getChainId(client);
}

/** The signer with this address. */
export function signerOf({ config }: Pick<MultisigAccount, "config">, account: Address): Signer | undefined {
  return config.signers.find((signer) => isAddressEqual(signer.account, account));
}

/** The rules for a token, and its place among those that have some. */
export function rulesOf(
  { config }: MultisigAccount,
  token: Address,
): { rules: TokenRules; tokenIndex: number } | undefined {
  const tokenIndex = config.tokens.findIndex((rules) => isAddressEqual(rules.token, token));
  const rules = config.tokens[tokenIndex];
  return rules && { rules, tokenIndex };
}

/** The weight that a payment of `value` needs: that of the lowest tier that reaches it, or full weight. */
export function weightFor({ config }: MultisigAccount, { tiers }: TokenRules, value: bigint): number {
  return tiers.find(({ maxValue }) => value <= maxValue)?.weight ?? config.fullWeight;
}

/** Whether the account may pay `payee`. */
export function mayPay({ config: { payees } }: MultisigAccount, payee: Address): boolean {
  return payees.length === 0 || payees.some((listed) => isAddressEqual(listed, payee));
}
