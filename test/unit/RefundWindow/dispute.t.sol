// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowDisputeTest is RefundWindowUnitTest {
    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        payDefault();
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(payer.addr);
        implementation.dispute(ref, EVIDENCE);
    }

    function testFuzz_RevertWhen_CallerIsNotThePayer(address caller) external {
        vm.assume(caller != payer.addr);

        expectDisputeRevert(caller, abi.encodeWithSelector(IRefundWindow.NotPayer.selector, id, caller));
    }

    function test_RevertWhen_CallerPaidAnotherPayment() external {
        pay(otherPayer, PRICE, "nonce");

        expectDisputeRevert(
            otherPayer.addr,
            abi.encodeWithSelector(IRefundWindow.NotPayer.selector, id, otherPayer.addr)
        );
    }

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectDisputeRevert(payer.addr, abi.encodeWithSelector(IVault.PaymentUnknown.selector, id));
    }

    /* TWICE */

    function test_RevertWhen_TheDisputeRuns() external {
        dispute(ref);

        expectAlreadyDisputed(false);
    }

    function test_RevertWhen_TheDisputeWaitsForItsDefault() external {
        dispute(ref);
        vm.warp(DEFAULTS_AT);

        expectAlreadyDisputed(false);
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        dispute(ref);
        vm.prank(payer.addr);
        vault.withdrawDispute(ref);

        expectAlreadyDisputed(true);
    }

    function test_RevertWhen_ThereIsNoArbiter() external {
        useVault(defaultTerms());
        payDefault();

        expectDisputeRevert(payer.addr, abi.encodeWithSelector(IRefundWindow.NoArbiter.selector, id));
    }

    /* TIME */

    function test_LocksInTheLastSecond() external {
        vm.warp(CLOSES_AT - 1);

        dispute(ref);

        assertLocked(PRICE, CLOSES_AT - 1 + RESOLUTION_PERIOD);
    }

    function test_RevertWhen_AtClose() external {
        vm.warp(CLOSES_AT);

        expectAfterClose(CLOSES_AT);
    }

    function test_RevertWhen_AfterClose() external {
        vm.warp(CLOSES_AT + 1);

        expectAfterClose(CLOSES_AT);
    }

    function test_RevertWhen_AtMaturity() external {
        vm.warp(MATURES_AT);

        expectAfterClose(CLOSES_AT);
    }

    function test_LocksInTheLastSecondOfAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW - 1);

        dispute(ref);

        assertLocked(PRICE, FULL_HOUR + WINDOW - 1 + RESOLUTION_PERIOD);
    }

    function test_RevertWhen_AtCloseAtAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW);

        expectAfterClose(FULL_HOUR + WINDOW);
    }

    function test_RevertWhen_BucketWasClaimed() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        expectAfterClose(CLOSES_AT);
    }

    /* AFTER A REFUND */

    function test_RevertWhen_AllWasRefunded() external {
        refundAs(receiver.addr, ref, PRICE, payer.addr);

        expectNothingToDispute(0);
    }

    function testFuzz_RevertWhen_TheShareWasRefunded(uint16 nonRefundableBps) external {
        uint256 refundable = payWithShare(nonRefundableBps);
        refundAs(receiver.addr, ref, refundable, payer.addr);

        expectNothingToDispute(PRICE - refundable);
    }

    function testFuzz_RevertWhen_MoreThanTheShareWasRefunded(uint16 nonRefundableBps, uint256 refunded) external {
        uint256 refundable = payWithShare(nonRefundableBps);
        refunded = bound(refunded, refundable, PRICE);
        refundAs(operator.addr, ref, refunded, payer.addr);

        expectNothingToDispute(PRICE - refunded);
    }

    function testFuzz_LocksWhenOneUnitCanBeWon(uint16 nonRefundableBps) external {
        uint256 refundable = payWithShare(nonRefundableBps);
        refundAs(receiver.addr, ref, refundable - 1, payer.addr);

        dispute(ref);

        assertLocked(PRICE - refundable + 1, DEFAULTS_AT);
    }

    function testFuzz_LocksTheRest(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(receiver.addr, ref, refunded, payer.addr);

        dispute(ref);

        assertLocked(PRICE - refunded, DEFAULTS_AT);
    }

    /* ROLES */

    function test_PayerWhoIsReceiverDisputes() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.receiver = payer.addr;
        useVault(terms);
        payDefault();

        dispute(ref);

        assertLocked(PRICE, DEFAULTS_AT);
    }

    function test_PayerWhoIsOperatorDisputes() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = payer.addr;
        useVault(terms);
        payDefault();

        dispute(ref);

        assertLocked(PRICE, DEFAULTS_AT);
    }

    function test_PayerWhoIsArbiterDisputes() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        payDefault();

        dispute(ref);

        assertLocked(PRICE, DEFAULTS_AT);
    }

    function test_WalletDisputes() external {
        useRef(pay(makeWallet(otherPayer), PRICE, "of a wallet"));

        dispute(ref);

        assertLocked(PRICE, DEFAULTS_AT);
    }

    function test_LocksWhenTheTokenIsPaused() external {
        token.setPaused(true);

        dispute(ref);

        assertLocked(PRICE, DEFAULTS_AT);
    }

    /* ACCEPTED */

    function testFuzz_EmitsDisputed(uint256 refunded, bytes32 evidence) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(receiver.addr, ref, refunded, payer.addr);

        vm.expectEmit(address(vault));
        emit IRefundWindow.Disputed(id, PRICE - refunded, DEFAULTS_AT, evidence);
        vm.prank(payer.addr);
        vault.dispute(ref, evidence);
    }

    function testFuzz_CountsTheResolutionPeriodFromNow(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, START, CLOSES_AT - 1));
        vm.warp(timestamp);

        dispute(ref);

        assertLocked(PRICE, timestamp + RESOLUTION_PERIOD);
    }

    function testFuzz_TakesThePaymentOutOfItsBucket(uint256 other) external {
        other = bound(other, 1, 1e29);
        pay(otherPayer, other, "other");

        dispute(ref);

        assertEq(vault.maturingIn(address(token), BUCKET), other);
    }

    function test_TakesThePaymentOutOfAnEarlierBucket() external {
        vm.warp(START + 1 hours);
        pay(otherPayer, 2 * PRICE, "later");

        dispute(ref);

        assertEq(vault.maturingIn(address(token), BUCKET), 0, "earlier bucket");
        assertEq(vault.maturingIn(address(token), BUCKET + 1), 2 * PRICE, "running bucket");
    }

    function testFuzz_KeepsTheLiabilities(uint256 other) external {
        other = bound(other, 1, 1e29);
        pay(otherPayer, other, "other");

        dispute(ref);

        assertEq(vault.liabilitiesOf(address(token)), PRICE + other);
    }

    function test_MovesNoTokens() external {
        dispute(ref);

        assertEq(token.balanceOf(address(vault)), PRICE, "vault");
        assertCredit(payer.addr, 0, 0);
    }

    function test_LeavesOtherPaymentsAlone() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");

        dispute(ref);

        assertStatus(otherRef, IRefundWindow.Status.Open);
        refundAs(operator.addr, otherRef, PRICE, payer.addr);
        assertStatus(otherRef, IRefundWindow.Status.Refunded);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
    }

    function payDefault() private {
        useRef(pay(payer, PRICE, bytes32(uint256(uint160(address(vault)))))); // one nonce a vault
    }

    function payAtFullHour() private {
        vm.warp(FULL_HOUR);
        useRef(pay(payer, PRICE, "full hour"));
    }

    function payWithShare(uint16 nonRefundableBps) private returns (uint256 refundable) {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        payDefault();
        refundable = PRICE - (PRICE * nonRefundableBps) / 10_000;
    }

    function assertLocked(uint256 held, uint40 defaultsAt) private view {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(uint8(payment.status), uint8(IRefundWindow.Status.Disputed), "status");
        assertEq(payment.held, held, "held");
        assertEq(payment.defaultsAt, defaultsAt, "defaultsAt");
    }

    function expectDisputeRevert(address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.dispute(ref, EVIDENCE);
    }

    function expectAlreadyDisputed(bool isSettled) private {
        expectDisputeRevert(payer.addr, abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, isSettled));
    }

    function expectAfterClose(uint40 closesAt) private {
        expectDisputeRevert(payer.addr, abi.encodeWithSelector(IRefundWindow.DisputeAfterClose.selector, id, closesAt));
    }

    function expectNothingToDispute(uint256 held) private {
        expectDisputeRevert(payer.addr, abi.encodeWithSelector(IRefundWindow.NothingToDispute.selector, id, held));
    }
}
