// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Subscription, SubscriptionWord, packSubscription} from "../../../contracts/types/Subscription.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract SubscriptionTest is TestBase {
    /// @dev The widths of the fields, from the first to the last: so many bits are used.
    uint256 private constant BITS = 40 + 40 + 40 + 32 + 16 + 16 + 16 + 1 + 48;
    uint256 private constant FIELDS = 9;

    function testFuzz_ReturnsWhatWasPacked(Subscription memory subscription) external pure {
        assertEq(abi.encode(packSubscription(subscription).unpack()), abi.encode(subscription));
    }

    function testFuzz_PacksWhatWasUnpacked(uint256 word) external pure {
        word = bound(word, 0, (1 << BITS) - 1);

        SubscriptionWord packed = packSubscription(SubscriptionWord.wrap(word).unpack());
        assertEq(SubscriptionWord.unwrap(packed), word);
    }

    function test_KeepsTheHighestOfEachFieldToItself() external pure {
        uint256 seen;
        for (uint256 i = 0; i < FIELDS; ++i) {
            Subscription memory only = highestOf(i);
            uint256 word = SubscriptionWord.unwrap(packSubscription(only));

            assertEq(word & seen, 0, "no other field's bits");
            assertEq(abi.encode(SubscriptionWord.wrap(word).unpack()), abi.encode(only), "the field alone");
            seen |= word;
        }
        assertEq(seen, (1 << BITS) - 1, "every bit is somebody's");
    }

    function testFuzz_ChangesNoOtherField(Subscription memory subscription, uint256 field) external pure {
        field = bound(field, 0, FIELDS - 1);
        uint256 word = SubscriptionWord.unwrap(packSubscription(subscription));
        uint256 mask = SubscriptionWord.unwrap(packSubscription(highestOf(field)));

        Subscription memory changed = SubscriptionWord.wrap(word & ~mask).unpack();

        if (field == 0) subscription.anchor = 0;
        if (field == 1) subscription.paidThrough = 0;
        if (field == 2) subscription.closesAt = 0;
        if (field == 3) subscription.serial = 0;
        if (field == 4) subscription.quantity = 0;
        if (field == 5) subscription.nextIndex = 0;
        if (field == 6) subscription.endIndex = 0;
        if (field == 7) subscription.isCanceled = false;
        if (field == 8) subscription.refunded = 0;
        assertEq(abi.encode(changed), abi.encode(subscription));
    }

    function test_IsAllZeroWhenThereNeverWasAnything() external pure {
        Subscription memory nothing;

        assertEq(abi.encode(SubscriptionWord.wrap(0).unpack()), abi.encode(nothing), "unpacked");
        assertEq(SubscriptionWord.unwrap(packSubscription(nothing)), 0, "packed");
    }

    /* HELPERS */

    /// @notice A subscription of which one field has its highest value, and the others are zero.
    function highestOf(uint256 field) private pure returns (Subscription memory only) {
        if (field == 0) only.anchor = type(uint40).max;
        if (field == 1) only.paidThrough = type(uint40).max;
        if (field == 2) only.closesAt = type(uint40).max;
        if (field == 3) only.serial = type(uint32).max;
        if (field == 4) only.quantity = type(uint16).max;
        if (field == 5) only.nextIndex = type(uint16).max;
        if (field == 6) only.endIndex = type(uint16).max;
        if (field == 7) only.isCanceled = true;
        if (field == 8) only.refunded = type(uint48).max;
    }
}
