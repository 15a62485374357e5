import { readFile } from "node:fs/promises";
import { vaultFactoryAbi } from "@recourse/sdk/abis";
import { addresses } from "@recourse/sdk/addresses";
import { parseVaultExtra, type VaultExtra } from "@recourse/sdk/exact/facilitator";
import { terms as readTerms, vaultAddress } from "@recourse/sdk/refund-window";
import { type Address, type Client, getAddress, isAddressEqual } from "viem";
import { getContractEvents } from "viem/actions";
import { ConfigError } from "./config.js";

const { factory } = addresses["refund-window"];

/** The vaults that a file names by what their shops' routes say in `extra.recourse`, by their addresses. */
export async function readVaults(path: string): Promise<Map<Address, VaultExtra>> {
  const list: unknown = await readFile(path, "utf8")
    .then(JSON.parse)
    .catch(() => undefined);
  if (!Array.isArray(list)) throw new ConfigError("VAULTS_FILE is a JSON list of what routes say in extra.recourse.");
  return new Map(list.map((item, i) => vaultOf(item, i)));
}

function vaultOf(item: unknown, i: number): [Address, VaultExtra] {
  const extra = parseVaultExtra({ extra: { recourse: item } });
  if (!extra) throw new ConfigError(`VAULTS_FILE: entry ${i} is not what a route says in extra.recourse.`);
  if (!isAddressEqual(extra.factory, factory)) {
    throw new ConfigError(`VAULTS_FILE: entry ${i} is of factory ${extra.factory}, and ${factory} is served.`);
  }
  try {
    return [vaultAddress(extra.terms), extra];
  } catch (error) {
    throw new ConfigError(`VAULTS_FILE: entry ${i}: ${error instanceof Error ? error.message : "wrong terms"}`);
  }
}

/** The vaults that the factory deployed between two blocks. */
export async function deployedVaults(
  client: Client,
  range: { fromBlock: bigint; toBlock: bigint },
): Promise<Address[]> {
  const events = await getContractEvents(client, {
    abi: vaultFactoryAbi,
    address: factory,
    eventName: "VaultDeployed",
    strict: true,
    ...range,
  });
  return events.map(({ args }) => getAddress(args.vault));
}

/** What a vault that exists says of itself. */
export async function readVault(client: Client, address: Address): Promise<VaultExtra> {
  return { kind: "refund-window", factory, terms: await readTerms(client, { address }) };
}
