// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, NextAction, PaymentId, PaymentRef} from "../types/Payment.sol";
import {EscrowTerms} from "../types/Terms.sol";
import {Capture, CaptureItem, CaptureMany, Void} from "../types/TypedData.sol";
import {IBursts} from "./IBursts.sol";
import {ISurplus} from "./ISurplus.sol";

/// @title IEscrow
/// @notice Silence repays the buyer; until then the operator captures what was earned.
interface IEscrow is IBursts, ISurplus {
    /* TYPES */

    /// @notice Where a payment into an escrow stands; computed from facts, not stored.
    enum EscrowStatus {
        /// Never paid.
        None,
        /// The operator can capture, or return it.
        Held,
        /// The time to capture is over; anyone can return what is held to the payer.
        Expired,
        /// Nothing is held any more; or it was the transfer of a refund, and never a payment.
        Ended
    }

    /// @notice A payment into an escrow as it stands now: `paid = captured + returned + held`.
    /// @param id Its id.
    /// @param status Where it stands.
    /// @param paid The original amount, in the token's smallest unit.
    /// @param captured What the receiver earned so far, fee included.
    /// @param returned What went back to the payer without having been captured.
    /// @param held What can still be captured or returned.
    /// @param refunded What somebody gave back of what was captured.
    /// @param captureUntil First Unix second at which nothing can be captured any more, and anyone can return what is held.
    struct EscrowPayment {
        PaymentId id;
        EscrowStatus status;
        uint256 paid;
        uint256 captured;
        uint256 returned;
        uint256 held;
        uint256 refunded;
        uint40 captureUntil;
    }

    /* ERRORS: TERMS */

    /// @notice The time in which can be captured is out of bounds.
    /// @dev Choose `captureWindow` between `minimum` and `maximum` seconds.
    error TermsCaptureWindowOutOfBounds(uint40 captureWindow, uint40 minimum, uint40 maximum);

    /* ERRORS: CAPTURE AND RETURN */

    /// @notice Nothing of the payment is held any more.
    /// @dev It has been captured, returned or reclaimed. Look at the payment.
    error NothingHeld(PaymentId id);

    /// @notice The payment is not as the caller expected it: something was captured or returned since.
    /// @dev Look at the payment, and decide anew.
    error HoldChanged(PaymentId id, uint256 held, uint256 captured);

    /// @notice More was to be captured than is held.
    /// @dev Capture at most `held`.
    error CaptureExceedsHeld(PaymentId id, uint256 amount, uint256 held);

    /// @notice The time to capture, or to return by decision, is over.
    /// @dev Call `reclaim`: what is held is the payer's.
    error CaptureAfterDeadline(PaymentId id, uint40 captureUntil);

    /// @notice The operator still has time.
    /// @dev Wait until `captureUntil`, or ask receiver or operator to return it.
    error ReclaimBeforeDeadline(PaymentId id, uint40 captureUntil);

    /* ERRORS: REFUND */

    /// @notice The authorization that pays for the refund is in another token than the payment.
    /// @dev Sign for the payment's token.
    error RefundInOtherToken(PaymentId id, address refundToken, address token);

    /// @notice The authorization was not signed for this refund of this payment.
    /// @dev Sign with the nonce that `refundNonceOf` returns.
    error RefundNonceWrong(PaymentId id, bytes32 nonce, bytes32 expectedNonce);

    /// @notice More was to be refunded than was captured and not refunded yet.
    /// @dev Refund at most `refundable`.
    error RefundExceedsCaptured(PaymentId id, uint256 amount, uint256 refundable);

    /* EVENTS */

    /// @notice A payment came in, and is held.
    /// @param id Its id.
    /// @param payer Who paid.
    /// @param token The ERC-20 token.
    /// @param nonce The nonce of the authorization.
    /// @param amount What arrived, in the token's smallest unit.
    /// @param captureUntil First Unix second at which nothing can be captured any more.
    event Authorized(
        PaymentId indexed id,
        address indexed payer,
        address token,
        bytes32 nonce,
        uint256 amount,
        uint40 captureUntil
    );

    /// @notice A part of a payment, or all of it, went to the receiver.
    /// @param id The payment.
    /// @param amount What was captured now, fee included.
    /// @param fee The part of it that goes to the fee receiver: all parts together pay what the whole would.
    /// @param captured What has been captured in total.
    event Captured(PaymentId indexed id, uint256 amount, uint256 fee, uint256 captured);

    /// @notice All that was held went back to the payer; the payment has ended.
    /// @param id The payment.
    /// @param by Who returned it: operator or receiver; zero when the time to capture was over.
    /// @param amount What goes back.
    event Returned(PaymentId indexed id, address indexed by, uint256 amount);

    /// @notice Somebody gave the payer back of what had been captured, out of its own purse.
    /// @param id The payment.
    /// @param by Who paid for it.
    /// @param amount What goes back now.
    /// @param refunded What was given back in total.
    event Refunded(PaymentId indexed id, address indexed by, uint256 amount, uint256 refunded);

    /* TERMS */

    /// @notice The encoding of `terms` that the factory takes, if they are allowed.
    /// @custom:reverts TermsWithoutReceiver when `receiver` is zero.
    /// @custom:reverts TermsWithoutOperator when `operator` is zero.
    /// @custom:reverts TermsFeeTooHigh when `feeBps` is above 1,000.
    /// @custom:reverts TermsFeeReceiverWrong when `feeReceiver` does not go with `feeBps` or is the receiver.
    /// @custom:reverts TermsCaptureWindowOutOfBounds when `captureWindow` is below ten minutes or above 365 days.
    /// @param newTerms The terms of an escrow that may exist or not.
    /// @return The ABI encoding.
    function encodeTerms(EscrowTerms calldata newTerms) external pure returns (bytes memory);

    /// @notice What this vault promises. It can never change.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @return The terms in the vault's own code.
    function terms() external view returns (EscrowTerms memory);

    /* CAPTURE */

    /// @notice Gives the receiver a part of what is held, at once; the rest stays held. By the operator until `captureUntil`.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @custom:reverts AmountZero when nothing is to be captured.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts CaptureAfterDeadline when `captureUntil` has been reached.
    /// @custom:reverts HoldChanged when the payment is not as expected.
    /// @custom:reverts CaptureExceedsHeld when more is to be captured than is held.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param amount What the receiver gets, fee included, in the token's smallest unit.
    /// @param expectedHeld What the caller believes to be held.
    /// @param expectedCaptured What the caller believes to have been captured: so a repeated call does nothing.
    /// @param payoutGas The most gas the token may use for each payout, at least 100,000.
    function capture(
        PaymentRef calldata ref,
        uint256 amount,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint256 payoutGas
    ) external;

    /// @notice As `capture`, and returns what remains to the payer: the payment ends. Nothing may be captured, or everything.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts CaptureAfterDeadline when `captureUntil` has been reached.
    /// @custom:reverts HoldChanged when the payment is not as expected.
    /// @custom:reverts CaptureExceedsHeld when more is to be captured than is held.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param amount What the receiver gets, fee included, in the token's smallest unit; may be zero.
    /// @param expectedHeld What the caller believes to be held.
    /// @param expectedCaptured What the caller believes to have been captured.
    /// @param payoutGas The most gas the token may use for each payout, at least 100,000.
    function close(
        PaymentRef calldata ref,
        uint256 amount,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint256 payoutGas
    ) external;

    /// @notice As `capture`, or `close` when the message is final, by the operator's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the operator did not sign it.
    /// @custom:reverts AmountZero when nothing is to be captured, and the message is not final.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts CaptureAfterDeadline when `captureUntil` has been reached.
    /// @custom:reverts HoldChanged when the payment is not as expected.
    /// @custom:reverts CaptureExceedsHeld when more is to be captured than is held.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param message What the operator signed.
    /// @param signature ECDSA of a key, or what the operator's ERC-1271 contract expects.
    /// @param payoutGas The most gas the token may use for each payout, at least 100,000.
    function captureWithSignature(
        PaymentRef calldata ref,
        Capture calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external;

    /// @notice Captures parts of many payments and credits the receiver, who withdraws them together. By the operator. An item
    /// that cannot be captured as `capture` would is left out, and changes nothing.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @param token The ERC-20 token of all items.
    /// @param items The captures; the caller bounds their number.
    /// @return captured What was captured in all, fees included; `Captured` tells which.
    function captureMany(address token, CaptureItem[] calldata items) external returns (uint256 captured);

    /// @notice As `captureMany`, by the operator's signature; anyone may relay it. Items that were left out can be captured
    /// with the same message once they can be.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the operator did not sign it.
    /// @param message What the operator signed.
    /// @param signature ECDSA of a key, or what the operator's ERC-1271 contract expects.
    /// @return captured What was captured in all, fees included.
    function captureManyWithSignature(
        CaptureMany calldata message,
        bytes calldata signature
    ) external returns (uint256 captured);

    /* RETURN */

    /// @notice Returns all that is held to the payer. By operator or receiver until `captureUntil`.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotSeller when another than receiver or operator calls.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts CaptureAfterDeadline when `captureUntil` has been reached.
    /// @custom:reverts HoldChanged when the payment is not as expected.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param expectedHeld What the caller believes to be held.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function void(PaymentRef calldata ref, uint256 expectedHeld, uint256 payoutGas) external;

    /// @notice As `void`, by signature of operator or receiver; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when `by` did not sign it.
    /// @custom:reverts NotSeller when the signer is neither receiver nor operator.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts CaptureAfterDeadline when `captureUntil` has been reached.
    /// @custom:reverts HoldChanged when the payment is not as expected.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param message What its `by` signed.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function voidWithSignature(
        PaymentRef calldata ref,
        Void calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external;

    /// @notice Returns all that is held to the payer, from `captureUntil` on. By anyone.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts NothingHeld when all of it was captured or returned.
    /// @custom:reverts ReclaimBeforeDeadline when `captureUntil` has not been reached.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function reclaim(PaymentRef calldata ref, uint256 payoutGas) external;

    /* REFUND */

    /// @notice Gives the payer back of what was captured, out of the purse of whoever signed the authorization; anyone may
    /// relay it. What the payer cannot be sent waits as its credit.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts AmountZero when the value is zero.
    /// @custom:reverts RefundInOtherToken when the authorization is in another token than the payment.
    /// @custom:reverts RefundNonceWrong when the authorization was not signed for this refund.
    /// @custom:reverts RefundExceedsCaptured when more is to be refunded than was captured and not refunded yet.
    /// @custom:reverts PaymentAlreadyKnown when the signer paid into this vault with the same nonce.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @custom:reverts TokenRefusedAuthorization when the token does not accept the authorization.
    /// @custom:reverts ReceivedOtherAmount when another amount arrived than was signed.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param authorization An EIP-3009 `ReceiveWithAuthorization` to this vault, with the nonce that `refundNonceOf` returns;
    /// its `payer` is who pays for the refund.
    /// @param payoutGas The most gas the token may use for the payout, at least 100,000.
    function refund(PaymentRef calldata ref, Authorization calldata authorization, uint256 payoutGas) external;

    /* VIEWS */

    /// @notice A payment as it stands now.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param ref What names it.
    /// @return payment All about it; zeros where there is nothing.
    function paymentOf(PaymentRef calldata ref) external view returns (EscrowPayment memory payment);

    /// @notice The nonce of the authorization that pays for the next refund of a payment. It names the payment and what was
    /// refunded before, so that an authorization is good for one refund of one payment, once.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param ref What names the payment.
    /// @return The nonce.
    function refundNonceOf(PaymentRef calldata ref) external view returns (bytes32);

    /// @notice What can be done with a payment, by whom, and until when.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @param ref What names it.
    /// @return The actions; empty when nothing can be done.
    function nextActions(PaymentRef calldata ref) external view returns (NextAction[] memory);
}
