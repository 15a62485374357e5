import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pino } from "pino";
import { createApp } from "./app.js";
import { ConfigError, readConfig } from "./config.js";

/** Whoever sends slowly, or never ends, is answered 408: milliseconds. */
const PATIENCE = { headersTimeout: 5_000, requestTimeout: 10_000, connectionsCheckingInterval: 1_000 };

/** Stops listening, lets running requests end, and exits. */
function stopOnSignal(close: (done: () => void) => void): void {
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => close(() => process.exit(0)));
}

try {
  const config = readConfig(process.env);
  const logger = pino({ level: config.LOG_LEVEL });
  // A promise that some package forgets must not take the payments of everybody with it.
  process.on("unhandledRejection", (reason) =>
    logger.error({ name: reason instanceof Error ? reason.name : "unknown" }, "unhandled"),
  );
  const server = createServer(PATIENCE, await createApp(config, logger));
  server.once("error", () => {
    logger.fatal(`Cannot listen on ${config.HOST}:${config.PORT}.`);
    process.exit(1);
  });
  server.listen(config.PORT, config.HOST, () => {
    const { address, port } = server.address() as AddressInfo;
    logger.info({ network: config.EVM_NETWORK, url: `http://${address}:${port}` }, "listening");
  });
  stopOnSignal((done) => server.close(done));
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
