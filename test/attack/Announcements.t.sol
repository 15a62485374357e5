// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {RebasingToken} from "../mocks/RebasingToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the operator announces honestly. In each test the payer's money came past `pay`; the operator
/// and its accomplice, `otherPayer`, want it.
contract AnnouncementsTest is AttackTest {
    uint40 private constant NEXT_ENDS_AT = ENDS_AT + ANNOUNCEMENT_PERIOD;
    address private constant LOOT = address(0x1007);

    /* WHAT ARRIVES LATER */

    function testFuzz_MoneyThatArrivesDuringAnAnnouncementIsNeverAssignedByIt(uint256 delay, uint256 value) external {
        delay = bound(delay, 1, ANNOUNCEMENT_PERIOD);
        value = bound(value, 1, 1e29);
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + delay);
        ReceiptProof memory proof = payPast(payer, value, "nonce");
        goTo(ENDS_AT);

        assertEq(assign(1, LOOT), PRICE, "assigned");
        record(proof);

        refund(payer, refOf(payer.addr, "nonce"), value, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    /// @dev A transfer of the announcement's own second counts as before it, and has seven days like any other.
    function test_MoneyOfTheSameSecondIsNotAssignedEither() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(ENDS_AT - 1);
        record(proof);
        refund(payer, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        goTo(ENDS_AT);

        _assertNothingToAssign(1, 0, 0);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    function test_RevertWhen_MoreIsAnnouncedThanIsThereYet() external {
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        vm.expectRevert(
            abi.encodeWithSelector(ISurplus.AnnouncementExceedsSurplus.selector, address(token), PRICE + 1, PRICE)
        );
        announce(PRICE + 1);
    }

    /* OLD PROOFS */

    /// @dev The accomplice's money is assigned to the operator, and then proven: it must not be paid out of the payer's.
    function test_RevertWhen_AnOldKeptProofWouldBePaidOutOfAnothersMoney() external {
        ReceiptProof memory kept = payPast(otherPayer, PRICE, "kept");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ENDS_AT);
        assign(1, LOOT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        _assertClosed(kept, START, ANNOUNCED_AT);
        _assertRefundable(proof);
    }

    function test_RevertWhen_ItComesBeforeTheAssignment() external {
        ReceiptProof memory kept = payPast(otherPayer, PRICE, "kept");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ENDS_AT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        _assertClosed(kept, START, ANNOUNCED_AT);
        assign(1, LOOT);
        _assertRefundable(proof);
    }

    function test_RevertWhen_ItComesWhileTheNextAnnouncementRuns() external {
        ReceiptProof memory kept = payPast(otherPayer, PRICE, "kept");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ENDS_AT);
        assign(1, LOOT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        announce(PRICE);

        _assertClosed(kept, START, ANNOUNCED_AT);
        _assertRefundable(proof);
    }

    function test_RevertWhen_ItComesAfterTwoAnnouncements() external {
        token.mint(address(vault), 1);
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory kept = payPast(otherPayer, PRICE, "kept");
        goTo(ENDS_AT);
        announce(PRICE);
        goTo(NEXT_ENDS_AT);
        assign(1, LOOT);
        assign(2, LOOT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        _assertClosed(kept, ANNOUNCED_AT + 1, ENDS_AT);
        _assertRefundable(proof);
    }

    /// @dev In time, a proof is paid out of what was announced, and nobody else's.
    function test_AProofInTimeIsPaidOutOfTheAnnouncement() external {
        ReceiptProof memory kept = payPast(otherPayer, PRICE, "kept");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        goTo(ANNOUNCED_AT + 1);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(kept);
        refund(otherPayer, refOf(otherPayer.addr, "kept"), PRICE, otherPayer.addr);

        _assertRefundable(proof);
        goTo(ENDS_AT);
        _assertNothingToAssign(1, 0, 0);
    }

    /* CLOSING THE BOOKS */

    /// @dev With a unit of its own the operator can close the books at any time. Whoever came before has seven days.
    function test_AnAnnouncementOfOneUnitLeavesEverybodySevenDays() external {
        goTo(ANNOUNCED_AT);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        token.mint(address(vault), 1);
        announce(1);
        goTo(ENDS_AT - 1);

        _assertRefundable(proof);
    }

    /// @dev Who comes too late with a proof still has the authorization: the money itself has not been announced yet.
    function test_AnAnnouncementOfOneUnitGivesTheOperatorNothingElse() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        token.mint(address(vault), 1);
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(ENDS_AT);
        assertEq(assign(1, LOOT), 1, "first");
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        vm.expectRevert(abi.encodeWithSelector(ISurplus.RecordAfterAnnouncement.selector, id, START, ANNOUNCED_AT));
        record(proof);

        announce(PRICE);
        goTo(NEXT_ENDS_AT - 1);
        freeze(payer, PRICE, "nonce");
        goTo(NEXT_ENDS_AT);

        _assertNothingToAssign(2, PRICE, PRICE);
        release(payer, "nonce", 2, PRICE, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    function test_RevertWhen_TheNextAnnouncementWouldCutTheFirstShort() external {
        token.mint(address(vault), 2);
        goTo(ANNOUNCED_AT);
        announce(1);
        goTo(ENDS_AT - 1);
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AnnouncementRunning.selector, address(token), 1, ENDS_AT));
        announce(1);
    }

    /* TOKENS THAT DO NOT KEEP THEIR WORD */

    function test_RevertWhen_AShrunkBalanceWouldTakeWhatIsOwed() external {
        RebasingToken rebasing = new RebasingToken();
        use(rebasing);
        pay(payer, PRICE, "nonce");
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        rebasing.shrink(address(vault), 1);
        goTo(ENDS_AT);

        vm.expectRevert(
            abi.encodeWithSelector(ISurplus.AssignmentExceedsSurplus.selector, address(token), PRICE, PRICE - 1)
        );
        assign(1, LOOT);
        refund(payer, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    function test_RevertWhen_AShrunkBalanceWouldBeReleased() external {
        RebasingToken rebasing = new RebasingToken();
        use(rebasing);
        pay(payer, PRICE, "nonce");
        payPast(otherPayer, PRICE, "frozen");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(otherPayer, PRICE, "frozen");
        rebasing.shrink(address(vault), PRICE);
        goTo(ENDS_AT);

        PaymentRef memory ref = refOf(otherPayer.addr, "frozen");
        Release memory message = releaseMessage(ref, 1, PRICE, LOOT);
        bytes memory signature = signRelease(otherPayer, message);
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AssignmentExceedsSurplus.selector, address(token), PRICE, 0));
        vm.prank(operator.addr);
        vault.release(ref, message, signature);
    }

    function test_AfterShrinkingWhatCanBeProvenIsRecordedWhileThereIsEnough() external {
        RebasingToken rebasing = new RebasingToken();
        use(rebasing);
        ReceiptProof memory first = payPast(payer, PRICE, "nonce");
        ReceiptProof memory second = payPast(otherPayer, PRICE, "nonce");
        rebasing.shrink(address(vault), 1);
        record(first);

        PaymentId id = vault.idOf(refOf(otherPayer.addr, "nonce"));
        vm.expectRevert(abi.encodeWithSelector(ISurplus.RecordExceedsSurplus.selector, id, PRICE, PRICE - 1));
        record(second);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    /// @dev Its log tells what the vault got, so that no more is booked.
    function test_AFeeIsNotBookedOutOfAnothersMoney() external {
        use(new FeeOnTransferToken());
        token.mint(address(vault), PRICE);
        record(payPast(payer, PRICE, "nonce"));
        assertEq(liabilities(), (PRICE * 99) / 100, "liabilities");
        assertEq(vault.surplusOf(address(token)), PRICE, "surplus");
    }

    /* HELPERS */

    function _assertClosed(ReceiptProof memory kept, uint40 transferredAt, uint40 announcedAt) private {
        PaymentId id = vault.idOf(refOf(otherPayer.addr, "kept"));
        vm.expectRevert(
            abi.encodeWithSelector(ISurplus.RecordAfterAnnouncement.selector, id, transferredAt, announcedAt)
        );
        record(kept);
    }

    function _assertRefundable(ReceiptProof memory proof) private {
        record(proof);
        refund(payer, refOf(payer.addr, "nonce"), PRICE, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30, "payer");
    }

    function _assertNothingToAssign(uint256 number, uint256 amount, uint256 claims) private {
        vm.expectRevert(
            abi.encodeWithSelector(ISurplus.NothingToAssign.selector, address(token), number, amount, claims)
        );
        assign(number, LOOT);
    }
}
