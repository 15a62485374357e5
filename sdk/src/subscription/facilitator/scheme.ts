import type {
  PaymentPayload,
  PaymentRequirements,
  SchemeNetworkFacilitator,
  SettleResponse,
  VerifyResponse,
} from "@x402/core/types";
import { ErrOperationMissing, ErrOperationUnsupported } from "../../exact/errors.js";
import { optional, Refusal, refusalOf } from "../../exact/facilitator/answers.js";
import type { Facilitator } from "../../exact/facilitator/facilitator.js";
import { type ExactEvmScheme, facilitatorOf } from "../../exact/facilitator/scheme.js";
import { withDeadline } from "../../withDeadline.js";
import { subscriptionReason } from "../errors.js";
import { parseSubscribePayload } from "../payload.js";
import { charge } from "./charge.js";
import { checkSubscription, subscribe, verifySubscription } from "./subscribe.js";

/**
 * The scheme `subscription` for facilitators: verifies what a subscriber signed by the very call of its plan, and brings it
 * there, with the plan's deployment where it does not exist. What a subscriber signs later, to cancel or undo, goes to the
 * relay of the `exact` scheme.
 */
export class SubscriptionEvmScheme implements SchemeNetworkFacilitator {
  readonly scheme = "subscription";
  readonly caipFamily = "eip155:*";

  readonly #facilitator: Facilitator;
  readonly #exact: ExactEvmScheme;

  /**
   * @param exact The scheme for single periods. Both send by one key, one transaction after the other, and out of one budget;
   * a plan that one serves, so does the other.
   */
  constructor(exact: ExactEvmScheme) {
    this.#exact = exact;
    this.#facilitator = facilitatorOf(exact);
  }

  /** Tells servers whose plans are served; a server whose terms are of another factory refuses this facilitator. */
  getExtra(_network: string): Record<string, unknown> {
    const factories = this.#facilitator.deployments["subscription-plan"].map(({ factory }) => factory);
    return { recourse: { factories: { "subscription-plan": factories } } };
  }

  getSigners(network: string): string[] {
    return this.#exact.getSigners(network);
  }

  async verify(payload: PaymentPayload, requirements: PaymentRequirements): Promise<VerifyResponse> {
    const payer = parseSubscribePayload(payload)?.subscribe.subscriber;
    try {
      const subscription = checkSubscription(this.#facilitator, payload, requirements);
      const verifying = verifySubscription(this.#facilitator, subscription, payload);
      await withDeadline(verifying, this.#facilitator.readTimeoutMs);
      return { isValid: true, ...optional({ payer }) };
    } catch (error) {
      const { message, reason } = refusalOf(error);
      const invalidReason = subscriptionReason(reason);
      return { isValid: false, invalidReason, ...optional({ invalidMessage: message, payer }) };
    }
  }

  async settle(payload: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse> {
    const payer = parseSubscribePayload(payload)?.subscribe.subscriber;
    try {
      return await this.#settleOperation(payload, requirements);
    } catch (error) {
      const { message, reason, receipt } = refusalOf(error);
      const extra = receipt && { recourse: receipt };
      return {
        success: false,
        errorReason: subscriptionReason(reason),
        transaction: "",
        network: requirements.network,
        ...optional({ errorMessage: message, payer, extra }),
      };
    }
  }

  #settleOperation(payload: PaymentPayload, requirements: PaymentRequirements): Promise<SettleResponse> {
    switch (payload.payload.type) {
      case undefined:
        throw new Refusal(ErrOperationMissing);
      case "subscribe":
        return subscribe(this.#facilitator, payload, requirements);
      case "charge":
        return charge(this.#facilitator, payload, requirements);
      default:
        throw new Refusal(ErrOperationUnsupported);
    }
  }
}
