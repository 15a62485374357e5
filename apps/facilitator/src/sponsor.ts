import type { Expense, Sponsor } from "@recourse/sdk/exact/facilitator";
import { RateLimiterMemory } from "rate-limiter-flexible";
import type { Config } from "./config.js";

const HOUR = 3_600;

/**
 * The budget of what is paid for: so many transactions, vaults and wallets an hour for each merchant, one exit of its payer
 * for each payment that was settled here, and for each into an escrow the operation that ends it: a payment whose end is
 * not paid for would be stuck. Callers without a name, and exits of other payments, share one small budget;
 * what they prove of payments that came past their vaults has another.
 */
export function createSponsor(config: Config): Sponsor {
  const transactions = new RateLimiterMemory({ points: config.TRANSACTIONS_PER_HOUR, duration: HOUR });
  const deployments = new RateLimiterMemory({ points: config.DEPLOYMENTS_PER_HOUR, duration: HOUR });
  const wallets = new RateLimiterMemory({ points: config.WALLETS_PER_HOUR, duration: HOUR });
  const records = new RateLimiterMemory({ points: config.RECORDS_PER_HOUR, duration: HOUR });
  const strangers = new RateLimiterMemory({ points: config.STRANGERS_PER_HOUR, duration: HOUR });
  const reservedExits = new Set<string>();
  const reservedEndings = new Set<string>();

  return async ({ caller, kind, needsEnding, paymentId, value }: Expense) => {
    if ((kind === "exit" || kind === "reclaim") && reservedExits.delete(paymentId)) return true;
    if (kind === "operation" && reservedEndings.delete(paymentId)) return true;
    if (kind === "reclaim") return value >= config.MIN_RECORD_VALUE && (await take(records, "all"));
    // A merchant's own is what became of a settlement of its own: strangers must not be able to use up what it needs.
    if (kind === "record" && caller !== undefined) return take(transactions, caller);
    if (kind === "record") return value >= config.MIN_RECORD_VALUE && (await take(records, "all"));
    if (kind === "wallet" || kind === "deployment") {
      if (caller === undefined || value < config.MIN_DEPLOYMENT_VALUE) return false;
      if (!(await take(kind === "wallet" ? wallets : deployments, caller))) return false;
      // The payment that needs it is asked for next.
      if (kind === "wallet") return true;
    }
    const isPayment = kind === "payment" || kind === "deployment";
    const isStranger = caller === undefined || kind === "exit";
    const count = isPayment && needsEnding ? 2 : 1;
    if (!(await (isStranger ? take(strangers, "all", count) : take(transactions, caller, count)))) return false;
    if (isPayment) reservedExits.add(paymentId);
    if (isPayment && needsEnding) reservedEndings.add(paymentId);
    return true;
  };
}

async function take(limiter: RateLimiterMemory, key: string, count = 1): Promise<boolean> {
  return limiter.consume(key, count).then(
    () => true,
    () => false,
  );
}
