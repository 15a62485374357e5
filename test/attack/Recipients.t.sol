// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumptions broken: the recipient of a refund is an ordinary address, and the parties are different people.
contract RecipientsTest is AttackTest {
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_TheRefundGoesToTheVault() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, vault));
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, address(vault), PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_TheRefundGoesToZero() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, address(0), PRICE, 0, PAYOUT_GAS);
    }

    /// @dev The payer's own choice; a token that refuses to be paid in itself leaves the credit to the payer.
    function test_ARefundToTheTokenIsThePayersChoice() external {
        refund(payer, _ref, PRICE, address(token));
        assertEq(token.balanceOf(address(token)), PRICE);
    }

    function test_RevertWhen_ACreditIsWithdrawnToTheVault() external {
        _makeCredit();
        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, vault));
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, address(vault));
    }

    function test_RevertWhen_ACreditIsWithdrawnToZero() external {
        _makeCredit();
        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, address(0));
    }

    function test_RevertWhen_AStrangerRedirectsACredit() external {
        _makeCredit();
        vm.expectRevert(
            abi.encodeWithSelector(IVault.CreditNotYours.selector, stranger.addr, payer.addr, stranger.addr)
        );
        vm.prank(stranger.addr);
        vault.withdraw(address(token), payer.addr, stranger.addr);
    }

    function test_RevertWhen_TheOperatorRedirectsARefund() external {
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.RefundNotToPayer.selector,
            vault.idOf(_ref),
            operator.addr,
            payer.addr
        );
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.refund(_ref, PRICE, operator.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_APayerWhoIsTheReceiverRefundsAsThePayer() external {
        PaymentRef memory ref = _payAs(receiver);
        refund(receiver, ref, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_APayerWhoIsTheOperatorRefundsAfterCloseAsTheOperator() external {
        PaymentRef memory ref = _payAs(operator);
        vm.warp(vault.paymentOf(ref).closesAt);
        refund(operator, ref, PRICE, operator.addr);
        assertEq(vault.paymentOf(ref).held, 0);
    }

    function test_RevertWhen_APayerWhoIsTheOperatorRedirectsAfterClose() external {
        PaymentRef memory ref = _payAs(operator);
        vm.warp(vault.paymentOf(ref).closesAt);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.RefundNotToPayer.selector,
            vault.idOf(ref),
            stranger.addr,
            operator.addr
        );
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.refund(ref, PRICE, stranger.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_APayerWhoIsTheOperatorGetsNoOthersMoney() external {
        PaymentRef memory ref = _payAs(operator);
        refund(operator, ref, PRICE, operator.addr);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.RefundNotToPayer.selector,
            vault.idOf(_ref),
            operator.addr,
            payer.addr
        );
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.refund(_ref, PRICE, operator.addr, PRICE, 0, PAYOUT_GAS);
    }

    function _payAs(Account memory who) private returns (PaymentRef memory) {
        token.mint(who.addr, PRICE);
        return pay(who, PRICE, "own");
    }

    function _makeCredit() private {
        token.setPaused(true);
        refund(payer, _ref, PRICE, payer.addr);
        token.setPaused(false);
    }
}
