// Makes a fresh clone ready to run: `node scripts/setup.mjs [--contracts] [--sdk]`.
// The npm pre-scripts call it, so it must run on an older Node than the project's own, and without any package.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { delimiter, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stateFolder = join(root, ".setup");
const lockFolder = join(stateFolder, "lock");
const ownerFile = join(lockFolder, "pid");
const lockTimeout = 20 * 60_000;

/** Each step runs `command` unless its inputs and outputs are as it left them. */
const steps = [
  {
    name: "packages",
    inputs: ["package-lock.json"],
    // Only what is cheap to look at and known to go missing: npm under an older Node drops native bindings silently.
    outputs: [],
    isComplete: () => existsSync(join(root, "node_modules/.bin/node")) && hasHardhatBinding(),
    // The stamp dies with the folder it speaks of.
    stamp: "node_modules/.setup-stamp",
    command: ["npx", "-y", "-p", `node@${pinnedNode()}`, "--", "npm", "ci", "--no-audit", "--no-fund"],
  },
  {
    name: "contracts",
    inputs: ["contracts", "hardhat.config.ts", "remappings.txt", "package-lock.json"],
    // Another build profile writes the same folder, so what lies there counts too.
    outputs: ["artifacts/contracts"],
    isComplete: () => existsSync(join(root, "artifacts/contracts")),
    stamp: ".setup/contracts",
    command: ["hardhat", "build", "--build-profile", "production", "--no-tests"],
  },
  {
    name: "sdk",
    inputs: [
      "sdk/src",
      "sdk/package.json",
      "sdk/tsdown.config.ts",
      "sdk/tsconfig.json",
      "tsconfig.json",
      "package-lock.json",
    ],
    outputs: ["sdk/dist"],
    isComplete: () => existsSync(join(root, "sdk/dist")),
    stamp: ".setup/sdk",
    command: ["npm", "run", "build", "--workspace", "sdk"],
  },
];

const wanted = steps.filter(({ name }) => name === "packages" || process.argv.includes(`--${name}`));
if (wanted.some((step) => !isFresh(step))) {
  await lock();
  for (const step of wanted) if (!isFresh(step)) run(step);
}

function run({ name, command, isComplete, inputs, outputs, stamp }) {
  const start = Date.now();
  const [program, ...programArguments] = command;
  console.log(`setup: ${name} … (${command.join(" ")})`);
  const bin = join(root, "node_modules/.bin");
  const { status, error, stdout, stderr } = spawnSync(program, programArguments, {
    cwd: root,
    env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` },
    shell: process.platform === "win32",
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });

  if (status !== 0 || !isComplete()) {
    const reason = error ? error.message : status === 0 ? "it left something out" : `it ended with code ${status}`;
    console.error(`${stdout ?? ""}${stderr ?? ""}`);
    console.error(`setup: ${name} failed: ${reason}. Repeat by hand: ${command.join(" ")}`);
    process.exit(1);
  }
  writeFileSync(join(root, stamp), fingerprint([...inputs, ...outputs]));
  console.log(`setup: ${name} ready after ${((Date.now() - start) / 1000).toFixed(1)} s`);
}

function isFresh({ inputs, isComplete, outputs, stamp }) {
  const stampFile = join(root, stamp);
  return (
    isComplete() && existsSync(stampFile) && readFileSync(stampFile, "utf8") === fingerprint([...inputs, ...outputs])
  );
}

function fingerprint(paths) {
  const hash = createHash("sha256");
  for (const file of paths.flatMap((path) => filesUnder(join(root, path)))) {
    hash
      .update(`${relative(root, file)}\0`)
      .update(readFileSync(file))
      .update("\0");
  }
  return hash.digest("hex");
}

function filesUnder(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .flatMap((name) => filesUnder(join(path, name)));
}

function pinnedNode() {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies.node;
}

function hasHardhatBinding() {
  const folder = join(root, "node_modules/@nomicfoundation");
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith("edr-"));
}

/* ONE SETUP AT A TIME */

async function lock() {
  const start = Date.now();
  let hasToldWhy = false;
  while (!takeLock()) {
    if (Date.now() - start > lockTimeout) {
      console.error(`setup: another setup does not end. If there is none, delete ${relative(root, lockFolder)}`);
      process.exit(1);
    }
    if (!hasToldWhy) console.log("setup: waiting for another setup of this clone");
    hasToldWhy = true;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  process.on("exit", release);
}

/** Renamed before it is deleted: a folder that is half deleted could be mistaken for a free place. */
function release() {
  const released = join(stateFolder, `released-${process.pid}`);
  renameSync(lockFolder, released);
  rmSync(released, { recursive: true });
}

/** The folder is complete before it gets its name, so a lock always tells its owner. */
function takeLock() {
  const candidate = join(stateFolder, `lock-${process.pid}`);
  mkdirSync(candidate, { recursive: true });
  writeFileSync(join(candidate, "pid"), String(process.pid));
  try {
    renameSync(candidate, lockFolder);
    return true;
  } catch {
    rmSync(candidate, { recursive: true, force: true });
    return takeOver();
  }
}

/** An owner that died leaves its lock; of all that wait, the one whose folder comes first inherits it. */
function takeOver() {
  if (isOwnerAlive()) return false;
  const heir = join(lockFolder, "heir");
  try {
    mkdirSync(heir);
  } catch {
    return false;
  }
  // Looked at again: meanwhile another may have inherited, or left and a third one come.
  const isInherited = !isOwnerAlive();
  if (isInherited) writeFileSync(ownerFile, String(process.pid));
  rmSync(heir, { recursive: true, force: true });
  return isInherited;
}

function isOwnerAlive() {
  try {
    process.kill(Number(readFileSync(ownerFile, "utf8")), 0);
    return true;
  } catch (error) {
    // EPERM: it lives and is not ours. ENOENT: the lock has just been released, so the next round takes it properly.
    return error.code !== "ESRCH";
  }
}
