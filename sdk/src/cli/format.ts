import { formatUnits } from "viem";
import { PeriodUnit } from "../generated/types.js";

/** What is needed to read and write amounts of a token. */
export type TokenFormat = {
  symbol: string;
  decimals: number;
  /** Whether a unit of it is meant to be a dollar. */
  isDollar: boolean;
};

const DAY = 86_400;

/** An amount for a reader: `$9.99`, or `9.99 EURC`. */
export function money(amount: bigint, { decimals, isDollar, symbol }: TokenFormat): string {
  const [whole = "0", fraction = ""] = formatUnits(amount, decimals).split(".");
  const text = fraction === "" && !isDollar ? whole : `${whole}.${fraction.padEnd(isDollar ? 2 : 0, "0")}`;
  return isDollar ? `$${text}` : `${text} ${symbol}`;
}

const UNITS = [
  ["day", DAY],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** A duration for a reader: `3 days`, `1 day 12 hours`. */
export function duration(seconds: number): string {
  let rest = seconds;
  const parts = UNITS.flatMap(([unit, length]) => {
    const count = Math.floor(rest / length);
    rest -= count * length;
    return count === 0 ? [] : [counted(count, unit)];
  });
  return parts.join(" ") || "none";
}

/** `1 plan`, `2 plans`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

export type Period = { unit: PeriodUnit; length: number };

/** How often: `a month`, `every 3 months`, `a week`, `every 36 hours`. */
export function frequency({ length, unit }: Period): string {
  if (unit === PeriodUnit.Months) {
    if (length % 12 !== 0) return each(length, "month");
    return each(length / 12, "year");
  }
  if (length % (7 * DAY) === 0) return each(length / (7 * DAY), "week");
  const [name, size] = UNITS.find(([, size]) => length % size === 0) ?? ["second", 1];
  return each(length / size, name);
}

function each(count: number, noun: string): string {
  if (count !== 1) return `every ${count} ${noun}s`;
  return noun === "hour" ? "an hour" : `a ${noun}`;
}

/** A share for a reader: `1 %`. */
export function share(bps: number): string {
  return `${bps / 100} %`;
}

/** A time for a reader, in UTC as the contracts count: `2026-11-22 18:00:00 UTC`. */
export function date(seconds: number): string {
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

/** The same to the minute and without the zone, for columns. */
export function minute(seconds: number): string {
  return date(seconds).slice(0, "2026-11-22 18:00".length);
}

/** Rows as aligned columns. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}

/** What others wrote steers no terminal and hides nothing: characters that are not seen are told by their number. */
export function printable(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`);
}
