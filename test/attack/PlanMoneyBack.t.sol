// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: who has had its money back does not ask again. No period's price goes back twice, in whatever order
/// subscriber and merchant come.
contract PlanMoneyBackTest is PlanAttackTest {
    function test_RevertWhen_AChargeIsUndoneTwice() external {
        subscribe(payer);
        undo(payer);
        vm.expectRevert(notHeld(0, CLOSES_AT));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_RevertWhen_ASecondChargeIsUndone() external {
        subscribe(payer);
        undo(payer);
        subscribe(payer);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.UndoUsed.selector, payer.addr));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_RevertWhen_WhatTheMerchantRefundedIsUndone() external {
        subscribe(payer);
        refund(payer);
        vm.expectRevert(notHeld(0, CLOSES_AT));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_RevertWhen_TheMerchantRefundsWhatWasUndone() external {
        subscribe(payer);
        undo(payer);
        vm.expectRevert(notHeld(0, CLOSES_AT));
        vm.prank(operator.addr);
        plan.refund(pairOf(payer), CLOSES_AT, PAYOUT_GAS);
    }

    /// @dev A retry of the merchant's call, after the next charge.
    function test_RevertWhen_ARepeatedRefundWouldHitTheNextCharge() external {
        subscribe(payer);
        refund(payer);
        goTo(START + PERIOD);
        charge(payer);
        vm.expectRevert(notHeld(CLOSES_AT + PERIOD, CLOSES_AT));
        vm.prank(operator.addr);
        plan.refund(pairOf(payer), CLOSES_AT, PAYOUT_GAS);
    }

    function test_RevertWhen_WhatWasEndedIsUndone() external {
        subscribe(payer);
        endFor(payer);
        vm.expectRevert(notHeld(0, CLOSES_AT));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_EndedTwiceItIsPaidBackOnce() external {
        subscribe(payer);
        assertEq(endFor(payer), PRICE, "first");
        assertEq(endFor(payer), 0, "second");
        assertEq(spent(payer), 0, "spent");
    }

    function test_EndedAfterItsRefundNothingIsPaidBackAgain() external {
        subscribe(payer);
        refund(payer);
        assertEq(endFor(payer), 0);
    }

    function test_EndedAfterAnUndoNothingIsPaidBackAgain() external {
        subscribe(payer);
        undo(payer);
        assertEq(endFor(payer), 0);
    }

    /// @dev The subscriber buys one period more, so that the newest charge is another than the one that was refunded.
    function test_APeriodThatWasRefundedIsNotPaidBackAgainBecauseAnotherWasBought() external {
        pay(payer, PRICE, "first");
        refund(payer);
        pay(payer, PRICE, "second");
        assertEq(endFor(payer), PRICE);
        assertEq(spent(payer), 0, "spent");
    }

    function test_APeriodThatWasRefundedIsNotPaidBackAgainBecauseAnotherWasUndone() external {
        pay(payer, PRICE, "first");
        refund(payer);
        pay(payer, PRICE, "second");
        undo(payer);
        assertEq(endFor(payer), 0);
        assertEq(spent(payer), 0, "spent");
    }

    /// @dev A bit each, so that any of the periods ahead may have been given back.
    function testFuzz_OfPeriodsBoughtAheadEachIsPaidBackOnce(uint256 refunds, uint256 count, uint256 passed) external {
        count = bound(count, 1, 40);
        for (uint256 i = 0; i < count; ++i) {
            pay(payer, PRICE, bytes32(i));
            if ((refunds >> i) & 1 != 0) refund(payer);
        }
        passed = bound(passed, 0, count - 1);
        goTo(START + passed * PERIOD);
        uint256 expected;
        for (uint256 i = passed; i < count; ++i) if ((refunds >> i) & 1 == 0) expected += PRICE;
        assertEq(endFor(payer), expected);
    }

    /// @dev A small charge is made ready, and a larger one is put in its place.
    function test_RevertWhen_ACanceledUnitIsUndoneAsAHundred() external {
        usePlan(termsWithTrial(10 days));
        pay(payer, PRICE, "one unit");
        cancel(payer, true);
        subscribe(payer, _units(100));
        vm.expectRevert(notHeld(0, CLOSES_AT));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_RevertWhen_TimeOfOneUnitWouldBecomeTimeOfMany() external {
        pay(payer, PRICE, "one unit");
        Subscribe memory message = _units(100);
        vm.expectRevert(
            abi.encodeWithSelector(
                ISubscriptionPlan.QuantityDiffers.selector,
                idOf(pairOf(payer)),
                1,
                100,
                START + PERIOD
            )
        );
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    /// @dev The newest charge is the next period's, paid before this one began.
    function test_AnUndoReturnsTheHeldChargeAndNoOther() external {
        pay(payer, PRICE, "first");
        goTo(START + PERIOD - 1);
        pay(payer, PRICE, "second");
        undo(payer);
        assertEq(spent(payer), PRICE, "spent");
        assertEq(liabilities(), PRICE, "the first period's");
        goTo(START + PERIOD);
        assertFalse(isActive(payer), "active");
    }

    function test_AnUndoLeavesTheNonRefundableShareToTheReceiver() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.nonRefundableBps = 2_500;
        usePlan(terms);
        subscribe(payer);
        undo(payer);
        assertEq(spent(payer), PRICE / 4, "spent");
        assertEq(liabilities(), PRICE / 4, "held");
    }

    function test_AnUndoDoesNotTouchWhatOthersPaidInTheSameHour() external {
        subscribe(payer);
        subscribe(otherPayer);
        undo(payer);
        (uint32 bucket, ) = plan.bucketOf(CLOSES_AT);
        assertEq(plan.maturingIn(address(token), bucket), PRICE);
    }

    function test_RevertWhen_TheMerchantTakesWhatCanStillBeUndone() external {
        subscribe(payer);
        uint32[] memory buckets = new uint32[](1);
        uint40 maturesAt;
        (buckets[0], maturesAt) = plan.bucketOf(CLOSES_AT);
        goTo(CLOSES_AT - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IMaturing.ClaimBeforeMaturity.selector, buckets[0], maturesAt, CLOSES_AT - 1)
        );
        plan.claim(address(token), buckets, PAYOUT_GAS);
        undo(payer);
        assertEq(spent(payer), 0);
    }

    function test_RevertWhen_TheMerchantRefundsWhatIsTheReceiversAlready() external {
        subscribe(payer);
        subscribe(otherPayer);
        (, uint40 maturesAt) = plan.bucketOf(CLOSES_AT);
        goTo(maturesAt);
        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptionPlan.ChargeMatured.selector, idOf(pairOf(payer)), maturesAt)
        );
        vm.prank(operator.addr);
        plan.refund(pairOf(payer), CLOSES_AT, PAYOUT_GAS);
    }

    /// @dev The merchant's own pocket, and nobody else's money, covers what has matured.
    function test_RevertWhen_PaidTimeEndsAtTheCostOfOthers() external {
        subscribe(payer);
        goTo(START + 20 days);
        subscribe(otherPayer);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.TopUpWrong.selector, idOf(pairOf(payer)), 0, PRICE));
        vm.prank(operator.addr);
        plan.endFor(pairOf(payer), 0, PAYOUT_GAS);
    }

    function notHeld(uint256 closesAt, uint256 expected) internal view returns (bytes memory) {
        return
            abi.encodeWithSelector(ISubscriptionPlan.ChargeNotHeld.selector, idOf(pairOf(payer)), closesAt, expected);
    }

    function _units(uint256 quantity) private view returns (Subscribe memory message) {
        message = subscribeMessage(payer);
        message.quantity = quantity;
    }
}
