// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Release, Withdraw} from "../../contracts/types/TypedData.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: the token does not call back. All state-changing functions are tried from each pull and payout, by one
/// who is the operator and may do all of it; and the views are read.
contract PlanReentrancyTest is PlanAttackTest {
    HookedToken private _hooked;
    CallingHook private _hook;
    bytes[] private _calls;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        use(_hooked);
        _hook = new CallingHook();
        usePlan(_hookTerms(WINDOW));
        _addCalls();
        subscribe(payer);
        _hooked.setHook(address(plan), address(_hook));
    }

    /* NOBODY ENTERS */

    function test_NothingCanBeEnteredDuringTheFirstCharge() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            subscribe(otherPayer);
            _assertKeptOut(snapshot);
        }
    }

    function test_NothingCanBeEnteredDuringACharge() external {
        subscribe(otherPayer);
        goTo(START + PERIOD);
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            plan.charge(pairsOf(otherPayer), MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    function test_NothingCanBeEnteredWhenAChargeIsPaidOutAtOnce() external {
        usePlan(_hookTerms(0));
        subscribe(otherPayer);
        _hooked.setHook(receiver.addr, address(_hook));
        goTo(START + PERIOD);
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            plan.charge(pairsOf(otherPayer), MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    function test_NothingCanBeEnteredDuringAnUndo() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            vm.prank(payer.addr);
            plan.undo(payer.addr, CLOSES_AT, payer.addr, MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    function test_NothingCanBeEnteredDuringARefund() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            vm.prank(receiver.addr);
            plan.refund(pairOf(payer), CLOSES_AT, MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    /// @dev The hook calls when the top-up comes in.
    function test_NothingCanBeEnteredDuringATopUp() external {
        goTo(START + 20 days);
        token.mint(receiver.addr, PRICE);
        vm.prank(receiver.addr);
        token.approve(address(plan), PRICE);
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            vm.prank(receiver.addr);
            plan.endFor(pairOf(payer), PRICE, MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    /// @dev Without anything to add the hook calls when the money goes out.
    function test_NothingCanBeEnteredWhenPaidTimeIsPaidBack() external {
        for (uint256 i = 0; i < _calls.length; ++i) {
            uint256 snapshot = vm.snapshotState();
            _prepare(i);
            vm.prank(receiver.addr);
            plan.endFor(pairOf(payer), 0, MUCH_GAS);
            _assertKeptOut(snapshot);
        }
    }

    /* WHO READS MEANWHILE READS NO MORE THAN THERE IS */

    function test_DuringTheFirstChargeItIsNotYetPaid() external {
        _watch(abi.encodeCall(ISubscriptionPlan.isActive, (otherPayer.addr, otherPayer.addr)));
        subscribe(otherPayer);
        assertEq(_number(), 0);
    }

    function test_DuringAChargeItIsNotYetPaid() external {
        goTo(START + PERIOD);
        _watch(abi.encodeCall(ISubscriptionPlan.isActive, (payer.addr, payer.addr)));
        plan.charge(pairsOf(payer), MUCH_GAS);
        assertEq(_number(), 0);
    }

    function test_DuringAChargeNothingMoreIsOwedThanThereIs() external {
        goTo(START + PERIOD);
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        plan.charge(pairsOf(payer), MUCH_GAS);
        assertEq(_number(), PRICE, "during");
        assertEq(liabilities(), 2 * PRICE, "after");
    }

    function test_DuringAnUndoThereIsNothingToUndoAnyMore() external {
        _watch(abi.encodeCall(ISubscriptionPlan.subscriptionOf, (pairOf(payer))));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, MUCH_GAS);
        ISubscriptionPlan.SubscriptionView memory seen = _subscription();
        assertEq(seen.undoable, 0, "undoable");
        assertFalse(seen.isActive, "active");
        assertTrue(seen.undoUsed, "used");
    }

    function test_DuringAnUndoNothingIsOwedAnyMore() external {
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        vm.prank(payer.addr);
        plan.undo(payer.addr, CLOSES_AT, payer.addr, MUCH_GAS);
        assertEq(_number(), 0);
    }

    function test_DuringARefundThereIsNothingToUndoAnyMore() external {
        _watch(abi.encodeCall(ISubscriptionPlan.subscriptionOf, (pairOf(payer))));
        vm.prank(receiver.addr);
        plan.refund(pairOf(payer), CLOSES_AT, MUCH_GAS);
        assertEq(_subscription().undoable, 0);
    }

    function test_DuringTheRepaymentOfPaidTimeThereIsNoAccessAnyMore() external {
        _watch(abi.encodeCall(ISubscriptionPlan.isActive, (payer.addr, payer.addr)));
        vm.prank(receiver.addr);
        plan.endFor(pairOf(payer), 0, MUCH_GAS);
        assertEq(_number(), 0);
    }

    /* HELPERS */

    function _hookTerms(uint40 window) private view returns (SubscriptionPlanTerms memory terms) {
        terms = defaultTerms();
        terms.operator = address(_hook);
        terms.refundWindow = window;
    }

    function _prepare(uint256 i) private {
        _watch(_calls[i]);
    }

    function _watch(bytes memory call) private {
        _hook.prepare(address(plan), call);
    }

    function _number() private view returns (uint256) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (uint256));
    }

    function _subscription() private view returns (ISubscriptionPlan.SubscriptionView memory) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (ISubscriptionPlan.SubscriptionView));
    }

    function _assertKeptOut(uint256 snapshot) private {
        assertTrue(_hook.called(), "called");
        assertFalse(_hook.succeeded(), "succeeded");
        assertEq(
            _hook.answer(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "reason"
        );
        assertTrue(vm.revertToState(snapshot), "snapshot");
    }

    function _addCalls() private {
        Authorization memory authorization = authorize(payer, address(plan), PRICE, "inner");
        Withdraw memory withdrawal = withdrawMessage(payer.addr, payer.addr);
        ReceiptProof memory proof;
        Release memory release_;
        PaymentRef memory ref = refOf(payer.addr, "inner");
        address who = payer.addr;
        _calls.push(abi.encodeCall(IVault.pay, (authorization)));
        _calls.push(abi.encodeCall(ISurplus.record, (address(token), proof)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.subscribe, (subscribeMessage(stranger), noPermit(), PAYOUT_GAS)));
        _calls.push(
            abi.encodeCall(
                ISubscriptionPlan.subscribeWithSignature,
                (subscribeMessage(stranger), "", noPermit(), PAYOUT_GAS)
            )
        );
        _calls.push(abi.encodeCall(ISubscriptionPlan.charge, (pairsOf(payer), PAYOUT_GAS)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.cancel, (who, true)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.cancelWithSignature, (cancelMessage(payer, true), "")));
        _calls.push(abi.encodeCall(ISubscriptionPlan.undo, (who, CLOSES_AT, who, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.undoWithSignature, (undoMessage(payer), "", PAYOUT_GAS)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.refund, (pairOf(payer), CLOSES_AT, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.cancelFor, (pairOf(payer))));
        _calls.push(abi.encodeCall(ISubscriptionPlan.endFor, (pairOf(payer), 0, PAYOUT_GAS)));
        _calls.push(abi.encodeCall(ISubscriptionPlan.close, ()));
        _calls.push(abi.encodeCall(ISubscriptionPlan.end, ()));
        _calls.push(abi.encodeCall(IMaturing.claim, (address(token), new uint32[](1), PAYOUT_GAS)));
        _calls.push(abi.encodeCall(IVault.withdraw, (address(token), payer.addr, payer.addr)));
        _calls.push(abi.encodeCall(IVault.withdrawWithSignature, (withdrawal, "")));
        _calls.push(abi.encodeCall(ISurplus.announceAssignment, (address(token), 1)));
        _calls.push(abi.encodeCall(ISurplus.freeze, (authorization)));
        _calls.push(abi.encodeCall(ISurplus.assign, (address(token), 1, stranger.addr)));
        _calls.push(abi.encodeCall(ISurplus.release, (ref, release_, "")));
    }
}
