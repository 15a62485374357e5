import { DatabaseSync } from "node:sqlite";
import type { Address, Hex } from "viem";
import type { ApprovalRecord, ApprovalStorage, Room } from "./storage.js";

/** How long a process waits for another one that is writing. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Keeps the requests in a SQLite file that several processes of one machine share. It uses the SQLite of Node 22.13 or later
 * (from 22.5 on with `--experimental-sqlite`); Node says once that this is experimental.
 *
 * A change is a transaction that begins as a writer, so that nobody else's comes between reading and writing.
 */
export class SqliteApprovalStorage implements ApprovalStorage {
  readonly #database: DatabaseSync;

  /** @param file The file; it is created when it does not exist. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS approvals (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        asked_by TEXT NOT NULL,
        expires_at INTEGER NOT NULL,
        record TEXT NOT NULL
      ) STRICT;
      CREATE INDEX IF NOT EXISTS approvals_of_signers ON approvals (account, asked_by);
      CREATE INDEX IF NOT EXISTS approvals_by_expiry ON approvals (expires_at);
    `);
  }

  async get(id: Hex): Promise<ApprovalRecord | undefined> {
    return this.#read(id);
  }

  async list(account: Address): Promise<ApprovalRecord[]> {
    const rows = this.#database
      .prepare("SELECT record FROM approvals WHERE account = ? ORDER BY rowid")
      .all(account.toLowerCase());
    return rows.map(({ record }) => JSON.parse(record as string));
  }

  async add(record: ApprovalRecord, { inAll, perSigner }: Room): Promise<boolean> {
    const { account, askedBy, expiresAt, id } = record;
    const signer = [account.toLowerCase(), askedBy.toLowerCase()] as const;
    return this.#transact(() => {
      const ofAll = this.#count("SELECT COUNT(*) AS count FROM approvals");
      const ofSigner = this.#count(
        "SELECT COUNT(*) AS count FROM approvals WHERE account = ? AND asked_by = ? AND json_extract(record, '$.isPending')",
        signer,
      );
      if (this.#read(id) || ofAll >= inAll || ofSigner >= perSigner) return false;
      this.#database
        .prepare("INSERT INTO approvals (id, account, asked_by, expires_at, record) VALUES (?, ?, ?, ?, ?)")
        .run(id, ...signer, expiresAt, JSON.stringify(record));
      return true;
    });
  }

  async update(id: Hex, change: (current: ApprovalRecord) => ApprovalRecord): Promise<ApprovalRecord | undefined> {
    return this.#transact(() => {
      const current = this.#read(id);
      if (!current) return undefined;
      const next = change(current);
      this.#database
        .prepare("UPDATE approvals SET expires_at = ?, record = ? WHERE id = ?")
        .run(next.expiresAt, JSON.stringify(next), id);
      return next;
    });
  }

  async delete(id: Hex): Promise<void> {
    this.#database.prepare("DELETE FROM approvals WHERE id = ?").run(id);
  }

  async deleteExpired(now: number): Promise<void> {
    this.#database.prepare("DELETE FROM approvals WHERE expires_at <= ?").run(now);
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  #read(id: Hex): ApprovalRecord | undefined {
    const row = this.#database.prepare("SELECT record FROM approvals WHERE id = ?").get(id);
    return row && JSON.parse(row.record as string);
  }

  #count(query: string, values: readonly string[] = []): number {
    return Number(this.#database.prepare(query).get(...values)?.count);
  }

  #transact<Result>(work: () => Result): Result {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const result = work();
      this.#database.exec("COMMIT");
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  #rollBack(): void {
    try {
      this.#database.exec("ROLLBACK");
    } catch {
      // What went wrong has ended the transaction already.
    }
  }
}
