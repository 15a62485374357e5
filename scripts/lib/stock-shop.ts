import type { AddressInfo } from "node:net";
import { x402Facilitator } from "@x402/core/facilitator";
import { type FacilitatorClient, x402ResourceServer } from "@x402/core/server";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { ExactEvmScheme as StockFacilitatorScheme } from "@x402/evm/exact/facilitator";
import { ExactEvmScheme as StockServerScheme } from "@x402/evm/exact/server";
import { paymentMiddleware } from "@x402/express";
import express from "express";
import { type Address, createClient, http, publicActions, walletActions } from "viem";
import { baseSepolia } from "viem/chains";
import { developmentAccount } from "./local-chain.js";

const NETWORK = "eip155:84532";

/**
 * A shop and a facilitator of nothing but official classes, which have never heard of this suite.
 *
 * @param prices What each path costs, such as `{ "/small": "$0.50" }`.
 */
export async function startStockShop(
  rpcUrl: string,
  payTo: Address,
  prices: Readonly<Record<string, string>>,
): Promise<{ url: string; stop(): Promise<void> }> {
  const server = new x402ResourceServer(inProcess(stockFacilitator(rpcUrl))).register(NETWORK, new StockServerScheme());
  const sale = { scheme: "exact", network: NETWORK, payTo } as const;
  const app = express();
  const routes = Object.entries(prices).map(([path, price]) => [`GET ${path}`, { accepts: { ...sale, price } }]);
  app.use(paymentMiddleware(Object.fromEntries(routes), server));
  for (const path of Object.keys(prices)) app.get(path, (_request, response) => void response.json({ thing: path }));
  const listening = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => listening.once("listening", resolve));

  return {
    url: `http://127.0.0.1:${(listening.address() as AddressInfo).port}`,
    stop: () =>
      new Promise((resolve) => {
        listening.closeAllConnections();
        listening.close(() => resolve());
      }),
  };
}

/** A facilitator of nothing but official classes, with a key of its own. */
export function stockFacilitator(rpcUrl: string): x402Facilitator {
  const account = developmentAccount(16);
  const client = createClient({ account, chain: baseSepolia, pollingInterval: 50, transport: http(rpcUrl) });
  const actions = { ...client.extend(publicActions).extend(walletActions), address: account.address };
  const scheme = new StockFacilitatorScheme(toFacilitatorEvmSigner(actions as never));
  return new x402Facilitator().register(NETWORK, scheme);
}

function inProcess(facilitator: x402Facilitator): FacilitatorClient {
  return {
    verify: (payload, requirements) => facilitator.verify(payload, requirements),
    settle: (payload, requirements) => facilitator.settle(payload, requirements),
    getSupported: async () => facilitator.getSupported() as Awaited<ReturnType<FacilitatorClient["getSupported"]>>,
  };
}
