// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowConcedeTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(receiver.addr);
        implementation.concede(ref);
    }

    /* NOT DISPUTED */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectConcedeRevert(receiver.addr, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        ref = pay(payer, PRICE, "running");

        expectConcedeRevert(receiver.addr, notDisputed(ref));
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        concedeAs(receiver.addr, ref);

        expectConcedeRevert(receiver.addr, notDisputed(ref));
    }

    /* TIME */

    function test_SettlesInTheLastSecond() external {
        vm.warp(DEFAULTS_AT - 1);

        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    function test_RevertWhen_AtDefault() external {
        vm.warp(DEFAULTS_AT);

        expectConcedeRevert(receiver.addr, decisionTooLate(ref));
    }

    function test_RevertWhen_AfterDefault() external {
        vm.warp(DEFAULTS_AT + 1);

        expectConcedeRevert(operator.addr, decisionTooLate(ref));
    }

    /* NO SELLER */

    function testFuzz_RevertWhen_CallerIsNoSeller(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        expectNotSeller(caller);
    }

    function test_RevertWhen_CallerIsThePayer() external {
        expectNotSeller(payer.addr);
    }

    function test_RevertWhen_CallerIsTheArbiter() external {
        expectNotSeller(arbiter.addr);
    }

    function test_RevertWhen_CallerIsTheFeeReceiver() external {
        expectNotSeller(feeReceiver);
    }

    /* SELLER */

    function test_ReceiverConcedes() external {
        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    function test_OperatorConcedes() external {
        concedeAs(operator.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    function test_ReceiverWhoIsOperatorConcedes() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = receiver.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "without operator");

        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    function test_OperatorWhoIsPayerConcedes() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = payer.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "of the operator");

        concedeAs(payer.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    /* SHARE */

    function testFuzz_LeavesTheShareToTheReceiver(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = disputed(payer, PRICE, "with a share");
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE - nonRefundable, nonRefundable);
    }

    function testFuzz_LeavesTheSameShareAfterARefund(uint16 nonRefundableBps, uint256 refunded) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_998));
        useVaultWithArbiter(nonRefundableBps);
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;
        refunded = bound(refunded, 1, PRICE - nonRefundable - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        concedeAs(operator.addr, ref);

        assertSettled(ref, PRICE - nonRefundable - refunded, nonRefundable);
    }

    function testFuzz_GivesTheRestToThePayer(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE - refunded, 0);
    }

    function test_CreditsTheShareWithoutFee() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.feeReceiver = address(0);
        terms.feeBps = 0;
        terms.nonRefundableBps = 2_500;
        useVault(terms);
        ref = disputed(payer, PRICE, "without fee");

        concedeAs(receiver.addr, ref);

        assertCredit(payer.addr, (PRICE * 3) / 4, 0);
        assertCredit(receiver.addr, PRICE / 4, 0);
    }

    function test_SettlesWhenTheTokenIsPaused() external {
        token.setPaused(true);

        concedeAs(receiver.addr, ref);

        assertSettled(ref, PRICE, 0);
    }

    /* ACCEPTED */

    function testFuzz_EmitsDisputeSettledAndCredited(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 0, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = disputed(payer, PRICE, "with any share");
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        expectSettled(ref, operator.addr, PRICE - nonRefundable, nonRefundable, 0);
        concedeAs(operator.addr, ref);
    }

    function test_CountsAsRefunded() external {
        ref = disputedAfterRefund(7, "refunded in part");

        concedeAs(receiver.addr, ref);

        assertEq(vault.paymentOf(ref).refunded, PRICE, "refunded");
        assertEq(vault.paymentOf(ref).paid, PRICE, "paid");
    }

    function test_KeepsTheLiabilities() external {
        pay(otherPayer, 2 * PRICE, "other");

        concedeAs(receiver.addr, ref);

        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), 2 * PRICE, "bucket");
    }

    function testFuzz_AddsToTheCreditOfThePayer(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        creditPayer(amount, "credited");

        expectCredited(payer.addr, PRICE, amount + PRICE);
        concedeAs(receiver.addr, ref);

        assertCredit(payer.addr, amount + PRICE, 0);
    }

    /* HELPERS */

    function expectConcedeRevert(address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        concedeAs(caller, ref);
    }

    function expectNotSeller(address caller) private {
        expectConcedeRevert(caller, abi.encodeWithSelector(IVault.NotSeller.selector, vault.idOf(ref), caller));
    }
}
