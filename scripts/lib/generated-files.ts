import { execFileSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Texts by path in the repository. */
export type Files = Record<string, string>;

export const repositoryRoot = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Writes `files`, or, with `--check` on the command line, only compares and fails with the list of stale ones.
 * `ownedFolders` hold nothing but generated files: what is there and not in `files` is stale too.
 */
export async function publishFiles(files: Files, command: string, ownedFolders: readonly string[] = []): Promise<void> {
  const stale = staleFiles(repositoryRoot, files, ownedFolders);
  if (process.argv.includes("--check")) {
    if (stale.length === 0) return console.log(`${Object.keys(files).length} generated files are up to date.`);
    console.error(`Stale, run \`${command}\`:\n${stale.map((path) => `  ${path}`).join("\n")}`);
    process.exitCode = 1;
    return;
  }
  for (const path of stale) {
    const target = join(repositoryRoot, path);
    const text = files[path];
    if (text === undefined) rmSync(target);
    else {
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, text);
    }
  }
  console.log(
    stale.length === 0
      ? "Nothing to do."
      : `Wrote ${stale.length} files:\n${stale.map((path) => `  ${path}`).join("\n")}`,
  );
}

/** Paths whose content differs from `files`, or that should not exist. */
export function staleFiles(root: string, files: Files, ownedFolders: readonly string[] = []): string[] {
  const changed = Object.entries(files).filter(([path, text]) => readIfExists(join(root, path)) !== text);
  const superfluous = ownedFolders
    .flatMap((folder) => filesBelow(join(root, folder)))
    .map((path) => relative(root, path))
    .filter((path) => !(path in files));
  return [...changed.map(([path]) => path), ...superfluous].sort();
}

function readIfExists(path: string): string | undefined {
  return existsSync(path) ? readFileSync(path, "utf8") : undefined;
}

export function filesBelow(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? filesBelow(path) : [path];
  });
}

/** Formats TypeScript in the house style, whatever the configuration of the day says. */
export function format(files: Files): Files {
  const folder = mkdtempSync(join(tmpdir(), "generated-"));
  try {
    for (const [path, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const biome = fileURLToPath(import.meta.resolve("@biomejs/biome/bin/biome"));
    const style = ["--indent-style=space", "--indent-width=2", "--line-width=120"];
    execFileSync(process.execPath, [biome, "format", "--write", "--log-level=error", ...style, "."], {
      cwd: folder,
      stdio: "pipe",
    });
    return Object.fromEntries(Object.keys(files).map((path) => [path, readFileSync(join(folder, path), "utf8")]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}
