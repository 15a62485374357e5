// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A payment into a refund window, in one word: paid (13 bytes: the original amount), refunded (13 bytes: what
/// went back), stage (1 byte), deadline (5 bytes: the stage's end). Not zero once paid, so an ended payment stays known.
type Holding is uint256;

/// @notice Which rules a payment is under. Refund and claim end a payment without changing its stage.
enum Stage {
    /// It runs to `closesAt`, and matures.
    Running,
    /// It is locked until it is settled, or `defaultsAt`.
    Disputed,
    /// Its dispute is over, and its money with its owners.
    Settled
}

using {paid, refunded, held, stage, deadline} for Holding global;

/// @notice Packs the four, and refuses amounts that do not fit.
/// @param paid_ The original amount.
/// @param refunded_ What went back.
/// @param stage_ Which rules it is under.
/// @param deadline_ Unix seconds.
/// @return The word.
function packHolding(uint256 paid_, uint256 refunded_, Stage stage_, uint40 deadline_) pure returns (Holding) {
    uint256 amounts = (uint256(SafeCast.toUint104(paid_)) << 152) | (uint256(SafeCast.toUint104(refunded_)) << 48);
    return Holding.wrap(amounts | (uint256(stage_) << 40) | deadline_);
}

/// @notice The original amount.
/// @param holding The word.
/// @return In the token's smallest unit.
function paid(Holding holding) pure returns (uint256) {
    return Holding.unwrap(holding) >> 152;
}

/// @notice What went back.
/// @param holding The word.
/// @return In the token's smallest unit.
function refunded(Holding holding) pure returns (uint256) {
    return uint104(Holding.unwrap(holding) >> 48);
}

/// @notice What has not gone back.
/// @param holding The word.
/// @return In the token's smallest unit.
function held(Holding holding) pure returns (uint256) {
    return paid(holding) - refunded(holding);
}

/// @notice Which rules it is under.
/// @param holding The word.
/// @return The stage.
function stage(Holding holding) pure returns (Stage) {
    return Stage(uint8(Holding.unwrap(holding) >> 40));
}

/// @notice The stage's end: `closesAt` while it runs; `defaultsAt` once it was disputed; zero when never paid.
/// @param holding The word.
/// @return Unix seconds.
function deadline(Holding holding) pure returns (uint40) {
    return uint40(Holding.unwrap(holding));
}
