// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Escrow} from "../../contracts/Escrow.sol";
import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IReceiptVerifier} from "../../contracts/interfaces/IReceiptVerifier.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms, VaultTerms} from "../../contracts/types/Terms.sol";
import {CaptureItem} from "../../contracts/types/TypedData.sol";
import {KeyedWallet} from "../mocks/KeyedWallet.sol";
import {EscrowHandler} from "./EscrowHandler.sol";
import {EscrowReplay} from "./EscrowReplay.sol";
import {Journal} from "./Journal.sol";
import {VaultInvariants} from "./VaultInvariants.sol";

contract EscrowInvariants is VaultInvariants {
    EscrowHandler private _handler;
    Escrow[] private _vaults;

    function setUp() external {
        vm.warp(START);
        ReceiptVerifier verifier = deployVerifier();
        Escrow implementation = deployEscrowImplementation(verifier);
        VaultFactory factory = deployFactory(implementation);

        Account[] memory people = _makePeople();
        people[8].addr = address(new KeyedWallet(people[8].addr));
        EscrowTerms[] memory terms = _makeTerms(people);
        address[] memory vaults = new address[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) {
            vaults[i] = factory.deploy(implementation.encodeTerms(terms[i]));
            _vaults.push(Escrow(vaults[i]));
        }
        _handler = new EscrowHandler(verifier, vaults, terms, _makeTokens(), people);
        _watch(_handler);
    }

    /// @dev The operator is a key of the seller's; the receiver itself, without a fee, in the shortest time; a contract; a
    /// payer, where another payer gets the fee.
    function _makeTerms(Account[] memory people) private pure returns (EscrowTerms[] memory terms) {
        terms = new EscrowTerms[](4);
        for (uint256 i = 0; i < terms.length; ++i) terms[i].receiver = people[i % 2 == 0 ? 4 : 7].addr;
        (terms[0].operator, terms[1].operator) = (people[5].addr, people[7].addr);
        (terms[2].operator, terms[3].operator) = (people[8].addr, people[0].addr);
        (terms[0].feeReceiver, terms[2].feeReceiver) = (people[6].addr, people[6].addr);
        terms[3].feeReceiver = people[1].addr;
        (terms[0].feeBps, terms[2].feeBps, terms[3].feeBps) = (100, 1_000, 333);
        (terms[0].captureWindow, terms[1].captureWindow) = (3 hours, 10 minutes);
        (terms[2].captureWindow, terms[3].captureWindow) = (10 days, 90 minutes);
    }

    function _paymentOf(uint256 index) private view returns (IEscrow.EscrowPayment memory) {
        return _vaults[_handler.factsOf(index).vault].paymentOf(_handler.refOf(index));
    }

    /* MONEY */

    /// @dev ES1. Of each token a vault has at least what it owes in it, and what it has set aside.
    function invariant_ES1_BalanceCoversLiabilities() external view {
        _assertCovered();
    }

    /// @dev ES2. What a vault owes is what is held or waits for its owner by the journal: in total, and for each owner.
    function invariant_ES2_LiabilitiesAreTheSumOfTheBooks() external view {
        uint256[2][4] memory held;
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            EscrowHandler.Facts memory entry = _handler.factsOf(i);
            held[entry.vault][entry.token] += _paymentOf(i).held;
        }
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                uint256 liabilities = _vaults[v].liabilitiesOf(address(_tokens[t]));
                assertEq(liabilities, held[v][t] + _assertCredits(v, t), "ES2: sum of views");
                assertEq(liabilities, _journal.owed(v, t), "ES2: journal");
            }
        }
    }

    /// @dev ES3. Each unit of a payment has one exit: what was captured, what was returned and what is held make up what was
    /// paid, for each payment and in total.
    function invariant_ES3_EachUnitHasOneExit() external view {
        uint256[2][4] memory captured;
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            EscrowHandler.Facts memory entry = _handler.factsOf(i);
            IEscrow.EscrowPayment memory payment = _paymentOf(i);
            assertEq(payment.paid, _journal.sumOf(Journal.Kind.Paid, i), "ES3: paid");
            assertEq(payment.captured, _journal.sumOf(Journal.Kind.Captured, i), "ES3: captured");
            assertEq(payment.returned, _journal.sumOf(Journal.Kind.Returned, i), "ES3: returned");
            assertEq(payment.held, _journal.held(i), "ES3: held");
            assertEq(payment.captured + payment.returned + payment.held, payment.paid, "ES3: one exit");
            assertEq(payment.captureUntil, entry.captureUntil, "ES3: captureUntil");
            captured[entry.vault][entry.token] += payment.captured;
        }
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                assertEq(captured[v][t], _journal.sum(Journal.Kind.Captured, v, t), "ES3: captured in total");
            }
        }
    }

    /// @dev ES4. A vault has what came in less what the journal says has left, to the unit, and each payout went to its
    /// recipient.
    function invariant_ES4_NothingLeavesThatDidNotComeIn() external view {
        _assertNothingElseLeft();
    }

    /* WHO AND WHEN */

    /// @dev ES5. From `captureUntil` on nobody captures, and nobody decides.
    function invariant_ES5_NothingIsCapturedAfterItsTime() external {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            IEscrow.EscrowPayment memory payment = _paymentOf(i);
            if (payment.held == 0) continue;
            vm.warp(_handler.factsOf(i).captureUntil);
            _refuseLate(i, payment.held, payment.captured);
        }
        assertTrue(vm.revertToState(snapshot), "ES5: snapshot");
    }

    function _refuseLate(uint256 index, uint256 held, uint256 captured) private {
        uint256 v = _handler.factsOf(index).vault;
        VaultTerms memory parties = _handler.partiesOf(v);
        PaymentRef memory ref = _handler.refOf(index);
        bytes4 late = IEscrow.CaptureAfterDeadline.selector;
        _refuse(v, parties.operator, abi.encodeCall(IEscrow.capture, (ref, 1, held, captured, PAYOUT_GAS)), late);
        _refuse(v, parties.operator, abi.encodeCall(IEscrow.close, (ref, 0, held, captured, PAYOUT_GAS)), late);
        _refuse(v, parties.operator, abi.encodeCall(IEscrow.void, (ref, held, PAYOUT_GAS)), late);
        _refuse(v, parties.receiver, abi.encodeCall(IEscrow.void, (ref, held, PAYOUT_GAS)), late);

        vm.prank(parties.operator);
        assertEq(_vaults[v].captureMany(ref.token, _itemOf(ref, held, captured)), 0, "ES5: batch");
    }

    function _itemOf(
        PaymentRef memory ref,
        uint256 held,
        uint256 captured
    ) private pure returns (CaptureItem[] memory items) {
        items = new CaptureItem[](1);
        items[0] = CaptureItem(ref.payer, ref.nonce, held, held, captured);
    }

    function _refuse(uint256 v, address by, bytes memory call, bytes4 refusal) private {
        vm.prank(by);
        (bool success, bytes memory reason) = address(_vaults[v]).call(call);
        assertFalse(success, "must be refused");
        assertEq(bytes32(bytes4(reason)), bytes32(refusal), "refused with another error");
    }

    /// @dev ES6. Until then nobody but the operator captures, nobody but operator and receiver returns, and nobody reclaims.
    /// All people try, on one payment at a time.
    function invariant_ES6_OnlyTheSellerDecidesBefore() external {
        uint256 count = _handler.paymentCount();
        for (uint256 i = 0; i < count; ++i) {
            uint256 index = (block.timestamp + i) % count;
            IEscrow.EscrowPayment memory payment = _paymentOf(index);
            if (payment.status != IEscrow.EscrowStatus.Held) continue;
            uint256 snapshot = vm.snapshotState();
            for (uint256 p = 0; p < _handler.peopleCount(); ++p) {
                _refuseOthers(index, _handler.personAt(p), payment.held, payment.captured);
            }
            assertTrue(vm.revertToState(snapshot), "ES6: snapshot");
            return;
        }
    }

    function _refuseOthers(uint256 index, address by, uint256 held, uint256 captured) private {
        uint256 v = _handler.factsOf(index).vault;
        VaultTerms memory parties = _handler.partiesOf(v);
        PaymentRef memory ref = _handler.refOf(index);
        bytes4 early = IEscrow.ReclaimBeforeDeadline.selector;
        _refuse(v, by, abi.encodeCall(IEscrow.reclaim, (ref, PAYOUT_GAS)), early);
        if (by == parties.operator) return;

        bytes4 refusal = ISurplus.NotOperator.selector;
        _refuse(v, by, abi.encodeCall(IEscrow.capture, (ref, 1, held, captured, PAYOUT_GAS)), refusal);
        _refuse(v, by, abi.encodeCall(IEscrow.close, (ref, 0, held, captured, PAYOUT_GAS)), refusal);
        _refuse(v, by, abi.encodeCall(IEscrow.captureMany, (ref.token, _itemOf(ref, held, captured))), refusal);
        if (by == parties.receiver) return;
        _refuse(v, by, abi.encodeCall(IEscrow.void, (ref, held, PAYOUT_GAS)), IVault.NotSeller.selector);
    }

    /// @dev ES7. From `captureUntil` on anybody can return all that is held to the payer, even while the token refuses
    /// everything.
    function invariant_ES7_ThePayerCanReclaim() external {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            uint256 held = _journal.held(i);
            if (held == 0) continue;
            EscrowHandler.Facts memory entry = _handler.factsOf(i);
            uint256 snapshot = vm.snapshotState();
            if (block.timestamp < entry.captureUntil) vm.warp(entry.captureUntil);
            if (i % 2 == 0) _tokens[entry.token].setPaused(true);
            _reclaim(i, entry, held);
            assertTrue(vm.revertToState(snapshot), "ES7: snapshot");
        }
    }

    function _reclaim(uint256 index, EscrowHandler.Facts memory entry, uint256 held) private {
        PaymentRef memory ref = _handler.refOf(index);
        uint256 before = _hasOrIsOwed(entry, ref.payer);

        _vaults[entry.vault].reclaim(ref, PAYOUT_GAS);

        assertEq(_hasOrIsOwed(entry, ref.payer) - before, held, "ES7: sent or owed");
        assertEq(_vaults[entry.vault].paymentOf(ref).held, 0, "ES7: all of it");
    }

    function _hasOrIsOwed(EscrowHandler.Facts memory entry, address owner) private view returns (uint256) {
        (uint256 credit, ) = _vaults[entry.vault].creditOf(address(_tokens[entry.token]), owner);
        return _tokens[entry.token].balanceOf(owner) + credit;
    }

    /// @dev ES8. Until `captureUntil` the operator can capture all that is held, even while the token refuses everything.
    function invariant_ES8_TheOperatorCanCapture() external {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            EscrowHandler.Facts memory entry = _handler.factsOf(i);
            uint256 held = _journal.held(i);
            if (held == 0 || block.timestamp >= entry.captureUntil) continue;
            uint256 snapshot = vm.snapshotState();
            vm.warp(entry.captureUntil - 1);
            if (i % 2 == 0) _tokens[entry.token].setPaused(true);
            _captureAll(i, entry, held);
            assertTrue(vm.revertToState(snapshot), "ES8: snapshot");
        }
    }

    function _captureAll(uint256 index, EscrowHandler.Facts memory entry, uint256 held) private {
        VaultTerms memory parties = _handler.partiesOf(entry.vault);
        PaymentRef memory ref = _handler.refOf(index);
        uint256 captured = _journal.sumOf(Journal.Kind.Captured, index);
        uint256 before = _hasOrIsOwed(entry, parties.receiver);

        vm.prank(parties.operator);
        if (index % 4 < 2) _vaults[entry.vault].capture(ref, held, held, captured, PAYOUT_GAS);
        else _vaults[entry.vault].captureMany(ref.token, _itemOf(ref, held, captured));

        uint256 fee = ((captured + held) * parties.feeBps) / 10_000 - (captured * parties.feeBps) / 10_000;
        assertEq(_hasOrIsOwed(entry, parties.receiver) - before, held - fee, "ES8: sent or owed");
    }

    /// @dev ES9. What receiver and fee receiver got, sent or credited, is what was captured, and the fee of a payment is that of
    /// all its parts together.
    function invariant_ES9_WhatIsCapturedIsSplitExactly() external view {
        for (uint256 v = 0; v < _vaults.length; ++v) {
            uint256 feeBps = _handler.partiesOf(v).feeBps;
            for (uint256 t = 0; t < _tokens.length; ++t) {
                uint256 fees = _handler.feesGot(v, t);
                assertEq(_handler.earned(v, t) + fees, _journal.sum(Journal.Kind.Captured, v, t), "ES9: all");
                assertEq(fees, _journal.fees(v, t, feeBps), "ES9: fees");
            }
        }
    }

    /* REFUNDS */

    /// @dev ES10. Of a payment no more is refunded than was captured; each refund left one purse, came to the payer, and
    /// changed nothing that the vault owes to others.
    function invariant_ES10_RefundsAreWithinWhatWasCaptured() external view {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            IEscrow.EscrowPayment memory payment = _paymentOf(i);
            assertLe(payment.refunded, payment.captured, "ES10: within");
            assertEq(payment.refunded, _journal.sumOf(Journal.Kind.Refunded, i), "ES10: refunded");
        }
        assertEq(_handler.wrongRefunds(), 0, "ES10: purses");
    }

    /// @dev ES11. A refund's transfer is no payment, and never becomes one, even where the vault has enough that belongs to
    /// nobody.
    function invariant_ES11_ARefundIsNoPayment() external {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < _handler.transferCount(); ++i) {
            uint256 index = _handler.transferAt(i);
            (uint256 v, uint256 t, uint256 amount) = _handler.placeOfStray(index);
            PaymentRef memory ref = _handler.strayRefOf(index);
            IEscrow.EscrowPayment memory payment = _vaults[v].paymentOf(ref);
            assertEq(uint256(payment.status), uint256(IEscrow.EscrowStatus.Ended), "ES11: status");
            assertEq(payment.paid, 0, "ES11: paid");
            if (_handler.recordRefusal(index) != IVault.PaymentAlreadyKnown.selector) continue;

            _tokens[t].setPaused(false);
            _tokens[t].setDenylisted(address(_vaults[v]), false);
            _tokens[t].mint(address(_vaults[v]), amount);
            bytes memory call = abi.encodeCall(ISurplus.record, (ref.token, _handler.proofOf(index)));
            _refuse(v, address(this), call, IVault.PaymentAlreadyKnown.selector);
        }
        assertTrue(vm.revertToState(snapshot), "ES11: snapshot");
    }

    /* ORDERS, EVENTS AND REFUSALS */

    /// @dev ES12. No signed order is carried out twice: neither a single one, nor an item of a batch.
    function invariant_ES12_NoOrderIsCarriedOutTwice() external {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i = 0; i < _handler.orderCount(); ++i) {
            (uint256 v, bytes memory call, bool isDone) = _handler.orderAt(i);
            if (!isDone) continue;
            (bool success, ) = address(_vaults[v]).call(call);
            assertFalse(success, "ES12: order");
        }
        for (uint256 i = 0; i < _handler.batchCount(); ++i) {
            (uint256 v, bytes memory call) = _handler.batchAt(i);
            (bool isFirst, ) = address(_vaults[v]).call(call);
            (bool isSecond, bytes memory answer) = address(_vaults[v]).call(call);
            assertTrue(isFirst && isSecond, "ES12: batch");
            assertEq(abi.decode(answer, (uint256)), 0, "ES12: item");
        }
        assertTrue(vm.revertToState(snapshot), "ES12: snapshot");
    }

    /// @dev ES13. Who has read every event knows every payment, fee, credit, liability and announcement as the views tell
    /// them.
    function invariant_ES13_EventsTellTheWholeState() external view {
        EscrowReplay replay = EscrowReplay(address(_handler.replay()));
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) _comparePayment(replay, i);
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                assertEq(replay.feesOf(address(_vaults[v]), address(_tokens[t])), _handler.feesGot(v, t), "ES13: fees");
            }
        }
        _assertBooksAreTold();
    }

    function _comparePayment(EscrowReplay replay, uint256 index) private view {
        PaymentRef memory ref = _handler.refOf(index);
        IEscrow.EscrowPayment memory payment = _paymentOf(index);
        address vault = address(_vaults[_handler.factsOf(index).vault]);
        EscrowReplay.Payment memory told = replay.paymentOf(vault, PaymentId.unwrap(payment.id));
        assertEq(told.token, ref.token, "ES13: token");
        assertEq(told.payer, ref.payer, "ES13: payer");
        assertEq(told.nonce, ref.nonce, "ES13: nonce");
        assertEq(told.paid, payment.paid, "ES13: paid");
        assertEq(told.captured, payment.captured, "ES13: captured");
        assertEq(told.parts, payment.captured, "ES13: parts");
        assertEq(told.returned, payment.returned, "ES13: returned");
        assertEq(told.refunded, payment.refunded, "ES13: refunded");
        assertEq(told.refunds, payment.refunded, "ES13: refunds");
        assertEq(told.captureUntil, payment.captureUntil, "ES13: captureUntil");
    }

    /// @dev ES14. What must be refused is refused, with its own error: wrong people, times, amounts, expectations, nonces,
    /// proofs, repetitions.
    function invariant_ES14_RefusalsHold() external view {
        assertEq(_handler.wrongRefusals(), 0, "ES14");
    }

    /* ARE THE RUNS WORTH ANYTHING */

    function test_ActionsSucceedAndRefusalsHappen() external {
        _assertAllHappens(_keys());
    }

    function _keys() private pure returns (bytes32[] memory keys) {
        bytes32[23] memory deeds = [
            bytes32("pay"),
            "payMany",
            "item paid",
            "item left out",
            "capture",
            "close",
            "captureMany",
            "item captured",
            "item not captured",
            "order of before",
            "void",
            "reclaim",
            "refund",
            "refund sent",
            "refund owed",
            "payOutInTrouble",
            "withdraw",
            "sent",
            "owed",
            "frontRun",
            "record",
            "announceAssignment",
            "assign"
        ];
        bytes4[22] memory refusals = [
            IEscrow.NothingHeld.selector,
            IEscrow.HoldChanged.selector,
            IEscrow.CaptureExceedsHeld.selector,
            IEscrow.CaptureAfterDeadline.selector,
            IEscrow.ReclaimBeforeDeadline.selector,
            IEscrow.RefundInOtherToken.selector,
            IEscrow.RefundNonceWrong.selector,
            IEscrow.RefundExceedsCaptured.selector,
            ISurplus.NotOperator.selector,
            IVault.NotSeller.selector,
            IVault.AmountZero.selector,
            IVault.PaymentMismatch.selector,
            IVault.SignatureExpired.selector,
            IVault.SignatureInvalid.selector,
            IVault.PaymentUnknown.selector,
            IVault.PaymentAlreadyKnown.selector,
            IBursts.ItemOfOtherToken.selector,
            IVault.CreditNotYours.selector,
            TokenLib.TokenRefusedAuthorization.selector,
            ISurplus.TransferToOther.selector,
            ISurplus.RecordAfterAnnouncement.selector,
            IReceiptVerifier.LogOfOtherToken.selector
        ];
        keys = new bytes32[](deeds.length + refusals.length);
        for (uint256 i = 0; i < deeds.length; ++i) keys[i] = deeds[i];
        for (uint256 i = 0; i < refusals.length; ++i) keys[deeds.length + i] = refusals[i];
    }
}
