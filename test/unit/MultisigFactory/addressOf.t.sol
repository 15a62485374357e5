// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MultisigFactory} from "../../../contracts/MultisigFactory.sol";
import {ConfigLib} from "../../../contracts/libraries/ConfigLib.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigFactoryAddressOfTest is MultisigUnitTest {
    function test_RevertWhen_RulesAreWrong() external {
        WrongConfig[] memory wrong = allWrongConfigs();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            factory.addressOf(packedOf(wrong[i].config), 0);
        }
    }

    function test_RevertWhen_ThereAreNoBytes() external {
        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        factory.addressOf("", 0);
    }

    /// @dev As the SDK does it: an EIP-1167 proxy of the implementation, followed by the rules, by CREATE2.
    function testFuzz_IsComputableFromFactoryImplementationRulesAndSalt(uint256 seed, bytes32 salt) external view {
        bytes memory packed = packedOf(randomConfig(seed));
        bytes memory code = abi.encodePacked(
            hex"363d3d373d3d3d363d73",
            implementation,
            hex"5af43d82803e903d91602b57fd5bf3",
            packed
        );
        bytes memory initCode = abi.encodePacked(hex"61", uint16(code.length), hex"3d81600a3d39f3", code);
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", factory, salt, keccak256(initCode)));

        assertEq(factory.addressOf(packed, salt), address(uint160(uint256(hash))));
    }

    function testFuzz_IsTheSameBeforeAndAfterTheDeployment(uint256 seed, bytes32 salt) external {
        bytes memory packed = packedOf(randomConfig(seed));
        address before = factory.addressOf(packed, salt);

        factory.deploy(packed, salt);

        assertEq(factory.addressOf(packed, salt), before);
    }

    function testFuzz_IsTheSameOnEveryChain(uint64 chainId) external {
        bytes memory packed = packedOf(defaultConfig());
        address before = factory.addressOf(packed, 0);

        vm.chainId(bound(chainId, 1, type(uint64).max));

        assertEq(factory.addressOf(packed, 0), before);
    }

    function testFuzz_DiffersForAnotherSalt(bytes32 salt) external view {
        vm.assume(salt != 0);
        bytes memory packed = packedOf(defaultConfig());

        assertNotEq(factory.addressOf(packed, salt), factory.addressOf(packed, 0));
    }

    function testFuzz_DiffersForOtherRules(uint96 reserve) external view {
        vm.assume(reserve != RESERVE);
        MultisigConfig memory other = defaultConfig();
        other.tokens[0].reserve = reserve;

        assertNotEq(factory.addressOf(packedOf(other), 0), factory.addressOf(packedOf(defaultConfig()), 0));
    }

    function test_DiffersInAnotherFactory() external {
        MultisigFactory other = deployMultisigFactory(implementation);
        bytes memory packed = packedOf(defaultConfig());

        assertNotEq(other.addressOf(packed, 0), factory.addressOf(packed, 0));
    }
}
