// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A payment into an escrow, in one word: paid (13 bytes: the original amount), captured (13 bytes: what the
/// receiver earned), state (1 byte), captureUntil (5 bytes). Not zero once paid, so an ended payment stays known.
type Hold is uint256;

/// @notice What a word stands for.
enum HoldState {
    /// A payment of which something may be held.
    Held,
    /// A payment of which nothing is held any more.
    Ended,
    /// No payment: the transfer by which somebody refunded one. It keeps that transfer from being proven as a payment.
    Refund
}

using {paid, captured, held, state, captureUntil} for Hold global;

/// @notice Packs the four, and refuses amounts that do not fit.
/// @param paid_ The original amount.
/// @param captured_ What the receiver earned.
/// @param state_ What the word stands for.
/// @param captureUntil_ Unix seconds.
/// @return The word.
function packHold(uint256 paid_, uint256 captured_, HoldState state_, uint40 captureUntil_) pure returns (Hold) {
    uint256 amounts = (uint256(SafeCast.toUint104(paid_)) << 152) | (uint256(SafeCast.toUint104(captured_)) << 48);
    return Hold.wrap(amounts | (uint256(state_) << 40) | captureUntil_);
}

/// @notice The original amount.
/// @param hold The word.
/// @return In the token's smallest unit.
function paid(Hold hold) pure returns (uint256) {
    return Hold.unwrap(hold) >> 152;
}

/// @notice What the receiver earned, fee included.
/// @param hold The word.
/// @return In the token's smallest unit.
function captured(Hold hold) pure returns (uint256) {
    return uint104(Hold.unwrap(hold) >> 48);
}

/// @notice What can still be captured or returned.
/// @param hold The word.
/// @return In the token's smallest unit.
function held(Hold hold) pure returns (uint256) {
    return state(hold) == HoldState.Held ? paid(hold) - captured(hold) : 0;
}

/// @notice What the word stands for.
/// @param hold The word.
/// @return The state.
function state(Hold hold) pure returns (HoldState) {
    return HoldState(uint8(Hold.unwrap(hold) >> 40));
}

/// @notice First Unix second at which nothing can be captured any more; zero when never paid.
/// @param hold The word.
/// @return Unix seconds.
function captureUntil(Hold hold) pure returns (uint40) {
    return uint40(Hold.unwrap(hold));
}
