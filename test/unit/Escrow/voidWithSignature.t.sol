// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {Void} from "../../../contracts/types/TypedData.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`; the signer there is the receiver.
contract EscrowVoidWithSignatureTest is EscrowTest, SignedTest {
    PaymentRef private ref;
    PaymentId private id;
    Void private message;
    uint256 private paid;
    uint256 private balanceBefore;

    function setUp() public override(EscrowTest, VaultTest) {
        EscrowTest.setUp();
        useSigner(receiver);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.voidWithSignature(ref, message, signed, PAYOUT_GAS);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");
        bytes memory signed = signature();

        vm.expectRevert(mismatch(vault.idOf(otherRef), id));
        vault.voidWithSignature(otherRef, message, signed, PAYOUT_GAS);
    }

    /* SIGNED */

    function testFuzz_RevertWhen_AnotherSignerIsNamed(address by) external {
        vm.assume(by != receiver.addr);
        bytes memory signed = signature();
        message.by = by;
        signer.addr = by;

        expectInvalid(signed);
    }

    function test_RevertWhen_TheReceiverSignedInTheNameOfTheOperator() external {
        message.by = operator.addr;
        bytes memory signed = signature();
        signer.addr = operator.addr;

        expectInvalid(signed);
    }

    function test_RevertWhen_SignerIsZero() external {
        message.by = address(0);
        signer.addr = address(0);

        expectInvalid(withV(signature(), 0));
    }

    function testFuzz_RevertWhen_AnotherExpectationWasSigned(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;
        bytes memory signed = signature();
        message.expectedHeld = expectedHeld;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 newDeadline) external {
        newDeadline = bound(newDeadline, START + 1, type(uint256).max);
        if (newDeadline == message.deadline) --newDeadline;
        bytes memory signed = signature();
        message.deadline = newDeadline;

        expectInvalid(signed);
    }

    /* RULES */

    function test_RevertWhen_ThePayerSigned() external {
        signAs(payer);

        expectRefused(notSeller(payer.addr));
    }

    function test_RevertWhen_AStrangerSigned() external {
        signAs(stranger);

        expectRefused(notSeller(stranger.addr));
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

    function test_RevertWhen_Replayed() external {
        relay(signature());

        expectRefused(nothingHeld(ref));
    }

    function testFuzz_RevertWhen_APartWasCapturedMeanwhile(uint256 amount) external {
        amount = bound(amount, 1, PRICE - 1);
        capture(ref, amount);

        expectRefused(changed(ref, PRICE - amount, amount));
    }

    function test_ReturnsInTheLastSecond() external {
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

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        bytes memory signed = signature();

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vault.voidWithSignature(ref, message, signed, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(stranger.addr, relayCall(), 200_000);
    }

    function test_ReturnsWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, relayCall(), 200_000);

        assertDone();
    }

    /* RELAYED */

    function test_CreditsThePayerAndNotTheRelayer() external {
        token.setPaused(true);

        relay(signature());

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(stranger.addr, 0, 0);
    }

    function test_StrangerRelaysTheOperatorsMessage() external {
        signAs(operator);

        relay(signature());

        assertDone();
    }

    function testFuzz_ReturnsWhatCapturesHaveLeft(uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);
        capture(ref, captured);
        message.expectedHeld = PRICE - captured;

        relay(signature());

        assertParts(ref, captured, PRICE - captured);
        assertEq(token.balanceOf(payer.addr), 1e30 - captured, "payer");
    }

    function test_EmitsReturnedInTheNameOfTheSigner() external {
        bytes memory signed = signature();

        vm.expectEmit(address(vault));
        emit IEscrow.Returned(id, receiver.addr, PRICE);
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        EscrowTerms memory terms = defaultTerms();
        terms.receiver = signer.addr;
        useVault(terms);
        balanceBefore = token.balanceOf(payer.addr);
        ref = pay(payer, PRICE, bytes32(++paid));
        id = vault.idOf(ref);
        message = voidMessage(ref, signer.addr);
    }

    function structHash() internal view override returns (bytes32) {
        return hashOf(message);
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, message));
    }

    function deadline() internal view override returns (uint256) {
        return message.deadline;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        vault.voidWithSignature(ref, message, signed, PAYOUT_GAS);
    }

    function assertDone() internal view override {
        assertParts(ref, 0, PRICE);
        assertEq(token.balanceOf(payer.addr), balanceBefore, "payer");
    }

    /* HELPERS */

    function signAs(Account memory by) private {
        (signer, message.by) = (by, by.addr);
    }

    function notSeller(address by) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVault.NotSeller.selector, id, by);
    }

    function relayCall() private view returns (bytes memory) {
        bytes memory signed = signature();
        return abi.encodeCall(IEscrow.voidWithSignature, (ref, message, signed, PAYOUT_GAS));
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signed = signature();

        vm.expectRevert(reason);
        relay(signed);
    }
}
