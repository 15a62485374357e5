// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title AnsweringContract
/// @notice Answers every call with the same bytes, or fails with them, or burns all gas; or writes before it answers.
contract AnsweringContract {
    enum Mood {
        Answers,
        Reverts,
        BurnsGas,
        Writes
    }

    Mood private _mood;
    bytes private _answer;
    uint256 private _calls;

    constructor(Mood mood, bytes memory answer) {
        (_mood, _answer) = (mood, answer);
    }

    fallback() external {
        if (_mood == Mood.BurnsGas) {
            assembly ("memory-safe") {
                invalid()
            }
        }
        if (_mood == Mood.Writes) ++_calls;
        bytes memory answer = _answer;
        bool isRevert = _mood == Mood.Reverts;
        assembly ("memory-safe") {
            if isRevert {
                revert(add(answer, 0x20), mload(answer))
            }
            return(add(answer, 0x20), mload(answer))
        }
    }
}
