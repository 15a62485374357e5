export * from "../generated/actions/refundWindow/index.js";
export * from "../generated/actions/vaultFactory/index.js";
export * from "../generated/constants.js";
export * from "../generated/typedData.js";
export * from "../generated/types.js";
