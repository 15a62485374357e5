// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId} from "../types/Payment.sol";

/// @title IVaultFactory
/// @notice Makes vaults of one kind. A vault's address is a function of its terms, so paying the address accepts the terms.
interface IVaultFactory {
    /// @notice The factory was constructed with an implementation that has no code.
    /// @dev Deploy the implementation first.
    error ImplementationHasNoCode(address implementation);

    /// @notice A vault was deployed.
    /// @param vault Its address.
    /// @param terms Its terms, ABI-encoded.
    event VaultDeployed(address indexed vault, bytes terms);

    /// @notice The code behind all vaults of this factory.
    /// @return The address of the implementation.
    function implementation() external view returns (address);

    /// @notice The address of the vault with these terms, deployed or not. The vault's own errors tell what is wrong with terms.
    /// @param terms The ABI-encoded terms, as the implementation's `encodeTerms` returns them.
    /// @return vault The address.
    function addressOf(bytes calldata terms) external view returns (address vault);

    /// @notice Deploys the vault with these terms unless it exists.
    /// @param terms The ABI-encoded terms.
    /// @return vault Its address.
    function deploy(bytes calldata terms) external returns (address vault);

    /// @notice Deploys the vault with these terms unless it exists, and pays into it.
    /// @param terms The ABI-encoded terms.
    /// @param authorization What the payer signed for the vault's address.
    /// @return vault Its address.
    /// @return id The payment.
    function deployAndPay(
        bytes calldata terms,
        Authorization calldata authorization
    ) external returns (address vault, PaymentId id);
}
