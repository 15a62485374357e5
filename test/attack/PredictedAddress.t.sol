// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {Authorization} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the address that was agreed on is deployed by us, through our factory, from clean terms.
contract PredictedAddressTest is AttackTest {
    function test_DeployedBySomebodyElseItIsTheSameVault() external {
        bytes memory encoded = _otherTerms();
        address predicted = factory.addressOf(encoded);
        vm.prank(stranger.addr);
        factory.deploy(encoded);
        assertEq(factory.deploy(encoded), predicted, "address");
        assertEq(RefundWindow(predicted).terms().receiver, receiver.addr, "receiver");
    }

    function test_DeployAndPayAfterSomebodyElseDeployed() external {
        bytes memory encoded = _otherTerms();
        address predicted = factory.addressOf(encoded);
        Authorization memory signed = authorize(payer, predicted, PRICE, "nonce");
        vm.prank(stranger.addr);
        factory.deploy(encoded);
        factory.deployAndPay(encoded, signed);
        assertEq(RefundWindow(predicted).liabilitiesOf(address(token)), PRICE);
    }

    function test_MoneySentBeforeDeploymentIsSurplus() external {
        bytes memory encoded = _otherTerms();
        token.mint(factory.addressOf(encoded), PRICE);
        RefundWindow deployed = RefundWindow(factory.deploy(encoded));
        assertEq(deployed.surplusOf(address(token)), PRICE);
    }

    function test_AnotherFactoryHasOtherAddresses() external {
        VaultFactory other = deployFactory(implementation);
        assertNotEq(other.addressOf(_otherTerms()), factory.addressOf(_otherTerms()));
    }

    function test_AnotherDeployerOfTheSameCloneHasAnotherAddress() external {
        bytes memory encoded = _otherTerms();
        address clone = Clones.cloneDeterministicWithImmutableArgs(address(implementation), encoded, 0);
        assertNotEq(clone, factory.addressOf(encoded));
    }

    /// @dev One promise, one address: bits that no field uses must be zero.
    function test_RevertWhen_TheTermsHaveDirtyBits() external {
        for (uint256 i = 0; i < 10; ++i) {
            if (i == 4) continue; // the salt has no unused bits
            bytes memory encoded = _otherTerms();
            encoded[i * 32] = 0x01;
            (bool success, ) = address(factory).call(abi.encodeCall(factory.deploy, (encoded)));
            assertFalse(success);
        }
    }

    function _otherTerms() private view returns (bytes memory) {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        return implementation.encodeTerms(terms);
    }
}
