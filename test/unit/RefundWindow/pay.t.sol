// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {IERC3009Bytes} from "../../../contracts/interfaces/external/IERC3009Bytes.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

/// @notice A token as there were before EIP-3009.
contract PlainToken is ERC20("Plain", "PLAIN") {}

contract RefundWindowPayTest is RefundWindowUnitTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        Authorization memory authorization = authorize(payer, address(implementation), PRICE, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.pay(authorization);
    }

    function test_RevertWhen_ValueIsZero() external {
        Authorization memory authorization = authorize(payer, address(vault), 0, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.AmountZero.selector));
        vault.pay(authorization);
    }

    function test_RevertWhen_PaymentIsOpen() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        expectKnown(ref);
    }

    function test_RevertWhen_PaymentWasRefunded() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        refundAs(payer.addr, ref, PRICE, payer.addr);

        expectKnown(ref);
    }

    function test_RevertWhen_PaymentWasClaimed() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        expectKnown(ref);
    }

    function test_RevertWhen_TokenHasNoCode() external {
        expectUnreadable(stranger.addr);
    }

    function test_RevertWhen_TokenIsAnotherContract() external {
        expectUnreadable(address(factory));
    }

    function test_RevertWhen_TokenDoesNotKnowEip3009() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.token = address(new PlainToken());

        expectRefused(authorization, "");
    }

    function test_RevertWhen_NonceWasUsedElsewhere() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        IVault otherVault = deployVault(terms);
        otherVault.pay(authorize(payer, address(otherVault), PRICE, "nonce"));

        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, payer.addr, bytes32("nonce"))
        );
    }

    function test_RevertWhen_NonceWasCanceled() external {
        token.cancelAuthorization(payer.addr, "nonce");

        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, payer.addr, bytes32("nonce"))
        );
    }

    function test_RevertWhen_NotAfterValidAfter() external {
        Authorization memory authorization = authorizeBetween(START, START + 100);

        expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationNotValidNow.selector, START, START + 100)
        );
    }

    function test_RevertWhen_NotBeforeValidBefore() external {
        Authorization memory authorization = authorizeBetween(START - 100, START);

        expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationNotValidNow.selector, START - 100, START)
        );
    }

    function test_RevertWhen_PayerHasTooLittle() external {
        expectRefused(
            authorize(stranger, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, stranger.addr, 0, PRICE)
        );
    }

    function test_RevertWhen_TokenIsPaused() external {
        token.setPaused(true);

        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(Token3009.Paused.selector)
        );
    }

    function test_RevertWhen_PayerIsDenylisted() external {
        token.setDenylisted(payer.addr, true);

        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(Token3009.Denylisted.selector, payer.addr)
        );
    }

    function test_RevertWhen_VaultIsDenylisted() external {
        token.setDenylisted(address(vault), true);

        expectRefused(
            authorize(payer, address(vault), PRICE, "nonce"),
            abi.encodeWithSelector(Token3009.Denylisted.selector, address(vault))
        );
    }

    function test_RevertWhen_AnotherKeySigned() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        Account memory pretended = Account({addr: payer.addr, key: stranger.key});
        authorization.signature = signAuthorization(pretended, authorization);

        expectSignatureRefused(authorization);
    }

    function testFuzz_RevertWhen_AnotherValueWasSigned(uint256 value) external {
        value = bound(value, 1, 1e30);
        if (value == PRICE) ++value;
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.value = value;

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        Authorization memory authorization = authorize(payer, address(deployVault(terms)), PRICE, "nonce");

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SignedOnAnotherChain() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        vm.chainId(block.chainid + 1);

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SIsHigh() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.signature = malleate(authorization.signature);

        expectSignatureRefused(authorization);
    }

    function testFuzz_RevertWhen_VIsWrong(uint8 v) external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        (, , uint8 rightV) = split(authorization.signature);
        if (v == rightV) v = 0;
        authorization.signature = withV(authorization.signature, v);

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SignatureIsTruncated() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.signature = truncate(authorization.signature);

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SignatureIsTooLong() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.signature = bytes.concat(authorization.signature, hex"00");

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_SignatureIsEmpty() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.signature = "";

        expectSignatureRefused(authorization);
    }

    function test_RevertWhen_NothingArrives() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        token.mint(address(vault), 5);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector), "");

        vm.expectRevert(abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), 5, PRICE + 5));
        vault.pay(authorization);
    }

    function testFuzz_RevertWhen_ValueIsAbovePacking(uint256 value) external {
        value = bound(value, uint256(type(uint104).max) + 1, type(uint256).max - token.totalSupply());
        token.mint(payer.addr, value);
        Authorization memory authorization = authorize(payer, address(vault), value, "nonce");

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, value));
        vault.pay(authorization);
    }

    function test_RevertWhen_SumIsAbovePacking() external {
        uint256 most = type(uint104).max;
        token.mint(payer.addr, 257 * most);
        for (uint256 i = 0; i < 256; ++i) pay(payer, most, bytes32(i));
        pay(payer, 255, "rest");
        Authorization memory authorization = authorize(payer, address(vault), 1, "one more");

        // 256 * (2^104 - 1) + 255 is the last sum that fits.
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 112, 1 << 112));
        vault.pay(authorization);
    }

    function test_RevertWhen_WindowClosesAfterUint40() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        vm.warp(type(uint40).max - WINDOW + 1);

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, uint256(type(uint40).max) + 1)
        );
        vault.pay(authorization);
    }

    function test_WalletPaysBy65Bytes() external {
        Account memory wallet = makeWallet(payer);

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector));
        PaymentRef memory ref = pay(wallet, PRICE, "nonce");

        assertEq(vault.paymentOf(ref).paid, PRICE);
    }

    function test_WalletPaysByMoreBytes() external {
        Account memory wallet = makeWallet(payer);
        Authorization memory authorization = authorize(wallet, address(vault), PRICE, "nonce");
        authorization.signature = bytes.concat(authorization.signature, "more");

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009Bytes.transferWithAuthorization.selector));
        vault.pay(authorization);

        assertEq(vault.paymentOf(refOf(wallet.addr, "nonce")).paid, PRICE);
    }

    function test_WalletPaysByApproval() external {
        Account memory wallet = makeWallet(payer);
        Authorization memory authorization = authorize(wallet, address(vault), PRICE, "nonce");
        authorization.signature = "";
        OwnedWallet(wallet.addr).approve(
            token.digestOf(wallet.addr, address(vault), PRICE, 0, authorization.validBefore, "nonce")
        );

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009Bytes.transferWithAuthorization.selector));
        vault.pay(authorization);

        assertEq(vault.paymentOf(refOf(wallet.addr, "nonce")).paid, PRICE);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = makeWallet(payer);
        Account memory pretended = Account({addr: wallet.addr, key: stranger.key});

        expectSignatureRefused(authorize(pretended, address(vault), PRICE, "nonce"));
    }

    function test_DelegatedAccountPaysByItsCode() external {
        delegateToWalletOf(payer, otherPayer);

        PaymentRef memory ref = pay(Account({addr: payer.addr, key: otherPayer.key}), PRICE, "nonce");

        assertEq(vault.paymentOf(ref).paid, PRICE);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(payer, otherPayer);

        expectSignatureRefused(authorize(payer, address(vault), PRICE, "nonce"));
    }

    function testFuzz_MovesExactlyTheValue(uint256 value, address caller) external {
        value = bound(value, 1, 1e30);
        Authorization memory authorization = authorize(payer, address(vault), value, "nonce");

        vm.prank(caller);
        vault.pay(authorization);

        assertEq(token.balanceOf(address(vault)), value, "vault's balance");
        assertEq(token.balanceOf(payer.addr), 1e30 - value, "payer's balance");
    }

    function test_ReturnsTheId() external {
        PaymentId id = vault.pay(authorize(payer, address(vault), PRICE, "nonce"));

        assertEq(PaymentId.unwrap(id), PaymentId.unwrap(vault.idOf(refOf(payer.addr, "nonce"))));
    }

    function test_BooksThePayment() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(uint8(payment.status), uint8(IRefundWindow.Status.Open), "status");
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.held, PRICE, "held");
        assertEq(payment.refundable, PRICE, "refundable");
        assertEq(payment.refunded, 0, "refunded");
        assertEq(payment.closesAt, CLOSES_AT, "closesAt");
        assertEq(payment.maturesAt, MATURES_AT, "maturesAt");
    }

    function test_EmitsPaid() external {
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");

        vm.expectEmit(address(vault));
        emit IRefundWindow.Paid(id, payer.addr, address(token), "nonce", PRICE, CLOSES_AT);
        vault.pay(authorization);
    }

    function testFuzz_AddsToLiabilitiesAndBucket(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e30);
        second = bound(second, 1, 1e30);

        pay(payer, first, "nonce");
        pay(otherPayer, second, "nonce");

        assertEq(vault.liabilitiesOf(address(token)), first + second, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), first + second, "bucket");
    }

    function test_BooksTheMostThatFits() external {
        token.mint(payer.addr, type(uint104).max);

        PaymentRef memory ref = pay(payer, type(uint104).max, "nonce");

        assertEq(vault.paymentOf(ref).held, type(uint104).max);
    }

    function testFuzz_ClosesAtTheEndOfTheWindow(uint40 window, uint40 paidAt) external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.window = uint40(bound(window, 1 hours, 365 days));
        useVault(terms);
        paidAt = uint40(bound(paidAt, START, START + 1000 * 365 days));
        vm.warp(paidAt);

        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        assertEq(vault.paymentOf(ref).closesAt, paidAt + terms.window);
    }

    function test_MaturesAtCloseWhenThatIsAFullHour() external {
        vm.warp(FULL_HOUR);

        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        assertEq(vault.paymentOf(ref).closesAt, FULL_HOUR + WINDOW, "closesAt");
        assertEq(vault.paymentOf(ref).maturesAt, FULL_HOUR + WINDOW, "maturesAt");
    }

    function test_AcceptsTheFirstSecondAfterValidAfter() external {
        vault.pay(authorizeBetween(START - 1, START + 100));

        assertStatus(refOf(payer.addr, "nonce"), IRefundWindow.Status.Open);
    }

    function test_AcceptsTheLastSecondBeforeValidBefore() external {
        vault.pay(authorizeBetween(START - 100, START + 1));

        assertStatus(refOf(payer.addr, "nonce"), IRefundWindow.Status.Open);
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        token.mint(address(vault), surplus);

        pay(payer, PRICE, "nonce");

        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
        assertEq(vault.surplusOf(address(token)), surplus, "surplus");
    }

    function test_TellsEqualNoncesOfTwoPayersApart() external {
        PaymentRef memory first = pay(payer, PRICE, "nonce");
        PaymentRef memory second = pay(otherPayer, 2 * PRICE, "nonce");

        assertEq(vault.paymentOf(first).paid, PRICE, "first");
        assertEq(vault.paymentOf(second).paid, 2 * PRICE, "second");
    }

    function test_AcceptsANewNonceOfTheSamePayer() external {
        PaymentRef memory first = pay(payer, PRICE, "first");
        PaymentRef memory second = pay(payer, 2 * PRICE, "second");

        assertEq(vault.paymentOf(first).paid, PRICE, "first");
        assertEq(vault.paymentOf(second).paid, 2 * PRICE, "second");
    }

    /* HELPERS */

    function authorizeBetween(
        uint256 validAfter,
        uint256 validBefore
    ) private view returns (Authorization memory authorization) {
        authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.validAfter = validAfter;
        authorization.validBefore = validBefore;
        authorization.signature = signAuthorization(payer, authorization);
    }

    function expectKnown(PaymentRef memory ref) private {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, ref.nonce);
        PaymentId id = vault.idOf(ref);

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        vault.pay(authorization);
    }

    function expectUnreadable(address notToken) private {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        authorization.token = notToken;

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, notToken));
        vault.pay(authorization);
    }

    function expectRefused(Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, authorization.token, reason)
        );
        vault.pay(authorization);
    }

    function expectSignatureRefused(Authorization memory authorization) private {
        expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, authorization.payer)
        );
    }
}
