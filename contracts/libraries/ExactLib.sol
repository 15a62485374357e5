// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {PaymentApproval} from "../types/TypedData.sol";

/// @title ExactLib
/// @notice What a payer signs under x402's scheme `exact`: the digests of tokens with EIP-3009, and of x402's Permit2 proxy.
/// @dev https://github.com/coinbase/x402/blob/main/specs/schemes/exact/scheme_exact_evm.md
library ExactLib {
    /// @dev https://eips.ethereum.org/EIPS/eip-712
    bytes32 private constant DOMAIN_TYPEHASH = keccak256(
        "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
    );
    bytes32 private constant DOMAIN_WITHOUT_VERSION_TYPEHASH = keccak256(
        "EIP712Domain(string name,uint256 chainId,address verifyingContract)"
    );

    /// @dev https://eips.ethereum.org/EIPS/eip-3009
    bytes32 internal constant TRANSFER_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant RECEIVE_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @dev At the same address on every chain: https://docs.uniswap.org/contracts/v4/deployments
    address internal constant PERMIT2 = 0x000000000022D473030F116dDEE9F6B43aC78BA3;
    /// @dev At the same address on every chain: `x402ExactPermit2ProxyAddress` of @x402/evm. It pays `witness.to` and nobody else.
    address internal constant PERMIT2_PROXY = 0x402085c248EeA27D92E8b30b2C58ed07f9E20001;
    bytes32 private constant PERMIT2_NAME_HASH = keccak256("Permit2");
    bytes32 private constant PERMIT_TYPEHASH = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
    );
    bytes32 private constant TOKEN_PERMISSIONS_TYPEHASH = keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 private constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");

    /// @notice The separator of a domain with a name and a version, on this chain.
    /// @param nameHash Hash of its name.
    /// @param versionHash Hash of its version.
    /// @param verifyingContract Whose domain it is.
    /// @return The separator.
    function separatorOf(
        bytes32 nameHash,
        bytes32 versionHash,
        address verifyingContract
    ) internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, nameHash, versionHash, block.chainid, verifyingContract));
    }

    /// @notice What this contract signs for a payment by EIP-3009.
    /// @param separator Of the token's domain.
    /// @param typeHash Of the transfer that anyone, or that the payee alone presents.
    /// @param payment What is paid.
    /// @return The digest.
    function authorizationDigest(
        bytes32 separator,
        bytes32 typeHash,
        PaymentApproval memory payment
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                typeHash,
                address(this),
                payment.payee,
                payment.value,
                payment.validAfter,
                payment.validBefore,
                payment.nonce
            )
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    /// @notice What this contract signs for a payment by x402's Permit2 proxy.
    /// @param payment What is paid.
    /// @return The digest.
    function permitDigest(PaymentApproval memory payment) internal view returns (bytes32) {
        bytes32 structHash = keccak256(
            abi.encode(
                PERMIT_TYPEHASH,
                keccak256(abi.encode(TOKEN_PERMISSIONS_TYPEHASH, payment.token, payment.value)),
                PERMIT2_PROXY,
                payment.nonce,
                payment.validBefore,
                keccak256(abi.encode(WITNESS_TYPEHASH, payment.payee, payment.validAfter))
            )
        );
        bytes32 separator = keccak256(
            abi.encode(DOMAIN_WITHOUT_VERSION_TYPEHASH, PERMIT2_NAME_HASH, block.chainid, PERMIT2)
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }
}
