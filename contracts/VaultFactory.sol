// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IVault} from "./interfaces/IVault.sol";
import {IVaultFactory} from "./interfaces/IVaultFactory.sol";
import {Authorization, PaymentId} from "./types/Payment.sol";

/// @title VaultFactory
/// @notice Deploys vaults of one kind at addresses that are functions of their terms.
/// @dev PROMISES
/// - One set of terms has one address, on every chain on which this factory has the same address.
/// - Terms that the kind does not allow have no address.
/// - Nobody can deploy anything else there, and deploying twice is harmless.
///
/// NOT CHECKED
/// - That the implementation is one of ours. Who trusts a factory trusts its implementation.
contract VaultFactory is IVaultFactory {
    /// @inheritdoc IVaultFactory
    address public immutable implementation;

    /// @dev Everything that makes one vault differ from another is in its terms.
    bytes32 private constant CREATE2_SALT = 0;

    constructor(address implementation_) {
        if (implementation_.code.length == 0) revert ImplementationHasNoCode(implementation_);
        implementation = implementation_;
    }

    /// @inheritdoc IVaultFactory
    function addressOf(bytes calldata terms) public view returns (address vault) {
        IVault(implementation).checkTerms(terms);

        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, terms, CREATE2_SALT);
    }

    /// @inheritdoc IVaultFactory
    function deploy(bytes calldata terms) public returns (address vault) {
        vault = addressOf(terms);
        if (vault.code.length != 0) return vault;

        Clones.cloneDeterministicWithImmutableArgs(implementation, terms, CREATE2_SALT);

        emit VaultDeployed(vault, terms);
    }

    /// @inheritdoc IVaultFactory
    function deployAndPay(
        bytes calldata terms,
        Authorization calldata authorization
    ) external returns (address vault, PaymentId id) {
        vault = deploy(terms);
        id = IVault(vault).pay(authorization);
    }
}
