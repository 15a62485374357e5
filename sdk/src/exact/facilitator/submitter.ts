import pLimit from "p-limit";
import {
  type Address,
  BaseError,
  type Chain,
  type Client,
  type Hash,
  type Hex,
  HttpRequestError,
  keccak256,
  type LocalAccount,
  NonceTooLowError,
  TimeoutError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type Transport,
} from "viem";
import {
  getBlockNumber,
  getTransactionCount,
  getTransactionReceipt,
  prepareTransactionRequest,
  sendRawTransaction,
} from "viem/actions";

/** A call of a contract. */
export type ContractCall = { to: Address; data: Hex };

/** A client that signs by itself, so that a transaction's hash is known before anybody has seen it. */
export type FacilitatorClient = Client<Transport, Chain, LocalAccount>;

/** A transaction that was signed to do one thing once. */
export type Submission = {
  hash: Hash;
  /** The signed transaction, to send it again when nobody knows it. */
  serialized: Hex;
  /** Who asked for it: the authenticated server and its idempotency key. */
  owner?: string;
};

/**
 * Remembers what was signed, by what it does. A facilitator that may restart needs one that survives it; several
 * processes with one key need one that they share.
 */
export type SubmissionStorage = {
  get(key: string): Promise<Submission | undefined>;
  set(key: string, submission: Submission): Promise<void>;
  delete(key: string): Promise<void>;
};

/** Remembers submissions in the memory of this process. */
export class InMemorySubmissionStorage implements SubmissionStorage {
  readonly #submissions = new Map<string, Submission>();

  async get(key: string): Promise<Submission | undefined> {
    return this.#submissions.get(key);
  }

  async set(key: string, submission: Submission): Promise<void> {
    this.#submissions.set(key, submission);
  }

  async delete(key: string): Promise<void> {
    this.#submissions.delete(key);
  }
}

/** What became of a submission. Without a receipt it has been sent, and nobody can say yet. */
export type Outcome = {
  submission: Submission;
  receipt?: TransactionReceipt;
  /** Whether this very call signed it. */
  isFirst: boolean;
};

export type SubmitterOptions = {
  storage: SubmissionStorage;
  /** Blocks on top of the transaction's own, it included. */
  confirmations: number;
  /** Milliseconds to wait for the receipt. */
  confirmationTimeoutMs: number;
  /** The most gas that one transaction may use. */
  maxGas: bigint;
};

/** The transaction would use more gas than is sponsored. */
export class GasTooHighError extends BaseError {
  constructor(gas: bigint, maxGas: bigint) {
    super(`The transaction needs ${gas} gas, and ${maxGas} are sponsored.`, { name: "GasTooHighError" });
  }
}

/** Whether the chain was not reached at all, or did not answer. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof BaseError)) return false;
  return error.walk((cause) => cause instanceof HttpRequestError || cause instanceof TimeoutError) !== null;
}

/** How long a node may be unreachable while a receipt is awaited. */
const UNREACHABLE_MS = 5_000;
const POLL_MS = 250;
/** An estimate holds for the state it was made in; a payment that opens a bucket writes one more word. */
const GAS_MARGIN = 40_000n;

/** Sends each thing once: what was signed is remembered before it is sent, and looked up before it is signed again. */
export class Submitter {
  readonly #client: FacilitatorClient;
  readonly #options: SubmitterOptions;
  /** Nonces are given out in order. */
  readonly #inOrder = pLimit(1);
  readonly #inFlight = new Map<string, Promise<Outcome>>();

  constructor(client: FacilitatorClient, options: SubmitterOptions) {
    this.#client = client;
    this.#options = options;
  }

  /** What became of what was signed to do this, if anything was and can still be mined. */
  async find(key: string): Promise<Outcome | undefined> {
    const running = this.#inFlight.get(key);
    if (running) return { ...(await running), isFirst: false };
    return this.#findStored(key);
  }

  async #findStored(key: string): Promise<Outcome | undefined> {
    const known = await this.#options.storage.get(key);
    if (!known) return undefined;
    try {
      if (await this.#isAlive(known)) return { ...(await this.#await(known)), isFirst: false };
    } catch (error) {
      // Sent, and nobody can be asked: this must not look like a failure.
      if (isUnreachable(error)) return { submission: known, isFirst: false };
      throw error;
    }
    await this.#options.storage.delete(key);
    return undefined;
  }

  /** What failed on chain may be tried again. */
  async forget(key: string): Promise<void> {
    await this.#options.storage.delete(key);
  }

  /**
   * Does what `key` names by `call`, unless it was done or is being done.
   *
   * @param owner Who asks; the outcome tells who asked first.
   * @throws viem's errors when nothing was sent: the chain cannot be reached or would refuse the transaction.
   */
  submitOnce(key: string, owner: string | undefined, call: ContractCall): Promise<Outcome> {
    const running = this.#inFlight.get(key);
    if (running) return running.then((outcome) => ({ ...outcome, isFirst: false }));
    const submitting = this.#submit(key, owner, call).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, submitting);
    return submitting;
  }

  async #submit(key: string, owner: string | undefined, call: ContractCall): Promise<Outcome> {
    const known = await this.#findStored(key);
    if (known) return known;

    const submission = await this.#inOrder(async () => {
      const signed = await this.#sign(call, owner);
      await this.#options.storage.set(key, signed);
      await this.#send(key, signed);
      return signed;
    });
    return { ...(await this.#await(submission)), isFirst: true };
  }

  async #sign(call: ContractCall, owner: string | undefined): Promise<Submission> {
    const { account } = this.#client;
    const nonce = await getTransactionCount(this.#client, { address: account.address, blockTag: "pending" });
    const prepared = await prepareTransactionRequest(this.#client, {
      ...call,
      account,
      chain: this.#client.chain,
      nonce,
    });
    const gas = (prepared.gas ?? 0n) + GAS_MARGIN;
    if (gas > this.#options.maxGas) throw new GasTooHighError(gas, this.#options.maxGas);
    const serialized = await account.signTransaction({ ...prepared, gas } as Parameters<
      typeof account.signTransaction
    >[0]);
    return { hash: keccak256(serialized), serialized, ...(owner === undefined ? {} : { owner }) };
  }

  /** A node that says no has not taken it; from one that says nothing, only the chain can tell later. */
  async #send(key: string, submission: Submission): Promise<void> {
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
    } catch (error) {
      if (isUnreachable(error) || (await this.#receiptOf(submission.hash))) return;
      await this.#options.storage.delete(key);
      throw error;
    }
  }

  /** Sends it again where nobody knows it. Dead is what can no longer be mined, since its nonce went to another transaction. */
  async #isAlive(submission: Submission): Promise<boolean> {
    if (await this.#receiptOf(submission.hash)) return true;
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
      return true;
    } catch (error) {
      const isNonceSpent =
        error instanceof BaseError && error.walk((cause) => cause instanceof NonceTooLowError) !== null;
      return !isNonceSpent || (await this.#receiptOf(submission.hash)) !== undefined;
    }
  }

  async #await(submission: Submission): Promise<Omit<Outcome, "isFirst">> {
    const end = Date.now() + this.#options.confirmationTimeoutMs;
    let lastAnswer = Date.now();
    while (Date.now() < end && Date.now() - lastAnswer < UNREACHABLE_MS) {
      try {
        const receipt = await this.#receiptOf(submission.hash);
        lastAnswer = Date.now();
        if (receipt && (await this.#isDeepEnough(receipt))) return { submission, receipt };
      } catch {
        // The node is away: wait for it for a while.
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return { submission };
  }

  async #receiptOf(hash: Hash): Promise<TransactionReceipt | undefined> {
    try {
      return await getTransactionReceipt(this.#client, { hash });
    } catch (error) {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    }
  }

  async #isDeepEnough(receipt: TransactionReceipt): Promise<boolean> {
    if (this.#options.confirmations <= 1) return true;
    const newest = await getBlockNumber(this.#client, { cacheTime: 0 });
    return newest - receipt.blockNumber + 1n >= BigInt(this.#options.confirmations);
  }
}
