// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

/// @dev What every kind of vault does with an authorization is tested with the refund window.
contract SubscriptionPlanPayTest is SubscribingTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        Authorization memory authorization = authorize(payer, address(implementation), PRICE, "nonce");

        vm.expectRevert(implementationUsed());
        implementation.pay(authorization);
    }

    function test_RevertWhen_ValueIsZero() external {
        Authorization memory authorization = authorize(payer, address(plan), 0, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.AmountZero.selector));
        plan.pay(authorization);
    }

    /* KNOWN */

    function test_RevertWhen_PeriodWasPaid() external {
        expectKnown(pay(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_PeriodWasUndone() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        undo(payer);

        expectKnown(ref);
    }

    function test_RevertWhen_PaymentWasCredited() external {
        record(payPast(payer, PRICE + 1, "nonce"));

        expectKnown(refOf(payer.addr, "nonce"));
    }

    /* REFUSED */

    function test_RevertWhen_TokenIsAnother() external {
        use(new Token3009());

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.OtherToken);
    }

    function testFuzz_RevertWhen_ItIsNotOnePrice(uint256 value) external {
        value = bound(value, 1, 1e30);
        if (value == PRICE) ++value;

        expectRefused(value, ISubscriptionPlan.PeriodRefusal.NotOnePrice);
    }

    function test_RevertWhen_ItIsThePriceOfTwo() external {
        expectRefused(2 * PRICE, ISubscriptionPlan.PeriodRefusal.NotOnePrice);
    }

    function testFuzz_RevertWhen_PlanHasASetupFee(uint88 setupFee) external {
        usePlanWithSetupFee(uint88(bound(setupFee, 1, type(uint88).max)));

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.HasSetupFee);
    }

    function test_RevertWhen_PlanIsClosed() external {
        closePlan();

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_RevertWhen_PlanIsEnded() external {
        endPlan();

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_RevertWhen_OnTrial() external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + TRIAL - 1);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_RevertWhen_Subscribed() external {
        start(payer);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_RevertWhen_InGrace() external {
        start(payer);
        goTo(START + PERIOD + GRACE - 1);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_RevertWhen_OnceSkipped() external {
        start(payer);
        goTo(START + PERIOD + GRACE);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_RevertWhen_InTheLastSecondOfTheSecondGrace() external {
        start(payer);
        goTo(START + 2 * PERIOD + GRACE - 1);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function testFuzz_RevertWhen_TimeLeftIsForAnotherQuantity(uint256 quantity, uint256 later) external {
        startAndCancel(bound(quantity, 2, 1000));
        goTo(START + bound(later, 0, PERIOD - 1));

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.OtherQuantity);
    }

    function test_RevertWhen_TimeLeftOfACanceledTrialIsForAnotherQuantity() external {
        usePlanWithTrial(TRIAL);
        startAndCancel(2);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.OtherQuantity);
    }

    function test_RevertWhen_MorePeriodsArePaidThanCanBeCounted() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        (terms.periodLength, terms.grace, terms.refundWindow) = (1 hours, 1, 0);
        useNewPlan(terms);
        Subscribe memory message = subscribeMessage(payer);
        message.maxPeriods = MOST;
        start(payer, message);
        // Charged every second hour, as much as a subscription can be.
        for (uint256 index = 2; index < MOST; index += 2) {
            goTo(START + index * 1 hours);
            charge(payer);
        }
        goTo(START + (MOST - 1) * 1 hours);
        charge(payer);
        assertPeriods(payer, START, MOST, MOST, START + MOST * 1 hours);

        expectRefused(PRICE, ISubscriptionPlan.PeriodRefusal.TooManyPeriods);
    }

    /* MONEY */

    function test_RevertWhen_TheTokenRefuses() external {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "nonce");
        token.cancelAuthorization(payer.addr, "nonce");

        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                address(token),
                abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, payer.addr, bytes32("nonce"))
            )
        );
        plan.pay(authorization);
    }

    function test_RevertWhen_TheTokenKeepsAPart() external {
        use(new FeeOnTransferToken());
        useNewPlan();
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "nonce");

        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), PRICE - PRICE / 100, PRICE)
        );
        plan.pay(authorization);
    }

    function test_RevertWhen_TheWindowWouldCloseAfterUint40() external {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "nonce");
        vm.warp(type(uint40).max - WINDOW + 1);

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, uint256(type(uint40).max) + 1)
        );
        plan.pay(authorization);
    }

    /* FROM NOW */

    function testFuzz_BuysAPeriodFromNow(uint256 later, address caller) external {
        goTo(START + bound(later, 0, 1000 * 365 days));
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "nonce");

        vm.prank(caller);
        PaymentId id = plan.pay(authorization);

        assertEq(PaymentId.unwrap(id), PaymentId.unwrap(plan.idOf(refOf(payer.addr, "nonce"))), "id");
        assertPeriods(payer, time, 1, 0, time + PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
        assertEq(subscriptionOf(payer).quantity, 1, "quantity");
        assertEq(token.balanceOf(address(plan)), PRICE, "arrived");
    }

    function test_HasAccessUntilTheEndOfThePeriod() external {
        pay(payer, PRICE, "nonce");

        goTo(START + PERIOD - 1);
        assertActive(payer, true);
        goTo(START + PERIOD);
        assertActive(payer, false);
    }

    function testFuzz_IsNeverCharged(uint256 later) external {
        pay(payer, PRICE, "nonce");
        approve(payer, type(uint256).max);

        goTo(START + bound(later, 0, 3 * PERIOD));

        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue));
    }

    function test_BuysFromNowWhenTwoInARowWereSkipped() external {
        start(payer);
        goTo(START + 2 * PERIOD + GRACE);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, time, 1, 0, time + PERIOD);
    }

    function test_BuysFromNowAfterACancelAtOnce() external {
        startAndCancel(5);
        cancelNow(payer);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertEq(subscriptionOf(payer).quantity, 1, "of one, whatever it was before");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
    }

    function test_BuysFromNowAtTheEndOfPaidTime() external {
        startAndCancel(5);
        goTo(START + PERIOD);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, time, 1, 0, time + PERIOD);
        assertEq(subscriptionOf(payer).quantity, 1, "of one, whatever it was before");
    }

    function test_BuysFromNowInGraceAfterACancel() external {
        start(payer);
        goTo(START + PERIOD + 1);
        cancelAtPeriodEnd(payer);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, time, 1, 0, time + PERIOD);
    }

    function test_BuysFromNowAtTheEndOfARefundedPeriod() external {
        pay(payer, PRICE, "first");
        refund(payer);
        goTo(START + PERIOD);

        pay(payer, PRICE, "second");
        pay(payer, PRICE, "third");

        assertPeriods(payer, time, 2, 0, time + 2 * PERIOD);
    }

    /* AT THE END */

    function test_AddsAPeriodToTimeThatTheMerchantGaveBack() external {
        pay(payer, PRICE, "first");
        pay(payer, PRICE, "second");
        refund(payer);

        pay(payer, PRICE, "third");

        assertPeriods(payer, START, 3, 0, START + 3 * PERIOD);
        (uint256 owed, uint256 held) = plan.owedOf(pairOf(payer));
        assertEq(owed, 2 * PRICE, "the second is not given back again");
        assertEq(held, PRICE, "held");
    }

    function testFuzz_AddsPeriodsAtTheEnd(uint256 periods, uint256 later) external {
        periods = bound(periods, 1, 30);
        pay(payer, PRICE, "first");
        goTo(START + bound(later, 0, PERIOD - 1));

        for (uint256 i = 0; i < periods; ++i) pay(payer, PRICE, bytes32(i));

        assertPeriods(payer, START, 1 + periods, 0, START + (1 + periods) * PERIOD);
        assertEq(liabilities(), (1 + periods) * PRICE, "owed");
    }

    function test_AddsAPeriodInTheLastSecond() external {
        pay(payer, PRICE, "first");
        goTo(START + PERIOD - 1);

        pay(payer, PRICE, "second");

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
    }

    function test_BeginsAnewAtTheEnd() external {
        pay(payer, PRICE, "first");
        goTo(START + PERIOD);

        pay(payer, PRICE, "second");

        assertPeriods(payer, START + PERIOD, 1, 0, START + 2 * PERIOD);
    }

    function test_BeginsAnewTheSecondAfterTheEnd() external {
        pay(payer, PRICE, "first");
        goTo(START + PERIOD + 1);

        pay(payer, PRICE, "second");

        assertPeriods(payer, START + PERIOD + 1, 1, 0, START + 2 * PERIOD + 1);
    }

    function test_AddsAPeriodToTimeOfACanceledSubscription() external {
        startAndCancel(1);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
        assertEq(subscriptionOf(payer).serial, 3, "no serial is used");
    }

    function test_AddsAPeriodToACanceledTrial() external {
        usePlanWithTrial(TRIAL);
        startAndCancel(1);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START + TRIAL, 1, 0, START + TRIAL + PERIOD);
    }

    function test_AddsAPeriodToTheLastThatWasSignedFor() external {
        Subscribe memory message = subscribeMessage(payer);
        message.maxPeriods = 1;
        start(payer, message);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
    }

    function test_AddsAPeriodToWhatAnUndoLeft() external {
        pay(payer, PRICE, "first");
        pay(payer, PRICE, "second");
        undo(payer);

        pay(payer, PRICE, "third");

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
    }

    function test_CountsMonthsFromTheirLastDay() external {
        goTo(1_769_853_600); // 31 January 2026, 10:00
        usePlanOfMonths();

        pay(payer, PRICE, "first");
        assertEq(subscriptionOf(payer).paidThrough, 1_772_272_800, "28 February");
        pay(payer, PRICE, "second");
        assertEq(subscriptionOf(payer).paidThrough, 1_774_951_200, "31 March");
        pay(payer, PRICE, "third");
        assertEq(subscriptionOf(payer).paidThrough, 1_777_543_200, "30 April");
    }

    /* TRIAL AND SUBSCRIBE */

    function test_UsesNoTrial() external {
        usePlanWithTrial(TRIAL);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertFalse(subscriptionOf(payer).trialUsed, "not used");
    }

    /* MONEY OUT */

    function testFuzz_HoldsItForTheWindow(uint40 window) external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.refundWindow = uint40(bound(window, 1, PERIOD - GRACE));
        useNewPlan(terms);

        pay(payer, PRICE, "nonce");

        assertEq(subscriptionOf(payer).closesAt, START + terms.refundWindow, "closes");
        assertEq(maturingWith(START + terms.refundWindow), PRICE, "matures");
        assertEq(liabilities(), PRICE, "owed");
    }

    function test_HoldsAPriceOfOneUnit() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.price = 1;
        useNewPlan(terms);

        pay(payer, 1, "nonce");

        assertEq(maturingWith(START + terms.refundWindow), 1, "matures");
        assertEq(liabilities(), 1, "owed");
    }

    function testFuzz_CreditsReceiverAndFeeReceiverWithoutAWindow(uint16 feeBps) external {
        feeBps = uint16(bound(feeBps, 0, 1000));
        usePlanWithoutWindow(feeBps);

        pay(payer, PRICE, "nonce");

        uint256 fee = (PRICE * feeBps) / 10_000;
        assertCredit(receiver.addr, PRICE - fee, 0);
        assertCredit(feeReceiver, fee, 0);
        assertEq(subscriptionOf(payer).closesAt, 0, "nothing to undo");
        assertEq(liabilities(), PRICE, "owed");
    }

    /* EVENTS AND OTHERS */

    function testFuzz_EmitsPeriodPaid(bytes32 nonce) external {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, nonce);
        PaymentId id = plan.idOf(refOf(payer.addr, nonce));

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PeriodPaid({
            id: id,
            payer: payer.addr,
            token: address(token),
            nonce: nonce,
            amount: PRICE,
            anchor: START,
            nextIndex: 1,
            paidThrough: START + PERIOD,
            closesAt: CLOSES_AT
        });
        plan.pay(authorization);
    }

    function test_EmitsPeriodPaidOfOneAtTheEnd() external {
        usePlanWithoutWindow(100);
        pay(payer, PRICE, "first");
        goTo(START + 1 days);
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "second");
        PaymentId id = plan.idOf(refOf(payer.addr, "second"));

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PeriodPaid({
            id: id,
            payer: payer.addr,
            token: address(token),
            nonce: "second",
            amount: PRICE,
            anchor: START,
            nextIndex: 2,
            paidThrough: START + 2 * PERIOD,
            closesAt: 0
        });
        plan.pay(authorization);
    }

    function test_LeavesOtherPairsOfThePayerAlone() external {
        Subscribe memory message = subscribeMessage(payer);
        message.beneficiary = otherPayer.addr;
        start(payer, message);

        pay(payer, PRICE, "nonce");

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertPeriods(otherPayer, 0, 0, 0, 0);
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        token.mint(address(plan), surplus);

        pay(payer, PRICE, "nonce");

        assertEq(plan.surplusOf(address(token)), surplus);
    }

    /* HELPERS */

    /// @notice Time of `quantity` that is paid, or on trial, and not charged again.
    function startAndCancel(uint256 quantity) private {
        Subscribe memory message = subscribeMessage(payer);
        message.quantity = quantity;
        start(payer, message);
        cancelAtPeriodEnd(payer);
    }

    function expectKnown(PaymentRef memory ref) private {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, ref.nonce);
        PaymentId id = plan.idOf(ref);

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        plan.pay(authorization);
    }

    function expectRefused(uint256 value, ISubscriptionPlan.PeriodRefusal refusal) private {
        Authorization memory authorization = authorize(payer, address(plan), value, "refused");
        PaymentId id = plan.idOf(refOf(payer.addr, "refused"));

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentRefused.selector, id, refusal));
        plan.pay(authorization);
    }
}
