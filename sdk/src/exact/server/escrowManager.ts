import type { FacilitatorClient } from "@x402/core/server";
import type { SettleResponse } from "@x402/core/types";
import type { AuthorizerSigner } from "@x402/evm";
import type { Address, Hex } from "viem";
import {
  AmountZeroError,
  CaptureAfterDeadlineError,
  CaptureExceedsHeldError,
  HoldChangedError,
  NothingHeldError,
  RefundExceedsCapturedError,
} from "../../generated/errors.js";
import type { PaymentRef } from "../../generated/types.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import {
  CaptureRepeatedError,
  HoldNotReleasedError,
  HoldUnknownError,
  OrderInFlightError,
  OrderOutcomeUnknownError,
  OrderRefusedError,
} from "../../holdErrors.js";
import { RelayError, relay } from "../../vault/relay.js";
import { ErrAlreadyPaid, ErrCaptureTooLate } from "../errors.js";
import { MAX_CAPTURES } from "../operations.js";
import {
  afterOrder,
  heldOf,
  isDeferred,
  isSameOrder,
  type OrderedHold,
  partsOf,
  signedCaptures,
  signedOrder,
  standingAt,
  withOrder,
} from "./holds.js";
import { orderEscrowRefund } from "./orders.js";
import { outcomeOf, reasonOf, receiptIn } from "./outcomes.js";
import type { Hold, HoldOrder, HoldRefund, PaymentRecord, PaymentStorage } from "./storage.js";

export type EscrowManagerOptions = {
  /**
   * Milliseconds after which nobody works on a payment any more whose record does not change. More than a handler and its
   * settlements take: a request that takes longer gets its payment returned, and releases nothing. Default: ten minutes.
   */
  abandonedAfterMs?: number;
  /**
   * The facilitator whose relay returns what was not captured in time. Default: the manager's own, when it has a `url`; with
   * none, `onReclaimable` tells.
   */
  relayUrl?: string;
  /** What could not be done this time. Default: nothing is said, and the next round tries again. */
  onError?: (error: unknown, paymentId?: Hex) => void;
  /**
   * A payment was captured although its buyer got no response: the answer came too late, or the storage could not be reached
   * when it left. It should be refunded. Told at least once; a promise is waited for, and when it fails it is told again.
   */
  onUnreleased?: (hold: OpenHold) => void | Promise<void>;
  /** The time of a hold is over, and there is no relay: anyone can call the vault's `reclaim`. Told in every round. */
  onReclaimable?: (hold: OpenHold) => void;
};

/** A payment that is not at its end. Amounts are in the token's smallest unit. */
export type OpenHold = {
  paymentId: Hex;
  state: PaymentRecord["state"];
  isDeferred: boolean;
  network: string;
  vault: Address;
  /** What names it inside the vault. */
  ref: PaymentRef;
  /** What was paid. */
  amount: bigint;
  /** What can still be captured or returned, as far as is known. */
  held: bigint;
  captured: bigint;
  /** First Unix second at which nothing can be captured any more, when it is known. */
  captureUntil: number | undefined;
  /** What was ordered, and is not known to be done. */
  order: HoldOrder | undefined;
  /** When any of this changed: milliseconds since 1970. */
  changedAt: number;
};

/** How a payment stands after an order. */
export type OrderResult = { paymentId: Hex; captured: bigint; held: bigint; transaction: string };

/** How much of a payment was given back after a refund. */
export type RefundResult = { paymentId: Hex; refunded: bigint; transaction: string };

type Tools = { facilitator: FacilitatorClient; operator: AuthorizerSigner; storage: PaymentStorage };
type Held = PaymentRecord & { hold: Hold };

const ABANDONED_AFTER_MS = 600_000;
/**
 * Measured with USDC: n captures use 79,200 gas each alone, and 47,000 + 11,200 n together; what they credit is withdrawn for
 * 66,500. So 158,500 against 136,000 for two, and 79,200 against 124,800 for one.
 */
const BATCH_FROM = 2;
/** Between the clock of whoever asks and the chain's: an authorization that is older than this can no longer be mined. */
const CLOCK_MARGIN_MS = 120_000;

/**
 * What becomes of payments that an escrow holds: orders of the operator, and rounds that see to what was left unfinished.
 *
 * An order is remembered before it is sent, names what the record expects to stand on chain, and is forgotten with its
 * answer. So it is asked for until it is answered, by whichever process, and carried out once.
 */
export class EscrowManager {
  readonly #facilitator: FacilitatorClient;
  readonly #operator: AuthorizerSigner;
  readonly #storage: PaymentStorage;
  readonly #options: EscrowManagerOptions;
  readonly #relayUrl: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor({ facilitator, operator, storage }: Tools, options: EscrowManagerOptions) {
    this.#facilitator = facilitator;
    this.#operator = operator;
    this.#storage = storage;
    this.#options = options;
    this.#relayUrl = options.relayUrl ?? (facilitator as { url?: string }).url;
  }

  /** The payments into escrows of which something is held, may be held, or is not known. */
  async list(): Promise<OpenHold[]> {
    const open = await this.#storage.list();
    return open.flatMap(({ paymentId, record }) => (isHeld(record) ? [openHoldOf(paymentId, record)] : []));
  }

  /* ORDERS */

  /**
   * Captures a part of what is held; the rest stays held.
   *
   * @param expectedCaptured What the caller believes to have been captured before: with it, asking again does nothing.
   * @throws {HoldUnknownError} {@link HoldNotReleasedError} {@link NothingHeldError} when there is nothing to capture.
   * @throws {CaptureExceedsHeldError} {@link AmountZeroError} {@link HoldChangedError} when it is not what can be captured.
   * @throws {CaptureAfterDeadlineError} when it is too late, or nearly.
   * @throws {OrderInFlightError} when another order was not answered yet.
   * @throws {OrderOutcomeUnknownError} when this one was not: it is asked for again.
   * @throws {OrderRefusedError} when the facilitator refused it.
   */
  async capture(
    paymentId: Hex,
    amount: bigint,
    { expectedCaptured }: { expectedCaptured?: bigint } = {},
  ): Promise<OrderResult> {
    if (amount <= 0n) throw new AmountZeroError();
    return this.#order(paymentId, { type: "capture", amount, expectedCaptured });
  }

  /** Captures a part of what is held, or nothing, and returns the rest: the payment ends. Throws as `capture` does. */
  async close(paymentId: Hex, amount: bigint): Promise<OrderResult> {
    return this.#order(paymentId, { type: "close", amount });
  }

  /** Returns all that is held. Throws as `capture` does. */
  async void(paymentId: Hex): Promise<OrderResult> {
    return this.#order(paymentId, { type: "void", amount: 0n });
  }

  async #order(paymentId: Hex, wanted: WantedOrder): Promise<OrderResult> {
    const remembered = await this.#remember(paymentId, wanted);
    const { hold, isFirst } = remembered;
    return hold.order ? this.#carryOut(paymentId, hold, hold.order, isFirst) : resultOf(paymentId, hold, "");
  }

  /** Writes the order into the record, where it may be already. Without one in it, what is wanted was done. */
  async #remember(paymentId: Hex, wanted: WantedOrder): Promise<{ hold: Hold; isFirst: boolean }> {
    let isFirst = false;
    const record = await this.#storage.update(paymentId, (current) => {
      const hold = orderable(paymentId, current);
      const next = withOrder(hold, wanted.type, wanted.amount);
      isFirst = hold.order === undefined;
      if (isFirst && wasCaptured(hold, wanted)) return current;
      if (hold.order && !isSameOrder(hold.order, next.order as HoldOrder)) {
        throw new OrderInFlightError(paymentId, hold.order);
      }
      checkAmount(paymentId, hold, wanted);
      return { ...(current as Held), hold: next };
    });
    return { hold: (record as Held).hold, isFirst };
  }

  /** Sends what the record orders, and writes down what the answer says. */
  async #carryOut(paymentId: Hex, hold: Hold, order: HoldOrder, isFirst = false): Promise<OrderResult> {
    const answer = await this.#ask(hold, await signedOrder(this.#operator, hold, order), order.amount);
    const reason = reasonOf(answer);
    if (!isAnswer(answer) || (!answer.success && outcomeOf(answer) === "unknown")) {
      throw new OrderOutcomeUnknownError(paymentId, isAnswer(answer) ? { reason } : { cause: answer });
    }
    const ordered = afterOrder(hold, order);
    const standing = answer.success ? ordered : standingBy(answer, hold);
    // Without knowing how it stands, only an order that was never sent before is certain not to be carried out.
    if (standing || isFirst) await this.#settleOrder(paymentId, order, standing);
    if (standing && standing.captured === ordered.captured && standing.isOpen === ordered.isOpen) {
      return resultOf(paymentId, standing, answer.transaction);
    }
    throw errorOf(paymentId, hold, reason ?? "");
  }

  async #settleOrder(paymentId: Hex, order: HoldOrder, standing: Hold | undefined): Promise<void> {
    await this.#storage.update(paymentId, (current) => {
      const hold = current?.hold;
      // Somebody else has written down the same answer, and may have ordered more.
      if (!current || !hold || hold.captured !== order.captured || !hold.isOpen) return undefined;
      if (hold.order && !isSameOrder(hold.order, order)) return undefined;
      const captured = BigInt(standing?.captured ?? hold.captured);
      return { ...current, hold: standingAt(hold, captured, standing?.isOpen ?? hold.isOpen) };
    });
  }

  async #ask(hold: Hold, operation: Record<string, unknown>, amount: string): Promise<unknown> {
    const payload = { ...hold.payload, payload: { ...hold.payload.payload, ...operation } };
    return this.#facilitator.settle(payload, { ...hold.requirements, amount }).catch((error) => error);
  }

  /* MANY CAPTURES */

  /**
   * Captures parts of many payments. From `batchFrom` on, those of one vault and token are one transaction, which credits the
   * receiver: `withdraw` pays all of it out.
   *
   * @param batchFrom Default: as many as make it cheaper than one transaction each, the withdrawal included.
   * @returns What became of each, in their order. One that cannot be captured stops no other; its reason is what `capture`
   * throws.
   */
  async captureMany(
    captures: readonly { paymentId: Hex; amount: bigint }[],
    { batchFrom = BATCH_FROM }: { batchFrom?: number } = {},
  ): Promise<PromiseSettledResult<OrderResult>[]> {
    const once = new Set<Hex>();
    const remembering = captures.map(async ({ amount, paymentId }): Promise<Remembered> => {
      if (amount <= 0n) throw new AmountZeroError();
      // A second one of the same payment would look like the first, asked for again.
      if (once.size === once.add(paymentId).size) throw new CaptureRepeatedError(paymentId);
      const { hold, isFirst } = await this.#remember(paymentId, { type: "capture", amount });
      return { paymentId, hold, isFirst, order: hold.order as HoldOrder };
    });
    const remembered = await Promise.allSettled(remembering);
    const fresh = remembered.flatMap((item) => (item.status === "fulfilled" && item.value.isFirst ? [item.value] : []));
    const batched = new Map<Hex, Promise<BatchAnswer>>();
    for (const batch of batchesOf(fresh)) {
      if (batch.length < batchFrom) continue;
      const asking = this.#askTogether(batch);
      for (const { paymentId } of batch) batched.set(paymentId, asking);
    }
    return Promise.allSettled(
      remembered.map(async (item) => {
        if (item.status === "rejected") throw item.reason;
        return this.#conclude(item.value, await batched.get(item.value.paymentId));
      }),
    );
  }

  async #askTogether(batch: readonly Remembered[]): Promise<BatchAnswer> {
    const [first] = batch as [Remembered];
    const total = batch.reduce((sum, { order }) => sum + BigInt(order.amount), 0n);
    const answer = await this.#ask(first.hold, await signedCaptures(this.#operator, batch), String(total));
    if (!isAnswer(answer)) return { isUnknown: true, cause: answer };
    if (!answer.success) return { isUnknown: outcomeOf(answer) === "unknown", reason: reasonOf(answer) };
    const { captured } = answer.extra as { captured: Hex[] };
    return { isUnknown: false, captured, transaction: answer.transaction };
  }

  async #conclude(
    { hold, isFirst, order, paymentId }: Remembered,
    answer: BatchAnswer | undefined,
  ): Promise<OrderResult> {
    if (answer?.isUnknown) throw new OrderOutcomeUnknownError(paymentId, answer);
    // It was left out, or was never a part of it.
    if (!answer?.captured?.includes(paymentId)) return this.#carryOut(paymentId, hold, order, isFirst);
    const standing = afterOrder(hold, order);
    await this.#settleOrder(paymentId, order, standing);
    return resultOf(paymentId, standing, answer.transaction ?? "");
  }

  /* REFUND */

  /**
   * Gives the buyer back of what was captured, also when the time is over: out of the purse of `signer`. What was not answered
   * is asked for again by whoever asks for the same amount, and happens once; no round does it.
   *
   * @throws {HoldUnknownError} {@link HoldNotReleasedError} {@link AmountZeroError} {@link OrderInFlightError}
   * {@link OrderOutcomeUnknownError} {@link OrderRefusedError} as `capture` does.
   * @throws {RefundExceedsCapturedError} when more is to be refunded than was captured and not refunded yet.
   */
  async refund(paymentId: Hex, amount: bigint, signer: AuthorizerSigner): Promise<RefundResult> {
    if (amount <= 0n) throw new AmountZeroError();
    const { isFirst, hold } = await this.#rememberRefund(paymentId, amount, signer);
    const { refund } = hold;
    const answer = await this.#ask(hold, { type: "refund", refund }, refund.value);
    const reason = reasonOf(answer);
    if (!isAnswer(answer) || (!answer.success && outcomeOf(answer) === "unknown")) {
      throw new OrderOutcomeUnknownError(paymentId, isAnswer(answer) ? { reason } : { cause: answer });
    }
    const ordered = BigInt(hold.refunded) + amount;
    const told = receiptIn(answer)?.refunded;
    const refunded = answer.success ? ordered : told === undefined ? undefined : BigInt(told);
    if (refunded !== undefined || isFirst) await this.#settleRefund(paymentId, hold, refunded);
    if (refunded === ordered) return { paymentId, refunded, transaction: answer.transaction };
    throw errorOf(paymentId, hold, reason ?? "");
  }

  async #rememberRefund(
    paymentId: Hex,
    amount: bigint,
    signer: AuthorizerSigner,
  ): Promise<{ isFirst: boolean; hold: Hold & { refund: HoldRefund } }> {
    const found = orderable(paymentId, await this.#storage.get(paymentId));
    checkRefund(paymentId, found, amount);
    const { payment } = partsOf(found);
    const { extra } = found.requirements;
    const refunded = BigInt(found.refunded);
    const signed = found.refund ?? (await orderEscrowRefund(signer, payment, { amount, refunded, domain: extra }));
    let isFirst = false;
    const record = await this.#storage.update(paymentId, (current) => {
      const hold = orderable(paymentId, current);
      checkRefund(paymentId, hold, amount);
      isFirst = hold.refund === undefined;
      if (isFirst && hold.refunded !== found.refunded) return undefined;
      return { ...(current as Held), hold: { ...hold, refund: hold.refund ?? signed, changedAt: Date.now() } };
    });
    // Another refund was faster, and what was signed is not for the next one.
    if (!record) return this.#rememberRefund(paymentId, amount, signer);
    return { isFirst, hold: record.hold as Hold & { refund: HoldRefund } };
  }

  async #settleRefund(paymentId: Hex, { refund, refunded: before }: Hold, refunded: bigint | undefined): Promise<void> {
    await this.#storage.update(paymentId, (current) => {
      // Somebody else has written down the same answer, and may have refunded more.
      if (!current?.hold || current.hold.refunded !== before || current.hold.refund?.nonce !== refund?.nonce) {
        return undefined;
      }
      const { refund: _, ...hold } = current.hold;
      return { ...current, hold: { ...hold, refunded: String(refunded ?? before), changedAt: Date.now() } };
    });
  }

  /* ROUNDS */

  /** Sees to what is open in rounds, the first one at once. */
  start({ intervalMs = 60_000 }: { intervalMs?: number } = {}): void {
    if (this.#timer !== undefined) return;
    const next = () => {
      this.#round = this.reconcile().then(() => {
        if (this.#timer !== undefined) this.#timer = setTimeout(next, intervalMs);
      });
    };
    this.#timer = setTimeout(next, 0);
  }

  /** Ends the rounds, and waits for the one that runs. */
  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#round;
  }

  /**
   * One round: asks again for what was not answered, returns what nobody's request holds any more, and what was not captured
   * in time. It never throws; `onError` is told.
   */
  async reconcile(): Promise<void> {
    try {
      for (const { paymentId, record } of await this.#storage.list()) {
        if (isHeld(record)) await this.#seeTo(paymentId, record).catch((error) => this.#tell(error, paymentId));
      }
    } catch (error) {
      this.#tell(error);
    }
  }

  #tell(error: unknown, paymentId?: Hex): void {
    try {
      this.#options.onError?.(error, paymentId);
    } catch {
      // Whoever is told must not end the round.
    }
  }

  async #seeTo(paymentId: Hex, record: Held): Promise<void> {
    const { hold, state } = record;
    if (state === "returning") return this.#giveBack(paymentId, record);
    if (state === "released") {
      try {
        if (hold.order) await this.#carryOut(paymentId, hold, hold.order);
      } finally {
        if (isOver(hold)) await this.#reclaim(paymentId, record);
      }
      return;
    }
    const { abandonedAfterMs = ABANDONED_AFTER_MS } = this.#options;
    if (Date.now() - hold.changedAt < abandonedAfterMs) return;
    const taken = await this.#take(paymentId, record);
    if (taken?.state === "returning") return this.#giveBack(paymentId, taken);
    if (taken) return this.#findOut(paymentId, taken);
  }

  /** Takes over from the request that died, unless it has moved. What it held is given up. */
  async #take(paymentId: Hex, { hold, state }: Held): Promise<Held | undefined> {
    const taken = await this.#storage.update(paymentId, (current) => {
      if (!current?.hold || current.state !== state || current.hold.changedAt !== hold.changedAt) return undefined;
      const next = state === "held" ? "returning" : "settling";
      return { ...current, state: next, hold: { ...current.hold, changedAt: Date.now() } };
    });
    return taken && isHeld(taken) ? taken : undefined;
  }

  /* GIVEN UP */

  /** Asks again for the payment, by the name that its request gave it; if it was paid, nobody's request holds it. */
  async #findOut(paymentId: Hex, { hold, idempotencyKey }: Held): Promise<void> {
    const answer = await this.#ask(hold, { type: "pay", idempotencyKey }, hold.requirements.amount);
    const isPaid = isAnswer(answer) && (answer.success || reasonOf(answer) === ErrAlreadyPaid);
    // What was refused can still be mined, if it was sent and forgotten, until its authorization ends.
    if (!isPaid && outcomeOf(answer) === "refused" && !canBePaid(hold)) return this.#storage.delete(paymentId);
    const found = await this.#storage.update(paymentId, (current) =>
      current?.state === "settling" ? { ...current, state: isPaid ? "returning" : "unknown" } : undefined,
    );
    if (!isPaid) throw new OrderOutcomeUnknownError(paymentId, { reason: reasonOf(answer), cause: answer });
    if (found && isHeld(found)) await this.#giveBack(paymentId, found);
  }

  /** Returns what nothing has left for, and tells of what was captured all the same. */
  async #giveBack(paymentId: Hex, record: Held): Promise<void> {
    const { hold } = record;
    const order = withOrder(hold, "void", 0n).order as HoldOrder;
    const answer = await this.#ask(hold, await signedOrder(this.#operator, hold, order), "0");
    const standing = isAnswer(answer) && (answer.success ? afterOrder(hold, order) : standingBy(answer, hold));
    if (standing && !standing.isOpen) return this.#end(paymentId, standing);
    const reason = reasonOf(answer);
    if (isTooLate(reason)) return this.#reclaim(paymentId, record);
    if (!isAnswer(answer) || outcomeOf(answer) === "unknown") {
      throw new OrderOutcomeUnknownError(paymentId, isAnswer(answer) ? { reason } : { cause: answer });
    }
    throw errorOf(paymentId, hold, reason ?? "");
  }

  async #end(paymentId: Hex, standing: Hold): Promise<void> {
    const record = await this.#storage.get(paymentId);
    if (record?.state !== "returning") return;
    if (standing.captured !== "0") {
      await this.#options.onUnreleased?.(openHoldOf(paymentId, { ...record, hold: standing }));
    }
    await this.#storage.update(paymentId, (current) =>
      current?.state === "returning" ? { ...current, state: "released", hold: standing } : undefined,
    );
  }

  /* OVER */

  /** Returns what was not captured in time: anyone may, so a relay does. */
  async #reclaim(paymentId: Hex, record: Held): Promise<void> {
    const { hold } = record;
    if (this.#relayUrl === undefined) {
      this.#options.onReclaimable?.(openHoldOf(paymentId, record));
      return;
    }
    const { payment, vault } = partsOf(hold);
    const { network } = hold.requirements;
    let captured = BigInt(hold.captured);
    try {
      const request = { action: "reclaim", network, vault, ref: payment.ref } as const;
      const answer = await relay(request, { facilitator: this.#relayUrl });
      captured = BigInt(receiptIn(answer)?.captured ?? captured);
    } catch (error) {
      const reason = error instanceof RelayError ? error.reason : undefined;
      // The chain's clock decides, and ours was early.
      if (reason === wireCodeOf.ReclaimBeforeDeadline) return;
      if (reason !== wireCodeOf.NothingHeld) throw error;
    }
    await this.#storage.update(paymentId, (current) =>
      current?.hold?.isOpen
        ? { ...current, state: "released", hold: standingAt(current.hold, captured, false) }
        : undefined,
    );
  }
}

/** A capture that is in its record, and whether this very call wrote it there. */
type Remembered = OrderedHold & { paymentId: Hex; isFirst: boolean };

/** What a facilitator said of many captures at once. */
type BatchAnswer = {
  isUnknown: boolean;
  reason?: string | undefined;
  cause?: unknown;
  captured?: Hex[];
  transaction?: string;
};

/** Those of one vault and token, as many as fit. */
function batchesOf(remembered: readonly Remembered[]): Remembered[][] {
  const groups = new Map<string, Remembered[]>();
  for (const item of remembered) {
    const { asset, network, payTo } = item.hold.requirements;
    const place = `${network}:${payTo}:${asset}`;
    groups.set(place, [...(groups.get(place) ?? []), item]);
  }
  return [...groups.values()].flatMap((group) =>
    Array.from({ length: Math.ceil(group.length / MAX_CAPTURES) }, (_, index) =>
      group.slice(index * MAX_CAPTURES, (index + 1) * MAX_CAPTURES),
    ),
  );
}

type WantedOrder = { type: HoldOrder["type"]; amount: bigint; expectedCaptured?: bigint | undefined };

function isHeld(record: PaymentRecord): record is Held {
  return record.hold !== undefined;
}

function openHoldOf(paymentId: Hex, { hold, state }: PaymentRecord & { hold: Hold }): OpenHold {
  const { payment } = partsOf(hold);
  return {
    paymentId,
    state,
    isDeferred: isDeferred(hold),
    network: hold.requirements.network,
    vault: payment.vault,
    ref: payment.ref,
    amount: payment.amount,
    held: heldOf(hold),
    captured: BigInt(hold.captured),
    captureUntil: hold.captureUntil,
    order: hold.order,
    changedAt: hold.changedAt,
  };
}

/** The hold, when the operator may order something of it. */
function orderable(paymentId: Hex, record: PaymentRecord | undefined): Hold {
  if (!record?.hold) throw new HoldUnknownError(paymentId);
  if (record.state !== "released") throw new HoldNotReleasedError(paymentId, record.state);
  return record.hold;
}

/** Whether it is what the caller wants to be captured, when it says what it believes to have been captured before. */
function wasCaptured({ captured }: Hold, { amount, expectedCaptured }: WantedOrder): boolean {
  return expectedCaptured !== undefined && BigInt(captured) === expectedCaptured + amount;
}

function checkRefund(id: Hex, { captured, refund, refunded }: Hold, amount: bigint): void {
  const refundable = BigInt(captured) - BigInt(refunded);
  if (amount > refundable) throw new RefundExceedsCapturedError({ id, amount, refundable });
  if (refund && refund.value !== String(amount)) {
    throw new OrderInFlightError(id, { type: "refund", amount: refund.value });
  }
}

function checkAmount(id: Hex, hold: Hold, { amount, expectedCaptured, type }: WantedOrder): void {
  const held = heldOf(hold);
  const captured = BigInt(hold.captured);
  if (held === 0n) throw new NothingHeldError({ id });
  if (expectedCaptured !== undefined && expectedCaptured !== captured)
    throw new HoldChangedError({ id, held, captured });
  if (amount > held && type !== "void") throw new CaptureExceedsHeldError({ id, amount, held });
}

function resultOf(paymentId: Hex, hold: Hold, transaction: string): OrderResult {
  return { paymentId, captured: BigInt(hold.captured), held: heldOf(hold), transaction };
}

/** An answer of the facilitator, or the official client's error that carries one. */
function isAnswer(answer: unknown): answer is SettleResponse {
  return answer instanceof Object && "success" in answer && typeof answer.success === "boolean"
    ? true
    : reasonOf(answer) !== undefined;
}

/** How the payment stands on chain, when the facilitator tells. */
function standingBy(answer: SettleResponse, hold: Hold): Hold | undefined {
  const { amount, captured, returned } = receiptIn(answer) ?? {};
  if (amount === undefined || captured === undefined || returned === undefined) return undefined;
  return standingAt(hold, BigInt(captured), BigInt(captured) + BigInt(returned) < BigInt(amount));
}

function isTooLate(reason: string | undefined): boolean {
  return reason === ErrCaptureTooLate || reason === wireCodeOf.CaptureAfterDeadline;
}

function errorOf(paymentId: Hex, hold: Hold, reason: string): Error {
  if (isTooLate(reason)) return new CaptureAfterDeadlineError({ id: paymentId, captureUntil: hold.captureUntil ?? 0 });
  return reason === wireCodeOf.NothingHeld
    ? new NothingHeldError({ id: paymentId })
    : new OrderRefusedError(paymentId, reason);
}

/** By our own clock; the chain decides. */
function isOver(hold: Hold): boolean {
  const { vault } = partsOf(hold);
  const until = hold.captureUntil ?? Math.ceil(hold.changedAt / 1_000) + vault.terms.captureWindow;
  return Date.now() >= until * 1_000;
}

/** Whether what the payer signed can still be mined. */
function canBePaid({ payload }: Hold): boolean {
  const { validBefore } = (payload.payload as { authorization: { validBefore: string } }).authorization;
  return Date.now() < Number(validBefore) * 1_000 + CLOCK_MARGIN_MS;
}
