// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Resolve, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {Journal} from "./Journal.sol";
import {RefundHandler} from "./RefundHandler.sol";

/// @title DisputeHandler
/// @notice Disputes by the right and the wrong people, in time and late, by call and by signature. Where an action needs
/// a disputed payment and there is none, it makes one first.
abstract contract DisputeHandler is RefundHandler {
    /// @dev A signed call that did what it says.
    struct Used {
        uint256 vault;
        bytes data;
        bytes4 refusal;
    }

    /// @dev What the owners of the shares were credited with before.
    struct Credits {
        uint256 payer;
        uint256 receiver;
        uint256 feeReceiver;
    }

    /// @dev The first vault with an arbiter; those before have none.
    uint256 private constant FIRST_ARBITRATED = 2;

    Used[] private _used;

    /// @notice How often the shares of a dispute were not credited to whom they belong.
    uint256 public wrongShares;

    /* DISPUTE */

    function dispute(uint256 seed, uint256 way, uint256 signedSeed) public {
        uint256 index = way % 8 == 7 && _entries.length != 0 ? seed % _entries.length : _pickDisputable(seed);
        if (way % 8 == 5) _warpTo(_entries[index].deadline);
        if (way % 8 == 6) _warpTo(_entries[index].deadline - 1);
        bool bySignature = signedSeed % 2 == 0;
        Account memory by = way % 8 == 4 ? _receiverOf(_entries[index].vault) : _payerOf(index);

        bytes4 refusal = _disputeRefusal(index);
        if (way % 8 == 4) refusal = bySignature ? IVault.SignatureInvalid.selector : IRefundWindow.NotPayer.selector;
        bytes memory call = _disputeCall(index, by, bySignature);
        uint256 vault = _entries[index].vault;
        if (!_try("dispute", bySignature ? _stranger.addr : by.addr, vault, call, refusal)) return;

        _defaultsAt[index] = uint40(block.timestamp + termsOf(vault).resolutionPeriod);
        _note(Journal.Kind.Disputed, index, journal.held(index), _payerOf(index).addr);
        if (bySignature) _used.push(Used(vault, call, IRefundWindow.PaymentDisputed.selector));
    }

    function _pickDisputable(uint256 seed) private returns (uint256) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            if (_disputeRefusal(index) == 0) return index;
        }
        pay(FIRST_ARBITRATED + (seed % (VAULTS - FIRST_ARBITRATED)), 0, seed / 8, seed);
        return _entries.length - 1;
    }

    function _disputeRefusal(uint256 index) private view returns (bytes4) {
        if (journal.wasDisputed(index)) return IRefundWindow.PaymentDisputed.selector;
        if (termsOf(_entries[index].vault).arbiter == address(0)) return IRefundWindow.NoArbiter.selector;
        if (block.timestamp >= _entries[index].deadline) return IRefundWindow.DisputeAfterClose.selector;
        return refundableOf(index) == 0 ? IRefundWindow.NothingToDispute.selector : bytes4(0);
    }

    function _disputeCall(uint256 index, Account memory by, bool bySignature) private view returns (bytes memory) {
        if (!bySignature) return abi.encodeCall(IRefundWindow.dispute, (refOf(index), "evidence"));
        Dispute memory message = Dispute(_idOf(index), "evidence", block.timestamp + MESSAGE_LIFE);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.DISPUTE_TYPEHASH, message));
        bytes memory signature = _sign(by, _entries[index].vault, structHash);
        return abi.encodeCall(IRefundWindow.disputeWithSignature, (refOf(index), message, signature));
    }

    function submitEvidence(uint256 seed, uint256 way) external {
        uint256 index = _pickDisputed(seed);
        Account memory by = way % 3 == 0 ? _payerOf(index) : _operatorOf(_entries[index].vault);
        if (way % 3 == 1) by = _stranger;

        bytes4 refusal = _isLate(index) ? IRefundWindow.DecisionAfterDeadline.selector : bytes4(0);
        if (refusal == 0 && way % 3 == 1) refusal = IRefundWindow.NotParty.selector;
        bytes memory call = abi.encodeCall(IRefundWindow.submitEvidence, (refOf(index), "evidence"));
        _try("submitEvidence", by.addr, _entries[index].vault, call, refusal);
    }

    /* SETTLE */

    function withdrawDispute(uint256 seed, uint256 way, uint256 signedSeed, uint256 timeSeed) external {
        uint256 index = _pickDisputed(seed);
        _warpInDispute(index, timeSeed);
        bool bySignature = signedSeed % 2 == 0;
        bool isWrong = way % 4 == 0;
        Account memory by = isWrong ? _receiverOf(_entries[index].vault) : _payerOf(index);

        bytes4 refusal = _isLate(index) ? IRefundWindow.DecisionAfterDeadline.selector : bytes4(0);
        if (isWrong) refusal = bySignature ? IVault.SignatureInvalid.selector : IRefundWindow.NotPayer.selector;
        bytes memory call = _withdrawDisputeCall(index, by, bySignature);
        _settle("withdrawDispute", index, by.addr, call, bySignature, refusal, 0);
    }

    function _withdrawDisputeCall(
        uint256 index,
        Account memory by,
        bool bySignature
    ) private view returns (bytes memory) {
        if (!bySignature) return abi.encodeCall(IRefundWindow.withdrawDispute, (refOf(index)));
        WithdrawDispute memory message = WithdrawDispute({
            paymentId: _idOf(index),
            defaultsAt: _defaultsAt[index],
            deadline: block.timestamp + MESSAGE_LIFE
        });
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, message));
        bytes memory signature = _sign(by, _entries[index].vault, structHash);
        return abi.encodeCall(IRefundWindow.withdrawDisputeWithSignature, (refOf(index), message, signature));
    }

    function concede(uint256 seed, uint256 way, uint256 signedSeed, uint256 timeSeed) external {
        uint256 index = _pickDisputed(seed);
        _warpInDispute(index, timeSeed);
        bool bySignature = signedSeed % 2 == 0;
        Account memory by = _operatorOf(_entries[index].vault);
        if (way % 5 == 0) by = _stranger;
        if (way % 5 == 1) by = _payerOf(index);
        if (way % 5 == 2) by = _receiverOf(_entries[index].vault);

        bytes4 refusal = _isLate(index) ? IRefundWindow.DecisionAfterDeadline.selector : bytes4(0);
        if (refusal == 0 && way % 5 < 2) refusal = IVault.NotSeller.selector;
        bytes memory call = _concedeCall(index, by, bySignature);
        _settle("concede", index, by.addr, call, bySignature, refusal, refundableOf(index));
    }

    function _concedeCall(uint256 index, Account memory by, bool bySignature) private view returns (bytes memory) {
        if (!bySignature) return abi.encodeCall(IRefundWindow.concede, (refOf(index)));
        Concede memory message = Concede(_idOf(index), by.addr, block.timestamp + MESSAGE_LIFE);
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, message));
        bytes memory signature = _sign(by, _entries[index].vault, structHash);
        return abi.encodeCall(IRefundWindow.concedeWithSignature, (refOf(index), message, signature));
    }

    /// @notice By the arbiter, who may be the payer; by others; too much for the payer; more or less than there is.
    function resolve(uint256 seed, uint256 way, uint256 signedSeed, uint256 timeSeed, uint256 share) external {
        uint256 index = way % 8 == 4 ? _pickOwnCase(seed) : _pickDisputed(seed);
        _warpInDispute(index, timeSeed);
        (uint256 held, uint256 limit) = (journal.held(index), refundableOf(index));
        way %= 8;
        Resolve memory decision = Resolve({
            paymentId: _idOf(index),
            toPayer: way == 1 ? limit + 1 : bound(share, 0, limit),
            toReceiver: 0,
            evidence: "reasons",
            deadline: block.timestamp + MESSAGE_LIFE
        });
        if (decision.toPayer <= held) decision.toReceiver = held - decision.toPayer;
        if (way == 2) ++decision.toReceiver;
        if (way == 3) decision.toReceiver /= 2;
        _resolve(index, decision, way == 0, signedSeed % 2 == 0);
    }

    function _resolve(uint256 index, Resolve memory decision, bool isWrong, bool bySignature) private {
        Account memory by = isWrong ? _operatorOf(_entries[index].vault) : _arbiterOf(index);
        bytes4 refusal = _resolveRefusal(index, decision);
        if (isWrong) refusal = bySignature ? IVault.SignatureInvalid.selector : IRefundWindow.NotArbiter.selector;
        bytes memory call = _resolveCall(index, by, decision, bySignature);
        _settle("resolve", index, by.addr, call, bySignature, refusal, decision.toPayer);
    }

    /// @dev A disputed payment of the arbiter itself.
    function _pickOwnCase(uint256 seed) private returns (uint256 index) {
        pay(VAULTS - 1, 0, 0, seed);
        index = _entries.length - 1;
        dispute(index, 0, seed);
    }

    function _arbiterOf(uint256 index) private view returns (Account memory) {
        return _accountOf(termsOf(_entries[index].vault).arbiter);
    }

    function _resolveRefusal(uint256 index, Resolve memory decision) private view returns (bytes4) {
        if (_isLate(index)) return IRefundWindow.DecisionAfterDeadline.selector;
        if (_arbiterOf(index).addr == _payerOf(index).addr) return IRefundWindow.ArbiterIsPayer.selector;
        if (decision.toPayer > refundableOf(index)) return IRefundWindow.ResolutionExceedsRefundable.selector;
        bool isWhole = decision.toPayer + decision.toReceiver == journal.held(index);
        return isWhole ? bytes4(0) : IRefundWindow.ResolutionNotWhole.selector;
    }

    function _resolveCall(
        uint256 index,
        Account memory by,
        Resolve memory decision,
        bool bySignature
    ) private view returns (bytes memory) {
        if (!bySignature) {
            return
                abi.encodeCall(
                    IRefundWindow.resolve,
                    (refOf(index), decision.toPayer, decision.toReceiver, decision.evidence)
                );
        }
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.RESOLVE_TYPEHASH, decision));
        bytes memory signature = _sign(by, _entries[index].vault, structHash);
        return abi.encodeCall(IRefundWindow.resolveWithSignature, (refOf(index), decision, signature));
    }

    /// @notice In the last second before the default, or from it on.
    function resolveByDefault(uint256 seed, uint256 timeSeed) external {
        uint256 index = _pickDisputed(seed);
        if (timeSeed % 4 == 0) _warpTo(_defaultsAt[index] - 1);
        if (timeSeed % 4 > 1) _warpTo(_defaultsAt[index]);

        bytes4 refusal = _isLate(index) ? bytes4(0) : IRefundWindow.DefaultBeforeDeadline.selector;
        uint256 toPayer = termsOf(_entries[index].vault).silenceFavorsPayer ? refundableOf(index) : 0;
        bytes memory call = abi.encodeCall(IRefundWindow.resolveByDefault, (refOf(index)));
        _settle("resolveByDefault", index, _stranger.addr, call, false, refusal, toPayer);
    }

    /// @notice A signed message that was used is presented again; by then the payment has been disputed, or is settled.
    function replayMessage(uint256 seed) external {
        if (_used.length == 0) return;
        Used storage used = _used[seed % _used.length];
        _refused(_stranger.addr, address(vaults[used.vault]), used.data, used.refusal);
    }

    function _pickDisputed(uint256 seed) private returns (uint256) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            uint256 index = ((seed % _entries.length) + i) % _entries.length;
            if (journal.isDisputed(index)) return index;
        }
        uint256 chosen = _pickDisputable(seed);
        dispute(chosen, 0, seed);
        return chosen;
    }

    function _warpInDispute(uint256 index, uint256 timeSeed) private {
        if (timeSeed % 8 == 0) _warpTo(_defaultsAt[index]);
        if (timeSeed % 8 == 1) _warpTo(_defaultsAt[index] - 1);
    }

    function _isLate(uint256 index) private view returns (bool) {
        return block.timestamp >= _defaultsAt[index];
    }

    function _settle(
        bytes32 name,
        uint256 index,
        address by,
        bytes memory call,
        bool bySignature,
        bytes4 refusal,
        uint256 toPayer
    ) private {
        uint256 vault = _entries[index].vault;
        Credits memory before = _creditsOf(index);
        if (!_try(name, bySignature ? _stranger.addr : by, vault, call, refusal)) return;

        _divide(index, toPayer, before);
        if (bySignature) _used.push(Used(vault, call, IRefundWindow.PaymentNotDisputed.selector));
    }

    function _divide(uint256 index, uint256 toPayer, Credits memory before) private {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        RefundWindowTerms memory terms = termsOf(vault);
        address payer = _payerOf(index).addr;
        uint256 toReceiver = journal.held(index) - toPayer;
        uint256 fee = (toReceiver * terms.feeBps) / 10_000;

        _note(Journal.Kind.SettledToPayer, index, toPayer, payer);
        _note(Journal.Kind.SettledToReceiver, index, toReceiver, terms.receiver);
        _noteFor(Journal.Kind.Owed, vault, token, payer, toPayer);
        _noteFor(Journal.Kind.Owed, vault, token, terms.receiver, toReceiver - fee);
        _noteFor(Journal.Kind.Owed, vault, token, terms.feeReceiver, fee);

        Credits memory credits = _creditsOf(index);
        bool isRight =
            credits.payer - before.payer == toPayer &&
                credits.receiver - before.receiver == toReceiver - fee &&
                credits.feeReceiver - before.feeReceiver == fee;
        if (!isRight) ++wrongShares;
    }

    function _creditsOf(uint256 index) private view returns (Credits memory credits) {
        uint256 vault = _entries[index].vault;
        address token = address(tokens[_entries[index].token]);
        (credits.payer, ) = vaults[vault].creditOf(token, _payerOf(index).addr);
        (credits.receiver, ) = vaults[vault].creditOf(token, termsOf(vault).receiver);
        (credits.feeReceiver, ) = vaults[vault].creditOf(token, termsOf(vault).feeReceiver);
    }
}
