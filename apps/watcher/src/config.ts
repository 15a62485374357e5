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
    /** Pays for gas, and holds nothing else. */
    EVM_PRIVATE_KEY: z.custom<Hex>(isPrivateKey, "is 0x and 64 hexadecimal digits, of a key"),
    /** The tokens that are watched: address,address. */
    TOKENS: addresses,
    /** A JSON file with the `extra.recourse` of each route: vaults that may not be deployed yet. */
    VAULTS_FILE: z.string().min(1).optional(),
    /** The block of the factory's deployment: from there on all of its vaults are watched, whoever sells by them. */
    FACTORY_BLOCK: z.coerce.bigint().nonnegative().optional(),
    /** What is remembered between two starts. */
    STATE_FILE: z.string().min(1).default("./watcher-state.json"),
    /** How long to wait for new blocks. */
    POLL_MS: positive.default(5_000),
    /** The most blocks that one request asks the node about. */
    BLOCKS_PER_REQUEST: blocks.default(2_000n),
    /** So many blocks are looked at again, and a record counts when it is so deep: the chain may be reorganized. */
    REORG_BLOCKS: blocks.default(32n),
    /** Payments that are recorded in an hour, the deployment of their vaults included. */
    RECORDS_PER_HOUR: positive.default(60),
    /** Hashes of blocks that are kept in an hour, for payments that could not be recorded in time. */
    HASHES_PER_HOUR: positive.default(20),
    /** The smallest payment, in the token's smallest unit, that is recorded. */
    MIN_RECORD_VALUE: z.coerce.bigint().nonnegative().default(10_000n),
    /** The most gas of one transaction: a proof from a full block and the deployment of a vault need 500,000. */
    MAX_GAS: z.coerce.bigint().positive().default(1_000_000n),
    /** How long to wait for one transaction, before going on with others. */
    CONFIRMATION_TIMEOUT_MS: positive.default(60_000),
    LOG_LEVEL: z.enum(["trace", "debug", "info", "warn", "error", "fatal", "silent"]).default("info"),
  })
  .refine(({ FACTORY_BLOCK, VAULTS_FILE }) => FACTORY_BLOCK !== undefined || VAULTS_FILE !== undefined, {
    path: ["VAULTS_FILE"],
    message: "or FACTORY_BLOCK must be given, else there is nothing to watch",
  });

/** What the watcher runs with. */
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
