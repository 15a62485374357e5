import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { createChainClient, nameOf } from "./chain.js";
import { ConfigError, readConfig } from "./config.js";
import { openDatabase } from "./database.js";
import { Keeper } from "./keeper.js";
import { createMetrics } from "./metrics.js";
import { Queue } from "./queue.js";
import { createApp } from "./server.js";
import { Store } from "./store.js";

try {
  const config = readConfig(process.env);
  const logger = pino({ level: config.LOG_LEVEL });
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());

  const database = await openDatabase(config);
  const store = await Store.open(database, config);
  const queue = await Queue.open(database, config, (error) => logger.error({ error: nameOf(error) }, "queue"));
  const metrics = createMetrics();
  const client = createChainClient(config);
  const keeper = new Keeper({ client, logger, metrics, queue, store }, config);

  const health = { lastRoundAt: 0 };
  const server = createServer(createApp(metrics, health, config.UNHEALTHY_AFTER_MS));
  server.once("error", () => {
    logger.fatal(`Cannot listen on ${config.HOST}:${config.PORT}.`);
    process.exit(1);
  });
  await new Promise<void>((done) => server.listen(config.PORT, config.HOST, done));
  const { address, port } = server.address() as AddressInfo;
  const url = `http://${address}:${port}`;
  logger.info({ network: config.EVM_NETWORK, keeper: client.account.address, plans: config.PLANS, url }, "keeping");

  while (!stop.signal.aborted) {
    try {
      const { isDone, number, timestamp } = await keeper.round(stop.signal);
      health.lastRoundAt = Date.now();
      metrics.lastRound.setToCurrentTime();
      metrics.rounds.inc({ result: "ok" });
      logger.debug({ block: String(number), time: String(timestamp), isDone }, "round");
    } catch (error) {
      // Whatever went wrong, the next round looks again; a node's error would tell its address.
      metrics.rounds.inc({ result: "failed" });
      logger.error({ error: nameOf(error) }, "round failed");
    }
    await sleep(config.POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  server.close();
  server.closeAllConnections();
  await queue.close();
  await database.close();
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
