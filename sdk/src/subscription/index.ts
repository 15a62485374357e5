export * from "../generated/actions/subscriptionPlan/index.js";
export {
  BPS,
  MAX_FEE_BPS,
  MAX_PERIOD_MONTHS,
  MAX_PERIOD_SECONDS,
  MAX_TRIAL,
  MIN_ITEM_GAS,
  MIN_PAYOUT_GAS,
  MIN_PERIOD_MONTHS,
  MIN_PERIOD_SECONDS,
} from "../generated/constants.js";
export * from "../generated/typedData.js";
export * from "../generated/types.js";
export type { VaultDeployment } from "../vault/cloneAddress.js";
export { describePayTo, type PayToDescription, VaultTermsMismatchError } from "../vault/describePayTo.js";
export { PAYOUT_GAS } from "../vault/payoutGas.js";
export type { ReceiptAction } from "../vault/receipt.js";
export { RelayError, type RelayRequest, type RelayResponse, relay } from "../vault/relay.js";
export { pairIdOf } from "./pairIdOf.js";
export { readSubscribe, type SubscribePayload } from "./payload.js";
export { startOfPeriod } from "./periods.js";
export {
  type PeriodReceipt,
  type StatusName,
  type SubscriptionAction,
  type SubscriptionReceipt,
  type SubscriptionState,
  statusOf,
  subscriptionReceipt,
} from "./receipt.js";
export { signCancel } from "./signCancel.js";
export { permitTypedData, signPermit } from "./signPermit.js";
export { signSubscribe } from "./signSubscribe.js";
export { signUndo } from "./signUndo.js";
export { signWithdraw } from "./signWithdraw.js";
export { type PlacedPair, subscriptionsOf } from "./subscriptionsOf.js";
export { fromWireTerms, toWireTerms, type WirePlanTerms } from "./terms.js";
export { encodeTerms, vaultAddress } from "./vaultAddress.js";
