export { FacilitatorUnsuitableError, RouteTermsError } from "../../routeErrors.js";
export type { EscrowExtra, RefundWindowExtra, VaultExtra } from "../terms.js";
export { type EscrowOption, type EscrowOptions, escrow } from "./escrow.js";
export { type Arbitration, type RefundWindowOption, type RefundWindowOptions, refundWindow } from "./refundWindow.js";
export { ExactEvmScheme, type ExactEvmSchemeConfig } from "./scheme.js";
export { InMemoryPaymentStorage, type PaymentRecord, type PaymentStorage } from "./storage.js";
