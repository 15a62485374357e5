// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {PaymentId} from "../../contracts/types/Payment.sol";
import {EscrowTerms, VaultTerms} from "../../contracts/types/Terms.sol";
import {Capture, CaptureItem, CaptureMany, Void} from "../../contracts/types/TypedData.sol";
import {Journal} from "./Journal.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title CaptureHandler
/// @notice Captures and returns, by the right and the wrong people, in time and late, by call and by signature. Signed orders
/// are kept, carried out or not, and presented again later. Where an action needs a payment that is held and there is none,
/// it makes one first.
abstract contract CaptureHandler is SurplusHandler {
    /// @dev The part of an entry that the invariants read.
    struct Facts {
        uint8 vault;
        uint8 token;
        uint40 captureUntil;
    }

    /// @dev A signed capture, or a signed return where `by` is set.
    struct Order {
        uint256 index;
        Capture capture;
        address by;
        bytes data;
        bool isDone;
    }

    /// @dev A signed batch, and whose payments its items are; `NO_ENTRY` where there is none.
    struct Batch {
        uint256 vault;
        uint256 token;
        uint256[] indices;
        CaptureItem[] items;
        bytes data;
    }

    /// @dev Payer, receiver and fee receiver of a payment, what each must get, and what each had.
    struct Split {
        address[3] owners;
        uint256[3] amounts;
        uint256[3] balances;
        uint256[3] credits;
    }

    uint256 private constant MOST_ITEMS = 4;
    uint256 private constant NO_ENTRY = type(uint256).max;

    EscrowTerms[] private _terms;
    Order[] private _orders;
    Batch[] private _batches;

    /// @notice What receivers and fee receivers really got of what was captured, sent and credited.
    mapping(uint256 vault => mapping(uint256 token => uint256)) public earned;
    mapping(uint256 vault => mapping(uint256 token => uint256)) public feesGot;

    constructor(EscrowTerms[] memory terms) {
        for (uint256 i = 0; i < terms.length; ++i) _terms.push(terms[i]);
    }

    /* WHAT THE INVARIANTS READ */

    function factsOf(uint256 index) external view returns (Facts memory) {
        Entry storage entry = _entries[index];
        return Facts(entry.vault, entry.token, entry.deadline);
    }

    function partiesOf(uint256 vault) public view override returns (VaultTerms memory) {
        return abi.decode(abi.encode(_terms[vault]), (VaultTerms));
    }

    function orderCount() external view returns (uint256) {
        return _orders.length;
    }

    function orderAt(uint256 number) external view returns (uint256 vault, bytes memory call, bool isDone) {
        Order storage order = _orders[number];
        return (_entries[order.index].vault, order.data, order.isDone);
    }

    function batchCount() external view returns (uint256) {
        return _batches.length;
    }

    function batchAt(uint256 number) external view returns (uint256 vault, bytes memory call) {
        return (_batches[number].vault, _batches[number].data);
    }

    /* WHO AND WHEN */

    function _domainName() internal pure override returns (string memory) {
        return "Recourse Escrow";
    }

    function _schedule(Entry memory entry) internal view override {
        entry.deadline = uint40(block.timestamp + _terms[entry.vault].captureWindow);
    }

    /// @notice To the last second in which something can be captured, or to the first in which it cannot.
    function travelToEdge(uint256 seed, uint256 way) external {
        if (_entries.length != 0) _warpTo(_entries[seed % _entries.length].deadline - (way % 2));
    }

    function _warpToEdge(uint256 index, uint256 timeSeed) private {
        if (timeSeed % 8 < 2) _warpTo(_entries[index].deadline - (timeSeed % 8));
    }

    function _isLate(uint256 index) private view returns (bool) {
        return block.timestamp >= _entries[index].deadline;
    }

    /// @dev One that can be captured; where there is none, a new one.
    function _pickRunning(uint256 seed) internal returns (uint256) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            if (!_isLate(index) && journal.held(index) != 0) return index;
        }
        pay(seed, 0, seed / 8, seed);
        return _entries.length - 1;
    }

    /// @dev Mostly one that can be captured; else any.
    function _pick(uint256 seed, bool isAnyGood) private returns (uint256) {
        return isAnyGood && _entries.length != 0 ? seed % _entries.length : _pickRunning(seed);
    }

    /// @dev Anybody but the operator; where it is asked for, but the receiver too.
    function _wrongPerson(uint256 vault, uint256 seed, bool orReceiver) private view returns (Account memory by) {
        VaultTerms memory parties = partiesOf(vault);
        by = seed % 3 == 0 ? _stranger : _people[(seed / 3) % _people.length];
        if (by.addr == parties.operator || (orReceiver && by.addr == parties.receiver)) by = _stranger;
    }

    /* CAPTURE */

    /// @notice A part or all of it, with or without returning the rest; by others; too much, nothing, or expecting something
    /// else; for another payment, or too late. `signedSeed` decides on call, signature, or a signature for later.
    function capture(uint256 seed, uint256 amount, uint256 way, uint256 signedSeed, uint256 timeSeed) external {
        uint256 index = _pick(seed, way % 12 == 7);
        _warpToEdge(index, timeSeed);
        uint256 held = journal.held(index);
        Capture memory order = Capture({
            paymentId: _idOf(index),
            amount: bound(amount, 1, held == 0 ? 1 : held),
            isFinal: (signedSeed / 4) % 3 == 0,
            expectedHeld: held,
            expectedCaptured: journal.sumOf(Journal.Kind.Captured, index),
            deadline: block.timestamp + MESSAGE_LIFE
        });
        way %= 12;
        if (way == 1) order.amount = held + 1;
        if (way == 2) ++order.expectedHeld;
        if (way == 3) ++order.expectedCaptured;
        if (way == 4) order.amount = 0;
        if (way == 8) order.amount = order.expectedHeld;

        if (signedSeed % 4 == 0) _captureByCall(index, order, way == 0, amount);
        else _captureBySignature(index, order, way, signedSeed % 4 == 1);
    }

    function _captureByCall(uint256 index, Capture memory order, bool isWrong, uint256 seed) private {
        uint256 vault = _entries[index].vault;
        Account memory by = isWrong ? _wrongPerson(vault, seed, false) : _operatorOf(vault);
        bytes4 refusal = isWrong ? ISurplus.NotOperator.selector : _captureRefusal(index, order);
        bytes memory call =
            order.isFinal
                ? abi.encodeCall(
                    IEscrow.close,
                    (refOf(index), order.amount, order.expectedHeld, order.expectedCaptured, PAYOUT_GAS)
                )
                : abi.encodeCall(
                    IEscrow.capture,
                    (refOf(index), order.amount, order.expectedHeld, order.expectedCaptured, PAYOUT_GAS)
                );
        _carryOut(index, order, by.addr, call, refusal);
    }

    function _captureBySignature(uint256 index, Capture memory order, uint256 way, bool isForLater) private {
        uint256 vault = _entries[index].vault;
        bytes4 refusal = _captureRefusal(index, order);
        if (way == 0) refusal = IVault.SignatureInvalid.selector;
        if (way == 5) (order.deadline, refusal) = (block.timestamp, IVault.SignatureExpired.selector);
        if (way == 6) order.paymentId = PaymentId.wrap("another payment");
        if (way == 6) refusal = IVault.PaymentMismatch.selector;

        Account memory by = way == 0 ? _wrongPerson(vault, order.amount, false) : _operatorOf(vault);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CAPTURE_TYPEHASH, order));
        bytes memory call = abi.encodeCall(
            IEscrow.captureWithSignature,
            (refOf(index), order, _sign(by, vault, structHash), PAYOUT_GAS)
        );
        bool isGood = way != 0 && way != 5 && way != 6;
        if (isGood) _orders.push(Order(index, order, address(0), call, false));
        if (isGood && isForLater) return;
        bool isDone = _carryOut(index, order, _stranger.addr, call, refusal);
        if (isDone) _orders[_orders.length - 1].isDone = true;
    }

    /// @dev What the books say of an order of the operator's.
    function _captureRefusal(uint256 index, Capture memory order) private view returns (bytes4) {
        uint256 held = journal.held(index);
        if (order.amount == 0 && !order.isFinal) return IVault.AmountZero.selector;
        if (held == 0) return IEscrow.NothingHeld.selector;
        if (_isLate(index)) return IEscrow.CaptureAfterDeadline.selector;
        bool isSame = order.expectedHeld == held;
        if (order.expectedCaptured != journal.sumOf(Journal.Kind.Captured, index)) isSame = false;
        if (!isSame) return IEscrow.HoldChanged.selector;
        return order.amount > held ? IEscrow.CaptureExceedsHeld.selector : bytes4(0);
    }

    function _carryOut(
        uint256 index,
        Capture memory order,
        address by,
        bytes memory call,
        bytes4 refusal
    ) internal returns (bool) {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        uint256 fee = _feeOf(index, order.amount);
        uint256 rest = order.isFinal && refusal == 0 ? order.expectedHeld - order.amount : 0;
        Split memory split = _splitOf(vault, token, _payerOf(index).addr);
        split.amounts = [rest, order.amount - fee, fee];
        if (!_try(order.isFinal ? bytes32("close") : bytes32("capture"), by, vault, call, refusal)) return false;

        if (order.amount != 0) _note(Journal.Kind.Captured, index, order.amount, _terms[vault].receiver);
        if (rest != 0) _note(Journal.Kind.Returned, index, rest, _payerOf(index).addr);
        _noteSplit(vault, token, split);
        return true;
    }

    /* SPLIT */

    /// @dev What a further part adds to the fee of all that was captured.
    function _feeOf(uint256 index, uint256 amount) internal view returns (uint256) {
        uint256 feeBps = _terms[_entries[index].vault].feeBps;
        uint256 before = journal.sumOf(Journal.Kind.Captured, index);
        return ((before + amount) * feeBps) / 10_000 - (before * feeBps) / 10_000;
    }

    function _splitOf(uint256 vault, uint256 token, address payer) internal view returns (Split memory split) {
        split.owners = [payer, _terms[vault].receiver, _terms[vault].feeReceiver];
        for (uint256 i = 0; i < 3; ++i) {
            split.balances[i] = tokens[token].balanceOf(split.owners[i]);
            (split.credits[i], ) = vaults[vault].creditOf(address(tokens[token]), split.owners[i]);
        }
    }

    /// @dev Each is sent its part, or credited where the token refuses. Some parties are the same person.
    function _noteSplit(uint256 vault, uint256 token, Split memory split) internal {
        for (uint256 i = 0; i < 3; ++i) {
            if (split.amounts[i] == 0) continue;
            bool sent = !_blocked(token, address(vaults[vault]), split.owners[i]);
            _noteFor(sent ? Journal.Kind.Sent : Journal.Kind.Owed, vault, token, split.owners[i], split.amounts[i]);
            ++successes[sent ? bytes32("sent") : bytes32("owed")];
            if (tokens[token].balanceOf(split.owners[i]) - split.balances[i] != (sent ? _shareOf(split, i) : 0)) {
                ++wrongPayouts;
            }
        }
        _measure(vault, token, split);
    }

    function _shareOf(Split memory split, uint256 which) private pure returns (uint256 share) {
        for (uint256 i = 0; i < 3; ++i) if (split.owners[i] == split.owners[which]) share += split.amounts[i];
    }

    /// @dev What receiver and fee receiver have more than before, sent or credited, and not as payers.
    function _measure(uint256 vault, uint256 token, Split memory split) private {
        Split memory now_ = _splitOf(vault, token, split.owners[0]);
        for (uint256 i = 1; i < 3; ++i) {
            uint256 got = now_.balances[i] + now_.credits[i] - split.balances[i] - split.credits[i];
            if (split.owners[i] == split.owners[0]) got -= split.amounts[0];
            if (i == 1) earned[vault][token] += got;
            else feesGot[vault][token] += got;
        }
    }

    /* CAPTURE MANY */

    /// @notice One to four items of one vault and token: parts, the same item twice, one after the other of one payment, too
    /// much, nothing, expecting something else, of no payment. What cannot be captured is left out.
    function captureMany(uint256 seed, uint256 spoilSeed, uint256 way, uint256 signedSeed, uint256 timeSeed) external {
        uint256 first = _pick(seed, way % 16 == 7);
        _warpToEdge(first, timeSeed);
        Batch memory batch;
        (batch.vault, batch.token) = (_entries[first].vault, _entries[first].token);
        batch.indices = new uint256[](1 + (spoilSeed % MOST_ITEMS));
        batch.items = new CaptureItem[](batch.indices.length);
        for (uint256 i = 0; i < batch.items.length; ++i) {
            uint256 index = i == 0 ? first : _neighbourOf(first, seed / (i + 1));
            _addItem(batch, i, index, uint256(keccak256(abi.encode(spoilSeed, i))));
        }
        _captureMany(batch, way % 16, signedSeed);
    }

    function _captureMany(Batch memory batch, uint256 way, uint256 signedSeed) private {
        bool isWrong = way == 0;
        Account memory by = isWrong ? _wrongPerson(batch.vault, signedSeed, false) : _operatorOf(batch.vault);
        address token = address(tokens[batch.token]);
        bool bySignature = signedSeed % 4 != 0;
        bytes4 refusal;
        if (isWrong) refusal = bySignature ? IVault.SignatureInvalid.selector : ISurplus.NotOperator.selector;
        if (bySignature) {
            CaptureMany memory message = CaptureMany(token, batch.items, block.timestamp + MESSAGE_LIFE);
            if (way == 5) (message.deadline, refusal) = (block.timestamp, IVault.SignatureExpired.selector);
            bytes memory signature = _sign(by, batch.vault, _hashOf(message));
            batch.data = abi.encodeCall(IEscrow.captureManyWithSignature, (message, signature));
        } else {
            batch.data = abi.encodeCall(IEscrow.captureMany, (token, batch.items));
        }
        if (refusal != 0) {
            _refused(bySignature ? _stranger.addr : by.addr, address(vaults[batch.vault]), batch.data, refusal);
            return;
        }
        if (bySignature) _keepBatch(batch);
        if (signedSeed % 4 != 1) _carryOutBatch(batch, bySignature ? _stranger.addr : by.addr);
    }

    function _keepBatch(Batch memory batch) private {
        Batch storage kept = _batches.push();
        (kept.vault, kept.token, kept.indices, kept.data) = (batch.vault, batch.token, batch.indices, batch.data);
        for (uint256 i = 0; i < batch.items.length; ++i) kept.items.push(batch.items[i]);
    }

    /// @dev A payment of the same vault and token.
    function _neighbourOf(uint256 first, uint256 seed) private view returns (uint256 index) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            index = ((seed % _entries.length) + i) % _entries.length;
            bool isSame = _entries[index].vault == _entries[first].vault;
            if (isSame && _entries[index].token == _entries[first].token) return index;
        }
    }

    function _addItem(Batch memory batch, uint256 i, uint256 index, uint256 seed) private view {
        uint256 held = journal.held(index);
        CaptureItem memory item = CaptureItem({
            payer: _payerOf(index).addr,
            nonce: _entries[index].nonce,
            amount: bound(seed, 1, held == 0 ? 1 : held),
            expectedHeld: held,
            expectedCaptured: journal.sumOf(Journal.Kind.Captured, index)
        });
        batch.indices[i] = index;
        uint256 way = (seed >> 128) % 12;
        if (way == 0) item.amount = held + 1;
        if (way == 1) item.amount = 0;
        if (way == 2) ++item.expectedHeld;
        if (way == 3) ++item.expectedCaptured;
        if (way == 4) (item.nonce, batch.indices[i]) = ("nobody's", NO_ENTRY);
        if (way < 8 && way > 4 && i != 0) {
            item = _again(batch.items[i - 1], way == 5);
            batch.indices[i] = batch.indices[i - 1];
        }
        batch.items[i] = item;
    }

    /// @dev The same item; or what can follow it of the same payment.
    function _again(CaptureItem memory last, bool isSame) private pure returns (CaptureItem memory item) {
        item = CaptureItem(last.payer, last.nonce, last.amount, last.expectedHeld, last.expectedCaptured);
        if (isSame || last.amount >= last.expectedHeld) return item;
        item.expectedHeld -= last.amount;
        item.expectedCaptured += last.amount;
        item.amount = item.expectedHeld;
    }

    /// @dev The order of a batch does not fail: what the books allow is captured, one after the other.
    function _carryOutBatch(Batch memory batch, address by) private {
        VaultTerms memory parties = partiesOf(batch.vault);
        Split memory split = _splitOf(batch.vault, batch.token, address(0));
        uint256 told = abi.decode(_done("captureMany", by, batch.vault, batch.data), (uint256));

        uint256 captured;
        for (uint256 i = 0; i < batch.items.length; ++i) {
            bool isGood = _canCapture(batch.indices[i], batch.items[i]);
            ++successes[isGood ? bytes32("item captured") : bytes32("item not captured")];
            if (!isGood) continue;
            uint256 amount = batch.items[i].amount;
            uint256 fee = _feeOf(batch.indices[i], amount);
            captured += amount;
            _note(Journal.Kind.Captured, batch.indices[i], amount, parties.receiver);
            _noteFor(Journal.Kind.Owed, batch.vault, batch.token, parties.receiver, amount - fee);
            _noteFor(Journal.Kind.Owed, batch.vault, batch.token, parties.feeReceiver, fee);
        }
        assertEq(told, captured, "captureMany: captured");
        _measure(batch.vault, batch.token, split);
    }

    function _canCapture(uint256 index, CaptureItem memory item) private view returns (bool) {
        if (index == NO_ENTRY) return false;
        Capture memory order = Capture({
            paymentId: PaymentId.wrap(0),
            amount: item.amount,
            isFinal: false,
            expectedHeld: item.expectedHeld,
            expectedCaptured: item.expectedCaptured,
            deadline: 0
        });
        return _captureRefusal(index, order) == 0;
    }

    function _hashOf(CaptureMany memory message) private pure returns (bytes32) {
        bytes memory hashes;
        for (uint256 i = 0; i < message.items.length; ++i) {
            bytes32 itemHash = keccak256(abi.encode(TypedDataLib.CAPTURE_ITEM_TYPEHASH, message.items[i]));
            hashes = bytes.concat(hashes, itemHash);
        }
        return
            keccak256(
                abi.encode(TypedDataLib.CAPTURE_MANY_TYPEHASH, message.token, keccak256(hashes), message.deadline)
            );
    }

    /* RETURN */

    /// @notice By operator or receiver; by others; expecting something else; by call, signature, or a signature for later.
    function giveBack(uint256 seed, uint256 way, uint256 signedSeed, uint256 timeSeed) external {
        uint256 index = _pick(seed, way % 8 == 7);
        _warpToEdge(index, timeSeed);
        uint256 vault = _entries[index].vault;
        Account memory by = way % 2 == 0 ? _operatorOf(vault) : _receiverOf(vault);
        if (way % 8 == 0) by = _wrongPerson(vault, signedSeed, true);

        Capture memory order;
        (order.paymentId, order.expectedHeld) = (_idOf(index), journal.held(index) + (way % 8 == 1 ? 1 : 0));
        bytes4 refusal = way % 8 == 0 ? IVault.NotSeller.selector : _voidRefusal(index, order);
        if (signedSeed % 4 == 0) {
            bytes memory call = abi.encodeCall(IEscrow.void, (refOf(index), order.expectedHeld, PAYOUT_GAS));
            _return("void", index, by.addr, call, refusal);
            return;
        }

        Account memory signer = way % 8 == 2 ? _wrongPerson(vault, signedSeed, true) : by;
        if (way % 8 == 2) refusal = IVault.SignatureInvalid.selector;
        bytes memory signedCall = _signedVoid(index, order, by.addr, signer);
        if (way % 8 > 2) _orders.push(Order(index, order, by.addr, signedCall, false));
        if (way % 8 > 2 && signedSeed % 4 == 1) return;
        bool isDone = _return("void", index, _stranger.addr, signedCall, refusal);
        if (isDone) _orders[_orders.length - 1].isDone = true;
    }

    function _signedVoid(
        uint256 index,
        Capture memory order,
        address by,
        Account memory signer
    ) private view returns (bytes memory) {
        Void memory message = Void(order.paymentId, by, order.expectedHeld, block.timestamp + MESSAGE_LIFE);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.VOID_TYPEHASH, message));
        bytes memory signature = _sign(signer, _entries[index].vault, structHash);
        return abi.encodeCall(IEscrow.voidWithSignature, (refOf(index), message, signature, PAYOUT_GAS));
    }

    function _voidRefusal(uint256 index, Capture memory order) private view returns (bytes4) {
        if (journal.held(index) == 0) return IEscrow.NothingHeld.selector;
        if (_isLate(index)) return IEscrow.CaptureAfterDeadline.selector;
        return order.expectedHeld == journal.held(index) ? bytes4(0) : IEscrow.HoldChanged.selector;
    }

    /// @notice By anybody, often too early.
    function reclaim(uint256 seed, uint256 bySeed, uint256 timeSeed) external {
        uint256 index = _pick(seed, timeSeed % 4 == 3);
        _warpToEdge(index, timeSeed / 4);
        if (timeSeed % 4 < 2) _warpTo(_entries[index].deadline);

        bytes4 refusal;
        if (journal.held(index) == 0) refusal = IEscrow.NothingHeld.selector;
        else if (!_isLate(index)) refusal = IEscrow.ReclaimBeforeDeadline.selector;
        bytes memory call = abi.encodeCall(IEscrow.reclaim, (refOf(index), PAYOUT_GAS));
        address by = bySeed % 2 == 0 ? _payerOf(index).addr : _wrongPerson(0, bySeed / 2, false).addr;
        _return("reclaim", index, by, call, refusal);
    }

    function _return(
        bytes32 name,
        uint256 index,
        address by,
        bytes memory call,
        bytes4 refusal
    ) private returns (bool) {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        (address payer, uint256 amount) = (_payerOf(index).addr, journal.held(index));
        uint256 before = tokens[token].balanceOf(payer);
        if (!_try(name, by, vault, call, refusal)) return false;

        _note(Journal.Kind.Returned, index, amount, payer);
        _notePayout(vault, token, payer, payer, amount, before);
        return true;
    }

    /* ORDERS OF BEFORE */

    /// @notice A signed order, carried out before or not, is presented. The books tell whether it still fits.
    function presentOrder(uint256 seed) external {
        if (_orders.length == 0) return;
        uint256 number = seed % _orders.length;
        Order memory order = _orders[number];
        bool isReturn = order.by != address(0);
        bytes4 refusal =
            isReturn ? _voidRefusal(order.index, order.capture) : _captureRefusal(order.index, order.capture);
        assertFalse(order.isDone && refusal == 0, "presentOrder: fits twice");

        bool isDone =
            isReturn
                ? _return("void", order.index, _stranger.addr, order.data, refusal)
                : _carryOut(order.index, order.capture, _stranger.addr, order.data, refusal);
        if (!isDone) return;
        _orders[number].isDone = true;
        ++successes["order of before"];
    }

    function presentBatch(uint256 seed) external {
        if (_batches.length == 0) return;
        _carryOutBatch(_batches[seed % _batches.length], _stranger.addr);
    }
}
