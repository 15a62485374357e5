import type { AddressInfo } from "node:net";
import {
  ExactEvmScheme,
  type ExactEvmSchemeConfig,
  type RefundWindowOptions,
  refundWindow,
} from "@recourse/sdk/exact/server";
import { HTTPFacilitatorClient } from "@x402/core/server";
import type { SchemeNetworkServer } from "@x402/core/types";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import express, { type RequestHandler } from "express";
import { developmentAccount } from "../../scripts/lib/local-chain.js";
import { MERCHANT_KEY } from "../../scripts/lib/world.js";

export const NETWORK = "eip155:84532";
export const PRICE = 500_000n;
export const WINDOW = 14 * 86_400;
export const receiver = developmentAccount(1);
export const operator = developmentAccount(3);

type ShopOptions = {
  facilitatorUrl: string;
  /** Differs from the usual sale. */
  sale?: Partial<RefundWindowOptions>;
  /** Our scheme's configuration, or another scheme in its place. */
  scheme?: ExactEvmSchemeConfig | SchemeNetworkServer;
  /** The accepts of the route, in place of the sale. */
  accepts?: Record<string, unknown>;
  /** What the route does. */
  handler?: RequestHandler;
  /** The key the shop shows to the facilitator; `undefined` for none. */
  merchantKey?: string | undefined;
  /** How long the shop waits for the facilitator. */
  timeoutMs?: number;
};

/** A shop with one route, `GET /thing`, that counts what it hands out. */
export type TestShop = {
  url: string;
  sale: ReturnType<typeof refundWindow>;
  /** How often the handler ran. */
  runs(): number;
  stop(): Promise<void>;
};

export async function startTestShop(options: ShopOptions): Promise<TestShop> {
  const { accepts, facilitatorUrl, handler, scheme = { operator }, timeoutMs } = options;
  const sale = refundWindow({
    network: NETWORK,
    price: "$0.50",
    receiver: receiver.address,
    operator: operator.address,
    window: WINDOW,
    ...options.sale,
  });
  const merchantKey = "merchantKey" in options ? options.merchantKey : MERCHANT_KEY;
  const facilitator = new HTTPFacilitatorClient({
    url: facilitatorUrl,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    createAuthHeaders: async () => {
      const headers: Record<string, string> =
        merchantKey === undefined ? {} : { Authorization: `Bearer ${merchantKey}` };
      return { verify: headers, settle: headers, supported: headers };
    },
  });
  const server = new x402ResourceServer(facilitator).register(
    NETWORK,
    "scheme" in scheme ? scheme : new ExactEvmScheme(scheme),
  );

  let count = 0;
  const app = express();
  app.use(paymentMiddleware({ "GET /thing": { accepts: (accepts ?? sale) as never } }, server));
  app.get("/thing", (request, response, next) => {
    count += 1;
    if (handler) return handler(request, response, next);
    return response.json({ thing: count });
  });
  // Errors of route configuration are expected in some tests, and express would print them.
  app.use(((error, _request, response, _next) =>
    response.status(500).json({ error: error.name })) as express.ErrorRequestHandler);
  const http = app.listen(0, "127.0.0.1");
  await new Promise((resolve) => http.once("listening", resolve));

  return {
    url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/thing`,
    sale,
    runs: () => count,
    stop: () =>
      new Promise((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}
