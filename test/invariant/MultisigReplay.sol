// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Vm} from "forge-std/Vm.sol";

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {IMultisigFactory} from "../../contracts/interfaces/IMultisigFactory.sol";
import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {ConfigLib} from "../../contracts/libraries/ConfigLib.sol";

/// @title MultisigReplay
/// @notice What somebody knows of an account who has read every event of it and its factory, and the token's balance.
contract MultisigReplay {
    using ConfigLib for bytes;

    struct Reserve {
        uint256 amount;
        uint256 refilledAt;
    }

    address public account;
    bytes public config;
    uint256 public epoch;
    uint256 public nonce;
    mapping(bytes32 approval => bool) public isRevoked;
    mapping(address token => Reserve) private _reserves;

    function read(Vm.Log[] calldata logs) external {
        for (uint256 i = 0; i < logs.length; ++i) {
            bytes32 topic = logs[i].topics[0];
            if (topic == IMultisigFactory.MultisigDeployed.selector) _deployed(logs[i]);
            if (logs[i].emitter != account) continue;
            if (topic == ISignerSet.Reconfigured.selector) _reconfigured(logs[i]);
            else if (topic == IMultisig.Executed.selector) _executed(logs[i]);
            else if (topic == IMultisig.ApprovalRevoked.selector) isRevoked[logs[i].topics[1]] = true;
            else if (topic == IReserves.Funded.selector) _funded(logs[i]);
            else if (topic == IReserves.Refilled.selector) _refilled(logs[i]);
            else if (topic == IReserves.ReserveSet.selector)
                _reserveOf(logs[i]).amount = abi.decode(logs[i].data, (uint256));
        }
    }

    function reserveOf(address token) external view returns (uint256) {
        return _reserves[token].amount;
    }

    /// @notice What agents could spend after a refill now, by the rules that the events told.
    function spendableAfterRefill(address token, uint256 balance) external view returns (uint256) {
        Reserve memory reserve = _reserves[token];
        (, uint256 offset) = config.find(token);
        (uint256 perDay, uint256 target) = config.refillOf(offset);
        uint256 spendable = Math.saturatingSub(balance, reserve.amount);
        uint256 missing = spendable >= target ? 0 : Math.min(target + reserve.amount - balance, reserve.amount);
        uint256 earned = (perDay * Math.min(block.timestamp - reserve.refilledAt, 1 days)) / 1 days;
        return Math.saturatingSub(balance + Math.min(missing, earned), reserve.amount);
    }

    /* RULES */

    function _deployed(Vm.Log calldata log) private {
        account = address(uint160(uint256(log.topics[1])));
        (config, ) = abi.decode(log.data, (bytes, bytes32));
        for (uint256 i = 0; i < config.tokenCountOf(); ++i) {
            uint256 offset = config.tokenAt(i);
            _reserves[config.tokenOf(offset)].amount = config.reserveOf(offset);
        }
    }

    /// @dev A reserve that the new rules name as those of before is what it had become.
    function _reconfigured(Vm.Log calldata log) private {
        bytes memory old = config;
        config = abi.decode(log.data, (bytes));
        epoch = uint256(log.topics[1]);
        for (uint256 i = 0; i < config.tokenCountOf(); ++i) {
            uint256 offset = config.tokenAt(i);
            address token = config.tokenOf(offset);
            (bool wasNamed, uint256 oldOffset) = old.find(token);
            if (wasNamed && old.reserveOf(oldOffset) == config.reserveOf(offset)) continue;
            _reserves[token].amount = config.reserveOf(offset);
        }
    }

    /// @dev Each number comes once, in order.
    function _executed(Vm.Log calldata log) private {
        nonce = uint256(log.topics[1]) == nonce ? nonce + 1 : type(uint256).max;
    }

    /* RESERVES */

    /// @dev What was added is told too, so that it cannot be wrong behind a right total.
    function _funded(Vm.Log calldata log) private {
        (uint256 amount, uint256 reserve) = abi.decode(log.data, (uint256, uint256));
        Reserve storage known = _reserveOf(log);
        known.amount = known.amount + amount == reserve ? reserve : type(uint256).max;
    }

    function _refilled(Vm.Log calldata log) private {
        (uint256 amount, uint256 reserve, uint256 refilledAt) = abi.decode(log.data, (uint256, uint256, uint256));
        Reserve storage known = _reserveOf(log);
        known.amount = known.amount == reserve + amount ? reserve : type(uint256).max;
        known.refilledAt = refilledAt;
    }

    function _reserveOf(Vm.Log calldata log) private view returns (Reserve storage) {
        return _reserves[address(uint160(uint256(log.topics[1])))];
    }
}
