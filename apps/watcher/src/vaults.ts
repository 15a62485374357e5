import { readFile } from "node:fs/promises";
import { vaultFactoryAbi } from "@recourse/sdk/abis";
import { addresses } from "@recourse/sdk/addresses";
import { terms as readEscrowTerms } from "@recourse/sdk/escrow";
import { parseVaultExtra, type VaultExtra, vaultAddressOf } from "@recourse/sdk/exact/facilitator";
import { terms as readRefundWindowTerms } from "@recourse/sdk/refund-window";
import { type Address, type Client, getAddress, isAddressEqual, sliceHex } from "viem";
import { getCode, getContractEvents } from "viem/actions";
import { ConfigError } from "./config.js";

const { escrow, "refund-window": refundWindow } = addresses;

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
  const { factory } = addresses[extra.kind];
  if (!isAddressEqual(extra.factory, factory)) {
    throw new ConfigError(`VAULTS_FILE: entry ${i} is of factory ${extra.factory}, and ${factory} is served.`);
  }
  try {
    return [vaultAddressOf(extra), extra];
  } catch (error) {
    throw new ConfigError(`VAULTS_FILE: entry ${i}: ${error instanceof Error ? error.message : "wrong terms"}`);
  }
}

/** The vaults that the factories deployed between two blocks. */
export async function deployedVaults(
  client: Client,
  range: { fromBlock: bigint; toBlock: bigint },
): Promise<Address[]> {
  const events = await getContractEvents(client, {
    abi: vaultFactoryAbi,
    address: [refundWindow.factory, escrow.factory],
    eventName: "VaultDeployed",
    strict: true,
    ...range,
  });
  return events.map(({ args }) => getAddress(args.vault));
}

/** What a vault that exists says of itself. */
export async function readVault(client: Client, address: Address): Promise<VaultExtra> {
  // A clone's code names what it delegates to (ERC-1167), and that makes it a vault of one kind.
  const code = await getCode(client, { address });
  const isEscrow = code !== undefined && isAddressEqual(sliceHex(code, 10, 30), escrow.implementation);
  return isEscrow
    ? { kind: "escrow", factory: escrow.factory, terms: await readEscrowTerms(client, { address }) }
    : { kind: "refund-window", factory: refundWindow.factory, terms: await readRefundWindowTerms(client, { address }) };
}
