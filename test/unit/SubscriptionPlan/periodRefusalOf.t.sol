// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

/// @dev That each is what `pay` says is tested there; here is which comes first, and that nothing else is told.
contract SubscriptionPlanPeriodRefusalOfTest is SubscribingTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.periodRefusalOf(address(token), payer.addr, PRICE);
    }

    function testFuzz_TellsNoneToWhoHasNothing(address account) external view {
        assertRefusal(plan.periodRefusalOf(address(token), account, PRICE), ISubscriptionPlan.PeriodRefusal.None);
    }

    function testFuzz_TellsOtherTokenFirst(address other, uint256 amount) external {
        vm.assume(other != address(token));
        makeAllButTheTokenWrong();

        assertRefusal(plan.periodRefusalOf(other, payer.addr, amount), ISubscriptionPlan.PeriodRefusal.OtherToken);
    }

    function testFuzz_TellsNotOnePriceSecond(uint256 amount) external {
        if (amount == PRICE) ++amount;
        makeAllButTheTokenWrong();

        assertRefusal(
            plan.periodRefusalOf(address(token), payer.addr, amount),
            ISubscriptionPlan.PeriodRefusal.NotOnePrice
        );
    }

    function test_TellsHasSetupFeeThird() external {
        makeAllButTheTokenWrong();

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.HasSetupFee);
    }

    function test_TellsClosedBeforeSubscribed() external {
        start(payer);
        closePlan();

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_TellsClosedWhenEnded() external {
        start(payer);
        endPlan();

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.Closed);
    }

    function test_TellsSubscribedBeforeOtherQuantity() external {
        startForTwo();

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.Subscribed);
    }

    function test_TellsSubscribedUntilTwoInARowWereSkipped() external {
        start(payer);

        goTo(START + 2 * PERIOD + GRACE - 1);
        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.Subscribed);
        goTo(START + 2 * PERIOD + GRACE);
        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.None);
    }

    function test_TellsOtherQuantityUntilThatTimeEnds() external {
        startForTwo();
        cancelAtPeriodEnd(payer);

        goTo(START + PERIOD - 1);
        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.OtherQuantity);
        goTo(START + PERIOD);
        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.None);
    }

    function test_TellsNoneOnTimeThatTheMerchantGaveBack() external {
        pay(payer, PRICE, "nonce");
        refund(payer);

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.None);
    }

    function test_TellsNoneOnPaidTime() external {
        pay(payer, PRICE, "nonce");

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.None);
    }

    function testFuzz_TellsNoneThoughThePayerPaysForOthers(address beneficiary) external {
        vm.assume(beneficiary != payer.addr && beneficiary != address(0));
        Subscribe memory message = subscribeMessage(payer);
        message.beneficiary = beneficiary;
        start(payer, message);

        assertPeriodRefused(ISubscriptionPlan.PeriodRefusal.None);
    }

    /* HELPERS */

    /// @notice A closed plan with a setup fee, of which `payer` is a subscriber.
    function makeAllButTheTokenWrong() private {
        usePlanWithSetupFee(SETUP_FEE);
        startForTwo();
        closePlan();
    }

    function startForTwo() private {
        Subscribe memory message = subscribeMessage(payer);
        message.quantity = 2;
        start(payer, message);
    }

    function assertPeriodRefused(ISubscriptionPlan.PeriodRefusal expected) private view {
        assertRefusal(plan.periodRefusalOf(address(token), payer.addr, PRICE), expected);
    }

    function assertRefusal(
        ISubscriptionPlan.PeriodRefusal told,
        ISubscriptionPlan.PeriodRefusal expected
    ) private pure {
        assertEq(uint8(told), uint8(expected), "refusal");
    }
}
