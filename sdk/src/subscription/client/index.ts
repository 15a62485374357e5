export { VaultTermsMismatchError } from "../../vault/describePayTo.js";
export { TokenUnknownError } from "../money.js";
export { FirstChargeCapError, PeriodCapError, StillSubscribedError, TotalCapError } from "./errors.js";
export { SubscriptionEvmScheme, type SubscriptionEvmSchemeOptions } from "./scheme.js";
