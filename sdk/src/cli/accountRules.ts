import { readFile } from "node:fs/promises";
import type { Address, Hex } from "viem";
import * as z from "zod/mini";
import type { MultisigConfig, Signer, TokenRules } from "../generated/types.js";
import { sortConfig } from "../multisig/config.js";
import { UsageError } from "./errors.js";
import { parseAddress, parseAmount, parseSalt } from "./parse.js";
import type { Token } from "./token.js";

/** A token's rules as somebody writes them, with amounts in the token's own unit. */
export type WrittenToken = {
  token?: string | undefined;
  tiers: string;
  reserve?: string | undefined;
  refillPerDay?: string | undefined;
  refillTarget?: string | undefined;
};

/** An account's rules as somebody writes them. */
export type WrittenRules = {
  fullWeight: string | number;
  signers: readonly string[];
  payees?: readonly string[] | undefined;
  tokens: readonly WrittenToken[];
  salt?: string | undefined;
};

const writtenRules = z.strictObject({
  fullWeight: z.int(),
  payees: z.optional(z.array(z.string())),
  salt: z.optional(z.string()),
  signers: z.array(z.string()),
  tokens: z.array(
    z.strictObject({
      refillPerDay: z.optional(z.string()),
      refillTarget: z.optional(z.string()),
      reserve: z.optional(z.string()),
      tiers: z.string(),
      token: z.optional(z.string()),
    }),
  ),
});

/** Reads rules from a file. */
export async function readRules(path: string): Promise<WrittenRules> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new UsageError(`The file ${path} cannot be read.`, { cause, next: "Check the path that `--config` names." });
  });
  const rules = writtenRules.safeParse(parsed(text));
  if (rules.success) return rules.data;
  const [issue] = rules.error.issues;
  throw new UsageError(`${path} holds no rules of an account.`, {
    facts: { Where: issue?.path.join(".") || "the whole", Problem: issue?.message ?? "it is no JSON" },
    next: "docs/approvals.md shows a whole file.",
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The rules that were written. `tokenAt` reads a token; of `undefined`, that of the chain's dollar. */
export async function rulesOf(
  { fullWeight, payees = [], signers, tokens }: WrittenRules,
  tokenAt: (address: Address | undefined) => Promise<Token>,
): Promise<MultisigConfig> {
  return sortConfig({
    fullWeight: parseWeight(String(fullWeight)),
    payees: payees.map(parseAddress),
    signers: signers.map(parseSigner),
    tokens: await Promise.all(
      tokens.map(async (written) => {
        const { token } = written;
        return tokenRules(written, await tokenAt(token === undefined ? undefined : parseAddress(token)));
      }),
    ),
  });
}

function tokenRules({ refillPerDay, refillTarget, reserve, tiers }: WrittenToken, token: Token): TokenRules {
  const amount = (text: string | undefined) => (text === undefined ? 0n : parseAmount(text, token));
  return {
    token: token.address,
    reserve: amount(reserve),
    refillPerDay: amount(refillPerDay),
    refillTarget: amount(refillTarget),
    tiers: parseTiers(tiers, token),
  };
}

/** `agent:0x…:1`, `human:0x…:2`, and `human:0x…:2:contract` for one that answers by ERC-1271. */
export function parseSigner(text: string): Signer {
  const [, kind, account = "", weight = "", isContract] =
    /^(agent|human):([^:]+):(\d+)(:contract)?$/.exec(text.trim()) ?? [];
  if (!kind) {
    throw new UsageError(`"${text}" is no signer.`, {
      next: 'Write it like "agent:0x…:1" or "human:0x…:2", with ":contract" behind it for a contract.',
    });
  }
  return {
    account: parseAddress(account),
    isContract: isContract !== undefined,
    isHuman: kind === "human",
    weight: parseWeight(weight),
  };
}

const MAX_WEIGHT = 255;

/** A whole number of up to 255. */
export function parseWeight(text: string): number {
  const weight = Number(text);
  if (/^\d+$/.test(text) && weight >= 1 && weight <= MAX_WEIGHT) return weight;
  throw new UsageError(`"${text}" is no weight.`, { next: `It is a whole number from 1 to ${MAX_WEIGHT}.` });
}

/** `1:1,100:3`: up to 1 with weight 1, up to 100 with weight 3; `none`: full weight for everything. */
export function parseTiers(text: string, token: Token): TokenRules["tiers"] {
  if (text.trim() === "none") return [];
  return text.split(",").map((part) => {
    const [, amount, weight] = /^([^:]+):(\d+)$/.exec(part.trim()) ?? [];
    if (amount === undefined || weight === undefined) {
      throw new UsageError(`"${text}" are no tiers.`, {
        next: 'Write them like "1:1,100:3": up to 1 with weight 1, up to 100 with weight 3.',
      });
    }
    return { maxValue: parseAmount(amount, token), weight: parseWeight(weight) };
  });
}

/** A salt, or none. */
export function saltOf(text: string | undefined): Hex | undefined {
  return text === undefined ? undefined : parseSalt(text);
}
