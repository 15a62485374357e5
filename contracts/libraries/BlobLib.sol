// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title BlobLib
/// @notice Reads numbers out of packed bytes.
library BlobLib {
    /// @notice Up to 32 bytes, as a number. What is read beyond the end is any number: the caller compares where all ended with
    /// the length.
    /// @param blob Packed bytes.
    /// @param offset The place of the first.
    /// @param length How many, 1 to 32.
    /// @return value The number.
    function read(bytes calldata blob, uint256 offset, uint256 length) internal pure returns (uint256 value) {
        // Slices fail beyond the end, and an ERC-1271 answer must not.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), calldataload(add(blob.offset, offset)))
        }
    }
}
