// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization, PaymentId} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {HeavyWallet} from "../mocks/HeavyWallet.sol";
import {SurplusAttackTest} from "./SurplusAttackTest.sol";

/// @dev Promises that the contracts do not keep yet. Each test fails until they do.
contract SurplusFindingsTest is SurplusAttackTest {
    address private constant LOOT = address(0x1007);
    uint40 private constant NEXT_ENDS_AT = ENDS_AT + ANNOUNCEMENT_PERIOD;

    /// @dev "Surplus that a payer froze moves only when operator and that payer agree." The accomplice's provable payment
    /// came before the announcement too, and the operator announced only as much as the payer's. The record takes it out
    /// of the announcement, although as much was free, and what the payer froze can be announced again.
    function test_WhatAPayerFrozeStaysFrozenWhenAnotherPaymentIsRecorded() external {
        payPast(payer, PRICE, "nonce");
        ReceiptProof memory proof = payPast(otherPayer, PRICE, "accomplice");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        freeze(payer, PRICE, "nonce");

        _undoFreezeAndAssign(proof);
    }

    /// @dev The same when all was announced: the accomplice pays in the announcement's own second, behind it.
    function test_WhatAPayerFrozeStaysFrozenWhenAPaymentOfTheSameSecondIsRecorded() external {
        payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
        ReceiptProof memory proof = payPast(otherPayer, PRICE, "accomplice");
        freeze(payer, PRICE, "nonce");

        _undoFreezeAndAssign(proof);
    }

    /// @dev "Claims that exceed what there is keep each other from moving until their owners agree." They cannot: nobody
    /// can give up a claim of which nothing is available.
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

    /// @dev No gas limit leaves a good item out. Between the check and the call the order is built, which a long signature
    /// makes dearer than the reserve.
    function test_NoGasLimitLeavesAnItemWithALongSignatureOut() external {
        Account memory wallet = makeAccount("wallet");
        wallet.addr = address(new HeavyWallet(wallet.addr, 0));
        token.mint(wallet.addr, PRICE);
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(wallet, address(vault), PRICE, "nonce");
        items[0].signature = bytes.concat(items[0].signature, hex"01", new bytes(180_000));

        uint256 itemGas = _leastItemGas(items);
        for (uint256 limit = itemGas; limit < itemGas + 400_000; limit += 4_000) {
            (bool succeeded, PaymentId id) = _try(items, itemGas, limit);
            if (succeeded) assertNotEq(PaymentId.unwrap(id), 0, "left out for want of gas");
        }
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

    function _leastItemGas(Authorization[] memory items) private returns (uint256 most) {
        uint256 least = 150_000;
        for (most = 3_000_000; most - least > 1_000;) {
            uint256 middle = (most + least) / 2;
            (, PaymentId id) = _try(items, middle, 10_000_000);
            if (PaymentId.unwrap(id) == 0) least = middle;
            else most = middle;
        }
    }

    /// @dev Tells what would happen, and undoes it.
    function _try(
        Authorization[] memory items,
        uint256 itemGas,
        uint256 limit
    ) private returns (bool succeeded, PaymentId id) {
        uint256 state = vm.snapshotState();
        try vault.payMany{gas: limit}(address(token), items, itemGas) returns (PaymentId[] memory ids) {
            (succeeded, id) = (true, ids[0]);
        } catch {}
        vm.revertToState(state);
    }
}
