import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { ExactEvmScheme } from "@recourse/sdk/exact/server";
import type { SubscriptionPlanTerms } from "@recourse/sdk/subscription";
import {
  type PlanTermsOptions,
  planTerms,
  type SubscriptionAccessOptions,
  SubscriptionEvmScheme,
  type SubscriptionOption,
  singlePeriod,
  subscription,
  subscriptionAccess,
} from "@recourse/sdk/subscription/server";
import type { RouteConfig } from "@x402/core/http";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { paymentMiddleware, x402ResourceServer } from "@x402/express";
import {
  createSIWxResourceServerExtension,
  declareSIWxExtension,
  type SIWxHookEvent,
} from "@x402/extensions/sign-in-with-x";
import express from "express";
import { localClient } from "../../scripts/lib/local-chain.js";
import { MERCHANT_KEY } from "../../scripts/lib/world.js";
import { NETWORK, receiver } from "./shop.js";

export type SubscriptionShop = {
  /** Sells the plan by both schemes. */
  url: string;
  /** Sells another plan. */
  otherUrl: string;
  plan: SubscriptionPlanTerms;
  option: SubscriptionOption;
  /** How often the handler ran. */
  runs(): number;
  /** What the sign-in extension saw. */
  events: SIWxHookEvent[];
  /** What the handler answers from now on. */
  status: number;
  stop(): Promise<void>;
};

export type ShopOptions = {
  facilitatorUrl: string;
  rpcUrl: string;
  /** Differs from the usual plan: $5 an hour, ten minutes to charge it. */
  terms?: Partial<PlanTermsOptions>;
  quantity?: number;
  access?: { [Name in keyof SubscriptionAccessOptions]?: SubscriptionAccessOptions[Name] | undefined };
  merchantKey?: string | undefined;
  /** Sells single periods too. Default: true. */
  sellsPeriods?: boolean;
};

let salt = 0n;

/** A shop with the official middleware that sells a subscription, and lets subscribers in by signing in. */
export async function startSubscriptionShop(options: ShopOptions): Promise<SubscriptionShop> {
  const { access: accessOptions, facilitatorUrl, quantity, rpcUrl, sellsPeriods = true } = options;
  salt += 1n;
  const plan = planTerms({
    network: NETWORK,
    price: "$5",
    receiver: receiver.address,
    period: { seconds: 3_600 },
    grace: 600,
    refundWindow: 1_800,
    // Each shop has its own plan.
    salt: `0x${salt.toString(16).padStart(64, "0")}`,
    ...options.terms,
  });
  const option = subscription({ network: NETWORK, plan, ...(quantity === undefined ? {} : { quantity }) });
  const otherOption = subscription({ network: NETWORK, plan: { ...plan, price: plan.price + 1n } });
  const merchantKey = "merchantKey" in options ? options.merchantKey : MERCHANT_KEY;
  const headers: Record<string, string> = merchantKey === undefined ? {} : { Authorization: `Bearer ${merchantKey}` };
  const facilitator = new HTTPFacilitatorClient({
    url: facilitatorUrl,
    createAuthHeaders: async () => ({ verify: headers, settle: headers, supported: headers }),
  });
  const access = subscriptionAccess({
    client: localClient(rpcUrl),
    plans: { "/feed": option, "/other": otherOption },
    fromBlock: 0n,
    facilitator,
    cacheSeconds: 0,
    ...accessOptions,
  } as SubscriptionAccessOptions);

  const app = express();
  const http = createServer(app);
  await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));
  const origin = `http://127.0.0.1:${(http.address() as AddressInfo).port}`;
  const events: SIWxHookEvent[] = [];
  const server = new x402ResourceServer(facilitator)
    .register(NETWORK, new SubscriptionEvmScheme({ access }))
    .register(NETWORK, new ExactEvmScheme())
    .registerExtension(
      createSIWxResourceServerExtension({
        storage: access,
        origin,
        verifyOptions: { evmVerifier: access.evmVerifier },
        onEvent: (event) => events.push(event),
      }),
    );
  const extensions = declareSIWxExtension({ network: NETWORK });
  const accepts = [option, ...(sellsPeriods ? [singlePeriod({ network: NETWORK, plan })] : [])];
  const routes: Record<string, RouteConfig> = {
    "GET /feed": { accepts: accepts as never, extensions },
    "GET /other": { accepts: otherOption as never, extensions },
  };
  let count = 0;
  const shop = { status: 200 };
  app.use(paymentMiddleware(routes, server));
  app.get(["/feed", "/other"], (_request, response) => {
    count += 1;
    response.status(shop.status).json({ feed: count });
  });
  app.use(((error, _request, response, _next) =>
    response.status(500).json({ error: error.name })) as express.ErrorRequestHandler);

  return Object.assign(shop, {
    url: `${origin}/feed`,
    otherUrl: `${origin}/other`,
    plan,
    option,
    runs: () => count,
    events,
    stop: () =>
      new Promise<void>((resolve) => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  });
}
