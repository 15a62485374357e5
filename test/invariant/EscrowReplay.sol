// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {EventReplay} from "./EventReplay.sol";

/// @title EscrowReplay
/// @notice What the events say about payments into escrows.
contract EscrowReplay is EventReplay {
    struct Payment {
        address token;
        address payer;
        bytes32 nonce;
        uint256 paid;
        uint256 captured;
        uint256 parts;
        uint256 returned;
        uint256 refunded;
        uint256 refunds;
        uint40 captureUntil;
    }

    mapping(address vault => mapping(bytes32 id => Payment)) private _payments;
    mapping(address vault => mapping(address token => uint256)) public feesOf;

    function paymentOf(address vault, bytes32 id) external view returns (Payment memory) {
        return _payments[vault][id];
    }

    function _readOfProduct(bytes32 topic, Vm.Log calldata log) internal override returns (bool) {
        if (topic == IEscrow.Authorized.selector) _authorized(log);
        else if (topic == IEscrow.Captured.selector) _captured(log);
        else if (topic == IEscrow.Returned.selector) _returned(log);
        else if (topic == IEscrow.Refunded.selector) _refunded(log);
        else return false;
        return true;
    }

    function _authorized(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        payment.payer = _address(log.topics[2]);
        (payment.token, payment.nonce, payment.paid, payment.captureUntil) = abi.decode(
            log.data,
            (address, bytes32, uint256, uint40)
        );

        liabilitiesOf[log.emitter][payment.token] += payment.paid;
        _takeBack(log.emitter, payment.token, log.topics[1], payment.paid);
    }

    /// @dev The parts are summed up too, so that a wrong part cannot hide behind a right total.
    function _captured(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        (uint256 amount, uint256 fee, uint256 captured) = abi.decode(log.data, (uint256, uint256, uint256));
        payment.captured = captured;
        payment.parts += amount;

        feesOf[log.emitter][payment.token] += fee;
        liabilitiesOf[log.emitter][payment.token] -= amount;
    }

    function _returned(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        uint256 amount = abi.decode(log.data, (uint256));
        payment.returned += amount;

        liabilitiesOf[log.emitter][payment.token] -= amount;
    }

    function _refunded(Vm.Log calldata log) private {
        Payment storage payment = _payments[log.emitter][log.topics[1]];
        (uint256 amount, uint256 refunded) = abi.decode(log.data, (uint256, uint256));
        payment.refunded = refunded;
        payment.refunds += amount;
    }
}
