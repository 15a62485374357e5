// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "./RefundWindowUnitTest.sol";
import {SurplusSteps} from "./SurplusSteps.sol";

/// @title SurplusUnitTest
/// @notice The steps of an assignment beside the short ways of the other unit tests.
abstract contract SurplusUnitTest is RefundWindowUnitTest, SurplusSteps {
    /// @notice A vault in which nothing is, surplus included.
    function useEmptyVault() internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "empty";
        useVault(terms);
    }
}
