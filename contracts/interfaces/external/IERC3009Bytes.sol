// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title IERC3009Bytes
/// @notice The overload that newer tokens add for payers that are contracts (ERC-1271).
interface IERC3009Bytes {
    /// @notice Moves `value` from `from` to `to` by the signature of `from`.
    /// @param from Who signed.
    /// @param to Who is paid.
    /// @param value In the token's smallest unit.
    /// @param validAfter Unix seconds; valid strictly after.
    /// @param validBefore Unix seconds; valid strictly before.
    /// @param nonce Used once for each `from`.
    /// @param signature Whatever the payer accepts.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;

    /// @notice As `transferWithAuthorization`, by `to` alone.
    /// @param from Who signed.
    /// @param to Who is paid, and calls.
    /// @param value In the token's smallest unit.
    /// @param validAfter Unix seconds; valid strictly after.
    /// @param validBefore Unix seconds; valid strictly before.
    /// @param nonce Used once for each `from`.
    /// @param signature Whatever the payer accepts.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
