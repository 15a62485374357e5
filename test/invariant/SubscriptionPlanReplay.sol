// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {EventReplay} from "./EventReplay.sol";

/// @title SubscriptionPlanReplay
/// @notice What the events say about subscriptions, to somebody who knows the terms; and what the tokens' own say that a plan took.
contract SubscriptionPlanReplay is EventReplay {
    struct Subscription {
        address subscriber;
        uint40 anchor;
        uint40 paidThrough;
        uint40 closesAt;
        uint32 serial;
        uint16 quantity;
        uint16 nextIndex;
        uint16 endIndex;
        bool isCanceled;
    }

    /// @dev What `Subscribed` carries beside its topics.
    struct TellsSubscribed {
        uint16 quantity;
        uint40 anchor;
        uint16 nextIndex;
        uint16 endIndex;
        uint40 paidThrough;
        uint256 charged;
        uint40 closesAt;
        uint32 serial;
    }

    struct Used {
        bool trial;
        uint256 undone;
    }

    mapping(address plan => mapping(bytes32 pair => Subscription)) private _subscriptions;
    mapping(address plan => mapping(address subscriber => Used)) private _used;
    mapping(address plan => uint8) public stageOf;
    mapping(address plan => mapping(address from => uint256)) public takenOf;

    function subscriptionOf(address plan, bytes32 pair) external view returns (Subscription memory) {
        return _subscriptions[plan][pair];
    }

    function usedOf(address plan, address subscriber) external view returns (Used memory) {
        return _used[plan][subscriber];
    }

    function _readOfProduct(bytes32 topic, Vm.Log calldata log) internal override returns (bool) {
        if (topic == ISubscriptionPlan.Subscribed.selector) _subscribed(log);
        else if (topic == ISubscriptionPlan.Charged.selector) _charged(log);
        else if (topic == ISubscriptionPlan.PeriodPaid.selector) _periodPaid(log);
        else if (topic == ISubscriptionPlan.PaymentCredited.selector) _paymentCredited(log);
        else if (topic == ISubscriptionPlan.Canceled.selector) _canceled(log);
        else if (topic == ISubscriptionPlan.Undone.selector) _undone(log);
        else if (topic == ISubscriptionPlan.Refunded.selector) _refunded(log);
        else if (topic == ISubscriptionPlan.PlanStageChanged.selector) stageOf[log.emitter] = uint8(log.data[31]);
        else if (topic == IMaturing.Claimed.selector) _claimed(log);
        else if (topic == keccak256("Transfer(address,address,uint256)")) _transferred(log);
        else return false;
        return true;
    }

    function _terms(address plan) private view returns (SubscriptionPlanTerms memory) {
        return SubscriptionPlan(plan).terms();
    }

    function _held(address plan, uint256 amount) private {
        SubscriptionPlanTerms memory terms = _terms(plan);
        if (terms.refundWindow != 0) liabilitiesOf[plan][terms.token] += amount;
    }

    function _subscribed(Vm.Log calldata log) private {
        Subscription storage told = _subscriptions[log.emitter][log.topics[1]];
        told.subscriber = _address(log.topics[2]);
        TellsSubscribed memory tells = abi.decode(log.data, (TellsSubscribed));
        (told.quantity, told.anchor, told.nextIndex) = (tells.quantity, tells.anchor, tells.nextIndex);
        (told.endIndex, told.paidThrough) = (tells.endIndex, tells.paidThrough);
        (told.closesAt, told.serial) = (tells.closesAt, tells.serial);
        told.isCanceled = false;
        // Nobody begins later than now but on a trial.
        if (told.anchor > block.timestamp) _used[log.emitter][told.subscriber].trial = true;
        _held(log.emitter, tells.charged);
    }

    /// @dev The event names no period: it is the one that could be charged at the block's time.
    function _charged(Vm.Log calldata log) private {
        (bytes32[] memory pairs, uint256 amount) = abi.decode(log.data, (bytes32[], uint256));
        SubscriptionPlanTerms memory terms = _terms(log.emitter);
        for (uint256 i = 0; i < pairs.length; ++i) {
            Subscription storage told = _subscriptions[log.emitter][pairs[i]];
            bool isSkipped = block.timestamp >= told.paidThrough + terms.grace;
            told.nextIndex += isSkipped ? 2 : 1;
            told.paidThrough = SubscriptionPlan(log.emitter).periodStart(told.anchor, told.nextIndex);
            told.closesAt = terms.refundWindow == 0 ? 0 : uint40(block.timestamp) + terms.refundWindow;
            amount -= terms.price * told.quantity;
        }
        if (amount != 0) revert("Charged tells another amount");
        (, amount) = abi.decode(log.data, (bytes32[], uint256));
        _held(log.emitter, amount);
    }

    function _periodPaid(Vm.Log calldata log) private {
        address payer = _address(log.topics[2]);
        Subscription storage told = _subscriptions[log.emitter][keccak256(abi.encode(payer, payer))];
        uint256 amount;
        (, amount, told.anchor, told.nextIndex, told.paidThrough, told.closesAt) = abi.decode(
            log.data,
            (bytes32, uint256, uint40, uint16, uint40, uint40)
        );
        (told.subscriber, told.quantity, told.endIndex, told.isCanceled) = (payer, 1, 0, false);
        _held(log.emitter, amount);
        _takeBack(log.emitter, _address(log.topics[3]), log.topics[1], amount);
    }

    function _paymentCredited(Vm.Log calldata log) private {
        (, uint256 amount, ) = abi.decode(log.data, (bytes32, uint256, uint8));
        _takeBack(log.emitter, _address(log.topics[3]), log.topics[1], amount);
    }

    function _canceled(Vm.Log calldata log) private {
        Subscription storage told = _subscriptions[log.emitter][log.topics[1]];
        (, told.paidThrough, told.serial) = abi.decode(log.data, (address, uint40, uint32));
        (told.endIndex, told.isCanceled) = (0, true);
    }

    function _undone(Vm.Log calldata log) private {
        Subscription storage told = _subscriptions[log.emitter][log.topics[1]];
        (, uint256 amount) = abi.decode(log.data, (address, uint256));
        told.nextIndex -= 1;
        told.closesAt = 0;
        ++_used[log.emitter][told.subscriber].undone;
        liabilitiesOf[log.emitter][_terms(log.emitter).token] -= amount;
    }

    function _refunded(Vm.Log calldata log) private {
        (, , uint256 held) = abi.decode(log.data, (address, uint256, uint256));
        if (held != 0) _subscriptions[log.emitter][log.topics[1]].closesAt = 0;
        liabilitiesOf[log.emitter][_terms(log.emitter).token] -= held;
    }

    function _claimed(Vm.Log calldata log) private {
        (, uint256 amount, ) = abi.decode(log.data, (uint32[], uint256, uint256));
        liabilitiesOf[log.emitter][_address(log.topics[1])] -= amount;
    }

    function _transferred(Vm.Log calldata log) private {
        takenOf[_address(log.topics[2])][_address(log.topics[1])] += abi.decode(log.data, (uint256));
    }
}
