import { mkdir, rm } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { join, resolve } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { type Db, fromPglite } from "pg-boss";
import { type Config, ConfigError } from "./config.js";

/** PostgreSQL, either embedded or a server's. */
export type Database = {
  /** As pg-boss takes it. */
  boss: Db;
  /** Whether no other process can have it open: whatever is in the middle of being done was so when the last one ended. */
  isExclusive: boolean;
  /** One statement, with values. */
  query<Row>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Several statements without values, all or none. */
  script(text: string): Promise<void>;
  close(): Promise<void>;
};

/**
 * Opens the database that is configured.
 *
 * @throws {ConfigError} when it cannot be, or another keeper has the embedded one.
 */
export function openDatabase({ DATABASE_URL, DATA_DIR }: Config): Promise<Database> {
  return DATABASE_URL === undefined ? openEmbedded(resolve(DATA_DIR)) : openServer(DATABASE_URL);
}

/** What PostgreSQL says when another process makes the same schema or table at the same moment. */
const RACES = ["23505", "42P06", "42P07"];

/** Makes tables, once more when another process was making them. */
export async function setUp<T>(make: () => Promise<T>): Promise<T> {
  return make().catch((error) => {
    if (!RACES.includes(error.code)) throw error;
    return make();
  });
}

/* EMBEDDED */

async function openEmbedded(folder: string): Promise<Database> {
  await mkdir(folder, { recursive: true }).catch((error) => {
    throw new ConfigError(`DATA_DIR cannot be made: ${error.code}`);
  });
  const lock = await takeLock(folder);
  const pglite = await PGlite.create(join(folder, "database")).catch(async (error) => {
    lock.close();
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`DATA_DIR cannot be opened (${reason}). Delete it: all that counts is on the chain.`);
  });
  return {
    boss: fromPglite(pglite),
    isExclusive: true,
    query: async <Row>(text: string, values: unknown[] = []) => (await pglite.query<Row>(text, values)).rows,
    script: async (text) => {
      await pglite.exec(text);
    },
    async close() {
      await pglite.close();
      await new Promise((done) => lock.close(done));
    },
  };
}

/** Two processes would destroy the files. The system ends a socket with its process, however that ends. */
async function takeLock(folder: string): Promise<Server> {
  const path = process.platform === "win32" ? `\\\\.\\pipe\\${folder.replaceAll(/\W/g, "-")}` : join(folder, "lock");
  const lock = await listen(path);
  if (lock) return lock;
  if (await isAnswered(path)) throw new ConfigError("DATA_DIR is another keeper's, which runs.");
  await rm(path, { force: true });
  const next = await listen(path);
  if (next) return next;
  throw new ConfigError("DATA_DIR is another keeper's, which runs.");
}

function listen(path: string): Promise<Server | undefined> {
  return new Promise((done, fail) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) =>
      error.code === "EADDRINUSE" ? done(undefined) : fail(new ConfigError(`DATA_DIR cannot be locked: ${error.code}`)),
    );
    server.listen(path, () => done(server.unref()));
  });
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      done(true);
    });
    socket.once("error", () => done(false));
  });
}

/* SERVER */

async function openServer(url: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString: url, max: 5 });
  // A connection that breaks while nobody uses it is replaced; without a listener it would end the process.
  pool.on("error", () => undefined);
  try {
    await pool.query("SELECT 1");
  } catch (error) {
    await pool.end();
    const { code = "unknown" } = error as { code?: string };
    throw new ConfigError(`DATABASE_URL cannot be reached: ${code}`);
  }
  /** A transaction that failed must not stay open in a connection that somebody else uses next. */
  const execute = async (text: string, values?: unknown[]) => {
    const client = await pool.connect();
    try {
      return await client.query(text, values);
    } catch (error) {
      await client.query("ROLLBACK").catch(() => undefined);
      throw error;
    } finally {
      client.release();
    }
  };
  return {
    boss: { executeSql: execute },
    isExclusive: false,
    query: async <Row>(text: string, values: unknown[] = []) => (await pool.query(text, values)).rows as Row[],
    script: async (text) => {
      await pool.query(text);
    },
    close: () => pool.end(),
  };
}
