// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title BoundedCall
/// @notice Asks a contract that is not trusted: it can neither make the caller fail nor cost more than was set.
library BoundedCall {
    /// @notice Asks `target`, and takes the first `words` words of its answer.
    /// @param target Whom to ask.
    /// @param gasCap What it may use.
    /// @param question Call data.
    /// @param words How long the answer has to be at least.
    /// @return answered Whether it answered, and so much.
    /// @return answer The words.
    function ask(
        address target,
        uint256 gasCap,
        bytes memory question,
        uint256 words
    ) internal view returns (bool answered, uint256[] memory answer) {
        answer = new uint256[](words);
        uint256 size;
        // Solidity's own call copies all that is returned, at the caller's cost and beyond the cap.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            size := mul(words, 0x20)
            answered := staticcall(gasCap, target, add(question, 0x20), mload(question), add(answer, 0x20), size)
            answered := and(answered, iszero(lt(returndatasize(), size)))
        }
    }
}
