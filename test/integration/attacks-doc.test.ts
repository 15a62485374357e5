import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

test("every test that docs/attacks.md names exists", async () => {
  const text = await readFile(join(root, "docs/attacks.md"), "utf8");
  const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| attack |"));
  const missing: string[] = [];
  for (const row of rows) {
    const named = row.match(/`([\w/-]+\.(?:t\.sol|test\.ts|tree))`: (.+?) \|$/);
    assert.ok(named, `names no test: ${row}`);
    const [, file = "", name = ""] = named;
    if (!(await readFile(join(root, "test", file), "utf8")).includes(name)) missing.push(`${file}: ${name}`);
  }
  assert.ok(rows.length > 50);
  assert.deepEqual(missing, []);
});
