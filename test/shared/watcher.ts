import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { USDC } from "../../scripts/lib/local-chain.js";
import { privateKeyOf } from "../../scripts/lib/world.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the watcher says of one thing that it did. */
export type WatcherLine = {
  msg: string;
  paymentId?: string;
  vault?: string;
  reason?: string;
  transaction?: string;
  value?: string;
};

/** A watcher that runs as a process of its own. */
export type WatcherProcess = {
  process: ChildProcess;
  lines: WatcherLine[];
  /** Waits until it has said so. */
  says(matches: (line: WatcherLine) => boolean): Promise<WatcherLine>;
  /** Ends it as it likes to be ended. */
  stop(): Promise<void>;
  /** Ends it in the middle of whatever it is doing. */
  kill(): Promise<void>;
};

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Starts `apps/watcher`. */
export function startWatcher(rpcUrl: string, environment: Record<string, string>): WatcherProcess {
  const child = spawn(process.execPath, ["--import", "tsx", "apps/watcher/src/main.ts"], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      EVM_NETWORK: "eip155:84532",
      EVM_PRIVATE_KEY: privateKeyOf(15),
      EVM_RPC_URL: rpcUrl,
      POLL_MS: "100",
      TOKENS: USDC,
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const lines: WatcherLine[] = [];
  const listeners = new Set<() => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    lines.push(JSON.parse(line));
    for (const listener of listeners) listener();
  });
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    children.delete(child);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    child.kill(signal);
    await ended;
  };

  return {
    process: child,
    lines,
    says: (matches) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const line = lines.find(matches);
          if (!line) return;
          listeners.delete(look);
          resolve(line);
        };
        listeners.add(look);
        child.once("exit", (code) => reject(new Error(`The watcher ended (${code}): ${JSON.stringify(lines.at(-1))}`)));
        look();
      }),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}
