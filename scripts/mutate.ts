/**
 * Mutation testing of contracts/: changes one thing at a time in a copy of the project, and sees whether a Solidity test
 * notices. Results are kept in mutation/ as long as the contracts and the tests they depend on stay the same, so a run can
 * be interrupted, and several can share the work.
 *
 *     npm run mutate -- [--file contracts/base/Vault.sol] [--function claim] [--operator relational] [--id 0123456789ab]
 *                       [--shard 1/4] [--list]
 *
 * What each mutant costs is the compilation of the contracts that have code of the file in them, and the tests that are
 * likely to fail, in a process that has compiler and runner loaded. The tests themselves need not be compiled again: they
 * deploy by name (`test/utils/ProtocolTest.sol`). Sumo's parser fails on `transient`.
 */
import { type ChildProcess, fork } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { importUserConfig } from "hardhat/hre";
import { treesOf } from "./lib/compiler.js";
import { applyMutant, type Mutant, mutantsOf, nextMembersOf, operators } from "./lib/mutants.js";
import { type Explanation, explain, type Result, renderMutant, renderReport, shareOf } from "./lib/mutation-report.js";
import type { Answer, Order } from "./lib/mutation-worker.js";
import { copyProject, removeCopy } from "./lib/project-copy.js";

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = join(root, "mutation");
const resultsFile = join(folder, "results.jsonl");
const explainedFile = join(root, "test/mutation/explained.json");
/** A worker is replaced after so many: compiler and runner keep some 30 MB for each. */
const ordersPerWorker = 60;

const { values: options } = parseArgs({
  options: {
    file: { type: "string", multiple: true },
    function: { type: "string", multiple: true },
    operator: { type: "string", multiple: true },
    id: { type: "string", multiple: true },
    shard: { type: "string" },
    list: { type: "boolean" },
  },
});
const unknownOperator = options.operator?.find((name) => !Object.hasOwn(operators, name));
if (unknownOperator) throw new Error(`No operator ${unknownOperator}. There are ${Object.keys(operators).join(", ")}.`);

/* WHAT THERE IS */

const sources = new Map(
  globSync("contracts/**/*.sol", { cwd: root })
    .sort()
    .map((path) => [path, read(path)]),
);
const trees = treesOf(root, [...sources.keys()]);
const nextMembers = nextMembersOf(Object.values(trees).map(({ ast }) => ast));
const mutants = [...sources].flatMap(([file, text]) => {
  const tree = trees[file]?.ast;
  return tree ? mutantsOf(file, text, tree, nextMembers) : [];
});
const explanations: Explanation[] = existsSync(explainedFile) ? JSON.parse(readFileSync(explainedFile, "utf8")) : [];

const isChosen = (wanted: string[] | undefined, value: string): boolean => wanted?.includes(value) ?? true;
const chosen = shareOf(
  mutants.filter(
    ({ file, id, operator, where }) =>
      isChosen(options.file, file) &&
      isChosen(options.function, where) &&
      isChosen(options.operator, operator) &&
      isChosen(options.id, id),
  ),
  options.shard ?? "1/1",
);
if (chosen.length === 0) throw new Error("No mutant is chosen.");

const tests = globSync("test/**/*.sol", { cwd: root }).sort();
const quickTests = tests.filter((path) => path.endsWith(".t.sol") && !path.startsWith("test/invariant/"));
/** The handlers too: only contracts of files that are named can be fuzzed. */
const invariantTests = tests.filter((path) => path.startsWith("test/invariant/"));
const sharedTests = tests.filter((path) => !path.endsWith(".t.sol"));

const contractsState = hashOf([...sources.values(), await compilerSettings(), read("package-lock.json")]);
const suiteState = stateOf(tests);

async function compilerSettings(): Promise<string> {
  const { solidity } = await importUserConfig(join(root, "hardhat.config.ts"));
  return JSON.stringify(
    (solidity as unknown as { profiles: { default: { settings: object } } }).profiles.default.settings,
  );
}

function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

function stateOf(paths: readonly string[]): string {
  return hashOf([contractsState, ...paths, ...paths.map(read)]);
}

function hashOf(texts: readonly string[]): string {
  return createHash("sha256").update(texts.join("\0")).digest("hex").slice(0, 12);
}

/* WHAT IS KNOWN */

/** A killed mutant stays killed while its killer stays as it is; one that survived must meet every test anew. */
function stateFor({ by, outcome }: Pick<Result, "by" | "outcome">): string {
  const killer = by?.replace(/:.*/, "");
  if (outcome === "stillborn") return contractsState;
  if (!killer || !tests.includes(killer)) return suiteState;
  const state = killerStates.get(killer) ?? stateOf([killer, ...sharedTests]);
  killerStates.set(killer, state);
  return state;
}

const killerStates = new Map<string, string>();

/** The latest results, outdated ones apart: they still tell which test to try first. */
function readResults(): { current: Map<string, Result>; outdated: Map<string, Result> } {
  const lines = existsSync(resultsFile) ? readFileSync(resultsFile, "utf8").split("\n").filter(Boolean) : [];
  const latest = new Map(lines.map((line) => JSON.parse(line) as Result).map((result) => [result.id, result]));
  const [current, outdated] = [new Map<string, Result>(), new Map<string, Result>()];
  for (const [id, result] of latest) (result.state === stateFor(result) ? current : outdated).set(id, result);
  return { current, outdated };
}

/* THE WORKER */

type Worker = { ask(order: Order): Promise<Answer>; stop(): void };

function startWorker(copy: string): Worker {
  const child: ChildProcess = fork(join(root, "scripts/lib/mutation-worker.ts"), {
    cwd: copy,
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let errors = "";
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  return {
    ask: (order) =>
      new Promise((resolve, reject) => {
        const onMessage = (answer: Answer): void =>
          end(() => (answer.kind === "broken" ? reject(new Error(answer.error)) : resolve(answer)));
        const onExit = (): void => end(() => reject(new Error(`The worker ended.\n${errors}`)));
        const end = (settle: () => void): void => {
          child.off("message", onMessage).off("exit", onExit);
          settle();
        };
        child.on("message", onMessage).on("exit", onExit);
        child.send(order);
      }),
    stop: () => child.kill("SIGKILL"),
  };
}

/** The tests of one copy of the project, which survive their worker. */
function startTests(copy: string) {
  let worker: Worker | undefined;
  let answered = 0;
  const limits = { quick: Number.MAX_SAFE_INTEGER, invariant: Number.MAX_SAFE_INTEGER };

  async function ask(order: Order): Promise<Answer> {
    if (!worker) {
      worker = startWorker(copy);
      await worker.ask({ kind: "build" });
    }
    const answer = await worker.ask(order);
    answered += 1;
    if (answer.kind === "timeout") stop();
    return answer;
  }

  function stop(): void {
    worker?.stop();
    worker = undefined;
    answered = 0;
  }

  async function measure(files: string[]): Promise<number> {
    const answer = await ask({ kind: "test", files, limit: Number.MAX_SAFE_INTEGER });
    if (answer.kind !== "tested") throw new Error("The tests do not run.");
    if (answer.failure) throw new Error(`${answer.failure} fails without a mutant.`);
    if (answer.passed === 0) throw new Error("There are no tests.");
    return 10_000 + 4 * answer.spent;
  }

  return {
    /** Insists that all tests pass, with `file` compiled as a mutant is but unchanged, and learns how long they take. */
    async prepare(file: string): Promise<void> {
      const answer = await ask({ kind: "mutate", file, text: sources.get(file) ?? "" });
      if (answer.kind !== "ready") throw new Error(`${file} does not compile without a mutant.`);
      limits.quick = await measure(quickTests);
      limits.invariant = await measure(invariantTests);
    },
    async judge(mutant: Mutant, likely: readonly string[]): Promise<Omit<Result, "id" | "seconds" | "state">> {
      if (answered > ordersPerWorker) stop();
      const text = applyMutant(sources.get(mutant.file) ?? "", mutant);
      const compiled = await ask({ kind: "mutate", file: mutant.file, text });
      if (compiled.kind === "stillborn") return { outcome: "stillborn" };

      const first = likely.filter((file) => quickTests.includes(file));
      const near = nearTests(mutant.file).filter((file) => !first.includes(file));
      const rest = quickTests.filter((file) => !first.includes(file) && !near.includes(file));
      for (const files of [first, near, rest, invariantTests].filter(({ length }) => length > 0)) {
        const limit = files === invariantTests ? limits.invariant : limits.quick;
        const answer = await ask({ kind: "test", files, limit });
        if (answer.kind === "timeout") return { outcome: "timeout" };
        if (answer.kind === "tested" && answer.failure) return { outcome: "killed", by: answer.failure };
      }
      return { outcome: "survived" };
    },
    stop,
  };
}

/* THE RUN */

/** The test named like the function or the file, and what killed the mutants beside this one. */
function likelyTests({ file, id, where }: Mutant, known: ReadonlyMap<string, Result>): string[] {
  const names = [where.replace(/^_/, ""), basename(file, ".sol")].map((name) => `${name}.t.sol`);
  const killers = mutants
    .filter((other) => other.id === id || (other.file === file && other.where === where))
    .flatMap((other) => known.get(other.id)?.by?.replace(/:.*/, "") ?? []);
  const named = quickTests.filter((path) => names.includes(basename(path)));
  return [...new Set([...named, ...killers])].slice(0, 6);
}

/** The tests that bear the name of a contract that has the file in it: others fail seldom. */
function nearTests(file: string): string[] {
  const names = productsWith(file).map((path) => basename(path, ".sol"));
  return quickTests.filter((path) => names.some((name) => path.includes(`/${name}`)));
}

/** The contracts that are deployed and import the file, or are it. */
function productsWith(file: string): string[] {
  const importers = [...sources].filter(([, text]) => text.includes(`/${basename(file)}"`)).map(([path]) => path);
  const isProduct = /^contracts\/[^/]+$/.test(file);
  return [...new Set([...(isProduct ? [file] : []), ...importers.flatMap(productsWith)])];
}

function makeCopy(): string {
  return copyProject(root, ["contracts", ...new Set(tests.map((path) => path.split("/").slice(0, 2).join("/")))]);
}

async function run(todo: readonly Mutant[], known: Map<string, Result>): Promise<void> {
  const copy = makeCopy();
  const suite = startTests(copy);
  const leave = (): void => {
    suite.stop();
    removeCopy(copy);
    process.exit(130);
  };
  process.once("SIGINT", leave).once("SIGTERM", leave);
  try {
    console.log("Building the copy and running all tests without a mutant …");
    await suite.prepare(todo[0]?.file ?? "");
    for (const [index, mutant] of todo.entries()) {
      const start = Date.now();
      const judge = () => suite.judge(mutant, likelyTests(mutant, known));
      // A worker that ended by itself, such as for lack of memory, says nothing about the mutant: another one tries.
      const verdict = await judge().catch(() => {
        suite.stop();
        return judge();
      });
      const seconds = Math.round((Date.now() - start) / 100) / 10;
      const result: Result = { id: mutant.id, ...verdict, seconds, state: stateFor(verdict) };
      known.set(mutant.id, result);
      appendFileSync(resultsFile, `${JSON.stringify(result)}\n`);

      const by = verdict.by ? ` by ${verdict.by}` : "";
      const place = `${mutant.file}:${mutant.line} ${mutant.where} ${mutant.operator}`;
      console.log(`${index + 1}/${todo.length} ${verdict.outcome} ${place} (${seconds} s)${by}`);
      if (verdict.outcome === "survived") console.log(`    - ${mutant.before}\n    + ${mutant.after}`);
    }
  } finally {
    suite.stop();
    removeCopy(copy);
  }
}

if (options.list) {
  for (const mutant of chosen) console.log(`${renderMutant(mutant)}\n`);
  console.log(`${chosen.length} of ${mutants.length} mutants`);
  process.exit(0);
}

const stale = explain(mutants, explanations).problems;
for (const problem of stale) console.error(problem);

mkdirSync(folder, { recursive: true });
const { current, outdated } = readResults();
const todo = chosen.filter(({ id }) => !current.has(id));
console.log(`${chosen.length} of ${mutants.length} mutants chosen, ${chosen.length - todo.length} known from before.`);
if (todo.length > 0) await run(todo, new Map([...outdated, ...current]));

const results = readResults().current;
const { problems, reasons } = explain(mutants, explanations, results);
const report = renderReport(mutants, results, reasons);
writeFileSync(join(folder, "report.md"), report);
writeFileSync(
  join(folder, "report.json"),
  `${JSON.stringify(
    mutants.map((mutant) => ({ ...mutant, ...results.get(mutant.id), reason: reasons.get(mutant.id) })),
    null,
    2,
  )}\n`,
);

const survivors = chosen.filter(({ id }) => results.get(id)?.outcome === "survived" && !reasons.has(id));
console.log(`\n${report.split("\n## ")[0]}`);
for (const mutant of survivors) console.log(`${renderMutant(mutant)}\n`);
for (const problem of problems) console.error(problem);
console.log(`${survivors.length} survived unexplained, ${problems.length} explanations do not fit. mutation/report.md`);
process.exitCode = survivors.length + problems.length === 0 ? 0 : 1;
