// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a nonce names one payment.
contract NoncesTest is AttackTest {
    function test_TwoPayersWithTheSameNonceHaveTwoPayments() external {
        PaymentRef memory first = pay(payer, PRICE, "nonce");
        PaymentRef memory second = pay(otherPayer, 2 * PRICE, "nonce");
        refund(payer, first, PRICE, payer.addr);
        assertEq(vault.paymentOf(second).held, 2 * PRICE);
    }

    function test_TheSameNonceInAnotherTokenIsAnotherPayment() external {
        PaymentRef memory first = pay(payer, PRICE, "nonce");
        use(new Token3009());
        PaymentRef memory second = pay(payer, 2 * PRICE, "nonce");
        refund(payer, second, 2 * PRICE, payer.addr);
        assertEq(vault.paymentOf(first).held, PRICE);
    }

    function test_RevertWhen_APaymentIsNamedWithAnotherToken() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        Token3009 other = new Token3009();
        other.mint(address(vault), PRICE);
        ref.token = address(other);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentUnknown.selector, vault.idOf(ref));
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_SomebodyNamesItselfAsThePayer() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        ref.payer = stranger.addr;
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentUnknown.selector, vault.idOf(ref));
        vm.expectRevert(reason);
        vm.prank(stranger.addr);
        vault.refund(ref, PRICE, stranger.addr, PRICE, 0, PAYOUT_GAS);
    }
}
