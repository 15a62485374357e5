// `npm test`: all tests that must hold on every change.
import { closingLine, countTests } from "./lib/results.js";
import { run, secondsSince } from "./lib/run.js";

/** By build profile: the cache holds one, and changing it compiles everything anew. */
const parts: { name: string; command: readonly string[] }[] = [
  { name: "Solidity", command: ["hardhat", "test", "solidity"] },
  {
    name: "integration, on production bytecode",
    command: ["hardhat", "test", "nodejs", "--build-profile", "production"],
  },
];

const total = { passed: 0, failed: 0 };
for (const { name, command } of parts) {
  console.log(`\n${name}: ${command.join(" ")}`);
  const start = Date.now();
  const { code, output } = await run(command);
  const { passed, failed } = countTests(output);

  // A runner that breaks down, or finds no test at all, is a failure that it did not count itself.
  const isUncounted = failed === 0 && (code !== 0 || passed === 0);
  if (isUncounted) console.error(`${name}: ended with code ${code} after ${passed} tests`);
  total.passed += passed;
  total.failed += failed + (isUncounted ? 1 : 0);
  console.log(`${name}: ${closingLine({ passed, failed })}, ${secondsSince(start)}`);
}

console.log(closingLine(total));
process.exitCode = total.failed === 0 ? 0 : 1;
