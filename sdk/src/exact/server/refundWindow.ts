import type { Network, Price } from "@x402/core/types";
import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { addresses } from "../../generated/addresses.js";
import type { RefundWindowTerms } from "../../generated/types.js";
import { vaultAddress } from "../../refund-window/vaultAddress.js";
import type { VaultDeployment } from "../../vault/cloneAddress.js";
import type { RefundWindowExtra } from "../terms.js";

export type Arbitration = {
  /** Not the receiver, operator or fee receiver. */
  arbiter: Address;
  /** Seconds that a dispute may last: one to 90 days. */
  resolutionPeriod: number;
  /** Who gets the money when nobody decides in that time. */
  silenceFavors: "payer" | "receiver";
};

export type RefundWindowOptions = {
  /** CAIP-2, for example `eip155:84532`. */
  network: Network;
  /** As in any x402 route: `"$0.50"`, or an asset with its amount. */
  price: Price;
  /** Who earns the payments. */
  receiver: Address;
  /** Seconds in which the buyer can undo, or dispute where there is an arbiter: one hour to 365 days. */
  window: number;
  /** The server's signing key. Default: the receiver. */
  operator?: Address;
  /** Who gets the fee, in hundredths of a percent of what is claimed, at most 1,000. Default: no fee. */
  fee?: { receiver: Address; bps: number };
  /** The share of each payment that the buyer cannot take back, in hundredths of a percent. Default: 0. */
  nonRefundableBps?: number;
  /** Who divides the money when the buyer disputes a payment. Default: nobody; the buyer takes it back without being asked. */
  arbitration?: Arbitration;
  /** Makes vaults of otherwise equal terms different. Default: 0. */
  salt?: Hex;
  /** Seconds that the buyer's signature stays valid. Default: the official middleware's. */
  maxTimeoutSeconds?: number;
  /** `authorization` settles after the handler, `upfront` before it. Default: `authorization`. */
  paymentFlow?: "authorization" | "upfront";
  /**
   * `by-proof` lets the route work with a facilitator that knows nothing of vaults: it pays past the vault, and the buyer
   * can undo from when somebody, the seller's watcher or the buyer itself, has recorded the payment by a proof. Where the
   * facilitator serves vaults it changes nothing. Not for `upfront` routes. Default: such a facilitator is refused.
   */
  settlement?: "by-proof";
  /** Another deployment than the canonical one. */
  deployment?: VaultDeployment;
};

export type RefundWindowOption = {
  scheme: "exact";
  network: Network;
  payTo: Address;
  price: Price;
  extra: Record<string, unknown> & { recourse: RefundWindowExtra };
  maxTimeoutSeconds?: number;
};

/**
 * A route's payment option: the money goes into the vault of these terms, and the buyer can undo until the window closes.
 *
 * @throws {RecourseError} of the contract's own class when the terms are out of bounds.
 */
export function refundWindow(options: RefundWindowOptions): RefundWindowOption {
  const {
    deployment = addresses["refund-window"],
    maxTimeoutSeconds,
    network,
    paymentFlow,
    price,
    settlement,
  } = options;
  const terms = refundWindowTerms(options);
  return {
    scheme: "exact",
    network,
    payTo: vaultAddress(terms, deployment),
    price,
    extra: {
      ...(paymentFlow === undefined ? {} : { paymentFlow }),
      recourse: {
        kind: "refund-window",
        factory: deployment.factory,
        terms,
        ...(settlement === undefined ? {} : { settlement }),
      },
    },
    ...(maxTimeoutSeconds === undefined ? {} : { maxTimeoutSeconds }),
  };
}

function refundWindowTerms(options: RefundWindowOptions): RefundWindowTerms {
  const {
    arbitration,
    fee,
    nonRefundableBps = 0,
    operator = options.receiver,
    receiver,
    salt = zeroHash,
    window,
  } = options;
  return {
    receiver,
    operator,
    feeReceiver: fee?.receiver ?? zeroAddress,
    feeBps: fee?.bps ?? 0,
    salt,
    arbiter: arbitration?.arbiter ?? zeroAddress,
    window,
    resolutionPeriod: arbitration?.resolutionPeriod ?? 0,
    silenceFavorsPayer: arbitration?.silenceFavors === "payer",
    nonRefundableBps,
  };
}
