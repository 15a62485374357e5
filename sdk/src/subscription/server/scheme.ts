import type {
  AssetAmount,
  Network,
  PaymentRequirements,
  Price,
  SchemeNetworkServer,
  SupportedKind,
} from "@x402/core/types";
import { findDefaultAsset } from "@x402/evm";
import { getAddress, isAddressEqual } from "viem";
import { canonicalDeployments, type VaultDeployments } from "../../exact/kinds.js";
import { deploymentOf, parseVaultExtra, paysVault } from "../../exact/terms.js";
import { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
import { ErrPayloadUnsupported } from "../errors.js";
import { hasServerFields, type SubscribeOperation } from "../operations.js";
import { parseSubscribePayload } from "../payload.js";
import { firstChargeOf, fromWireTerms } from "../terms.js";
import type { SubscriptionAccess } from "./access.js";
import { signerIn } from "./signIn.js";

type PaymentRequiredContext = Parameters<NonNullable<SchemeNetworkServer["enrichPaymentRequiredResponse"]>>[0];

export type SubscriptionEvmSchemeConfig = {
  /** What lets subscribers in: tells those whom it did not let in how they stand, and what to do. */
  access?: SubscriptionAccess;
  /** The deployments whose plans the routes may name. Default: the canonical ones. */
  deployments?: VaultDeployments;
};

/** The key under which an offer says how the subscription of whoever signed in stands. */
const STATUS_KEY = "subscription";

/**
 * The scheme `subscription` for servers: the first request is paid by one signature, which subscribes; all later ones enter by
 * the official sign-in-with-x extension, with `subscriptionAccess` as its storage.
 */
export class SubscriptionEvmScheme implements SchemeNetworkServer {
  readonly scheme = "subscription";
  readonly defaultAssetTransferMethod = "default";
  // Nobody could give back what another flow takes before the handler.
  readonly paymentFlows: SchemeNetworkServer["paymentFlows"] = {
    default: { supported: ["authorization"], default: "authorization" },
  };
  // How a subscription stands is no part of what is agreed on.
  readonly dynamicExtraFields = [STATUS_KEY];

  readonly #access: SubscriptionAccess | undefined;
  readonly #deployments: VaultDeployments;

  constructor({ access, deployments = canonicalDeployments }: SubscriptionEvmSchemeConfig = {}) {
    this.#access = access;
    this.#deployments = deployments;
  }

  /* ROUTE */

  /** @throws {RouteTermsError} when the price is not that of a plan. */
  async parsePrice(price: Price, _network: Network): Promise<AssetAmount> {
    if (typeof price === "object") return { ...price, extra: price.extra ?? {} };
    throw new RouteTermsError("What subscribing costs is in the terms of the plan.");
  }

  getAssetDecimals(asset: string, network: Network): number | undefined {
    return findDefaultAsset(asset, network)?.decimals;
  }

  /**
   * @throws {RouteTermsError} when `extra.recourse` is malformed, or is not what `payTo` and price say.
   * @throws {FacilitatorUnsuitableError} when the facilitator does not serve the plan.
   */
  async enhancePaymentRequirements(
    requirements: PaymentRequirements,
    kind: SupportedKind,
    _facilitatorExtensions: string[],
  ): Promise<PaymentRequirements> {
    const planExtra = parseVaultExtra(requirements);
    if (planExtra?.kind !== "subscription-plan") throw new RouteTermsError("`extra.recourse` is no plan.");
    const { factory, quantity = 1 } = planExtra;
    const served = kind.extra?.recourse as { factories?: Record<string, string[]> } | undefined;
    const factories = served?.factories?.[planExtra.kind] ?? [];
    if (!factories.some((servedFactory) => isAddressEqual(getAddress(servedFactory), factory)))
      throw new FacilitatorUnsuitableError(planExtra.kind, factory);
    const deployment = deploymentOf(planExtra, this.#deployments);
    if (!deployment || !paysVault(requirements, planExtra, deployment))
      throw new RouteTermsError("`payTo` is not the plan of these terms under a known factory.");
    const terms = fromWireTerms(planExtra.terms);
    const isPrice = requirements.amount === String(firstChargeOf(terms, { quantity }));
    if (!isPrice || !isAddressEqual(getAddress(requirements.asset), terms.token))
      throw new RouteTermsError("The price is not what subscribing costs by the terms of the plan.");
    return { ...requirements, extra: { ...requirements.extra } };
  }

  /* PAYMENT */

  readonly schemeHooks: NonNullable<SchemeNetworkServer["schemeHooks"]> = {
    onBeforeVerify: async ({ paymentPayload }) => {
      const isSubscribe = parseSubscribePayload({ payload: { ...paymentPayload.payload } }) !== undefined;
      if (isSubscribe && !hasServerFields(paymentPayload.payload)) return undefined;
      return { abort: true, reason: ErrPayloadUnsupported };
    },
  };

  /**
   * Writes beside the client's fields what the facilitator is to do. Core calls it unbound. The key is of this request alone: a
   * payload that is sent twice subscribes once, and releases once.
   */
  readonly enrichSettlementPayload = async (): Promise<SubscribeOperation> => {
    return { type: "subscribe", idempotencyKey: crypto.randomUUID() };
  };

  /** Tells whoever signed in, and was not let in, how its subscription stands. Core calls it unbound. */
  readonly enrichPaymentRequiredResponse = async ({
    requirements,
    transportContext,
  }: PaymentRequiredContext): Promise<PaymentRequirements[] | undefined> => {
    const who = signerIn(transportContext);
    if (!this.#access || !who) return undefined;
    const access = this.#access;
    return requirements.map((offer) => {
      const standing = offer.scheme === this.scheme ? access.standingOf(getAddress(offer.payTo), who) : undefined;
      return standing ? { ...offer, extra: { ...offer.extra, [STATUS_KEY]: standing } } : offer;
    });
  };
}
