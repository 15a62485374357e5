import type { Expense, Sponsor } from "@recourse/sdk/exact/facilitator";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Config } from "./config.js";

const HOUR = 3_600;
/** An exit stays paid for as long as the longest window, and the month after. */
const EXIT_LIFETIME = 400 * 24 * HOUR;

/**
 * The budget of what is paid for: so many transactions and deployments an hour for each merchant, all callers without a
 * name being one, and for each payment that was settled here one exit of its payer.
 */
export function createSponsor(config: Config): Sponsor {
  const transactions = new RateLimiterMemory({ points: config.TRANSACTIONS_PER_HOUR, duration: HOUR });
  const deployments = new RateLimiterMemory({ points: config.DEPLOYMENTS_PER_HOUR, duration: HOUR });
  const exits = new RateLimiterMemory({ points: 1, duration: EXIT_LIFETIME });
  const strangersExits = new RateLimiterMemory({ points: config.DEPLOYMENTS_PER_HOUR, duration: HOUR });
  const settledHere = new Set<string>();

  return async ({ caller = "anonymous", kind, paymentId, value }: Expense) => {
    if (kind === "exit") return take(settledHere.has(paymentId) ? exits : strangersExits, settledHere.has(paymentId) ? paymentId : "all");
    if (kind === "deployment") {
      const isWorthIt = caller !== "anonymous" && value >= config.MIN_DEPLOYMENT_VALUE;
      if (!isWorthIt || !(await take(deployments, caller))) return false;
    }
    const isWithinBudget = await take(transactions, caller);
    if (isWithinBudget && kind !== "operation") settledHere.add(paymentId);
    return isWithinBudget;
  };
}

async function take(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  return limiter.consume(key).then(
    () => true,
    () => false,
  );
}
