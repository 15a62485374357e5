import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { privateKeyOf } from "./world.js";

const root = fileURLToPath(new URL("../..", import.meta.url));

/** What the keeper says of one thing that it did. */
export type KeeperLine = {
  msg: string;
  block?: string;
  time?: string;
  isDone?: boolean;
  url?: string;
  reason?: string;
  pair?: string;
  transaction?: string;
  charged?: number;
  failed?: number;
  notDue?: number;
  nextAt?: string;
};

/** A keeper that runs as a process of its own. */
export type KeeperProcess = {
  process: ChildProcess;
  lines: KeeperLine[];
  /** Waits until it says so, from line `first` on. */
  says(matches: (line: KeeperLine) => boolean, first?: number): Promise<KeeperLine>;
  /** Ends it as it likes to be ended. */
  stop(): Promise<void>;
  /** Ends it in the middle of whatever it is doing. */
  kill(): Promise<void>;
};

const children = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of children) child.kill("SIGKILL");
});

/** Starts `apps/keeper`. */
export function startKeeper(rpcUrl: string, environment: Record<string, string>): KeeperProcess {
  const child = spawn(process.execPath, ["--import", "tsx", "apps/keeper/src/main.ts"], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      EVM_NETWORK: "eip155:84532",
      EVM_PRIVATE_KEY: privateKeyOf(16),
      EVM_RPC_URL: rpcUrl,
      LOG_LEVEL: "debug",
      POLL_MS: "100",
      PORT: "0",
      START_BLOCK: "0",
      ...environment,
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.add(child);
  const lines: KeeperLine[] = [];
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
    says: (matches, first = 0) =>
      new Promise((resolve, reject) => {
        const stop = () => {
          listeners.delete(look);
          child.off("exit", fail);
        };
        const look = () => {
          const line = lines.slice(first).find(matches);
          if (!line) return;
          stop();
          resolve(line);
        };
        const fail = (code: number | null) => {
          stop();
          reject(new Error(`The keeper ended (${code}): ${JSON.stringify(lines.at(-1))}`));
        };
        listeners.add(look);
        child.once("exit", fail);
        if (child.exitCode !== null || child.signalCode !== null) fail(child.exitCode);
        look();
      }),
    stop: () => end("SIGTERM"),
    kill: () => end("SIGKILL"),
  };
}
