// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Ledger, Totals, packTotals} from "../types/Ledger.sol";

/// @title MaturityLedger
/// @notice Money matures by the hour: a bucket is an hour, and whatever number of payments is in it, it is one sum.
library MaturityLedger {
    using SafeCast for uint256;

    uint256 private constant BUCKET_LENGTH = 1 hours;

    /// @notice The first bucket that matures at or after `time`.
    /// @param time Unix seconds.
    /// @return The hour, counted from 1970.
    function bucketOf(uint40 time) internal pure returns (uint32) {
        return ((uint256(time) + BUCKET_LENGTH - 1) / BUCKET_LENGTH).toUint32();
    }

    /// @notice When `bucket` matures.
    /// @param bucket The hour, counted from 1970.
    /// @return First Unix second at which it can be claimed.
    function maturesAt(uint32 bucket) internal pure returns (uint40) {
        return (uint256(bucket) * BUCKET_LENGTH).toUint40();
    }

    /// @notice Books new money that matures in `bucket`.
    /// @param ledger The token's books.
    /// @param bucket Never before the running bucket: with one window for all payments, buckets only advance.
    /// @param amount In the token's smallest unit.
    function add(Ledger storage ledger, uint32 bucket, uint256 amount) internal {
        Totals totals = ledger.totals;
        uint256 running = totals.running();
        if (bucket != totals.runningBucket()) {
            if (running != 0) ledger.earlier[totals.runningBucket()] = running;
            running = 0;
        }

        ledger.totals = packTotals(totals.liabilities() + amount, running + amount, bucket);
    }

    /// @notice Takes a part of `bucket` out of the books, because it goes back.
    /// @param ledger The token's books.
    /// @param bucket The hour in which it would have matured.
    /// @param amount At most what is in the bucket.
    function remove(Ledger storage ledger, uint32 bucket, uint256 amount) internal {
        Totals totals = ledger.totals;
        uint256 running = totals.running();
        if (bucket == totals.runningBucket()) running -= amount;
        else ledger.earlier[bucket] -= amount;

        ledger.totals = packTotals(totals.liabilities() - amount, running, totals.runningBucket());
    }

    /// @notice Takes a part of `bucket` out of it without releasing it: it is owed, but no longer matures.
    /// @param ledger The token's books.
    /// @param bucket The hour in which it would have matured.
    /// @param amount At most what is in the bucket.
    function lock(Ledger storage ledger, uint32 bucket, uint256 amount) internal {
        remove(ledger, bucket, amount);
        owe(ledger, amount);
    }

    /// @notice Takes all of `bucket` out of the books, because it is claimed.
    /// @param ledger The token's books.
    /// @param bucket A bucket that has matured.
    /// @return amount What was in it.
    function take(Ledger storage ledger, uint32 bucket) internal returns (uint256 amount) {
        amount = amountIn(ledger, bucket);
        if (amount != 0) remove(ledger, bucket, amount);
    }

    /// @notice What is in `bucket`.
    /// @param ledger The token's books.
    /// @param bucket The hour, counted from 1970.
    /// @return In the token's smallest unit.
    function amountIn(Ledger storage ledger, uint32 bucket) internal view returns (uint256) {
        Totals totals = ledger.totals;
        return bucket == totals.runningBucket() ? totals.running() : ledger.earlier[bucket];
    }

    /// @notice Books an amount that waits for its owner.
    /// @param ledger The token's books.
    /// @param amount In the token's smallest unit.
    function owe(Ledger storage ledger, uint256 amount) internal {
        Totals totals = ledger.totals;
        ledger.totals = packTotals(totals.liabilities() + amount, totals.running(), totals.runningBucket());
    }

    /// @notice Takes an amount that waited for its owner out of the books.
    /// @param ledger The token's books.
    /// @param amount At most the liabilities.
    function settle(Ledger storage ledger, uint256 amount) internal {
        Totals totals = ledger.totals;
        ledger.totals = packTotals(totals.liabilities() - amount, totals.running(), totals.runningBucket());
    }
}
