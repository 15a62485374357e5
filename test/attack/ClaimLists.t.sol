// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the list of a claim is short, true and without repetition.
contract ClaimListsTest is AttackTest {
    uint256 private constant MANY = 5_000;

    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_TheSameBucketAThousandTimesIsClaimedOnce() external {
        pay(otherPayer, PRICE, "other");
        uint32 bucket = mature(_ref)[0];
        uint32[] memory buckets = new uint32[](1_000);
        for (uint256 i = 0; i < buckets.length; ++i) buckets[i] = bucket;
        assertEq(vault.claim(address(token), buckets, PAYOUT_GAS), 2 * PRICE);
    }

    function test_ThousandsOfEmptyBucketsChangeNothing() external {
        uint32 bucket = mature(_ref)[0];
        uint32[] memory buckets = new uint32[](MANY);
        for (uint256 i = 0; i < MANY; ++i) buckets[i] = bucket - uint32(i);
        assertEq(vault.claim(address(token), buckets, PAYOUT_GAS), PRICE);
    }

    function test_RevertWhen_TheListIsTooLongForTheGas() external {
        uint32 bucket = mature(_ref)[0];
        uint32[] memory buckets = new uint32[](MANY);
        for (uint256 i = 0; i < MANY; ++i) buckets[i] = bucket - uint32(i);
        (bool success, ) = address(vault).call{gas: 3_000_000}(
            abi.encodeCall(IMaturing.claim, (address(token), buckets, PAYOUT_GAS))
        );
        assertFalse(success, "out of gas");
        assertEq(liabilities(), PRICE, "no trace");
    }

    function test_RevertWhen_TheListIsEmpty() external {
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, token));
        vault.claim(address(token), new uint32[](0), PAYOUT_GAS);
    }

    function test_RevertWhen_ClaimedTwice() external {
        uint32[] memory buckets = mature(_ref);
        vault.claim(address(token), buckets, PAYOUT_GAS);
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, token));
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function test_RevertWhen_OneBucketOfTheListHasNotMatured() external {
        uint32[] memory buckets = new uint32[](2);
        buckets[0] = mature(_ref)[0];
        buckets[1] = buckets[0] + 1;
        vm.expectRevert(
            abi.encodeWithSelector(
                IMaturing.ClaimBeforeMaturity.selector,
                buckets[1],
                uint40(uint256(buckets[1]) * 1 hours),
                block.timestamp
            )
        );
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function test_RevertWhen_ClaimedInTheLastSecondBeforeMaturity() external {
        uint32[] memory buckets = mature(_ref);
        // From the vault: via IR, a copy of the clock is read anew after a warp.
        uint256 maturesAt = vault.paymentOf(_ref).maturesAt;
        vm.warp(maturesAt - 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                IMaturing.ClaimBeforeMaturity.selector,
                buckets[0],
                uint40(maturesAt),
                maturesAt - 1
            )
        );
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function test_RevertWhen_TheLastBucketOfAllIsClaimed() external {
        uint32[] memory buckets = new uint32[](1);
        buckets[0] = type(uint32).max;
        uint256 maturesAt = uint256(type(uint32).max) * 1 hours;
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, maturesAt));
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function test_AnothersShareOfTheListDoesNotSpoilTheRest() external {
        uint32[] memory first = mature(_ref);
        uint32[] memory both = new uint32[](2);
        both[0] = first[0];
        both[1] = mature(pay(otherPayer, PRICE, "other"))[0];
        vault.claim(address(token), first, PAYOUT_GAS);
        assertEq(vault.claim(address(token), both, PAYOUT_GAS), PRICE);
    }
}
