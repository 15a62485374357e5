// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IMultisigFactory} from "./interfaces/IMultisigFactory.sol";
import {ISignerSet} from "./interfaces/ISignerSet.sol";

/// @title MultisigFactory
/// @notice Deploys accounts at addresses that are functions of their first rules.
/// @dev PROMISES
/// - One set of rules and one salt have one address, on every chain on which this factory has the same address.
/// - Rules that no account can have, have no address.
/// - Nobody can deploy anything else there, and deploying twice is harmless.
///
/// NOT CHECKED
/// - That the implementation is ours. Who trusts a factory trusts its implementation.
contract MultisigFactory is IMultisigFactory {
    /// @inheritdoc IMultisigFactory
    address public immutable implementation;

    constructor(address implementation_) {
        if (implementation_.code.length == 0) revert ImplementationHasNoCode(implementation_);
        implementation = implementation_;
    }

    /// @inheritdoc IMultisigFactory
    function addressOf(bytes calldata config, bytes32 salt) public view returns (address account) {
        ISignerSet(implementation).checkConfig(config);

        return Clones.predictDeterministicAddressWithImmutableArgs(implementation, config, salt);
    }

    /// @inheritdoc IMultisigFactory
    function deploy(bytes calldata config, bytes32 salt) external returns (address account) {
        account = addressOf(config, salt);
        if (account.code.length != 0) return account;

        Clones.cloneDeterministicWithImmutableArgs(implementation, config, salt);

        emit MultisigDeployed(account, config, salt);
    }
}
