// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the payer's authorization comes by `pay`, and first.
contract FrontRunTest is AttackTest {
    function test_RevertWhen_AThirdPartySubmittedTheAuthorizationToTheToken() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        submitToToken(signed);
        assertPayRefused(signed, nonceUsed("nonce"));
    }

    function test_RevertWhen_TheSellerSubmittedTheAuthorizationToTheToken() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        vm.startPrank(receiver.addr);
        submitToToken(signed);
        vm.stopPrank();
        assertPayRefused(signed, nonceUsed("nonce"));
    }

    function test_TheMoneyOfASubmittedAuthorizationIsSurplus() external {
        submitToToken(authorize(payer, address(vault), PRICE, "nonce"));
        assertEq(vault.surplusOf(address(token)), PRICE, "surplus");
        assertEq(liabilities(), 0, "liabilities");
    }

    function test_RevertWhen_AnybodyRefundsThePaymentThatWasNotBooked() external {
        submitToToken(authorize(payer, address(vault), PRICE, "nonce"));
        PaymentRef memory ref = refOf(payer.addr, "nonce");
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentUnknown.selector, vault.idOf(ref));
        Account[4] memory all = [payer, receiver, operator, stranger];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.expectRevert(reason);
            vm.prank(all[i].addr);
            vault.refund(ref, PRICE, payer.addr, 0, 0, PAYOUT_GAS);
        }
    }

    function test_RevertWhen_TheReceiverClaimsSurplus() external {
        submitToToken(authorize(payer, address(vault), PRICE, "nonce"));
        (uint32 bucket, uint40 maturesAt) = vault.bucketOf(START + WINDOW);
        vm.warp(maturesAt);
        uint32[] memory buckets = new uint32[](1);
        buckets[0] = bucket;
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.ClaimEmpty.selector, token));
        vm.prank(receiver.addr);
        vault.claim(address(token), buckets, PAYOUT_GAS);
    }

    function test_RevertWhen_AnybodyWithdrawsSurplus() external {
        submitToToken(authorize(payer, address(vault), PRICE, "nonce"));
        Account[4] memory all = [payer, receiver, operator, stranger];
        for (uint256 i = 0; i < all.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(IVault.CreditEmpty.selector, token, all[i].addr));
            vm.prank(all[i].addr);
            vault.withdraw(address(token), all[i].addr, all[i].addr);
        }
    }

    function test_SurplusPaysNobodysClaim() external {
        submitToToken(authorize(payer, address(vault), PRICE, "nonce"));
        uint32[] memory buckets = mature(pay(otherPayer, PRICE, "other"));
        vault.claim(address(token), buckets, PAYOUT_GAS);
        assertEq(vault.surplusOf(address(token)), PRICE);
    }

    function test_RevertWhen_ThePayerCanceledTheNonce() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        token.cancelAuthorization(payer.addr, "nonce");
        assertPayRefused(signed, nonceUsed("nonce"));
    }

    /// @dev Who is overtaken by the same `pay` loses nothing: the payment is booked, once.
    function test_RevertWhen_DeployAndPayIsOvertakenByTheSamePay() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        bytes memory encoded = implementation.encodeTerms(defaultTerms());
        vm.prank(stranger.addr);
        vault.pay(signed);

        bytes memory reason = abi.encodeWithSelector(
            IVault.PaymentAlreadyKnown.selector,
            vault.idOf(refOf(payer.addr, "nonce"))
        );
        vm.expectRevert(reason);
        factory.deployAndPay(encoded, signed);
        assertEq(liabilities(), PRICE);
    }
}
