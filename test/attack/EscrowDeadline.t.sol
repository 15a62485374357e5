// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Capture, CaptureItem, CaptureMany, Void} from "../../contracts/types/TypedData.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: nobody is early, or late. At each second exactly one side can act.
contract EscrowDeadlineTest is EscrowTest {
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    /// @dev In the last second the operator captures, and nobody reclaims; a second later it is the other way round.
    function testFuzz_EitherTheOperatorOrThePayerCanAct(uint256 time_) external {
        time_ = bound(time_, CAPTURE_UNTIL - 3, CAPTURE_UNTIL + 3);
        vm.warp(time_);
        uint256 state = vm.snapshotState();
        bool isRunning = time_ < CAPTURE_UNTIL;

        assertEq(_succeeds(operator.addr, abi.encodeCall(IEscrow.capture, (_ref, 1, PRICE, 0, PAYOUT_GAS))), isRunning);
        vm.revertToState(state);
        assertEq(_succeeds(operator.addr, abi.encodeCall(IEscrow.close, (_ref, 0, PRICE, 0, PAYOUT_GAS))), isRunning);
        vm.revertToState(state);
        assertEq(_succeeds(receiver.addr, abi.encodeCall(IEscrow.void, (_ref, PRICE, PAYOUT_GAS))), isRunning);
        vm.revertToState(state);
        assertEq(captureMany(list(itemOf(_ref, 1))) == 1, isRunning, "captureMany");
        vm.revertToState(state);
        assertEq(_succeeds(stranger.addr, abi.encodeCall(IEscrow.reclaim, (_ref, PAYOUT_GAS))), !isRunning);
    }

    function test_RevertWhen_ACaptureThatNeverExpiresComesAtCaptureUntil() external {
        Capture memory message = captureMessage(_ref, PRICE, false);
        message.deadline = type(uint256).max;
        bytes memory signature = signCapture(operator, message);
        vm.warp(CAPTURE_UNTIL);
        vm.expectRevert(tooLate(_ref));
        vault.captureWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_AVoidThatNeverExpiresComesAtCaptureUntil() external {
        Void memory message = voidMessage(_ref, receiver.addr);
        message.deadline = type(uint256).max;
        bytes memory signature = signVoid(receiver, message);
        vm.warp(CAPTURE_UNTIL);
        vm.expectRevert(tooLate(_ref));
        vault.voidWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_ABatchThatNeverExpiresCapturesNothingAtCaptureUntil() external {
        CaptureMany memory message = captureManyMessage(list(itemOf(_ref, PRICE)));
        message.deadline = type(uint256).max;
        bytes memory signature = signCaptureMany(operator, message);
        vm.warp(CAPTURE_UNTIL);
        assertEq(vault.captureManyWithSignature(message, signature), 0);
    }

    /// @dev The two in one block, in either order.
    function test_AReclaimAtCaptureUntilIsNotHeldUpByABatch() external {
        CaptureItem[] memory items = list(itemOf(_ref, PRICE));
        vm.warp(CAPTURE_UNTIL);
        assertEq(captureMany(items), 0, "before");
        reclaim(_ref);
        assertEq(captureMany(items), 0, "after");
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /// @dev What the operator captured in time stays captured, the rest is the payer's.
    function testFuzz_AReclaimTakesNothingThatABatchHasCaptured(uint256 amount) external {
        amount = bound(amount, 1, PRICE - 1);
        vm.warp(CAPTURE_UNTIL - 1);
        captureMany(list(itemOf(_ref, amount)));
        vm.warp(CAPTURE_UNTIL);
        reclaim(_ref);
        assertEq(token.balanceOf(payer.addr), 1e30 - amount, "payer");
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), amount, "captured");
    }

    function test_RevertWhen_TheReceiverReclaimsBeforeCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL - 1);
        vm.expectRevert(
            abi.encodeWithSelector(IEscrow.ReclaimBeforeDeadline.selector, vault.idOf(_ref), CAPTURE_UNTIL)
        );
        vm.prank(receiver.addr);
        vault.reclaim(_ref, PAYOUT_GAS);
    }

    /// @dev A payment that somebody records late has its whole window then: else it would have none.
    function test_APaymentRecordedLateCannotBeReclaimedAtOnce() external {
        ReceiptProof memory proof = payPast(otherPayer, PRICE, "past");
        goTo(START + 2 * CAPTURE_WINDOW);
        record(proof);
        PaymentRef memory ref = refOf(otherPayer.addr, "past");
        uint40 captureUntil = START + 3 * CAPTURE_WINDOW;
        vm.expectRevert(abi.encodeWithSelector(IEscrow.ReclaimBeforeDeadline.selector, vault.idOf(ref), captureUntil));
        vault.reclaim(ref, PAYOUT_GAS);
    }

    function _succeeds(address by, bytes memory data) private returns (bool success) {
        vm.prank(by);
        (success, ) = address(vault).call(data);
    }
}
