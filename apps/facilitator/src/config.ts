import { getAddress, type Hex, isAddress, isHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import * as z from "zod";

const merchants = z.string().transform((text, context) => {
  const entries = text.split(",").filter((entry) => entry !== "");
  const pairs = entries.map((entry) => entry.split(":"));
  if (pairs.some(([name, key, ...rest]) => !name || !key || key.length < 16 || rest.length > 0)) {
    context.addIssue({ code: "custom", message: "is name:key,name:key with keys of at least 16 characters" });
    return z.NEVER;
  }
  return new Map(pairs.map(([name, key]) => [key as string, name as string]));
});

const addresses = z.string().transform((text, context) => {
  const entries = text.split(",").filter((entry) => entry !== "");
  if (entries.length > 0 && entries.every((entry) => isAddress(entry, { strict: false })))
    return entries.map((entry) => getAddress(entry));
  context.addIssue({ code: "custom", message: "is address,address" });
  return z.NEVER;
});

const positive = z.coerce.number().int().positive();

/** The library's own error would tell the number. */
function isPrivateKey(value: unknown): boolean {
  if (!isHex(value) || value.length !== 66) return false;
  try {
    return privateKeyToAccount(value).address !== undefined;
  } catch {
    return false;
  }
}

const environment = z.object({
  /** CAIP-2, for example eip155:84532. */
  EVM_NETWORK: z.string().regex(/^eip155:\d+$/, "is eip155:<chain id>"),
  EVM_RPC_URL: z.url({ protocol: /^https?$/, error: "is the http(s) URL of a node" }),
  /** Pays for gas, and holds nothing else. */
  EVM_PRIVATE_KEY: z.custom<Hex>(isPrivateKey, "is 0x and 64 hexadecimal digits, of a key"),
  HOST: z.string().default("127.0.0.1"),
  PORT: z.coerce.number().int().min(0).max(65_535).default(4020),
  /** The servers that this facilitator answers for: name:key,name:key. */
  MERCHANTS: merchants.prefault(""),
  CONFIRMATIONS: positive.default(1),
  /** How long a settlement waits for its receipt; below the 90 s that servers wait. */
  CONFIRMATION_TIMEOUT_MS: positive.default(60_000),
  /** The most gas of one transaction: a payment that deploys its vault, by a payer that is a contract, needs 400,000. A wallet comes on top. To subscribe, 250,000 more are let through: a plan insists on a reserve that it does not use. */
  MAX_GAS: z.coerce.bigint().positive().default(500_000n),
  /** Seconds before the end of an escrow's capture window in which nothing is captured or voided: it could be mined too late. */
  CAPTURE_MARGIN_SECONDS: z.coerce.number().int().nonnegative().default(60),
  /** A SQLite file that keeps what was signed, so that a restart answers what was being settled. Default: memory. Node 22.13 or later. */
  STATE_FILE: z.string().min(1).optional(),
  /** Milliseconds that a payment waits for others of its vault, to be sent with them; 0: each is sent alone. */
  BATCH_WINDOW_MS: z.coerce.number().int().min(0).max(10_000).default(0),
  /** As many payments are sent together at most. */
  BATCH_MAX_ITEMS: positive.max(50).default(50),
  /** The tokens that vaults are paid in. Default: those that the official packages know. */
  ASSETS: addresses.optional(),
  /** The factories that are called to deploy wallets of payers (ERC-6492). Default: none. */
  WALLET_FACTORIES: addresses.optional(),
  /** Transactions that are paid for one merchant in an hour. */
  TRANSACTIONS_PER_HOUR: positive.default(3_600),
  /** Vaults that are deployed for one merchant in an hour. */
  DEPLOYMENTS_PER_HOUR: positive.default(20),
  /** Wallets of payers that are deployed for one merchant in an hour. */
  WALLETS_PER_HOUR: positive.default(20),
  /** Transactions in an hour for all callers without a key together, and exits of payments that were not settled here. */
  STRANGERS_PER_HOUR: positive.default(20),
  /** Payments that came past their vault and are recorded in an hour, for all without a key who prove them, together. */
  RECORDS_PER_HOUR: positive.default(20),
  /** The smallest payment, in the token's smallest unit, that is recorded for whoever has no key. */
  MIN_RECORD_VALUE: z.coerce.bigint().nonnegative().default(10_000n),
  /** The smallest payment, in the token's smallest unit, for which a vault or a wallet is deployed. */
  MIN_DEPLOYMENT_VALUE: z.coerce.bigint().nonnegative().default(10_000n),
  LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
});

/** What the facilitator runs with. */
export type Config = z.infer<typeof environment>;

/** A setting is missing or wrong; the message names each, and never its value. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/**
 * Reads the configuration from environment variables.
 *
 * @throws {ConfigError} naming every variable that is wrong.
 */
export function readConfig(variables: Record<string, string | undefined>): Config {
  const parsed = environment.safeParse(variables);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ message, path }) => `  ${path.join(".")}: ${message}`);
  throw new ConfigError(`The configuration is wrong:\n${problems.join("\n")}`);
}
