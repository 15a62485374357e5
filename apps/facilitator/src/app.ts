import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import {
  ExactEvmScheme,
  type FacilitatorClient,
  parseRelayRequest,
  type SubmissionStorage,
} from "@recourse/sdk/exact/facilitator";
import { SubscriptionEvmScheme } from "@recourse/sdk/subscription/facilitator";
import { x402Facilitator } from "@x402/core/facilitator";
import { PaymentPayloadV2Schema, PaymentRequirementsV2Schema, z } from "@x402/core/schemas";
import type { Network, PaymentPayload, PaymentRequirements } from "@x402/core/types";
import express, {
  type ErrorRequestHandler,
  type Express,
  type Request,
  type RequestHandler,
  type Response,
} from "express";
import type { Logger } from "pino";
import { createClient, defineChain, http } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { getBlockNumber, getChainId } from "viem/actions";
import { type Config, ConfigError } from "./config.js";
import { createSponsor } from "./sponsor.js";

/** Larger bodies are answered 413; a payment is a few kilobytes, and a proof can be a hundred. */
const BODY_LIMIT = "128kb";
/** For one answer of the node: a settlement reads a few times, and all of it must be over in ten seconds. */
const RPC_TIMEOUT_MS = 3_000;

const exchange = z.object({
  x402Version: z.literal(2),
  paymentPayload: PaymentPayloadV2Schema,
  paymentRequirements: PaymentRequirementsV2Schema,
});

/** A facilitator as an HTTP application; whoever starts it gives it a port. */
export async function createApp(config: Config, logger: Logger): Promise<Express> {
  const client = createChainClient(config);
  const callers = new AsyncLocalStorage<string | undefined>();
  const scheme = new ExactEvmScheme(client, {
    ...(config.ASSETS === undefined ? {} : { assets: config.ASSETS }),
    ...(config.WALLET_FACTORIES === undefined ? {} : { eip6492AllowedFactories: config.WALLET_FACTORIES }),
    ...(config.STATE_FILE === undefined ? {} : { submissions: await openStorage(config.STATE_FILE) }),
    ...(config.BATCH_WINDOW_MS === 0
      ? {}
      : { batching: { windowMs: config.BATCH_WINDOW_MS, maxItems: config.BATCH_MAX_ITEMS } }),
    caller: () => callers.getStore(),
    confirmations: config.CONFIRMATIONS,
    confirmationTimeoutMs: config.CONFIRMATION_TIMEOUT_MS,
    captureMarginSeconds: config.CAPTURE_MARGIN_SECONDS,
    maxGas: config.MAX_GAS,
    sponsor: createSponsor(config),
  });
  const network = config.EVM_NETWORK as Network;
  const facilitator = new x402Facilitator()
    .register(network, scheme)
    .register(network, new SubscriptionEvmScheme(scheme));

  const app = express();
  app.disable("x-powered-by");
  app.use(logRequests(logger));
  app.get("/health", health(client));
  app.use(express.json({ limit: BODY_LIMIT }));
  app.use(authenticate(config.MERCHANTS, callers));
  // Behind the keys, so that a server with a wrong one learns it when it starts.
  app.get("/supported", (_request, response) => response.json(facilitator.getSupported()));
  app.post("/verify", (request, response) => verify(facilitator, request, response));
  app.post("/settle", (request, response) => settle(facilitator, request, response));
  app.post("/relay", (request, response) => relay(scheme, request, response));
  app.use((_request, response) => response.status(404).json({ error: "not_found" }));
  app.use(answerErrors(logger));
  return app;
}

/** Loaded only where it is asked for: older versions of Node have no SQLite. */
async function openStorage(file: string): Promise<SubmissionStorage> {
  const storage = await import("@recourse/sdk/exact/facilitator/sqlite-storage").catch(() => undefined);
  if (!storage) throw new ConfigError("The configuration is wrong:\n  STATE_FILE: needs Node 22.13 or later");
  return new storage.SqliteSubmissionStorage(file);
}

function createChainClient({ EVM_NETWORK, EVM_PRIVATE_KEY, EVM_RPC_URL }: Config): FacilitatorClient {
  const id = Number(EVM_NETWORK.split(":")[1]);
  const chain = defineChain({
    id,
    name: EVM_NETWORK,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [EVM_RPC_URL] } },
  });
  const transport = http(EVM_RPC_URL, { retryCount: 0, timeout: RPC_TIMEOUT_MS });
  return createClient({ account: privateKeyToAccount(EVM_PRIVATE_KEY), chain, transport });
}

/* WHO CALLS */

/** Finds the merchant by its key. Without a key a caller is nobody; with a wrong one it is refused. */
function authenticate(merchants: Map<string, string>, callers: AsyncLocalStorage<string | undefined>): RequestHandler {
  // Compared by hash, so that how long a comparison takes tells nothing about a key.
  const names = new Map([...merchants].map(([key, name]) => [sha256(key), name]));
  return (request, response, next) => {
    const key = request.headers.authorization?.match(/^Bearer (.+)$/)?.[1];
    const name = key === undefined ? undefined : names.get(sha256(key));
    if (request.headers.authorization !== undefined && name === undefined) {
      response.status(401).json({ error: "unauthorized" });
      return;
    }
    callers.run(name, next);
  };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/* WHAT IS ASKED */

async function verify(facilitator: x402Facilitator, request: Request, response: Response): Promise<void> {
  const body = exchange.safeParse(request.body);
  if (!body.success) {
    response.status(400).json({ isValid: false, invalidReason: "invalid_payload" });
    return;
  }
  const { paymentPayload, paymentRequirements } = body.data;
  const unsupported = unsupportedReason(facilitator, paymentRequirements);
  if (unsupported) {
    response.locals.reason = unsupported;
    response.json({ isValid: false, invalidReason: unsupported });
    return;
  }
  const result = await facilitator
    .verify(paymentPayload as PaymentPayload, paymentRequirements as PaymentRequirements)
    .catch(() => ({ isValid: false, invalidReason: "unexpected_verify_error" }));
  response.locals.reason = result.invalidReason;
  response.json(result);
}

async function settle(facilitator: x402Facilitator, request: Request, response: Response): Promise<void> {
  const body = exchange.safeParse(request.body);
  if (!body.success) {
    response.status(400).json({ success: false, errorReason: "invalid_payload", transaction: "", network: "" });
    return;
  }
  const { paymentPayload, paymentRequirements } = body.data;
  const { network } = paymentRequirements;
  const unsupported = unsupportedReason(facilitator, paymentRequirements);
  if (unsupported) {
    response.locals.reason = unsupported;
    response.json({ success: false, errorReason: unsupported, transaction: "", network });
    return;
  }
  const result = await facilitator
    .settle(paymentPayload as PaymentPayload, paymentRequirements as PaymentRequirements)
    .catch(() => ({ success: false, errorReason: "unexpected_settle_error", transaction: "", network }));
  response.locals.reason = result.errorReason;
  response.locals.transaction = result.transaction;
  response.json(result);
}

/** Why the facilitator does not serve these requirements at all. */
function unsupportedReason(
  facilitator: x402Facilitator,
  { network, scheme }: { network: string; scheme: string },
): string | undefined {
  const { kinds } = facilitator.getSupported();
  if (!kinds.some((kind) => kind.network === network)) return "invalid_network";
  return kinds.some((kind) => kind.network === network && kind.scheme === scheme) ? undefined : "unsupported_scheme";
}

async function relay(scheme: ExactEvmScheme, request: Request, response: Response): Promise<void> {
  const body = parseRelayRequest(request.body);
  if (!body) {
    response.status(400).json({ success: false, errorReason: "invalid_payload", transaction: "", network: "" });
    return;
  }
  const result = await scheme.relay(body);
  response.locals.reason = result.errorReason;
  response.locals.transaction = result.transaction;
  response.json(result);
}

/** 200 while the node answers for the right chain, 503 otherwise. */
function health(client: FacilitatorClient): RequestHandler {
  return async (_request, response) => {
    try {
      const [chainId, block] = await Promise.all([getChainId(client), getBlockNumber(client, { cacheTime: 0 })]);
      const isRightChain = chainId === client.chain.id;
      response
        .status(isRightChain ? 200 : 503)
        .json({ status: isRightChain ? "ok" : "wrong_chain", block: String(block) });
    } catch {
      response.status(503).json({ status: "rpc_unavailable" });
    }
  };
}

/* WHAT IS SAID */

/** One line a request, and never a body, a header or a key. */
function logRequests(logger: Logger): RequestHandler {
  return (request, response, next) => {
    const start = performance.now();
    response.on("finish", () => {
      const { reason, transaction } = response.locals;
      const milliseconds = Math.round(performance.now() - start);
      const { method, path } = request;
      logger.info({ method, path, status: response.statusCode, milliseconds, reason, transaction }, "request");
    });
    next();
  };
}

/** Express's own errors carry the status; everything else is ours, and its text stays in the log. */
function answerErrors(logger: Logger): ErrorRequestHandler {
  return (error, _request, response, _next) => {
    const status = Number.isInteger(error.status) && error.status >= 400 && error.status < 500 ? error.status : 500;
    if (status === 500) logger.error({ error }, "unexpected");
    const codes: Record<number, string> = {
      413: "payload_too_large",
      415: "unsupported_media_type",
      500: "internal_error",
    };
    response.status(status).json({ error: codes[status] ?? "invalid_request" });
  };
}
