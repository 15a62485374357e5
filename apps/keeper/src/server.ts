import express, { type Express } from "express";
import type { Metrics } from "./metrics.js";

/** How the keeper is. */
export type Health = {
  /** When a round last went well, in milliseconds; zero before the first. */
  lastRoundAt: number;
};

/** /healthz for whoever restarts it, /metrics for Prometheus. */
export function createApp(metrics: Metrics, health: Health, unhealthyAfterMs: number): Express {
  const startedAt = Date.now();
  const app = express();
  app.disable("x-powered-by");
  app.get("/healthz", (_request, response) => {
    // A first round that has years to read may take longer; what it has read is kept, so a restart loses nothing.
    const age = Date.now() - (health.lastRoundAt || startedAt);
    const isHealthy = age < unhealthyAfterMs;
    response.status(isHealthy ? 200 : 503).json({ status: isHealthy ? "ok" : "stalled", lastRoundAgeMs: age });
  });
  app.get("/metrics", async (_request, response) => {
    response.type(metrics.registry.contentType).send(await metrics.registry.metrics());
  });
  app.use((_request, response) => response.status(404).json({ error: "not_found" }));
  return app;
}
