// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

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

    function testFuzz_IsZeroInAnotherToken(address otherToken) external {
        vm.assume(otherToken != address(token));
        creditPayer(PRICE, "nonce");

        (uint256 balance, uint256 withdrawn) = vault.creditOf(otherToken, payer.addr);
        assertEq(balance, 0, "balance");
        assertEq(withdrawn, 0, "withdrawn");
    }
}
