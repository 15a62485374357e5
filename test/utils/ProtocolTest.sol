// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Escrow} from "../../contracts/Escrow.sol";
import {Multisig} from "../../contracts/Multisig.sol";
import {MultisigFactory} from "../../contracts/MultisigFactory.sol";
import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TestBase} from "./TestBase.sol";

/// @title ProtocolTest
/// @notice Deploys what is deployed, from the build's own bytecode: what is tested is what was built, and the compiler need
/// not put all of it into every test contract again.
abstract contract ProtocolTest is TestBase {
    function deployVerifier() internal returns (ReceiptVerifier) {
        return ReceiptVerifier(_deploy("ReceiptVerifier.sol:ReceiptVerifier", ""));
    }

    function deployImplementation(ReceiptVerifier verifier) internal returns (RefundWindow) {
        return RefundWindow(_deploy("RefundWindow.sol:RefundWindow", abi.encode(verifier)));
    }

    function deployEscrowImplementation(ReceiptVerifier verifier) internal returns (Escrow) {
        return Escrow(_deploy("Escrow.sol:Escrow", abi.encode(verifier)));
    }

    function deployPlanImplementation(ReceiptVerifier verifier) internal returns (SubscriptionPlan) {
        return SubscriptionPlan(_deploy("SubscriptionPlan.sol:SubscriptionPlan", abi.encode(verifier)));
    }

    function deployFactory(IVault implementation) internal returns (VaultFactory) {
        return VaultFactory(_deploy("VaultFactory.sol:VaultFactory", abi.encode(implementation)));
    }

    function deployMultisigImplementation() internal returns (Multisig) {
        return Multisig(payable(_deploy("Multisig.sol:Multisig", "")));
    }

    function deployMultisigFactory(Multisig implementation) internal returns (MultisigFactory) {
        return MultisigFactory(_deploy("MultisigFactory.sol:MultisigFactory", abi.encode(implementation)));
    }

    function _deploy(string memory artifact, bytes memory constructorArguments) private returns (address deployed) {
        bytes memory initCode = bytes.concat(vm.getCode(artifact), constructorArguments);
        assembly ("memory-safe") {
            deployed := create(0, add(initCode, 0x20), mload(initCode))
        }
        assertNotEq(deployed, address(0), artifact);
    }
}
