import type { PaymentPayload, PaymentRequirements } from "@x402/core/types";
import type { Hex } from "viem";
import type { EscrowRefundOperation } from "../operations.js";

/**
 * What a server knows of a payment that it has sent to the facilitator.
 *
 * - `settling`: one request waits for the answer.
 * - `unknown`: that request got no answer; the next one asks again, with the same key.
 * - `held`: an escrow has the money, and the handler runs.
 * - `returning`: nothing leaves for it any more, and what an escrow holds is to go back.
 * - `released`: the resource left for it, or the money went back. This is final.
 */
export type PaymentRecord = {
  state: "settling" | "unknown" | "held" | "returning" | "released";
  /** Names the request to the facilitator, so that asking again is not paying again. */
  idempotencyKey: string;
  /** What was signed and for what, so that payer and nonce alone are no claim to the payment. */
  digest: Hex;
  /** Of a payment into an escrow: what is needed to capture and to return. */
  hold?: Hold;
};

/** A payment into an escrow as its server knows it. Amounts are decimal strings in the token's smallest unit. */
export type Hold = {
  /** What the client sent. */
  payload: PaymentPayload;
  /** What it was offered, with the whole price. */
  requirements: PaymentRequirements;
  /** What the facilitator has said to be captured. */
  captured: string;
  /** What was given back of it. */
  refunded: string;
  /** First Unix second at which nothing can be captured any more, when the facilitator told it. */
  captureUntil?: number;
  /** What was ordered of the facilitator, and is not known to be done. */
  order?: HoldOrder;
  /** A refund of what was captured that was sent, and is not known to be done. */
  refund?: HoldRefund;
  /** Whether something is held, or may be. */
  isOpen: boolean;
  /** When any of this changed: milliseconds since 1970. */
  changedAt: number;
};

/** Remembered before it is sent, so that whoever finds it can ask for the very same again. */
export type HoldOrder = {
  type: "capture" | "close" | "void";
  amount: string;
  /** What had been captured before: two orders are the same only with this. */
  captured: string;
};

/** An authorization that somebody signed to pay for a refund. */
export type HoldRefund = EscrowRefundOperation["refund"];

/** Whether somebody must still see to the payment: its outcome is not known, or something is held. What has ended stays so. */
export function isOpen({ hold, state }: PaymentRecord): boolean {
  return state !== "released" || hold?.isOpen === true;
}

/** A record, and which payment it is of. */
export type ListedPayment = { paymentId: Hex; record: PaymentRecord };

/**
 * Keeps one release to a payment, and no hold forgotten. All processes that sell for one vault must share it: an escrow
 * manager returns what its storage does not know to be sold. What counts is that `update` is atomic for a payment, and that
 * what it returned is still there after a crash.
 */
export type PaymentStorage = {
  /** What is known of the payment, if anything. */
  get(paymentId: Hex): Promise<PaymentRecord | undefined>;
  /** All that `isOpen`, in any order. */
  list(): Promise<ListedPayment[]>;
  /**
   * Replaces the record by what `change` makes of it. `change` may run more than once, and leaves the record as it is by
   * returning `undefined`, or by throwing.
   *
   * @returns The new record, or `undefined` when nothing was changed.
   */
  update(
    paymentId: Hex,
    change: (current: PaymentRecord | undefined) => PaymentRecord | undefined,
  ): Promise<PaymentRecord | undefined>;
  /** Forgets a payment that the facilitator refused. Only the request that settles it may ask for that. */
  delete(paymentId: Hex): Promise<void>;
};

/** Keeps the records in the memory of one process: for tests, and for a shop that is a single process and may forget. */
export class InMemoryPaymentStorage implements PaymentStorage {
  readonly #records = new Map<Hex, PaymentRecord>();

  async get(paymentId: Hex): Promise<PaymentRecord | undefined> {
    return this.#records.get(paymentId);
  }

  async list(): Promise<ListedPayment[]> {
    return [...this.#records]
      .filter(([, record]) => isOpen(record))
      .map(([paymentId, record]) => ({ paymentId, record }));
  }

  async update(
    paymentId: Hex,
    change: (current: PaymentRecord | undefined) => PaymentRecord | undefined,
  ): Promise<PaymentRecord | undefined> {
    const next = change(this.#records.get(paymentId));
    if (next) this.#records.set(paymentId, next);
    return next;
  }

  async delete(paymentId: Hex): Promise<void> {
    this.#records.delete(paymentId);
  }
}
