import type { Address, Hex } from "viem";

/** Something the facilitator would pay gas for. */
export type Expense = {
  /**
   * A payment past all vaults, into a vault that exists, or with the deployment of its vault, and a subscription alike; the
   * deployment of a payer's wallet, which is asked for before the payment that needs it; the record of a payment that came past
   * its vault; an operation of receiver, operator or arbiter, or a charge that is due; an exit that a payer or subscriber signed;
   * or the reclaim of what an escrow still holds.
   */
  kind: "transfer" | "payment" | "deployment" | "wallet" | "record" | "operation" | "exit" | "reclaim";
  /** The authenticated server that asks, if it is one. */
  caller: string | undefined;
  /** Zero for a payment past all vaults; of a subscription, what names the pair in its plan. */
  paymentId: Hex;
  /** Whether the payment will need an operation more, which captures or returns it: one into an escrow. */
  needsEnding: boolean;
  token: Address;
  /** In the token's smallest unit; zero for a token that is not one of `assets`, whose units may be worth nothing. */
  value: bigint;
};

/** Decides what is paid for. It is asked right before a transaction is signed. */
export type Sponsor = (expense: Expense) => Promise<boolean>;

/** Pays for everything but deployments that nobody answers for. A public facilitator needs quotas of its own. */
export const sponsorEverything: Sponsor = async ({ caller, kind }) =>
  caller !== undefined || (kind !== "deployment" && kind !== "wallet");
