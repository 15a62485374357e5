// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId} from "../types/Payment.sol";
import {IVault} from "./IVault.sol";

/// @title IBursts
/// @notice Many payments at once.
interface IBursts is IVault {
    /// @notice An item of the batch is in another token.
    /// @dev Make one batch for each token.
    error ItemOfOtherToken(uint256 index, address itemToken, address token);

    /* PAY */

    /// @notice Takes many payments of one token. An item that cannot be paid is left out, and writes nothing: known already,
    /// of value zero or beyond all bounds, of no use to the kind of vault, refused by the token, or out of the gas that each item gets. Else as `pay`.
    /// @custom:reverts ImplementationUsedDirectly when called on the implementation.
    /// @custom:reverts ItemGasTooLow when `itemGas` is below the floor.
    /// @custom:reverts TokenBalanceUnreadable when the token is no contract or does not tell balances.
    /// @custom:reverts ItemOfOtherToken when an item is in another token.
    /// @custom:reverts GasLeftTooLow when the transaction's gas cannot cover `itemGas` for each item.
    /// @custom:reverts ReceivedOtherAmount when another amount arrived in all than the items say.
    /// @param token The ERC-20 token of all items.
    /// @param authorizations What the payers signed; the caller bounds their number.
    /// @param itemGas The most gas that the token, and a payer that is a contract, may use for one item, at least 150,000.
    /// @return ids The payment of each item; zero for those that were left out.
    function payMany(
        address token,
        Authorization[] calldata authorizations,
        uint256 itemGas
    ) external returns (PaymentId[] memory ids);
}
