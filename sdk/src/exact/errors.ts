/**
 * Reasons on the wire, beside those of the official `exact` scheme. A contract's own error becomes
 * `invalid_exact_evm_recourse_<its name in snake case>` by the generated map.
 */

/** `extra.recourse` is there but is not what this version understands. */
export const ErrTermsMalformed = "invalid_exact_evm_recourse_terms_malformed";
/** The client accepted other terms than the server advertises. */
export const ErrTermsMismatch = "invalid_exact_evm_recourse_terms_mismatch";
/** The factory is not one that this facilitator serves. */
export const ErrFactoryNotAllowed = "invalid_exact_evm_recourse_factory_not_allowed";
/** The factory of these terms is not deployed on this chain, so there is nothing to pay into. */
export const ErrFactoryNotDeployed = "invalid_exact_evm_recourse_factory_not_deployed";
/** The vault of these terms is not deployed on this chain, so there is nothing to end. */
export const ErrVaultNotDeployed = "invalid_exact_evm_recourse_vault_not_deployed";
/** The token is not one that this facilitator pays gas for. */
export const ErrAssetNotAllowed = "invalid_exact_evm_recourse_asset_not_allowed";
/** `payTo` is not the address of these terms under this factory. */
export const ErrVaultMismatch = "invalid_exact_evm_recourse_vault_mismatch";
/** The payload is not an EIP-3009 authorization. */
export const ErrPayloadUnsupported = "invalid_exact_evm_recourse_payload_unsupported";
/** The payment is on chain already, by another request than this one. */
export const ErrAlreadyPaid = "invalid_exact_evm_recourse_already_paid";
/** The payment is being settled by another request right now. */
export const ErrBeingSettled = "invalid_exact_evm_recourse_being_settled";
/** A client's payload carries a field that only a server may write. */
export const ErrServerFieldInPayload = "invalid_exact_evm_recourse_server_field_in_payload";
/** `/settle` of a vault needs the operation that the server asks for. */
export const ErrOperationMissing = "invalid_exact_evm_recourse_operation_missing";
/** The operation is unknown, or is not one of this kind of vault. */
export const ErrOperationUnsupported = "invalid_exact_evm_recourse_operation_unsupported";
/** The operation of the server does not have the fields it needs. */
export const ErrOperationMalformed = "invalid_exact_evm_recourse_operation_malformed";
/** The operation is not signed by receiver or operator of the vault. */
export const ErrOperationNotAuthorized = "invalid_exact_evm_recourse_operation_not_authorized";
/** What the handler said it cost is no amount: what was held went back. */
export const ErrCostMalformed = "invalid_exact_evm_recourse_cost_malformed";
/** The server's own signer did not sign what is to become of the payment. */
export const ErrSignerUnavailable = "invalid_exact_evm_recourse_signer_unavailable";
/** Too little is left of the time to capture: the transaction could be mined after it. What is held goes back to the payer. */
export const ErrCaptureTooLate = "invalid_exact_evm_recourse_capture_too_late";
/** The chain cannot be reached, or did not answer in time. Nothing was sent. */
export const ErrRpcUnavailable = "invalid_exact_evm_recourse_rpc_unavailable";
/** The chain would refuse the transaction for a reason that is none of the vault's errors. */
export const ErrSimulationFailed = "invalid_exact_evm_recourse_simulation_failed";
/** The transaction would use more gas than the facilitator sponsors. */
export const ErrGasTooHigh = "invalid_exact_evm_recourse_gas_too_high";
/** The facilitator does not sponsor this, or no more of it for now. */
export const ErrNotSponsored = "invalid_exact_evm_recourse_not_sponsored";
/** The transaction was mined and reverted. */
export const ErrReverted = "invalid_exact_evm_recourse_transaction_reverted";
/** The transaction was mined without the event that it should have. */
export const ErrEventMismatch = "invalid_exact_evm_recourse_event_mismatch";
/** The official code for a wallet that does not exist yet, and whose factory is not one that this facilitator calls. */
export const ErrWalletFactoryNotAllowed = "eip6492_factory_not_allowed";
/** The signature is wrapped by ERC-6492, and what is inside cannot be read. */
export const ErrWalletSignatureMalformed = "invalid_exact_evm_recourse_wallet_signature_malformed";
/** The chain has no Multicall3, through which wallets are deployed. */
export const ErrWalletDeploymentUnsupported = "invalid_exact_evm_recourse_wallet_deployment_unsupported";
/** What the factory was told does not make a contract at the payer's address. */
export const ErrWalletDeploymentFailed = "invalid_exact_evm_recourse_wallet_deployment_failed";
/** The signer's wallet does not exist, and a relay deploys none. */
export const ErrWalletNotDeployed = "invalid_exact_evm_recourse_wallet_not_deployed";
/** The official code for a transfer that the token would refuse, for a reason that it does not tell. */
export const ErrTransferSimulationFailed = "invalid_exact_evm_transaction_simulation_failed";
/** The official code for a signature that the payer's account does not accept. */
export const ErrSignatureInvalid = "invalid_exact_evm_signature";
/** The server cannot reach the storage that keeps one release to a payment. */
export const ErrStorageUnavailable = "invalid_exact_evm_recourse_storage_unavailable";
/** Something that nobody thought of; nothing is said of it, since it could say too much. */
export const ErrUnexpected = "invalid_exact_evm_recourse_unexpected";
/** The official code for a transaction that was sent and whose outcome is not known yet. */
export const ErrSettlementPending = "settlement_pending";
