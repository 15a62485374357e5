// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../contracts/types/Terms.sol";
import {Capture} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {CaptureHandler} from "./CaptureHandler.sol";
import {EscrowReplay} from "./EscrowReplay.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {Journal} from "./Journal.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title EscrowHandler
/// @notice All actions of an escrow; here those that give back what was captured. Each refund's transfer is kept with its
/// proof, and tried as a payment in every way.
contract EscrowHandler is CaptureHandler {
    /// @dev What a refund must change, and what it must not.
    struct Books {
        uint256 purse;
        uint256 payer;
        uint256 credit;
        uint256 surplus;
        uint256 liabilities;
    }

    /// @dev Places of the refunds' transfers among the strays.
    uint256[] private _transfers;

    /// @notice How often a refund took from others than from who signed it, or gave to others than the payer.
    uint256 public wrongRefunds;

    constructor(
        ReceiptVerifier verifier,
        address[] memory vaults_,
        EscrowTerms[] memory terms,
        Token3009[] memory tokens_,
        Account[] memory people
    ) HandlerBase(new EscrowReplay(), vaults_, tokens_, people) CaptureHandler(terms) SurplusHandler(verifier) {
        for (uint256 i = 0; i < TOKENS; ++i) {
            for (uint256 j = PAYERS; j < people.length; ++j) tokens[i].mint(_people[j].addr, 1e30);
        }
    }

    /* WHAT THE INVARIANTS READ */

    function transferCount() external view returns (uint256) {
        return _transfers.length;
    }

    /// @notice The place of a refund's transfer among the strays.
    function transferAt(uint256 number) external view returns (uint256) {
        return _transfers[number];
    }

    /* REFUND */

    /// @notice By anybody who signs for it: with the right nonce, or another; of this token or the other; a part, all, too
    /// much or nothing; signed by another, or as if it were a payment; after a payment with the same nonce.
    function refund(uint256 seed, uint256 amount, uint256 bySeed, uint256 way) external {
        uint256 index = _pickCaptured(seed);
        uint256 person = bySeed % _people.length;
        uint256 most = journal.kept(index);
        way %= 12;
        bytes32 nonce = _refundNonceOf(index);
        if (way == 6) _payWithNonce(index, person, nonce, amount);
        if (way == 7) _frontRunWithNonce(index, person, nonce, amount);
        Authorization memory authorization = Authorization({
            token: address(tokens[_entries[index].token]),
            payer: _people[person].addr,
            value: bound(amount, 1, most),
            validAfter: 0,
            validBefore: type(uint40).max,
            nonce: nonce,
            signature: ""
        });
        if (way == 0) authorization.nonce = _wrongNonce(index, seed);
        if (way == 1) authorization.token = address(tokens[1 - _entries[index].token]);
        if (way == 2) authorization.value = most + 1;
        if (way == 3) authorization.value = 0;
        _sign(authorization, _entries[index].vault, way == 4 ? _stranger : _people[person], way == 5);
        _refund(index, person, authorization, way);
    }

    /// @notice Payouts of one payment fail one after the other: two captures while the token is paused, and a refund to a payer
    /// whom it denies.
    function payOutInTrouble(uint256 seed, uint256 way) external {
        uint256 index = _payInPeace(seed);
        (uint256 vault, uint256 held) = (_entries[index].vault, journal.held(index));
        tokens[1].setPaused(true);
        _captureNow(index, bound(way, 1, held - 1));
        _captureNow(index, journal.held(index));
        tokens[1].setPaused(false);
        tokens[1].setDenylisted(_payerOf(index).addr, true);

        Authorization memory authorization = Authorization({
            token: address(tokens[1]),
            payer: partiesOf(vault).receiver,
            value: bound(seed, 1, held),
            validAfter: 0,
            validBefore: type(uint40).max,
            nonce: _refundNonceOf(index),
            signature: ""
        });
        Account memory receiver = _receiverOf(vault);
        _sign(authorization, vault, receiver, false);
        _refund(index, _personOf(receiver.addr), authorization, 12);
        ++successes["payOutInTrouble"];
    }

    /// @dev A payment in the regulated token, while it refuses none of the parties.
    function _payInPeace(uint256 seed) private returns (uint256) {
        uint256 vault = seed % VAULTS;
        tokens[1].setPaused(false);
        tokens[1].setDenylisted(address(vaults[vault]), false);
        for (uint256 i = 0; i < _people.length; ++i) tokens[1].setDenylisted(_people[i].addr, false);
        pay(vault, 1, seed / 8, 2 + (seed % (MAX_AMOUNT - 2)));
        return _entries.length - 1;
    }

    function _captureNow(uint256 index, uint256 amount) private {
        (uint256 held, uint256 captured) = (journal.held(index), journal.sumOf(Journal.Kind.Captured, index));
        Capture memory order;
        (order.amount, order.expectedHeld) = (amount, held);
        bytes memory call = abi.encodeCall(IEscrow.capture, (refOf(index), amount, held, captured, PAYOUT_GAS));
        _carryOut(index, order, _operatorOf(_entries[index].vault).addr, call, 0);
    }

    function _personOf(address who) private view returns (uint256 person) {
        while (_people[person].addr != who) ++person;
    }

    /// @dev One of which something is captured and was not given back; where there is none, one is captured.
    function _pickCaptured(uint256 seed) private returns (uint256 index) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            index = ((seed % _entries.length) + i) % _entries.length;
            if (journal.kept(index) != 0) return index;
        }
        index = _pickRunning(seed);
        _captureNow(index, journal.held(index));
    }

    /// @dev Computed here, and not by the vault.
    function _refundNonceOf(uint256 index) private view returns (bytes32) {
        return keccak256(abi.encode(_idOf(index), journal.sumOf(Journal.Kind.Refunded, index)));
    }

    /// @dev Of another payment, or of this one before or after.
    function _wrongNonce(uint256 index, uint256 seed) private view returns (bytes32) {
        uint256 other = seed % _entries.length;
        if (other != index) return _refundNonceOf(other);
        uint256 refunded = journal.sumOf(Journal.Kind.Refunded, index);
        return keccak256(abi.encode(_idOf(index), refunded == 0 ? 1 : 0));
    }

    /// @dev The refund's signer uses the nonce for a payment first.
    function _payWithNonce(uint256 index, uint256 person, bytes32 nonce, uint256 amount) private {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        if (_isUsed(token, person, nonce)) return;
        _pay(_newEntryOf(vault, token, person, amount, nonce));
    }

    function _frontRunWithNonce(uint256 index, uint256 person, bytes32 nonce, uint256 amount) private {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        if (_isUsed(token, person, nonce)) return;
        _frontRun(_newEntryOf(vault, token, person, amount, nonce));
    }

    function _isUsed(uint256 token, uint256 person, bytes32 nonce) private view returns (bool) {
        return tokens[token].authorizationState(_people[person].addr, nonce);
    }

    /// @dev As EIP-3009 says for money that only its recipient can fetch; or as for a payment.
    function _sign(Authorization memory authorization, uint256 vault, Account memory by, bool isPayment) private view {
        authorization.signature =
            isPayment
                ? _signPayment(by, vault, authorization)
                : _signAs(
                    by,
                    Token3009(authorization.token).receiveDigestOf(
                        authorization.payer,
                        address(vaults[vault]),
                        authorization.value,
                        authorization.validAfter,
                        authorization.validBefore,
                        authorization.nonce
                    )
                );
    }

    function _refund(uint256 index, uint256 person, Authorization memory authorization, uint256 way) private {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        bytes4 refusal = _refundRefusal(index, person, authorization, way == 4 || way == 5);
        bytes memory call = abi.encodeCall(IEscrow.refund, (refOf(index), authorization, PAYOUT_GAS));
        Books memory before = _booksOf(index, person);
        if (!_try("refund", _stranger.addr, vault, call, refusal)) return;

        address payer = _payerOf(index).addr;
        _note(Journal.Kind.Refunded, index, authorization.value, authorization.payer);
        bool sent = !_blocked(token, address(vaults[vault]), payer);
        _noteFor(sent ? Journal.Kind.Sent : Journal.Kind.Owed, vault, token, payer, authorization.value);
        ++successes[sent ? bytes32("refund sent") : bytes32("refund owed")];
        if (!_isRight(before, _booksOf(index, person), authorization, payer, sent)) ++wrongRefunds;

        _keepTransfer(vault, token, person, authorization);
        _refused(_stranger.addr, address(vaults[vault]), call, IEscrow.RefundNonceWrong.selector);
    }

    function _refundRefusal(
        uint256 index,
        uint256 person,
        Authorization memory authorization,
        bool isSignedWrong
    ) private view returns (bytes4) {
        Entry storage entry = _entries[index];
        if (authorization.value == 0) return IVault.AmountZero.selector;
        if (authorization.token != address(tokens[entry.token])) return IEscrow.RefundInOtherToken.selector;
        if (authorization.nonce != _refundNonceOf(index)) return IEscrow.RefundNonceWrong.selector;
        if (authorization.value > journal.kept(index)) return IEscrow.RefundExceedsCaptured.selector;
        if (_isPayment(entry.vault, entry.token, person, authorization.nonce)) {
            return IVault.PaymentAlreadyKnown.selector;
        }
        bool isRefused = _blocked(entry.token, authorization.payer, address(vaults[entry.vault])) || isSignedWrong;
        if (_isUsed(entry.token, person, authorization.nonce)) isRefused = true;
        return isRefused ? TokenLib.TokenRefusedAuthorization.selector : bytes4(0);
    }

    /// @dev Whether `person` paid into the vault with that nonce, by the handler's own list.
    function _isPayment(uint256 vault, uint256 token, uint256 person, bytes32 nonce) private view returns (bool) {
        for (uint256 i = 0; i < _entries.length; ++i) {
            Entry storage entry = _entries[i];
            bool isSame = entry.vault == vault && entry.token == token && entry.payer == person;
            if (isSame && entry.nonce == nonce) return true;
        }
        return false;
    }

    function _booksOf(uint256 index, uint256 person) private view returns (Books memory books) {
        (uint256 vault, uint256 token) = (_entries[index].vault, _entries[index].token);
        (address payer, address asset) = (_payerOf(index).addr, address(tokens[token]));
        books.purse = tokens[token].balanceOf(_people[person].addr);
        books.payer = tokens[token].balanceOf(payer);
        (books.credit, ) = vaults[vault].creditOf(asset, payer);
        books.surplus = vaults[vault].surplusOf(asset);
        books.liabilities = vaults[vault].liabilitiesOf(asset);
    }

    /// @dev It leaves one purse, and comes to the payer; the vault owes no more and no less, but what the payer could not be
    /// sent.
    function _isRight(
        Books memory before,
        Books memory afterwards,
        Authorization memory authorization,
        address payer,
        bool sent
    ) private pure returns (bool) {
        (uint256 out, uint256 owed) = (authorization.value, sent ? 0 : authorization.value);
        uint256 got = authorization.value - owed;
        if (authorization.payer == payer) (out, got) = (owed, 0);
        bool isPaidByOne = before.purse == afterwards.purse + out;
        bool isPayers = authorization.payer == payer || afterwards.payer == before.payer + got;
        return
            isPaidByOne &&
            isPayers &&
            afterwards.credit == before.credit + owed &&
            afterwards.liabilities == before.liabilities + owed &&
            afterwards.surplus == before.surplus;
    }

    /* WHAT LOOKS LIKE A PAYMENT */

    /// @dev With what its signer could have signed to pay with the same nonce.
    function _keepTransfer(uint256 vault, uint256 token, uint256 person, Authorization memory refunded) private {
        Entry memory entry = _newEntryOf(vault, token, person, refunded.value, refunded.nonce);
        _transfers.push(_addKnown(entry));
    }

    /// @notice A refund's transfer is paid again, recorded, frozen, and used as what names a payment.
    function useTransfer(uint256 seed, uint256 way) external {
        if (_transfers.length == 0) return;
        uint256 index = _transfers[seed % _transfers.length];
        (uint256 vault, uint256 token, uint256 amount) = placeOfStray(index);
        PaymentRef memory ref = strayRefOf(index);
        address operator = _operatorOf(vault).addr;
        bytes4 unknown = IVault.PaymentUnknown.selector;
        way %= 6;
        if (way == 0) {
            _refused(_stranger.addr, address(vaults[vault]), _recordCall(token, index), recordRefusal(index));
        } else if (way == 1) {
            bytes memory call = abi.encodeCall(IVault.pay, (authorizationOf(index)));
            _refused(_stranger.addr, address(vaults[vault]), call, IVault.PaymentAlreadyKnown.selector);
        } else if (way == 2) {
            bool isRunning = journal.runningAt(vault, token, block.timestamp) != 0;
            bytes4 refusal = isRunning ? IVault.PaymentAlreadyKnown.selector : ISurplus.AnnouncementNotRunning.selector;
            bytes memory call = abi.encodeCall(ISurplus.freeze, (authorizationOf(index)));
            _refused(_stranger.addr, address(vaults[vault]), call, refusal);
        } else if (way == 3) {
            bytes memory call = abi.encodeCall(IEscrow.capture, (ref, amount, amount, 0, PAYOUT_GAS));
            _refused(operator, address(vaults[vault]), call, unknown);
        } else if (way == 4) {
            bytes memory call = abi.encodeCall(IEscrow.void, (ref, 0, PAYOUT_GAS));
            _refused(operator, address(vaults[vault]), call, unknown);
        } else {
            bytes memory call = abi.encodeCall(IEscrow.reclaim, (ref, PAYOUT_GAS));
            _refused(ref.payer, address(vaults[vault]), call, unknown);
        }
    }

    function _recordCall(uint256 token, uint256 index) private view returns (bytes memory) {
        return abi.encodeCall(ISurplus.record, (address(tokens[token]), proofOf(index)));
    }

    /* ACTIONS */

    /// @dev Freezing and releasing surplus are the same for every vault, and are left to the refund window's runs.
    function actions() external pure override returns (bytes4[] memory list) {
        list = new bytes4[](21);
        (list[0], list[1], list[2]) = (this.pay.selector, this.payAgain.selector, this.payMany.selector);
        (list[3], list[4], list[5]) = (this.stray.selector, this.frontRun.selector, this.record.selector);
        (list[6], list[7], list[8]) = (this.announceAssignment.selector, this.assign.selector, this.withdraw.selector);
        (list[9], list[10], list[11]) = (this.capture.selector, this.captureMany.selector, this.giveBack.selector);
        (list[12], list[13], list[14]) = (this.reclaim.selector, this.refund.selector, this.useTransfer.selector);
        (list[15], list[16]) = (this.presentOrder.selector, this.presentBatch.selector);
        (list[17], list[18]) = (this.travel.selector, this.travelToEdge.selector);
        (list[19], list[20]) = (this.setTrouble.selector, this.payOutInTrouble.selector);
    }
}
