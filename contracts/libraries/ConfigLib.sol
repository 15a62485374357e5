// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MultisigConfig, Signer, Tier, TokenRules} from "../types/MultisigConfig.sol";

/// @title ConfigLib
/// @notice An account's rules in as few bytes as they need, since each is paid for when the account is made, and read with
/// each signature.
/// @dev | part | bytes |
/// | head | version (1), full weight (1), number of signers (1), of payees (1), of tokens (1) |
/// | each signer | flags (1: human, 2: contract), weight (1), account (20) |
/// | each payee | account (20) |
/// | each token | token (20), reserve (12), refill per day (12), refill target (12), number of tiers (1) |
/// | and its tiers | value (12), weight (1) |
/// A config that passed `check` is read without checking again.
library ConfigLib {
    /// @notice The config is not in this format: another version, or another length than it says.
    /// @dev Let `encodeConfig` make it.
    error ConfigMalformed();

    /// @notice There are no signers, or too many.
    /// @dev One to 16.
    error ConfigSignersOutOfBounds(uint256 count);

    /// @notice A signer is zero, does not come after the one before, has no weight, or a flag that does not exist.
    /// @dev Sort the signers by address, each once.
    error ConfigSignerWrong(uint256 index);

    /// @notice Full weight cannot be reached, or agents reach it without a human.
    /// @dev It is more than all agents weigh together, and at most what all signers do.
    error ConfigFullWeightWrong(uint256 fullWeight, uint256 agentsWeight, uint256 totalWeight);

    /// @notice There are too many payees, or one is zero or does not come after the one before.
    /// @dev At most 32, sorted by address, each once.
    error ConfigPayeeWrong(uint256 index);

    /// @notice There are too many tokens, one is zero or does not come after the one before, or its refill has a rate without a
    /// target or the reverse.
    /// @dev At most 8, sorted by address, each once.
    error ConfigTokenWrong(uint256 index);

    /// @notice A tier does not rise above the one before in value, falls in weight, has none, or more than full weight.
    /// @dev At most 8 a token.
    error ConfigTierWrong(uint256 tokenIndex, uint256 index);

    uint256 private constant VERSION = 1;
    uint256 internal constant MAX_SIGNERS = 16;
    uint256 private constant MAX_PAYEES = 32;
    uint256 private constant MAX_TOKENS = 8;
    uint256 private constant MAX_TIERS = 8;

    uint256 private constant IS_HUMAN = 1;
    uint256 private constant IS_CONTRACT = 2;

    uint256 private constant HEAD = 5;
    uint256 private constant FULL_WEIGHT_AT = 1;
    uint256 private constant SIGNER_COUNT_AT = 2;
    uint256 private constant PAYEE_COUNT_AT = 3;
    uint256 private constant TOKEN_COUNT_AT = 4;
    uint256 private constant SIGNER_SIZE = 22;
    uint256 private constant ADDRESS_SIZE = 20;
    uint256 private constant TOKEN_SIZE = 57;
    uint256 private constant AMOUNT_SIZE = 12;
    uint256 private constant RESERVE_AT = 20;
    uint256 private constant PER_DAY_AT = 32;
    uint256 private constant TARGET_AT = 44;
    uint256 private constant TIER_COUNT_AT = 56;
    uint256 private constant TIER_SIZE = 13;

    /* WRITE */

    /// @notice The config in its packed form, unchecked.
    /// @param config What to pack.
    /// @return packed The bytes.
    function encode(MultisigConfig memory config) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(
            uint8(VERSION),
            config.fullWeight,
            _count(config.signers.length),
            _count(config.payees.length),
            _count(config.tokens.length)
        );
        for (uint256 i = 0; i < config.signers.length; ++i) {
            Signer memory signer = config.signers[i];
            uint256 flags = (signer.isHuman ? IS_HUMAN : 0) | (signer.isContract ? IS_CONTRACT : 0);
            packed = abi.encodePacked(packed, uint8(flags), signer.weight, signer.account);
        }
        for (uint256 i = 0; i < config.payees.length; ++i) {
            packed = abi.encodePacked(packed, config.payees[i]);
        }
        for (uint256 i = 0; i < config.tokens.length; ++i) {
            packed = abi.encodePacked(packed, _encode(config.tokens[i]));
        }
    }

    function _encode(TokenRules memory rules) private pure returns (bytes memory packed) {
        packed = abi.encodePacked(
            rules.token,
            rules.reserve,
            rules.refillPerDay,
            rules.refillTarget,
            _count(rules.tiers.length)
        );
        for (uint256 i = 0; i < rules.tiers.length; ++i) {
            packed = abi.encodePacked(packed, rules.tiers[i].maxValue, rules.tiers[i].weight);
        }
    }

    function _count(uint256 length) private pure returns (uint8) {
        if (length > type(uint8).max) revert ConfigMalformed();
        return uint8(length);
    }

    /* CHECK */

    /// @notice Insists on a config that an account can have.
    /// @param config The packed config.
    function check(bytes memory config) internal pure {
        if (config.length < HEAD || _read(config, 0, 1) != VERSION) revert ConfigMalformed();

        _checkSigners(config);
        _checkPayees(config);
        if (_checkTokens(config) != config.length) revert ConfigMalformed();
    }

    function _checkSigners(bytes memory config) private pure {
        uint256 count = signerCountOf(config);
        if (count == 0 || count > MAX_SIGNERS) revert ConfigSignersOutOfBounds(count);
        _checkLength(config, _payeesAt(config));

        (uint256 total, uint256 agents, address previous) = (0, 0, address(0));
        for (uint256 i = 0; i < count; ++i) {
            (uint256 flags, uint256 weight, address account) = _signerAt(config, i);
            if (account <= previous || weight == 0 || flags > (IS_HUMAN | IS_CONTRACT)) revert ConfigSignerWrong(i);
            previous = account;
            total += weight;
            if (flags & IS_HUMAN == 0) agents += weight;
        }
        uint256 full = fullWeightOf(config);
        if (full <= agents || full > total) revert ConfigFullWeightWrong(full, agents, total);
    }

    function _checkPayees(bytes memory config) private pure {
        uint256 count = _read(config, PAYEE_COUNT_AT, 1);
        if (count > MAX_PAYEES) revert ConfigPayeeWrong(count);
        _checkLength(config, _tokensAt(config));

        uint256 previous = 0;
        for (uint256 i = 0; i < count; ++i) {
            uint256 payee = _payeeAt(config, i);
            if (payee <= previous) revert ConfigPayeeWrong(i);
            previous = payee;
        }
    }

    /// @return offset Where the tokens end.
    function _checkTokens(bytes memory config) private pure returns (uint256 offset) {
        uint256 count = tokenCountOf(config);
        if (count > MAX_TOKENS) revert ConfigTokenWrong(count);

        offset = _tokensAt(config);
        uint256 previous = 0;
        for (uint256 i = 0; i < count; ++i) {
            _checkLength(config, offset + TOKEN_SIZE);
            uint256 token = _read(config, offset, ADDRESS_SIZE);
            bool hasRate = _read(config, offset + PER_DAY_AT, AMOUNT_SIZE) != 0;
            bool hasTarget = _read(config, offset + TARGET_AT, AMOUNT_SIZE) != 0;
            if (token <= previous || hasRate != hasTarget) revert ConfigTokenWrong(i);
            previous = token;
            _checkTiers(config, i, offset);
            offset = _afterToken(config, offset);
        }
    }

    function _checkTiers(bytes memory config, uint256 tokenIndex, uint256 tokenOffset) private pure {
        uint256 count = _read(config, tokenOffset + TIER_COUNT_AT, 1);
        if (count > MAX_TIERS) revert ConfigTierWrong(tokenIndex, count);
        _checkLength(config, _afterToken(config, tokenOffset));

        (uint256 previousValue, uint256 previousWeight, uint256 full) = (0, 1, fullWeightOf(config));
        for (uint256 i = 0; i < count; ++i) {
            (uint256 maxValue, uint256 weight) = _tierAt(config, tokenOffset, i);
            if (maxValue <= previousValue || weight < previousWeight || weight > full) {
                revert ConfigTierWrong(tokenIndex, i);
            }
            (previousValue, previousWeight) = (maxValue, weight);
        }
    }

    function _checkLength(bytes memory config, uint256 needed) private pure {
        if (config.length < needed) revert ConfigMalformed();
    }

    /* READ */

    /// @notice What everything needs that is not a payment within a tier.
    /// @param config A checked config.
    /// @return The weight.
    function fullWeightOf(bytes memory config) internal pure returns (uint256) {
        return _read(config, FULL_WEIGHT_AT, 1);
    }

    /// @notice How many signers there are.
    /// @param config A checked config.
    /// @return The number.
    function signerCountOf(bytes memory config) internal pure returns (uint256) {
        return _read(config, SIGNER_COUNT_AT, 1);
    }

    /// @notice How many tokens have rules.
    /// @param config A checked config.
    /// @return The number.
    function tokenCountOf(bytes memory config) internal pure returns (uint256) {
        return _read(config, TOKEN_COUNT_AT, 1);
    }

    /// @notice One signer.
    /// @param config A checked config.
    /// @param index Below the number of signers.
    /// @return account Who signs.
    /// @return weight What its signature counts.
    /// @return isHuman_ Whether it is a human.
    /// @return isContract Whether it answers by ERC-1271.
    function signerAt(
        bytes memory config,
        uint256 index
    ) internal pure returns (address account, uint256 weight, bool isHuman_, bool isContract) {
        uint256 flags;
        (flags, weight, account) = _signerAt(config, index);
        return (account, weight, flags & IS_HUMAN != 0, flags & IS_CONTRACT != 0);
    }

    function _signerAt(
        bytes memory config,
        uint256 index
    ) private pure returns (uint256 flags, uint256 weight, address account) {
        uint256 word = _read(config, HEAD + index * SIGNER_SIZE, SIGNER_SIZE);
        return (word >> 168, (word >> 160) & 0xff, address(uint160(word)));
    }

    /// @notice Whether `account` is a human signer.
    /// @param config A checked config.
    /// @param account Whom to look for.
    /// @return Whether it is.
    function isHuman(bytes memory config, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < signerCountOf(config); ++i) {
            (uint256 flags, , address signer) = _signerAt(config, i);
            if (signer == account) return flags & IS_HUMAN != 0;
        }
        return false;
    }

    /// @notice Whether `account` is a signer of any kind.
    /// @param config A checked config.
    /// @param account Whom to look for.
    /// @return Whether it is.
    function isSigner(bytes memory config, address account) internal pure returns (bool) {
        for (uint256 i = 0; i < signerCountOf(config); ++i) {
            (, , address signer) = _signerAt(config, i);
            if (signer == account) return true;
        }
        return false;
    }

    /// @notice Whether the account may pay `payee`.
    /// @param config A checked config.
    /// @param payee Who is to be paid.
    /// @return Whether there is no list, or it is in it.
    function isPayee(bytes memory config, address payee) internal pure returns (bool) {
        uint256 count = _read(config, PAYEE_COUNT_AT, 1);
        if (count == 0) return true;
        for (uint256 i = 0; i < count; ++i) {
            if (_payeeAt(config, i) == uint160(payee)) return true;
        }
        return false;
    }

    function _payeeAt(bytes memory config, uint256 index) private pure returns (uint256) {
        return _read(config, _payeesAt(config) + index * ADDRESS_SIZE, ADDRESS_SIZE);
    }

    function _payeesAt(bytes memory config) private pure returns (uint256) {
        return HEAD + signerCountOf(config) * SIGNER_SIZE;
    }

    function _tokensAt(bytes memory config) private pure returns (uint256) {
        return _payeesAt(config) + _read(config, PAYEE_COUNT_AT, 1) * ADDRESS_SIZE;
    }

    /// @notice Where the rules of a token begin.
    /// @param config A checked config.
    /// @param token The token to look for.
    /// @return isFound Whether it has rules.
    /// @return offset The place, for the functions below.
    function find(bytes memory config, address token) internal pure returns (bool isFound, uint256 offset) {
        offset = _tokensAt(config);
        for (uint256 i = 0; i < tokenCountOf(config); ++i) {
            if (tokenOf(config, offset) == token) return (true, offset);
            offset = _afterToken(config, offset);
        }
        return (false, 0);
    }

    /// @notice Where the rules of the token with this number begin.
    /// @param config A checked config.
    /// @param index Below the number of tokens.
    /// @return offset The place, for the functions below.
    function tokenAt(bytes memory config, uint256 index) internal pure returns (uint256 offset) {
        offset = _tokensAt(config);
        for (uint256 i = 0; i < index; ++i) {
            offset = _afterToken(config, offset);
        }
    }

    /// @notice The token of these rules.
    /// @param config A checked config.
    /// @param offset Where the rules begin.
    /// @return The token.
    function tokenOf(bytes memory config, uint256 offset) internal pure returns (address) {
        return address(uint160(_read(config, offset, ADDRESS_SIZE)));
    }

    /// @notice The reserve as long as nothing changed it.
    /// @param config A checked config.
    /// @param offset Where the rules begin.
    /// @return In the token's smallest unit.
    function reserveOf(bytes memory config, uint256 offset) internal pure returns (uint256) {
        return _read(config, offset + RESERVE_AT, AMOUNT_SIZE);
    }

    /// @notice How the reserve is lowered.
    /// @param config A checked config.
    /// @param offset Where the rules begin.
    /// @return perDay By how much a day, in the token's smallest unit.
    /// @return target Until so much is spendable.
    function refillOf(bytes memory config, uint256 offset) internal pure returns (uint256 perDay, uint256 target) {
        return (_read(config, offset + PER_DAY_AT, AMOUNT_SIZE), _read(config, offset + TARGET_AT, AMOUNT_SIZE));
    }

    /// @notice The weight that a payment needs.
    /// @param config A checked config.
    /// @param offset Where the token's rules begin.
    /// @param value In the token's smallest unit.
    /// @return weight That of the lowest tier that reaches it, or full weight.
    function weightFor(bytes memory config, uint256 offset, uint256 value) internal pure returns (uint256 weight) {
        uint256 count = _read(config, offset + TIER_COUNT_AT, 1);
        for (uint256 i = 0; i < count; ++i) {
            uint256 maxValue;
            (maxValue, weight) = _tierAt(config, offset, i);
            if (value <= maxValue) return weight;
        }
        return fullWeightOf(config);
    }

    function _tierAt(
        bytes memory config,
        uint256 offset,
        uint256 index
    ) private pure returns (uint256 maxValue, uint256 weight) {
        uint256 word = _read(config, offset + TOKEN_SIZE + index * TIER_SIZE, TIER_SIZE);
        return (word >> 8, word & 0xff);
    }

    function _afterToken(bytes memory config, uint256 offset) private pure returns (uint256) {
        return offset + TOKEN_SIZE + _read(config, offset + TIER_COUNT_AT, 1) * TIER_SIZE;
    }

    /// @notice The config as a struct.
    /// @param packed A checked config.
    /// @return config The same.
    function decode(bytes memory packed) internal pure returns (MultisigConfig memory config) {
        config.fullWeight = uint8(fullWeightOf(packed));
        config.signers = new Signer[](signerCountOf(packed));
        for (uint256 i = 0; i < config.signers.length; ++i) {
            (address account, uint256 weight, bool isHuman_, bool isContract) = signerAt(packed, i);
            config.signers[i] = Signer(account, uint8(weight), isHuman_, isContract);
        }
        config.payees = new address[](_read(packed, PAYEE_COUNT_AT, 1));
        for (uint256 i = 0; i < config.payees.length; ++i) {
            config.payees[i] = address(uint160(_payeeAt(packed, i)));
        }
        config.tokens = new TokenRules[](tokenCountOf(packed));
        for (uint256 i = 0; i < config.tokens.length; ++i) {
            config.tokens[i] = _rulesOffset(packed, tokenAt(packed, i));
        }
    }

    function _rulesOffset(bytes memory packed, uint256 offset) private pure returns (TokenRules memory rules) {
        (uint256 perDay, uint256 target) = refillOf(packed, offset);
        rules.token = tokenOf(packed, offset);
        rules.reserve = uint96(reserveOf(packed, offset));
        rules.refillPerDay = uint96(perDay);
        rules.refillTarget = uint96(target);
        rules.tiers = new Tier[](_read(packed, offset + TIER_COUNT_AT, 1));
        for (uint256 i = 0; i < rules.tiers.length; ++i) {
            (uint256 maxValue, uint256 weight) = _tierAt(packed, offset, i);
            rules.tiers[i] = Tier({maxValue: uint96(maxValue), weight: uint8(weight)});
        }
    }

    /// @dev Up to 32 bytes, as a number. What lies beyond the end is for the caller to have checked.
    function _read(bytes memory data, uint256 offset, uint256 length) private pure returns (uint256 value) {
        // Without it each number costs a copy.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), mload(add(add(data, 0x20), offset)))
        }
    }
}
