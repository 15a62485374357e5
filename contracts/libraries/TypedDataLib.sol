// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Refund, Withdraw} from "../types/TypedData.sol";

/// @title TypedDataLib
/// @notice The EIP-712 type hashes of all messages that can be relayed.
library TypedDataLib {
    bytes32 internal constant REFUND_TYPEHASH = keccak256(
        "Refund(bytes32 paymentId,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)"
    );
    bytes32 internal constant WITHDRAW_TYPEHASH = keccak256(
        "Withdraw(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)"
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
}
