// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";

/// @title EventReplay
/// @notice What somebody knows who has read every event of the vaults with the time of its block, and nothing else.
contract EventReplay {
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

    struct Announcement {
        uint256 amount;
        uint256 claims;
        uint40 announcedAt;
        uint40 endsAt;
        uint256 provable;
    }

    struct Claim {
        address token;
        uint256 amount;
    }

    mapping(address vault => mapping(bytes32 id => Payment)) private _payments;
    mapping(address vault => mapping(bytes32 id => uint40)) private _transferredAt;
    mapping(address vault => mapping(bytes32 id => mapping(uint256 number => Claim))) private _claims;
    mapping(address vault => mapping(address token => mapping(uint256 number => Announcement))) public announcementOf;
    mapping(address vault => mapping(address token => uint256)) public announcementsOf;
    mapping(address vault => mapping(address token => uint256)) public asideOf;
    mapping(address vault => mapping(address token => mapping(uint256 hour => uint256))) public maturingIn;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public creditOf;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public withdrawnOf;
    mapping(address vault => mapping(address token => uint256)) public liabilitiesOf;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == IRefundWindow.Paid.selector) _paid(logs[i]);
            else if (topic == IRefundWindow.Refunded.selector) _refunded(logs[i]);
            else if (topic == IRefundWindow.Disputed.selector) _disputed(logs[i]);
            else if (topic == IRefundWindow.DisputeSettled.selector) _disputeSettled(logs[i]);
            else if (topic == IRefundWindow.Claimed.selector) _claimed(logs[i]);
            else if (topic == IVault.Credited.selector) _credited(logs[i]);
            else if (topic == IVault.Withdrawn.selector) _withdrawn(logs[i]);
            else if (topic == ISurplus.Recorded.selector) _recorded(logs[i]);
            else if (topic == ISurplus.AssignmentAnnounced.selector) _announced(logs[i]);
            else if (topic == ISurplus.Frozen.selector) _frozen(logs[i]);
            else if (topic == ISurplus.Assigned.selector) _assigned(logs[i]);
            else if (topic == ISurplus.Released.selector) _released(logs[i]);
        }
    }

    function paymentOf(address vault, bytes32 id) external view returns (Payment memory) {
        return _payments[vault][id];
    }

    function claimOf(address vault, bytes32 id, uint256 number) external view returns (uint256) {
        return _claims[vault][id][number].amount;
    }

    /* PAYMENTS */

    function _paid(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        payment.payer = _address(log.topics[2]);
        (payment.token, payment.nonce, payment.paid, payment.closesAt) = abi.decode(
            log.data,
            (address, bytes32, uint256, uint40)
        );

        maturingIn[log.emitter][payment.token][_hour(payment.closesAt)] += payment.paid;
        liabilitiesOf[log.emitter][payment.token] += payment.paid;
        if (_transferredAt[log.emitter][log.topics[1]] != 0) _takeBack(log.emitter, log.topics[1], payment);
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

    /* CREDITS */

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

    /* SURPLUS */

    function _recorded(Vm.Log calldata log) private {
        _transferredAt[log.emitter][log.topics[1]] = abi.decode(log.data, (uint40));
    }

    /// @dev What a proof takes out of the announcement that is running.
    function _takeBack(address vault, bytes32 id, Payment storage payment) private {
        uint256 number = announcementsOf[vault][payment.token];
        Announcement storage newest = announcementOf[vault][payment.token][number];
        if (block.timestamp >= newest.endsAt) return;

        newest.claims -= _claims[vault][id][number].amount;
        delete _claims[vault][id][number];
        if (_transferredAt[vault][id] > newest.announcedAt) return;

        newest.provable = payment.paid < newest.provable ? newest.provable - payment.paid : 0;
        if (newest.amount <= newest.provable) return;
        asideOf[vault][payment.token] -= newest.amount - newest.provable;
        newest.amount = newest.provable;
    }

    function _announced(Vm.Log calldata log) private {
        (address token, uint256 number) = (_address(log.topics[1]), uint256(log.topics[2]));
        (uint256 amount, uint256 surplus, uint40 endsAt) = abi.decode(log.data, (uint256, uint256, uint40));
        announcementOf[log.emitter][token][number] = Announcement(amount, 0, uint40(block.timestamp), endsAt, surplus);
        announcementsOf[log.emitter][token] = number;
        asideOf[log.emitter][token] += amount;
    }

    function _frozen(Vm.Log calldata log) private {
        (uint256 number, address token, , uint256 amount) = abi.decode(log.data, (uint256, address, bytes32, uint256));
        uint256 before = _claims[log.emitter][log.topics[1]][number].amount;
        _claims[log.emitter][log.topics[1]][number] = Claim(token, amount);
        announcementOf[log.emitter][token][number].claims += amount - before;
    }

    function _assigned(Vm.Log calldata log) private {
        (address token, uint256 number) = (_address(log.topics[1]), uint256(log.topics[2]));
        (, uint256 amount) = abi.decode(log.data, (address, uint256));
        announcementOf[log.emitter][token][number].amount -= amount;
        asideOf[log.emitter][token] -= amount;
    }

    function _released(Vm.Log calldata log) private {
        (uint256 number, , uint256 amount) = abi.decode(log.data, (uint256, address, uint256));
        Claim storage claim = _claims[log.emitter][log.topics[1]][number];
        announcementOf[log.emitter][claim.token][number].amount -= amount;
        announcementOf[log.emitter][claim.token][number].claims -= claim.amount;
        asideOf[log.emitter][claim.token] -= amount;
        claim.amount = 0;
    }

    function _hour(uint40 closesAt) private pure returns (uint256) {
        return closesAt % 3600 == 0 ? closesAt / 3600 : closesAt / 3600 + 1;
    }

    function _address(bytes32 topic) private pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
