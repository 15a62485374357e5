// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Permit} from "../../contracts/types/Subscription.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Cancel, Subscribe} from "../../contracts/types/TypedData.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: what was sent first is mined first. Who puts something before it takes nothing, and stops nothing.
contract PlanFrontRunTest is PlanAttackTest {
    function test_APermitThatSomebodyElsePresentedHarmsNoSubscribe() external {
        Subscribe memory message = subscribeMessage(payer);
        bytes memory signature = signSubscribe(payer, message);
        Permit memory permit = signPermit(payer, PRICE);
        (bytes32 r, bytes32 s, uint8 v) = split(permit.signature);
        vm.prank(stranger.addr);
        token.permit(payer.addr, address(plan), permit.value, permit.deadline, v, r, s);
        plan.subscribeWithSignature(message, signature, permit, PAYOUT_GAS);
        assertTrue(isActive(payer));
    }

    function test_WhoPresentsAPermitAloneGetsNothing() external {
        Permit memory permit = signPermit(payer, type(uint256).max);
        (bytes32 r, bytes32 s, uint8 v) = split(permit.signature);
        token.permit(payer.addr, address(plan), permit.value, permit.deadline, v, r, s);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.NotDue);
        Subscribe memory message = subscribeMessage(payer);
        message.beneficiary = stranger.addr;
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.NotSubscriber.selector, stranger.addr, payer.addr));
        vm.prank(stranger.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
        assertEq(spent(payer), 0);
    }

    /// @dev The merchant's own top-up is pulled from who calls, and from nobody else.
    function test_AnAllowanceIsNotUsedForTheMerchantsTopUp() external {
        subscribe(payer);
        goTo(START + 20 days);
        bytes memory reason = abi.encodeWithSelector(
            ISubscriptionPlan.PullFailed.selector,
            operator.addr,
            PRICE,
            ISubscriptionPlan.ChargeResult.AllowanceTooLow
        );
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        plan.endFor(pairOf(payer), PRICE, PAYOUT_GAS);
    }

    function test_ASubscribeThatWasPutBeforeItsCancelIsCanceledWithIt() external {
        Subscribe memory message = subscribeMessage(payer);
        bytes memory signature = signSubscribe(payer, message);
        Cancel memory cancel_ = cancelMessage(payer, false);
        bytes memory cancelSignature = signCancel(payer, cancel_);
        plan.subscribeWithSignature(message, signature, signPermit(payer, type(uint256).max), PAYOUT_GAS);
        plan.cancelWithSignature(cancel_, cancelSignature);
        assertEq(uint8(subscriptionOf(payer).status), uint8(ISubscriptionPlan.SubscriptionStatus.Canceled));
        goTo(START + PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.NotDue);
    }

    function test_AndItsChargeCanBeUndone() external {
        Subscribe memory message = subscribeMessage(payer);
        bytes memory signature = signSubscribe(payer, message);
        Cancel memory cancel_ = cancelMessage(payer, true);
        plan.subscribeWithSignature(message, signature, signPermit(payer, type(uint256).max), PAYOUT_GAS);
        plan.cancelWithSignature(cancel_, signCancel(payer, cancel_));
        undo(payer);
        assertEq(spent(payer), 0);
    }

    /// @dev A direct cancel cannot say against which Subscribe it is, and passes over the one that was put before it.
    function test_ADirectCancelEndsASubscribeThatWasPutBeforeIt() external {
        subscribe(payer);
        cancel(payer, false);
        assertEq(subscriptionOf(payer).serial, 3, "serial");
        goTo(START + PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.NotDue);
    }

    function test_AChargeThatWasPutBeforeTheCancelCanBeUndone() external {
        subscribe(payer);
        goTo(START + PERIOD);
        charge(payer);
        cancel(payer, true);
        undo(payer);
        assertEq(spent(payer), PRICE, "the first period");
    }

    function test_AnUndoIsNotStoppedByARefundThatIsPutBeforeIt() external {
        subscribe(payer);
        refund(payer);
        assertEq(spent(payer), 0, "all of it is back");
    }

    /// @dev The merchant bumps the serial: the right to charge is gone all the same.
    function test_AMerchantsCancelBeforeTheSubscribersLeavesNoRightToCharge() external {
        subscribe(payer);
        Cancel memory message = cancelMessage(payer, true);
        bytes memory signature = signCancel(payer, message);
        vm.prank(operator.addr);
        plan.cancelFor(pairOf(payer));
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.SerialMismatch.selector, idOf(pairOf(payer)), 3, 1));
        plan.cancelWithSignature(message, signature);
        goTo(START + PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.NotDue);
    }

    function test_RevertWhen_AMerchantEndsMoreThanItPaysFor() external {
        pay(payer, PRICE, "first");
        (uint256 owed, uint256 held) = plan.owedOf(pairOf(payer));
        pay(payer, PRICE, "second");
        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptionPlan.TopUpWrong.selector, idOf(pairOf(payer)), owed - held, PRICE)
        );
        vm.prank(operator.addr);
        plan.endFor(pairOf(payer), owed - held, PAYOUT_GAS);
    }

    /// @dev The payment came past `pay`, and a Subscribe was put before its record: it waits for its payer.
    function test_APeriodPaidPastThePlanIsCreditedWhenASubscribeComesFirst() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "past");
        subscribe(payer);
        record(proof);
        assertEq(creditOf(payer.addr), PRICE, "credit");
        plan.withdraw(address(token), payer.addr, payer.addr);
        assertEq(spent(payer), PRICE, "one period");
    }

    function test_APeriodPaidPastThePlanIsAPeriodWhoeverRecordsIt() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "past");
        goTo(START + 1 days);
        vm.prank(stranger.addr);
        record(proof);
        assertEq(subscriptionOf(payer).paidThrough, START + 1 days + PERIOD, "paid through");
        undo(payer);
        assertEq(spent(payer), 0, "undone");
    }

    function test_RevertWhen_TheSameReceiptBuysASecondPeriod() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "past");
        record(proof);
        bytes memory reason = _known("past");
        vm.expectRevert(reason);
        record(proof);
    }

    /// @dev Nor the receipt of money that waits for its payer, after the plan would take it.
    function test_RevertWhen_ACreditIsRecordedAgainAsAPeriod() external {
        subscribe(payer);
        ReceiptProof memory proof = payPast(payer, PRICE, "past");
        record(proof);
        cancel(payer, true);
        bytes memory reason = _known("past");
        vm.expectRevert(reason);
        record(proof);
    }

    /// @dev Pulled money bears no proof, and is no surplus.
    function test_RevertWhen_TheOperatorAnnouncesWhatWasCharged() external {
        subscribe(payer);
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AnnouncementExceedsSurplus.selector, address(token), 1, 0));
        vm.prank(operator.addr);
        plan.announceAssignment(address(token), 1);
    }

    function _known(bytes32 nonce) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, plan.idOf(refOf(payer.addr, nonce)));
    }
}
