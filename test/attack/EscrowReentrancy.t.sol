// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Capture, CaptureItem, CaptureMany, Release, Void, Withdraw} from "../../contracts/types/TypedData.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: the token does not call back. All state-changing functions are tried from each payment and
/// payout, by one who is the operator and may do all of it.
contract EscrowReentrancyTest is EscrowTest {
    uint256 private constant MUCH_GAS = 1_000_000;

    CallingHook private _hook;
    PaymentRef private _target;
    bytes[] private _calls;

    function setUp() public override {
        super.setUp();
        HookedToken hooked = new HookedToken();
        use(hooked);
        _hook = new CallingHook();
        useVaultOfOperator(address(_hook));
        _target = pay(payer, PRICE, "target");
        _addCalls();
        hooked.setHook(address(vault), address(_hook));
    }

    function test_NothingCanBeEnteredDuringPay() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            _prepare(i);
            pay(otherPayer, PRICE, bytes32(i));
            _assertKeptOut();
        }
    }

    function test_NothingCanBeEnteredDuringCapture() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            PaymentRef memory ref = pay(otherPayer, PRICE, bytes32(i));
            _prepare(i);
            vm.prank(address(_hook));
            vault.capture(ref, PRICE, PRICE, 0, MUCH_GAS);
            _assertKeptOut();
        }
    }

    function test_NothingCanBeEnteredDuringClose() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            PaymentRef memory ref = pay(otherPayer, PRICE, bytes32(i));
            _prepare(i);
            vm.prank(address(_hook));
            vault.close(ref, 1, PRICE, 0, MUCH_GAS);
            _assertKeptOut();
        }
    }

    function test_NothingCanBeEnteredDuringVoid() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            PaymentRef memory ref = pay(otherPayer, PRICE, bytes32(i));
            _prepare(i);
            vm.prank(receiver.addr);
            vault.void(ref, PRICE, MUCH_GAS);
            _assertKeptOut();
        }
    }

    function test_NothingCanBeEnteredDuringReclaim() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            PaymentRef memory ref = pay(otherPayer, PRICE, bytes32(i));
            vm.warp(vault.paymentOf(ref).captureUntil);
            _prepare(i);
            vault.reclaim(ref, MUCH_GAS);
            _assertKeptOut();
        }
    }

    /// @dev The hook calls when the money comes in.
    function test_NothingCanBeEnteredDuringTheReceiptOfARefund() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            (PaymentRef memory ref, Authorization memory authorization) = _refundable(i);
            _prepare(i);
            vault.refund(ref, authorization, MUCH_GAS);
            _assertKeptOut();
        }
    }

    /// @dev The payer's hook calls when the money goes out.
    function test_NothingCanBeEnteredDuringThePayoutOfARefund() external {
        HookedToken(address(token)).setHook(address(vault), address(0));
        HookedToken(address(token)).setHook(otherPayer.addr, address(_hook));
        for (uint256 i = 0; i < _calls.length; ++i) {
            (PaymentRef memory ref, Authorization memory authorization) = _refundable(i);
            _prepare(i);
            vault.refund(ref, authorization, MUCH_GAS);
            _assertKeptOut();
        }
    }

    /* HELPERS */

    function _refundable(uint256 i) private returns (PaymentRef memory ref, Authorization memory authorization) {
        ref = pay(otherPayer, PRICE, bytes32(i));
        captureAs(address(_hook), ref, PRICE);
        authorization = authorizeRefund(payer, ref, PRICE);
    }

    function _prepare(uint256 i) private {
        _hook.prepare(address(vault), _calls[i]);
    }

    function _assertKeptOut() private view {
        assertTrue(_hook.called(), "called");
        assertFalse(_hook.succeeded(), "succeeded");
        assertEq(
            _hook.answer(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "reason"
        );
        assertParts(_target, 0, 0);
    }

    function _addCalls() private {
        CaptureItem[] memory items = list(itemOf(_target, PRICE));
        Capture memory captureOrder = captureMessage(_target, PRICE, false);
        CaptureMany memory batch = captureManyMessage(items);
        Void memory voidOrder = voidMessage(_target, receiver.addr);
        Withdraw memory withdrawal = withdrawMessage(payer.addr, payer.addr);
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "inner");
        Authorization[] memory authorizations = new Authorization[](1);
        authorizations[0] = authorization;
        ReceiptProof memory proof;
        Release memory release_;
        _calls.push(abi.encodeCall(IVault.pay, (authorization)));
        _calls.push(abi.encodeCall(IBursts.payMany, (address(token), authorizations, 200_000)));
        _calls.push(abi.encodeCall(ISurplus.record, (address(token), proof)));
        _calls.push(abi.encodeCall(IEscrow.capture, (_target, PRICE, PRICE, 0, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.close, (_target, PRICE, PRICE, 0, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.captureWithSignature, (_target, captureOrder, "", PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.captureMany, (address(token), items)));
        _calls.push(abi.encodeCall(IEscrow.captureManyWithSignature, (batch, "")));
        _calls.push(abi.encodeCall(IEscrow.void, (_target, PRICE, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.voidWithSignature, (_target, voidOrder, "", PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.reclaim, (_target, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IEscrow.refund, (_target, authorization, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IVault.withdraw, (address(token), payer.addr, payer.addr)));
        _calls.push(abi.encodeCall(IVault.withdrawWithSignature, (withdrawal, "")));
        _calls.push(abi.encodeCall(ISurplus.announceAssignment, (address(token), 1)));
        _calls.push(abi.encodeCall(ISurplus.freeze, (authorization)));
        _calls.push(abi.encodeCall(ISurplus.assign, (address(token), 1, stranger.addr)));
        _calls.push(abi.encodeCall(ISurplus.release, (_target, release_, "")));
    }
}
