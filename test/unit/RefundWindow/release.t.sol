// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Release} from "../../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowReleaseTest is SurplusUnitTest {
    address private constant TO = address(0x7e1ea5e);

    PaymentRef private ref;
    PaymentId private id;
    Release private message;

    /// @dev The payer has frozen all of an announcement that has ended.
    function setUp() public override {
        super.setUp();
        payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(payer, PRICE, "nonce");
        useRef(refOf(payer.addr, "nonce"));
        goToEnd();
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signRelease(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(operator.addr);
        implementation.release(ref, message, signature);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        if (caller == operator.addr) caller = payer.addr;
        bytes memory signature = signRelease(payer, message);

        vm.expectRevert(abi.encodeWithSelector(ISurplus.NotOperator.selector, caller, operator.addr));
        vm.prank(caller);
        vault.release(ref, message, signature);
    }

    function test_RevertWhen_TheMessageIsForAnotherPayment() external {
        PaymentRef memory other = refOf(payer.addr, "other");
        bytes memory signature = signRelease(payer, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(other), id);

        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.release(other, message, signature);
    }

    /* DEADLINE */

    function test_RevertWhen_DeadlineIsReached() external {
        message.deadline = ENDS_AT;

        expectExpired();
    }

    function test_RevertWhen_DeadlineHasPassed() external {
        message.deadline = ENDS_AT - 1;

        expectExpired();
    }

    function test_ReleasesInTheLastSecondBeforeTheDeadline() external {
        message.deadline = ENDS_AT + 1;

        releaseAs(payer);

        assertEq(token.balanceOf(TO), PRICE);
    }

    /* SIGNATURE */

    function test_RevertWhen_AStrangerSigned() external {
        expectInvalid(signRelease(stranger, message));
    }

    function test_RevertWhen_TheOperatorSigned() external {
        expectInvalid(signRelease(operator, message));
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";

        expectInvalid(signIn(block.chainid, address(deployVault(terms))));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.RESOLVE_TYPEHASH, message));

        expectInvalid(sign(payer.key, digest(structHash)));
    }

    function test_RevertWhen_AnotherAnnouncementWasSigned() external {
        bytes memory signature = signRelease(payer, message);
        message.announcement = 2;

        expectInvalid(signature);
    }

    function testFuzz_RevertWhen_AnotherAmountWasSigned(uint256 amount) external {
        if (amount == PRICE) ++amount;
        bytes memory signature = signRelease(payer, message);
        message.amount = amount;

        expectInvalid(signature);
    }

    function testFuzz_RevertWhen_AnotherRecipientWasSigned(address to) external {
        if (to == TO) to = operator.addr;
        bytes memory signature = signRelease(payer, message);
        message.to = to;

        expectInvalid(signature);
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(malleate(signRelease(payer, message)));
    }

    function test_RevertWhen_SignatureIsEmpty() external {
        expectInvalid("");
    }

    function test_WalletReleasesBySignatureOfItsOwner() external {
        Account memory wallet = useWallet();

        releaseAs(wallet);

        assertEq(token.balanceOf(TO), PRICE);
    }

    function test_WalletReleasesByApproval() external {
        useWallet();
        OwnedWallet(ref.payer).approve(digest(keccak256(abi.encode(TypedDataLib.RELEASE_TYPEHASH, message))));

        releaseBy("");

        assertEq(token.balanceOf(TO), PRICE);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        useWallet();

        expectInvalid(signRelease(stranger, message));
    }

    /* RECIPIENT */

    function test_RevertWhen_RecipientIsZero() external {
        message.to = address(0);

        expectRefused(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        message.to = address(vault);

        expectRefused(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(vault)));
    }

    /* ANNOUNCEMENT */

    function testFuzz_RevertWhen_ThereIsNoSuchAnnouncement(uint256 number) external {
        if (number == 1) number = 0;
        message.announcement = number;

        expectRefused(abi.encodeWithSelector(ISurplus.AnnouncementUnknown.selector, address(token), number));
    }

    function test_RevertWhen_ItIsInItsLastSecond() external {
        message.deadline = type(uint256).max;
        goTo(ENDS_AT - 1);

        expectRefused(abi.encodeWithSelector(ISurplus.AnnouncementRunning.selector, address(token), 1, ENDS_AT));
    }

    /* AMOUNT */

    function test_GivesTheClaimUpForNothing() external {
        message.amount = 0;
        bytes memory signature = signRelease(payer, message);

        vm.expectEmit(address(vault));
        emit ISurplus.Released(id, 1, message.to, 0);
        vm.prank(operator.addr);
        vault.release(ref, message, signature);

        (uint256 amount, uint256 claims, ) = vault.announcementOf(address(token), 1);
        assertEq(amount, PRICE, "what was announced");
        assertEq(claims, 0, "claims");
        assertEq(vault.claimOf(ref, 1), 0, "the claim");
    }

    function test_RevertWhen_AmountIsZeroAndTheClaimIsGivenUp() external {
        message.amount = 0;
        bytes memory signature = signRelease(payer, message);
        vm.prank(operator.addr);
        vault.release(ref, message, signature);

        expectRefused(exceeds(0, 0));
    }

    function testFuzz_RevertWhen_AmountIsAboveTheClaim(uint256 amount) external {
        message.amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRefused(exceeds(message.amount, PRICE));
    }

    function test_RevertWhen_AmountIsOneAboveTheClaimAndMoreIsThere() external {
        useNextAnnouncement({amount: 3 * PRICE, claim: PRICE, otherClaim: 0});
        message.amount = PRICE + 1;

        expectRefused(exceeds(PRICE + 1, PRICE));
    }

    function test_RevertWhen_NothingWasFrozen() external {
        useRef(refOf(otherPayer.addr, "nothing"));
        message.amount = 1;
        bytes memory signature = signRelease(otherPayer, message);

        vm.expectRevert(exceeds(1, 0));
        releaseBy(signature);
    }

    function test_RevertWhen_ItWasReleased() external {
        message.amount = 1;
        releaseAs(payer);

        expectRefused(exceeds(1, 0));
    }

    function testFuzz_RevertWhen_AmountIsAboveWhatOtherClaimsLeave(uint256 otherClaim) external {
        otherClaim = bound(otherClaim, 1, 2 * PRICE - 1);
        useNextAnnouncement({amount: 2 * PRICE, claim: 2 * PRICE, otherClaim: otherClaim});
        message.amount = 2 * PRICE - otherClaim + 1;

        expectRefused(exceeds(message.amount, 2 * PRICE - otherClaim));
    }

    function testFuzz_RevertWhen_OtherClaimsLeaveNothing(uint256 otherClaim) external {
        otherClaim = bound(otherClaim, 2 * PRICE, type(uint104).max);
        useNextAnnouncement({amount: 2 * PRICE, claim: PRICE, otherClaim: otherClaim});
        message.amount = 1;

        expectRefused(exceeds(1, 0));
    }

    function testFuzz_RevertWhen_TheBalanceHasShrunk(uint256 by) external {
        by = bound(by, 1, PRICE);
        vm.prank(address(vault));
        token.transfer(stranger.addr, by);

        expectRefused(
            abi.encodeWithSelector(ISurplus.AssignmentExceedsSurplus.selector, address(token), PRICE, PRICE - by)
        );
    }

    function test_RevertWhen_TheBalanceIsUnreadable() external {
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.balanceOf, (address(vault))), "no");

        expectRefused(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
    }

    function test_RevertWhen_TheTokenDoesNotSend() external {
        token.setDenylisted(TO, true);

        expectRefused(abi.encodeWithSelector(Token3009.Denylisted.selector, TO));
        assertEq(claimOf(payer.addr, "nonce", 1), PRICE, "claim");
    }

    /* RELEASED */

    function testFuzz_SendsAnyPartAndGivesUpTheRest(uint256 amount) external {
        message.amount = bound(amount, 1, PRICE);

        releaseAs(payer);

        assertEq(token.balanceOf(TO), message.amount, "recipient");
        assertEq(claimOf(payer.addr, "nonce", 1), 0, "claim");
        assertAnnouncement(1, PRICE - message.amount, 0);
        assertEq(aside(), PRICE - message.amount, "aside");
    }

    function testFuzz_SendsUpToWhatOtherClaimsLeave(uint256 otherClaim) external {
        otherClaim = bound(otherClaim, 1, 2 * PRICE - 1);
        useNextAnnouncement({amount: 2 * PRICE, claim: 2 * PRICE, otherClaim: otherClaim});
        message.amount = 2 * PRICE - otherClaim;

        releaseAs(payer);

        assertEq(token.balanceOf(TO), message.amount, "recipient");
        assertAnnouncement(2, otherClaim, otherClaim);
    }

    function test_SendsAfterTheRestWasAssigned() external {
        useNextAnnouncement({amount: 2 * PRICE, claim: PRICE, otherClaim: 0});
        assign(2, stranger.addr);

        releaseAs(payer);

        assertEq(token.balanceOf(TO), PRICE, "recipient");
        assertAnnouncement(2, 0, 0);
    }

    function test_LeavesOtherAnnouncementsAlone() external {
        useNextAnnouncement({amount: PRICE, claim: PRICE, otherClaim: 0});

        releaseAs(payer);

        assertAnnouncement(1, PRICE, PRICE);
        assertEq(aside(), PRICE, "aside");
        assertEq(claimOf(payer.addr, "nonce", 1), PRICE, "claim");
    }

    function test_LeavesPaymentsAlone() external {
        pay(otherPayer, PRICE, "paid");

        releaseAs(payer);

        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
    }

    function test_EmitsReleased() external {
        message.amount = PRICE / 2;
        bytes memory signature = signRelease(payer, message);

        vm.expectEmit(address(vault));
        emit ISurplus.Released(id, 1, TO, PRICE / 2);
        releaseBy(signature);
    }

    /* HELPERS */

    function goToEnd() private {
        goTo(ENDS_AT);
        message.deadline = ENDS_AT + 1 days;
    }

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = releaseMessage(newRef, 1, PRICE, TO);
    }

    /// @dev A second announcement, of new money, which the payer and another froze, and which has ended too.
    function useNextAnnouncement(uint256 amount, uint256 claim, uint256 otherClaim) private {
        token.mint(address(vault), amount);
        announce(amount);
        token.cancelAuthorization(payer.addr, "next");
        freeze(payer, claim, "next");
        if (otherClaim != 0) {
            token.cancelAuthorization(otherPayer.addr, "other");
            freeze(otherPayer, otherClaim, "other");
        }
        goTo(ENDS_AT + ANNOUNCEMENT_PERIOD);
        useRef(refOf(payer.addr, "next"));
        message.announcement = 2;
    }

    function useWallet() private returns (Account memory wallet) {
        wallet = makeWallet(otherPayer);
        payPast(wallet, PRICE, "of a wallet");
        announce(PRICE);
        freeze(wallet, PRICE, "of a wallet");
        goTo(ENDS_AT + ANNOUNCEMENT_PERIOD);
        useRef(refOf(wallet.addr, "of a wallet"));
        message.announcement = 2;
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.RELEASE_TYPEHASH, message));
        return sign(payer.key, digestIn(structHash, chainId, verifyingContract));
    }

    function releaseAs(Account memory signer) private {
        releaseBy(signRelease(signer, message));
    }

    function releaseBy(bytes memory signature) private {
        vm.prank(operator.addr);
        vault.release(ref, message, signature);
    }

    function exceeds(uint256 amount, uint256 available) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.ReleaseExceedsClaim.selector, id, amount, available);
    }

    function expectRefused(bytes memory reason) private {
        bytes memory signature = signRelease(payer, message);
        vm.expectRevert(reason);
        releaseBy(signature);
    }

    function expectExpired() private {
        expectRefused(abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, ENDS_AT));
    }

    function expectInvalid(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, ref.payer));
        releaseBy(signature);
    }
}
