// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title IERC2612Bytes
/// @notice The overload that newer tokens add for owners that are contracts (ERC-1271).
interface IERC2612Bytes {
    /// @notice Sets the allowance of `spender` by the signature of `owner`.
    /// @param owner Who signed.
    /// @param spender Who may take.
    /// @param value In the token's smallest unit.
    /// @param deadline Unix seconds; valid until then.
    /// @param signature Whatever the owner accepts.
    function permit(address owner, address spender, uint256 value, uint256 deadline, bytes calldata signature) external;
}
