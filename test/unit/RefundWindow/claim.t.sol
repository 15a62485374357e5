// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMaturing} from "../../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowClaimTest is RefundWindowUnitTest {
    uint256 private constant FEE = PRICE / 100;
    uint32 private constant FULL_HOUR_BUCKET = uint32((FULL_HOUR + WINDOW) / 1 hours);

    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.claim(address(token), list(BUCKET), PAYOUT_GAS);
    }

    /* MATURITY */

    function test_RevertWhen_OneSecondBeforeMaturity() external {
        vm.warp(MATURES_AT - 1);

        expectBeforeMaturity(list(BUCKET), BUCKET);
    }

    function test_PaysAtMaturity() external {
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertStatus(ref, IRefundWindow.Status.Claimed);
    }

    function test_PaysAfterMaturity() external {
        vm.warp(MATURES_AT + 1);

        claimBucket(BUCKET);

        assertStatus(ref, IRefundWindow.Status.Claimed);
    }

    function test_RevertWhen_OneOfTwoHasNotMatured() external {
        vm.warp(MATURES_AT);

        expectBeforeMaturity(list(BUCKET, BUCKET + 1), BUCKET + 1);
    }

    function test_RevertWhen_OneSecondBeforeAFullHour() external {
        vm.warp(FULL_HOUR);
        pay(payer, PRICE, "full hour");
        vm.warp(FULL_HOUR + WINDOW - 1);

        expectBeforeMaturity(list(FULL_HOUR_BUCKET), FULL_HOUR_BUCKET);
    }

    function test_PaysAtCloseAtAFullHour() external {
        vm.warp(FULL_HOUR);
        PaymentRef memory fullHourRef = pay(payer, PRICE, "full hour");
        vm.warp(FULL_HOUR + WINDOW);

        claimBucket(FULL_HOUR_BUCKET);

        assertStatus(fullHourRef, IRefundWindow.Status.Claimed);
    }

    function testFuzz_RevertWhen_BucketMaturesAfterUint40(uint32 bucket) external {
        bucket = uint32(bound(bucket, type(uint40).max / 1 hours + 1, type(uint32).max));

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, uint256(bucket) * 1 hours)
        );
        claimBucket(bucket);
    }

    /* EMPTY */

    function test_RevertWhen_NoBucketIsNamed() external {
        expectEmpty(address(token), new uint32[](0));
    }

    function testFuzz_RevertWhen_BucketHasNoPayments(uint32 bucket) external {
        vm.warp(MATURES_AT);
        bucket = uint32(bound(bucket, 0, BUCKET - 1));

        expectEmpty(address(token), list(bucket));
    }

    function test_RevertWhen_BucketWasClaimed() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        expectEmpty(address(token), list(BUCKET));
    }

    function test_RevertWhen_AllWasRefunded() external {
        refundAs(payer.addr, ref, PRICE, payer.addr);
        vm.warp(MATURES_AT);

        expectEmpty(address(token), list(BUCKET));
    }

    function testFuzz_RevertWhen_TokenIsAnother(address otherToken) external {
        vm.assume(otherToken != address(token));
        vm.warp(MATURES_AT);

        expectEmpty(otherToken, list(BUCKET));
    }

    /* DISPUTED */

    function test_RevertWhen_TheOnlyPaymentIsDisputed() external {
        useVaultWithArbiter();
        disputed(payer, PRICE, "disputed");
        vm.warp(MATURES_AT);

        expectEmpty(address(token), list(BUCKET));
    }

    function test_RevertWhen_TheOnlyPaymentWasDisputed() external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "disputed");
        vm.prank(payer.addr);
        vault.withdrawDispute(ref);
        vm.warp(MATURES_AT);

        expectEmpty(address(token), list(BUCKET));
    }

    function testFuzz_PaysTheOthers(uint256 other) external {
        other = bound(other, 1, 1e29);
        useVaultWithArbiter();
        disputed(payer, PRICE, "disputed");
        ref = pay(otherPayer, other, "other");
        vm.warp(MATURES_AT);

        assertEq(claimBucket(BUCKET), other, "claimed");
        assertEq(token.balanceOf(receiver.addr), other - other / 100, "receiver");
        assertStatus(ref, IRefundWindow.Status.Claimed);
    }

    function test_LeavesWhatIsDisputedInTheVault() external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "disputed");
        pay(otherPayer, 2 * PRICE, "other");
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertEq(token.balanceOf(address(vault)), PRICE, "vault");
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
        assertStatus(ref, IRefundWindow.Status.Disputed);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        vm.warp(MATURES_AT);

        vm.expectRevert(abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS));
        vault.claim(address(token), list(BUCKET), payoutGas);
    }

    function test_PaysWithPayoutGasAtTheFloor() external {
        vm.warp(MATURES_AT);

        vault.claim(address(token), list(BUCKET), MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(receiver.addr), PRICE - FEE);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        vm.warp(MATURES_AT);

        (bool success, bytes memory answer) = address(vault).call{gas: 200_000}(claimCall());

        assertFalse(success);
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(PAYOUT_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }

    function test_PaysBothWithJustEnoughGas() external {
        vm.warp(MATURES_AT);

        raiseGasUntilEnough(stranger.addr, claimCall(), 200_000);

        assertEq(token.balanceOf(receiver.addr), PRICE - FEE, "receiver");
        assertEq(token.balanceOf(feeReceiver), FEE, "fee receiver");
    }

    /* FEE */

    function test_SplitsTheGrossAmount() external {
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertEq(token.balanceOf(receiver.addr), PRICE - FEE, "receiver");
        assertEq(token.balanceOf(feeReceiver), FEE, "fee receiver");
        assertEq(token.balanceOf(address(vault)), 0, "vault");
    }

    function testFuzz_SplitsAnyAmountAtAnyFee(uint256 amount, uint16 feeBps) external {
        amount = bound(amount, 1, 1e29);
        RefundWindowTerms memory terms = defaultTerms();
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.salt = "any fee";
        useVault(terms);
        pay(payer, amount, "any amount");
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        uint256 fee = (amount * terms.feeBps) / 10_000;
        assertEq(token.balanceOf(receiver.addr), amount - fee, "receiver");
        assertEq(token.balanceOf(feeReceiver), fee, "fee receiver");
    }

    function test_RoundsTheFeeDown() external {
        vm.warp(START + 1 hours);
        pay(payer, 99, "too small for one percent");
        vm.warp(MATURES_AT + 1 hours);

        claimBucket(BUCKET + 1);

        assertEq(token.balanceOf(receiver.addr), 99, "receiver");
        assertEq(token.balanceOf(feeReceiver), 0, "fee receiver");
    }

    function testFuzz_PaysAllToTheReceiverWithoutFee(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        useVaultWithoutFee();
        pay(payer, amount, "without fee");
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertEq(token.balanceOf(receiver.addr), amount);
    }

    /* CREDIT */

    function test_BooksTheClaimWhenTheTokenIsPaused() external {
        token.setPaused(true);
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertStatus(ref, IRefundWindow.Status.Claimed);
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "the credits are liabilities");
    }

    function test_CreditsBothWhenTheTokenIsPaused() external {
        token.setPaused(true);
        vm.warp(MATURES_AT);

        expectCredited(receiver.addr, PRICE - FEE, PRICE - FEE);
        expectCredited(feeReceiver, FEE, FEE);
        claimBucket(BUCKET);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertCredit(feeReceiver, FEE, 0);
    }

    function test_CreditsTheReceiverWhenDenylisted() external {
        token.setDenylisted(receiver.addr, true);
        vm.warp(MATURES_AT);

        expectCredited(receiver.addr, PRICE - FEE, PRICE - FEE);
        claimBucket(BUCKET);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertEq(token.balanceOf(feeReceiver), FEE, "fee receiver");
    }

    function test_CreditsTheFeeReceiverWhenDenylisted() external {
        token.setDenylisted(feeReceiver, true);
        vm.warp(MATURES_AT);

        expectCredited(feeReceiver, FEE, FEE);
        claimBucket(BUCKET);

        assertCredit(feeReceiver, FEE, 0);
        assertEq(token.balanceOf(receiver.addr), PRICE - FEE, "receiver");
    }

    function test_AddsUpTheCredits() external {
        vm.warp(START + 1 hours);
        pay(payer, PRICE, "later");
        token.setPaused(true);
        vm.warp(MATURES_AT + 1 hours);
        claimBucket(BUCKET);

        expectCredited(receiver.addr, PRICE - FEE, 2 * (PRICE - FEE));
        expectCredited(feeReceiver, FEE, 2 * FEE);
        claimBucket(BUCKET + 1);

        assertCredit(receiver.addr, 2 * (PRICE - FEE), 0);
        assertCredit(feeReceiver, 2 * FEE, 0);
    }

    function test_PaysRefundsWhileTheReceiverIsDenylisted() external {
        vm.warp(START + 1 hours);
        PaymentRef memory laterRef = pay(otherPayer, PRICE, "later");
        token.setDenylisted(receiver.addr, true);
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        refundAs(otherPayer.addr, laterRef, PRICE, otherPayer.addr);

        assertEq(token.balanceOf(otherPayer.addr), 1e30, "other payer");
        assertCredit(receiver.addr, PRICE - FEE, 0);
    }

    /* ACCEPTED */

    function testFuzz_LetsAnyoneCall(address caller) external {
        vm.warp(MATURES_AT);

        vm.prank(caller);
        claimBucket(BUCKET);

        assertEq(token.balanceOf(receiver.addr), PRICE - FEE);
    }

    function test_ReturnsAllThatWasReleased() external {
        vm.warp(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE, "fee included");
    }

    function test_EmitsClaimed() external {
        vm.warp(MATURES_AT);

        vm.expectEmit(address(vault));
        emit IMaturing.Claimed(address(token), list(BUCKET), PRICE, FEE);
        claimBucket(BUCKET);
    }

    function testFuzz_ReleasesWhatRefundsHaveLeft(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(payer.addr, ref, refunded, payer.addr);
        vm.warp(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE - refunded);
    }

    function test_ReleasesManyPaymentsAtOnce() external {
        for (uint256 i = 0; i < 20; ++i) pay(otherPayer, PRICE, bytes32(i));
        vm.warp(MATURES_AT);

        assertEq(claimBucket(BUCKET), 21 * PRICE);
    }

    function testFuzz_ReleasesSeveralBuckets(uint256 earlier, uint256 later) external {
        earlier = bound(earlier, 1, 1e29);
        later = bound(later, 1, 1e29);
        pay(otherPayer, earlier, "earlier");
        vm.warp(START + 5 hours);
        pay(otherPayer, later, "later");
        vm.warp(MATURES_AT + 5 hours);

        uint256 amount = vault.claim(address(token), list(BUCKET + 5, BUCKET), PAYOUT_GAS);

        assertEq(amount, PRICE + earlier + later, "in any order");
    }

    function test_CountsABucketOnce() external {
        vm.warp(MATURES_AT);

        assertEq(vault.claim(address(token), list(BUCKET, BUCKET), PAYOUT_GAS), PRICE);
    }

    function test_SkipsAnEmptyBucket() external {
        vm.warp(MATURES_AT);

        assertEq(vault.claim(address(token), list(BUCKET - 1, BUCKET), PAYOUT_GAS), PRICE);
    }

    function test_LeavesOtherBucketsAlone() external {
        vm.warp(START + 1 hours);
        pay(otherPayer, 2 * PRICE, "later");
        vm.warp(MATURES_AT + 1 hours);

        claimBucket(BUCKET);

        assertEq(vault.maturingIn(address(token), BUCKET + 1), 2 * PRICE);
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        token.mint(address(vault), surplus);
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertEq(token.balanceOf(address(vault)), surplus);
    }

    function test_LowersTheLiabilities() external {
        vm.warp(START + 1 hours);
        pay(otherPayer, 2 * PRICE, "later");
        vm.warp(MATURES_AT);

        claimBucket(BUCKET);

        assertEq(vault.liabilitiesOf(address(token)), 2 * PRICE);
    }

    function test_LetsNewPaymentsComeIn() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        PaymentRef memory newRef = pay(payer, PRICE, "new");

        assertEq(vault.paymentOf(newRef).held, PRICE, "held");
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
    }

    /* HELPERS */

    function claimCall() private view returns (bytes memory) {
        return abi.encodeCall(IMaturing.claim, (address(token), list(BUCKET), PAYOUT_GAS));
    }

    function expectBeforeMaturity(uint32[] memory buckets, uint32 immature) private {
        vm.expectRevert(
            abi.encodeWithSelector(
                IMaturing.ClaimBeforeMaturity.selector,
                immature,
                uint40(immature) * 1 hours,
                block.timestamp
            )
        );
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function expectEmpty(address emptyToken, uint32[] memory buckets) private {
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, emptyToken));
        vault.claim(emptyToken, buckets, PAYOUT_GAS);
    }
}
