// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Refund, Withdraw} from "../../contracts/types/TypedData.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Journal} from "./Journal.sol";

/// @title PaymentHandler
/// @notice Payments alone and in batches, refunds, claims and withdrawals.
abstract contract PaymentHandler is HandlerBase {
    uint256 private constant ITEM_GAS = 300_000;
    uint256 private constant MOST_ITEMS = 4;

    /* PAY */

    function pay(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) public {
        Entry memory entry = _newEntry(vaultSeed, tokenSeed, payerSeed, amount);
        bool isBlocked = _blocked(entry.token, entry.authorization.payer, address(vaults[entry.vault]));
        bytes4 refusal = isBlocked ? TokenLib.TokenRefusedAuthorization.selector : bytes4(0);

        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        if (_try("pay", _stranger.addr, entry.vault, call, refusal)) _begin(entry);
    }

    function payAgain(uint256 seed) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        _refused(_stranger.addr, address(vaults[entry.vault]), call, IVault.PaymentAlreadyKnown.selector);
    }

    /// @notice One to four items, of which any can be spoiled. What must be left out is, and the rest is paid.
    function payMany(
        uint256 vaultSeed,
        uint256 tokenSeed,
        uint256 payerSeed,
        uint256 amount,
        uint256 spoilSeed
    ) external {
        uint256 count = 1 + (spoilSeed % MOST_ITEMS);
        Entry[] memory items = new Entry[](count);
        Authorization[] memory authorizations = new Authorization[](count);
        bool[] memory isGood = new bool[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 itemSeed = uint256(keccak256(abi.encode(amount, i)));
            items[i] = _newEntry(vaultSeed, tokenSeed, payerSeed / 8 + i, itemSeed);
            isGood[i] = _spoil(items[i], (spoilSeed >> (8 * (i + 1))) % 10);
            if (_blocked(items[i].token, items[i].authorization.payer, address(vaults[items[i].vault])))
                isGood[i] = false;
            authorizations[i] = items[i].authorization;
        }
        _payMany(items, authorizations, isGood, spoilSeed % 13 == 0);
    }

    function _payMany(
        Entry[] memory items,
        Authorization[] memory authorizations,
        bool[] memory isGood,
        bool isMixed
    ) private {
        uint256 vault = items[0].vault;
        address token = authorizations[0].token;
        if (isMixed) authorizations[authorizations.length - 1].token = address(tokens[1 - items[0].token]);
        bytes memory call = abi.encodeCall(IVault.payMany, (token, authorizations, ITEM_GAS));
        if (isMixed && authorizations.length > 1) {
            _refused(_stranger.addr, address(vaults[vault]), call, IVault.ItemOfOtherToken.selector);
            return;
        }
        if (isMixed) return;

        PaymentId[] memory ids = abi.decode(_done("payMany", _stranger.addr, vault, call), (PaymentId[]));
        for (uint256 i = 0; i < items.length; ++i) {
            bytes32 expected = isGood[i] ? PaymentId.unwrap(_idOf(_begin(items[i]))) : bytes32(0);
            assertEq(PaymentId.unwrap(ids[i]), expected, "payMany: item");
            ++successes[isGood[i] ? bytes32("item paid") : bytes32("item left out")];
        }
    }

    /// @dev No amount, too large an amount, a foreign signature, a used nonce; or nothing is wrong with it.
    function _spoil(Entry memory item, uint256 way) private returns (bool isGood) {
        Authorization memory authorization = item.authorization;
        if (way == 0) authorization.value = 0;
        if (way == 1) authorization.value = uint256(type(uint104).max) + 1;
        if (way <= 1) authorization.signature = _signPayment(_people[item.payer], item.vault, authorization);
        if (way == 2) authorization.signature = _signPayment(_stranger, item.vault, authorization);
        if (way == 3) tokens[item.token].cancelAuthorization(authorization.payer, authorization.nonce);
        return way > 3;
    }

    /// @notice Tokens that nobody authorized.
    function stray(uint256 vaultSeed, uint256 tokenSeed, uint256 amount) public {
        (uint256 vault, uint256 token) = (vaultSeed % VAULTS, tokenSeed % TOKENS);
        amount = bound(amount, 1, MAX_AMOUNT);
        if (_blocked(token, _stranger.addr, address(vaults[vault]))) return;

        vm.prank(_stranger.addr);
        tokens[token].transfer(address(vaults[vault]), amount);
        _noteFor(Journal.Kind.Stray, vault, token, address(0), amount);
    }

    /* REFUND */

    function refundAsPayer(uint256 seed, uint256 amount, uint256 toSeed, uint256 way) external {
        uint256 index = _pickRefundable(seed, way / 2, true);
        if ((way / 8) % 8 < 2) _warpTo(_entries[index].closesAt - ((way / 8) % 8));
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
        if (block.timestamp >= entry.closesAt) return IRefundWindow.RefundAfterClose.selector;
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
        Entry storage entry = _entries[index];
        bytes memory signature = _sign(by, entry.vault, keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message)));
        entry.lastMessage = message;
        entry.lastSignature = signature;
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
            bool isLate = block.timestamp >= entry.closesAt;
            bytes4 refusal =
                isLate ? IRefundWindow.RefundAfterClose.selector : IRefundWindow.RefundNeedsDispute.selector;
            _refuse(index, payer, 1, payer, held, refusal);
        } else if (way == 5 && block.timestamp < entry.closesAt) {
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
        if (entry.lastSignature.length == 0 || block.timestamp >= entry.closesAt) return false;

        bytes4 refusal = IRefundWindow.PaymentChanged.selector;
        bool needsDispute = entry.lastMessage.by == _payerOf(index).addr && termsOf(entry.vault).arbiter != address(0);
        if (journal.wasDisputed(index)) refusal = IRefundWindow.PaymentDisputed.selector;
        else if (needsDispute) refusal = IRefundWindow.RefundNeedsDispute.selector;
        else if (entry.lastMessage.expectedRefunded == journal.refunded(index)) return false;

        bytes memory call = abi.encodeCall(
            IRefundWindow.refundWithSignature,
            (refOf(index), entry.lastMessage, entry.lastSignature, PAYOUT_GAS)
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

        bytes memory call = abi.encodeCall(IRefundWindow.claim, (address(tokens[token]), buckets, PAYOUT_GAS));
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
            if (block.timestamp < uint256(buckets[i]) * 1 hours) refusal = IRefundWindow.ClaimBeforeMaturity.selector;
            if (i == 0 || buckets[i] != buckets[0]) amount += journal.maturing(vault, token, buckets[i]);
        }
        if (refusal == 0 && amount == 0) refusal = IRefundWindow.ClaimEmpty.selector;
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

    /* WITHDRAW */

    /// @notice Somebody's credit, if anybody has one; often after the token has recovered.
    function withdraw(uint256 vaultSeed, uint256 ownerSeed, uint256 way) external {
        (uint256 vault, uint256 token, Account memory owner) = _pickCredit(vaultSeed, ownerSeed);
        if ((way / 4) % 4 != 0) {
            tokens[token].setPaused(false);
            tokens[token].setDenylisted(address(vaults[vault]), false);
            tokens[token].setDenylisted(owner.addr, false);
        }
        way %= 4;

        // The owner to anywhere by call, anyone to the owner, the owner to anywhere by signature, a stranger to itself.
        address to = way == 1 ? owner.addr : _stranger.addr;
        uint256 credit = journal.credit(vault, token, owner.addr);
        bytes memory call =
            way == 2
                ? _signedWithdraw(vault, token, owner, to, credit)
                : abi.encodeCall(IVault.withdraw, (address(tokens[token]), owner.addr, to));

        bytes4 refusal;
        if (way == 3) refusal = IVault.CreditNotYours.selector;
        else if (credit == 0) refusal = IVault.CreditEmpty.selector;
        else refusal = _blockedBy(token, address(vaults[vault]), to);
        if (!_try("withdraw", way == 0 ? owner.addr : _stranger.addr, vault, call, refusal)) return;

        _noteFor(Journal.Kind.Withdrawn, vault, token, owner.addr, credit);
        _noteFor(Journal.Kind.Sent, vault, token, to, credit);
    }

    function _pickCredit(
        uint256 vaultSeed,
        uint256 ownerSeed
    ) private view returns (uint256 vault, uint256 token, Account memory owner) {
        for (uint256 i = 0; i < VAULTS * TOKENS; ++i) {
            uint256 book = ((vaultSeed % (VAULTS * TOKENS)) + i) % (VAULTS * TOKENS);
            (vault, token) = (book / TOKENS, book % TOKENS);
            for (uint256 j = 0; j < _people.length; ++j) {
                owner = _people[((ownerSeed % _people.length) + j) % _people.length];
                if (journal.credit(vault, token, owner.addr) != 0) return (vault, token, owner);
            }
        }
    }

    function _signedWithdraw(
        uint256 vault,
        uint256 token,
        Account memory owner,
        address to,
        uint256 credit
    ) private view returns (bytes memory) {
        Withdraw memory message = Withdraw({
            token: address(tokens[token]),
            owner: owner.addr,
            to: to,
            expectedCredit: credit,
            expectedWithdrawn: journal.sumFor(Journal.Kind.Withdrawn, vault, token, owner.addr),
            deadline: block.timestamp + MESSAGE_LIFE
        });
        bytes memory signature = _sign(owner, vault, keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message)));
        return abi.encodeCall(IVault.withdrawWithSignature, (message, signature));
    }
}
