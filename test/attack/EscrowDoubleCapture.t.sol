// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Capture, CaptureItem, CaptureMany} from "../../contracts/types/TypedData.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: an operator asks once for what it captures. It asks by call, signature and batch at the same
/// time, after a crash, or because it is greedy.
contract EscrowDoubleCaptureTest is EscrowTest {
    uint256 private constant HALF = PRICE / 2;

    PaymentRef private _ref;
    /// @dev Whose money would be taken.
    PaymentRef private _victim;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
        _victim = pay(otherPayer, PRICE, "nonce");
    }

    function test_RevertWhen_TheSignatureFollowsTheCall() external {
        Capture memory message = captureMessage(_ref, HALF, false);
        bytes memory signature = signCapture(operator, message);
        capture(_ref, HALF);
        vm.expectRevert(changed(_ref, HALF, HALF));
        vault.captureWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_TheCallFollowsTheSignature() external {
        Capture memory message = captureMessage(_ref, HALF, false);
        vault.captureWithSignature(_ref, message, signCapture(operator, message), PAYOUT_GAS);
        vm.expectRevert(changed(_ref, HALF, HALF));
        vm.prank(operator.addr);
        vault.capture(_ref, HALF, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_TheCallFollowsTheBatch() external {
        captureMany(list(itemOf(_ref, HALF)));
        vm.expectRevert(changed(_ref, HALF, HALF));
        vm.prank(operator.addr);
        vault.capture(_ref, HALF, PRICE, 0, PAYOUT_GAS);
    }

    function test_TheBatchThatFollowsTheCallCapturesNothing() external {
        CaptureItem[] memory items = list(itemOf(_ref, HALF));
        capture(_ref, HALF);
        assertEq(captureMany(items), 0);
    }

    function test_TwoBatchesWithTheSamePaymentCaptureItOnce() external {
        CaptureMany memory first = captureManyMessage(list(itemOf(_ref, HALF)));
        CaptureMany memory second = captureManyMessage(list(itemOf(_ref, HALF), itemOf(_victim, 1)));
        bytes memory secondSignature = signCaptureMany(operator, second);
        vault.captureManyWithSignature(first, signCaptureMany(operator, first));
        assertEq(vault.captureManyWithSignature(second, secondSignature), 1);
    }

    function test_ThePaymentAHundredTimesInABatchIsCapturedOnce() external {
        CaptureItem[] memory items = new CaptureItem[](100);
        for (uint256 i = 0; i < items.length; ++i) items[i] = itemOf(_ref, HALF);
        assertEq(captureMany(items), HALF);
    }

    /// @dev What it expects is true, and it asks for nothing: booked, it would make of an ended payment one that is held.
    function test_AnItemOfNothingOpensNoEndedPayment() external {
        close(_ref, HALF);
        assertEq(captureMany(list(itemOf(_ref, 0))), 0, "captured");
        vm.expectRevert(nothingHeld(_ref));
        vm.prank(operator.addr);
        vault.capture(_ref, HALF, HALF, HALF, PAYOUT_GAS);
    }

    function test_RevertWhen_AClosedPaymentIsClosedAgainInAnotherWay() external {
        Capture memory message = captureMessage(_ref, PRICE, true);
        bytes memory signature = signCapture(operator, message);
        close(_ref, 0);
        vm.expectRevert(nothingHeld(_ref));
        vault.captureWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    /// @dev Whatever it asks for and in which way, it never gets more than was paid, and nothing of anybody else.
    function testFuzz_AllWaysTogetherNeverCaptureMoreThanWasPaid(
        uint256[12] calldata amounts,
        uint256[12] calldata expected,
        uint8[12] calldata ways
    ) external {
        for (uint256 i = 0; i < amounts.length; ++i) _try(amounts[i], expected[i], ways[i]);
        uint256 captured = vault.paymentOf(_ref).captured;
        uint256 paidOut = token.balanceOf(receiver.addr) + token.balanceOf(feeReceiver);
        assertLe(captured, PRICE, "captured");
        assertEq(paidOut + creditOf(receiver.addr) + creditOf(feeReceiver), captured, "paid out or credited");
        assertParts(_victim, 0, 0);
        assertGe(token.balanceOf(address(vault)), liabilities(), "owed");
    }

    function _try(uint256 amount, uint256 expected, uint8 way) private {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(_ref);
        amount = bound(amount, 0, 2 * HALF);
        // True, as it was at the beginning, or anything.
        (uint256 held, uint256 captured) = (payment.held, payment.captured);
        if (expected % 3 == 1) (held, captured) = (PRICE, 0);
        if (expected % 3 == 2) (held, captured) = (expected, amount);
        bytes memory data;
        if (way % 3 == 0) {
            data = abi.encodeCall(IEscrow.capture, (_ref, amount, held, captured, PAYOUT_GAS));
        } else if (way % 3 == 1) {
            Capture memory message = Capture(payment.id, amount, false, held, captured, type(uint256).max);
            bytes memory signature = signCapture(operator, message);
            data = abi.encodeCall(IEscrow.captureWithSignature, (_ref, message, signature, PAYOUT_GAS));
        } else {
            CaptureItem memory item = CaptureItem(_ref.payer, _ref.nonce, amount, held, captured);
            data = abi.encodeCall(IEscrow.captureMany, (address(token), list(item, item)));
        }
        vm.prank(operator.addr);
        (bool success, ) = address(vault).call(data);
        success; // whether it does or not
    }
}
