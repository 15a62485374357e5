// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {ProtocolTest} from "../utils/ProtocolTest.sol";
import {EventReplay} from "./EventReplay.sol";
import {Journal} from "./Journal.sol";
import {RefundWindowHandler} from "./RefundWindowHandler.sol";

contract RefundWindowInvariants is ProtocolTest {
    uint40 private constant START = 1_760_000_001; // not at a full hour
    uint256 private constant PAYOUT_GAS = 150_000;

    RefundWindowHandler private _handler;
    Journal private _journal;
    RefundWindow[] private _vaults;
    Token3009[] private _tokens;

    function setUp() external {
        vm.warp(START);
        RefundWindow implementation = deployImplementation(deployVerifier());
        VaultFactory factory = deployFactory(implementation);

        string[8] memory names = [
            "payer0",
            "payer1",
            "payer2",
            "payer3",
            "receiver0",
            "operator0",
            "feeReceiver0",
            "receiver1"
        ];
        Account[] memory people = new Account[](names.length);
        for (uint256 i = 0; i < names.length; ++i) people[i] = makeAccount(names[i]);

        RefundWindowTerms memory terms = RefundWindowTerms({
            receiver: people[4].addr,
            operator: people[5].addr,
            feeReceiver: people[6].addr,
            feeBps: 100,
            salt: 0,
            arbiter: address(0),
            window: 3 hours,
            resolutionPeriod: 0,
            silenceFavorsPayer: false,
            nonRefundableBps: 0
        });
        _vaults.push(RefundWindow(factory.deploy(implementation.encodeTerms(terms))));
        (terms.receiver, terms.operator) = (people[7].addr, people[7].addr);
        (terms.feeReceiver, terms.feeBps) = (address(0), 0);
        (terms.window, terms.nonRefundableBps) = (90 minutes, 2_500);
        _vaults.push(RefundWindow(factory.deploy(implementation.encodeTerms(terms))));

        _tokens.push(new Token3009());
        _tokens.push(new Token3009());
        _handler = new RefundWindowHandler(_vaults, _tokens, people);
        _journal = _handler.journal();
        targetContract(address(_handler));
    }

    /// @dev RW1. Of each token a vault has at least what it owes in it.
    function invariant_RW1_BalanceCoversLiabilities() external view {
        for (uint8 v = 0; v < _vaults.length; ++v) {
            for (uint8 t = 0; t < _tokens.length; ++t) {
                assertGe(
                    _tokens[t].balanceOf(address(_vaults[v])),
                    _vaults[v].liabilitiesOf(address(_tokens[t])),
                    "RW1"
                );
            }
        }
    }

    /// @dev RW2. What a vault owes is what the journal says is held, maturing or waiting for its owner, in total and
    /// for each hour and owner.
    function invariant_RW2_LiabilitiesAreTheSumOfTheBooks() external view {
        for (uint8 v = 0; v < _vaults.length; ++v) {
            for (uint8 t = 0; t < _tokens.length; ++t) {
                address token = address(_tokens[t]);
                uint32[] memory buckets = _handler.hoursOf(v, t);
                uint256 sum;
                for (uint256 i = 0; i < buckets.length; ++i) {
                    uint256 maturing = _vaults[v].maturingIn(token, buckets[i]);
                    assertEq(maturing, _journal.maturing(v, t, buckets[i]), "RW2: hour");
                    sum += maturing;
                }
                for (uint256 i = 0; i < _handler.peopleCount(); ++i) {
                    address owner = _handler.personAt(i);
                    (uint256 credit, ) = _vaults[v].creditOf(token, owner);
                    assertEq(credit, _journal.credit(v, t, owner), "RW2: credit");
                    sum += credit;
                }
                assertEq(_vaults[v].liabilitiesOf(token), sum, "RW2: sum of views");
                assertEq(_vaults[v].liabilitiesOf(token), _journal.owed(v, t), "RW2: journal");
            }
        }
    }

    /// @dev RW3. Each unit of a payment has one exit: what went back, what is held and what was claimed make up what
    /// was paid.
    function invariant_RW3_EachUnitHasOneExit() external view {
        for (uint16 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Entry memory entry = _handler.entryOf(i);
            IRefundWindow.Payment memory payment = _vaults[entry.vault].paymentOf(_handler.refOf(i));
            bool claimed =
                _journal.sumIn(Journal.Kind.Claimed, entry.vault, entry.token, entry.hour) != 0 &&
                    payment.refunded != payment.paid;
            assertEq(payment.paid, _journal.sumOf(Journal.Kind.Paid, i), "RW3: paid");
            assertEq(payment.refunded, _journal.refunded(i), "RW3: refunded");
            assertEq(payment.held, claimed ? 0 : _journal.held(i), "RW3: held");
            assertEq(payment.status == IRefundWindow.Status.Claimed, claimed, "RW3: claimed");
            assertLe(payment.refunded + payment.held, payment.paid, "RW3: one exit");
        }
    }

    /// @dev RW4. A vault has what came in less what the journal says has left, to the unit, and each payout went to its
    /// recipient.
    function invariant_RW4_NothingLeavesThatDidNotComeIn() external view {
        for (uint8 v = 0; v < _vaults.length; ++v) {
            for (uint8 t = 0; t < _tokens.length; ++t) {
                assertEq(_tokens[t].balanceOf(address(_vaults[v])), _journal.balance(v, t), "RW4: balance");
                assertEq(
                    _vaults[v].surplusOf(address(_tokens[t])),
                    _journal.sum(Journal.Kind.Stray, v, t),
                    "RW4: surplus"
                );
            }
        }
        assertEq(_handler.wrongPayouts(), 0, "RW4: payouts");
    }

    /// @dev RW5. A bucket is claimed once: all that was kept in it, and nothing is in it afterwards.
    function invariant_RW5_ABucketIsClaimedOnce() external view {
        for (uint8 v = 0; v < _vaults.length; ++v) {
            for (uint8 t = 0; t < _tokens.length; ++t) {
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

    /// @dev RW6. Until `closesAt` the payer takes back all that is refundable, even while the token refuses everything.
    function invariant_RW6_ThePayerCanExitUntilClose() external {
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Entry memory entry = _handler.entryOf(i);
            uint256 refundable = _journal.refundable(uint16(i), _handler.nonRefundableBps(entry.vault));
            if (refundable == 0 || block.timestamp >= entry.closesAt) continue;

            uint256 snapshot = vm.snapshotState();
            vm.warp(entry.closesAt - 1);
            if (i % 2 == 0) _tokens[entry.token].setPaused(true);
            _exit(i, entry, refundable);
            assertTrue(vm.revertToState(snapshot), "RW6: snapshot");
        }
    }

    function _exit(uint256 index, RefundWindowHandler.Entry memory entry, uint256 refundable) private {
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
        for (uint16 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindowHandler.Entry memory entry = _handler.entryOf(i);
            uint256 bps = _handler.nonRefundableBps(entry.vault);
            uint256 paid = _journal.sumOf(Journal.Kind.Paid, i);
            uint256 taken = _journal.sumOf(Journal.Kind.RefundedByPayer, i);
            assertLe(taken, paid - (paid * bps) / 10_000, "RW7: taken");
            assertEq(
                _vaults[entry.vault].paymentOf(_handler.refOf(i)).refundable,
                block.timestamp < entry.closesAt ? _journal.refundable(i, bps) : 0,
                "RW7: refundable"
            );
        }
    }

    /// @dev RW8. Who has read every event knows every payment, hour, credit and liability as the views tell them.
    function invariant_RW8_EventsTellTheWholeState() external view {
        EventReplay replay = _handler.replay();
        for (uint256 i = 0; i < _handler.paymentCount(); ++i) {
            RefundWindow vault = _vaults[_handler.entryOf(i).vault];
            PaymentRef memory ref = _handler.refOf(i);
            IRefundWindow.Payment memory payment = vault.paymentOf(ref);
            (address token, address payer, bytes32 nonce, uint256 paid, uint256 refunded, uint40 closesAt) = replay
                .paymentOf(address(vault), PaymentId.unwrap(payment.id));
            assertEq(token, ref.token, "RW8: token");
            assertEq(payer, ref.payer, "RW8: payer");
            assertEq(nonce, ref.nonce, "RW8: nonce");
            assertEq(paid, payment.paid, "RW8: paid");
            assertEq(refunded, payment.refunded, "RW8: refunded");
            assertEq(closesAt, payment.closesAt, "RW8: closesAt");
        }
        for (uint256 v = 0; v < _vaults.length; ++v) {
            for (uint256 t = 0; t < _tokens.length; ++t) _compareLedger(replay, v, t);
        }
    }

    function _compareLedger(EventReplay replay, uint256 v, uint256 t) private view {
        RefundWindow vault = _vaults[v];
        address token = address(_tokens[t]);
        assertEq(replay.liabilitiesOf(address(vault), token), vault.liabilitiesOf(token), "RW8: liabilities");
        uint32[] memory buckets = _handler.hoursOf(v, t);
        for (uint256 i = 0; i < buckets.length; ++i) {
            assertEq(
                replay.maturingIn(address(vault), token, buckets[i]),
                vault.maturingIn(token, buckets[i]),
                "RW8: maturing"
            );
        }
        for (uint256 i = 0; i < _handler.peopleCount(); ++i) {
            address owner = _handler.personAt(i);
            (uint256 credit, uint256 withdrawn) = vault.creditOf(token, owner);
            assertEq(replay.creditOf(address(vault), token, owner), credit, "RW8: credit");
            assertEq(replay.withdrawnOf(address(vault), token, owner), withdrawn, "RW8: withdrawn");
        }
    }

    /// @dev RW9. What must be refused is refused, with its own error: wrong people, times, amounts, recipients,
    /// repetitions.
    function invariant_RW9_RefusalsHold() external view {
        assertEq(_handler.wrongRefusals(), 0, "RW9");
    }
}
