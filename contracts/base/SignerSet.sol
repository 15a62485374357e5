// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SSTORE2} from "solady/src/utils/SSTORE2.sol";

import {ISignerSet} from "../interfaces/ISignerSet.sol";
import {BlobLib} from "../libraries/BlobLib.sol";
import {BoundedCall} from "../libraries/BoundedCall.sol";
import {ConfigLib} from "../libraries/ConfigLib.sol";
import {MultisigConfig} from "../types/MultisigConfig.sol";

/// @title SignerSet
/// @notice Who signs for an account, and how much their signatures weigh.
/// @dev PROMISES
/// - Rules change only by the account's own call, and each change ends all approvals that were given before.
/// - A signer counts once, and its signature for this account, this chain and this set of rules alone.
/// - No list of signatures makes the count fail, or cost more than `SIGNER_GAS` a signer that is a contract, 10,000 gas a signer
///   and 60,000 besides.
///
/// ASSUMPTIONS
/// - Signers who are contracts answer for themselves.
///
/// NOT CHECKED
/// - That an address which is said to be a key's has one.
abstract contract SignerSet is ISignerSet, EIP712 {
    using BlobLib for bytes;
    using ConfigLib for bytes;

    /// @dev Enough for a Safe of several owners, or for a passkey where the chain verifies P-256.
    uint256 private constant SIGNER_GAS = 150_000;
    /// @dev What a nested account needs for several signers of its own, so that no length makes the account copy for long.
    uint256 private constant MAX_CONTRACT_SIGNATURE = 4096;
    uint256 private constant BITMAP_SIZE = 2;
    uint256 private constant LENGTH_SIZE = 2;
    uint256 internal constant WORD = 32;

    /// @notice Which rules hold, and what was done under them.
    /// @param rules Where the rules are; zero for those that the account was made with.
    /// @param epoch How often the rules have changed.
    /// @param nonce Of the next `execute`.
    struct State {
        // slot 0 (32 of 32 bytes)
        address rules; // 20
        uint32 epoch; // 4
        uint64 nonce; // 8
    }

    address private immutable _implementation = address(this);

    State private _state;

    /* RULES */

    modifier onlySelf() {
        if (msg.sender != address(this)) revert NotSelf(msg.sender);
        _;
    }

    modifier onlyClone() {
        if (!_isClone()) revert NotAnAccount();
        _;
    }

    function _isClone() internal view returns (bool) {
        return address(this) != _implementation;
    }

    /// @inheritdoc ISignerSet
    function encodeConfig(MultisigConfig calldata newConfig) external pure returns (bytes memory packed) {
        packed = ConfigLib.encode(newConfig);
        packed.check();
    }

    /// @inheritdoc ISignerSet
    function checkConfig(bytes calldata packed) external pure {
        bytes memory config_ = packed;
        config_.check();
    }

    /// @inheritdoc ISignerSet
    function reconfigure(bytes calldata packed) external onlySelf {
        bytes memory newConfig = packed;
        newConfig.check();
        if (newConfig.isSigner(address(this))) revert SignerIsAccount();

        uint32 epoch_ = _state.epoch + 1;
        _changeRules(_config(), newConfig);
        _state.rules = SSTORE2.write(newConfig);
        _state.epoch = epoch_;

        emit Reconfigured(epoch_, packed);
    }

    /// @dev What else changes with the rules.
    function _changeRules(bytes memory oldConfig, bytes memory newConfig) internal virtual;

    /// @dev The rules in their packed form.
    function _config() internal view returns (bytes memory) {
        address rules = _state.rules;
        return rules == address(0) ? Clones.fetchCloneArgs(address(this)) : SSTORE2.read(rules);
    }

    /* SIGNATURES */

    /// @dev Weighs a list of signatures: two bytes with a bit for each signer, the first signer's lowest, and then the
    /// signatures in the signers' order. A key's has 64 bytes (EIP-2098); a contract's any number, after two bytes with it.
    /// One that is not valid makes all of them count nothing.
    /// @return weight What they weigh together; zero when the list is not valid.
    /// @return hasHuman Whether a human is among them.
    /// @return end Where the list ends. It may lie beyond the end of `blob`: that is for the caller to compare.
    function _weigh(
        bytes memory config_,
        bytes32 structHash,
        bytes calldata blob,
        uint256 offset
    ) internal view returns (uint256 weight, bool hasHuman, uint256 end) {
        uint256 signed = blob.read(offset, BITMAP_SIZE);
        uint256 count = config_.signerCountOf();
        if (signed >> count != 0) return (0, false, offset);

        bytes32 digest = _hashTypedDataV4(structHash);
        end = offset + BITMAP_SIZE;
        for (uint256 i = 0; i < count; ++i) {
            if ((signed >> i) & 1 == 0) continue;
            uint256 one;
            bool isHuman;
            (one, isHuman, end) = _weighOne(config_, i, digest, blob, end);
            if (one == 0) return (0, false, offset);
            weight += one;
            hasHuman = hasHuman || isHuman;
        }
    }

    /// @return weight Of the signer; zero when the signature that begins at `offset` is not its.
    /// @return isHuman Whether the signer is.
    /// @return end Where the signature ends.
    function _weighOne(
        bytes memory config_,
        uint256 index,
        bytes32 digest,
        bytes calldata blob,
        uint256 offset
    ) private view returns (uint256 weight, bool isHuman, uint256 end) {
        address signer;
        bool isContract;
        (signer, weight, isHuman, isContract) = config_.signerAt(index);
        bool isValid;
        (isValid, end) = isContract
            ? _isSignedByContract(signer, digest, blob, offset)
            : _isSignedByKey(signer, digest, blob, offset);
        if (!isValid) weight = 0;
    }

    function _isSignedByKey(
        address key,
        bytes32 digest,
        bytes calldata blob,
        uint256 offset
    ) private pure returns (bool isValid, uint256 end) {
        (bytes32 r, bytes32 vs) = (bytes32(blob.read(offset, WORD)), bytes32(blob.read(offset + WORD, WORD)));
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecover(digest, r, vs);
        return (err == ECDSA.RecoverError.NoError && recovered == key, offset + 2 * WORD);
    }

    function _isSignedByContract(
        address account,
        bytes32 digest,
        bytes calldata blob,
        uint256 offset
    ) private view returns (bool isValid, uint256 end) {
        uint256 length = blob.read(offset, LENGTH_SIZE);
        uint256 begin = offset + LENGTH_SIZE;
        end = begin + length;
        if (length > MAX_CONTRACT_SIGNATURE || end > blob.length) return (false, end);

        (bool answered, uint256[] memory answer) = BoundedCall.ask({
            target: account,
            gasCap: SIGNER_GAS,
            question: abi.encodeCall(IERC1271.isValidSignature, (digest, blob[begin:end])),
            words: 1
        });
        return (answered && bytes32(answer[0]) == bytes32(IERC1271.isValidSignature.selector), end);
    }

    /* NONCE */

    function _useNonce() internal {
        _state.nonce += 1;
    }

    /* VIEWS */

    /// @inheritdoc ISignerSet
    function nonce() public view returns (uint256) {
        return _state.nonce;
    }

    /// @inheritdoc ISignerSet
    function config() external view onlyClone returns (MultisigConfig memory) {
        return _config().decode();
    }

    /// @inheritdoc ISignerSet
    function epoch() public view returns (uint256) {
        return _state.epoch;
    }
}
