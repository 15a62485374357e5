// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IERC3009Bytes} from "../../../contracts/interfaces/external/IERC3009Bytes.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowRefundTest is EscrowTest {
    /// @dev What of the payment was captured; the rest is held.
    uint256 private constant CAPTURED = (PRICE * 3) / 4;

    PaymentRef private ref;
    PaymentId private id;
    /// @dev Who pays for the refund.
    Account private by;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        id = vault.idOf(ref);
        capture(ref, CAPTURED);
        by = makeAccount("by");
        token.mint(by.addr, 1e30);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);

        vm.expectRevert(implementationUsed());
        implementation.refund(ref, authorization, PAYOUT_GAS);
    }

    /* PAYMENT */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectRefused(authorizeRefund(by, ref, 1), unknown(ref));
    }

    function test_RevertWhen_ItIsTheTransferOfARefund() external {
        PaymentRef memory transfer = refOf(by.addr, vault.refundNonceOf(ref));
        refund(by, ref, CAPTURED);
        ref = transfer;

        expectRefused(authorizeRefund(by, ref, 1), unknown(ref));
    }

    function test_RevertWhen_AmountIsZero() external {
        expectRefused(authorizeRefund(by, ref, 0), abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_TokenIsAnother() external {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        authorization.token = address(new Token3009());

        expectRefused(
            authorization,
            abi.encodeWithSelector(IEscrow.RefundInOtherToken.selector, id, authorization.token, address(token))
        );
    }

    /* NONCE */

    function testFuzz_RevertWhen_NonceIsAnother(bytes32 nonce) external {
        if (nonce == nonceAt(id, 0)) nonce = 0;

        expectRefused(authorizeReceipt(by, CAPTURED, nonce), nonceWrong(nonce, nonceAt(id, 0)));
    }

    function test_RevertWhen_SignedForAnotherPayment() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");

        expectRefused(
            authorizeRefund(by, otherRef, CAPTURED),
            nonceWrong(nonceAt(vault.idOf(otherRef), 0), nonceAt(id, 0))
        );
    }

    function testFuzz_RevertWhen_SomethingWasRefundedMeanwhile(uint256 amount) external {
        amount = bound(amount, 1, CAPTURED - 1);
        Authorization memory authorization = authorizeRefund(by, ref, 1);
        refund(otherPayer, ref, amount);

        expectRefused(authorization, nonceWrong(nonceAt(id, 0), nonceAt(id, amount)));
    }

    function test_RevertWhen_PresentedTwice() external {
        Authorization memory authorization = authorizeRefund(by, ref, 1);
        vault.refund(ref, authorization, PAYOUT_GAS);

        expectRefused(authorization, nonceWrong(nonceAt(id, 0), nonceAt(id, 1)));
    }

    function test_RevertWhen_SignerPaidWithTheSameNonce() external {
        PaymentRef memory paid = pay(by, PRICE, nonceAt(id, 0));

        expectRefused(
            authorizeRefund(by, ref, CAPTURED),
            abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, vault.idOf(paid))
        );
    }

    /* AMOUNT */

    function testFuzz_RevertWhen_MoreThanCaptured(uint256 amount) external {
        amount = bound(amount, CAPTURED + 1, type(uint256).max);

        expectRefused(authorizeRefund(by, ref, amount), exceeds(amount, CAPTURED));
    }

    function testFuzz_RevertWhen_PartsExceedWhatWasCaptured(uint256 first) external {
        first = bound(first, 1, CAPTURED);
        refund(otherPayer, ref, first);

        expectRefused(authorizeRefund(by, ref, CAPTURED - first + 1), exceeds(CAPTURED - first + 1, CAPTURED - first));
    }

    function test_RevertWhen_NothingWasCaptured() external {
        ref = pay(payer, PRICE, "other");
        id = vault.idOf(ref);

        expectRefused(authorizeRefund(by, ref, 1), exceeds(1, 0));
    }

    function test_RevertWhen_AllWasReturned() external {
        ref = pay(payer, PRICE, "other");
        id = vault.idOf(ref);
        voidAs(receiver.addr, ref);

        expectRefused(authorizeRefund(by, ref, 1), exceeds(1, 0));
    }

    /* TOKEN */

    function test_RevertWhen_SignerHasTooLittle() external {
        by = makeAccount("poor");
        bytes memory reason = abi.encodeWithSignature(
            "ERC20InsufficientBalance(address,uint256,uint256)",
            by.addr,
            0,
            CAPTURED
        );

        expectRefused(authorizeRefund(by, ref, CAPTURED), tokenRefused(reason));
    }

    function test_RevertWhen_AnotherKeySigned() external {
        Account memory pretended = Account({addr: by.addr, key: stranger.key});

        expectSignatureRefused(authorizeRefund(pretended, ref, CAPTURED));
    }

    function testFuzz_RevertWhen_AnotherValueWasSigned(uint256 value) external {
        value = bound(value, 1, CAPTURED - 1);
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        authorization.value = value;

        expectSignatureRefused(authorization);
    }

    /// @dev What anybody could bring to the token is no refund.
    function test_RevertWhen_ATransferWasAuthorizedInstead() external {
        expectSignatureRefused(authorize(by, address(vault), CAPTURED, nonceAt(id, 0)));
    }

    function test_RevertWhen_SignedForAnotherRecipient() external {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        authorization.signature = sign(
            by.key,
            token.receiveDigestOf(by.addr, address(factory), CAPTURED, 0, type(uint40).max, authorization.nonce)
        );

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_NotAfterValidAfter() external {
        expectNotNow(START, START + 100);
    }

    function test_RevertWhen_NotBeforeValidBefore() external {
        expectNotNow(START - 100, START);
    }

    function test_RevertWhen_TheNonceWasCanceled() external {
        token.cancelAuthorization(by.addr, nonceAt(id, 0));
        bytes memory reason = abi.encodeWithSelector(
            Token3009.AuthorizationUsedOrCanceled.selector,
            by.addr,
            nonceAt(id, 0)
        );

        expectRefused(authorizeRefund(by, ref, CAPTURED), tokenRefused(reason));
    }

    function test_RevertWhen_TheTokenIsPaused() external {
        token.setPaused(true);

        expectRefused(
            authorizeRefund(by, ref, CAPTURED),
            tokenRefused(abi.encodeWithSelector(Token3009.Paused.selector))
        );
    }

    function test_RevertWhen_NothingArrives() external {
        uint256 held = PRICE - CAPTURED;
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.receiveWithAuthorization.selector), "");

        expectRefused(
            authorizeRefund(by, ref, CAPTURED),
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), held, held + CAPTURED)
        );
    }

    function test_RevertWhen_TheTokenDoesNotTellABalance() external {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.balanceOf.selector), "no");

        expectRefused(authorization, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vault.refund(ref, authorization, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(stranger.addr, refundCall(), 300_000);
    }

    function test_RefundsWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, refundCall(), 300_000);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE + CAPTURED, "paid, not credited");
    }

    /* CREDIT */

    function test_CreditsThePayerWhenItIsDenylisted() external {
        token.setDenylisted(payer.addr, true);
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);

        expectCredited(payer.addr, CAPTURED, CAPTURED);
        vault.refund(ref, authorization, PAYOUT_GAS);

        assertCredit(payer.addr, CAPTURED, 0);
        assertCredit(by.addr, 0, 0);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsThePayerWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        refund(by, ref, CAPTURED);

        assertCredit(payer.addr, CAPTURED, 0);
    }

    /* SIGNERS */

    function test_TakesTheOverloadWithVRSForAKey() external {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009.receiveWithAuthorization.selector));
        vault.refund(ref, authorization, PAYOUT_GAS);
    }

    function test_WalletRefundsByLongerBytes() external {
        by = makeWallet(otherPayer);
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        authorization.signature = bytes.concat(authorization.signature, "more");

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009Bytes.receiveWithAuthorization.selector));
        vault.refund(ref, authorization, PAYOUT_GAS);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED);
    }

    function test_WalletRefundsByApproval() external {
        by = makeWallet(otherPayer);
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        authorization.signature = "";
        OwnedWallet(by.addr).approve(
            token.receiveDigestOf(by.addr, address(vault), CAPTURED, 0, type(uint40).max, authorization.nonce)
        );

        vault.refund(ref, authorization, PAYOUT_GAS);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED);
    }

    function test_DelegatedAccountRefundsByItsCode() external {
        delegateToWalletOf(by, otherPayer);

        refund(Account({addr: by.addr, key: otherPayer.key}), ref, CAPTURED);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(by, otherPayer);

        expectSignatureRefused(authorizeRefund(by, ref, CAPTURED));
    }

    function test_PayerRefundsItself() external {
        refund(payer, ref, CAPTURED);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED, "refunded");
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "payer");
    }

    /* TIME AND STATE */

    function test_RefundsAPaymentThatHasEnded() external {
        voidAs(receiver.addr, ref);

        refund(by, ref, CAPTURED);

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    function test_RefundsAPaymentThatHasExpired() external {
        vm.warp(CAPTURE_UNTIL);

        refund(by, ref, CAPTURED);

        assertStatus(ref, IEscrow.EscrowStatus.Expired);
    }

    function testFuzz_RefundsWhatIsCapturedLater(uint256 amount) external {
        amount = bound(amount, 1, PRICE - CAPTURED);
        refund(by, ref, CAPTURED);
        capture(ref, amount);

        refund(by, ref, amount);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED + amount);
    }

    /* ACCEPTED */

    function testFuzz_PaysThePayerOutOfTheSignersPurse(uint256 amount, address caller) external {
        amount = bound(amount, 1, CAPTURED);
        Authorization memory authorization = authorizeRefund(by, ref, amount);

        vm.prank(caller);
        vault.refund(ref, authorization, PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE + amount, "payer");
        assertEq(token.balanceOf(by.addr), 1e30 - amount, "signer");
        assertPaidOut(CAPTURED - CAPTURED / 100, CAPTURED / 100);
    }

    function testFuzz_TouchesNothingThatIsHeld(uint256 amount) external {
        amount = bound(amount, 1, CAPTURED);

        refund(by, ref, amount);

        assertParts(ref, CAPTURED, 0);
        assertEq(liabilities(), PRICE - CAPTURED, "liabilities");
        assertEq(token.balanceOf(address(vault)), PRICE - CAPTURED, "balance");
    }

    function testFuzz_RefundsAllInTwoPartsOfTwoSigners(uint256 first) external {
        first = bound(first, 1, CAPTURED - 1);

        refund(by, ref, first);
        refund(otherPayer, ref, CAPTURED - first);

        assertEq(vault.paymentOf(ref).refunded, CAPTURED, "refunded");
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE + CAPTURED, "payer");
    }

    function testFuzz_EmitsRefunded(uint256 first, uint256 second) external {
        first = bound(first, 1, CAPTURED - 1);
        second = bound(second, 1, CAPTURED - first);
        refund(otherPayer, ref, first);
        Authorization memory authorization = authorizeRefund(by, ref, second);

        vm.expectEmit(address(vault));
        emit IEscrow.Refunded(id, by.addr, second, first + second);
        vault.refund(ref, authorization, PAYOUT_GAS);
    }

    function test_LeavesOtherPaymentsAlone() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");
        capture(otherRef, PRICE);

        refund(by, ref, CAPTURED);

        assertEq(vault.paymentOf(otherRef).refunded, 0);
    }

    function test_LeavesSurplusAlone() external {
        token.mint(address(vault), 5);

        refund(by, ref, CAPTURED);

        assertEq(vault.surplusOf(address(token)), 5);
    }

    function test_KeepsTheTransferFromBeingPaid() external {
        PaymentRef memory transfer = refOf(by.addr, nonceAt(id, 0));
        refund(by, ref, CAPTURED);
        Authorization memory authorization = authorize(by, address(vault), CAPTURED, transfer.nonce);
        PaymentId transferId = vault.idOf(transfer);

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, transferId));
        vault.pay(authorization);
    }

    /* HELPERS */

    function nonceAt(PaymentId paymentId, uint256 refunded) private pure returns (bytes32) {
        return keccak256(abi.encode(PaymentId.unwrap(paymentId), refunded));
    }

    function refundCall() private view returns (bytes memory) {
        return abi.encodeCall(IEscrow.refund, (ref, authorizeRefund(by, ref, CAPTURED), PAYOUT_GAS));
    }

    function nonceWrong(bytes32 nonce, bytes32 expected) private view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.RefundNonceWrong.selector, id, nonce, expected);
    }

    function exceeds(uint256 amount, uint256 refundable) private view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.RefundExceedsCaptured.selector, id, amount, refundable);
    }

    function tokenRefused(bytes memory reason) private view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, address(token), reason);
    }

    function expectRefused(Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(stranger.addr);
        vault.refund(ref, authorization, PAYOUT_GAS);
    }

    function expectSignatureRefused(Authorization memory authorization) private {
        bytes memory reason = abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, by.addr);

        expectRefused(authorization, tokenRefused(reason));
    }

    function expectNotNow(uint256 validAfter, uint256 validBefore) private {
        Authorization memory authorization = authorizeRefund(by, ref, CAPTURED);
        (authorization.validAfter, authorization.validBefore) = (validAfter, validBefore);
        authorization.signature = signReceipt(by, authorization);
        bytes memory reason = abi.encodeWithSelector(
            Token3009.AuthorizationNotValidNow.selector,
            validAfter,
            validBefore
        );

        expectRefused(authorization, tokenRefused(reason));
    }
}
