// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice Who signs for an account.
/// @param account A key's address, or a contract; not zero.
/// @param weight What its signature counts, at least 1.
/// @param isHuman Whether a person decides before it signs. What no human signed is held to the reserve.
/// @param isContract Whether it answers by ERC-1271. Else the key of the address signs, whatever code is there.
struct Signer {
    address account;
    uint8 weight;
    bool isHuman;
    bool isContract;
}

/// @notice The weight that payments up to a value need. Values above the last tier need full weight.
/// @param maxValue Of one payment, inclusive, in the token's smallest unit, at least 1.
/// @param weight At least 1 and at most full weight.
struct Tier {
    uint96 maxValue;
    uint8 weight;
}

/// @notice How an account spends one token.
/// @param token The ERC-20 token; not zero.
/// @param reserve What no payment without a human may touch, in the token's smallest unit, as long as it was not funded,
/// refilled or set.
/// @param refillPerDay By how much a refill may lower the reserve in a day; zero for never.
/// @param refillTarget What a refill makes spendable without a human, at most; zero exactly when `refillPerDay` is.
/// @param tiers Values and weights rising.
struct TokenRules {
    address token;
    uint96 reserve;
    uint96 refillPerDay;
    uint96 refillTarget;
    Tier[] tiers;
}

/// @notice The rules of an account.
/// @param fullWeight What everything needs that is not a payment within a tier; more than all agents together have.
/// @param signers One to 16, addresses rising.
/// @param payees Who may be paid by payments and subscriptions, at most 32, addresses rising; empty for anyone.
/// @param tokens At most 8, addresses rising. Others can be moved by `execute` alone.
struct MultisigConfig {
    uint8 fullWeight;
    Signer[] signers;
    address[] payees;
    TokenRules[] tokens;
}
