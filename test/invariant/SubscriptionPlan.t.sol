// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Journal} from "./Journal.sol";
import {PeriodTable} from "./PeriodTable.sol";
import {SubscriptionPlanHandler} from "./SubscriptionPlanHandler.sol";
import {SubscriptionPlanReplay} from "./SubscriptionPlanReplay.sol";
import {VaultInvariants} from "./VaultInvariants.sol";

contract SubscriptionPlanInvariants is VaultInvariants {
    uint256 private constant PAIRS = 7;

    SubscriptionPlanHandler private _handler;
    PeriodTable private _table;
    SubscriptionPlan[] private _plans;

    function setUp() external {
        vm.warp(START);
        ReceiptVerifier verifier = deployVerifier();
        VaultFactory factory = deployFactory(deployPlanImplementation(verifier));

        Account[] memory people = _makePeople();
        _makeTokens();
        SubscriptionPlanTerms[] memory terms = _makeTerms(people);
        address[] memory plans = new address[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) {
            plans[i] = factory.deploy(abi.encode(terms[i]));
            _plans.push(SubscriptionPlan(plans[i]));
        }
        _handler = new SubscriptionPlanHandler(verifier, plans, terms, _tokens, people);
        _table = _handler.table();
        _watch(_handler);
    }

    /// @dev Months, with a week to undo; days that are paid out at once, with trial and setup fee; hours with a trial, a share
    /// that cannot be taken back and the longest window; the shortest periods, for themselves.
    function _makeTerms(Account[] memory people) private view returns (SubscriptionPlanTerms[] memory terms) {
        terms = new SubscriptionPlanTerms[](4);
        for (uint256 i = 0; i < terms.length; ++i) {
            terms[i].receiver = people[i % 2 == 0 ? 4 : 7].addr;
            terms[i].operator = people[5].addr;
            terms[i].token = address(_tokens[i < 2 ? 1 : 0]);
            terms[i].price = uint88(1_000_003 + i);
            terms[i].salt = bytes32(i);
        }
        (terms[0].feeReceiver, terms[0].feeBps) = (people[6].addr, 100);
        (terms[1].feeReceiver, terms[1].feeBps) = (people[6].addr, 333);
        (terms[3].feeReceiver, terms[3].feeBps) = (people[6].addr, 1_000);

        (terms[0].periodUnit, terms[0].periodLength, terms[0].grace) = (PeriodUnit.Months, 1, 3 days);
        terms[0].refundWindow = 7 days;
        (terms[1].periodLength, terms[1].grace) = (1 days, 6 hours);
        (terms[1].trial, terms[1].setupFee) = (12 hours, 77_777);
        (terms[2].periodLength, terms[2].grace, terms[2].trial) = (3 hours, 1 hours, 2 hours);
        (terms[2].refundWindow, terms[2].nonRefundableBps) = (2 hours, 2_500);
        (terms[3].periodLength, terms[3].grace) = (1 hours, 30 minutes);
    }

    function _viewOf(uint256 v, uint256 p) private view returns (ISubscriptionPlan.SubscriptionView memory) {
        return _plans[v].subscriptionOf(_handler.pairAt(p));
    }

    function _pairs(uint256 p) private view returns (Pair[] memory pairs) {
        pairs = new Pair[](1);
        pairs[0] = _handler.pairAt(p);
    }

    /* MONEY */

    /// @dev SP1. Of each token a plan has at least what it owes in it, and what it has set aside.
    function invariant_SP1_BalanceCoversLiabilities() external view {
        _assertCovered();
    }

    /// @dev SP2. What a plan owes is what matures or waits for its owner by the journal: in total, for each hour, and for each
    /// owner.
    function invariant_SP2_LiabilitiesAreTheSumOfTheBooks() external view {
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                _assertCredits(v, t);
                assertEq(_plans[v].liabilitiesOf(address(_tokens[t])), _journal.owed(v, t), "SP2: journal");
            }
        }
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            (uint256 v, uint256 t, , , uint32 hour) = _handler.entryAt(i);
            if (hour == 0) continue;
            uint256 maturing = _plans[v].maturingIn(address(_tokens[t]), hour);
            assertEq(maturing, _journal.maturing(v, t, hour), "SP2: hour");
        }
    }

    /// @dev SP3. What was taken from a subscriber by the token's own logs is what went back, what is held and what was earned.
    function invariant_SP3_WhatWasTakenWentBackOrIsHeldOrWasEarned() external view {
        SubscriptionPlanReplay replay = SubscriptionPlanReplay(address(_handler.replay()));
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 person = 0; person < _handler.peopleCount(); ++person) {
                address who = _handler.personAt(person);
                uint256 taken = replay.takenOf(address(_plans[v]), who);
                assertEq(taken, _accountedFor(v, who), "SP3");
            }
        }
    }

    /// @dev All that entered for somebody through the plan's own doors; and no entry gave more than it has.
    function _accountedFor(uint256 v, address who) private view returns (uint256 sum) {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            (uint256 plan, , address payer, uint256 amount, ) = _handler.entryAt(i);
            if (plan != v || payer != who) continue;
            uint256 gone = _journal.refunded(i) + _journal.sumOf(Journal.Kind.Captured, i);
            sum += gone + _journal.held(i);
            assertLe(gone, amount, "SP3: one exit");
        }
        for (uint256 t = 0; t < _tokens.length; ++t) {
            sum -= _handler.recordedOf(v, t, who);
            sum += _handler.toppedUpBy(v, t, who);
        }
    }

    /// @dev SP4. A plan has what came in less what has left, to the unit, and each pull and payout moved what it had to.
    function invariant_SP4_NothingElseLeft() external view {
        _assertNothingElseLeft();
    }

    /* CHARGES */

    /// @dev SP5. A batch charges each item that is due and can be paid, and no other: by the table once a period, between its
    /// start and the end of its grace; a failure says why.
    function invariant_SP5_ABatchDoesWhatTheTableSays() external view {
        assertEq(_handler.wrongCharges(), 0, "SP5");
    }

    /// @dev SP6. At the next edges of a pair's table, too, that is charged which the table says, and once: nothing after cancel,
    /// undo, lapse or end, nothing of a missed period.
    function invariant_SP6_NothingIsChargedThatTheTableDoesNotSay() external {
        uint256 snapshot = vm.snapshotState();
        uint256 v = block.timestamp % _plans.length;
        uint256 p = (block.timestamp / 7) % PAIRS;
        _makeRich(v, p);
        for (uint256 i = 0; i < _plans.length; ++i) {
            if (_handler.stageOf(i) == 2) _probe(i, p, block.timestamp);
        }
        if (_table.hasRun(v, p)) {
            uint256 next = _table.next(v, p);
            _probeAfterTwoMissed(v, p, _table.startOf(v, p, next + 2));
            _probe(v, p, block.timestamp);
            for (uint256 row = next; row < next + 3; ++row) {
                uint256 start = _table.startOf(v, p, row);
                if (start <= block.timestamp) continue;
                _probe(v, p, start - 1);
                if (row % 2 == 0) _probe(v, p, start);
                _probe(v, p, start + _handler.termsOf(v).grace - 1);
                _probe(v, p, start + _handler.termsOf(v).grace);
            }
        }
        assertTrue(vm.revertToState(snapshot), "SP6: snapshot");
    }

    function _makeRich(uint256 v, uint256 p) private {
        for (uint256 t = 0; t < _tokens.length; ++t) {
            _tokens[t].setPaused(false);
            _tokens[t].setDenylisted(address(_plans[v]), false);
            for (uint256 i = 0; i < _handler.peopleCount(); ++i) _tokens[t].setDenylisted(_handler.personAt(i), false);
            _tokens[t].mint(_handler.pairAt(p).subscriber, 1e20);
        }
        _handler.setAllowance(v, _handler.subscriberOf(p), 1);
    }

    /// @dev As if nobody had come for the two periods before: the next is not charged either.
    function _probeAfterTwoMissed(uint256 v, uint256 p, uint256 start) private {
        if (start <= block.timestamp) return;
        uint256 snapshot = vm.snapshotState();
        _probe(v, p, start);
        assertTrue(vm.revertToState(snapshot), "SP6: snapshot of two missed");
    }

    /// @dev Charges the pair at `time`, or not, as the table says.
    function _probe(uint256 v, uint256 p, uint256 time) private {
        vm.warp(time);
        // Before anything is expected of the next call: this one asks the handler.
        Pair[] memory pairs = _pairs(p);
        if (_handler.stageOf(v) == 2) {
            vm.expectRevert(ISubscriptionPlan.PlanEnded.selector);
            _plans[v].charge(pairs, PAYOUT_GAS);
            return;
        }
        (bool isFound, uint256 row, uint256 start, ) = _table.chargeable(v, p, time);
        bool isDue = isFound && start <= time;
        ISubscriptionPlan.ChargeResult result = _plans[v].charge(pairs, PAYOUT_GAS)[0];
        assertEq(uint8(result), uint8(_expected(isDue)), "SP6: result");
        result = _plans[v].charge(pairs, PAYOUT_GAS)[0];
        assertEq(uint8(result), uint8(ISubscriptionPlan.ChargeResult.NotDue), "SP6: again");
        if (isDue) _table.markPaid(v, p, row);
    }

    function _expected(bool isDue) private pure returns (ISubscriptionPlan.ChargeResult) {
        return isDue ? ISubscriptionPlan.ChargeResult.Charged : ISubscriptionPlan.ChargeResult.NotDue;
    }

    /// @dev SP7. By its own purse a subscriber never paid more than it signed, nor more often.
    function invariant_SP7_NeverMoreThanWasSigned() external view {
        for (uint256 i = 0; i < _handler.consentCount(); ++i) {
            SubscriptionPlanHandler.Consent memory consent = _handler.consentAt(i);
            assertLe(consent.taken, consent.most, "SP7: amount");
            assertLe(consent.charges, consent.mostCharges, "SP7: charges");
        }
    }

    /* ACCESS */

    /// @dev SP8. Who has access, until when, and what comes next is what the table says.
    function invariant_SP8_AccessIsWhatTheTableSays() external view {
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) _compareAccess(v, p);
        }
    }

    function _compareAccess(uint256 v, uint256 p) private view {
        ISubscriptionPlan.SubscriptionView memory seen = _viewOf(v, p);
        Pair memory pair = _handler.pairAt(p);
        bool isActive = _handler.isActive(v, p);
        assertEq(_plans[v].isActive(pair.subscriber, pair.beneficiary), isActive, "SP8: isActive");
        assertEq(seen.isActive, isActive, "SP8: view");
        assertEq(uint8(seen.status), uint8(_statusOf(v, p)), "SP8: status");
        assertEq(seen.serial, _handler.serialOf(v, p), "SP8: serial");
        if (isActive) assertEq(seen.paidThrough, _table.coveredUntil(v, p), "SP8: paidThrough");
        (, , uint256 start, uint256 until) = _table.chargeable(v, p, block.timestamp);
        if (_handler.stageOf(v) == 2) (start, until) = (0, 0);
        assertEq(seen.chargeableFrom, start, "SP8: from");
        assertEq(seen.chargeableUntil, until, "SP8: until");
        assertEq(seen.amount, _handler.amountOf(v, p), "SP8: amount");
    }

    function _statusOf(uint256 v, uint256 p) private view returns (ISubscriptionPlan.SubscriptionStatus) {
        if (!_table.hasRun(v, p)) return ISubscriptionPlan.SubscriptionStatus.None;
        if (_handler.isCanceled(v, p)) return ISubscriptionPlan.SubscriptionStatus.Canceled;
        bool isActive = _handler.isActive(v, p);
        (bool isFound, uint256 row, , ) = _table.chargeable(v, p, block.timestamp);
        if (!isFound || _handler.stageOf(v) == 2) {
            return isActive ? ISubscriptionPlan.SubscriptionStatus.Prepaid : ISubscriptionPlan.SubscriptionStatus.Ended;
        }
        uint256 next = _table.next(v, p);
        if (isActive) {
            return
                next == 0 ? ISubscriptionPlan.SubscriptionStatus.Trialing : ISubscriptionPlan.SubscriptionStatus.Active;
        }
        return
            row == next ? ISubscriptionPlan.SubscriptionStatus.PastDue : ISubscriptionPlan.SubscriptionStatus.Skipped;
    }

    /* MONEY BACK */

    /// @dev SP9. Until `closesAt` who has not undone a charge of the plan takes the newest back, less the share, even while the
    /// token refuses everything; and from then on not.
    function invariant_SP9_UntilItClosesTheNewestChargeCanBeTakenBack() external {
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) _tryUndo(v, p);
        }
    }

    function _tryUndo(uint256 v, uint256 p) private {
        uint256 closesAt = _handler.closesAtOf(v, p);
        ISubscriptionPlan.SubscriptionView memory seen = _viewOf(v, p);
        assertEq(seen.closesAt, closesAt, "SP9: closesAt");
        assertEq(seen.maturesAt, _handler.maturesAtOf(v, p), "SP9: maturesAt");
        bool isPossible = block.timestamp < closesAt && _handler.undos(v, _handler.subscriberOf(p)) == 0;
        assertEq(seen.undoable, isPossible ? _handler.undoableOf(v, p) : 0, "SP9: undoable");
        if (!isPossible) return;

        uint256 snapshot = vm.snapshotState();
        Pair memory pair = _handler.pairAt(p);
        address token = _handler.termsOf(v).token;
        _tokens[0].setPaused(true);
        _tokens[1].setPaused(true);
        vm.warp(closesAt);
        vm.prank(pair.subscriber);
        (bool isLate, ) = address(_plans[v]).call(
            abi.encodeCall(ISubscriptionPlan.undo, (pair.beneficiary, closesAt, pair.subscriber, PAYOUT_GAS))
        );
        assertFalse(isLate, "SP9: late");
        vm.warp(closesAt - 1);
        (uint256 before, ) = _plans[v].creditOf(token, pair.subscriber);
        vm.prank(pair.subscriber);
        _plans[v].undo(pair.beneficiary, closesAt, pair.subscriber, PAYOUT_GAS);
        (uint256 credit, ) = _plans[v].creditOf(token, pair.subscriber);
        assertEq(credit, before + seen.undoable, "SP9: credit");
        assertTrue(vm.revertToState(snapshot), "SP9: snapshot");
    }

    /// @dev SP10. A subscriber has one trial of a plan and undoes once, whoever the beneficiary is: by the events, the views and the
    /// handler's own list.
    function invariant_SP10_OneTrialAndOneUndo() external view {
        SubscriptionPlanReplay replay = SubscriptionPlanReplay(address(_handler.replay()));
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) {
                uint256 person = _handler.subscriberOf(p);
                ISubscriptionPlan.SubscriptionView memory seen = _viewOf(v, p);
                SubscriptionPlanReplay.Used memory used = replay.usedOf(
                    address(_plans[v]),
                    _handler.pairAt(p).subscriber
                );
                assertLe(used.undone, 1, "SP10: undone");
                assertEq(used.undone, _handler.undos(v, person), "SP10: undos");
                assertEq(seen.undoUsed, used.undone == 1, "SP10: undoUsed");
                assertEq(seen.trialUsed, _handler.hadTrial(v, person), "SP10: trialUsed");
                assertEq(used.trial, seen.trialUsed, "SP10: told trial");
            }
        }
    }

    /// @dev SP11. Until it matures receiver and operator can give the newest charge back, all of it and to the subscriber, even
    /// while the token refuses everything; and from then on nobody can.
    function invariant_SP11_UntilItMaturesTheMerchantCanGiveItBack() external {
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) {
                if (block.timestamp < _handler.maturesAtOf(v, p)) _tryRefund(v, p);
            }
        }
    }

    function _tryRefund(uint256 v, uint256 p) private {
        uint256 snapshot = vm.snapshotState();
        Pair memory pair = _handler.pairAt(p);
        SubscriptionPlanTerms memory terms = _handler.termsOf(v);
        uint256 closesAt = _handler.closesAtOf(v, p);
        _tokens[0].setPaused(true);
        _tokens[1].setPaused(true);
        vm.warp(_handler.maturesAtOf(v, p));
        vm.prank(terms.operator);
        (bool isLate, ) = address(_plans[v]).call(
            abi.encodeCall(ISubscriptionPlan.refund, (pair, closesAt, PAYOUT_GAS))
        );
        assertFalse(isLate, "SP11: late");
        vm.warp(_handler.maturesAtOf(v, p) - 1);
        (uint256 before, ) = _plans[v].creditOf(terms.token, pair.subscriber);
        vm.prank(terms.receiver);
        _plans[v].refund(pair, closesAt, PAYOUT_GAS);
        (uint256 credit, ) = _plans[v].creditOf(terms.token, pair.subscriber);
        assertEq(credit, before + _handler.amountOf(v, p), "SP11: credit");
        assertTrue(vm.revertToState(snapshot), "SP11: snapshot");
    }

    /// @dev SP12. What ending a pair's time costs the merchant is what the rows cost that are not over and were not given back.
    function invariant_SP12_WhatIsOwedIsWhatTheTableSays() external view {
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) {
                (uint256 owed, uint256 held) = _plans[v].owedOf(_handler.pairAt(p));
                (uint256 expectedOwed, uint256 expectedHeld) = _handler.owedOf(v, p);
                assertEq(owed, expectedOwed, "SP12: owed");
                assertEq(held, expectedHeld, "SP12: held");
            }
        }
    }

    /* MESSAGES, EVENTS AND REFUSALS */

    /// @dev SP13. No signed message is carried out twice, however rich the subscriber is.
    function invariant_SP13_NoMessageIsCarriedOutTwice() external {
        uint256 snapshot = vm.snapshotState();
        for (uint256 v = 0; v < _plans.length; ++v) for (uint256 p = 0; p < PAIRS; ++p) _makeRich(v, p);
        for (uint256 i = 0; i < _handler.usedCount(); ++i) {
            (uint256 v, bytes memory call) = _handler.usedAt(i);
            (bool success, ) = address(_plans[v]).call(call);
            assertFalse(success, "SP13");
        }
        assertTrue(vm.revertToState(snapshot), "SP13: snapshot");
    }

    /// @dev SP14. Who has read every event, and knows the terms, knows every subscription, credit, liability and announcement as
    /// the views tell them.
    function invariant_SP14_EventsTellTheWholeState() external view {
        SubscriptionPlanReplay replay = SubscriptionPlanReplay(address(_handler.replay()));
        for (uint256 v = 0; v < _plans.length; ++v) {
            for (uint256 p = 0; p < PAIRS; ++p) _compareTold(replay, v, p);
            assertEq(replay.stageOf(address(_plans[v])), uint8(_plans[v].planStage()), "SP14: stage");
        }
        _assertBooksAreTold();
    }

    function _compareTold(SubscriptionPlanReplay replay, uint256 v, uint256 p) private view {
        ISubscriptionPlan.SubscriptionView memory seen = _viewOf(v, p);
        Pair memory pair = _handler.pairAt(p);
        bytes32 id = keccak256(abi.encode(pair.subscriber, pair.beneficiary));
        SubscriptionPlanReplay.Subscription memory told = replay.subscriptionOf(address(_plans[v]), id);
        assertEq(told.anchor, seen.anchor, "SP14: anchor");
        assertEq(told.paidThrough, seen.paidThrough, "SP14: paidThrough");
        assertEq(told.closesAt, seen.closesAt, "SP14: closesAt");
        assertEq(told.serial, seen.serial, "SP14: serial");
        assertEq(told.quantity, seen.quantity, "SP14: quantity");
        assertEq(told.nextIndex, seen.nextIndex, "SP14: nextIndex");
        assertEq(told.endIndex, seen.endIndex, "SP14: endIndex");
        bool isShownCanceled = seen.status == ISubscriptionPlan.SubscriptionStatus.Canceled;
        assertEq(told.isCanceled && told.anchor != 0, isShownCanceled, "SP14: canceled");
    }

    /// @dev SP15. What must be refused is refused, with its own error: wrong people, times, amounts, serials, quantities, proofs,
    /// repetitions.
    function invariant_SP15_RefusalsHold() external view {
        assertEq(_handler.wrongRefusals(), 0, "SP15");
    }

    /* ARE THE RUNS WORTH ANYTHING */

    function test_ActionsSucceedAndRefusalsHappen() external {
        _assertAllHappens(_keys());
    }

    function _keys() private pure returns (bytes32[] memory keys) {
        bytes32[28] memory deeds = [
            bytes32("subscribe"),
            "first charge",
            "trial",
            "subscribed behind paid time",
            "charge",
            "result 0",
            "result 1",
            "result 2",
            "result 3",
            "result 4",
            "charged after a missed one",
            "pay",
            "period paid",
            "period ahead",
            "credited",
            "frontRun",
            "record",
            "cancel",
            "undo",
            "refund",
            "endFor",
            "topped up",
            "close",
            "claim",
            "withdraw",
            "sent",
            "owed",
            "presented again"
        ];
        bytes4[30] memory refusals = [
            ISubscriptionPlan.PlanNotOpen.selector,
            ISubscriptionPlan.SubscribeWithoutBeneficiary.selector,
            ISubscriptionPlan.SubscribeOutOfBounds.selector,
            ISubscriptionPlan.SerialMismatch.selector,
            ISubscriptionPlan.AlreadySubscribed.selector,
            ISubscriptionPlan.QuantityDiffers.selector,
            ISubscriptionPlan.FirstChargeTooHigh.selector,
            ISubscriptionPlan.AllowanceTooLow.selector,
            ISubscriptionPlan.PullFailed.selector,
            ISubscriptionPlan.PlanEnded.selector,
            ISubscriptionPlan.UndoUsed.selector,
            ISubscriptionPlan.ChargeNotHeld.selector,
            ISubscriptionPlan.UndoAfterClose.selector,
            ISubscriptionPlan.ChargeMatured.selector,
            ISubscriptionPlan.NotMerchant.selector,
            ISubscriptionPlan.PlanStagePassed.selector,
            ISubscriptionPlan.TopUpWrong.selector,
            IMaturing.ClaimBeforeMaturity.selector,
            IMaturing.ClaimEmpty.selector,
            IVault.PaymentRefused.selector,
            IVault.RecipientForbidden.selector,
            IVault.SignatureInvalid.selector,
            IVault.PaymentAlreadyKnown.selector,
            IVault.CreditNotYours.selector,
            IVault.CreditEmpty.selector,
            TokenLib.TokenRefusedAuthorization.selector,
            ISurplus.NotOperator.selector,
            ISurplus.TransferToOther.selector,
            ISurplus.RecordAfterAnnouncement.selector,
            ISurplus.AnnouncementExceedsSurplus.selector
        ];
        keys = new bytes32[](deeds.length + refusals.length);
        for (uint256 i = 0; i < deeds.length; ++i) keys[i] = deeds[i];
        for (uint256 i = 0; i < refusals.length; ++i) keys[deeds.length + i] = refusals[i];
    }
}
