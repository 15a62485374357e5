// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice Shows that a transaction of this chain emitted two neighbouring logs: a payer's authorization, and the transfer
/// that it made. Anyone can build it from public data of a node.
/// @param header The RLP-encoded header of the transaction's block.
/// @param transactionIndex The place of the transaction in its block, from 0.
/// @param nodes The RLP-encoded nodes of the block's receipts trie, from the root to the receipt.
/// @param logIndex The place of the authorization's log in the receipt, from 0; the transfer's log is the next one. Nodes
/// count logs by the block: subtract the index of the receipt's first log.
struct ReceiptProof {
    bytes header;
    uint256 transactionIndex;
    bytes[] nodes;
    uint256 logIndex;
}

/// @notice A transfer that its payer authorized, as a receipt shows it.
/// @param payer Who authorized and paid.
/// @param nonce The nonce of the authorization.
/// @param recipient Who got it.
/// @param value In the token's smallest unit.
/// @param timestamp Of the block, in Unix seconds.
struct AuthorizedTransfer {
    address payer;
    bytes32 nonce;
    address recipient;
    uint256 value;
    uint40 timestamp;
}
