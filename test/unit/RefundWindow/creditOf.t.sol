// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowCreditOfTest is RefundWindowUnitTest {
    function testFuzz_IsZeroWhenNoPayoutFailed(address owner) external {
        refundAs(payer.addr, pay(payer, PRICE, "nonce"), PRICE, payer.addr);

        assertCredit(owner, 0, 0);
    }

    function testFuzz_TellsWhatCanBeWithdrawn(uint256 amount) external {
        amount = bound(amount, 1, 1e30);
        creditPayer(amount, "nonce");

        assertCredit(payer.addr, amount, 0);
    }

    function testFuzz_TellsWhatWasWithdrawn(uint256 amount) external {
        amount = bound(amount, 1, 1e30);
        creditPayer(amount, "nonce");
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(payer.addr, 0, amount);
    }

    function testFuzz_TellsBoth(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e29);
        second = bound(second, 1, 1e29);
        creditPayer(first, "first");
        vault.withdraw(address(token), payer.addr, payer.addr);
        creditPayer(second, "second");

        assertCredit(payer.addr, second, first);
    }

    function testFuzz_IsZeroWhileADisputeRuns(address owner) external {
        useVaultWithArbiter();
        disputed(payer, PRICE, "nonce");

        assertCredit(owner, 0, 0);
    }

    function testFuzz_TellsTheSharesOfADispute(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        useVaultWithArbiter();
        settleDispute(toPayer);

        uint256 fee = (PRICE - toPayer) / 100;
        assertCredit(payer.addr, toPayer, 0);
        assertCredit(receiver.addr, PRICE - toPayer - fee, 0);
        assertCredit(feeReceiver, fee, 0);
    }

    function testFuzz_TellsWhatWasWithdrawnAfterADispute(uint256 toPayer) external {
        toPayer = bound(toPayer, 1, PRICE);
        useVaultWithArbiter();
        settleDispute(toPayer);
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(payer.addr, 0, toPayer);
    }

    function testFuzz_TellsTheSumOfTwoShares(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.receiver = payer.addr;
        useVault(terms);
        settleDispute(toPayer);

        assertCredit(payer.addr, PRICE - (PRICE - toPayer) / 100, 0);
    }

    function testFuzz_IsZeroInAnotherToken(address otherToken) external {
        vm.assume(otherToken != address(token));
        creditPayer(PRICE, "nonce");

        (uint256 balance, uint256 withdrawn) = vault.creditOf(otherToken, payer.addr);
        assertEq(balance, 0, "balance");
        assertEq(withdrawn, 0, "withdrawn");
    }

    /* HELPERS */

    function settleDispute(uint256 toPayer) private {
        PaymentRef memory ref = disputed(payer, PRICE, "nonce");
        resolveAs(arbiter.addr, ref, toPayer, PRICE - toPayer);
    }
}
