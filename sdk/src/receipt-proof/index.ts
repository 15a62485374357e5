export * from "../generated/actions/receiptVerifier/index.js";
export type { AuthorizedTransfer, ReceiptProof } from "../generated/types.js";
export { blockHashHorizon } from "./blockHashHorizon.js";
export { buildReceiptProof } from "./buildReceiptProof.js";
export {
  BlockNotAvailableError,
  HeaderMismatchError,
  ReceiptsMismatchError,
  TransactionNotMinedError,
  TransferNotInTransactionError,
} from "./errors.js";
export { findAuthorizedTransfer } from "./findAuthorizedTransfer.js";
export { findUnrecorded, isRecorded, type UnrecordedPayment } from "./findUnrecorded.js";
export { recordRequest } from "./recordRequest.js";
export type { AuthorizationPlace } from "./transferIndex.js";
