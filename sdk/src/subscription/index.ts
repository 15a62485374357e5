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
export { PAYOUT_GAS } from "../vault/payoutGas.js";
export { encodeTerms, vaultAddress } from "./vaultAddress.js";
