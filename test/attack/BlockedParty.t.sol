// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {RevertingHook} from "../mocks/HookActors.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: everybody can be paid. Who cannot keeps a credit, and blocks nobody.
contract BlockedPartyTest is AttackTest {
    HookedToken private _hooked;
    PaymentRef private _first;
    PaymentRef private _second;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        use(_hooked);
        _first = pay(payer, PRICE, "nonce");
        _second = pay(otherPayer, PRICE, "nonce");
    }

    function test_ADenylistedPayerKeepsACredit() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _first, PRICE, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_ADenylistedPayerBlocksNoOtherPayer() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _first, PRICE, payer.addr);
        uint256 before = token.balanceOf(otherPayer.addr);
        refund(otherPayer, _second, PRICE, otherPayer.addr);
        assertEq(token.balanceOf(otherPayer.addr), before + PRICE);
    }

    function test_ADenylistedPayerDoesNotBlockTheClaim() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _first, PRICE, payer.addr);
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        assertEq(token.balanceOf(receiver.addr), PRICE - PRICE / 100);
    }

    function test_ADenylistedPayerCanWithdrawToAnotherAddress() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _first, PRICE, payer.addr);
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_ADenylistedReceiverDoesNotBlockTheFee() external {
        token.setDenylisted(receiver.addr, true);
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        assertEq(token.balanceOf(feeReceiver), (2 * PRICE) / 100, "fee");
        assertEq(creditOf(receiver.addr), 2 * PRICE - (2 * PRICE) / 100, "credit");
    }

    function test_ADenylistedFeeReceiverDoesNotBlockTheReceiver() external {
        token.setDenylisted(feeReceiver, true);
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        assertEq(token.balanceOf(receiver.addr), 2 * PRICE - (2 * PRICE) / 100, "receiver");
        assertEq(creditOf(feeReceiver), (2 * PRICE) / 100, "credit");
    }

    function test_ADenylistedReceiverDoesNotBlockRefunds() external {
        token.setDenylisted(receiver.addr, true);
        refund(payer, _first, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_ADenylistedVaultStillBooksEveryExit() external {
        token.setDenylisted(address(vault), true);
        refund(payer, _first, PRICE, payer.addr);
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        assertEq(creditOf(payer.addr), PRICE, "payer");
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), PRICE, "receivers");
    }

    function test_RevertWhen_ADenylistedOwnerWithdrawsToItself() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _first, PRICE, payer.addr);
        vm.expectRevert(abi.encodeWithSelector(Token3009.Denylisted.selector, payer.addr));
        vault.withdraw(address(token), payer.addr, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_AReceiverThatRefusesMoneyKeepsACredit() external {
        _hooked.setHook(receiver.addr, address(new RevertingHook()));
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        assertEq(creditOf(receiver.addr), 2 * PRICE - (2 * PRICE) / 100, "credit");
        assertEq(token.balanceOf(feeReceiver), (2 * PRICE) / 100, "fee");
    }

    /// @dev The credit is the payer's, and not of the address that refused.
    function test_ARecipientThatRefusesMoneyLeavesTheCreditToThePayer() external {
        _hooked.setHook(stranger.addr, address(new RevertingHook()));
        refund(payer, _first, PRICE, stranger.addr);
        assertEq(creditOf(payer.addr), PRICE, "payer");
        assertEq(creditOf(stranger.addr), 0, "recipient");
    }

    function test_RevertWhen_TheOwnerRefusesItsWithdrawal() external {
        _hooked.setHook(receiver.addr, address(new RevertingHook()));
        vault.claim(address(token), mature(_second), PAYOUT_GAS);
        vm.expectRevert(RevertingHook.NotWanted.selector);
        vault.withdraw(address(token), receiver.addr, receiver.addr);
    }
}
