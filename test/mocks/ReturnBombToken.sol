// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title ReturnBombToken
/// @notice Answers every transfer with very much data, by return or by revert.
contract ReturnBombToken is Token3009 {
    uint256 public size;
    bool public reverts;

    function setBomb(uint256 size_, bool reverts_) external {
        size = size_;
        reverts = reverts_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        if (size == 0) return super.transfer(to, value);
        if (!reverts) _transfer(msg.sender, to, value);
        return _explode();
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        if (size == 0) return super.transferFrom(from, to, value);
        if (!reverts) super.transferFrom(from, to, value);
        return _explode();
    }

    function _explode() private view returns (bool) {
        (uint256 length, bool isRevert) = (size, reverts);
        assembly ("memory-safe") {
            mstore(0x00, 1)
            if isRevert {
                revert(0x00, length)
            }
            return(0x00, length)
        }
    }
}
