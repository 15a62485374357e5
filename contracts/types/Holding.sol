// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice A payment into a refund window, in one word: paid (13 bytes: the original amount), refunded (13 bytes: what
/// went back), closesAt (5 bytes: first Unix second at which the payer can no longer undo). Not zero once paid, so an
/// ended payment stays known.
type Holding is uint256;

using {paid, refunded, closesAt, held} for Holding global;

/// @notice Packs the three, and refuses amounts that do not fit.
/// @param paid_ The original amount.
/// @param refunded_ What went back.
/// @param closesAt_ Unix seconds.
/// @return The word.
function packHolding(uint256 paid_, uint256 refunded_, uint40 closesAt_) pure returns (Holding) {
    uint256 amounts = (uint256(SafeCast.toUint104(paid_)) << 144) | (uint256(SafeCast.toUint104(refunded_)) << 40);
    return Holding.wrap(amounts | closesAt_);
}

/// @notice The original amount.
/// @param holding The word.
/// @return In the token's smallest unit.
function paid(Holding holding) pure returns (uint256) {
    return Holding.unwrap(holding) >> 144;
}

/// @notice What went back.
/// @param holding The word.
/// @return In the token's smallest unit.
function refunded(Holding holding) pure returns (uint256) {
    return uint104(Holding.unwrap(holding) >> 40);
}

/// @notice First Unix second at which the payer can no longer undo; zero when never paid.
/// @param holding The word.
/// @return Unix seconds.
function closesAt(Holding holding) pure returns (uint40) {
    return uint40(Holding.unwrap(holding));
}

/// @notice What has not gone back.
/// @param holding The word.
/// @return In the token's smallest unit.
function held(Holding holding) pure returns (uint256) {
    return paid(holding) - refunded(holding);
}
