// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title UnreadableToken
/// @notice Tells nothing about one holder, so that whoever charges it among others charges nobody.
contract UnreadableToken is ERC20 {
    address public hidden;

    error NoAnswer();

    constructor() ERC20("UnreadableToken", "UT") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function hide(address holder) external {
        hidden = holder;
    }

    function allowance(address owner, address spender) public view override returns (uint256) {
        if (owner == hidden) revert NoAnswer();
        return super.allowance(owner, spender);
    }
}
