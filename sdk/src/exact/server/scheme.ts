import type { FacilitatorClient } from "@x402/core/server";
import type {
  AssetAmount,
  MoneyParser,
  Network,
  PaymentPayload,
  PaymentRequirements,
  Price,
  SchemeNetworkServer,
  SettleResponse,
  SupportedKind,
} from "@x402/core/types";
import type { AuthorizerSigner } from "@x402/evm";
import { ExactEvmScheme as OfficialExactEvmScheme } from "@x402/evm/exact/server";
import { getAddress, type Hex, isAddressEqual, keccak256, stringToHex } from "viem";
import type { PaymentRef } from "../../generated/types.js";
import { wireCodeOf } from "../../generated/wireCodes.js";
import type { PaymentReceipt } from "../../refund-window/receipt.js";
import { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
import {
  ErrAlreadyPaid,
  ErrBeingSettled,
  ErrCostMalformed,
  ErrPayloadUnsupported,
  ErrServerFieldInPayload,
  ErrSignerUnavailable,
  ErrStorageUnavailable,
} from "../errors.js";
import { canonicalDeployments, type VaultDeployments } from "../kinds.js";
import { hasServerFields, type PayOperation, type RefundOperation } from "../operations.js";
import {
  deploymentOf,
  type EscrowExtra,
  hasVaultExtra,
  isByAuthorization,
  isByProof,
  type PlanExtra,
  parseExactPayload,
  parseVaultExtra,
  paysVault,
  type RefundWindowExtra,
} from "../terms.js";
import { EscrowManager, type EscrowManagerOptions } from "./escrowManager.js";
import { afterOrder, escrowOf, isDeferred, openHold, signedOrder, withOrder } from "./holds.js";
import { type NamedPayment, namePayment, orderRefund } from "./orders.js";
import { outcomeOf, reasonOf, receiptIn } from "./outcomes.js";
import { type HoldOrder, InMemoryPaymentStorage, type PaymentRecord, type PaymentStorage } from "./storage.js";

type Hooks = NonNullable<SchemeNetworkServer["schemeHooks"]>;
type SettleContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementPayload"]>>[0];
type CanceledContext = Parameters<NonNullable<SchemeNetworkServer["settleOnCancel"]>>[0];
type SettledContext = Parameters<NonNullable<SchemeNetworkServer["enrichSettlementResponse"]>>[0];
type FailedContext = Parameters<NonNullable<Hooks["onSettleFailure"]>>[0];
type PaymentContext = { paymentPayload: SettleContext["paymentPayload"]; requirements: SettleContext["requirements"] };
type PhaseContext = Pick<SettleContext, "phase" | "requirements">;
type PhasedContext = PaymentContext & PhaseContext;
type HoldOperation = Awaited<ReturnType<typeof signedOrder>>;

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

/** What this process knows of a request that settles. */
type SettlingRequest = {
  /** Whether an earlier one has asked for the same payment, and got no answer. */
  isRetry: boolean;
  /** What was said when the money was taken. */
  answer?: SettleResponse;
};

/**
 * The official `exact` scheme for servers, and the routes whose `payTo` is a vault: they are settled into the vault, a
 * payment releases one response, and a failed handler leaves the buyer whole. Routes without `extra.recourse` behave as
 * with the official class.
 *
 * The life of a request: admit, verify, handler, reserve, settle, conclude. An `upfront` route runs its handler last, and
 * has the payment refunded when it fails. An `escrow` route runs its handler between two settlements: what was paid is held,
 * and then closed at what the handler cost, or voided when it fails. With deferred capture the second settlement is left to
 * the escrow manager.
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
    if (vault.kind === "subscription-plan") checkPeriod(requirements, vault);
    else this.#checkFlow(requirements, vault);
    if (!isServed) return requirements;
    const { factory, kind: vaultKind, terms } = vault;
    const marker = vault.kind === "escrow" && vault.capture ? { capture: vault.capture } : {};
    return {
      ...requirements,
      extra: { ...requirements.extra, recourse: { kind: vaultKind, factory, terms, ...marker } },
    };
  }

  #checkFlow(requirements: PaymentRequirements, { kind, terms }: RefundWindowExtra | EscrowExtra): void {
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
        "The scheme cannot sign for this route: give `ExactEvmScheme` the signer of the `operator` that the route names. For an upfront route the receiver's will do.",
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
    onBeforeSettle: async (context) => {
      const isLater = context.phase === "after-handler" && isEscrow(context.requirements);
      return isLater && isDeferred({ requirements: context.requirements as PaymentRequirements })
        ? this.#releaseHeld(context)
        : undefined;
    },
    onAfterSettle: async (context) => {
      if (hasVaultExtra(context.requirements)) await this.#succeed(context);
    },
    onSettleFailure: async (context) => {
      if (hasVaultExtra(context.requirements)) await this.#fail(context);
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
    if (record.state === "released" || record.state === "returning") {
      return { abort: true, reason: ErrAlreadyPaid } as const;
    }
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
    // Remembered before it is paid: whatever happens to this process, the hold is found.
    const hold = isEscrow(context.requirements) && { hold: openHold(context.paymentPayload, context.requirements) };
    const record = await this.#update(id, (current) => {
      if (!current) return { state: "settling", idempotencyKey: fresh, digest, ...hold };
      if (current.state !== "unknown" || current.digest !== digest) return undefined;
      return { ...current, state: "settling", ...hold };
    });
    if (!record) throw new Error(ErrAlreadyPaid);
    this.#requests.set(context.paymentPayload, { isRetry: record.idempotencyKey !== fresh });
    return { type: "pay", idempotencyKey: record.idempotencyKey };
  }

  async #update(...change: Parameters<PaymentStorage["update"]>): Promise<PaymentRecord | undefined> {
    return this.#storage.update(...change).catch(() => {
      throw new Error(ErrStorageUnavailable);
    });
  }

  /** The requests that hold the reservation: another one's failure must not touch the record. */
  readonly #requests = new WeakMap<object, SettlingRequest>();

  async #succeed(context: SettledContext): Promise<void> {
    const request = this.#requests.get(context.paymentPayload);
    if (!request || !isHeldBy(context)) return this.#conclude(context, "released");
    request.answer = context.result as SettleResponse;
    await this.#conclude(context, "held");
  }

  async #fail(context: FailedContext): Promise<void> {
    const { error } = context;
    // What cost more than is held went back: that is what was ordered.
    if (!isFirstSettlement(context)) {
      const reason = reasonOf(error);
      const isReturned = reason === wireCodeOf.CaptureExceedsHeld || reason === ErrCostMalformed;
      return this.#conclude(context, isReturned ? "released" : "returning");
    }
    const isRetry = this.#requests.get(context.paymentPayload)?.isRetry;
    // By the request before it, whose facilitator has forgotten whose it was. No other one answers for the hold.
    const isOurs = isRetry && isEscrow(context.requirements) && reasonOf(error) === ErrAlreadyPaid;
    return this.#conclude(context, isOurs ? "returning" : outcomeOf(error));
  }

  async #conclude(context: PhasedContext, outcome: keyof typeof COMES_FROM | "refused"): Promise<void> {
    const payment = this.#identify(context);
    if (!payment || !this.#requests.has(context.paymentPayload)) return;
    if (outcome === "refused") return this.#storage.delete(payment.id);
    await this.#storage.update(payment.id, (current) => {
      if (!current || !COMES_FROM[outcome].includes(current.state)) return undefined;
      return { ...current, state: outcome, ...this.#concludedHold(context, current, outcome) };
    });
  }

  #concludedHold({ paymentPayload }: PaymentContext, { hold }: PaymentRecord, outcome: PaymentRecord["state"]) {
    if (!hold) return undefined;
    if (outcome === "released" && hold.order) return { hold: afterOrder(hold, hold.order) };
    const answer = this.#requests.get(paymentPayload)?.answer;
    const captureUntil = answer && receiptIn(answer)?.captureUntil;
    return { hold: { ...hold, ...(captureUntil !== undefined && { captureUntil }), changedAt: Date.now() } };
  }

  /** The resource of a deferred capture leaves, and the hold stays. Core ignores a hook that throws; so it answers. */
  async #releaseHeld({ paymentPayload, requirements }: PaymentContext) {
    const payment = this.#identify({ paymentPayload, requirements });
    const answer = this.#requests.get(paymentPayload)?.answer;
    const release = (current: PaymentRecord | undefined): PaymentRecord | undefined =>
      current?.state === "held" ? { ...current, state: "released" } : undefined;
    const released = payment && answer && (await this.#storage.update(payment.id, release).catch(() => undefined));
    return released
      ? ({ skip: true, result: { ...answer } } as const)
      : ({ abort: true, reason: ErrStorageUnavailable } as const);
  }

  #identify({ paymentPayload, requirements }: PaymentContext): (NamedPayment & { digest: Hex }) | undefined {
    const payment = namePayment(paymentPayload as PaymentPayload, requirements);
    if (!payment) return undefined;
    const { amount, asset, extra } = requirements;
    // With the flow: an unknown outcome spares verification, and a route that settles first has never asked for it.
    const flow = [extra.paymentFlow ?? null, escrowOf(requirements as PaymentRequirements)?.capture ?? null];
    const signed = [parseExactPayload(paymentPayload as PaymentPayload), asset, amount, ...flow];
    return { ...payment, digest: keccak256(stringToHex(JSON.stringify(signed))) };
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

  async #giveBack(context: PaymentContext): Promise<RefundOperation | HoldOperation> {
    const { operator, payment, vault } = this.#orderOf(context);
    if (vault.kind === "escrow") return this.#orderOfHold(operator, payment, "void", 0n);
    // A bought period has only the flow in which nothing is paid before the handler has succeeded.
    if (vault.kind === "subscription-plan") throw new Error(ErrPayloadUnsupported);
    return signed(orderRefund(operator, payment, vault));
  }

  /**
   * At what the handler cost. More than is held cannot be captured, and what is no amount (core passes on what it does not
   * understand) neither; nothing leaves for less: all goes back.
   */
  async #close(context: PaymentContext): Promise<Record<string, unknown>> {
    const { operator, payment } = this.#orderOf(context);
    const { amount } = context.requirements;
    const isAmount = /^(0|[1-9]\d{0,77})$/.test(amount);
    if (isAmount && BigInt(amount) <= payment.amount) {
      return this.#orderOfHold(operator, payment, "close", BigInt(amount));
    }
    const returned = await this.#orderOfHold(operator, payment, "void", 0n);
    return { ...returned, because: isAmount ? "capture-exceeds-held" : "cost-malformed" };
  }

  /** Remembers the order, unless somebody has given the hold up meanwhile, and signs it. */
  async #orderOfHold(
    operator: AuthorizerSigner,
    { id }: NamedPayment,
    type: HoldOrder["type"],
    amount: bigint,
  ): Promise<HoldOperation> {
    const record = await this.#update(id, (current) => {
      if (current?.state !== "held" || !current.hold) return undefined;
      const state = type === "void" ? "returning" : "held";
      return { ...current, state, hold: withOrder(current.hold, type, amount) };
    });
    if (!record?.hold?.order) throw new Error(ErrAlreadyPaid);
    return signed(signedOrder(operator, record.hold, record.hold.order));
  }

  #orderOf(context: PaymentContext) {
    const payment = this.#identify(context);
    const vault = parseVaultExtra(context.requirements);
    if (!payment || !vault || !this.#operator) throw new Error(ErrPayloadUnsupported);
    return { operator: this.#operator, payment, vault };
  }

  /* LATER */

  /**
   * Captures and returns what deferred routes hold, and sees to holds whose request died.
   *
   * @param facilitator The one of the routes, or another one that serves their vaults.
   * @throws {RouteTermsError} when the scheme has no operator.
   */
  createEscrowManager(facilitator: FacilitatorClient, options: EscrowManagerOptions = {}): EscrowManager {
    if (!this.#operator) throw new RouteTermsError("An escrow manager needs a scheme with the signer of the operator.");
    return new EscrowManager({ facilitator, operator: this.#operator, storage: this.#storage }, options);
  }
}

/** What a plan would refuse is not offered. */
function checkPeriod({ amount, asset, extra }: PaymentRequirements, { quantity, terms }: PlanExtra): void {
  if (extra.paymentFlow !== undefined && extra.paymentFlow !== "authorization") {
    throw new RouteTermsError("A period is paid after the handler: nobody could give it back otherwise.");
  }
  const isPrice = amount === terms.price && isAddressEqual(getAddress(asset), terms.token);
  if (!isPrice || terms.setupFee !== "0" || quantity !== undefined) {
    throw new RouteTermsError(
      "A period is bought for exactly its price, one at a time, of a plan without a setup fee.",
    );
  }
}

/** What each state of a record can follow on; who comes too late changes nothing. */
const COMES_FROM: Record<Exclude<PaymentRecord["state"], "settling">, PaymentRecord["state"][]> = {
  unknown: ["settling"],
  held: ["settling"],
  returning: ["settling", "held"],
  released: ["settling", "held", "returning"],
};

/** What a signer says of its failure is nobody's business. */
function signed<Operation>(signing: Promise<Operation>): Promise<Operation> {
  return signing.catch(() => {
    throw new Error(ErrSignerUnavailable);
  });
}

function isEscrow(requirements: PaymentContext["requirements"]): boolean {
  return escrowOf(requirements as PaymentRequirements) !== undefined;
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
