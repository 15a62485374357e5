// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title RebasingToken
/// @notice Somebody's balance shrinks or grows by itself.
contract RebasingToken is Token3009 {
    function shrink(address account, uint256 by) external {
        _burn(account, by);
    }

    function grow(address account, uint256 by) external {
        _mint(account, by);
    }
}
