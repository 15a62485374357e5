// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Cancel, Subscribe} from "../../contracts/types/TypedData.sol";
import {SubscriptionPlanTest} from "./SubscriptionPlanTest.sol";

/// @title SubscribingTest
/// @notice What the tests of subscribing, canceling and buying periods share: plans of other terms, the parties' steps by call, and
/// the reasons of a refusal. Who subscribes by call lets the plan take everything.
abstract contract SubscribingTest is SubscriptionPlanTest {
    uint40 internal constant TRIAL = 14 days;
    uint88 internal constant SETUP_FEE = 250_000;
    uint256 internal constant MOST = type(uint16).max;

    uint256 private plans;

    /* PLANS */

    /// @notice From now on a plan of the default terms is tested in which nobody has subscribed.
    function useNewPlan() internal {
        useNewPlan(defaultTerms());
    }

    function useNewPlan(SubscriptionPlanTerms memory terms) internal {
        terms.salt = bytes32(++plans);
        usePlan(terms);
    }

    function usePlanWithTrial(uint40 trial) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.trial = trial;
        useNewPlan(terms);
    }

    function usePlanWithSetupFee(uint88 setupFee) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.setupFee = setupFee;
        useNewPlan(terms);
    }

    function usePlanWithTrialAndSetupFee() internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.trial = TRIAL;
        terms.setupFee = SETUP_FEE;
        useNewPlan(terms);
    }

    function usePlanWithoutWindow(uint16 feeBps) internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.refundWindow = 0;
        terms.feeBps = feeBps;
        if (feeBps == 0) terms.feeReceiver = address(0);
        useNewPlan(terms);
    }

    function usePlanOfMonths() internal {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.periodUnit = PeriodUnit.Months;
        terms.periodLength = 1;
        useNewPlan(terms);
    }

    /* SUBSCRIBE */

    function approve(Account memory from, uint256 amount) internal {
        vm.prank(from.addr);
        token.approve(address(plan), amount);
    }

    /// @notice `subscriber` subscribes by call as `subscribeMessage` says.
    function start(Account memory subscriber) internal {
        start(subscriber, subscribeMessage(subscriber));
    }

    function start(Account memory subscriber, Subscribe memory wanted) internal {
        approve(subscriber, type(uint256).max);
        vm.prank(subscriber.addr);
        plan.subscribe(wanted, noPermit(), PAYOUT_GAS);
    }

    /* CANCEL */

    function cancelAtPeriodEnd(Account memory subscriber) internal {
        vm.prank(subscriber.addr);
        plan.cancel(subscriber.addr, false);
    }

    function cancelNow(Account memory subscriber) internal {
        vm.prank(subscriber.addr);
        plan.cancel(subscriber.addr, true);
    }

    /// @notice What `subscriber` signs to cancel for itself as things stand.
    function cancelMessage(Account memory subscriber, bool immediately) internal view returns (Cancel memory) {
        return
            Cancel({
                subscriber: subscriber.addr,
                beneficiary: subscriber.addr,
                immediately: immediately,
                serial: subscriptionOf(subscriber).serial,
                deadline: time + 1 days
            });
    }

    /* UNDO */

    /// @notice `subscriber` takes its newest charge back.
    function undo(Account memory subscriber) internal {
        uint40 closesAt = subscriptionOf(subscriber).closesAt;
        vm.prank(subscriber.addr);
        plan.undo(subscriber.addr, closesAt, subscriber.addr, PAYOUT_GAS);
    }

    /* MERCHANT */

    /// @notice The merchant gives `subscriber` its newest charge back.
    function refund(Account memory subscriber) internal {
        uint40 closesAt = subscriptionOf(subscriber).closesAt;
        vm.prank(operator.addr);
        plan.refund(pairOf(subscriber), closesAt, PAYOUT_GAS);
    }

    function cancelFor(Account memory subscriber) internal {
        vm.prank(operator.addr);
        plan.cancelFor(pairOf(subscriber));
    }

    function closePlan() internal {
        vm.prank(operator.addr);
        plan.close();
    }

    function endPlan() internal {
        vm.prank(operator.addr);
        plan.end();
    }

    /* STATE */

    function assertStatus(Account memory subscriber, ISubscriptionPlan.SubscriptionStatus status) internal view {
        assertEq(uint8(subscriptionOf(subscriber).status), uint8(status), "status");
    }

    function assertActive(Account memory subscriber, bool isActive) internal view {
        assertEq(plan.isActive(subscriber.addr, subscriber.addr), isActive, "access");
    }

    /// @notice Where the periods of `subscriber` are counted from, and how many are paid and signed for.
    function assertPeriods(
        Account memory subscriber,
        uint256 anchor,
        uint256 nextIndex,
        uint256 endIndex,
        uint256 paidThrough
    ) internal view {
        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(subscriber);
        assertEq(subscription.anchor, anchor, "anchor");
        assertEq(subscription.nextIndex, nextIndex, "next index");
        assertEq(subscription.endIndex, endIndex, "end index");
        assertEq(subscription.paidThrough, paidThrough, "paid through");
    }

    /// @notice What matures with a charge that closes at `closesAt`.
    function maturingWith(uint40 closesAt) internal view returns (uint256) {
        (uint32 bucket, ) = plan.bucketOf(closesAt);
        return plan.maturingIn(address(token), bucket);
    }

    /* REASONS */

    function implementationUsed() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector);
    }

    function serialMismatch(
        Account memory subscriber,
        uint32 serial,
        uint256 signed
    ) internal pure returns (bytes memory) {
        return
            abi.encodeWithSelector(ISubscriptionPlan.SerialMismatch.selector, idOf(pairOf(subscriber)), serial, signed);
    }

    function alreadySubscribed(Account memory subscriber) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.AlreadySubscribed.selector, idOf(pairOf(subscriber)));
    }

    function firstChargeTooHigh(uint256 amount, uint256 most) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.FirstChargeTooHigh.selector, amount, most);
    }

    function allowanceTooLow(uint256 allowance, uint256 needed) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.AllowanceTooLow.selector, address(token), allowance, needed);
    }

    function pullFailed(uint256 amount, ISubscriptionPlan.ChargeResult result) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.PullFailed.selector, payer.addr, amount, result);
    }

    function payoutGasTooLow(uint256 payoutGas) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS);
    }

    function notHeld(Pair memory pair, uint40 closesAt, uint256 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.ChargeNotHeld.selector, idOf(pair), closesAt, expected);
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
