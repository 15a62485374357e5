// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {ReturnValueToken} from "../mocks/ReturnValueToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: `transfer` returns true exactly when it moved the money.
contract ReturnValuesTest is AttackTest {
    ReturnValueToken private _odd;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _odd = new ReturnValueToken();
        use(_odd);
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_NothingReturnedIsSuccess() external {
        _odd.setAnswer("", true);
        refund(payer, _ref, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE, "sent");
        assertEq(liabilities(), 0, "liabilities");
    }

    function test_NothingReturnedIsSuccessOfAWithdrawal() external {
        _odd.setAnswer(abi.encode(false), false);
        refund(payer, _ref, PRICE, payer.addr);
        _odd.setAnswer("", true);
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_FalseReturnedBecomesACreditOfThePayer() external {
        _odd.setAnswer(abi.encode(false), false);
        refund(payer, _ref, PRICE, stranger.addr);
        assertEq(creditOf(payer.addr), PRICE, "credit");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_RevertWhen_WithdrawalReturnsFalse() external {
        _odd.setAnswer(abi.encode(false), false);
        refund(payer, _ref, PRICE, stranger.addr);

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, token));
        vault.withdraw(address(token), payer.addr, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_ShortAnswerBecomesACredit() external {
        _odd.setAnswer(hex"01", false);
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_AnotherNumberThanOneBecomesACredit() external {
        _odd.setAnswer(abi.encode(uint256(2)), false);
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    /// @dev Named unsupported: such a token pays the first twice, at the cost of the others who were paid in it.
    function test_MovingButSayingFalsePaysTwice() external {
        pay(otherPayer, PRICE, "other");
        _odd.setAnswer(abi.encode(false), true);
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
        assertEq(liabilities(), 2 * PRICE, "liabilities");
    }

    function test_MovingButSayingFalseLeavesOtherTokensUntouched() external {
        _odd.setAnswer(abi.encode(false), true);
        refund(payer, _ref, PRICE, payer.addr);

        use(new Token3009());
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        refund(payer, ref, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE, "sent");
        assertEq(liabilities(), 0, "liabilities");
    }
}
