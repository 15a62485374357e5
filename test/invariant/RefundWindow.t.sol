// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {IBursts} from "../../contracts/interfaces/IBursts.sol";
import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IReceiptVerifier} from "../../contracts/interfaces/IReceiptVerifier.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {Journal} from "./Journal.sol";
import {RefundWindowHandler} from "./RefundWindowHandler.sol";
import {RefundWindowReplay} from "./RefundWindowReplay.sol";
import {VaultInvariants} from "./VaultInvariants.sol";

contract RefundWindowInvariants is VaultInvariants {
    RefundWindowHandler private _handler;
    RefundWindow[] private _vaults;

    function setUp() external {
        vm.warp(START);
        ReceiptVerifier verifier = deployVerifier();
        RefundWindow implementation = deployImplementation(verifier);
        VaultFactory factory = deployFactory(implementation);

        Account[] memory people = _makePeople();
        RefundWindowTerms[] memory terms = _makeTerms(people);
        address[] memory vaults = new address[](terms.length);
        for (uint256 i = 0; i < terms.length; ++i) {
            vaults[i] = factory.deploy(implementation.encodeTerms(terms[i]));
            _vaults.push(RefundWindow(vaults[i]));
        }
        _handler = new RefundWindowHandler(verifier, vaults, terms, _makeTokens(), people);
        _watch(_handler);
    }

    function _replay() private view returns (RefundWindowReplay) {
        return RefundWindowReplay(address(_handler.replay()));
    }

    /// @dev Two vaults without an arbiter and two with one: whose silence favors the receiver, and whose silence favors the
    /// payer, and who is a payer itself. In the second and the last, receiver and operator are the same.
    function _makeTerms(Account[] memory people) private pure returns (RefundWindowTerms[] memory terms) {
        terms = new RefundWindowTerms[](4);
        for (uint256 i = 0; i < terms.length; ++i) {
            terms[i].receiver = people[i % 2 == 0 ? 4 : 7].addr;
            terms[i].operator = people[i % 2 == 0 ? 5 : 7].addr;
            terms[i].feeReceiver = i == 1 ? address(0) : people[6].addr;
            terms[i].window = i % 2 == 0 ? 3 hours : 90 minutes;
            if (i > 1) terms[i].resolutionPeriod = 1 days;
        }
        (terms[0].feeBps, terms[2].feeBps, terms[3].feeBps) = (100, 250, 1_000);
        (terms[1].nonRefundableBps, terms[2].nonRefundableBps, terms[3].nonRefundableBps) = (2_500, 1_000, 3_333);
        (terms[2].arbiter, terms[3].arbiter) = (people[8].addr, people[0].addr);
        terms[3].silenceFavorsPayer = true;
    }

    /* MONEY */

    /// @dev RW1. Of each token a vault has at least what it owes in it, and what it has set aside.
    function invariant_RW1_BalanceCoversLiabilities() external view {
        _assertCovered();
    }

    /// @dev RW2. What a vault owes is what the journal says is held, maturing, disputed or waiting for its owner, in total
    /// and for each hour and owner.
    function invariant_RW2_LiabilitiesAreTheSumOfTheBooks() external view {
        uint256[2][4] memory disputed = _disputed();
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                uint256 sum = _maturing(v, t) + _assertCredits(v, t) + disputed[v][t];
                uint256 liabilities = _vaults[v].liabilitiesOf(address(_tokens[t]));
                assertEq(liabilities, sum, "RW2: sum of views");
                assertEq(liabilities, _journal.owed(v, t), "RW2: journal");
            }
        }
    }

    function _maturing(uint256 v, uint256 t) private view returns (uint256 sum) {
        uint32[] memory buckets = _handler.hoursOf(v, t);
        for (uint256 i = 0; i < buckets.length; ++i) {
            uint256 maturing = _vaults[v].maturingIn(address(_tokens[t]), buckets[i]);
            assertEq(maturing, _journal.maturing(v, t, buckets[i]), "RW2: hour");
            sum += maturing;
        }
    }

    /// @dev What is disputed by the views, for each vault and token.
    function _disputed() private view returns (uint256[2][4] memory sums) {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            if (entry.defaultsAt == 0) continue;
            IRefundWindow.Payment memory payment = _vaults[entry.vault].paymentOf(_handler.refOf(i));
            if (payment.status == IRefundWindow.Status.Disputed) sums[entry.vault][entry.token] += payment.held;
        }
    }

    /// @dev RW3. Each unit of a payment has one exit: what went back, what is held, what was claimed and what a dispute
    /// divided make up what was paid.
    function invariant_RW3_EachUnitHasOneExit() external view {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            IRefundWindow.Payment memory payment = _vaults[entry.vault].paymentOf(_handler.refOf(i));
            bool claimed =
                _journal.sumIn(Journal.Kind.Claimed, entry.vault, entry.token, entry.hour) != 0 &&
                    !_journal.wasDisputed(i) &&
                    payment.refunded != payment.paid;
            uint256 held = claimed || _journal.wasSettled(i) ? 0 : _journal.held(i);
            uint256 back = _journal.refunded(i) + _journal.sumOf(Journal.Kind.SettledToPayer, i);
            assertEq(payment.paid, _journal.sumOf(Journal.Kind.Paid, i), "RW3: paid");
            assertEq(payment.refunded, back, "RW3: refunded");
            assertEq(payment.held, held, "RW3: held");
            assertEq(payment.status == IRefundWindow.Status.Claimed, claimed, "RW3: claimed");
            assertLe(payment.refunded + payment.held, payment.paid, "RW3: one exit");
        }
    }

    /// @dev RW4. A vault has what came in less what the journal says has left, to the unit, and each payout went to its
    /// recipient.
    function invariant_RW4_NothingLeavesThatDidNotComeIn() external view {
        _assertNothingElseLeft();
    }

    /// @dev RW5. A bucket is claimed once: all that was kept in it, and nothing is in it afterwards.
    function invariant_RW5_ABucketIsClaimedOnce() external view {
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                uint32[] memory buckets = _handler.hoursOf(v, t);
                for (uint256 i = 0; i < buckets.length; ++i) {
                    uint256 claimed = _journal.sumIn(Journal.Kind.Claimed, v, t, buckets[i]);
                    if (claimed == 0) continue;
                    assertEq(claimed, _journal.kept(v, t, buckets[i]), "RW5: all of it");
                    assertEq(_vaults[v].maturingIn(address(_tokens[t]), buckets[i]), 0, "RW5: nothing left");
                }
            }
        }
    }

    /* EXITS */

    /// @dev RW6. Without an arbiter the payer takes back all that is refundable until `closesAt`, even while the token
    /// refuses everything.
    function invariant_RW6_ThePayerCanExitUntilClose() external {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            if (block.timestamp >= entry.closesAt) continue;
            uint256 refundable = _handler.refundableOf(i);
            if (refundable == 0 || _handler.termsOf(entry.vault).arbiter != address(0)) continue;

            uint256 snapshot = vm.snapshotState();
            vm.warp(entry.closesAt - 1);
            if (i % 2 == 0) _tokens[entry.token].setPaused(true);
            _exit(i, entry, refundable);
            assertTrue(vm.revertToState(snapshot), "RW6: snapshot");
        }
    }

    function _exit(uint256 index, RefundWindowHandler.Facts memory entry, uint256 refundable) private {
        RefundWindow vault = _vaults[entry.vault];
        PaymentRef memory ref = _handler.refOf(index);
        IRefundWindow.Payment memory before = vault.paymentOf(ref);
        (uint256 creditBefore, ) = vault.creditOf(ref.token, ref.payer);
        uint256 balanceBefore = _tokens[entry.token].balanceOf(ref.payer);

        vm.prank(ref.payer);
        vault.refund(ref, refundable, ref.payer, before.held, before.refunded, PAYOUT_GAS);

        (uint256 credit, ) = vault.creditOf(ref.token, ref.payer);
        uint256 received = _tokens[entry.token].balanceOf(ref.payer) - balanceBefore;
        assertEq(received + credit - creditBefore, refundable, "RW6: sent or owed");
        assertEq(vault.paymentOf(ref).refundable, 0, "RW6: all of it");
    }

    /// @dev RW7. By its own will a payer never gets back more than all but the non-refundable share of the original
    /// amount.
    function invariant_RW7_TheNonRefundableShareStays() external view {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            uint256 paid = _journal.sumOf(Journal.Kind.Paid, i);
            uint256 share = (paid * _handler.termsOf(entry.vault).nonRefundableBps) / 10_000;
            bool isOpen = block.timestamp < entry.closesAt && !_journal.wasDisputed(i);
            bool canBeWon = isOpen || _journal.isDisputed(i);
            assertLe(_journal.sumOf(Journal.Kind.RefundedByPayer, i), paid - share, "RW7: taken");
            assertEq(
                _vaults[entry.vault].paymentOf(_handler.refOf(i)).refundable,
                canBeWon ? _handler.refundableOf(i) : 0,
                "RW7: refundable"
            );
        }
    }

    /* EVENTS AND REFUSALS */

    /// @dev RW8. Who has read every event knows every payment, hour, credit, liability and announcement as the views tell
    /// them.
    function invariant_RW8_EventsTellTheWholeState() external view {
        RefundWindowReplay replay = _replay();
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) _comparePayment(replay, i);
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) _compareHours(replay, v, t);
        }
        _assertBooksAreTold();
        _assertClaimsAreTold();
    }

    function _comparePayment(RefundWindowReplay replay, uint256 index) private view {
        RefundWindow vault = _vaults[_handler.factsOf(index).vault];
        PaymentRef memory ref = _handler.refOf(index);
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        RefundWindowReplay.Payment memory told = replay.paymentOf(address(vault), PaymentId.unwrap(payment.id));
        assertEq(told.token, ref.token, "RW8: token");
        assertEq(told.payer, ref.payer, "RW8: payer");
        assertEq(told.nonce, ref.nonce, "RW8: nonce");
        assertEq(told.paid, payment.paid, "RW8: paid");
        assertEq(told.refunded, payment.refunded, "RW8: refunded");
        assertEq(told.closesAt, payment.closesAt, "RW8: closesAt");
        assertEq(told.defaultsAt, payment.defaultsAt, "RW8: defaultsAt");
        bool isDisputed = told.defaultsAt != 0 && told.settlements == 0;
        assertEq(payment.status == IRefundWindow.Status.Disputed, isDisputed, "RW8: disputed");
        assertEq(payment.status == IRefundWindow.Status.Settled, told.settlements != 0, "RW8: settled");
    }

    function _compareHours(RefundWindowReplay replay, uint256 v, uint256 t) private view {
        address token = address(_tokens[t]);
        uint32[] memory buckets = _handler.hoursOf(v, t);
        for (uint256 i = 0; i < buckets.length; ++i) {
            assertEq(
                replay.maturingIn(address(_vaults[v]), token, buckets[i]),
                _vaults[v].maturingIn(token, buckets[i]),
                "RW8: maturing"
            );
        }
    }

    /// @dev RW9. What must be refused is refused, with its own error: wrong people, times, amounts, recipients, proofs,
    /// repetitions.
    function invariant_RW9_RefusalsHold() external view {
        assertEq(_handler.wrongRefusals(), 0, "RW9");
    }

    /* DISPUTES */

    /// @dev RW10. What is disputed is locked: neither refundable nor maturing, and exactly what was held.
    function invariant_RW10_DisputedMoneyIsLocked() external view {
        uint256[2][4] memory disputed = _disputed();
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                assertEq(disputed[v][t], _journal.disputed(v, t), "RW10: sum");
            }
        }
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            IRefundWindow.Payment memory payment = _vaults[entry.vault].paymentOf(_handler.refOf(i));
            bool isDisputed = _journal.isDisputed(i);
            assertEq(payment.status == IRefundWindow.Status.Disputed, isDisputed, "RW10: status");
            if (!isDisputed) continue;
            assertEq(payment.held, _journal.sumOf(Journal.Kind.Disputed, i), "RW10: held");
            assertEq(payment.refundable, _handler.refundableOf(i), "RW10: what can be won");
            uint256 maturing = _vaults[entry.vault].maturingIn(address(_tokens[entry.token]), entry.hour);
            assertEq(maturing, _journal.maturing(entry.vault, entry.token, entry.hour), "RW10: maturing");
        }
    }

    /// @dev RW11. A dispute is opened once and ends once, and divides exactly what was held, to whom it belongs: by the
    /// journal, the events and the credits.
    function invariant_RW11_ADisputeEndsOnceAndDividesAll() external view {
        RefundWindowReplay replay = _replay();
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            if (!_journal.wasDisputed(i)) continue;
            RefundWindow vault = _vaults[_handler.factsOf(i).vault];
            IRefundWindow.Payment memory payment = vault.paymentOf(_handler.refOf(i));
            RefundWindowReplay.Payment memory told = replay.paymentOf(address(vault), PaymentId.unwrap(payment.id));
            bool isSettled = _journal.wasSettled(i);
            assertEq(_journal.countOf(Journal.Kind.Disputed, i), 1, "RW11: opened once");
            assertEq(told.settlements, isSettled ? 1 : 0, "RW11: ended once");
            assertEq(told.divided, isSettled ? told.disputed : 0, "RW11: divided");
            assertEq(told.disputed, _journal.sumOf(Journal.Kind.Disputed, i), "RW11: disputed");
            assertEq(payment.status == IRefundWindow.Status.Settled, isSettled, "RW11: status");
        }
        assertEq(_handler.wrongShares(), 0, "RW11: shares");
    }

    /// @dev RW12. No dispute gives the payer any of the non-refundable share of the original amount.
    function invariant_RW12_NoDisputeGivesTheNonRefundableShare() external view {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            if (!_journal.wasDisputed(i)) continue;
            IRefundWindow.Payment memory payment = _vaults[_handler.factsOf(i).vault].paymentOf(_handler.refOf(i));
            assertLe(payment.refunded - _journal.refunded(i), _handler.refundableOf(i), "RW12");
        }
    }

    /// @dev RW13. With an arbiter the payer can dispute until `closesAt`, and when nobody decides, anyone ends it as the
    /// terms say, even while the token refuses everything.
    function invariant_RW13_ADisputeCanBeOpenedAndEnds() external {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Facts memory entry = _handler.factsOf(i);
            RefundWindowTerms memory terms = _handler.termsOf(entry.vault);
            if (terms.arbiter == address(0) || _journal.wasSettled(i)) continue;
            bool isDisputed = _journal.wasDisputed(i);
            if (!isDisputed && (block.timestamp >= entry.closesAt || _handler.refundableOf(i) == 0)) continue;

            uint256 snapshot = vm.snapshotState();
            if (i % 2 == 0) _tokens[entry.token].setPaused(true);
            if (!isDisputed) {
                vm.warp(entry.closesAt - 1);
                PaymentRef memory ref = _handler.refOf(i);
                vm.prank(ref.payer);
                _vaults[entry.vault].dispute(ref, 0);
                entry.defaultsAt = entry.closesAt - 1 + terms.resolutionPeriod;
            }
            if (block.timestamp < entry.defaultsAt) vm.warp(entry.defaultsAt);
            _default(i, entry, terms);
            assertTrue(vm.revertToState(snapshot), "RW13: snapshot");
        }
    }

    function _default(uint256 index, RefundWindowHandler.Facts memory entry, RefundWindowTerms memory terms) private {
        RefundWindow vault = _vaults[entry.vault];
        PaymentRef memory ref = _handler.refOf(index);
        uint256 held = _journal.held(index);
        (uint256 payerBefore, ) = vault.creditOf(ref.token, ref.payer);
        (uint256 receiverBefore, ) = vault.creditOf(ref.token, terms.receiver);
        (uint256 feeBefore, ) = vault.creditOf(ref.token, terms.feeReceiver);

        vault.resolveByDefault(ref);

        (uint256 payerAfter, ) = vault.creditOf(ref.token, ref.payer);
        (uint256 receiverAfter, ) = vault.creditOf(ref.token, terms.receiver);
        (uint256 feeAfter, ) = vault.creditOf(ref.token, terms.feeReceiver);
        uint256 toPayer = terms.silenceFavorsPayer ? _handler.refundableOf(index) : 0;
        assertEq(payerAfter - payerBefore, toPayer, "RW13: payer");
        assertEq(receiverAfter + feeAfter - receiverBefore - feeBefore, held - toPayer, "RW13: receiver and fee");
    }

    /* SURPLUS */

    /// @dev RW14. Surplus leaves only as announced seven days before, what was proven in time excepted.
    function invariant_RW14_OnlyAnnouncedSurplusLeaves() external view {
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                uint256 count = _journal.announcements(v, t);
                for (uint256 number = 1; number <= count; ++number) {
                    (uint256 amount, uint256 claims, uint40 endsAt) = _vaults[v].announcementOf(
                        address(_tokens[t]),
                        number
                    );
                    assertEq(amount, _journal.left(v, t, number), "RW14: left");
                    assertEq(claims, _journal.claims(v, t, number), "RW14: claims");
                    assertEq(endsAt, _journal.announcedAt(v, t, number) + 7 days, "RW14: seven days");
                    if (block.timestamp < endsAt) assertEq(_journal.given(v, t, number), 0, "RW14: nothing before");
                }
            }
        }
    }

    /// @dev RW15. What is set aside is what is left of all announcements, and never more than the surplus.
    function invariant_RW15_AsideIsCoveredBySurplus() external view {
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                address token = address(_tokens[t]);
                (uint256 count, uint256 aside) = _vaults[v].announcementsOf(token);
                uint256 sum;
                for (uint256 number = 1; number <= count; ++number) {
                    (uint256 amount, , ) = _vaults[v].announcementOf(token, number);
                    sum += amount;
                }
                assertEq(aside, sum, "RW15: sum");
                assertEq(aside, _journal.aside(v, t), "RW15: journal");
                assertLe(aside, _vaults[v].surplusOf(token), "RW15: covered");
            }
        }
    }

    /// @dev RW16. All strays that can be proven and came after the last announcement that has ended can be recorded, one
    /// after the other, whatever the operator announced and others froze.
    function invariant_RW16_WhatIsNotClosedOffCanBeRecorded() external {
        uint256 snapshot = vm.snapshotState();
        uint256 count = _handler.strayCount();
        for (uint256 i = 0; i < count; ++i) {
            // The newest first where their number is even.
            uint256 index = count % 2 == 0 ? count - 1 - i : i;
            if (_handler.recordRefusal(index) != 0) continue;
            PaymentRef memory ref = _handler.strayRefOf(index);
            (uint256 v, , uint256 amount) = _handler.placeOfStray(index);
            RefundWindow vault = _vaults[v];
            vault.record(ref.token, _handler.proofOf(index));
            assertEq(vault.paymentOf(ref).paid, amount, "RW16");
        }
        assertTrue(vm.revertToState(snapshot), "RW16: snapshot");
    }

    /// @dev RW17. Nothing of an announcement is given away at a claimant's cost: once anything was, what is left covers the
    /// claims that remain.
    function invariant_RW17_ClaimsAreCovered() external view {
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) {
                (uint256 count, ) = _vaults[v].announcementsOf(address(_tokens[t]));
                for (uint256 number = 1; number <= count; ++number) {
                    (uint256 amount, uint256 claims, ) = _vaults[v].announcementOf(address(_tokens[t]), number);
                    uint256 taken = _journal.sumAt(Journal.Kind.TakenBack, v, t, number);
                    bool isUntouched = amount + taken == _journal.sumAt(Journal.Kind.Announced, v, t, number);
                    if (!isUntouched) assertGe(amount, claims, "RW17");
                }
            }
        }
    }

    /* ARE THE RUNS WORTH ANYTHING */

    function test_ActionsSucceedAndRefusalsHappen() external {
        _assertAllHappens(_keys());
    }

    function _keys() private pure returns (bytes32[] memory keys) {
        bytes32[27] memory deeds = [
            bytes32("pay"),
            "payMany",
            "item paid",
            "item left out",
            "refundAsPayer",
            "refundAsSeller",
            "refundTwiceWhilePaused",
            "claim",
            "withdraw",
            "sent",
            "owed",
            "dispute",
            "submitEvidence",
            "withdrawDispute",
            "concede",
            "resolve",
            "resolveByDefault",
            "frontRun",
            "cancel",
            "record",
            "taken back",
            "saveBlockHash",
            "announceAssignment",
            "freeze",
            "assign",
            "release",
            "rival"
        ];
        bytes4[] memory refusals = _refusals();
        keys = new bytes32[](deeds.length + refusals.length);
        for (uint256 i = 0; i < deeds.length; ++i) keys[i] = deeds[i];
        for (uint256 i = 0; i < refusals.length; ++i) keys[deeds.length + i] = refusals[i];
    }

    function _refusals() private pure returns (bytes4[] memory list) {
        bytes4[13] memory ofPayments = [
            IRefundWindow.RefundNotToPayer.selector,
            IVault.PaymentAlreadyKnown.selector,
            IBursts.ItemOfOtherToken.selector,
            IVault.CreditNotYours.selector,
            TokenLib.TokenRefusedAuthorization.selector,
            IRefundWindow.NotParty.selector,
            IRefundWindow.RefundNeedsDispute.selector,
            IRefundWindow.RefundAfterClose.selector,
            IRefundWindow.RefundAfterMaturity.selector,
            IRefundWindow.RefundExceedsRefundable.selector,
            IRefundWindow.PaymentChanged.selector,
            IMaturing.ClaimBeforeMaturity.selector,
            IMaturing.ClaimEmpty.selector
        ];
        bytes4[14] memory ofDisputes = [
            IRefundWindow.PaymentDisputed.selector,
            IRefundWindow.PaymentNotDisputed.selector,
            IRefundWindow.NotPayer.selector,
            IVault.NotSeller.selector,
            IRefundWindow.NotArbiter.selector,
            IRefundWindow.ArbiterIsPayer.selector,
            IRefundWindow.NoArbiter.selector,
            IRefundWindow.DisputeAfterClose.selector,
            IRefundWindow.DecisionAfterDeadline.selector,
            IRefundWindow.DefaultBeforeDeadline.selector,
            IRefundWindow.ResolutionExceedsRefundable.selector,
            IRefundWindow.ResolutionNotWhole.selector,
            IVault.SignatureInvalid.selector,
            IVault.RecipientForbidden.selector
        ];
        bytes4[14] memory ofSurplus = [
            IReceiptVerifier.BlockTooOld.selector,
            IReceiptVerifier.BlockHashMismatch.selector,
            IReceiptVerifier.LogOfOtherToken.selector,
            ISurplus.TransferToOther.selector,
            ISurplus.RecordAfterAnnouncement.selector,
            ISurplus.NotOperator.selector,
            ISurplus.AnnouncementExceedsSurplus.selector,
            ISurplus.AnnouncementRunning.selector,
            ISurplus.AnnouncementNotRunning.selector,
            ISurplus.AlreadyFrozen.selector,
            ISurplus.AuthorizationUnused.selector,
            ISurplus.NothingToAssign.selector,
            ISurplus.ReleaseExceedsClaim.selector,
            Token3009.Paused.selector
        ];
        list = new bytes4[](ofPayments.length + ofDisputes.length + ofSurplus.length);
        uint256 count;
        for (uint256 i = 0; i < ofPayments.length; ++i) list[count++] = ofPayments[i];
        for (uint256 i = 0; i < ofDisputes.length; ++i) list[count++] = ofDisputes[i];
        for (uint256 i = 0; i < ofSurplus.length; ++i) list[count++] = ofSurplus[i];
    }
}
