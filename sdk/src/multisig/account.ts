import { type Address, type Client, isAddressEqual } from "viem";
import { getChainId } from "viem/actions";
import { config as readConfig } from "../generated/actions/multisig/config.js";
import { epoch as readEpoch } from "../generated/actions/multisig/epoch.js";
import { PayeeNotListedError, TokenWithoutRulesError } from "../generated/errors.js";
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

/**
 * The rules for a token, and its place among those that have some, if the account may pay the payee.
 *
 * @throws {TokenWithoutRulesError} when the account has no rules for the token.
 * @throws {PayeeNotListedError} when the account may not pay the payee.
 */
export function rulesFor(
  account: MultisigAccount,
  { payee, token }: { payee: Address; token: Address },
): { rules: TokenRules; tokenIndex: number } {
  const { tokens } = account.config;
  const tokenIndex = tokens.findIndex((rules) => isAddressEqual(rules.token, token));
  const rules = tokens[tokenIndex];
  if (!rules) throw new TokenWithoutRulesError({ token });
  insistOnPayee(account, payee);
  return { rules, tokenIndex };
}

/** @throws {PayeeNotListedError} when the account may not pay the payee. */
export function insistOnPayee({ config: { payees } }: MultisigAccount, payee: Address): void {
  const isListed = payees.some((listed) => isAddressEqual(listed, payee));
  if (payees.length > 0 && !isListed) throw new PayeeNotListedError({ payee });
}

/** The weight that a payment of `value` needs: that of the lowest tier that reaches it, or full weight. */
export function weightFor({ config }: MultisigAccount, { tiers }: TokenRules, value: bigint): number {
  return tiers.find(({ maxValue }) => value <= maxValue)?.weight ?? config.fullWeight;
}
