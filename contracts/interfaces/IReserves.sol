// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization} from "../types/Payment.sol";
import {Spendable} from "../types/Spendable.sol";

/// @title IReserves
/// @notice What of an account's money its agents cannot touch alone, how it is filled, and how fast it becomes spendable.
interface IReserves {
    /// @notice The account has no rules for the token.
    /// @dev Let the account give itself rules that name it, by `reconfigure`, or move it by `execute`.
    error TokenWithoutRules(address token);

    /// @notice A refill would change nothing: the target is spendable, the reserve is empty, or the day's part is used.
    /// @dev `spendableOf` tells what a refill brings.
    error NothingToRefill(address token);

    /// @notice Money came in, and the reserve rose by as much.
    /// @param token The ERC-20 token.
    /// @param from Who paid it.
    /// @param amount In the token's smallest unit.
    /// @param reserve What the reserve is now.
    event Funded(address indexed token, address indexed from, uint256 amount, uint256 reserve);

    /// @notice A part of the reserve became spendable without a human.
    /// @param token The ERC-20 token.
    /// @param amount In the token's smallest unit.
    /// @param reserve What the reserve is now.
    /// @param refilledAt Unix second until which the time is used.
    event Refilled(address indexed token, uint256 amount, uint256 reserve, uint256 refilledAt);

    /// @notice The account set its reserve.
    /// @param token The ERC-20 token.
    /// @param reserve What it is now, in the token's smallest unit.
    event ReserveSet(address indexed token, uint256 reserve);

    /// @notice Pulls money of the caller into the account, out of the caller's allowance, and raises the reserve by as much.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts TokenBalanceUnreadable when the address is no token.
    /// @custom:reverts ReceivedOtherAmount when the token moved another amount.
    /// @custom:reverts SafeCastOverflowedUintDowncast when the reserve is beyond all bounds.
    /// @param token The ERC-20 token.
    /// @param amount In the token's smallest unit.
    function fund(address token, uint256 amount) external;

    /// @notice As `fund`, of money that its owner authorized for this account.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts TokenBalanceUnreadable when the address is no token.
    /// @custom:reverts TokenRefusedAuthorization when the token did.
    /// @custom:reverts ReceivedOtherAmount when the token moved another amount.
    /// @custom:reverts SafeCastOverflowedUintDowncast when the reserve is beyond all bounds.
    /// @param authorization What the owner signed: an EIP-3009 `ReceiveWithAuthorization`, which nobody else can present.
    function fundWithAuthorization(Authorization calldata authorization) external;

    /// @notice Lowers the reserve until the target is spendable, as far as the rate allows. Anyone may call it. Where the balance is
    /// below the reserve that takes several, and down to a reserve of zero where all of the balance is no more than the target.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts TokenBalanceUnreadable when the address is no token.
    /// @custom:reverts NothingToRefill when that is nothing.
    /// @param token The ERC-20 token.
    /// @return amount By how much, in the token's smallest unit.
    function refill(address token) external returns (uint256 amount);

    /// @notice Sets the reserve.
    /// @custom:reverts NotSelf when the account does not call itself.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts SafeCastOverflowedUintDowncast when the reserve is beyond all bounds.
    /// @param token The ERC-20 token.
    /// @param amount In the token's smallest unit.
    function setReserve(address token, uint256 amount) external;

    /// @notice What the agents can spend without a human, and what it grows to.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts TokenBalanceUnreadable when the address is no token.
    /// @param token The ERC-20 token.
    /// @return spendable The amounts.
    function spendableOf(address token) external view returns (Spendable memory spendable);
}
