// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {EscrowTerms} from "../../contracts/types/Terms.sol";
import {CaptureItem} from "../../contracts/types/TypedData.sol";
import {SilentNonceToken} from "../mocks/SilentNonceToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: whoever relays a refund wants it to reach the payer for whom it was signed. The thief is
/// `otherPayer`, who has a captured payment of its own; `payer` is to be refunded by the seller.
contract EscrowRefundTheftTest is EscrowTest {
    PaymentRef private _ref;
    PaymentRef private _thiefs;
    Account private _seller;

    function setUp() public override {
        super.setUp();
        _seller = makeAccount("seller");
        _prepare(token);
    }

    /* REDIRECTED */

    function test_RevertWhen_ARefundIsRedirectedToThePaymentOfTheThief() external {
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        bytes memory reason = _nonceWrong(_thiefs, authorization.nonce);
        _expectRefused(_thiefs, authorization, reason);
    }

    /// @dev The thief's own refund of one payment is no refund of another one, either.
    function test_RevertWhen_ARefundIsRedirectedToAnotherPaymentOfThePayer() external {
        PaymentRef memory other = pay(payer, PRICE, "other");
        capture(other, PRICE);
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        bytes memory reason = _nonceWrong(other, authorization.nonce);
        _expectRefused(other, authorization, reason);
    }

    function testFuzz_RevertWhen_ThePayerIsExchangedInTheReference(address thief) external {
        vm.assume(thief != payer.addr);
        PaymentRef memory forged = refOf(thief, _ref.nonce);
        vm.assume(vault.paymentOf(forged).paid == 0);
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        _expectRefused(forged, authorization, unknown(forged));
    }

    function test_RevertWhen_ARefundIsPresentedToAnotherVault() external {
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        EscrowTerms memory terms = defaultTerms();
        terms.salt = "other";
        useVault(terms);
        PaymentRef memory other = pay(payer, PRICE, "other");
        capture(other, PRICE);
        bytes memory reason = _nonceWrong(other, authorization.nonce);
        _expectRefused(other, authorization, reason);
    }

    /* TWICE */

    function test_RevertWhen_ARefundIsPresentedTwice() external {
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE / 2);
        vault.refund(_ref, authorization, PAYOUT_GAS);
        bytes memory reason = _nonceWrong(_ref, authorization.nonce);
        _expectRefused(_ref, authorization, reason);
    }

    /// @dev Two who mean to give all back at the same time: one of them does.
    function test_RevertWhen_TwoSignersRefundTheSame() external {
        Authorization memory first = authorizeRefund(_seller, _ref, PRICE);
        Authorization memory second = authorizeRefund(otherPayer, _ref, PRICE);
        vault.refund(_ref, first, PAYOUT_GAS);
        bytes memory reason = _nonceWrong(_ref, second.nonce);
        _expectRefused(_ref, second, reason);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function testFuzz_RevertWhen_TwoSignersRefundMoreThanWasCaptured(uint256 first) external {
        first = bound(first, 1, PRICE);
        refund(_seller, _ref, first);
        uint256 second = PRICE - first + 1;
        Authorization memory authorization = authorizeRefund(otherPayer, _ref, second);
        bytes memory reason = abi.encodeWithSelector(
            IEscrow.RefundExceedsCaptured.selector,
            vault.idOf(_ref),
            second,
            PRICE - first
        );
        _expectRefused(_ref, authorization, reason);
    }

    /// @dev What never was the receiver's is not given back by anybody.
    function test_RevertWhen_WhatWasReturnedIsRefundedToo() external {
        PaymentRef memory other = pay(payer, PRICE, "other");
        close(other, PRICE / 4);
        Authorization memory authorization = authorizeRefund(_seller, other, PRICE / 4 + 1);
        bytes memory reason = abi.encodeWithSelector(
            IEscrow.RefundExceedsCaptured.selector,
            vault.idOf(other),
            PRICE / 4 + 1,
            PRICE / 4
        );
        _expectRefused(other, authorization, reason);
    }

    /* PAST THE VAULT */

    /// @dev Only its recipient presents it: else the money would lie in the vault, and be no refund.
    function test_RevertWhen_ARefundIsBroughtToTheTokenByAThief() external {
        Authorization memory signed = authorizeRefund(_seller, _ref, PRICE);
        vm.expectRevert(abi.encodeWithSelector(Token3009.CallerNotRecipient.selector, otherPayer.addr, address(vault)));
        vm.prank(otherPayer.addr);
        token.receiveWithAuthorization(
            signed.payer,
            address(vault),
            signed.value,
            signed.validAfter,
            signed.validBefore,
            signed.nonce,
            signed.signature
        );
    }

    function test_RevertWhen_ARefundIsBroughtToTheTokenAsATransfer() external {
        Authorization memory signed = authorizeRefund(_seller, _ref, PRICE);
        vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, _seller.addr));
        handIn(address(vault), signed);
    }

    function test_RevertWhen_ARefundIsPresentedAsAPayment() external {
        Authorization memory signed = authorizeRefund(_seller, _ref, PRICE);
        bytes memory reason = abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, _seller.addr);
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, address(token), reason));
        vault.pay(signed);
    }

    /* SHOWN AS A PAYMENT */

    /// @dev Its receipt has all that a payment's has, and there is a stranger's money that it could be paid out of.
    function test_RevertWhen_TheReceiptOfARefundIsRecordedAsAPayment() external {
        bytes32 nonce = vault.refundNonceOf(_ref);
        token.mint(address(vault), PRICE);
        vm.recordLogs();
        refund(_seller, _ref, PRICE);
        ReceiptProof memory proof = mineRecorded();
        proof.logIndex = 1;
        _expectKnown(nonce);
        vault.record(address(token), proof);
    }

    /// @dev And the thief, as the seller, could have captured or reclaimed it.
    function test_WhatARefundLeftCannotBeCapturedOrReclaimed() external {
        PaymentRef memory transfer = refOf(_seller.addr, vault.refundNonceOf(_ref));
        token.mint(address(vault), PRICE);
        refund(_seller, _ref, PRICE);
        vm.warp(CAPTURE_UNTIL - 1);
        assertEq(captureMany(list(CaptureItem(transfer.payer, transfer.nonce, PRICE, PRICE, 0))), 0, "captured");
        vm.warp(CAPTURE_UNTIL);
        vm.expectRevert(unknown(transfer));
        vault.reclaim(transfer, PAYOUT_GAS);
    }

    function test_RevertWhen_ARefundFreezesAnAnnouncement() external {
        bytes32 nonce = vault.refundNonceOf(_ref);
        refund(_seller, _ref, PRICE);
        token.mint(address(vault), PRICE);
        announce(PRICE);
        Authorization memory signed = authorize(_seller, address(vault), PRICE, nonce);
        _expectKnown(nonce);
        vault.freeze(signed);
    }

    /// @dev The token takes a nonce once: who pays with the nonce of a refund can no longer refund with it.
    function test_RevertWhen_ASignerPaidWithTheNonceOfTheRefund() external {
        bytes32 nonce = vault.refundNonceOf(_ref);
        pay(_seller, PRICE, nonce);
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        _expectKnown(nonce);
        vault.refund(_ref, authorization, PAYOUT_GAS);
    }

    /// @dev It stands in nobody else's way by that.
    function test_APaymentWithTheNonceOfTheRefundHindersNoOtherSigner() external {
        pay(otherPayer, PRICE, vault.refundNonceOf(_ref));
        refund(_seller, _ref, PRICE);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /// @dev The same past `pay`: what was paid stays a payment, and can be recorded.
    function test_RevertWhen_ASignerPaidPastWithTheNonceOfTheRefund() external {
        bytes32 nonce = vault.refundNonceOf(_ref);
        ReceiptProof memory proof = payPast(_seller, PRICE, nonce);
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        bytes memory reason = abi.encodeWithSelector(
            Token3009.AuthorizationUsedOrCanceled.selector,
            _seller.addr,
            nonce
        );
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, address(token), reason));
        vault.refund(_ref, authorization, PAYOUT_GAS);
        record(proof);
        assertEq(vault.paymentOf(refOf(_seller.addr, nonce)).held, PRICE);
    }

    /* HELD UP */

    /// @dev A payer who refunds itself a unit voids what the seller signed, which then signs again: it delays its own money.
    function test_APayerWhoRefundsItselfAUnitDelaysOnlyItself() external {
        Authorization memory signed = authorizeRefund(_seller, _ref, PRICE);
        bytes32 nonce = signed.nonce;
        refund(payer, _ref, 1);
        bytes memory reason = _nonceWrong(_ref, nonce);
        _expectRefused(_ref, signed, reason);
        refund(_seller, _ref, PRICE - 1);
        assertEq(token.balanceOf(_seller.addr), 1e30 - (PRICE - 1));
    }

    /// @dev A stranger who does it pays for it, each time.
    function test_AStrangersUnitIsTheStrangersLoss() external {
        refund(otherPayer, _ref, 1);
        refund(_seller, _ref, PRICE - 1);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
        assertEq(token.balanceOf(_seller.addr), 1e30 - PRICE + 1, "seller");
    }

    /* ENDED */

    function test_ARefundOfAnEndedPaymentTouchesNobodysHold() external {
        PaymentRef memory held = pay(otherPayer, PRICE, "held");
        refund(_seller, _ref, PRICE);
        assertParts(held, 0, 0);
        assertEq(liabilities(), PRICE);
    }

    function test_ARefundAfterCaptureUntilLeavesTheRestToReclaim() external {
        PaymentRef memory other = pay(payer, PRICE, "other");
        capture(other, PRICE / 2);
        vm.warp(CAPTURE_UNTIL);
        refund(_seller, other, PRICE / 2);
        reclaim(other);
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "only the other captured payment is out");
    }

    /* TOKENS */

    /// @dev A canceled nonce, a token that says nothing, and a stranger's money that could be taken for the refund.
    function test_RevertWhen_TheTokenIsSilentAboutACanceledNonce() external {
        _prepare(new SilentNonceToken());
        token.mint(address(vault), PRICE);
        bytes32 nonce = vault.refundNonceOf(_ref);
        token.cancelAuthorization(_seller.addr, nonce);
        Authorization memory authorization = authorizeRefund(_seller, _ref, PRICE);
        uint256 balance = token.balanceOf(address(vault));
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, balance + PRICE)
        );
        vault.refund(_ref, authorization, PAYOUT_GAS);
    }

    /* HELPERS */

    /// @dev Two captured payments, and a seller with money, in `newToken`.
    function _prepare(Token3009 newToken) private {
        if (address(newToken) != address(token)) use(newToken);
        token.mint(_seller.addr, 1e30);
        _ref = pay(payer, PRICE, "nonce");
        _thiefs = pay(otherPayer, PRICE, "nonce");
        capture(_ref, PRICE);
        capture(_thiefs, PRICE);
    }

    function _nonceWrong(PaymentRef memory ref, bytes32 nonce) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IEscrow.RefundNonceWrong.selector, vault.idOf(ref), nonce, vault.refundNonceOf(ref));
    }

    function _expectKnown(bytes32 nonce) private {
        PaymentId id = vault.idOf(refOf(_seller.addr, nonce));
        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
    }

    function _expectRefused(PaymentRef memory ref, Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(otherPayer.addr);
        vault.refund(ref, authorization, PAYOUT_GAS);
    }
}
