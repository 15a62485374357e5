// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId, PaymentRef} from "../types/Payment.sol";
import {ReceiptProof} from "../types/Receipt.sol";
import {Release} from "../types/TypedData.sol";
import {IVault} from "./IVault.sol";

/// @title ISurplus
/// @notice Money that came past `pay`: by a front-runner, another facilitator, the seller itself, before the vault existed, or
/// by mistake. What is proven is a payment; what nobody proves or claims is the operator's to assign.
interface ISurplus is IVault {
    /* ERRORS: RECORD */

    /// @notice The implementation was constructed with a verifier that has no code.
    /// @dev Deploy the verifier first.
    error VerifierHasNoCode(address verifier);

    /// @notice The proven transfer went to another address.
    /// @dev Record it in the vault that got it.
    error TransferToOther(address recipient);

    /// @notice What was proven is not in the vault any more, or has been set aside.
    /// @dev The token moved it away by itself, or does not move what it logs.
    error RecordExceedsSurplus(PaymentId id, uint256 amount, uint256 surplus);

    /// @notice The transfer came before an announcement that has ended, and nobody proved it in time.
    /// @dev Ask the operator, who may assign it.
    error RecordAfterAnnouncement(PaymentId id, uint40 transferredAt, uint40 announcedAt);

    /* ERRORS: ASSIGN */

    /// @notice Only the operator of the terms may do this.
    /// @dev Call as `operator`.
    error NotOperator(address caller, address operator);

    /// @notice More was announced than is free.
    /// @dev Announce at most `surplus`.
    error AnnouncementExceedsSurplus(address token, uint256 amount, uint256 surplus);

    /// @notice The announcement has not ended.
    /// @dev Wait until `endsAt`.
    error AnnouncementRunning(address token, uint256 number, uint40 endsAt);

    /// @notice No announcement is running, so there is nothing to freeze.
    /// @dev Freeze before `endsAt`; a payment that can be proven needs no freezing.
    error AnnouncementNotRunning(address token, uint256 number, uint40 endsAt);

    /// @notice There is no announcement of this number.
    /// @dev They are counted for each token, from 1.
    error AnnouncementUnknown(address token, uint256 number);

    /// @notice This authorization has frozen its amount of this announcement.
    /// @dev Nothing is left to do until the announcement ends.
    error AlreadyFrozen(PaymentId id, uint256 number);

    /// @notice The authorization has not been used: it moved nothing, and can still be paid.
    /// @dev Pay it.
    error AuthorizationUnused(address token, address payer, bytes32 nonce);

    /// @notice All that is left of the announcement is claimed, or nothing is left.
    /// @dev What was frozen moves by `release`, together with its payer.
    error NothingToAssign(address token, uint256 number, uint256 amount, uint256 claims);

    /// @notice More was to be released than the payer's claim, or than the other claims leave.
    /// @dev Release at most `available`; when claims exceed what there is, their owners have to agree first.
    error ReleaseExceedsClaim(PaymentId id, uint256 amount, uint256 available);

    /// @notice The token's balance has shrunk by itself, and does not cover what was announced.
    /// @dev Such tokens are not supported; what is owed goes first.
    error AssignmentExceedsSurplus(address token, uint256 amount, uint256 surplus);

    /* EVENTS */

    /// @notice A payment that came past `pay` was proven; `Paid` follows.
    /// @param id The payment.
    /// @param transferredAt When its block was made, in Unix seconds.
    event Recorded(PaymentId indexed id, uint40 transferredAt);

    /// @notice The operator means to assign surplus. Whoever it belongs to has until `endsAt` to prove or freeze it.
    /// @param token The ERC-20 token.
    /// @param number The announcement's number, counted for each token from 1.
    /// @param amount In the token's smallest unit.
    /// @param surplus All that was free then; the amount can never be more than what of it has not been proven since.
    /// @param endsAt First Unix second at which it can be assigned, and no longer be frozen.
    event AssignmentAnnounced(
        address indexed token,
        uint256 indexed number,
        uint256 amount,
        uint256 surplus,
        uint40 endsAt
    );

    /// @notice A payer's authorization froze its amount of an announcement.
    /// @param id The payment that the authorization would have been.
    /// @param payer Who authorized.
    /// @param number The announcement.
    /// @param token The ERC-20 token.
    /// @param nonce The nonce of the authorization.
    /// @param amount The payer's claim, in the token's smallest unit.
    event Frozen(
        PaymentId indexed id,
        address indexed payer,
        uint256 number,
        address token,
        bytes32 nonce,
        uint256 amount
    );

    /// @notice The operator assigned what nobody proved or froze.
    /// @param token The ERC-20 token.
    /// @param number The announcement.
    /// @param to Where it went.
    /// @param amount In the token's smallest unit.
    event Assigned(address indexed token, uint256 indexed number, address to, uint256 amount);

    /// @notice Operator and payer released what the payer had frozen; the payer's claim is over.
    /// @param id The payment that the authorization would have been.
    /// @param number The announcement.
    /// @param to Where it went.
    /// @param amount In the token's smallest unit.
    event Released(PaymentId indexed id, uint256 number, address to, uint256 amount);

    /* RECORD */

    /// @notice Makes a payment of a transfer that its payer authorized to this vault and somebody submitted past `pay`. All its
    /// times begin now. Anyone may call; the verifier's own errors tell what is wrong with a proof.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts TransferToOther when the proven transfer went elsewhere.
    /// @custom:reverts AmountZero when nothing moved.
    /// @custom:reverts PaymentAlreadyKnown when it was paid or recorded before.
    /// @custom:reverts RecordAfterAnnouncement when it came before an announcement that has ended.
    /// @custom:reverts RecordExceedsSurplus when the vault has not that much that belongs to no payment.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @param token The ERC-20 token that was paid in.
    /// @param proof Where it is written that it was.
    /// @return id The payment.
    function record(address token, ReceiptProof calldata proof) external returns (PaymentId id);

    /* ASSIGN */

    /// @notice Announces that the operator means to assign surplus in seven days. One announcement runs at a time.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @custom:reverts AmountZero when `amount` is zero.
    /// @custom:reverts AnnouncementRunning when the token's last announcement has not ended.
    /// @custom:reverts AnnouncementExceedsSurplus when more is announced than is free.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @param token The ERC-20 token.
    /// @param amount In the token's smallest unit, at least 1.
    /// @return number The announcement's number.
    function announceAssignment(address token, uint256 amount) external returns (uint256 number);

    /// @notice Freezes the amount of an authorization to this vault, because it may have been paid past `pay` and can no
    /// longer be proven. Anyone who has the authorization may call while an announcement runs.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts AnnouncementNotRunning when none is running.
    /// @custom:reverts AmountZero when the value is zero.
    /// @custom:reverts PaymentAlreadyKnown when it is a payment of this vault.
    /// @custom:reverts SafeCastOverflowedUintDowncast when the value is beyond all bounds.
    /// @custom:reverts AlreadyFrozen when it, or a larger one of the same nonce, has frozen its amount of this announcement.
    /// @custom:reverts AuthorizationUnused when its nonce is still good.
    /// @custom:reverts SignatureInvalid when the payer did not sign it for this vault.
    /// @custom:reverts TokenStateUnreadable when the token does not tell what is needed to check it.
    /// @param authorization What the payer signed.
    function freeze(Authorization calldata authorization) external;

    /// @notice Sends what is left of an ended announcement and was not frozen, wherever the operator says.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts AnnouncementUnknown when there is no such announcement.
    /// @custom:reverts AnnouncementRunning when it has not ended.
    /// @custom:reverts NothingToAssign when all that is left was frozen.
    /// @custom:reverts AssignmentExceedsSurplus when the token's balance has shrunk by itself.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @param token The ERC-20 token.
    /// @param number The announcement.
    /// @param to Where it goes.
    /// @return amount What left, in the token's smallest unit.
    function assign(address token, uint256 number, address to) external returns (uint256 amount);

    /// @notice Sends what a payer froze as the payer signed, when the operator calls. What is left of the claim is given up: all
    /// of it, for an amount of zero.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts NotOperator when another than the operator calls.
    /// @custom:reverts PaymentMismatch when the message is for another payment.
    /// @custom:reverts SignatureExpired when the deadline has been reached.
    /// @custom:reverts SignatureInvalid when the payer did not sign it.
    /// @custom:reverts RecipientForbidden when `to` is zero or the vault.
    /// @custom:reverts AnnouncementUnknown when there is no such announcement.
    /// @custom:reverts AnnouncementRunning when it has not ended.
    /// @custom:reverts ReleaseExceedsClaim when it is more than the claim, or than the other claims leave, or there is no claim.
    /// @custom:reverts AssignmentExceedsSurplus when the token's balance has shrunk by itself.
    /// @custom:reverts TokenBalanceUnreadable when the token does not tell balances.
    /// @param ref What names the payment that the payer authorized.
    /// @param message What the payer signed.
    /// @param signature ECDSA of a key, or what the payer's ERC-1271 contract expects.
    function release(PaymentRef calldata ref, Release calldata message, bytes calldata signature) external;

    /* VIEWS */

    /// @notice Who reads the proofs.
    /// @return The address of the verifier.
    function receiptVerifier() external view returns (address);

    /// @notice The announcements of a token.
    /// @param token The ERC-20 token.
    /// @return count How many there were; the newest has this number.
    /// @return aside Surplus that is left of all of them.
    function announcementsOf(address token) external view returns (uint256 count, uint256 aside);

    /// @notice An announcement as it stands now.
    /// @custom:reverts AnnouncementUnknown when there is no such announcement.
    /// @param token The ERC-20 token.
    /// @param number Its number, from 1.
    /// @return amount What is left of it, in the token's smallest unit.
    /// @return claims What payers froze of it, in all; can be more than there is.
    /// @return endsAt First Unix second at which it can be assigned, and no longer be frozen.
    function announcementOf(
        address token,
        uint256 number
    ) external view returns (uint256 amount, uint256 claims, uint40 endsAt);

    /// @notice What a payer's authorization froze of an announcement.
    /// @param ref What names the payment that it would have been.
    /// @param number The announcement.
    /// @return In the token's smallest unit.
    function claimOf(PaymentRef calldata ref, uint256 number) external view returns (uint256);
}
