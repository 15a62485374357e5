// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PeriodUnit, SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanTermsTest is ChargedPlanTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.terms();
    }

    function testFuzz_ReturnsWhatThePlanWasDeployedWith(
        address[4] memory parties,
        uint88[2] memory amounts,
        uint40[4] memory times,
        uint16[2] memory shares,
        bytes32 salt,
        bool isMonths
    ) external {
        for (uint256 i = 0; i < parties.length; ++i) vm.assume(parties[i] != address(0));
        vm.assume(parties[0] != parties[2]);
        uint256 length = bound(times[0], isMonths ? 1 : 1 hours, isMonths ? 60 : 5 * 365 days);
        uint256 shortest = isMonths ? length * 28 days : length;
        uint256 grace = bound(times[1], 1, shortest / 2);
        SubscriptionPlanTerms memory terms = SubscriptionPlanTerms({
            receiver: parties[0],
            operator: parties[1],
            feeReceiver: parties[2],
            feeBps: uint16(bound(shares[0], 1, 1_000)),
            salt: salt,
            token: parties[3],
            price: uint88(bound(amounts[0], 1, type(uint88).max)),
            periodUnit: isMonths ? PeriodUnit.Months : PeriodUnit.Seconds,
            periodLength: uint40(length),
            grace: uint40(grace),
            trial: uint40(bound(times[2], 0, 365 days)),
            setupFee: amounts[1],
            refundWindow: uint40(bound(times[3], 1, shortest - grace)),
            nonRefundableBps: uint16(bound(shares[1], 0, 9_999))
        });

        usePlan(terms);

        assertEq(abi.encode(plan.terms()), abi.encode(terms));
    }
}
