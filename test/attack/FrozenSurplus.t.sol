// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: an operator and an accomplice respect what a payer froze.
contract FrozenSurplusTest is AttackTest {
    address private constant LOOT = address(0x1007);
    uint40 private constant NEXT_ENDS_AT = ENDS_AT + ANNOUNCEMENT_PERIOD;

    /// @dev "Surplus that a payer froze moves only when operator and that payer agree." The accomplice's provable payment
    /// came before the announcement too, and the operator announced only as much as the payer's. As much was free: the
    /// record takes nothing out of the announcement.
    function test_WhatAPayerFrozeStaysFrozenWhenAnotherPaymentIsRecorded() external {
        payPast(payer, PRICE, "nonce");
        ReceiptProof memory proof = payPast(otherPayer, PRICE, "accomplice");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(payer, PRICE, "nonce");

        _undoFreezeAndAssign(proof);
    }

    /// @dev When all was announced, and the accomplice pays in the announcement's own second, nobody can say which came
    /// first: the record takes the announcement back. The operator has to announce again, and the payer freezes again.
    function test_WhatCanBeAnnouncedAgainCanBeFrozenAgain() external {
        payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        ReceiptProof memory proof = payPast(otherPayer, PRICE, "accomplice");
        freeze(payer, PRICE, "nonce");
        record(proof);
        refund(otherPayer, refOf(otherPayer.addr, "accomplice"), PRICE, otherPayer.addr);
        goTo(ENDS_AT);

        announce(PRICE);
        freeze(payer, PRICE, "nonce");
        goTo(NEXT_ENDS_AT);
        vm.expectRevert(abi.encodeWithSelector(ISurplus.NothingToAssign.selector, address(token), 2, PRICE, PRICE));
        vm.prank(operator.addr);
        vault.assign(address(token), 2, LOOT);
    }

    /// @dev Claims that exceed what there is keep each other from moving until their owners agree, and they can.
    function test_ClaimsThatExceedTheAnnouncementMoveWhenTheirOwnersAgree() external {
        payPast(payer, PRICE, "nonce");
        payPast(otherPayer, PRICE, "other");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(payer, PRICE, "nonce");
        freeze(otherPayer, PRICE, "other");
        goTo(ENDS_AT);

        // The other gives up its claim, and the payer takes all.
        release(otherPayer, "other", 1, 0, otherPayer.addr);
        release(payer, "nonce", 1, PRICE, payer.addr);
    }

    /* HELPERS */

    function _undoFreezeAndAssign(ReceiptProof memory proof) private {
        record(proof);
        refund(otherPayer, refOf(otherPayer.addr, "accomplice"), PRICE, otherPayer.addr);
        goTo(ENDS_AT);
        vm.startPrank(operator.addr);
        try vault.announceAssignment(address(token), PRICE) {
            goTo(NEXT_ENDS_AT);
            try vault.assign(address(token), 2, LOOT) {} catch {}
        } catch {}
        vm.stopPrank();
        assertEq(token.balanceOf(LOOT), 0, "what the payer froze has moved without it");
    }
}
