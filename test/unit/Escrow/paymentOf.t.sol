// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowPaymentOfTest is EscrowTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.paymentOf(ref);
    }

    function test_TellsTheIdAndNothingElseWhenNeverPaid() external view {
        assertNothing(refOf(payer.addr, "unknown"));
    }

    function test_TellsNothingOfTheTransferOfARefund() external {
        capture(ref, PRICE);
        PaymentRef memory transfer = refOf(otherPayer.addr, vault.refundNonceOf(ref));

        refund(otherPayer, ref, PRICE);

        assertNothing(transfer);
    }

    function test_IsHeldInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        assertPayment(IEscrow.EscrowStatus.Held, 0, 0, 0);
    }

    function testFuzz_IsHeldWithWhatIsNotCaptured(uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);

        capture(ref, captured);

        assertPayment(IEscrow.EscrowStatus.Held, captured, 0, 0);
    }

    function test_IsExpiredAtCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL);

        assertPayment(IEscrow.EscrowStatus.Expired, 0, 0, 0);
    }

    function testFuzz_IsExpiredWithWhatIsNotCaptured(uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);
        capture(ref, captured);
        vm.warp(CAPTURE_UNTIL + 1);

        assertPayment(IEscrow.EscrowStatus.Expired, captured, 0, 0);
    }

    function test_HasEndedWhenAllWasCaptured() external {
        capture(ref, PRICE);

        assertPayment(IEscrow.EscrowStatus.Ended, PRICE, 0, 0);
    }

    function testFuzz_HasEndedWhenClosed(uint256 captured) external {
        captured = bound(captured, 0, PRICE);

        close(ref, captured);

        assertPayment(IEscrow.EscrowStatus.Ended, captured, PRICE - captured, 0);
    }

    function testFuzz_HasEndedWhenReturned(uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);
        capture(ref, captured);

        voidAs(operator.addr, ref);

        assertPayment(IEscrow.EscrowStatus.Ended, captured, PRICE - captured, 0);
    }

    function test_HasEndedWhenReclaimed() external {
        vm.warp(CAPTURE_UNTIL);

        reclaim(ref);

        assertPayment(IEscrow.EscrowStatus.Ended, 0, PRICE, 0);
    }

    function test_HasEndedAlthoughTheTokenDidNotPayOut() external {
        token.setPaused(true);

        voidAs(operator.addr, ref);

        assertPayment(IEscrow.EscrowStatus.Ended, 0, PRICE, 0);
    }

    function testFuzz_TellsWhatWasRefunded(uint256 captured, uint256 first, uint256 second) external {
        captured = bound(captured, 2, PRICE - 1);
        first = bound(first, 1, captured - 1);
        second = bound(second, 1, captured - first);
        capture(ref, captured);

        refund(otherPayer, ref, first);
        refund(otherPayer, ref, second);

        assertPayment(IEscrow.EscrowStatus.Held, captured, 0, first + second);
    }

    /* HELPERS */

    function assertPayment(
        IEscrow.EscrowStatus status,
        uint256 captured,
        uint256 returned,
        uint256 refunded
    ) private view {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        assertEq(PaymentId.unwrap(payment.id), PaymentId.unwrap(vault.idOf(ref)), "id");
        assertEq(payment.captureUntil, CAPTURE_UNTIL, "captureUntil");
        assertEq(payment.refunded, refunded, "refunded");
        assertStatus(ref, status);
        assertParts(ref, captured, returned);
    }

    function assertNothing(PaymentRef memory of_) private view {
        IEscrow.EscrowPayment memory nothing;
        nothing.id = vault.idOf(of_);
        assertEq(abi.encode(vault.paymentOf(of_)), abi.encode(nothing));
    }
}
