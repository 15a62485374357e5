// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title PeriodTable
/// @notice What every pair has by an independent reckoning: a table of periods, written out row by row from a calendar, with a mark
/// for each that is paid. Every answer is found by reading the rows.
contract PeriodTable {
    struct Row {
        uint256 start;
        bool isPaid;
        bool isGivenBack;
    }

    /// @dev All that follows one beginning. `slots` rows may be charged while it is not stopped; from `cut` on there is no access.
    struct Run {
        uint256 from;
        uint256 quantity;
        uint256 slots;
        uint256 cut;
        bool isStopped;
        Row[] rows;
    }

    struct Rule {
        bool isMonths;
        uint256 length;
        uint256 grace;
    }

    uint256 private constant DAY = 86_400;
    /// @dev Midnight of 1 October 2025, before all that happens.
    uint256 private constant CALENDAR_START = 1_759_276_800;
    uint256 private constant CALENDAR_YEAR = 2025;
    uint256 private constant CALENDAR_MONTH = 10;

    mapping(uint256 plan => Rule) private _rules;
    mapping(uint256 plan => mapping(uint256 pair => Run[])) private _runs;

    function setRule(uint256 plan, Rule calldata rule) external {
        _rules[plan] = rule;
    }

    /* WRITE */

    function begin(uint256 plan, uint256 pair, uint256 from, uint256 anchor, uint256 quantity, uint256 slots) external {
        Run storage run = _runs[plan][pair].push();
        (run.from, run.quantity, run.slots, run.cut) = (from, quantity, slots, type(uint256).max);
        run.rows.push(Row(anchor, false, false));
    }

    /// @notice Marks a row as paid.
    function markPaid(uint256 plan, uint256 pair, uint256 row) external {
        _fill(plan, pair, row + 2);
        Run storage run = _last(plan, pair);
        (run.rows[row].isPaid, run.rows[row].isGivenBack) = (true, false);
    }

    /// @notice Marks the newest paid row as not paid.
    function unmark(uint256 plan, uint256 pair) external {
        _last(plan, pair).rows[next(plan, pair) - 1].isPaid = false;
    }

    function giveBack(uint256 plan, uint256 pair) external {
        _last(plan, pair).rows[next(plan, pair) - 1].isGivenBack = true;
    }

    /// @notice The right to charge goes on for so many rows.
    function consent(uint256 plan, uint256 pair, uint256 count) external {
        Run storage run = _last(plan, pair);
        (run.slots, run.isStopped) = (next(plan, pair) + count, false);
    }

    function stop(uint256 plan, uint256 pair) external {
        if (_runs[plan][pair].length != 0) _last(plan, pair).isStopped = true;
    }

    function cut(uint256 plan, uint256 pair) external {
        if (_runs[plan][pair].length == 0) return;
        Run storage run = _last(plan, pair);
        if (block.timestamp < run.cut) run.cut = block.timestamp;
    }

    /* READ */

    function hasRun(uint256 plan, uint256 pair) public view returns (bool) {
        return _runs[plan][pair].length != 0;
    }

    function quantityOf(uint256 plan, uint256 pair) external view returns (uint256) {
        return hasRun(plan, pair) ? _last(plan, pair).quantity : 0;
    }

    /// @notice The row after the last that is paid.
    function next(uint256 plan, uint256 pair) public view returns (uint256 row) {
        Run storage run = _last(plan, pair);
        for (uint256 i = 0; i < run.rows.length; ++i) if (run.rows[i].isPaid) row = i + 1;
    }

    /// @notice Whether `time` is in a row that is paid, or in a trial.
    function isCovered(uint256 plan, uint256 pair, uint256 time) public view returns (bool) {
        if (!hasRun(plan, pair)) return false;
        Run storage run = _last(plan, pair);
        if (time >= run.cut || time < run.from) return false;
        if (time < run.rows[0].start) return true;
        for (uint256 i = 0; i + 1 < run.rows.length; ++i) {
            if (run.rows[i].start <= time && time < run.rows[i + 1].start) return run.rows[i].isPaid;
        }
        return false;
    }

    /// @notice Where the time ends that is paid or on trial.
    function coveredUntil(uint256 plan, uint256 pair) external view returns (uint256) {
        Run storage run = _last(plan, pair);
        uint256 end = run.rows[next(plan, pair)].start;
        return end < run.cut ? end : run.cut;
    }

    /// @notice The row that is charged next at or after `time`: one of the two after the last that is paid.
    /// @return found Whether there is one.
    /// @return row Which.
    /// @return start Of it.
    /// @return until First second at which it is missed.
    function chargeable(
        uint256 plan,
        uint256 pair,
        uint256 time
    ) public view returns (bool found, uint256 row, uint256 start, uint256 until) {
        if (!hasRun(plan, pair) || _last(plan, pair).isStopped) return (false, 0, 0, 0);
        uint256 first = next(plan, pair);
        for (row = first; row < first + 2; ++row) {
            start = startOf(plan, pair, row);
            until = start + _rules[plan].grace;
            if (row < _last(plan, pair).slots && time < until) return (true, row, start, until);
        }
        return (false, 0, 0, 0);
    }

    /// @notice Rows that are paid, were not given back, and have not ended at `time`.
    function unused(uint256 plan, uint256 pair, uint256 time) external view returns (uint256 count) {
        if (!isCovered(plan, pair, time)) return 0;
        Run storage run = _last(plan, pair);
        for (uint256 i = 0; i + 1 < run.rows.length; ++i) {
            if (run.rows[i].isPaid && !run.rows[i].isGivenBack && time < run.rows[i + 1].start) ++count;
        }
    }

    function startOf(uint256 plan, uint256 pair, uint256 row) public view returns (uint256) {
        return startAfter(plan, _last(plan, pair).rows[0].start, row);
    }

    /* CALENDAR */

    /// @notice When the row `row` starts whose table begins at `anchor`.
    function startAfter(uint256 plan, uint256 anchor, uint256 row) public view returns (uint256 start) {
        Rule storage rule = _rules[plan];
        if (rule.isMonths) return _monthsAfter(anchor, row * rule.length);
        start = anchor;
        for (uint256 i = 0; i < row; ++i) start += rule.length;
    }

    /// @dev From month to month through the calendar, and in the last to the anchor's day, or the last one.
    function _monthsAfter(uint256 anchor, uint256 months) private pure returns (uint256) {
        (uint256 start, uint256 year, uint256 month) = (CALENDAR_START, CALENDAR_YEAR, CALENDAR_MONTH);
        while (start + daysIn(year, month) * DAY <= anchor) (start, year, month) = _nextMonth(start, year, month);
        (uint256 day, uint256 second) = ((anchor - start) / DAY, (anchor - start) % DAY);
        for (uint256 i = 0; i < months; ++i) (start, year, month) = _nextMonth(start, year, month);
        uint256 last = daysIn(year, month) - 1;
        return start + (day < last ? day : last) * DAY + second;
    }

    function _nextMonth(uint256 start, uint256 year, uint256 month) private pure returns (uint256, uint256, uint256) {
        start += daysIn(year, month) * DAY;
        return month == 12 ? (start, year + 1, 1) : (start, year, month + 1);
    }

    function daysIn(uint256 year, uint256 month) public pure returns (uint256) {
        bool isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        uint8[12] memory table = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        return table[month - 1];
    }

    /* ROWS */

    function _last(uint256 plan, uint256 pair) private view returns (Run storage) {
        Run[] storage runs = _runs[plan][pair];
        return runs[runs.length - 1];
    }

    function _fill(uint256 plan, uint256 pair, uint256 count) private {
        Run storage run = _last(plan, pair);
        while (run.rows.length < count) run.rows.push(Row(startOf(plan, pair, run.rows.length), false, false));
    }
}
