// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {
    Call,
    Cancel,
    Capture,
    CaptureMany,
    Concede,
    Dispute,
    Execute,
    PaymentApproval,
    Refund,
    Release,
    Resolve,
    StandingApproval,
    Subscribe,
    Undo,
    Void,
    Withdraw,
    WithdrawDispute
} from "../types/TypedData.sol";

/// @title TypedDataLib
/// @notice The EIP-712 type hashes of all messages that can be relayed.
library TypedDataLib {
    bytes32 internal constant REFUND_TYPEHASH = keccak256(
        "Refund(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)"
    );
    bytes32 internal constant WITHDRAW_TYPEHASH = keccak256(
        "Withdraw(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)"
    );
    bytes32 internal constant DISPUTE_TYPEHASH = keccak256(
        "Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)"
    );
    bytes32 internal constant WITHDRAW_DISPUTE_TYPEHASH = keccak256(
        "WithdrawDispute(bytes32 paymentId,uint256 defaultsAt,uint256 deadline)"
    );
    bytes32 internal constant CONCEDE_TYPEHASH = keccak256("Concede(bytes32 paymentId,address by,uint256 deadline)");
    bytes32 internal constant RESOLVE_TYPEHASH = keccak256(
        "Resolve(bytes32 paymentId,uint256 toPayer,uint256 toReceiver,bytes32 evidence,uint256 deadline)"
    );
    bytes32 internal constant RELEASE_TYPEHASH = keccak256(
        "Release(bytes32 paymentId,uint256 announcement,uint256 amount,address to,uint256 deadline)"
    );

    bytes32 internal constant CAPTURE_TYPEHASH = keccak256(
        "Capture(bytes32 paymentId,uint256 amount,bool isFinal,uint256 expectedHeld,uint256 expectedCaptured,uint256 deadline)"
    );
    bytes32 internal constant CAPTURE_ITEM_TYPEHASH = keccak256(
        "CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)"
    );
    bytes32 internal constant CAPTURE_MANY_TYPEHASH = keccak256(
        "CaptureMany(address token,CaptureItem[] items,uint256 deadline)CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)"
    );
    bytes32 internal constant VOID_TYPEHASH = keccak256(
        "Void(bytes32 paymentId,address by,uint256 expectedHeld,uint256 deadline)"
    );

    bytes32 internal constant SUBSCRIBE_TYPEHASH = keccak256(
        "Subscribe(address subscriber,address beneficiary,uint256 quantity,uint256 maxPeriods,uint256 maxFirstCharge,uint256 serial,uint256 deadline)"
    );
    bytes32 internal constant CANCEL_TYPEHASH = keccak256(
        "Cancel(address subscriber,address beneficiary,bool immediately,uint256 serial,uint256 deadline)"
    );
    bytes32 internal constant UNDO_TYPEHASH = keccak256(
        "Undo(address subscriber,address beneficiary,uint256 closesAt,address to,uint256 deadline)"
    );

    bytes32 internal constant PAYMENT_APPROVAL_TYPEHASH = keccak256(
        "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)"
    );
    bytes32 internal constant STANDING_APPROVAL_TYPEHASH = keccak256(
        "StandingApproval(uint256 epoch,string method,address token,address payee,uint256 maxValue,uint256 count,uint256 validUntil,bytes32 resource,bytes32 salt)"
    );
    bytes32 internal constant CALL_TYPEHASH = keccak256("Call(address to,uint256 value,bytes data)");
    bytes32 internal constant EXECUTE_TYPEHASH = keccak256(
        "Execute(uint256 epoch,Call[] calls,uint256 nonce,uint256 deadline)Call(address to,uint256 value,bytes data)"
    );

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Refund calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(REFUND_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Withdraw calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAW_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Dispute calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(DISPUTE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(WithdrawDispute calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(WITHDRAW_DISPUTE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Concede calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CONCEDE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Resolve calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(RESOLVE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Release calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(RELEASE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Capture calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CAPTURE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(CaptureMany calldata message) internal pure returns (bytes32) {
        bytes32[] memory items = new bytes32[](message.items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            items[i] = keccak256(abi.encode(CAPTURE_ITEM_TYPEHASH, message.items[i]));
        }
        bytes32 itemsHash = keccak256(abi.encodePacked(items));
        return keccak256(abi.encode(CAPTURE_MANY_TYPEHASH, message.token, itemsHash, message.deadline));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Void calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(VOID_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Subscribe calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(SUBSCRIBE_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Cancel calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(CANCEL_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Undo calldata message) internal pure returns (bytes32) {
        return keccak256(abi.encode(UNDO_TYPEHASH, message));
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(PaymentApproval memory message) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    PAYMENT_APPROVAL_TYPEHASH,
                    message.epoch,
                    keccak256(bytes(message.method)),
                    message.token,
                    message.payee,
                    message.value,
                    message.validAfter,
                    message.validBefore,
                    message.nonce,
                    message.resource
                )
            );
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(StandingApproval memory message) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    STANDING_APPROVAL_TYPEHASH,
                    message.epoch,
                    keccak256(bytes(message.method)),
                    message.token,
                    message.payee,
                    message.maxValue,
                    message.count,
                    message.validUntil,
                    message.resource,
                    message.salt
                )
            );
    }

    /// @notice The EIP-712 struct hash of `message`.
    /// @param message What is signed.
    /// @return The hash, without the domain.
    function hash(Execute calldata message) internal pure returns (bytes32) {
        bytes32[] memory calls = new bytes32[](message.calls.length);
        for (uint256 i = 0; i < calls.length; ++i) {
            Call calldata call = message.calls[i];
            calls[i] = keccak256(abi.encode(CALL_TYPEHASH, call.to, call.value, keccak256(call.data)));
        }
        bytes32 callsHash = keccak256(abi.encodePacked(calls));
        return keccak256(abi.encode(EXECUTE_TYPEHASH, message.epoch, callsHash, message.nonce, message.deadline));
    }
}
