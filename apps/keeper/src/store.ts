import { type Address, type Hash, type Hex, numberToHex } from "viem";
import { type Config, ConfigError } from "./config.js";
import { type Database, setUp } from "./database.js";

/** What the keeper knows of a plan. The terms never change. */
export type Plan = {
  address: Address;
  token: Address;
  /** The first block of which its events were not read. */
  nextBlock: bigint;
};

/** A pair of a plan, and when to look at it next. */
export type Entry = {
  plan: Address;
  pair: Hex;
  subscriber: Address;
  beneficiary: Address;
  /** When it can be charged, or is tried again, in Unix seconds; `undefined` when there is nothing to charge. */
  nextAt: bigint | undefined;
  /** The block at which what was read has become final, and is read once more. */
  checkBlock: bigint | undefined;
  /** How often the charge that can be made until `failedUntil` has failed. */
  attempts: number;
  failedUntil: bigint;
};

/** A subscription that somebody made. */
export type Discovery = Pick<Entry, "plan" | "pair" | "subscriber" | "beneficiary"> & { serial: number; block: Hash };

/** What became of looking at a pair. */
export type Outcome = Pick<Entry, "plan" | "pair" | "nextAt" | "checkBlock" | "attempts" | "failedUntil"> & {
  /** The end of the charge that comes next; those that end first come first. */
  until: bigint;
  amount: bigint;
  reason?: string | undefined;
};

/** A transaction that was signed. It is written down before it is sent, so that no restart forgets or repeats it. */
export type Submission = {
  nonce: number;
  to: Address;
  data: Hex;
  gas: bigint;
  maxFeePerGas: bigint;
  maxPriorityFeePerGas: bigint;
  /** Of this and of those that it replaced, the newest last; each can be the one that is mined. */
  hashes: Hash[];
  serialized: Hex;
  /** The pairs that it charges. */
  pairs: Hex[];
  /** When the newest was sent, in milliseconds. */
  sentAt: number;
};

type Row = Record<string, string | number | null>;

/**
 * What is remembered between two starts. It saves work, and nothing depends on it: without it, all is looked for again
 * on the chain. Each statement is whole, so a process that is killed leaves what it had finished.
 */
export class Store {
  readonly #database: Database;
  readonly #schema: string;

  private constructor(database: Database, schema: string) {
    this.#database = database;
    this.#schema = schema;
  }

  /** @throws {ConfigError} when the tables are of a keeper of another network. */
  static async open(database: Database, { DATABASE_SCHEMA, EVM_NETWORK }: Config): Promise<Store> {
    const store = new Store(database, DATABASE_SCHEMA);
    await setUp(() => database.script(tablesOf(DATABASE_SCHEMA)));
    await store.#query(`INSERT INTO $.network (name) VALUES ($1) ON CONFLICT DO NOTHING`, [EVM_NETWORK]);
    const [network] = await store.#query("SELECT name FROM $.network");
    if (network?.name !== EVM_NETWORK) throw new ConfigError(`The database is of ${network?.name}.`);
    return store;
  }

  /** `$.` stands for the schema. */
  #query(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.#database.query<Row>(text.replaceAll("$.", `${this.#schema}.`), values);
  }

  /* PLANS */

  async plans(): Promise<Plan[]> {
    const rows = await this.#query("SELECT address, token, next_block FROM $.plans ORDER BY address");
    return rows.map(({ address, next_block, token }) => ({
      address: address as Address,
      token: token as Address,
      nextBlock: BigInt(next_block as string),
    }));
  }

  async addPlans(plans: Plan[]): Promise<void> {
    for (const { address, nextBlock, token } of plans) {
      await this.#query("INSERT INTO $.plans (address, token, next_block) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", [
        address,
        token,
        String(nextBlock),
      ]);
    }
  }

  /** Another keeper may have read on. */
  async readUntil(plans: Address[], nextBlock: bigint): Promise<void> {
    await this.#query("UPDATE $.plans SET next_block = greatest(next_block, $1::bigint) WHERE address = ANY($2)", [
      String(nextBlock),
      plans,
    ]);
  }

  /** The first block of which the factory's events were not read. */
  async factoryBlock(): Promise<bigint | undefined> {
    const [row] = await this.#query("SELECT factory_block FROM $.network");
    return row?.factory_block == null ? undefined : BigInt(row.factory_block);
  }

  async readFactoryUntil(nextBlock: bigint): Promise<void> {
    await this.#query("UPDATE $.network SET factory_block = greatest(factory_block, $1::bigint)", [String(nextBlock)]);
  }

  /* PAIRS */

  /** Each new subscription is looked at; one that is known already changes nothing. */
  async discover(discoveries: Discovery[]): Promise<void> {
    await this.#query(
      `INSERT INTO $.pairs (plan, pair, subscriber, beneficiary, serial, seen_in, next_at)
       SELECT plan, pair, subscriber, beneficiary, serial, block, 0
       FROM jsonb_to_recordset($1::jsonb)
         AS found (plan text, pair text, subscriber text, beneficiary text, serial bigint, block text)
       ON CONFLICT (plan, pair) DO UPDATE
         SET serial = excluded.serial, seen_in = excluded.seen_in, next_at = 0, amount = 0
       WHERE excluded.serial >= pairs.serial AND excluded.seen_in <> pairs.seen_in`,
      [JSON.stringify(discoveries)],
    );
  }

  /** Whom to look at, those first whose time ends first. */
  async due(parameters: {
    now: bigint;
    head: bigint;
    plans: Address[];
    minValue: bigint;
    limit: number;
  }): Promise<Pick<Entry, "plan" | "pair">[]> {
    const { head, limit, minValue, now, plans } = parameters;
    // An amount of zero has not been read yet.
    const rows = await this.#query(
      `SELECT plan, pair FROM $.pairs
       WHERE (next_at <= $1 OR check_block <= $2) AND plan = ANY($3) AND (amount = 0 OR amount >= $4)
       ORDER BY until, next_at LIMIT $5`,
      [String(now), String(head), plans, String(minValue), limit],
    );
    return rows as Pick<Entry, "plan" | "pair">[];
  }

  async entries(keys: Pick<Entry, "plan" | "pair">[]): Promise<Entry[]> {
    const rows = await this.#query(
      `SELECT plan, pair, subscriber, beneficiary, next_at, check_block, attempts, failed_until
       FROM $.pairs JOIN jsonb_to_recordset($1::jsonb) AS wanted (plan text, pair text) USING (plan, pair)
       ORDER BY until, next_at`,
      [JSON.stringify(keys)],
    );
    return rows.map((row) => ({
      plan: row.plan as Address,
      pair: row.pair as Hex,
      subscriber: row.subscriber as Address,
      beneficiary: row.beneficiary as Address,
      nextAt: row.next_at === null ? undefined : BigInt(row.next_at as string),
      checkBlock: row.check_block === null ? undefined : BigInt(row.check_block as string),
      attempts: Number(row.attempts),
      failedUntil: BigInt(row.failed_until as string),
    }));
  }

  async save(outcomes: Outcome[]): Promise<void> {
    if (outcomes.length === 0) return;
    await this.#query(
      `UPDATE $.pairs SET next_at = new.next_at, check_block = new.check_block, attempts = new.attempts,
         failed_until = new.failed_until, until = new.until, amount = new.amount, reason = new.reason
       FROM jsonb_to_recordset($1::jsonb) AS new (plan text, pair text, next_at bigint, check_block bigint, attempts int,
         failed_until bigint, until bigint, amount numeric, reason text)
       WHERE pairs.plan = new.plan AND pairs.pair = new.pair`,
      [
        JSON.stringify(
          outcomes.map((outcome) => ({
            plan: outcome.plan,
            pair: outcome.pair,
            next_at: textOf(outcome.nextAt),
            check_block: textOf(outcome.checkBlock),
            attempts: outcome.attempts,
            failed_until: String(outcome.failedUntil),
            until: String(outcome.until),
            amount: String(outcome.amount),
            reason: outcome.reason ?? null,
          })),
        ),
      ],
    );
  }

  /** How many are known, and can be charged again. */
  async count(): Promise<{ known: number; live: number; failing: number }> {
    const [row] = await this.#query(
      `SELECT count(*) AS known, count(next_at) AS live, count(*) FILTER (WHERE attempts > 0) AS failing FROM $.pairs`,
    );
    return { known: Number(row?.known), live: Number(row?.live), failing: Number(row?.failing) };
  }

  /* SUBMISSIONS */

  async submissions(sender: Address): Promise<Submission[]> {
    const rows = await this.#database.query<{ nonce: string; contents: Record<string, unknown> }>(
      `SELECT nonce, contents FROM ${this.#schema}.submissions WHERE sender = $1 ORDER BY nonce`,
      [sender],
    );
    return rows.map(({ contents, nonce }) => ({
      ...(contents as Submission),
      nonce: Number(nonce),
      gas: BigInt(contents.gas as Hex),
      maxFeePerGas: BigInt(contents.maxFeePerGas as Hex),
      maxPriorityFeePerGas: BigInt(contents.maxPriorityFeePerGas as Hex),
    }));
  }

  async keepSubmission(sender: Address, { nonce, ...contents }: Submission): Promise<void> {
    await this.#query(
      `INSERT INTO $.submissions (sender, nonce, contents) VALUES ($1, $2, $3)
       ON CONFLICT (sender, nonce) DO UPDATE SET contents = excluded.contents`,
      [sender, nonce, JSON.stringify(contents, (_, value) => (typeof value === "bigint" ? numberToHex(value) : value))],
    );
  }

  async dropSubmission(sender: Address, nonce: number): Promise<void> {
    await this.#query("DELETE FROM $.submissions WHERE sender = $1 AND nonce = $2", [sender, nonce]);
  }
}

function textOf(value: bigint | undefined): string | null {
  return value === undefined ? null : String(value);
}

function tablesOf(schema: string): string {
  return `
    CREATE SCHEMA IF NOT EXISTS ${schema};
    CREATE TABLE IF NOT EXISTS ${schema}.network (
      is_only boolean PRIMARY KEY DEFAULT true CHECK (is_only), name text NOT NULL, factory_block bigint
    );
    CREATE TABLE IF NOT EXISTS ${schema}.plans (
      address text PRIMARY KEY, token text NOT NULL, next_block bigint NOT NULL
    );
    CREATE TABLE IF NOT EXISTS ${schema}.pairs (
      plan text NOT NULL, pair text NOT NULL, subscriber text NOT NULL, beneficiary text NOT NULL,
      serial bigint NOT NULL, seen_in text NOT NULL,
      next_at bigint, check_block bigint, until bigint NOT NULL DEFAULT 0, amount numeric NOT NULL DEFAULT 0,
      attempts int NOT NULL DEFAULT 0, failed_until bigint NOT NULL DEFAULT 0, reason text,
      PRIMARY KEY (plan, pair)
    );
    CREATE INDEX IF NOT EXISTS pairs_next_at ON ${schema}.pairs (next_at);
    CREATE INDEX IF NOT EXISTS pairs_check_block ON ${schema}.pairs (check_block);
    CREATE TABLE IF NOT EXISTS ${schema}.submissions (
      sender text NOT NULL, nonce bigint NOT NULL, contents jsonb NOT NULL, PRIMARY KEY (sender, nonce)
    );`;
}
