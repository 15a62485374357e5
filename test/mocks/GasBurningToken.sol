// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Token3009} from "./Token3009.sol";

/// @title GasBurningToken
/// @notice Every transfer uses a fixed amount of gas more, or all there is; so does every pull from an account for which it is set.
contract GasBurningToken is Token3009 {
    uint256 public burn;
    mapping(address from => uint256 gas) public burnOf;

    function setBurn(uint256 burn_) external {
        burn = burn_;
    }

    function setBurnOf(address from, uint256 burn_) external {
        burnOf[from] = burn_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        _burnGas(burn);
        return super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        _burnGas(Math.max(burn, burnOf[from]));
        return super.transferFrom(from, to, value);
    }

    function _burnGas(uint256 limit) private view {
        uint256 start = gasleft();
        if (limit == type(uint256).max) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        while (start - gasleft() < limit) {}
    }
}
