// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanUndoTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;
    uint40 private constant FULL_HOUR = 488_889 hours; // the first one after START

    function setUp() public override {
        super.setUp();
        subscribe(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(payer.addr);
        implementation.undo(payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    /* NOT HELD */

    function testFuzz_RevertWhen_CallerIsNotTheSubscriber(address caller) external {
        vm.assume(caller != payer.addr);
        Pair memory pair = Pair({subscriber: caller, beneficiary: payer.addr});

        vm.expectRevert(notHeld(pair, 0, CLOSES_AT));
        vm.prank(caller);
        plan.undo(payer.addr, CLOSES_AT, caller, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_BeneficiaryIsAnother(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);

        expectUndoRevert(payer, beneficiary, CLOSES_AT, payer.addr, notHeld(pairFor(payer, beneficiary), 0, CLOSES_AT));
    }

    function testFuzz_RevertWhen_AnotherChargeIsMeant(uint256 closesAt) external {
        if (closesAt == CLOSES_AT) ++closesAt;

        expectNotHeld(CLOSES_AT, closesAt);
    }

    function test_RevertWhen_NothingWasCharged() external {
        expectUndoRevert(otherPayer, otherPayer.addr, 0, otherPayer.addr, notHeld(pairOf(otherPayer), 0, 0));
    }

    function test_RevertWhen_OnTrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        expectNotHeld(0, 0);
    }

    function test_RevertWhen_ThePlanHasNoWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);

        expectNotHeld(0, 0);
    }

    function test_RevertWhen_TheMerchantRefundedIt() external {
        refundAs(receiver.addr, payer);

        expectNotHeld(0, CLOSES_AT);
    }

    function test_RevertWhen_TheMerchantEndedIt() external {
        endFor(payer);

        expectNotHeld(0, CLOSES_AT);
    }

    function test_RevertWhen_ItWasUndone() external {
        undoAs(payer);

        expectNotHeld(0, CLOSES_AT);
    }

    function test_RevertWhen_TheNextOneWasCharged() external {
        goTo(startOf(1));
        charge(payer);

        expectNotHeld(startOf(1) + WINDOW, CLOSES_AT);
    }

    /* ONCE */

    function test_RevertWhen_TheSubscriberHasUndoneOneBefore() external {
        undoAs(payer);
        subscribe(payer);

        expectUsed(payer.addr, CLOSES_AT);
    }

    function test_RevertWhen_TheSubscriberHasUndoneOneForAnotherBeneficiary() external {
        subscribeFor(payer, ELSEWHERE);
        undoAs(payer);

        expectUsed(ELSEWHERE, CLOSES_AT);
    }

    function test_RevertWhen_TheSubscriberHasUndoneAPeriodThatWasBought() external {
        useEmptyPlan();
        buyPeriod(payer);
        undoAs(payer);
        buyPeriod(payer);

        expectUsed(payer.addr, CLOSES_AT);
    }

    function test_RevertWhen_UsedAlthoughTheWindowHasClosed() external {
        undoAs(payer);
        subscribe(payer);
        goTo(CLOSES_AT);

        expectUsed(payer.addr, CLOSES_AT);
    }

    function test_UndoesOnceInEachPlan() external {
        undoAs(payer);
        usePlanWithNonRefundableShare(1);
        subscribe(payer);

        undoAs(payer);

        assertTrue(subscriptionOf(payer).undoUsed);
    }

    function test_LeavesTheUndoOfOthers() external {
        subscribe(otherPayer);
        undoAs(payer);

        undoAs(otherPayer);

        assertEq(token.balanceOf(otherPayer.addr), 1e30);
    }

    /* TIME */

    function test_UndoesInTheLastSecond() external {
        goTo(CLOSES_AT - 1);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_TheWindowCloses() external {
        goTo(CLOSES_AT);

        expectAfterClose(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_TheWindowHasClosed() external {
        goTo(CLOSES_AT + 1);

        expectAfterClose(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_ItHasMatured() external {
        goTo(MATURES_AT);

        expectAfterClose(CLOSES_AT, MATURES_AT);
    }

    function test_RevertWhen_TheWindowClosesAtAFullHour() external {
        useEmptyPlan();
        goTo(FULL_HOUR);
        subscribe(payer);
        goTo(FULL_HOUR + WINDOW);

        expectAfterClose(FULL_HOUR + WINDOW, FULL_HOUR + WINDOW);
    }

    function testFuzz_UndoesUntilTheEndOfTheWindow(uint40 late) external {
        goTo(startOf(1) + bound(late, 0, GRACE - 1));
        charge(payer);
        goTo(subscriptionOf(payer).closesAt - 1);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "the first one is not returned");
    }

    /* RECIPIENT */

    function test_RevertWhen_RecipientIsZero() external {
        expectForbidden(address(0));
    }

    function test_RevertWhen_RecipientIsThePlan() external {
        expectForbidden(address(plan));
    }

    function testFuzz_PaysAnyOtherRecipient(address to) external {
        vm.assume(to != address(0) && to != address(plan) && to != payer.addr);
        uint256 before = token.balanceOf(to);

        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, to, PAYOUT_GAS);

        assertEq(token.balanceOf(to), before + PRICE);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, payoutGas);
    }

    function test_PaysWithPayoutGasAtTheFloor() external {
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(payer.addr, undoCall(), 200_000);
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(payer.addr, undoCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* AMOUNT */

    function testFuzz_ReturnsAllButTheNonRefundableShare(uint88 price, uint16 quantity, uint16 bps) external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.price = uint88(bound(price, 1, 1e24));
        terms.nonRefundableBps = uint16(bound(bps, 0, 9_999));
        terms.salt = "share";
        usePlan(terms);
        quantity = uint16(bound(quantity, 1, type(uint16).max));
        subscribeQuantity(payer, quantity);
        uint256 before = token.balanceOf(payer.addr);
        uint256 amount = uint256(terms.price) * quantity;
        uint256 kept = (amount * terms.nonRefundableBps) / 10_000;
        assertEq(subscriptionOf(payer).undoable, amount - kept, "undoable");

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), before + amount - kept, "payer");
        assertEq(maturingIn(BUCKET), kept, "the share matures");
        assertEq(liabilities(), kept, "liabilities");
    }

    function testFuzz_KeepsTheSetupFee(uint88 setupFee) external {
        setupFee = uint88(bound(setupFee, 1, 1e24));
        usePlanWithSetupFee(setupFee);
        uint256 before = token.balanceOf(payer.addr);
        subscribe(payer);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), before - setupFee, "payer");
        assertEq(maturingIn(BUCKET), setupFee, "the fee matures");
    }

    function test_LetsTheReceiverClaimTheShare() external {
        usePlanWithNonRefundableShare(2_500);
        subscribe(payer);
        undoAs(payer);
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE / 4);
    }

    /* PERIODS */

    function test_EndsAccessAtOnce() external {
        undoAs(payer);

        assertFalse(plan.isActive(payer.addr, payer.addr), "active");
        assertPeriods(payer, 0, START);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function test_TakesOffTheRunningPeriod() external {
        goTo(startOf(1) + 1);
        charge(payer);
        goTo(startOf(1) + WINDOW);

        undoAs(payer);

        assertFalse(plan.isActive(payer.addr, payer.addr), "active");
        assertPeriods(payer, 1, startOf(1));
    }

    function test_TakesOffTheLastOfThePeriodsThatWereBought() external {
        buyTwo();

        undoAs(payer);

        assertPeriods(payer, 1, startOf(1));
        assertTrue(plan.isActive(payer.addr, payer.addr), "the first one stays");
        assertEq(maturingIn(BUCKET), PRICE, "and matures");
    }

    function test_RevertWhen_TheOneBeforeTheLastIsMeant() external {
        useEmptyPlan();
        buyPeriod(payer);
        goTo(START + 1);
        buyPeriod(payer);

        expectNotHeld(CLOSES_AT + 1, CLOSES_AT);
    }

    function test_LetsPeriodsBeBoughtAgain() external {
        buyTwo();
        undoAs(payer);

        buyPeriod(payer);

        assertPeriods(payer, 2, startOf(2));
    }

    function test_UndoesAfterACancel() external {
        cancelAs(payer, false);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
        assertPeriods(payer, 0, START);
    }

    function test_UndoesAfterAnImmediateCancel() external {
        goTo(START + 1 days);
        cancelAs(payer, true);
        goTo(CLOSES_AT - 1);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
        assertPeriods(payer, 0, START);
    }

    /// @dev Periods that were paid and given up do not come back.
    function test_GivesNoAccessBackThatWasGivenUp() external {
        buyTwo();
        goTo(START + 1 days);
        cancelAs(payer, true);

        undoAs(payer);

        assertPeriods(payer, 1, START + 1 days);
        assertFalse(plan.isActive(payer.addr, payer.addr), "active");
    }

    function test_UndoesAfterTheMerchantCanceled() external {
        vm.prank(operator.addr);
        plan.cancelFor(pairOf(payer));

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_UndoesAfterASkippedPeriod() external {
        goTo(startOf(2));
        charge(payer);

        undoAs(payer);

        assertPeriods(payer, 2, startOf(2));
        assertFalse(plan.isActive(payer.addr, payer.addr), "the skipped one gives no access");
    }

    function test_UndoesInAClosedPlan() external {
        closePlan();

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_UndoesInAnEndedPlan() external {
        endPlan();

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_GivesNoSecondTrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL);
        charge(payer);
        undoAs(payer);
        uint256 before = token.balanceOf(payer.addr);

        subscribe(payer);

        assertEq(token.balanceOf(payer.addr), before - PRICE, "paid at once");
        assertTrue(subscriptionOf(payer).trialUsed, "trialUsed");
    }

    /* CREDIT */

    function test_CreditsTheSubscriberWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        undoAs(payer);

        assertCredit(payer.addr, PRICE, 0);
        assertEq(liabilities(), PRICE, "liabilities");
        assertEq(maturingIn(BUCKET), 0, "bucket");
        assertFalse(plan.isActive(payer.addr, payer.addr), "booked all the same");
    }

    function test_CreditsTheSubscriberWhenTheRecipientIsDenylisted() external {
        token.setDenylisted(ELSEWHERE, true);

        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, ELSEWHERE, PAYOUT_GAS);

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(ELSEWHERE, 0, 0);
    }

    function test_CreditsTheSubscriberWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        undoAs(payer);

        assertCredit(payer.addr, PRICE, 0);
    }

    /* DONE */

    function test_EmitsUndoneAndCanceled() external {
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Undone(idOf(pairOf(payer)), ELSEWHERE, PRICE);
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled(idOf(pairOf(payer)), payer.addr, payer.addr, payer.addr, START, 3);
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, ELSEWHERE, PAYOUT_GAS);
    }

    function test_EndsTheRightToCharge() external {
        uint32 serial = subscriptionOf(payer).serial;

        undoAs(payer);

        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(payer);
        assertEq(subscription.endIndex, 0, "endIndex");
        assertEq(subscription.serial, serial + 2, "a Subscribe that has not landed dies with it");
        assertEq(subscription.closesAt, 0, "closesAt");
        assertTrue(subscription.undoUsed, "undoUsed");
        assertEq(subscription.undoable, 0, "undoable");
    }

    function test_TakesItOutOfAnEarlierBucket() external {
        goTo(START + 1 hours);
        subscribe(otherPayer);

        undoAs(payer);

        assertEq(maturingIn(BUCKET), 0, "earlier bucket");
        assertEq(maturingIn(BUCKET + 1), PRICE, "running bucket");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_LeavesOthersAlone() external {
        subscribe(otherPayer);
        bytes memory before = abi.encode(subscriptionOf(otherPayer));

        undoAs(payer);

        assertEq(abi.encode(subscriptionOf(otherPayer)), before, "other subscriber");
        assertEq(maturingIn(BUCKET), PRICE, "bucket");
    }

    function test_LeavesOtherBeneficiariesSubscribed() external {
        subscribeFor(payer, ELSEWHERE);

        undoAs(payer);

        assertTrue(plan.isActive(payer.addr, ELSEWHERE));
    }

    /* HELPERS */

    /// @notice Two periods in a plan of its own, both bought at `START`.
    function buyTwo() private {
        useEmptyPlan();
        buyPeriod(payer);
        buyPeriod(payer);
    }

    function undoCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.undo, (payer.addr, CLOSES_AT, payer.addr, PAYOUT_GAS));
    }

    function expectNotHeld(uint40 closesAt, uint256 expected) private {
        expectUndoRevert(payer, payer.addr, expected, payer.addr, notHeld(pairOf(payer), closesAt, expected));
    }

    function expectUsed(address beneficiary, uint256 closesAt) private {
        bytes memory reason = abi.encodeWithSelector(ISubscriptionPlan.UndoUsed.selector, payer.addr);
        expectUndoRevert(payer, beneficiary, closesAt, payer.addr, reason);
    }

    function expectAfterClose(uint40 closesAt, uint40 maturesAt) private {
        bytes memory reason = abi.encodeWithSelector(
            ISubscriptionPlan.UndoAfterClose.selector,
            idOf(pairOf(payer)),
            closesAt,
            maturesAt
        );
        expectUndoRevert(payer, payer.addr, closesAt, payer.addr, reason);
    }

    function expectForbidden(address to) private {
        bytes memory reason = abi.encodeWithSelector(IVault.RecipientForbidden.selector, to);
        expectUndoRevert(payer, payer.addr, CLOSES_AT, to, reason);
    }
}
