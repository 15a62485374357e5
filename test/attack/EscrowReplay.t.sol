// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../contracts/types/Terms.sol";
import {Capture, CaptureItem, CaptureMany, Concede, Void, Withdraw} from "../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../mocks/OwnedWallet.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: an order of operator or receiver is used where, when and for what it was signed. All that are
/// signed here never expire.
contract EscrowReplayTest is EscrowTest {
    PaymentRef private _ref;
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private _oldChainId;

    function setUp() public override {
        super.setUp();
        _oldChainId = block.chainid;
        _ref = pay(payer, PRICE, "nonce");
    }

    /* OLD ORDERS */

    function test_RevertWhen_ACaptureLandsAfterAnotherCapture() external {
        (Capture memory message, bytes memory signature) = _signedCapture(1, false);
        capture(_ref, 2);
        _expectCaptureRefused(message, signature, changed(_ref, PRICE - 2, 2));
    }

    function test_RevertWhen_ACaptureLandsAfterAVoid() external {
        (Capture memory message, bytes memory signature) = _signedCapture(1, false);
        voidAs(receiver.addr, _ref);
        _expectCaptureRefused(message, signature, nothingHeld(_ref));
    }

    function test_RevertWhen_AVoidLandsAfterACapture() external {
        (Void memory message, bytes memory signature) = _signedVoid(receiver);
        capture(_ref, 1);
        vm.expectRevert(changed(_ref, PRICE - 1, 1));
        vault.voidWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_OneOfTwoOrdersSignedAtOnceHasLanded() external {
        (Capture memory first, bytes memory firstSignature) = _signedCapture(1, false);
        (Capture memory second, bytes memory secondSignature) = _signedCapture(1, true);
        vault.captureWithSignature(_ref, first, firstSignature, PAYOUT_GAS);
        _expectCaptureRefused(second, secondSignature, changed(_ref, PRICE - 1, 1));
    }

    /// @dev What is held only shrinks and what was captured only grows: no way leads back to where an order was signed,
    /// giving back what was captured included.
    function testFuzz_RevertWhen_AnythingHasLandedSinceItWasSigned(uint256[8] calldata steps) external {
        (Capture memory message, bytes memory signature) = _signedCapture(1, false);
        (Void memory voidOrder, bytes memory voidSignature) = _signedVoid(receiver);
        capture(_ref, bound(steps[0], 1, PRICE / 2));
        for (uint256 i = 1; i < steps.length; ++i) {
            _step(steps[i]);
            (bool captured, ) = address(vault).call(
                abi.encodeCall(IEscrow.captureWithSignature, (_ref, message, signature, PAYOUT_GAS))
            );
            (bool voided, ) = address(vault).call(
                abi.encodeCall(IEscrow.voidWithSignature, (_ref, voidOrder, voidSignature, PAYOUT_GAS))
            );
            assertFalse(captured, "capture");
            assertFalse(voided, "void");
        }
    }

    function test_RevertWhen_ACaptureIsPresentedAgainAfterItsRefund() external {
        (Capture memory message, bytes memory signature) = _signedCapture(1, false);
        vault.captureWithSignature(_ref, message, signature, PAYOUT_GAS);
        refund(otherPayer, _ref, 1);
        _expectCaptureRefused(message, signature, changed(_ref, PRICE - 1, 1));
    }

    /* OTHER PAYMENTS, VAULTS AND CHAINS */

    function test_RevertWhen_ACaptureIsPresentedForAnotherPayment() external {
        (Capture memory message, bytes memory signature) = _signedCapture(PRICE, false);
        _expectRefusedFor(pay(payer, PRICE, "other"), message, signature);
    }

    function test_RevertWhen_ACaptureIsPresentedToAnotherVaultOfTheSameOperator() external {
        (Capture memory message, bytes memory signature) = _signedCapture(PRICE, false);
        _useOtherVault();
        _expectRefusedFor(pay(payer, PRICE, "other"), message, signature);
    }

    function test_RevertWhen_AVoidIsPresentedForAnotherPayment() external {
        (Void memory message, bytes memory signature) = _signedVoid(receiver);
        PaymentRef memory other = pay(payer, PRICE, "other");
        PaymentId id = vault.idOf(other);
        vm.expectRevert(mismatch(id, message.paymentId));
        vault.voidWithSignature(other, message, signature, PAYOUT_GAS);
        message.paymentId = id;
        vm.expectRevert(invalid(receiver.addr));
        vault.voidWithSignature(other, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_ABatchIsPresentedToAnotherVaultWithTheSamePayments() external {
        CaptureMany memory message = captureManyMessage(list(itemOf(_ref, PRICE)));
        bytes memory signature = signCaptureMany(operator, message);
        _useOtherVault();
        pay(payer, PRICE, "nonce2");
        vm.expectRevert(invalid(operator.addr));
        vault.captureManyWithSignature(message, signature);
    }

    function test_RevertWhen_ACaptureWasSignedOnAnotherChain() external {
        (Capture memory message, bytes memory signature) = _signedCapture(PRICE, false);
        vm.chainId(_oldChainId + 1);
        _expectCaptureRefused(message, signature, invalid(operator.addr));
    }

    function test_RevertWhen_ABatchWasSignedOnAnotherChain() external {
        CaptureMany memory message = captureManyMessage(list(itemOf(_ref, PRICE)));
        bytes memory signature = signCaptureMany(operator, message);
        vm.chainId(_oldChainId + 1);
        vm.expectRevert(invalid(operator.addr));
        vault.captureManyWithSignature(message, signature);
    }

    /// @dev The ways out of a payment do not end with the chain's id.
    function test_AfterTheForkItCanBeCapturedReturnedAndReclaimed() external {
        vm.chainId(_oldChainId + 1);
        capture(_ref, 1);
        Void memory message = voidMessage(_ref, receiver.addr);
        vault.voidWithSignature(_ref, message, signVoid(receiver, message), PAYOUT_GAS);
        assertEq(token.balanceOf(payer.addr), 1e30 - 1, "returned");
    }

    /* OTHER PURPOSES */

    /// @dev The same six words, by the operator, who owns a credit.
    function test_RevertWhen_AWithdrawalIsUsedAsACapture() external {
        (Capture memory message, ) = _signedCapture(1, true);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message));
        _expectCaptureRefused(message, sign(operator.key, digest(structHash)), invalid(operator.addr));
    }

    function test_RevertWhen_ACaptureIsUsedAsAWithdrawalOfTheOperator() external {
        Withdraw memory message = withdrawMessage(operator.addr, stranger.addr);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CAPTURE_TYPEHASH, message));
        vm.expectRevert(invalid(operator.addr));
        vault.withdrawWithSignature(message, sign(operator.key, digest(structHash)));
    }

    function test_RevertWhen_ACaptureThatIsNotFinalIsPresentedAsFinal() external {
        (Capture memory message, bytes memory signature) = _signedCapture(1, false);
        message.isFinal = true;
        _expectCaptureRefused(message, signature, invalid(operator.addr));
    }

    function test_RevertWhen_OneCaptureOfABatchIsPresentedAlone() external {
        CaptureMany memory batch = captureManyMessage(list(itemOf(_ref, PRICE)));
        bytes memory signature = signCaptureMany(operator, batch);
        (Capture memory message, ) = _signedCapture(PRICE, false);
        _expectCaptureRefused(message, signature, invalid(operator.addr));
    }

    /// @dev A refund window at the address of this escrow, of the same parties, would have another domain.
    function test_RevertWhen_AMessageOfARefundWindowIsPresented() external {
        Concede memory concession = Concede(vault.idOf(_ref), receiver.addr, type(uint256).max);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, concession));
        bytes32 itsDigest = digestIn(structHash, "Recourse RefundWindow", block.chainid, address(vault));
        (Void memory message, ) = _signedVoid(receiver);
        vm.expectRevert(invalid(receiver.addr));
        vault.voidWithSignature(_ref, message, sign(receiver.key, itsDigest), PAYOUT_GAS);
    }

    function test_RevertWhen_TheSameVoidWasSignedInTheDomainOfARefundWindow() external {
        (Void memory message, ) = _signedVoid(receiver);
        bytes32 itsDigest = digestIn(hashOf(message), "Recourse RefundWindow", block.chainid, address(vault));
        vm.expectRevert(invalid(receiver.addr));
        vault.voidWithSignature(_ref, message, sign(receiver.key, itsDigest), PAYOUT_GAS);
    }

    /* ONE OWNER, TWO ACCOUNTS */

    /// @dev Both accounts accept what their one owner signs; only the receiver's account was named.
    function test_RevertWhen_AVoidOfTheReceiverIsNamedAsTheOperators() external {
        address first = address(new OwnedWallet(otherPayer.addr));
        address second = address(new OwnedWallet(otherPayer.addr));
        EscrowTerms memory terms = defaultTerms();
        (terms.receiver, terms.operator) = (first, second);
        useVault(terms);
        _ref = pay(payer, PRICE, "nonce2");
        Void memory message = voidMessage(_ref, first);
        bytes memory signature = signVoid(otherPayer, message);
        message.by = second;
        vm.expectRevert(invalid(second));
        vault.voidWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    /* HELPERS */

    function _useOtherVault() private {
        EscrowTerms memory terms = defaultTerms();
        terms.salt = "other";
        useVault(terms);
    }

    function _signedCapture(
        uint256 amount,
        bool isFinal
    ) private view returns (Capture memory message, bytes memory signature) {
        message = captureMessage(_ref, amount, isFinal);
        message.deadline = type(uint256).max;
        signature = signCapture(operator, message);
    }

    function _signedVoid(Account memory by) private view returns (Void memory message, bytes memory signature) {
        message = voidMessage(_ref, by.addr);
        message.deadline = type(uint256).max;
        signature = signVoid(by, message);
    }

    /// @dev One of all that can happen to the payment, if it can.
    function _step(uint256 seed) private {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(_ref);
        uint256 kind = seed % 5;
        if (kind == 0 && payment.held > 1) capture(_ref, bound(seed, 1, payment.held - 1));
        if (kind == 1 && payment.held != 0) close(_ref, bound(seed, 0, payment.held));
        if (kind == 2 && payment.held != 0) voidAs(operator.addr, _ref);
        if (kind == 3 && payment.captured > payment.refunded) {
            refund(otherPayer, _ref, bound(seed, 1, payment.captured - payment.refunded));
        }
        if (kind == 4 && payment.held != 0) {
            CaptureItem memory item = itemOf(_ref, bound(seed, 1, payment.held));
            captureMany(list(item));
        }
    }

    function _expectCaptureRefused(Capture memory message, bytes memory signature, bytes memory reason) private {
        vm.expectRevert(reason);
        vault.captureWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    /// @dev Neither as it is, nor with the payment's id exchanged.
    function _expectRefusedFor(PaymentRef memory other, Capture memory message, bytes memory signature) private {
        PaymentId id = vault.idOf(other);
        vm.expectRevert(mismatch(id, message.paymentId));
        vault.captureWithSignature(other, message, signature, PAYOUT_GAS);
        message.paymentId = id;
        vm.expectRevert(invalid(operator.addr));
        vault.captureWithSignature(other, message, signature, PAYOUT_GAS);
    }
}
