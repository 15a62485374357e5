import type { Expense, Sponsor } from "@recourse/sdk/exact/facilitator";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Config } from "./config.js";

const HOUR = 3_600;

/**
 * The budget of what is paid for: so many transactions and deployments an hour for each merchant, all callers without a
 * name being one; and one exit of its payer for each payment that was settled here. Exits of other payments share a
 * budget of their own.
 */
export function createSponsor(config: Config): Sponsor {
  const transactions = new RateLimiterMemory({ points: config.TRANSACTIONS_PER_HOUR, duration: HOUR });
  const deployments = new RateLimiterMemory({ points: config.DEPLOYMENTS_PER_HOUR, duration: HOUR });
  const strangersExits = new RateLimiterMemory({ points: config.STRANGERS_EXITS_PER_HOUR, duration: HOUR });
  const reservedExits = new Set<string>();

  return async ({ caller, kind, paymentId, value }: Expense) => {
    if (kind === "exit") return reservedExits.delete(paymentId) || take(strangersExits, "all");
    if (kind === "deployment") {
      const isWorthIt = caller !== undefined && value >= config.MIN_DEPLOYMENT_VALUE;
      if (!isWorthIt || !(await take(deployments, caller))) return false;
    }
    const isWithinBudget = await take(transactions, caller ?? "anonymous");
    if (isWithinBudget && kind !== "operation") reservedExits.add(paymentId);
    return isWithinBudget;
  };
}

async function take(limiter: RateLimiterMemory, key: string): Promise<boolean> {
  return limiter.consume(key).then(
    () => true,
    () => false,
  );
}
