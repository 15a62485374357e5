// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title GasBurningToken
/// @notice Every transfer uses a fixed amount of gas more, or all there is.
contract GasBurningToken is Token3009 {
    uint256 public burn;

    function setBurn(uint256 burn_) external {
        burn = burn_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _burn();
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _burn();
        return super.transferFrom(from, to, value);
    }

    function _burn() private view {
        uint256 limit = burn;
        uint256 start = gasleft();
        if (limit == type(uint256).max) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        while (start - gasleft() < limit) {}
    }
}
