// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @notice What is called when money moves.
interface ITransferHook {
    /// @notice Called after the balances have changed.
    function onTransfer(address from, address to, uint256 value) external;
}

/// @title HookedToken
/// @notice Calls somebody after every transfer from or to certain accounts, as ERC-777 does.
contract HookedToken is Token3009 {
    mapping(address account => ITransferHook hook) public hookOf;

    function setHook(address account, address hook) external {
        hookOf[account] = ITransferHook(hook);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (address(hookOf[from]) != address(0)) hookOf[from].onTransfer(from, to, value);
        if (address(hookOf[to]) != address(0)) hookOf[to].onTransfer(from, to, value);
    }
}

/// @title EarlyHookToken
/// @notice Calls somebody before money moves to certain accounts, when whoever pays has been asked already.
contract EarlyHookToken is Token3009 {
    mapping(address account => ITransferHook hook) public hookOf;

    function setHook(address account, address hook) external {
        hookOf[account] = ITransferHook(hook);
    }

    function _update(address from, address to, uint256 value) internal override {
        if (address(hookOf[to]) != address(0)) hookOf[to].onTransfer(from, to, value);
        super._update(from, to, value);
    }
}
