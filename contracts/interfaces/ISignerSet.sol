// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MultisigConfig} from "../types/MultisigConfig.sol";

/// @title ISignerSet
/// @notice The rules of an account: who signs, how much each weighs, and what a payment needs.
interface ISignerSet {
    /// @notice Somebody else than the account tried to change the account.
    /// @dev Let the account call itself, by `execute`.
    error NotSelf(address caller);

    /// @notice The implementation behind the accounts was called itself.
    /// @dev Call an account that the factory made.
    error NotAnAccount();

    /// @notice The account would be a signer of its own.
    /// @dev Take it off the list.
    error SignerIsAccount();

    /// @notice The rules of the account changed, and all earlier approvals ended.
    /// @param epoch Of the new rules.
    /// @param config The new rules, packed.
    event Reconfigured(uint256 indexed epoch, bytes config);

    /// @notice The packed form of an account's rules, from which its address follows.
    /// @custom:reverts ConfigMalformed when a list is longer than the format can tell.
    /// @custom:reverts ConfigSignersOutOfBounds when there are no signers, or more than 16.
    /// @custom:reverts ConfigSignerWrong when signers are not sorted, or one is zero or weighs nothing.
    /// @custom:reverts ConfigFullWeightWrong when full weight cannot be reached, or agents reach it alone.
    /// @custom:reverts ConfigPayeeWrong when payees are too many or not sorted.
    /// @custom:reverts ConfigTokenWrong when tokens are too many or not sorted, or a refill has no rate or no target.
    /// @custom:reverts ConfigTierWrong when tiers are too many or do not rise.
    /// @param newConfig The rules.
    /// @return packed The bytes.
    function encodeConfig(MultisigConfig calldata newConfig) external pure returns (bytes memory packed);

    /// @notice Insists on packed rules that an account can have.
    /// @custom:reverts ConfigMalformed when they are in another format, or longer or shorter than they say.
    /// @custom:reverts ConfigSignersOutOfBounds when there are no signers, or more than 16.
    /// @custom:reverts ConfigSignerWrong when signers are not sorted, or one is zero, weighs nothing or has unknown flags.
    /// @custom:reverts ConfigFullWeightWrong when full weight cannot be reached, or agents reach it alone.
    /// @custom:reverts ConfigPayeeWrong when payees are too many or not sorted.
    /// @custom:reverts ConfigTokenWrong when tokens are too many or not sorted, or a refill has no rate or no target.
    /// @custom:reverts ConfigTierWrong when tiers are too many or do not rise.
    /// @param packed As `encodeConfig` makes them.
    function checkConfig(bytes calldata packed) external pure;

    /// @notice Gives the account new rules. The reserve of a token stays what it is, unless the new rules name another than the
    /// old ones, or the token had none: then it becomes what they say.
    /// @custom:reverts NotSelf when the account does not call itself.
    /// @custom:reverts SignerIsAccount when the account would sign for itself.
    /// @custom:reverts ConfigMalformed when they are in another format, or longer or shorter than they say.
    /// @custom:reverts ConfigSignersOutOfBounds when there are no signers, or more than 16.
    /// @custom:reverts ConfigSignerWrong when signers are not sorted, or one is zero, weighs nothing or has unknown flags.
    /// @custom:reverts ConfigFullWeightWrong when full weight cannot be reached, or agents reach it alone.
    /// @custom:reverts ConfigPayeeWrong when payees are too many or not sorted.
    /// @custom:reverts ConfigTokenWrong when tokens are too many or not sorted, or a refill has no rate or no target.
    /// @custom:reverts ConfigTierWrong when tiers are too many or do not rise.
    /// @param packed As `encodeConfig` makes them.
    function reconfigure(bytes calldata packed) external;

    /// @notice The account's rules.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @return The rules.
    function config() external view returns (MultisigConfig memory);

    /// @notice How often the account's rules have changed. It is part of all that is signed.
    /// @return The number.
    function epoch() external view returns (uint256);

    /// @notice The nonce that the next `execute` needs.
    /// @return The number.
    function nonce() external view returns (uint256);
}
