// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowReclaimTest is EscrowTest {
    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        id = vault.idOf(ref);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.reclaim(ref, PAYOUT_GAS);
    }

    /* PAYMENT */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectRefused(unknown(ref));
    }

    function test_RevertWhen_ItIsTheTransferOfARefund() external {
        capture(ref, PRICE);
        bytes32 nonce = vault.refundNonceOf(ref);
        refund(otherPayer, ref, PRICE);
        ref = refOf(otherPayer.addr, nonce);
        vm.warp(CAPTURE_UNTIL);

        expectRefused(unknown(ref));
    }

    function test_RevertWhen_AllWasCaptured() external {
        capture(ref, PRICE);
        vm.warp(CAPTURE_UNTIL);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasClosed() external {
        close(ref, 1);
        vm.warp(CAPTURE_UNTIL);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReturned() external {
        voidAs(receiver.addr, ref);
        vm.warp(CAPTURE_UNTIL);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReclaimed() external {
        vm.warp(CAPTURE_UNTIL);
        reclaim(ref);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_NothingIsHeldBeforeCaptureUntil() external {
        capture(ref, PRICE);

        expectRefused(nothingHeld(ref));
    }

    /* TIME */

    function testFuzz_RevertWhen_CaptureUntilIsNotReached(uint40 time_) external {
        vm.warp(bound(time_, START, CAPTURE_UNTIL - 1));

        expectRefused(abi.encodeWithSelector(IEscrow.ReclaimBeforeDeadline.selector, id, CAPTURE_UNTIL));
    }

    function test_RevertWhen_TheLastSecondBefore() external {
        vm.warp(CAPTURE_UNTIL - 1);

        expectRefused(abi.encodeWithSelector(IEscrow.ReclaimBeforeDeadline.selector, id, CAPTURE_UNTIL));
    }

    function test_ReclaimsAtCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL);

        reclaim(ref);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function testFuzz_ReclaimsAtAnyTimeAfter(uint40 time_) external {
        vm.warp(bound(time_, CAPTURE_UNTIL + 1, type(uint40).max));

        reclaim(ref);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        vm.warp(CAPTURE_UNTIL);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vault.reclaim(ref, payoutGas);
    }

    function test_ReclaimsWithPayoutGasAtTheFloor() external {
        vm.warp(CAPTURE_UNTIL);

        vault.reclaim(ref, MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        vm.warp(CAPTURE_UNTIL);

        assertGasTooLow(stranger.addr, reclaimCall(), 200_000);
    }

    function test_ReclaimsWithJustEnoughGas() external {
        vm.warp(CAPTURE_UNTIL);

        raiseGasUntilEnough(stranger.addr, reclaimCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* CREDIT */

    function test_CreditsThePayerWhenTheTokenIsPaused() external {
        vm.warp(CAPTURE_UNTIL);
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        reclaim(ref);

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(stranger.addr, 0, 0);
    }

    function test_CreditsThePayerWhenItIsDenylisted() external {
        vm.warp(CAPTURE_UNTIL);
        token.setDenylisted(payer.addr, true);

        reclaim(ref);

        assertCredit(payer.addr, PRICE, 0);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsThePayerWhenTheTokenReturnsFalse() external {
        vm.warp(CAPTURE_UNTIL);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        reclaim(ref);

        assertCredit(payer.addr, PRICE, 0);
    }

    /* ACCEPTED */

    function testFuzz_PaysThePayerWhoeverCalls(address caller, uint256 captured) external {
        captured = bound(captured, 0, PRICE - 1);
        if (captured != 0) capture(ref, captured);
        vm.warp(CAPTURE_UNTIL);

        vm.prank(caller);
        vault.reclaim(ref, PAYOUT_GAS);

        assertParts(ref, captured, PRICE - captured);
        assertStatus(ref, IEscrow.EscrowStatus.Ended);
        assertEq(token.balanceOf(payer.addr), 1e30 - captured, "payer");
        assertEq(liabilities(), 0, "liabilities");
    }

    function testFuzz_EmitsReturnedInNobodysName(uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);
        capture(ref, captured);
        vm.warp(CAPTURE_UNTIL);

        vm.expectEmit(address(vault));
        emit IEscrow.Returned(id, address(0), PRICE - captured);
        reclaim(ref);
    }

    function test_LeavesOtherPaymentsAlone() external {
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");
        vm.warp(CAPTURE_UNTIL);

        reclaim(ref);

        assertParts(otherRef, 0, 0);
    }

    /* HELPERS */

    function reclaimCall() private view returns (bytes memory) {
        return abi.encodeCall(IEscrow.reclaim, (ref, PAYOUT_GAS));
    }

    function expectRefused(bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        vault.reclaim(ref, PAYOUT_GAS);
    }
}
