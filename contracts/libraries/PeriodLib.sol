// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {DateTimeLib} from "solady/src/utils/DateTimeLib.sol";

import {PeriodUnit} from "../types/Terms.sol";

/// @title PeriodLib
/// @notice When periods start. Each is counted from the anchor and not from the one before, so that a month's short end moves
/// nothing: from 31 January come 28 February and 31 March.
library PeriodLib {
    using SafeCast for uint256;

    /// @dev The shortest distance of a day of one month to the same day, or the last one, of the next.
    uint256 private constant SHORTEST_MONTH = 28 days;

    /// @notice The least that a period lasts.
    /// @param unit What `length` counts.
    /// @param length Of one period.
    /// @return In seconds.
    function shortest(PeriodUnit unit, uint40 length) internal pure returns (uint256) {
        return unit == PeriodUnit.Months ? length * SHORTEST_MONTH : length;
    }

    /// @notice When period `index` starts.
    /// @param unit What `length` counts.
    /// @param length Of one period.
    /// @param anchor When period 0 starts, in Unix seconds.
    /// @param index Of the period.
    /// @return Unix seconds.
    function startOf(PeriodUnit unit, uint256 length, uint256 anchor, uint256 index) internal pure returns (uint40) {
        uint256 distance = index * length;
        return (unit == PeriodUnit.Months ? DateTimeLib.addMonths(anchor, distance) : anchor + distance).toUint40();
    }
}
