// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Pair, PairId} from "../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {SubscriptionPlanTest} from "./SubscriptionPlanTest.sol";

/// @title ChargedPlanTest
/// @notice The times of a charge made at `START`, plans of other terms, and short ways to do, or to be refused, what the tests
/// of charged money are about.
abstract contract ChargedPlanTest is SubscriptionPlanTest {
    /// @dev Of one `PRICE`.
    uint256 internal constant FEE = PRICE / 100;
    /// @dev Of a charge made at `START`.
    uint32 internal constant BUCKET = 489_057;
    uint40 internal constant MATURES_AT = 489_057 hours;
    address internal constant ELSEWHERE = address(0xe15e);

    uint256 private _nonces;

    /* PLANS */

    /// @notice A plan of the usual terms in which nobody is.
    function useEmptyPlan() internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.salt = "empty";
        usePlan(terms);
    }

    function usePlanWithoutWindow() internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.refundWindow = 0;
        usePlan(terms);
    }

    function usePlanWithNonRefundableShare(uint16 nonRefundableBps) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.nonRefundableBps = nonRefundableBps;
        usePlan(terms);
    }

    function usePlanWithTrial(uint40 trial) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.trial = trial;
        usePlan(terms);
    }

    function usePlanWithSetupFee(uint88 setupFee) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.setupFee = setupFee;
        usePlan(terms);
    }

    function usePlanOfMonths(uint40 months) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.periodUnit = PeriodUnit.Months;
        terms.periodLength = months;
        usePlan(terms);
    }

    /// @notice A plan of the token that is used from now on.
    function usePlanOfToken() internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.token = address(token);
        usePlan(terms);
    }

    function closePlan() internal {
        vm.prank(operator.addr);
        plan.close();
    }

    function endPlan() internal {
        vm.prank(operator.addr);
        plan.end();
    }

    /* SUBSCRIBE */

    function pairFor(Account memory subscriber, address beneficiary) internal pure returns (Pair memory) {
        return Pair({subscriber: subscriber.addr, beneficiary: beneficiary});
    }

    function subscribeFor(Account memory subscriber, address beneficiary) internal returns (PairId) {
        Subscribe memory message = subscribeMessage(subscriber);
        message.beneficiary = beneficiary;
        message.serial = plan.subscriptionOf(pairFor(subscriber, beneficiary)).serial;
        return subscribe(subscriber, message);
    }

    function subscribeQuantity(Account memory subscriber, uint256 quantity) internal returns (PairId) {
        Subscribe memory message = subscribeMessage(subscriber);
        message.quantity = quantity;
        return subscribe(subscriber, message);
    }

    function subscribePeriods(Account memory subscriber, uint256 maxPeriods) internal returns (PairId) {
        Subscribe memory message = subscribeMessage(subscriber);
        message.maxPeriods = maxPeriods;
        return subscribe(subscriber, message);
    }

    /// @notice As `subscribeMessage` of somebody who is not subscribed, without asking the plan.
    function subscribeMessageOfStart(Account memory subscriber) internal pure returns (Subscribe memory) {
        return
            Subscribe({
                subscriber: subscriber.addr,
                beneficiary: subscriber.addr,
                quantity: 1,
                maxPeriods: MAX_PERIODS,
                maxFirstCharge: type(uint256).max,
                serial: 0,
                deadline: START + 1 days
            });
    }

    /// @notice `from` pays for one period, without any right to charge again.
    function buyPeriod(Account memory from) internal {
        pay(from, plan.terms().price, keccak256(abi.encode("period", ++_nonces)));
    }

    /// @notice Leaves `from` an allowance of `amount`.
    function approve(Account memory from, uint256 amount) internal {
        vm.prank(from.addr);
        token.approve(address(plan), amount);
    }

    /// @notice Leaves `from` a balance of `amount`.
    function leaveBalance(Account memory from, uint256 amount) internal {
        uint256 rest = token.balanceOf(from.addr) - amount;
        vm.prank(from.addr);
        token.transfer(stranger.addr, rest);
    }

    /* PERIODS */

    /// @notice When period `index` of a subscription of `START` starts.
    function startOf(uint256 index) internal pure returns (uint40) {
        return uint40(START + index * PERIOD);
    }

    function bucketAt(uint256 closesAt) internal pure returns (uint32) {
        return uint32((closesAt + 1 hours - 1) / 1 hours);
    }

    /* CHARGE */

    function list(Pair memory pair) internal pure returns (Pair[] memory pairs) {
        pairs = new Pair[](1);
        pairs[0] = pair;
    }

    function list(Pair memory first, Pair memory second) internal pure returns (Pair[] memory pairs) {
        pairs = new Pair[](2);
        (pairs[0], pairs[1]) = (first, second);
    }

    function listIds(PairId id) internal pure returns (PairId[] memory ids) {
        ids = new PairId[](1);
        ids[0] = id;
    }

    function chargeMany(Pair[] memory pairs) internal returns (ISubscriptionPlan.ChargeResult[] memory) {
        vm.prank(stranger.addr);
        return plan.charge(pairs, PAYOUT_GAS);
    }

    function assertCharge(Account memory subscriber, ISubscriptionPlan.ChargeResult expected) internal {
        assertEq(uint8(charge(subscriber)), uint8(expected), "result");
    }

    function assertCharged(Account memory subscriber) internal {
        assertCharge(subscriber, ISubscriptionPlan.ChargeResult.Charged);
    }

    function assertNotDue(Account memory subscriber) internal {
        assertCharge(subscriber, ISubscriptionPlan.ChargeResult.NotDue);
    }

    /* CANCEL AND UNDO */

    function cancelAs(Account memory subscriber, bool immediately) internal {
        vm.prank(subscriber.addr);
        plan.cancel(subscriber.addr, immediately);
    }

    /// @notice The newest charge of `subscriber`, back to itself.
    function undoAs(Account memory subscriber) internal {
        uint40 closesAt = subscriptionOf(subscriber).closesAt;
        vm.prank(subscriber.addr);
        plan.undo(subscriber.addr, closesAt, subscriber.addr, PAYOUT_GAS);
    }

    function expectUndoRevert(
        Account memory subscriber,
        address beneficiary,
        uint256 closesAt,
        address to,
        bytes memory reason
    ) internal {
        vm.expectRevert(reason);
        vm.prank(subscriber.addr);
        plan.undo(beneficiary, closesAt, to, PAYOUT_GAS);
    }

    /* MERCHANT */

    /// @notice Refunds the newest charge of `pair` as `by`.
    function refundAs(address by, Pair memory pair) internal {
        uint40 closesAt = plan.subscriptionOf(pair).closesAt;
        vm.prank(by);
        plan.refund(pair, closesAt, PAYOUT_GAS);
    }

    function refundAs(address by, Account memory subscriber) internal {
        refundAs(by, pairOf(subscriber));
    }

    /// @notice Ends the subscription of `subscriber` as the receiver, who has and allows what is missing.
    function endFor(Account memory subscriber) internal {
        uint256 topUp = allowTopUp(subscriber);
        vm.prank(receiver.addr);
        plan.endFor(pairOf(subscriber), topUp, PAYOUT_GAS);
    }

    /// @notice Gives the receiver exactly the top-up, and lets the plan take it.
    function allowTopUp(Account memory subscriber) internal returns (uint256 topUp) {
        (uint256 owed, uint256 held) = plan.owedOf(pairOf(subscriber));
        topUp = owed - held;
        token.mint(receiver.addr, topUp);
        approve(receiver, topUp);
    }

    function assertOwed(Account memory subscriber, uint256 expectedOwed, uint256 expectedHeld) internal view {
        (uint256 owed, uint256 held) = plan.owedOf(pairOf(subscriber));
        assertEq(owed, expectedOwed, "owed");
        assertEq(held, expectedHeld, "held");
    }

    /* CLAIM */

    function claimBucket(uint32 bucket) internal returns (uint256) {
        return plan.claim(address(token), listBuckets(bucket), PAYOUT_GAS);
    }

    function listBuckets(uint32 bucket) internal pure returns (uint32[] memory buckets) {
        buckets = new uint32[](1);
        buckets[0] = bucket;
    }

    /* STATE */

    function assertStatus(Account memory subscriber, ISubscriptionPlan.SubscriptionStatus status) internal view {
        assertEq(uint8(subscriptionOf(subscriber).status), uint8(status), "status");
    }

    function assertPeriods(Account memory subscriber, uint16 nextIndex, uint40 paidThrough) internal view {
        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(subscriber);
        assertEq(subscription.nextIndex, nextIndex, "nextIndex");
        assertEq(subscription.paidThrough, paidThrough, "paidThrough");
    }

    function maturingIn(uint32 bucket) internal view returns (uint256) {
        return plan.maturingIn(address(token), bucket);
    }

    /// @notice What receiver and fee receiver have in the token.
    function assertPaidOut(uint256 toReceiver, uint256 toFeeReceiver) internal view {
        assertEq(token.balanceOf(receiver.addr), toReceiver, "receiver");
        assertEq(token.balanceOf(feeReceiver), toFeeReceiver, "fee receiver");
    }

    /// @notice How many logs with `topic` the plan has emitted since `vm.recordLogs`.
    function countLogs(bytes32 topic) internal returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(plan) && logs[i].topics[0] == topic) ++count;
        }
    }

    /* REASONS */

    function implementationUsed() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector);
    }

    function notMerchant(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.NotMerchant.selector, caller);
    }

    function notHeld(Pair memory pair, uint40 closesAt, uint256 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.ChargeNotHeld.selector, idOf(pair), closesAt, expected);
    }

    function payoutGasTooLow(uint256 payoutGas) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS);
    }

    /* GAS */

    /// @notice The plan refuses `data` as `by` with `gas`, because the token could be starved with it.
    function assertGasTooLow(address by, bytes memory data, uint256 gas) internal {
        vm.prank(by);
        (bool success, bytes memory answer) = address(plan).call{gas: gas}(data);

        assertFalse(success, "refused");
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(PAYOUT_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }
}
