import { getAddress, type Hex, isAddress, isHex } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import * as z from "zod";

const addresses = z.string().transform((text, context) => {
  const entries = text.split(",").filter((entry) => entry !== "");
  if (entries.length > 0 && entries.every((entry) => isAddress(entry, { strict: false })))
    return entries.map((entry) => getAddress(entry));
  context.addIssue({ code: "custom", message: "is address,address" });
  return z.NEVER;
});

const positive = z.coerce.number().int().positive();
const seconds = z.coerce.bigint().nonnegative();
const blocks = z.coerce.bigint().positive();

/** The library's own error would tell the number. */
function isPrivateKey(value: unknown): boolean {
  if (!isHex(value) || value.length !== 66) return false;
  try {
    return privateKeyToAccount(value).address !== undefined;
  } catch {
    return false;
  }
}

const environment = z
  .object({
    /** CAIP-2, for example eip155:84532. */
    EVM_NETWORK: z.string().regex(/^eip155:\d+$/, "is eip155:<chain id>"),
    EVM_RPC_URL: z.url({ protocol: /^https?$/, error: "is the http(s) URL of a node" }),
    /** Pays for gas, and holds nothing else. Each keeper has its own. */
    EVM_PRIVATE_KEY: z.custom<Hex>(isPrivateKey, "is 0x and 64 hexadecimal digits, of a key"),
    /** The plans whose subscribers are charged: address,address. */
    PLANS: addresses.optional(),
    /** Charges the subscribers of all plans of the canonical factory, in these tokens. */
    FACTORY: z.stringbool({ error: "is true or false" }).default(false),
    /** The tokens of the factory's plans that are charged: anybody can make a plan in a token that burns gas. */
    TOKENS: addresses.optional(),
    /** Before it there are no subscribers: the block in which the plans, or the factory, were deployed. */
    START_BLOCK: z.coerce.bigint("is the number of a block").nonnegative("is the number of a block"),
    /** The smallest charge, in the token's smallest unit, that is worth its gas. */
    MIN_VALUE: z.coerce.bigint().nonnegative().default(10_000n),

    /** Where the embedded database keeps its files. */
    DATA_DIR: z.string().min(1).default("./keeper-data"),
    /** A PostgreSQL, in place of the embedded database. Keepers that share one share the work. */
    DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: "is the postgres:// URL of a database" }).optional(),
    /** The schema of the tables; those of the queue are in one with `_jobs` behind its name. */
    DATABASE_SCHEMA: z
      .string()
      .regex(/^[a-z][a-z0-9_]{0,40}$/, "is lower-case letters, digits and _")
      .default("keeper"),

    /** How long to wait for new blocks. */
    POLL_MS: positive.default(5_000),
    /** The most blocks that one request asks the node about. */
    BLOCKS_PER_REQUEST: blocks.default(2_000n),
    /** So many blocks are looked at again, and what was read counts when it is so deep: the chain may be reorganized. */
    REORG_BLOCKS: blocks.default(32n),
    /** The most subscribers that one transaction charges. */
    BATCH_SIZE: positive.max(500).default(100),
    /** The most gas of one transaction. A batch that needs more is halved. */
    MAX_GAS: z.coerce.bigint().min(1_000_000n).default(10_000_000n),
    /** The most gas that the token may use for one transfer. */
    TOKEN_GAS: z.coerce.bigint().min(150_000n, "is at least 150000, the contract's floor").default(150_000n),
    /** The most wei that a unit of gas may cost. Without it, what the node suggests. */
    MAX_FEE_PER_GAS: z.coerce.bigint().positive().optional(),
    /** Transactions that wait to be mined at once. */
    MAX_PENDING: positive.max(16).default(4),
    /** A transaction that waits longer is sent again for a higher fee. */
    STUCK_MS: positive.default(60_000),
    /** How long a round waits for its transactions. The next one goes on waiting. */
    CONFIRMATION_TIMEOUT_MS: positive.default(180_000),

    /** Seconds that a period waits to be charged: a keeper that stands in for another leaves it the first try. */
    DELAY_SECONDS: seconds.default(0n),
    /** Seconds until the first retry of a charge that failed; each further one waits twice as long. */
    RETRY_SECONDS: seconds.min(1n).default(600n),
    /** The longest wait between two tries. */
    MAX_RETRY_SECONDS: seconds.min(1n).default(21_600n),
    /** Seconds before the end of the grace of a period at which it is tried once more. */
    LAST_CHANCE_SECONDS: seconds.min(1n).default(900n),

    /** Where /healthz and /metrics are; 0 takes a free port. */
    HOST: z.string().default("127.0.0.1"),
    PORT: z.coerce.number().int().min(0).max(65_535).default(4030),
    /** Without a round that went well for so long, /healthz says 503. */
    UNHEALTHY_AFTER_MS: positive.default(300_000),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine(({ FACTORY, PLANS }) => FACTORY || PLANS !== undefined, {
    path: ["PLANS"],
    message: "or FACTORY=true must be given, else there is nobody to charge",
  })
  .refine(({ FACTORY, TOKENS }) => !FACTORY || TOKENS !== undefined, {
    path: ["TOKENS"],
    message: "must be given with FACTORY=true",
  });

/** What the keeper runs with. */
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
