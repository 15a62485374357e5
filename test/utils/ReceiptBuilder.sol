// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

struct Log {
    address emitter;
    bytes32[] topics;
    bytes data;
}

/// @title ReceiptBuilder
/// @notice Encodes blocks as a chain does: headers, receipts, and the trie that holds them.
library ReceiptBuilder {
    using RLP for RLP.Encoder;

    uint8 internal constant LEGACY = 0;
    uint8 internal constant DEPOSIT = 0x7e;
    bytes private constant EMPTY = hex"80";

    /* HEADER */

    /// @notice A header with the fields of Prague.
    function encodeHeader(
        uint256 number,
        uint256 timestamp,
        bytes32 receiptsRoot,
        bytes memory extraData
    ) internal pure returns (bytes memory) {
        RLP.Encoder memory header = upToTimestamp(number, timestamp, receiptsRoot);
        header.push(extraData).push(bytes32("prevRandao")).push(abi.encodePacked(bytes8(0)));
        header.push(uint256(1 gwei)).push(bytes32("withdrawalsRoot")).push(uint256(0)).push(uint256(0));
        return header.push(bytes32("parentBeaconBlockRoot")).push(bytes32("requestsHash")).encode();
    }

    /// @notice The first twelve fields.
    function upToTimestamp(
        uint256 number,
        uint256 timestamp,
        bytes32 receiptsRoot
    ) internal pure returns (RLP.Encoder memory header) {
        header = upToGasUsed(number, receiptsRoot).push(timestamp);
    }

    /// @notice The first eleven fields.
    function upToGasUsed(uint256 number, bytes32 receiptsRoot) internal pure returns (RLP.Encoder memory header) {
        header = RLP.encoder().push(bytes32("parentHash")).push(bytes32("ommersHash")).push(address(0xc01bba5e));
        header.push(bytes32("stateRoot")).push(bytes32("transactionsRoot")).push(receiptsRoot);
        header.push(new bytes(256)).push(uint256(0)).push(number).push(uint256(36_000_000)).push(uint256(100_000));
    }

    /* RECEIPT */

    function encodeReceipt(uint8 receiptType, Log[] memory logs) internal pure returns (bytes memory) {
        return encodeReceipt(receiptType, hex"01", encodeLogs(logs));
    }

    /// @notice A receipt whose status and logs are encoded already.
    function encodeReceipt(
        uint8 receiptType,
        bytes memory status,
        bytes memory logs
    ) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](receiptType == DEPOSIT ? 6 : 4);
        items[0] = status;
        items[1] = RLP.encode(uint256(21_000));
        items[2] = RLP.encode(new bytes(256));
        items[3] = logs;
        if (receiptType == DEPOSIT) {
            items[4] = RLP.encode(uint256(7)); // depositNonce
            items[5] = RLP.encode(uint256(1)); // depositReceiptVersion
        }
        bytes memory body = RLP.encode(items);
        return receiptType == LEGACY ? body : abi.encodePacked(receiptType, body);
    }

    function encodeLogs(Log[] memory logs) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](logs.length);
        for (uint256 i = 0; i < logs.length; ++i) items[i] = encodeLog(logs[i]);
        return RLP.encode(items);
    }

    function encodeLog(Log memory log) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](3);
        items[0] = RLP.encode(log.emitter);
        items[1] = encodeTopics(log.topics);
        items[2] = RLP.encode(log.data);
        return RLP.encode(items);
    }

    function encodeTopics(bytes32[] memory topics) internal pure returns (bytes memory) {
        bytes[] memory items = new bytes[](topics.length);
        for (uint256 i = 0; i < topics.length; ++i) items[i] = RLP.encode(topics[i]);
        return RLP.encode(items);
    }

    /* TRIE */

    struct Trie {
        bytes[] keys; // one nibble a byte
        bytes[] values;
        uint256 target; // whose nodes are collected
        bytes[] nodes; // from the leaf to the root
    }

    /// @notice The root of the trie with `receipts` at the places 0, 1, 2 …, and the nodes to the one at `index`.
    function prove(bytes[] memory receipts, uint256 index) internal pure returns (bytes32 root, bytes[] memory nodes) {
        uint256[] memory indices = new uint256[](receipts.length);
        for (uint256 i = 0; i < indices.length; ++i) indices[i] = i;
        return prove(indices, receipts, index);
    }

    /// @notice As above, with `receipts` at `indices`, and the nodes to the one at `indices[target]`.
    function prove(
        uint256[] memory indices,
        bytes[] memory receipts,
        uint256 target
    ) internal pure returns (bytes32 root, bytes[] memory nodes) {
        Trie memory trie = Trie(new bytes[](receipts.length), receipts, target, new bytes[](0));
        uint256[] memory members = new uint256[](receipts.length);
        for (uint256 i = 0; i < members.length; ++i) {
            members[i] = i;
            trie.keys[i] = _nibblesOf(RLP.encode(indices[i]));
        }
        root = keccak256(_build(trie, members, 0));
        nodes = new bytes[](trie.nodes.length);
        for (uint256 i = 0; i < nodes.length; ++i) nodes[i] = trie.nodes[nodes.length - 1 - i];
    }

    /// @dev The node above `members`, whose keys agree before `depth`.
    function _build(
        Trie memory trie,
        uint256[] memory members,
        uint256 depth
    ) private pure returns (bytes memory node) {
        bytes memory key = trie.keys[members[0]];
        uint256 shared = members.length == 1 ? key.length : _sharedUntil(trie, members, depth);
        if (members.length == 1) node = _pair(key, depth, shared, true, RLP.encode(trie.values[members[0]]));
        else if (shared > depth) node = _pair(key, depth, shared, false, _reference(_build(trie, members, shared)));
        else node = _branch(trie, members, depth);

        if (_contains(members, trie.target)) trie.nodes = _append(trie.nodes, node);
    }

    function _branch(Trie memory trie, uint256[] memory members, uint256 depth) private pure returns (bytes memory) {
        bytes[] memory items = new bytes[](17);
        for (uint8 nibble = 0; nibble < 16; ++nibble) {
            uint256[] memory below = _below(trie, members, depth, nibble);
            items[nibble] = below.length == 0 ? EMPTY : _reference(_build(trie, below, depth + 1));
        }
        items[16] = EMPTY;
        return RLP.encode(items);
    }

    /// @dev Leaf or extension: the nibbles of `key` in [from, until) in hex-prefix form, and `second`.
    function _pair(
        bytes memory key,
        uint256 from,
        uint256 until,
        bool isLeaf,
        bytes memory second
    ) private pure returns (bytes memory) {
        bool isOdd = (until - from) % 2 == 1;
        uint8 flag = (isLeaf ? 2 : 0) + (isOdd ? 1 : 0);
        bytes memory path = abi.encodePacked(isOdd ? (flag << 4) | uint8(key[from]) : flag << 4);
        for (uint256 i = isOdd ? from + 1 : from; i < until; i += 2) {
            path = abi.encodePacked(path, (uint8(key[i]) << 4) | uint8(key[i + 1]));
        }
        bytes[] memory items = new bytes[](2);
        items[0] = RLP.encode(path);
        items[1] = second;
        return RLP.encode(items);
    }

    /// @dev Every node here holds a receipt or a hash, so none is short enough to be inlined.
    function _reference(bytes memory node) private pure returns (bytes memory) {
        assert(node.length >= 32);
        return RLP.encode(keccak256(node));
    }

    function _sharedUntil(
        Trie memory trie,
        uint256[] memory members,
        uint256 depth
    ) private pure returns (uint256 shared) {
        bytes memory first = trie.keys[members[0]];
        for (shared = depth; ; ++shared) {
            for (uint256 i = 1; i < members.length; ++i) {
                if (trie.keys[members[i]][shared] != first[shared]) return shared;
            }
        }
    }

    function _below(
        Trie memory trie,
        uint256[] memory members,
        uint256 depth,
        uint8 nibble
    ) private pure returns (uint256[] memory below) {
        uint256 count = 0;
        for (uint256 i = 0; i < members.length; ++i) {
            if (uint8(trie.keys[members[i]][depth]) == nibble) ++count;
        }
        below = new uint256[](count);
        for (uint256 i = members.length; i > 0; --i) {
            if (uint8(trie.keys[members[i - 1]][depth]) == nibble) below[--count] = members[i - 1];
        }
    }

    function _contains(uint256[] memory list, uint256 item) private pure returns (bool) {
        for (uint256 i = 0; i < list.length; ++i) if (list[i] == item) return true;
        return false;
    }

    function _append(bytes[] memory list, bytes memory item) private pure returns (bytes[] memory longer) {
        longer = new bytes[](list.length + 1);
        for (uint256 i = 0; i < list.length; ++i) longer[i] = list[i];
        longer[list.length] = item;
    }

    function _nibblesOf(bytes memory key) private pure returns (bytes memory nibbles) {
        nibbles = new bytes(2 * key.length);
        for (uint256 i = 0; i < key.length; ++i) {
            nibbles[2 * i] = bytes1(uint8(key[i]) >> 4);
            nibbles[2 * i + 1] = bytes1(uint8(key[i]) & 0x0f);
        }
    }
}
