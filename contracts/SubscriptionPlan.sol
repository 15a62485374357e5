// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Maturing} from "./base/Maturing.sol";
import {Surplus} from "./base/Surplus.sol";
import {IReceiptVerifier} from "./interfaces/IReceiptVerifier.sol";
import {ISubscriptionPlan} from "./interfaces/ISubscriptionPlan.sol";
import {IVault} from "./interfaces/IVault.sol";
import {MaturityLedger} from "./libraries/MaturityLedger.sol";
import {PeriodLib} from "./libraries/PeriodLib.sol";
import {TokenLib} from "./libraries/TokenLib.sol";
import {TypedDataLib} from "./libraries/TypedDataLib.sol";
import {Ledger} from "./types/Ledger.sol";
import {PaymentId} from "./types/Payment.sol";
import {Pair, PairId, Permit, Subscription, SubscriptionWord, Used, packSubscription} from "./types/Subscription.sol";
import {PeriodUnit, SubscriptionPlanTerms, VaultTerms} from "./types/Terms.sol";
import {Cancel, Subscribe, Undo} from "./types/TypedData.sol";

/// @title SubscriptionPlan
/// @notice A vault that charges who subscribed: one signature, then one pull a period, each refundable for the days of the terms.
/// @dev PROMISES
/// - A subscriber is charged at most once a period, and only within `grace` of its start; a period that was not charged by then is
///   never charged. After two in a row, after a cancel, an undo or the last period that was signed for, nothing is charged.
/// - Each charge is the price times the signed quantity, for the periods that follow from the anchor. Nobody can change either.
/// - Until `closesAt` the subscriber can take back the newest charge, less the non-refundable share, without asking anybody;
///   once for each subscriber and plan. Until it matures the merchant can give it back, all of it, to the subscriber only.
/// - Access lasts as long as it was paid or on trial under this plan, and one trial is given to a subscriber.
/// - A subscriber that cannot be charged keeps nobody else from being charged, and no caller's gas makes a charge fail.
/// - A Subscribe is used once, and dies with every cancel of its pair, landed or not.
///
/// ASSUMPTIONS
/// - Those of `Vault` and `Surplus`.
/// - The chain's clock is right to some seconds; a period is an hour or more.
///
/// NOT CHECKED
/// - That the subscriber's next charge is covered, beyond the allowance when it subscribes.
/// - That two subscribers are two people: whoever comes with a fresh key gets a fresh trial and a fresh undo.
/// - Who subscribes or pays anew while a canceled charge can still be undone gives that undo up.
contract SubscriptionPlan is ISubscriptionPlan, Maturing {
    using MaturityLedger for Ledger;
    using SafeCast for uint256;

    uint40 private constant MIN_PERIOD_SECONDS = 1 hours;
    uint40 private constant MAX_PERIOD_SECONDS = 5 * 365 days;
    uint40 private constant MIN_PERIOD_MONTHS = 1;
    uint40 private constant MAX_PERIOD_MONTHS = 60;
    uint40 private constant MAX_TRIAL = 365 days;
    uint256 private constant ENCODED_TERMS_LENGTH = 448;
    /// @dev Places of fields in `SubscriptionPlanTerms`; the first five are those of `VaultTerms`.
    uint256 private constant TOKEN_INDEX = 5;
    uint256 private constant PRICE_INDEX = 6;
    uint256 private constant PERIOD_UNIT_INDEX = 7;
    uint256 private constant PERIOD_LENGTH_INDEX = 8;
    uint256 private constant GRACE_INDEX = 9;
    uint256 private constant TRIAL_INDEX = 10;
    uint256 private constant SETUP_FEE_INDEX = 11;
    uint256 private constant REFUND_WINDOW_INDEX = 12;
    uint256 private constant NON_REFUNDABLE_BPS_INDEX = 13;

    /// @dev A cancel passes over the serial of a Subscribe that may land before it.
    uint32 private constant SERIALS_OF_CANCEL = 2;

    mapping(PairId pair => SubscriptionWord) private _subscriptions;
    mapping(address subscriber => Used) private _used;
    /// @dev Payments that have been booked, as periods or as credits.
    mapping(PaymentId id => bool) private _known;
    PlanStage private _stage;

    /// @notice What a batch reads and computes once.
    /// @param token The ERC-20 token.
    /// @param price Of one period and one unit, in the token's smallest unit.
    /// @param grace Seconds from a period's start in which it can be charged.
    /// @param closesAt Until when a charge of now can be undone; zero without a window.
    /// @param unit What `length` counts.
    /// @param length Of one period.
    /// @param tokenGas The most that the token may use for one pull.
    /// @param neededGas What has to be left for that.
    struct ChargeTerms {
        address token;
        uint256 price;
        uint256 grace;
        uint256 closesAt;
        PeriodUnit unit;
        uint256 length;
        uint256 tokenGas;
        uint256 neededGas;
    }

    constructor(IReceiptVerifier receiptVerifier_) EIP712("Recourse SubscriptionPlan", "1") Surplus(receiptVerifier_) {}

    /* TERMS */

    /// @inheritdoc ISubscriptionPlan
    function checkTerms(bytes calldata encoded) external pure override(ISubscriptionPlan, IVault) {
        if (encoded.length != ENCODED_TERMS_LENGTH) revert TermsLengthWrong(encoded.length, ENCODED_TERMS_LENGTH);
        SubscriptionPlanTerms memory newTerms = abi.decode(encoded, (SubscriptionPlanTerms));

        _checkVaultTerms(
            VaultTerms({
                receiver: newTerms.receiver,
                operator: newTerms.operator,
                feeReceiver: newTerms.feeReceiver,
                feeBps: newTerms.feeBps,
                salt: newTerms.salt
            })
        );
        if (newTerms.token == address(0)) revert TermsWithoutToken();
        if (newTerms.price == 0) revert TermsWithoutPrice();
        if (newTerms.trial > MAX_TRIAL) revert TermsTrialTooLong(newTerms.trial, MAX_TRIAL);
        _checkPeriod(newTerms);
    }

    function _checkPeriod(SubscriptionPlanTerms memory newTerms) private pure {
        bool isMonths = newTerms.periodUnit == PeriodUnit.Months;
        uint40 minimum = isMonths ? MIN_PERIOD_MONTHS : MIN_PERIOD_SECONDS;
        uint40 maximum = isMonths ? MAX_PERIOD_MONTHS : MAX_PERIOD_SECONDS;
        if (newTerms.periodLength < minimum || newTerms.periodLength > maximum) {
            revert TermsPeriodOutOfBounds(newTerms.periodLength, minimum, maximum);
        }
        uint256 shortest = PeriodLib.shortest(newTerms.periodUnit, newTerms.periodLength);
        if (newTerms.grace == 0 || newTerms.grace > shortest / 2) {
            revert TermsGraceOutOfBounds(newTerms.grace, shortest / 2);
        }
        uint40 window = newTerms.refundWindow;
        if (window > shortest - newTerms.grace) revert TermsRefundWindowTooLong(window, shortest - newTerms.grace);
        if (newTerms.nonRefundableBps >= BPS || (window == 0 && newTerms.nonRefundableBps != 0)) {
            revert TermsNonRefundableWrong(newTerms.nonRefundableBps, window);
        }
    }

    /// @inheritdoc ISubscriptionPlan
    function terms() external view onlyClone returns (SubscriptionPlanTerms memory) {
        return abi.decode(_encodedTerms(), (SubscriptionPlanTerms));
    }

    function _token() private view returns (address) {
        return address(uint160(_term(TOKEN_INDEX)));
    }

    function _price() private view returns (uint256) {
        return _term(PRICE_INDEX);
    }

    function _grace() private view returns (uint40) {
        return uint40(_term(GRACE_INDEX));
    }

    function _startOf(uint40 anchor, uint256 index) private view returns (uint40) {
        PeriodUnit unit = PeriodUnit(_term(PERIOD_UNIT_INDEX));
        return PeriodLib.startOf(unit, _term(PERIOD_LENGTH_INDEX), anchor, index);
    }

    function _chargeTerms(uint256 tokenGas) private view returns (ChargeTerms memory) {
        return
            ChargeTerms({
                token: _token(),
                price: _price(),
                grace: _grace(),
                closesAt: _newDeadline(),
                unit: PeriodUnit(_term(PERIOD_UNIT_INDEX)),
                length: _term(PERIOD_LENGTH_INDEX),
                tokenGas: tokenGas,
                neededGas: _gasNeededFor(tokenGas)
            });
    }

    /* SUBSCRIBE */

    /// @inheritdoc ISubscriptionPlan
    function subscribe(
        Subscribe calldata message,
        Permit calldata permit,
        uint256 payoutGas
    ) external onlyClone nonReentrant returns (PairId pair) {
        if (msg.sender != message.subscriber) revert NotSubscriber(msg.sender, message.subscriber);

        pair = _subscribe(message, permit, payoutGas);
    }

    /// @inheritdoc ISubscriptionPlan
    function subscribeWithSignature(
        Subscribe calldata message,
        bytes calldata signature,
        Permit calldata permit,
        uint256 payoutGas
    ) external onlyClone nonReentrant returns (PairId pair) {
        _checkSignature(message.subscriber, TypedDataLib.hash(message), message.deadline, signature);

        pair = _subscribe(message, permit, payoutGas);
    }

    function _subscribe(
        Subscribe calldata message,
        Permit calldata permit,
        uint256 payoutGas
    ) private returns (PairId pair) {
        pair = _pairOf(message.subscriber, message.beneficiary);
        SubscriptionWord word = _subscriptions[pair];
        Subscription memory subscription = word.unpack();
        _checkSubscribe(message, pair, subscription, _isLive(word));

        uint256 charged = _begin(message, subscription) + _term(SETUP_FEE_INDEX);
        if (charged > message.maxFirstCharge) revert FirstChargeTooHigh(charged, message.maxFirstCharge);
        subscription.serial += 1;
        subscription.isCanceled = false;

        // Booked after the money has arrived, so that nobody who is called meanwhile can read more than the plan has.
        _fund(message, permit, charged, payoutGas);
        _subscriptions[pair] = packSubscription(subscription);

        emit Subscribed({
            pair: pair,
            subscriber: message.subscriber,
            beneficiary: message.beneficiary,
            quantity: subscription.quantity,
            anchor: subscription.anchor,
            nextIndex: subscription.nextIndex,
            endIndex: subscription.endIndex,
            paidThrough: subscription.paidThrough,
            charged: charged,
            closesAt: subscription.closesAt,
            serial: subscription.serial
        });

        _earn(_token(), charged, _newDeadline(), payoutGas);
    }

    function _checkSubscribe(
        Subscribe calldata message,
        PairId pair,
        Subscription memory subscription,
        bool isLive
    ) private view {
        if (_stage != PlanStage.Open) revert PlanNotOpen(_stage);
        if (message.beneficiary == address(0)) revert SubscribeWithoutBeneficiary();
        if (message.serial != subscription.serial) revert SerialMismatch(pair, subscription.serial, message.serial);
        if (isLive) revert AlreadySubscribed(pair);

        bool hasTime = block.timestamp < subscription.paidThrough;
        (uint256 quantity, uint256 maxPeriods) = (message.quantity, message.maxPeriods);
        uint256 limit = type(uint16).max - (hasTime ? subscription.nextIndex : 0);
        if (quantity == 0 || quantity > type(uint16).max || maxPeriods == 0 || maxPeriods > limit) {
            revert SubscribeOutOfBounds(quantity, maxPeriods);
        }
        // Else time that was paid for one could be used by many.
        if (hasTime && quantity != subscription.quantity) {
            revert QuantityDiffers(pair, subscription.quantity, quantity, subscription.paidThrough);
        }
    }

    /// @dev Where the periods of a new subscription begin: where the paid time ends, after the trial, or now.
    /// @return price What the first period costs now; zero when it begins later.
    function _begin(Subscribe calldata message, Subscription memory subscription) private returns (uint256 price) {
        if (block.timestamp < subscription.paidThrough) {
            // The periods go on counting, so that the days of the month stay what they are.
            subscription.endIndex = (subscription.nextIndex + message.maxPeriods).toUint16();
            return 0;
        }
        Used storage used = _used[message.subscriber];
        bool isTrial = _term(TRIAL_INDEX) != 0 && !used.trial;
        if (isTrial) used.trial = true;

        subscription.quantity = message.quantity.toUint16();
        subscription.endIndex = message.maxPeriods.toUint16();
        subscription.anchor = (block.timestamp + (isTrial ? _term(TRIAL_INDEX) : 0)).toUint40();
        _openPeriods(subscription, isTrial ? 0 : 1);
        return isTrial ? 0 : _price() * message.quantity;
    }

    /// @dev Periods from the anchor, of which `paid` are paid now.
    function _openPeriods(Subscription memory subscription, uint16 paid) private view {
        subscription.nextIndex = paid;
        subscription.paidThrough = _startOf(subscription.anchor, paid);
        subscription.closesAt = paid == 0 ? 0 : _newDeadline();
        subscription.refunded <<= 1;
    }

    /// @dev Takes the first charge, and insists on an allowance for one period more than none.
    function _fund(Subscribe calldata message, Permit calldata permit, uint256 charged, uint256 payoutGas) private {
        (address token, address subscriber) = (_token(), message.subscriber);
        if (permit.signature.length != 0) TokenLib.tryPermit(token, subscriber, permit);

        uint256 needed = Math.max(charged, _price() * message.quantity);
        uint256 allowance = TokenLib.allowanceOf(token, subscriber);
        if (allowance < needed) revert AllowanceTooLow(token, allowance, needed);

        _receive(token, subscriber, charged, payoutGas);
    }

    /// @dev Takes all of `amount` from who agreed to it, or reverts.
    function _receive(address token, address from, uint256 amount, uint256 tokenGas) private {
        if (amount == 0) return;
        // Else the caller's mistake would be told as the token's refusal.
        if (tokenGas < MIN_PAYOUT_GAS) revert PayoutGasTooLow(tokenGas, MIN_PAYOUT_GAS);
        uint256 expected = TokenLib.balanceOf(token) + amount;
        _checkGasFor(tokenGas);
        ChargeResult result = _pull(token, from, amount, tokenGas);
        if (result != ChargeResult.Charged) revert PullFailed(from, amount, result);
        _checkReceived(token, expected);
    }

    /* CHARGE */

    /// @inheritdoc ISubscriptionPlan
    function charge(
        Pair[] calldata pairs,
        uint256 tokenGas
    ) external onlyClone nonReentrant returns (ChargeResult[] memory results) {
        if (_stage == PlanStage.Ended) revert PlanEnded();
        if (tokenGas < MIN_ITEM_GAS) revert ItemGasTooLow(tokenGas, MIN_ITEM_GAS);
        ChargeTerms memory chargeTerms = _chargeTerms(tokenGas);
        uint256 balanceBefore = TokenLib.balanceOf(chargeTerms.token);
        results = new ChargeResult[](pairs.length);
        PairId[] memory charged = new PairId[](pairs.length);
        uint256 count = 0;
        uint256 total = 0;

        for (uint256 i = 0; i < pairs.length; ++i) {
            Pair calldata item = pairs[i];
            PairId pair = _pairOf(item.subscriber, item.beneficiary);
            (ChargeResult result, uint256 amount) = _charge(pair, item.subscriber, chargeTerms);
            results[i] = result;
            if (result == ChargeResult.Charged) {
                charged[count++] = pair;
                total += amount;
            } else if (result != ChargeResult.NotDue) {
                emit ChargeFailed(pair, result);
            }
        }
        if (count == 0) return results;

        _checkReceived(chargeTerms.token, balanceBefore + total);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            mstore(charged, count)
        }

        emit Charged(charged, total);

        _earn(chargeTerms.token, total, uint40(chargeTerms.closesAt), tokenGas);
    }

    /// @dev One of many: an item that cannot be charged is left as it is.
    function _charge(
        PairId pair,
        address subscriber,
        ChargeTerms memory chargeTerms
    ) private returns (ChargeResult result, uint256 amount) {
        SubscriptionWord word = _subscriptions[pair];
        (uint256 index, uint256 from) = _nextCharge(word, chargeTerms.grace, chargeTerms.unit, chargeTerms.length);
        if (from == 0 || block.timestamp < from) return (ChargeResult.NotDue, 0);

        amount = chargeTerms.price * word.quantity();
        // Else a caller could starve the token, and have it recorded as refusing.
        _checkGas(chargeTerms.neededGas);
        result = _pull(chargeTerms.token, subscriber, amount, chargeTerms.tokenGas);
        if (result != ChargeResult.Charged) return (result, 0);

        ++index;
        uint256 paidThrough = PeriodLib.startOf(chargeTerms.unit, chargeTerms.length, word.anchor(), index);
        _subscriptions[pair] = word.withCharge(index, paidThrough, chargeTerms.closesAt);
    }

    /// @dev The next period that can be charged, and from when. After the newest that was charged, only the next two can be, and
    /// each only within its grace: what was skipped is never charged later.
    /// @return index Of the period.
    /// @return from First Unix second at which it can be charged; zero when there is none.
    function _nextCharge(
        SubscriptionWord word,
        uint256 grace,
        PeriodUnit unit,
        uint256 length
    ) private view returns (uint256 index, uint256 from) {
        (index, from) = (word.nextIndex(), word.paidThrough());
        uint256 endIndex = word.endIndex();
        if (index >= endIndex) return (0, 0);
        if (block.timestamp < from + grace) return (index, from);

        if (++index >= endIndex) return (0, 0);
        from = PeriodLib.startOf(unit, length, word.anchor(), index);
        return block.timestamp < from + grace ? (index, from) : (0, 0);
    }

    function _nextCharge(SubscriptionWord word) private view returns (uint256 from) {
        PeriodUnit unit = PeriodUnit(_term(PERIOD_UNIT_INDEX));
        (, from) = _nextCharge(word, _grace(), unit, _term(PERIOD_LENGTH_INDEX));
    }

    /// @dev Whether something may still be charged.
    function _isLive(SubscriptionWord word) private view returns (bool) {
        return _nextCharge(word) != 0;
    }

    /// @dev Takes `amount` out of the subscriber's allowance; the subscriber signed for it.
    function _pull(address token, address subscriber, uint256 amount, uint256 tokenGas) private returns (ChargeResult) {
        if (TokenLib.tryPull(token, subscriber, amount, tokenGas)) return ChargeResult.Charged;

        if (TokenLib.allowanceOf(token, subscriber) < amount) return ChargeResult.AllowanceTooLow;
        if (TokenLib.balanceOf(token, subscriber) < amount) return ChargeResult.BalanceTooLow;
        return ChargeResult.Refused;
    }

    /// @dev More than expected is surplus, and no reason to charge nobody.
    function _checkReceived(address token, uint256 expected) private view {
        uint256 balance = TokenLib.balanceOf(token);
        if (balance < expected) revert TokenLib.ReceivedOtherAmount(token, balance, expected);
    }

    /// @dev What was charged is held for the window of the terms, or paid out at once where there is none.
    function _earn(address token, uint256 amount, uint40 closesAt, uint256 payoutGas) private {
        if (amount == 0) return;
        if (closesAt == 0) _release(token, amount, (amount * _feeBps()) / BPS, payoutGas);
        else _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount);
    }

    /* PAY: ONE PERIOD AT A TIME */

    function _isKnown(PaymentId id) internal view override returns (bool) {
        return _known[id];
    }

    /// @dev Zero where nothing is held.
    function _newDeadline() internal view override returns (uint40 closesAt) {
        uint256 window = _term(REFUND_WINDOW_INDEX);
        return window == 0 ? 0 : (block.timestamp + window).toUint40();
    }

    function _refusalOf(address token, address payer, uint256 amount) internal view override returns (uint8) {
        return uint8(_periodRefusalOf(token, payer, amount));
    }

    function _periodRefusalOf(address token, address payer, uint256 amount) private view returns (PeriodRefusal) {
        if (token != _token()) return PeriodRefusal.OtherToken;
        if (amount != _price()) return PeriodRefusal.NotOnePrice;
        if (_term(SETUP_FEE_INDEX) != 0) return PeriodRefusal.HasSetupFee;
        if (_stage != PlanStage.Open) return PeriodRefusal.Closed;

        SubscriptionWord word = _subscriptions[_pairOf(payer, payer)];
        if (_isLive(word)) return PeriodRefusal.Subscribed;
        if (block.timestamp >= word.paidThrough()) return PeriodRefusal.None;
        if (word.quantity() != 1) return PeriodRefusal.OtherQuantity;
        return word.nextIndex() == type(uint16).max ? PeriodRefusal.TooManyPeriods : PeriodRefusal.None;
    }

    function _open(
        PaymentId id,
        address token,
        address payer,
        bytes32 nonce,
        uint256 amount,
        uint40 closesAt
    ) internal override returns (uint256 amountHeld) {
        _known[id] = true;
        PeriodRefusal refusal = _periodRefusalOf(token, payer, amount);
        if (refusal != PeriodRefusal.None) {
            emit PaymentCredited(id, payer, token, nonce, amount, refusal);

            _credit(token, payer, amount);
            return 0;
        }

        Subscription memory subscription = _addPeriod(payer);

        emit PeriodPaid({
            id: id,
            payer: payer,
            token: token,
            nonce: nonce,
            amount: amount,
            anchor: subscription.anchor,
            nextIndex: subscription.nextIndex,
            paidThrough: subscription.paidThrough,
            closesAt: closesAt
        });

        return amount;
    }

    /// @dev One period more at the end of what is paid, or from now.
    function _addPeriod(address payer) private returns (Subscription memory subscription) {
        PairId pair = _pairOf(payer, payer);
        subscription = _subscriptions[pair].unpack();
        if (block.timestamp < subscription.paidThrough) {
            _openPeriods(subscription, subscription.nextIndex + 1);
        } else {
            subscription.anchor = block.timestamp.toUint40();
            subscription.quantity = 1;
            _openPeriods(subscription, 1);
        }
        subscription.endIndex = 0;
        subscription.isCanceled = false;
        _subscriptions[pair] = packSubscription(subscription);
    }

    function _hold(address token, uint256 amount, uint40 closesAt) internal override {
        if (closesAt != 0) {
            if (amount != 0) _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount);
            return;
        }
        uint256 fee = (amount * _feeBps()) / BPS;
        _credit(token, _receiver(), amount - fee);
        _credit(token, _feeReceiver(), fee);
    }

    /* CANCEL */

    /// @inheritdoc ISubscriptionPlan
    function cancel(address beneficiary, bool immediately) external onlyClone nonReentrant {
        Pair memory pair = Pair({subscriber: msg.sender, beneficiary: beneficiary});
        PairId id = _pairOf(msg.sender, beneficiary);
        Subscription memory subscription = _subscriptions[id].unpack();

        _cancel(id, pair, subscription, msg.sender, immediately);
    }

    /// @inheritdoc ISubscriptionPlan
    function cancelWithSignature(Cancel calldata message, bytes calldata signature) external onlyClone nonReentrant {
        _checkSignature(message.subscriber, TypedDataLib.hash(message), message.deadline, signature);
        Pair memory pair = Pair({subscriber: message.subscriber, beneficiary: message.beneficiary});
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);
        Subscription memory subscription = _subscriptions[id].unpack();
        // A Subscribe of the same serial may have been put before it. Both are passed over, so that it works once.
        uint32 serial = subscription.serial;
        if (message.serial > serial || serial - message.serial > 1) revert SerialMismatch(id, serial, message.serial);

        _cancel(id, pair, subscription, pair.subscriber, message.immediately);
    }

    function _cancel(
        PairId id,
        Pair memory pair,
        Subscription memory subscription,
        address by,
        bool immediately
    ) private {
        subscription.serial += SERIALS_OF_CANCEL;
        subscription.endIndex = 0;
        subscription.isCanceled = true;
        if (immediately) _endAccessAt(subscription, block.timestamp.toUint40());
        _subscriptions[id] = packSubscription(subscription);

        emit Canceled(id, pair.subscriber, pair.beneficiary, by, subscription.paidThrough, subscription.serial);
    }

    function _endAccessAt(Subscription memory subscription, uint40 time) private pure {
        if (time < subscription.paidThrough) subscription.paidThrough = time;
    }

    /* UNDO */

    /// @inheritdoc ISubscriptionPlan
    function undo(
        address beneficiary,
        uint256 closesAt,
        address to,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        Undo memory message = Undo({
            subscriber: msg.sender,
            beneficiary: beneficiary,
            closesAt: closesAt,
            to: to,
            deadline: 0
        });
        _undo(message, payoutGas);
    }

    /// @inheritdoc ISubscriptionPlan
    function undoWithSignature(
        Undo calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkSignature(message.subscriber, TypedDataLib.hash(message), message.deadline, signature);

        _undo(message, payoutGas);
    }

    function _undo(Undo memory message, uint256 payoutGas) private {
        Pair memory pair = Pair({subscriber: message.subscriber, beneficiary: message.beneficiary});
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);
        Used storage used = _used[pair.subscriber];
        Subscription memory subscription = _heldCharge(id, message.closesAt);
        uint40 closesAt = subscription.closesAt;

        if (used.undo) revert UndoUsed(pair.subscriber);
        if (block.timestamp >= closesAt) revert UndoAfterClose(id, closesAt, _maturesAt(closesAt));
        _checkRecipient(message.to);

        uint256 amount = _undoable(subscription);
        used.undo = true;
        subscription.closesAt = 0;
        subscription.nextIndex -= 1;
        subscription.refunded >>= 1;
        _endAccessAt(subscription, _startOf(subscription.anchor, subscription.nextIndex));
        address token = _token();
        _ledgers[token].remove(MaturityLedger.bucketOf(closesAt), amount);

        emit Undone(id, message.to, amount);

        _cancel({id: id, pair: pair, subscription: subscription, by: pair.subscriber, immediately: false});
        _payOut({token: token, owner: pair.subscriber, to: message.to, amount: amount, payoutGas: payoutGas});
    }

    /// @dev A subscription of which the newest charge has neither gone back nor been given up.
    function _heldCharge(PairId id, uint256 closesAt) private view returns (Subscription memory subscription) {
        subscription = _subscriptions[id].unpack();
        if (subscription.closesAt == 0 || subscription.closesAt != closesAt) {
            revert ChargeNotHeld(id, subscription.closesAt, closesAt);
        }
    }

    function _undoable(Subscription memory subscription) private view returns (uint256) {
        uint256 amount = _price() * subscription.quantity;
        return amount - (amount * _term(NON_REFUNDABLE_BPS_INDEX)) / BPS;
    }

    function _maturesAt(uint40 closesAt) private pure returns (uint40) {
        return MaturityLedger.maturesAt(MaturityLedger.bucketOf(closesAt));
    }

    /* MERCHANT */

    function _checkMerchant() private view {
        if (!_isSeller(msg.sender)) revert NotMerchant(msg.sender);
    }

    /// @inheritdoc ISubscriptionPlan
    function refund(Pair calldata pair, uint256 closesAt, uint256 payoutGas) external onlyClone nonReentrant {
        _checkMerchant();
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);
        Subscription memory subscription = _heldCharge(id, closesAt);
        uint40 maturesAt = _maturesAt(subscription.closesAt);
        if (block.timestamp >= maturesAt) revert ChargeMatured(id, maturesAt);

        uint256 amount = _price() * subscription.quantity;
        address token = _token();
        _ledgers[token].remove(MaturityLedger.bucketOf(subscription.closesAt), amount);
        subscription.closesAt = 0;
        subscription.refunded |= 1;
        _subscriptions[id] = packSubscription(subscription);

        emit Refunded({pair: id, by: msg.sender, amount: amount, held: amount});

        address subscriber = pair.subscriber;
        _payOut({token: token, owner: subscriber, to: subscriber, amount: amount, payoutGas: payoutGas});
    }

    /// @inheritdoc ISubscriptionPlan
    function cancelFor(Pair calldata pair) external onlyClone nonReentrant {
        _checkMerchant();
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);

        _cancel(id, pair, _subscriptions[id].unpack(), msg.sender, false);
    }

    /// @inheritdoc ISubscriptionPlan
    function endFor(Pair calldata pair, uint256 topUp, uint256 payoutGas) external onlyClone nonReentrant {
        _checkMerchant();
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);
        Subscription memory subscription = _subscriptions[id].unpack();
        (uint256 owed, uint256 held) = _owedOf(subscription);
        if (topUp != owed - held) revert TopUpWrong(id, topUp, owed - held);

        address token = _token();
        _receive(token, msg.sender, topUp, payoutGas);
        if (held != 0) {
            _ledgers[token].remove(MaturityLedger.bucketOf(subscription.closesAt), held);
            subscription.closesAt = 0;
        }
        if (owed != 0) emit Refunded({pair: id, by: msg.sender, amount: owed, held: held});

        _cancel({id: id, pair: pair, subscription: subscription, by: msg.sender, immediately: true});
        address subscriber = pair.subscriber;
        _payOut({token: token, owner: subscriber, to: subscriber, amount: owed, payoutGas: payoutGas});
    }

    /// @dev What the running period and those after it cost, but for what was refunded, and how much of it is held.
    function _owedOf(Subscription memory subscription) private view returns (uint256 owed, uint256 held) {
        if (block.timestamp >= subscription.paidThrough) return (0, 0);

        // Ends before the last period that is paid: as many steps as periods were bought ahead.
        uint256 first = subscription.nextIndex;
        uint256 refunded = subscription.refunded;
        uint256 amount = _price() * subscription.quantity;
        while (first != 0 && block.timestamp < _startOf(subscription.anchor, first)) {
            if (refunded & 1 == 0) owed += amount;
            refunded >>= 1;
            --first;
        }
        uint40 closesAt = subscription.closesAt;
        if (closesAt != 0 && block.timestamp < _maturesAt(closesAt)) held = amount;
    }

    /// @inheritdoc ISubscriptionPlan
    function close() external onlyClone nonReentrant {
        _enterStage(PlanStage.Closed);
    }

    /// @inheritdoc ISubscriptionPlan
    function end() external onlyClone nonReentrant {
        _enterStage(PlanStage.Ended);
    }

    function _enterStage(PlanStage stage) private {
        _checkMerchant();
        if (_stage >= stage) revert PlanStagePassed(_stage);

        _stage = stage;

        emit PlanStageChanged(stage);
    }

    /* VIEWS */

    function _pairOf(address subscriber, address beneficiary) private pure returns (PairId) {
        bytes32 hash = Hashes.efficientKeccak256(
            bytes32(uint256(uint160(subscriber))),
            bytes32(uint256(uint160(beneficiary)))
        );
        return PairId.wrap(hash);
    }

    /// @inheritdoc ISubscriptionPlan
    function isActive(address subscriber, address who) external view onlyClone returns (bool) {
        return block.timestamp < _subscriptions[_pairOf(subscriber, who)].paidThrough();
    }

    /// @inheritdoc ISubscriptionPlan
    function subscriptionOf(Pair calldata pair) external view onlyClone returns (SubscriptionView memory shown) {
        PairId id = _pairOf(pair.subscriber, pair.beneficiary);
        SubscriptionWord word = _subscriptions[id];
        Subscription memory subscription = word.unpack();
        Used storage used = _used[pair.subscriber];

        shown.pair = id;
        shown.status = _statusOf(word, subscription);
        shown.isActive = block.timestamp < subscription.paidThrough;
        shown.anchor = subscription.anchor;
        shown.paidThrough = subscription.paidThrough;
        shown.serial = subscription.serial;
        shown.quantity = subscription.quantity;
        shown.nextIndex = subscription.nextIndex;
        shown.endIndex = subscription.endIndex;
        shown.amount = _price() * subscription.quantity;
        if (_stage != PlanStage.Ended) {
            shown.chargeableFrom = uint40(_nextCharge(word));
            if (shown.chargeableFrom != 0) shown.chargeableUntil = shown.chargeableFrom + _grace();
        }
        shown.closesAt = subscription.closesAt;
        if (shown.closesAt != 0) shown.maturesAt = _maturesAt(shown.closesAt);
        if (block.timestamp < shown.closesAt && !used.undo) shown.undoable = _undoable(subscription);
        (shown.trialUsed, shown.undoUsed) = (used.trial, used.undo);
    }

    function _statusOf(
        SubscriptionWord word,
        Subscription memory subscription
    ) private view returns (SubscriptionStatus) {
        bool isActiveNow = block.timestamp < subscription.paidThrough;
        if (subscription.anchor == 0) return SubscriptionStatus.None;
        if (subscription.isCanceled) return SubscriptionStatus.Canceled;
        if (_stage == PlanStage.Ended || !_isLive(word)) {
            return isActiveNow ? SubscriptionStatus.Prepaid : SubscriptionStatus.Ended;
        }
        if (isActiveNow) return subscription.nextIndex == 0 ? SubscriptionStatus.Trialing : SubscriptionStatus.Active;
        bool isInGrace = block.timestamp < subscription.paidThrough + _grace();
        return isInGrace ? SubscriptionStatus.PastDue : SubscriptionStatus.Skipped;
    }

    /// @inheritdoc ISubscriptionPlan
    function periodStart(uint40 anchor, uint16 index) external view onlyClone returns (uint40) {
        return _startOf(anchor, index);
    }

    /// @inheritdoc ISubscriptionPlan
    function periodRefusalOf(
        address token,
        address payer,
        uint256 amount
    ) external view onlyClone returns (PeriodRefusal) {
        return _periodRefusalOf(token, payer, amount);
    }

    /// @inheritdoc ISubscriptionPlan
    function owedOf(Pair calldata pair) external view onlyClone returns (uint256 owed, uint256 held) {
        return _owedOf(_subscriptions[_pairOf(pair.subscriber, pair.beneficiary)].unpack());
    }

    /// @inheritdoc ISubscriptionPlan
    function planStage() external view returns (PlanStage) {
        return _stage;
    }
}
