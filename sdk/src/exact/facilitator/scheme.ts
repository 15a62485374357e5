import type {
  FacilitatorContext,
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import type { RelayRequest } from "../../vault/relay.js";
import { withDeadline } from "../../withDeadline.js";
import { ErrOperationMissing, ErrOperationUnsupported } from "../errors.js";
import { hasVaultExtra, parseExactPayload } from "../terms.js";
import { optional, Refusal, refusalOf } from "./answers.js";
import { captureManyByServer } from "./captureMany.js";
import { captureByServer, refundCapturedByServer, voidByServer } from "./escrow.js";
import { createFacilitator, type ExactEvmSchemeConfig, type Facilitator } from "./facilitator.js";
import { GuardedOfficialScheme } from "./official.js";
import { checkPayment, pay, verifyPayment } from "./pay.js";
import { refundByServer } from "./refund.js";
import { relayAction } from "./relay.js";
import type { FacilitatorClient } from "./submitter.js";

/**
 * The official `exact` scheme for facilitators, and payments into vaults: verified against the terms that their address
 * is made of, settled by the vault itself, and reported with what the buyer may do until when. Requirements without
 * `extra.recourse` behave as with the official class.
 */
export class ExactEvmScheme implements SchemeNetworkFacilitator {
  readonly scheme = "exact";
  readonly caipFamily = "eip155:*";

  readonly #facilitator: Facilitator;
  readonly #official: GuardedOfficialScheme;

  /** @param client Signs by itself (a local account), so that what was sent can be looked up whatever happens. */
  constructor(client: FacilitatorClient, config: ExactEvmSchemeConfig = {}) {
    this.#facilitator = createFacilitator(client, config);
    this.#official = new GuardedOfficialScheme(this.#facilitator, config);
    facilitators.set(this, this.#facilitator);
  }

  /** Tells servers which vaults are served; a server whose terms are of another factory refuses this facilitator. */
  getExtra(_network: string): Record<string, unknown> {
    const kinds = Object.entries(this.#facilitator.deployments);
    const factories = kinds.map(([kind, deployments]) => [kind, deployments.map(({ factory }) => factory)]);
    return { recourse: { factories: Object.fromEntries(factories) } };
  }

  getSigners(network: string): string[] {
    return this.#official.getSigners(network);
  }

  async verify(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context?: FacilitatorContext,
  ): Promise<VerifyResponse> {
    const payer = parseExactPayload(payload)?.authorization.from;
    try {
      if (!hasVaultExtra(requirements)) return await this.#official.verify(payload, requirements, context);
      const payment = checkPayment(this.#facilitator, payload, requirements);
      const verifying = verifyPayment(this.#facilitator, this.#official, payment, payload, requirements, context);
      return await withDeadline(verifying, this.#facilitator.readTimeoutMs);
    } catch (error) {
      const { message, reason } = refusalOf(error);
      return { isValid: false, invalidReason: reason, ...optional({ invalidMessage: message, payer }) };
    }
  }

  async settle(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context?: FacilitatorContext,
  ): Promise<SettleResponse> {
    const payer = parseExactPayload(payload)?.authorization.from;
    try {
      if (!hasVaultExtra(requirements)) return await this.#official.settle(payload, requirements, context);
      return await this.#settleOperation(payload, requirements, context);
    } catch (error) {
      return { ...this.#refused(error, requirements.network), ...optional({ payer }) };
    }
  }

  #settleOperation(
    payload: PaymentPayload,
    requirements: PaymentRequirements,
    context: FacilitatorContext | undefined,
  ): Promise<SettleResponse> {
    const { type } = payload.payload;
    // A void is about all that is held, whatever the request is said to cost: that may be no amount at all.
    const asked = type === "void" ? { ...requirements, amount: "0" } : requirements;
    const payment = checkPayment(this.#facilitator, payload, asked);
    if (type === undefined) throw new Refusal(ErrOperationMissing);
    if (type === "pay") return pay(this.#facilitator, this.#official, payment, payload, requirements, context);
    switch (`${payment.kind} ${type}`) {
      case "refund-window refund":
        return refundByServer(this.#facilitator, payment, payload);
      case "escrow capture":
      case "escrow close":
        return captureByServer(this.#facilitator, payment, payload, requirements);
      case "escrow captureMany":
        return captureManyByServer(this.#facilitator, payment, payload, requirements);
      case "escrow refund":
        return refundCapturedByServer(this.#facilitator, payment, payload, requirements);
      case "escrow void":
        return voidByServer(this.#facilitator, payment, payload);
      default:
        throw new Refusal(ErrOperationUnsupported);
    }
  }

  /** Sends an action that its party signed, or a record that needs no signature; the answer is as of `settle`. */
  async relay(request: RelayRequest): Promise<SettleResponse> {
    try {
      return await relayAction(this.#facilitator, request);
    } catch (error) {
      return this.#refused(error, request.network as SettleResponse["network"]);
    }
  }

  #refused(error: unknown, network: SettleResponse["network"]): SettleResponse {
    const { message, reason, receipt } = refusalOf(error);
    const extra = receipt && { recourse: receipt };
    return {
      success: false,
      errorReason: reason,
      transaction: "",
      network,
      ...optional({ errorMessage: message, extra }),
    };
  }
}

const facilitators = new WeakMap<ExactEvmScheme, Facilitator>();

/** What a scheme does its work with, for another scheme that shares key, order and budget. */
export function facilitatorOf(scheme: ExactEvmScheme): Facilitator {
  return facilitators.get(scheme) as Facilitator;
}
