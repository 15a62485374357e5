import type { AddressInfo } from "node:net";
import express from "express";
import { stockFacilitator } from "../../scripts/lib/stock-shop.js";

/** A facilitator of nothing but official classes, over HTTP: it has never heard of vaults. */
export async function startStockFacilitator(rpcUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const facilitator = stockFacilitator(rpcUrl);
  const app = express();
  app.use(express.json());
  app.get("/supported", (_request, response) => response.json(facilitator.getSupported()));
  app.post("/verify", async ({ body }, response) =>
    response.json(await facilitator.verify(body.paymentPayload, body.paymentRequirements)),
  );
  app.post("/settle", async ({ body }, response) =>
    response.json(await facilitator.settle(body.paymentPayload, body.paymentRequirements)),
  );
  const server = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}
