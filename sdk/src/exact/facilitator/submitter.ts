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
  TimeoutError,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
  type Transport,
} from "viem";
import {
  getBlockNumber,
  getTransaction,
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

/** What is to be sent, asked for once: `prepare` makes the call, and `approve` is asked when its gas is known. */
export type Work = { prepare: () => Promise<ContractCall>; approve: () => Promise<void> };

/** A call with its fees and its gas, and no nonce yet. */
type EstimatedRequest = { gas: bigint };

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

function messageOf(error: unknown): string {
  return error instanceof BaseError ? `${error.details} ${error.shortMessage}` : String(error);
}

/** How nodes say that they did not take a transaction. What is not said so may have been taken. */
const REFUSED = /nonce too (low|high)|insufficient funds|underpriced|intrinsic gas|fee cap|fee too low|gas limit/i;
const NONCE_SPENT = /nonce too low/i;

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

  /**
   * Does what `key` names, unless it was done or is being done; whoever asks meanwhile joins.
   *
   * @param owner Who asks, and for what; the outcome tells who asked first.
   * @throws What `work` throws, and viem's errors, when nothing was sent.
   */
  submitOnce(key: string, owner: string | undefined, work: Work): Promise<Outcome> {
    const running = this.#inFlight.get(key);
    if (running) return running.then((outcome) => ({ ...outcome, isFirst: false }));
    const submitting = this.#submit(key, owner, work).finally(() => this.#inFlight.delete(key));
    this.#inFlight.set(key, submitting);
    return submitting;
  }

  /** Sends a call that nothing is remembered of, in the same order and under the same limit of gas. */
  async send(contractCall: ContractCall, approve: () => Promise<void>): Promise<Hash> {
    const request = await this.#estimate(contractCall);
    await approve();
    return this.#inOrder(async () => {
      const { serialized } = await this.#sign(request);
      return sendRawTransaction(this.#client, { serializedTransaction: serialized });
    });
  }

  /** What failed on chain may be tried again. */
  async forget(key: string, { hash }: Submission): Promise<void> {
    const known = await this.#options.storage.get(key);
    if (known?.hash === hash) await this.#options.storage.delete(key);
  }

  async #submit(key: string, owner: string | undefined, { approve, prepare }: Work): Promise<Outcome> {
    const known = await this.#find(key);
    if (known) return known;

    // Whatever takes long is done before nonces are given out, so that nobody waits for another's estimate.
    const request = await this.#estimate(await prepare());
    await approve();
    const submission = await this.#inOrder(async () => {
      const signed = { ...(await this.#sign(request)), ...(owner === undefined ? {} : { owner }) };
      await this.#options.storage.set(key, signed);
      await this.#send(key, signed);
      return signed;
    });
    return { ...(await this.#await(submission)), isFirst: true };
  }

  /** What became of what was signed to do this, if anything was and can still be mined. */
  async #find(key: string): Promise<Outcome | undefined> {
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

  async #estimate(contractCall: ContractCall): Promise<EstimatedRequest> {
    const { account, chain } = this.#client;
    const parameters = ["chainId", "fees", "gas", "type"] as const;
    const request = await prepareTransactionRequest(this.#client, { ...contractCall, account, chain, parameters });
    const gas = request.gas + GAS_MARGIN;
    if (gas > this.#options.maxGas) throw new GasTooHighError(gas, this.#options.maxGas);
    return { ...request, gas };
  }

  async #sign(request: EstimatedRequest): Promise<Submission> {
    const { account } = this.#client;
    const nonce = await getTransactionCount(this.#client, { address: account.address, blockTag: "pending" });
    const transaction = { ...request, nonce } as unknown as Parameters<typeof account.signTransaction>[0];
    const serialized = await account.signTransaction(transaction);
    return { hash: keccak256(serialized), serialized };
  }

  /** Only a node that certainly refused it has not taken it; of anything else the chain tells later. */
  async #send(key: string, submission: Submission): Promise<void> {
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
    } catch (error) {
      if (!REFUSED.test(messageOf(error)) || (await this.#isKnown(submission.hash))) return;
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
      return !NONCE_SPENT.test(messageOf(error)) || this.#isKnown(submission.hash);
    }
  }

  async #isKnown(hash: Hash): Promise<boolean> {
    try {
      await getTransaction(this.#client, { hash });
      return true;
    } catch (error) {
      return !(error instanceof TransactionNotFoundError);
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
