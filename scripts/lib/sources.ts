import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

/** Paths of the repository's own files that match `pattern`: tracked, or new and not ignored. */
export function repositoryFiles(pattern: RegExp): string[] {
  const list = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], { encoding: "utf8" });
  return list.split("\n").filter((path) => pattern.test(path) && existsSync(path));
}

/** Prints what is wrong, or that nothing is, and sets the exit code. */
export function report(subject: string, problems: readonly string[]): void {
  for (const problem of problems) console.error(problem);
  console.log(problems.length === 0 ? `${subject}: ok` : `${subject}: ${problems.length} wrong`);
  process.exitCode = problems.length === 0 ? 0 : 1;
}
