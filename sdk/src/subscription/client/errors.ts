import type { Address } from "viem";
import { RecourseError } from "../../RecourseError.js";
import type { StatusName } from "../receipt.js";

/** A period costs more than the client may agree to. */
export class PeriodCapError extends RecourseError {
  override name = "PeriodCapError";

  constructor(args: { plan: Address; perPeriod: bigint; maxPerPeriod: bigint }) {
    super("A period of the plan costs more than `maxPerPeriod`.", {
      facts: { Plan: args.plan, "Per period": args.perPeriod, "Max per period": args.maxPerPeriod },
      next: "Raise `maxPerPeriod`, or leave it.",
    });
  }
}

/** Not even one period, with the setup fee, fits into what the client may agree to in all. */
export class TotalCapError extends RecourseError {
  override name = "TotalCapError";

  constructor(args: { plan: Address; least: bigint; maxTotal: bigint }) {
    super("The setup fee and one period cost more than `maxTotal`.", {
      facts: { Plan: args.plan, Least: args.least, "Max total": args.maxTotal },
      next: "Raise `maxTotal`, or leave it.",
    });
  }
}

/** What subscribing takes at once is more than the x402 client lets one payment be. */
export class FirstChargeCapError extends RecourseError {
  override name = "FirstChargeCapError";

  constructor(args: { plan: Address; firstCharge: bigint; maxAmountPerPayment: bigint }) {
    super("Subscribing takes more at once than the client's spend controls allow for one payment.", {
      facts: {
        Plan: args.plan,
        "First charge": args.firstCharge,
        "Max amount per payment": args.maxAmountPerPayment,
      },
      next: "A trial that was offered has been used. Raise `maxAmountPerPayment` of the client's spend controls, or leave it.",
    });
  }
}

/** The account has a subscription that is charged by itself: there is nothing to sign. */
export class StillSubscribedError extends RecourseError {
  override name = "StillSubscribedError";
  readonly status: StatusName;

  constructor(args: { plan: Address; status: StatusName; charge: string; chargeableUntil: number | undefined }) {
    const isPaid = args.status === "active" || args.status === "trialing";
    super(isPaid ? "The account is subscribed already." : "The account is subscribed, and its charge is open.", {
      facts: {
        Plan: args.plan,
        Status: args.status,
        ...(isPaid ? {} : { Charge: args.charge, "Chargeable until": args.chargeableUntil }),
      },
      next: isPaid
        ? "Sign in: register the sign-in-with-x client extension."
        : "See that the account has the charge and the plan may take it; then sign in. Or cancel, and subscribe anew.",
    });
    this.status = args.status;
  }
}
