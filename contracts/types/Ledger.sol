// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

/// @notice What a vault owes in one token, in one word, so that a payment writes it once:
/// liabilities (14 bytes: all that is held, maturing or credited), running (14 bytes: what matures in the running bucket),
/// running bucket (4 bytes: the newest one, as the hour, counted from 1970, at whose beginning it matures).
type Totals is uint256;

using {liabilities, running, runningBucket} for Totals global;

/// @notice Packs the three, and refuses amounts that do not fit.
/// @param liabilities_ All that is owed.
/// @param running_ The part that matures in `bucket`.
/// @param bucket The newest bucket.
/// @return The word.
function packTotals(uint256 liabilities_, uint256 running_, uint32 bucket) pure returns (Totals) {
    uint256 amounts =
        (uint256(SafeCast.toUint112(liabilities_)) << 144) | (uint256(SafeCast.toUint112(running_)) << 32);
    return Totals.wrap(amounts | bucket);
}

/// @notice All that is owed: held, maturing and credited.
/// @param totals The word.
/// @return In the token's smallest unit.
function liabilities(Totals totals) pure returns (uint256) {
    return Totals.unwrap(totals) >> 144;
}

/// @notice What matures in the running bucket.
/// @param totals The word.
/// @return In the token's smallest unit.
function running(Totals totals) pure returns (uint256) {
    return uint112(Totals.unwrap(totals) >> 32);
}

/// @notice The newest bucket.
/// @param totals The word.
/// @return The hour, counted from 1970.
function runningBucket(Totals totals) pure returns (uint32) {
    return uint32(Totals.unwrap(totals));
}

/// @notice The books of one token in one vault.
/// @param totals What is owed, and the newest bucket.
/// @param earlier What matures in each older bucket and was not claimed.
struct Ledger {
    // slot 0
    Totals totals;
    // slot 1
    mapping(uint32 bucket => uint256 amount) earlier;
}

/// @notice What a payout that failed, or a settled dispute, left to its owner.
/// @param balance Waiting to be withdrawn.
/// @param withdrawn Withdrawn so far; it only grows.
struct Credit {
    // slot 0 (32 of 32 bytes)
    uint128 balance; // 16
    uint128 withdrawn; // 16
}
