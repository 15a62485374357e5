/**
 * `npm run coverage`: lines and branches of contracts/ that the Solidity tests reach. Fails below 100 %.
 *
 * Hardhat counts lines and no branches; forge counts branches, but passes over free functions, so it has nothing on
 * `contracts/types/`: those must not branch. Forge counts as branches the body of an `if`, its `else`, and both outcomes of
 * a `try`; not the untaken side of an `if` without `else`, nor `?:`, `&&` and `||`. For all of these `npm run mutate` has
 * an operator. Invariants stay out: what only chance reaches is not covered.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { nodesIn } from "./lib/ast.js";
import { treesOf } from "./lib/compiler.js";
import { forgeCommand, prepareForge } from "./lib/forge.js";
import { coverageOf, parseLcov, type SourceCoverage, shareCovered } from "./lib/lcov.js";
import { copyProject, removeCopy } from "./lib/project-copy.js";
import { run } from "./lib/run.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const files = globSync("contracts/**/*.sol", { cwd: root }).sort();
const tests = globSync("test/**/*.t.sol", { cwd: root }).filter((path) => !path.startsWith("test/invariant/"));
const parts = globSync("test/**/*.sol", { cwd: root }).map((path) => path.split("/").slice(0, 2).join("/"));

async function tracefile(
  folder: string,
  command: readonly string[],
  path: string,
): Promise<Map<string, SourceCoverage>> {
  console.log(`${command.slice(0, 8).join(" ")} …`);
  const { code, output } = await run(command, { isQuiet: true, folder });
  if (code !== 0) throw new Error(`It ended with code ${code}:\n${output.slice(-10_000)}`);
  return parseLcov(readFileSync(join(folder, path), "utf8"));
}

/** Files that forge passes over although there is something to count. */
function uncounted(paths: readonly string[]): string[] {
  const trees = treesOf(root, paths);
  return paths.filter((path) =>
    nodesIn(trees[path]?.ast).some(({ nodeType }) => nodeType === "IfStatement" || nodeType === "TryStatement"),
  );
}

const copy = copyProject(root, ["contracts", ...new Set(parts)]);
try {
  await prepareForge(copy);
  const forge = ["coverage", "--no-match-path", "test/invariant/**", "--report", "lcov", "--report-file", "forge.info"];
  const lines = await tracefile(copy, ["hardhat", "test", "solidity", "--coverage", ...tests], "coverage/lcov.info");
  const branches = await tracefile(copy, [...forgeCommand(), ...forge], "forge.info");

  const coverage = coverageOf(files, lines, branches);
  const problems = coverage.flatMap(({ branches: forks, file, lines: { missed } }) => [
    ...missed.map((line) => `${file}:${line} is not reached`),
    ...(forks?.missed ?? []).map((line) => `${file}:${line} has a branch that is not taken`),
  ]);
  const unseen = uncounted(coverage.filter((row) => !row.branches).map(({ file }) => file));
  problems.push(...unseen.map((file) => `${file} branches, and forge does not count that`));
  if (coverage.length === 0) problems.push("nothing was measured");

  console.log("\n| file | lines | branches |\n| --- | ---: | ---: |");
  for (const { branches: forks, file, lines: reached } of coverage) {
    console.log(`| ${file} | ${shareCovered(reached)} | ${forks ? shareCovered(forks) : "none"} |`);
  }
  console.log();
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length === 0 ? 0 : 1;
} finally {
  removeCopy(copy);
}
