/**
 * `npm run test:keeper-year [-- --subscribers 2000 --months 12 --kills 20 --storage pglite|postgresql]`: a year of
 * subscriptions with a keeper that is killed again and again, once for each storage. Not a part of `npm test`: it takes
 * some minutes.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { liveThroughYear, type Year } from "./lib/keeper-year.js";
import { startPostgres } from "./lib/postgres.js";
import { closingLine } from "./lib/results.js";
import { startWorld } from "./lib/world.js";

const { values } = parseArgs({
  options: {
    subscribers: { type: "string", default: "2000" },
    months: { type: "string", default: "12" },
    kills: { type: "string", default: "20" },
    storage: { type: "string", multiple: true, default: ["pglite", "postgresql"] },
  },
});
const size = { subscribers: Number(values.subscribers), months: Number(values.months), kills: Number(values.kills) };
const storages: Record<
  string,
  (folder: string) => Promise<{ settings: Record<string, string>; stop(): Promise<void> }>
> = {
  pglite: async (folder) => ({ settings: { DATA_DIR: join(folder, "data") }, stop: async () => undefined }),
  postgresql: async () => {
    const postgres = await startPostgres();
    return { settings: { DATABASE_URL: await postgres.database("keeper") }, stop: postgres.stop };
  },
};

const total = { passed: 0, failed: 0 };
for (const storage of values.storage) {
  const open = storages[storage];
  if (!open) throw new Error(`There is no storage ${storage}.`);
  const folder = await mkdtemp(join(tmpdir(), "recourse-year-"));
  const { settings, stop } = await open(folder);
  const { client, rpcUrl, stop: stopWorld } = await startWorld();
  try {
    const log = (line: string) => console.log(`${storage}: ${line}`);
    const year = await liveThroughYear({ client, rpcUrl, ...size, storage: settings, name: storage, log });
    const isRight = tell(storage, year);
    total[isRight ? "passed" : "failed"] += 1;
  } finally {
    await stopWorld();
    await stop();
    await rm(folder, { force: true, recursive: true });
  }
}
console.log(closingLine(total));
process.exit(total.failed === 0 ? 0 : 1);

function tell(storage: string, { doubles, missing, wrong, ...year }: Year): boolean {
  console.log(`${storage}: ${JSON.stringify(year)}`);
  for (const [name, list] of Object.entries({ doubles, missing, wrong })) {
    console.log(`${storage}: ${list.length} ${name}${list.length > 0 ? `: ${list.slice(0, 10).join("; ")}` : ""}`);
  }
  return doubles.length + missing.length + wrong.length === 0 && year.charges === year.expected;
}
