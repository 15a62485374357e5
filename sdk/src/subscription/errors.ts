/**
 * Reasons on the wire of the scheme `subscription`. A contract's own error becomes `invalid_subscription_evm_<its name in snake
 * case>`; what the schemes have in common has the same name under both.
 */

/** The subscriber is subscribed, by this very message or another: sign in. */
export const ErrAlreadySubscribed = "invalid_subscription_evm_already_subscribed";
/** `amount` is not what subscribing costs by these terms. */
export const ErrAmountMismatch = "invalid_subscription_evm_amount_mismatch";
/** `asset` is not the token of these terms. */
export const ErrAssetMismatch = "invalid_subscription_evm_asset_mismatch";
/** The message is for another number of units than the route sells. */
export const ErrQuantityMismatch = "invalid_subscription_evm_quantity_mismatch";
/** The message is not valid long enough to be settled. */
export const ErrDeadlineTooClose = "invalid_subscription_evm_deadline_too_close";
/** The payload is no signed Subscribe. */
export const ErrPayloadUnsupported = "invalid_subscription_evm_payload_unsupported";
/** The subscriber has too little of the token. */
export const ErrBalanceTooLow = "invalid_subscription_evm_balance_too_low";
/** The plan may take too little: a permit or an allowance is missing. */
export const ErrAllowanceTooLow = "invalid_subscription_evm_allowance_too_low";
/** Nothing can be charged of this pair now. */
export const ErrNotDue = "invalid_subscription_evm_not_due";

const COMMON = /^invalid_exact_evm_(recourse_)?/;

/** A reason of what the schemes have in common, under the name that it has in this one. */
export function subscriptionReason(reason: string): string {
  return reason.replace(COMMON, "invalid_subscription_evm_");
}
