// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowCaptureTest is EscrowTest {
    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        useRef(pay(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.capture(ref, PRICE, PRICE, 0, PAYOUT_GAS);
    }

    /* CALLER */

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        vm.assume(caller != operator.addr);

        expectRefused(caller, PRICE, notOperator(caller));
    }

    function test_RevertWhen_CallerIsTheReceiver() external {
        expectRefused(receiver.addr, PRICE, notOperator(receiver.addr));
    }

    function test_ReceiverWhoIsOperatorCaptures() external {
        useVaultOfOperator(receiver.addr);
        useRef(pay(payer, PRICE, "other"));

        captureAs(receiver.addr, ref, PRICE);

        assertPaidOut(PRICE - FEE, FEE);
    }

    /* PAYMENT */

    function test_RevertWhen_AmountIsZero() external {
        expectRefused(0, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectRefused(PRICE, unknown(ref));
    }

    function test_RevertWhen_ItIsTheTransferOfARefund() external {
        capture(ref, PRICE);
        bytes32 nonce = vault.refundNonceOf(ref);
        refund(otherPayer, ref, PRICE);
        ref = refOf(otherPayer.addr, nonce);

        expectRefused(PRICE, unknown(ref));
    }

    function test_RevertWhen_AllWasCaptured() external {
        capture(ref, PRICE);

        expectRefused(1, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasClosed() external {
        close(ref, 1);

        expectRefused(1, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReturned() external {
        voidAs(receiver.addr, ref);

        expectRefused(1, nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReclaimed() external {
        vm.warp(CAPTURE_UNTIL);
        reclaim(ref);

        expectRefused(1, nothingHeld(ref));
    }

    /* TIME */

    function test_CapturesInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        capture(ref, PRICE);

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
    }

    function test_RevertWhen_CaptureUntilIsReached() external {
        vm.warp(CAPTURE_UNTIL);

        expectRefused(PRICE, tooLate(ref));
    }

    function test_RevertWhen_CaptureUntilHasPassed() external {
        vm.warp(CAPTURE_UNTIL + 1);

        expectRefused(PRICE, tooLate(ref));
    }

    /* EXPECTATIONS */

    function testFuzz_RevertWhen_ExpectedHeldIsWrong(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;

        vm.expectRevert(changed(ref, PRICE, 0));
        vm.prank(operator.addr);
        vault.capture(ref, 1, expectedHeld, 0, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_ExpectedCapturedIsWrong(uint256 expectedCaptured) external {
        expectedCaptured = bound(expectedCaptured, 1, type(uint256).max);

        vm.expectRevert(changed(ref, PRICE, 0));
        vm.prank(operator.addr);
        vault.capture(ref, 1, PRICE, expectedCaptured, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_TheSameCallSucceededBefore(uint256 amount) external {
        amount = bound(amount, 1, PRICE - 1);
        vm.startPrank(operator.addr);
        vault.capture(ref, amount, PRICE, 0, PAYOUT_GAS);

        vm.expectRevert(changed(ref, PRICE - amount, amount));
        vault.capture(ref, amount, PRICE, 0, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_MoreThanHeld(uint256 amount) external {
        amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRefused(amount, exceedsHeld(ref, amount, PRICE));
    }

    function testFuzz_RevertWhen_PartsExceedTheWhole(uint256 first) external {
        first = bound(first, 1, PRICE - 1);
        capture(ref, first);

        expectRefused(PRICE - first + 1, exceedsHeld(ref, PRICE - first + 1, PRICE - first));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(operator.addr);
        vault.capture(ref, PRICE, PRICE, 0, payoutGas);
    }

    function test_CapturesWithPayoutGasAtTheFloor() external {
        vm.prank(operator.addr);
        vault.capture(ref, PRICE, PRICE, 0, MIN_PAYOUT_GAS);

        assertPaidOut(PRICE - FEE, FEE);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(operator.addr, captureCall(), 200_000);
    }

    /// @dev The second payout has its own check: with as much as the first one leaves, it could be starved.
    function test_PaysBothWithJustEnoughGas() external {
        raiseGasUntilEnough(operator.addr, captureCall(), 200_000);

        assertPaidOut(PRICE - FEE, FEE);
    }

    /* CREDIT */

    function test_BooksAlthoughTheTokenIsPaused() external {
        token.setPaused(true);

        capture(ref, PRICE);

        assertParts(ref, PRICE, 0);
        assertEq(liabilities(), PRICE, "owed as credits");
    }

    function test_CreditsReceiverAndFeeReceiverWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(receiver.addr, PRICE - FEE, PRICE - FEE);
        expectCredited(feeReceiver, FEE, FEE);
        capture(ref, PRICE);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertCredit(feeReceiver, FEE, 0);
    }

    function test_CreditsTheReceiverAloneWhenItIsDenylisted() external {
        token.setDenylisted(receiver.addr, true);

        capture(ref, PRICE);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertPaidOut(0, FEE);
    }

    function test_CreditsTheFeeReceiverAloneWhenItIsDenylisted() external {
        token.setDenylisted(feeReceiver, true);

        capture(ref, PRICE);

        assertCredit(feeReceiver, FEE, 0);
        assertPaidOut(PRICE - FEE, 0);
    }

    function test_CreditsBothWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        capture(ref, PRICE);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertCredit(feeReceiver, FEE, 0);
    }

    function testFuzz_AddsUpTheCredit(uint256 first) external {
        first = bound(first, 1, PRICE - 1);
        token.setPaused(true);
        capture(ref, first);

        capture(ref, PRICE - first);

        uint256 fees = first / 100 + (PRICE - first) / 100;
        assertCredit(receiver.addr, PRICE - fees, 0);
        assertCredit(feeReceiver, fees, 0);
    }

    /* ACCEPTED */

    function testFuzz_CapturesAnyPartAtAnyTimeBefore(uint256 amount, uint40 capturedAt) external {
        amount = bound(amount, 1, PRICE);
        vm.warp(bound(capturedAt, START, CAPTURE_UNTIL - 1));

        capture(ref, amount);

        assertParts(ref, amount, 0);
    }

    function testFuzz_SplitsTheFee(uint256 amount, uint16 feeBps) external {
        amount = bound(amount, 1, PRICE);
        feeBps = uint16(bound(feeBps, 1, 1_000));
        useVaultWithFee(feeBps);
        useRef(pay(payer, PRICE, "other"));

        capture(ref, amount);

        uint256 fee = (amount * feeBps) / 10_000;
        assertPaidOut(amount - fee, fee);
    }

    function test_RoundsTheFeeDown() external {
        capture(ref, 199);

        assertPaidOut(198, 1);
    }

    function test_TakesNoFeeOfTheSmallestAmount() external {
        capture(ref, 1);

        assertPaidOut(1, 0);
    }

    function test_TakesNoFeeWhereThereIsNone() external {
        useVaultWithFee(0);
        useRef(pay(payer, PRICE, "other"));

        capture(ref, PRICE);

        assertPaidOut(PRICE, 0);
    }

    function testFuzz_CapturesAllInTwoParts(uint256 first) external {
        first = bound(first, 1, PRICE - 1);

        capture(ref, first);
        capture(ref, PRICE - first);

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
        uint256 fees = first / 100 + (PRICE - first) / 100;
        assertPaidOut(PRICE - fees, fees);
    }

    function test_CapturesTheMostThatFits() external {
        token.mint(payer.addr, type(uint104).max);
        useRef(pay(payer, type(uint104).max, "most"));

        capture(ref, type(uint104).max);

        assertEq(token.balanceOf(address(vault)), PRICE, "only the other payment is still held");
    }

    function testFuzz_EmitsCaptured(uint256 first, uint256 second) external {
        first = bound(first, 1, PRICE - 1);
        second = bound(second, 1, PRICE - first);
        capture(ref, first);

        vm.expectEmit(address(vault));
        emit IEscrow.Captured(id, second, second / 100, first + second);
        capture(ref, second);
    }

    function testFuzz_LowersLiabilities(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        capture(ref, amount);

        assertEq(liabilities(), PRICE - amount, "liabilities");
        assertEq(token.balanceOf(address(vault)), PRICE - amount, "balance");
    }

    function testFuzz_KeepsCaptureUntil(uint256 amount) external {
        amount = bound(amount, 1, PRICE);
        vm.warp(START + 1 hours);

        capture(ref, amount);

        assertEq(vault.paymentOf(ref).captureUntil, CAPTURE_UNTIL);
    }

    function testFuzz_LeavesOtherPaymentsAlone(uint256 amount) external {
        amount = bound(amount, 1, PRICE);
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");

        capture(ref, amount);

        assertParts(otherRef, 0, 0);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        (ref, id) = (newRef, vault.idOf(newRef));
    }

    function captureCall() private view returns (bytes memory) {
        return abi.encodeCall(IEscrow.capture, (ref, PRICE, PRICE, 0, PAYOUT_GAS));
    }

    function expectRefused(uint256 amount, bytes memory reason) private {
        expectRefused(operator.addr, amount, reason);
    }

    function expectRefused(address caller, uint256 amount, bytes memory reason) private {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.capture(ref, amount, payment.held, payment.captured, PAYOUT_GAS);
    }
}
