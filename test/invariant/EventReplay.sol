// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";

/// @title EventReplay
/// @notice What somebody knows who has read every event of the vaults, and nothing else.
contract EventReplay {
    struct Payment {
        address token;
        address payer;
        bytes32 nonce;
        uint256 paid;
        uint256 refunded;
        uint40 closesAt;
    }

    mapping(address vault => mapping(bytes32 id => Payment)) public paymentOf;
    mapping(address vault => mapping(address token => mapping(uint256 hour => uint256))) public maturingIn;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public creditOf;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public withdrawnOf;
    mapping(address vault => mapping(address token => uint256)) public liabilitiesOf;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == IRefundWindow.Paid.selector) _paid(logs[i]);
            else if (topic == IRefundWindow.Refunded.selector) _refunded(logs[i]);
            else if (topic == IRefundWindow.Claimed.selector) _claimed(logs[i]);
            else if (topic == IVault.Credited.selector) _credited(logs[i]);
            else if (topic == IVault.Withdrawn.selector) _withdrawn(logs[i]);
        }
    }

    function _paid(Vm.Log calldata log) private {
        Payment storage payment = paymentOf[log.emitter][log.topics[1]];
        payment.payer = _address(log.topics[2]);
        (payment.token, payment.nonce, payment.paid, payment.closesAt) = abi.decode(
            log.data,
            (address, bytes32, uint256, uint40)
        );

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] += payment.paid;
        liabilitiesOf[log.emitter][payment.token] += payment.paid;
    }

    function _refunded(Vm.Log calldata log) private {
        Payment storage payment = paymentOf[log.emitter][log.topics[1]];
        (, uint256 amount, uint256 refunded) = abi.decode(log.data, (address, uint256, uint256));
        payment.refunded = refunded;

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] -= amount;
        liabilitiesOf[log.emitter][payment.token] -= amount;
    }

    function _claimed(Vm.Log calldata log) private {
        address token = _address(log.topics[1]);
        (uint32[] memory buckets, uint256 amount, ) = abi.decode(log.data, (uint32[], uint256, uint256));

        for (uint256 i = 0; i < buckets.length; ++i) maturingIn[log.emitter][token][buckets[i]] = 0;
        liabilitiesOf[log.emitter][token] -= amount;
    }

    function _credited(Vm.Log calldata log) private {
        (address token, address owner) = (_address(log.topics[1]), _address(log.topics[2]));
        (uint256 amount, uint256 balance) = abi.decode(log.data, (uint256, uint256));
        creditOf[log.emitter][token][owner] = balance;
        liabilitiesOf[log.emitter][token] += amount;
    }

    function _withdrawn(Vm.Log calldata log) private {
        (address token, address owner) = (_address(log.topics[1]), _address(log.topics[2]));
        (, uint256 amount, uint256 withdrawn) = abi.decode(log.data, (address, uint256, uint256));
        creditOf[log.emitter][token][owner] -= amount;
        withdrawnOf[log.emitter][token][owner] = withdrawn;
        liabilitiesOf[log.emitter][token] -= amount;
    }

    function _hour(uint40 closesAt) private pure returns (uint256) {
        return closesAt % 3600 == 0 ? closesAt / 3600 : closesAt / 3600 + 1;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
