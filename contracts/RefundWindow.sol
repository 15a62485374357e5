// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Bursts} from "./base/Bursts.sol";
import {Maturing} from "./base/Maturing.sol";
import {Surplus} from "./base/Surplus.sol";
import {Vault} from "./base/Vault.sol";
import {IMaturing} from "./interfaces/IMaturing.sol";
import {IReceiptVerifier} from "./interfaces/IReceiptVerifier.sol";
import {IRefundWindow} from "./interfaces/IRefundWindow.sol";
import {IVault} from "./interfaces/IVault.sol";
import {MaturityLedger} from "./libraries/MaturityLedger.sol";
import {TypedDataLib} from "./libraries/TypedDataLib.sol";
import {Holding, Stage, packHolding} from "./types/Holding.sol";
import {Ledger} from "./types/Ledger.sol";
import {NextAction, PaymentId, PaymentRef} from "./types/Payment.sol";
import {RefundWindowTerms, VaultTerms} from "./types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, WithdrawDispute} from "./types/TypedData.sol";

/// @title RefundWindow
/// @notice A vault in which silence pays the seller, and until then the buyer can undo.
/// @dev PROMISES
/// - Without an arbiter: until `closesAt` the payer, and nobody else for it, can take back all but the non-refundable share,
///   to any address, without asking anybody.
/// - With an arbiter: until `closesAt` the payer, and nobody else, can dispute, once. Disputed money is locked until the
///   payer withdraws, the seller concedes, or the arbiter divides it between the two, all before `defaultsAt`; from then on
///   anyone applies the default of the terms.
/// - Until an undisputed payment matures, receiver and operator can give it back, all of it, to the payer only.
/// - From then on it belongs to the receiver, whatever anybody signs. `closesAt` is rounded up to the full hour.
/// - No sequence of refunds, disputes and claims pays out more than came in; each unit leaves once.
/// - A claim costs the same for one payment and for a thousand of the same hour.
///
/// ASSUMPTIONS
/// - Those of `Vault` and `Surplus`.
/// - The arbiter is honest: one in league with a side can give it all that is refundable, and nobody anything else.
/// - The chain's clock is right to some seconds; a window is an hour or more.
///
/// NOT CHECKED
/// - That the payer has a reason, where no questions are asked; what the hashes of evidence stand for, where they are.
contract RefundWindow is IRefundWindow, Bursts, Maturing {
    using MaturityLedger for Ledger;
    using SafeCast for uint256;

    uint40 private constant MIN_WINDOW = 1 hours;
    uint40 private constant MAX_WINDOW = 365 days;
    uint40 private constant MIN_RESOLUTION_PERIOD = 1 days;
    uint40 private constant MAX_RESOLUTION_PERIOD = 90 days;
    uint256 private constant ENCODED_TERMS_LENGTH = 320;
    /// @dev Places of fields in `RefundWindowTerms`; the first five are those of `VaultTerms`.
    uint256 private constant ARBITER_INDEX = 5;
    uint256 private constant WINDOW_INDEX = 6;
    uint256 private constant RESOLUTION_PERIOD_INDEX = 7;
    uint256 private constant SILENCE_FAVORS_PAYER_INDEX = 8;
    uint256 private constant NON_REFUNDABLE_BPS_INDEX = 9;

    mapping(PaymentId id => Holding) private _holdings;

    constructor(IReceiptVerifier receiptVerifier_) EIP712("Recourse RefundWindow", "1") Surplus(receiptVerifier_) {}

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
        _checkArbitration(newTerms);
    }

    function _checkArbitration(RefundWindowTerms memory newTerms) private pure {
        (address arbiter, uint40 period) = (newTerms.arbiter, newTerms.resolutionPeriod);
        if (arbiter == address(0)) {
            if (period != 0 || newTerms.silenceFavorsPayer) {
                revert TermsWithoutArbiter(period, newTerms.silenceFavorsPayer);
            }
            return;
        }
        if (arbiter == newTerms.receiver || arbiter == newTerms.operator || arbiter == newTerms.feeReceiver) {
            revert TermsArbiterIsParty(arbiter);
        }
        if (period < MIN_RESOLUTION_PERIOD || period > MAX_RESOLUTION_PERIOD) {
            revert TermsResolutionPeriodOutOfBounds(period, MIN_RESOLUTION_PERIOD, MAX_RESOLUTION_PERIOD);
        }
    }

    function _arbiter() private view returns (address) {
        return address(uint160(_term(ARBITER_INDEX)));
    }

    /// @inheritdoc IRefundWindow
    function terms() external view onlyClone returns (RefundWindowTerms memory) {
        return abi.decode(_encodedTerms(), (RefundWindowTerms));
    }

    /* PAY */

    function _isKnown(PaymentId id) internal view override returns (bool) {
        return _holdings[id].deadline() != 0;
    }

    function _newDeadline() internal view override returns (uint40 closesAt) {
        return (block.timestamp + _term(WINDOW_INDEX)).toUint40();
    }

    function _open(
        PaymentId id,
        address token,
        address payer,
        bytes32 nonce,
        uint256 amount,
        uint40 closesAt
    ) internal override returns (uint256) {
        _holdings[id] = packHolding(amount, 0, Stage.Running, closesAt);

        emit Paid({id: id, payer: payer, token: token, nonce: nonce, amount: amount, closesAt: closesAt});

        return amount;
    }

    function _hold(address token, uint256 amount, uint40 closesAt) internal override {
        _ledgers[token].add(MaturityLedger.bucketOf(closesAt), amount);
    }

    /// @dev A payment that runs: neither unknown, nor disputed ever.
    function _runningHolding(PaymentId id) private view returns (Holding holding) {
        holding = _holdings[id];
        if (holding.deadline() == 0) revert PaymentUnknown(id);
        if (holding.stage() != Stage.Running) revert PaymentDisputed(id, holding.stage() == Stage.Settled);
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
            by: msg.sender,
            amount: amount,
            to: to,
            expectedHeld: expectedHeld,
            expectedRefunded: expectedRefunded,
            deadline: 0
        });
        _refund(ref, request, payoutGas);
    }

    /// @inheritdoc IRefundWindow
    function refundWithSignature(
        PaymentRef calldata ref,
        Refund calldata message,
        bytes calldata signature,
        uint256 payoutGas
    ) external onlyClone nonReentrant {
        _checkMessage(_idOf(ref), message.paymentId);
        _checkSignature(message.by, TypedDataLib.hash(message), message.deadline, signature);

        _refund(ref, message, payoutGas);
    }

    function _refund(PaymentRef calldata ref, Refund memory request, uint256 payoutGas) private {
        PaymentId id = request.paymentId;
        Holding holding = _runningHolding(id);
        (uint256 held, uint256 refunded, uint40 closesAt) = (holding.held(), holding.refunded(), holding.deadline());

        if (request.amount == 0) revert AmountZero();
        _checkRecipient(request.to);
        uint256 refundable = _limitOf({request: request, payer: ref.payer, holding: holding});
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
        _holdings[id] = packHolding(holding.paid(), refunded, Stage.Running, closesAt);
        _ledgers[ref.token].remove(MaturityLedger.bucketOf(closesAt), amount);

        emit Refunded({id: id, by: request.by, to: request.to, amount: amount, refunded: refunded});

        _payOut({token: ref.token, owner: ref.payer, to: request.to, amount: amount, payoutGas: payoutGas});
    }

    /// @dev What may go back now as requested; reverts with the reason when that is nothing by rule.
    function _limitOf(Refund memory request, address payer, Holding holding) private view returns (uint256) {
        (PaymentId id, address by) = (request.paymentId, request.by);
        uint40 closesAt = holding.deadline();
        address arbiter = _arbiter();
        if (by == payer && block.timestamp < closesAt && arbiter == address(0)) return _payerLimit(holding);

        uint40 maturesAt = MaturityLedger.maturesAt(MaturityLedger.bucketOf(closesAt));
        if (by != _receiver() && by != _operator()) {
            if (by != payer) revert NotParty(id, by);
            if (block.timestamp >= closesAt) revert RefundAfterClose(id, closesAt, maturesAt);
            revert RefundNeedsDispute(id, arbiter);
        }
        if (block.timestamp >= maturesAt) revert RefundAfterMaturity(id, maturesAt);
        if (request.to != payer) revert RefundNotToPayer(id, request.to, payer);
        return holding.held();
    }

    /// @dev All but the share of the original amount that the terms exempt, whatever went back before.
    function _payerLimit(Holding holding) private view returns (uint256) {
        uint256 held = holding.held();
        uint256 nonRefundable = (holding.paid() * _term(NON_REFUNDABLE_BPS_INDEX)) / BPS;
        return held > nonRefundable ? held - nonRefundable : 0;
    }

    /* DISPUTE */

    /// @inheritdoc IRefundWindow
    function dispute(PaymentRef calldata ref, bytes32 evidence) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        if (msg.sender != ref.payer) revert NotPayer(id, msg.sender);

        _dispute(ref, id, evidence);
    }

    /// @inheritdoc IRefundWindow
    function disputeWithSignature(
        PaymentRef calldata ref,
        Dispute calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        _checkMessage(id, message.paymentId);
        _checkSignature(ref.payer, TypedDataLib.hash(message), message.deadline, signature);

        _dispute(ref, id, message.evidence);
    }

    function _dispute(PaymentRef calldata ref, PaymentId id, bytes32 evidence) private {
        Holding holding = _runningHolding(id);
        (uint256 held, uint40 closesAt) = (holding.held(), holding.deadline());

        if (_arbiter() == address(0)) revert NoArbiter(id);
        if (block.timestamp >= closesAt) revert DisputeAfterClose(id, closesAt);
        if (_payerLimit(holding) == 0) revert NothingToDispute(id, held);

        uint40 defaultsAt = (block.timestamp + _term(RESOLUTION_PERIOD_INDEX)).toUint40();
        _holdings[id] = packHolding(holding.paid(), holding.refunded(), Stage.Disputed, defaultsAt);
        _ledgers[ref.token].lock(MaturityLedger.bucketOf(closesAt), held);

        emit Disputed({id: id, held: held, defaultsAt: defaultsAt, evidence: evidence});
    }

    /// @inheritdoc IRefundWindow
    function submitEvidence(PaymentRef calldata ref, bytes32 evidence) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        _disputedHolding(id);
        if (msg.sender != ref.payer && !_isSeller(msg.sender)) revert NotParty(id, msg.sender);

        emit EvidenceSubmitted({id: id, by: msg.sender, evidence: evidence});
    }

    /// @inheritdoc IRefundWindow
    function withdrawDispute(PaymentRef calldata ref) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        if (msg.sender != ref.payer) revert NotPayer(id, msg.sender);

        _withdrawDispute(ref, id, _disputedHolding(id));
    }

    /// @inheritdoc IRefundWindow
    function withdrawDisputeWithSignature(
        PaymentRef calldata ref,
        WithdrawDispute calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        _checkMessage(id, message.paymentId);
        _checkSignature(ref.payer, TypedDataLib.hash(message), message.deadline, signature);
        Holding holding = _disputedHolding(id);
        if (message.defaultsAt != holding.deadline()) {
            revert DisputeMismatch(id, holding.deadline(), message.defaultsAt);
        }

        _withdrawDispute(ref, id, holding);
    }

    function _withdrawDispute(PaymentRef calldata ref, PaymentId id, Holding holding) private {
        _settle({ref: ref, id: id, holding: holding, by: ref.payer, toPayer: 0, evidence: 0});
    }

    /// @inheritdoc IRefundWindow
    function concede(PaymentRef calldata ref) external onlyClone nonReentrant {
        _concede(ref, _idOf(ref), msg.sender);
    }

    /// @inheritdoc IRefundWindow
    function concedeWithSignature(
        PaymentRef calldata ref,
        Concede calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        _checkMessage(id, message.paymentId);
        _checkSignature(message.by, TypedDataLib.hash(message), message.deadline, signature);

        _concede(ref, id, message.by);
    }

    function _concede(PaymentRef calldata ref, PaymentId id, address by) private {
        Holding holding = _disputedHolding(id);
        if (!_isSeller(by)) revert NotSeller(id, by);

        _settle({ref: ref, id: id, holding: holding, by: by, toPayer: _payerLimit(holding), evidence: 0});
    }

    /// @inheritdoc IRefundWindow
    function resolve(
        PaymentRef calldata ref,
        uint256 toPayer,
        uint256 toReceiver,
        bytes32 evidence
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        if (msg.sender != _arbiter()) revert NotArbiter(id, msg.sender);
        Resolve memory decision = Resolve({
            paymentId: id,
            toPayer: toPayer,
            toReceiver: toReceiver,
            evidence: evidence,
            deadline: 0
        });

        _resolve(ref, decision);
    }

    /// @inheritdoc IRefundWindow
    function resolveWithSignature(
        PaymentRef calldata ref,
        Resolve calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant {
        _checkMessage(_idOf(ref), message.paymentId);
        _checkSignature(_arbiter(), TypedDataLib.hash(message), message.deadline, signature);

        _resolve(ref, message);
    }

    function _resolve(PaymentRef calldata ref, Resolve memory decision) private {
        PaymentId id = decision.paymentId;
        address arbiter = _arbiter();
        Holding holding = _disputedHolding(id);
        (uint256 held, uint256 limit) = (holding.held(), _payerLimit(holding));

        if (arbiter == ref.payer) revert ArbiterIsPayer(id, arbiter);
        if (decision.toPayer > limit) revert ResolutionExceedsRefundable(id, decision.toPayer, limit);
        if (decision.toReceiver != held - decision.toPayer) {
            revert ResolutionNotWhole(id, decision.toPayer, decision.toReceiver, held);
        }

        _settle({
            ref: ref,
            id: id,
            holding: holding,
            by: arbiter,
            toPayer: decision.toPayer,
            evidence: decision.evidence
        });
    }

    /// @inheritdoc IRefundWindow
    function resolveByDefault(PaymentRef calldata ref) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        Holding holding = _holdings[id];
        if (holding.stage() != Stage.Disputed) revert PaymentNotDisputed(id);
        if (block.timestamp < holding.deadline()) revert DefaultBeforeDeadline(id, holding.deadline());

        uint256 toPayer = _term(SILENCE_FAVORS_PAYER_INDEX) == 0 ? 0 : _payerLimit(holding);
        _settle({ref: ref, id: id, holding: holding, by: address(0), toPayer: toPayer, evidence: 0});
    }

    /// @dev A payment about which the parties and the arbiter can still decide.
    function _disputedHolding(PaymentId id) private view returns (Holding holding) {
        holding = _holdings[id];
        if (holding.stage() != Stage.Disputed) revert PaymentNotDisputed(id);
        if (block.timestamp >= holding.deadline()) revert DecisionAfterDeadline(id, holding.deadline());
    }

    /// @dev Ends a dispute. Everybody's share waits as a credit: no token is called, and nobody can be blocked by another.
    function _settle(
        PaymentRef calldata ref,
        PaymentId id,
        Holding holding,
        address by,
        uint256 toPayer,
        bytes32 evidence
    ) private {
        uint256 held = holding.held();
        uint256 toReceiver = held - toPayer;
        uint256 fee = (toReceiver * _feeBps()) / BPS;

        _holdings[id] = packHolding(holding.paid(), holding.refunded() + toPayer, Stage.Settled, holding.deadline());
        _ledgers[ref.token].settle(held);

        emit DisputeSettled({id: id, by: by, toPayer: toPayer, toReceiver: toReceiver, fee: fee, evidence: evidence});

        _credit(ref.token, ref.payer, toPayer);
        _credit(ref.token, _receiver(), toReceiver - fee);
        _credit(ref.token, _feeReceiver(), fee);
    }

    /* VIEWS */

    /// @inheritdoc IRefundWindow
    function paymentOf(PaymentRef calldata ref) external view onlyClone returns (Payment memory payment) {
        PaymentId id = _idOf(ref);
        Holding holding = _holdings[id];

        payment.id = id;
        payment.status = _statusOf(ref.token, holding);
        payment.paid = holding.paid();
        payment.refunded = holding.refunded();
        if (payment.status != Status.Claimed && payment.status != Status.Settled) payment.held = holding.held();
        if (payment.status == Status.Open || payment.status == Status.Disputed) {
            payment.refundable = _payerLimit(holding);
        }
        if (holding.stage() == Stage.Running) {
            payment.closesAt = holding.deadline();
            payment.maturesAt = MaturityLedger.maturesAt(MaturityLedger.bucketOf(payment.closesAt));
        } else {
            payment.defaultsAt = holding.deadline();
        }
    }

    function _statusOf(address token, Holding holding) private view returns (Status) {
        uint40 deadline = holding.deadline();
        if (deadline == 0) return Status.None;
        if (holding.stage() == Stage.Disputed) return Status.Disputed;
        if (holding.stage() == Stage.Settled) return Status.Settled;
        if (holding.refunded() == holding.paid()) return Status.Refunded;
        if (block.timestamp < deadline) return Status.Open;
        uint32 bucket = MaturityLedger.bucketOf(deadline);
        if (block.timestamp < MaturityLedger.maturesAt(bucket)) return Status.Closed;
        return _ledgers[token].amountIn(bucket) == 0 ? Status.Claimed : Status.Matured;
    }

    /// @inheritdoc IRefundWindow
    function nextActions(PaymentRef calldata ref) external view onlyClone returns (NextAction[] memory) {
        Holding holding = _holdings[_idOf(ref)];
        Status status = _statusOf(ref.token, holding);

        if (status == Status.Disputed) return _actionsOfDispute(ref.payer, holding.deadline());
        if (status == Status.Open || status == Status.Closed || status == Status.Matured) {
            return _actionsOfRunning(ref.payer, holding, status);
        }
        return new NextAction[](0);
    }

    function _actionsOfRunning(
        address payer,
        Holding holding,
        Status status
    ) private view returns (NextAction[] memory actions) {
        uint40 closesAt = holding.deadline();
        uint40 maturesAt = MaturityLedger.maturesAt(MaturityLedger.bucketOf(closesAt));
        uint40 timestamp = block.timestamp.toUint40();
        bool byPayer = status == Status.Open && _payerLimit(holding) != 0;
        bool bySeller = status != Status.Matured;
        bool byOperator = bySeller && _operator() != _receiver();
        bytes4 refundSelector = IRefundWindow.refund.selector;
        bytes4 payersSelector = _arbiter() == address(0) ? refundSelector : IRefundWindow.dispute.selector;

        actions = new NextAction[]((byPayer ? 1 : 0) + (bySeller ? 1 : 0) + (byOperator ? 1 : 0) + 1);
        uint256 count = 0;
        if (byPayer) actions[count++] = NextAction(payersSelector, payer, timestamp, closesAt);
        if (bySeller) actions[count++] = NextAction(refundSelector, _receiver(), timestamp, maturesAt);
        if (byOperator) actions[count++] = NextAction(refundSelector, _operator(), timestamp, maturesAt);
        actions[count] = NextAction({
            selector: IMaturing.claim.selector,
            actor: address(0),
            from: bySeller ? maturesAt : timestamp,
            until: type(uint40).max
        });
    }

    function _actionsOfDispute(address payer, uint40 defaultsAt) private view returns (NextAction[] memory actions) {
        uint40 timestamp = block.timestamp.toUint40();
        bool isUndecided = timestamp < defaultsAt;
        bool byArbiter = isUndecided && _arbiter() != payer;
        bool byOperator = isUndecided && _operator() != _receiver();

        actions = new NextAction[]((isUndecided ? 2 : 0) + (byOperator ? 1 : 0) + (byArbiter ? 1 : 0) + 1);
        uint256 count = 0;
        bytes4 concedeSelector = IRefundWindow.concede.selector;
        if (byArbiter) {
            actions[count++] = NextAction(IRefundWindow.resolve.selector, _arbiter(), timestamp, defaultsAt);
        }
        if (isUndecided) {
            actions[count++] = NextAction(concedeSelector, _receiver(), timestamp, defaultsAt);
            if (byOperator) actions[count++] = NextAction(concedeSelector, _operator(), timestamp, defaultsAt);
            actions[count++] = NextAction(IRefundWindow.withdrawDispute.selector, payer, timestamp, defaultsAt);
        }
        actions[count] = NextAction({
            selector: IRefundWindow.resolveByDefault.selector,
            actor: address(0),
            from: isUndecided ? defaultsAt : timestamp,
            until: type(uint40).max
        });
    }
}
