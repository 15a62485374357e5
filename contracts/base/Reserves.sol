// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IReserves} from "../interfaces/IReserves.sol";
import {ConfigLib} from "../libraries/ConfigLib.sol";
import {TokenLib} from "../libraries/TokenLib.sol";
import {Authorization} from "../types/Payment.sol";
import {Spendable} from "../types/Spendable.sol";
import {SignerSet} from "./SignerSet.sol";

/// @title Reserves
/// @notice What of an account's money its agents cannot touch alone.
/// @dev PROMISES
/// - A payment that no human signed leaves at least the reserve.
/// - A reserve falls by a refill, at most `refillPerDay` in a day and one day's part ahead, or by the account's own call.
/// - What rules or a call say of a reserve holds, whatever anybody did before.
/// - What comes by `fund` raises the reserve by as much: it is not spendable sooner than refills make it.
///
/// ASSUMPTIONS
/// - Tokens with rules tell balances truthfully, and ask the account in the call that moves the money.
///
/// NOT CHECKED
/// - Money that comes otherwise, refunds included: agents can spend what is above the reserve.
abstract contract Reserves is IReserves, SignerSet {
    using ConfigLib for bytes;
    using SafeCast for uint256;

    /// @notice What agents cannot touch of one token.
    /// @param amount In the token's smallest unit.
    /// @param refilledAt Until when the time has been used for refills.
    /// @param isSet Whether it takes the place of what the rules say.
    struct Reserve {
        // slot 0 (22 of 32 bytes)
        uint128 amount; // 16
        uint40 refilledAt; // 5
        bool isSet; // 1
    }

    mapping(address token => Reserve) private _reserves;

    /* FUND */

    /// @inheritdoc IReserves
    function fund(address token, uint256 amount) external onlyClone {
        TokenLib.pullExactly(token, msg.sender, amount);

        _raise(token, msg.sender, amount);
    }

    /// @inheritdoc IReserves
    function fundWithAuthorization(Authorization calldata authorization) external onlyClone {
        TokenLib.receiveAsRecipient(authorization);

        _raise(authorization.token, authorization.payer, authorization.value);
    }

    function _raise(address token, address from, uint256 amount) private {
        (bytes memory config_, uint256 offset) = _rulesOf(token);
        uint256 reserve = _reserveOf(config_, offset, token) + amount;

        _set(token, reserve);

        emit Funded(token, from, amount, reserve);
    }

    /* REFILL */

    /// @inheritdoc IReserves
    function refill(address token) external onlyClone returns (uint256 amount) {
        (bytes memory config_, uint256 offset) = _rulesOf(token);
        uint256 refilledAt;
        (amount, refilledAt) = _refillable(config_, offset, token);
        if (amount == 0) revert NothingToRefill(token);

        uint256 reserve = _reserveOf(config_, offset, token) - amount;
        _set(token, reserve);
        _reserves[token].refilledAt = refilledAt.toUint40();

        emit Refilled(token, amount, reserve, refilledAt);
    }

    /// @return amount What a refill now takes from the reserve.
    /// @return refilledAt Until when it uses the time: a part of a day that it does not need is left for the next.
    function _refillable(
        bytes memory config_,
        uint256 offset,
        address token
    ) private view returns (uint256 amount, uint256 refilledAt) {
        (uint256 perDay, uint256 target) = config_.refillOf(offset);
        if (perDay == 0) return (0, 0);
        uint256 missing = Math.saturatingSub(
            _reserveOf(config_, offset, token),
            Math.saturatingSub(TokenLib.balanceOf(token), target)
        );
        uint256 elapsed = Math.min(block.timestamp - _reserves[token].refilledAt, 1 days);

        amount = Math.min(missing, (perDay * elapsed) / 1 days);
        refilledAt = block.timestamp - elapsed + Math.ceilDiv(amount * 1 days, perDay);
    }

    /* SET */

    /// @inheritdoc IReserves
    function setReserve(address token, uint256 amount) external onlySelf {
        _rulesOf(token);

        _set(token, amount);

        emit ReserveSet(token, amount);
    }

    function _set(address token, uint256 amount) private {
        Reserve storage reserve = _reserves[token];
        reserve.amount = amount.toUint128();
        reserve.isSet = true;
    }

    /// @dev A reserve that the new rules name anew takes the place of what funds and refills made of it. Else a stranger who funds
    /// nothing, or a token's past, would decide whether it counts.
    function _changeRules(bytes memory oldConfig, bytes memory newConfig) internal override {
        for (uint256 i = 0; i < newConfig.tokenCountOf(); ++i) {
            uint256 offset = newConfig.tokenAt(i);
            address token = newConfig.tokenOf(offset);
            (bool isFound, uint256 oldOffset) = oldConfig.find(token);
            if (isFound && oldConfig.reserveOf(oldOffset) == newConfig.reserveOf(offset)) continue;
            _reserves[token].isSet = false;
        }
    }

    /* VIEWS */

    /// @inheritdoc IReserves
    function spendableOf(address token) external view onlyClone returns (Spendable memory spendable) {
        (bytes memory config_, uint256 offset) = _rulesOf(token);
        (uint256 refillable, ) = _refillable(config_, offset, token);
        uint256 balance = TokenLib.balanceOf(token);

        spendable.reserve = _reserveOf(config_, offset, token);
        spendable.amount = Math.saturatingSub(balance, spendable.reserve);
        spendable.afterRefill = Math.saturatingSub(balance, spendable.reserve - refillable);
        (spendable.perDay, spendable.target) = config_.refillOf(offset);
    }

    /// @dev Whether the account can pay `value` without touching the reserve. It never fails.
    function _isAboveReserve(
        bytes memory config_,
        uint256 offset,
        address token,
        uint256 value
    ) internal view returns (bool) {
        (bool isKnown, uint256 balance) = TokenLib.tryBalanceOf(token);
        return isKnown && balance >= value && balance - value >= _reserveOf(config_, offset, token);
    }

    function _reserveOf(bytes memory config_, uint256 offset, address token) private view returns (uint256) {
        Reserve storage reserve = _reserves[token];
        return reserve.isSet ? reserve.amount : config_.reserveOf(offset);
    }

    function _rulesOf(address token) internal view returns (bytes memory config_, uint256 offset) {
        config_ = _config();
        bool isFound;
        (isFound, offset) = config_.find(token);
        if (!isFound) revert TokenWithoutRules(token);
    }
}
