import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "pino";
import { type Address, BaseError, type Hash, type Hex, keccak256, type TransactionReceipt } from "viem";
import {
  estimateFeesPerGas,
  getTransactionCount,
  getTransactionReceipt,
  sendRawTransaction,
  signTransaction,
} from "viem/actions";
import { type KeeperClient, nameOf } from "./chain.js";
import type { Config } from "./config.js";
import type { Metrics } from "./metrics.js";
import type { Store, Submission } from "./store.js";

/** What came of a transaction: its receipt, or nothing when another one took its nonce. */
export type Settled = { submission: Submission; receipt: TransactionReceipt | undefined };

/** Nodes want a replacement to pay a tenth more. */
const RAISE_PERCENT = 125n;
/** Without a limit of the operator's, nothing pays more than so many times what the node suggests. */
const MAX_RAISE = 10n;
const POLL_MS = 250;

/** The key has too little for gas. Nothing was sent. */
export class InsufficientFundsError extends Error {
  override name = "InsufficientFundsError";
}

/**
 * Sends with one key: nonces in order, each written down before it is used. What waits too long is replaced for a higher
 * fee, with the same nonce, so that one of them is mined at most.
 */
export class Sender {
  readonly #client: KeeperClient;
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #store: Store;
  /** What this life has sent; a former one may have ended before it did. */
  readonly #sent = new Set<Hash>();

  constructor(client: KeeperClient, config: Config, logger: Logger, metrics: Metrics, store: Store) {
    this.#client = client;
    this.#config = config;
    this.#logger = logger;
    this.#metrics = metrics;
    this.#store = store;
  }

  get address(): Address {
    return this.#client.account.address;
  }

  /** What was sent, and is not known to be mined. */
  pending(): Promise<Submission[]> {
    return this.#store.submissions(this.address);
  }

  /** Signs, writes down, and sends. Whatever goes wrong with the sending, `settle` looks after it. */
  async send(call: { to: Address; data: Hex; gas: bigint; pairs: Hex[] }): Promise<Submission> {
    const [mined, pending] = await Promise.all([this.#mined(), this.pending()]);
    const nonce = Math.max(mined, ...pending.map((submission) => submission.nonce + 1));
    const submission = await this.#sign({ ...call, ...(await this.#fees()), nonce, hashes: [] });
    await this.#store.keepSubmission(this.address, submission);
    this.#logger.info({ ...factsOf(submission), pairs: call.pairs.length }, "sent");
    this.#metrics.transactions.inc({ status: "sent" });
    if (!(await this.#broadcast(submission))) {
      await this.forget(submission);
      throw new InsufficientFundsError();
    }
    return submission;
  }

  /** Waits for the oldest of what is pending; `undefined` when there is none, or it takes until `deadline`. */
  async settle(deadline: number, stop?: AbortSignal): Promise<Settled | undefined> {
    for (;;) {
      const [submission] = await this.pending();
      if (!submission) return undefined;
      // In this order: what is not mined with a nonce that was free before was not mined in its place.
      const mined = await this.#mined();
      const receipt = await this.#receipt(submission);
      if (receipt || mined > submission.nonce) {
        this.#metrics.transactions.inc({ status: receipt ? receipt.status : "lost" });
        return { submission, receipt };
      }
      if (Date.now() > deadline || stop?.aborted) return undefined;
      if (Date.now() - submission.sentAt > this.#config.STUCK_MS) await this.#replace(submission);
      else if (!this.#sent.has(keccak256(submission.serialized))) await this.#broadcast(submission);
      await sleep(POLL_MS);
    }
  }

  /** Forgets a transaction, after what it did was written down. */
  forget({ nonce }: Submission): Promise<void> {
    return this.#store.dropSubmission(this.address, nonce);
  }

  async #mined(): Promise<number> {
    return getTransactionCount(this.#client, { address: this.address, blockTag: "latest" });
  }

  async #receipt({ hashes }: Submission): Promise<TransactionReceipt | undefined> {
    for (const hash of hashes) {
      try {
        return await getTransactionReceipt(this.#client, { hash });
      } catch (error) {
        if (nameOf(error) !== "TransactionReceiptNotFoundError") throw error;
      }
    }
    return undefined;
  }

  async #replace(submission: Submission): Promise<void> {
    const fees = await this.#fees();
    const maxFeePerGas = larger(fees.maxFeePerGas, raised(submission.maxFeePerGas));
    const maxPriorityFeePerGas = larger(fees.maxPriorityFeePerGas, raised(submission.maxPriorityFeePerGas));
    const { MAX_FEE_PER_GAS = fees.maxFeePerGas * MAX_RAISE } = this.#config;
    if (maxFeePerGas > MAX_FEE_PER_GAS) {
      this.#logger.warn(factsOf(submission), "waits for lower fees");
      const same = { ...submission, sentAt: Date.now() };
      await this.#store.keepSubmission(this.address, same);
      await this.#broadcast(same);
      return;
    }
    const next = await this.#sign({ ...submission, maxFeePerGas, maxPriorityFeePerGas });
    await this.#store.keepSubmission(this.address, next);
    this.#logger.warn({ ...factsOf(next), replaces: submission.hashes.at(-1) }, "replaced");
    this.#metrics.transactions.inc({ status: "replaced" });
    await this.#broadcast(next);
  }

  async #sign(unsigned: Omit<Submission, "serialized" | "sentAt">): Promise<Submission> {
    const { data, gas, maxFeePerGas, maxPriorityFeePerGas, nonce, to } = unsigned;
    const { account, chain } = this.#client;
    const transaction = { data, gas, maxFeePerGas, maxPriorityFeePerGas, nonce, to, type: "eip1559" } as const;
    const serialized = await signTransaction(this.#client, { ...transaction, account, chain });
    const hash: Hash = keccak256(serialized);
    return { ...unsigned, hashes: [...unsigned.hashes, hash], sentAt: Date.now(), serialized };
  }

  /** Whether it may have been taken. */
  async #broadcast(submission: Submission): Promise<boolean> {
    this.#sent.add(keccak256(submission.serialized));
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
      return true;
    } catch (error) {
      if (error instanceof BaseError && /insufficient funds|enough funds/i.test(error.message)) return false;
      // It may have arrived all the same, be known already, or have lost its nonce: the chain will tell.
      this.#logger.warn({ ...factsOf(submission), error: nameOf(error) }, "not taken");
      return true;
    }
  }

  async #fees(): Promise<{ maxFeePerGas: bigint; maxPriorityFeePerGas: bigint }> {
    const { maxFeePerGas, maxPriorityFeePerGas } = await estimateFeesPerGas(this.#client);
    const { MAX_FEE_PER_GAS: limit = maxFeePerGas } = this.#config;
    return {
      maxFeePerGas: maxFeePerGas < limit ? maxFeePerGas : limit,
      maxPriorityFeePerGas: maxPriorityFeePerGas < limit ? maxPriorityFeePerGas : limit,
    };
  }
}

function raised(fee: bigint): bigint {
  return (fee * RAISE_PERCENT) / 100n + 1n;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}

function factsOf({ hashes, nonce, to }: Submission) {
  return { plan: to, transaction: hashes.at(-1), nonce };
}
