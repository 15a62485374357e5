// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowResolveByDefaultTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.warp(DEFAULTS_AT);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.resolveByDefault(ref);
    }

    /* NOT DISPUTED */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");
        vm.warp(DEFAULTS_AT);

        expectDefaultRevert(notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        ref = pay(payer, PRICE, "running");
        vm.warp(DEFAULTS_AT);

        expectDefaultRevert(notDisputed(ref));
    }

    function test_RevertWhen_TheDisputeWasDecided() external {
        resolveAs(arbiter.addr, ref, PRICE, 0);
        vm.warp(DEFAULTS_AT);

        expectDefaultRevert(notDisputed(ref));
    }

    function test_RevertWhen_TheDefaultWasApplied() external {
        vm.warp(DEFAULTS_AT);
        vault.resolveByDefault(ref);

        expectDefaultRevert(notDisputed(ref));
    }

    /* TIME */

    function test_RevertWhen_InTheSecondOfTheDispute() external {
        expectBeforeDeadline();
    }

    function test_RevertWhen_OneSecondBeforeDefault() external {
        vm.warp(DEFAULTS_AT - 1);

        expectBeforeDeadline();
    }

    function test_SettlesAtDefault() external {
        vm.warp(DEFAULTS_AT);

        vault.resolveByDefault(ref);

        assertSettled(ref, 0, PRICE);
    }

    function test_SettlesAfterDefault() external {
        vm.warp(DEFAULTS_AT + 1);

        vault.resolveByDefault(ref);

        assertSettled(ref, 0, PRICE);
    }

    /* FOR THE RECEIVER */

    function testFuzz_GivesAllToTheReceiver(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        ref = disputed(payer, amount, "any amount");

        settleByDefault();

        assertSettled(ref, 0, amount);
    }

    function testFuzz_GivesAllToTheReceiverWithAShare(uint16 nonRefundableBps) external {
        useVaultWithArbiter(uint16(bound(nonRefundableBps, 1, 9_999)));
        ref = disputed(payer, PRICE, "with a share");

        settleByDefault();

        assertSettled(ref, 0, PRICE);
    }

    function testFuzz_GivesTheRestToTheReceiver(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        settleByDefault();

        assertSettled(ref, 0, PRICE - refunded);
    }

    /* FOR THE PAYER */

    function testFuzz_GivesAllToThePayer(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        useVaultThatFavorsThePayer(0);
        ref = disputed(payer, amount, "any amount");

        settleByDefault();

        assertSettled(ref, amount, 0);
    }

    function testFuzz_LeavesTheShareToTheReceiver(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultThatFavorsThePayer(nonRefundableBps);
        ref = disputed(payer, PRICE, "with a share");
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        settleByDefault();

        assertSettled(ref, PRICE - nonRefundable, nonRefundable);
    }

    function testFuzz_GivesTheRestOfTheRefundableShareToThePayer(uint256 refunded) external {
        useVaultThatFavorsThePayer(2_500);
        refunded = bound(refunded, 1, (PRICE * 3) / 4 - 1);
        ref = disputedAfterRefund(refunded, "refunded in part");

        settleByDefault();

        assertSettled(ref, (PRICE * 3) / 4 - refunded, PRICE / 4);
    }

    /* ROLES AND TOKEN */

    function test_SettlesWhenTheArbiterIsThePayer() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "of the arbiter");

        settleByDefault();

        assertSettled(ref, 0, PRICE);
    }

    function test_SettlesWhenTheTokenIsPaused() external {
        token.setPaused(true);

        settleByDefault();

        assertSettled(ref, 0, PRICE);
    }

    /* APPLIED */

    function testFuzz_LetsAnyoneCall(address caller) external {
        vm.warp(DEFAULTS_AT);

        vm.prank(caller);
        vault.resolveByDefault(ref);

        assertSettled(ref, 0, PRICE);
    }

    function test_EmitsForTheReceiver() external {
        vm.warp(DEFAULTS_AT);

        expectSettled(ref, address(0), 0, PRICE, 0);
        vault.resolveByDefault(ref);
    }

    function test_EmitsForThePayer() external {
        useVaultThatFavorsThePayer(2_500);
        ref = disputed(payer, PRICE, "silence favors the payer");
        vm.warp(DEFAULTS_AT);

        expectSettled(ref, address(0), (PRICE * 3) / 4, PRICE / 4, 0);
        vault.resolveByDefault(ref);
    }

    function test_KeepsTheLiabilities() external {
        pay(otherPayer, 2 * PRICE, "other");

        settleByDefault();

        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), 2 * PRICE, "bucket");
    }

    /* HELPERS */

    function settleByDefault() private {
        vm.warp(DEFAULTS_AT);
        vault.resolveByDefault(ref);
    }

    function expectDefaultRevert(bytes memory reason) private {
        vm.expectRevert(reason);
        vault.resolveByDefault(ref);
    }

    function expectBeforeDeadline() private {
        expectDefaultRevert(
            abi.encodeWithSelector(IRefundWindow.DefaultBeforeDeadline.selector, vault.idOf(ref), DEFAULTS_AT)
        );
    }
}
