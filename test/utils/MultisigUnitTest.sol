// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ConfigLib} from "../../contracts/libraries/ConfigLib.sol";
import {BlobKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../contracts/types/TypedData.sol";
import {MultisigTest} from "./MultisigTest.sol";

/// @title MultisigUnitTest
/// @notice What the unit tests of accounts share besides: rules of any shape, written down here a second time, and payments by
/// each method.
abstract contract MultisigUnitTest is MultisigTest {
    uint256 internal constant MAX_SIGNERS = 16;
    uint256 internal constant MAX_PAYEES = 32;
    uint256 internal constant MAX_TOKENS = 8;
    uint256 internal constant MAX_TIERS = 8;

    address internal constant PERMIT2_ADDRESS = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    address internal constant EXACT_PROXY = 0x402085c248EeA27D92E8b30b2C58ed07f9E20001;

    /// @notice Rules that no account can have, and the error that says so.
    struct WrongConfig {
        MultisigConfig config;
        bytes reason;
    }

    /* CONFIG */

    /// @notice From now on an account with these rules is tested.
    function useConfig(MultisigConfig memory config) internal {
        account = deployAccount(config, "unit");
        token.mint(address(account), BALANCE);
    }

    /// @notice The packed form of rules, right or wrong. No list is longer than a byte tells.
    function packedOf(MultisigConfig memory config) internal pure returns (bytes memory packed) {
        packed = abi.encodePacked(
            uint8(1),
            config.fullWeight,
            uint8(config.signers.length),
            uint8(config.payees.length),
            uint8(config.tokens.length)
        );
        for (uint256 i = 0; i < config.signers.length; ++i) {
            Signer memory signer = config.signers[i];
            uint8 flags = (signer.isHuman ? 1 : 0) + (signer.isContract ? 2 : 0);
            packed = abi.encodePacked(packed, flags, signer.weight, signer.account);
        }
        for (uint256 i = 0; i < config.payees.length; ++i) {
            packed = abi.encodePacked(packed, config.payees[i]);
        }
        for (uint256 i = 0; i < config.tokens.length; ++i) {
            TokenRules memory rules = config.tokens[i];
            packed = abi.encodePacked(packed, rules.token, rules.reserve, rules.refillPerDay, rules.refillTarget);
            packed = abi.encodePacked(packed, uint8(rules.tiers.length));
            for (uint256 j = 0; j < rules.tiers.length; ++j) {
                packed = abi.encodePacked(packed, rules.tiers[j].maxValue, rules.tiers[j].weight);
            }
        }
    }

    /// @notice Rules of any allowed shape.
    function randomConfig(uint256 seed) internal pure returns (MultisigConfig memory config) {
        uint256 total = 0;
        uint256 agents = 0;
        config.signers = new Signer[](1 + (draw(seed, "signers") % MAX_SIGNERS));
        for (uint256 i = 0; i < config.signers.length; ++i) {
            uint256 word = draw(seed, i);
            config.signers[i].account = risingAddress(seed, i);
            config.signers[i].weight = uint8(1 + (word % 15));
            config.signers[i].isHuman = i == 0 || word & 256 != 0;
            config.signers[i].isContract = word & 512 != 0;
            total += config.signers[i].weight;
            if (!config.signers[i].isHuman) agents += config.signers[i].weight;
        }
        config.fullWeight = uint8(agents + 1 + (draw(seed, "full") % (total - agents)));
        config.payees = new address[](draw(seed, "payees") % (MAX_PAYEES + 1));
        for (uint256 i = 0; i < config.payees.length; ++i) {
            config.payees[i] = risingAddress(seed, i);
        }
        config.tokens = new TokenRules[](draw(seed, "tokens") % (MAX_TOKENS + 1));
        for (uint256 i = 0; i < config.tokens.length; ++i) {
            config.tokens[i] = _randomRules(draw(seed, "rules"), i, config.fullWeight);
        }
    }

    function _randomRules(
        uint256 seed,
        uint256 index,
        uint256 fullWeight
    ) private pure returns (TokenRules memory rules) {
        uint256 word = draw(seed, index);
        rules.token = risingAddress(seed, index);
        rules.reserve = uint96(word);
        if (word & (1 << 255) != 0) {
            rules.refillPerDay = uint96((word >> 96) | 1);
            rules.refillTarget = uint96((word >> 128) | 1);
        }
        rules.tiers = new Tier[]((word >> 200) % (MAX_TIERS + 1));
        uint256 weight = 1;
        for (uint256 i = 0; i < rules.tiers.length; ++i) {
            weight += draw(word, i) % (fullWeight - weight + 1);
            rules.tiers[i] = Tier({maxValue: uint96((i << 80) + 1 + (draw(word, i) >> 176)), weight: uint8(weight)});
        }
    }

    /// @notice Addresses that rise with the index.
    function risingAddress(uint256 seed, uint256 index) internal pure returns (address) {
        return address(uint160(((index + 1) << 120) | (draw(seed, index) >> 136)));
    }

    function draw(uint256 seed, uint256 index) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, index)));
    }

    function draw(uint256 seed, string memory name) internal pure returns (uint256) {
        return uint256(keccak256(abi.encode(seed, name)));
    }

    /// @notice One example for each error that struct and packed form share.
    function allWrongConfigs() internal view returns (WrongConfig[] memory wrong) {
        wrong = new WrongConfig[](7);
        for (uint256 i = 0; i < wrong.length; ++i) {
            wrong[i].config = defaultConfig();
        }
        wrong[0].config.signers = new Signer[](0);
        wrong[0].reason = abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, 0);
        wrong[1].config.signers = new Signer[](MAX_SIGNERS + 1);
        wrong[1].reason = abi.encodeWithSelector(ConfigLib.ConfigSignersOutOfBounds.selector, MAX_SIGNERS + 1);
        wrong[2].config.signers[2] = wrong[2].config.signers[1];
        wrong[2].reason = abi.encodeWithSelector(ConfigLib.ConfigSignerWrong.selector, 2);
        wrong[3].config.fullWeight = AGENT_WEIGHT;
        wrong[3].reason = abi.encodeWithSelector(
            ConfigLib.ConfigFullWeightWrong.selector,
            AGENT_WEIGHT,
            AGENT_WEIGHT,
            AGENT_WEIGHT + 2 * HUMAN_WEIGHT
        );
        wrong[4].config.payees = new address[](1);
        wrong[4].reason = abi.encodeWithSelector(ConfigLib.ConfigPayeeWrong.selector, 0);
        wrong[5].config.tokens[0].refillTarget = 0;
        wrong[5].reason = abi.encodeWithSelector(ConfigLib.ConfigTokenWrong.selector, 0);
        wrong[6].config.tokens[0].tiers[1].maxValue = SMALL;
        wrong[6].reason = abi.encodeWithSelector(ConfigLib.ConfigTierWrong.selector, 0, 1);
    }

    /* PAYMENTS */

    /// @notice One of the three ways to pay, by any number.
    function anyMethod(uint256 seed) internal pure returns (BlobKind) {
        return BlobKind(seed % 3);
    }

    function paymentBy(BlobKind kind, uint256 value) internal view returns (PaymentApproval memory payment) {
        payment = paymentOf(value);
        payment.method =
            kind == BlobKind.Permit2
                ? PERMIT2
                : kind == BlobKind.Receive
                    ? RECEIVE
                    : TRANSFER;
    }

    /// @notice What whoever moves the money asks the account to have signed.
    function digestBy(BlobKind kind, PaymentApproval memory payment) internal view returns (bytes32) {
        return kind == BlobKind.Permit2 ? permit2Digest(payment, EXACT_PROXY) : tokenDigest(payment);
    }

    function permit2Digest(PaymentApproval memory payment, address spender) internal view returns (bytes32) {
        bytes32 permitted = keccak256(
            abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), payment.token, payment.value)
        );
        bytes32 witness = keccak256(
            abi.encode(keccak256("Witness(address to,uint256 validAfter)"), payment.payee, payment.validAfter)
        );
        bytes32 typeHash = keccak256(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
        );
        return
            permit2DigestOf(
                keccak256(abi.encode(typeHash, permitted, spender, payment.nonce, payment.validBefore, witness))
            );
    }

    /// @notice A digest in the domain of Permit2, which has no version.
    function permit2DigestOf(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,uint256 chainId,address verifyingContract)"),
                keccak256("Permit2"),
                block.chainid,
                PERMIT2_ADDRESS
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    function blobBy(
        BlobKind kind,
        PaymentApproval memory payment,
        Account[] memory signers
    ) internal view returns (bytes memory) {
        return blobBy(kind, 0, payment, signers);
    }

    function blobBy(
        BlobKind kind,
        uint8 tokenIndex,
        PaymentApproval memory payment,
        Account[] memory signers
    ) internal view returns (bytes memory) {
        return
            bytes.concat(
                headOf(kind, tokenIndex, payment),
                payment.nonce,
                signaturesOf(approvalDigest(payment), signers)
            );
    }

    /* SIGNERS */

    /// @notice Some of the account's three signers: agent, alice, bob, a bit for each.
    function someOf(uint256 mask) internal view returns (Account[] memory list) {
        Account[] memory everyone = all();
        uint256 count = 0;
        for (uint256 i = 0; i < everyone.length; ++i) {
            if ((mask >> i) & 1 != 0) everyone[count++] = everyone[i];
        }
        list = new Account[](count);
        for (uint256 i = 0; i < count; ++i) {
            list[i] = everyone[i];
        }
    }

    /// @notice What they weigh together.
    function weightOf(uint256 mask) internal pure returns (uint256) {
        return (mask & 1) * AGENT_WEIGHT + (((mask >> 1) & 1) + ((mask >> 2) & 1)) * HUMAN_WEIGHT;
    }

    function hasHuman(uint256 mask) internal pure returns (bool) {
        return mask & 6 != 0;
    }

    /* BYTES */

    /// @notice The same bytes but one.
    function flipped(bytes memory blob, uint256 place, uint256 seed) internal pure returns (bytes memory changed) {
        changed = bytes.concat(blob);
        place = bound(place, 0, blob.length - 1);
        changed[place] = bytes1(uint8(changed[place]) ^ uint8(1 + (seed % 255)));
    }

    /// @notice The first bytes, at least none and not all.
    function truncated(bytes memory blob, uint256 length) internal pure returns (bytes memory) {
        return firstOf(blob, bound(length, 0, blob.length - 1));
    }

    function firstOf(bytes memory blob, uint256 length) internal pure returns (bytes memory first) {
        first = new bytes(length);
        for (uint256 i = 0; i < length; ++i) {
            first[i] = blob[i];
        }
    }
}
