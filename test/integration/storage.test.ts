import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import { InMemoryPaymentStorage, type PaymentStorage } from "@recourse/sdk/exact/server";
import { FilePaymentStorage } from "@recourse/sdk/exact/server/file-storage";
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

for (const [name, withStorage] of [
  ["in memory", (work: (storage: PaymentStorage) => Promise<void>) => work(new InMemoryPaymentStorage())],
  [
    "in files",
    (work: (storage: PaymentStorage) => Promise<void>) => withFolder((folder) => work(new FilePaymentStorage(folder))),
  ],
] as const) {
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
  });
}

describe("the storage in files", () => {
  it("lets one of many processes reserve, and leaves no draft behind", () =>
    withFolder(async (folder) => {
      const script = `
        import { FilePaymentStorage } from "@recourse/sdk/exact/server/file-storage";
        const storage = new FilePaymentStorage(process.argv[1]);
        const won = await storage.update("${id}", (current) => current ? undefined : { state: "settling", idempotencyKey: String(process.pid), digest: "0x" });
        console.log(won ? "won" : "lost");`;
      const children = Array.from({ length: 4 }, () =>
        spawn(process.execPath, ["--input-type=module", "--eval", script, folder], {
          stdio: ["ignore", "pipe", "inherit"],
        }),
      );
      const answers = await Promise.all(
        children.map(async (child) => {
          const [answer] = await Promise.all([text(child.stdout), once(child, "exit")]);
          return answer.trim();
        }),
      );
      assert.deepEqual(answers.sort(), ["lost", "lost", "lost", "won"]);
      assert.deepEqual(await readdir(join(folder, id)), ["1.json"]);
    }));
});
