import { chmodSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { importUserConfig } from "hardhat/hre";

/**
 * Fetched when it is needed: as a dependency it would be 85 MB for everybody, and `npm ci` fails where the registry lacks
 * one of its platforms. `FORGE` names another one.
 */
const forgePackage = "@foundry-rs/forge@1.7.1";

export function forgeCommand(): string[] {
  return process.env.FORGE ? [process.env.FORGE] : ["npx", "--yes", "--package", forgePackage, "--", "forge"];
}

/** What both runners must agree on. */
type Settings = {
  solidity: { profiles: { default: { settings: { evmVersion: string } } } };
  test: { solidity: { profiles: { default: { fuzz: { runs: number; seed: string } } } } };
};

/** Lets forge run the Solidity tests of `folder`, a copy of the project, as Hardhat's default profile does. */
export async function prepareForge(folder: string): Promise<void> {
  const { solidity, test } = (await importUserConfig(join(folder, "hardhat.config.ts"))) as unknown as Settings;
  const { evmVersion } = solidity.profiles.default.settings;
  const { fuzz } = test.solidity.profiles.default;
  writeFileSync(
    join(folder, "foundry.toml"),
    `[profile.default]
src = "contracts"
test = "test"
libs = ["node_modules"]
remappings = ["@openzeppelin/=node_modules/@openzeppelin/"]
auto_detect_remappings = false
solc = "./solc.cjs"
offline = true
evm_version = "${evmVersion}"
bytecode_hash = "none"

[fuzz]
runs = ${fuzz.runs}
seed = "${fuzz.seed}"
`,
  );

  // The compiler that the lock file pins, behind the two options of the native one that forge uses.
  const solc = createRequire(import.meta.url).resolve("solc");
  const wrapper = join(folder, "solc.cjs");
  writeFileSync(
    wrapper,
    `#!${process.execPath}
const solc = require(${JSON.stringify(solc)});
if (process.argv.includes("--version")) console.log("solc, the solidity compiler\\nVersion: " + solc.version());
else process.stdout.write(solc.compile(require("node:fs").readFileSync(0, "utf8")));
`,
  );
  chmodSync(wrapper, 0o755);
}
