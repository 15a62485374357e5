// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {RebasingToken} from "../mocks/RebasingToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: balances change by transfers only. Named unsupported: who comes first is paid in full.
contract RebaseTest is AttackTest {
    RebasingToken private _rebasing;
    PaymentRef private _first;
    PaymentRef private _second;

    function setUp() public override {
        super.setUp();
        _rebasing = new RebasingToken();
        use(_rebasing);
        _first = pay(payer, PRICE, "nonce");
        _second = pay(otherPayer, PRICE, "nonce");
    }

    function test_AfterShrinkingTheFirstIsPaidInFull() external {
        _rebasing.shrink(address(vault), 1);
        refund(payer, _first, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_AfterShrinkingTheLastKeepsACredit() external {
        _rebasing.shrink(address(vault), 1);
        refund(payer, _first, PRICE, payer.addr);
        refund(otherPayer, _second, PRICE, otherPayer.addr);
        assertEq(creditOf(otherPayer.addr), PRICE, "credit");

        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, vault, PRICE - 1, PRICE)
        );
        vault.withdraw(address(token), otherPayer.addr, otherPayer.addr);
    }

    function test_AfterShrinkingSurplusIsZero() external {
        _rebasing.shrink(address(vault), 1);
        assertEq(vault.surplusOf(address(token)), 0);
    }

    function test_AfterGrowingTheGainIsSurplus() external {
        _rebasing.grow(address(vault), 7);
        refund(payer, _first, PRICE, payer.addr);
        assertEq(vault.surplusOf(address(token)), 7);
    }

    function test_OtherTokensAreUntouched() external {
        _rebasing.shrink(address(vault), PRICE);
        use(new Token3009());
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        refund(payer, ref, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }
}
