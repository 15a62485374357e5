// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanRefundTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;
    uint40 private constant FULL_HOUR = 488_889 hours; // the first one after START

    Pair private pair;

    function setUp() public override {
        super.setUp();
        pair = pairOf(payer);
        subscribe(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(receiver.addr);
        implementation.refund(pair, CLOSES_AT, PAYOUT_GAS);
    }

    /* WHO */

    function testFuzz_RevertWhen_CallerIsNotTheMerchant(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        expectRefused(caller, CLOSES_AT, notMerchant(caller));
    }

    function test_RevertWhen_CallerIsTheSubscriber() external {
        expectRefused(payer.addr, CLOSES_AT, notMerchant(payer.addr));
    }

    function test_RevertWhen_CallerIsTheFeeReceiver() external {
        expectRefused(feeReceiver, CLOSES_AT, notMerchant(feeReceiver));
    }

    function test_TheReceiverRefunds() external {
        refundAs(receiver.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_TheOperatorRefunds() external {
        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* NOT HELD */

    function testFuzz_RevertWhen_AnotherChargeIsMeant(uint256 closesAt) external {
        if (closesAt == CLOSES_AT) ++closesAt;

        expectRefused(operator.addr, closesAt, notHeld(pair, CLOSES_AT, closesAt));
    }

    function testFuzz_RevertWhen_NothingWasCharged(address subscriber, address beneficiary, uint256 closesAt) external {
        vm.assume(subscriber != payer.addr);
        pair = Pair({subscriber: subscriber, beneficiary: beneficiary});

        expectRefused(operator.addr, closesAt, notHeld(pair, 0, closesAt));
    }

    function test_RevertWhen_OnTrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        expectRefused(operator.addr, 0, notHeld(pair, 0, 0));
    }

    function test_RevertWhen_ThePlanHasNoWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);

        expectRefused(operator.addr, 0, notHeld(pair, 0, 0));
    }

    function test_RevertWhen_Repeated() external {
        refundAs(operator.addr, payer);

        expectRefused(operator.addr, CLOSES_AT, notHeld(pair, 0, CLOSES_AT));
    }

    /// @dev Else a merchant whose first answer was lost would give two charges back.
    function test_RevertWhen_RepeatedAfterTheNextCharge() external {
        refundAs(operator.addr, payer);
        goTo(startOf(1));
        charge(payer);

        expectRefused(operator.addr, CLOSES_AT, notHeld(pair, startOf(1) + WINDOW, CLOSES_AT));
    }

    function test_RevertWhen_TheSubscriberHasUndoneIt() external {
        undoAs(payer);

        expectRefused(operator.addr, CLOSES_AT, notHeld(pair, 0, CLOSES_AT));
    }

    function test_RevertWhen_ItWasEnded() external {
        endFor(payer);

        expectRefused(operator.addr, CLOSES_AT, notHeld(pair, 0, CLOSES_AT));
    }

    function test_RevertWhen_ItIsNotTheNewest() external {
        useEmptyPlan();
        buyPeriod(payer);
        goTo(START + 1);
        buyPeriod(payer);

        expectRefused(operator.addr, CLOSES_AT, notHeld(pair, CLOSES_AT + 1, CLOSES_AT));
    }

    /* TIME */

    function test_RefundsAfterTheWindowHasClosed() external {
        goTo(CLOSES_AT);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RefundsInTheLastSecond() external {
        goTo(MATURES_AT - 1);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_ItMatures() external {
        goTo(MATURES_AT);

        expectMatured(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_ItHasMatured() external {
        goTo(MATURES_AT + 1);

        expectMatured(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_ItWasClaimed() external {
        goTo(MATURES_AT);
        claimBucket(BUCKET);

        expectMatured(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_ItMaturesAtAFullHour() external {
        useEmptyPlan();
        goTo(FULL_HOUR);
        subscribe(payer);
        goTo(FULL_HOUR + WINDOW);

        expectMatured(FULL_HOUR + WINDOW, FULL_HOUR + WINDOW);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(operator.addr);
        plan.refund(pair, CLOSES_AT, payoutGas);
    }

    function test_PaysWithPayoutGasAtTheFloor() external {
        vm.prank(operator.addr);
        plan.refund(pair, CLOSES_AT, MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(operator.addr, refundCall(), 200_000);
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(operator.addr, refundCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* CREDIT */

    function test_CreditsTheSubscriberWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        refundAs(operator.addr, payer);

        assertCredit(payer.addr, PRICE, 0);
        assertEq(maturingIn(BUCKET), 0, "bucket");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsTheSubscriberWhenDenylisted() external {
        token.setDenylisted(payer.addr, true);

        refundAs(operator.addr, payer);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_CreditsTheSubscriberWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        refundAs(operator.addr, payer);

        assertCredit(payer.addr, PRICE, 0);
    }

    /* AMOUNT */

    function testFuzz_ReturnsAllOfTheCharge(uint16 quantity, uint16 nonRefundableBps) external {
        quantity = uint16(bound(quantity, 1, type(uint16).max));
        usePlanWithNonRefundableShare(uint16(bound(nonRefundableBps, 1, 9_999)));
        uint256 before = token.balanceOf(payer.addr);
        subscribeQuantity(payer, quantity);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), before, "the non-refundable share too");
        assertEq(liabilities(), 0, "liabilities");
    }

    function testFuzz_KeepsTheSetupFee(uint88 setupFee) external {
        setupFee = uint88(bound(setupFee, 1, 1e24));
        usePlanWithSetupFee(setupFee);
        uint256 before = token.balanceOf(payer.addr);
        subscribe(payer);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), before - setupFee, "payer");
        assertEq(maturingIn(BUCKET), setupFee, "the fee matures");
    }

    function test_PaysTheSubscriberAndNotTheBeneficiary() external {
        subscribeFor(payer, ELSEWHERE);

        refundAs(operator.addr, pairFor(payer, ELSEWHERE));

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "subscriber");
        assertEq(token.balanceOf(ELSEWHERE), 0, "beneficiary");
    }

    /* SUBSCRIPTION */

    function test_KeepsAccess() external {
        refundAs(operator.addr, payer);

        assertTrue(plan.isActive(payer.addr, payer.addr), "active");
        assertPeriods(payer, 1, startOf(1));
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Active);
    }

    function test_KeepsTheRightToCharge() external {
        refundAs(operator.addr, payer);
        goTo(startOf(1));

        assertCharged(payer);
    }

    function test_LeavesNothingToUndoOrToOwe() external {
        refundAs(operator.addr, payer);

        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(payer);
        assertEq(subscription.closesAt, 0, "closesAt");
        assertEq(subscription.maturesAt, 0, "maturesAt");
        assertEq(subscription.undoable, 0, "undoable");
        assertFalse(subscription.undoUsed, "the subscriber's own undo is left");
        assertOwed(payer, 0, 0);
    }

    function test_LeavesTheUndoOfTheNextCharge() external {
        refundAs(operator.addr, payer);
        goTo(startOf(1));
        charge(payer);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function testFuzz_RefundsAfterACancel(bool immediately) external {
        cancelAs(payer, immediately);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RefundsInAnEndedPlan() external {
        endPlan();

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RefundsTheNewestOfThePeriodsThatWereBought() external {
        useEmptyPlan();
        buyPeriod(payer);
        buyPeriod(payer);
        uint256 before = token.balanceOf(payer.addr);

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), before + PRICE, "payer");
        assertEq(maturingIn(BUCKET), PRICE, "the other matures");
        assertPeriods(payer, 2, startOf(2));
    }

    /* DONE */

    function test_EmitsRefunded() external {
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Refunded(idOf(pair), operator.addr, PRICE, PRICE);
        refundAs(operator.addr, payer);
    }

    function test_TakesItOutOfAnEarlierBucket() external {
        goTo(START + 1 hours);
        subscribe(otherPayer);

        refundAs(operator.addr, payer);

        assertEq(maturingIn(BUCKET), 0, "earlier bucket");
        assertEq(maturingIn(BUCKET + 1), PRICE, "running bucket");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_LeavesOthersAlone() external {
        subscribe(otherPayer);
        bytes memory before = abi.encode(subscriptionOf(otherPayer));

        refundAs(operator.addr, payer);

        assertEq(abi.encode(subscriptionOf(otherPayer)), before, "other subscriber");
        assertEq(maturingIn(BUCKET), PRICE, "bucket");
    }

    /* HELPERS */

    function refundCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.refund, (pair, CLOSES_AT, PAYOUT_GAS));
    }

    function expectRefused(address by, uint256 closesAt, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(by);
        plan.refund(pair, closesAt, PAYOUT_GAS);
    }

    function expectMatured(uint40 closesAt, uint40 maturesAt) private {
        bytes memory reason = abi.encodeWithSelector(ISubscriptionPlan.ChargeMatured.selector, idOf(pair), maturesAt);
        expectRefused(operator.addr, closesAt, reason);
    }
}
