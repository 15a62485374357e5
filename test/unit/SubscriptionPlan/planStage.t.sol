// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanPlanStageTest is ChargedPlanTest {
    function test_BeginsOpen() external view {
        assertStage(ISubscriptionPlan.PlanStage.Open);
    }

    function test_IsClosed() external {
        closePlan();

        assertStage(ISubscriptionPlan.PlanStage.Closed);
    }

    function test_HasEnded() external {
        endPlan();

        assertStage(ISubscriptionPlan.PlanStage.Ended);
    }

    /* HELPERS */

    function assertStage(ISubscriptionPlan.PlanStage stage) private view {
        assertEq(uint8(plan.planStage()), uint8(stage));
    }
}
