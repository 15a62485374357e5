import { type Address, encodeFunctionData, zeroHash } from "viem";
import { simulateContract } from "viem/actions";
import { payManyCall } from "../../generated/actions/refundWindow/payMany.js";
import type { Authorization } from "../../generated/types.js";
import { withDeadline } from "../../withDeadline.js";
import type { FacilitatorClient, Submission, Submitter, Task } from "./submitter.js";

/*
 * Bursts: payments of one vault and token that are ready at about the same time go out as one `payMany`. Each was verified,
 * estimated and paid for by itself before it came here, and each is answered by itself afterwards: all that is shared is the
 * transaction. It waits for nobody's sponsor, and no other transaction's receipt.
 */

/** How payments of a burst are put together. */
export type Batching = {
  /** Milliseconds that a payment waits for others, from the first of them on. */
  windowMs: number;
  /** When so many are together they are sent, whatever is left of the window; at most 50. */
  maxItems: number;
};

/** A payment that could be sent now. */
export type ReadyPayment = Task & {
  vault: Address;
  authorization: Authorization;
  /** What it needs alone. */
  gas: bigint;
};

/** One transaction to be. */
type Batch = { payments: ReadyPayment[]; close: () => void; sent: Promise<Map<string, Submission>> };

/** What the token and the payer's own code may use; above the vault's floor. Whoever needs more, all in all, goes alone. */
const ITEM_GAS = 200_000n;
/** Together they stay below the gas that a transaction may have (EIP-7825), even if each burns all that it may. */
const MAX_ITEMS = 50;
const NOTHING_SENT: Map<string, Submission> = new Map();

/** The payments that wait for others. */
export class Batches {
  readonly #client: FacilitatorClient;
  readonly #submitter: Submitter;
  readonly #options: Batching & { readTimeoutMs: number };
  /** The open batch of each vault and token. */
  readonly #open = new Map<string, Batch>();

  constructor(client: FacilitatorClient, submitter: Submitter, options: Batching & { readTimeoutMs: number }) {
    this.#client = client;
    this.#submitter = submitter;
    this.#options = options;
  }

  /** Sends the payment with those that become ready within the window. Without an answer it is to be sent alone. */
  join(payment: ReadyPayment): Promise<Submission | undefined> | undefined {
    if (payment.gas > ITEM_GAS) return undefined;
    const place = `${payment.vault}:${payment.authorization.token}`;
    const batch = this.#open.get(place) ?? this.#begin(place);
    batch.payments.push(payment);
    if (batch.payments.length >= Math.min(this.#options.maxItems, MAX_ITEMS)) batch.close();
    return batch.sent.then((submissions) => submissions.get(payment.key));
  }

  #begin(place: string): Batch {
    const payments: ReadyPayment[] = [];
    let close = () => {};
    const closed = new Promise<void>((resolve) => {
      const timer = setTimeout(() => close(), this.#options.windowMs);
      close = () => {
        clearTimeout(timer);
        // Whoever comes now begins the next one.
        this.#open.delete(place);
        resolve();
      };
    });
    const batch = { payments, close, sent: closed.then(() => this.#send(payments)) };
    this.#open.set(place, batch);
    return batch;
  }

  async #send(payments: ReadyPayment[]): Promise<Map<string, Submission>> {
    if (payments.length < 2) return NOTHING_SENT;
    try {
      // Who would be left out is not sent at all.
      const asking = simulateContract(this.#client, { ...callOf(payments), account: this.#client.account });
      const { result: ids } = await withDeadline(asking, this.#options.readTimeoutMs);
      const tasks = payments.filter((_, index) => ids[index] !== zeroHash);
      if (tasks.length < 2) return NOTHING_SENT;
      const { address: to, ...contractCall } = callOf(tasks);
      // Whatever any of them does until it is mined, the gas of the others is there.
      const data = encodeFunctionData(contractCall);
      return await this.#submitter.submitTogether({ contractCall: { to, data }, tasks, spareGas: ITEM_GAS });
    } catch {
      // Nothing was sent, and what is the matter with one of them, or with all, each learns alone.
      return NOTHING_SENT;
    }
  }
}

function callOf(payments: readonly ReadyPayment[]) {
  const [first] = payments as [ReadyPayment, ...ReadyPayment[]];
  const authorizations = payments.map(({ authorization }) => authorization);
  return payManyCall({ address: first.vault, token: first.authorization.token, authorizations, itemGas: ITEM_GAS });
}
