// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowSubmitEvidenceTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(payer.addr);
        implementation.submitEvidence(ref, EVIDENCE);
    }

    /* NOT DISPUTED */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectSubmitRevert(payer.addr, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        ref = pay(payer, PRICE, "running");

        expectSubmitRevert(payer.addr, notDisputed(ref));
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        concedeAs(receiver.addr, ref);

        expectSubmitRevert(payer.addr, notDisputed(ref));
    }

    /* TIME */

    function test_EmitsInTheLastSecond() external {
        vm.warp(DEFAULTS_AT - 1);

        expectSubmitted(payer.addr, EVIDENCE);
    }

    function test_RevertWhen_AtDefault() external {
        vm.warp(DEFAULTS_AT);

        expectSubmitRevert(payer.addr, decisionTooLate(ref));
    }

    function test_RevertWhen_AfterDefault() external {
        vm.warp(DEFAULTS_AT + 1);

        expectSubmitRevert(payer.addr, decisionTooLate(ref));
    }

    /* NO PARTY */

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) external {
        vm.assume(caller != payer.addr && caller != receiver.addr && caller != operator.addr);

        expectSubmitRevert(caller, notParty(caller));
    }

    function test_RevertWhen_CallerIsTheArbiter() external {
        expectSubmitRevert(arbiter.addr, notParty(arbiter.addr));
    }

    function test_RevertWhen_CallerIsTheFeeReceiver() external {
        expectSubmitRevert(feeReceiver, notParty(feeReceiver));
    }

    /* PARTY */

    function testFuzz_EmitsForThePayer(bytes32 evidence) external {
        expectSubmitted(payer.addr, evidence);
    }

    function testFuzz_EmitsForTheReceiver(bytes32 evidence) external {
        expectSubmitted(receiver.addr, evidence);
    }

    function testFuzz_EmitsForTheOperator(bytes32 evidence) external {
        expectSubmitted(operator.addr, evidence);
    }

    function test_EmitsAgain() external {
        expectSubmitted(payer.addr, "first");
        expectSubmitted(payer.addr, "second");
    }

    function test_ChangesNothing() external {
        bytes memory before = abi.encode(vault.paymentOf(ref), vault.liabilitiesOf(address(token)));
        vm.warp(START + 1 days);

        expectSubmitted(receiver.addr, EVIDENCE);

        assertEq(abi.encode(vault.paymentOf(ref), vault.liabilitiesOf(address(token))), before);
    }

    /* HELPERS */

    function expectSubmitted(address by, bytes32 evidence) private {
        vm.expectEmit(address(vault));
        emit IRefundWindow.EvidenceSubmitted(vault.idOf(ref), by, evidence);
        vm.prank(by);
        vault.submitEvidence(ref, evidence);
    }

    function expectSubmitRevert(address caller, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.submitEvidence(ref, EVIDENCE);
    }

    function notParty(address caller) private view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.NotParty.selector, vault.idOf(ref), caller);
    }
}
