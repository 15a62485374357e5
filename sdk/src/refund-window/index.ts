export * from "../generated/actions/refundWindow/index.js";
export * from "../generated/actions/vaultFactory/index.js";
export {
  BPS,
  MAX_FEE_BPS,
  MAX_RESOLUTION_PERIOD,
  MAX_WINDOW,
  MIN_ITEM_GAS,
  MIN_PAYOUT_GAS,
  MIN_RESOLUTION_PERIOD,
  MIN_WINDOW,
} from "../generated/constants.js";
// Both the vault and its factory can log it.
export { findCredited } from "../generated/events/refundWindow.js";
export * from "../generated/typedData.js";
export * from "../generated/types.js";
export type { VaultDeployment } from "../vault/cloneAddress.js";
export { describePayTo, type PayToDescription, VaultTermsMismatchError } from "../vault/describePayTo.js";
export type { ClaimableBucket } from "../vault/maturedBuckets.js";
export { type PaymentPlace, paymentIdOf } from "../vault/paymentIdOf.js";
export { PAYOUT_GAS } from "../vault/payoutGas.js";
export type { ReceiptAction } from "../vault/receipt.js";
export { RelayError, type RelayRequest, type RelayResponse, relay } from "../vault/relay.js";
export { claimableBuckets } from "./claimable.js";
export { type PaymentReceipt, paymentReceipt } from "./receipt.js";
export { signConcede, signDispute, signResolve, signWithdrawDispute } from "./signDispute.js";
export { signRefund } from "./signRefund.js";
export { signWithdraw } from "./signWithdraw.js";
// Encoding needs no chain: this one stands in for the action of the same name.
export { encodeTerms, vaultAddress } from "./vaultAddress.js";
