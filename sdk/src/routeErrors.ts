import type { Address } from "viem";
import { RecourseError } from "./RecourseError.js";

/** A route of a server says something about its vault that is not so. */
export class RouteTermsError extends RecourseError {
  override name = "RouteTermsError";

  constructor(reason: string) {
    super(reason, {
      next: "Build the route's option with `refundWindow()`, `escrow()`, `subscription()` or `singlePeriod()`.",
    });
  }
}

/** The server's facilitator does not settle into vaults of this factory: it would pay past the vault. */
export class FacilitatorUnsuitableError extends RecourseError {
  override name = "FacilitatorUnsuitableError";

  constructor(kind: string, factory: Address) {
    super(`The facilitator does not serve ${kind} vaults of factory ${factory}.`, {
      next: 'Use a facilitator whose `/supported` lists this factory under `extra.recourse.factories`, or let the route be settled `"by-proof"`.',
    });
  }
}
