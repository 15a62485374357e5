// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IVaultFactory} from "../../../contracts/interfaces/IVaultFactory.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {VaultFactoryTest} from "../../utils/VaultFactoryTest.sol";

contract VaultFactoryDeployTest is VaultFactoryTest {
    function test_RevertWhen_TermsAreWrong() external {
        WrongTerms[] memory wrong = allWrongTerms();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            factory.deploy(wrong[i].encoded);
        }
    }

    function testFuzz_DeploysAtAddressOf(bytes32 salt) external {
        vm.assume(salt != 0);
        bytes memory terms = abi.encode(termsWithSalt(salt));
        address expected = factory.addressOf(terms);
        assertEq(expected.code.length, 0, "not there yet");

        assertEq(factory.deploy(terms), expected, "returned");
        assertNotEq(expected.code.length, 0, "code");
    }

    function test_EmitsVaultDeployed() external {
        address expected = factory.addressOf(newTerms());

        vm.expectEmit(address(factory));
        emit IVaultFactory.VaultDeployed(expected, newTerms());
        factory.deploy(newTerms());
    }

    function testFuzz_DoesNotDependOnTheCaller(address caller) external {
        address expected = factory.addressOf(newTerms());

        vm.prank(caller);
        assertEq(factory.deploy(newTerms()), expected);
    }

    function test_ReturnsTheAddressOfAnExistingVault() external {
        assertEq(factory.deploy(abi.encode(defaultTerms())), address(vault));
    }

    function test_LeavesPaymentsAlone() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        factory.deploy(abi.encode(defaultTerms()));

        assertEq(vault.paymentOf(ref).held, PRICE);
    }

    function test_EmitsNothingWhenTheVaultExists() external {
        vm.recordLogs();
        factory.deploy(abi.encode(defaultTerms()));

        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_KeepsTokensThatWereSentBefore(uint256 amount) external {
        amount = bound(amount, 0, 1e30);
        token.mint(factory.addressOf(newTerms()), amount);

        IVault deployed = IVault(factory.deploy(newTerms()));

        assertEq(deployed.surplusOf(address(token)), amount, "surplus");
        assertEq(deployed.liabilitiesOf(address(token)), 0, "liabilities");
    }
}
