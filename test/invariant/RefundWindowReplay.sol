// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {EventReplay} from "./EventReplay.sol";

/// @title RefundWindowReplay
/// @notice What the events say about payments into refund windows.
contract RefundWindowReplay is EventReplay {
    struct Payment {
        address token;
        address payer;
        bytes32 nonce;
        uint256 paid;
        uint256 refunded;
        uint40 closesAt;
        uint40 defaultsAt;
        uint256 disputed;
        uint256 settlements;
        uint256 divided;
    }

    mapping(address vault => mapping(bytes32 id => Payment)) private _payments;
    mapping(address vault => mapping(address token => mapping(uint256 hour => uint256))) public maturingIn;

    function paymentOf(address vault, bytes32 id) external view returns (Payment memory) {
        return _payments[vault][id];
    }

    function _readOfProduct(bytes32 topic, Vm.Log calldata log) internal override returns (bool) {
        if (topic == IRefundWindow.Paid.selector) _paid(log);
        else if (topic == IRefundWindow.Refunded.selector) _refunded(log);
        else if (topic == IRefundWindow.Disputed.selector) _disputed(log);
        else if (topic == IRefundWindow.DisputeSettled.selector) _disputeSettled(log);
        else if (topic == IMaturing.Claimed.selector) _claimed(log);
        else return false;
        return true;
    }

    function _paid(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        payment.payer = _address(log.topics[2]);
        (payment.token, payment.nonce, payment.paid, payment.closesAt) = abi.decode(
            log.data,
            (address, bytes32, uint256, uint40)
        );

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] += payment.paid;
        liabilitiesOf[log.emitter][payment.token] += payment.paid;
        _takeBack(log.emitter, payment.token, log.topics[1], payment.paid);
    }

    function _refunded(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        (, uint256 amount, uint256 refunded) = abi.decode(log.data, (address, uint256, uint256));
        payment.refunded = refunded;

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] -= amount;
        liabilitiesOf[log.emitter][payment.token] -= amount;
    }

    function _disputed(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        (payment.disputed, payment.defaultsAt, ) = abi.decode(log.data, (uint256, uint40, bytes32));

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] -= payment.disputed;
        payment.closesAt = 0;
    }

    function _disputeSettled(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        (uint256 toPayer, uint256 toReceiver, , ) = abi.decode(log.data, (uint256, uint256, uint256, bytes32));
        payment.refunded += toPayer;
        payment.divided += toPayer + toReceiver;
        ++payment.settlements;

        liabilitiesOf[log.emitter][payment.token] -= toPayer + toReceiver;
    }

    function _claimed(Vm.Log calldata log) private {
        address token = _address(log.topics[1]);
        (uint32[] memory buckets, uint256 amount, ) = abi.decode(log.data, (uint32[], uint256, uint256));

        for (uint256 i = 0; i < buckets.length; ++i) maturingIn[log.emitter][token][buckets[i]] = 0;
        liabilitiesOf[log.emitter][token] -= amount;
    }

    function _hour(uint40 closesAt) private pure returns (uint256) {
        return closesAt % 3600 == 0 ? closesAt / 3600 : closesAt / 3600 + 1;
    }
}
