// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";
import {ITransferHook} from "./HookedToken.sol";

/// @title CallingHook
/// @notice Calls a target with prepared data as soon as money moves, and keeps the answer; never fails itself.
contract CallingHook is ITransferHook {
    address public target;
    bytes public data;
    bool public called;
    bool public succeeded;
    bytes public answer;

    function prepare(address target_, bytes calldata data_) external {
        target = target_;
        data = data_;
        called = false;
    }

    function onTransfer(address, address, uint256) external {
        if (called) return;
        called = true;
        (succeeded, answer) = target.call(data);
    }
}

/// @title RevertingHook
/// @notice Refuses every payment.
contract RevertingHook is ITransferHook {
    error NotWanted();

    function onTransfer(address, address, uint256) external pure {
        revert NotWanted();
    }
}

/// @title DonatingHook
/// @notice Sends the same token on to somebody as soon as money moves.
contract DonatingHook is ITransferHook {
    Token3009 private immutable _token;
    address private immutable _to;
    uint256 private immutable _amount;
    bool private _done;

    constructor(Token3009 token, address to, uint256 amount) {
        _token = token;
        _to = to;
        _amount = amount;
    }

    function onTransfer(address, address, uint256) external {
        if (_done) return;
        _done = true;
        _token.transfer(_to, _amount);
    }
}
