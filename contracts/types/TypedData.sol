// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentId} from "./Payment.sol";

/// @notice EIP-712 message by which a payer, receiver or operator gives money of a payment back to its payer.
/// @param paymentId The payment, which names chain and vault.
/// @param amount In the token's smallest unit, at least 1. What went back meanwhile counts towards it, so that the message
/// makes the total `expectedRefunded + amount` and does nothing when that has been reached.
/// @param to Where the payer wants it; the payer itself when receiver or operator signs.
/// @param expectedHeld What the payment held when it was signed; the message is void when money left by another way.
/// @param expectedRefunded What had gone back when it was signed; it only grows, so an old message never becomes valid again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Refund {
    PaymentId paymentId;
    uint256 amount;
    address to;
    uint256 expectedHeld;
    uint256 expectedRefunded;
    uint256 deadline;
}

/// @notice EIP-712 message by which the owner of a credit sends all of it somewhere.
/// @param token The ERC-20 token of the credit.
/// @param owner Who owns the credit, and signs.
/// @param to Where it goes.
/// @param expectedCredit The credit when it was signed; the message is void when it has shrunk.
/// @param expectedWithdrawn What was withdrawn before; it only grows, so an old message never becomes valid again.
/// @param deadline First Unix second at which the message is no longer valid.
struct Withdraw {
    address token;
    address owner;
    address to;
    uint256 expectedCredit;
    uint256 expectedWithdrawn;
    uint256 deadline;
}
