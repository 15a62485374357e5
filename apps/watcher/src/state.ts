import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Submission, SubmissionStorage } from "@recourse/sdk/exact/facilitator";
import { type Address, getAddress, type Hex, isAddress, isHex } from "viem";
import * as z from "zod";
import { ConfigError } from "./config.js";

const hex = z.custom<Hex>((value) => isHex(value));
const address = z.custom<Address>((value) => isAddress(value as string)).transform((value) => getAddress(value));
const integer = z
  .string()
  .regex(/^\d{1,78}$/)
  .transform(BigInt);

const missing = z.object({
  paymentId: hex,
  vault: address,
  token: address,
  payer: address,
  nonce: hex,
  value: integer,
  hash: hex,
  blockNumber: integer,
  /** Set when it was recorded: from this block on, the record is taken for final if the vault still knows it. */
  finalAt: integer.optional(),
});

const stateFile = z.object({
  network: z.string(),
  nextBlock: integer.optional(),
  nextFactoryBlock: integer.optional(),
  vaults: z.array(address),
  missing: z.array(missing),
  submissions: z.record(z.string(), z.object({ hash: hex, serialized: hex, owner: z.string().optional() })),
});

/** A payment that the watcher has to see recorded. */
export type Missing = z.infer<typeof missing>;

type Contents = {
  network: string;
  /** The first block whose transfers were not looked at. */
  nextBlock?: bigint | undefined;
  /** The first block whose deployments were not looked at. */
  nextFactoryBlock?: bigint | undefined;
  /** What the factory deployed. */
  vaults: Address[];
  missing: Missing[];
  submissions: Record<string, Submission>;
};

/**
 * What is remembered between two starts. Each version of it is whole: a process that is killed leaves the last one. It
 * saves work and money, and nothing depends on it: without it, all is looked for again on the chain.
 */
export class State implements SubmissionStorage {
  readonly contents: Contents;
  readonly #path: string;
  #saving: Promise<void> = Promise.resolve();

  private constructor(path: string, contents: Contents) {
    this.#path = path;
    this.contents = contents;
  }

  /** @throws {ConfigError} when the file is there and is not the state of a watcher of this network. */
  static async load(path: string, network: string): Promise<State> {
    const text = await readFile(path, "utf8").catch((error) => {
      if (error.code === "ENOENT") return undefined;
      throw new ConfigError(`STATE_FILE cannot be read: ${error.code}`);
    });
    if (text === undefined) return new State(path, { network, vaults: [], missing: [], submissions: {} });
    const parsed = stateFile.safeParse(parseJson(text));
    if (!parsed.success) throw new ConfigError("STATE_FILE is not the state of a watcher.");
    if (parsed.data.network !== network) throw new ConfigError(`STATE_FILE is of ${parsed.data.network}.`);
    return new State(path, parsed.data as Contents);
  }

  /** Writes it beside, and puts it in place in one step. */
  save(): Promise<void> {
    const saving = this.#saving.then(() => this.#write());
    this.#saving = saving.catch(() => undefined);
    return saving;
  }

  async #write(): Promise<void> {
    const text = JSON.stringify(this.contents, (_, value) => (typeof value === "bigint" ? String(value) : value), 2);
    await mkdir(dirname(this.#path), { recursive: true });
    // Another process may do the same.
    const beside = `${this.#path}.${process.pid}`;
    const file = await open(beside, "w");
    try {
      await file.writeFile(`${text}\n`);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, this.#path);
  }

  /* SUBMISSIONS */

  async get(key: string): Promise<Submission | undefined> {
    return this.contents.submissions[key];
  }

  async set(key: string, submission: Submission): Promise<void> {
    this.contents.submissions[key] = submission;
    await this.save();
  }

  async delete(key: string): Promise<void> {
    delete this.contents.submissions[key];
    await this.save();
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
