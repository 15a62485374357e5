import { readFile, stat } from "node:fs/promises";
import {
  type Chain,
  createPublicClient,
  defineChain,
  type Hex,
  http,
  isHex,
  type PublicClient,
  type Transport,
} from "viem";
import { type PrivateKeyAccount, privateKeyToAccount } from "viem/accounts";
import { UsageError } from "./errors.js";

/** A client of the merchant's chain that reads. */
export type Reader = PublicClient<Transport, Chain>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** The URL of the node, or `undefined` when nobody named one. */
export function rpcUrlOf(option: string | undefined, env: Environment): string | undefined {
  const url = option ?? env.RECOURSE_RPC_URL;
  if (url === undefined || url === "") return undefined;
  if (!/^https?:$/.test(protocolOf(url))) {
    // Not shown: it may have a key in it.
    throw new UsageError("The URL of the node is wrong.", { next: "It begins with http:// or https://." });
  }
  return url;
}

function protocolOf(url: string): string {
  return URL.canParse(url) ? new URL(url).protocol : "";
}

/** Connects to a node, whatever chain it is of. */
export async function connect(url: string): Promise<Reader> {
  const transport = http(url);
  const id = await createPublicClient({ transport }).getChainId();
  return createPublicClient({
    // Reads that are asked for together go as one call, which needs nothing on the chain.
    batch: { multicall: { deployless: true } },
    chain: await chainOf(id, url),
    transport,
  });
}

/** What viem knows of the chain; of others, only the number. */
async function chainOf(id: number, url: string): Promise<Chain> {
  const chains: Chain[] = Object.values(await import("viem/chains"));
  return (
    chains.find((chain) => chain.id === id) ??
    defineChain({
      id,
      name: `chain ${id}`,
      nativeCurrency: { decimals: 18, name: "Ether", symbol: "ETH" },
      rpcUrls: { default: { http: [url] } },
    })
  );
}

/** The merchant's account, or `undefined` when there is no key. The key itself is shown nowhere. */
export async function readAccount(
  keyFile: string | undefined,
  env: Environment,
  warn: (text: string) => void,
): Promise<PrivateKeyAccount | undefined> {
  if (keyFile !== undefined) return accountOf(await readKeyFile(keyFile, warn), `The file ${keyFile}`);
  const { RECOURSE_PRIVATE_KEY: key } = env;
  return key === undefined || key === "" ? undefined : accountOf(key, "RECOURSE_PRIVATE_KEY");
}

const OTHERS_MAY_READ = 0o044;

async function readKeyFile(path: string, warn: (text: string) => void): Promise<string> {
  try {
    const { mode } = await stat(path);
    if (process.platform !== "win32" && (mode & OTHERS_MAY_READ) !== 0) {
      warn(`Others on this machine can read ${path}: chmod 600 ${path}`);
    }
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new UsageError(`The key file ${path} cannot be read.`, {
      cause,
      next: "Check the path that `--key-file` names.",
    });
  }
}

function accountOf(text: string, source: string): PrivateKeyAccount {
  const trimmed = text.trim();
  const key = (trimmed.startsWith("0x") ? trimmed : `0x${trimmed}`) as Hex;
  try {
    if (isHex(key) && key.length === 66) return privateKeyToAccount(key);
  } catch {
    // The library's own error would tell the number.
  }
  throw new UsageError(`${source} does not hold a private key.`, { next: "It is 0x and 64 hexadecimal digits." });
}
