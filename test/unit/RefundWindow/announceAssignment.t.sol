// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowAnnounceAssignmentTest is SurplusUnitTest {
    function setUp() public override {
        super.setUp();
        token.mint(address(vault), PRICE);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(operator.addr);
        implementation.announceAssignment(address(token), PRICE);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        if (caller == operator.addr) caller = stranger.addr;

        expectRefused(caller, PRICE, notOperator(caller));
    }

    function test_RevertWhen_CallerIsTheReceiver() external {
        expectRefused(receiver.addr, PRICE, notOperator(receiver.addr));
    }

    function test_RevertWhen_TokenHasNoCode() external {
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, stranger.addr));
        vm.prank(operator.addr);
        vault.announceAssignment(stranger.addr, PRICE);
    }

    function test_RevertWhen_AmountIsZero() external {
        expectRefused(operator.addr, 0, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_TheLastOneJustBegan() external {
        announce(1);

        expectRefused(operator.addr, 1, running(1, START + ANNOUNCEMENT_PERIOD));
    }

    function test_RevertWhen_TheLastOneIsInItsLastSecond() external {
        announce(1);
        vm.warp(START + ANNOUNCEMENT_PERIOD - 1);

        expectRefused(operator.addr, 1, running(1, START + ANNOUNCEMENT_PERIOD));
    }

    function test_RevertWhen_TheLastOneRunsAndAllOfItWasRecorded() external {
        useEmptyVault();
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        announce(PRICE);
        record(proof);
        assertAnnouncement(1, 0, 0);

        expectRefused(operator.addr, 1, running(1, START + ANNOUNCEMENT_PERIOD));
    }

    function testFuzz_RevertWhen_MoreThanTheSurplus(uint256 amount) external {
        amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRefused(operator.addr, amount, exceeds(amount, PRICE));
    }

    function test_RevertWhen_OneMoreThanTheSurplus() external {
        expectRefused(operator.addr, PRICE + 1, exceeds(PRICE + 1, PRICE));
    }

    function test_RevertWhen_TheRestIsOwed() external {
        pay(payer, PRICE, "nonce");
        creditPayer(PRICE, "credit");

        expectRefused(operator.addr, PRICE + 1, exceeds(PRICE + 1, PRICE));
    }

    function test_RevertWhen_TheRestIsSetAside() external {
        announce(PRICE / 4);
        vm.warp(START + ANNOUNCEMENT_PERIOD);

        expectRefused(operator.addr, (PRICE * 3) / 4 + 1, exceeds((PRICE * 3) / 4 + 1, (PRICE * 3) / 4));
    }

    function test_RevertWhen_TheTokenTookMoreThanWasFree() external {
        announce(PRICE / 2);
        vm.prank(address(vault));
        token.transfer(stranger.addr, (PRICE * 3) / 4);
        vm.warp(START + ANNOUNCEMENT_PERIOD);

        expectRefused(operator.addr, 1, exceeds(1, 0));
    }

    function testFuzz_SetsTheAmountAside(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        announce(amount);

        assertAnnouncement(1, amount, 0);
        assertEq(aside(), amount, "aside");
        assertEq(vault.surplusOf(address(token)), PRICE, "surplus");
    }

    function testFuzz_EndsAfterSevenDays(uint256 announcedAt) external {
        goTo(bound(announcedAt, START, START + 1000 * 365 days));

        announce(1);

        (, , uint40 endsAt) = vault.announcementOf(address(token), 1);
        assertEq(endsAt, time + 7 days);
    }

    function test_MovesNothing() external {
        announce(PRICE);

        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
        assertEq(vault.liabilitiesOf(address(token)), 0, "liabilities");
    }

    function test_ReturnsTheNumber() external {
        assertEq(announce(1), 1, "first");
        goTo(START + ANNOUNCEMENT_PERIOD);
        assertEq(announce(2), 2, "second");
    }

    function test_BeginsInTheSecondInWhichTheLastOneEnds() external {
        announce(PRICE / 4);
        goTo(START + ANNOUNCEMENT_PERIOD);

        announce((PRICE * 3) / 4);

        assertAnnouncement(1, PRICE / 4, 0);
        assertAnnouncement(2, (PRICE * 3) / 4, 0);
        assertEq(aside(), PRICE, "aside");
    }

    function test_EmitsAssignmentAnnounced() external {
        vm.expectEmit(address(vault));
        emit ISurplus.AssignmentAnnounced(address(token), 1, PRICE - 1, PRICE, START + ANNOUNCEMENT_PERIOD);
        announce(PRICE - 1);
    }

    function test_CountsEachTokenByItself() external {
        Token3009 other = new Token3009();
        other.mint(address(vault), 7);
        announce(PRICE);

        vm.prank(operator.addr);
        assertEq(vault.announceAssignment(address(other), 7), 1);
    }

    /* HELPERS */

    function notOperator(address caller) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.NotOperator.selector, caller, operator.addr);
    }

    function running(uint256 number, uint40 endsAt) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AnnouncementRunning.selector, address(token), number, endsAt);
    }

    function exceeds(uint256 amount, uint256 surplus) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AnnouncementExceedsSurplus.selector, address(token), amount, surplus);
    }

    function expectRefused(address caller, uint256 amount, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(caller);
        vault.announceAssignment(address(token), amount);
    }
}
