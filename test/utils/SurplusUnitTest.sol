// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "./RefundWindowUnitTest.sol";

/// @title SurplusUnitTest
/// @notice What the tests of money past `pay` need beside the short ways of the others.
abstract contract SurplusUnitTest is RefundWindowUnitTest {
    /// @notice A vault in which nothing is, surplus included.
    function useEmptyVault() internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "empty";
        useVault(terms);
    }
}
