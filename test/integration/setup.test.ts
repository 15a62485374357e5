import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { after, test } from "node:test";

const folders: string[] = [];
after(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

/** A clone with nothing but the setup, and an `npx` that notes its arguments and does `work` for the real one. */
function clone(work: string): string {
  const folder = mkdtempSync(join(tmpdir(), "setup-"));
  folders.push(folder);
  mkdirSync(join(folder, "scripts"));
  mkdirSync(join(folder, "bin"));
  copyFileSync("scripts/setup.mjs", join(folder, "scripts/setup.mjs"));
  writeFileSync(join(folder, "package.json"), '{ "devDependencies": { "node": "24.1.0" } }');
  writeFileSync(join(folder, "package-lock.json"), "{}");
  writeFileSync(join(folder, "bin/npx"), `#!/bin/sh\necho "$@" >> npx.log\n${work}\n`);
  chmodSync(join(folder, "bin/npx"), 0o755);
  return folder;
}

const install = "mkdir -p node_modules/.bin node_modules/@nomicfoundation/edr-here; touch node_modules/.bin/node";

function setup(folder: string) {
  const child = spawn(process.execPath, ["scripts/setup.mjs"], {
    cwd: folder,
    env: { PATH: `${join(folder, "bin")}${delimiter}${process.env.PATH}` },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  child.stdout.on("data", (text) => (output += text));
  child.stderr.on("data", (text) => (output += text));
  const ended = new Promise<{ code: number | null; output: string }>((resolve) =>
    child.on("close", (code) => resolve({ code, output })),
  );
  return { child, ended };
}

function installs(folder: string): string[] {
  return readFileSync(join(folder, "npx.log"), "utf8").trim().split("\n");
}

test("installs with the pinned Node, and once", async () => {
  const folder = clone(install);

  assert.equal((await setup(folder).ended).code, 0);
  assert.deepEqual(await setup(folder).ended, { code: 0, output: "" });

  assert.deepEqual(installs(folder), ["-y -p node@24.1.0 -- npm ci --no-audit --no-fund"]);
});

test("installs again when the lock file has changed or Hardhat's binding is gone", async () => {
  const folder = clone(install);
  await setup(folder).ended;

  writeFileSync(join(folder, "package-lock.json"), "{ }");
  await setup(folder).ended;
  rmSync(join(folder, "node_modules/@nomicfoundation"), { recursive: true });
  await setup(folder).ended;

  assert.equal(installs(folder).length, 3);
});

test("two at once: the second waits and finds everything ready", async () => {
  const folder = clone(`sleep 1; ${install}`);

  const results = await Promise.all([setup(folder).ended, setup(folder).ended]);

  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(installs(folder).length, 1);
  assert.equal(results.filter(({ output }) => output.includes("waiting for another setup")).length, 1);
  assert.ok(!existsSync(join(folder, ".setup/lock")));
});

test("inherits from a setup that was killed, and only one of those that wait does", async () => {
  const folder = clone(`sleep 2; ${install}`);
  const { child, ended } = setup(folder);
  while (!existsSync(join(folder, ".setup/lock/pid"))) await new Promise((resolve) => setTimeout(resolve, 10));
  child.kill("SIGKILL");
  // Beside it and then in its place: the killed one's shell still reads the old file.
  const next = join(folder, "bin/npx.next");
  writeFileSync(next, `#!/bin/sh\necho "$@" >> second.log\nsleep 1; ${install}\n`, { mode: 0o755 });
  renameSync(next, join(folder, "bin/npx"));

  const results = await Promise.all([setup(folder).ended, setup(folder).ended, setup(folder).ended]);

  assert.deepEqual(
    results.map(({ code }) => code),
    [0, 0, 0],
  );
  assert.equal(readFileSync(join(folder, "second.log"), "utf8").trim().split("\n").length, 1);
  await ended;
});

test("tells what failed, and fails", async () => {
  const broken = await setup(clone("exit 7")).ended;
  assert.equal(broken.code, 1);
  assert.match(broken.output, /packages failed: it ended with code 7/);

  const incomplete = await setup(clone("true")).ended;
  assert.equal(incomplete.code, 1);
  assert.match(incomplete.output, /packages failed: it left something out/);
});
