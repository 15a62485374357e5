import { addresses } from "@recourse/sdk/addresses";
import { wireCodeOf } from "@recourse/sdk/errors";
import { ExactEvmScheme, type FacilitatorClient, type VaultExtra } from "@recourse/sdk/exact/facilitator";
import {
  blockHashHorizon,
  buildReceiptProof,
  findUnrecorded,
  isRecorded,
  type ReceiptProof,
  recordRequest,
  saveBlockHash,
  savedBlockHashOf,
} from "@recourse/sdk/receipt-proof";
import { announcementOf, announcementsOf } from "@recourse/sdk/refund-window";
import type { Logger } from "pino";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { type Address, createClient, defineChain, http, zeroHash } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { getBlock, getCode, waitForTransactionReceipt } from "viem/actions";
import type { Config } from "./config.js";
import type { Missing, State } from "./state.js";
import { deployedVaults, readVault } from "./vaults.js";

const HOUR = 3_600;
const verifier = addresses["receipt-verifier"].verifier;

/** No proof of these payments will ever be accepted. */
const HOPELESS = [wireCodeOf.BlockTooOld, wireCodeOf.RecordAfterAnnouncement];
const NOT_SPONSORED = "invalid_exact_evm_recourse_not_sponsored";

/** Sees what came past `pay`, and has it recorded. All that it knows it can find again on the chain. */
export class Watcher {
  readonly #config: Config;
  readonly #logger: Logger;
  readonly #state: State;
  readonly #client: FacilitatorClient;
  readonly #scheme: ExactEvmScheme;
  readonly #named: Map<Address, VaultExtra>;
  readonly #hashes: RateLimiterMemory;

  /** @param named The vaults whose terms are known, deployed or not. */
  constructor(config: Config, logger: Logger, state: State, named: Map<Address, VaultExtra>) {
    this.#config = config;
    this.#logger = logger;
    this.#state = state;
    this.#named = named;
    this.#client = createChainClient(config);
    this.#hashes = new RateLimiterMemory({ points: config.HASHES_PER_HOUR, duration: HOUR });
    const records = new RateLimiterMemory({ points: config.RECORDS_PER_HOUR, duration: HOUR });
    this.#scheme = new ExactEvmScheme(this.#client, {
      assets: config.TOKENS,
      caller: () => "watcher",
      confirmationTimeoutMs: config.CONFIRMATION_TIMEOUT_MS,
      maxGas: config.MAX_GAS,
      sponsor: async ({ value }) => value >= config.MIN_RECORD_VALUE && (await take(records)),
      submissions: state,
    });
  }

  /** Looks at what is new, and does what is to be done. */
  async round(): Promise<void> {
    const [{ number: head, timestamp }, horizon] = await Promise.all([
      getBlock(this.#client),
      blockHashHorizon(this.#client),
    ]);
    await this.#discover(head, horizon);
    await this.#scan(head, horizon);
    await this.#confirm(head);
    await this.#record(head, timestamp);
    await this.#keepHashes(head, horizon);
    await this.#state.save();
  }

  /* LOOK */

  get #vaults(): Address[] {
    return [...new Set([...this.#named.keys(), ...this.#state.contents.vaults])];
  }

  /** New vaults of the factory; what came to them before they existed is older than what is looked at next. */
  async #discover(head: bigint, horizon: bigint): Promise<void> {
    const { BLOCKS_PER_REQUEST, FACTORY_BLOCK, REORG_BLOCKS } = this.#config;
    const { contents } = this.#state;
    if (FACTORY_BLOCK === undefined) return;
    let first = max(FACTORY_BLOCK, (contents.nextFactoryBlock ?? 0n) - REORG_BLOCKS);
    while (first <= head) {
      const last = min(first + BLOCKS_PER_REQUEST - 1n, head);
      const vaults = await deployedVaults(this.#client, { fromBlock: first, toBlock: last });
      const known = new Set(this.#vaults);
      const fresh = vaults.filter((vault) => !known.has(vault));
      if (fresh.length > 0) {
        await this.#look(fresh, max(0n, head - horizon), head);
        contents.vaults.push(...fresh);
        this.#logger.info({ vaults: fresh }, "discovered");
      }
      contents.nextFactoryBlock = last + 1n;
      await this.#state.save();
      first = last + 1n;
    }
  }

  async #scan(head: bigint, horizon: bigint): Promise<void> {
    const { BLOCKS_PER_REQUEST, REORG_BLOCKS } = this.#config;
    const { contents } = this.#state;
    // Older ones cannot be proven any more.
    let first = max(0n, head - horizon, (contents.nextBlock ?? 0n) - REORG_BLOCKS);
    while (first <= head) {
      const last = min(first + BLOCKS_PER_REQUEST - 1n, head);
      await this.#look(this.#vaults, first, last);
      contents.nextBlock = last + 1n;
      await this.#state.save();
      first = last + 1n;
    }
  }

  async #look(vaults: Address[], fromBlock: bigint, toBlock: bigint): Promise<void> {
    const { BLOCKS_PER_REQUEST: blocksPerRequest, MIN_RECORD_VALUE, TOKENS } = this.#config;
    const { missing } = this.#state.contents;
    for (const token of TOKENS) {
      const found = await findUnrecorded(this.#client, { blocksPerRequest, fromBlock, toBlock, token, vaults });
      for (const payment of found) {
        if (payment.value < MIN_RECORD_VALUE) continue;
        // After a reorganization it may stand elsewhere.
        const known = missing.find(({ paymentId }) => paymentId === payment.paymentId);
        if (known) Object.assign(known, payment);
        else {
          missing.push(payment);
          this.#logger.info(factsOf(payment), "missing");
        }
      }
    }
  }

  /* RECORD */

  /** Forgets what has been recorded for long enough; a record that was reorganized away is made again. */
  async #confirm(head: bigint): Promise<void> {
    for (const payment of [...this.#state.contents.missing]) {
      if (payment.finalAt === undefined || payment.finalAt > head) continue;
      if (await isRecorded(this.#client, payment)) this.#forget(payment);
      else delete payment.finalAt;
    }
  }

  async #record(head: bigint, now: bigint): Promise<void> {
    for (const payment of await this.#inOrder(head, now)) {
      try {
        const reason = await this.#recordOne(payment, head);
        // The budget is for all of them.
        if (reason === NOT_SPONSORED) return;
      } catch (error) {
        this.#logger.warn({ ...factsOf(payment), error: nameOf(error) }, "not recorded");
      }
      await this.#state.save();
    }
  }

  /** Those first whose vault's operator has announced to assign what nobody proves, and then the largest. */
  async #inOrder(head: bigint, now: bigint): Promise<Missing[]> {
    // The chain knows the hash of a block from the next one on.
    const open = this.#state.contents.missing.filter(
      ({ blockNumber, finalAt }) => finalAt === undefined && blockNumber < head,
    );
    const urgent = new Map<string, boolean>();
    for (const { token, vault } of open) {
      const key = `${vault}:${token}`;
      if (!urgent.has(key)) urgent.set(key, await this.#isAnnounced(vault, token, now));
    }
    const isUrgent = ({ token, vault }: Missing) => Number(urgent.get(`${vault}:${token}`));
    return open.sort((a, b) => isUrgent(b) - isUrgent(a) || byValue(a, b));
  }

  async #isAnnounced(vault: Address, token: Address, now: bigint): Promise<boolean> {
    if ((await getCode(this.#client, { address: vault })) === undefined) return false;
    const { count } = await announcementsOf(this.#client, { address: vault, token });
    if (count === 0n) return false;
    const { endsAt } = await announcementOf(this.#client, { address: vault, number: count, token });
    return now < BigInt(endsAt);
  }

  /** Why it was not recorded, if it was not. */
  async #recordOne(payment: Missing, head: bigint): Promise<string | undefined> {
    const { token, vault } = payment;
    const answer = await this.#scheme.relay(
      recordRequest({
        chainId: this.#client.chain.id,
        proof: await this.#prove(payment),
        token,
        vault: this.#named.get(vault) ?? (await readVault(this.#client, vault)),
      }),
    );
    const { errorReason: reason, transaction } = answer;
    const facts = { ...factsOf(payment), ...(answer.success ? {} : { reason }), transaction };
    if (answer.success || reason === wireCodeOf.PaymentAlreadyKnown) {
      payment.finalAt = head + this.#config.REORG_BLOCKS;
      this.#logger.info(facts, "recorded");
      return undefined;
    }
    if (reason && HOPELESS.includes(reason as (typeof HOPELESS)[number])) {
      this.#forget(payment);
      this.#logger.error(facts, "lost");
    } else this.#logger.warn(facts, "not recorded");
    return reason;
  }

  #prove({ hash, nonce, payer, token }: Missing): Promise<ReceiptProof> {
    return buildReceiptProof(this.#client, { hash, nonce, payer, token });
  }

  #forget({ paymentId }: Missing): void {
    const { contents } = this.#state;
    contents.missing = contents.missing.filter((payment) => payment.paymentId !== paymentId);
    delete contents.submissions[`record:${paymentId}`];
  }

  /* KEEP */

  /** What could not be recorded while three quarters of its time went by stays provable for the price of one hash. */
  async #keepHashes(head: bigint, horizon: bigint): Promise<void> {
    const waiting = this.#state.contents.missing.filter(
      ({ blockNumber, finalAt }) => finalAt === undefined && head - blockNumber >= (horizon * 3n) / 4n,
    );
    for (const payment of waiting.sort(byValue)) {
      try {
        if (!(await this.#keepHash(payment))) return;
      } catch (error) {
        this.#logger.warn({ ...factsOf(payment), error: nameOf(error) }, "hash not kept");
        // Its transaction is not on the chain any more, and will not be.
        if (head - payment.blockNumber > horizon && nameOf(error) === "TransactionNotMinedError") this.#forget(payment);
      }
    }
  }

  /** Whether there may be more. */
  async #keepHash(payment: Missing): Promise<boolean> {
    const { blockNumber } = payment;
    if ((await savedBlockHashOf(this.#client, { address: verifier, blockNumber })) !== zeroHash) return true;
    const { header } = await this.#prove(payment);
    if (!(await take(this.#hashes))) return false;
    const hash = await saveBlockHash(this.#client, { address: verifier, header });
    await waitForTransactionReceipt(this.#client, { hash, timeout: this.#config.CONFIRMATION_TIMEOUT_MS });
    this.#logger.info({ ...factsOf(payment), transaction: hash }, "hash kept");
    return true;
  }
}

function createChainClient({ EVM_NETWORK, EVM_PRIVATE_KEY, EVM_RPC_URL }: Config): FacilitatorClient {
  const chain = defineChain({
    id: Number(EVM_NETWORK.split(":")[1]),
    name: EVM_NETWORK,
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [EVM_RPC_URL] } },
  });
  return createClient({ account: privateKeyToAccount(EVM_PRIVATE_KEY), chain, transport: http(EVM_RPC_URL) });
}

async function take(limiter: RateLimiterMemory): Promise<boolean> {
  return limiter.consume("all").then(
    () => true,
    () => false,
  );
}

/** Errors of the node carry its address: only their names are logged. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "unknown";
}

function factsOf({ blockNumber, hash, paymentId, token, value, vault }: Missing) {
  return { paymentId, vault, token, value: String(value), paidIn: hash, block: String(blockNumber) };
}

/** The largest first. */
function byValue(a: Missing, b: Missing): number {
  return a.value === b.value ? 0 : a.value < b.value ? 1 : -1;
}

function max(...numbers: bigint[]): bigint {
  return numbers.reduce((a, b) => (a > b ? a : b));
}

function min(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}
