// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {MaturityLedger} from "../../../contracts/libraries/MaturityLedger.sol";
import {Ledger} from "../../../contracts/types/Ledger.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract MaturityLedgerTest is TestBase {
    using MaturityLedger for Ledger;

    uint32 private constant BUCKET = 489_225;
    uint256 private constant MOST = type(uint112).max;
    bytes private constant ARITHMETIC_PANIC = abi.encodeWithSignature("Panic(uint256)", 0x11);

    Ledger private ledger;

    /* BUCKET OF */

    function testFuzz_BucketOf_IsTheFirstHourAtOrAfter(uint40 time) external pure {
        uint256 bucket = MaturityLedger.bucketOf(time);

        assertGe(bucket * 1 hours, time, "not before");
        assertLt(bucket * 1 hours, uint256(time) + 1 hours, "the first");
    }

    function test_BucketOf_TakesEveryTime() external pure {
        assertEq(MaturityLedger.bucketOf(0), 0, "first second");
        assertEq(MaturityLedger.bucketOf(1), 1, "second second");
        assertEq(MaturityLedger.bucketOf(type(uint40).max), type(uint40).max / 1 hours + 1, "last second");
    }

    /* MATURES AT */

    function testFuzz_MaturesAt_IsTheBeginningOfTheHour(uint32 bucket) external pure {
        bucket = uint32(bound(bucket, 0, type(uint40).max / 1 hours));

        assertEq(MaturityLedger.maturesAt(bucket), uint256(bucket) * 1 hours);
    }

    function testFuzz_MaturesAt_RevertWhen_AfterUint40(uint32 bucket) external {
        bucket = uint32(bound(bucket, type(uint40).max / 1 hours + 1, type(uint32).max));

        vm.expectRevert(overflow(40, uint256(bucket) * 1 hours));
        this.maturesAt(bucket);
    }

    /* ADD */

    function testFuzz_Add_AddsUp(uint256 first, uint256 second) external {
        first = bound(first, 1, MOST - 1);
        second = bound(second, 1, MOST - first);
        ledger.add(BUCKET, first);
        ledger.add(BUCKET, second);

        assertBooks({liabilities: first + second, bucket: BUCKET, amount: first + second});
    }

    function testFuzz_Add_KeepsTheEarlierBucket(uint32 later, uint256 first, uint256 second) external {
        later = uint32(bound(later, BUCKET + 1, type(uint32).max));
        first = bound(first, 1, MOST - 1);
        second = bound(second, 1, MOST - first);
        ledger.add(BUCKET, first);
        ledger.add(later, second);

        assertBooks({liabilities: first + second, bucket: BUCKET, amount: first});
        assertBooks({liabilities: first + second, bucket: later, amount: second});
    }

    function test_Add_KeepsASingleUnitInTheEarlierBucket() external {
        ledger.add(BUCKET, 1);
        ledger.add(BUCKET + 1, 7);

        assertBooks({liabilities: 8, bucket: BUCKET, amount: 1});
    }

    function test_Add_BeginsANewerBucketAfterAnEmptyOne() external {
        ledger.add(BUCKET, 5);
        ledger.take(BUCKET);
        ledger.add(BUCKET + 1, 7);

        assertBooks({liabilities: 7, bucket: BUCKET, amount: 0});
        assertBooks({liabilities: 7, bucket: BUCKET + 1, amount: 7});
    }

    function test_Add_BooksTheMostThatFits() external {
        ledger.add(BUCKET, MOST);

        assertBooks({liabilities: MOST, bucket: BUCKET, amount: MOST});
    }

    function testFuzz_Add_RevertWhen_SumIsAbovePacking(uint256 first, uint256 second, bool sameBucket) external {
        first = bound(first, 1, MOST);
        second = bound(second, MOST - first + 1, MOST);
        ledger.add(BUCKET, first);

        vm.expectRevert(overflow(112, first + second));
        this.add(sameBucket ? BUCKET : BUCKET + 1, second);
    }

    /* REMOVE */

    function testFuzz_Remove_TakesFromTheRunningBucket(uint256 amount, uint256 removed) external {
        amount = bound(amount, 1, MOST);
        removed = bound(removed, 1, amount);
        ledger.add(BUCKET, amount);
        ledger.remove(BUCKET, removed);

        assertBooks({liabilities: amount - removed, bucket: BUCKET, amount: amount - removed});
    }

    function testFuzz_Remove_TakesFromAnEarlierBucket(uint256 amount, uint256 removed) external {
        amount = bound(amount, 1, MOST - 7);
        removed = bound(removed, 1, amount);
        ledger.add(BUCKET, amount);
        ledger.add(BUCKET + 1, 7);
        ledger.remove(BUCKET, removed);

        assertBooks({liabilities: amount - removed + 7, bucket: BUCKET, amount: amount - removed});
        assertBooks({liabilities: amount - removed + 7, bucket: BUCKET + 1, amount: 7});
    }

    function testFuzz_Remove_RevertWhen_MoreThanRunning(uint256 amount, uint256 removed) external {
        amount = bound(amount, 1, MOST);
        removed = bound(removed, amount + 1, type(uint256).max);
        ledger.add(BUCKET, amount);

        vm.expectRevert(ARITHMETIC_PANIC);
        this.remove(BUCKET, removed);
    }

    function testFuzz_Remove_RevertWhen_MoreThanEarlier(uint256 amount, uint256 removed) external {
        amount = bound(amount, 1, MOST / 2);
        removed = bound(removed, amount + 1, type(uint256).max);
        ledger.add(BUCKET, amount);
        ledger.add(BUCKET + 1, MOST / 2);

        vm.expectRevert(ARITHMETIC_PANIC);
        this.remove(BUCKET, removed);
    }

    /* LOCK */

    function testFuzz_Lock_TakesFromTheRunningBucketOnly(uint256 amount, uint256 locked) external {
        amount = bound(amount, 1, MOST);
        locked = bound(locked, 0, amount);
        ledger.add(BUCKET, amount);
        ledger.lock(BUCKET, locked);

        assertBooks({liabilities: amount, bucket: BUCKET, amount: amount - locked});
    }

    function testFuzz_Lock_TakesFromAnEarlierBucketOnly(uint256 amount, uint256 locked) external {
        amount = bound(amount, 1, MOST - 7);
        locked = bound(locked, 0, amount);
        ledger.add(BUCKET, amount);
        ledger.add(BUCKET + 1, 7);
        ledger.lock(BUCKET, locked);

        assertBooks({liabilities: amount + 7, bucket: BUCKET, amount: amount - locked});
        assertBooks({liabilities: amount + 7, bucket: BUCKET + 1, amount: 7});
    }

    function testFuzz_Lock_LeavesNothingToTake(uint256 amount) external {
        amount = bound(amount, 1, MOST);
        ledger.add(BUCKET, amount);
        ledger.lock(BUCKET, amount);

        assertEq(ledger.take(BUCKET), 0, "taken");
        assertBooks({liabilities: amount, bucket: BUCKET, amount: 0});
    }

    function test_Lock_LocksWhenNothingMoreFits() external {
        ledger.add(BUCKET, 5);
        ledger.owe(MOST - 5);
        ledger.lock(BUCKET, 5);

        assertBooks({liabilities: MOST, bucket: BUCKET, amount: 0});
    }

    function testFuzz_Lock_RevertWhen_MoreThanRunning(uint256 amount, uint256 locked) external {
        amount = bound(amount, 1, MOST);
        locked = bound(locked, amount + 1, type(uint256).max);
        ledger.add(BUCKET, amount);

        vm.expectRevert(ARITHMETIC_PANIC);
        this.lock(BUCKET, locked);
    }

    function testFuzz_Lock_RevertWhen_MoreThanEarlier(uint256 amount, uint256 locked) external {
        amount = bound(amount, 1, MOST / 2);
        locked = bound(locked, amount + 1, type(uint256).max);
        ledger.add(BUCKET, amount);
        ledger.add(BUCKET + 1, MOST / 2);

        vm.expectRevert(ARITHMETIC_PANIC);
        this.lock(BUCKET, locked);
    }

    /* TAKE */

    function testFuzz_Take_EmptiesTheRunningBucket(uint256 amount) external {
        amount = bound(amount, 1, MOST);
        ledger.add(BUCKET, amount);

        assertEq(ledger.take(BUCKET), amount, "taken");
        assertBooks({liabilities: 0, bucket: BUCKET, amount: 0});
    }

    function testFuzz_Take_EmptiesAnEarlierBucket(uint256 amount) external {
        amount = bound(amount, 1, MOST - 7);
        ledger.add(BUCKET, amount);
        ledger.add(BUCKET + 1, 7);

        assertEq(ledger.take(BUCKET), amount, "taken");
        assertBooks({liabilities: 7, bucket: BUCKET, amount: 0});
        assertBooks({liabilities: 7, bucket: BUCKET + 1, amount: 7});
    }

    function test_Take_EmptiesABucketOfASingleUnit() external {
        ledger.add(BUCKET, 1);

        assertEq(ledger.take(BUCKET), 1, "taken");
        assertBooks({liabilities: 0, bucket: BUCKET, amount: 0});
    }

    function test_Take_ReturnsNothingTheSecondTime() external {
        ledger.add(BUCKET, 5);
        ledger.take(BUCKET);

        assertEq(ledger.take(BUCKET), 0);
    }

    function testFuzz_Take_LeavesAnEmptyBucketAlone(uint32 bucket) external {
        if (bucket == BUCKET) ++bucket;
        ledger.add(BUCKET, 5);

        assertEq(ledger.take(bucket), 0, "taken");
        assertBooks({liabilities: 5, bucket: BUCKET, amount: 5});
    }

    /* OWE AND SETTLE */

    function testFuzz_Owe_RaisesTheLiabilitiesOnly(uint256 amount) external {
        amount = bound(amount, 0, MOST - 5);
        ledger.add(BUCKET, 5);
        ledger.owe(amount);

        assertBooks({liabilities: amount + 5, bucket: BUCKET, amount: 5});
    }

    function testFuzz_Owe_RevertWhen_SumIsAbovePacking(uint256 amount) external {
        amount = bound(amount, MOST - 4, type(uint256).max - 5);
        ledger.add(BUCKET, 5);

        vm.expectRevert(overflow(112, amount + 5));
        this.owe(amount);
    }

    function testFuzz_Settle_LowersTheLiabilitiesOnly(uint256 amount) external {
        amount = bound(amount, 0, MOST - 5);
        ledger.add(BUCKET, 5);
        ledger.owe(amount);
        ledger.settle(amount);

        assertBooks({liabilities: 5, bucket: BUCKET, amount: 5});
    }

    function testFuzz_Settle_RevertWhen_MoreThanOwed(uint256 amount) external {
        amount = bound(amount, 6, type(uint256).max);
        ledger.add(BUCKET, 5);

        vm.expectRevert(ARITHMETIC_PANIC);
        this.settle(amount);
    }

    /* TOGETHER */

    /// @dev Eight hours of random bookings against books kept in plain variables.
    function testFuzz_KeepsLiabilitiesEqualToAllParts(uint256[24] calldata steps) external {
        uint256[8] memory amounts;
        uint256 owed = 0;
        for (uint256 i = 0; i < steps.length; ++i) {
            uint256 newest = i / 3;
            uint256 any = (steps[i] >> 8) % (newest + 1);
            uint256 amount = bound(steps[i] >> 16, 0, 1e30);
            uint256 kind = steps[i] % 5;
            if (kind == 0) {
                ledger.add(BUCKET + uint32(newest), amount);
                amounts[newest] += amount;
            } else if (kind == 1) {
                amount = bound(amount, 0, amounts[any]);
                ledger.remove(BUCKET + uint32(any), amount);
                amounts[any] -= amount;
            } else if (kind == 2) {
                assertEq(ledger.take(BUCKET + uint32(any)), amounts[any], "taken");
                amounts[any] = 0;
            } else if (kind == 3) {
                amount = bound(amount, 0, amounts[any]);
                ledger.lock(BUCKET + uint32(any), amount);
                amounts[any] -= amount;
                owed += amount;
            } else {
                ledger.owe(amount);
                owed += amount;
            }
        }

        uint256 sum = owed;
        for (uint256 i = 0; i < amounts.length; ++i) {
            assertEq(ledger.amountIn(BUCKET + uint32(i)), amounts[i], "bucket");
            sum += amounts[i];
        }
        assertEq(ledger.totals.liabilities(), sum, "liabilities");
    }

    /* EXPOSED */

    function maturesAt(uint32 bucket) external pure returns (uint40) {
        return MaturityLedger.maturesAt(bucket);
    }

    function add(uint32 bucket, uint256 amount) external {
        ledger.add(bucket, amount);
    }

    function remove(uint32 bucket, uint256 amount) external {
        ledger.remove(bucket, amount);
    }

    function lock(uint32 bucket, uint256 amount) external {
        ledger.lock(bucket, amount);
    }

    function owe(uint256 amount) external {
        ledger.owe(amount);
    }

    function settle(uint256 amount) external {
        ledger.settle(amount);
    }

    /* HELPERS */

    function assertBooks(uint256 liabilities, uint32 bucket, uint256 amount) private view {
        assertEq(ledger.totals.liabilities(), liabilities, "liabilities");
        assertEq(ledger.amountIn(bucket), amount, "bucket");
    }

    function overflow(uint8 bits, uint256 value) private pure returns (bytes memory) {
        return abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, bits, value);
    }
}
