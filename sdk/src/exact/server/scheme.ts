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
import type { PaymentRef } from "../../generated/types.js";
import type { PaymentReceipt } from "../../refund-window/receipt.js";
import { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
import { paymentIdOf } from "../../vault/paymentIdOf.js";
import {
  ErrAlreadyPaid,
  ErrBeingSettled,
  ErrPayloadUnsupported,
  ErrServerFieldInPayload,
  ErrSettlementPending,
  ErrStorageUnavailable,
} from "../errors.js";
import { canonicalDeployments, type VaultDeployments } from "../kinds.js";
import { hasServerFields, type PayOperation, type RefundOperation, type VoidOperation } from "../operations.js";
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
import { type NamedPayment, orderClose, orderRefund, orderVoid } from "./orders.js";
import { InMemoryPaymentStorage, type PaymentStorage } from "./storage.js";

type Hooks = NonNullable<SchemeNetworkServer["schemeHooks"]>;
type SettleContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementPayload"]>>[0];
type CanceledContext = Parameters<NonNullable<SchemeNetworkServer["settleOnCancel"]>>[0];
type SettledContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementResponse"]>>[0];
type PaymentContext = { paymentPayload: SettleContext["paymentPayload"]; requirements: SettleContext["requirements"] };

export type ExactEvmSchemeConfig = {
  /**
   * Signs what is captured of an escrow's payments and what goes back: the operator of those routes' terms. For `upfront`
   * routes it signs refunds when a handler fails, and can be the receiver too.
   */
  operator?: AuthorizerSigner;
  /** Shared by all processes that sell for the same vaults. Default: the memory of this process. */
  storage?: PaymentStorage;
  /** The deployments whose vaults the routes may name. Default: the canonical ones of all kinds. */
  deployments?: VaultDeployments;
};

/**
 * The official `exact` scheme for servers, and the routes whose `payTo` is a vault: they are settled into the vault, a
 * payment releases one response, and a failed handler leaves the buyer whole. Routes without `extra.recourse` behave as
 * with the official class.
 *
 * The life of a request: admit, verify, handler, reserve, settle, conclude. An `upfront` route runs its handler last, and
 * has the payment refunded when it fails. An `escrow` route runs its handler between two settlements: what was paid is held,
 * and then closed at what the handler cost, or voided when it fails.
 */
export class ExactEvmScheme implements SchemeNetworkServer {
  readonly #official = new OfficialExactEvmScheme();
  readonly #operator: AuthorizerSigner | undefined;
  readonly #storage: PaymentStorage;
  readonly #deployments: VaultDeployments;

  readonly scheme = this.#official.scheme;
  readonly defaultAssetTransferMethod = this.#official.defaultAssetTransferMethod;
  readonly paymentFlows: SchemeNetworkServer["paymentFlows"] = {
    ...this.#official.paymentFlows,
    eip3009: { supported: ["authorization", "upfront", "escrow"], default: "authorization" },
  };

  constructor(config: ExactEvmSchemeConfig = {}) {
    this.#operator = config.operator;
    this.#storage = config.storage ?? new InMemoryPaymentStorage();
    this.#deployments = config.deployments ?? canonicalDeployments;
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
    if (hasVaultExtra(enhanced)) return this.#checkRoute(enhanced, kind);
    if (enhanced.extra.paymentFlow !== "escrow") return enhanced;
    throw new RouteTermsError("Nothing holds the money of an escrow route that names no vault.");
  }

  /** The requirements as they are offered: a facilitator that serves the vault leaves nothing to prove. */
  #checkRoute(requirements: PaymentRequirements, kind: SupportedKind): PaymentRequirements {
    const vault = parseVaultExtra(requirements);
    if (!vault) throw new RouteTermsError("`extra.recourse` is malformed.");
    if (!isByAuthorization(requirements)) throw new RouteTermsError("A vault takes EIP-3009 authorizations only.");
    const served = kind.extra?.recourse as { factories?: Record<string, string[]> } | undefined;
    const factories = served?.factories?.[vault.kind] ?? [];
    const isServed = factories.some((factory) => isAddressEqual(getAddress(factory), vault.factory));
    if (!isServed && !isByProof(requirements)) throw new FacilitatorUnsuitableError(vault.kind, vault.factory);
    const deployment = deploymentOf(vault, this.#deployments);
    if (!deployment || !paysVault(requirements, vault, deployment)) {
      throw new RouteTermsError("`payTo` is not the vault of these terms under a known factory.");
    }
    this.#checkFlow(requirements, vault);
    if (!isServed) return requirements;
    const { factory, kind: vaultKind, terms } = vault;
    return { ...requirements, extra: { ...requirements.extra, recourse: { kind: vaultKind, factory, terms } } };
  }

  #checkFlow(requirements: PaymentRequirements, { kind, terms }: VaultExtra): void {
    const { paymentFlow } = requirements.extra;
    if ((kind === "escrow") !== (paymentFlow === "escrow")) {
      throw new RouteTermsError("The flow `escrow` is that of escrow vaults, and their only one.");
    }
    if (paymentFlow === "upfront" && isByProof(requirements)) {
      throw new RouteTermsError("An upfront route cannot be settled by proof: nobody could give the payment back.");
    }
    if (paymentFlow === undefined || paymentFlow === "authorization") return;
    const signers = kind === "escrow" ? [terms.operator] : [terms.operator, terms.receiver];
    if (!this.#operator || !signers.includes(getAddress(this.#operator.address))) {
      throw new RouteTermsError(
        "An escrow route needs a scheme with the signer of the terms' operator, an upfront route with that of operator or receiver.",
      );
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
      if (hasVaultExtra(context.requirements)) await this.#conclude(context, isHeldBy(context) ? "held" : "released");
    },
    onSettleFailure: async (context) => {
      if (!hasVaultExtra(context.requirements) || !isFirstSettlement(context)) return undefined;
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
    if (record.state !== "unknown" || record.digest !== payment.digest) {
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

  async #conclude(context: PaymentContext, outcome: "held" | "released" | "refused" | "unknown"): Promise<void> {
    const payment = this.#identify(context);
    if (!payment || !this.#reserved.has(context.paymentPayload)) return;
    if (outcome === "refused") return this.#storage.delete(payment.id);
    await this.#storage.update(payment.id, (current) =>
      current?.state === "settling" || current?.state === "held" ? { ...current, state: outcome } : undefined,
    );
  }

  #identify({ paymentPayload, requirements }: PaymentContext): (NamedPayment & { digest: Hex }) | undefined {
    const payload = parseExactPayload(paymentPayload as PaymentPayload);
    if (!payload) return undefined;
    const { amount, asset, extra, network, payTo } = requirements;
    const ref = refOf(payload, asset);
    const place = { vault: getAddress(payTo), chainId: chainIdOf(network) };
    const id = paymentIdOf({ address: place.vault, chainId: place.chainId, ref });
    // With the flow: an unknown outcome spares verification, and a route that settles first has never asked for it.
    const signed = JSON.stringify([payload, asset, amount, extra.paymentFlow ?? null]);
    return { ...place, id, ref, amount: BigInt(payload.authorization.value), digest: keccak256(stringToHex(signed)) };
  }

  /* SETTLEMENT */

  /** Writes beside the client's fields what the facilitator is to do. Core calls it unbound. */
  readonly enrichSettlementPayload = async (context: SettleContext): Promise<Record<string, unknown> | undefined> => {
    if (!hasVaultExtra(context.requirements)) return undefined;
    if (context.phase === "cancel") return this.#giveBack(context);
    if (!isFirstSettlement(context)) return this.#close(context);
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
    const requirements = context.requirements as PaymentRequirements;
    if (!hasVaultExtra(requirements)) return undefined;
    // What the buyer is charged of an escrow is nothing; of a refund window it is what goes back.
    return isEscrow(requirements) ? { ...requirements, amount: "0" } : requirements;
  };

  async #giveBack(context: PaymentContext): Promise<RefundOperation | VoidOperation> {
    const { operator, payment, vault } = this.#orderOf(context);
    return vault.kind === "escrow" ? orderVoid(operator, payment, vault) : orderRefund(operator, payment, vault);
  }

  /** At what the handler cost. More than is held cannot be captured, and nothing leaves for less: all goes back. */
  async #close(context: PaymentContext): Promise<Record<string, unknown>> {
    const { operator, payment, vault } = this.#orderOf(context);
    if (vault.kind !== "escrow") throw new Error(ErrPayloadUnsupported);
    const cost = BigInt(context.requirements.amount);
    if (cost <= payment.amount) return orderClose(operator, payment, vault, cost);
    return { ...(await orderVoid(operator, payment, vault)), because: "capture-exceeds-held" };
  }

  #orderOf(context: PaymentContext) {
    const payment = this.#identify(context);
    const vault = parseVaultExtra(context.requirements);
    if (!payment || !vault || !this.#operator) throw new Error(ErrPayloadUnsupported);
    return { operator: this.#operator, payment, vault };
  }
}

type PhaseContext = Pick<SettleContext, "phase" | "requirements">;

function isEscrow(requirements: PaymentContext["requirements"]): boolean {
  return parseVaultExtra(requirements as PaymentRequirements)?.kind === "escrow";
}

/** The settlement that takes the money; all others are about what was taken. */
function isFirstSettlement({ phase, requirements }: PhaseContext): boolean {
  return phase === "before-handler" || (phase === "after-handler" && !isEscrow(requirements));
}

/** Taken, and nothing has left for it yet. */
function isHeldBy({ phase, requirements }: PhaseContext): boolean {
  return phase === "before-handler" && isEscrow(requirements);
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

/** What a facilitator says of a settlement that it has sent, and knows no more of than we do. */
const UNKNOWN_OUTCOMES: string[] = [ErrSettlementPending, ErrBeingSettled];

/** Only a refusal in words is one. No answer, and an answer that it is still pending, are unknown. */
function outcomeOf(error: Error): "refused" | "unknown" {
  const reason = "errorReason" in error ? error.errorReason : undefined;
  return typeof reason !== "string" || UNKNOWN_OUTCOMES.includes(reason) ? "unknown" : "refused";
}
