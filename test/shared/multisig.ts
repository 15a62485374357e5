import { addresses } from "@recourse/sdk/addresses";
import { accountAddress, deploy, encodeConfig, type MultisigConfig, sortConfig } from "@recourse/sdk/multisig";
import { type Address, type Hex, numberToHex } from "viem";
import { developmentAccount, type LocalClient, mintUsdc, USDC } from "../../scripts/lib/local-chain.js";

/** One dollar, in the smallest unit of USDC. */
export const DOLLAR = 1_000_000n;

export const agent = developmentAccount(30);
export const alice = developmentAccount(31);
export const bob = developmentAccount(32);

/** The agent alone up to one dollar, with a human up to a hundred, and everything else by two humans; 20 dollars are reserved. */
export function accountRules(changes: Partial<MultisigConfig> = {}): MultisigConfig {
  return sortConfig({
    fullWeight: 4,
    signers: [
      { account: agent.address, weight: 1, isHuman: false, isContract: false },
      { account: alice.address, weight: 2, isHuman: true, isContract: false },
      { account: bob.address, weight: 2, isHuman: true, isContract: false },
    ],
    payees: [],
    tokens: [
      {
        token: USDC,
        reserve: 20n * DOLLAR,
        refillPerDay: 5n * DOLLAR,
        refillTarget: 5n * DOLLAR,
        tiers: [
          { maxValue: DOLLAR, weight: 1 },
          { maxValue: 100n * DOLLAR, weight: 3 },
        ],
      },
    ],
    ...changes,
  });
}

let accounts = 0;

/** A new account with money, deployed by somebody. */
export async function deployAccount(
  client: LocalClient,
  { balance = 25n * DOLLAR, config = accountRules() }: { balance?: bigint; config?: MultisigConfig } = {},
): Promise<Address> {
  accounts += 1;
  const salt: Hex = numberToHex(accounts, { size: 32 });
  const { factory } = addresses.multisig;
  const hash = await deploy(client, { address: factory, config: encodeConfig(config), salt });
  await client.waitForTransactionReceipt({ hash });
  const address = accountAddress(config, salt);
  if (balance > 0n) await mintUsdc(client, address, balance);
  return address;
}
