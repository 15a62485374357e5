// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanSubscriptionOfTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;
    uint40 private constant FULL_HOUR = 488_889 hours; // the first one after START

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.subscriptionOf(pairOf(payer));
    }

    /* ALL OF IT */

    function testFuzz_TellsTheIdOfAnUnknownPair(Pair memory pair) external view {
        ISubscriptionPlan.SubscriptionView memory expected;
        expected.pair = idOf(pair);

        assertEq(abi.encode(plan.subscriptionOf(pair)), abi.encode(expected));
    }

    function testFuzz_TellsAllOfASubscription(uint16 quantity, uint16 nonRefundableBps) external {
        quantity = uint16(bound(quantity, 1, type(uint16).max));
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        usePlanWithNonRefundableShare(nonRefundableBps);
        subscribeQuantity(payer, quantity);
        uint256 amount = PRICE * quantity;

        assertView(
            ISubscriptionPlan.SubscriptionView({
                pair: idOf(pairOf(payer)),
                status: ISubscriptionPlan.SubscriptionStatus.Active,
                isActive: true,
                anchor: START,
                paidThrough: startOf(1),
                serial: 1,
                quantity: quantity,
                nextIndex: 1,
                endIndex: uint16(MAX_PERIODS),
                amount: amount,
                chargeableFrom: startOf(1),
                chargeableUntil: startOf(1) + GRACE,
                closesAt: CLOSES_AT,
                maturesAt: MATURES_AT,
                undoable: amount - (amount * nonRefundableBps) / 10_000,
                trialUsed: false,
                undoUsed: false
            })
        );
    }

    function test_TellsAllOfATrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        assertView(
            ISubscriptionPlan.SubscriptionView({
                pair: idOf(pairOf(payer)),
                status: ISubscriptionPlan.SubscriptionStatus.Trialing,
                isActive: true,
                anchor: START + TRIAL,
                paidThrough: START + TRIAL,
                serial: 1,
                quantity: 1,
                nextIndex: 0,
                endIndex: uint16(MAX_PERIODS),
                amount: PRICE,
                chargeableFrom: START + TRIAL,
                chargeableUntil: START + TRIAL + GRACE,
                closesAt: 0,
                maturesAt: 0,
                undoable: 0,
                trialUsed: true,
                undoUsed: false
            })
        );
    }

    function test_TellsAllOfAPeriodThatWasBought() external {
        buyPeriod(payer);

        assertView(
            ISubscriptionPlan.SubscriptionView({
                pair: idOf(pairOf(payer)),
                status: ISubscriptionPlan.SubscriptionStatus.Prepaid,
                isActive: true,
                anchor: START,
                paidThrough: startOf(1),
                serial: 0,
                quantity: 1,
                nextIndex: 1,
                endIndex: 0,
                amount: PRICE,
                chargeableFrom: 0,
                chargeableUntil: 0,
                closesAt: CLOSES_AT,
                maturesAt: MATURES_AT,
                undoable: PRICE,
                trialUsed: false,
                undoUsed: false
            })
        );
    }

    function test_TellsAllOfWhatWasUndone() external {
        subscribe(payer);
        undoAs(payer);

        assertView(
            ISubscriptionPlan.SubscriptionView({
                pair: idOf(pairOf(payer)),
                status: ISubscriptionPlan.SubscriptionStatus.Canceled,
                isActive: false,
                anchor: START,
                paidThrough: START,
                serial: 3,
                quantity: 1,
                nextIndex: 0,
                endIndex: 0,
                amount: PRICE,
                chargeableFrom: 0,
                chargeableUntil: 0,
                closesAt: 0,
                maturesAt: 0,
                undoable: 0,
                trialUsed: false,
                undoUsed: true
            })
        );
    }

    /* TRIALING */

    function test_IsTrialingInTheLastSecondOfTheTrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL - 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Trialing, true, START + TRIAL);
    }

    function test_IsPastDueWhenTheTrialEnds() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL);

        assertNow(ISubscriptionPlan.SubscriptionStatus.PastDue, false, START + TRIAL);
    }

    function test_IsSkippedWhenTheFirstPeriodAfterTheTrialWas() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL + GRACE);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Skipped, false, START + TRIAL + PERIOD);
    }

    function test_HasEndedWhenTwoPeriodsAfterTheTrialWereSkipped() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL + PERIOD + GRACE);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    /* ACTIVE */

    function test_IsActiveInTheLastSecondThatIsPaid() external {
        subscribe(payer);
        goTo(startOf(1) - 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Active, true, startOf(1));
    }

    function test_IsActiveAgainWhenCharged() external {
        subscribe(payer);
        goTo(startOf(1));
        charge(payer);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Active, true, startOf(2));
    }

    /* PAST DUE */

    function test_IsPastDueAtTheStartOfAPeriod() external {
        subscribe(payer);
        goTo(startOf(1));

        assertNow(ISubscriptionPlan.SubscriptionStatus.PastDue, false, startOf(1));
    }

    function test_IsPastDueInTheLastSecondOfTheGrace() external {
        subscribe(payer);
        goTo(startOf(1) + GRACE - 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.PastDue, false, startOf(1));
    }

    /* SKIPPED */

    function test_IsSkippedAtTheEndOfTheGrace() external {
        subscribe(payer);
        goTo(startOf(1) + GRACE);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Skipped, false, startOf(2));
    }

    function test_IsSkippedUntilTheGraceOfTheNextPeriodEnds() external {
        subscribe(payer);
        goTo(startOf(2) + GRACE - 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Skipped, false, startOf(2));
    }

    /* PREPAID */

    function test_IsPrepaidInTheLastPeriodThatWasSignedFor() external {
        subscribePeriods(payer, 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Prepaid, true, 0);
    }

    function test_IsPrepaidInTheLastSecondThatWasBought() external {
        buyPeriod(payer);
        goTo(startOf(1) - 1);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Prepaid, true, 0);
    }

    function test_IsPrepaidWhenThePlanHasEnded() external {
        subscribe(payer);
        endPlan();

        assertNow(ISubscriptionPlan.SubscriptionStatus.Prepaid, true, 0);
    }

    function test_IsActiveWhenSubscribedOnTopOfPeriodsThatWereBought() external {
        buyPeriod(payer);
        subscribe(payer);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Active, true, startOf(1));
    }

    function test_IsPrepaidWhenBoughtAfterACancel() external {
        subscribe(payer);
        cancelAs(payer, false);
        buyPeriod(payer);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Prepaid, true, 0);
    }

    /* CANCELED */

    function test_IsCanceledWhileItIsPaid() external {
        subscribe(payer);
        cancelAs(payer, false);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Canceled, true, 0);
    }

    function test_StaysCanceledWhenItIsOver() external {
        subscribe(payer);
        cancelAs(payer, false);
        goTo(startOf(1));

        assertNow(ISubscriptionPlan.SubscriptionStatus.Canceled, false, 0);
    }

    function test_StaysCanceledWhenThePlanHasEnded() external {
        subscribe(payer);
        cancelAs(payer, false);
        endPlan();

        assertNow(ISubscriptionPlan.SubscriptionStatus.Canceled, true, 0);
    }

    function test_IsNoneWhenNothingWasCanceled() external {
        cancelAs(payer, false);

        assertNow(ISubscriptionPlan.SubscriptionStatus.None, false, 0);
        assertEq(subscriptionOf(payer).serial, 2, "serial");
    }

    /* ENDED */

    function test_HasEndedWhenTwoPeriodsWereSkipped() external {
        subscribe(payer);
        goTo(startOf(2) + GRACE);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    function test_HasEndedAfterTheLastPeriodThatWasSignedFor() external {
        subscribePeriods(payer, 1);
        goTo(startOf(1));

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    function test_HasEndedWhenTheLastPeriodThatWasSignedForWasSkipped() external {
        subscribePeriods(payer, 2);
        goTo(startOf(1) + GRACE - 1);
        assertNow(ISubscriptionPlan.SubscriptionStatus.PastDue, false, startOf(1));
        goTo(startOf(1) + GRACE);

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    function test_HasEndedAfterThePeriodsThatWereBought() external {
        buyPeriod(payer);
        goTo(startOf(1));

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    function test_HasEndedWithThePlan() external {
        subscribe(payer);
        endPlan();
        goTo(startOf(1));

        assertNow(ISubscriptionPlan.SubscriptionStatus.Ended, false, 0);
    }

    function test_StaysActiveInAClosedPlan() external {
        subscribe(payer);
        closePlan();

        assertNow(ISubscriptionPlan.SubscriptionStatus.Active, true, startOf(1));
    }

    /* UNDO */

    function test_IsUndoableInTheLastSecondOfTheWindow() external {
        subscribe(payer);
        goTo(CLOSES_AT - 1);

        assertUndoable(CLOSES_AT, MATURES_AT, PRICE);
    }

    function test_IsNotUndoableWhenTheWindowCloses() external {
        subscribe(payer);
        goTo(CLOSES_AT);

        assertUndoable(CLOSES_AT, MATURES_AT, 0);
    }

    function test_MaturesAtCloseAtAFullHour() external {
        goTo(FULL_HOUR);
        subscribe(payer);

        assertUndoable(FULL_HOUR + WINDOW, FULL_HOUR + WINDOW, PRICE);
    }

    function test_IsNotUndoableWhenRefunded() external {
        subscribe(payer);
        refundAs(operator.addr, payer);

        assertUndoable(0, 0, 0);
    }

    function test_IsNotUndoableWithoutAWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);

        assertUndoable(0, 0, 0);
    }

    function test_IsNotUndoableWhenTheSubscriberHasUndoneAnother() external {
        subscribe(payer);
        subscribeFor(payer, ELSEWHERE);
        vm.prank(payer.addr);
        plan.undo(ELSEWHERE, CLOSES_AT, payer.addr, PAYOUT_GAS);

        assertUndoable(CLOSES_AT, MATURES_AT, 0);
        assertTrue(subscriptionOf(payer).undoUsed, "undoUsed");
    }

    /* SUBSCRIBER AND BENEFICIARY */

    function test_TellsOfTheTrialOfTheSubscriberForEachBeneficiary() external {
        usePlanWithTrial(TRIAL);
        subscribeFor(payer, ELSEWHERE);

        assertTrue(subscriptionOf(payer).trialUsed, "another beneficiary");
        assertFalse(plan.subscriptionOf(pairFor(otherPayer, ELSEWHERE)).trialUsed, "another subscriber");
    }

    function testFuzz_TellsNothingOfAnotherBeneficiary(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        subscribe(payer);

        ISubscriptionPlan.SubscriptionView memory expected;
        expected.pair = idOf(pairFor(payer, beneficiary));
        assertEq(abi.encode(plan.subscriptionOf(pairFor(payer, beneficiary))), abi.encode(expected));
    }

    /// @dev What is shown to be chargeable is what `charge` charges.
    function testFuzz_IsChargeableExactlyWhenItIsCharged(uint256 moment, uint256 maxPeriods, uint8 deed) external {
        subscribePeriods(payer, bound(maxPeriods, 1, 4));
        if (deed % 3 == 1) cancelAs(payer, false);
        if (deed % 3 == 2) {
            goTo(startOf(1));
            charge(payer);
        }
        goTo(bound(moment, time, startOf(5)));
        ISubscriptionPlan.SubscriptionView memory shown = subscriptionOf(payer);

        bool isCharged = charge(payer) == ISubscriptionPlan.ChargeResult.Charged;

        bool isChargeable = shown.chargeableFrom != 0 && time >= shown.chargeableFrom && time < shown.chargeableUntil;
        assertEq(isCharged, isChargeable, "charged");
        if (isCharged) assertEq(subscriptionOf(payer).paidThrough, shown.chargeableFrom + PERIOD, "that period");
    }

    /* HELPERS */

    function assertView(ISubscriptionPlan.SubscriptionView memory expected) private view {
        assertEq(abi.encode(subscriptionOf(payer)), abi.encode(expected));
    }

    /// @notice How the payer's pair stands now; with `chargeableFrom` zero nothing can be charged.
    function assertNow(ISubscriptionPlan.SubscriptionStatus status, bool isActive, uint40 chargeableFrom) private view {
        ISubscriptionPlan.SubscriptionView memory shown = subscriptionOf(payer);
        assertEq(uint8(shown.status), uint8(status), "status");
        assertEq(shown.isActive, isActive, "isActive");
        assertEq(shown.chargeableFrom, chargeableFrom, "chargeableFrom");
        assertEq(shown.chargeableUntil, chargeableFrom == 0 ? 0 : chargeableFrom + GRACE, "chargeableUntil");
    }

    function assertUndoable(uint40 closesAt, uint40 maturesAt, uint256 undoable) private view {
        ISubscriptionPlan.SubscriptionView memory shown = subscriptionOf(payer);
        assertEq(shown.closesAt, closesAt, "closesAt");
        assertEq(shown.maturesAt, maturesAt, "maturesAt");
        assertEq(shown.undoable, undoable, "undoable");
    }
}
