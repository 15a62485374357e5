import { PeriodUnit } from "../generated/types.js";
import type { Period } from "./format.js";

const SHORTEST_MONTH = 28 * 86_400;

/** The least that a period lasts, in seconds, as `PeriodLib` counts. */
export function shortestOf({ length, unit }: Period): number {
  return unit === PeriodUnit.Months ? length * SHORTEST_MONTH : length;
}

/**
 * When period `index` starts, in Unix seconds: what `periodStart` of a plan says, for plans that do not exist yet. Counted
 * from the anchor, so that a month's short end moves nothing.
 */
export function startOf({ length, unit }: Period, anchor: number, index: number): number {
  if (unit === PeriodUnit.Seconds) return anchor + length * index;
  const from = new Date(anchor * 1_000);
  const year = from.getUTCFullYear();
  const month = from.getUTCMonth() + length * index;
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return Date.UTC(year, month, day, from.getUTCHours(), from.getUTCMinutes(), from.getUTCSeconds()) / 1_000;
}
