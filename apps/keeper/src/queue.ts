import { type Job, PgBoss } from "pg-boss";
import type { Address, Hex } from "viem";
import type { Config } from "./config.js";
import { type Database, setUp } from "./database.js";

/** A pair that somebody looks at now. */
export type Key = { plan: Address; pair: Hex };

/** A key that was given to this keeper, and to no other that shares the database. */
export type Task = Job<Key>;

const QUEUE = "look";
/** A keeper that says nothing for so long is taken for dead, and what it was given is given to others: the library's least. */
const HEARTBEAT_SECONDS = 10;
const INSERT_SIZE = 1_000;

/** Who looks at which pair: pg-boss, on the embedded database or a server's. A pair is in it once at most. */
export class Queue {
  readonly #boss: PgBoss;
  readonly #held = new Map<string, Task>();
  #heartbeat: NodeJS.Timeout | undefined;

  private constructor(boss: PgBoss) {
    this.#boss = boss;
  }

  /** @param onError What the library says between calls. */
  static async open(
    database: Database,
    { DATABASE_SCHEMA }: Config,
    onError: (error: unknown) => void,
  ): Promise<Queue> {
    const boss = await setUp(() => {
      const fresh = new PgBoss({
        db: database.boss,
        backend: database.isExclusive ? "pglite" : "postgres",
        schema: `${DATABASE_SCHEMA}_jobs`,
        schedule: false,
        superviseIntervalSeconds: HEARTBEAT_SECONDS / 2,
        monitorIntervalSeconds: HEARTBEAT_SECONDS / 2,
      });
      fresh.on("error", onError);
      return fresh.start();
    });
    // What is not finished is not repeated by the queue: the schedule puts it in anew.
    await boss.createQueue(QUEUE, { policy: "exclusive", retryLimit: 0, heartbeatSeconds: HEARTBEAT_SECONDS });
    const queue = new Queue(boss);
    // Nobody else can have been given anything.
    if (database.isExclusive) await boss.deleteAllJobs(QUEUE);
    queue.#heartbeat = setInterval(() => void queue.#touch().catch(onError), (HEARTBEAT_SECONDS * 1_000) / 3);
    return queue;
  }

  /** Offers keys that are not in it; the highest priority goes first. */
  async offer(keys: (Key & { priority: number })[]): Promise<void> {
    for (let i = 0; i < keys.length; i += INSERT_SIZE) {
      const jobs = keys.slice(i, i + INSERT_SIZE).map(({ pair, plan, priority }) => ({
        data: { plan, pair },
        priority,
        singletonKey: `${plan}:${pair}`,
      }));
      await this.#boss.insert(QUEUE, jobs);
    }
  }

  /** Some of them; they are this keeper's until it gives them back, or dies. */
  async take(limit: number): Promise<Task[]> {
    const tasks = await this.#boss.fetch<Key>(QUEUE, { batchSize: limit });
    for (const task of tasks) this.#held.set(task.id, task);
    return tasks;
  }

  /** They have been looked at. */
  async finish(tasks: Task[]): Promise<void> {
    if (tasks.length === 0) return;
    const ids = tasks.map(({ id }) => id);
    await this.#boss.deleteJob(QUEUE, ids);
    for (const id of ids) this.#held.delete(id);
  }

  /** Those of them that are still held have been looked at. */
  finishPairs(plan: Address, pairs: readonly Hex[]): Promise<void> {
    const some = new Set(pairs);
    return this.finish([...this.#held.values()].filter(({ data }) => data.plan === plan && some.has(data.pair)));
  }

  async close(): Promise<void> {
    clearInterval(this.#heartbeat);
    await this.finish([...this.#held.values()]).catch(() => undefined);
    await this.#boss.stop({ graceful: false, close: false });
  }

  async #touch(): Promise<void> {
    if (this.#held.size > 0) await this.#boss.touch(QUEUE, [...this.#held.keys()]);
  }
}
