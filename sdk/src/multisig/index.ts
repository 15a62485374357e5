export * from "../generated/actions/multisig/index.js";
export {
  addressOf,
  addressOfCall,
  deploy,
  deployCall,
} from "../generated/actions/multisigFactory/index.js";
export {
  executeTypedData,
  multisigDomain,
  paymentApprovalTypedData,
  standingApprovalTypedData,
} from "../generated/typedData.js";
export type {
  Call,
  Execute,
  MultisigConfig,
  PaymentApproval,
  Signer,
  Spendable,
  StandingApproval,
  Tier,
  TokenRules,
} from "../generated/types.js";
export { type MultisigAccount, readAccount, weightFor as tierWeightFor } from "./account.js";
export { accountAddress } from "./accountAddress.js";
export type { PaymentMethod, SignerSignature } from "./blob.js";
export { type ApprovalRequest, type Collect, collectFromKeys } from "./collect.js";
export {
  approvalAt,
  type CollectedApproval,
  type CollectOverHttpOptions,
  type CollectorPlace,
  collectOverHttp,
  pendingApprovals,
  rejectionTypedData,
  type SignerRejection,
  sendRejection,
  sendSignature,
} from "./collectOverHttp.js";
export { decodeConfig, encodeConfig, sortConfig } from "./config.js";
export {
  ApprovalRejectedError,
  ApprovalsMissingError,
  ChainMismatchError,
  CollectorRefusedError,
  CollectorUnreachableError,
  RulesChangedError,
  StandingApprovalOutOfBoundsError,
  TypedDataDeniedError,
  UnknownSignerError,
  UnreadablePlanError,
  UnusableSignatureError,
} from "./errors.js";
export { callOf, type SignedExecute, signExecute } from "./execute.js";
export { isAccount } from "./isAccount.js";
export type { PaymentIntent } from "./payments.js";
export { type Requirement, requirementOf } from "./requirements.js";
export { resourcesOf } from "./resources.js";
export { MultisigExactEvmScheme, type MultisigExactEvmSchemeOptions } from "./scheme.js";
export { createMultisigSigner, type MultisigSigner, type MultisigSignerOptions } from "./signer.js";
export {
  requestStandingApproval,
  type StandingApprovalParameters,
  type StandingGrant,
  standingApprovalId,
} from "./standing.js";
export type { ApprovalTypedData } from "./typedData.js";
export { verifyApproval } from "./verifyApproval.js";
