// `npm run check`: everything but the behaviour, and the Solidity suite once more on the bytecode that is deployed.
import { closingLine, countTests } from "./lib/results.js";
import { run, secondsSince } from "./lib/run.js";

/** In the order of what fails fastest, and by build profile: the cache holds one. */
const steps: Record<string, string> = {
  "format and lint of TypeScript": "biome ci --colors=off --error-on-warnings .",
  "format of Solidity": "prettier --check --log-level warn contracts/**/*.sol test/**/*.sol",
  "lint of contracts": "solhint --noPoster --disc -w 0 contracts/**/*.sol",
  "lint of Solidity tests": "solhint --noPoster --disc -w 0 -c test/.solhintrc.yaml test/**/*.sol",
  "layers: who imports whom": "node --import tsx scripts/check-layers.ts",
  "trees: each leaf is a test": "node --import tsx scripts/check-trees.ts",

  "build of what is deployed": "hardhat build --build-profile production --no-tests",
  "docs of the contracts": "node --import tsx scripts/check-natspec.ts",
  "snapshots of storage, ABI and code": "node --import tsx scripts/snapshot.ts --check",
  "generated files of the sdk": "npm run sdk:check",
  "published addresses": "npm run deployments:check",
  types: "tsc --noEmit",
  "build of the sdk": "npm run build --workspace sdk",
  "package of the sdk": "npm run check:package --workspace sdk",
  "size of what users bundle": "node --import tsx scripts/check-size.ts",

  // The tests deploy by name what lies in artifacts/: compiled as always, they run on what is deployed.
  "build of the Solidity suite": "hardhat build",
  "build of what is deployed, again": "hardhat build --build-profile production --no-tests",
  "Solidity suite on production bytecode": "hardhat test solidity --no-compile",
  "that bytecode is what is deployed": "node --import tsx scripts/snapshot.ts --check",
};

let failed = 0;
for (const [name, command] of Object.entries(steps)) {
  const start = Date.now();
  const { code, output } = await run(command.split(" "), { isQuiet: true });
  // A runner that finds no test says nothing against it.
  const isOk = code === 0 && (!command.startsWith("hardhat test") || countTests(output).passed > 0);
  console.log(`${isOk ? "ok    " : "FAILED"} ${name} (${secondsSince(start)})`);
  if (isOk) continue;
  failed += 1;
  console.log(`$ ${command}\n${output}`);
}

console.log(closingLine({ passed: Object.keys(steps).length - failed, failed }));
process.exitCode = failed === 0 ? 0 : 1;
