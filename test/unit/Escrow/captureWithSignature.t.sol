// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {Capture} from "../../../contracts/types/TypedData.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`.
contract EscrowCaptureWithSignatureTest is EscrowTest, SignedTest {
    PaymentRef private ref;
    PaymentId private id;
    /// @dev What the operator wants: all of it.
    Capture private message;
    uint256 private paid;

    function setUp() public override(EscrowTest, VaultTest) {
        EscrowTest.setUp();
        useSigner(operator);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.captureWithSignature(ref, message, signed, PAYOUT_GAS);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");
        bytes memory signed = signature();

        vm.expectRevert(mismatch(vault.idOf(otherRef), id));
        vault.captureWithSignature(otherRef, message, signed, PAYOUT_GAS);
    }

    /* SIGNED */

    function test_RevertWhen_TheReceiverSigned() external {
        expectInvalid(signCapture(receiver, message));
    }

    function test_RevertWhen_ThePayerSigned() external {
        expectInvalid(signCapture(payer, message));
    }

    function testFuzz_RevertWhen_AnotherAmountWasSigned(uint256 amount) external {
        if (amount == PRICE) ++amount;
        bytes memory signed = signature();
        message.amount = amount;

        expectInvalid(signed);
    }

    function test_RevertWhen_ItWasNotSignedAsFinal() external {
        message.amount = 1;
        bytes memory signed = signature();
        message.isFinal = true;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_OtherExpectationsWereSigned(uint256 expectedHeld, uint256 expectedCaptured) external {
        if (expectedHeld == PRICE && expectedCaptured == 0) ++expectedCaptured;
        Capture memory other = message;
        other.expectedHeld = expectedHeld;
        other.expectedCaptured = expectedCaptured;

        expectInvalid(signCapture(operator, other));
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 newDeadline) external {
        newDeadline = bound(newDeadline, START + 1, type(uint256).max);
        if (newDeadline == message.deadline) --newDeadline;
        bytes memory signed = signature();
        message.deadline = newDeadline;

        expectInvalid(signed);
    }

    /* RULES */

    function test_RevertWhen_AmountIsZeroAndItIsNotFinal() external {
        message.amount = 0;

        expectRefused(abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");
        message.paymentId = vault.idOf(ref);

        expectRefused(unknown(ref));
    }

    function test_RevertWhen_AllWasCaptured() external {
        capture(ref, PRICE);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReturned() external {
        voidAs(receiver.addr, ref);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_AFinalMessageComesAfterTheEnd() external {
        message.isFinal = true;
        close(ref, 1);

        expectRefused(nothingHeld(ref));
    }

    function test_CapturesInTheLastSecond() external {
        message.deadline = type(uint256).max;
        vm.warp(CAPTURE_UNTIL - 1);

        relay(signature());

        assertDone();
    }

    function test_RevertWhen_CaptureUntilIsReached() external {
        message.deadline = type(uint256).max;
        vm.warp(CAPTURE_UNTIL);

        expectRefused(tooLate(ref));
    }

    function test_RevertWhen_AFinalMessageComesAtCaptureUntil() external {
        (message.isFinal, message.deadline) = (true, type(uint256).max);
        vm.warp(CAPTURE_UNTIL);

        expectRefused(tooLate(ref));
    }

    function testFuzz_RevertWhen_APartWasCapturedMeanwhile(uint256 amount) external {
        amount = bound(amount, 1, PRICE - 1);
        message.amount = 1;
        capture(ref, amount);

        expectRefused(changed(ref, PRICE - amount, amount));
    }

    function testFuzz_RevertWhen_Replayed(uint256 amount) external {
        message.amount = bound(amount, 1, PRICE - 1);
        relay(signature());

        expectRefused(changed(ref, PRICE - message.amount, message.amount));
    }

    function test_RevertWhen_ReplayedAfterAll() external {
        relay(signature());

        expectRefused(nothingHeld(ref));
    }

    function testFuzz_RevertWhen_MoreThanHeld(uint256 amount) external {
        message.amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRefused(exceedsHeld(ref, message.amount, PRICE));
    }

    function test_RevertWhen_AFinalMessageAsksForMoreThanHeld() external {
        (message.amount, message.isFinal) = (PRICE + 1, true);

        expectRefused(exceedsHeld(ref, PRICE + 1, PRICE));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        bytes memory signed = signature();

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vault.captureWithSignature(ref, message, signed, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(stranger.addr, relayCall(), 200_000);
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, relayCall(), 200_000);

        assertPaidOut(PRICE - FEE, FEE);
    }

    /* RELAYED */

    function test_CreditsTheOwnersAndNotTheRelayer() external {
        token.setPaused(true);

        relay(signature());

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertCredit(feeReceiver, FEE, 0);
        assertCredit(stranger.addr, 0, 0);
    }

    function testFuzz_CapturesAnyPart(uint256 amount) external {
        message.amount = bound(amount, 1, PRICE);

        relay(signature());

        assertParts(ref, message.amount, 0);
        assertPaidOut(message.amount - message.amount / 100, message.amount / 100);
    }

    function testFuzz_ReturnsTheRestWhenFinal(uint256 amount) external {
        (message.amount, message.isFinal) = (bound(amount, 0, PRICE), true);

        relay(signature());

        assertParts(ref, message.amount, PRICE - message.amount);
        assertEq(token.balanceOf(payer.addr), 1e30 - message.amount, "payer");
    }

    function test_EmitsCaptured() external {
        bytes memory signed = signature();

        vm.expectEmit(address(vault));
        emit IEscrow.Captured(id, PRICE, FEE, PRICE);
        relay(signed);
    }

    function test_EmitsReturnedInTheNameOfTheOperator() external {
        (message.amount, message.isFinal) = (1, true);
        bytes memory signed = signature();

        vm.expectEmit(address(vault));
        emit IEscrow.Returned(id, operator.addr, PRICE - 1);
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        useVaultOfOperator(signer.addr);
        ref = pay(payer, PRICE, bytes32(++paid));
        id = vault.idOf(ref);
        message = captureMessage(ref, PRICE, false);
    }

    function structHash() internal view override returns (bytes32) {
        return hashOf(message);
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message));
    }

    function deadline() internal view override returns (uint256) {
        return message.deadline;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        vault.captureWithSignature(ref, message, signed, PAYOUT_GAS);
    }

    function assertDone() internal view override {
        assertParts(ref, PRICE, 0);
        assertPaidOut(PRICE - FEE, FEE);
    }

    /* HELPERS */

    function relayCall() private view returns (bytes memory) {
        bytes memory signed = signature();
        return abi.encodeCall(IEscrow.captureWithSignature, (ref, message, signed, PAYOUT_GAS));
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signed = signature();

        vm.expectRevert(reason);
        relay(signed);
    }
}
