// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../../contracts/interfaces/IMaturing.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

/// @dev What a claim is in general is tested of `RefundWindow`; here is what a plan puts into its buckets.
contract SubscriptionPlanClaimTest is ChargedPlanTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.claim(address(token), listBuckets(BUCKET), PAYOUT_GAS);
    }

    /* MATURITY */

    function test_RevertWhen_OneSecondBeforeMaturity() external {
        subscribe(payer);
        goTo(MATURES_AT - 1);

        vm.expectRevert(
            abi.encodeWithSelector(IMaturing.ClaimBeforeMaturity.selector, BUCKET, MATURES_AT, MATURES_AT - 1)
        );
        claimBucket(BUCKET);
    }

    function test_PaysAtMaturity() external {
        subscribe(payer);
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE, "claimed");

        assertPaidOut(PRICE - FEE, FEE);
        assertEq(liabilities(), 0, "liabilities");
    }

    function test_PaysAfterMaturity() external {
        subscribe(payer);
        goTo(MATURES_AT + 1);

        assertEq(claimBucket(BUCKET), PRICE);
    }

    /* EMPTY */

    function test_RevertWhen_ItWasUndone() external {
        subscribe(payer);
        undoAs(payer);
        goTo(MATURES_AT);

        expectEmpty();
    }

    function test_RevertWhen_ItWasRefunded() external {
        subscribe(payer);
        refundAs(operator.addr, payer);
        goTo(MATURES_AT);

        expectEmpty();
    }

    function test_RevertWhen_ItWasEnded() external {
        subscribe(payer);
        endFor(payer);
        goTo(MATURES_AT);

        expectEmpty();
    }

    function test_RevertWhen_ThePlanHasNoWindow() external {
        usePlanWithoutWindow();
        subscribe(payer);
        goTo(MATURES_AT);

        expectEmpty();
    }

    function test_RevertWhen_Repeated() external {
        subscribe(payer);
        goTo(MATURES_AT);
        claimBucket(BUCKET);

        expectEmpty();
    }

    /* WHAT IS IN IT */

    function testFuzz_ReleasesTheSetupFeeWithTheFirstCharge(uint88 setupFee) external {
        setupFee = uint88(bound(setupFee, 1, 1e24));
        usePlanWithSetupFee(setupFee);
        subscribe(payer);
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE + setupFee);
    }

    function testFuzz_ReleasesTheNonRefundableShareOfWhatWasUndone(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        usePlanWithNonRefundableShare(nonRefundableBps);
        subscribe(payer);
        undoAs(payer);
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), (PRICE * nonRefundableBps) / 10_000);
    }

    function test_ReleasesAllSubscribersOfAnHourAtOnce() external {
        subscribe(payer);
        subscribe(otherPayer);
        buyPeriodBy("buyer");
        goTo(startOf(1));
        charge(payer);
        charge(otherPayer);
        uint32 bucket = bucketAt(startOf(1) + WINDOW);
        (, uint40 maturesAt) = plan.bucketOf(startOf(1) + WINDOW);
        goTo(maturesAt);

        assertEq(claimBucket(BUCKET), 3 * PRICE, "the first charges");
        assertEq(claimBucket(bucket), 2 * PRICE, "the second charges");
    }

    function test_LeavesWhatOthersHaveUndone() external {
        subscribe(payer);
        subscribe(otherPayer);
        undoAs(payer);
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE);
    }

    function test_LeavesWhatHasNotMatured() external {
        subscribe(payer);
        goTo(startOf(1));
        charge(payer);

        assertEq(claimBucket(BUCKET), PRICE, "the first charge");

        assertEq(liabilities(), PRICE, "the second one");
        undoAs(payer);
        assertEq(liabilities(), 0, "and its undo");
    }

    function test_LeavesSubscriptionsAsTheyAre() external {
        subscribe(payer);
        goTo(MATURES_AT);
        bytes memory before = abi.encode(subscriptionOf(payer));

        claimBucket(BUCKET);

        assertEq(abi.encode(subscriptionOf(payer)), before);
    }

    function test_PaysOfAnEndedPlan() external {
        subscribe(payer);
        endPlan();
        goTo(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE);
    }

    function test_CreditsTheReceiverWhoCannotBePaid() external {
        subscribe(payer);
        token.setDenylisted(receiver.addr, true);
        goTo(MATURES_AT);

        claimBucket(BUCKET);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertPaidOut(0, FEE);
    }

    function testFuzz_LetsAnyoneCall(address caller) external {
        subscribe(payer);
        goTo(MATURES_AT);

        vm.prank(caller);
        assertEq(claimBucket(BUCKET), PRICE);
    }

    function test_EmitsClaimed() external {
        subscribe(payer);
        goTo(MATURES_AT);

        vm.expectEmit(address(plan));
        emit IMaturing.Claimed(address(token), listBuckets(BUCKET), PRICE, FEE);
        claimBucket(BUCKET);
    }

    /* HELPERS */

    function buyPeriodBy(string memory name) private {
        Account memory buyer = makeAccount(name);
        token.mint(buyer.addr, PRICE);
        buyPeriod(buyer);
    }

    function expectEmpty() private {
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, address(token)));
        claimBucket(BUCKET);
    }
}
