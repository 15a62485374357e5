// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {NextAction, PaymentId, PaymentRef} from "../types/Payment.sol";
import {RefundWindowTerms} from "../types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, WithdrawDispute} from "../types/TypedData.sol";
import {IBursts} from "./IBursts.sol";
import {IMaturing} from "./IMaturing.sol";

/// @title IRefundWindow
/// @notice Silence pays the seller; until then the buyer can undo.
interface IRefundWindow is IBursts, IMaturing {
    /* TYPES */

    /// @notice Where a payment stands; computed from facts, not stored.
    enum Status {
        /// Never paid.
        None,
        /// The payer can take it back, or dispute it where there is an arbiter.
        Open,
        /// The window has closed; receiver and operator can still give it back until it matures.
        Closed,
        /// It belongs to the receiver and waits to be claimed.
        Matured,
        /// Its bucket has been claimed.
        Claimed,
        /// All of it went back.
        Refunded,
        /// It is locked until its dispute is settled.
        Disputed,
        /// Its dispute was settled, and its money credited.
        Settled
    }

    /// @notice A payment as it stands now.
    /// @param id Its id.
    /// @param status Where it stands.
    /// @param paid The original amount, in the token's smallest unit.
    /// @param refunded What went back so far.
    /// @param held What the vault still holds of it.
    /// @param refundable What the payer could take back now, or win in a dispute.
    /// @param closesAt First Unix second at which the payer can no longer take it back or dispute it; zero once disputed.
    /// @param maturesAt First Unix second at which it can be claimed, and nobody can give it back; zero once disputed.
    /// @param defaultsAt First Unix second at which the dispute is settled by default; zero unless it was disputed.
    struct Payment {
        PaymentId id;
        Status status;
        uint256 paid;
        uint256 refunded;
        uint256 held;
        uint256 refundable;
        uint40 closesAt;
        uint40 maturesAt;
        uint40 defaultsAt;
    }

    /* ERRORS: TERMS */

    /// @notice The window is out of bounds.
    /// @dev Choose `window` between `minimum` and `maximum` seconds.
    error TermsWindowOutOfBounds(uint40 window, uint40 minimum, uint40 maximum);

    /// @notice The payer could take nothing back.
    /// @dev Set `nonRefundableBps` below `limit`.
    error TermsNonRefundableTooHigh(uint16 nonRefundableBps, uint16 limit);

    /// @notice The terms name no arbiter, but something that only an arbiter needs.
    /// @dev Set `resolutionPeriod` and `silenceFavorsPayer` to zero, or name an arbiter.
    error TermsWithoutArbiter(uint40 resolutionPeriod, bool silenceFavorsPayer);

    /// @notice The arbiter has a part in what it is to decide about.
    /// @dev Name an arbiter that is not receiver, operator or fee receiver.
    error TermsArbiterIsParty(address arbiter);

    /// @notice The time for resolving a dispute is out of bounds.
    /// @dev Choose `resolutionPeriod` between `minimum` and `maximum` seconds.
    error TermsResolutionPeriodOutOfBounds(uint40 resolutionPeriod, uint40 minimum, uint40 maximum);

    /* ERRORS: REFUND */

    /// @notice Somebody who is neither payer, receiver nor operator of this payment used their right.
    /// @dev Let one of them call or sign.
    error NotParty(PaymentId id, address caller);

    /// @notice The payer asked for a refund, but there is an arbiter.
    /// @dev Dispute the payment, or let receiver or operator refund.
    error RefundNeedsDispute(PaymentId id, address arbiter);

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

    /* ERRORS: DISPUTE */

    /// @notice The payment is disputed, or was: its dispute alone decides about it.
    /// @dev While it is not settled, receiver and operator can concede, and the payer can withdraw the dispute.
    error PaymentDisputed(PaymentId id, bool isSettled);

    /// @notice The payment is not disputed, or no longer.
    /// @dev Look at the payment.
    error PaymentNotDisputed(PaymentId id);

    /// @notice The message is about another dispute, or was signed before there was one.
    /// @dev Sign the `defaultsAt` that `paymentOf` returns.
    error DisputeMismatch(PaymentId id, uint40 defaultsAt, uint256 signedDefaultsAt);

    /// @notice Only the payer may do this.
    /// @dev Let the payer call or sign.
    error NotPayer(PaymentId id, address caller);

    /// @notice Only the arbiter may divide the money.
    /// @dev Let the arbiter of the terms call or sign.
    error NotArbiter(PaymentId id, address caller);

    /// @notice Nobody decides about a payment of its own.
    /// @dev Receiver or operator can concede, the payer can withdraw, or the default comes at its time.
    error ArbiterIsPayer(PaymentId id, address arbiter);

    /// @notice The terms have no arbiter: there is nothing to dispute.
    /// @dev Refund instead: no questions are asked.
    error NoArbiter(PaymentId id);

    /// @notice The payer disputed after the window had closed.
    /// @dev Until the payment matures receiver and operator can still give it back: ask them.
    error DisputeAfterClose(PaymentId id, uint40 closesAt);

    /// @notice Nothing of the payment could be won.
    /// @dev All that is refundable has gone back.
    error NothingToDispute(PaymentId id, uint256 held);

    /// @notice The time to decide is over.
    /// @dev Call `resolveByDefault`.
    error DecisionAfterDeadline(PaymentId id, uint40 defaultsAt);

    /// @notice The arbiter still has time.
    /// @dev Wait until `defaultsAt`.
    error DefaultBeforeDeadline(PaymentId id, uint40 defaultsAt);

    /// @notice The decision gives the payer more than can be won.
    /// @dev Give the payer at most `refundable`: the non-refundable share is the receiver's.
    error ResolutionExceedsRefundable(PaymentId id, uint256 toPayer, uint256 refundable);

    /// @notice The decision divides more or less than is disputed.
    /// @dev Let both shares be `held` together.
    error ResolutionNotWhole(PaymentId id, uint256 toPayer, uint256 toReceiver, uint256 held);

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

    /// @notice The payer disputed a payment; it is locked until it is settled.
    /// @param id The payment.
    /// @param held What is disputed: all that had not gone back.
    /// @param defaultsAt First Unix second at which nobody decides any more, and the default of the terms applies.
    /// @param evidence Hash of what the payer has to say; zero for nothing.
    event Disputed(PaymentId indexed id, uint256 held, uint40 defaultsAt, bytes32 evidence);

    /// @notice A party said something about a dispute.
    /// @param id The payment.
    /// @param by Payer, receiver or operator.
    /// @param evidence Hash of what it says.
    event EvidenceSubmitted(PaymentId indexed id, address indexed by, bytes32 evidence);

    /// @notice A dispute is over; `Credited` follows for everybody who gets something.
    /// @param id The payment.
    /// @param by Who ended it: the payer withdrew, receiver or operator conceded, the arbiter decided; zero for the default.
    /// @param toPayer What the payer gets.
    /// @param toReceiver What the receiver gets, fee included.
    /// @param fee The part of it that goes to the fee receiver.
    /// @param evidence Hash of the arbiter's reasons; zero for none.
    event DisputeSettled(
        PaymentId indexed id,
        address indexed by,
        uint256 toPayer,
        uint256 toReceiver,
        uint256 fee,
        bytes32 evidence
    );

    /* TERMS */

    /// @notice The canonical encoding of `terms`, checked.
    /// @custom:reverts TermsWithoutReceiver when `receiver` is zero.
    /// @custom:reverts TermsWithoutOperator when `operator` is zero.
    /// @custom:reverts TermsFeeTooHigh when `feeBps` is above 1,000.
    /// @custom:reverts TermsFeeReceiverWrong when `feeReceiver` does not go with `feeBps` or is the receiver.
    /// @custom:reverts TermsWindowOutOfBounds when `window` is out of bounds.
    /// @custom:reverts TermsNonRefundableTooHigh when nothing would be refundable.
    /// @custom:reverts TermsWithoutArbiter when something is set that only an arbiter needs.
    /// @custom:reverts TermsArbiterIsParty when the arbiter is receiver, operator or fee receiver.
    /// @custom:reverts TermsResolutionPeriodOutOfBounds when the arbiter has too little or too much time.
    /// @param terms What the vault is to promise.
    /// @return What the factory takes.
    function encodeTerms(RefundWindowTerms calldata terms) external pure returns (bytes memory);

    /// @notice The terms of this vault.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @return The terms.
    function terms() external view returns (RefundWindowTerms memory);

    /* REFUND */

    /// @notice Gives back a payment or a part of it: to any address when the payer asks before `closesAt` and there is no
    /// arbiter, to the payer when receiver or operator ask before `maturesAt`. Booked even when the token refuses to pay out: then the
    /// amount waits as a credit of the payer. What went back since the caller looked counts towards `amount`: a repeated
    /// call does nothing twice, and nobody can void a refund by giving back a unit first.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts PaymentDisputed when it is disputed or was.
    /// @custom:reverts AmountZero when `amount` is zero.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts NotParty when the caller is neither payer, receiver nor operator.
    /// @custom:reverts RefundAfterClose when the payer asks at or after `closesAt`.
    /// @custom:reverts RefundNeedsDispute when the payer asks before, and there is an arbiter.
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
    /// @custom:reverts SignatureInvalid when `by` did not sign it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts PaymentDisputed when it is disputed or was.
    /// @custom:reverts AmountZero when the amount is zero.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts NotParty when the signer is neither payer, receiver nor operator.
    /// @custom:reverts RefundAfterClose when the payer's message comes at or after `closesAt`.
    /// @custom:reverts RefundNeedsDispute when the payer's message comes before, and there is an arbiter.
    /// @custom:reverts RefundAfterMaturity when another's message comes at or after `maturesAt`.
    /// @custom:reverts RefundNotToPayer when receiver or operator name another recipient.
    /// @custom:reverts PaymentChanged when all of it has gone back, or the payment never was as expected.
    /// @custom:reverts RefundExceedsRefundable when more is asked for than can be given back.
    /// @custom:reverts PayoutGasTooLow when `payoutGas` is below the floor.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `payoutGas`.
    /// @param ref What names the payment.
    /// @param message What its `by` signed: payer, receiver or operator.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    /// @param payoutGas The most gas the token may use, at least 100,000.
    function refundWithSignature(
        PaymentRef calldata ref,
        Refund calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external;

    /* DISPUTE */

    /// @notice Locks a payment until its dispute is settled, at the latest from `defaultsAt` on. By the payer before
    /// `closesAt`, once for each payment.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotPayer when another than the payer calls.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts PaymentDisputed when it is disputed or was.
    /// @custom:reverts NoArbiter when the terms have none.
    /// @custom:reverts DisputeAfterClose when the window has closed.
    /// @custom:reverts NothingToDispute when all that is refundable has gone back.
    /// @param ref What names the payment.
    /// @param evidence Hash of what the payer has to say; zero for nothing.
    function dispute(PaymentRef calldata ref, bytes32 evidence) external;

    /// @notice As `dispute`, by the payer's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the payer did not sign it.
    /// @custom:reverts PaymentUnknown when there is no such payment.
    /// @custom:reverts PaymentDisputed when it is disputed or was.
    /// @custom:reverts NoArbiter when the terms have none.
    /// @custom:reverts DisputeAfterClose when the window has closed.
    /// @custom:reverts NothingToDispute when all that is refundable has gone back.
    /// @param ref What names the payment.
    /// @param message What the payer signed.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    function disputeWithSignature(PaymentRef calldata ref, Dispute calldata message, bytes calldata signature) external;

    /// @notice Says something about a running dispute, for the arbiter and everybody to read. By payer, receiver or operator.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts NotParty when the caller is neither payer, receiver nor operator.
    /// @param ref What names the payment.
    /// @param evidence Hash of what is said.
    function submitEvidence(PaymentRef calldata ref, bytes32 evidence) external;

    /// @notice Ends a dispute in the seller's favor, by the payer. What was disputed is credited to the receiver, less the fee.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotPayer when another than the payer calls.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @param ref What names the payment.
    function withdrawDispute(PaymentRef calldata ref) external;

    /// @notice As `withdrawDispute`, by the payer's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the payer did not sign it.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts DisputeMismatch when the message names another `defaultsAt`.
    /// @param ref What names the payment.
    /// @param message What the payer signed.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    function withdrawDisputeWithSignature(
        PaymentRef calldata ref,
        WithdrawDispute calldata message,
        bytes calldata signature
    ) external;

    /// @notice Ends a dispute in the payer's favor, by receiver or operator: the payer is credited with all that is refundable,
    /// the receiver with the non-refundable share.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts NotSeller when another than receiver or operator calls.
    /// @param ref What names the payment.
    function concede(PaymentRef calldata ref) external;

    /// @notice As `concede`, by signature of receiver or operator; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when `by` did not sign it.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts NotSeller when the signer is neither receiver nor operator.
    /// @param ref What names the payment.
    /// @param message What its `by` signed.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    function concedeWithSignature(PaymentRef calldata ref, Concede calldata message, bytes calldata signature) external;

    /// @notice Divides disputed money between payer and receiver, by the arbiter. Both are credited.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotArbiter when another than the arbiter calls.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts ArbiterIsPayer when the arbiter paid this payment.
    /// @custom:reverts ResolutionExceedsRefundable when the payer would get more than is refundable.
    /// @custom:reverts ResolutionNotWhole when the shares are not what is disputed, together.
    /// @param ref What names the payment.
    /// @param toPayer What the payer gets, in the token's smallest unit.
    /// @param toReceiver What the receiver gets, fee included.
    /// @param evidence Hash of the reasons; zero for none.
    function resolve(PaymentRef calldata ref, uint256 toPayer, uint256 toReceiver, bytes32 evidence) external;

    /// @notice As `resolve`, by the arbiter's signature; anyone may relay it.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the arbiter did not sign it.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DecisionAfterDeadline when its time is over.
    /// @custom:reverts ArbiterIsPayer when the arbiter paid this payment.
    /// @custom:reverts ResolutionExceedsRefundable when the payer would get more than is refundable.
    /// @custom:reverts ResolutionNotWhole when the shares are not what is disputed, together.
    /// @param ref What names the payment.
    /// @param message What the arbiter signed.
    /// @param signature ECDSA of a key, or what the signer's ERC-1271 contract expects.
    function resolveWithSignature(PaymentRef calldata ref, Resolve calldata message, bytes calldata signature) external;

    /// @notice Settles a dispute that nobody decided in time, as the terms say: all that is refundable to the payer, or all to
    /// the receiver. Anyone may call.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts PaymentNotDisputed when it is not disputed, or no longer.
    /// @custom:reverts DefaultBeforeDeadline when it can still be decided.
    /// @param ref What names the payment.
    function resolveByDefault(PaymentRef calldata ref) external;

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
}
