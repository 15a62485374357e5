// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title KeyedWallet
/// @notice An honest contract account: it accepts one key's ECDSA signature, followed by a tag that makes it longer
/// than 65 bytes, so that it travels by the overloads for contracts.
contract KeyedWallet is IERC1271 {
    bytes1 public constant TAG = 0x01;

    address public immutable key;

    constructor(address key_) {
        key = key_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view virtual returns (bytes4) {
        return _check(hash, signature);
    }

    function _check(bytes32 hash, bytes calldata signature) internal view returns (bytes4) {
        if (signature.length != 66 || signature[65] != TAG) return 0xffffffff;
        (address recovered, , ) = ECDSA.tryRecoverCalldata(hash, signature[:65]);
        return recovered == key ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
