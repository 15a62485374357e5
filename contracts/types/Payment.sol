// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice One payment into one vault on one chain: keccak256(chain id, vault, method, token, payer, nonce).
type PaymentId is bytes32;

/// @notice How a payment came in. Part of its id, so that nonces of different methods never meet.
enum Method {
    Eip3009
}

/// @notice What names a payment inside a vault; its id is computed from these.
/// @param method How it came in.
/// @param token The ERC-20 token it was paid in.
/// @param payer Who signed it.
/// @param nonce The nonce of the payer's authorization.
struct PaymentRef {
    Method method;
    address token;
    address payer;
    bytes32 nonce;
}

/// @notice An EIP-3009 `TransferWithAuthorization` whose recipient is the vault, as the `exact` scheme of x402 signs it.
/// @param token The ERC-20 token with EIP-3009.
/// @param payer The `from` of the authorization.
/// @param value In the token's smallest unit, at least 1.
/// @param validAfter Unix seconds; the token accepts the authorization strictly after this.
/// @param validBefore Unix seconds; the token accepts the authorization strictly before this.
/// @param nonce Chosen by the payer; the token takes it once.
/// @param signature 65 bytes r, s, v of a key, or what the payer's ERC-1271 contract expects.
struct Authorization {
    address token;
    address payer;
    uint256 value;
    uint256 validAfter;
    uint256 validBefore;
    bytes32 nonce;
    bytes signature;
}

/// @notice What somebody may do with a payment, and until when.
/// @param selector The function of the vault to call.
/// @param actor Who may call it; zero means anyone.
/// @param from First Unix second at which it is allowed.
/// @param until First Unix second at which it is no longer allowed; the largest value means never.
struct NextAction {
    bytes4 selector;
    address actor;
    uint40 from;
    uint40 until;
}
