export type { ChargeOperation, SubscribeOperation } from "../operations.js";
export { SubscriptionEvmScheme } from "./scheme.js";
