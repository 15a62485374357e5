import type { Hex } from "viem";
import { RecourseError } from "./RecourseError.js";

/** The storage knows no hold of this payment. */
export class HoldUnknownError extends RecourseError {
  override name = "HoldUnknownError";

  constructor(paymentId: Hex) {
    super(`The storage knows no hold of payment ${paymentId}.`, {
      next: "Use the storage of the scheme that sold it; `list` tells what is open.",
    });
  }
}

/** Nothing can be ordered of a payment whose resource has not left. */
export class HoldNotReleasedError extends RecourseError {
  override name = "HoldNotReleasedError";

  constructor(paymentId: Hex, state: string) {
    super(`Payment ${paymentId} is ${state}: nothing has left for it.`, {
      next: "Wait for its request; what was abandoned is returned by `reconcile`.",
    });
  }
}

/** A payment was named twice in one list of captures. */
export class CaptureRepeatedError extends RecourseError {
  override name = "CaptureRepeatedError";

  constructor(paymentId: Hex) {
    super(`Payment ${paymentId} is in the list twice.`, {
      next: "Add its amounts up, or capture them one after the other.",
    });
  }
}

/** Another order of this payment was sent, and its outcome is not known. */
export class OrderInFlightError extends RecourseError {
  override name = "OrderInFlightError";
  /** What was ordered; the amount as a decimal string. */
  readonly order: { type: "capture" | "close" | "void" | "refund"; amount: string };

  constructor(paymentId: Hex, order: OrderInFlightError["order"]) {
    super(`The outcome of another order of payment ${paymentId} is not known yet.`, {
      facts: { Order: order.type, Amount: order.amount },
      next: "Order the same again, or wait for `reconcile` to do so.",
    });
    this.order = order;
  }
}

/** The order was sent, and nobody can say yet what became of it. It is remembered, and asked for again. */
export class OrderOutcomeUnknownError extends RecourseError {
  override name = "OrderOutcomeUnknownError";

  constructor(paymentId: Hex, options: { cause?: unknown; reason?: string | undefined } = {}) {
    super(`What became of the order of payment ${paymentId} is not known yet.`, {
      cause: options.cause,
      facts: options.reason === undefined ? {} : { Reason: options.reason },
      next: "Order the same again, or wait for `reconcile` to do so: it is carried out once.",
    });
  }
}

/** The facilitator refused the order; `reason` is the typed code of the wire. */
export class OrderRefusedError extends RecourseError {
  override name = "OrderRefusedError";
  readonly reason: string;

  constructor(paymentId: Hex, reason: string) {
    super(`The facilitator refused the order of payment ${paymentId}: ${reason}.`);
    this.reason = reason;
  }
}
