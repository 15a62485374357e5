/**
 * Writes `deployments/canonical.json`: where every contract is, on every chain, from the production build; and, from each
 * chain's journal in `ignition/deployments/chain-<id>`, `deployments/<id>.json`.
 *
 *   npm run deployments:export   write
 *   npm run deployments:check    compare, and fail when a file is stale
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { CREATE2_SALT } from "../hardhat.config.js";
import Protocol from "../ignition/modules/Protocol.js";
import { readBuiltContract } from "./lib/build-output.js";
import { type CanonicalContract, CREATEX, canonicalContracts, type Future } from "./lib/canonical.js";
import { type Files, publishFiles, repositoryRoot } from "./lib/generated-files.js";
import { contractsOfJournal, type DeploymentArtifact } from "./lib/journal.js";

/** Hardhat's own chain: nobody can look there. */
const LOCAL_CHAIN_ID = 31337;

/** The contracts of the protocol, at the addresses that the bytecode of the present build gives them. */
export function protocolContracts(root: string, { onlyProduction = true } = {}): CanonicalContract[] {
  const futures = [...Protocol.submodules].flatMap(({ futures }) => [...futures].filter(isContract));
  const artifactOf = (name: string) => {
    const built = readBuiltContract(root, name);
    if (built.isProduction || !onlyProduction) return built;
    throw new Error(
      "Addresses come from production bytecode: run `hardhat build --no-tests --build-profile production`.",
    );
  };
  return canonicalContracts(futures, artifactOf, CREATE2_SALT);
}

function isContract<Any extends object>(future: Any): future is Any & Future {
  return "contractName" in future && "constructorArgs" in future;
}

/** The files of `deployments/`, by their path. */
function deploymentFiles(root: string): Files {
  const canonical = { deployer: { name: "CreateX", address: CREATEX }, contracts: protocolContracts(root) };
  const chains = chainDeployments(root).map(({ chainId, folder }) => {
    const journal = readFileSync(join(folder, "journal.jsonl"), "utf8");
    const contracts = contractsOfJournal(journal, (futureId) => deploymentArtifact(folder, futureId));
    return [`deployments/${chainId}.json`, json({ chainId, contracts })];
  });
  return { "deployments/canonical.json": json(canonical), ...Object.fromEntries(chains) };
}

function json(value: object): string {
  return `${JSON.stringify({ $schema: "./schema.json", ...value }, null, 2)}\n`;
}

function chainDeployments(root: string): { chainId: number; folder: string }[] {
  const folder = join(root, "ignition/deployments");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .flatMap((name) => {
      const [, chainId] = /^chain-(\d+)$/.exec(name) ?? [];
      return chainId === undefined ? [] : { chainId: Number(chainId), folder: join(folder, name) };
    })
    .filter(({ chainId }) => chainId !== LOCAL_CHAIN_ID);
}

function deploymentArtifact(folder: string, futureId: string): DeploymentArtifact {
  const { abi, buildInfoId, bytecode } = JSON.parse(
    readFileSync(join(folder, "artifacts", `${futureId}.json`), "utf8"),
  );
  const buildInfo = JSON.parse(readFileSync(join(folder, "build-info", `${buildInfoId}.json`), "utf8"));
  const { evmVersion, optimizer, viaIR = false } = buildInfo.input.settings;
  return { abi, bytecode, compiler: { version: buildInfo.solcLongVersion, evmVersion, optimizer, viaIR } };
}

if (import.meta.main) await publishFiles(deploymentFiles(repositoryRoot), "npm run deployments:export");
