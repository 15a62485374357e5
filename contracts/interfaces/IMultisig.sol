// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {Execute, PaymentApproval, StandingApproval} from "../types/TypedData.sol";

/// @title IMultisig
/// @notice An account of agents and humans, which pays wherever an ERC-1271 signature is taken.
interface IMultisig is IERC1271 {
    /// @notice The account has a list of payees, and this is not on it.
    /// @dev Pay another, or let the account change its list, by `reconfigure`.
    error PayeeNotListed(address payee);

    /// @notice Only a human signer of the account may do this.
    /// @dev Call as one of them.
    error NotHuman(address caller);

    /// @notice The message was signed under other rules of the account.
    /// @dev Sign it again, with the epoch of now.
    error EpochMismatch(uint256 epoch, uint256 signedEpoch);

    /// @notice The message is not the account's next.
    /// @dev Wait until those before it are through, or sign it again.
    error NonceMismatch(uint256 nonce, uint256 signedNonce);

    /// @notice The message is no longer valid.
    /// @dev Sign a new one with a later deadline.
    error SignatureExpired(uint256 deadline, uint256 timestamp);

    /// @notice The signatures are no list of valid signatures of this account's signers.
    /// @dev Each signs the same message, for this account, chain and epoch; they stand in the order of the signers.
    error SignaturesInvalid();

    /// @notice The signers do not weigh enough together.
    /// @dev Collect more signatures.
    error WeightTooLow(uint256 weight, uint256 needed);

    /// @notice A call with data was to go to an address without code.
    /// @dev Check the address and the chain.
    error CallWithoutCode(uint256 index, address to);

    /// @notice One of the calls failed, and with it all.
    /// @dev `reason` is its own answer.
    error CallFailed(uint256 index, bytes reason);

    /// @notice The account made the calls of a message.
    /// @param nonce Of the message.
    /// @param calls How many.
    event Executed(uint256 indexed nonce, uint256 calls);

    /// @notice A human ended a standing approval. What it was not used for can no longer be paid with it.
    /// @param approval The digest of the approval.
    /// @param by The human.
    event ApprovalRevoked(bytes32 indexed approval, address indexed by);

    /// @notice Ends a standing approval, whether it was given already or not. It cannot be given back.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts NotHuman when the caller is no human signer.
    /// @param approval Its digest, as `standingDigestOf` tells.
    function revoke(bytes32 approval) external;

    /// @notice Whether a human ended a standing approval.
    /// @param approval Its digest.
    /// @return Whether one did.
    function isRevoked(bytes32 approval) external view returns (bool);

    /// @notice Makes calls in the account's name, all or none.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts EpochMismatch when it was signed under other rules.
    /// @custom:reverts NonceMismatch when it is not the next.
    /// @custom:reverts SignatureExpired when its deadline is reached.
    /// @custom:reverts SignaturesInvalid when the list of signatures is not valid.
    /// @custom:reverts WeightTooLow when they do not reach full weight.
    /// @custom:reverts CallWithoutCode when a call with data goes to an address without code.
    /// @custom:reverts CallFailed when a call fails.
    /// @param message The calls.
    /// @param signatures Two bytes with a bit for each signer, then the signatures in the signers' order.
    function execute(Execute calldata message, bytes calldata signatures) external;

    /// @notice The weight that a payment needs.
    /// @custom:reverts NotAnAccount when this is not an account.
    /// @custom:reverts TokenWithoutRules when the account has no rules for the token.
    /// @custom:reverts PayeeNotListed when the account may not pay this payee.
    /// @param token The ERC-20 token.
    /// @param payee Who is to be paid.
    /// @param value In the token's smallest unit.
    /// @return weight That of the lowest tier that reaches it, or full weight.
    function weightFor(address token, address payee, uint256 value) external view returns (uint256 weight);

    /// @notice What signers sign to approve of a payment.
    /// @param message The payment.
    /// @return The EIP-712 digest.
    function digestOf(PaymentApproval calldata message) external view returns (bytes32);

    /// @notice What humans sign to approve of payments ahead. The nonce of payment i is the hash of this and i, each a word.
    /// @param message The approval.
    /// @return The EIP-712 digest.
    function standingDigestOf(StandingApproval calldata message) external view returns (bytes32);
}
