import {
  type Address,
  getAddress,
  type Hex,
  isAddress,
  isHex,
  pad,
  parseUnits,
  size,
  stringToHex,
  zeroHash,
} from "viem";
import { BPS } from "../generated/constants.js";
import { PeriodUnit } from "../generated/types.js";
import { UsageError } from "./errors.js";
import type { Period, TokenFormat } from "./format.js";

/** Reads a text that somebody typed; throws a `UsageError` that says what would have been right. */
export type Parse<Value> = (text: string) => Value;

/** `9.99`, `$9.99` where the token is a dollar, `9.99 EURC`: in the token's smallest unit. */
export function parseAmount(text: string, token: TokenFormat): bigint {
  const { decimals, isDollar, symbol } = token;
  const trimmed = text.trim();
  const isNamed = trimmed.toLowerCase().endsWith(symbol.toLowerCase());
  const number = isNamed ? trimmed.slice(0, -symbol.length).trim() : trimmed;
  const match = /^(\$)?\s*(\d+)(?:\.(\d+))?(?:\s+([a-z]+))?$/i.exec(number);
  if (!match) throw new UsageError(`"${text}" is no amount.`, { next: 'Write it like "9.99".' });
  const [, dollar, whole = "0", fraction = "", unit] = match;
  if (dollar && !isDollar) {
    throw new UsageError(`"${text}" is in dollars, and ${symbol} is not known to be one.`, {
      next: `Write how much ${symbol} it is, without "$".`,
    });
  }
  if (unit) {
    throw new UsageError(`"${text}" is not in ${symbol}, the token of the plan.`, { next: "Choose it by `--token`." });
  }
  if (fraction.length > decimals) {
    throw new UsageError(`"${text}" is finer than ${symbol}, which has ${decimals} decimals.`, {
      next: `Write at most ${decimals} digits after the point.`,
    });
  }
  return parseUnits(`${whole}.${fraction || "0"}`, decimals);
}

const SECONDS: Record<string, number> = { second: 1, minute: 60, hour: 3_600, day: 86_400, week: 604_800 };
const MONTHS: Record<string, number> = { month: 1, quarter: 3, year: 12 };
const SHORT: Record<string, string> = {
  s: "second",
  sec: "second",
  m: "minute",
  min: "minute",
  h: "hour",
  d: "day",
  w: "week",
  mo: "month",
  y: "year",
};
const ADVERBS: Record<string, string> = {
  hourly: "hour",
  daily: "day",
  weekly: "week",
  monthly: "month",
  quarterly: "quarter",
  yearly: "year",
  annually: "year",
};

/** `3d`, `12 hours`, `1 day 12 hours`, `0`: in seconds. */
export function parseDuration(text: string): number {
  const words = text.trim().toLowerCase();
  if (words === "0" || words === "none") return 0;
  const parts = countsIn(words);
  if (parts.length === 0)
    throw new UsageError(`"${text}" is no duration.`, { next: 'Write it like "3d" or "12 hours".' });
  return parts.reduce((sum, { count, unit }) => {
    const seconds = SECONDS[unit];
    if (seconds === undefined) {
      throw new UsageError(`"${text}" has no fixed length: months are of different lengths.`, {
        next: 'Write days, like "30d".',
      });
    }
    return sum + count * seconds;
  }, 0);
}

/** `1 month`, `monthly`, `30d`, `a year`. A quarter is 3 months and a year 12; everything shorter is counted in seconds. */
export function parsePeriod(text: string): Period {
  const words = text.trim().toLowerCase();
  const parts = countsIn(ADVERBS[words] ?? words);
  const [first] = parts;
  if (!first) throw new UsageError(`"${text}" is no period.`, { next: 'Write it like "1 month" or "30d".' });
  const months = MONTHS[first.unit];
  if (months === undefined) return { unit: PeriodUnit.Seconds, length: parseDuration(ADVERBS[words] ?? words) };
  if (parts.length > 1) throw new UsageError(`"${text}" mixes units.`, { next: 'Write it like "1 month" or "30d".' });
  return { unit: PeriodUnit.Months, length: first.count * months };
}

/** Counts with their units, as far as the whole text is made of them; a unit alone counts once. */
function countsIn(words: string): { count: number; unit: string }[] {
  const text = words.replace(/^(every|an?|per)\s+/, "");
  const pattern = /\s*(\d+)?\s*([a-z]+)\s*/y;
  const found: { count: number; unit: string }[] = [];
  while (pattern.lastIndex < text.length) {
    const [, count, name = ""] = pattern.exec(text) ?? [];
    const unit = SHORT[name] ?? name.replace(/s$/, "");
    if ((SECONDS[unit] ?? MONTHS[unit]) === undefined || (count === undefined && unit !== name)) return [];
    found.push({ count: Number(count ?? 1), unit });
  }
  return found;
}

/** `10%`, `2.5 %`: in hundredths of a percent. */
export function parseShare(text: string): number {
  const [, percent] = /^(\d+(?:\.\d{1,2})?)\s*%$/.exec(text.trim()) ?? [];
  const bps = Math.round(Number(percent) * 100);
  if (percent === undefined || bps > BPS) {
    throw new UsageError(`"${text}" is no share.`, { next: 'Write it like "10%", with two decimals at most.' });
  }
  return bps;
}

/** An address, in whatever case. One of mixed case must have the right checksum. */
export function parseAddress(text: string): Address {
  const trimmed = text.trim();
  const isUniform = /^0x([\da-f]{40}|[\dA-F]{40})$/.test(trimmed);
  if (isUniform || isAddress(trimmed)) return getAddress(trimmed);
  // What is as long as a private key may be one, and is not repeated.
  if (/^(0x)?[\da-f]{64}$/i.test(trimmed)) {
    throw new UsageError("32 bytes are no address, and may be a private key.", {
      next: "Give the address, 0x and 40 hexadecimal digits; a key goes into a file, or into RECOURSE_PRIVATE_KEY.",
    });
  }
  const isMistyped = isAddress(trimmed, { strict: false });
  throw new UsageError(`"${text}" is no address${isMistyped ? ": its checksum is wrong" : ""}.`, {
    next: "Copy it anew: 0x and 40 hexadecimal digits.",
  });
}

const WORD = 32;

/** Up to 32 bytes as `0x…`, or a text of as many. */
export function parseSalt(text: string): Hex {
  const bytes = /^0x/i.test(text) ? text : stringToHex(text);
  if (!isHex(bytes) || bytes.length % 2 !== 0 || size(bytes) > WORD) {
    throw new UsageError(`"${text}" is no salt.`, {
      next: "Write a text, or 0x and hexadecimal digits, of up to 32 bytes.",
    });
  }
  return size(bytes) === 0 ? zeroHash : pad(bytes, { dir: "right", size: WORD });
}

/** A block's number. */
export function parseBlock(text: string): bigint {
  if (!/^\d+$/.test(text))
    throw new UsageError(`"${text}" is no block number.`, { next: "Write it in decimal digits." });
  return BigInt(text);
}

/** Unix seconds. */
export function parseSeconds(text: string): bigint {
  if (!/^\d+$/.test(text)) throw new UsageError(`"${text}" is no time.`, { next: "Write it in Unix seconds." });
  return BigInt(text);
}
