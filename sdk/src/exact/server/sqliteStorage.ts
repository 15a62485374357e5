import { DatabaseSync } from "node:sqlite";
import type { Hex } from "viem";
import { isOpen, type ListedPayment, type PaymentRecord, type PaymentStorage } from "./storage.js";

/** How long a process waits for another one that is writing. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Keeps the records in a SQLite file that several processes of one machine share. It uses the SQLite of Node 22.13 or later
 * (from 22.5 on with `--experimental-sqlite`); Node says once that this is experimental.
 *
 * A change is a transaction that begins as a writer, so that nobody else's comes between reading and writing.
 */
export class SqlitePaymentStorage implements PaymentStorage {
  readonly #database: DatabaseSync;

  /** @param file The file; it is created when it does not exist. */
  constructor(file: string) {
    this.#database = new DatabaseSync(file);
    this.#database.exec(`
      PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS};
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      CREATE TABLE IF NOT EXISTS payments (id TEXT PRIMARY KEY, record TEXT NOT NULL, is_open INTEGER NOT NULL) STRICT;
      CREATE INDEX IF NOT EXISTS open_payments ON payments (id) WHERE is_open = 1;
    `);
  }

  async get(paymentId: Hex): Promise<PaymentRecord | undefined> {
    return this.#read(paymentId);
  }

  async list(): Promise<ListedPayment[]> {
    const rows = this.#database.prepare("SELECT id, record FROM payments WHERE is_open = 1").all();
    return rows.map(({ id, record }) => ({ paymentId: id as Hex, record: JSON.parse(record as string) }));
  }

  async update(
    paymentId: Hex,
    change: (current: PaymentRecord | undefined) => PaymentRecord | undefined,
  ): Promise<PaymentRecord | undefined> {
    this.#database.exec("BEGIN IMMEDIATE");
    try {
      const next = change(this.#read(paymentId));
      if (next) this.#write(paymentId, next);
      this.#database.exec("COMMIT");
      return next;
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

  async delete(paymentId: Hex): Promise<void> {
    this.#database.prepare("DELETE FROM payments WHERE id = ?").run(paymentId);
  }

  /** Closes the file. */
  close(): void {
    this.#database.close();
  }

  #read(paymentId: Hex): PaymentRecord | undefined {
    const row = this.#database.prepare("SELECT record FROM payments WHERE id = ?").get(paymentId);
    return row && JSON.parse(row.record as string);
  }

  #write(paymentId: Hex, record: PaymentRecord): void {
    this.#database
      .prepare("INSERT OR REPLACE INTO payments (id, record, is_open) VALUES (?, ?, ?)")
      .run(paymentId, JSON.stringify(record), isOpen(record) ? 1 : 0);
  }
}
