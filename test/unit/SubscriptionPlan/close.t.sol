// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanCloseTest is ChargedPlanTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.close();
    }

    function testFuzz_RevertWhen_CallerIsNotTheMerchant(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        vm.expectRevert(notMerchant(caller));
        vm.prank(caller);
        plan.close();
    }

    function test_RevertWhen_ItIsClosed() external {
        closePlan();

        expectPassed(ISubscriptionPlan.PlanStage.Closed);
    }

    function test_RevertWhen_ItHasEnded() external {
        endPlan();

        expectPassed(ISubscriptionPlan.PlanStage.Ended);
    }

    function test_TheReceiverCloses() external {
        vm.prank(receiver.addr);
        plan.close();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Closed));
    }

    function test_TheOperatorCloses() external {
        vm.prank(operator.addr);
        plan.close();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Closed));
    }

    function test_EmitsPlanStageChanged() external {
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.PlanStageChanged(ISubscriptionPlan.PlanStage.Closed);
        closePlan();
    }

    function test_LeavesSubscriptionsAsTheyAre() external {
        subscribe(payer);
        bytes memory before = abi.encode(subscriptionOf(payer));

        closePlan();

        assertEq(abi.encode(subscriptionOf(payer)), before);
    }

    function test_TakesNoSubscribers() external {
        closePlan();

        vm.expectRevert(
            abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, ISubscriptionPlan.PlanStage.Closed)
        );
        subscribeBySelf();
    }

    function test_SellsNoPeriods() external {
        closePlan();

        assertEq(
            uint8(plan.periodRefusalOf(address(token), payer.addr, PRICE)),
            uint8(ISubscriptionPlan.PeriodRefusal.Closed)
        );
    }

    function test_LeavesOtherPlansOpen() external {
        closePlan();

        useEmptyPlan();

        assertEq(uint8(plan.planStage()), uint8(ISubscriptionPlan.PlanStage.Open));
    }

    /* HELPERS */

    function subscribeBySelf() private {
        vm.prank(payer.addr);
        plan.subscribe(subscribeMessageOfStart(payer), noPermit(), PAYOUT_GAS);
    }

    function expectPassed(ISubscriptionPlan.PlanStage stage) private {
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.PlanStagePassed.selector, stage));
        vm.prank(operator.addr);
        plan.close();
    }
}
