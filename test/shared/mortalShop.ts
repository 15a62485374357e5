import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A shop that is a process of its own, and can be killed. */
export type MortalShop = {
  url: string;
  /** Lets the handler that waits answer. */
  finish(): Promise<void>;
  kill(): Promise<void>;
};

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** @param database The SQLite file of its payments. */
export async function startMortalShop(facilitatorUrl: string, sale: object, database: string): Promise<MortalShop> {
  const main = fileURLToPath(new URL("./mortalShopMain.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", main, facilitatorUrl, JSON.stringify(sale), database], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  children.add(child);
  const [url] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
  return {
    url: `${url}/thing`,
    async finish() {
      await fetch(`${url}/finish`);
    },
    async kill() {
      children.delete(child);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
