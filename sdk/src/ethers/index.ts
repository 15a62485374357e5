export { RefundWindow__factory } from "./generated/factories/RefundWindow__factory.js";
export { VaultFactory__factory } from "./generated/factories/VaultFactory__factory.js";
export type { RefundWindow } from "./generated/RefundWindow.js";
export type { VaultFactory } from "./generated/VaultFactory.js";
