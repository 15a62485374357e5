import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ExactEvmScheme, escrow, refundWindow } from "@recourse/sdk/exact/server";
import { planTerms, SubscriptionEvmScheme, subscription, subscriptionAccess } from "@recourse/sdk/subscription/server";
import type { RoutesConfig } from "@x402/core/http";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { paymentMiddleware, setSettlementOverrides, x402ResourceServer } from "@x402/express";
import { createSIWxResourceServerExtension, declareSIWxExtension } from "@x402/extensions/sign-in-with-x";
import express from "express";
import type { Address, LocalAccount } from "viem";
import { localClient } from "./local-chain.js";
import { MERCHANT_KEY } from "./world.js";

const NETWORK = "eip155:84532";
const DAY = 86_400;
const HOUR = 3_600;
/** What a frame of an animation costs, in cents. */
const FRAME_CENTS = 4;

/** The terms that every route of the demo's shop sells under. */
export type ShopTerms = {
  receiver: Address;
  operator: LocalAccount;
  fee: { receiver: Address; bps: number };
  arbiter: Address;
};

/** An Express shop with the official middleware. */
export type Shop = {
  url: string;
  /** Where no questions are asked. */
  vault: Address;
  /** Where an arbiter decides. */
  arbitrationVault: Address;
  /** Where money is held while work is done. */
  escrowVault: Address;
  /** By which the feed is subscribed to. */
  plan: Address;
  stop(): Promise<void>;
};

/**
 * Sells a report under a 14-day no-questions refund window, a painting about which an arbiter decides, and animations at
 * what they cost, of which the most is held meanwhile, and a feed by the month; has two routes whose handlers fail.
 */
export async function startShop(
  { facilitatorUrl, rpcUrl }: { facilitatorUrl: string; rpcUrl: string },
  { arbiter, fee, operator, receiver }: ShopTerms,
): Promise<Shop> {
  const sale = {
    network: NETWORK,
    price: "$0.50",
    receiver,
    operator: operator.address,
    fee,
    window: 14 * DAY,
  } as const;
  const painting = { ...sale, arbitration: { arbiter, resolutionPeriod: 7 * DAY, silenceFavors: "payer" } } as const;
  const animation = escrow({
    network: NETWORK,
    price: "$20",
    receiver,
    operator: operator.address,
    fee,
    captureWindow: HOUR,
  });
  const plan = planTerms({
    network: NETWORK,
    price: "$5",
    period: { months: 1 },
    refundWindow: 7 * DAY,
    receiver,
    operator: operator.address,
    fee,
  });
  const feed = subscription({ network: NETWORK, plan });
  const routes: RoutesConfig = {
    "GET /report": { accepts: refundWindow(sale), description: "A report" },
    "GET /painting": { accepts: refundWindow(painting), description: "A painting" },
    "POST /render": { accepts: animation, description: "An animation, at 4 cents a frame and at most $20" },
    "GET /feed": {
      accepts: feed,
      description: "A feed, by the month",
      extensions: declareSIWxExtension({ network: NETWORK }),
    },
    "GET /broken": { accepts: refundWindow(sale), description: "Paid after the handler, which fails" },
    "GET /broken-upfront": {
      accepts: refundWindow({ ...sale, paymentFlow: "upfront" }),
      description: "Paid before the handler, which fails",
    },
  };
  const facilitator = new HTTPFacilitatorClient({ url: facilitatorUrl, createAuthHeaders: merchantHeaders });
  const app = express();
  const http = createServer(app);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  // The demo's clock jumps: what was true a moment ago may be a month old.
  const access = subscriptionAccess({
    client: localClient(rpcUrl),
    plans: { "/feed": feed },
    facilitator,
    cacheSeconds: 0,
  });
  const signIn = createSIWxResourceServerExtension({
    storage: access,
    origin,
    verifyOptions: { evmVerifier: access.evmVerifier },
  });
  const server = new x402ResourceServer(facilitator)
    .register(NETWORK, new ExactEvmScheme({ operator }))
    .register(NETWORK, new SubscriptionEvmScheme({ access }))
    .registerExtension(signIn);

  app.use(paymentMiddleware(routes, server), express.json());
  app.get("/report", (_request, response) => response.json({ report: "All is well." }));
  app.get("/feed", (_request, response) => response.json({ feed: "Nothing new." }));
  app.get("/painting", (_request, response) => response.json({ painting: "Blue, mostly." }));
  app.post("/render", (request, response) => {
    const { frames } = request.body;
    if (frames < 1) return response.status(422).json({ error: "nothing to draw" });
    setSettlementOverrides(response, { amount: `$${((frames * FRAME_CENTS) / 100).toFixed(2)}` });
    return response.json({ animation: `${frames} frames` });
  });
  app.get(["/broken", "/broken-upfront"], (_request, response) => response.status(500).json({ error: "out of paper" }));

  return {
    url: origin,
    vault: refundWindow(sale).payTo,
    arbitrationVault: refundWindow(painting).payTo,
    escrowVault: animation.payTo,
    plan: feed.payTo,
    stop: () => new Promise((resolve) => http.close(() => resolve())),
  };
}

async function merchantHeaders() {
  const headers = { Authorization: `Bearer ${MERCHANT_KEY}` };
  return { verify: headers, settle: headers, supported: headers };
}
