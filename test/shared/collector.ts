import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import { type CollectorOptions, createCollector } from "@recourse/sdk/multisig/collector";

/** A collector behind an adapter that is not ours. Begun again at the same port, it is where it was. */
export async function startCollector(
  options: CollectorOptions,
  port = 0,
): Promise<{ url: string; port: number; stop(): Promise<void> }> {
  const server = serve({ fetch: createCollector(options), hostname: "127.0.0.1", port });
  await new Promise((resolve) => server.once("listening", resolve));
  const { port: chosen } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${chosen}`,
    port: chosen,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      }),
  };
}
