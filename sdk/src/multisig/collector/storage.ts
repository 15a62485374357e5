import { type Address, type Hex, isAddressEqual } from "viem";
import type { Signer } from "../../generated/types.js";
import type { SignerSignature } from "../blob.js";
import type { SignerRejection, TypedDataJson } from "../wire.js";

/** What a collector knows of a request. It is JSON. */
export type ApprovalRecord = {
  /** The digest of what is signed. */
  id: Hex;
  account: Address;
  /** Which signer's signature let it in. */
  askedBy: Address;
  typedData: TypedDataJson;
  resource?: string;
  /** The account's when it was asked; others have another epoch. */
  signers: readonly Signer[];
  signatures: readonly SignerSignature[];
  rejections: readonly SignerRejection[];
  neededWeight: number;
  needsHuman: boolean;
  /** Whether it still waits for the others, and takes its asker's room. */
  isPending: boolean;
  /** First Unix second at which it is forgotten. */
  expiresAt: number;
};

/** How many requests there may be. */
export type Room = {
  /** Pending ones that one signer of an account asked for. */
  perSigner: number;
  /** Of all that is kept. */
  inAll: number;
};

/**
 * Keeps requests until they expire. All processes of a collector must share it. What counts is that `add` and `update` are
 * atomic, and that what was answered is still there after a crash.
 */
export type ApprovalStorage = {
  /** The request, if there is one. */
  get(id: Hex): Promise<ApprovalRecord | undefined>;
  /** Those of an account, oldest first. */
  list(account: Address): Promise<ApprovalRecord[]>;
  /**
   * Adds a request that is not there yet, where there is room.
   *
   * @returns Whether it was added.
   */
  add(record: ApprovalRecord, room: Room): Promise<boolean>;
  /**
   * Replaces a request by what `change` makes of it. `change` may run more than once.
   *
   * @returns The new request, or `undefined` when there is none.
   */
  update(id: Hex, change: (current: ApprovalRecord) => ApprovalRecord): Promise<ApprovalRecord | undefined>;
  /** Forgets a request. */
  delete(id: Hex): Promise<void>;
  /** Forgets what has expired at this Unix second. */
  deleteExpired(now: number): Promise<void>;
};

/** Keeps the requests in the memory of one process: agents that wait post them again when it has ended. */
export class InMemoryApprovalStorage implements ApprovalStorage {
  readonly #records = new Map<Hex, ApprovalRecord>();

  async get(id: Hex): Promise<ApprovalRecord | undefined> {
    return this.#records.get(id);
  }

  async list(account: Address): Promise<ApprovalRecord[]> {
    return this.#of(account);
  }

  async add(record: ApprovalRecord, { inAll, perSigner }: Room): Promise<boolean> {
    const { account, askedBy, id } = record;
    const ofSigner = this.#of(account).filter((each) => each.isPending && isAddressEqual(each.askedBy, askedBy));
    if (this.#records.has(id) || this.#records.size >= inAll || ofSigner.length >= perSigner) return false;
    this.#records.set(id, record);
    return true;
  }

  #of(account: Address): ApprovalRecord[] {
    return [...this.#records.values()].filter((record) => isAddressEqual(record.account, account));
  }

  async update(id: Hex, change: (current: ApprovalRecord) => ApprovalRecord): Promise<ApprovalRecord | undefined> {
    const current = this.#records.get(id);
    if (!current) return undefined;
    const next = change(current);
    this.#records.set(id, next);
    return next;
  }

  async delete(id: Hex): Promise<void> {
    this.#records.delete(id);
  }

  async deleteExpired(now: number): Promise<void> {
    for (const { expiresAt, id } of this.#records.values()) if (expiresAt <= now) this.#records.delete(id);
  }
}
