// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {AuthorizedTransfer, ReceiptProof} from "../types/Receipt.sol";

/// @title IReceiptVerifier
/// @notice Reads past transfers of this chain from proofs, believing nobody.
interface IReceiptVerifier {
    /* ERRORS: BLOCK */

    /// @notice The header is longer than any block's.
    /// @dev Pass the RLP-encoded header, and nothing else, of at most `limit` bytes.
    error HeaderTooLong(uint256 length, uint256 limit);

    /// @notice The block is not past yet, so its hash is not known.
    /// @dev Wait for the next block.
    error BlockNotPast(uint256 blockNumber, uint256 currentBlock);

    /// @notice The block is too old, and nobody kept its hash.
    /// @dev Nothing can be proven from this block any more. Prove younger ones in time, or keep their hashes.
    error BlockTooOld(uint256 blockNumber, uint256 oldest);

    /// @notice The header is not that of this chain's block.
    /// @dev Take the header from a node of this chain.
    error BlockHashMismatch(uint256 blockNumber, bytes32 headerHash);

    /* ERRORS: RECEIPT */

    /// @notice The proof has more nodes than a receipts trie is deep.
    /// @dev Pass the nodes from the root to the receipt, and no others.
    error ProofTooDeep(uint256 nodes, uint256 limit);

    /// @notice The receipt is of a type that this verifier does not know.
    /// @dev Types 0 to 4 and 0x7e (deposits of rollups) are known.
    error ReceiptTypeUnknown(uint8 receiptType);

    /// @notice The receipt is not encoded as receipts are.
    /// @dev Build the proof from a node's receipts, all of the block's.
    error ReceiptMalformed();

    /// @notice The transaction reverted: nothing moved.
    /// @dev Prove a transaction that succeeded.
    error ReceiptNotSuccessful();

    /// @notice The receipt has no such log, or none behind it.
    /// @dev Count logs from the receipt's first one, not the block's.
    error LogMissing(uint256 logIndex, uint256 logs);

    /// @notice The log is of another contract than the token.
    /// @dev Name the token that was paid in, and the log's place in the receipt.
    error LogOfOtherToken(uint256 logIndex, address emitter, address token);

    /// @notice The log is not that of a used authorization.
    /// @dev `logIndex` is the place of `AuthorizationUsed`; the transfer's log comes next.
    error LogNotAuthorization(uint256 logIndex);

    /// @notice The log is not a transfer by the payer of the authorization.
    /// @dev Only a transfer right behind its authorization is proven by it.
    error LogNotTransfer(uint256 logIndex);

    /* EVENTS */

    /// @notice A block's hash was kept beyond the chain's own horizon.
    /// @param blockNumber The block.
    /// @param blockHash Its hash.
    event BlockHashSaved(uint256 indexed blockNumber, bytes32 blockHash);

    /* FUNCTIONS */

    /// @notice Keeps the hash of a block, so that its receipts can be proven for good. Anyone may call, once is enough for
    /// all vaults. Without it a block is within reach for 8,191 blocks where the chain has EIP-2935, else for 256.
    /// @param header The RLP-encoded header.
    /// @return blockNumber The block.
    function saveBlockHash(bytes calldata header) external returns (uint256 blockNumber);

    /// @notice The authorized transfer of `token` that `proof` shows.
    /// @param token The ERC-20 token with EIP-3009.
    /// @param proof Where it is written.
    /// @return transfer What happened.
    function authorizedTransferIn(
        address token,
        ReceiptProof calldata proof
    ) external view returns (AuthorizedTransfer memory transfer);

    /// @notice The hash that was kept of a block.
    /// @param blockNumber The block.
    /// @return The hash; zero when none was kept.
    function savedBlockHashOf(uint256 blockNumber) external view returns (bytes32);
}
