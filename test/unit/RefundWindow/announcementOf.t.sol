// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowAnnouncementOfTest is SurplusUnitTest {
    function setUp() public override {
        super.setUp();
        token.mint(address(vault), PRICE);
        goTo(ANNOUNCED_AT);
    }

    function testFuzz_RevertWhen_NothingWasAnnounced(uint256 number) external {
        expectUnknown(address(token), number);
    }

    function testFuzz_RevertWhen_ThereIsNoSuchNumber(uint256 number) external {
        announce(PRICE);
        if (number == 1) number = 0;

        expectUnknown(address(token), number);
    }

    function test_RevertWhen_OnlyAnotherTokenHasIt() external {
        announce(PRICE);

        expectUnknown(stranger.addr, 1);
    }

    function testFuzz_TellsWhatWasAnnounced(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        announce(amount);

        (uint256 left, uint256 claims, uint40 endsAt) = vault.announcementOf(address(token), 1);
        assertEq(left, amount, "amount");
        assertEq(claims, 0, "claims");
        assertEq(endsAt, ENDS_AT, "endsAt");
    }

    function test_TellsClaimsThatExceedIt() external {
        announce(1);
        payPast(payer, PRICE, "nonce");

        freeze(payer, PRICE, "nonce");

        assertAnnouncement(1, 1, PRICE);
    }

    function test_TellsWhatARecordLeft() external {
        ReceiptProof memory proof = payPast(payer, 10, "nonce");
        announce(PRICE + 10);

        record(proof);

        assertAnnouncement(1, PRICE, 0);
    }

    function test_TellsWhatIsLeftAfterAll() external {
        payPast(payer, 10, "nonce");
        announce(PRICE);
        freeze(payer, 10, "nonce");
        goTo(ENDS_AT);
        assign(1, stranger.addr);
        assertAnnouncement(1, 10, 10);

        release(payer, "nonce", 1, 4, payer.addr);

        assertAnnouncement(1, 6, 0);
    }

    function test_TellsEachByItself() external {
        announce(1);
        goTo(ENDS_AT);
        announce(2);

        assertAnnouncement(1, 1, 0);
        assertAnnouncement(2, 2, 0);
        (, , uint40 endsAt) = vault.announcementOf(address(token), 2);
        assertEq(endsAt, ENDS_AT + ANNOUNCEMENT_PERIOD, "endsAt");
    }

    /* HELPERS */

    function expectUnknown(address ofToken, uint256 number) private {
        vm.expectRevert(abi.encodeWithSelector(ISurplus.AnnouncementUnknown.selector, ofToken, number));
        vault.announcementOf(ofToken, number);
    }
}
