import type {
  Money,
  PaymentPayloadContext,
  PaymentPayloadResult,
  PaymentRequirements,
  SchemeNetworkClient,
} from "@x402/core/types";
import { type ClientEvmSigner, findDefaultAsset } from "@x402/evm";
import {
  type Address,
  BaseError,
  type Chain,
  type Client,
  ContractFunctionZeroDataError,
  erc20Abi,
  type Transport,
} from "viem";
import { readContract } from "viem/actions";
import { canonicalDeployments, type VaultDeployments } from "../../exact/kinds.js";
import { chainIdOf, deploymentOf, parseVaultExtra, paysVault } from "../../exact/terms.js";
import { subscriptionOfCall } from "../../generated/actions/subscriptionPlan/subscriptionOf.js";
import { subscribeTypedData } from "../../generated/typedData.js";
import type { Subscribe, SubscriptionPlanTerms, SubscriptionView } from "../../generated/types.js";
import { VaultTermsMismatchError } from "../../vault/describePayTo.js";
import { toWire } from "../../vault/messages.js";
import { unitsOf } from "../money.js";
import type { SubscribePayload } from "../payload.js";
import { isLiveStatus, statusNameOf } from "../receipt.js";
import { permitAbi, permitTypedData } from "../signPermit.js";
import { allowanceFor } from "../signSubscribe.js";
import { firstChargeOf, fromWireTerms } from "../terms.js";
import {
  FirstChargeCapError,
  PayloadTooLargeError,
  PeriodCapError,
  StillSubscribedError,
  TotalCapError,
} from "./errors.js";

export type SubscriptionEvmSchemeOptions = {
  /** The most that one period may cost: `"$10"`, or a bigint in the token's smallest unit. */
  maxPerPeriod: Money | bigint;
  /** The most that one signature may cost in all, the setup fee included. It decides for how many periods is signed. */
  maxTotal: Money | bigint;
  /** The most periods to sign for. Default: as many as `maxTotal` pays for. */
  maxPeriods?: number;
  /** Who is to use it, such as an agent's key. Default: the account. */
  beneficiary?: Address;
  /**
   * Reads how the account stands. Default: the account's own `readContract`. Without either, an account can subscribe for the
   * first time, when it has signed no permit of the token before.
   */
  client?: Client<Transport, Chain>;
  /** Whether the account's allowance for the plan is enough, so that no permit is signed: some accounts sign none. */
  isApproved?: boolean;
  /** The deployments whose plans are trusted. Default: the canonical ones. */
  deployments?: VaultDeployments;
};

/** A plan that the server offers, which is what its address says. */
type OfferedPlan = { plan: Address; terms: SubscriptionPlanTerms; quantity: number; chainId: number; network: string };

/** How the account stands with the plan and the token. */
type Standing = { view: SubscriptionView | undefined; allowance: bigint; permitNonce: bigint };

/** With what a server adds, and as base64, it stays below the 8 KB that servers take in a header. */
const MAX_SIZE = 4_608;
/** The most that a plan can count. */
const MAX_PERIODS = 65_535;

/**
 * The scheme `subscription` for clients: signs once, for no more a period and in all than it may, and only for a plan whose
 * address is the terms that the server tells. The official spend controls see what is taken at once; these caps see the rest.
 */
export class SubscriptionEvmScheme implements SchemeNetworkClient {
  readonly scheme = "subscription";
  readonly findDefaultAsset = findDefaultAsset;

  readonly #account: ClientEvmSigner;
  readonly #options: SubscriptionEvmSchemeOptions;

  constructor(account: ClientEvmSigner, options: SubscriptionEvmSchemeOptions) {
    this.#account = account;
    this.#options = options;
  }

  /**
   * @throws {VaultTermsMismatchError} when the address to pay is not the plan that the server describes.
   * @throws {PeriodCapError} when a period costs more than `maxPerPeriod`.
   * @throws {TotalCapError} when one period costs more than `maxTotal`.
   * @throws {FirstChargeCapError} when more would be taken at once than the spend controls allow.
   * @throws {StillSubscribedError} when the account is subscribed, paid or not.
   * @throws {PayloadTooLargeError} when servers would not take the header.
   */
  async createPaymentPayload(
    x402Version: number,
    requirements: PaymentRequirements,
    context?: PaymentPayloadContext,
  ): Promise<PaymentPayloadResult> {
    const offered = this.#check(requirements);
    const maxPeriods = this.#maxPeriodsOf(offered);
    const standing = await this.#standingOf(offered);
    const firstCharge = this.#firstChargeOf(offered, standing);
    const limit = context?.maxAmountPerPayment;
    if (limit !== undefined && firstCharge > BigInt(limit)) {
      throw new FirstChargeCapError({ plan: offered.plan, firstCharge, maxAmountPerPayment: BigInt(limit) });
    }
    const { view } = standing;
    const counted = view?.isActive ? view.nextIndex : 0;
    const message: Subscribe = {
      subscriber: this.#account.address,
      beneficiary: this.#beneficiary,
      quantity: BigInt(offered.quantity),
      maxPeriods: BigInt(Math.min(maxPeriods, MAX_PERIODS - counted)),
      maxFirstCharge: firstCharge,
      serial: BigInt(view?.serial ?? 0),
      deadline: BigInt(Math.floor(Date.now() / 1_000) + requirements.maxTimeoutSeconds),
    };
    const payload = await this.#sign(offered, standing, message, requirements);
    const size = JSON.stringify({ payload, accepted: requirements }).length;
    if (size > MAX_SIZE) throw new PayloadTooLargeError({ size, limit: MAX_SIZE });
    return { x402Version, payload };
  }

  get #beneficiary(): Address {
    return this.#options.beneficiary ?? this.#account.address;
  }

  /* CHECK */

  #check(requirements: PaymentRequirements): OfferedPlan {
    const { amount, asset, network, payTo } = requirements;
    const planExtra = parseVaultExtra(requirements);
    if (planExtra?.kind !== "subscription-plan") throw new VaultTermsMismatchError(payTo, "its terms are malformed.");
    const deployment = deploymentOf(planExtra, this.#options.deployments ?? canonicalDeployments);
    if (!deployment) throw new VaultTermsMismatchError(payTo, `its factory ${planExtra.factory} is not one you trust.`);
    if (!paysVault(requirements, planExtra, deployment))
      throw new VaultTermsMismatchError(payTo, "the terms make another address.");
    const terms = fromWireTerms(planExtra.terms);
    const quantity = planExtra.quantity ?? 1;
    if (asset.toLowerCase() !== terms.token.toLowerCase())
      throw new VaultTermsMismatchError(payTo, "it is paid in another token.");
    if (amount !== String(firstChargeOf(terms, { quantity })))
      throw new VaultTermsMismatchError(payTo, "the terms make another amount.");
    return { plan: payTo as Address, terms, quantity, network, chainId: chainIdOf(network) };
  }

  /** For how many periods the caps let sign. */
  #maxPeriodsOf({ network, plan, quantity, terms }: OfferedPlan): number {
    const place = { network, token: terms.token };
    const maxPerPeriod = unitsOf(this.#options.maxPerPeriod, place);
    const maxTotal = unitsOf(this.#options.maxTotal, place);
    const perPeriod = terms.price * BigInt(quantity);
    if (perPeriod > maxPerPeriod) throw new PeriodCapError({ plan, perPeriod, maxPerPeriod });
    const least = terms.setupFee + perPeriod;
    if (least > maxTotal) throw new TotalCapError({ plan, least, maxTotal });
    const affordable = (maxTotal - terms.setupFee) / perPeriod;
    const periods = affordable < BigInt(MAX_PERIODS) ? Number(affordable) : MAX_PERIODS;
    return Math.min(periods, this.#options.maxPeriods ?? MAX_PERIODS);
  }

  /** What is taken at once: less than the offer says for paid time, more when the trial has been used. */
  #firstChargeOf({ plan, quantity, terms }: OfferedPlan, { view }: Standing): bigint {
    if (!view) return firstChargeOf(terms, { quantity });
    const status = statusNameOf(view.status);
    if (isLiveStatus(status)) {
      const { amount, chargeableUntil } = view;
      throw new StillSubscribedError({ plan, status, charge: String(amount), chargeableUntil });
    }
    if (view.isActive) return terms.setupFee;
    return firstChargeOf(terms, { isTrialUsed: view.trialUsed, quantity });
  }

  /* READ */

  async #standingOf({ plan, terms }: OfferedPlan): Promise<Standing> {
    const read = this.#reader();
    if (!read) return { view: undefined, allowance: 0n, permitNonce: 0n };
    const subscriber = this.#account.address;
    const { token } = terms;
    const pair = { subscriber, beneficiary: this.#beneficiary };
    const [view, allowance, permitNonce] = await Promise.all([
      read(subscriptionOfCall({ address: plan, pair })).catch(undefinedWithoutCode),
      read({ abi: erc20Abi, address: token, args: [subscriber, plan], functionName: "allowance" }),
      read({ abi: permitAbi, address: token, args: [subscriber], functionName: "nonces" }),
    ]);
    return {
      view: view as SubscriptionView | undefined,
      allowance: allowance as bigint,
      permitNonce: permitNonce as bigint,
    };
  }

  #reader(): NonNullable<ClientEvmSigner["readContract"]> | undefined {
    const { client } = this.#options;
    if (client) return (call) => readContract(client, call as Parameters<typeof readContract>[1]);
    return this.#account.readContract?.bind(this.#account);
  }

  /* SIGN */

  async #sign(
    { chainId, plan, quantity, terms }: OfferedPlan,
    { allowance, permitNonce: nonce }: Standing,
    message: Subscribe,
    { extra, payTo }: PaymentRequirements,
  ): Promise<SubscribePayload> {
    const { deadline, subscriber: owner } = message;
    const signature = await this.#account.signTypedData(
      subscribeTypedData({ address: plan, chainId, message }) as never,
    );
    if (this.#options.isApproved) return { subscribe: toWire(message), signature };
    const value = allowanceFor(terms, { allowance, quantity, maxPeriods: Number(message.maxPeriods) });
    if (value === allowance) return { subscribe: toWire(message), signature };
    const { name, version } = extra;
    if (typeof name !== "string" || typeof version !== "string")
      throw new VaultTermsMismatchError(payTo, "the domain of its token is missing.");
    const permit = { owner, spender: plan, value, nonce, deadline };
    const typedData = permitTypedData({ chainId, token: terms.token, name, version, message: permit });
    const permitSignature = await this.#account.signTypedData(typedData as never);
    return {
      subscribe: toWire(message),
      signature,
      permit: { value: String(value), deadline: String(deadline), signature: permitSignature },
    };
  }
}

/** A plan that does not exist yet knows nobody. */
function undefinedWithoutCode(error: unknown): undefined {
  const isMissing =
    error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionZeroDataError) !== null;
  if (!isMissing) throw error;
}
