// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {DomainKind, MessageKind} from "../types/Blob.sol";
import {TypedDataLib} from "./TypedDataLib.sol";

/// @title MessageLib
/// @notice The messages, other than payments, that an account can sign; and under which types its signers approve of them: the
/// message stands inside the approval, so that who signs reads it.
library MessageLib {
    bytes32 internal constant VERSION_HASH = keccak256("1");

    bytes32 private constant REFUND_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Refund message)"
        "Refund(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)"
    );
    bytes32 private constant WITHDRAW_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Withdraw message)"
        "Withdraw(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)"
    );
    bytes32 private constant UNDO_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Undo message)"
        "Undo(address subscriber,address beneficiary,uint256 closesAt,address to,uint256 deadline)"
    );
    bytes32 private constant DISPUTE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Dispute message)"
        "Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)"
    );
    bytes32 private constant CANCEL_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Cancel message)"
        "Cancel(address subscriber,address beneficiary,bool immediately,uint256 serial,uint256 deadline)"
    );
    bytes32 private constant SUBSCRIBE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Subscribe message)"
        "Subscribe(address subscriber,address beneficiary,uint256 quantity,uint256 maxPeriods,uint256 maxFirstCharge,uint256 serial,uint256 deadline)"
    );
    bytes32 private constant WITHDRAW_DISPUTE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,WithdrawDispute message)"
        "WithdrawDispute(bytes32 paymentId,uint256 defaultsAt,uint256 deadline)"
    );
    bytes32 private constant CONCEDE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Concede message)"
        "Concede(bytes32 paymentId,address by,uint256 deadline)"
    );
    bytes32 private constant RESOLVE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Resolve message)"
        "Resolve(bytes32 paymentId,uint256 toPayer,uint256 toReceiver,bytes32 evidence,uint256 deadline)"
    );
    bytes32 private constant RELEASE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Release message)"
        "Release(bytes32 paymentId,uint256 announcement,uint256 amount,address to,uint256 deadline)"
    );
    bytes32 private constant CAPTURE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Capture message)"
        "Capture(bytes32 paymentId,uint256 amount,bool isFinal,uint256 expectedHeld,uint256 expectedCaptured,uint256 deadline)"
    );
    bytes32 private constant CAPTURE_MANY_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,CaptureMany message)"
        "CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)"
        "CaptureMany(address token,CaptureItem[] items,uint256 deadline)"
    );
    bytes32 private constant VOID_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Void message)"
        "Void(bytes32 paymentId,address by,uint256 expectedHeld,uint256 deadline)"
    );
    bytes32 private constant PAYMENT_APPROVAL_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,PaymentApproval message)"
        "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)"
    );
    bytes32 private constant STANDING_APPROVAL_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,StandingApproval message)"
        "StandingApproval(uint256 epoch,string method,address token,address payee,uint256 maxValue,uint256 count,uint256 validUntil,bytes32 resource,bytes32 salt)"
    );
    bytes32 private constant EXECUTE_APPROVAL_TYPEHASH = keccak256(
        "MessageApproval(uint256 epoch,address verifyingContract,Execute message)"
        "Call(address to,uint256 value,bytes data)"
        "Execute(uint256 epoch,Call[] calls,uint256 nonce,uint256 deadline)"
    );

    /// @notice How a message is hashed.
    /// @param kind Which it is.
    /// @return typeHash Of the message.
    /// @return approvalTypeHash Of what the account's signers sign.
    /// @return words How many words its encoded data has (EIP-712's encodeData, without the type hash).
    function typeOf(
        MessageKind kind
    ) internal pure returns (bytes32 typeHash, bytes32 approvalTypeHash, uint256 words) {
        if (kind == MessageKind.Refund) return (TypedDataLib.REFUND_TYPEHASH, REFUND_APPROVAL_TYPEHASH, 7);
        if (kind == MessageKind.Withdraw) return (TypedDataLib.WITHDRAW_TYPEHASH, WITHDRAW_APPROVAL_TYPEHASH, 6);
        if (kind == MessageKind.Undo) return (TypedDataLib.UNDO_TYPEHASH, UNDO_APPROVAL_TYPEHASH, 5);
        if (kind == MessageKind.Dispute) return (TypedDataLib.DISPUTE_TYPEHASH, DISPUTE_APPROVAL_TYPEHASH, 3);
        if (kind == MessageKind.Cancel) return (TypedDataLib.CANCEL_TYPEHASH, CANCEL_APPROVAL_TYPEHASH, 5);
        if (kind == MessageKind.Subscribe) return (TypedDataLib.SUBSCRIBE_TYPEHASH, SUBSCRIBE_APPROVAL_TYPEHASH, 7);
        if (kind == MessageKind.WithdrawDispute)
            return (TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, WITHDRAW_DISPUTE_APPROVAL_TYPEHASH, 3);
        if (kind == MessageKind.Concede) return (TypedDataLib.CONCEDE_TYPEHASH, CONCEDE_APPROVAL_TYPEHASH, 3);
        if (kind == MessageKind.Resolve) return (TypedDataLib.RESOLVE_TYPEHASH, RESOLVE_APPROVAL_TYPEHASH, 5);
        if (kind == MessageKind.Release) return (TypedDataLib.RELEASE_TYPEHASH, RELEASE_APPROVAL_TYPEHASH, 5);
        if (kind == MessageKind.Capture) return (TypedDataLib.CAPTURE_TYPEHASH, CAPTURE_APPROVAL_TYPEHASH, 6);
        if (kind == MessageKind.CaptureMany)
            return (TypedDataLib.CAPTURE_MANY_TYPEHASH, CAPTURE_MANY_APPROVAL_TYPEHASH, 3);
        if (kind == MessageKind.Void) return (TypedDataLib.VOID_TYPEHASH, VOID_APPROVAL_TYPEHASH, 4);
        if (kind == MessageKind.PaymentApproval)
            return (TypedDataLib.PAYMENT_APPROVAL_TYPEHASH, PAYMENT_APPROVAL_APPROVAL_TYPEHASH, 9);
        if (kind == MessageKind.StandingApproval)
            return (TypedDataLib.STANDING_APPROVAL_TYPEHASH, STANDING_APPROVAL_APPROVAL_TYPEHASH, 9);
        if (kind == MessageKind.Execute) return (TypedDataLib.EXECUTE_TYPEHASH, EXECUTE_APPROVAL_TYPEHASH, 4);
    }

    /// @notice The name of a domain of this suite. The version of all is `VERSION_HASH`'s.
    /// @param kind Whose it is.
    /// @return The hash of its name.
    function nameHashOf(DomainKind kind) internal pure returns (bytes32) {
        if (kind == DomainKind.RefundWindow) return keccak256("Recourse RefundWindow");
        if (kind == DomainKind.Escrow) return keccak256("Recourse Escrow");
        if (kind == DomainKind.SubscriptionPlan) return keccak256("Recourse SubscriptionPlan");
        return keccak256("Recourse Multisig");
    }
}
