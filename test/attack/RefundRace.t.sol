// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Refund, Withdraw} from "../../contracts/types/TypedData.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: between the payer's decision and its transaction the seller does nothing.
contract RefundRaceTest is AttackTest {
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_WhenTheSellerOvertakesThePayersCallWithOneUnit_ThePayerGetsTheRest() external {
        refund(operator, _ref, 1, payer.addr);

        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, stranger.addr, PRICE, 0, PAYOUT_GAS);

        assertEq(token.balanceOf(stranger.addr), PRICE - 1);
        assertEq(vault.paymentOf(_ref).held, 0);
    }

    function test_WhenTheSellerOvertakesThePayersMessageWithOneUnit_ThePayerGetsTheRest() external {
        Refund memory message = refundMessage(_ref, PRICE, stranger.addr);
        bytes memory signature = signRefund(payer, message);
        refund(operator, _ref, 1, payer.addr);

        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);

        assertEq(token.balanceOf(stranger.addr), PRICE - 1);
    }

    function test_WhenTheSellerGivesBackUnitAfterUnit_ThePayersFirstMessageStaysValid() external {
        uint256 tries = 10;
        vm.warp(vault.paymentOf(_ref).closesAt - tries);
        Refund memory message = refundMessage(_ref, PRICE, stranger.addr);
        bytes memory signature = signRefund(payer, message);
        for (uint256 i = 1; i < tries; ++i) {
            refund(operator, _ref, 1, payer.addr);
            vm.warp(vault.paymentOf(_ref).closesAt - tries + i);
        }

        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);

        assertEq(vault.paymentOf(_ref).refunded, PRICE);
    }

    function testFuzz_WhateverTheSellerGaveBackMeanwhile_TheTotalIsWhatThePayerSigned(
        uint256 asked,
        uint256 given
    ) external {
        asked = bound(asked, 2, PRICE);
        given = bound(given, 1, asked - 1);
        Refund memory message = refundMessage(_ref, asked, stranger.addr);
        bytes memory signature = signRefund(payer, message);
        refund(operator, _ref, given, payer.addr);

        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);

        assertEq(vault.paymentOf(_ref).refunded, asked);
        assertEq(token.balanceOf(stranger.addr), asked - given);
    }

    function testFuzz_RevertWhen_TheSellerGaveBackAllThatThePayerSigned(uint256 asked, uint256 given) external {
        asked = bound(asked, 1, PRICE);
        given = bound(given, asked, PRICE);
        Refund memory message = refundMessage(_ref, asked, stranger.addr);
        bytes memory signature = signRefund(payer, message);
        refund(operator, _ref, given, payer.addr);

        vm.expectRevert(
            abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, message.paymentId, PRICE - given, given)
        );
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_WhenAFurtherPayoutFails_TheMessageOfTheCreditsOwnerStaysValid() external {
        PaymentRef memory second = pay(payer, PRICE, "second");
        token.setDenylisted(payer.addr, true);
        refund(payer, _ref, PRICE, payer.addr);
        Withdraw memory message = Withdraw({
            token: address(token),
            owner: payer.addr,
            to: stranger.addr,
            expectedCredit: PRICE,
            expectedWithdrawn: 0,
            deadline: block.timestamp + 1 days
        });
        bytes memory signature = signWithdraw(payer, message);
        refund(operator, second, 1, payer.addr);

        vault.withdrawWithSignature(message, signature);

        assertEq(token.balanceOf(stranger.addr), PRICE + 1);
    }

    function test_RevertWhen_TheCreditIsSmallerThanSigned() external {
        token.setDenylisted(payer.addr, true);
        refund(payer, _ref, PRICE, payer.addr);
        Withdraw memory message = Withdraw({
            token: address(token),
            owner: payer.addr,
            to: stranger.addr,
            expectedCredit: PRICE + 1,
            expectedWithdrawn: 0,
            deadline: block.timestamp + 1 days
        });

        bytes memory signature = signWithdraw(payer, message);
        vm.expectRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, PRICE, 0));
        vault.withdrawWithSignature(message, signature);
    }
}
