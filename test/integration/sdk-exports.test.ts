import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { repositoryRoot } from "../../scripts/lib/generated-files.js";

const snapshot = join(repositoryRoot, "test/snapshots/sdk-exports.json");
const manifest = JSON.parse(readFileSync(join(repositoryRoot, "sdk/package.json"), "utf8"));

/** Where the sub-paths of the package are written, of those that are. */
const entries = Object.entries<string>(manifest.exports)
  .map(
    ([subPath, target]) =>
      [subPath, join(repositoryRoot, "sdk", target.replace("dist", "src").replace(/js$/, "ts"))] as const,
  )
  .filter(([, source]) => source.endsWith(".ts") && existsSync(source));

/** A changed name is a changed interface: update on purpose, with `UPDATE_SNAPSHOTS=1`. */
test("the package exports what the snapshot says", async () => {
  const names = await Promise.all(
    entries.map(async ([subPath, source]) => [subPath, Object.keys(await import(source)).sort()] as const),
  );
  const actual = Object.fromEntries(names);
  if (process.env.UPDATE_SNAPSHOTS) writeFileSync(snapshot, `${JSON.stringify(actual, null, 2)}\n`);
  assert.deepEqual(JSON.parse(readFileSync(snapshot, "utf8")), actual);
});
