// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title FeeOnTransferToken
/// @notice Keeps one percent of every transfer.
contract FeeOnTransferToken is Token3009 {
    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) ? 0 : value / 100;
        super._update(from, to, value - fee);
        if (fee != 0) super._update(from, address(0), fee);
    }
}
