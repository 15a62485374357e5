// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowMaturingInTest is RefundWindowUnitTest {
    function testFuzz_IsZeroWhenNothingWasPaid(uint32 bucket) external view {
        assertEq(vault.maturingIn(address(token), bucket), 0);
    }

    function testFuzz_IsTheSumOfAnHour(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e30);
        second = bound(second, 1, 1e30);
        pay(payer, first, "nonce");
        pay(otherPayer, second, "nonce");

        assertEq(vault.maturingIn(address(token), BUCKET), first + second);
    }

    function test_TellsTwoHoursApart() external {
        vm.warp(FULL_HOUR);
        pay(payer, PRICE, "last of its hour");
        vm.warp(FULL_HOUR + 1);
        pay(payer, 2 * PRICE, "first of the next");

        assertEq(vault.maturingIn(address(token), BUCKET), PRICE, "first");
        assertEq(vault.maturingIn(address(token), BUCKET + 1), 2 * PRICE, "next");
    }

    function testFuzz_TellsTheEarlierBucket(uint40 later) external {
        later = uint40(bound(later, 1 hours, 1000 days));
        pay(payer, PRICE, "first");
        vm.warp(START + later);
        pay(payer, 2 * PRICE, "later");

        assertEq(vault.maturingIn(address(token), BUCKET), PRICE);
    }

    function testFuzz_IsWhatRefundsHaveLeft(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE);
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        refundAs(payer.addr, ref, refunded, payer.addr);

        assertEq(vault.maturingIn(address(token), BUCKET), PRICE - refunded);
    }

    function testFuzz_IsWhatIsNotDisputed(uint256 other) external {
        other = bound(other, 1, 1e29);
        useVaultWithArbiter();
        disputed(payer, PRICE, "nonce");
        pay(otherPayer, other, "nonce");

        assertEq(vault.maturingIn(address(token), BUCKET), other);
    }

    function test_IsZeroWhenClaimed() external {
        pay(payer, PRICE, "nonce");
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertEq(vault.maturingIn(address(token), BUCKET), 0);
    }

    function testFuzz_IsZeroInAnotherToken(address otherToken) external {
        vm.assume(otherToken != address(token));
        pay(payer, PRICE, "nonce");

        assertEq(vault.maturingIn(otherToken, BUCKET), 0);
    }
}
