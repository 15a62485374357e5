import { fileURLToPath } from "node:url";
import hardhatEthers from "@nomicfoundation/hardhat-ethers";
import toolboxViem from "@nomicfoundation/hardhat-toolbox-viem";
import typechain from "@nomicfoundation/hardhat-typechain";
import { defineConfig } from "hardhat/config";
import type { HardhatPlugin } from "hardhat/types/plugins";

/** Warnings of packages that we do not own say nothing about our code. */
const quietDependencies: HardhatPlugin = {
  id: "quiet-dependencies",
  hookHandlers: {
    solidity: async () => ({
      default: async () => ({
        async getCompilationJobErrors(context, job, output, next) {
          const errors = await next(context, job, output);
          return errors.filter(
            (error) =>
              error.severity === "error" ||
              !/-->.*node_modules\/|more than 256 warnings/.test(error.formattedMessage ?? error.message),
          );
        },
      }),
    }),
  },
};

/** The compiler is an npm package, so that nothing is downloaded and the lock file pins it. */
const compiler = {
  version: "0.8.37",
  path: fileURLToPath(import.meta.resolve("solc/soljson.js")),
};

const settings = {
  // A vault must fit into 24,576 bytes: docs/decisions/0012-what-fits-into-a-contract.md.
  optimizer: { enabled: true, runs: 200 },
  evmVersion: "cancun",
  // No metadata hash: the bytecode, and with it every address, depends on the code alone.
  metadata: { bytecodeHash: "none" },
  outputSelection: { "*": { "*": ["devdoc", "userdoc", "storageLayout"] } },
} as const;

/** One public salt for all canonical deployments: an address depends on this and the code, not on who sends. */
export const CREATE2_SALT = "0x7265636f75727365000000000000000000000000000000000000000000000001";

/**
 * The demo and the integration tests play on Base Sepolia's chain id, where stock clients know USDC.
 * Clients sign by the wall clock, so the chain starts in the past and stays behind it when time travels.
 */
const twoHundredDaysAgo = new Date(Date.now() - 200 * 86_400_000).toISOString();

export default defineConfig({
  plugins: [toolboxViem, hardhatEthers, typechain, quietDependencies],
  solidity: {
    splitTestsCompilation: true,
    profiles: {
      default: { ...compiler, settings },
      // What is deployed: each contract compiled by itself, so that its bytecode cannot depend on its neighbours.
      production: { ...compiler, isolated: true, settings: { ...settings, viaIR: true } },
    },
  },
  typechain: { outDir: "types/ethers-contracts" },
  paths: { tests: { solidity: "test", nodejs: "test/integration" } },
  ignition: { strategyConfig: { create2: { salt: CREATE2_SALT } } },
  networks: {
    /** A node that somebody runs; scripts override the URL. */
    local: { type: "http", chainType: "l1", chainId: 84532, url: "http://127.0.0.1:8545" },
    demo: {
      type: "edr-simulated",
      chainType: "l1",
      chainId: 84532,
      initialDate: twoHundredDaysAgo,
      hardfork: "prague",
    },
  },
  test: {
    solidity: {
      profiles: {
        default: {
          fuzz: { runs: 64, seed: "0x1" },
          invariant: { runs: 16, depth: 64, failOnRevert: true },
        },
        // Some two million calls. The journal is read again after each, so that a longer run costs more than more runs.
        deep: {
          fuzz: { runs: 5_000 },
          invariant: { runs: 50, depth: 200, failOnRevert: true },
        },
      },
    },
  },
});
