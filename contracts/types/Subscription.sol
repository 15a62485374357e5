// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

/// @notice Who pays and who may use it, in one plan: keccak256(subscriber, beneficiary).
type PairId is bytes32;

/// @notice Names a pair.
/// @param subscriber Who pays.
/// @param beneficiary Who may use it.
struct Pair {
    address subscriber;
    address beneficiary;
}

/// @notice The stored form of a `Subscription`: one word, so that a charge writes one.
type SubscriptionWord is uint256;

using {unpack, anchor, paidThrough, quantity, nextIndex, endIndex, withCharge} for SubscriptionWord global;

/// @notice What a pair has in a plan. Periods are counted from the anchor, and none is counted twice.
/// @param anchor When period 0 starts, in Unix seconds. All periods' bounds follow from it.
/// @param paidThrough First Unix second without access.
/// @param closesAt First Unix second at which the newest charge can no longer be undone; zero when there is none to undo.
/// @param serial Which Subscribe is valid next. It only grows.
/// @param quantity How many units a charge is for.
/// @param nextIndex The period after the newest that is paid.
/// @param endIndex First period that may not be charged any more; zero when nothing may be charged.
/// @param isCanceled Whether the right to charge ended by somebody's will.
/// @param isRefunded Whether the merchant gave the newest charge back.
struct Subscription {
    uint40 anchor;
    uint40 paidThrough;
    uint40 closesAt;
    uint32 serial;
    uint16 quantity;
    uint16 nextIndex;
    uint16 endIndex;
    bool isCanceled;
    bool isRefunded;
}

/// @notice Packs a subscription.
/// @param subscription What to store.
/// @return The word.
function packSubscription(Subscription memory subscription) pure returns (SubscriptionWord) {
    uint256 word = subscription.anchor;
    word = (word << 40) | subscription.paidThrough;
    word = (word << 40) | subscription.closesAt;
    word = (word << 32) | subscription.serial;
    word = (word << 16) | subscription.quantity;
    word = (word << 16) | subscription.nextIndex;
    word = (word << 16) | subscription.endIndex;
    word = (word << 1) | (subscription.isCanceled ? 1 : 0);
    word = (word << 1) | (subscription.isRefunded ? 1 : 0);
    return SubscriptionWord.wrap(word);
}

/// @notice Unpacks a subscription.
/// @param packed The word.
/// @return subscription What was stored.
function unpack(SubscriptionWord packed) pure returns (Subscription memory subscription) {
    uint256 word = SubscriptionWord.unwrap(packed);
    subscription.isRefunded = word & 1 != 0;
    subscription.isCanceled = (word >> 1) & 1 != 0;
    subscription.endIndex = uint16(word >> 2);
    subscription.nextIndex = uint16(word >> 18);
    subscription.quantity = uint16(word >> 34);
    subscription.serial = uint32(word >> 50);
    subscription.closesAt = uint40(word >> 82);
    subscription.paidThrough = uint40(word >> 122);
    subscription.anchor = uint40(word >> 162);
}

/* One field of the word, and a charge written into it: what a batch does for each item. */

/// @notice As the field of `Subscription`.
/// @param packed The word.
/// @return Unix seconds.
function anchor(SubscriptionWord packed) pure returns (uint256) {
    return uint40(SubscriptionWord.unwrap(packed) >> 162);
}

/// @notice As the field of `Subscription`.
/// @param packed The word.
/// @return Unix seconds.
function paidThrough(SubscriptionWord packed) pure returns (uint256) {
    return uint40(SubscriptionWord.unwrap(packed) >> 122);
}

/// @notice As the field of `Subscription`.
/// @param packed The word.
/// @return A number of units.
function quantity(SubscriptionWord packed) pure returns (uint256) {
    return uint16(SubscriptionWord.unwrap(packed) >> 34);
}

/// @notice As the field of `Subscription`.
/// @param packed The word.
/// @return The index of a period.
function nextIndex(SubscriptionWord packed) pure returns (uint256) {
    return uint16(SubscriptionWord.unwrap(packed) >> 18);
}

/// @notice As the field of `Subscription`.
/// @param packed The word.
/// @return The index of a period.
function endIndex(SubscriptionWord packed) pure returns (uint256) {
    return uint16(SubscriptionWord.unwrap(packed) >> 2);
}

/// @notice The word after a charge: anchor, serial, quantity, end and cancel stay.
/// @param packed The word before it.
/// @param nextIndex_ The period after the one that was charged; below 2^16.
/// @param paidThrough_ The end of the one that was charged, in Unix seconds; below 2^40.
/// @param closesAt_ Until when the charge can be undone, in Unix seconds; below 2^40.
/// @return The word.
function withCharge(
    SubscriptionWord packed,
    uint256 nextIndex_,
    uint256 paidThrough_,
    uint256 closesAt_
) pure returns (SubscriptionWord) {
    uint256 changing = (uint256(type(uint40).max) << 122) | (uint256(type(uint40).max) << 82) | (0xffff << 18) | 1;
    uint256 word = SubscriptionWord.unwrap(packed) & ~changing;
    return SubscriptionWord.wrap(word | (paidThrough_ << 122) | (closesAt_ << 82) | (nextIndex_ << 18));
}

/// @notice What a subscriber has used up in a plan, whoever the beneficiary was. It outlives every cancel.
/// @param trial Whether it has had its trial.
/// @param undo Whether it has undone a charge.
struct Used {
    // slot 0 (2 of 32 bytes)
    bool trial;
    bool undo;
}

/// @notice An EIP-2612 permit of the subscriber for the plan. One without a signature stands for an allowance that is there.
/// @param value The allowance, in the token's smallest unit.
/// @param deadline Unix seconds; the token accepts the permit until then.
/// @param signature 65 bytes r, s, v of a key, or what the subscriber's ERC-1271 contract expects.
struct Permit {
    uint256 value;
    uint256 deadline;
    bytes signature;
}
