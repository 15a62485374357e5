// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Pair, Permit} from "../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Cancel, Subscribe, Undo} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Journal} from "./Journal.sol";
import {PlanHandlerBase} from "./PlanHandlerBase.sol";
import {SubscriptionPlanReplay} from "./SubscriptionPlanReplay.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title SubscriptionPlanHandler
/// @notice All actions of a plan. From the table and the journal it knows of each whether it must succeed, or with which error it
/// must fail; and of each item of a batch what must become of it.
contract SubscriptionPlanHandler is PlanHandlerBase {
    uint256 private constant MOST_ITEMS = 5;

    /// @dev Signed messages that were carried out, to be presented again.
    struct Used {
        uint256 plan;
        bytes call;
    }

    Used[] private _used;
    /// @notice What somebody paid past the plan, and was recorded.
    mapping(uint256 v => mapping(uint256 t => mapping(address payer => uint256))) public recordedOf;
    /// @notice What a merchant added to end paid time.
    mapping(uint256 v => mapping(uint256 t => mapping(address by => uint256))) public toppedUpBy;

    constructor(
        ReceiptVerifier verifier,
        address[] memory plans,
        SubscriptionPlanTerms[] memory terms,
        Token3009[] memory tokens_,
        Account[] memory people
    )
        HandlerBase(new SubscriptionPlanReplay(), plans, tokens_, people)
        PlanHandlerBase(terms)
        SurplusHandler(verifier)
    {}

    function usedCount() external view returns (uint256) {
        return _used.length;
    }

    function usedAt(uint256 index) external view returns (uint256 plan, bytes memory call) {
        return (_used[index].plan, _used[index].call);
    }

    /* SUBSCRIBE */

    /// @notice By call or by signature; rightly, or with a wrong serial, number, limit, signer or beneficiary.
    function subscribe(uint256 seed, uint256 way, uint256 quantity, uint256 maxPeriods) public {
        // One pair comes more often than others, so that it has a history.
        (uint256 v, uint256 p) = (seed % VAULTS, (seed / VAULTS) % (PAIRS + 4));
        if (p >= PAIRS) p = 0;
        uint256 person = subscriberOf(p);
        if (way % 16 == 6) setAllowance(v, person, 0);
        Subscribe memory message = Subscribe({
            subscriber: pairAt(p).subscriber,
            beneficiary: pairAt(p).beneficiary,
            quantity: 1 + (quantity % 3),
            maxPeriods: 1 + (maxPeriods % 4),
            maxFirstCharge: _firstCharge(v, p, 1 + (quantity % 3)),
            serial: serialOf[v][p],
            deadline: block.timestamp + MESSAGE_LIFE
        });
        // Most want what they have: else they are refused.
        if (isActive(v, p) && quantity % 16 > 5) message.quantity = table.quantityOf(v, p);
        way %= 16;
        if (way == 0) message.serial = message.serial == 0 ? 1 : message.serial - 1;
        if (way == 1) message.quantity = 0;
        if (way == 2) message.maxPeriods = 0;
        if (way == 3) message.maxFirstCharge = 0;
        if (way == 4) message.beneficiary = address(0);
        bytes4 refusal = _subscribeRefusal(v, p, message);
        if (way == 5) refusal = IVault.SignatureInvalid.selector;
        bytes memory call = _subscribeCall(v, message, way == 5 ? _stranger : _people[person], way < 8);
        address by = way < 8 ? _stranger.addr : message.subscriber;
        _subscribe(v, p, message, call, by, refusal);
        if (way == 6) setAllowance(v, person, 1);
    }

    function _subscribe(
        uint256 v,
        uint256 p,
        Subscribe memory message,
        bytes memory call,
        address by,
        bytes4 refusal
    ) private {
        Token3009 token = tokens[_tokenOf(v)];
        uint256[2] memory purses = _pursesOf(v);
        uint256 purse = token.balanceOf(message.subscriber);
        if (!_try("subscribe", by, v, call, refusal)) return;

        purse -= token.balanceOf(message.subscriber);
        if (by == _stranger.addr) _used.push(Used(v, call));
        uint256 charged = _noteSubscribed(v, p, message);
        if (purse != charged) ++wrongPayouts;
        _consents[_consents.length - 1].taken = purse;
        if (charged != 0 && _terms[v].refundWindow == 0) _noteRelease(v, charged, purses);
    }

    function _subscribeCall(
        uint256 v,
        Subscribe memory message,
        Account memory by,
        bool isSigned
    ) private view returns (bytes memory) {
        Permit memory none;
        if (!isSigned) return abi.encodeCall(ISubscriptionPlan.subscribe, (message, none, PERIOD_GAS));
        bytes memory signature = _sign(by, v, keccak256(abi.encode(TypedDataLib.SUBSCRIBE_TYPEHASH, message)));
        return abi.encodeCall(ISubscriptionPlan.subscribeWithSignature, (message, signature, none, PERIOD_GAS));
    }

    /// @dev Setup fee and, when it begins now and without a trial, a period.
    function _firstCharge(uint256 v, uint256 p, uint256 quantity) private view returns (uint256) {
        uint256 setup = _terms[v].setupFee;
        return isActive(v, p) || _hasTrial(v, p) ? setup : setup + _terms[v].price * quantity;
    }

    function _hasTrial(uint256 v, uint256 p) private view returns (bool) {
        return _terms[v].trial != 0 && !hadTrial[v][subscriberOf(p)];
    }

    function _subscribeRefusal(uint256 v, uint256 p, Subscribe memory message) private view returns (bytes4) {
        if (stageOf[v] != 0) return ISubscriptionPlan.PlanNotOpen.selector;
        if (message.beneficiary == address(0)) return ISubscriptionPlan.SubscribeWithoutBeneficiary.selector;
        if (message.serial != serialOf[v][p]) return ISubscriptionPlan.SerialMismatch.selector;
        if (isLive(v, p)) return ISubscriptionPlan.AlreadySubscribed.selector;
        if (message.quantity == 0 || message.maxPeriods == 0) return ISubscriptionPlan.SubscribeOutOfBounds.selector;
        if (isActive(v, p) && message.quantity != table.quantityOf(v, p))
            return ISubscriptionPlan.QuantityDiffers.selector;
        uint256 charged = _firstCharge(v, p, message.quantity);
        if (charged > message.maxFirstCharge) return ISubscriptionPlan.FirstChargeTooHigh.selector;
        uint256 person = subscriberOf(p);
        if (tokens[_tokenOf(v)].allowance(_people[person].addr, address(vaults[v])) == 0) {
            return ISubscriptionPlan.AllowanceTooLow.selector;
        }
        bool isPaid = _pullResult(v, person, charged, 0) == ISubscriptionPlan.ChargeResult.Charged;
        return charged == 0 || isPaid ? bytes4(0) : ISubscriptionPlan.PullFailed.selector;
    }

    function _noteSubscribed(uint256 v, uint256 p, Subscribe memory message) private returns (uint256 charged) {
        SubscriptionPlanTerms storage terms = _terms[v];
        charged = _firstCharge(v, p, message.quantity);
        bool isNew = !isActive(v, p);
        uint256 charges = isNew && !_hasTrial(v, p) ? 1 : 0;
        if (isNew) {
            uint256 trial = charges == 0 ? terms.trial : 0;
            if (trial != 0) hadTrial[v][subscriberOf(p)] = true;
            table.begin(v, p, block.timestamp, block.timestamp + trial, message.quantity, message.maxPeriods);
            _newest[v][p] = 0;
            if (trial == 0) {
                table.markPaid(v, p, 0);
                _bookPeriod(v, p, terms.price * message.quantity);
            }
            ++successes[trial == 0 ? bytes32("first charge") : bytes32("trial")];
        } else {
            table.consent(v, p, message.maxPeriods);
            ++successes["subscribed behind paid time"];
        }
        if (terms.setupFee != 0) _book(v, subscriberOf(p), terms.setupFee);
        serialOf[v][p] += 1;
        isCanceled[v][p] = false;
        uint256 most = terms.setupFee + terms.price * message.quantity * message.maxPeriods;
        _consents.push(Consent(v, p, most, message.maxPeriods, 0, charges));
        _consentOf[v][p] = _consents.length;
    }

    /* CHARGE */

    /// @notice One to five items: pairs of the plan, the same again, strangers. At the time that it is, or around the edges of what
    /// is charged next; sometimes the first subscriber has just emptied its purse, or taken the allowance back.
    function charge(uint256 seed, uint256 itemSeed, uint256 way) external {
        way %= 16;
        (uint256 v, uint256 p) = way < 12 ? _pickLive(seed) : _pickPair(seed);
        (bool isFound, , uint256 start, uint256 until) = table.chargeable(v, p, block.timestamp);
        if (isFound && way == 10) _warpTo(start - 1);
        else if (isFound && way == 11) _warpTo(until - 1);
        else if (isFound && (way == 4 || way == 9)) _warpToSecond(v, p, until);
        else if (isFound && way < 12) _warpTo(start);
        uint256[] memory items = new uint256[](1 + (itemSeed % MOST_ITEMS));
        items[0] = p;
        for (uint256 i = 1; i < items.length; ++i) items[i] = uint256(keccak256(abi.encode(itemSeed, i))) % (PAIRS + 2);
        uint256 emptied = way == 7 ? _empty(v, p) : 0;
        bool wasPaused = tokens[_tokenOf(v)].paused();
        if (way == 5) tokens[_tokenOf(v)].setPaused(true);
        if (way == 6 || way == 8) setAllowance(v, subscriberOf(p), 0);
        _charge(v, items);
        if (way == 5) tokens[_tokenOf(v)].setPaused(wasPaused);
        if (emptied != 0) tokens[_tokenOf(v)].mint(pairAt(p).subscriber, emptied);
        if (way == 6 || way == 8) setAllowance(v, subscriberOf(p), 1);
    }

    /// @dev One that can be charged, now or later, if there is one.
    function _pickLive(uint256 seed) private view returns (uint256 v, uint256 p) {
        for (uint256 i = 0; i < VAULTS * PAIRS; ++i) {
            uint256 place = ((seed % (VAULTS * PAIRS)) + i) % (VAULTS * PAIRS);
            (v, p) = (place / PAIRS, place % PAIRS);
            if (isLive(v, p) && stageOf[v] != 2) return (v, p);
        }
        return _pickPair(seed);
    }

    /// @dev The period is missed, and the next one begins.
    function _warpToSecond(uint256 v, uint256 p, uint256 until) private {
        setAllowance(v, subscriberOf(p), 1);
        _warpTo(until);
        (, , uint256 start, ) = table.chargeable(v, p, block.timestamp);
        _warpTo(start);
    }

    function _empty(uint256 v, uint256 p) private returns (uint256 balance) {
        uint256 t = _tokenOf(v);
        address subscriber = pairAt(p).subscriber;
        if (_blocked(t, subscriber, _stranger.addr)) return 0;
        balance = tokens[t].balanceOf(subscriber);
        vm.prank(subscriber);
        tokens[t].transfer(_stranger.addr, balance);
    }

    function _charge(uint256 v, uint256[] memory items) private {
        Pair[] memory pairs = new Pair[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            pairs[i] = items[i] < PAIRS ? pairAt(items[i]) : Pair(_stranger.addr, _people[items[i] - PAIRS].addr);
        }
        bytes memory call = abi.encodeCall(ISubscriptionPlan.charge, (pairs, PERIOD_GAS));
        if (stageOf[v] == 2) {
            _refused(_stranger.addr, address(vaults[v]), call, ISubscriptionPlan.PlanEnded.selector);
            return;
        }
        ISubscriptionPlan.ChargeResult[] memory expected = _expectedResults(v, items);
        uint256[2] memory purses = _pursesOf(v);
        uint256[] memory before = _subscribersPurses(v, items);
        ISubscriptionPlan.ChargeResult[] memory results = abi.decode(
            _done("charge", _stranger.addr, v, call),
            (ISubscriptionPlan.ChargeResult[])
        );
        _noteConsents(v, items, results);
        uint256 total = _noteResults(v, items, expected, results);
        _checkTaken(v, items, expected, before);
        if (total != 0 && _terms[v].refundWindow == 0) _noteRelease(v, total, purses);
    }

    /// @dev By what the plan did, whatever the table says.
    function _noteConsents(uint256 v, uint256[] memory items, ISubscriptionPlan.ChargeResult[] memory results) private {
        for (uint256 i = 0; i < items.length; ++i) {
            if (results[i] != ISubscriptionPlan.ChargeResult.Charged || items[i] >= PAIRS) continue;
            if (_consentOf[v][items[i]] == 0) continue;
            Consent storage consent = _consents[_consentOf[v][items[i]] - 1];
            consent.taken += amountOf(v, items[i]);
            ++consent.charges;
        }
    }

    function _expectedResults(
        uint256 v,
        uint256[] memory items
    ) private view returns (ISubscriptionPlan.ChargeResult[] memory expected) {
        expected = new ISubscriptionPlan.ChargeResult[](items.length);
        uint256[] memory taken = new uint256[](_people.length);
        for (uint256 i = 0; i < items.length; ++i) {
            expected[i] = ISubscriptionPlan.ChargeResult.NotDue;
            if (items[i] >= PAIRS || !_isDue(v, items, i, expected)) continue;
            uint256 person = subscriberOf(items[i]);
            expected[i] = _pullResult(v, person, amountOf(v, items[i]), taken[person]);
            if (expected[i] == ISubscriptionPlan.ChargeResult.Charged) taken[person] += amountOf(v, items[i]);
        }
    }

    /// @dev By the table, and not charged by this very batch.
    function _isDue(
        uint256 v,
        uint256[] memory items,
        uint256 i,
        ISubscriptionPlan.ChargeResult[] memory expected
    ) private view returns (bool) {
        for (uint256 j = 0; j < i; ++j) {
            if (items[j] == items[i] && expected[j] == ISubscriptionPlan.ChargeResult.Charged) return false;
        }
        (bool isFound, , uint256 start, ) = table.chargeable(v, items[i], block.timestamp);
        return isFound && start <= block.timestamp;
    }

    function _noteResults(
        uint256 v,
        uint256[] memory items,
        ISubscriptionPlan.ChargeResult[] memory expected,
        ISubscriptionPlan.ChargeResult[] memory results
    ) private returns (uint256 total) {
        for (uint256 i = 0; i < items.length; ++i) {
            if (results[i] != expected[i]) {
                ++wrongCharges;
                continue;
            }
            ++successes[bytes32(bytes.concat("result ", bytes1(uint8(48 + uint8(results[i])))))];
            if (results[i] != ISubscriptionPlan.ChargeResult.Charged) continue;
            uint256 p = items[i];
            (, uint256 row, , ) = table.chargeable(v, p, block.timestamp);
            if (row != table.next(v, p)) ++successes["charged after a missed one"];
            total += amountOf(v, p);
            table.markPaid(v, p, row);
            _bookPeriod(v, p, amountOf(v, p));
        }
    }

    function _subscribersPurses(uint256 v, uint256[] memory items) private view returns (uint256[] memory purses) {
        purses = new uint256[](items.length);
        for (uint256 i = 0; i < items.length; ++i) {
            if (items[i] < PAIRS) purses[i] = tokens[_tokenOf(v)].balanceOf(pairAt(items[i]).subscriber);
        }
    }

    /// @dev What left each subscriber's purse is what its pairs had to be charged.
    function _checkTaken(
        uint256 v,
        uint256[] memory items,
        ISubscriptionPlan.ChargeResult[] memory expected,
        uint256[] memory before
    ) private {
        for (uint256 i = 0; i < items.length; ++i) {
            if (items[i] >= PAIRS) continue;
            uint256 person = subscriberOf(items[i]);
            uint256 sum;
            for (uint256 j = 0; j < items.length; ++j) {
                bool isSame = items[j] < PAIRS && subscriberOf(items[j]) == person;
                if (isSame && expected[j] == ISubscriptionPlan.ChargeResult.Charged) sum += amountOf(v, items[j]);
            }
            if (before[i] != tokens[_tokenOf(v)].balanceOf(_people[person].addr) + sum) ++wrongPayouts;
        }
    }

    /* PAY */

    /// @notice One price, or another amount, or another token.
    function payPeriod(uint256 vaultSeed, uint256 payerSeed, uint256 way) external {
        _payPeriod(_newPeriod(vaultSeed, payerSeed, way));
    }

    function _payPeriod(Entry memory entry) private {
        bytes4 refusal;
        if (_isRefused(entry)) refusal = IVault.PaymentRefused.selector;
        else if (_blocked(entry.token, entry.authorization.payer, address(vaults[entry.vault]))) {
            refusal = TokenLib.TokenRefusedAuthorization.selector;
        }
        bytes memory call = abi.encodeCall(IVault.pay, (entry.authorization));
        if (!_try("pay", _stranger.addr, entry.vault, call, refusal)) return;
        _start(entry);
        _refused(_stranger.addr, address(vaults[entry.vault]), call, IVault.PaymentAlreadyKnown.selector);
    }

    /// @notice Who has time without being charged buys a period more, and at times gets one back before or after.
    function payAhead(uint256 seed, uint256 way) external {
        for (uint256 i = 0; i < VAULTS * PAYERS; ++i) {
            uint256 place = ((seed % (VAULTS * PAYERS)) + i) % (VAULTS * PAYERS);
            (uint256 v, uint256 p) = (place / PAYERS, place % PAYERS);
            if (!isActive(v, p) || _isRefused(_newPeriod(v, p, 2))) continue;
            if (way % 2 == 0) refund(v * PAIRS + p, 16 + 7);
            _payPeriod(_newPeriod(v, p, 2));
            if (way % 4 == 3) subscribe(v + VAULTS * p, 9, 1, 1);
            if ((way / 2) % 4 == 0) refund(v * PAIRS + p, 16 + 7);
            if ((way / 2) % 4 == 1) _undo(v, p, _undoMessage(v, p), 0);
            return;
        }
    }

    /// @notice The same past `pay`, for somebody to record.
    function payPast(uint256 vaultSeed, uint256 payerSeed, uint256 way) external {
        _frontRun(_newPeriod(vaultSeed, payerSeed, way));
    }

    function _newPeriod(uint256 vaultSeed, uint256 payerSeed, uint256 way) private returns (Entry memory) {
        (uint256 v, uint256 person) = (vaultSeed % VAULTS, payerSeed % PAYERS);
        uint256 t = way % 8 == 0 ? 1 - _tokenOf(v) : _tokenOf(v);
        uint256 amount = way % 8 == 1 ? _terms[v].price + 1 : _terms[v].price;
        return _newEntry(v, t, person, amount);
    }

    function _payRefusal(Entry memory entry) internal view override returns (bytes4) {
        return _isRefused(entry) ? IVault.PaymentRefused.selector : super._payRefusal(entry);
    }

    function _isRefused(Entry memory entry) private view returns (bool) {
        (uint256 v, uint256 p) = (entry.vault, entry.payer);
        SubscriptionPlanTerms storage terms = _terms[v];
        bool isPrice = address(tokens[entry.token]) == terms.token && entry.authorization.value == terms.price;
        if (!isPrice || terms.setupFee != 0 || stageOf[v] != 0 || isLive(v, p)) return true;
        return isActive(v, p) && table.quantityOf(v, p) != 1;
    }

    /// @dev Recorded.
    function _begin(Entry memory entry) internal override returns (uint256) {
        recordedOf[entry.vault][entry.token][entry.authorization.payer] += entry.authorization.value;
        return _start(entry);
    }

    /// @dev Paid, or recorded: a period, or a credit of who paid.
    function _start(Entry memory entry) private returns (uint256 index) {
        (uint256 v, uint256 p) = (entry.vault, entry.payer);
        index = _entries.length;
        if (_isRefused(entry)) {
            _entries.push(entry);
            _note(Journal.Kind.Paid, index, entry.authorization.value, entry.authorization.payer);
            _note(Journal.Kind.Captured, index, entry.authorization.value, entry.authorization.payer);
            _noteFor(Journal.Kind.Owed, v, entry.token, entry.authorization.payer, entry.authorization.value);
            ++successes["credited"];
            return index;
        }
        if (isActive(v, p)) ++successes["period ahead"];
        else table.begin(v, p, block.timestamp, block.timestamp, 1, 0);
        table.stop(v, p);
        table.markPaid(v, p, table.next(v, p));
        isCanceled[v][p] = false;
        _bookPeriod(v, p, _terms[v].price);
        if (_terms[v].refundWindow == 0) {
            uint256 fee = (_terms[v].price * _terms[v].feeBps) / 10_000;
            _noteFor(Journal.Kind.Owed, v, entry.token, _terms[v].receiver, _terms[v].price - fee);
            _noteFor(Journal.Kind.Owed, v, entry.token, _terms[v].feeReceiver, fee);
        }
        ++successes["period paid"];
    }

    /* CANCEL */

    /// @notice By the subscriber's call or signature, also of the serial before; by the merchant; by others, or of an old serial.
    function cancelSubscription(uint256 seed, uint256 way) external {
        (uint256 v, uint256 p) = seed % 4 == 0 ? (seed % VAULTS, (seed / VAULTS) % PAIRS) : _pickPair(seed / 4);
        bool immediately = way % 2 == 0;
        way = (way / 2) % 8;
        Pair memory pair = pairAt(p);
        bytes memory call = abi.encodeCall(ISubscriptionPlan.cancel, (pair.beneficiary, immediately));
        address by = pair.subscriber;
        bytes4 refusal;
        if (way < 2) {
            immediately = false;
            call = abi.encodeCall(ISubscriptionPlan.cancelFor, (pair));
            by = way == 0 ? _operatorOf(v).addr : _stranger.addr;
            if (way == 1) refusal = ISubscriptionPlan.NotMerchant.selector;
        } else if (way < 6) {
            (call, refusal) = _signedCancel(v, p, immediately, way);
            by = _stranger.addr;
        }
        if (!_try("cancel", by, v, call, refusal)) return;
        if (way >= 2 && way < 6) _used.push(Used(v, call));
        _noteCanceled(v, p, immediately);
    }

    function _signedCancel(
        uint256 v,
        uint256 p,
        bool immediately,
        uint256 way
    ) private view returns (bytes memory call, bytes4 refusal) {
        uint256 serial = serialOf[v][p];
        Cancel memory message = Cancel({
            subscriber: pairAt(p).subscriber,
            beneficiary: pairAt(p).beneficiary,
            immediately: immediately,
            serial: serial,
            deadline: block.timestamp + MESSAGE_LIFE
        });
        if (way == 3) message.serial = serial == 0 ? 1 : serial - 1;
        if (way == 4) message.serial = serial < 2 ? serial + 1 : serial - 2;
        if (message.serial > serial || serial - message.serial > 1) refusal = ISubscriptionPlan.SerialMismatch.selector;
        Account memory by = way == 5 ? _stranger : _people[subscriberOf(p)];
        if (way == 5) refusal = IVault.SignatureInvalid.selector;
        bytes memory signature = _sign(by, v, keccak256(abi.encode(TypedDataLib.CANCEL_TYPEHASH, message)));
        call = abi.encodeCall(ISubscriptionPlan.cancelWithSignature, (message, signature));
    }

    function _noteCanceled(uint256 v, uint256 p, bool immediately) private {
        serialOf[v][p] += 2;
        isCanceled[v][p] = true;
        table.stop(v, p);
        if (immediately) table.cut(v, p);
    }

    /* UNDO */

    /// @notice By the subscriber's call or signature; of the newest charge, or another; to itself, elsewhere, or into the plan.
    function undo(uint256 seed, uint256 way) external {
        (uint256 v, uint256 p) = way % 16 == 0 ? _pickPair(seed) : _pickHeld(seed);
        if (way % 16 == 1) _warpTo(closesAtOf(v, p) - (closesAtOf(v, p) == 0 ? 0 : 1));
        if (way % 16 == 2) _warpTo(closesAtOf(v, p));
        way /= 16;
        Undo memory message = _undoMessage(v, p);
        if (way % 8 == 0) message.closesAt += 1;
        if (way % 8 == 1) message.to = address(vaults[v]);
        if (way % 8 == 2) message.to = _people[7].addr;
        _undo(v, p, message, (way / 8) % 3);
    }

    /// @notice Who has undone a charge subscribes again, and wants to undo that, too.
    function undoAgain(uint256 seed) external {
        for (uint256 i = 0; i < VAULTS * PAIRS; ++i) {
            uint256 place = ((seed % (VAULTS * PAIRS)) + i) % (VAULTS * PAIRS);
            (uint256 v, uint256 p) = (place % VAULTS, place / VAULTS);
            if (undos[v][subscriberOf(p)] == 0) continue;
            subscribe(place, 10, 15 + (seed % 3), seed);
            _undo(v, p, _undoMessage(v, p), 0);
            return;
        }
    }

    function _undoMessage(uint256 v, uint256 p) private view returns (Undo memory) {
        return
            Undo({
                subscriber: pairAt(p).subscriber,
                beneficiary: pairAt(p).beneficiary,
                closesAt: closesAtOf(v, p),
                to: pairAt(p).subscriber,
                deadline: block.timestamp + MESSAGE_LIFE
            });
    }

    function _undo(uint256 v, uint256 p, Undo memory message, uint256 way) private {
        bytes4 refusal = _undoRefusal(v, p, message);
        bytes memory call = abi.encodeCall(
            ISubscriptionPlan.undo,
            (message.beneficiary, message.closesAt, message.to, PAYOUT_GAS)
        );
        address by = message.subscriber;
        if (way != 0) {
            Account memory signer = way == 2 && refusal == 0 ? _stranger : _people[subscriberOf(p)];
            if (way == 2 && refusal == 0) refusal = IVault.SignatureInvalid.selector;
            bytes memory signature = _sign(signer, v, keccak256(abi.encode(TypedDataLib.UNDO_TYPEHASH, message)));
            call = abi.encodeCall(ISubscriptionPlan.undoWithSignature, (message, signature, PAYOUT_GAS));
            by = _stranger.addr;
        }
        uint256 before = tokens[_tokenOf(v)].balanceOf(message.to);
        if (!_try("undo", by, v, call, refusal)) return;

        if (way != 0) _used.push(Used(v, call));
        uint256 amount = undoableOf(v, p);
        _note(Journal.Kind.RefundedByPayer, _newest[v][p] - 1, amount, message.subscriber);
        _notePayout(v, _tokenOf(v), message.subscriber, message.to, amount, before);
        ++undos[v][subscriberOf(p)];
        _newest[v][p] = 0;
        table.unmark(v, p);
        _noteCanceled(v, p, false);
    }

    /// @notice All but the non-refundable share.
    function undoableOf(uint256 v, uint256 p) public view returns (uint256) {
        return amountOf(v, p) - (amountOf(v, p) * _terms[v].nonRefundableBps) / 10_000;
    }

    function _undoRefusal(uint256 v, uint256 p, Undo memory message) private view returns (bytes4) {
        uint256 closesAt = closesAtOf(v, p);
        if (closesAt == 0 || message.closesAt != closesAt) return ISubscriptionPlan.ChargeNotHeld.selector;
        if (undos[v][subscriberOf(p)] != 0) return ISubscriptionPlan.UndoUsed.selector;
        if (block.timestamp >= closesAt) return ISubscriptionPlan.UndoAfterClose.selector;
        return message.to == address(vaults[v]) ? IVault.RecipientForbidden.selector : bytes4(0);
    }

    /* MERCHANT */

    /// @notice By receiver, operator or a stranger; of the newest charge, or another; a second before it matures, or at it.
    function refund(uint256 seed, uint256 way) public {
        (uint256 v, uint256 p) = _pickHeld(seed);
        uint256 maturesAt = maturesAtOf(v, p);
        if (maturesAt != 0 && way % 8 < 2) _warpTo(maturesAt - (way % 8));
        way /= 8;
        uint256 closesAt = way % 8 == 0 ? closesAtOf(v, p) + 1 : closesAtOf(v, p);
        address by = way % 8 == 1 ? pairAt(p).subscriber : (way % 2 == 0 ? _operatorOf(v).addr : _receiverOf(v).addr);
        bytes4 refusal;
        if (way % 8 == 1) refusal = ISubscriptionPlan.NotMerchant.selector;
        else if (maturesAt == 0 || closesAt != closesAtOf(v, p)) refusal = ISubscriptionPlan.ChargeNotHeld.selector;
        else if (block.timestamp >= maturesAt) refusal = ISubscriptionPlan.ChargeMatured.selector;

        uint256 amount = amountOf(v, p);
        address subscriber = pairAt(p).subscriber;
        uint256 before = tokens[_tokenOf(v)].balanceOf(subscriber);
        bytes memory call = abi.encodeCall(ISubscriptionPlan.refund, (pairAt(p), closesAt, PAYOUT_GAS));
        if (!_try("refund", by, v, call, refusal)) return;
        _note(Journal.Kind.RefundedBySeller, _newest[v][p] - 1, amount, subscriber);
        _notePayout(v, _tokenOf(v), subscriber, subscriber, amount, before);
        _newest[v][p] = 0;
        if (table.next(v, p) != 0) table.giveBack(v, p);
    }

    /// @notice With exactly what is missing, or not.
    function endFor(uint256 seed, uint256 way) external {
        (uint256 v, uint256 p) = _pickPair(seed);
        (uint256 owed, uint256 held) = owedOf(v, p);
        uint256 topUp = owed - held;
        address merchant = way % 8 == 1 ? _stranger.addr : _receiverOf(v).addr;
        if (way % 8 == 0) topUp += 1;
        bytes4 refusal;
        if (way % 8 == 1) refusal = ISubscriptionPlan.NotMerchant.selector;
        else if (way % 8 == 0) refusal = ISubscriptionPlan.TopUpWrong.selector;
        else if (topUp != 0 && _blocked(_tokenOf(v), merchant, address(vaults[v]))) {
            refusal = ISubscriptionPlan.PullFailed.selector;
        }
        if (refusal == 0) _fund(v, merchant, topUp);

        address subscriber = pairAt(p).subscriber;
        uint256 before = tokens[_tokenOf(v)].balanceOf(subscriber);
        bytes memory call = abi.encodeCall(ISubscriptionPlan.endFor, (pairAt(p), topUp, PERIOD_GAS));
        if (!_try("endFor", merchant, v, call, refusal)) return;
        if (topUp != 0) ++successes["topped up"];
        toppedUpBy[v][_tokenOf(v)][merchant] += topUp;
        _noteEnded(v, p, owed, held, before);
    }

    function _fund(uint256 v, address merchant, uint256 topUp) private {
        Token3009 token = tokens[_tokenOf(v)];
        if (topUp != 0) token.mint(merchant, topUp);
        vm.prank(merchant);
        token.approve(address(vaults[v]), topUp);
    }

    function _noteEnded(uint256 v, uint256 p, uint256 owed, uint256 held, uint256 before) private {
        (uint256 t, address subscriber) = (_tokenOf(v), pairAt(p).subscriber);
        if (held != 0) {
            _note(Journal.Kind.RefundedBySeller, _newest[v][p] - 1, held, subscriber);
            _newest[v][p] = 0;
        }
        // The merchant's own money goes through.
        _noteFor(Journal.Kind.Refunded, v, t, subscriber, owed - held);
        _notePayout(v, t, subscriber, subscriber, owed, before);
        _noteCanceled(v, p, true);
    }

    /// @notice Rarely, so that plans live.
    function closeOrEnd(uint256 vaultSeed, uint256 way) external {
        uint256 v = vaultSeed % VAULTS;
        uint256 stage = way % 2 == 0 ? 1 : 2;
        address by = (way / 2) % 4 == 0 ? _operatorOf(v).addr : _stranger.addr;
        bytes4 refusal;
        if (by == _stranger.addr) refusal = ISubscriptionPlan.NotMerchant.selector;
        else if (stageOf[v] >= stage) refusal = ISubscriptionPlan.PlanStagePassed.selector;
        bytes memory call =
            stage == 1 ? abi.encodeCall(ISubscriptionPlan.close, ()) : abi.encodeCall(ISubscriptionPlan.end, ());
        if (!_try(stage == 1 ? bytes32("close") : bytes32("end"), by, v, call, refusal)) return;
        stageOf[v] = stage;
        _refused(by, address(vaults[v]), call, ISubscriptionPlan.PlanStagePassed.selector);
    }

    /* CLAIM */

    /// @notice The hour of some charge, twice in the list; a second before it matures, at it, or now.
    function claim(uint256 seed, uint256 way) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        (uint256 v, uint256 t) = (entry.vault, entry.token);
        uint256 maturesAt = uint256(entry.hour) * 1 hours;
        if (maturesAt != 0 && way % 4 < 2) _warpTo(maturesAt - (way % 2));
        uint32[] memory buckets = new uint32[](2);
        (buckets[0], buckets[1]) = (entry.hour, entry.hour);
        uint256 amount = journal.maturing(v, t, entry.hour);
        if (entry.hour == 0) amount = 0;
        bytes4 refusal;
        if (block.timestamp < maturesAt) refusal = IMaturing.ClaimBeforeMaturity.selector;
        else if (amount == 0) refusal = IMaturing.ClaimEmpty.selector;
        uint256[2] memory purses = _pursesOf(v);
        bytes memory call = abi.encodeCall(IMaturing.claim, (address(tokens[t]), buckets, PAYOUT_GAS));
        if (!_try("claim", _stranger.addr, v, call, refusal)) return;
        _noteIn(Journal.Kind.Claimed, v, t, entry.hour, amount);
        _noteRelease(v, amount, purses);
    }

    /* AGAIN */

    /// @notice What was signed and carried out is presented again: a Subscribe, a Cancel, an Undo.
    function presentAgain(uint256 seed) external {
        if (_used.length == 0) return;
        Used storage used = _used[seed % _used.length];
        vm.prank(_stranger.addr);
        (bool success, ) = address(vaults[used.plan]).call(used.call);
        if (success) ++wrongRefusals;
        else ++successes["presented again"];
    }

    /* TIME */

    /// @notice To an edge of a pair: where a period begins, is missed, cannot be undone or matures; or a second before it.
    function travelToEdge(uint256 seed, uint256 way) external {
        (uint256 v, uint256 p) = _pickPair(seed);
        (bool isFound, , uint256 start, uint256 until) = table.chargeable(v, p, block.timestamp);
        uint256 edge = way % 4 == 0 ? start : (way % 4 == 1 ? until : closesAtOf(v, p));
        if (way % 4 == 3) edge = maturesAtOf(v, p);
        if (edge == 0 || (!isFound && way % 4 < 2)) return;
        _warpTo(edge - ((way / 4) % 2));
    }

    /* ACTIONS */

    /// @dev Freezing and releasing surplus are the same for every vault, and are left to the refund window's runs. What keeps
    /// subscriptions going comes more often.
    function actions() external pure override returns (bytes4[] memory list) {
        list = new bytes4[](28);
        (list[0], list[1], list[2]) = (this.subscribe.selector, this.subscribe.selector, this.subscribe.selector);
        (list[3], list[4], list[5]) = (this.charge.selector, this.charge.selector, this.charge.selector);
        (list[6], list[7], list[8]) = (this.payPeriod.selector, this.payPeriod.selector, this.payPast.selector);
        (list[9], list[10], list[11]) = (this.record.selector, this.cancelSubscription.selector, this.undo.selector);
        (list[12], list[13], list[14]) = (this.refund.selector, this.endFor.selector, this.closeOrEnd.selector);
        (list[15], list[16], list[17]) = (this.claim.selector, this.withdraw.selector, this.presentAgain.selector);
        (list[18], list[19], list[20]) = (this.travel.selector, this.travelToEdge.selector, this.setTrouble.selector);
        (list[21], list[22], list[23]) = (this.setAllowance.selector, this.setPurse.selector, this.stray.selector);
        (list[24], list[25], list[26]) = (
            this.announceAssignment.selector,
            this.assign.selector,
            this.undoAgain.selector
        );
        list[27] = this.payAhead.selector;
    }
}
