import { cpSync, mkdtempSync, realpathSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Copies `parts` of the project to a new folder, in which all its packages are found. */
export function copyProject(root: string, parts: readonly string[]): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "recourse-")));
  for (const part of [...parts, "hardhat.config.ts", "package.json", "remappings.txt"]) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  return folder;
}

/** Deletes such a folder, but not the packages. */
export function removeCopy(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}
