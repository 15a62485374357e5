// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {KeyedWallet} from "./KeyedWallet.sol";

/// @title HeavyWallet
/// @notice An honest wallet that uses a fixed amount of gas before it answers, and does not mind what follows its tag.
contract HeavyWallet is KeyedWallet {
    uint256 private immutable _burn;

    constructor(address key_, uint256 burn) KeyedWallet(key_) {
        _burn = burn;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        uint256 start = gasleft();
        while (start - gasleft() < _burn) {}
        return _check(hash, signature[:66]);
    }
}
