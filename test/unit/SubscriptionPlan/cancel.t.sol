// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

contract SubscriptionPlanCancelTest is SubscribingTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(payer.addr);
        implementation.cancel(payer.addr, false);
    }

    /* AT THE END OF THE PERIOD */

    function testFuzz_KeepsAccessUntilTheEndOfThePeriod(uint256 later) external {
        start(payer);
        goTo(START + bound(later, 0, PERIOD - 1));

        cancelAtPeriodEnd(payer);

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
        assertActive(payer, true);
        goTo(START + PERIOD);
        assertActive(payer, false);
    }

    function testFuzz_KeepsTheTrialUntilItsEnd(uint256 later) external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + bound(later, 0, TRIAL - 1));

        cancelAtPeriodEnd(payer);

        assertPeriods(payer, START + TRIAL, 0, 0, START + TRIAL);
        assertActive(payer, true);
    }

    function testFuzz_NothingIsChargedAfterwards(uint256 canceledAt, uint256 later) external {
        start(payer);
        canceledAt = START + bound(canceledAt, 0, 2 * PERIOD + GRACE - 1);
        goTo(canceledAt);
        cancelAtPeriodEnd(payer);

        goTo(canceledAt + bound(later, 0, 3 * PERIOD));

        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue));
        assertEq(token.balanceOf(address(plan)), PRICE, "the first charge only");
    }

    function test_KeepsPeriodsThatWerePaidOneByOne() external {
        pay(payer, PRICE, "first");
        pay(payer, PRICE, "second");

        cancelAtPeriodEnd(payer);

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
    }

    function test_LeavesTheNewestChargeToBeUndone() external {
        start(payer);
        goTo(CLOSES_AT - 1);
        cancelAtPeriodEnd(payer);

        undo(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* AT ONCE */

    function testFuzz_EndsAccessAtOnceWithoutMoneyBack(uint256 later) external {
        start(payer);
        goTo(START + bound(later, 0, PERIOD - 1));

        cancelNow(payer);

        assertPeriods(payer, START, 1, 0, time);
        assertActive(payer, false);
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "no money back");
    }

    function testFuzz_EndsATrialAtOnce(uint256 later) external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + bound(later, 0, TRIAL - 1));

        cancelNow(payer);

        assertActive(payer, false);
        assertTrue(subscriptionOf(payer).trialUsed, "still used");
    }

    function test_EndsPeriodsThatWerePaidOneByOneAtOnce() external {
        pay(payer, PRICE, "first");
        pay(payer, PRICE, "second");

        cancelNow(payer);

        assertPeriods(payer, START, 2, 0, START);
    }

    function testFuzz_AddsNoAccessWhereItIsOver(uint256 later) external {
        start(payer);
        goTo(START + PERIOD + bound(later, 0, 100 * PERIOD));

        cancelNow(payer);

        assertPeriods(payer, START, 1, 0, START + PERIOD);
    }

    function test_LeavesTheNewestChargeToBeUndoneAtOnce() external {
        start(payer);
        goTo(CLOSES_AT - 1);
        cancelNow(payer);

        undo(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "taken back");
        assertPeriods(payer, START, 0, 0, START);
    }

    function test_EndsTimeThatWasCanceledBefore() external {
        start(payer);
        cancelAtPeriodEnd(payer);

        cancelNow(payer);

        assertActive(payer, false);
        assertEq(subscriptionOf(payer).serial, 5, "serial");
    }

    /* SERIAL */

    function testFuzz_PassesOverTwoSerials(uint256 times, bool immediately) external {
        times = bound(times, 1, 10);

        for (uint256 i = 0; i < times; ++i) {
            vm.prank(payer.addr);
            plan.cancel(payer.addr, immediately);
        }

        assertEq(subscriptionOf(payer).serial, 2 * times, "serial");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.None);
    }

    function test_NoSubscribeThatWasSignedBeforeLandsAfterwards() external {
        Subscribe memory message = subscribeMessage(payer);
        bytes memory signature = signSubscribe(payer, message);
        approve(payer, type(uint256).max);
        cancelAtPeriodEnd(payer);

        vm.expectRevert(serialMismatch(payer, 2, 0));
        plan.subscribeWithSignature(message, signature, noPermit(), PAYOUT_GAS);
    }

    /* WHATEVER THE STATE */

    function test_CancelsInGrace() external {
        start(payer);
        goTo(START + PERIOD + GRACE - 1);

        cancelAtPeriodEnd(payer);

        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue));
    }

    function test_CancelsWhenOnceSkipped() external {
        start(payer);
        goTo(START + PERIOD + GRACE);
        cancelAtPeriodEnd(payer);

        goTo(START + 2 * PERIOD);

        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue));
    }

    function test_CancelsInAPlanThatHasEnded() external {
        start(payer);
        endPlan();

        cancelAtPeriodEnd(payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function test_CancelsWhileTheTokenIsPaused() external {
        start(payer);
        token.setPaused(true);

        cancelNow(payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function testFuzz_EmitsCanceled(bool immediately, address beneficiary) external {
        vm.assume(beneficiary != address(0));
        Subscribe memory message = subscribeMessage(payer);
        message.beneficiary = beneficiary;
        start(payer, message);
        goTo(START + 1 days);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled({
            pair: idOf(Pair(payer.addr, beneficiary)),
            subscriber: payer.addr,
            beneficiary: beneficiary,
            by: payer.addr,
            paidThrough: START + (immediately ? 1 days : PERIOD),
            serial: 3
        });
        vm.prank(payer.addr);
        plan.cancel(beneficiary, immediately);
    }

    /* OTHERS */

    function testFuzz_LeavesPairsOfOtherSubscribersAlone(address caller) external {
        vm.assume(caller != payer.addr);
        start(payer);

        vm.prank(caller);
        plan.cancel(payer.addr, true);

        assertPeriods(payer, START, 1, MAX_PERIODS, START + PERIOD);
        assertEq(subscriptionOf(payer).serial, 1, "serial");
    }

    function testFuzz_LeavesOtherBeneficiariesAlone(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        start(payer);

        vm.prank(payer.addr);
        plan.cancel(beneficiary, true);

        assertPeriods(payer, START, 1, MAX_PERIODS, START + PERIOD);
    }
}
