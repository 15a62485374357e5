export {
  CaptureRepeatedError,
  HoldNotReleasedError,
  HoldUnknownError,
  OrderInFlightError,
  OrderOutcomeUnknownError,
  OrderRefusedError,
} from "../../holdErrors.js";
export { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
export type { EscrowExtra, PlanExtra, RefundWindowExtra, VaultExtra } from "../terms.js";
export { type EscrowOption, type EscrowOptions, escrow } from "./escrow.js";
export {
  EscrowManager,
  type EscrowManagerOptions,
  type OpenHold,
  type OrderResult,
  type RefundResult,
} from "./escrowManager.js";
export { type Arbitration, type RefundWindowOption, type RefundWindowOptions, refundWindow } from "./refundWindow.js";
export { ExactEvmScheme, type ExactEvmSchemeConfig } from "./scheme.js";
export {
  type Hold,
  type HoldOrder,
  type HoldRefund,
  InMemoryPaymentStorage,
  isOpen,
  type ListedPayment,
  type PaymentRecord,
  type PaymentStorage,
} from "./storage.js";
