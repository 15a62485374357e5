// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {PeriodLib} from "../../../contracts/libraries/PeriodLib.sol";
import {PeriodUnit} from "../../../contracts/types/Terms.sol";
import {TestBase} from "../../utils/TestBase.sol";

/// @notice A calendar that is written out month by month, as one would on paper: nothing of it is computed by a formula.
library PaperCalendar {
    uint256 internal constant FIRST_YEAR = 1970;
    /// @dev The calendar repeats itself after 400 years.
    uint256 internal constant MONTHS_OF_CYCLE = 400 * 12;
    uint256 internal constant DAYS_OF_CYCLE = 146_097;

    /// @notice The days of `count` months from January 1970 on.
    function lengths(uint256 count) internal pure returns (uint256[] memory days_) {
        uint8[12] memory usual = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        days_ = new uint256[](count);
        uint256 year = FIRST_YEAR;
        uint256 month = 0;
        for (uint256 i = 0; i < count; ++i) {
            days_[i] = month == 1 && isLeap(year) ? 29 : usual[month];
            if (++month == 12) (year, month) = (year + 1, 0);
        }
    }

    /// @notice Every fourth year, but not the hundredth, but the four hundredth.
    function isLeap(uint256 year) internal pure returns (bool) {
        if (year % 400 == 0) return true;
        if (year % 100 == 0) return false;
        return year % 4 == 0;
    }

    /// @notice The first day of each month, counted from 1970, when these are their lengths.
    function firsts(uint256[] memory days_) internal pure returns (uint256[] memory first) {
        first = new uint256[](days_.length);
        for (uint256 i = 1; i < first.length; ++i) first[i] = first[i - 1] + days_[i - 1];
    }
}

contract PeriodLibTest is TestBase {
    uint40 private constant JANUARY_1_2026 = 1_767_225_600;
    uint40 private constant JANUARY_1_2028 = 1_830_297_600; // of a leap year
    uint256 private constant LAST = type(uint40).max;

    /* SHORTEST */

    function testFuzz_Shortest_IsTheLengthInSeconds(uint40 length) external pure {
        assertEq(PeriodLib.shortest(PeriodUnit.Seconds, length), length);
    }

    function testFuzz_Shortest_IsTwentyEightDaysAMonth(uint40 months) external pure {
        assertEq(PeriodLib.shortest(PeriodUnit.Months, months), uint256(months) * 28 days);
    }

    function testFuzz_Shortest_IsNoLongerThanAnyPeriod(uint40 months, uint40 anchor, uint256 index) external pure {
        months = uint40(bound(months, 1, 60));
        index = bound(index, 0, type(uint16).max - 1);
        // A month has at most 31 days, so that all ends before the last second.
        if (anchor + (index + 1) * months * 31 days > LAST) index = 0;
        anchor = uint40(bound(anchor, 0, LAST - (index + 1) * months * 31 days));

        uint256 start = PeriodLib.startOf(PeriodUnit.Months, months, anchor, index);
        uint256 end = PeriodLib.startOf(PeriodUnit.Months, months, anchor, index + 1);

        assertGe(end - start, PeriodLib.shortest(PeriodUnit.Months, months));
    }

    /// @dev From each day of 400 years, the first period and the second.
    function test_Shortest_IsTheShortestOfAllMonths() external pure {
        uint256 shortest = type(uint256).max;
        for (uint256 day = 0; day < PaperCalendar.DAYS_OF_CYCLE; ++day) {
            uint40 anchor = uint40(day * 1 days);
            uint256 first = PeriodLib.startOf(PeriodUnit.Months, 1, anchor, 1);
            uint256 second = PeriodLib.startOf(PeriodUnit.Months, 1, anchor, 2);
            if (first - anchor < shortest) shortest = first - anchor;
            if (second - first < shortest) shortest = second - first;
        }

        assertEq(shortest, PeriodLib.shortest(PeriodUnit.Months, 1));
    }

    /* SECONDS */

    function testFuzz_StartOf_CountsSeconds(uint40 length, uint40 anchor, uint256 index) external pure {
        length = uint40(bound(length, 1, 5 * 365 days));
        index = bound(index, 0, type(uint16).max);
        uint256 distance = length * index;
        if (distance > LAST) (index, distance) = (0, 0);
        anchor = uint40(bound(anchor, 0, LAST - distance));

        assertEq(PeriodLib.startOf(PeriodUnit.Seconds, length, anchor, index), anchor + distance);
    }

    function test_StartOf_CountsSecondsToTheLast() external pure {
        assertEq(PeriodLib.startOf(PeriodUnit.Seconds, 1 hours, type(uint40).max - 1 hours, 1), LAST);
    }

    function testFuzz_StartOf_RevertWhen_SecondsEndAfterUint40(uint40 anchor, uint256 distance) external {
        anchor = uint40(bound(anchor, 1, LAST));
        distance = bound(distance, LAST - anchor + 1, LAST);

        vm.expectRevert(tooLate(anchor + distance));
        this.startOf(PeriodUnit.Seconds, uint40(distance), anchor, 1);
    }

    /* MONTHS */

    function test_StartOf_EndsAtTheLastDayOfAShortMonth() external pure {
        uint40 january31 = JANUARY_1_2026 + 30 days;
        uint16[12] memory expected = [30, 58, 89, 119, 150, 180, 211, 242, 272, 303, 333, 364]; // the last of each month

        for (uint256 i = 0; i < expected.length; ++i) {
            assertEq(monthsAfter(january31, i), JANUARY_1_2026 + uint256(expected[i]) * 1 days);
        }
    }

    function test_StartOf_EndsAtTheLeapDay() external pure {
        uint40 january31 = JANUARY_1_2028 + 30 days;
        uint40 january30 = JANUARY_1_2028 + 29 days;

        assertEq(monthsAfter(january31, 1), JANUARY_1_2028 + 59 days, "29 February from the 31st");
        assertEq(monthsAfter(january30, 1), JANUARY_1_2028 + 59 days, "29 February from the 30th");
        assertEq(monthsAfter(january31, 2), JANUARY_1_2028 + 90 days, "31 March");
        assertEq(monthsAfter(january30, 2), JANUARY_1_2028 + 89 days, "30 March");
    }

    function test_StartOf_BeginsAtTheLeapDay() external pure {
        uint40 february29 = JANUARY_1_2028 + 59 days;

        assertEq(monthsAfter(february29, 1), february29 + 29 days, "29 March");
        assertEq(monthsAfter(february29, 12), february29 + 365 days, "28 February of the next year");
        assertEq(monthsAfter(february29, 13), february29 + 365 days + 29 days, "29 March of the next year");
        assertEq(monthsAfter(february29, 48), february29 + 4 * 365 days + 1 days, "29 February four years later");
    }

    function test_StartOf_KnowsTheYearsThatAreNoLeapYears() external pure {
        uint40 january31Of2100 = 4_102_444_800 + 30 days;
        uint40 january31Of2400 = 13_569_465_600 + 30 days;

        assertEq(monthsAfter(january31Of2100, 1), january31Of2100 + 28 days, "28 February 2100");
        assertEq(monthsAfter(january31Of2400, 1), january31Of2400 + 29 days, "29 February 2400");
    }

    function testFuzz_StartOf_KeepsTheTimeOfDay(uint40 anchor, uint256 months) external pure {
        months = bound(months, 0, 60 * 400);
        anchor = uint40(bound(anchor, 0, LAST - months * 31 days));

        assertEq(monthsAfter(anchor, months) % 1 days, anchor % 1 days);
    }

    function testFuzz_StartOf_CountsTheProductOfLengthAndIndex(
        uint40 anchor,
        uint40 length,
        uint16 index
    ) external pure {
        length = uint40(bound(length, 1, 60));
        index = uint16(bound(index, 0, 5_000));
        uint256 months = uint256(length) * index;
        anchor = uint40(bound(anchor, 0, LAST - months * 31 days));

        assertEq(PeriodLib.startOf(PeriodUnit.Months, length, anchor, index), monthsAfter(anchor, months));
    }

    function testFuzz_StartOf_IsTheAnchorItself(uint40 length, uint40 anchor) external pure {
        assertEq(PeriodLib.startOf(PeriodUnit.Months, length, anchor, 0), anchor, "months");
        assertEq(PeriodLib.startOf(PeriodUnit.Seconds, length, anchor, 0), anchor, "seconds");
    }

    function testFuzz_StartOf_RevertWhen_MonthsEndAfterUint40(uint40 anchor, uint40 length, uint16 index) external {
        // No month has fewer than 28 days: none of these fits.
        length = uint40(bound(length, 30, 60));
        index = uint16(bound(index, LAST / (uint256(length) * 28 days) + 1, type(uint16).max));

        uint256 expected = paperAfter(anchor, uint256(length) * index);

        vm.expectRevert(tooLate(expected));
        this.startOf(PeriodUnit.Months, length, anchor, index);
    }

    /* EVERY DAY OF 400 YEARS */

    function test_StartOf_EqualsThePaperCalendarAfterOneMonth() external pure {
        assertEqualsPaperEveryDay(1);
    }

    function test_StartOf_EqualsThePaperCalendarAfterTwoMonths() external pure {
        assertEqualsPaperEveryDay(2);
    }

    function test_StartOf_EqualsThePaperCalendarAfterElevenMonths() external pure {
        assertEqualsPaperEveryDay(11);
    }

    function test_StartOf_EqualsThePaperCalendarAfterAYear() external pure {
        assertEqualsPaperEveryDay(12);
    }

    function test_StartOf_EqualsThePaperCalendarAfterFourYearsAndAMonth() external pure {
        assertEqualsPaperEveryDay(49);
    }

    function test_StartOf_EqualsThePaperCalendarAfterACentury() external pure {
        assertEqualsPaperEveryDay(1_200);
    }

    function test_StartOf_EqualsThePaperCalendarAfterEachMonthOf400Years() external pure {
        uint256[] memory days_ = PaperCalendar.lengths(2 * PaperCalendar.MONTHS_OF_CYCLE);
        uint256[] memory first = PaperCalendar.firsts(days_);
        // 29, 30 and 31 of January, and the leap day.
        uint256[4] memory months = [uint256(0), 0, 0, 25];
        uint256[4] memory daysOfMonth = [uint256(29), 30, 31, 29];

        for (uint256 i = 0; i < months.length; ++i) {
            for (uint256 distance = 0; distance < PaperCalendar.MONTHS_OF_CYCLE; ++distance) {
                assertEqualsPaper(days_, first, months[i], daysOfMonth[i], distance);
            }
        }
    }

    /// @dev To the last second of uint40.
    function testFuzz_StartOf_EqualsThePaperCalendarAtAnyTime(uint40 anchor, uint256 distance) external pure {
        distance = bound(distance, 0, type(uint16).max * uint256(6));
        anchor = uint40(bound(anchor, 0, LAST - distance * 31 days));

        assertEq(monthsAfter(anchor, distance), paperAfter(anchor, distance));
    }

    /* EXPOSED */

    function startOf(PeriodUnit unit, uint40 length, uint40 anchor, uint256 index) external pure returns (uint40) {
        return PeriodLib.startOf(unit, length, anchor, index);
    }

    /* HELPERS */

    function monthsAfter(uint40 anchor, uint256 months) private pure returns (uint256) {
        return PeriodLib.startOf(PeriodUnit.Months, 1, anchor, months);
    }

    /// @notice Walks from day to day through 400 years, and compares what is `distance` months after each.
    function assertEqualsPaperEveryDay(uint256 distance) private pure {
        uint256[] memory days_ = PaperCalendar.lengths(PaperCalendar.MONTHS_OF_CYCLE + distance);
        uint256[] memory first = PaperCalendar.firsts(days_);
        uint256 day = 0;
        for (uint256 month = 0; month < PaperCalendar.MONTHS_OF_CYCLE; ++month) {
            for (uint256 dayOfMonth = 1; dayOfMonth <= days_[month]; ++dayOfMonth) {
                assertEqualsPaper(days_, first, month, dayOfMonth, distance);
                ++day;
            }
        }
        assertEq(day, PaperCalendar.DAYS_OF_CYCLE, "days of 400 years");
    }

    function assertEqualsPaper(
        uint256[] memory days_,
        uint256[] memory first,
        uint256 month,
        uint256 dayOfMonth,
        uint256 distance
    ) private pure {
        uint256 anchor = (first[month] + dayOfMonth - 1) * 1 days;
        uint256 expected = paperDay(days_, first, month + distance, dayOfMonth) * 1 days;
        // Without a call of the cheat code where they are equal: there are many.
        if (monthsAfter(uint40(anchor), distance) == expected) return;
        assertEq(monthsAfter(uint40(anchor), distance), expected, "start");
    }

    /// @notice The same as the calendar has it, at any time: after 400 years it repeats itself.
    function paperAfter(uint40 anchor, uint256 distance) private pure returns (uint256) {
        uint256[] memory days_ = PaperCalendar.lengths(2 * PaperCalendar.MONTHS_OF_CYCLE);
        uint256[] memory first = PaperCalendar.firsts(days_);
        (uint256 day, uint256 cycles) = (anchor / 1 days, 0);
        while (day >= PaperCalendar.DAYS_OF_CYCLE) (day, cycles) = (day - PaperCalendar.DAYS_OF_CYCLE, cycles + 1);
        uint256 month = 0;
        while (month + 1 < first.length && first[month + 1] <= day) ++month;
        uint256 rest = distance;
        while (rest >= PaperCalendar.MONTHS_OF_CYCLE)
            (rest, cycles) = (rest - PaperCalendar.MONTHS_OF_CYCLE, cycles + 1);

        uint256 expected = paperDay(days_, first, month + rest, day - first[month] + 1);
        expected += cycles * PaperCalendar.DAYS_OF_CYCLE;
        return expected * 1 days + (anchor % 1 days);
    }

    /// @notice The day of this number in a month, or its last one.
    function paperDay(
        uint256[] memory days_,
        uint256[] memory first,
        uint256 month,
        uint256 dayOfMonth
    ) private pure returns (uint256) {
        return first[month] + (dayOfMonth < days_[month] ? dayOfMonth : days_[month]) - 1;
    }

    function tooLate(uint256 time) private pure returns (bytes memory) {
        return abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, time);
    }
}
