import type { AddressInfo } from "node:net";
import { serve } from "@hono/node-server";
import {
  type EscrowOption,
  type EscrowOptions,
  ExactEvmScheme,
  type ExactEvmSchemeConfig,
  escrow,
} from "@recourse/sdk/exact/server";
import { HTTPFacilitatorClient } from "@x402/core/server";
import {
  paymentMiddleware as expressMiddleware,
  setSettlementOverrides as overrideInExpress,
  x402ResourceServer,
} from "@x402/express";
import { paymentMiddleware as honoMiddleware, setSettlementOverrides as overrideInHono } from "@x402/hono";
import express from "express";
import { Hono } from "hono";
import { MERCHANT_KEY } from "../../scripts/lib/world.js";
import { NETWORK, operator, receiver } from "./shop.js";

export type Framework = "express" | "hono";

/** What the handler does: it says what it cost, and answers or throws. */
export type Work = (charge: (amount: string) => void) => Promise<{ status: 200 | 500 | 504; body: object }>;

export type EscrowShop = {
  url: string;
  sale: EscrowOption;
  /** How often the handler ran. */
  runs(): number;
  /** What the handler does from now on. */
  work: Work;
  stop(): Promise<void>;
};

/** A shop with one route, `GET /thing`, that holds at most $0.90 with the official middleware of a framework. */
export async function startEscrowShop(
  framework: Framework,
  facilitatorUrl: string,
  terms: Partial<EscrowOptions> = {},
  scheme: ExactEvmSchemeConfig = { operator },
): Promise<EscrowShop> {
  const sale = escrow({
    network: NETWORK,
    price: "$0.90",
    receiver: receiver.address,
    operator: operator.address,
    captureWindow: 3_600,
    ...terms,
  });
  const headers = { Authorization: `Bearer ${MERCHANT_KEY}` };
  const facilitator = new HTTPFacilitatorClient({
    url: facilitatorUrl,
    createAuthHeaders: async () => ({ verify: headers, settle: headers, supported: headers }),
  });
  const server = new x402ResourceServer(facilitator).register(NETWORK, new ExactEvmScheme(scheme));

  let count = 0;
  const shop: Pick<EscrowShop, "work"> = { work: async () => ({ status: 200, body: { thing: "done" } }) };
  const run: Work = (charge) => {
    count += 1;
    return shop.work(charge);
  };
  const listen = framework === "express" ? listenWithExpress : listenWithHono;
  const { port, stop } = await listen(server, { "GET /thing": { accepts: sale as never } }, run);
  return Object.assign(shop, { url: `http://127.0.0.1:${port}/thing`, sale, runs: () => count, stop });
}

type Routes = Parameters<typeof expressMiddleware>[0];
type Listening = { port: number; stop(): Promise<void> };

async function listenWithExpress(server: x402ResourceServer, routes: Routes, run: Work): Promise<Listening> {
  const app = express();
  app.use(expressMiddleware(routes, server));
  app.get("/thing", async (_request, response) => {
    const { body, status } = await run((amount) => overrideInExpress(response, { amount }));
    response.status(status).json(body);
  });
  // Handlers that throw are expected, and express would print what they throw.
  app.use(((_error, _request, response, _next) => response.status(500).json({})) as express.ErrorRequestHandler);
  return listening(app.listen(0, "127.0.0.1"));
}

async function listenWithHono(server: x402ResourceServer, routes: Routes, run: Work): Promise<Listening> {
  const app = new Hono();
  app.use(honoMiddleware(routes, server));
  app.get("/thing", async (context) => {
    const { body, status } = await run((amount) => overrideInHono(context, { amount }));
    return context.json(body, status);
  });
  app.onError((_error, context) => context.json({}, 500));
  return listening(serve({ fetch: app.fetch, hostname: "127.0.0.1", port: 0 }));
}

async function listening(http: ReturnType<typeof serve>): Promise<Listening> {
  if (!http.listening) await new Promise<void>((resolve) => http.once("listening", resolve));
  return {
    port: (http.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        if ("closeAllConnections" in http) http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
}
