import { type Address, type Chain, type Client, isAddressEqual, type Transport } from "viem";
import { getBlockNumber, getLogs } from "viem/actions";
import { subscribedEvent } from "../subscriptionsOf.js";

/** Blocks that are read again, since a chain may have taken other ones back. */
const REORGANIZED = 64n;
/** The newest so many of one beneficiary are known: whoever subscribes for others pays for each. */
const MAX_SUBSCRIBERS = 32;

/** Who pays for whom in one plan, read from its events once, and then block by block. */
export class Subscribers {
  readonly #client: Client<Transport, Chain>;
  readonly #plan: Address;
  readonly #blocksPerRequest: bigint;
  readonly #byBeneficiary = new Map<Address, Address[]>();
  #next: bigint;
  #reading: Promise<void> | undefined;

  constructor(
    client: Client<Transport, Chain>,
    plan: Address,
    options: { fromBlock: bigint; blocksPerRequest: bigint },
  ) {
    this.#client = client;
    this.#plan = plan;
    this.#next = options.fromBlock;
    this.#blocksPerRequest = options.blocksPerRequest;
  }

  /** Who has subscribed for this beneficiary, itself aside; the newest come first. */
  async of(beneficiary: Address): Promise<readonly Address[]> {
    // What is being read may have begun before the subscription that is asked about.
    await this.#reading?.catch(() => undefined);
    this.#reading ??= this.#read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
    return this.#byBeneficiary.get(beneficiary) ?? [];
  }

  async #read(): Promise<void> {
    const last = await getBlockNumber(this.#client, { cacheTime: 0 });
    let first = this.#next > REORGANIZED ? this.#next - REORGANIZED : 0n;
    while (first <= last) {
      const end = first + this.#blocksPerRequest - 1n;
      const toBlock = end < last ? end : last;
      const range = { address: this.#plan, fromBlock: first, toBlock };
      for (const { args } of await getLogs(this.#client, { ...range, event: subscribedEvent, strict: true })) {
        if (!isAddressEqual(args.subscriber, args.beneficiary)) this.#add(args.beneficiary, args.subscriber);
      }
      first = toBlock + 1n;
      // What has been read is not lost when the node goes away.
      this.#next = first;
    }
  }

  #add(beneficiary: Address, subscriber: Address): void {
    const others = (this.#byBeneficiary.get(beneficiary) ?? []).filter((known) => known !== subscriber);
    this.#byBeneficiary.set(beneficiary, [subscriber, ...others].slice(0, MAX_SUBSCRIBERS));
  }
}
