// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title SilentNonceToken
/// @notice Does nothing, and does not revert, when an authorization has been used or canceled.
contract SilentNonceToken is Token3009 {
    function _useAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes32 digest,
        bytes memory signature
    ) internal override {
        if (authorizationState[from][nonce]) return;
        super._useAuthorization(from, to, value, validAfter, validBefore, nonce, digest, signature);
    }
}
