// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {GullibleWallet} from "../mocks/Wallets.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: whoever freezes was a payer. The payer's money came past `pay`, can no longer be proven, and is
/// frozen; the operator and its accomplice, `otherPayer`, whose authorization was cancelled, want it.
contract ClaimsTest is AttackTest {
    address private constant LOOT = address(0x1007);

    function setUp() public override {
        super.setUp();
        payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(payer, PRICE, "nonce");
        token.cancelAuthorization(otherPayer.addr, "canceled");
    }

    /* ACCOMPLICES */

    function testFuzz_ACanceledAuthorizationReleasesNothingOfAVictims(uint256 claim, uint256 amount) external {
        claim = bound(claim, 1, type(uint104).max);
        amount = bound(amount, 1, type(uint256).max);
        freeze(otherPayer, claim, "canceled");
        goTo(ENDS_AT);

        _assertReleaseRefused(otherPayer, "canceled", amount, 0);
        _assertNothingToAssign(PRICE, PRICE + claim);
    }

    /// @dev Together they get what nobody froze, which the operator could have assigned alone.
    function testFuzz_ACanceledAuthorizationGetsOnlyWhatNobodyFroze(uint256 unfrozen, uint256 claim) external {
        unfrozen = bound(unfrozen, 1, 1e29);
        claim = bound(claim, unfrozen, type(uint104).max);
        token.mint(address(vault), unfrozen);
        _announceNextAfterANewPayment(PRICE + unfrozen);
        freeze(otherPayer, claim, "canceled");
        freeze(payer, PRICE, "second");
        goTo(ENDS_AT + ANNOUNCEMENT_PERIOD);

        PaymentRef memory ref = refOf(otherPayer.addr, "canceled");
        Release memory message = releaseMessage(ref, 2, unfrozen + 1, LOOT);
        _expectRelease(ref, message, signRelease(otherPayer, message), _exceeds(ref, unfrozen + 1, unfrozen));

        release(otherPayer, "canceled", 2, unfrozen, LOOT);
        release(payer, "second", 2, PRICE, payer.addr);
    }

    /* TWO CLAIMANTS */

    function testFuzz_TwoClaimantsNeverGetMoreThanThereIs(uint256 claim, uint256 first, uint256 second) external {
        claim = bound(claim, 1, PRICE - 1);
        first = bound(first, 1, type(uint104).max);
        second = bound(second, 1, type(uint104).max);
        freeze(otherPayer, claim, "canceled");
        goTo(ENDS_AT);
        uint256 released = _tryRelease(otherPayer, "canceled", first) + _tryRelease(payer, "nonce", second);

        assertLe(released, PRICE, "in all");
        assertEq(token.balanceOf(LOOT), released, "sent");
        assertEq(aside(), PRICE - released, "aside");
    }

    function test_AClaimantWhoTakesWhatIsLeftFreesTheOther() external {
        freeze(otherPayer, PRICE / 4, "canceled");
        goTo(ENDS_AT);
        _assertReleaseRefused(payer, "nonce", PRICE, PRICE - PRICE / 4);
        _assertReleaseRefused(otherPayer, "canceled", 1, 0);

        release(payer, "nonce", 1, PRICE - PRICE / 4, payer.addr);
        release(otherPayer, "canceled", 1, PRICE / 4, otherPayer.addr);
        assertEq(aside(), 0, "aside");
    }

    /// @dev The stated limit: who has a key and a nonce to cancel can lock an announcement, and gets nothing of it.
    function test_AStrangerLocksAnAnnouncementAndGetsNothingAlone() external {
        token.cancelAuthorization(stranger.addr, "stranger");
        freeze(stranger, type(uint104).max, "stranger");
        goTo(ENDS_AT);

        _assertReleaseRefused(payer, "nonce", 1, 0);
        _assertReleaseRefused(stranger, "stranger", 1, 0);
        _assertNothingToAssign(PRICE, PRICE + uint256(type(uint104).max));
    }

    /// @dev What can be proven is not touched by a lock.
    function test_AStrangersLockDoesNotTouchAProof() external {
        goTo(ANNOUNCED_AT + 1);
        token.cancelAuthorization(stranger.addr, "stranger");
        freeze(stranger, type(uint104).max, "stranger");

        record(payPast(otherPayer, PRICE, "proven"));
        refund(otherPayer, refOf(otherPayer.addr, "proven"), PRICE, otherPayer.addr);
        assertEq(token.balanceOf(otherPayer.addr), 1e30);
    }

    /* REPLAY OF RELEASES */

    function test_RevertWhen_AReleaseIsPresentedTwice() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(1);
        _release(ref, message, signature);
        _expectRelease(ref, message, signature, _exceeds(ref, 1, 0));
    }

    function test_RevertWhen_AReleaseIsPresentedForAnotherAnnouncement() external {
        _announceNextAfterANewPayment(PRICE);
        freeze(payer, PRICE, "nonce");
        goTo(ENDS_AT + ANNOUNCEMENT_PERIOD);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(PRICE);
        message.announcement = 2;
        _expectRelease(ref, message, signature, abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
    }

    function test_RevertWhen_AReleaseIsPresentedForAnotherPayment() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(PRICE);
        PaymentRef memory other = refOf(payer.addr, "other");
        bytes memory reason = abi.encodeWithSelector(
            IVault.PaymentMismatch.selector,
            vault.idOf(other),
            vault.idOf(ref)
        );
        _expectRelease(other, message, signature, reason);
    }

    function test_RevertWhen_AReleaseIsPresentedAtAnotherVault() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(PRICE);
        PaymentId signedId = message.paymentId;
        vault = _otherVault();
        _expectRelease(
            ref,
            message,
            signature,
            abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(ref), signedId)
        );
        message.paymentId = vault.idOf(ref);
        _expectRelease(ref, message, signature, abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
    }

    function test_RevertWhen_TheOperatorReleasesWithoutThePayer() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, ) = _signed(PRICE);
        bytes memory signature = signRelease(operator, message);
        _expectRelease(ref, message, signature, abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
    }

    function test_RevertWhen_ThePayerReleasesWithoutTheOperator() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(PRICE);
        vm.expectRevert(abi.encodeWithSelector(ISurplus.NotOperator.selector, payer.addr, operator.addr));
        vm.prank(payer.addr);
        vault.release(ref, message, signature);
    }

    function test_RevertWhen_TheOperatorRedirectsARelease() external {
        goTo(ENDS_AT);
        (PaymentRef memory ref, Release memory message, bytes memory signature) = _signed(PRICE);
        message.to = operator.addr;
        _expectRelease(ref, message, signature, abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
    }

    /* FALSE CLAIMS */

    function test_RevertWhen_AnUnusedAuthorizationFreezes() external {
        Authorization memory unused = authorize(otherPayer, address(vault), PRICE, "unused");
        _expectFreeze(
            unused,
            abi.encodeWithSelector(
                ISurplus.AuthorizationUnused.selector,
                address(token),
                otherPayer.addr,
                bytes32("unused")
            )
        );
    }

    function test_RevertWhen_AnAuthorizationToAnotherVaultFreezes() external {
        address other = address(_otherVault());
        Authorization memory foreign = authorize(otherPayer, other, PRICE, "foreign");
        submit(other, foreign);
        _expectFreeze(foreign, abi.encodeWithSelector(IVault.SignatureInvalid.selector, otherPayer.addr));
    }

    function test_RevertWhen_AForgedAuthorizationFreezes() external {
        Authorization memory forged = authorize(
            Account(otherPayer.addr, stranger.key),
            address(vault),
            PRICE,
            "canceled"
        );
        _expectFreeze(forged, abi.encodeWithSelector(IVault.SignatureInvalid.selector, otherPayer.addr));
    }

    /// @dev A used nonce of somebody else cannot be claimed by naming another value.
    function test_RevertWhen_AUsedNonceIsClaimedForMore() external {
        Authorization memory more = authorize(payer, address(vault), PRICE, "nonce");
        ++more.value;
        goTo(ENDS_AT);
        token.mint(address(vault), 1);
        announce(1);
        _expectFreeze(more, abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
    }

    /// @dev A contract that calls everything valid claims in its own name only.
    function test_AGullibleWalletClaimsInItsOwnNameOnly() external {
        Authorization memory gullible = authorize(
            Account(address(new GullibleWallet()), stranger.key),
            address(vault),
            PRICE,
            "gullible"
        );
        token.cancelAuthorization(gullible.payer, "gullible");
        vault.freeze(gullible);

        assertEq(claimOf(gullible.payer, "gullible", 1), PRICE, "its own");
        assertEq(claimOf(payer.addr, "nonce", 1), PRICE, "the payer's");
        goTo(ENDS_AT);
        _assertNothingToAssign(PRICE, 2 * PRICE);
    }

    /* HELPERS */

    function _otherVault() private returns (RefundWindow) {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        return deployVault(terms);
    }

    /// @dev The first announcement is over; the second one is of a new payment, which nobody can prove either.
    function _announceNextAfterANewPayment(uint256 amount) private {
        payPast(payer, PRICE, "second");
        goTo(ENDS_AT);
        announce(amount);
    }

    function _signed(
        uint256 amount
    ) private view returns (PaymentRef memory ref, Release memory message, bytes memory signature) {
        ref = refOf(payer.addr, "nonce");
        message = releaseMessage(ref, 1, amount, payer.addr);
        signature = signRelease(payer, message);
    }

    function _release(PaymentRef memory ref, Release memory message, bytes memory signature) private {
        vm.prank(operator.addr);
        vault.release(ref, message, signature);
    }

    function _tryRelease(Account memory from, bytes32 nonce, uint256 amount) private returns (uint256) {
        PaymentRef memory ref = refOf(from.addr, nonce);
        Release memory message = releaseMessage(ref, 1, amount, LOOT);
        bytes memory signature = signRelease(from, message);
        vm.prank(operator.addr);
        try vault.release(ref, message, signature) {
            return amount;
        } catch {
            return 0;
        }
    }

    function _expectRelease(
        PaymentRef memory ref,
        Release memory message,
        bytes memory signature,
        bytes memory reason
    ) private {
        vm.expectRevert(reason);
        _release(ref, message, signature);
    }

    function _expectFreeze(Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(reason);
        vault.freeze(authorization);
    }

    function _exceeds(PaymentRef memory ref, uint256 amount, uint256 available) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.ReleaseExceedsClaim.selector, vault.idOf(ref), amount, available);
    }

    function _assertReleaseRefused(Account memory from, bytes32 nonce, uint256 amount, uint256 available) private {
        PaymentRef memory ref = refOf(from.addr, nonce);
        Release memory message = releaseMessage(ref, 1, amount, LOOT);
        _expectRelease(ref, message, signRelease(from, message), _exceeds(ref, amount, available));
    }

    function _assertNothingToAssign(uint256 amount, uint256 claims) private {
        vm.expectRevert(abi.encodeWithSelector(ISurplus.NothingToAssign.selector, address(token), 1, amount, claims));
        assign(1, LOOT);
    }
}
