export * from "../generated/actions/refundWindow/index.js";
export * from "../generated/actions/vaultFactory/index.js";
export { BPS, MAX_FEE_BPS, MAX_WINDOW, MIN_PAYOUT_GAS, MIN_WINDOW } from "../generated/constants.js";
export * from "../generated/typedData.js";
export * from "../generated/types.js";
export { type PaymentPlace, paymentIdOf } from "./paymentIdOf.js";
// Encoding needs no chain: this one stands in for the action of the same name.
export { encodeTerms, type VaultDeployment, vaultAddress } from "./vaultAddress.js";
