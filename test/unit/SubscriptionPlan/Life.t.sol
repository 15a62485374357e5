// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {SubscriptionPlanTest} from "../../utils/SubscriptionPlanTest.sol";

/// @title LifeTest
/// @notice A subscription from its first charge to its end, once through.
contract LifeTest is SubscriptionPlanTest {
    function test_SubscribesChargesUndoesAndEnds() external {
        subscribe(payer);
        assertTrue(plan.isActive(payer.addr, payer.addr), "active after the first charge");
        assertEq(token.balanceOf(address(plan)), PRICE, "held");

        goTo(START + PERIOD);
        assertFalse(plan.isActive(payer.addr, payer.addr), "not active before the second charge");
        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.Charged), "second charge");
        assertEq(uint8(charge(payer)), uint8(ISubscriptionPlan.ChargeResult.NotDue), "no third charge");
        assertEq(liabilities(), 2 * PRICE, "owed");

        uint256 before = token.balanceOf(payer.addr);
        uint40 closesAt = subscriptionOf(payer).closesAt;
        vm.prank(payer.addr);
        plan.undo(payer.addr, closesAt, payer.addr, PAYOUT_GAS);
        assertEq(token.balanceOf(payer.addr), before + PRICE, "taken back");
        assertFalse(plan.isActive(payer.addr, payer.addr), "not active after the undo");

        uint32[] memory buckets = new uint32[](1);
        (buckets[0], ) = plan.bucketOf(CLOSES_AT);
        plan.claim(address(token), buckets, PAYOUT_GAS);
        assertEq(token.balanceOf(receiver.addr), PRICE - PRICE / 100, "the receiver's");
        assertEq(token.balanceOf(feeReceiver), PRICE / 100, "the fee");
        assertEq(liabilities(), 0, "nothing owed");
    }
}
