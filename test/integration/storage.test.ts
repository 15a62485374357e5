import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { type Hold, InMemoryPaymentStorage, type PaymentRecord, type PaymentStorage } from "@recourse/sdk/exact/server";
import { FilePaymentStorage } from "@recourse/sdk/exact/server/file-storage";
import { SqlitePaymentStorage } from "@recourse/sdk/exact/server/sqlite-storage";
import { padHex } from "viem";

const id = padHex("0x1", { size: 32 });

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "recourse-storage-"));
  try {
    await work(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Moves the payment from nothing to settling; only one of all who try may succeed. */
const reserve = (storage: PaymentStorage, idempotencyKey: string) =>
  storage.update(id, (current) => (current ? undefined : { state: "settling", idempotencyKey, digest: id }));

/** A hold as the server opens it. */
const hold: Hold = {
  payload: { x402Version: 2, accepted: {} as never, payload: { signature: "0x01" } },
  requirements: {} as never,
  captured: "0",
  refunded: "0",
  captureUntil: 1_800_000_000,
  order: { type: "capture", amount: "5", captured: "0" },
  isOpen: true,
  changedAt: 1,
};
const record = (state: PaymentRecord["state"], ofHold?: Hold): PaymentRecord => ({
  state,
  idempotencyKey: "key",
  digest: id,
  ...(ofHold && { hold: ofHold }),
});

type Opened = { storage: PaymentStorage; close: () => void };

for (const { name, open } of [
  { name: "in memory", open: (): Opened => ({ storage: new InMemoryPaymentStorage(), close: () => {} }) },
  {
    name: "in files",
    open: (folder: string): Opened => ({ storage: new FilePaymentStorage(folder), close: () => {} }),
  },
  {
    name: "in SQLite",
    open: (folder: string): Opened => {
      const storage = new SqlitePaymentStorage(join(folder, "payments.sqlite"));
      return { storage, close: () => storage.close() };
    },
  },
]) {
  const withStorage = (work: (storage: PaymentStorage) => Promise<void>) =>
    withFolder(async (folder) => {
      const { close, storage } = open(folder);
      await work(storage).finally(close);
    });

  describe(`the storage ${name}`, () => {
    it("knows nothing of a payment that nobody reserved", () =>
      withStorage(async (storage) => assert.equal(await storage.get(id), undefined)));

    it("lets one of many reserve", () =>
      withStorage(async (storage) => {
        const winners = await Promise.all(Array.from({ length: 50 }, (_, i) => reserve(storage, String(i))));
        assert.equal(winners.filter(Boolean).length, 1);
        assert.deepEqual(await storage.get(id), winners.find(Boolean));
      }));

    it("forgets what the facilitator refused, so that it can be tried again", () =>
      withStorage(async (storage) => {
        await reserve(storage, "first");
        await storage.delete(id);
        assert.equal(await storage.get(id), undefined);
        assert.equal((await reserve(storage, "second"))?.idempotencyKey, "second");
      }));

    it("changes nothing when the change declines", () =>
      withStorage(async (storage) => {
        await reserve(storage, "first");
        assert.equal(await storage.update(id, () => undefined), undefined);
        assert.deepEqual(await storage.get(id), { state: "settling", idempotencyKey: "first", digest: id });
      }));

    it("changes nothing when the change throws, and goes on", () =>
      withStorage(async (storage) => {
        await reserve(storage, "first");
        const failing = storage.update(id, () => {
          throw new Error("no");
        });
        await assert.rejects(failing, { message: "no" });
        assert.equal((await storage.get(id))?.idempotencyKey, "first");
        assert.equal((await storage.update(id, () => record("unknown")))?.state, "unknown");
      }));

    it("loses no change of many at once", () =>
      withStorage(async (storage) => {
        const addOne = (current: PaymentRecord | undefined): PaymentRecord => ({
          ...record("held"),
          idempotencyKey: String(Number(current?.idempotencyKey ?? 0) + 1),
        });
        await Promise.all(Array.from({ length: 20 }, () => storage.update(id, addOne)));
        assert.equal((await storage.get(id))?.idempotencyKey, "20");
      }));

    it("keeps a hold to the letter", () =>
      withStorage(async (storage) => {
        await storage.update(id, () => record("held", hold));
        assert.deepEqual(await storage.get(id), record("held", hold));
      }));

    for (const [state, ofHold, isListed] of [
      ["settling", undefined, true],
      ["unknown", undefined, true],
      ["held", hold, true],
      ["returning", hold, true],
      ["released", hold, true],
      ["released", { ...hold, isOpen: false }, false],
      ["released", undefined, false],
    ] as [PaymentRecord["state"], Hold | undefined, boolean][]) {
      const holds = ofHold ? ` with ${ofHold.isOpen ? "an open" : "a closed"} hold` : "";
      it(`${isListed ? "lists" : "does not list"} what is ${state}${holds}`, () =>
        withStorage(async (storage) => {
          await storage.update(id, () => record(state, ofHold));
          const expected = isListed ? [{ paymentId: id, record: record(state, ofHold) }] : [];
          assert.deepEqual(await storage.list(), expected);
        }));
    }

    it("lists nothing where nothing is, and nothing that was forgotten", () =>
      withStorage(async (storage) => {
        assert.deepEqual(await storage.list(), []);
        await reserve(storage, "first");
        await storage.delete(id);
        assert.deepEqual(await storage.list(), []);
      }));

    it("no longer lists what has ended, and still lists the others", () =>
      withStorage(async (storage) => {
        const other = padHex("0x2", { size: 32 });
        for (const paymentId of [id, other]) await storage.update(paymentId, () => record("released", hold));
        assert.equal((await storage.list()).length, 2);
        await storage.update(id, () => record("released", { ...hold, isOpen: false }));
        for (let round = 0; round < 2; round += 1) {
          assert.deepEqual(
            (await storage.list()).map(({ paymentId }) => paymentId),
            [other],
          );
        }
      }));
  });
}

/** Runs a script in several processes at once, and returns what each says. */
async function inProcesses(count: number, script: string, argument: string): Promise<string[]> {
  const children = Array.from({ length: count }, () =>
    spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", script, argument],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    ),
  );
  return Promise.all(
    children.map(async (child) => {
      const [answer] = await Promise.all([text(child.stdout), once(child, "exit")]);
      return answer.trim();
    }),
  );
}

for (const { construct, leftIn, name, path } of [
  {
    name: "in files",
    path: (folder: string) => folder,
    construct: `import { FilePaymentStorage as Storage } from "@recourse/sdk/exact/server/file-storage";`,
    leftIn: async (folder: string) => readdir(join(folder, id)),
  },
  {
    name: "in SQLite",
    path: (folder: string) => join(folder, "payments.sqlite"),
    construct: `import { SqlitePaymentStorage as Storage } from "@recourse/sdk/exact/server/sqlite-storage";`,
    leftIn: undefined,
  },
]) {
  describe(`the storage ${name}, of several processes`, () => {
    it("lets one of them reserve, and leaves no draft behind", () =>
      withFolder(async (folder) => {
        const script = `
          ${construct}
          const storage = new Storage(process.argv[1]);
          const won = await storage.update("${id}", (current) => current ? undefined : { state: "settling", idempotencyKey: String(process.pid), digest: "0x" });
          console.log(won ? "won" : "lost");`;
        const answers = await inProcesses(4, script, path(folder));
        assert.deepEqual(answers.sort(), ["lost", "lost", "lost", "won"]);
        if (leftIn) assert.deepEqual(await leftIn(folder), ["1.json"]);
      }));

    it("loses no change of two of them", () =>
      withFolder(async (folder) => {
        const script = `
          ${construct}
          const storage = new Storage(process.argv[1]);
          for (let i = 0; i < 50; i += 1) {
            await storage.update("${id}", (current) => ({ state: "held", idempotencyKey: String(Number(current?.idempotencyKey ?? 0) + 1), digest: "0x" }));
          }
          console.log((await storage.list()).length);`;
        assert.deepEqual(await inProcesses(2, script, path(folder)), ["1", "1"]);
        const [last] = await inProcesses(
          1,
          `${construct} console.log((await new Storage(process.argv[1]).get("${id}")).idempotencyKey);`,
          path(folder),
        );
        assert.equal(last, "100");
      }));
  });
}
