// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowCloseTest is EscrowTest {
    /// @dev A part that leaves something for everybody.
    uint256 private constant PART = PRICE / 4;
    uint256 private constant PART_FEE = PART / 100;

    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        id = vault.idOf(ref);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.close(ref, PRICE, PRICE, 0, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        vm.assume(caller != operator.addr);

        expectRefused(caller, PART, notOperator(caller));
    }

    function test_RevertWhen_CallerIsTheReceiver() external {
        expectRefused(receiver.addr, 0, notOperator(receiver.addr));
    }

    /* PAYMENT */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectRefused(0, unknown(ref));
    }

    function test_RevertWhen_AllWasCaptured() external {
        capture(ref, PRICE);

        expectRefused(0, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasClosed() external {
        close(ref, 0);

        expectRefused(0, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReturned() external {
        voidAs(operator.addr, ref);

        expectRefused(0, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReclaimed() external {
        vm.warp(CAPTURE_UNTIL);
        reclaim(ref);

        expectRefused(0, nothingHeld(ref));
    }

    /* TIME */

    function test_ClosesInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        close(ref, PART);

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
    }

    function test_RevertWhen_CaptureUntilIsReached() external {
        vm.warp(CAPTURE_UNTIL);

        expectRefused(0, tooLate(ref));
    }

    function test_RevertWhen_CaptureUntilHasPassed() external {
        vm.warp(CAPTURE_UNTIL + 1);

        expectRefused(PART, tooLate(ref));
    }

    /* EXPECTATIONS */

    function testFuzz_RevertWhen_ExpectedHeldIsWrong(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;

        vm.expectRevert(changed(ref, PRICE, 0));
        vm.prank(operator.addr);
        vault.close(ref, 0, expectedHeld, 0, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_ExpectedCapturedIsWrong(uint256 expectedCaptured) external {
        expectedCaptured = bound(expectedCaptured, 1, type(uint256).max);

        vm.expectRevert(changed(ref, PRICE, 0));
        vm.prank(operator.addr);
        vault.close(ref, 0, PRICE, expectedCaptured, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_MoreThanHeld(uint256 amount) external {
        amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRefused(amount, exceedsHeld(ref, amount, PRICE));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(operator.addr);
        vault.close(ref, 0, PRICE, 0, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(operator.addr, closeCall(), 200_000);
    }

    function test_PaysAllThreeWithJustEnoughGas() external {
        raiseGasUntilEnough(operator.addr, closeCall(), 200_000);

        assertSplit();
    }

    /* CREDIT */

    function test_CreditsAllThreeWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE - PART, PRICE - PART);
        expectCredited(receiver.addr, PART - PART_FEE, PART - PART_FEE);
        expectCredited(feeReceiver, PART_FEE, PART_FEE);
        close(ref, PART);

        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsThePayerAloneWhenItIsDenylisted() external {
        token.setDenylisted(payer.addr, true);

        close(ref, PART);

        assertCredit(payer.addr, PRICE - PART, 0);
        assertPaidOut(PART - PART_FEE, PART_FEE);
    }

    function test_CreditsTheReceiverAloneWhenItIsDenylisted() external {
        token.setDenylisted(receiver.addr, true);

        close(ref, PART);

        assertCredit(receiver.addr, PART - PART_FEE, 0);
        assertPaidOut(0, PART_FEE);
        assertEq(token.balanceOf(payer.addr), 1e30 - PART, "payer");
    }

    function test_CreditsTheFeeReceiverAloneWhenItIsDenylisted() external {
        token.setDenylisted(feeReceiver, true);

        close(ref, PART);

        assertCredit(feeReceiver, PART_FEE, 0);
        assertPaidOut(PART - PART_FEE, 0);
        assertEq(token.balanceOf(payer.addr), 1e30 - PART, "payer");
    }

    /* ACCEPTED */

    function testFuzz_CapturesThatMuchAndReturnsTheRest(uint256 amount) external {
        amount = bound(amount, 0, PRICE);

        close(ref, amount);

        assertParts(ref, amount, PRICE - amount);
        assertPaidOut(amount - amount / 100, amount / 100);
        assertEq(token.balanceOf(payer.addr), 1e30 - amount, "payer");
        assertEq(token.balanceOf(address(vault)), 0, "vault");
        assertEq(liabilities(), 0, "liabilities");
    }

    function testFuzz_ReturnsWhatIsLeftAfterCaptures(uint256 first, uint256 second) external {
        first = bound(first, 1, PRICE - 1);
        second = bound(second, 0, PRICE - first);
        capture(ref, first);

        close(ref, second);

        assertParts(ref, first + second, PRICE - first - second);
        assertEq(token.balanceOf(payer.addr), 1e30 - first - second, "payer");
    }

    function testFuzz_EndsThePayment(uint256 amount) external {
        close(ref, bound(amount, 0, PRICE));

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
    }

    function testFuzz_EmitsCapturedAndReturned(uint256 first, uint256 second) external {
        first = bound(first, 1, PRICE - 2);
        second = bound(second, 1, PRICE - first - 1);
        capture(ref, first);

        vm.expectEmit(address(vault));
        emit IEscrow.Captured(id, second, second / 100, first + second);
        vm.expectEmit(address(vault));
        emit IEscrow.Returned(id, operator.addr, PRICE - first - second);
        close(ref, second);
    }

    function test_EmitsNoCapturedWhenNothingIsCaptured() external {
        vm.recordLogs();
        close(ref, 0);

        assertEq(countLogs(IEscrow.Captured.selector), 0);
    }

    function test_EmitsNoReturnedWhenNothingIsLeft() external {
        vm.recordLogs();
        close(ref, PRICE);

        assertEq(countLogs(IEscrow.Returned.selector), 0);
    }

    function test_LeavesOtherPaymentsAlone() external {
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");

        close(ref, PART);

        assertParts(otherRef, 0, 0);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    /* HELPERS */

    function closeCall() private view returns (bytes memory) {
        return abi.encodeCall(IEscrow.close, (ref, PART, PRICE, 0, PAYOUT_GAS));
    }

    function assertSplit() private view {
        assertPaidOut(PART - PART_FEE, PART_FEE);
        assertEq(token.balanceOf(payer.addr), 1e30 - PART, "payer");
    }

    function expectRefused(uint256 amount, bytes memory reason) private {
        expectRefused(operator.addr, amount, reason);
    }

    function expectRefused(address caller, uint256 amount, bytes memory reason) private {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.close(ref, amount, payment.held, payment.captured, PAYOUT_GAS);
    }
}
