// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {BlockHeader} from "@openzeppelin/contracts/utils/BlockHeader.sol";
import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {Memory} from "@openzeppelin/contracts/utils/Memory.sol";
import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";
import {TrieProof} from "@openzeppelin/contracts/utils/cryptography/TrieProof.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IReceiptVerifier} from "./interfaces/IReceiptVerifier.sol";
import {AuthorizedTransfer, ReceiptProof} from "./types/Receipt.sol";

/// @title ReceiptVerifier
/// @notice Reads past transfers of this chain from proofs, believing nobody.
/// @dev PROMISES
/// - What it answers stands in a receipt of a successful transaction, in a block of this chain: the token's log that the
///   payer's authorization was used, and right behind it the token's log of a transfer by that payer.
/// - A block hash is kept only if it is the chain's own, and for good.
/// - Who asks, and who kept a hash, makes no difference.
///
/// ASSUMPTIONS
/// - The chain is Ethereum or encodes headers, tries and receipts like it; `block.number` and `blockhash` are its own. On a
///   chain where they are another's (Arbitrum) nothing can be proven.
/// - Keccak-256 has no collisions.
///
/// NOT CHECKED
/// - What a token's logs are worth. A token that lies in them harms whoever accepts it.
/// - Whether a transfer was shown before. The same proof gives the same answer for ever.
contract ReceiptVerifier is IReceiptVerifier {
    using Memory for bytes;
    using Memory for Memory.Slice;
    using RLP for Memory.Slice;
    using SafeCast for uint256;

    /// @dev How many blocks back the opcode and EIP-2935's contract reach.
    uint256 private constant BLOCKHASH_REACH = 256;
    uint256 private constant HISTORY_REACH = 8191;
    /// @dev Headers have 600 to 700 bytes; where many validators sign in them, 2,000.
    uint256 private constant MAX_HEADER_LENGTH = 4096;
    /// @dev The key of any transaction below 2^24 has at most 4 bytes, which are 8 nibbles: 8 branches and a leaf.
    uint256 private constant MAX_NODES = 9;

    /// @dev EIP-2718: below are types; lists, which is what receipts without a type are, begin here.
    uint8 private constant FIRST_LIST_PREFIX = 0xc0;
    uint8 private constant LAST_ETHEREUM_TYPE = 4;
    /// @dev Of rollups on the OP stack. Its receipts carry further items behind the logs.
    uint8 private constant DEPOSIT_TYPE = 0x7e;

    uint256 private constant RECEIPT_MIN_ITEMS = 4;
    uint256 private constant LOGS_INDEX = 3;
    uint256 private constant LOG_ITEMS = 3;
    uint256 private constant LOG_TOPICS = 3;
    uint256 private constant ENCODED_ADDRESS_LENGTH = 21;
    uint256 private constant ENCODED_WORD_LENGTH = 33;

    mapping(uint256 blockNumber => bytes32 blockHash) private _savedBlockHashes;

    /* BLOCK */

    /// @inheritdoc IReceiptVerifier
    function saveBlockHash(bytes calldata header) external returns (uint256 blockNumber) {
        bytes32 blockHash;
        (blockNumber, blockHash, ) = _verifiedBlock(header);
        if (_savedBlockHashes[blockNumber] == blockHash) return blockNumber;

        _savedBlockHashes[blockNumber] = blockHash;

        emit BlockHashSaved(blockNumber, blockHash);
    }

    /// @dev The block of this chain that has this header.
    function _verifiedBlock(
        bytes calldata encoded
    ) private view returns (uint256 blockNumber, bytes32 blockHash, Memory.Slice[] memory fields) {
        if (encoded.length > MAX_HEADER_LENGTH) revert HeaderTooLong(encoded.length, MAX_HEADER_LENGTH);
        bytes memory header = encoded;
        blockHash = keccak256(header);
        fields = BlockHeader.parseHeader(header);
        // Later fields come and go with the chain's upgrades; these stand where they stood in the first block.
        if (fields.length <= uint8(BlockHeader.HeaderField.Timestamp)) revert HeaderMalformed();
        blockNumber = fields[uint8(BlockHeader.HeaderField.Number)].readUint256();

        if (blockNumber >= block.number) revert BlockNotPast(blockNumber, block.number);
        bytes32 knownHash = _knownHashOf(blockNumber);
        if (knownHash == 0) revert BlockTooOld(blockNumber, block.number);
        if (knownHash != blockHash) revert BlockHashMismatch(blockNumber, blockHash);
    }

    /// @dev Zero when neither the chain knows the hash any more, nor anybody kept it.
    function _knownHashOf(uint256 blockNumber) private view returns (bytes32 knownHash) {
        uint256 distance = block.number - blockNumber;
        if (distance <= BLOCKHASH_REACH) knownHash = blockhash(blockNumber);
        else if (distance <= HISTORY_REACH) knownHash = _historyHashOf(blockNumber);
        if (knownHash == 0) knownHash = _savedBlockHashes[blockNumber];
    }

    /// @dev Not OpenZeppelin's `Blockhash.blockHash`: where EIP-2935's contract fails, that answers with the error's bytes.
    function _historyHashOf(uint256 blockNumber) private view returns (bytes32) {
        (bool success, bytes32 answer, ) = LowLevelCall.staticcallReturn64Bytes(
            Blockhash.HISTORY_STORAGE_ADDRESS,
            abi.encode(blockNumber)
        );
        return success && LowLevelCall.returnDataSize() == 32 ? answer : bytes32(0);
    }

    /// @inheritdoc IReceiptVerifier
    function savedBlockHashOf(uint256 blockNumber) external view returns (bytes32) {
        return _savedBlockHashes[blockNumber];
    }

    /* RECEIPT */

    /// @inheritdoc IReceiptVerifier
    function authorizedTransferIn(
        address token,
        ReceiptProof calldata proof
    ) external view returns (AuthorizedTransfer memory transfer) {
        (, , Memory.Slice[] memory fields) = _verifiedBlock(proof.header);
        transfer.timestamp = fields[uint8(BlockHeader.HeaderField.Timestamp)].readUint256().toUint40();

        bytes32 receiptsRoot = fields[uint8(BlockHeader.HeaderField.ReceiptsRoot)].readBytes32();
        Memory.Slice[] memory logs = _logsOf(_verifiedReceipt(receiptsRoot, proof.transactionIndex, proof.nodes));
        uint256 logIndex = proof.logIndex;
        if (logs.length < 2 || logIndex > logs.length - 2) revert LogMissing(logIndex, logs.length);

        _readAuthorization(transfer, token, logIndex, logs[logIndex]);
        _readTransfer(transfer, token, logIndex + 1, logs[logIndex + 1]);
    }

    function _verifiedReceipt(
        bytes32 receiptsRoot,
        uint256 transactionIndex,
        bytes[] calldata nodes
    ) private pure returns (bytes memory) {
        if (nodes.length > MAX_NODES) revert ProofTooDeep(nodes.length, MAX_NODES);

        (bytes memory receipt, TrieProof.ProofError err) = TrieProof.tryTraverse(
            receiptsRoot,
            RLP.encode(transactionIndex),
            nodes
        );
        if (err != TrieProof.ProofError.NO_ERROR) revert ReceiptNotInBlock(transactionIndex);
        return receipt;
    }

    function _logsOf(bytes memory receipt) private pure returns (Memory.Slice[] memory) {
        Memory.Slice body = receipt.asSlice();
        uint8 prefix = uint8(receipt[0]);
        if (prefix < FIRST_LIST_PREFIX) {
            bool isKnown = (prefix != 0 && prefix <= LAST_ETHEREUM_TYPE) || prefix == DEPOSIT_TYPE;
            if (!isKnown) revert ReceiptTypeUnknown(prefix);
            body = body.slice(1);
            if (body.length() == 0) revert ReceiptMalformed();
        }

        Memory.Slice[] memory items = body.readList();
        if (items.length < RECEIPT_MIN_ITEMS) revert ReceiptMalformed();
        // Before Byzantium a state root stood here, which says nothing about success.
        if (items[0].length() != 1 || items[0].load(0) != bytes32(bytes1(0x01))) revert ReceiptNotSuccessful();
        return items[LOGS_INDEX].readList();
    }

    /* LOGS */

    function _readAuthorization(
        AuthorizedTransfer memory transfer,
        address token,
        uint256 logIndex,
        Memory.Slice log
    ) private pure {
        (Memory.Slice[] memory topics, Memory.Slice data) = _logOf(token, logIndex, log);

        bool isAuthorization =
            topics.length == LOG_TOPICS &&
                topics[0].readBytes32() == IERC3009.AuthorizationUsed.selector &&
                _isAddress(topics[1]) &&
                data.readBytes().length == 0;
        if (!isAuthorization) revert LogNotAuthorization(logIndex);

        transfer.payer = _addressIn(topics[1]);
        transfer.nonce = topics[2].readBytes32();
    }

    function _readTransfer(
        AuthorizedTransfer memory transfer,
        address token,
        uint256 logIndex,
        Memory.Slice log
    ) private pure {
        (Memory.Slice[] memory topics, Memory.Slice data) = _logOf(token, logIndex, log);

        bool isTransfer =
            topics.length == LOG_TOPICS &&
                topics[0].readBytes32() == IERC20.Transfer.selector &&
                _isAddress(topics[1]) &&
                _addressIn(topics[1]) == transfer.payer &&
                _isAddress(topics[2]) &&
                data.length() == ENCODED_WORD_LENGTH;
        if (!isTransfer) revert LogNotTransfer(logIndex);

        transfer.recipient = _addressIn(topics[2]);
        transfer.value = data.readUint256();
    }

    function _logOf(
        address token,
        uint256 logIndex,
        Memory.Slice log
    ) private pure returns (Memory.Slice[] memory topics, Memory.Slice data) {
        Memory.Slice[] memory items = log.readList();
        if (items.length != LOG_ITEMS || items[0].length() != ENCODED_ADDRESS_LENGTH) revert ReceiptMalformed();
        address emitter = items[0].readAddress();
        if (emitter != token) revert LogOfOtherToken(logIndex, emitter, token);

        topics = items[1].readList();
        for (uint256 i = 0; i < topics.length; ++i) {
            if (topics[i].length() != ENCODED_WORD_LENGTH) revert ReceiptMalformed();
        }
        data = items[2];
    }

    function _isAddress(Memory.Slice topic) private pure returns (bool) {
        return topic.readUint256() <= type(uint160).max;
    }

    function _addressIn(Memory.Slice topic) private pure returns (address) {
        return address(uint160(topic.readUint256()));
    }
}
