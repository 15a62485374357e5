// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Capture, CaptureItem, Void} from "../../contracts/types/TypedData.sol";
import {GasBurningToken} from "../mocks/GasBurningToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumptions broken: a token uses little gas, and the caller gives enough. No choice of gas makes a healthy payout
/// fail on record, nor one of several.
contract EscrowGasBurnerTest is EscrowTest {
    /// @dev With what a transfer needs itself, this is a little below the floor.
    uint256 private constant NEARLY_FLOOR = 60_000;
    uint256 private constant PART = PRICE / 2;

    GasBurningToken private _burner;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _burner = new GasBurningToken();
        use(_burner);
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_ATokenThatBurnsAllGasLeavesACreditToEachOfThree() external {
        _burner.setBurn(type(uint256).max);
        close(_ref, PART);
        assertEq(creditOf(payer.addr), PRICE - PART, "payer");
        assertEq(creditOf(receiver.addr), PART - PART / 100, "receiver");
        assertEq(creditOf(feeReceiver), PART / 100, "fee receiver");
    }

    function test_ATokenThatBurnsAllGasCostsNoMoreThanACapForEach() external {
        _burner.setBurn(type(uint256).max);
        uint256 before = gasleft();
        close(_ref, PART);
        assertLt(before - gasleft(), 3 * PAYOUT_GAS + 250_000);
    }

    function test_ATokenThatBurnsAllGasDoesNotStopAReclaim() external {
        _burner.setBurn(type(uint256).max);
        vm.warp(CAPTURE_UNTIL);
        reclaim(_ref);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_ATokenThatBurnsAllGasHarmsNoBatch() external {
        _burner.setBurn(type(uint256).max);
        CaptureItem[] memory items = list(itemOf(_ref, PRICE));
        uint256 before = gasleft();
        captureMany(items);
        assertLt(before - gasleft(), 200_000);
    }

    function testFuzz_NoGasLimitOfARelayedCloseMakesAHealthyPayoutFail(uint256 gasLimit) external {
        _burner.setBurn(NEARLY_FLOOR);
        Capture memory message = captureMessage(_ref, PART, true);
        bytes memory signature = signCapture(operator, message);
        bytes memory data = abi.encodeCall(IEscrow.captureWithSignature, (_ref, message, signature, MIN_PAYOUT_GAS));
        _relay(data, gasLimit);
        _assertNobodyIsCredited();
    }

    function testFuzz_NoGasLimitOfARelayedVoidMakesAHealthyPayoutFail(uint256 gasLimit) external {
        _burner.setBurn(NEARLY_FLOOR);
        Void memory message = voidMessage(_ref, receiver.addr);
        bytes memory signature = signVoid(receiver, message);
        _relay(abi.encodeCall(IEscrow.voidWithSignature, (_ref, message, signature, MIN_PAYOUT_GAS)), gasLimit);
        _assertNobodyIsCredited();
    }

    function testFuzz_NoGasLimitOfAReclaimMakesAHealthyPayoutFail(uint256 gasLimit) external {
        _burner.setBurn(NEARLY_FLOOR);
        vm.warp(CAPTURE_UNTIL);
        _relay(abi.encodeCall(IEscrow.reclaim, (_ref, MIN_PAYOUT_GAS)), gasLimit);
        _assertNobodyIsCredited();
    }

    function testFuzz_NoGasLimitOfARefundMakesAHealthyPayoutFail(uint256 gasLimit) external {
        capture(_ref, PRICE);
        _burner.setBurn(NEARLY_FLOOR);
        bytes memory data = abi.encodeCall(
            IEscrow.refund,
            (_ref, authorizeRefund(otherPayer, _ref, PRICE), MIN_PAYOUT_GAS)
        );
        _relay(data, gasLimit);
        _assertNobodyIsCredited();
    }

    /// @dev Too little gas is too little for all: no item is left out because of it.
    function testFuzz_NoGasLimitLeavesAGoodItemOutOfABatch(uint256 gasLimit) external {
        PaymentRef memory other = pay(otherPayer, PRICE, "nonce");
        CaptureItem[] memory items = list(itemOf(_ref, PRICE), itemOf(other, PRICE));
        vm.prank(operator.addr);
        (bool success, bytes memory answer) = address(vault).call{gas: bound(gasLimit, 20_000, 300_000)}(
            abi.encodeCall(IEscrow.captureMany, (address(token), items))
        );
        if (success) assertEq(abi.decode(answer, (uint256)), 2 * PRICE);
        else assertEq(creditOf(receiver.addr), 0);
    }

    /* HELPERS */

    function _relay(bytes memory data, uint256 gasLimit) private {
        vm.prank(stranger.addr);
        (bool success, ) = address(vault).call{gas: bound(gasLimit, 50_000, 800_000)}(data);
        success; // It may fail, and then nothing has happened.
    }

    function _assertNobodyIsCredited() private view {
        assertEq(creditOf(payer.addr), 0, "payer");
        assertEq(creditOf(receiver.addr), 0, "receiver");
        assertEq(creditOf(feeReceiver), 0, "fee receiver");
    }
}
