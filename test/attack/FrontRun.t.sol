// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the payer's authorization comes by `pay`, and first. Whoever submitted it, the payment can be
/// recorded, and its payer has the whole window.
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

    function test_ThePayerIsRefundedThoughTheSellerSubmittedTheAuthorization() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        vm.startPrank(receiver.addr);
        ReceiptProof memory proof = submit(address(vault), signed);
        vm.stopPrank();
        vm.prank(stranger.addr);
        vault.record(address(token), proof);

        goTo(START + WINDOW - 1);
        refund(payer, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /// @dev To wait does not shorten the window: it begins at the record.
    function test_TheSellerGainsNothingByWaiting() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(START + 2 * WINDOW);
        record(proof);

        goTo(START + 3 * WINDOW - 1);
        refund(payer, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_TheReceiverIsPaidThoughAThirdPartySubmittedTheAuthorization() external {
        record(payPast(payer, PRICE, "nonce"));
        vault.claim(address(token), mature(refOf(payer.addr, "nonce")), PAYOUT_GAS);
        assertEq(token.balanceOf(receiver.addr) + token.balanceOf(feeReceiver), PRICE);
    }

    function test_RevertWhen_TheSameReceiptIsShownTwice() external {
        token.mint(address(vault), PRICE);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        bytes memory reason = abi.encodeWithSelector(
            IVault.PaymentAlreadyKnown.selector,
            vault.idOf(refOf(payer.addr, "nonce"))
        );
        vm.expectRevert(reason);
        record(proof);
    }

    /// @dev The receipt of a `pay` shows an authorized transfer as well.
    function test_RevertWhen_TheReceiptOfAPaymentIsShownAfterItsRefund() external {
        token.mint(address(vault), PRICE);
        vm.recordLogs();
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        ReceiptProof memory proof = mineRecorded();
        refund(payer, ref, PRICE, payer.addr);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, vault.idOf(ref));
        vm.expectRevert(reason);
        record(proof);
    }

    function test_TheMoneyOfASubmittedAuthorizationIsSurplusUntilRecorded() external {
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
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, token));
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
