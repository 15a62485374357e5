import type { Hex } from "viem";

/**
 * What a server knows of a payment that it has sent to the facilitator.
 *
 * - `settling`: one request waits for the answer.
 * - `unknown`: that request got no answer; the next one asks again, with the same key.
 * - `held`: an escrow has the money, and the handler runs, or what became of it could not be settled.
 * - `released`: the resource left for it, or the money went back. This is final.
 */
export type PaymentRecord = {
  state: "settling" | "unknown" | "held" | "released";
  /** Names the request to the facilitator, so that asking again is not paying again. */
  idempotencyKey: string;
  /** What was signed and for what, so that payer and nonce alone are no claim to the payment. */
  digest: Hex;
};

/**
 * Keeps one release to a payment. All processes that sell for one vault must share it: what counts is that `update` is
 * atomic for a payment.
 */
export type PaymentStorage = {
  /** What is known of the payment, if anything. */
  get(paymentId: Hex): Promise<PaymentRecord | undefined>;
  /**
   * Replaces the record by what `change` makes of it. `change` may run more than once, and leaves the record as it is by
   * returning `undefined`.
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
