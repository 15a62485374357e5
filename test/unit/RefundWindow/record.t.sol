// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {RefundWindow} from "../../../contracts/RefundWindow.sol";
import {IReceiptVerifier} from "../../../contracts/interfaces/IReceiptVerifier.sol";
import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {ReceiptBuilder} from "../../utils/ReceiptBuilder.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowRecordTest is SurplusUnitTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.record(address(token), proof);
    }

    /* VERIFIER */

    function test_RevertWhen_TheBlockIsNotPast() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.roll(height - 1);

        expectRefused(proof, abi.encodeWithSelector(IReceiptVerifier.BlockNotPast.selector, height - 1, height - 1));
    }

    function test_RevertWhen_TheBlockIsTooOld() external {
        vm.recordLogs();
        handIn(address(vault), authorize(payer, address(vault), PRICE, "nonce"));
        bytes[] memory receipts = new bytes[](1);
        receipts[0] = ReceiptBuilder.encodeReceipt(2, recordedLogs());
        ReceiptProof memory proof;
        bytes32 root;
        (root, proof.nodes) = ReceiptBuilder.prove(receipts, 0);
        proof.header = ReceiptBuilder.encodeHeader(height, START, root, "");
        vm.roll(height + 8192);

        expectRefused(proof, abi.encodeWithSelector(IReceiptVerifier.BlockTooOld.selector, height, height + 8192));
    }

    function test_RevertWhen_TheHeaderIsForged() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        proof.header = ReceiptBuilder.encodeHeader(height - 1, START, "another root", "");

        expectRefused(
            proof,
            abi.encodeWithSelector(IReceiptVerifier.BlockHashMismatch.selector, height - 1, keccak256(proof.header))
        );
    }

    function test_RevertWhen_TheReceiptIsNotInTheBlock() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        proof.nodes = new bytes[](0);

        expectRefused(proof, abi.encodeWithSelector(IReceiptVerifier.ReceiptNotInBlock.selector, 0));
    }

    function test_RevertWhen_TheTransactionFailed() external {
        vm.recordLogs();
        handIn(address(vault), authorize(payer, address(vault), PRICE, "nonce"));
        bytes memory logs = ReceiptBuilder.encodeLogs(recordedLogs());

        expectRefused(
            mine(ReceiptBuilder.encodeReceipt(2, hex"80", logs)),
            abi.encodeWithSelector(IReceiptVerifier.ReceiptNotSuccessful.selector)
        );
    }

    function test_RevertWhen_TheLogsAreOfAnotherToken() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        Token3009 other = new Token3009();
        other.mint(address(vault), PRICE);

        vm.expectRevert(
            abi.encodeWithSelector(IReceiptVerifier.LogOfOtherToken.selector, 0, address(token), address(other))
        );
        vault.record(address(other), proof);
    }

    function test_RevertWhen_TheLogIsNotThere() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        proof.logIndex = 1;

        expectRefused(proof, abi.encodeWithSelector(IReceiptVerifier.LogMissing.selector, 1, 2));
    }

    function test_RevertWhen_ItWasAPlainTransfer() external {
        vm.recordLogs();
        vm.startPrank(payer.addr);
        token.transfer(address(vault), PRICE);
        token.transfer(address(vault), PRICE);
        vm.stopPrank();

        expectRefused(mineRecorded(), abi.encodeWithSelector(IReceiptVerifier.LogNotAuthorization.selector, 0));
    }

    /* TRANSFER */

    function testFuzz_RevertWhen_TheTransferWentElsewhere(address recipient) external {
        vm.assume(recipient != address(0) && recipient != address(vault));
        Authorization memory signed = authorize(payer, recipient, PRICE, "nonce");
        token.mint(address(vault), PRICE);
        ReceiptProof memory proof = submit(recipient, signed);

        expectRefused(proof, abi.encodeWithSelector(ISurplus.TransferToOther.selector, recipient));
    }

    function test_RevertWhen_TheTransferWentToAnotherVaultOfTheSameTerms() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        address other = address(deployVault(terms));
        ReceiptProof memory proof = submit(other, authorize(payer, other, PRICE, "nonce"));

        expectRefused(proof, abi.encodeWithSelector(ISurplus.TransferToOther.selector, other));
    }

    function test_RevertWhen_ValueIsZero() external {
        ReceiptProof memory proof = payPast(payer, 0, "nonce");
        token.mint(address(vault), PRICE);

        expectRefused(proof, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_ValueIsAbovePacking() external {
        uint256 value = uint256(type(uint104).max) + 1;
        token.mint(payer.addr, value);
        ReceiptProof memory proof = payPast(payer, value, "nonce");

        expectRefused(proof, abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, value));
    }

    function test_RecordsTheMostThatFits() external {
        token.mint(payer.addr, type(uint104).max);

        record(payPast(payer, type(uint104).max, "nonce"));

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, type(uint104).max);
    }

    /* KNOWN */

    function test_RevertWhen_ItWasPaid() external {
        vm.recordLogs();
        pay(payer, PRICE, "nonce");
        ReceiptProof memory proof = mineRecorded();
        token.mint(address(vault), PRICE);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasPaidInABatch() external {
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(payer, address(vault), PRICE, "nonce");
        vm.recordLogs();
        vault.payMany(address(token), items, 200_000);
        ReceiptProof memory proof = mineRecorded();
        token.mint(address(vault), PRICE);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasRecorded() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        token.mint(address(vault), PRICE);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasRecordedAndRefunded() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        refundAs(payer.addr, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        token.mint(address(vault), PRICE);

        expectKnown(proof);
    }

    function test_RevertWhen_ItWasRecordedAndClaimed() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);
        token.mint(address(vault), PRICE);

        expectKnown(proof);
    }

    /* ANNOUNCEMENTS */

    function test_RevertWhen_ItCameASecondBeforeAnAnnouncementThatEnded() external {
        expectClosed(ANNOUNCED_AT - 1, ENDS_AT);
    }

    function test_RevertWhen_ItCameInTheSecondOfAnAnnouncementThatEnded() external {
        expectClosed(ANNOUNCED_AT, ENDS_AT);
    }

    function test_RevertWhen_ItCameBeforeAnAnnouncementThatEndedLongAgo() external {
        expectClosed(START, ENDS_AT + 365 days);
    }

    function test_RecordsWhatCameASecondAfterAnAnnouncementThatEnded() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(ENDS_AT);

        expectRecorded(proof);
        assertAnnouncement(1, PRICE, 0);
    }

    function test_RecordsBeforeAnAnnouncementEnds() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ENDS_AT - 1);

        expectRecorded(proof);
        assertAnnouncement(1, 0, 0);
    }

    function test_RevertWhen_TheNextAnnouncementRunsAndItCameBeforeTheFirst() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        announceTwice();

        expectRefused(proof, closed(START, ANNOUNCED_AT));
    }

    function test_RevertWhen_TheNextAnnouncementRunsAndItCameInTheSecondOfTheFirst() external {
        goTo(ANNOUNCED_AT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        announceTwice();

        expectRefused(proof, closed(ANNOUNCED_AT, ANNOUNCED_AT));
    }

    function test_RecordsWhatCameBetweenTwoAnnouncementsWhileTheSecondRuns() external {
        token.mint(address(vault), 2);
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(ENDS_AT);
        announce(PRICE + 1);

        expectRecorded(proof);
        assertAnnouncement(1, 1, 0);
        assertAnnouncement(2, 1, 0);
    }

    function testFuzz_TakesBackWhatCameBeforeARunningAnnouncement(uint256 value, uint256 announced) external {
        value = bound(value, 1, 1e29);
        ReceiptProof memory proof = payPast(payer, value, "nonce");
        token.mint(address(vault), 1e29);
        announced = bound(announced, 1, 1e29 + value);
        goTo(ANNOUNCED_AT);
        announce(announced);

        record(proof);

        // 1e29 is left of what was there.
        uint256 left = announced > 1e29 ? 1e29 : announced;
        assertAnnouncement(1, left, 0);
        assertEq(aside(), left, "aside");
        assertEq(vault.liabilitiesOf(address(token)), value, "liabilities");
    }

    function test_TakesBackWhatCameInTheSecondOfARunningAnnouncement() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        record(proof);

        assertAnnouncement(1, 0, 0);
        assertEq(vault.surplusOf(address(token)), PRICE, "surplus");
    }

    function test_TakesNothingBackForWhatCameASecondAfter() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        record(proof);

        assertAnnouncement(1, PRICE, 0);
        assertEq(aside(), PRICE, "aside");
    }

    function test_TakesItsOwnClaimBack() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        payPast(otherPayer, PRICE, "other");
        goTo(ANNOUNCED_AT);
        announce(2 * PRICE);
        freeze(payer, PRICE, "nonce");
        freeze(otherPayer, PRICE, "other");

        record(proof);

        assertAnnouncement(1, PRICE, PRICE);
        assertEq(claimOf(payer.addr, "nonce", 1), 0, "its own");
        assertEq(claimOf(otherPayer.addr, "other", 1), PRICE, "the other's");
    }

    function test_TakesItsOwnClaimBackWhenItCameAfter() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        freeze(payer, PRICE, "nonce");

        record(proof);

        assertAnnouncement(1, PRICE, 0);
        assertEq(claimOf(payer.addr, "nonce", 1), 0);
    }

    function test_DoesNotTouchTheAnnouncementOfAnotherToken() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        Token3009 other = new Token3009();
        other.mint(address(vault), PRICE);
        goTo(ENDS_AT);
        vm.prank(operator.addr);
        vault.announceAssignment(address(other), PRICE);

        expectRecorded(proof);
        (uint256 amount, , ) = vault.announcementOf(address(other), 1);
        assertEq(amount, PRICE, "the other token's announcement");
    }

    /* SURPLUS */

    function testFuzz_RevertWhen_TheMoneyIsGone(uint256 gone) external {
        gone = bound(gone, 1, PRICE);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.prank(address(vault));
        token.transfer(stranger.addr, gone);

        expectRefused(proof, exceeds("nonce", PRICE, PRICE - gone));
    }

    function test_RevertWhen_OnlyMoneyThatIsOwedIsLeft() external {
        pay(otherPayer, PRICE, "of another");
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.prank(address(vault));
        token.transfer(stranger.addr, PRICE + 1);

        expectRefused(proof, exceeds("nonce", PRICE, 0));
    }

    function test_RevertWhen_OnlyMoneyThatIsSetAsideIsLeft() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.prank(address(vault));
        token.transfer(stranger.addr, 1);

        expectRefused(proof, exceeds("nonce", PRICE, PRICE - 1));
    }

    function test_RevertWhen_TheBalanceIsUnreadable() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.balanceOf, (address(vault))), "no");

        expectRefused(proof, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
    }

    /* RECORDED */

    function testFuzz_AnyoneRecordsWhatAnyoneSubmitted(address submitter, address recorder, uint256 value) external {
        value = bound(value, 1, 1e30);
        Authorization memory signed = authorize(payer, address(vault), value, "nonce");
        vm.startPrank(submitter);
        ReceiptProof memory proof = submit(address(vault), signed);
        vm.stopPrank();

        vm.prank(recorder);
        vault.record(address(token), proof);

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, value, "held");
        assertEq(vault.surplusOf(address(token)), 0, "surplus");
    }

    function test_RecordsWhatTheReceiverSubmitted() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        vm.startPrank(receiver.addr);
        ReceiptProof memory proof = submit(address(vault), signed);
        vm.stopPrank();

        expectRecorded(proof);
    }

    function test_RecordsWhatCameBeforeTheVaultWasDeployed() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "later";
        vault = RefundWindow(factory.addressOf(implementation.encodeTerms(terms)));
        assertEq(address(vault).code.length, 0, "code");
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        deployVault(terms);

        expectRecorded(proof);
    }

    function test_RecordsEachOfManyInOneReceipt() external {
        Authorization[3] memory signed = [
            authorize(payer, address(vault), PRICE, "first"),
            authorize(otherPayer, address(vault), PRICE + 1, "second"),
            authorize(payer, address(vault), PRICE + 2, "third")
        ];
        vm.recordLogs();
        for (uint256 i = 0; i < 3; ++i) handIn(address(vault), signed[i]);
        ReceiptProof memory proof = mineRecorded();

        for (uint256 i = 3; i > 0; --i) {
            proof.logIndex = 2 * (i - 1);
            record(proof);
            assertEq(vault.paymentOf(refOf(signed[i - 1].payer, signed[i - 1].nonce)).held, PRICE + i - 1);
        }
        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE + 3, "liabilities");
    }

    function test_RevertWhen_TwoOfOneReceiptAreMixed() external {
        vm.recordLogs();
        handIn(address(vault), authorize(payer, address(vault), PRICE, "first"));
        handIn(address(vault), authorize(otherPayer, address(vault), PRICE, "second"));
        ReceiptProof memory proof = mineRecorded();
        proof.logIndex = 1;

        expectRefused(proof, abi.encodeWithSelector(IReceiptVerifier.LogNotAuthorization.selector, 1));
    }

    function test_RecordsFromReceiptsOfEachType() external {
        uint8[6] memory types = [ReceiptBuilder.LEGACY, 1, 2, 3, 4, ReceiptBuilder.DEPOSIT];
        for (uint256 i = 0; i < types.length; ++i) {
            Authorization memory signed = authorize(payer, address(vault), PRICE, bytes32(i));
            vm.recordLogs();
            handIn(address(vault), signed);
            ReceiptProof memory proof = mine(ReceiptBuilder.encodeReceipt(types[i], recordedLogs()));

            record(proof);

            assertEq(vault.paymentOf(refOf(payer.addr, bytes32(i))).held, PRICE);
        }
    }

    function test_RecordsAmongOtherLogs() external {
        vm.recordLogs();
        vm.prank(payer.addr);
        token.approve(stranger.addr, 7);
        handIn(address(vault), authorize(payer, address(vault), PRICE, "nonce"));
        vm.prank(payer.addr);
        token.transfer(stranger.addr, 7);
        ReceiptProof memory proof = mineRecorded();
        proof.logIndex = 1;

        expectRecorded(proof);
    }

    function test_ReturnsTheId() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        PaymentId id = vault.record(address(token), proof);

        assertEq(PaymentId.unwrap(id), PaymentId.unwrap(vault.idOf(refOf(payer.addr, "nonce"))));
    }

    function test_EmitsRecordedAndPaid() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        goTo(START + 77);

        vm.expectEmit(address(vault));
        emit ISurplus.Recorded(id, START);
        vm.expectEmit(address(vault));
        emit IRefundWindow.Paid(id, payer.addr, address(token), "nonce", PRICE, CLOSES_AT + 77);
        record(proof);
    }

    function testFuzz_TimesStartAtTheRecord(uint256 delay) external {
        delay = bound(delay, 0, 20 * 365 days);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(START + delay);

        record(proof);

        IRefundWindow.Payment memory payment = vault.paymentOf(refOf(payer.addr, "nonce"));
        assertEq(uint8(payment.status), uint8(IRefundWindow.Status.Open), "status");
        assertEq(payment.closesAt, CLOSES_AT + delay, "closesAt");
        (uint32 bucket, uint40 maturesAt) = vault.bucketOf(payment.closesAt);
        assertEq(payment.maturesAt, maturesAt, "maturesAt");
        assertEq(vault.maturingIn(address(token), bucket), PRICE, "bucket");
    }

    function test_PayerRefundsWhatWasRecorded() external {
        record(payPast(payer, PRICE, "nonce"));

        refundAs(payer.addr, refOf(payer.addr, "nonce"), PRICE, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_ReceiverClaimsWhatWasRecorded() external {
        record(payPast(payer, PRICE, "nonce"));
        vm.warp(MATURES_AT);

        assertEq(claimBucket(BUCKET), PRICE);
    }

    function test_RevertWhen_PaidAfterTheRecord() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        record(submit(address(vault), signed));
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        vault.pay(signed);
    }

    function testFuzz_LeavesOtherSurplusAlone(uint256 other) external {
        other = bound(other, 0, 1e30);
        token.mint(address(vault), other);

        record(payPast(payer, PRICE, "nonce"));

        assertEq(vault.surplusOf(address(token)), other);
    }

    /* HELPERS */

    /// @dev Both announce a unit of what nobody proves; the first ends, and the second runs.
    function announceTwice() private {
        token.mint(address(vault), 2);
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(ENDS_AT);
        announce(1);
    }

    function expectClosed(uint40 transferredAt, uint40 recordedAt) private {
        goTo(transferredAt);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(recordedAt);

        expectRefused(proof, closed(transferredAt, ANNOUNCED_AT));
    }

    function closed(uint40 transferredAt, uint40 announcedAt) private view returns (bytes memory) {
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        return abi.encodeWithSelector(ISurplus.RecordAfterAnnouncement.selector, id, transferredAt, announcedAt);
    }

    function exceeds(bytes32 nonce, uint256 amount, uint256 free) private view returns (bytes memory) {
        PaymentId id = vault.idOf(refOf(payer.addr, nonce));
        return abi.encodeWithSelector(ISurplus.RecordExceedsSurplus.selector, id, amount, free);
    }

    function expectKnown(ReceiptProof memory proof) private {
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        expectRefused(proof, abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
    }

    function expectRefused(ReceiptProof memory proof, bytes memory reason) private {
        uint256 liabilities = vault.liabilitiesOf(address(token));
        vm.expectRevert(reason);
        vault.record(address(token), proof);
        assertEq(vault.liabilitiesOf(address(token)), liabilities, "liabilities");
    }

    function expectRecorded(ReceiptProof memory proof) private {
        PaymentRef memory ref = refOf(payer.addr, "nonce");
        record(proof);
        assertStatus(ref, IRefundWindow.Status.Open);
        assertEq(vault.paymentOf(ref).held, PRICE, "held");
    }
}
