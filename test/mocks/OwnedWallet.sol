// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title OwnedWallet
/// @notice A contract account with one owner. By ERC-1271 it accepts what the owner's key signed, whatever bytes follow the
/// signature, and without a signature what the owner approved on chain.
contract OwnedWallet is IERC1271 {
    uint256 private constant ECDSA_SIGNATURE_LENGTH = 65;

    /// @dev In the code, so that an EIP-7702 account that delegates to the wallet has the same owner.
    address public immutable owner;

    mapping(bytes32 hash => bool approved) public isApproved;

    constructor(address owner_) {
        owner = owner_;
    }

    /// @notice Accepts `hash` without a signature.
    /// @param hash A digest.
    function approve(bytes32 hash) external {
        isApproved[hash] = true;
    }

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _isAccepted(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }

    function _isAccepted(bytes32 hash, bytes calldata signature) private view returns (bool) {
        if (signature.length < ECDSA_SIGNATURE_LENGTH) return isApproved[hash];
        (address signer, , ) = ECDSA.tryRecover(hash, signature[:ECDSA_SIGNATURE_LENGTH]);
        return signer != address(0) && signer == owner;
    }
}
