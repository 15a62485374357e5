// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {KeyedWallet} from "./KeyedWallet.sol";

/// @title GullibleWallet
/// @notice Calls every signature valid.
contract GullibleWallet is IERC1271 {
    function isValidSignature(bytes32, bytes calldata) external pure returns (bytes4) {
        return IERC1271.isValidSignature.selector;
    }
}

/// @title MoodyWallet
/// @notice An honest wallet until it is told to burn all gas, to answer with very much data, or to call somebody.
contract MoodyWallet is KeyedWallet {
    enum Mood {
        Honest,
        BurnsGas,
        ReturnsMuch,
        RevertsMuch,
        CallsFirst
    }

    uint256 private constant MUCH = 100_000;

    Mood public mood;
    address public target;
    bytes public data;

    constructor(address key_) KeyedWallet(key_) {}

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function setCall(address target_, bytes calldata data_) external {
        (mood, target, data) = (Mood.CallsFirst, target_, data_);
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view override returns (bytes4) {
        if (mood == Mood.CallsFirst) {
            // A view is called by STATICCALL anyway; this is the strongest call there is.
            (bool success, ) = target.staticcall(data);
            return success ? bytes4(0xffffffff) : this.checkHonestly(hash, signature);
        }
        if (mood == Mood.BurnsGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        bytes32 magic = IERC1271.isValidSignature.selector;
        if (mood == Mood.ReturnsMuch) {
            assembly ("memory-safe") {
                mstore(0x00, magic)
                return(0x00, MUCH)
            }
        }
        if (mood == Mood.RevertsMuch) {
            assembly ("memory-safe") {
                mstore(0x00, magic)
                revert(0x00, MUCH)
            }
        }
        return this.checkHonestly(hash, signature);
    }

    function checkHonestly(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _check(hash, signature);
    }
}
