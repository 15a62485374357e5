/**
 * How many bytes an importer of each sub-path gets: minified, without dependencies and peers, against `sdk/size-budgets.json`.
 * Build the SDK first. A key is a sub-path, or a sub-path and one name of it: `./refund-window#refundCall`.
 *
 *   tsx scripts/check-size.ts             compare, and fail above a budget
 *   tsx scripts/check-size.ts --update    write budgets with five percent to spare
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { repositoryRoot } from "./lib/generated-files.js";

const sdk = join(repositoryRoot, "sdk");
const budgetFile = join(sdk, "size-budgets.json");
const manifest = JSON.parse(readFileSync(join(sdk, "package.json"), "utf8"));
const budgets: Record<string, number> = JSON.parse(readFileSync(budgetFile, "utf8"));
const foreign = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies });

/** Bytes of a bundle that imports all of a sub-path, or one name of it; undefined when the sub-path is not built. */
async function sizeOf(key: string): Promise<number | undefined> {
  const [subPath = "", name = "*"] = key.split("#");
  const file = join(sdk, manifest.exports[subPath] ?? "missing");
  if (!existsSync(file)) return undefined;
  const { outputFiles } = await build({
    bundle: true,
    external: foreign.flatMap((dependency) => [dependency, `${dependency}/*`]),
    format: "esm",
    logLevel: "error",
    minify: true,
    platform: "neutral",
    stdin: { contents: `export ${name === "*" ? "*" : `{ ${name} }`} from ${JSON.stringify(file)};`, resolveDir: sdk },
    write: false,
  });
  return outputFiles[0]?.contents.length;
}

const sizes = Object.fromEntries(await Promise.all(Object.keys(budgets).map(async (key) => [key, await sizeOf(key)])));

if (process.argv.includes("--update")) {
  const updated = Object.entries(budgets).map(([key, budget]) => [
    key,
    sizes[key] ? Math.ceil(sizes[key] * 1.05) : budget,
  ]);
  writeFileSync(budgetFile, `${JSON.stringify(Object.fromEntries(updated), null, 2)}\n`);
} else {
  for (const [key, budget] of Object.entries(budgets)) {
    const size = sizes[key];
    const verdict = size === undefined ? "not built" : size > budget ? "TOO LARGE" : "ok";
    console.log(
      `${verdict.padEnd(10)} ${String(size ?? "").padStart(7)} of ${String(budget).padStart(7)} bytes  ${key}`,
    );
    if (verdict === "TOO LARGE") process.exitCode = 1;
  }
}
