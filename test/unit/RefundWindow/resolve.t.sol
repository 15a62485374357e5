// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowResolveTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(arbiter.addr);
        implementation.resolve(ref, PRICE, 0, EVIDENCE);
    }

    /* ARBITER */

    function testFuzz_RevertWhen_CallerIsNotTheArbiter(address caller) external {
        vm.assume(caller != arbiter.addr);

        expectNotArbiter(caller);
    }

    function test_RevertWhen_CallerIsThePayer() external {
        expectNotArbiter(payer.addr);
    }

    function test_RevertWhen_CallerIsTheReceiver() external {
        expectNotArbiter(receiver.addr);
    }

    function test_RevertWhen_TheTermsHaveNoArbiter() external {
        useVault(defaultTerms());
        ref = pay(payer, PRICE, "without arbiter");

        expectNotArbiter(arbiter.addr);
    }

    /* NOT DISPUTED */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectResolveRevert(PRICE, 0, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        ref = pay(payer, PRICE, "running");

        expectResolveRevert(PRICE, 0, notDisputed(ref));
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        resolveAs(arbiter.addr, ref, PRICE, 0);

        expectResolveRevert(PRICE, 0, notDisputed(ref));
    }

    /* TIME */

    function test_SettlesInTheLastSecond() external {
        vm.warp(DEFAULTS_AT - 1);

        resolveAs(arbiter.addr, ref, PRICE, 0);

        assertSettled(ref, PRICE, 0);
    }

    function test_RevertWhen_AtDefault() external {
        vm.warp(DEFAULTS_AT);

        expectResolveRevert(PRICE, 0, decisionTooLate(ref));
    }

    function test_RevertWhen_AfterDefault() external {
        vm.warp(DEFAULTS_AT + 1);

        expectResolveRevert(PRICE, 0, decisionTooLate(ref));
    }

    function testFuzz_RevertWhen_TheArbiterIsThePayer(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "of the arbiter");
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.ArbiterIsPayer.selector,
            vault.idOf(ref),
            payer.addr
        );

        vm.expectRevert(reason);
        resolveAs(payer.addr, ref, toPayer, PRICE - toPayer);
    }

    /* TOO MUCH */

    function testFuzz_RevertWhen_ThePayerWouldGetMoreThanHeld(uint256 toPayer, uint256 toReceiver) external {
        toPayer = bound(toPayer, PRICE + 1, type(uint256).max);

        expectExceeds(toPayer, toReceiver, PRICE);
    }

    function testFuzz_RevertWhen_ThePayerWouldGetOfTheShare(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = disputed(payer, PRICE, "with a share");
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        expectExceeds(PRICE - nonRefundable + 1, nonRefundable - 1, PRICE - nonRefundable);
    }

    function testFuzz_RevertWhen_ThePayerWouldGetOfTheShareAfterARefund(uint256 refunded) external {
        useVaultWithArbiter(2_500);
        uint256 refundable = (PRICE * 3) / 4;
        refunded = bound(refunded, 1, refundable - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        expectExceeds(refundable - refunded + 1, PRICE / 4 - 1, refundable - refunded);
    }

    /* NOT WHOLE */

    function testFuzz_RevertWhen_TheSharesAreNotTheWhole(uint256 toPayer, uint256 toReceiver) external {
        toPayer = bound(toPayer, 0, PRICE);
        if (toReceiver == PRICE - toPayer) ++toReceiver;

        expectNotWhole(toPayer, toReceiver, PRICE);
    }

    function test_RevertWhen_NobodyWouldGetAnything() external {
        expectNotWhole(0, 0, PRICE);
    }

    function test_RevertWhen_TheSharesOverflowTogether() external {
        expectNotWhole(PRICE, type(uint256).max - PRICE + 1, PRICE);
    }

    /* ACCEPTED */

    function test_GivesAllToThePayer() external {
        resolveAs(arbiter.addr, ref, PRICE, 0);

        assertSettled(ref, PRICE, 0);
    }

    function test_GivesAllToTheReceiver() external {
        resolveAs(arbiter.addr, ref, 0, PRICE);

        assertSettled(ref, 0, PRICE);
    }

    function testFuzz_GivesExactlyTheRefundableShare(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = disputed(payer, PRICE, "with a share");
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        resolveAs(arbiter.addr, ref, PRICE - nonRefundable, nonRefundable);

        assertSettled(ref, PRICE - nonRefundable, nonRefundable);
    }

    function testFuzz_DividesTheRest(uint256 refunded, uint256 toPayer) external {
        refunded = bound(refunded, 1, PRICE - 1);
        toPayer = bound(toPayer, 0, PRICE - refunded);
        ref = disputedAfterRefund(refunded, "refunded in part");

        resolveAs(arbiter.addr, ref, toPayer, PRICE - refunded - toPayer);

        assertSettled(ref, toPayer, PRICE - refunded - toPayer);
    }

    function test_SettlesWhenTheTokenIsPaused() external {
        token.setPaused(true);

        resolveAs(arbiter.addr, ref, PRICE / 2, PRICE / 2);

        assertSettled(ref, PRICE / 2, PRICE / 2);
    }

    function testFuzz_EmitsDisputeSettledAndCredited(uint256 toPayer, bytes32 evidence) external {
        toPayer = bound(toPayer, 0, PRICE);

        expectSettled(ref, arbiter.addr, toPayer, PRICE - toPayer, evidence);
        vm.prank(arbiter.addr);
        vault.resolve(ref, toPayer, PRICE - toPayer, evidence);
    }

    function testFuzz_CreditsAllWithoutFee(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        useVaultWithArbiterWithoutFee();
        ref = disputed(payer, PRICE, "without fee");

        resolveAs(arbiter.addr, ref, toPayer, PRICE - toPayer);

        assertCredit(payer.addr, toPayer, 0);
        assertCredit(receiver.addr, PRICE - toPayer, 0);
        assertCredit(address(0), 0, 0);
    }

    function testFuzz_TakesTheFeeOfTheReceiversShare(uint256 toPayer, uint16 feeBps) external {
        toPayer = bound(toPayer, 0, PRICE);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.salt = "any fee";
        useVault(terms);
        ref = disputed(payer, PRICE, "any fee");

        resolveAs(arbiter.addr, ref, toPayer, PRICE - toPayer);

        uint256 fee = ((PRICE - toPayer) * terms.feeBps) / 10_000;
        assertCredit(payer.addr, toPayer, 0);
        assertCredit(receiver.addr, PRICE - toPayer - fee, 0);
        assertCredit(feeReceiver, fee, 0);
    }

    function testFuzz_CountsAsRefunded(uint256 refunded, uint256 toPayer) external {
        refunded = bound(refunded, 1, PRICE - 1);
        toPayer = bound(toPayer, 0, PRICE - refunded);
        ref = disputedAfterRefund(refunded, "refunded in part");

        resolveAs(arbiter.addr, ref, toPayer, PRICE - refunded - toPayer);

        assertEq(vault.paymentOf(ref).refunded, refunded + toPayer);
    }

    /* MONEY */

    function testFuzz_PaysOutExactlyWhatCameIn(
        uint256 amount,
        uint256 refunded,
        uint16 nonRefundableBps,
        uint16 feeBps,
        uint256 toPayer
    ) external {
        amount = bound(amount, 2, 1e29);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = uint16(bound(nonRefundableBps, 0, 9_999));
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.salt = "any terms";
        useVault(terms);
        uint256 nonRefundable = (amount * terms.nonRefundableBps) / 10_000;
        refunded = bound(refunded, 0, amount - nonRefundable - 1);
        uint256 limit = amount - nonRefundable - refunded;
        toPayer = bound(toPayer, 0, limit);

        ref = pay(payer, amount, "any amount");
        if (refunded != 0) refundAs(receiver.addr, ref, refunded, payer.addr);
        dispute(ref);
        resolveAs(arbiter.addr, ref, toPayer, amount - refunded - toPayer);
        assertEq(vault.liabilitiesOf(address(token)), amount - refunded, "all is owed");

        withdrawAll();
        assertEq(vault.liabilitiesOf(address(token)), 0, "nothing is owed");
        assertEq(token.balanceOf(address(vault)), 0, "vault");
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE - amount + refunded + toPayer, "payer");
        assertEq(token.balanceOf(receiver.addr) + token.balanceOf(feeReceiver), amount - refunded - toPayer, "seller");
    }

    /* HELPERS */

    function withdrawAll() private {
        address[3] memory owners = [payer.addr, receiver.addr, feeReceiver];
        for (uint256 i = 0; i < owners.length; ++i) {
            (uint256 balance, ) = vault.creditOf(address(token), owners[i]);
            if (balance != 0) vault.withdraw(address(token), owners[i], owners[i]);
        }
    }

    function expectResolveRevert(uint256 toPayer, uint256 toReceiver, bytes memory reason) private {
        vm.expectRevert(reason);
        resolveAs(arbiter.addr, ref, toPayer, toReceiver);
    }

    function expectNotArbiter(address caller) private {
        bytes memory reason = abi.encodeWithSelector(IRefundWindow.NotArbiter.selector, vault.idOf(ref), caller);

        vm.expectRevert(reason);
        resolveAs(caller, ref, PRICE, 0);
    }

    function expectExceeds(uint256 toPayer, uint256 toReceiver, uint256 limit) private {
        expectResolveRevert(
            toPayer,
            toReceiver,
            abi.encodeWithSelector(IRefundWindow.ResolutionExceedsRefundable.selector, vault.idOf(ref), toPayer, limit)
        );
    }

    function expectNotWhole(uint256 toPayer, uint256 toReceiver, uint256 held) private {
        expectResolveRevert(
            toPayer,
            toReceiver,
            abi.encodeWithSelector(
                IRefundWindow.ResolutionNotWhole.selector,
                vault.idOf(ref),
                toPayer,
                toReceiver,
                held
            )
        );
    }
}
