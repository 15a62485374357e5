// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";

/// @title EventReplay
/// @notice What somebody knows who has read every event of the vaults with the time of its block, and nothing else. What the
/// events of a product's payments say, its own replay knows.
abstract contract EventReplay {
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

    mapping(address vault => mapping(bytes32 id => uint40)) private _transferredAt;
    mapping(address vault => mapping(bytes32 id => mapping(uint256 number => Claim))) private _claims;
    mapping(address vault => mapping(address token => mapping(uint256 number => Announcement))) public announcementOf;
    mapping(address vault => mapping(address token => uint256)) public announcementsOf;
    mapping(address vault => mapping(address token => uint256)) public asideOf;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public creditOf;
    mapping(address vault => mapping(address token => mapping(address owner => uint256))) public withdrawnOf;
    mapping(address vault => mapping(address token => uint256)) public liabilitiesOf;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (_readOfProduct(topic, logs[i])) continue;
            if (topic == IVault.Credited.selector) _credited(logs[i]);
            else if (topic == IVault.Withdrawn.selector) _withdrawn(logs[i]);
            else if (topic == ISurplus.Recorded.selector) _recorded(logs[i]);
            else if (topic == ISurplus.AssignmentAnnounced.selector) _announced(logs[i]);
            else if (topic == ISurplus.Frozen.selector) _frozen(logs[i]);
            else if (topic == ISurplus.Assigned.selector) _assigned(logs[i]);
            else if (topic == ISurplus.Released.selector) _released(logs[i]);
        }
    }

    function claimOf(address vault, bytes32 id, uint256 number) external view returns (uint256) {
        return _claims[vault][id][number].amount;
    }

    /// @return Whether it is an event of the product's own.
    function _readOfProduct(bytes32 topic, Vm.Log calldata log) internal virtual returns (bool);

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

    /// @dev A payment that was recorded began: what its proof takes out of the announcement that is running.
    function _takeBack(address vault, address token, bytes32 id, uint256 paid) internal {
        if (_transferredAt[vault][id] == 0) return;
        uint256 number = announcementsOf[vault][token];
        Announcement storage newest = announcementOf[vault][token][number];
        if (block.timestamp >= newest.endsAt) return;

        newest.claims -= _claims[vault][id][number].amount;
        delete _claims[vault][id][number];
        if (_transferredAt[vault][id] > newest.announcedAt) return;

        newest.provable = paid < newest.provable ? newest.provable - paid : 0;
        if (newest.amount <= newest.provable) return;
        asideOf[vault][token] -= newest.amount - newest.provable;
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

    function _address(bytes32 topic) internal pure returns (address) {
        return address(uint160(uint256(topic)));
    }
}
