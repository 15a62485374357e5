// Writes test/snapshots/contracts/<Contract>.json for everything that is deployed; `--check` compares instead.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { size } from "viem";
import { type StorageLayout, snapshotOf } from "./lib/snapshot.js";
import { report } from "./lib/sources.js";

const artifacts = "artifacts/contracts";
const snapshots = "test/snapshots/contracts";

/** What is deployed lies at the top of contracts/, one contract a file. */
function deployables() {
  return readdirSync(artifacts)
    .filter((folder) => folder.endsWith(".sol"))
    .map((folder) => readJson(`${artifacts}/${folder}/${folder.replace(".sol", ".json")}`))
    .filter(({ bytecode }) => size(bytecode) > 0);
}

function textOf({ abi, buildInfoId, contractName, deployedBytecode, inputSourceName }: ReturnType<typeof readJson>) {
  const { output } = readJson(`artifacts/build-info/${buildInfoId}.output.json`);
  const layout: StorageLayout = output.contracts[inputSourceName][contractName].storageLayout;
  return `${JSON.stringify(snapshotOf(abi, deployedBytecode, layout), null, 2)}\n`;
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, "utf8"));
}

const texts = new Map(
  deployables().map((artifact) => [`${snapshots}/${artifact.contractName}.json`, textOf(artifact)]),
);

if (process.argv.includes("--check")) {
  const committed = existsSync(snapshots) ? readdirSync(snapshots).map((name) => `${snapshots}/${name}`) : [];
  report(`snapshots of ${texts.size} contracts`, [
    ...[...texts]
      .filter(([path, text]) => !existsSync(path) || readFileSync(path, "utf8") !== text)
      .map(([path]) => `${path} is not what was built: look at the difference after \`npm run snapshot\``),
    ...committed.filter((path) => !texts.has(path)).map((path) => `${path} belongs to no contract`),
  ]);
} else {
  mkdirSync(snapshots, { recursive: true });
  for (const [path, text] of texts) writeFileSync(path, text);
  console.log(`wrote ${[...texts.keys()].join(", ")}`);
}
