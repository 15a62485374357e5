// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowAssignTest is SurplusUnitTest {
    address private constant TO = address(0xa551);

    function setUp() public override {
        super.setUp();
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(operator.addr);
        implementation.assign(address(token), 1, TO);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        if (caller == operator.addr) caller = stranger.addr;
        announceAndWait(PRICE);

        vm.expectRevert(abi.encodeWithSelector(ISurplus.NotOperator.selector, caller, operator.addr));
        vm.prank(caller);
        vault.assign(address(token), 1, TO);
    }

    function test_RevertWhen_RecipientIsZero() external {
        announceAndWait(PRICE);

        expectRefused(1, address(0), abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        announceAndWait(PRICE);

        expectRefused(1, address(vault), abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(vault)));
    }

    function testFuzz_RevertWhen_ThereIsNoSuchAnnouncement(uint256 number) external {
        announceAndWait(PRICE);
        if (number == 1) number = 2;

        expectRefused(number, TO, unknown(address(token), number));
    }

    function test_RevertWhen_OnlyAnotherTokenHasTheAnnouncement() external {
        Token3009 other = new Token3009();
        other.mint(address(vault), PRICE);
        announceAndWait(PRICE);

        vm.expectRevert(unknown(address(other), 1));
        vm.prank(operator.addr);
        vault.assign(address(other), 1, TO);
    }

    function test_RevertWhen_ItHasJustBegun() external {
        announce(PRICE);

        expectRefused(1, TO, running());
    }

    function test_RevertWhen_ItIsInItsLastSecond() external {
        announce(PRICE);
        goTo(ENDS_AT - 1);

        expectRefused(1, TO, running());
    }

    function test_RevertWhen_AllWasAssigned() external {
        announceAndWait(PRICE);
        assign(1, TO);
        token.mint(address(vault), PRICE);

        expectRefused(1, TO, nothing(0, 0));
    }

    function test_RevertWhen_AllWasRecorded() external {
        useEmptyVault();
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        announce(PRICE);
        record(proof);
        goTo(ENDS_AT);

        expectRefused(1, TO, nothing(0, 0));
    }

    function test_RevertWhen_AllWasFrozen() external {
        announceFreezeAndWait(PRICE);

        expectRefused(1, TO, nothing(PRICE, PRICE));
    }

    function testFuzz_RevertWhen_MoreWasFrozen(uint256 claim) external {
        claim = bound(claim, PRICE, type(uint104).max);
        announceFreezeAndWait(claim);

        expectRefused(1, TO, nothing(PRICE, claim));
    }

    function testFuzz_RevertWhen_TheBalanceHasShrunk(uint256 by) external {
        by = bound(by, 1, PRICE);
        announceAndWait(PRICE);
        vm.prank(address(vault));
        token.transfer(stranger.addr, by);

        expectRefused(1, TO, exceeds(PRICE, PRICE - by));
    }

    function test_RevertWhen_TheBalanceHasShrunkToWhatIsOwed() external {
        pay(payer, PRICE, "nonce");
        announceAndWait(PRICE);
        vm.prank(address(vault));
        token.transfer(stranger.addr, PRICE);

        expectRefused(1, TO, exceeds(PRICE, 0));
    }

    function test_RevertWhen_TheBalanceIsUnreadable() external {
        announceAndWait(PRICE);
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.balanceOf, (address(vault))), "no");

        expectRefused(1, TO, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
    }

    function test_RevertWhen_TheTokenDoesNotSend() external {
        announceAndWait(PRICE);
        token.setDenylisted(TO, true);

        expectRefused(1, TO, abi.encodeWithSelector(Token3009.Denylisted.selector, TO));
        assertAnnouncement(1, PRICE, 0);
    }

    function testFuzz_SendsWhatWasAnnouncedAndNoMore(uint256 amount, uint256 later, address to) external {
        amount = bound(amount, 1, PRICE);
        later = bound(later, 0, 1e30);
        vm.assume(to != address(0) && to != address(vault));
        announce(amount);
        token.mint(address(vault), later);
        goTo(ENDS_AT);
        uint256 balance = token.balanceOf(to);

        uint256 sent = assign(1, to);

        assertEq(sent, amount, "returned");
        assertEq(token.balanceOf(to), balance + amount, "recipient");
        assertEq(vault.surplusOf(address(token)), PRICE - amount + later, "surplus");
        assertEq(aside(), 0, "aside");
        assertAnnouncement(1, 0, 0);
    }

    function testFuzz_SendsWhatIsNotFrozen(uint256 claim) external {
        claim = bound(claim, 1, PRICE - 1);
        announceFreezeAndWait(claim);

        assertEq(assign(1, TO), PRICE - claim, "sent");

        assertAnnouncement(1, claim, claim);
        assertEq(aside(), claim, "aside");
        assertEq(token.balanceOf(TO), PRICE - claim, "recipient");
    }

    function test_SendsWhatAReleaseGaveUp() external {
        announceFreezeAndWait(PRICE);
        release(payer, "frozen", 1, 1, payer.addr);

        assertEq(assign(1, TO), PRICE - 1);
    }

    function test_SendsLongAfterTheEnd() external {
        announceAndWait(PRICE);
        goTo(ENDS_AT + 1000 * 365 days);

        assertEq(assign(1, TO), PRICE);
    }

    function test_SendsAnEarlierAnnouncementWhileTheNextRuns() external {
        announceAndWait(PRICE / 4);
        announce(PRICE / 2);

        assertEq(assign(1, TO), PRICE / 4, "sent");
        assertAnnouncement(2, PRICE / 2, 0);
        assertEq(aside(), PRICE / 2, "aside");
    }

    function test_LeavesPaymentsAlone() external {
        pay(payer, PRICE, "nonce");
        announceAndWait(PRICE);

        assign(1, TO);

        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
        assertEq(token.balanceOf(address(vault)), PRICE, "balance");
    }

    function test_EmitsAssigned() external {
        announceAndWait(PRICE);

        vm.expectEmit(address(vault));
        emit ISurplus.Assigned(address(token), 1, TO, PRICE);
        assign(1, TO);
    }

    /* HELPERS */

    function announceAndWait(uint256 amount) private {
        announce(amount);
        goTo(ENDS_AT);
    }

    function announceFreezeAndWait(uint256 claim) private {
        announce(PRICE);
        token.cancelAuthorization(payer.addr, "frozen");
        freeze(payer, claim, "frozen");
        goTo(ENDS_AT);
    }

    function unknown(address ofToken, uint256 number) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AnnouncementUnknown.selector, ofToken, number);
    }

    function running() private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AnnouncementRunning.selector, address(token), 1, ENDS_AT);
    }

    function nothing(uint256 amount, uint256 claims) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.NothingToAssign.selector, address(token), 1, amount, claims);
    }

    function exceeds(uint256 amount, uint256 surplus) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.AssignmentExceedsSurplus.selector, address(token), amount, surplus);
    }

    function expectRefused(uint256 number, address to, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(operator.addr);
        vault.assign(address(token), number, to);
    }
}
