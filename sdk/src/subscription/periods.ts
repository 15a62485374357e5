import { PeriodUnit, type SubscriptionPlanTerms } from "../generated/types.js";

type Period = Pick<SubscriptionPlanTerms, "periodLength" | "periodUnit">;

/**
 * When period `index` of a subscription starts, in Unix seconds: what the plan's `periodStart` answers, without asking a
 * chain. Each is counted from the anchor, so that a month's short end moves nothing: from 31 January come 28 February and
 * 31 March.
 */
export function startOfPeriod({ periodLength, periodUnit }: Period, anchor: number, index: number): number {
  const distance = index * periodLength;
  return periodUnit === PeriodUnit.Months ? addMonths(anchor, distance) : anchor + distance;
}

const DAY = 86_400;

function addMonths(time: number, months: number): number {
  const from = new Date(time * 1_000);
  const [year, month] = [from.getUTCFullYear(), from.getUTCMonth() + months];
  // Day 0 of a month is the last one of the month before it.
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  const day = Math.min(from.getUTCDate(), lastDay);
  return Date.UTC(year, month, day) / 1_000 + (time % DAY);
}
