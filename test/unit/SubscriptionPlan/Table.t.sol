// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId} from "../../../contracts/types/Payment.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

/// @dev The table "What happens when" of docs/subscriptions.md: a test for each cell, run in every state that its column stands for.
contract SubscriptionPlanTableTest is SubscribingTest {
    enum State {
        // nothing
        Never,
        PaidAndOver,
        TwiceSkipped,
        CanceledAndOver,
        // paid time
        PaidByThePeriod,
        LastSignedPeriod,
        // live
        Trialing,
        Active,
        PastDue,
        OnceSkipped,
        // canceled
        Canceled,
        CanceledByMerchant,
        CanceledTrial
    }

    /// @dev Of the authorizations, over all plans.
    uint256 private nonces;
    /// @dev When the state that is tested began to be made.
    uint256 private began;

    /* COLUMNS */

    modifier givenNothing() {
        for (uint8 state = uint8(State.Never); state <= uint8(State.CanceledAndOver); ++state) {
            make(State(state));
            _;
        }
    }

    modifier givenPaidTime() {
        for (uint8 state = uint8(State.PaidByThePeriod); state <= uint8(State.LastSignedPeriod); ++state) {
            make(State(state));
            _;
        }
    }

    modifier givenLive() {
        for (uint8 state = uint8(State.Trialing); state <= uint8(State.OnceSkipped); ++state) {
            make(State(state));
            _;
        }
    }

    modifier givenCanceled() {
        for (uint8 state = uint8(State.Canceled); state <= uint8(State.CanceledTrial); ++state) {
            make(State(state));
            _;
        }
    }

    function make(State state) private {
        SubscriptionPlanTerms memory terms = defaultTerms();
        if (state == State.Trialing || state == State.CanceledTrial) terms.trial = TRIAL;
        useNewPlan(terms);
        began = time;

        if (state == State.PaidAndOver || state == State.PaidByThePeriod) payPrice();
        else if (state == State.LastSignedPeriod) startForOnePeriod();
        else if (state != State.Never) start(payer);

        goTo(began + 1 days);
        if (state == State.Canceled || state == State.CanceledTrial) cancelAtPeriodEnd(payer);
        if (state == State.CanceledAndOver) cancelAtPeriodEnd(payer);
        if (state == State.CanceledByMerchant) cancelFor(payer);

        if (state == State.PaidAndOver || state == State.CanceledAndOver) goTo(began + PERIOD);
        if (state == State.PastDue) goTo(began + PERIOD);
        if (state == State.OnceSkipped) goTo(began + PERIOD + GRACE);
        if (state == State.TwiceSkipped) goTo(began + 2 * PERIOD + GRACE);
    }

    /* PAY OF ONE PRICE */

    function test_Pay_Nothing_BuysAPeriodFromNow() external givenNothing {
        payPrice();

        assertPeriods(payer, time, 1, 0, time + PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
    }

    function test_Pay_PaidTime_AddsAPeriodAtItsEnd() external givenPaidTime {
        payPrice();

        assertPeriods(payer, began, 2, 0, began + 2 * PERIOD);
    }

    function test_Pay_PaidTime_AddsAPeriodAlsoWhereTheMerchantGaveTheNewestBack() external givenPaidTime {
        refund(payer);

        payPrice();

        assertPeriods(payer, began, 2, 0, began + 2 * PERIOD);
        assertEndedFor(PRICE, PRICE); // nothing is given back twice
    }

    function test_Pay_Live_IsRefused() external givenLive {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "refused");
        PaymentId id = plan.idOf(refOf(payer.addr, "refused"));

        vm.expectRevert(
            abi.encodeWithSelector(IVault.PaymentRefused.selector, id, ISubscriptionPlan.PeriodRefusal.Subscribed)
        );
        plan.pay(authorization);
    }

    function test_Pay_Canceled_AddsAPeriodAtTheEnd() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        payPrice();

        assertPeriods(payer, before.anchor, before.nextIndex + 1, 0, before.paidThrough + PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
    }

    /* RECORD OF ONE PRICE */

    function test_RecordOfOnePrice_Nothing_BuysAPeriodFromNow() external givenNothing {
        recordOf(PRICE);

        assertPeriods(payer, time, 1, 0, time + PERIOD);
    }

    function test_RecordOfOnePrice_PaidTime_AddsAPeriodAtItsEnd() external givenPaidTime {
        recordOf(PRICE);

        assertPeriods(payer, began, 2, 0, began + 2 * PERIOD);
    }

    function test_RecordOfOnePrice_Live_IsACredit() external givenLive {
        assertOnlyCredited(PRICE);
    }

    function test_RecordOfOnePrice_Canceled_AddsAPeriodAtTheEnd() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        recordOf(PRICE);

        assertPeriods(payer, before.anchor, before.nextIndex + 1, 0, before.paidThrough + PERIOD);
    }

    /* RECORD OF OTHER MONEY */

    function test_RecordOfOtherMoney_Nothing_IsACredit() external givenNothing {
        assertOnlyCredited(PRICE + 1);
    }

    function test_RecordOfOtherMoney_PaidTime_IsACredit() external givenPaidTime {
        assertOnlyCredited(PRICE - 1);
    }

    function test_RecordOfOtherMoney_Live_IsACredit() external givenLive {
        assertOnlyCredited(2 * PRICE);
    }

    function test_RecordOfOtherMoney_Canceled_IsACredit() external givenCanceled {
        assertOnlyCredited(1);
    }

    /* SUBSCRIBE */

    function test_Subscribe_Nothing_ChargesTheFirstPeriodFromNow() external givenNothing {
        uint256 balance = token.balanceOf(payer.addr);

        start(payer);

        assertPeriods(payer, time, 1, MAX_PERIODS, time + PERIOD);
        assertEq(token.balanceOf(payer.addr), balance - PRICE, "charged");
    }

    function test_Subscribe_Nothing_BeginsTheTrialOnce() external {
        usePlanWithTrial(TRIAL);

        start(payer);

        assertPeriods(payer, START + TRIAL, 0, MAX_PERIODS, START + TRIAL);
        assertEq(token.balanceOf(payer.addr), 1e30, "nothing charged");
    }

    function test_Subscribe_PaidTime_IsChargedFromItsEnd() external givenPaidTime {
        uint256 balance = token.balanceOf(payer.addr);

        start(payer);

        assertPeriods(payer, began, 1, 1 + MAX_PERIODS, began + PERIOD);
        assertEq(token.balanceOf(payer.addr), balance, "nothing now");
        goTo(began + PERIOD);
        assertChargedOnce();
    }

    function test_Subscribe_Live_IsRefused() external givenLive {
        Subscribe memory message = subscribeMessage(payer);

        vm.expectRevert(alreadySubscribed(payer));
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    function test_Subscribe_Canceled_IsChargedFromTheEndOfPaidTime() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);
        uint256 balance = token.balanceOf(payer.addr);

        start(payer);

        assertPeriods(payer, before.anchor, before.nextIndex, before.nextIndex + MAX_PERIODS, before.paidThrough);
        assertEq(token.balanceOf(payer.addr), balance, "nothing now");
        goTo(before.paidThrough);
        assertChargedOnce();
    }

    /* CHARGE */

    function test_Charge_Nothing_ChargesNothing() external givenNothing {
        assertNeverCharged();
    }

    function test_Charge_PaidTime_ChargesNothing() external givenPaidTime {
        assertNeverCharged();
    }

    function test_Charge_Live_ChargesAPeriodWhenItIsDue() external givenLive {
        uint40 from = subscriptionOf(payer).chargeableFrom;
        if (time < from) {
            goTo(from - 1);
            assertCharge(ISubscriptionPlan.ChargeResult.NotDue);
            goTo(from);
        }

        assertChargedOnce();
    }

    function test_Charge_Canceled_ChargesNothing() external givenCanceled {
        assertNeverCharged();
    }

    /* CANCEL AT THE END OF THE PERIOD */

    function test_CancelAtPeriodEnd_Nothing_PassesOverTheSerial() external givenNothing {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelAtPeriodEnd(payer);

        assertCanceled(before, before.paidThrough);
    }

    function test_CancelAtPeriodEnd_PaidTime_PassesOverTheSerial() external givenPaidTime {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelAtPeriodEnd(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, true);
    }

    function test_CancelAtPeriodEnd_Live_ChargesNoMoreAndKeepsAccess() external givenLive {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelAtPeriodEnd(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, before.isActive);
        assertNeverCharged();
    }

    function test_CancelAtPeriodEnd_Canceled_PassesOverTheSerial() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelAtPeriodEnd(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, true);
    }

    /* CANCEL NOW */

    function test_CancelNow_Nothing_PassesOverTheSerial() external givenNothing {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelNow(payer);

        assertCanceled(before, before.paidThrough);
    }

    function test_CancelNow_PaidTime_EndsAccess() external givenPaidTime {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelNow(payer);

        assertCanceled(before, time);
        assertActive(payer, false);
        assertUndoable(PRICE);
    }

    function test_CancelNow_Live_EndsAllWithoutMoneyBack() external givenLive {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);
        uint256 balance = token.balanceOf(payer.addr);

        cancelNow(payer);

        assertCanceled(before, before.isActive ? time : before.paidThrough);
        assertActive(payer, false);
        assertEq(token.balanceOf(payer.addr), balance, "no money back");
        assertUndoable(before.undoable);
        assertNeverCharged();
    }

    function test_CancelNow_Canceled_EndsAccess() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelNow(payer);

        assertCanceled(before, time);
        assertActive(payer, false);
        assertUndoable(before.undoable);
    }

    /* UNDO */

    function test_Undo_Nothing_IsRefused() external givenNothing {
        assertNothingToUndo();
    }

    function test_Undo_PaidTime_TakesTheLastPeriodOff() external givenPaidTime {
        uint256 balance = token.balanceOf(payer.addr);
        payPrice();

        undo(payer);

        assertEq(token.balanceOf(payer.addr), balance, "the last is back");
        assertPeriods(payer, began, 1, 0, began + PERIOD);
        assertActive(payer, true);
    }

    function test_Undo_PaidTime_EndsAccessWithTheOnlyPeriod() external givenPaidTime {
        uint256 balance = token.balanceOf(payer.addr);

        undo(payer);

        assertEq(token.balanceOf(payer.addr), balance + PRICE, "back");
        assertActive(payer, false);
    }

    function test_Undo_Live_GivesTheLastChargeBackAndEndsAll() external {
        make(State.Active);

        undo(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "back");
        assertActive(payer, false);
        assertNeverCharged();
    }

    function test_Undo_Live_IsRefusedWhereNothingWasChargedInTheWindow() external {
        make(State.Trialing);
        assertNothingToUndo();
        make(State.PastDue);
        assertNothingToUndo();
        make(State.OnceSkipped);
        assertNothingToUndo();
    }

    function test_Undo_Canceled_GivesTheLastChargeBackAndEndsAll() external {
        make(State.Canceled);
        undo(payer);
        assertEq(token.balanceOf(payer.addr), 1e30, "back");
        assertActive(payer, false);

        make(State.CanceledByMerchant);
        undo(payer);
        assertEq(token.balanceOf(payer.addr), 1e30, "back though the merchant canceled");
        assertActive(payer, false);
    }

    /* CANCEL BY THE MERCHANT */

    function test_CancelFor_Nothing_PassesOverTheSerial() external givenNothing {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelFor(payer);

        assertCanceled(before, before.paidThrough);
    }

    function test_CancelFor_PaidTime_TakesNothingAway() external givenPaidTime {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelFor(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, true);
        assertUndoable(PRICE);
    }

    function test_CancelFor_Live_ChargesNoMoreAndKeepsAccess() external givenLive {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelFor(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, before.isActive);
        assertNeverCharged();
    }

    function test_CancelFor_Canceled_TakesNothingAway() external givenCanceled {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        cancelFor(payer);

        assertCanceled(before, before.paidThrough);
        assertActive(payer, true);
    }

    /* END BY THE MERCHANT */

    function test_EndFor_Nothing_PassesOverTheSerial() external givenNothing {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        assertEndedFor(0, 0);

        assertEq(subscriptionOf(payer).serial, before.serial + 2, "serial");
    }

    function test_EndFor_PaidTime_RefundsTheRunningPeriod() external givenPaidTime {
        assertEndedFor(PRICE, PRICE);
    }

    function test_EndFor_PaidTime_RefundsLaterPeriodsToo() external givenPaidTime {
        payPrice();
        goTo(began + WINDOW + 2 days); // all matured
        payPrice();

        assertEndedFor(3 * PRICE, PRICE);
    }

    function test_EndFor_Live_RefundsWhatIsPaidOfTheRunningPeriod() external givenLive {
        uint256 paid = subscriptionOf(payer).isActive && subscriptionOf(payer).nextIndex != 0 ? PRICE : 0;

        assertEndedFor(paid, paid);
        assertNeverCharged();
    }

    function test_EndFor_Live_RefundsAMaturedChargeFromTheMerchant() external {
        make(State.Active);
        goTo(subscriptionOf(payer).maturesAt);

        assertEndedFor(PRICE, 0);
    }

    function test_EndFor_Canceled_RefundsTheRunningPeriod() external givenCanceled {
        uint256 paid = subscriptionOf(payer).nextIndex == 0 ? 0 : PRICE;

        assertEndedFor(paid, paid);
    }

    /* CLOSE */

    function test_Close_Nothing_NoSubscribeAndNoPay() external givenNothing {
        closePlan();

        assertClosed(ISubscriptionPlan.PlanStage.Closed);
    }

    function test_Close_PaidTime_Stays() external givenPaidTime {
        assertStaysThrough(closePlan);
        assertClosed(ISubscriptionPlan.PlanStage.Closed);
        assertUndoable(PRICE);
    }

    function test_Close_Live_GoesOn() external givenLive {
        assertStaysThrough(closePlan);

        uint40 from = subscriptionOf(payer).chargeableFrom;
        if (time < from) goTo(from);
        assertChargedOnce();
    }

    function test_Close_Canceled_Stays() external givenCanceled {
        assertStaysThrough(closePlan);
        assertClosed(ISubscriptionPlan.PlanStage.Closed);
    }

    /* END */

    function test_End_Nothing_NoSubscribeAndNoPay() external givenNothing {
        endPlan();

        assertClosed(ISubscriptionPlan.PlanStage.Ended);
    }

    function test_End_PaidTime_Stays() external givenPaidTime {
        assertStaysThrough(endPlan);
        assertClosed(ISubscriptionPlan.PlanStage.Ended);

        undo(payer);

        assertActive(payer, false);
    }

    function test_End_Live_KeepsPaidTimeAndUndoAndChargesNothing() external givenLive {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);

        endPlan();

        assertActive(payer, before.isActive);
        assertEq(subscriptionOf(payer).paidThrough, before.paidThrough, "paid through");
        assertUndoable(before.undoable);
        goTo(before.paidThrough);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.PlanEnded.selector));
        plan.charge(onlyPayer(), PAYOUT_GAS);
    }

    function test_End_Canceled_Stays() external givenCanceled {
        assertStaysThrough(endPlan);
        assertClosed(ISubscriptionPlan.PlanStage.Ended);
    }

    /* STEPS */

    function payPrice() private {
        pay(payer, PRICE, bytes32(++nonces));
    }

    function recordOf(uint256 amount) private {
        record(payPast(payer, amount, bytes32(++nonces)));
    }

    function startForOnePeriod() private {
        Subscribe memory message = subscribeMessage(payer);
        message.maxPeriods = 1;
        start(payer, message);
    }

    function onlyPayer() private view returns (Pair[] memory pairs) {
        pairs = new Pair[](1);
        pairs[0] = pairOf(payer);
    }

    /* OUTCOMES */

    function assertOnlyCredited(uint256 amount) private {
        bytes32 before = keccak256(abi.encode(subscriptionOf(payer)));

        recordOf(amount);

        assertCredit(payer.addr, amount, 0);
        assertEq(keccak256(abi.encode(subscriptionOf(payer))), before, "the subscription is as it was");
    }

    function assertCharge(ISubscriptionPlan.ChargeResult result) private {
        assertEq(uint8(charge(payer)), uint8(result), "result");
    }

    /// @notice One period is charged now, and only one.
    function assertChargedOnce() private {
        uint256 balance = token.balanceOf(payer.addr);
        uint256 paidThrough = time + PERIOD;

        assertCharge(ISubscriptionPlan.ChargeResult.Charged);
        assertCharge(ISubscriptionPlan.ChargeResult.NotDue);

        assertEq(token.balanceOf(payer.addr), balance - PRICE, "charged");
        assertEq(subscriptionOf(payer).paidThrough, paidThrough, "paid through");
        assertActive(payer, true);
    }

    /// @notice Neither now nor when any of the next periods would begin.
    function assertNeverCharged() private {
        approve(payer, type(uint256).max);
        uint256 balance = token.balanceOf(payer.addr);
        uint256 from = time;
        uint40 paidThrough = subscriptionOf(payer).paidThrough;

        assertCharge(ISubscriptionPlan.ChargeResult.NotDue);
        for (uint256 i = 0; i < 4; ++i) {
            uint256 due = paidThrough + i * PERIOD;
            if (due < from) continue;
            goTo(due);
            assertCharge(ISubscriptionPlan.ChargeResult.NotDue);
        }
        assertEq(token.balanceOf(payer.addr), balance, "not charged");
    }

    function assertCanceled(ISubscriptionPlan.SubscriptionView memory before, uint256 paidThrough) private view {
        assertPeriods(payer, before.anchor, before.nextIndex, 0, paidThrough);
        assertEq(subscriptionOf(payer).serial, before.serial + 2, "serial");
    }

    function assertUndoable(uint256 amount) private view {
        assertEq(subscriptionOf(payer).undoable, amount, "undoable");
    }

    function assertNothingToUndo() private {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);
        assertEq(before.undoable, 0, "undoable");
        bytes memory reason =
            before.closesAt == 0
                ? notHeld(pairOf(payer), 0, 0)
                : abi.encodeWithSelector(
                    ISubscriptionPlan.UndoAfterClose.selector,
                    before.pair,
                    before.closesAt,
                    before.maturesAt
                );

        vm.expectRevert(reason);
        vm.prank(payer.addr);
        plan.undo(payer.addr, before.closesAt, payer.addr, PAYOUT_GAS);
    }

    /// @notice The merchant ends it: the subscriber gets `owed`, of which the plan had `held`, and nothing is left.
    function assertEndedFor(uint256 owed, uint256 held) private {
        token.mint(operator.addr, owed - held);
        approve(operator, owed - held);
        uint256 balance = token.balanceOf(payer.addr);
        uint256 inPlan = token.balanceOf(address(plan));

        vm.prank(operator.addr);
        plan.endFor(pairOf(payer), owed - held, PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), balance + owed, "subscriber");
        assertEq(token.balanceOf(operator.addr), 0, "merchant");
        assertEq(token.balanceOf(address(plan)), inPlan - held, "plan");
        assertActive(payer, false);
    }

    /// @notice The plan takes neither a Subscribe nor a payment any more.
    function assertClosed(ISubscriptionPlan.PlanStage stage) private {
        Subscribe memory message = subscribeMessage(payer);

        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, stage));
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
        assertEq(
            uint8(plan.periodRefusalOf(address(token), payer.addr, PRICE)),
            uint8(ISubscriptionPlan.PeriodRefusal.Closed),
            "refusal"
        );
    }

    function assertStaysThrough(function() internal step) private {
        bytes32 before = keccak256(abi.encode(subscriptionOf(payer)));

        step();

        assertEq(keccak256(abi.encode(subscriptionOf(payer))), before, "the subscription is as it was");
    }
}
