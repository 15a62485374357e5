export type { PlanExtra } from "../../exact/terms.js";
export { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
export { type TokenDomain, TokenUnknownError } from "../money.js";
export {
  type AccessRemedy,
  type AccessStanding,
  type SubscriptionAccess,
  type SubscriptionAccessOptions,
  subscriptionAccess,
} from "./access.js";
export { InMemoryNonceStorage, type NonceStorage } from "./nonces.js";
export { type PlanTermsOptions, planTerms } from "./planTerms.js";
export { SubscriptionEvmScheme, type SubscriptionEvmSchemeConfig } from "./scheme.js";
export {
  type SinglePeriodOption,
  type SinglePeriodOptions,
  type SubscriptionOption,
  type SubscriptionOptions,
  singlePeriod,
  subscription,
} from "./subscription.js";
