// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {ConfigLib} from "../../../contracts/libraries/ConfigLib.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigCheckConfigTest is MultisigUnitTest {
    uint256 private constant HEAD = 5;
    uint256 private constant SIGNER_SIZE = 22;

    /* FORMAT */

    function testFuzz_RevertWhen_BytesAreLessThanAHead(uint256 length) external {
        bytes memory packed = firstOf(packedOf(defaultConfig()), bound(length, 0, HEAD - 1));

        _expectMalformed(packed);
    }

    function testFuzz_RevertWhen_VersionIsAnother(uint8 version) external {
        vm.assume(version != 1);
        bytes memory packed = packedOf(defaultConfig());
        packed[0] = bytes1(version);

        _expectMalformed(packed);
    }

    function testFuzz_RevertWhen_BytesAreCut(uint256 seed, uint256 length) external {
        _expectMalformed(truncated(packedOf(randomConfig(seed)), length));
    }

    function testFuzz_RevertWhen_BytesGoOn(uint256 seed, bytes calldata more) external {
        vm.assume(more.length != 0);

        _expectMalformed(bytes.concat(packedOf(randomConfig(seed)), more));
    }

    function _expectMalformed(bytes memory packed) private {
        vm.expectRevert(ConfigLib.ConfigMalformed.selector);
        implementation.checkConfig(packed);
    }

    /* SIGNERS */

    function test_RevertWhen_ThereAreNoSigners() external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](0);

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, 0));
    }

    function test_RevertWhen_ThereIsOneSignerTooMany() external {
        MultisigConfig memory config = defaultConfig();
        config.signers = _signers(MAX_SIGNERS + 1);

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, MAX_SIGNERS + 1));
    }

    function test_RevertWhen_BytesEndBehindTheHead() external {
        vm.expectRevert(abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, 0));
        implementation.checkConfig(hex"0101000000");
    }

    function testFuzz_RevertWhen_SignersAreTooMany(uint256 count) external {
        count = bound(count, MAX_SIGNERS + 1, type(uint8).max);
        MultisigConfig memory config = defaultConfig();
        config.signers = _signers(count);

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, count));
    }

    function testFuzz_RevertWhen_SignersAreNotSorted(uint256 index) external {
        MultisigConfig memory config = _manySigners();
        index = bound(index, 1, MAX_SIGNERS - 1);
        (config.signers[index - 1], config.signers[index]) = (config.signers[index], config.signers[index - 1]);

        _expectSignerWrong(config, index);
    }

    function testFuzz_RevertWhen_SignerStandsTwice(uint256 index) external {
        MultisigConfig memory config = _manySigners();
        index = bound(index, 1, MAX_SIGNERS - 1);
        config.signers[index].account = config.signers[index - 1].account;

        _expectSignerWrong(config, index);
    }

    function test_RevertWhen_SignerIsZero() external {
        MultisigConfig memory config = _manySigners();
        config.signers[0].account = address(0);

        _expectSignerWrong(config, 0);
    }

    function test_TakesASignerAtTheLowestAddress() external view {
        MultisigConfig memory config = _manySigners();
        config.signers[0].account = address(1);

        implementation.checkConfig(packedOf(config));
    }

    function testFuzz_RevertWhen_SignerHasNoWeight(uint256 index) external {
        MultisigConfig memory config = _manySigners();
        index = bound(index, 0, MAX_SIGNERS - 1);
        config.signers[index].weight = 0;

        _expectSignerWrong(config, index);
    }

    function testFuzz_RevertWhen_FlagDoesNotExist(uint256 index, uint256 flags) external {
        index = bound(index, 0, MAX_SIGNERS - 1);
        bytes memory packed = packedOf(_manySigners());
        packed[HEAD + index * SIGNER_SIZE] = bytes1(uint8(bound(flags, 4, type(uint8).max)));

        vm.expectRevert(abi.encodeWithSelector(ConfigLib.ConfigSignerWrong.selector, index));
        implementation.checkConfig(packed);
    }

    function _expectSignerWrong(MultisigConfig memory config, uint256 index) private {
        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigSignerWrong.selector, index));
    }

    /// @dev As many as there can be, each a human of weight 1.
    function _manySigners() private pure returns (MultisigConfig memory config) {
        config.fullWeight = 1;
        config.signers = _signers(MAX_SIGNERS);
    }

    function _signers(uint256 count) private pure returns (Signer[] memory signers) {
        signers = new Signer[](count);
        for (uint256 i = 0; i < count; ++i) {
            signers[i] = Signer({account: risingAddress(0, i), weight: 1, isHuman: true, isContract: false});
        }
    }

    /* FULL WEIGHT */

    function testFuzz_RevertWhen_AgentsReachFullWeight(uint8 agentWeight, uint8 fullWeight) external {
        MultisigConfig memory config = _agentAndHuman(uint8(bound(agentWeight, 1, 255)), 255);
        config.fullWeight = uint8(bound(fullWeight, 1, config.signers[0].weight));

        _expectFullWeightWrong(config);
    }

    function testFuzz_RevertWhen_FullWeightIsOutOfReach(
        uint8 agentWeight,
        uint8 humanWeight,
        uint8 fullWeight
    ) external {
        MultisigConfig memory config = _agentAndHuman(
            uint8(bound(agentWeight, 1, 127)),
            uint8(bound(humanWeight, 1, 127))
        );
        uint256 total = uint256(config.signers[0].weight) + config.signers[1].weight;
        config.fullWeight = uint8(bound(fullWeight, total + 1, 255));

        _expectFullWeightWrong(config);
    }

    function testFuzz_RevertWhen_FullWeightIsZero(uint256 seed) external {
        MultisigConfig memory config = randomConfig(seed);
        config.fullWeight = 0;
        (uint256 agents, uint256 total) = _weights(config);

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigFullWeightWrong.selector, 0, agents, total));
    }

    function testFuzz_RevertWhen_AllAreAgents(uint256 seed, uint8 fullWeight) external {
        MultisigConfig memory config = randomConfig(seed);
        for (uint256 i = 0; i < config.signers.length; ++i) {
            config.signers[i].isHuman = false;
        }
        config.fullWeight = fullWeight;
        (uint256 agents, uint256 total) = _weights(config);

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigFullWeightWrong.selector, fullWeight, agents, total));
    }

    function _agentAndHuman(uint8 agentWeight, uint8 humanWeight) private pure returns (MultisigConfig memory config) {
        config.signers = _signers(2);
        config.signers[0].isHuman = false;
        config.signers[0].weight = agentWeight;
        config.signers[1].weight = humanWeight;
    }

    function _weights(MultisigConfig memory config) private pure returns (uint256 agents, uint256 total) {
        for (uint256 i = 0; i < config.signers.length; ++i) {
            total += config.signers[i].weight;
            if (!config.signers[i].isHuman) agents += config.signers[i].weight;
        }
    }

    function _expectFullWeightWrong(MultisigConfig memory config) private {
        uint256 agents = config.signers[0].weight;
        _expect(
            config,
            abi.encodeWithSelector(
                ConfigLib.ConfigFullWeightWrong.selector,
                config.fullWeight,
                agents,
                agents + config.signers[1].weight
            )
        );
    }

    /* PAYEES */

    function test_RevertWhen_ThereIsOnePayeeTooMany() external {
        _expectPayeeWrong(_addresses(MAX_PAYEES + 1), MAX_PAYEES + 1);
    }

    function testFuzz_RevertWhen_PayeesAreTooMany(uint256 count) external {
        count = bound(count, MAX_PAYEES + 1, type(uint8).max);

        _expectPayeeWrong(_addresses(count), count);
    }

    function testFuzz_RevertWhen_PayeesAreNotSorted(uint256 index) external {
        address[] memory payees = _addresses(MAX_PAYEES);
        index = bound(index, 1, MAX_PAYEES - 1);
        (payees[index - 1], payees[index]) = (payees[index], payees[index - 1]);

        _expectPayeeWrong(payees, index);
    }

    function testFuzz_RevertWhen_PayeeStandsTwice(uint256 index) external {
        address[] memory payees = _addresses(MAX_PAYEES);
        index = bound(index, 1, MAX_PAYEES - 1);
        payees[index] = payees[index - 1];

        _expectPayeeWrong(payees, index);
    }

    function test_RevertWhen_PayeeIsZero() external {
        address[] memory payees = _addresses(MAX_PAYEES);
        payees[0] = address(0);

        _expectPayeeWrong(payees, 0);
    }

    function _addresses(uint256 count) private pure returns (address[] memory addresses) {
        addresses = new address[](count);
        for (uint256 i = 0; i < count; ++i) {
            addresses[i] = risingAddress(0, i);
        }
    }

    function _expectPayeeWrong(address[] memory payees, uint256 index) private {
        MultisigConfig memory config = defaultConfig();
        config.payees = payees;

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigPayeeWrong.selector, index));
    }

    /* TOKENS */

    function test_RevertWhen_ThereIsOneTokenTooMany() external {
        _expectTokenWrong(_tokens(MAX_TOKENS + 1), MAX_TOKENS + 1);
    }

    function testFuzz_RevertWhen_TokensAreTooMany(uint256 count) external {
        count = bound(count, MAX_TOKENS + 1, type(uint8).max);

        _expectTokenWrong(_tokens(count), count);
    }

    function testFuzz_RevertWhen_TokensAreNotSorted(uint256 index) external {
        TokenRules[] memory tokens = _tokens(MAX_TOKENS);
        index = bound(index, 1, MAX_TOKENS - 1);
        (tokens[index - 1], tokens[index]) = (tokens[index], tokens[index - 1]);

        _expectTokenWrong(tokens, index);
    }

    function testFuzz_RevertWhen_TokenStandsTwice(uint256 index) external {
        TokenRules[] memory tokens = _tokens(MAX_TOKENS);
        index = bound(index, 1, MAX_TOKENS - 1);
        tokens[index].token = tokens[index - 1].token;

        _expectTokenWrong(tokens, index);
    }

    function test_RevertWhen_TokenIsZero() external {
        TokenRules[] memory tokens = _tokens(MAX_TOKENS);
        tokens[0].token = address(0);

        _expectTokenWrong(tokens, 0);
    }

    function testFuzz_RevertWhen_RateHasNoTarget(uint256 index, uint96 rate) external {
        TokenRules[] memory tokens = _tokens(MAX_TOKENS);
        index = bound(index, 0, MAX_TOKENS - 1);
        tokens[index].refillPerDay = uint96(bound(rate, 1, type(uint96).max));
        tokens[index].refillTarget = 0;

        _expectTokenWrong(tokens, index);
    }

    function testFuzz_RevertWhen_TargetHasNoRate(uint256 index, uint96 target) external {
        TokenRules[] memory tokens = _tokens(MAX_TOKENS);
        index = bound(index, 0, MAX_TOKENS - 1);
        tokens[index].refillPerDay = 0;
        tokens[index].refillTarget = uint96(bound(target, 1, type(uint96).max));

        _expectTokenWrong(tokens, index);
    }

    function _tokens(uint256 count) private pure returns (TokenRules[] memory tokens) {
        tokens = new TokenRules[](count);
        for (uint256 i = 0; i < count; ++i) {
            tokens[i] = defaultRules(risingAddress(0, i));
        }
    }

    function _expectTokenWrong(TokenRules[] memory tokens, uint256 index) private {
        MultisigConfig memory config = defaultConfig();
        config.tokens = tokens;

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigTokenWrong.selector, index));
    }

    /* TIERS */

    function test_RevertWhen_ThereIsOneTierTooMany() external {
        _expectTierWrong(_tiers(MAX_TIERS + 1), 0, MAX_TIERS + 1);
    }

    function testFuzz_RevertWhen_TiersAreTooMany(uint256 count, uint256 tokenIndex) external {
        count = bound(count, MAX_TIERS + 1, type(uint8).max);

        _expectTierWrong(_tiers(count), tokenIndex, count);
    }

    function testFuzz_RevertWhen_ValueDoesNotRise(uint256 tokenIndex, uint256 index, uint96 value) external {
        Tier[] memory tiers = _tiers(MAX_TIERS);
        index = bound(index, 1, MAX_TIERS - 1);
        tiers[index].maxValue = uint96(bound(value, 0, tiers[index - 1].maxValue));

        _expectTierWrong(tiers, tokenIndex, index);
    }

    function testFuzz_RevertWhen_ValueIsZero(uint256 tokenIndex) external {
        Tier[] memory tiers = _tiers(MAX_TIERS);
        tiers[0].maxValue = 0;

        _expectTierWrong(tiers, tokenIndex, 0);
    }

    function testFuzz_RevertWhen_WeightFalls(uint256 tokenIndex, uint256 index) external {
        Tier[] memory tiers = _tiers(MAX_TIERS);
        index = bound(index, 1, MAX_TIERS - 1);
        tiers[index - 1].weight = 2;

        _expectTierWrong(tiers, tokenIndex, index);
    }

    function testFuzz_RevertWhen_TierHasNoWeight(uint256 tokenIndex, uint256 index) external {
        Tier[] memory tiers = _tiers(MAX_TIERS);
        index = bound(index, 0, MAX_TIERS - 1);
        tiers[index].weight = 0;

        _expectTierWrong(tiers, tokenIndex, index);
    }

    function testFuzz_RevertWhen_TierHasMoreThanFullWeight(uint256 tokenIndex, uint256 index, uint8 weight) external {
        Tier[] memory tiers = _tiers(MAX_TIERS);
        index = bound(index, 0, MAX_TIERS - 1);
        tiers[index].weight = uint8(bound(weight, FULL_WEIGHT + 1, type(uint8).max));

        _expectTierWrong(tiers, tokenIndex, index);
    }

    function _tiers(uint256 count) private pure returns (Tier[] memory tiers) {
        tiers = new Tier[](count);
        for (uint256 i = 0; i < count; ++i) {
            tiers[i] = Tier({maxValue: uint96(i + 1), weight: 1});
        }
    }

    function _expectTierWrong(Tier[] memory tiers, uint256 tokenIndex, uint256 index) private {
        tokenIndex = bound(tokenIndex, 0, MAX_TOKENS - 1);
        MultisigConfig memory config = defaultConfig();
        config.tokens = _tokens(MAX_TOKENS);
        config.tokens[tokenIndex].tiers = tiers;

        _expect(config, abi.encodeWithSelector(ConfigLib.ConfigTierWrong.selector, tokenIndex, index));
    }

    /* RIGHT */

    function testFuzz_TakesRulesOfAnyShape(uint256 seed) external view {
        implementation.checkConfig(packedOf(randomConfig(seed)));
    }

    function testFuzz_TakesFullWeightOneAboveTheAgents(uint8 agentWeight) external view {
        MultisigConfig memory config = _agentAndHuman(uint8(bound(agentWeight, 1, 254)), 1);
        config.fullWeight = config.signers[0].weight + 1;

        implementation.checkConfig(packedOf(config));
    }

    function testFuzz_TakesFullWeightOfAllTogether(uint256 seed) external view {
        MultisigConfig memory config = randomConfig(seed);
        (, uint256 total) = _weights(config);
        config.fullWeight = uint8(total);

        implementation.checkConfig(packedOf(config));
    }

    function testFuzz_TakesTiersOfEqualWeights(uint8 weight) external view {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].tiers = _tiers(MAX_TIERS);
        for (uint256 i = 0; i < MAX_TIERS; ++i) {
            config.tokens[0].tiers[i].weight = uint8(bound(weight, 1, FULL_WEIGHT));
        }

        implementation.checkConfig(packedOf(config));
    }

    /* RANDOM */

    function testFuzz_RevertWhen_BytesAreRandom(bytes memory packed) external view {
        // Else hardly any would pass the first check.
        if (packed.length > HEAD) (packed[0], packed[2]) = (0x01, packed[2] & 0x1f);

        assertTrue(_hasOwnError(packed), "own error");
    }

    function testFuzz_TakesOrRevertsForOneChangedByte(uint256 seed, uint256 place, uint256 change) external view {
        bytes memory packed = flipped(packedOf(randomConfig(seed)), place, change);

        (bool success, ) = address(implementation).staticcall(abi.encodeCall(ISignerSet.checkConfig, (packed)));

        assertTrue(success || _hasOwnError(packed), "own error");
    }

    function _hasOwnError(bytes memory packed) private view returns (bool) {
        (bool success, bytes memory reason) = address(implementation).staticcall(
            abi.encodeCall(ISignerSet.checkConfig, (packed))
        );
        bytes4 selector = bytes4(reason);
        return
            !success &&
            (selector == ConfigLib.ConfigMalformed.selector ||
                selector == ConfigLib.ConfigSignersOutOfBounds.selector ||
                selector == ConfigLib.ConfigSignerWrong.selector ||
                selector == ConfigLib.ConfigFullWeightWrong.selector ||
                selector == ConfigLib.ConfigPayeeWrong.selector ||
                selector == ConfigLib.ConfigTokenWrong.selector ||
                selector == ConfigLib.ConfigTierWrong.selector);
    }

    function _expect(MultisigConfig memory config, bytes memory reason) private {
        vm.expectRevert(reason);
        implementation.checkConfig(packedOf(config));
    }
}
