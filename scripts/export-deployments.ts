/**
 * Writes `deployments/canonical.json`: where every contract is, on every chain, from the production build.
 * With a chain's journal in `ignition/deployments/chain-<id>` it also writes `deployments/<id>.json`.
 *
 *   npm run deployments:export             write
 *   npm run deployments:export -- --check  compare, and fail when a file is stale
 */
import { CREATE2_SALT } from "../hardhat.config.js";
import Protocol from "../ignition/modules/Protocol.js";
import { readBuiltContract } from "./lib/build-output.js";
import { CREATEX, canonicalContracts, type Future } from "./lib/canonical.js";
import { publishFiles, repositoryRoot } from "./lib/generated-files.js";

const json = (value: unknown) => `${JSON.stringify(value, null, 2)}\n`;

function canonicalDeployment(root: string) {
  const contracts = canonicalContracts(
    [...Protocol.submodules].flatMap((module) => contractFutures(module.futures)),
    (name) => {
      const built = readBuiltContract(root, name);
      if (!built.isProduction) {
        throw new Error(
          "Addresses come from production bytecode. Run `hardhat build --no-tests --build-profile production`.",
        );
      }
      return built;
    },
    CREATE2_SALT,
  );
  return { $schema: "./schema.json#/$defs/canonical", deployer: { name: "CreateX", address: CREATEX }, contracts };
}

function contractFutures(futures: Iterable<object>): Future[] {
  return [...futures].filter((future): future is Future => "contractName" in future && "constructorArgs" in future);
}

await publishFiles(
  { "deployments/canonical.json": json(canonicalDeployment(repositoryRoot)) },
  "npm run deployments:export",
);
