// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../../contracts/types/TypedData.sol";
import {SubscriptionPlanTest} from "../utils/SubscriptionPlanTest.sol";

/// @title PlanAttackTest
/// @notice What the tests of broken assumptions about plans share.
abstract contract PlanAttackTest is SubscriptionPlanTest {
    /// @dev Enough for a hook to keep what it read.
    uint256 internal constant MUCH_GAS = 2_000_000;

    /* PLANS */

    /// @notice As the default one, but charges are paid out at once.
    function termsWithoutWindow() internal view returns (SubscriptionPlanTerms memory terms) {
        terms = defaultTerms();
        terms.refundWindow = 0;
    }

    function termsWithTrial(uint40 trial) internal view returns (SubscriptionPlanTerms memory terms) {
        terms = defaultTerms();
        terms.trial = trial;
    }

    /* STEPS */

    function pairsOf(Account memory one) internal pure returns (Pair[] memory pairs) {
        pairs = new Pair[](1);
        pairs[0] = pairOf(one);
    }

    function pairsOf(Account memory one, Account memory two) internal pure returns (Pair[] memory pairs) {
        pairs = new Pair[](2);
        (pairs[0], pairs[1]) = (pairOf(one), pairOf(two));
    }

    /// @notice For somebody else than itself.
    function subscribeMessage(
        Account memory subscriber,
        address beneficiary
    ) internal view returns (Subscribe memory message) {
        message = subscribeMessage(subscriber);
        message.beneficiary = beneficiary;
        message.serial = plan.subscriptionOf(Pair(subscriber.addr, beneficiary)).serial;
    }

    function cancel(Account memory subscriber, bool immediately) internal {
        vm.prank(subscriber.addr);
        plan.cancel(subscriber.addr, immediately);
    }

    function undo(Account memory subscriber) internal {
        uint40 closesAt = subscriptionOf(subscriber).closesAt;
        vm.prank(subscriber.addr);
        plan.undo(subscriber.addr, closesAt, subscriber.addr, PAYOUT_GAS);
    }

    function refund(Account memory subscriber) internal {
        uint40 closesAt = subscriptionOf(subscriber).closesAt;
        vm.prank(operator.addr);
        plan.refund(pairOf(subscriber), closesAt, PAYOUT_GAS);
    }

    /// @notice The operator has what it has to add, and adds it.
    function endFor(Account memory subscriber) internal returns (uint256 owed) {
        uint256 held;
        (owed, held) = plan.owedOf(pairOf(subscriber));
        token.mint(operator.addr, owed - held);
        vm.prank(operator.addr);
        token.approve(address(plan), owed - held);
        vm.prank(operator.addr);
        plan.endFor(pairOf(subscriber), owed - held, PAYOUT_GAS);
    }

    /* MESSAGES */

    function cancelMessage(Account memory subscriber, bool immediately) internal view returns (Cancel memory) {
        return
            Cancel({
                subscriber: subscriber.addr,
                beneficiary: subscriber.addr,
                immediately: immediately,
                serial: subscriptionOf(subscriber).serial,
                deadline: type(uint40).max
            });
    }

    function undoMessage(Account memory subscriber) internal view returns (Undo memory) {
        return
            Undo({
                subscriber: subscriber.addr,
                beneficiary: subscriber.addr,
                closesAt: subscriptionOf(subscriber).closesAt,
                to: subscriber.addr,
                deadline: type(uint40).max
            });
    }

    /* STATE */

    function assertResult(
        ISubscriptionPlan.ChargeResult result,
        ISubscriptionPlan.ChargeResult expected
    ) internal pure {
        assertEq(uint8(result), uint8(expected), "result");
    }

    function isActive(Account memory subscriber) internal view returns (bool) {
        return plan.isActive(subscriber.addr, subscriber.addr);
    }

    /// @notice What `who` has less or more than at the beginning of every test.
    function spent(Account memory who) internal view returns (uint256) {
        return 1e30 - token.balanceOf(who.addr);
    }
}
