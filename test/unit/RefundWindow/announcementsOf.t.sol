// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowAnnouncementsOfTest is SurplusUnitTest {
    function setUp() public override {
        super.setUp();
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
    }

    function test_IsEmptyWhenNothingWasAnnounced() external view {
        assertAnnouncements(0, 0);
    }

    function testFuzz_TellsWhatOneSetAside(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        announce(amount);

        assertAnnouncements(1, amount);
    }

    function test_TellsWhatAllSetAside() external {
        announce(1);
        goTo(ENDS_AT);
        announce(2);

        assertAnnouncements(2, 3);
    }

    function test_TellsWhatAssignmentsLeft() external {
        announce(1);
        goTo(ENDS_AT);
        announce(2);

        assign(1, stranger.addr);

        assertAnnouncements(2, 2);
    }

    function test_TellsWhatRecordsLeft() external {
        ReceiptProof memory proof = payPast(payer, 10, "nonce");
        announce(PRICE + 10);

        record(proof);

        assertAnnouncements(1, PRICE);
    }

    function test_TellsWhatReleasesLeft() external {
        payPast(payer, 10, "nonce");
        announce(PRICE);
        freeze(payer, 10, "nonce");
        goTo(ENDS_AT);

        release(payer, "nonce", 1, 10, payer.addr);

        assertAnnouncements(1, PRICE - 10);
    }

    function test_TellsTokensApart() external {
        announce(PRICE);

        (uint256 count, uint256 setAside) = vault.announcementsOf(stranger.addr);
        assertEq(count, 0, "count");
        assertEq(setAside, 0, "aside");
    }

    /* HELPERS */

    function assertAnnouncements(uint256 expectedCount, uint256 expectedAside) private view {
        (uint256 count, uint256 setAside) = vault.announcementsOf(address(token));
        assertEq(count, expectedCount, "count");
        assertEq(setAside, expectedAside, "aside");
    }
}
