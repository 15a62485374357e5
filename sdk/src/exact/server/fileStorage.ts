import { randomUUID } from "node:crypto";
import { link, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Hex } from "viem";
import type { PaymentRecord, PaymentStorage } from "./storage.js";

/**
 * Keeps the records in a folder that several processes of one machine share.
 *
 * A payment is a folder, and each state of it a file named by a counter. A file is written aside and then linked to its
 * name, which succeeds for one process only: whoever loses reads again. So there is no lock that a crash could leave.
 */
export class FilePaymentStorage implements PaymentStorage {
  readonly #root: string;

  /** @param root The folder; it is created when the first payment comes. */
  constructor(root: string) {
    this.#root = root;
  }

  async get(paymentId: Hex): Promise<PaymentRecord | undefined> {
    return (await this.#newest(paymentId)).record;
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
    const record: PaymentRecord = JSON.parse(await readFile(join(this.#folder(paymentId), `${version}.json`), "utf8"));
    return { record, version };
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
