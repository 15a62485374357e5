import type {
  AssetAmount,
  MoneyParser,
  Network,
  PaymentPayload,
  PaymentRequirements,
  Price,
  SchemeNetworkServer,
  SupportedKind,
} from "@x402/core/types";
import type { AuthorizerSigner } from "@x402/evm";
import { ExactEvmScheme as OfficialExactEvmScheme } from "@x402/evm/exact/server";
import { getAddress, type Hex, isAddressEqual, keccak256, stringToHex } from "viem";
import { addresses } from "../../generated/addresses.js";
import { refundTypedData } from "../../generated/typedData.js";
import type { PaymentRef } from "../../generated/types.js";
import { paymentIdOf } from "../../refund-window/paymentIdOf.js";
import type { PaymentReceipt } from "../../refund-window/receipt.js";
import type { VaultDeployment } from "../../refund-window/vaultAddress.js";
import { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
import {
  ErrAlreadyPaid,
  ErrBeingSettled,
  ErrPayloadUnsupported,
  ErrServerFieldInPayload,
  ErrSettlementPending,
  ErrStorageUnavailable,
} from "../errors.js";
import { hasServerFields, type PayOperation, type RefundOperation } from "../operations.js";
import {
  chainIdOf,
  deploymentOf,
  hasVaultExtra,
  isByAuthorization,
  isByProof,
  parseExactPayload,
  parseVaultExtra,
  paysVault,
  refOf,
  type VaultExtra,
} from "../terms.js";
import { InMemoryPaymentStorage, type PaymentStorage } from "./storage.js";

type Hooks = NonNullable<SchemeNetworkServer["schemeHooks"]>;
type SettleContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementPayload"]>>[0];
type CanceledContext = Parameters<NonNullable<SchemeNetworkServer["settleOnCancel"]>>[0];
type SettledContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementResponse"]>>[0];
type PaymentContext = { paymentPayload: SettleContext["paymentPayload"]; requirements: SettleContext["requirements"] };

export type ExactEvmSchemeConfig = {
  /** Signs refunds when a handler fails after an `upfront` payment. Must be the operator or the receiver of the routes' terms. */
  operator?: AuthorizerSigner;
  /** Shared by all processes that sell for the same vaults. Default: the memory of this process. */
  storage?: PaymentStorage;
  /** The deployments whose vaults the routes may name. Default: the canonical one. */
  deployments?: readonly VaultDeployment[];
};

/**
 * The official `exact` scheme for servers, and the routes whose `payTo` is a vault: they are settled into the vault, a
 * payment releases one response, and a failed handler leaves the buyer whole. Routes without `extra.recourse` behave as
 * with the official class.
 *
 * The life of a request: admit, verify, handler, reserve, settle, conclude; an `upfront` route runs its handler last, and
 * has the payment refunded when it fails.
 */
export class ExactEvmScheme implements SchemeNetworkServer {
  readonly #official = new OfficialExactEvmScheme();
  readonly #operator: AuthorizerSigner | undefined;
  readonly #storage: PaymentStorage;
  readonly #deployments: readonly VaultDeployment[];

  readonly scheme = this.#official.scheme;
  readonly defaultAssetTransferMethod = this.#official.defaultAssetTransferMethod;
  readonly paymentFlows = this.#official.paymentFlows;

  constructor(config: ExactEvmSchemeConfig = {}) {
    this.#operator = config.operator;
    this.#storage = config.storage ?? new InMemoryPaymentStorage();
    this.#deployments = config.deployments ?? [addresses["refund-window"]];
  }

  /* ROUTE */

  /** Adds a parser of money amounts, as on the official class. */
  registerMoneyParser(parser: MoneyParser): this {
    this.#official.registerMoneyParser(parser);
    return this;
  }

  parsePrice(price: Price, network: Network): Promise<AssetAmount> {
    return this.#official.parsePrice(price, network);
  }

  getAssetDecimals(asset: string, network: Network): number | undefined {
    return this.#official.getAssetDecimals(asset, network);
  }

  /**
   * @throws {RouteTermsError} when `extra.recourse` is malformed, is not what `payTo` says, or needs an operator.
   * @throws {FacilitatorUnsuitableError} when the facilitator would settle past the vault.
   */
  async enhancePaymentRequirements(
    requirements: PaymentRequirements,
    kind: SupportedKind,
    facilitatorExtensions: string[],
  ): Promise<PaymentRequirements> {
    const enhanced = await this.#official.enhancePaymentRequirements(requirements, kind, facilitatorExtensions);
    return hasVaultExtra(enhanced) ? this.#checkRoute(enhanced, kind) : enhanced;
  }

  /** The requirements as they are offered: a facilitator that serves the vault leaves nothing to prove. */
  #checkRoute(requirements: PaymentRequirements, kind: SupportedKind): PaymentRequirements {
    const vault = parseVaultExtra(requirements);
    if (!vault) throw new RouteTermsError("`extra.recourse` is malformed.");
    if (!isByAuthorization(requirements)) throw new RouteTermsError("A vault takes EIP-3009 authorizations only.");
    const served = kind.extra?.recourse as { factories?: Record<string, string[]> } | undefined;
    const factories = served?.factories?.[vault.kind] ?? [];
    const isServed = factories.some((factory) => isAddressEqual(getAddress(factory), vault.factory));
    if (!isServed && vault.settlement !== "by-proof") throw new FacilitatorUnsuitableError(vault.kind, vault.factory);
    const deployment = deploymentOf(vault, this.#deployments);
    if (!deployment || !paysVault(requirements, vault, deployment)) {
      throw new RouteTermsError("`payTo` is not the vault of these terms under a known factory.");
    }
    this.#checkFlow(requirements, vault);
    const { settlement: _, ...vaultExtra } = vault;
    return isServed ? { ...requirements, extra: { ...requirements.extra, recourse: vaultExtra } } : requirements;
  }

  #checkFlow(requirements: PaymentRequirements, vault: VaultExtra): void {
    if (requirements.extra.paymentFlow !== "upfront") return;
    if (vault.settlement === "by-proof") {
      throw new RouteTermsError("An upfront route cannot be settled by proof: nobody could give the payment back.");
    }
    const sellers = [vault.terms.operator, vault.terms.receiver];
    if (!this.#operator || !sellers.includes(getAddress(this.#operator.address))) {
      throw new RouteTermsError("An upfront route needs a scheme with the signer of the terms' operator or receiver.");
    }
  }

  /* ONE PAYMENT, ONE RELEASE */

  readonly schemeHooks: Hooks = {
    onBeforeVerify: async (context) => {
      if (!hasVaultExtra(context.requirements)) return undefined;
      try {
        return await this.#admit(context);
      } catch {
        // Core ignores a hook that throws; what cannot be checked is refused.
        return { abort: true, reason: ErrStorageUnavailable };
      }
    },
    onAfterSettle: async (context) => {
      if (hasVaultExtra(context.requirements) && context.phase !== "cancel") await this.#conclude(context, "released");
    },
    onSettleFailure: async (context) => {
      if (!hasVaultExtra(context.requirements) || context.phase === "cancel") return undefined;
      await this.#conclude(context, outcomeOf(context.error));
      return undefined;
    },
  };

  /** Before anything is asked of the facilitator: a payment that was released, or is in flight, is refused here. */
  async #admit(context: PaymentContext) {
    const payment = this.#identify(context);
    if (!payment) return { abort: true, reason: ErrPayloadUnsupported } as const;
    if (hasServerFields(context.paymentPayload.payload))
      return { abort: true, reason: ErrServerFieldInPayload } as const;
    const record = await this.#storage.get(payment.id);
    if (!record) return undefined;
    if (record.state === "released") return { abort: true, reason: ErrAlreadyPaid } as const;
    if (record.state === "settling" || record.digest !== payment.digest) {
      return { abort: true, reason: ErrBeingSettled } as const;
    }
    // Its nonce may be spent by our own transaction, so verification would refuse it. The settlement decides.
    return { skip: true, result: { isValid: true, payer: payment.ref.payer } } as const;
  }

  /** Moves the payment to this request, or throws: core fails the settlement, and nothing leaves. */
  async #reserve(context: PaymentContext): Promise<PayOperation> {
    const payment = this.#identify(context);
    if (!payment) throw new Error(ErrPayloadUnsupported);
    if (hasServerFields(context.paymentPayload.payload)) throw new Error(ErrServerFieldInPayload);
    const { digest, id } = payment;
    const fresh = crypto.randomUUID();
    const record = await this.#storage
      .update(id, (current) => {
        if (!current) return { state: "settling", idempotencyKey: fresh, digest };
        return current.state === "unknown" && current.digest === digest ? { ...current, state: "settling" } : undefined;
      })
      .catch(() => {
        throw new Error(ErrStorageUnavailable);
      });
    if (!record) throw new Error(ErrAlreadyPaid);
    this.#reserved.add(context.paymentPayload);
    return { type: "pay", idempotencyKey: record.idempotencyKey };
  }

  /** The requests that hold the reservation: another one's failure must not touch the record. */
  readonly #reserved = new WeakSet<object>();

  async #conclude(context: PaymentContext, outcome: "released" | "refused" | "unknown"): Promise<void> {
    const payment = this.#identify(context);
    if (!payment || !this.#reserved.has(context.paymentPayload)) return;
    if (outcome === "refused") return this.#storage.delete(payment.id);
    await this.#storage.update(payment.id, (current) =>
      current?.state === "settling" ? { ...current, state: outcome } : undefined,
    );
  }

  #identify({ paymentPayload, requirements }: PaymentContext) {
    const payload = parseExactPayload(paymentPayload as PaymentPayload);
    if (!payload) return undefined;
    const { amount, asset, extra, network, payTo } = requirements;
    const ref = refOf(payload, asset);
    const id = paymentIdOf({ address: getAddress(payTo), chainId: chainIdOf(network), ref });
    // With the flow: an unknown outcome spares verification, and a route that settles first has never asked for it.
    const signed = JSON.stringify([payload, asset, amount, extra.paymentFlow ?? null]);
    return { id, ref, digest: keccak256(stringToHex(signed)) };
  }

  /* SETTLEMENT */

  /** Writes beside the client's fields what the facilitator is to do. Core calls it unbound. */
  readonly enrichSettlementPayload = async (context: SettleContext): Promise<Record<string, unknown> | undefined> => {
    if (!hasVaultExtra(context.requirements)) return undefined;
    if (context.phase === "cancel") return this.#refundAll(context);
    const operation = await this.#reserve(context);
    // A facilitator that knows nothing of vaults gets what the client signed, and nothing else.
    return isByProof(context.requirements as PaymentRequirements) ? undefined : operation;
  };

  /** Tells the buyer of a payment by proof what a facilitator of vaults would have told. Core calls it unbound. */
  readonly enrichSettlementResponse = async (context: SettledContext): Promise<Record<string, unknown> | undefined> => {
    const { phase, requirements, result } = context;
    if (phase === "cancel" || !result.success || !isByProof(requirements as PaymentRequirements)) return undefined;
    const payment = this.#identify(context);
    return payment && { recourse: receiptByProof(context, payment) };
  };

  /** A handler that failed after the money was taken: the payment goes back. */
  readonly settleOnCancel = async (context: CanceledContext): Promise<PaymentRequirements | undefined> => {
    return hasVaultExtra(context.requirements) ? (context.requirements as PaymentRequirements) : undefined;
  };

  /** Signs for nothing that the facilitator said: only for this payment, untouched, to its payer. */
  async #refundAll(context: PaymentContext): Promise<RefundOperation> {
    const payment = this.#identify(context);
    const vault = parseVaultExtra(context.requirements);
    if (!payment || !vault || !this.#operator) throw new Error(ErrPayloadUnsupported);
    const { amount, network, payTo } = context.requirements;
    const deadline = BigInt(Math.floor(Date.now() / 1_000) + vault.terms.window + REFUND_MARGIN);
    const message = {
      paymentId: payment.id,
      by: getAddress(this.#operator.address),
      amount: BigInt(amount),
      to: payment.ref.payer,
      expectedHeld: BigInt(amount),
      expectedRefunded: 0n,
      deadline,
    };
    const typedData = refundTypedData({ address: getAddress(payTo), chainId: chainIdOf(network), message });
    const signature = await this.#operator.signTypedData(typedData as never);
    return {
      type: "refund",
      refund: {
        by: message.by,
        amount,
        expectedHeld: amount,
        expectedRefunded: "0",
        deadline: String(deadline),
        signature,
      },
    };
  }
}

function receiptByProof(
  { requirements, result }: SettledContext,
  { id, ref }: { id: Hex; ref: PaymentRef },
): PaymentReceipt {
  const { amount, network, payTo } = requirements;
  const { nonce, payer, token } = ref;
  return {
    kind: "refund-window",
    network,
    vault: getAddress(payTo),
    paymentId: id,
    token,
    payer,
    nonce,
    amount,
    unrecorded: { transaction: result.transaction as Hex },
  };
}

/** A refund is possible until the full hour after the window; the chain's clock may be behind ours. */
const REFUND_MARGIN = 7_200;

/** What a facilitator says of a settlement that it has sent, and knows no more of than we do. */
const UNKNOWN_OUTCOMES: string[] = [ErrSettlementPending, ErrBeingSettled];

/** Only a refusal in words is one. No answer, and an answer that it is still pending, are unknown. */
function outcomeOf(error: Error): "refused" | "unknown" {
  const reason = "errorReason" in error ? error.errorReason : undefined;
  return typeof reason !== "string" || UNKNOWN_OUTCOMES.includes(reason) ? "unknown" : "refused";
}
