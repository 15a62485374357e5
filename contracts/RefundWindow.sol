// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Vault} from "./base/Vault.sol";
import {IRefundWindow} from "./interfaces/IRefundWindow.sol";
import {IVault} from "./interfaces/IVault.sol";
import {MaturityLedger} from "./libraries/MaturityLedger.sol";
import {TypedDataLib} from "./libraries/TypedDataLib.sol";
import {Holding, packHolding} from "./types/Holding.sol";
import {Ledger} from "./types/Ledger.sol";
import {NextAction, PaymentId, PaymentRef} from "./types/Payment.sol";
import {RefundWindowTerms, VaultTerms} from "./types/Terms.sol";
import {Refund} from "./types/TypedData.sol";

/// @title RefundWindow
/// @notice A vault in which silence pays the seller, and until then the buyer can undo.
/// @dev PROMISES
/// - Until `closesAt` the payer, and nobody else for it, can take back all but the non-refundable share, to any address,
///   without asking anybody.
/// - Until a payment matures, receiver and operator can give it back, all of it, to the payer only.
/// - From then on it belongs to the receiver, whatever anybody signs. `closesAt` is rounded up to the full hour.
/// - No sequence of refunds and claims pays out more than came in; each unit leaves once.
/// - A claim costs the same for one payment and for a thousand of the same hour.
///
/// ASSUMPTIONS
/// - Those of `Vault`.
/// - The chain's clock is right to some seconds; a window is an hour or more.
///
/// NOT CHECKED
/// - That the payer has a reason. No questions are asked.
contract RefundWindow is IRefundWindow, Vault {
    using MaturityLedger for Ledger;
    using SafeCast for uint256;

    uint40 private constant MIN_WINDOW = 1 hours;
    uint40 private constant MAX_WINDOW = 365 days;
    uint256 private constant ENCODED_TERMS_LENGTH = 320;
    /// @dev Places of fields in `RefundWindowTerms`; the first five are those of `VaultTerms`.
    uint256 private constant WINDOW_INDEX = 6;
    uint256 private constant NON_REFUNDABLE_BPS_INDEX = 9;

    mapping(PaymentId id => Holding) private _holdings;

    constructor() EIP712("Recourse RefundWindow", "1") {}

    /* TERMS */

    /// @inheritdoc IRefundWindow
    function encodeTerms(RefundWindowTerms calldata newTerms) external pure returns (bytes memory) {
        _checkTerms(newTerms);

        return abi.encode(newTerms);
    }

    /// @inheritdoc IVault
    function checkTerms(bytes calldata encoded) external pure {
        if (encoded.length != ENCODED_TERMS_LENGTH) revert TermsLengthWrong(encoded.length, ENCODED_TERMS_LENGTH);
        _checkTerms(abi.decode(encoded, (RefundWindowTerms)));
    }

    function _checkTerms(RefundWindowTerms memory newTerms) private pure {
        _checkVaultTerms(
            VaultTerms({
                receiver: newTerms.receiver,
                operator: newTerms.operator,
                feeReceiver: newTerms.feeReceiver,
                feeBps: newTerms.feeBps,
                salt: newTerms.salt
            })
        );
        if (newTerms.window < MIN_WINDOW || newTerms.window > MAX_WINDOW) {
            revert TermsWindowOutOfBounds(newTerms.window, MIN_WINDOW, MAX_WINDOW);
        }
        if (newTerms.nonRefundableBps >= BPS) revert TermsNonRefundableTooHigh(newTerms.nonRefundableBps, BPS);
        if (newTerms.arbiter != address(0) || newTerms.resolutionPeriod != 0 || newTerms.silenceFavorsPayer) {
            revert TermsArbitrationUnsupported(
                newTerms.arbiter,
                newTerms.resolutionPeriod,
                newTerms.silenceFavorsPayer
            );
        }
    }

    /// @inheritdoc IRefundWindow
    function terms() external view onlyClone returns (RefundWindowTerms memory) {
        return abi.decode(_encodedTerms(), (RefundWindowTerms));
    }

    /* PAY */

    function _isKnown(PaymentId id) internal view override returns (bool) {
        return _holdings[id].closesAt() != 0;
    }

    function _book(PaymentId id, address token, address payer, bytes32 nonce, uint256 amount) internal override {
        uint40 closesAt = (block.timestamp + _term(WINDOW_INDEX)).toUint40();

        _holdings[id] = packHolding(amount, 0, closesAt);
        _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount);

        emit Paid({id: id, payer: payer, token: token, nonce: nonce, amount: amount, closesAt: closesAt});
    }

    /* REFUND */

    /// @inheritdoc IRefundWindow
    function refund(
        PaymentRef calldata ref,
        uint256 amount,
        address to,
        uint256 expectedHeld,
        uint256 expectedRefunded,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        Refund memory request = Refund({
            paymentId: _idOf(ref),
            amount: amount,
            to: to,
            expectedHeld: expectedHeld,
            expectedRefunded: expectedRefunded,
            deadline: 0
        });
        _refund(ref, request, msg.sender, payoutGas);
    }

    /// @inheritdoc IRefundWindow
    function refundWithSignature(
        PaymentRef calldata ref,
        Refund calldata message,
        address signer,
        bytes calldata signature,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        if (PaymentId.unwrap(id) != PaymentId.unwrap(message.paymentId)) revert PaymentMismatch(id, message.paymentId);
        _checkSignature(signer, TypedDataLib.hash(message), message.deadline, signature);

        _refund(ref, message, signer, payoutGas);
    }

    function _refund(PaymentRef calldata ref, Refund memory request, address by, uint256 payoutGas) private {
        PaymentId id = request.paymentId;
        Holding holding = _holdings[id];
        (uint256 held, uint256 refunded) = (holding.held(), holding.refunded());

        if (holding.closesAt() == 0) revert PaymentUnknown(id);
        if (request.amount == 0) revert AmountZero();
        _checkRecipient(request.to);
        uint256 refundable = _limitOf({by: by, id: id, payer: ref.payer, holding: holding, to: request.to});
        if (request.expectedRefunded > refunded) revert PaymentChanged(id, held, refunded);
        // What went back since the caller looked counts towards what it asks for. A repeated request finds all of it gone
        // back, and nobody can void another's request by giving back one unit first.
        uint256 meanwhile = refunded - request.expectedRefunded;
        if (request.expectedHeld != held + meanwhile || request.amount <= meanwhile) {
            revert PaymentChanged(id, held, refunded);
        }
        uint256 amount = request.amount - meanwhile;
        if (amount > refundable) revert RefundExceedsRefundable(id, amount, refundable);

        refunded += amount;
        _holdings[id] = packHolding(holding.paid(), refunded, holding.closesAt());
        _ledgers[ref.token].remove(MaturityLedger.bucketOf(holding.closesAt()), amount);

        emit Refunded({id: id, by: by, to: request.to, amount: amount, refunded: refunded});

        _payOut({token: ref.token, owner: ref.payer, to: request.to, amount: amount, payoutGas: payoutGas});
    }

    /// @dev What `by` may send to `to` now; reverts with the reason when that is nothing by rule.
    function _limitOf(
        address by,
        PaymentId id,
        address payer,
        Holding holding,
        address to
    ) private view returns (uint256) {
        if (by == payer && block.timestamp < holding.closesAt()) return _payerLimit(holding);

        uint40 maturesAt = MaturityLedger.maturesAt(MaturityLedger.bucketOf(holding.closesAt()));
        if (by != _receiver() && by != _operator()) {
            if (by != payer) revert NotParty(id, by);
            revert RefundAfterClose(id, holding.closesAt(), maturesAt);
        }
        if (block.timestamp >= maturesAt) revert RefundAfterMaturity(id, maturesAt);
        if (to != payer) revert RefundNotToPayer(id, to, payer);
        return holding.held();
    }

    /// @dev All but the share of the original amount that the terms exempt, whatever went back before.
    function _payerLimit(Holding holding) private view returns (uint256) {
        uint256 held = holding.held();
        uint256 nonRefundable = (holding.paid() * _term(NON_REFUNDABLE_BPS_INDEX)) / BPS;
        return held > nonRefundable ? held - nonRefundable : 0;
    }

    /* CLAIM */

    /// @inheritdoc IRefundWindow
    function claim(
        address token,
        uint32[] calldata buckets,
        uint256 payoutGas
    ) external onlyClone nonReentrant returns (uint256 amount) {
        Ledger storage ledger = _ledgers[token];

        for (uint256 i = 0; i < buckets.length; ++i) {
            uint40 maturesAt = MaturityLedger.maturesAt(buckets[i]);
            if (block.timestamp < maturesAt) revert ClaimBeforeMaturity(buckets[i], maturesAt, block.timestamp);
            amount += ledger.take(buckets[i]);
        }
        if (amount == 0) revert ClaimEmpty(token);

        uint256 fee = (amount * _feeBps()) / BPS;

        emit Claimed({token: token, buckets: buckets, amount: amount, fee: fee});

        address receiver = _receiver();
        _payOut({token: token, owner: receiver, to: receiver, amount: amount - fee, payoutGas: payoutGas});
        address feeReceiver = _feeReceiver();
        _payOut({token: token, owner: feeReceiver, to: feeReceiver, amount: fee, payoutGas: payoutGas});
    }

    /* VIEWS */

    /// @inheritdoc IRefundWindow
    function paymentOf(PaymentRef calldata ref) external view onlyClone returns (Payment memory payment) {
        PaymentId id = _idOf(ref);
        Holding holding = _holdings[id];
        uint32 bucket = MaturityLedger.bucketOf(holding.closesAt());

        payment.id = id;
        payment.status = _statusOf(ref.token, holding, bucket);
        payment.paid = holding.paid();
        payment.refunded = holding.refunded();
        payment.closesAt = holding.closesAt();
        payment.maturesAt = MaturityLedger.maturesAt(bucket);
        if (payment.status != Status.Claimed) payment.held = holding.held();
        if (payment.status == Status.Open) payment.refundable = _payerLimit(holding);
    }

    function _statusOf(address token, Holding holding, uint32 bucket) private view returns (Status) {
        if (holding.closesAt() == 0) return Status.None;
        if (holding.refunded() == holding.paid()) return Status.Refunded;
        if (block.timestamp < holding.closesAt()) return Status.Open;
        if (block.timestamp < MaturityLedger.maturesAt(bucket)) return Status.Closed;
        return _ledgers[token].amountIn(bucket) == 0 ? Status.Claimed : Status.Matured;
    }

    /// @inheritdoc IRefundWindow
    function nextActions(PaymentRef calldata ref) external view onlyClone returns (NextAction[] memory actions) {
        Holding holding = _holdings[_idOf(ref)];
        uint32 bucket = MaturityLedger.bucketOf(holding.closesAt());
        Status status = _statusOf(ref.token, holding, bucket);
        if (status == Status.None || status == Status.Refunded || status == Status.Claimed) return actions;

        uint40 maturesAt = MaturityLedger.maturesAt(bucket);
        uint40 timestamp = block.timestamp.toUint40();
        bool byPayer = status == Status.Open && _payerLimit(holding) != 0;
        bool bySeller = status != Status.Matured;
        bool byOperator = bySeller && _operator() != _receiver();

        actions = new NextAction[]((byPayer ? 1 : 0) + (bySeller ? 1 : 0) + (byOperator ? 1 : 0) + 1);
        uint256 count = 0;
        bytes4 refundSelector = IRefundWindow.refund.selector;
        if (byPayer) actions[count++] = NextAction(refundSelector, ref.payer, timestamp, holding.closesAt());
        if (bySeller) actions[count++] = NextAction(refundSelector, _receiver(), timestamp, maturesAt);
        if (byOperator) actions[count++] = NextAction(refundSelector, _operator(), timestamp, maturesAt);
        actions[count] = NextAction({
            selector: IRefundWindow.claim.selector,
            actor: address(0),
            from: bySeller ? maturesAt : timestamp,
            until: type(uint40).max
        });
    }

    /// @inheritdoc IRefundWindow
    function bucketOf(uint40 closesAt) external pure returns (uint32 bucket, uint40 maturesAt) {
        bucket = MaturityLedger.bucketOf(closesAt);
        maturesAt = MaturityLedger.maturesAt(bucket);
    }

    /// @inheritdoc IRefundWindow
    function maturingIn(address token, uint32 bucket) external view returns (uint256) {
        return _ledgers[token].amountIn(bucket);
    }
}
