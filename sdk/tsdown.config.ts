import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "tsdown";
import manifest from "./package.json" with { type: "json" };

/** Each sub-path and each command of the package is one entry: `./dist/x.js` is built from `src/x.ts`. */
const entries = [...Object.values(manifest.exports), ...Object.values(manifest.bin)]
  .filter((target) => target.startsWith("./dist/"))
  .map((target) => target.slice("./dist/".length, -".js".length))
  .filter((name) => existsSync(fileURLToPath(new URL(`src/${name}.ts`, import.meta.url))));

export default defineConfig({
  dts: true,
  entry: Object.fromEntries(entries.map((name) => [name, `src/${name}.ts`])),
  // The command, and the storages in files and in SQLite, need Node; browsers never import them.
  deps: { neverBundle: [/^node:/] },
  fixedExtension: false,
  format: "esm",
  platform: "neutral",
  target: "es2022",
  // One file a module, as written: bundlers drop what is not used, and a stack trace says where it was.
  unbundle: true,
});
