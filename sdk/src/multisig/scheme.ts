import type {
  PaymentPayloadContext,
  PaymentPayloadResult,
  PaymentRequirements,
  SchemeNetworkClient,
} from "@x402/core/types";
import { findDefaultAsset } from "@x402/evm";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { type Address, getAddress, isAddressEqual } from "viem";
import { chainIdOf } from "../exact/terms.js";
import { readAccount } from "./account.js";
import { createMultisigSigner, type MultisigSignerOptions } from "./signer.js";
import { covers, isHonored, isPaid, type StandingGrant, signStandingPayment, standingNonce } from "./standing.js";

export type MultisigExactEvmSchemeOptions = MultisigSignerOptions & {
  /** Standing approvals that humans gave. A payment that one covers is made with it. */
  grants: readonly StandingGrant[];
};

/** A payment of a grant that this process has taken for itself. */
type Slot = { grant: StandingGrant; index: number; validBefore: number };

/**
 * The scheme `exact` for an account with standing approvals: servers and facilitators stay as they are. A payment that a grant
 * covers takes the grant's next nonce, so that the token counts; the others are signed as the official client does it, with the
 * account as its signer.
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
    const { amount, asset, extra, payTo } = requirements;
    const { assetTransferMethod = "eip3009", name, version } = (extra ?? {}) as Readonly<Record<string, string>>;
    if (assetTransferMethod !== "eip3009" || !name || !version) return undefined;
    const [payee, token] = [getAddress(payTo), getAddress(asset)];
    const value = BigInt(amount);
    const slot = await this.#takeSlot({ payee, token, value }, requirements);
    if (!slot) return undefined;

    const { account, client } = this.#options;
    const { grant, index, validBefore } = slot;
    const times = { validAfter: 0n, validBefore: BigInt(validBefore) };
    const current = await readAccount(client, { address: account });
    const signed = { domain: { name, version }, index, value, ...times };
    const signature = await signStandingPayment(current, grant, signed, this.#options);
    const authorization = {
      from: account,
      to: payee,
      value: amount,
      validAfter: "0",
      validBefore: String(validBefore),
      nonce: standingNonce(grant, index),
    };
    return { authorization, signature };
  }

  /** The first payment of a grant that nobody has made or is making. */
  async #takeSlot(
    payment: { payee: Address; token: Address; value: bigint },
    { maxTimeoutSeconds, network }: PaymentRequirements,
  ): Promise<Slot | undefined> {
    const { account, client, grants } = this.#options;
    const current = grants.length > 0 ? await readAccount(client, { address: account }) : undefined;
    if (!current || current.chainId !== chainIdOf(network)) return undefined;
    const isOwn = (grant: StandingGrant) =>
      grant.chainId === current.chainId && isAddressEqual(grant.account, account) && covers(grant, payment);
    const fitting = grants.filter(isOwn);
    const now = Math.floor(Date.now() / 1_000);
    for (const grant of fitting) {
      const validBefore = Math.min(now + maxTimeoutSeconds, Number(grant.approval.validUntil));
      if (validBefore <= now || !(await isHonored(client, current, grant))) continue;
      for (let index = 0; index < Number(grant.approval.count); index++) {
        if (!this.#take(grant, index, now, validBefore)) continue;
        const wasPaid = await isPaid(client, grant, index).catch((error) => {
          this.#taken.delete(standingNonce(grant, index));
          throw error;
        });
        if (!wasPaid) return { grant, index, validBefore };
        this.#taken.set(standingNonce(grant, index), Number.POSITIVE_INFINITY);
      }
    }
    return undefined;
  }

  /** Takes a nonce at once, so that nobody else takes it while the chain is asked. */
  #take(grant: StandingGrant, index: number, now: number, validBefore: number): boolean {
    const nonce = standingNonce(grant, index);
    if ((this.#taken.get(nonce) ?? 0) > now) return false;
    this.#taken.set(nonce, validBefore);
    return true;
  }
}
