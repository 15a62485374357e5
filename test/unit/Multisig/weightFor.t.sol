// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../../contracts/interfaces/IMultisig.sol";
import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {MultisigConfig, Tier, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigWeightForTest is MultisigUnitTest {
    function testFuzz_RevertWhen_ThisIsNoAccount(uint256 value) external {
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.weightFor(address(token), shop, value);
    }

    function testFuzz_RevertWhen_TokenHasNoRules(address other, uint256 value) external {
        vm.assume(other != address(token));

        vm.expectRevert(abi.encodeWithSelector(IReserves.TokenWithoutRules.selector, other));
        account.weightFor(other, shop, value);
    }

    function testFuzz_RevertWhen_PayeeIsNotListed(address payee, uint256 value) external {
        vm.assume(payee != shop);
        _usePayee(shop);

        vm.expectRevert(abi.encodeWithSelector(IMultisig.PayeeNotListed.selector, payee));
        account.weightFor(address(token), payee, value);
    }

    function testFuzz_IsThatOfTheLowestTier(uint256 seed, uint256 value) external {
        MultisigConfig memory config = randomConfig(seed);
        config.payees = new address[](0);
        config.tokens = new TokenRules[](1);
        config.tokens[0] = defaultRules(address(token));
        config.fullWeight = uint8(_total(config));
        Tier[] memory tiers = new Tier[](MAX_TIERS);
        for (uint256 i = 0; i < MAX_TIERS; ++i) {
            tiers[i] = Tier({maxValue: uint96(1_000 * (i + 1)), weight: 1 + uint8((i * (config.fullWeight - 1)) / 8)});
        }
        config.tokens[0].tiers = tiers;
        account = deployAccount(config, 0);

        value = bound(value, 0, 1_000 * MAX_TIERS);
        uint256 index = value == 0 ? 0 : (value - 1) / 1_000;
        assertEq(account.weightFor(address(token), shop, value), tiers[index].weight, "within");
        assertEq(account.weightFor(address(token), shop, tiers[index].maxValue), tiers[index].weight, "at its end");
    }

    function testFuzz_IsFullWeightAboveTheLastTier(uint256 value) external view {
        assertEq(account.weightFor(address(token), shop, LARGE), AGENT_WEIGHT + HUMAN_WEIGHT, "last value");
        assertEq(account.weightFor(address(token), shop, LARGE + 1), FULL_WEIGHT, "one more");
        value = bound(value, LARGE + 1, type(uint256).max);
        assertEq(account.weightFor(address(token), shop, value), FULL_WEIGHT, "any more");
    }

    function testFuzz_IsFullWeightWithoutTiers(uint256 value) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].tiers = new Tier[](0);
        account = deployAccount(config, 0);

        assertEq(account.weightFor(address(token), shop, value), FULL_WEIGHT);
    }

    function testFuzz_IsTheTokensOwn(uint256 index) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](MAX_TOKENS);
        for (uint256 i = 0; i < MAX_TOKENS; ++i) {
            config.tokens[i] = defaultRules(risingAddress(0, i));
            config.tokens[i].tiers = new Tier[](i + 1);
            for (uint256 j = 0; j <= i; ++j) {
                config.tokens[i].tiers[j] = Tier({maxValue: uint96(j + 1), weight: 1});
            }
        }
        account = deployAccount(config, 0);

        index = bound(index, 0, MAX_TOKENS - 1);
        assertEq(account.weightFor(risingAddress(0, index), shop, index + 1), 1, "its last tier");
        assertEq(account.weightFor(risingAddress(0, index), shop, index + 2), FULL_WEIGHT, "above");
    }

    function testFuzz_AnswersForAPayeeOfTheList(address payee, uint256 value) external {
        vm.assume(payee != address(0));
        _usePayee(payee);

        assertEq(account.weightFor(address(token), payee, bound(value, 0, SMALL)), AGENT_WEIGHT);
    }

    function _usePayee(address payee) private {
        MultisigConfig memory config = defaultConfig();
        config.payees = new address[](1);
        config.payees[0] = payee;
        account = deployAccount(config, 0);
    }

    function _total(MultisigConfig memory config) private pure returns (uint256 total) {
        for (uint256 i = 0; i < config.signers.length; ++i) {
            total += config.signers[i].weight;
        }
    }
}
