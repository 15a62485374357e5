// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Bursts} from "./base/Bursts.sol";
import {Surplus} from "./base/Surplus.sol";
import {Vault} from "./base/Vault.sol";
import {IEscrow} from "./interfaces/IEscrow.sol";
import {IReceiptVerifier} from "./interfaces/IReceiptVerifier.sol";
import {IVault} from "./interfaces/IVault.sol";
import {MaturityLedger} from "./libraries/MaturityLedger.sol";
import {TokenLib} from "./libraries/TokenLib.sol";
import {TypedDataLib} from "./libraries/TypedDataLib.sol";
import {Hold, HoldState, packHold} from "./types/Hold.sol";
import {Ledger} from "./types/Ledger.sol";
import {Authorization, Method, NextAction, PaymentId, PaymentRef} from "./types/Payment.sol";
import {EscrowTerms, VaultTerms} from "./types/Terms.sol";
import {Capture, CaptureItem, CaptureMany, Void} from "./types/TypedData.sol";

/// @title Escrow
/// @notice A vault in which silence repays the buyer, and until then the operator captures what was earned.
/// @dev PROMISES
/// - Until `captureUntil` the operator, and nobody else, can capture, in parts, never more in all than was paid.
/// - Until then operator or receiver can return what is held; from then on anyone can, and nobody captures. It goes to the
///   payer only.
/// - What is captured goes to the receiver, less the fee, and nowhere else.
/// - What is held only shrinks, what was captured only grows, and each order says what it expects of both: none is carried
///   out twice, and none after the payment ended.
/// - A refund after capture is paid by who signed it, for one payment, once, and goes to its payer only.
/// - For each payment: captured + returned + held = paid.
///
/// ASSUMPTIONS
/// - Those of `Vault` and `Surplus`.
/// - The operator is honest: it can capture all that is held. Where the two sides do not trust one, it is a contract of buyer,
///   seller and judge.
/// - The chain's clock is right to some seconds; a capture window is ten minutes or more.
///
/// NOT CHECKED
/// - That what is captured was earned.
contract Escrow is IEscrow, Bursts, Surplus {
    using MaturityLedger for Ledger;
    using SafeCast for uint256;

    uint40 private constant MIN_CAPTURE_WINDOW = 10 minutes;
    uint40 private constant MAX_CAPTURE_WINDOW = 365 days;
    uint256 private constant ENCODED_TERMS_LENGTH = 192;
    /// @dev Place of the field in `EscrowTerms`; the first five are those of `VaultTerms`.
    uint256 private constant CAPTURE_WINDOW_INDEX = 5;

    mapping(PaymentId id => Hold) private _holds;
    mapping(PaymentId id => uint256 amount) private _refunded;

    constructor(IReceiptVerifier receiptVerifier_) EIP712("Recourse Escrow", "1") Surplus(receiptVerifier_) {}

    /* TERMS */

    /// @inheritdoc IEscrow
    function encodeTerms(EscrowTerms calldata newTerms) external pure returns (bytes memory) {
        _checkTerms(newTerms);

        return abi.encode(newTerms);
    }

    /// @inheritdoc IVault
    function checkTerms(bytes calldata encoded) external pure {
        if (encoded.length != ENCODED_TERMS_LENGTH) revert TermsLengthWrong(encoded.length, ENCODED_TERMS_LENGTH);
        _checkTerms(abi.decode(encoded, (EscrowTerms)));
    }

    function _checkTerms(EscrowTerms memory newTerms) private pure {
        _checkVaultTerms(
            VaultTerms({
                receiver: newTerms.receiver,
                operator: newTerms.operator,
                feeReceiver: newTerms.feeReceiver,
                feeBps: newTerms.feeBps,
                salt: newTerms.salt
            })
        );
        uint40 window = newTerms.captureWindow;
        if (window < MIN_CAPTURE_WINDOW || window > MAX_CAPTURE_WINDOW) {
            revert TermsCaptureWindowOutOfBounds(window, MIN_CAPTURE_WINDOW, MAX_CAPTURE_WINDOW);
        }
    }

    /// @inheritdoc IEscrow
    function terms() external view onlyClone returns (EscrowTerms memory) {
        return abi.decode(_encodedTerms(), (EscrowTerms));
    }

    /* PAY */

    function _isKnown(PaymentId id) internal view override returns (bool) {
        return Hold.unwrap(_holds[id]) != 0;
    }

    function _newDeadline() internal view override returns (uint40 captureUntil) {
        return (block.timestamp + _term(CAPTURE_WINDOW_INDEX)).toUint40();
    }

    function _open(
        PaymentId id,
        address token,
        address payer,
        bytes32 nonce,
        uint256 amount,
        uint40 captureUntil
    ) internal override returns (uint256) {
        _holds[id] = packHold(amount, 0, HoldState.Held, captureUntil);

        emit Authorized({id: id, payer: payer, token: token, nonce: nonce, amount: amount, captureUntil: captureUntil});

        return amount;
    }

    function _hold(address token, uint256 amount, uint40) internal override {
        _ledgers[token].owe(amount);
    }

    function _knownHold(PaymentId id) private view returns (Hold hold) {
        hold = _holds[id];
        if (hold.captureUntil() == 0) revert PaymentUnknown(id);
    }

    /// @dev A payment of which something is held.
    function _heldHold(PaymentId id) private view returns (Hold hold) {
        hold = _knownHold(id);
        if (hold.held() == 0) revert NothingHeld(id);
    }

    /// @dev A payment about which operator and receiver can still decide.
    function _runningHold(PaymentId id) private view returns (Hold hold) {
        hold = _heldHold(id);
        if (block.timestamp >= hold.captureUntil()) revert CaptureAfterDeadline(id, hold.captureUntil());
    }

    /* CAPTURE */

    /// @inheritdoc IEscrow
    function capture(
        PaymentRef calldata ref,
        uint256 amount,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkOperator();
        if (amount == 0) revert AmountZero();

        _capture(ref, _captureOf(ref, amount, false, expectedHeld, expectedCaptured), payoutGas);
    }

    /// @inheritdoc IEscrow
    function close(
        PaymentRef calldata ref,
        uint256 amount,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkOperator();

        _capture(ref, _captureOf(ref, amount, true, expectedHeld, expectedCaptured), payoutGas);
    }

    function _captureOf(
        PaymentRef calldata ref,
        uint256 amount,
        bool isFinal,
        uint256 expectedHeld,
        uint256 expectedCaptured
    ) private view returns (Capture memory) {
        return
            Capture({
                paymentId: _idOf(ref),
                amount: amount,
                isFinal: isFinal,
                expectedHeld: expectedHeld,
                expectedCaptured: expectedCaptured,
                deadline: 0
            });
    }

    /// @inheritdoc IEscrow
    function captureWithSignature(
        PaymentRef calldata ref,
        Capture calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkMessage(_idOf(ref), message.paymentId);
        _checkSignature(_operator(), TypedDataLib.hash(message), message.deadline, signature);
        if (message.amount == 0 && !message.isFinal) revert AmountZero();

        _capture(ref, message, payoutGas);
    }

    function _capture(PaymentRef calldata ref, Capture memory order, uint256 payoutGas) private {
        PaymentId id = order.paymentId;
        Hold hold = _runningHold(id);
        (uint256 held, uint256 captured) = (hold.held(), hold.captured());

        if (order.expectedHeld != held || order.expectedCaptured != captured) revert HoldChanged(id, held, captured);
        if (order.amount > held) revert CaptureExceedsHeld(id, order.amount, held);

        uint256 toPayer = order.isFinal ? held - order.amount : 0;
        uint256 fee = _book(id, hold, order.amount, order.isFinal);
        _ledgers[ref.token].settle(order.amount + toPayer);

        if (toPayer != 0) emit Returned(id, _operator(), toPayer);

        _payOut({token: ref.token, owner: ref.payer, to: ref.payer, amount: toPayer, payoutGas: payoutGas});
        address receiver = _receiver();
        uint256 toReceiver = order.amount - fee;
        _payOut({token: ref.token, owner: receiver, to: receiver, amount: toReceiver, payoutGas: payoutGas});
        address feeReceiver = _feeReceiver();
        _payOut({token: ref.token, owner: feeReceiver, to: feeReceiver, amount: fee, payoutGas: payoutGas});
    }

    /// @dev Books a capture in the payment's word.
    /// @return fee The part of it that goes to the fee receiver.
    function _book(PaymentId id, Hold hold, uint256 amount, bool isFinal) private returns (uint256 fee) {
        uint256 before = hold.captured();
        uint256 captured = before + amount;
        HoldState state = isFinal ? HoldState.Ended : HoldState.Held;
        _holds[id] = packHold(hold.paid(), captured, state, hold.captureUntil());

        // Of the total, so that parts cost what the whole would.
        uint256 feeBps = _feeBps();
        fee = (captured * feeBps) / BPS - (before * feeBps) / BPS;
        if (amount != 0) emit Captured(id, amount, fee, captured);
    }

    /// @inheritdoc IEscrow
    function captureMany(
        address token,
        CaptureItem[] calldata items
    ) external onlyClone nonReentrant returns (uint256 captured) {
        _checkOperator();

        captured = _captureMany(token, items);
    }

    /// @inheritdoc IEscrow
    function captureManyWithSignature(
        CaptureMany calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant returns (uint256 captured) {
        _checkSignature(_operator(), TypedDataLib.hash(message), message.deadline, signature);

        captured = _captureMany(message.token, message.items);
    }

    /// @dev What is captured changes its owner, and stays owed.
    function _captureMany(address token, CaptureItem[] calldata items) private returns (uint256 captured) {
        uint256 fees = 0;

        for (uint256 i = 0; i < items.length; ++i) {
            CaptureItem calldata item = items[i];
            PaymentId id = _idOf({method: Method.Eip3009, token: token, payer: item.payer, nonce: item.nonce});
            Hold hold = _holds[id];
            if (!_canCapture(hold, item)) continue;
            captured += item.amount;
            fees += _book(id, hold, item.amount, false);
        }

        _ledgers[token].settle(captured);
        _credit(token, _receiver(), captured - fees);
        _credit(token, _feeReceiver(), fees);
    }

    /// @dev Whether `capture` would do it.
    function _canCapture(Hold hold, CaptureItem calldata item) private view returns (bool) {
        uint256 held = hold.held();
        return
            item.amount != 0 &&
            item.amount <= held &&
            item.expectedHeld == held &&
            item.expectedCaptured == hold.captured() &&
            block.timestamp < hold.captureUntil();
    }

    /* RETURN */

    /// @inheritdoc IEscrow
    function void(PaymentRef calldata ref, uint256 expectedHeld, uint256 payoutGas) external onlyClone nonReentrant {
        _void(ref, Void({paymentId: _idOf(ref), by: msg.sender, expectedHeld: expectedHeld, deadline: 0}), payoutGas);
    }

    /// @inheritdoc IEscrow
    function voidWithSignature(
        PaymentRef calldata ref,
        Void calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkMessage(_idOf(ref), message.paymentId);
        _checkSignature(message.by, TypedDataLib.hash(message), message.deadline, signature);

        _void(ref, message, payoutGas);
    }

    function _void(PaymentRef calldata ref, Void memory order, uint256 payoutGas) private {
        (PaymentId id, address by) = (order.paymentId, order.by);
        if (!_isSeller(by)) revert NotSeller(id, by);
        Hold hold = _runningHold(id);
        if (order.expectedHeld != hold.held()) revert HoldChanged(id, hold.held(), hold.captured());

        _return({ref: ref, id: id, hold: hold, by: by, payoutGas: payoutGas});
    }

    /// @inheritdoc IEscrow
    function reclaim(PaymentRef calldata ref, uint256 payoutGas) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        Hold hold = _heldHold(id);
        if (block.timestamp < hold.captureUntil()) revert ReclaimBeforeDeadline(id, hold.captureUntil());

        _return({ref: ref, id: id, hold: hold, by: address(0), payoutGas: payoutGas});
    }

    function _return(PaymentRef calldata ref, PaymentId id, Hold hold, address by, uint256 payoutGas) private {
        uint256 amount = hold.held();

        _holds[id] = packHold(hold.paid(), hold.captured(), HoldState.Ended, hold.captureUntil());
        _ledgers[ref.token].settle(amount);

        emit Returned(id, by, amount);

        _payOut({token: ref.token, owner: ref.payer, to: ref.payer, amount: amount, payoutGas: payoutGas});
    }

    /* REFUND */

    /// @inheritdoc IEscrow
    function refund(
        PaymentRef calldata ref,
        Authorization calldata authorization,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        uint256 refunded = _refunded[id];
        uint256 refundable = _knownHold(id).captured() - refunded;
        (address token, address by, uint256 amount) = (ref.token, authorization.payer, authorization.value);
        bytes32 nonce = _refundNonce(id, refunded);
        PaymentId transferId = _idOf({method: Method.Eip3009, token: token, payer: by, nonce: nonce});

        if (amount == 0) revert AmountZero();
        if (authorization.token != token) revert RefundInOtherToken(id, authorization.token, token);
        if (authorization.nonce != nonce) revert RefundNonceWrong(id, authorization.nonce, nonce);
        if (amount > refundable) revert RefundExceedsCaptured(id, amount, refundable);
        if (_isKnown(transferId)) revert PaymentAlreadyKnown(transferId);

        refunded += amount;
        _refunded[id] = refunded;
        // Its receipt looks like that of a payment: recorded as one, it would be paid out of somebody else's money.
        _holds[transferId] = packHold(0, 0, HoldState.Refund, 0);

        emit Refunded(id, by, amount, refunded);

        TokenLib.receiveAsRecipient(authorization);
        _payOut({token: token, owner: ref.payer, to: ref.payer, amount: amount, payoutGas: payoutGas});
    }

    function _refundNonce(PaymentId id, uint256 refunded) private pure returns (bytes32) {
        return keccak256(abi.encode(id, refunded));
    }

    /* VIEWS */

    /// @inheritdoc IEscrow
    function paymentOf(PaymentRef calldata ref) external view onlyClone returns (EscrowPayment memory payment) {
        PaymentId id = _idOf(ref);
        Hold hold = _holds[id];

        payment.id = id;
        payment.status = _statusOf(hold);
        payment.paid = hold.paid();
        payment.captured = hold.captured();
        payment.held = hold.held();
        payment.returned = payment.paid - payment.captured - payment.held;
        payment.refunded = _refunded[id];
        payment.captureUntil = hold.captureUntil();
    }

    function _statusOf(Hold hold) private view returns (EscrowStatus) {
        if (Hold.unwrap(hold) == 0) return EscrowStatus.None;
        if (hold.held() == 0) return EscrowStatus.Ended;
        return block.timestamp < hold.captureUntil() ? EscrowStatus.Held : EscrowStatus.Expired;
    }

    /// @inheritdoc IEscrow
    function refundNonceOf(PaymentRef calldata ref) external view onlyClone returns (bytes32) {
        PaymentId id = _idOf(ref);
        return _refundNonce(id, _refunded[id]);
    }

    /// @inheritdoc IEscrow
    function nextActions(PaymentRef calldata ref) external view onlyClone returns (NextAction[] memory actions) {
        PaymentId id = _idOf(ref);
        Hold hold = _holds[id];
        EscrowStatus status = _statusOf(hold);
        (uint40 captureUntil, uint40 timestamp) = (hold.captureUntil(), block.timestamp.toUint40());
        bool isHeld = status == EscrowStatus.Held;
        bool byReceiver = isHeld && _receiver() != _operator();
        bool isReturnable = isHeld || status == EscrowStatus.Expired;
        bool isRefundable = hold.captured() > _refunded[id];
        uint40 never = type(uint40).max;

        actions = new NextAction[](
            (isHeld ? 3 : 0) + (byReceiver ? 1 : 0) + (isReturnable ? 1 : 0) + (isRefundable ? 1 : 0)
        );
        uint256 count = 0;
        if (isHeld) {
            actions[count++] = NextAction(IEscrow.capture.selector, _operator(), timestamp, captureUntil);
            actions[count++] = NextAction(IEscrow.close.selector, _operator(), timestamp, captureUntil);
            actions[count++] = NextAction(IEscrow.void.selector, _operator(), timestamp, captureUntil);
        }
        if (byReceiver) actions[count++] = NextAction(IEscrow.void.selector, _receiver(), timestamp, captureUntil);
        if (isReturnable) {
            uint40 from = isHeld ? captureUntil : timestamp;
            actions[count++] = NextAction(IEscrow.reclaim.selector, address(0), from, never);
        }
        if (isRefundable) actions[count] = NextAction(IEscrow.refund.selector, address(0), timestamp, never);
    }
}
