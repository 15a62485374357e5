// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ConfigLib} from "../../../contracts/libraries/ConfigLib.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigEncodeConfigTest is MultisigUnitTest {
    uint256 private constant BEYOND_A_BYTE = 256;

    function test_PacksTheExample() external view {
        MultisigConfig memory config;
        config.fullWeight = 3;
        config.signers = new Signer[](2);
        config.signers[0] = Signer({account: address(0xa1), weight: 1, isHuman: false, isContract: true});
        config.signers[1] = Signer({account: address(0xa2), weight: 2, isHuman: true, isContract: false});
        config.payees = new address[](1);
        config.payees[0] = address(0xb1);
        config.tokens = new TokenRules[](1);
        config.tokens[0].token = address(0xc1);
        config.tokens[0].reserve = 5;
        config.tokens[0].refillPerDay = 6;
        config.tokens[0].refillTarget = 7;
        config.tokens[0].tiers = new Tier[](1);
        config.tokens[0].tiers[0] = Tier({maxValue: 8, weight: 1});

        assertEq(
            implementation.encodeConfig(config),
            bytes.concat(
                hex"01_03_02_01_01",
                hex"02_01_00000000000000000000000000000000000000a1",
                hex"01_02_00000000000000000000000000000000000000a2",
                hex"00000000000000000000000000000000000000b1",
                hex"00000000000000000000000000000000000000c1",
                hex"000000000000000000000005_000000000000000000000006_000000000000000000000007_01",
                hex"000000000000000000000008_01"
            )
        );
    }

    function testFuzz_PacksRulesOfAnyShape(uint256 seed) external view {
        MultisigConfig memory config = randomConfig(seed);

        assertEq(implementation.encodeConfig(config), packedOf(config));
    }

    function test_PacksTheLargestRules() external view {
        MultisigConfig memory config;
        config.fullWeight = type(uint8).max;
        config.signers = new Signer[](MAX_SIGNERS);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            config.signers[i].account = address(uint160(type(uint160).max - MAX_SIGNERS + 1 + i));
            config.signers[i].weight = type(uint8).max;
            (config.signers[i].isHuman, config.signers[i].isContract) = (true, true);
        }
        config.payees = new address[](MAX_PAYEES);
        for (uint256 i = 0; i < MAX_PAYEES; ++i) {
            config.payees[i] = address(uint160(type(uint160).max - MAX_PAYEES + 1 + i));
        }
        config.tokens = new TokenRules[](MAX_TOKENS);
        for (uint256 i = 0; i < MAX_TOKENS; ++i) {
            config.tokens[i] = _largestRules(address(uint160(type(uint160).max - MAX_TOKENS + 1 + i)));
        }

        assertEq(implementation.encodeConfig(config), packedOf(config));
    }

    function _largestRules(address token_) private pure returns (TokenRules memory rules) {
        rules.token = token_;
        rules.reserve = type(uint96).max;
        rules.refillPerDay = type(uint96).max;
        rules.refillTarget = type(uint96).max;
        rules.tiers = new Tier[](MAX_TIERS);
        for (uint256 i = 0; i < MAX_TIERS; ++i) {
            rules.tiers[i].maxValue = uint96(type(uint96).max - MAX_TIERS + 1 + i);
            rules.tiers[i].weight = type(uint8).max;
        }
    }

    function test_RevertWhen_RulesAreWrong() external {
        WrongConfig[] memory wrong = allWrongConfigs();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            implementation.encodeConfig(wrong[i].config);
        }
    }

    function test_RevertWhen_PayeesAreAsManyAsAByteTells() external {
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](BEYOND_A_BYTE - 1);

        vm.expectRevert(abi.encodeWithSelector(ConfigLib.ConfigPayeeWrong.selector, BEYOND_A_BYTE - 1));
        implementation.encodeConfig(config);
    }

    function test_RevertWhen_SignersAreMoreThanAByteTells() external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](BEYOND_A_BYTE);

        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        implementation.encodeConfig(config);
    }

    function test_RevertWhen_PayeesAreMoreThanAByteTells() external {
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](BEYOND_A_BYTE);

        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        implementation.encodeConfig(config);
    }

    function test_RevertWhen_TokensAreMoreThanAByteTells() external {
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](BEYOND_A_BYTE);

        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        implementation.encodeConfig(config);
    }

    function test_RevertWhen_TiersAreMoreThanAByteTells() external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].tiers = new Tier[](BEYOND_A_BYTE);

        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        implementation.encodeConfig(config);
    }
}
