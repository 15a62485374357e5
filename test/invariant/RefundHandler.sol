// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms, VaultTerms} from "../../contracts/types/Terms.sol";
import {Refund} from "../../contracts/types/TypedData.sol";
import {Journal} from "./Journal.sol";
import {PaymentHandler} from "./PaymentHandler.sol";

/// @title RefundHandler
/// @notice What a refund window adds to payments: refunds until they mature, and claims by the hour.
abstract contract RefundHandler is PaymentHandler {
    struct SignedRefund {
        Refund message;
        bytes signature;
    }

    /// @dev The part of an entry that the invariants read, without what is long.
    struct Facts {
        uint8 vault;
        uint8 token;
        uint8 payer;
        uint40 closesAt;
        uint40 defaultsAt;
        uint32 hour;
    }

    RefundWindowTerms[] private _terms;
    mapping(uint256 index => uint40) internal _defaultsAt;
    mapping(uint256 index => SignedRefund) private _lastRefunds;
    mapping(uint256 vault => mapping(uint256 token => uint32[] hours_)) private _hours;
    mapping(uint256 vault => mapping(uint256 token => mapping(uint32 hour => bool seen))) private _seen;

    constructor(RefundWindowTerms[] memory terms) {
        for (uint256 i = 0; i < terms.length; ++i) _terms.push(terms[i]);
    }

    /* WHAT THE INVARIANTS READ */

    function termsOf(uint256 vault) public view returns (RefundWindowTerms memory) {
        return _terms[vault];
    }

    function factsOf(uint256 index) external view returns (Facts memory) {
        Entry storage entry = _entries[index];
        return Facts(entry.vault, entry.token, entry.payer, entry.deadline, _defaultsAt[index], entry.hour);
    }

    function hoursOf(uint256 vault, uint256 token) public view returns (uint32[] memory) {
        return _hours[vault][token];
    }

    /// @notice What the payer may still take or win, by the journal.
    function refundableOf(uint256 index) public view returns (uint256) {
        return journal.refundable(index, _terms[_entries[index].vault].nonRefundableBps);
    }

    /* WHO AND WHEN */

    function partiesOf(uint256 vault) public view override returns (VaultTerms memory) {
        return abi.decode(abi.encode(_terms[vault]), (VaultTerms));
    }

    function _domainName() internal pure override returns (string memory) {
        return "Recourse RefundWindow";
    }

    function _schedule(Entry memory entry) internal override {
        uint256 closesAt = block.timestamp + _terms[entry.vault].window;
        entry.deadline = uint40(closesAt);
        entry.hour = uint32(closesAt % 1 hours == 0 ? closesAt / 1 hours : closesAt / 1 hours + 1);

        if (!_seen[entry.vault][entry.token][entry.hour]) _hours[entry.vault][entry.token].push(entry.hour);
        _seen[entry.vault][entry.token][entry.hour] = true;
    }

    function _isMatured(uint256 index) internal view returns (bool) {
        return block.timestamp >= uint256(_entries[index].hour) * 1 hours;
    }

    /* REFUND */

    function refundAsPayer(uint256 seed, uint256 amount, uint256 toSeed, uint256 way) external {
        uint256 index = _pickRefundable(seed, way / 2, true);
        if ((way / 8) % 8 < 2) _warpTo(_entries[index].deadline - ((way / 8) % 8));
        Account memory payer = _payerOf(index);
        address to = toSeed % 2 == 0 ? payer.addr : _people[toSeed % _people.length].addr;

        uint256 most = refundableOf(index);
        bytes4 refusal = _refundRefusalOfPayer(index, most);
        amount = refusal == 0 ? bound(amount, 1, most) : 1;

        _refund(index, payer, amount, to, way % 2 == 0, refusal, Journal.Kind.RefundedByPayer);
    }

    /// @dev Mostly one of which something can go back; where there is none, a new one. Else any.
    function _pickRefundable(uint256 seed, uint256 way, bool byPayer) private returns (uint256) {
        if (way % 4 == 0 && _entries.length != 0) return seed % _entries.length;
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            bool isOpen = !_isMatured(index) && !journal.wasDisputed(index) && journal.held(index) != 0;
            if (byPayer ? _refundRefusalOfPayer(index, refundableOf(index)) == 0 : isOpen) return index;
        }
        pay(byPayer ? seed % 2 : seed, 0, seed / 8, seed);
        return _entries.length - 1;
    }

    function _refundRefusalOfPayer(uint256 index, uint256 most) private view returns (bytes4) {
        Entry storage entry = _entries[index];
        if (journal.wasDisputed(index)) return IRefundWindow.PaymentDisputed.selector;
        if (block.timestamp >= entry.deadline) return IRefundWindow.RefundAfterClose.selector;
        if (termsOf(entry.vault).arbiter != address(0)) return IRefundWindow.RefundNeedsDispute.selector;
        return most == 0 ? IRefundWindow.RefundExceedsRefundable.selector : bytes4(0);
    }

    function refundAsSeller(uint256 seed, uint256 amount, uint256 way) public {
        uint256 index = _pickRefundable(seed, way / 4, false);
        uint256 vault = _entries[index].vault;
        Account memory seller = way % 2 == 0 ? _operatorOf(vault) : _receiverOf(vault);

        uint256 most = journal.held(index);
        bytes4 refusal;
        if (journal.wasDisputed(index)) refusal = IRefundWindow.PaymentDisputed.selector;
        else if (_isMatured(index)) refusal = IRefundWindow.RefundAfterMaturity.selector;
        else if (most == 0) refusal = IRefundWindow.RefundExceedsRefundable.selector;
        amount = refusal == 0 ? bound(amount, 1, most) : 1;

        bool bySignature = (way / 2) % 2 == 0;
        _refund(index, seller, amount, _payerOf(index).addr, bySignature, refusal, Journal.Kind.RefundedBySeller);
    }

    /// @notice Two payouts to the same payer fail, one after the other.
    function refundTwiceWhilePaused(uint256 seed, uint256 way) external {
        tokens[1].setPaused(false);
        pay(seed, 1, seed / 8, seed);
        tokens[1].setPaused(true);
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            bool isOver = _isMatured(index) || journal.wasDisputed(index);
            if (_entries[index].token != 1 || isOver || journal.held(index) < 2) continue;
            refundAsSeller(index, 1, (way % 2));
            refundAsSeller(index, 1, 2 + (way % 2));
            ++successes["refundTwiceWhilePaused"];
            return;
        }
    }

    function _refund(
        uint256 index,
        Account memory by,
        uint256 amount,
        address to,
        bool bySignature,
        bytes4 refusal,
        Journal.Kind kind
    ) private {
        bytes memory call = _refundCall(index, by, amount, to, bySignature);
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        uint256 before = tokens[token].balanceOf(to);
        bytes32 name = kind == Journal.Kind.RefundedByPayer ? bytes32("refundAsPayer") : bytes32("refundAsSeller");
        if (!_try(name, bySignature ? _stranger.addr : by.addr, vault, call, refusal)) return;

        _note(kind, index, amount, by.addr);
        _notePayout(vault, token, _payerOf(index).addr, to, amount, before);
    }

    function _refundCall(
        uint256 index,
        Account memory by,
        uint256 amount,
        address to,
        bool bySignature
    ) private returns (bytes memory) {
        (uint256 held, uint256 refunded) = (journal.held(index), journal.refunded(index));
        PaymentRef memory ref = refOf(index);
        if (!bySignature) {
            return abi.encodeCall(IRefundWindow.refund, (ref, amount, to, held, refunded, PAYOUT_GAS));
        }

        Refund memory message = Refund({
            paymentId: _idOf(index),
            by: by.addr,
            amount: amount,
            to: to,
            expectedHeld: held,
            expectedRefunded: refunded,
            deadline: block.timestamp + MESSAGE_LIFE
        });
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message));
        bytes memory signature = _sign(by, _entries[index].vault, structHash);
        _lastRefunds[index] = SignedRefund(message, signature);
        return abi.encodeCall(IRefundWindow.refundWithSignature, (ref, message, signature, PAYOUT_GAS));
    }

    /// @notice Wrong people, wrong amounts, wrong recipients and wrong expectations.
    function refuseRefund(uint256 seed, uint256 way) external {
        uint256 index = _pickRefundable(seed, way / 6, false);
        Entry storage entry = _entries[index];
        address payer = _payerOf(index).addr;
        address operator = _operatorOf(entry.vault).addr;
        uint256 held = journal.held(index);
        bool matured = _isMatured(index);
        way %= 6;

        if (way == 0) {
            _refuse(index, _stranger.addr, 1, payer, held, IRefundWindow.NotParty.selector);
        } else if (way == 1) {
            _refuse(index, payer, 1, address(vaults[entry.vault]), held, IVault.RecipientForbidden.selector);
        } else if (way == 2 && !matured) {
            _refuse(index, operator, 1, _stranger.addr, held, IRefundWindow.RefundNotToPayer.selector);
        } else if (way == 3 && !matured) {
            _refuse(index, operator, held + 1, payer, held, IRefundWindow.RefundExceedsRefundable.selector);
        } else if (way == 4 && !matured) {
            _refuse(index, operator, 1, payer, held + 1, IRefundWindow.PaymentChanged.selector);
        } else if (way == 5 && termsOf(entry.vault).arbiter != address(0)) {
            bool isLate = block.timestamp >= entry.deadline;
            bytes4 refusal =
                isLate ? IRefundWindow.RefundAfterClose.selector : IRefundWindow.RefundNeedsDispute.selector;
            _refuse(index, payer, 1, payer, held, refusal);
        } else if (way == 5 && block.timestamp < entry.deadline) {
            uint256 tooMuch = refundableOf(index) + 1;
            _refuse(index, payer, tooMuch, payer, held, IRefundWindow.RefundExceedsRefundable.selector);
        }
    }

    /// @dev A dispute locks the payment against all of it, before anything else is looked at.
    function _refuse(uint256 index, address by, uint256 amount, address to, uint256 held, bytes4 selector) private {
        if (journal.wasDisputed(index)) selector = IRefundWindow.PaymentDisputed.selector;
        bytes memory call = abi.encodeCall(
            IRefundWindow.refund,
            (refOf(index), amount, to, held, journal.refunded(index), PAYOUT_GAS)
        );
        _refused(by, address(vaults[_entries[index].vault]), call, selector);
    }

    /// @notice A signed message that was used, or whose payment has changed since, is presented again.
    function replayRefund(uint256 seed) external {
        for (uint256 i = 0; i < _entries.length; ++i) {
            if (_replayRefund(((seed % _entries.length) + i) % _entries.length)) return;
        }
    }

    /// @return Whether there was such a message.
    function _replayRefund(uint256 index) private returns (bool) {
        Entry storage entry = _entries[index];
        SignedRefund storage last = _lastRefunds[index];
        if (last.signature.length == 0 || block.timestamp >= entry.deadline) return false;

        bytes4 refusal = IRefundWindow.PaymentChanged.selector;
        bool needsDispute = last.message.by == _payerOf(index).addr && termsOf(entry.vault).arbiter != address(0);
        if (journal.wasDisputed(index)) refusal = IRefundWindow.PaymentDisputed.selector;
        else if (needsDispute) refusal = IRefundWindow.RefundNeedsDispute.selector;
        else if (last.message.expectedRefunded == journal.refunded(index)) return false;

        bytes memory call = abi.encodeCall(
            IRefundWindow.refundWithSignature,
            (refOf(index), last.message, last.signature, PAYOUT_GAS)
        );
        _refused(_stranger.addr, address(vaults[entry.vault]), call, refusal);
        return true;
    }

    /* CLAIM */

    /// @notice Any of the known hours, the first one twice; one that has not matured spoils the whole claim.
    function claim(uint256 vaultSeed, uint256 tokenSeed, uint256 mask, uint256 way) external {
        (uint256 vault, uint256 token) = (vaultSeed % VAULTS, tokenSeed % TOKENS);
        _claim(vault, token, _pickHours(vault, token, mask, way % 4 != 0));
    }

    /// @notice One hour alone, in the last second before it matures or in the first after.
    function claimAtEdge(uint256 seed, uint256 way) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        _warpTo(uint256(entry.hour) * 1 hours - (way % 2));

        uint32[] memory buckets = new uint32[](1);
        buckets[0] = entry.hour;
        _claim(entry.vault, entry.token, buckets);
    }

    function _claim(uint256 vault, uint256 token, uint32[] memory buckets) private {
        (uint256 amount, bytes4 refusal) = _claimable(vault, token, buckets);
        RefundWindowTerms memory terms = termsOf(vault);
        uint256 receiverBefore = tokens[token].balanceOf(terms.receiver);
        uint256 feeReceiverBefore = tokens[token].balanceOf(terms.feeReceiver);

        bytes memory call = abi.encodeCall(IMaturing.claim, (address(tokens[token]), buckets, PAYOUT_GAS));
        if (!_try("claim", _stranger.addr, vault, call, refusal)) return;

        for (uint256 i = 0; i < buckets.length; ++i) {
            uint256 part = journal.maturing(vault, token, buckets[i]);
            _noteIn(Journal.Kind.Claimed, vault, token, buckets[i], part);
        }
        uint256 fee = (amount * terms.feeBps) / 10_000;
        _notePayout(vault, token, terms.receiver, terms.receiver, amount - fee, receiverBefore);
        _notePayout(vault, token, terms.feeReceiver, terms.feeReceiver, fee, feeReceiverBefore);
    }

    function _claimable(
        uint256 vault,
        uint256 token,
        uint32[] memory buckets
    ) private view returns (uint256 amount, bytes4 refusal) {
        for (uint256 i = 0; i < buckets.length; ++i) {
            if (block.timestamp < uint256(buckets[i]) * 1 hours) refusal = IMaturing.ClaimBeforeMaturity.selector;
            if (i == 0 || buckets[i] != buckets[0]) amount += journal.maturing(vault, token, buckets[i]);
        }
        if (refusal == 0 && amount == 0) refusal = IMaturing.ClaimEmpty.selector;
    }

    function _pickHours(
        uint256 vault,
        uint256 token,
        uint256 mask,
        bool maturedOnly
    ) private view returns (uint32[] memory buckets) {
        uint32[] memory known = hoursOf(vault, token);
        uint32[] memory picked = new uint32[](known.length + 1);
        uint256 count;
        for (uint256 i = 0; i < known.length; ++i) {
            if ((mask >> i) & 1 == 0) continue;
            if (maturedOnly && block.timestamp < uint256(known[i]) * 1 hours) continue;
            picked[count++] = known[i];
            if (count == 1) picked[count++] = known[i];
        }
        buckets = new uint32[](count);
        for (uint256 i = 0; i < count; ++i) buckets[i] = picked[i];
    }
}
