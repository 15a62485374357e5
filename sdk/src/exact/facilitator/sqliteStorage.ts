import { DatabaseSync } from "node:sqlite";
import type { Submission, SubmissionStorage } from "./submitter.js";

/** How long a process waits for another one that is writing. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Keeps what was signed in a SQLite file, so that a facilitator that dies between broadcast and answer finds it again. It uses
 * the SQLite of Node 22.13 or later (from 22.5 on with `--experimental-sqlite`); Node says once that this is experimental.
 *
 * What is kept can move the money that its payers signed away, and nothing else; it is as public as the chain's mempool.
 */
export class SqliteSubmissionStorage implements SubmissionStorage {
  readonly #database: DatabaseSync;

  /** @param file The file; it is created when it does not exist. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS submissions (key TEXT PRIMARY KEY, submission TEXT NOT NULL) STRICT;
    `);
  }

  async get(key: string): Promise<Submission | undefined> {
    const row = this.#database.prepare("SELECT submission FROM submissions WHERE key = ?").get(key);
    return row && JSON.parse(row.submission as string);
  }

  async set(key: string, submission: Submission): Promise<void> {
    this.#database
      .prepare("INSERT OR REPLACE INTO submissions (key, submission) VALUES (?, ?)")
      .run(key, JSON.stringify(submission));
  }

  async delete(key: string): Promise<void> {
    this.#database.prepare("DELETE FROM submissions WHERE key = ?").run(key);
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }
}
