import { setTimeout as sleep } from "node:timers/promises";
import { pino } from "pino";
import { ConfigError, readConfig } from "./config.js";
import { State } from "./state.js";
import { readVaults } from "./vaults.js";
import { Watcher } from "./watcher.js";

try {
  const config = readConfig(process.env);
  const logger = pino({ level: config.LOG_LEVEL });
  const named = config.VAULTS_FILE === undefined ? new Map() : await readVaults(config.VAULTS_FILE);
  const watcher = new Watcher(config, logger, await State.load(config.STATE_FILE, config.EVM_NETWORK), named);

  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => stop.abort());
  logger.info({ network: config.EVM_NETWORK, vaults: [...named.keys()] }, "watching");
  while (!stop.signal.aborted) {
    // Whatever went wrong, the next round looks again; a node's error would tell its address.
    await watcher
      .round()
      .catch((error) => logger.error({ error: error instanceof Error ? error.name : "unknown" }, "round"));
    await sleep(config.POLL_MS, undefined, { signal: stop.signal }).catch(() => undefined);
  }
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
