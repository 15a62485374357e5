// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../../contracts/Multisig.sol";
import {IMultisigFactory} from "../../../contracts/interfaces/IMultisigFactory.sol";
import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigFactoryDeployTest is MultisigUnitTest {
    bytes32 private constant SALT = "new";

    function test_RevertWhen_RulesAreWrong() external {
        WrongConfig[] memory wrong = allWrongConfigs();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            factory.deploy(packedOf(wrong[i].config), 0);
        }
    }

    function testFuzz_DeploysAtAddressOf(uint256 seed, bytes32 salt) external {
        bytes memory packed = packedOf(randomConfig(seed));
        address expected = factory.addressOf(packed, salt);
        assertEq(expected.code.length, 0, "not there yet");

        assertEq(factory.deploy(packed, salt), expected, "returned");
        assertNotEq(expected.code.length, 0, "code");
    }

    function testFuzz_DeploysTheCodeThatAnybodyCanCompute(uint256 seed) external {
        bytes memory packed = packedOf(randomConfig(seed));

        bytes memory code = factory.deploy(packed, SALT).code;

        assertEq(
            code,
            abi.encodePacked(hex"363d3d373d3d3d363d73", implementation, hex"5af43d82803e903d91602b57fd5bf3", packed)
        );
    }

    function testFuzz_EmitsMultisigDeployed(uint256 seed, bytes32 salt) external {
        bytes memory packed = packedOf(randomConfig(seed));
        address expected = factory.addressOf(packed, salt);

        vm.expectEmit(address(factory));
        emit IMultisigFactory.MultisigDeployed(expected, packed, salt);
        factory.deploy(packed, salt);
    }

    function testFuzz_DoesNotDependOnTheCaller(address caller) external {
        bytes memory packed = packedOf(defaultConfig());
        address expected = factory.addressOf(packed, SALT);

        vm.prank(caller);
        assertEq(factory.deploy(packed, SALT), expected);
    }

    function test_BeginsWithEpochAndNonceZero() external {
        Multisig deployed = deployAccount(defaultConfig(), SALT);

        assertEq(deployed.epoch(), 0, "epoch");
        assertEq(deployed.nonce(), 0, "nonce");
    }

    function test_ReturnsTheAddressOfAnExistingAccount() external {
        assertEq(factory.deploy(packedOf(defaultConfig()), 0), address(account));
    }

    function test_LeavesTheStateAlone() external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), 1)));

        factory.deploy(packedOf(defaultConfig()), 0);

        assertEq(account.nonce(), 1, "nonce");
        assertEq(account.spendableOf(address(token)).reserve, 1, "reserve");
    }

    function test_EmitsNothingWhenTheAccountExists() external {
        bytes memory packed = packedOf(defaultConfig());

        vm.recordLogs();
        factory.deploy(packed, 0);

        assertEq(vm.getRecordedLogs().length, 0);
    }

    function testFuzz_OwnsWhatWasSentBefore(uint256 amount) external {
        amount = bound(amount, RESERVE, 1e30);
        token.mint(factory.addressOf(packedOf(defaultConfig()), SALT), amount);

        Multisig deployed = deployAccount(defaultConfig(), SALT);

        assertEq(deployed.spendableOf(address(token)).amount, amount - RESERVE);
    }
}
