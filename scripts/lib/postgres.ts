import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

/** A PostgreSQL server that ends with its caller. */
export type Postgres = {
  /** Makes a new database, and returns its URL. */
  database(name: string): Promise<string>;
  stop(): Promise<void>;
};

/** Starts the PostgreSQL that npm carries. Throws with the reason where it cannot run. */
export async function startPostgres(): Promise<Postgres> {
  const child = fork(fileURLToPath(new URL("postgres-process.ts", import.meta.url)), {
    execArgv: ["--import", import.meta.resolve("tsx")],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  const { error } = await answerOf(child);
  if (error !== undefined) {
    child.disconnect();
    throw new Error(`PostgreSQL did not start: ${error}`);
  }
  return {
    async database(name) {
      child.send({ database: name });
      const { url } = await answerOf(child);
      return url ?? "";
    },
    async stop() {
      const ended = once(child, "exit");
      child.disconnect();
      await ended;
    },
  };
}

/** The next that the process says, or that it ended without a word. */
async function answerOf(child: ChildProcess): Promise<{ url?: string; error?: string }> {
  const ending = once(child, "exit").then(([code]) => [{ error: `it ended with code ${code}` }]);
  const [answer] = await Promise.race([once(child, "message"), ending]);
  return answer;
}
