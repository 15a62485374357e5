// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {RefundWindowTest} from "../utils/RefundWindowTest.sol";

/// @title AttackTest
/// @notice What the tests of broken assumptions share.
abstract contract AttackTest is RefundWindowTest {
    /// @notice `by` gives `amount` of a payment that nobody touched to `to`.
    function refund(Account memory by, PaymentRef memory ref, uint256 amount, address to) internal {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        vm.prank(by.addr);
        vault.refund(ref, amount, to, payment.held, payment.refunded, PAYOUT_GAS);
    }

    /// @notice Time goes on until `ref` has matured.
    /// @return buckets Its bucket.
    function mature(PaymentRef memory ref) internal returns (uint32[] memory buckets) {
        buckets = new uint32[](1);
        uint40 maturesAt;
        (buckets[0], maturesAt) = vault.bucketOf(vault.paymentOf(ref).closesAt);
        vm.warp(maturesAt);
    }

    /// @notice The payer's authorization goes straight to the token: the money arrives without `pay`.
    function submitToToken(Authorization memory signed) internal {
        token.transferWithAuthorization(
            signed.payer,
            address(vault),
            signed.value,
            signed.validAfter,
            signed.validBefore,
            signed.nonce,
            signed.signature
        );
    }

    /// @notice `pay` must fail with `reason`, and leave no trace.
    function assertPayRefused(Authorization memory signed, bytes memory reason) internal {
        uint256 before = vault.liabilitiesOf(signed.token);
        vm.expectRevert(reason);
        vault.pay(signed);
        assertEq(vault.liabilitiesOf(signed.token), before, "liabilities");
        PaymentRef memory ref = refOf(signed.payer, signed.nonce);
        ref.token = signed.token;
        assertEq(uint8(vault.paymentOf(ref).status), uint8(IRefundWindow.Status.None), "status");
    }

    function receivedOther(uint256 balance, uint256 expected) internal view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, token, balance, expected);
    }

    function tokenRefused(bytes memory reason) internal view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, token, reason);
    }

    function nonceUsed(bytes32 nonce) internal view returns (bytes memory) {
        return tokenRefused(abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, payer.addr, nonce));
    }
}
