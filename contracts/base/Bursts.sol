// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IBursts} from "../interfaces/IBursts.sol";
import {TokenLib} from "../libraries/TokenLib.sol";
import {Authorization, Method, PaymentId} from "../types/Payment.sol";
import {Vault} from "./Vault.sol";

/// @title Bursts
/// @notice How many payments enter a vault at once.
/// @dev PROMISES
/// - An item that cannot be paid leaves nothing behind, and keeps no other from being paid.
/// - An item's failure is never of the caller's making: each gets the gas that the caller said, or the call fails.
///
/// ASSUMPTIONS
/// - Those of `Vault`.
abstract contract Bursts is IBursts, Vault {
    /// @inheritdoc IBursts
    function payMany(
        address token,
        Authorization[] calldata authorizations,
        uint256 itemGas
    ) external onlyClone nonReentrant returns (PaymentId[] memory ids) {
        if (itemGas < MIN_ITEM_GAS) revert ItemGasTooLow(itemGas, MIN_ITEM_GAS);
        uint256 balanceBefore = TokenLib.balanceOf(token);
        uint40 deadline = _newDeadline();
        ids = new PaymentId[](authorizations.length);
        uint256 total = 0;

        for (uint256 i = 0; i < authorizations.length; ++i) {
            if (authorizations[i].token != token) revert ItemOfOtherToken(i, authorizations[i].token, token);
            uint256 amount = authorizations[i].value;
            PaymentId id = _take(authorizations[i], itemGas, deadline);
            if (PaymentId.unwrap(id) == 0) continue;
            ids[i] = id;
            total += amount;
        }

        uint256 balance = TokenLib.balanceOf(token);
        if (balance != balanceBefore + total)
            revert TokenLib.ReceivedOtherAmount(token, balance, balanceBefore + total);
        if (total != 0) _hold(token, total, deadline);
    }

    /// @dev One of many: an item that cannot be paid is left out, and leaves nothing behind.
    /// @return id The payment; zero when it was left out.
    function _take(Authorization calldata item, uint256 itemGas, uint40 deadline) private returns (PaymentId id) {
        (address token, address payer, bytes32 nonce) = (item.token, item.payer, item.nonce);
        PaymentId itemId = _idOf({method: Method.Eip3009, token: token, payer: payer, nonce: nonce});
        if (item.value == 0 || item.value > MAX_AMOUNT || _isKnown(itemId)) return id;

        bytes memory order = TokenLib.orderOf(item);
        // Else a caller could starve an item, and have it recorded as refused.
        _checkGasFor(itemGas);
        if (!TokenLib.tryReceive(token, order, itemGas)) return id;

        id = itemId;
        _open({id: id, token: token, payer: payer, nonce: nonce, amount: item.value, deadline: deadline});
    }
}
