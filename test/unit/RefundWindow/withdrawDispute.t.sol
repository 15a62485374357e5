// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowWithdrawDisputeTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(payer.addr);
        implementation.withdrawDispute(ref);
    }

    function testFuzz_RevertWhen_CallerIsNotThePayer(address caller) external {
        vm.assume(caller != payer.addr);

        expectWithdrawRevert(caller, abi.encodeWithSelector(IRefundWindow.NotPayer.selector, vault.idOf(ref), caller));
    }

    /* NOT DISPUTED */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectWithdrawRevert(payer.addr, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        ref = pay(payer, PRICE, "running");

        expectWithdrawRevert(payer.addr, notDisputed(ref));
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        withdrawDispute();

        expectWithdrawRevert(payer.addr, notDisputed(ref));
    }

    /* TIME */

    function test_SettlesInTheLastSecond() external {
        vm.warp(DEFAULTS_AT - 1);

        withdrawDispute();

        assertSettled(ref, 0, PRICE);
    }

    function test_RevertWhen_AtDefault() external {
        vm.warp(DEFAULTS_AT);

        expectWithdrawRevert(payer.addr, decisionTooLate(ref));
    }

    function test_RevertWhen_AfterDefault() external {
        vm.warp(DEFAULTS_AT + 1);

        expectWithdrawRevert(payer.addr, decisionTooLate(ref));
    }

    /* TERMS */

    function test_PayerWhoIsArbiterWithdraws() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "of the arbiter");

        withdrawDispute();

        assertSettled(ref, 0, PRICE);
    }

    function test_GivesAllToTheReceiverWhenSilenceFavorsThePayer() external {
        useVaultThatFavorsThePayer(0);
        ref = disputed(payer, PRICE, "silence favors the payer");

        withdrawDispute();

        assertSettled(ref, 0, PRICE);
    }

    function testFuzz_GivesAllToTheReceiverWithAShare(uint16 nonRefundableBps) external {
        useVaultWithArbiter(uint16(bound(nonRefundableBps, 1, 9_999)));
        ref = disputed(payer, PRICE, "with a share");

        withdrawDispute();

        assertSettled(ref, 0, PRICE);
    }

    function testFuzz_GivesTheRestToTheReceiver(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        withdrawDispute();

        assertSettled(ref, 0, PRICE - refunded);
        assertEq(vault.paymentOf(ref).refunded, refunded, "refunded");
    }

    function test_CreditsAllToTheReceiverWithoutFee() external {
        useVaultWithArbiterWithoutFee();
        ref = disputed(payer, PRICE, "without fee");

        withdrawDispute();

        assertCredit(receiver.addr, PRICE, 0);
        assertCredit(address(0), 0, 0);
    }

    function test_RoundsTheFeeDown() external {
        ref = disputed(payer, 99, "too small for one percent");

        withdrawDispute();

        assertCredit(receiver.addr, 99, 0);
        assertCredit(feeReceiver, 0, 0);
    }

    function test_SettlesWhenTheTokenIsPaused() external {
        token.setPaused(true);

        withdrawDispute();

        assertSettled(ref, 0, PRICE);
    }

    /* ACCEPTED */

    function test_EmitsDisputeSettledAndCredited() external {
        expectSettled(ref, payer.addr, 0, PRICE, 0);
        withdrawDispute();
    }

    function test_KeepsTheLiabilities() external {
        pay(otherPayer, 2 * PRICE, "other");

        withdrawDispute();

        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), 2 * PRICE, "bucket");
    }

    function test_LeavesOtherDisputesAlone() external {
        PaymentRef memory otherRef = disputed(payer, PRICE, "other");

        withdrawDispute();

        assertStatus(otherRef, IRefundWindow.Status.Disputed);
    }

    /* HELPERS */

    function withdrawDispute() private {
        vm.prank(payer.addr);
        vault.withdrawDispute(ref);
    }

    function expectWithdrawRevert(address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.withdrawDispute(ref);
    }
}
