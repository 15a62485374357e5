// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice What an account's agents can spend of a token without a human.
/// @param amount Now, in one payment or many, in the token's smallest unit.
/// @param afterRefill The same after a refill now.
/// @param target What refills let it grow to, as far as there is money.
/// @param perDay By how much, in a day.
/// @param reserve What they cannot touch now.
struct Spendable {
    uint256 amount;
    uint256 afterRefill;
    uint256 target;
    uint256 perDay;
    uint256 reserve;
}
