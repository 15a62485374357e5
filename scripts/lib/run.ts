import { spawn } from "node:child_process";

/** What a program wrote and how it ended. */
export type Outcome = { code: number; output: string };

/** Runs `command`, in `folder` if there is one, and shows its output while it comes unless `isQuiet`. */
export function run(
  command: readonly string[],
  { folder, isQuiet = false }: { folder?: string; isQuiet?: boolean } = {},
): Promise<Outcome> {
  const [program = "", ...programArguments] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, programArguments, {
      cwd: folder,
      shell: process.platform === "win32",
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const [source, target] of [
      [child.stdout, process.stdout],
      [child.stderr, process.stderr],
    ] as const) {
      source.setEncoding("utf8").on("data", (text: string) => {
        output += text;
        if (!isQuiet) target.write(text);
      });
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}

/** `12.3 s` since `start`. */
export function secondsSince(start: number): string {
  return `${((Date.now() - start) / 1000).toFixed(1)} s`;
}
