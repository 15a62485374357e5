// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanEndTest is ChargedPlanTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.end();
    }

    function testFuzz_RevertWhen_CallerIsNotTheMerchant(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        vm.expectRevert(notMerchant(caller));
        vm.prank(caller);
        plan.end();
    }

    function test_RevertWhen_ItHasEnded() external {
        endPlan();

        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptionPlan.PlanStagePassed.selector, ISubscriptionPlan.PlanStage.Ended)
        );
        vm.prank(operator.addr);
        plan.end();
    }

    function test_TheReceiverEnds() external {
        vm.prank(receiver.addr);
        plan.end();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Ended));
    }

    function test_TheOperatorEnds() external {
        vm.prank(operator.addr);
        plan.end();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Ended));
    }

    function test_EndsAClosedPlan() external {
        closePlan();

        endPlan();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Ended));
    }

    function test_EmitsPlanStageChanged() external {
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PlanStageChanged(ISubscriptionPlan.PlanStage.Ended);
        endPlan();
    }

    function test_KeepsAccessAsLongAsItIsPaid() external {
        subscribe(payer);

        endPlan();

        goTo(startOf(1) - 1);
        assertTrue(plan.isActive(payer.addr, payer.addr), "last second");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
        goTo(startOf(1));
        assertFalse(plan.isActive(payer.addr, payer.addr), "paidThrough");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Ended);
    }

    function test_KeepsWhatIsHeld() external {
        subscribe(payer);

        endPlan();

        assertEq(liabilities(), PRICE, "liabilities");
        assertEq(subscriptionOf(payer).undoable, PRICE, "undoable");
    }

    function test_LetsMaturedMoneyBeClaimed() external {
        subscribe(payer);
        endPlan();
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE);
    }

    function test_ShowsNothingToCharge() external {
        subscribe(payer);

        endPlan();

        assertEq(subscriptionOf(payer).chargeableFrom, 0, "chargeableFrom");
        assertEq(subscriptionOf(payer).chargeableUntil, 0, "chargeableUntil");
    }

    function test_TakesNoSubscribers() external {
        endPlan();

        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, ISubscriptionPlan.PlanStage.Ended)
        );
        vm.prank(payer.addr);
        plan.subscribe(subscribeMessageOfStart(payer), noPermit(), PAYOUT_GAS);
    }

    function test_SellsNoPeriods() external {
        endPlan();

        assertEq(
            uint8(plan.periodRefusalOf(address(token), payer.addr, PRICE)),
            uint8(ISubscriptionPlan.PeriodRefusal.Closed)
        );
    }
}
