// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SubscriptionPlan} from "../../../contracts/SubscriptionPlan.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanIsActiveTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.isActive(payer.addr, payer.addr);
    }

    function testFuzz_IsFalseOfWhoNeverSubscribed(address subscriber, address who) external view {
        assertFalse(plan.isActive(subscriber, who));
    }

    function testFuzz_IsFalseOfAnotherBeneficiary(address who) external {
        vm.assume(who != ELSEWHERE);
        subscribeFor(payer, ELSEWHERE);

        assertTrue(plan.isActive(payer.addr, ELSEWHERE), "the beneficiary");
        assertFalse(plan.isActive(payer.addr, who), "another");
    }

    function testFuzz_IsFalseThroughAnotherSubscriber(address subscriber) external {
        vm.assume(subscriber != payer.addr);
        subscribeFor(payer, ELSEWHERE);

        assertFalse(plan.isActive(subscriber, ELSEWHERE));
    }

    function test_IsFalseInAnotherPlan() external {
        SubscriptionPlan subscribed = plan;
        subscribe(payer);
        useEmptyPlan();

        assertTrue(subscribed.isActive(payer.addr, payer.addr), "the plan");
        assertFalse(plan.isActive(payer.addr, payer.addr), "another");
    }

    function test_IsTrueOnTrialUntilItsEnd() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL - 1);
        assertTrue(plan.isActive(payer.addr, payer.addr), "last second");
        goTo(START + TRIAL);

        assertFalse(plan.isActive(payer.addr, payer.addr), "end");
    }

    function test_IsTrueAsLongAsItIsPaid() external {
        subscribe(payer);
        goTo(startOf(1) - 1);
        assertTrue(plan.isActive(payer.addr, payer.addr), "last second");
        goTo(startOf(1));

        assertFalse(plan.isActive(payer.addr, payer.addr), "paidThrough");
    }

    function testFuzz_IsFalseInTheGraceUntilItIsCharged(uint256 late) external {
        subscribe(payer);
        goTo(startOf(1) + bound(late, 0, GRACE - 1));
        assertFalse(plan.isActive(payer.addr, payer.addr), "before");

        charge(payer);

        assertTrue(plan.isActive(payer.addr, payer.addr), "after");
    }

    function testFuzz_IsFalseInASkippedPeriod(uint256 moment) external {
        subscribe(payer);
        goTo(bound(moment, startOf(1) + GRACE, startOf(2) - 1));
        charge(payer);

        assertFalse(plan.isActive(payer.addr, payer.addr));
    }

    function test_IsTrueInTheSecondOfSubscribing() external {
        assertFalse(plan.isActive(payer.addr, payer.addr), "before");

        subscribe(payer);

        assertTrue(plan.isActive(payer.addr, payer.addr), "in the same second");
    }
}
