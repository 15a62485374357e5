// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Pair} from "../../../contracts/types/Subscription.sol";
import {LyingBalanceToken} from "../../mocks/LyingBalanceToken.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanEndForTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;
    /// @dev What the receiver has beside the top-up, and the plan is not allowed to take.
    uint256 private constant POCKET = 1e12;
    uint256 private constant MIN_TOP_UP_GAS = 100_000;

    Pair private pair;

    function setUp() public override {
        super.setUp();
        pair = pairOf(payer);
        token.mint(receiver.addr, POCKET);
        subscribe(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(receiver.addr);
        implementation.endFor(pair, 0, PAYOUT_GAS);
    }

    /* WHO */

    function testFuzz_RevertWhen_CallerIsNotTheMerchant(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        expectRefused(caller, 0, notMerchant(caller));
    }

    function test_RevertWhen_CallerIsTheSubscriber() external {
        expectRefused(payer.addr, 0, notMerchant(payer.addr));
    }

    function test_TheReceiverEnds() external {
        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    function test_TheOperatorEnds() external {
        endAs(operator, 0);

        assertEnded(1e30, 0);
    }

    /* TOP-UP */

    function testFuzz_RevertWhen_MoreIsAddedThanIsMissing(uint256 topUp) external {
        topUp = bound(topUp, 1, type(uint256).max);

        expectRefused(receiver.addr, topUp, topUpWrong(topUp, 0));
    }

    function testFuzz_RevertWhen_AnythingElseIsAddedThanIsMissing(uint256 topUp) external {
        goTo(MATURES_AT);
        if (topUp == PRICE) ++topUp;

        expectRefused(receiver.addr, topUp, topUpWrong(topUp, PRICE));
    }

    function test_RevertWhen_Repeated() external {
        goTo(MATURES_AT);
        endAs(receiver, PRICE);

        expectRefused(receiver.addr, PRICE, topUpWrong(PRICE, 0));
    }

    function test_RevertWhen_TheMerchantAllowsTooLittle() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE - 1);

        expectPullFailed(receiver.addr, ISubscriptionPlan.ChargeResult.AllowanceTooLow);
    }

    function test_RevertWhen_TheMerchantHasTooLittle() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE);
        leaveBalance(receiver, PRICE - 1);

        expectPullFailed(receiver.addr, ISubscriptionPlan.ChargeResult.BalanceTooLow);
    }

    function test_RevertWhen_TheTokenRefusesTheMerchant() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE);
        token.setDenylisted(receiver.addr, true);

        expectPullFailed(receiver.addr, ISubscriptionPlan.ChargeResult.Refused);
    }

    function testFuzz_RevertWhen_LessArrivesThanWasTaken(uint256 arriving) external {
        arriving = bound(arriving, 0, PRICE - 1);
        goTo(MATURES_AT);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(true));
        bytes[] memory answers = new bytes[](2);
        answers[0] = abi.encode(PRICE);
        answers[1] = abi.encode(PRICE + arriving);
        vm.mockCalls(address(token), abi.encodeCall(IERC20.balanceOf, (address(plan))), answers);

        expectRefused(
            receiver.addr,
            PRICE,
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), PRICE + arriving, 2 * PRICE)
        );
    }

    function test_RevertWhen_TheTokenDoesNotTellBalances() external {
        LyingBalanceToken lying = new LyingBalanceToken();
        use(lying);
        usePlanOfToken();
        subscribe(payer);
        goTo(MATURES_AT);
        lying.setMood(LyingBalanceToken.Mood.Reverts);

        expectRefused(
            receiver.addr,
            PRICE,
            abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token))
        );
    }

    /// @dev Only who calls has agreed to it.
    function test_RevertWhen_OnlyTheReceiverAllowsWhatTheOperatorAdds() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE);

        expectPullFailed(operator.addr, ISubscriptionPlan.ChargeResult.AllowanceTooLow);
    }

    function test_TakesTheTopUpOfTheOperator() external {
        goTo(MATURES_AT);
        token.mint(operator.addr, PRICE);
        approve(operator, PRICE);

        endAs(operator, PRICE);

        assertEnded(1e30, PRICE);
        assertEq(token.balanceOf(operator.addr), 0, "operator");
    }

    /* HELD */

    function test_ReturnsWhatIsHeldInTheLastSecondOfTheWindow() external {
        goTo(CLOSES_AT - 1);

        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    function test_ReturnsWhatIsHeldAfterTheWindow() external {
        goTo(CLOSES_AT);

        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    function test_ReturnsWhatIsHeldInTheLastSecondBeforeItMatures() external {
        goTo(MATURES_AT - 1);

        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    function test_ReturnsTheTopUpWhenItMatures() external {
        goTo(MATURES_AT);

        endAs(receiver, PRICE);

        assertEnded(1e30, PRICE);
        assertEq(maturingIn(BUCKET), PRICE, "what has matured stays the receiver's");
    }

    function test_ReturnsTheTopUpWhenItHasMatured() external {
        goTo(MATURES_AT + 1);

        endAs(receiver, PRICE);

        assertEnded(1e30, PRICE);
    }

    function test_ReturnsTheTopUpWhenItWasClaimed() external {
        goTo(MATURES_AT);
        claimBucket(BUCKET);

        endAs(receiver, PRICE);

        assertEnded(1e30, 0);
    }

    function test_ReturnsTheTopUpOfAPlanWithoutAWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);
        uint256 before = token.balanceOf(payer.addr);

        endAs(receiver, PRICE);

        assertEnded(before + PRICE, 0);
    }

    function testFuzz_ReturnsAllOfTheCharge(uint16 quantity, uint16 nonRefundableBps) external {
        usePlanWithNonRefundableShare(uint16(bound(nonRefundableBps, 1, 9_999)));
        uint256 before = token.balanceOf(payer.addr);
        subscribeQuantity(payer, bound(quantity, 1, type(uint16).max));

        endAs(receiver, 0);

        assertEnded(before, 0);
    }

    function testFuzz_KeepsTheSetupFee(uint88 setupFee) external {
        setupFee = uint88(bound(setupFee, 1, 1e24));
        usePlanWithSetupFee(setupFee);
        uint256 before = token.balanceOf(payer.addr);
        subscribe(payer);

        endAs(receiver, 0);

        assertEnded(before - setupFee, setupFee);
    }

    function test_ReturnsALaterCharge() external {
        goTo(startOf(1));
        charge(payer);

        endAs(receiver, 0);

        assertEnded(1e30 - PRICE, PRICE);
    }

    function test_ReturnsTheChargeAfterASkippedPeriod() external {
        goTo(startOf(2));
        charge(payer);

        endAs(receiver, 0);

        assertEnded(1e30 - PRICE, PRICE);
    }

    function test_ReturnsAChargeThatWasCanceled() external {
        cancelAs(payer, false);

        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    function test_ReturnsAChargeInAnEndedPlan() external {
        endPlan();

        endAs(receiver, 0);

        assertEnded(1e30, 0);
    }

    /* BOUGHT AHEAD */

    function test_ReturnsAllPeriodsThatWereBought() external {
        uint256 before = buy(3);

        endAs(receiver, 2 * PRICE);

        assertEnded(before, 2 * PRICE);
    }

    function test_ReturnsTheRunningPeriodAndThoseAfterIt() external {
        uint256 before = buy(3);
        goTo(startOf(1));

        endAs(receiver, 2 * PRICE);

        assertEnded(before - PRICE, 3 * PRICE);
    }

    function test_ReturnsTheFirstPeriodInItsLastSecond() external {
        uint256 before = buy(3);
        goTo(startOf(1) - 1);

        endAs(receiver, 3 * PRICE);

        assertEnded(before, 3 * PRICE);
    }

    function test_DoesNotReturnTwiceWhatWasRefunded() external {
        uint256 before = buy(3);
        refundAs(receiver.addr, payer);

        endAs(receiver, 2 * PRICE);

        assertEnded(before, 2 * PRICE);
    }

    function test_DoesNotReturnWhatWasUndone() external {
        uint256 before = buy(3);
        undoAs(payer);

        endAs(receiver, 2 * PRICE);

        assertEnded(before, 2 * PRICE);
    }

    /* NOTHING TO RETURN */

    function test_EndsATrial() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        assertEndsForNothing();

        assertPeriods(payer, 0, START);
    }

    function test_EndsWhatWasRefunded() external {
        refundAs(operator.addr, payer);

        assertEndsForNothing();

        assertEq(token.balanceOf(payer.addr), 1e30, "not returned twice");
    }

    function test_EndsWhatIsPastDue() external {
        goTo(startOf(1));

        assertEndsForNothing();

        assertNotDue(payer);
    }

    function test_EndsWhatWasNeverPaid() external {
        pair = pairOf(otherPayer);

        assertEndsForNothing();

        assertStatus(otherPayer, ISubscriptionPlan.SubscriptionStatus.None);
    }

    /// @dev Who gave up its access gets nothing from the merchant, and can still take the charge back.
    function test_LeavesTheUndoOfWhoGaveUpItsAccess() external {
        goTo(START + 1 days);
        cancelAs(payer, true);
        assertEndsForNothing();

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
        assertEq(liabilities(), 0, "liabilities");
    }

    function test_LeavesTheMerchantsRefundOfWhoGaveUpItsAccess() external {
        cancelAs(payer, true);
        assertEndsForNothing();

        refundAs(operator.addr, payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(receiver.addr);
        plan.endFor(pair, 0, payoutGas);
    }

    function testFuzz_RevertWhen_PayoutGasOfATopUpIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_TOP_UP_GAS - 1);
        goTo(MATURES_AT);
        approve(receiver, PRICE);

        vm.expectRevert(abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_TOP_UP_GAS));
        vm.prank(receiver.addr);
        plan.endFor(pair, PRICE, payoutGas);
    }

    function test_PaysWithPayoutGasAtTheFloor() external {
        vm.prank(receiver.addr);
        plan.endFor(pair, 0, MIN_PAYOUT_GAS);

        assertEnded(1e30, 0);
    }

    function test_TakesTheTopUpWithPayoutGasAtTheFloor() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE);

        vm.prank(receiver.addr);
        plan.endFor(pair, PRICE, MIN_TOP_UP_GAS);

        assertEnded(1e30, PRICE);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(receiver.addr, endCall(0), 200_000);
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(receiver.addr, endCall(0), 200_000);

        assertEnded(1e30, 0);
    }

    function test_TakesTheTopUpWithJustEnoughGas() external {
        goTo(MATURES_AT);
        approve(receiver, PRICE);

        raiseGasUntilEnough(receiver.addr, endCall(PRICE), 200_000);

        assertEnded(1e30, PRICE);
    }

    /* CREDIT */

    function test_CreditsTheSubscriberWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        vm.prank(receiver.addr);
        plan.endFor(pair, 0, PAYOUT_GAS);

        assertCredit(payer.addr, PRICE, 0);
        assertEq(maturingIn(BUCKET), 0, "bucket");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsTheSubscriberTheTopUpWhenDenylisted() external {
        uint256 bought = 3;
        buy(bought);
        token.setDenylisted(payer.addr, true);

        endAs(receiver, 2 * PRICE);

        assertCredit(payer.addr, bought * PRICE, 0);
        assertEq(liabilities(), 5 * PRICE, "the credit, and what matures");
    }

    /* DONE */

    function test_EmitsRefundedAndCanceled() external {
        buy(3);
        goTo(START + 1 days);
        approve(receiver, 2 * PRICE);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Refunded(idOf(pair), receiver.addr, 3 * PRICE, PRICE);
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled(idOf(pair), payer.addr, payer.addr, receiver.addr, START + 1 days, 2);
        vm.prank(receiver.addr);
        plan.endFor(pair, 2 * PRICE, PAYOUT_GAS);
    }

    function test_EndsAccessNow() external {
        goTo(START + 1 days);

        endAs(receiver, 0);

        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(payer);
        assertEq(subscription.paidThrough, START + 1 days, "paidThrough");
        assertEq(subscription.endIndex, 0, "endIndex");
        assertEq(subscription.closesAt, 0, "closesAt");
        assertEq(subscription.serial, 3, "serial");
        assertFalse(subscription.undoUsed, "the subscriber's own undo is left");
    }

    function test_LetsItsSubscriberSubscribeAnew() external {
        goTo(START + 1 days);
        endAs(receiver, 0);

        subscribe(payer);

        assertEq(subscriptionOf(payer).anchor, START + 1 days, "from now");
        assertPeriods(payer, 1, startOf(1) + 1 days);
    }

    function test_LeavesOthersAlone() external {
        subscribe(otherPayer);
        bytes memory before = abi.encode(subscriptionOf(otherPayer));

        endAs(receiver, 0);

        assertEq(abi.encode(subscriptionOf(otherPayer)), before, "other subscriber");
        assertEq(maturingIn(BUCKET), PRICE, "bucket");
    }

    /* HELPERS */

    /// @notice `count` periods in a plan of its own, all bought at `START`.
    /// @return before What the payer had before.
    function buy(uint256 count) private returns (uint256 before) {
        useEmptyPlan();
        before = token.balanceOf(payer.addr);
        for (uint256 i = 0; i < count; ++i) buyPeriod(payer);
    }

    function endAs(Account memory by, uint256 topUp) private {
        approve(by, topUp);
        vm.prank(by.addr);
        plan.endFor(pair, topUp, PAYOUT_GAS);
    }

    function endCall(uint256 topUp) private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.endFor, (pair, topUp, PAYOUT_GAS));
    }

    /// @notice The payer's subscription is over, the payer has `balance`, and the plan owes the rest to the receiver.
    function assertEnded(uint256 balance, uint256 left) private view {
        assertEq(token.balanceOf(payer.addr), balance, "payer");
        assertEq(liabilities(), left, "liabilities");
        assertEq(token.balanceOf(address(plan)), left, "balance");
        assertFalse(plan.isActive(payer.addr, payer.addr), "active");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
        assertOwed(payer, 0, 0);
    }

    /// @notice It ends without any money moving, and without a word of a refund.
    function assertEndsForNothing() private {
        uint256 owed = liabilities();

        vm.recordLogs();
        endAs(receiver, 0);

        assertEq(countLogs(ISubscriptionPlan.Refunded.selector), 0, "refunds");
        assertEq(liabilities(), owed, "liabilities");
        assertEq(token.balanceOf(address(plan)), owed, "balance");
        assertFalse(plan.isActive(pair.subscriber, pair.beneficiary), "active");
    }

    function topUpWrong(uint256 topUp, uint256 needed) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.TopUpWrong.selector, idOf(pair), topUp, needed);
    }

    function expectRefused(address by, uint256 topUp, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(by);
        plan.endFor(pair, topUp, PAYOUT_GAS);
    }

    function expectPullFailed(address by, ISubscriptionPlan.ChargeResult result) private {
        expectRefused(by, PRICE, abi.encodeWithSelector(ISubscriptionPlan.PullFailed.selector, by, PRICE, result));
    }
}
