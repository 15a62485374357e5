// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowFreezeTest is SurplusUnitTest {
    Authorization private signed;

    function setUp() public override {
        super.setUp();
        signed = authorize(payer, address(vault), PRICE, "nonce");
        payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.freeze(signed);
    }

    /* ANNOUNCEMENT */

    function test_RevertWhen_NothingWasEverAnnounced() external {
        expectRefused(notRunning(0, ANNOUNCEMENT_PERIOD));
    }

    function test_RevertWhen_TheAnnouncementHasJustEnded() external {
        announce(PRICE);
        vm.warp(ENDS_AT);

        expectRefused(notRunning(1, ENDS_AT));
    }

    function test_RevertWhen_TheAnnouncementEndedASecondAgo() external {
        announce(PRICE);
        vm.warp(ENDS_AT + 1);

        expectRefused(notRunning(1, ENDS_AT));
    }

    function test_RevertWhen_OnlyAnotherTokensAnnouncementRuns() external {
        Token3009 other = new Token3009();
        other.mint(address(vault), 1);
        vm.prank(operator.addr);
        vault.announceAssignment(address(other), 1);

        expectRefused(notRunning(0, ANNOUNCEMENT_PERIOD));
    }

    function test_FreezesInTheLastSecond() external {
        announce(PRICE);
        vm.warp(ENDS_AT - 1);

        vault.freeze(signed);

        assertAnnouncement(1, PRICE, PRICE);
    }

    function test_FreezesInTheFirstSecond() external {
        announce(PRICE);

        vault.freeze(signed);

        assertAnnouncement(1, PRICE, PRICE);
    }

    /* AUTHORIZATION */

    function test_RevertWhen_ValueIsZero() external {
        announce(PRICE);
        use(authorize(payer, address(vault), 0, "zero"));

        expectRefused(abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function testFuzz_RevertWhen_ValueIsAbovePacking(uint256 value) external {
        announce(PRICE);
        value = bound(value, uint256(type(uint104).max) + 1, type(uint256).max);
        signed = authorize(payer, address(vault), value, "large");

        expectRefused(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, value));
    }

    function test_FreezesTheMostThatFits() external {
        announce(PRICE);
        signed = authorize(payer, address(vault), type(uint104).max, "large");
        token.cancelAuthorization(payer.addr, "large");

        vault.freeze(signed);

        assertAnnouncement(1, PRICE, type(uint104).max);
    }

    function test_RevertWhen_ItWasPaid() external {
        announce(PRICE);
        signed = authorize(payer, address(vault), PRICE, "paid");
        vault.pay(signed);

        expectRefused(known("paid"));
    }

    function test_RevertWhen_ItWasRecorded() external {
        signed = authorize(otherPayer, address(vault), PRICE, "recorded");
        record(submit(address(vault), signed));
        announce(PRICE);

        PaymentId id = vault.idOf(refOf(otherPayer.addr, "recorded"));
        expectRefused(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
    }

    function test_RevertWhen_ItWasFrozen() external {
        announce(PRICE);
        vault.freeze(signed);

        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        expectRefused(abi.encodeWithSelector(ISurplus.AlreadyFrozen.selector, id, 1));
    }

    function test_ALargerValueOfTheSameNonceRaisesTheClaim() external {
        announce(PRICE);
        vault.freeze(signed);
        Authorization memory larger = authorize(payer, address(vault), signed.value + 5, "nonce");

        vault.freeze(larger);

        (, uint256 claims, ) = vault.announcementOf(address(token), 1);
        assertEq(claims, signed.value + 5, "claims");
        assertEq(vault.claimOf(refOf(payer.addr, "nonce"), 1), signed.value + 5, "claim");
    }

    function test_RevertWhen_ASmallerValueOfTheSameNonceComesAfter() external {
        announce(PRICE);
        vault.freeze(signed);
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        signed = authorize(payer, address(vault), signed.value - 1, "nonce");

        expectRefused(abi.encodeWithSelector(ISurplus.AlreadyFrozen.selector, id, 1));
    }

    function test_RevertWhen_TheNonceIsUnused() external {
        announce(PRICE);
        signed = authorize(payer, address(vault), PRICE, "unused");

        expectRefused(
            abi.encodeWithSelector(ISurplus.AuthorizationUnused.selector, address(token), payer.addr, bytes32("unused"))
        );
    }

    function test_RevertWhen_TheTokenDoesNotTellWhetherItWasUsed() external {
        announce(PRICE);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(token.authorizationState.selector), "no");

        expectRefused(unreadable());
    }

    function test_RevertWhen_TheTokenDoesNotTellItsDomain() external {
        announce(PRICE);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20Permit.DOMAIN_SEPARATOR.selector), "no");

        expectRefused(unreadable());
    }

    /* SIGNATURE */

    function test_RevertWhen_AnotherKeySigned() external {
        announce(PRICE);
        use(authorize(Account(payer.addr, stranger.key), address(vault), PRICE, "nonce"));

        expectInvalid();
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        announce(PRICE);
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        address other = address(deployVault(terms));
        signed = authorize(payer, other, PRICE, "elsewhere");
        submit(other, signed);

        expectInvalid();
    }

    function testFuzz_RevertWhen_AnotherValueWasSigned(uint256 value) external {
        announce(PRICE);
        value = bound(value, 1, type(uint104).max);
        if (value == PRICE) ++value;
        signed.value = value;

        expectInvalid();
    }

    function testFuzz_RevertWhen_AnotherNonceWasSigned(bytes32 nonce) external {
        announce(PRICE);
        if (nonce == "nonce") nonce = "other";
        token.cancelAuthorization(payer.addr, nonce);
        signed.nonce = nonce;

        expectInvalid();
    }

    function testFuzz_RevertWhen_OtherTimesWereSigned(uint256 validAfter, uint256 validBefore) external {
        announce(PRICE);
        if (validAfter == signed.validAfter && validBefore == signed.validBefore) ++validAfter;
        (signed.validAfter, signed.validBefore) = (validAfter, validBefore);

        expectInvalid();
    }

    function test_RevertWhen_SignedUnderAnotherTokensDomain() external {
        announce(PRICE);
        Token3009 original = token;
        token = new Token3009();
        bytes memory signature = authorize(payer, address(vault), PRICE, "nonce").signature;
        token = original;
        signed.signature = signature;

        expectInvalid();
    }

    function test_RevertWhen_SIsHigh() external {
        announce(PRICE);
        signed.signature = malleate(signed.signature);

        expectInvalid();
    }

    function testFuzz_RevertWhen_TheSignatureIsAnyBytes(bytes calldata signature) external {
        announce(PRICE);
        vm.assume(keccak256(signature) != keccak256(signed.signature));
        signed.signature = signature;

        expectInvalid();
    }

    function test_RevertWhen_PayerIsZero() external {
        announce(PRICE);
        token.cancelAuthorization(address(0), "nonce");
        signed.payer = address(0);
        signed.signature = withV(signed.signature, 0);

        expectInvalid();
    }

    function test_RevertWhen_TheWalletDoesNotAccept() external {
        announce(PRICE);
        Account memory wallet = makeWallet(payer);
        signed = authorize(wallet, address(vault), PRICE, "of a wallet");
        submit(address(vault), signed);
        signed.signature = authorize(Account(wallet.addr, stranger.key), address(vault), PRICE, "of a wallet")
            .signature;

        expectInvalid();
    }

    function test_FreezesForAWallet() external {
        announce(PRICE);
        Account memory wallet = makeWallet(payer);
        signed = authorize(wallet, address(vault), PRICE, "of a wallet");
        submit(address(vault), signed);

        vault.freeze(signed);

        assertEq(claimOf(wallet.addr, "of a wallet", 1), PRICE);
    }

    function test_FreezesForAWalletThatApproved() external {
        announce(PRICE);
        Account memory wallet = makeWallet(payer);
        signed = authorize(wallet, address(vault), PRICE, "of a wallet");
        submit(address(vault), signed);
        signed.signature = "";
        OwnedWallet(wallet.addr).approve(
            token.digestOf(wallet.addr, address(vault), PRICE, 0, signed.validBefore, "of a wallet")
        );

        vault.freeze(signed);

        assertEq(claimOf(wallet.addr, "of a wallet", 1), PRICE);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        announce(PRICE);
        delegateToWalletOf(payer, otherPayer);

        expectInvalid();
    }

    /* FROZEN */

    function testFuzz_AnyoneFreezesAnyValue(address caller, uint256 value) external {
        value = bound(value, 1, 1e29);
        announce(PRICE);
        signed = authorize(otherPayer, address(vault), value, "any");
        submit(address(vault), signed);

        vm.prank(caller);
        vault.freeze(signed);

        assertAnnouncement(1, PRICE, value);
        assertEq(claimOf(otherPayer.addr, "any", 1), value, "claim");
    }

    function test_FreezesAnAuthorizationThatHasExpired() external {
        announce(PRICE);
        signed = authorize(payer, address(vault), PRICE, "short");
        signed.validBefore = ANNOUNCED_AT + 1;
        signed.signature = signAuthorization(payer, signed);
        submit(address(vault), signed);
        goTo(ANNOUNCED_AT + 1);

        vault.freeze(signed);

        assertAnnouncement(1, PRICE, PRICE);
    }

    function test_MovesNothing() external {
        announce(PRICE / 2);

        vault.freeze(signed);

        assertEq(aside(), PRICE / 2, "aside");
        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
        assertEq(vault.liabilitiesOf(address(token)), 0, "liabilities");
    }

    function test_AddsUp() external {
        announce(PRICE);
        payPast(otherPayer, 7, "other");

        vault.freeze(signed);
        freeze(otherPayer, 7, "other");

        assertAnnouncement(1, PRICE, PRICE + 7);
    }

    function test_FreezesAgainInTheNextAnnouncement() external {
        announce(PRICE / 2);
        vault.freeze(signed);
        goTo(ENDS_AT);
        announce(PRICE / 2);

        vault.freeze(signed);

        assertAnnouncement(1, PRICE / 2, PRICE);
        assertAnnouncement(2, PRICE / 2, PRICE);
    }

    function test_EmitsFrozen() external {
        announce(PRICE);
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));

        vm.expectEmit(address(vault));
        emit ISurplus.Frozen(id, payer.addr, 1, address(token), "nonce", PRICE);
        vault.freeze(signed);
    }

    /* HELPERS */

    function use(Authorization memory authorization) private {
        signed = authorization;
        token.cancelAuthorization(authorization.payer, authorization.nonce);
    }

    function known(bytes32 nonce) private view returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, vault.idOf(refOf(payer.addr, nonce)));
    }

    function notRunning(uint256 number, uint40 endsAt) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AnnouncementNotRunning.selector, address(token), number, endsAt);
    }

    function unreadable() private view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, address(token));
    }

    function expectInvalid() private {
        expectRefused(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signed.payer));
    }

    function expectRefused(bytes memory reason) private {
        Authorization memory authorization = signed;
        vm.expectRevert(reason);
        vault.freeze(authorization);
    }
}
