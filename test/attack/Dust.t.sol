// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: nobody pays a thousand times one unit.
contract DustTest is AttackTest {
    uint256 private constant MANY = 1_000;

    function test_AThousandUnitsAreOneBucket() external {
        PaymentRef memory ref = _payDust();
        assertEq(vault.claim(address(token), mature(ref), PAYOUT_GAS), MANY);
    }

    function test_AThousandUnitsDoNotMakeAClaimDearer() external {
        PaymentRef memory ref = _payDust();
        uint32[] memory buckets = mature(ref);
        uint256 before = gasleft();
        vault.claim(address(token), buckets, PAYOUT_GAS);
        assertLt(before - gasleft(), 200_000);
    }

    function test_TheFeeOfOneUnitIsRoundedInFavorOfTheReceiver() external {
        vault.claim(address(token), mature(pay(payer, 1, "nonce")), PAYOUT_GAS);
        assertEq(token.balanceOf(receiver.addr), 1, "receiver");
        assertEq(token.balanceOf(feeReceiver), 0, "fee");
    }

    function test_AnothersDustDoesNotChangeAPayment() external {
        PaymentRef memory ref = pay(otherPayer, PRICE, "other");
        _payDust();
        assertEq(vault.paymentOf(ref).refundable, PRICE);
    }

    function test_AClaimedBucketStaysClaimedWhateverIsPaidLater() external {
        PaymentRef memory ref = pay(otherPayer, PRICE, "other");
        vault.claim(address(token), mature(ref), PAYOUT_GAS);
        _payDust();
        assertEq(uint8(vault.paymentOf(ref).status), uint8(IRefundWindow.Status.Claimed));
    }

    function _payDust() private returns (PaymentRef memory ref) {
        for (uint256 i = 0; i < MANY; ++i) ref = pay(payer, 1, bytes32(i));
    }
}
