// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair, PairId} from "../../../contracts/types/Subscription.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanCancelForTest is ChargedPlanTest {
    uint40 private constant TRIAL = 14 days;

    function setUp() public override {
        super.setUp();
        subscribe(payer);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.cancelFor(pairOf(payer));
    }

    /* WHO */

    function testFuzz_RevertWhen_CallerIsNotTheMerchant(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        expectNotMerchant(caller);
    }

    function test_RevertWhen_CallerIsTheSubscriber() external {
        expectNotMerchant(payer.addr);
    }

    function test_TheReceiverCancels() external {
        cancelForAs(receiver.addr, payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function test_TheOperatorCancels() external {
        cancelForAs(operator.addr, payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    /* WHAT STAYS */

    function test_KeepsAccessAsLongAsItIsPaid() external {
        cancelForAs(operator.addr, payer);
        goTo(startOf(1) - 1);
        assertTrue(plan.isActive(payer.addr, payer.addr), "last second");
        goTo(startOf(1));

        assertFalse(plan.isActive(payer.addr, payer.addr), "paidThrough");
    }

    function test_KeepsTheTrialToItsEnd() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);

        cancelForAs(operator.addr, payer);

        assertPeriods(payer, 0, START + TRIAL);
        assertTrue(plan.isActive(payer.addr, payer.addr), "active");
    }

    function test_KeepsTheUndo() external {
        cancelForAs(operator.addr, payer);

        undoAs(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_MovesNoMoney() external {
        cancelForAs(operator.addr, payer);

        assertEq(liabilities(), PRICE, "liabilities");
        assertEq(maturingIn(BUCKET), PRICE, "bucket");
        assertEq(token.balanceOf(address(plan)), PRICE, "balance");
    }

    /* WHAT ENDS */

    function testFuzz_ChargesNothingAfterwards(uint256 moment) external {
        cancelForAs(operator.addr, payer);
        goTo(bound(moment, START, startOf(3)));

        assertNotDue(payer);
    }

    function test_EndsItInTheGrace() external {
        goTo(startOf(1));

        cancelForAs(operator.addr, payer);

        assertNotDue(payer);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function test_EndsASubscribeThatHasNotLanded() external {
        Subscribe memory message = subscribeMessage(otherPayer);
        bytes memory signature = signSubscribe(otherPayer, message);
        cancelForAs(operator.addr, otherPayer);
        PairId pair = idOf(pairOf(otherPayer));

        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.SerialMismatch.selector, pair, 2, 0));
        plan.subscribeWithSignature(message, signature, noPermit(), PAYOUT_GAS);
    }

    function test_LetsItsSubscriberSubscribeAnew() external {
        cancelForAs(operator.addr, payer);

        subscribe(payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Active);
    }

    function test_IsNothingWhereThereIsNoSubscription() external {
        cancelForAs(operator.addr, otherPayer);

        assertStatus(otherPayer, ISubscriptionPlan.SubscriptionStatus.None);
        assertEq(subscriptionOf(otherPayer).serial, 2, "serial");
    }

    function test_CancelsInAnEndedPlan() external {
        endPlan();

        cancelForAs(operator.addr, payer);

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Canceled);
    }

    function test_EmitsCanceled() external {
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Canceled(idOf(pairOf(payer)), payer.addr, payer.addr, operator.addr, startOf(1), 3);
        cancelForAs(operator.addr, payer);
    }

    function test_CancelsForAnyBeneficiary() external {
        subscribeFor(payer, ELSEWHERE);

        vm.prank(operator.addr);
        plan.cancelFor(pairFor(payer, ELSEWHERE));

        assertEq(plan.subscriptionOf(pairFor(payer, ELSEWHERE)).endIndex, 0, "nothing to charge");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Active);
    }

    function test_LeavesOtherBeneficiariesAlone() external {
        subscribeFor(payer, ELSEWHERE);
        Pair memory other = pairFor(payer, ELSEWHERE);
        bytes memory before = abi.encode(plan.subscriptionOf(other));

        cancelForAs(operator.addr, payer);

        assertEq(abi.encode(plan.subscriptionOf(other)), before);
    }

    /* HELPERS */

    function cancelForAs(address by, Account memory subscriber) private {
        vm.prank(by);
        plan.cancelFor(pairOf(subscriber));
    }

    function expectNotMerchant(address caller) private {
        vm.expectRevert(notMerchant(caller));
        vm.prank(caller);
        plan.cancelFor(pairOf(payer));
    }
}
