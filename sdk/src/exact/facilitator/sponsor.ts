import type { Address, Hex } from "viem";

/** Something the facilitator would pay gas for. */
export type Expense = {
  /** A payment into a vault that exists, the same with the vault's deployment, an operation of the server, or an action that a payer signed. */
  kind: "payment" | "deployment" | "operation" | "exit";
  /** The authenticated server that asks, if it is one. */
  caller: string | undefined;
  paymentId: Hex;
  token: Address;
  /** In the token's smallest unit. */
  value: bigint;
};

/** Decides what is paid for. It is asked right before a transaction is signed. */
export type Sponsor = (expense: Expense) => Promise<boolean>;

/** Pays for everything but deployments that nobody answers for. A public facilitator needs quotas of its own. */
export const sponsorEverything: Sponsor = async ({ caller, kind }) => kind !== "deployment" || caller !== undefined;
