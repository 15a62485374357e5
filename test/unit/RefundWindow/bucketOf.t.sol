// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowBucketOfTest is RefundWindowUnitTest {
    uint32 private constant LAST_BUCKET = uint32(type(uint40).max / 1 hours);

    function testFuzz_IsThatHourAtAFullHour(uint32 hour) external view {
        hour = uint32(bound(hour, 0, LAST_BUCKET));

        assertBucket(uint40(hour) * 1 hours, hour);
    }

    function testFuzz_IsTheNextHourOneSecondAfter(uint32 hour) external view {
        hour = uint32(bound(hour, 0, LAST_BUCKET - 1));

        assertBucket(uint40(hour) * 1 hours + 1, hour + 1);
    }

    function testFuzz_IsThatHourOneSecondBefore(uint32 hour) external view {
        hour = uint32(bound(hour, 1, LAST_BUCKET));

        assertBucket(uint40(hour) * 1 hours - 1, hour);
    }

    function testFuzz_MaturesLessThanAnHourLater(uint40 closesAt) external view {
        closesAt = uint40(bound(closesAt, 0, uint256(LAST_BUCKET) * 1 hours));

        (, uint40 maturesAt) = vault.bucketOf(closesAt);

        assertGe(maturesAt, closesAt, "never earlier");
        assertLt(maturesAt, uint256(closesAt) + 1 hours, "less than an hour later");
    }

    function test_TellsTheLastBucket() external view {
        assertBucket(uint40(LAST_BUCKET) * 1 hours, LAST_BUCKET);
    }

    function testFuzz_RevertWhen_BucketMaturesAfterUint40(uint40 closesAt) external {
        closesAt = uint40(bound(closesAt, uint256(LAST_BUCKET) * 1 hours + 1, type(uint40).max));

        vm.expectRevert(
            abi.encodeWithSelector(
                SafeCast.SafeCastOverflowedUintDowncast.selector,
                40,
                (uint256(LAST_BUCKET) + 1) * 1 hours
            )
        );
        vault.bucketOf(closesAt);
    }

    /* HELPERS */

    function assertBucket(uint40 closesAt, uint32 expectedBucket) private view {
        (uint32 bucket, uint40 maturesAt) = vault.bucketOf(closesAt);
        assertEq(bucket, expectedBucket, "bucket");
        assertEq(maturesAt, uint256(expectedBucket) * 1 hours, "maturesAt");
    }
}
