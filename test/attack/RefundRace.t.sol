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

    /// @dev KNOWN WEAKNESS: the payer's right must not depend on the seller's silence. A seller who gives back one unit
    /// in the same block voids the payer's call.
    function test_RevertWhen_TheSellerOvertakesThePayersCallWithOneUnit() external {
        refund(operator, _ref, 1, payer.addr);
        bytes memory reason =
            abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, vault.idOf(_ref), PRICE - 1, 1);
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    /// @dev KNOWN WEAKNESS: as above, for the payer's signed message.
    function test_RevertWhen_TheSellerOvertakesThePayersMessageWithOneUnit() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        refund(operator, _ref, 1, payer.addr);
        bytes memory reason =
            abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, message.paymentId, PRICE - 1, 1);
        vm.expectRevert(reason);
        vault.refundWithSignature(_ref, message, payer.addr, signature, PAYOUT_GAS);
    }

    /// @dev KNOWN WEAKNESS: repeated until the window closes, the seller keeps the rest for some units and gas.
    function test_TheSellerCanHoldOutUntilTheWindowCloses() external {
        uint256 tries = 10;
        vm.warp(vault.paymentOf(_ref).closesAt - tries);
        for (uint256 i = 0; i < tries; ++i) {
            (uint256 held, uint256 refunded) = (PRICE - i, i);
            refund(operator, _ref, 1, payer.addr);
            vm.expectRevert(
                abi.encodeWithSelector(
                    IRefundWindow.PaymentChanged.selector, vault.idOf(_ref), PRICE - i - 1, i + 1
                )
            );
            vm.prank(payer.addr);
            vault.refund(_ref, held, payer.addr, held, refunded, PAYOUT_GAS);
            vm.warp(block.timestamp + 1);
        }

        vault.claim(address(token), mature(_ref), PAYOUT_GAS);
        assertEq(vault.paymentOf(_ref).refunded, tries, "what the payer got");
    }

    function test_WithTheNewNumbersThePayerGetsTheRest() external {
        refund(operator, _ref, 1, payer.addr);
        refund(payer, _ref, PRICE - 1, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE - 1);
    }

    /// @dev KNOWN WEAKNESS: a payer who is denylisted, and withdraws elsewhere by a relayed message, is overtaken alike.
    function test_RevertWhen_TheSellerOvertakesTheWithdrawalMessageWithOneUnit() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _ref, PRICE / 2, payer.addr);
        Withdraw memory message =
            Withdraw(address(token), payer.addr, stranger.addr, PRICE / 2, 0, block.timestamp + 1 days);
        bytes memory signature = signWithdraw(payer, message);

        refund(operator, _ref, 1, payer.addr);
        vm.expectRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, PRICE / 2 + 1, 0));
        vault.withdrawWithSignature(message, signature);
    }

    function test_AWithdrawalByCallCannotBeOvertaken() external {
        token.setDenylisted(payer.addr, true);
        refund(operator, _ref, PRICE / 2, payer.addr);
        refund(operator, _ref, 1, payer.addr);
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE / 2 + 1);
    }
}
