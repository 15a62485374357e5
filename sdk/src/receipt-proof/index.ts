export * from "../generated/actions/receiptVerifier/index.js";
export type { AuthorizedTransfer, ReceiptProof } from "../generated/types.js";
export { buildReceiptProof } from "./buildReceiptProof.js";
export {
  BlockNotAvailableError,
  HeaderMismatchError,
  ReceiptsMismatchError,
  TransactionNotMinedError,
  TransferNotInTransactionError,
} from "./errors.js";
export { findAuthorizedTransfer } from "./findAuthorizedTransfer.js";
export type { AuthorizationPlace } from "./transferIndex.js";
