import type {
  PaymentPayloadContext,
  PaymentPayloadResult,
  PaymentRequirements,
  SchemeNetworkClient,
} from "@x402/core/types";
import { findDefaultAsset } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { getAddress, isAddressEqual } from "viem";
import { chainIdOf } from "../exact/terms.js";
import { type MultisigAccount, readAccount } from "./account.js";
import { createMultisigSigner, type MultisigSignerOptions } from "./signer.js";
import {
  type CoveredPayment,
  covers,
  isHonored,
  isPaid,
  type StandingGrant,
  signStandingPayment,
  standingNonce,
} from "./standing.js";

export type MultisigExactEvmSchemeOptions = MultisigSignerOptions & {
  /** Standing approvals that humans gave. A payment that one covers is made with it. */
  grants: readonly StandingGrant[];
};

/** So many payments of a grant are looked up together. */
const LOOKAHEAD = 32;

/** A payment of a grant that this process has taken for itself. */
type Slot = { grant: StandingGrant; index: number; validBefore: number };

/**
 * The scheme `exact` for an account with standing approvals: servers and facilitators stay as they are. A payment that a grant
 * covers takes the grant's next nonce, so that the token counts; the others are signed as the official client does it, with the
 * account as its signer. With `resourceOf`, a grant for a named resource pays for no other.
 *
 * A payment that was signed and not settled is free again when it has expired. Let one process at a time use a grant: two that
 * share one may take the same nonce, and the token then takes one of them.
 */
export class MultisigExactEvmScheme implements SchemeNetworkClient {
  readonly scheme = "exact";
  readonly findDefaultAsset = findDefaultAsset;

  readonly #options: MultisigExactEvmSchemeOptions;
  readonly #official: ExactEvmScheme;
  /** Nonces that were signed for: until when, or forever where the token has taken them. */
  readonly #taken = new Map<string, number>();

  constructor(options: MultisigExactEvmSchemeOptions) {
    this.#options = options;
    this.#official = new ExactEvmScheme(createMultisigSigner(options));
  }

  /** @throws What `signTypedData` of {@link createMultisigSigner} throws. */
  async createPaymentPayload(
    x402Version: number,
    requirements: PaymentRequirements,
    context?: PaymentPayloadContext,
  ): Promise<PaymentPayloadResult> {
    const payload = await this.#payByGrant(requirements);
    if (payload) return { x402Version, payload };
    return this.#official.createPaymentPayload(x402Version, requirements, context);
  }

  async #payByGrant(requirements: PaymentRequirements): Promise<Record<string, unknown> | undefined> {
    const { account: address, client, grants, resourceOf } = this.#options;
    const { amount, asset, extra, maxTimeoutSeconds, network, payTo } = requirements;
    const { assetTransferMethod = "eip3009", name, version } = (extra ?? {}) as Readonly<Record<string, string>>;
    if (grants.length === 0 || assetTransferMethod !== "eip3009" || !name || !version) return undefined;
    const account = await readAccount(client, { address });
    if (account.chainId !== chainIdOf(network)) return undefined;
    const payment = { payee: getAddress(payTo), token: getAddress(asset), value: BigInt(amount) };
    // What a client that tells what it buys cannot tell is not what a grant names.
    const resource = resourceOf && (resourceOf(payment) ?? "");
    const slot = await this.#takeSlot(account, { ...payment, resource }, maxTimeoutSeconds);
    if (!slot) return undefined;

    const { grant, index, validBefore } = slot;
    const times = { validAfter: 0n, validBefore: BigInt(validBefore) };
    const signed = { domain: { name, version }, index, value: payment.value, ...times };
    const signature = await signStandingPayment(account, grant, signed, this.#options);
    const authorization = {
      from: address,
      to: payment.payee,
      value: amount,
      validAfter: "0",
      validBefore: String(validBefore),
      nonce: standingNonce(grant, index),
    };
    return { authorization, signature };
  }

  /** The first payment of a grant that nobody has made or is making. */
  async #takeSlot(
    account: MultisigAccount,
    payment: CoveredPayment,
    maxTimeoutSeconds: number,
  ): Promise<Slot | undefined> {
    const isOwn = ({ account: payer, chainId }: StandingGrant) =>
      chainId === account.chainId && isAddressEqual(payer, account.address);
    for (const grant of this.#options.grants.filter((each) => isOwn(each) && covers(each, payment))) {
      const slot = (await isHonored(this.#options.client, account, grant))
        ? await this.#takeSlotOf(grant, maxTimeoutSeconds)
        : undefined;
      if (slot) return slot;
    }
    return undefined;
  }

  async #takeSlotOf(grant: StandingGrant, maxTimeoutSeconds: number): Promise<Slot | undefined> {
    const count = Number(grant.approval.count);
    for (let start = 0; start < count; start += LOOKAHEAD) {
      const indexes = Array.from({ length: Math.min(LOOKAHEAD, count - start) }, (_, each) => start + each);
      const lookedUpAt = Math.floor(Date.now() / 1_000);
      await this.#learnPaid(grant, indexes, lookedUpAt);
      // From here on nobody else gets a turn: what is free is taken at once. What expired meanwhile was not looked up.
      const now = Math.floor(Date.now() / 1_000);
      const validBefore = Math.min(now + maxTimeoutSeconds, Number(grant.approval.validUntil));
      const index = validBefore > now ? indexes.find((each) => this.#isFree(grant, each, lookedUpAt)) : undefined;
      if (index === undefined) continue;
      this.#taken.set(standingNonce(grant, index), validBefore);
      return { grant, index, validBefore };
    }
    return undefined;
  }

  /** What the token has taken, for those that were not known to be: others may have paid, or this process before it ended. */
  async #learnPaid(grant: StandingGrant, indexes: readonly number[], now: number): Promise<void> {
    const unknown = indexes.filter((index) => this.#isFree(grant, index, now));
    await Promise.all(
      unknown.map(async (index) => {
        if (await isPaid(this.#options.client, grant, index)) {
          this.#taken.set(standingNonce(grant, index), Number.POSITIVE_INFINITY);
        }
      }),
    );
  }

  #isFree(grant: StandingGrant, index: number, now: number): boolean {
    return (this.#taken.get(standingNonce(grant, index)) ?? 0) <= now;
  }
}
