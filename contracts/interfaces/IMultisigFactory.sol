// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @title IMultisigFactory
/// @notice Makes accounts. An account's address is a function of its first rules and a salt, the same on every chain.
interface IMultisigFactory {
    /// @notice The factory was constructed with an implementation that has no code.
    /// @dev Deploy the implementation first.
    error ImplementationHasNoCode(address implementation);

    /// @notice An account was deployed.
    /// @param account Its address.
    /// @param config Its first rules, packed.
    /// @param salt What makes accounts of equal rules different.
    event MultisigDeployed(address indexed account, bytes config, bytes32 salt);

    /// @notice The code behind all accounts of this factory.
    /// @return The address of the implementation.
    function implementation() external view returns (address);

    /// @notice The address of the account with these first rules, deployed or not. The account's own errors tell what is wrong
    /// with rules.
    /// @param config The rules, as the implementation's `encodeConfig` packs them.
    /// @param salt Free; name the chain in it where the same rules shall not hold on others.
    /// @return account The address.
    function addressOf(bytes calldata config, bytes32 salt) external view returns (address account);

    /// @notice Deploys the account with these first rules unless it exists.
    /// @param config The rules, packed.
    /// @param salt As for `addressOf`.
    /// @return account Its address.
    function deploy(bytes calldata config, bytes32 salt) external returns (address account);
}
