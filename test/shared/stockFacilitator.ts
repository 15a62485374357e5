import type { AddressInfo } from "node:net";
import { x402Facilitator } from "@x402/core/facilitator";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/facilitator";
import express from "express";
import { createClient, http, publicActions, walletActions } from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount } from "../../scripts/lib/local-chain.js";
import { NETWORK } from "./shop.js";

/** A facilitator of nothing but official classes, over HTTP: it has never heard of vaults. */
export async function startStockFacilitator(rpcUrl: string): Promise<{ url: string; stop(): Promise<void> }> {
  const account = developmentAccount(16);
  const client = createClient({ account, chain: baseSepolia, pollingInterval: 50, transport: http(rpcUrl) });
  const actions = { ...client.extend(publicActions).extend(walletActions), address: account.address };
  const facilitator = new x402Facilitator().register(
    NETWORK,
    new ExactEvmScheme(toFacilitatorEvmSigner(actions as never)),
  );

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
