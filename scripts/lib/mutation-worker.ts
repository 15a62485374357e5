// The side of `mutate.ts` that compiles and tests, in a process that can be killed. It runs in a copy of the project.
import { cpSync, existsSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createHardhatRuntimeEnvironment, importUserConfig } from "hardhat/hre";
import type { HardhatRuntimeEnvironment } from "hardhat/types/hre";
import type { HardhatPlugin } from "hardhat/types/plugins";
import { type Bytecode, type CompilerError, type CompilerOutput, compile } from "./compiler.js";
import { type BuiltSource, type Contract, contractsWith, importsOf } from "./dependents.js";

export type Order =
  | { kind: "build" }
  | { kind: "mutate"; file: string; text: string }
  /** `limit` in milliseconds of processor time: on a busy machine the clock tells nothing. */
  | { kind: "test"; files: string[]; limit: number };

export type Answer =
  | { kind: "ready" }
  /** The mutant does not compile. */
  | { kind: "stillborn"; error: string }
  /** `failure` names the first test that failed; `spent` is processor time, as the limit. */
  | { kind: "tested"; passed: number; spent: number; failure?: string }
  /** The worker is still running these tests, and has to be stopped. */
  | { kind: "timeout" }
  | { kind: "broken"; error: string };

type Settings = { optimizer: { enabled: boolean } };
type BuildInput = { settings: Settings; sources: Record<string, { content: string }> };
type Project = {
  /** Paths of artifacts, by source and name. */
  artifacts: Map<string, string>;
  contents: BuildInput["sources"];
  sources: Record<string, BuiltSource & { settings: Settings }>;
};

const root = process.cwd();
const untouched = join(root, "untouched-artifacts");
let environment: HardhatRuntimeEnvironment | undefined;
let project: Project | undefined;
/** What differs from `untouched`. */
let touched: string[] = [];

process.on("message", async (order: Order) => {
  process.send?.(
    await obey(order).catch((error): Answer => ({ kind: "broken", error: String(error?.stack ?? error) })),
  );
});

async function obey(order: Order): Promise<Answer> {
  environment ??= await createEnvironment();
  if (order.kind === "build") return build(environment);
  if (order.kind === "mutate") return mutate(order.file, order.text);
  return Promise.race([runTests(environment, order.files), timeout(order.limit)]);
}

/** Compiling is most of the work, and this much of it nobody needs. */
const optimizer = { enabled: false };

/**
 * The project's own settings, but the contracts in one compilation and without optimizer, and with little fuzzing: what only
 * luck finds does not count as a kill. The tests are compiled once, and are too many to be it without optimizer: the compiler
 * has 4 GB.
 */
async function createEnvironment(): Promise<HardhatRuntimeEnvironment> {
  const { paths, solidity } = await importUserConfig(join(root, "hardhat.config.ts"));
  const { profiles } = solidity as { profiles: { default: { version: string; settings: object } } };
  const unoptimized = { ...profiles.default, settings: { ...profiles.default.settings, optimizer } };
  const optimized = globSync("test/**/*.sol", { cwd: root }).map((path) => [path, profiles.default]);
  const chance = { fuzz: { runs: 8, seed: "0x1" }, invariant: { runs: 1, depth: 64, failOnRevert: true } };
  return createHardhatRuntimeEnvironment(
    {
      ...(paths ? { paths } : {}),
      plugins: [togetherPlugin],
      test: { solidity: { profiles: { default: chance } } },
      solidity: { profiles: { default: { compilers: [unoptimized], overrides: Object.fromEntries(optimized) } } },
    },
    {},
    root,
  );
}

/** Files are compiled together when their settings are the same object; what is written file by file is resolved into copies. */
const togetherPlugin: HardhatPlugin = {
  id: "mutation-together",
  hookHandlers: {
    config: async () => ({
      default: async () => ({
        async resolveUserConfig(userConfig, resolveVariable, next) {
          const config = await next(userConfig, resolveVariable);
          const overrides = config.solidity.profiles.default?.overrides ?? {};
          const [first] = Object.values(overrides);
          for (const path of Object.keys(overrides)) if (first) overrides[path] = first;
          return config;
        },
      }),
    }),
  },
};

/* BUILD */

async function build({ tasks }: HardhatRuntimeEnvironment): Promise<Answer> {
  const artifacts = join(root, "artifacts");
  if (existsSync(untouched)) {
    // A worker before this one may have been killed with a mutant in the artifacts.
    cpSync(untouched, artifacts, { recursive: true });
  } else {
    await tasks.getTask("build").run({ quiet: true });
    cpSync(artifacts, untouched, { recursive: true });
  }
  // The runner would read them for each run, to tell where a test failed.
  rmSync(join(artifacts, "build-info"), { recursive: true });
  return { kind: "ready" };
}

function readProject(): Project {
  const artifacts = new Map<string, string>();
  for (const path of globSync("**/*.json", { cwd: untouched })) {
    if (path.startsWith("build-info")) continue;
    const { contractName, inputSourceName } = readJson<Record<string, string>>(join(untouched, path));
    artifacts.set(`${inputSourceName}:${contractName}`, path);
  }

  const contents: Project["contents"] = {};
  const sources: Project["sources"] = {};
  for (const path of globSync("build-info/*.output.json", { cwd: untouched })) {
    const { output } = readJson<{ output: CompilerOutput }>(join(untouched, path));
    const { input } = readJson<{ input: BuildInput }>(join(untouched, path.replace(".output.json", ".json")));
    Object.assign(contents, input.sources);
    const indices = Object.entries(output.sources as Record<string, { id?: number }>);
    const names = new Map(indices.map(([source, { id }]) => [Number(id), source]));
    for (const [name, { ast }] of Object.entries(output.sources)) {
      // Tests are compiled with what they import, but the artifacts of that are of its own compilation.
      const isOwn = isOfProject({ source: name }) !== input.settings.optimizer.enabled;
      if (!isOwn && name in sources) continue;
      const contracts = Object.entries(output.contracts?.[name] ?? {}).map(([contract, { evm }]) => ({
        name: contract,
        sourceMaps: [evm.bytecode.sourceMap ?? "", evm.deployedBytecode.sourceMap ?? ""],
      }));
      sources[name] = { ast, contracts, names, settings: input.settings };
    }
  }
  return { artifacts, contents, sources };
}

function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, "utf8"));
}

/* MUTATE */

/** Compiles what has code of `file` in it, with `text` instead, and puts it where the tests will look. */
function mutate(file: string, text: string): Answer {
  for (const path of touched) cpSync(join(untouched, path), join(root, "artifacts", path));
  touched = [];
  project ??= readProject();
  const { contents } = project;

  const mutated = `project/${file}`;
  for (const { contracts, names, settings } of dependentsOf(mutated, project)) {
    const outputSelection: Record<string, Record<string, string[]>> = {};
    for (const { name, source } of contracts) {
      outputSelection[source] = { ...outputSelection[source], [name]: ["evm.bytecode", "evm.deployedBytecode"] };
    }
    const output = compile({
      language: "Solidity",
      settings: { ...settings, outputSelection },
      sources: Object.fromEntries(
        [...names].map((name) => [name, name === mutated ? { content: text } : contents[name]]),
      ),
    });
    const error = output.errors?.find(({ severity }) => severity === "error");
    if (error) return stillborn(error);
    for (const { name, source } of contracts) write(project, output, { name, source });
  }
  return { kind: "ready" };
}

/** That the compiler gave up, such as for want of a place on the stack, says nothing of the mutant. */
function stillborn({ formattedMessage, type }: CompilerError): Answer {
  if (type === "CompilerError") throw new Error(formattedMessage);
  return { kind: "stillborn", error: formattedMessage };
}

function write({ artifacts }: Project, output: CompilerOutput, { name, source }: Contract): void {
  const path = artifacts.get(`${source}:${name}`);
  const compiled = output.contracts?.[source]?.[name];
  if (!path || !compiled) throw new Error(`${source}:${name} was not compiled.`);
  const { bytecode, deployedBytecode } = compiled.evm;
  const artifact = {
    ...readJson<object>(join(untouched, path)),
    bytecode: codeOf(bytecode),
    deployedBytecode: codeOf(deployedBytecode),
    linkReferences: bytecode.linkReferences,
    deployedLinkReferences: deployedBytecode.linkReferences,
    immutableReferences: deployedBytecode.immutableReferences,
  };
  touched.push(path);
  writeFileSync(join(root, "artifacts", path), JSON.stringify(artifact));
}

/** Contracts that are compiled together, and what is needed for that. */
type Batch = { contracts: Contract[]; names: Set<string>; settings: Settings };
const batches = new Map<string, Batch[]>();

/**
 * What has code of `file` in it: the contracts, and with settings of their own the unit tests of libraries, which have nothing
 * else to test. Other tests keep what they have of it: what they expect does not change with a mutant.
 */
function dependentsOf(file: string, { sources }: Project): Batch[] {
  const known = batches.get(file);
  if (known) return known;
  const all = contractsWith(file, sources);
  const ofLibraries = all.filter(({ source }) => source.startsWith("project/test/unit/libraries/"));
  const found = [all.filter(isOfProject), ofLibraries].flatMap((contracts) => {
    const roots = contracts.map(({ source }) => source);
    const settings = roots[0] === undefined ? undefined : sources[roots[0]]?.settings;
    return settings ? [{ contracts, names: importsOf(roots, sources), settings }] : [];
  });
  batches.set(file, found);
  return found;
}

function isOfProject({ source }: Pick<Contract, "source">): boolean {
  return source.startsWith("project/contracts/");
}

function codeOf({ object }: Bytecode): string {
  return `0x${object}`;
}

/* TEST */

type SuiteResult = { id: { source: string; name: string }; testResults: { name: string; status: string }[] };

async function runTests({ tasks }: HardhatRuntimeEnvironment, files: string[]): Promise<Answer> {
  const start = processorTime();
  const result = await tasks.getTask(["test", "solidity"]).run({ testFiles: files, noCompile: true });
  const { suiteResults } = (result.success ? result.value : result.error) as { suiteResults: SuiteResult[] };
  const tests = suiteResults.flatMap(({ id, testResults }) =>
    testResults.map(({ name, status }) => ({ status, name: `${id.source.replace(/^project\//, "")}:${name}` })),
  );
  const failure = tests.find(({ status }) => status === "Failure")?.name;
  const passed = tests.filter(({ status }) => status === "Success").length;
  const spent = processorTime() - start;
  return { kind: "tested", passed, spent, ...(failure === undefined ? {} : { failure }) };
}

/** Milliseconds that this process has computed, in all its threads. */
function processorTime(): number {
  const { system, user } = process.cpuUsage();
  return (system + user) / 1_000;
}

let timer: NodeJS.Timeout | undefined;

/** In bytes. A mutant that goes on for ever writes traces meanwhile, and would take all that the machine has. */
const MAX_MEMORY = 6 * 2 ** 30;

/** The runner computes in threads of its own, so this gets its turn. */
function timeout(limit: number): Promise<Answer> {
  const start = processorTime();
  clearInterval(timer);
  return new Promise((resolve) => {
    timer = setInterval(() => {
      if (processorTime() - start > limit || process.memoryUsage.rss() > MAX_MEMORY) resolve({ kind: "timeout" });
    }, 500);
  });
}
