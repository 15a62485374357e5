// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

/// @dev The calendar itself is tested of `PeriodLib`.
contract SubscriptionPlanPeriodStartTest is ChargedPlanTest {
    uint40 private constant JANUARY_31 = 1_769_904_000 - 1; // 2026, the last second

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.periodStart(START, 1);
    }

    function testFuzz_CountsSeconds(uint40 anchor, uint16 index) external view {
        anchor = uint40(bound(anchor, 0, type(uint40).max - uint256(type(uint16).max) * PERIOD));

        assertEq(plan.periodStart(anchor, index), anchor + uint256(index) * PERIOD);
    }

    function test_CountsMonths() external {
        usePlanOfMonths(1);

        assertEq(plan.periodStart(JANUARY_31, 0), JANUARY_31, "anchor");
        assertEq(plan.periodStart(JANUARY_31, 1), JANUARY_31 + 28 days, "28 February");
        assertEq(plan.periodStart(JANUARY_31, 2), JANUARY_31 + 59 days, "31 March");
        assertEq(plan.periodStart(JANUARY_31, 12), JANUARY_31 + 365 days, "the next year");
    }

    function test_CountsSeveralMonthsAtOnce() external {
        usePlanOfMonths(3);

        assertEq(plan.periodStart(JANUARY_31, 1), JANUARY_31 + 89 days, "30 April");
        assertEq(plan.periodStart(JANUARY_31, 4), JANUARY_31 + 365 days, "the next year");
    }

    function testFuzz_RevertWhen_ItIsAfterUint40(uint40 anchor, uint16 index) external {
        index = uint16(bound(index, 1, type(uint16).max));
        uint256 distance = uint256(index) * PERIOD;
        anchor = uint40(bound(anchor, type(uint40).max - distance + 1, type(uint40).max));

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, anchor + distance)
        );
        plan.periodStart(anchor, index);
    }
}
