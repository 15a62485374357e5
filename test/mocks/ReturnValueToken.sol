// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title ReturnValueToken
/// @notice `transfer` and `transferFrom` answer with any bytes, and move the money or not.
contract ReturnValueToken is Token3009 {
    bytes public answer;
    bool public moves = true;

    function setAnswer(bytes calldata answer_, bool moves_) external {
        answer = answer_;
        moves = moves_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (moves) _transfer(msg.sender, to, value);
        return _answer();
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (moves) super.transferFrom(from, to, value);
        return _answer();
    }

    function _answer() private view returns (bool) {
        bytes memory data = answer;
        assembly ("memory-safe") {
            return(add(data, 0x20), mload(data))
        }
    }
}
