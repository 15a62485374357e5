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

    /// @notice The header has fewer fields than a block's.
    /// @dev Pass all fields of the header in their order, as the chain hashes them.
    error HeaderMalformed();

    /// @notice The block is not past yet, so its hash is not known.
    /// @dev Wait for the next block.
    error BlockNotPast(uint256 blockNumber, uint256 currentBlock);

    /// @notice The chain does not know the hash of so old a block any more, and nobody kept it.
    /// @dev Nothing can be proven from this block any more. Prove others in time, or keep their hashes with `saveBlockHash`.
    error BlockTooOld(uint256 blockNumber, uint256 currentBlock);

    /// @notice The header is not that of this chain's block.
    /// @dev Take the header from a node of this chain.
    error BlockHashMismatch(uint256 blockNumber, bytes32 headerHash);

    /* ERRORS: RECEIPT */

    /// @notice The proof has more nodes than a receipts trie is deep.
    /// @dev Pass the nodes from the root to the receipt, and no others.
    error ProofTooDeep(uint256 nodes, uint256 limit);

    /// @notice The nodes do not lead from the block's receipts root to a receipt at this place.
    /// @dev Build the trie from the receipts of all transactions of the block, and pass the nodes for this one, no more.
    error ReceiptNotInBlock(uint256 transactionIndex);

    /// @notice The receipt is of a type that this verifier does not know.
    /// @dev Known are receipts without a type, types 1 to 4, and 0x7e (deposits of rollups).
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
    /// @custom:reverts HeaderTooLong when the header has more than 4,096 bytes.
    /// @custom:reverts HeaderMalformed when it has fewer fields than a header has.
    /// @custom:reverts RLPInvalidEncoding when it is not encoded in RLP, or something follows it.
    /// @custom:reverts BlockNotPast when it is of the current block, or a later one.
    /// @custom:reverts BlockTooOld when the chain does not know the block's hash any more, and nobody kept it.
    /// @custom:reverts BlockHashMismatch when it is not the header of the chain's block with its number.
    /// @param header The RLP-encoded header.
    /// @return blockNumber The block.
    function saveBlockHash(bytes calldata header) external returns (uint256 blockNumber);

    /// @notice The authorized transfer of `token` that `proof` shows.
    /// @custom:reverts HeaderTooLong when the header has more than 4,096 bytes.
    /// @custom:reverts HeaderMalformed when it has fewer fields than a header has.
    /// @custom:reverts RLPInvalidEncoding when header, node, or receipt are not encoded in RLP, or something follows them;
    /// also when `transactionIndex` leads to an empty place of a node.
    /// @custom:reverts BlockNotPast when the header is of the current block, or a later one.
    /// @custom:reverts BlockTooOld when the chain does not know the block's hash any more, and nobody kept it.
    /// @custom:reverts BlockHashMismatch when it is not the header of the chain's block with its number.
    /// @custom:reverts ProofTooDeep when there are more than 9 nodes.
    /// @custom:reverts ReceiptNotInBlock when the nodes prove no receipt of a transaction at this place in the block.
    /// @custom:reverts ReceiptTypeUnknown when the receipt has a type other than 1 to 4 and 0x7e.
    /// @custom:reverts ReceiptMalformed when receipt or log have other items than they should.
    /// @custom:reverts ReceiptNotSuccessful when the transaction reverted.
    /// @custom:reverts LogMissing when the receipt has no log at `logIndex`, or none behind it.
    /// @custom:reverts LogOfOtherToken when either log is not the token's.
    /// @custom:reverts LogNotAuthorization when the log at `logIndex` is not `AuthorizationUsed`.
    /// @custom:reverts LogNotTransfer when the log behind it is not `Transfer`, or not by the same payer.
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
