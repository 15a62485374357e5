// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {NextAction, PaymentId, PaymentRef} from "../types/Payment.sol";
import {RefundWindowTerms} from "../types/Terms.sol";
import {Refund} from "../types/TypedData.sol";
import {IVault} from "./IVault.sol";

/// @title IRefundWindow
/// @notice Silence pays the seller; until then the buyer can undo.
interface IRefundWindow is IVault {
    /* TYPES */

    /// @notice Where a payment stands; computed from facts, not stored.
    enum Status {
        /// Never paid.
        None,
        /// The payer can take it back.
        Open,
        /// The window has closed; receiver and operator can still give it back until it matures.
        Closed,
        /// It belongs to the receiver and waits to be claimed.
        Matured,
        /// Its bucket has been claimed.
        Claimed,
        /// All of it went back.
        Refunded
    }

    /// @notice A payment as it stands now.
    /// @param id Its id.
    /// @param status Where it stands.
    /// @param paid The original amount, in the token's smallest unit.
    /// @param refunded What went back so far.
    /// @param held What the vault still holds of it.
    /// @param refundable What the payer could take back now.
    /// @param closesAt First Unix second at which the payer can no longer take it back.
    /// @param maturesAt First Unix second at which it can be claimed, and nobody can give it back.
    struct Payment {
        PaymentId id;
        Status status;
        uint256 paid;
        uint256 refunded;
        uint256 held;
        uint256 refundable;
        uint40 closesAt;
        uint40 maturesAt;
    }

    /* ERRORS: TERMS */

    /// @notice The window is out of bounds.
    /// @dev Choose `window` between `minimum` and `maximum` seconds.
    error TermsWindowOutOfBounds(uint40 window, uint40 minimum, uint40 maximum);

    /// @notice The payer could take nothing back.
    /// @dev Set `nonRefundableBps` below `limit`.
    error TermsNonRefundableTooHigh(uint16 nonRefundableBps, uint16 limit);

    /// @notice The terms name an arbiter or something that only an arbiter needs.
    /// @dev This version has no arbitration: set `arbiter`, `resolutionPeriod` and `silenceFavorsPayer` to zero.
    error TermsArbitrationUnsupported(address arbiter, uint40 resolutionPeriod, bool silenceFavorsPayer);

    /* ERRORS: REFUND */

    /// @notice The signed message is for another payment.
    /// @dev Pass token, payer and nonce of the payment that was signed for.
    error PaymentMismatch(PaymentId id, PaymentId signedId);

    /// @notice Somebody who is neither payer, receiver nor operator of this payment asked for a refund.
    /// @dev Let one of them call or sign.
    error NotParty(PaymentId id, address caller);

    /// @notice The payer asked after the window had closed.
    /// @dev Until `maturesAt` receiver and operator can still give it back: ask them.
    error RefundAfterClose(PaymentId id, uint40 closesAt, uint40 maturesAt);

    /// @notice Receiver or operator asked after the payment had matured.
    /// @dev It is the receiver's money now: claim it and pay back by an ordinary transfer.
    error RefundAfterMaturity(PaymentId id, uint40 maturesAt);

    /// @notice Receiver or operator wanted to send the money to another address than the payer's.
    /// @dev Set `to` to the payer.
    error RefundNotToPayer(PaymentId id, address to, address payer);

    /// @notice More was asked for than can be given back.
    /// @dev Ask for at most `refundable`.
    error RefundExceedsRefundable(PaymentId id, uint256 requested, uint256 refundable);

    /// @notice What was asked for has gone back already, or the payment never was what the caller or signer expects.
    /// @dev Look at the payment before asking again.
    error PaymentChanged(PaymentId id, uint256 held, uint256 refunded);

    /* ERRORS: CLAIM */

    /// @notice The bucket has not matured.
    /// @dev Wait until `maturesAt`.
    error ClaimBeforeMaturity(uint32 bucket, uint40 maturesAt, uint256 timestamp);

    /// @notice There is nothing in these buckets.
    /// @dev They are empty or have been claimed.
    error ClaimEmpty(address token);

    /* EVENTS */

    /// @notice A payment came in.
    /// @param id Its id.
    /// @param payer Who paid.
    /// @param token The ERC-20 token.
    /// @param nonce The nonce of the authorization.
    /// @param amount What arrived, in the token's smallest unit.
    /// @param closesAt First Unix second at which the payer can no longer take it back.
    event Paid(
        PaymentId indexed id,
        address indexed payer,
        address token,
        bytes32 nonce,
        uint256 amount,
        uint40 closesAt
    );

    /// @notice A payment went back, or a part of it.
    /// @param id The payment.
    /// @param by Who used the right: payer, receiver or operator.
    /// @param to Where the money goes.
    /// @param amount What goes back now.
    /// @param refunded What went back in total.
    event Refunded(PaymentId indexed id, address indexed by, address to, uint256 amount, uint256 refunded);

    /// @notice Matured money was released to the receiver.
    /// @param token The ERC-20 token.
    /// @param buckets What was claimed: hours counted from 1970.
    /// @param amount All that was in them.
    /// @param fee The part of it that goes to the fee receiver.
    event Claimed(address indexed token, uint32[] buckets, uint256 amount, uint256 fee);

    /* TERMS */

    /// @notice The canonical encoding of `terms`, checked.
    /// @custom:reverts TermsWithoutReceiver when `receiver` is zero.
    /// @custom:reverts TermsWithoutOperator when `operator` is zero.
    /// @custom:reverts TermsFeeTooHigh when `feeBps` is above 1,000.
    /// @custom:reverts TermsFeeReceiverWrong when `feeReceiver` does not go with `feeBps` or is the receiver.
    /// @custom:reverts TermsWindowOutOfBounds when `window` is out of bounds.
    /// @custom:reverts TermsNonRefundableTooHigh when nothing would be refundable.
    /// @custom:reverts TermsArbitrationUnsupported when anything about an arbiter is set.
    /// @param terms What the vault is to promise.
    /// @return What the factory takes.
    function encodeTerms(RefundWindowTerms calldata terms) external pure returns (bytes memory);

    /// @notice The terms of this vault.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @return The terms.
    function terms() external view returns (RefundWindowTerms memory);

    /* REFUND */

    /// @notice Gives back a payment or a part of it: to any address when the payer asks before `closesAt`, to the payer
    /// when receiver or operator ask before `maturesAt`. Booked even when the token refuses to pay out: then the
    /// amount waits as a credit of the payer. What went back since the caller looked counts towards `amount`: a repeated
    /// call does nothing twice, and nobody can void a refund by giving back a unit first.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts AmountZero when `amount` is zero.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts NotParty when the caller is neither payer, receiver nor operator.
    /// @custom:reverts RefundAfterClose when the payer asks at or after `closesAt`.
    /// @custom:reverts RefundAfterMaturity when receiver or operator ask at or after `maturesAt`.
    /// @custom:reverts RefundNotToPayer when receiver or operator name another recipient.
    /// @custom:reverts PaymentChanged when all of it has gone back, or the payment never was as expected.
    /// @custom:reverts RefundExceedsRefundable when more is asked for than can be given back.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param amount In the token's smallest unit, at least 1; what goes back in all after `expectedRefunded`.
    /// @param to Where the money goes.
    /// @param expectedHeld What the payment held when the caller looked.
    /// @param expectedRefunded What had gone back when the caller looked.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function refund(
        PaymentRef calldata ref,
        uint256 amount,
        address to,
        uint256 expectedHeld,
        uint256 expectedRefunded,
        uint256 payoutGas
    ) external;

    /// @notice As `refund`, by signature of payer, receiver or operator; anyone may relay it.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when `signer` did not sign it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts AmountZero when the amount is zero.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts NotParty when the signer is neither payer, receiver nor operator.
    /// @custom:reverts RefundAfterClose when the payer's message comes at or after `closesAt`.
    /// @custom:reverts RefundAfterMaturity when another's message comes at or after `maturesAt`.
    /// @custom:reverts RefundNotToPayer when receiver or operator name another recipient.
    /// @custom:reverts PaymentChanged when all of it has gone back, or the payment never was as expected.
    /// @custom:reverts RefundExceedsRefundable when more is asked for than can be given back.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param message What was signed.
    /// @param signer Payer, receiver or operator.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function refundWithSignature(
        PaymentRef calldata ref,
        Refund calldata message,
        address signer,
        bytes calldata signature,
        uint256 payoutGas
    ) external;

    /* CLAIM */

    /// @notice Releases matured buckets to the receiver, less the fee. Anyone may call.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts ClaimBeforeMaturity when a bucket has not matured.
    /// @custom:reverts ClaimEmpty when there is nothing in them.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param token The ERC-20 token.
    /// @param buckets Hours counted from 1970, as `bucketOf` tells; the caller bounds their number.
    /// @param payoutGas The most gas the token may use for one payout, at least 100,000.
    /// @return amount All that was released, fee included, in the token's smallest unit.
    function claim(address token, uint32[] calldata buckets, uint256 payoutGas) external returns (uint256 amount);

    /* VIEWS */

    /// @notice A payment as it stands now.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param ref What names it.
    /// @return payment All that is known of it; status `None` when it was never paid.
    function paymentOf(PaymentRef calldata ref) external view returns (Payment memory payment);

    /// @notice Who may do what with a payment from now on, and until when.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param ref What names it.
    /// @return actions Empty when nothing is left to do.
    function nextActions(PaymentRef calldata ref) external view returns (NextAction[] memory actions);

    /// @notice The bucket of a payment whose window closes at `closesAt`.
    /// @param closesAt Unix seconds.
    /// @return bucket The hour, counted from 1970.
    /// @return maturesAt First Unix second at which the bucket can be claimed.
    function bucketOf(uint40 closesAt) external pure returns (uint32 bucket, uint40 maturesAt);

    /// @notice What is in a bucket and was neither refunded nor claimed.
    /// @param token The ERC-20 token.
    /// @param bucket The hour, counted from 1970.
    /// @return In the token's smallest unit.
    function maturingIn(address token, uint32 bucket) external view returns (uint256);
}
