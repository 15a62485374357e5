import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Hex, isHash } from "viem";
import { isOpen, type ListedPayment, type PaymentRecord, type PaymentStorage } from "./storage.js";

/**
 * Keeps the records in a folder that several processes of one machine share.
 *
 * A payment is a folder, and each state of it a file named by a counter. A file is written aside and then linked to its
 * name, which succeeds for one process only: whoever loses reads again. So there is no lock that a crash could leave. The
 * first `list` of a process reads all payments that there ever were: who has very many takes another storage.
 */
export class FilePaymentStorage implements PaymentStorage {
  readonly #root: string;
  /** Payments that are not open, and so will never be again. */
  readonly #ended = new Set<string>();

  /** @param root The folder; it is created when the first payment comes. */
  constructor(root: string) {
    this.#root = root;
  }

  async get(paymentId: Hex): Promise<PaymentRecord | undefined> {
    return (await this.#newest(paymentId)).record;
  }

  async list(): Promise<ListedPayment[]> {
    const open: ListedPayment[] = [];
    for (const name of await readdir(this.#root).catch(emptyWhenMissing)) {
      if (!isHash(name) || this.#ended.has(name)) continue;
      const record = await this.get(name);
      if (record && isOpen(record)) open.push({ paymentId: name, record });
      else if (record) this.#ended.add(name);
    }
    return open;
  }

  async update(
    paymentId: Hex,
    change: (current: PaymentRecord | undefined) => PaymentRecord | undefined,
  ): Promise<PaymentRecord | undefined> {
    for (;;) {
      const { record, version } = await this.#newest(paymentId);
      const next = change(record);
      if (!next) return undefined;
      if (await this.#append(paymentId, version + 1, next)) return next;
    }
  }

  async delete(paymentId: Hex): Promise<void> {
    await rm(this.#folder(paymentId), { force: true, recursive: true });
  }

  async #newest(paymentId: Hex): Promise<{ record: PaymentRecord | undefined; version: number }> {
    const names = await readdir(this.#folder(paymentId)).catch(emptyWhenMissing);
    const version = Math.max(
      0,
      ...names.filter((name) => /^\d+\.json$/.test(name)).map((name) => Number.parseInt(name, 10)),
    );
    if (version === 0) return { record: undefined, version };
    try {
      const text = await readFile(join(this.#folder(paymentId), `${version}.json`), "utf8");
      return { record: JSON.parse(text), version };
    } catch (error) {
      // Deleted since the folder was read.
      if (isCode(error, "ENOENT")) return { record: undefined, version: 0 };
      throw error;
    }
  }

  async #append(paymentId: Hex, version: number, record: PaymentRecord): Promise<boolean> {
    const folder = this.#folder(paymentId);
    const draft = join(folder, `${randomUUID()}.draft`);
    await mkdir(folder, { recursive: true });
    await writeFile(draft, JSON.stringify(record), { flush: true });
    try {
      await link(draft, join(folder, `${version}.json`));
      return true;
    } catch (error) {
      if (isCode(error, "EEXIST")) return false;
      throw error;
    } finally {
      await rm(draft);
    }
  }

  #folder(paymentId: Hex): string {
    return join(this.#root, paymentId);
  }
}

function emptyWhenMissing(error: unknown): string[] {
  if (isCode(error, "ENOENT")) return [];
  throw error;
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
