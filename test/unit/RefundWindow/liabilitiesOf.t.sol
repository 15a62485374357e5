// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowLiabilitiesOfTest is RefundWindowUnitTest {
    function test_IsZeroWhenNothingWasPaid() external view {
        assertLiabilities(0);
    }

    function testFuzz_IsTheSumOfAllBuckets(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e29);
        second = bound(second, 1, 1e29);
        pay(payer, first, "first");
        vm.warp(START + 3 hours);
        pay(payer, second, "second");

        assertLiabilities(first + second);
    }

    function testFuzz_IsLessByARefund(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE);
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        refundAs(payer.addr, ref, refunded, payer.addr);

        assertLiabilities(PRICE - refunded);
    }

    function testFuzz_StaysWhenAPayoutFailed(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE);
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        token.setPaused(true);
        refundAs(payer.addr, ref, refunded, payer.addr);

        assertLiabilities(PRICE);
    }

    function test_IsLessByAWithdrawal() external {
        pay(payer, PRICE, "open");
        creditPayer(2 * PRICE, "credited");
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertLiabilities(PRICE);
    }

    function test_IsLessByAClaim() external {
        pay(payer, PRICE, "first");
        vm.warp(START + 1 hours);
        pay(payer, 2 * PRICE, "second");
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertLiabilities(2 * PRICE);
    }

    function testFuzz_StaysWhenAPaymentIsDisputed(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        useVaultWithArbiter();
        pay(otherPayer, PRICE, "other");
        disputed(payer, amount, "nonce");

        assertLiabilities(PRICE + amount);
    }

    function testFuzz_StaysWhenADisputeIsSettled(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        useVaultWithArbiter();
        PaymentRef memory ref = disputed(payer, PRICE, "nonce");
        resolveAs(arbiter.addr, ref, toPayer, PRICE - toPayer);

        assertLiabilities(PRICE);
    }

    function testFuzz_IsLessByAWithdrawalAfterADispute(uint256 toPayer) external {
        toPayer = bound(toPayer, 1, PRICE);
        useVaultWithArbiter();
        PaymentRef memory ref = disputed(payer, PRICE, "nonce");
        resolveAs(arbiter.addr, ref, toPayer, PRICE - toPayer);
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertLiabilities(PRICE - toPayer);
    }

    function testFuzz_StaysWhenTokensArrivedPastPay(uint256 surplus) external {
        surplus = bound(surplus, 1, 1e30);
        pay(payer, PRICE, "nonce");
        token.mint(address(vault), surplus);

        assertLiabilities(PRICE);
    }

    function testFuzz_IsZeroInAnotherToken(address otherToken) external {
        vm.assume(otherToken != address(token));
        pay(payer, PRICE, "nonce");

        assertEq(vault.liabilitiesOf(otherToken), 0);
    }

    /* HELPERS */

    function assertLiabilities(uint256 expected) private view {
        assertEq(vault.liabilitiesOf(address(token)), expected);
    }
}
