// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId} from "../../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

/// @dev What every kind of vault does with a proof is tested with the refund window.
contract SubscriptionPlanRecordTest is SubscribingTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        vm.expectRevert(implementationUsed());
        implementation.record(address(token), proof);
    }

    /* KNOWN */

    function test_RevertWhen_ItWasRecorded() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasRecordedAndUndone() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        undo(payer);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasRecordedAndCredited() external {
        ReceiptProof memory proof = payPast(payer, PRICE + 1, "nonce");
        record(proof);
        plan.withdraw(address(token), payer.addr, payer.addr);
        token.mint(address(plan), PRICE + 1); // stray money that it could be taken for

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasPaid() external {
        vm.recordLogs();
        pay(payer, PRICE, "nonce");

        expectKnown(mineRecorded());
    }

    function test_RevertWhen_TheMoneyIsOwedToOthers() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.prank(address(plan));
        token.transfer(stranger.addr, PRICE); // a token that takes it back
        start(otherPayer);
        PaymentId id = plan.idOf(refOf(payer.addr, "nonce"));

        vm.expectRevert(abi.encodeWithSelector(ISurplus.RecordExceedsSurplus.selector, id, PRICE, 0));
        record(proof);
    }

    /* AS PAY */

    function testFuzz_BuysAPeriodFromTheRecord(uint256 later) external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(START + bound(later, 0, 1000 * 365 days));

        record(proof);

        assertPeriods(payer, time, 1, 0, time + PERIOD);
        assertEq(subscriptionOf(payer).closesAt, time + WINDOW, "closes");
        assertEq(maturingWith(uint40(time) + WINDOW), PRICE, "matures");
        assertEq(plan.surplusOf(address(token)), 0, "nothing is left over");
    }

    function test_AddsAPeriodAtTheEndOfPaidTime() external {
        pay(payer, PRICE, "first");
        ReceiptProof memory proof = payPast(payer, PRICE, "second");

        record(proof);

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
    }

    function test_AddsAPeriodToTimeOfACanceledSubscription() external {
        start(payer);
        cancelAtPeriodEnd(payer);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        record(proof);

        assertPeriods(payer, START, 2, 0, START + 2 * PERIOD);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
    }

    function test_CreditsReceiverAndFeeReceiverWithoutAWindow() external {
        usePlanWithoutWindow(100);

        record(payPast(payer, PRICE, "nonce"));

        assertPeriods(payer, START, 1, 0, START + PERIOD);
        assertCredit(receiver.addr, PRICE - PRICE / 100, 0);
        assertCredit(feeReceiver, PRICE / 100, 0);
        assertEq(liabilities(), PRICE, "owed");
    }

    function test_LetsThePayerUndoIt() external {
        record(payPast(payer, PRICE, "nonce"));

        undo(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "taken back");
        assertActive(payer, false);
    }

    function test_EmitsRecordedAndPeriodPaid() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        PaymentId id = plan.idOf(refOf(payer.addr, "nonce"));
        goTo(START + 1 hours);

        vm.expectEmit(address(plan));
        emit ISurplus.Recorded(id, START);
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PeriodPaid({
            id: id,
            payer: payer.addr,
            token: address(token),
            nonce: "nonce",
            amount: PRICE,
            anchor: START + 1 hours,
            nextIndex: 1,
            paidThrough: START + 1 hours + PERIOD,
            closesAt: CLOSES_AT + 1 hours
        });
        record(proof);
    }

    /* AS A CREDIT */

    function testFuzz_CreditsAnyOtherAmount(uint256 amount) external {
        amount = bound(amount, 1, 1e30);
        if (amount == PRICE) ++amount;

        expectCreditOf(amount, ISubscriptionPlan.PeriodRefusal.NotOnePrice);
    }

    function testFuzz_CreditsAnotherToken(uint256 amount) external {
        use(new Token3009());

        expectCreditOf(bound(amount, 1, 1e30), ISubscriptionPlan.PeriodRefusal.OtherToken);
    }

    function test_CreditsThePriceInAnotherToken() external {
        use(new Token3009());

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.OtherToken);
    }

    function test_CreditsWhereThereIsASetupFee() external {
        usePlanWithSetupFee(SETUP_FEE);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.HasSetupFee);
    }

    function test_CreditsWhenThePlanIsClosed() external {
        closePlan();

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_CreditsWhenThePlanIsEnded() external {
        endPlan();

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_CreditsASubscriber() external {
        start(payer);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_CreditsASubscriberOnTrial() external {
        usePlanWithTrial(TRIAL);
        start(payer);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_CreditsASubscriberInGrace() external {
        start(payer);
        goTo(START + PERIOD);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_CreditsASubscriberThatWasOnceSkipped() external {
        start(payer);
        goTo(START + PERIOD + GRACE);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_CreditsWhereTimeIsLeftForAnotherQuantity() external {
        Subscribe memory message = subscribeMessage(payer);
        message.quantity = 2;
        start(payer, message);
        cancelAtPeriodEnd(payer);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.OtherQuantity);
    }

    function test_CreditsTheWholeAmountWithoutAWindow() external {
        usePlanWithoutWindow(100);
        start(payer);

        expectCreditOf(PRICE, ISubscriptionPlan.PeriodRefusal.Subscribed);

        assertCredit(receiver.addr, 0, 0);
        assertCredit(feeReceiver, 0, 0);
    }

    function test_LetsThePayerWithdrawIt() external {
        record(payPast(payer, PRICE + 1, "nonce"));

        vm.prank(payer.addr);
        plan.withdraw(address(token), payer.addr, stranger.addr);

        assertEq(token.balanceOf(stranger.addr), PRICE + 1, "withdrawn");
        assertEq(liabilities(), 0, "nothing owed");
    }

    function test_DoesNotMakeAPeriodOfACreditLater() external {
        start(payer);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        cancelNow(payer);

        expectKnown(proof);
    }

    /* HELPERS */

    function expectKnown(ReceiptProof memory proof) private {
        PaymentId id = plan.idOf(refOf(payer.addr, "nonce"));

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        record(proof);
    }

    /// @notice A proof of `amount` changes nothing but the payer's credit.
    function expectCreditOf(uint256 amount, ISubscriptionPlan.PeriodRefusal refusal) private {
        bytes32 before = keccak256(abi.encode(subscriptionOf(payer)));
        uint256 owed = liabilities();
        ReceiptProof memory proof = payPast(payer, amount, "nonce");
        PaymentId id = plan.idOf(refOf(payer.addr, "nonce"));

        vm.expectEmit(address(plan));
        emit ISurplus.Recorded(id, uint40(time));
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PaymentCredited(id, payer.addr, address(token), "nonce", amount, refusal);
        expectCredited(payer.addr, amount, amount);
        record(proof);

        assertCredit(payer.addr, amount, 0);
        assertEq(keccak256(abi.encode(subscriptionOf(payer))), before, "the subscription is as it was");
        assertEq(liabilities(), owed + amount, "owed");
        assertEq(plan.surplusOf(address(token)), 0, "nothing is left over");
    }
}
