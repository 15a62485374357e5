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
  /** Of a transaction that does several things: the key that is written last. Without it, the transaction was never sent. */
  lastKey?: string;
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

/** What is to be done once, and who asks for it. */
export type Task = { key: string; owner: string | undefined };

/** What is to be sent, asked for once: `prepare` makes the call, and `approve` is asked when its gas is known. */
export type Work = {
  prepare: () => Promise<ContractCall>;
  approve: () => Promise<void>;
  /** Has it sent together with others, where it can be. What comes back unsent is prepared again, and sent alone. */
  join?: (task: Task, gas: bigint) => Promise<Submission | undefined> | undefined;
  /** What the same call does along with it. */
  alongside?: readonly Task[];
  /** Instead of the limit of one transaction. */
  maxGas?: bigint;
};

/** A call with its fees and its gas, and no nonce yet. */
type EstimatedRequest = { gas: bigint };

/** One call that does several things. */
export type SharedCall = {
  contractCall: ContractCall;
  tasks: readonly Task[];
  /** What each may use beyond the estimate. */
  spareGas: bigint;
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
  /** Those who wait for one transaction ask for its receipt together. */
  readonly #awaited = new Map<Hash, Promise<TransactionReceipt | undefined>>();

  constructor(client: FacilitatorClient, options: SubmitterOptions) {
    this.#client = client;
    this.#options = options;
  }

  /**
   * Does what `key` names, unless it was done or is being done; whoever asks meanwhile joins, and tries itself when that
   * fails.
   *
   * @param owner Who asks, and for what; the outcome tells who asked first.
   * @throws What `work` throws, and viem's errors, when nothing was sent.
   */
  submitOnce(key: string, owner: string | undefined, work: Work): Promise<Outcome> {
    const running = this.#inFlight.get(key);
    if (running) {
      return running.then(
        (outcome) => ({ ...outcome, isFirst: false }),
        // Another's failure is no answer of ours: anybody can ask for the same with a signature that is wrong.
        () => this.submitOnce(key, owner, work),
      );
    }
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

  /**
   * Does in one transaction what several keys name.
   *
   * @returns The submission of each key.
   * @throws When nothing was sent.
   */
  async submitTogether({ contractCall, spareGas, tasks }: SharedCall): Promise<Map<string, Submission>> {
    const count = BigInt(tasks.length);
    const maxGas = count * this.#options.maxGas;
    return this.#broadcast(await this.#estimate(contractCall, { margin: count * spareGas, maxGas }), tasks);
  }

  /** Whether what `key` names was signed before. */
  async isKnown(key: string): Promise<boolean> {
    return this.#inFlight.has(key) || (await this.#options.storage.get(key)) !== undefined;
  }

  /** What failed on chain may be tried again. */
  async forget(key: string, { hash }: Submission): Promise<void> {
    const known = await this.#options.storage.get(key);
    if (known?.hash === hash) await this.#options.storage.delete(key);
  }

  async #submit(key: string, owner: string | undefined, work: Work): Promise<Outcome> {
    const { alongside = [], approve, join, maxGas = this.#options.maxGas, prepare } = work;
    const known = await this.#find(key);
    if (known) return known;

    // Whatever takes long is done before nonces are given out, so that nobody waits for another's estimate.
    let request = await this.#estimate(await prepare(), { maxGas });
    await approve();
    const task = { key, owner };
    const joining = join?.(task, request.gas);
    let submission = await joining;
    if (!submission) {
      // It waited for others, and is not as fresh as it was.
      if (joining) request = await this.#estimate(await prepare(), { maxGas });
      submission = (await this.#broadcast(request, [...alongside, task])).get(key) as Submission;
    }
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

  async #estimate(
    contractCall: ContractCall,
    { margin = GAS_MARGIN, maxGas = this.#options.maxGas } = {},
  ): Promise<EstimatedRequest> {
    const { account, chain } = this.#client;
    const parameters = ["chainId", "fees", "gas", "type"] as const;
    const request = await prepareTransactionRequest(this.#client, { ...contractCall, account, chain, parameters });
    const gas = request.gas + margin;
    if (gas > maxGas) throw new GasTooHighError(gas, maxGas);
    return { ...request, gas };
  }

  /** Signs, remembers under every key, and sends, one transaction after the other. */
  #broadcast(request: EstimatedRequest, tasks: readonly Task[]): Promise<Map<string, Submission>> {
    return this.#inOrder(async () => {
      const signed = await this.#sign(request);
      const lastKey = tasks.at(-1)?.key;
      const shared = lastKey !== undefined && tasks.length > 1 ? { lastKey } : {};
      const submissions = new Map<string, Submission>(
        tasks.map(({ key, owner }) => [key, { ...signed, ...(owner === undefined ? {} : { owner }), ...shared }]),
      );
      await this.#remember(submissions);
      await this.#send(signed, [...submissions.keys()]);
      return submissions;
    });
  }

  /** The last key is written when all others are: whoever finds it may send the transaction, and nobody's payment is lost. */
  async #remember(submissions: Map<string, Submission>): Promise<void> {
    const { storage } = this.#options;
    const entries = [...submissions];
    const last = entries.pop();
    await Promise.all(entries.map(([key, submission]) => storage.set(key, submission)));
    if (last) await storage.set(...last);
  }

  async #sign(request: EstimatedRequest): Promise<Submission> {
    const { account } = this.#client;
    const nonce = await getTransactionCount(this.#client, { address: account.address, blockTag: "pending" });
    const transaction = { ...request, nonce } as unknown as Parameters<typeof account.signTransaction>[0];
    const serialized = await account.signTransaction(transaction);
    return { hash: keccak256(serialized), serialized };
  }

  /** Only a node that certainly refused it has not taken it; of anything else the chain tells later. */
  async #send(submission: Submission, keys: readonly string[]): Promise<void> {
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
    } catch (error) {
      if (!REFUSED.test(messageOf(error)) || (await this.#isKnown(submission.hash))) return;
      await Promise.all(keys.map((key) => this.#options.storage.delete(key)));
      throw error;
    }
  }

  /** Sends it again where nobody knows it. Dead is what can no longer be mined, since its nonce went to another transaction. */
  async #isAlive(submission: Submission): Promise<boolean> {
    if (await this.#receiptOf(submission.hash)) return true;
    if (!(await this.#wasSent(submission))) return false;
    try {
      await sendRawTransaction(this.#client, { serializedTransaction: submission.serialized });
      return true;
    } catch (error) {
      return !NONCE_SPENT.test(messageOf(error)) || this.#isKnown(submission.hash);
    }
  }

  /** Whether it may have been: a process that died before all keys were written has not sent it. */
  async #wasSent({ hash, lastKey }: Submission): Promise<boolean> {
    return lastKey === undefined || (await this.#options.storage.get(lastKey))?.hash === hash;
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
    const { hash } = submission;
    const awaiting = this.#awaited.get(hash) ?? this.#awaitReceipt(hash).finally(() => this.#awaited.delete(hash));
    this.#awaited.set(hash, awaiting);
    const receipt = await awaiting;
    return receipt ? { submission, receipt } : { submission };
  }

  async #awaitReceipt(hash: Hash): Promise<TransactionReceipt | undefined> {
    const end = Date.now() + this.#options.confirmationTimeoutMs;
    let lastAnswer = Date.now();
    while (Date.now() < end && Date.now() - lastAnswer < UNREACHABLE_MS) {
      try {
        const receipt = await this.#receiptOf(hash);
        lastAnswer = Date.now();
        if (receipt && (await this.#isDeepEnough(receipt))) return receipt;
      } catch {
        // The node is away: wait for it for a while.
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    return undefined;
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
