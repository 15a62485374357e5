import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";

/** What the keeper counts. Each instance has a registry of its own. */
export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <Label extends string>(name: string, help: string, labelNames: readonly Label[]) =>
    new Counter({ name: `recourse_keeper_${name}`, help, labelNames, registers });
  const gauge = (name: string, help: string) => new Gauge({ name: `recourse_keeper_${name}`, help, registers });

  return {
    registry,
    charges: counter("charges_total", "Periods that were charged.", ["token"]),
    amount: counter("charged_amount_total", "What was charged, in the token's smallest unit.", ["token"]),
    failures: counter("failures_total", "Tries that did not charge.", ["reason"]),
    skipped: counter("skipped_total", "Periods whose grace ended without a charge.", []),
    transactions: counter("transactions_total", "Transactions, by what became of them.", ["status"]),
    gas: counter("gas_total", "Gas that was used.", []),
    rounds: counter("rounds_total", "Rounds, by whether they went well.", ["result"]),
    subscriptions: gauge("subscriptions", "Subscriptions that can be charged again."),
    failing: gauge("failing", "Subscriptions whose newest try failed."),
    due: gauge("due", "Subscriptions that are due and were not looked at yet."),
    block: gauge("block", "The newest block that was read."),
    balance: gauge("balance_wei", "What the key has for gas."),
    lastRound: gauge("last_round_timestamp_seconds", "When a round last went well."),
  };
}
