// `npm run check`: everything but the behaviour, and the Solidity suite once more on the bytecode that is deployed.
import { closingLine } from "./lib/results.js";
import { run, secondsSince } from "./lib/run.js";

/** In the order of what fails fastest; from `build` on everything uses the production profile. */
const steps: Record<string, string> = {
  "format and lint of TypeScript": "biome ci .",
  "format of Solidity": "prettier --check --log-level warn contracts/**/*.sol test/**/*.sol",
  "lint of contracts": "solhint --noPoster --disc -w 0 contracts/**/*.sol",
  "lint of tests": "solhint --noPoster --disc -w 0 -c test/.solhintrc.yaml test/**/*.sol",
};

let failed = 0;
for (const [name, command] of Object.entries(steps)) {
  const start = Date.now();
  const { code, output } = await run(command.split(" "), { isQuiet: true });
  console.log(`${code === 0 ? "ok    " : "FAILED"} ${name} (${secondsSince(start)})`);
  if (code === 0) continue;
  failed += 1;
  console.log(`$ ${command}\n${output}`);
}

console.log(closingLine({ passed: Object.keys(steps).length - failed, failed }));
process.exitCode = failed === 0 ? 0 : 1;
