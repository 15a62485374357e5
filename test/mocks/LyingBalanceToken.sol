// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Token3009} from "./Token3009.sol";

/// @title LyingBalanceToken
/// @notice `balanceOf` tells more than there is, reverts, or answers with too few bytes.
contract LyingBalanceToken is Token3009 {
    enum Mood {
        Honest,
        AddsOne,
        Reverts,
        AnswersShort
    }

    error NoAnswer();

    Mood public mood;
    /// @dev Whether the mood begins only after the next authorization has been used.
    Mood private _next;

    function setMood(Mood mood_) external {
        mood = mood_;
    }

    function setMoodAfterTransfer(Mood next) external {
        _next = next;
    }

    function balanceOf(address account) public view override returns (uint256) {
        if (mood == Mood.Reverts) revert NoAnswer();
        if (mood == Mood.AnswersShort) {
            assembly ("memory-safe") {
                return(0x00, 0x1f)
            }
        }
        return super.balanceOf(account) + (mood == Mood.AddsOne ? 1 : 0);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (_next != Mood.Honest) mood = _next;
    }
}
