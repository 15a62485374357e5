import type { Network, Price } from "@x402/core/types";
import { type Address, type Hex, zeroAddress, zeroHash } from "viem";
import { vaultAddress } from "../../escrow/vaultAddress.js";
import { addresses } from "../../generated/addresses.js";
import type { VaultDeployment } from "../../vault/cloneAddress.js";
import type { EscrowExtra } from "../terms.js";

export type EscrowOptions = {
  /** CAIP-2, for example `eip155:84532`. */
  network: Network;
  /** The most that a request can cost, which is held while the handler runs: `"$20"`, or an asset with its amount. */
  price: Price;
  /** Who earns what is captured. */
  receiver: Address;
  /** Who captures and returns: the scheme's `operator`. Default: the receiver. */
  operator?: Address;
  /** Seconds in which can be captured, counted from the payment: ten minutes to 365 days. Then the rest is the buyer's. */
  captureWindow: number;
  /** Who gets the fee, in hundredths of a percent of what is captured, at most 1,000. Default: no fee. */
  fee?: { receiver: Address; bps: number };
  /** Makes vaults of otherwise equal terms different. Default: 0. */
  salt?: Hex;
  /**
   * When the cost is captured: with the response, or later and in parts by an escrow manager, while the money stays held. What
   * the handler says that it cost is then not looked at. Default: `after-handler`.
   */
  capture?: "after-handler" | "deferred";
  /** Seconds that the buyer's signature stays valid. Default: the official middleware's. */
  maxTimeoutSeconds?: number;
  /** Another deployment than the canonical one. */
  deployment?: VaultDeployment;
};

export type EscrowOption = {
  scheme: "exact";
  network: Network;
  payTo: Address;
  price: Price;
  extra: Record<string, unknown> & { paymentFlow: "escrow"; recourse: EscrowExtra };
  maxTimeoutSeconds?: number;
};

/**
 * A route's payment option: the price is held before the handler runs; the handler says what it cost
 * (`setSettlementOverrides`), so much is captured, and the rest goes back at once. When the handler fails, all goes back.
 * With deferred capture the price stays held, and `createEscrowManager` of the scheme captures and returns.
 *
 * @throws {RecourseError} of the contract's own class when the terms are out of bounds.
 */
export function escrow({
  capture = "after-handler",
  captureWindow,
  deployment = addresses.escrow,
  fee,
  maxTimeoutSeconds,
  network,
  price,
  receiver,
  operator = receiver,
  salt = zeroHash,
}: EscrowOptions): EscrowOption {
  const terms = {
    receiver,
    operator,
    feeReceiver: fee?.receiver ?? zeroAddress,
    feeBps: fee?.bps ?? 0,
    salt,
    captureWindow,
  };
  const marker = capture === "deferred" ? { capture } : {};
  return {
    scheme: "exact",
    network,
    payTo: vaultAddress(terms, deployment),
    price,
    extra: { paymentFlow: "escrow", recourse: { kind: "escrow", factory: deployment.factory, terms, ...marker } },
    ...(maxTimeoutSeconds === undefined ? {} : { maxTimeoutSeconds }),
  };
}
