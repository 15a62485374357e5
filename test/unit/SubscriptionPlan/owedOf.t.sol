// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanOwedOfTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.owedOf(pairOf(payer));
    }

    /* NOTHING */

    function test_IsNothingWithoutASubscription() external view {
        assertOwed(payer, 0, 0);
    }

    function test_IsNothingOnTrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        assertOwed(payer, 0, 0);
    }

    function test_IsNothingWhenAccessWasGivenUp() external {
        subscribe(payer);
        cancelAs(payer, true);

        assertOwed(payer, 0, 0);
    }

    function test_IsNothingWhenAllWasRefunded() external {
        subscribe(payer);
        refundAs(operator.addr, payer);

        assertOwed(payer, 0, 0);
    }

    function test_IsNothingWhenUndone() external {
        subscribe(payer);
        undoAs(payer);

        assertOwed(payer, 0, 0);
    }

    function test_IsNothingFromPaidThroughOn() external {
        subscribe(payer);
        goTo(startOf(1) - 1);
        assertOwed(payer, PRICE, 0);
        goTo(startOf(1));

        assertOwed(payer, 0, 0);
    }

    /* HELD */

    function test_IsHeldInTheLastSecondBeforeItMatures() external {
        subscribe(payer);
        goTo(MATURES_AT - 1);

        assertOwed(payer, PRICE, PRICE);
    }

    function test_IsNotHeldWhenItMatures() external {
        subscribe(payer);
        goTo(MATURES_AT);

        assertOwed(payer, PRICE, 0);
    }

    function test_IsNotHeldWithoutAWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);

        assertOwed(payer, PRICE, 0);
    }

    /* HOW MUCH */

    function testFuzz_IsThePriceTimesTheQuantity(uint16 quantity, uint16 nonRefundableBps) external {
        quantity = uint16(bound(quantity, 1, type(uint16).max));
        usePlanWithNonRefundableShare(uint16(bound(nonRefundableBps, 1, 9_999)));
        subscribeQuantity(payer, quantity);

        assertOwed(payer, PRICE * quantity, PRICE * quantity);
    }

    function testFuzz_CountsTheRunningPeriodAndThoseAfterIt(uint256 count, uint256 moment) external {
        count = bound(count, 1, 12);
        for (uint256 i = 0; i < count; ++i) buyPeriod(payer);
        moment = bound(moment, START, startOf(count) - 1);
        goTo(moment);

        uint256 left = count - (moment - START) / PERIOD;
        assertOwed(payer, left * PRICE, moment < MATURES_AT ? PRICE : 0);
    }

    function testFuzz_CountsMonthsByTheCalendar(uint256 moment) external {
        usePlanOfMonths(1);
        for (uint256 i = 0; i < 6; ++i) buyPeriod(payer);
        moment = bound(moment, START, plan.periodStart(START, 6) - 1);
        goTo(moment);
        uint256 left = 0;
        for (uint16 i = 1; i <= 6; ++i) if (moment < plan.periodStart(START, i)) ++left;

        assertOwed(payer, left * PRICE, moment < MATURES_AT ? PRICE : 0);
    }

    function test_CountsPeriodsThatWereBoughtBeforeTheEndOfATrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        cancelAs(payer, false);
        buyPeriod(payer);

        assertOwed(payer, PRICE, PRICE);
    }

    function test_LeavesOutTheNewestWhenItWasRefunded() external {
        for (uint256 i = 0; i < 3; ++i) buyPeriod(payer);
        refundAs(operator.addr, payer);

        assertOwed(payer, 2 * PRICE, 0);
    }

    function test_LeavesOutTheNewestWhenItWasUndone() external {
        for (uint256 i = 0; i < 3; ++i) buyPeriod(payer);
        undoAs(payer);

        assertOwed(payer, 2 * PRICE, 0);
    }

    function test_CountsTheChargeAfterOneThatWasRefunded() external {
        subscribe(payer);
        refundAs(operator.addr, payer);
        goTo(startOf(1));
        charge(payer);

        assertOwed(payer, PRICE, PRICE);
    }

    function test_CountsOnlyTheChargeAfterASkippedPeriod() external {
        subscribe(payer);
        goTo(startOf(2));
        charge(payer);

        assertOwed(payer, PRICE, PRICE);
    }

    function test_CountsForAnyBeneficiary() external {
        subscribeFor(payer, ELSEWHERE);

        (uint256 owed, uint256 held) = plan.owedOf(pairFor(payer, ELSEWHERE));
        assertEq(owed, PRICE, "owed");
        assertEq(held, PRICE, "held");
        assertOwed(payer, 0, 0);
    }

    /// @dev Whatever happened before, the plan can pay it together with the top-up.
    function testFuzz_IsWhatEndForReturns(uint256 count, uint256 moment, uint8 deed) external {
        count = bound(count, 1, 6);
        for (uint256 i = 0; i < count; ++i) buyPeriod(payer);
        if (deed % 4 == 1) refundAs(operator.addr, payer);
        if (deed % 4 == 2) undoAs(payer);
        if (deed % 4 == 3) cancelAs(payer, false);
        goTo(bound(moment, START, startOf(count)));
        (uint256 owed, uint256 held) = plan.owedOf(pairOf(payer));
        (uint256 before, uint256 liabilitiesBefore) = (token.balanceOf(payer.addr), liabilities());

        endFor(payer);

        assertEq(token.balanceOf(payer.addr), before + owed, "payer");
        assertEq(liabilities(), liabilitiesBefore - held, "liabilities");
        assertEq(token.balanceOf(address(plan)), liabilities(), "balance");
        assertOwed(payer, 0, 0);
    }
}
