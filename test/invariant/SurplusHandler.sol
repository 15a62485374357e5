// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Blockhash} from "@openzeppelin/contracts/utils/Blockhash.sol";

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {IReceiptVerifier} from "../../contracts/interfaces/IReceiptVerifier.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {Log, ReceiptBuilder} from "../utils/ReceiptBuilder.sol";
import {Journal} from "./Journal.sol";
import {PaymentHandler} from "./PaymentHandler.sol";

/// @title SurplusHandler
/// @notice Money that comes past `pay`, its proofs, and an operator that assigns what it can. Where an action needs an
/// announcement or a claim and there is none, it makes one first. Proofs are read by the real verifier, from blocks of one
/// receipt.
abstract contract SurplusHandler is PaymentHandler {
    /// @dev An authorization that was used past `pay`, or cancelled, and a proof of its transfer: forged where none was.
    struct Stray {
        uint8 vault;
        uint8 token;
        uint8 payer;
        bool hasMoved;
        bool isRecorded;
        bool isSaved;
        uint40 time;
        uint256 blockNumber;
        bytes header;
        bytes node;
        Authorization authorization;
    }

    /// @dev What EIP-2935 puts at its address. The opcode's own 256 hashes are not kept from one call of the fuzzer to the
    /// next, storage is: each block is 257 before the next.
    bytes private constant HISTORY_CODE =
        hex"3373fffffffffffffffffffffffffffffffffffffffe14604657602036036042575f35600143038111604257611fff81430311604257611fff9006545f5260205ff35b5f5ffd5b5f35611fff60014303065500";
    uint256 private constant HISTORY_REACH = 8191;
    uint256 private constant BLOCK_STEP = 257;

    ReceiptVerifier private immutable _verifier;
    Stray[] private _strays;

    constructor(ReceiptVerifier verifier) {
        _verifier = verifier;
        vm.etch(Blockhash.HISTORY_STORAGE_ADDRESS, HISTORY_CODE);
    }

    /* PAST PAY */

    /// @notice The authorization is handed to the token itself: the money arrives, and `pay` can no longer book it.
    function frontRun(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) public {
        _frontRun(_newEntry(vaultSeed, tokenSeed, payerSeed, amount));
    }

    function _frontRun(Entry memory entry) internal {
        Authorization memory signed = entry.authorization;
        address vault = address(vaults[entry.vault]);
        if (_blocked(entry.token, signed.payer, vault)) return;

        Token3009(signed.token).transferWithAuthorization(
            signed.payer,
            vault,
            signed.value,
            signed.validAfter,
            signed.validBefore,
            signed.nonce,
            signed.signature
        );
        _noteFor(Journal.Kind.Stray, entry.vault, entry.token, address(0), signed.value);
        _addStray(entry, true);
        bytes memory call = abi.encodeCall(IVault.pay, (signed));
        _refused(_stranger.addr, vault, call, _payRefusal(entry));
        ++successes["frontRun"];
    }

    /// @dev Why an authorization whose nonce was used cannot be paid; a product may look at the payment first.
    function _payRefusal(Entry memory) internal view virtual returns (bytes4) {
        return TokenLib.TokenRefusedAuthorization.selector;
    }

    /// @notice Nothing moves, but the token calls the nonce used from now on. Its owner forges a proof.
    function cancel(uint256 vaultSeed, uint256 tokenSeed, uint256 payerSeed, uint256 amount) public {
        Entry memory entry = _newEntry(vaultSeed, tokenSeed, payerSeed, amount);
        tokens[entry.token].cancelAuthorization(entry.authorization.payer, entry.nonce);
        _addStray(entry, false);
        ++successes["cancel"];
    }

    /// @dev A transfer whose proof looks like that of a payment, and is none.
    /// @return index Its place.
    function _addKnown(Entry memory entry) internal returns (uint256 index) {
        index = _strays.length;
        _addStray(entry, true);
        _strays[index].isRecorded = true;
    }

    function _addStray(Entry memory entry, bool hasMoved) private {
        Stray storage added = _strays.push();
        (added.vault, added.token, added.payer) = (entry.vault, entry.token, entry.payer);
        (added.hasMoved, added.time, added.blockNumber) = (hasMoved, uint40(block.timestamp), block.number);
        added.authorization = entry.authorization;

        bytes[] memory receipts = new bytes[](1);
        receipts[0] = ReceiptBuilder.encodeReceipt(2, _logsOf(entry));
        (bytes32 root, bytes[] memory nodes) = ReceiptBuilder.prove(receipts, 0);
        added.node = nodes[0];
        added.header = ReceiptBuilder.encodeHeader(block.number, block.timestamp, root, "");
        bytes32 blockHash = hasMoved ? keccak256(added.header) : keccak256("another header");
        vm.store(Blockhash.HISTORY_STORAGE_ADDRESS, bytes32(block.number % HISTORY_REACH), blockHash);
        vm.roll(block.number + BLOCK_STEP);
    }

    function _logsOf(Entry memory entry) private view returns (Log[] memory logs) {
        Authorization memory signed = entry.authorization;
        bytes32 payer = bytes32(uint256(uint160(signed.payer)));
        logs = new Log[](2);
        logs[0] = Log(signed.token, new bytes32[](3), "");
        logs[0].topics[0] = keccak256("AuthorizationUsed(address,bytes32)");
        (logs[0].topics[1], logs[0].topics[2]) = (payer, signed.nonce);
        logs[1] = Log(signed.token, new bytes32[](3), abi.encode(signed.value));
        logs[1].topics[0] = keccak256("Transfer(address,address,uint256)");
        (logs[1].topics[1], logs[1].topics[2]) = (payer, bytes32(uint256(uint160(address(vaults[entry.vault])))));
    }

    /* RECORD */

    /// @notice A stray that can be recorded where there is one, or any; sometimes in the wrong vault or token.
    function record(uint256 seed, uint256 way) external {
        way %= 8;
        uint256 index = way == 3 ? _pickClosed(seed) : _pickStray(seed, way == 0);
        Stray storage chosen = _strays[index];
        uint256 vault = way == 1 ? (chosen.vault + 1) % VAULTS : chosen.vault;
        uint256 token = way == 2 ? 1 - chosen.token : chosen.token;

        bytes4 refusal = recordRefusal(index);
        bool isProof = _isInReach(chosen) && chosen.hasMoved;
        if (isProof && way == 1) refusal = ISurplus.TransferToOther.selector;
        if (isProof && way == 2) refusal = IReceiptVerifier.LogOfOtherToken.selector;
        bytes memory call = abi.encodeCall(ISurplus.record, (address(tokens[token]), proofOf(index)));
        if (_try("record", _stranger.addr, vault, call, refusal)) _noteRecorded(index);
    }

    function _pickStray(uint256 seed, bool isAnyGood) private returns (uint256) {
        for (uint256 i = 0; i < _strays.length; ++i) {
            uint256 index = ((seed % _strays.length) + i) % _strays.length;
            if (isAnyGood || recordRefusal(index) == 0) return index;
        }
        frontRun(seed, 0, seed / 8, seed);
        return _strays.length - 1;
    }

    /// @dev One that an announcement has closed off.
    function _pickClosed(uint256 seed) private returns (uint256) {
        for (uint256 i = 0; i < _strays.length; ++i) {
            uint256 index = ((seed % _strays.length) + i) % _strays.length;
            if (recordRefusal(index) == ISurplus.RecordAfterAnnouncement.selector) return index;
        }
        uint256 vault = seed % VAULTS;
        _warpTo(_runningEnd(vault));
        frontRun(vault, 0, seed / 8, seed);
        _ensureAnnouncement(vault, seed);
        _warpTo(_runningEnd(vault));
        return _strays.length - 1;
    }

    function _runningEnd(uint256 vault) private view returns (uint256) {
        uint256 number = journal.runningAt(vault, 0, block.timestamp);
        return number == 0 ? 0 : journal.endOf(vault, 0, number);
    }

    /// @notice Why a stray cannot be recorded now; zero when it must be possible.
    function recordRefusal(uint256 index) public view returns (bytes4) {
        Stray storage chosen = _strays[index];
        if (!_isInReach(chosen)) return IReceiptVerifier.BlockTooOld.selector;
        if (!chosen.hasMoved) return IReceiptVerifier.BlockHashMismatch.selector;
        if (chosen.isRecorded) return IVault.PaymentAlreadyKnown.selector;
        bool isClosed = chosen.time <= journal.closedAt(chosen.vault, chosen.token, block.timestamp);
        return isClosed ? ISurplus.RecordAfterAnnouncement.selector : bytes4(0);
    }

    function _isInReach(Stray storage chosen) private view returns (bool) {
        return chosen.isSaved || block.number - chosen.blockNumber <= HISTORY_REACH;
    }

    function _noteRecorded(uint256 index) private {
        Stray storage chosen = _strays[index];
        chosen.isRecorded = true;
        (uint256 vault, uint256 token, uint256 amount) = (chosen.vault, chosen.token, chosen.authorization.value);
        _noteStray(Journal.Kind.Recorded, index, 0, amount);

        uint256 number = journal.runningAt(vault, token, block.timestamp);
        if (number != 0) {
            _noteStray(Journal.Kind.Unfrozen, index, number, _claimOf(index, number));
            uint256 left = journal.left(vault, token, number);
            bool wasAnnounced = chosen.time <= journal.announcedAt(vault, token, number);
            if (wasAnnounced) _noteStray(Journal.Kind.Proven, index, number, amount);
            uint256 stays = journal.provable(vault, token, number);
            if (left > stays) {
                _noteStray(Journal.Kind.TakenBack, index, number, left - stays);
                ++successes["taken back"];
            }
        }

        Entry memory entry;
        (entry.vault, entry.token, entry.payer) = (chosen.vault, chosen.token, chosen.payer);
        (entry.nonce, entry.authorization) = (chosen.authorization.nonce, chosen.authorization);
        _begin(entry);
    }

    /// @notice Somebody keeps a block's hash.
    function saveBlockHash(uint256 seed) external {
        if (_strays.length == 0) return;
        Stray storage chosen = _strays[seed % _strays.length];
        bytes memory call = abi.encodeCall(IReceiptVerifier.saveBlockHash, (chosen.header));
        bytes4 refusal;
        if (!_isInReach(chosen)) refusal = IReceiptVerifier.BlockTooOld.selector;
        else if (!chosen.hasMoved) refusal = IReceiptVerifier.BlockHashMismatch.selector;
        if (refusal != 0) {
            _refused(_stranger.addr, address(_verifier), call, refusal);
            return;
        }
        _verifier.saveBlockHash(chosen.header);
        chosen.isSaved = true;
        ++successes["saveBlockHash"];
    }

    /// @notice So many blocks pass that nothing can be proven whose block nobody kept.
    function travelBlocks(uint256 seed) external {
        if (seed % 4 == 0) vm.roll(block.number + HISTORY_REACH + 1);
    }

    /* ASSIGN */

    /// @notice Of a token with free surplus where there is one: a part of it, all of it, or too much.
    function announceAssignment(uint256 seed, uint256 amount, uint256 way) external {
        (uint256 vault, uint256 token) = _pickFreeBook(seed);
        uint256 free = journal.free(vault, token);
        address by = way % 8 == 0 ? _receiverOf(vault).addr : _operatorOf(vault).addr;
        amount = way % 8 == 1 || free == 0 ? free + 1 : bound(amount, 1, free);
        if (way % 2 == 0 && free != 0) amount = free;
        _announce(vault, token, amount, by);
    }

    function _announce(uint256 vault, uint256 token, uint256 amount, address by) private {
        bytes4 refusal;
        if (by != _operatorOf(vault).addr) refusal = ISurplus.NotOperator.selector;
        else if (journal.runningAt(vault, token, block.timestamp) != 0) {
            refusal = ISurplus.AnnouncementRunning.selector;
        } else if (amount > journal.free(vault, token)) refusal = ISurplus.AnnouncementExceedsSurplus.selector;

        bytes memory call = abi.encodeCall(ISurplus.announceAssignment, (address(tokens[token]), amount));
        if (!_try("announceAssignment", by, vault, call, refusal)) return;
        Journal.Line memory line = _line(Journal.Kind.Announced, vault, token, amount);
        line.number = uint8(journal.announcements(vault, token) + 1);
        line.free = uint112(journal.free(vault, token));
        journal.write(line);
    }

    function _pickFreeBook(uint256 seed) private returns (uint256 vault, uint256 token) {
        for (uint256 i = 0; i < VAULTS * TOKENS; ++i) {
            uint256 book = ((seed % (VAULTS * TOKENS)) + i) % (VAULTS * TOKENS);
            (vault, token) = (book / TOKENS, book % TOKENS);
            bool isRunning = journal.runningAt(vault, token, block.timestamp) != 0;
            if (!isRunning && journal.free(vault, token) != 0) return (vault, token);
        }
        vault = seed % VAULTS;
        frontRun(vault, 0, seed / 8, seed);
        return (vault, 0);
    }

    /// @notice A payer whose money moved, or who only cancelled; sometimes of an authorization that was not used, or
    /// that somebody else signed.
    function freeze(uint256 seed, uint256 way) public {
        way %= 8;
        uint256 index = way == 0 && _strays.length != 0 ? seed % _strays.length : _pickFreezable(seed);
        if (way > 4) index = _rivalOf(index, seed);
        Stray storage chosen = _strays[index];
        (uint256 vault, uint256 token) = (chosen.vault, chosen.token);
        uint256 number = journal.runningAt(vault, token, block.timestamp);
        Authorization memory authorization = chosen.authorization;
        bytes4 refusal = _freezeRefusal(index, number);
        if (refusal == 0 && way == 1) {
            authorization = _newEntry(vault, token, seed, seed).authorization;
            refusal = ISurplus.AuthorizationUnused.selector;
        } else if (refusal == 0 && way == 2) {
            authorization.signature = _signPayment(_stranger, vault, authorization);
            refusal = IVault.SignatureInvalid.selector;
        }

        bytes memory call = abi.encodeCall(ISurplus.freeze, (authorization));
        if (!_try("freeze", _stranger.addr, vault, call, refusal)) return;
        _noteStray(Journal.Kind.Frozen, index, number, authorization.value);
    }

    /// @dev An accomplice cancels an authorization of all there is, to freeze in the same announcement; the first one has
    /// frozen before.
    function _rivalOf(uint256 index, uint256 seed) private returns (uint256) {
        freeze(index, 4);
        cancel(_strays[index].vault, _strays[index].token, seed / 8, MAX_AMOUNT);
        ++successes["rival"];
        return _strays.length - 1;
    }

    function _freezeRefusal(uint256 index, uint256 number) private view returns (bytes4) {
        Stray storage chosen = _strays[index];
        if (number == 0) return ISurplus.AnnouncementNotRunning.selector;
        if (chosen.isRecorded) return IVault.PaymentAlreadyKnown.selector;
        return _claimOf(index, number) == 0 ? bytes4(0) : ISurplus.AlreadyFrozen.selector;
    }

    function _pickFreezable(uint256 seed) private returns (uint256) {
        for (uint256 i = 0; i < _strays.length; ++i) {
            uint256 index = ((seed % _strays.length) + i) % _strays.length;
            uint256 number = journal.runningAt(_strays[index].vault, _strays[index].token, block.timestamp);
            if (_freezeRefusal(index, number) == 0) return index;
        }
        uint256 vault = seed % VAULTS;
        if ((seed / VAULTS) % 2 == 0) cancel(vault, 0, seed / 8, seed);
        else frontRun(vault, 0, seed / 8, seed);
        _ensureAnnouncement(vault, seed);
        return _strays.length - 1;
    }

    function _ensureAnnouncement(uint256 vault, uint256 seed) private {
        if (journal.runningAt(vault, 0, block.timestamp) != 0) return;
        if (journal.free(vault, 0) == 0) stray(vault, 0, seed);
        _announce(vault, 0, journal.free(vault, 0), _operatorOf(vault).addr);
    }

    /// @notice Mostly when an announcement has ended, sometimes in the last second before.
    function assign(uint256 seed, uint256 way, uint256 toSeed) external {
        (uint256 vault, uint256 token, uint256 number) = _pickAnnouncement(seed);
        uint256 end = journal.endOf(vault, token, number);
        way %= 8;
        if (way == 1) _warpTo(end - 1);
        if (way > 2) _warpTo(end);
        address to = way == 3 ? address(vaults[vault]) : _people[toSeed % _people.length].addr;

        bytes4 refusal = block.timestamp < end ? ISurplus.AnnouncementRunning.selector : bytes4(0);
        if (way == 3) refusal = IVault.RecipientForbidden.selector;
        if (way == 0) refusal = ISurplus.NotOperator.selector;
        _assign(_line(Journal.Kind.Assigned, vault, token, 0), number, to, refusal);
    }

    function _assign(Journal.Line memory line, uint256 number, address to, bytes4 refusal) private {
        uint256 left = journal.left(line.vault, line.token, number);
        uint256 claims = journal.claims(line.vault, line.token, number);
        address by = _operatorOf(line.vault).addr;
        if (refusal == ISurplus.NotOperator.selector) by = _stranger.addr;
        if (refusal == 0 && left <= claims) refusal = ISurplus.NothingToAssign.selector;
        if (refusal == 0) refusal = _blockedBy(line.token, address(vaults[line.vault]), to);

        bytes memory call = abi.encodeCall(ISurplus.assign, (address(tokens[line.token]), number, to));
        uint256 before = tokens[line.token].balanceOf(to);
        if (!_try("assign", by, line.vault, call, refusal)) return;
        line.amount = uint112(left - claims);
        _noteGiven(line, number, to, before);
    }

    function _pickAnnouncement(uint256 seed) private returns (uint256 vault, uint256 token, uint256 number) {
        for (uint256 i = 0; i < VAULTS * TOKENS; ++i) {
            uint256 book = ((seed % (VAULTS * TOKENS)) + i) % (VAULTS * TOKENS);
            (vault, token) = (book / TOKENS, book % TOKENS);
            for (number = journal.announcements(vault, token); number > 0; --number) {
                if (journal.left(vault, token, number) != 0) return (vault, token, number);
            }
        }
        (vault, token) = (seed % VAULTS, 0);
        _ensureAnnouncement(vault, seed);
        number = journal.announcements(vault, token);
    }

    /// @notice As operator and payer agree: a part of the claim or all of it, also where others claim the same money.
    function release(uint256 seed, uint256 way, uint256 amount, uint256 toSeed) external {
        (uint256 index, uint256 number) = _pickClaim(seed);
        uint256 end = journal.endOf(_strays[index].vault, _strays[index].token, number);
        way %= 8;
        if (way == 1) _warpTo(end - 1);
        if (way > 1) _warpTo(end);
        uint256 available = _available(index, number);
        amount = way == 2 || available == 0 ? available + 1 : bound(amount, 1, available);
        if (way == 4) amount = 0; // the claim is given up
        address to = _people[toSeed % _people.length].addr;
        Release memory message = Release(
            vaults[_strays[index].vault].idOf(strayRefOf(index)),
            number,
            amount,
            to,
            block.timestamp + MESSAGE_LIFE
        );

        bytes4 refusal = amount > available ? ISurplus.ReleaseExceedsClaim.selector : bytes4(0);
        if (block.timestamp < end) refusal = ISurplus.AnnouncementRunning.selector;
        if (way == 3) refusal = IVault.SignatureInvalid.selector;
        if (way == 0) refusal = ISurplus.NotOperator.selector;
        _release(index, message, way, refusal);
    }

    function _release(uint256 index, Release memory message, uint256 way, bytes4 refusal) private {
        (uint256 vault, uint256 token) = (_strays[index].vault, _strays[index].token);
        if (refusal == 0 && message.amount != 0) refusal = _blockedBy(token, address(vaults[vault]), message.to);
        Account memory payer = _people[_strays[index].payer];
        Account memory operator = _operatorOf(vault);
        bytes memory call = _releaseCall(index, message, way == 3 ? _unless(operator, payer) : payer);
        uint256 before = tokens[token].balanceOf(message.to);
        address by = way == 0 ? _unless(payer, operator).addr : operator.addr;
        if (!_try("release", by, vault, call, refusal)) return;

        _noteReleased(index, message, before);
        _refused(by, address(vaults[vault]), call, ISurplus.ReleaseExceedsClaim.selector);
    }

    function _noteReleased(uint256 index, Release memory message, uint256 before) private {
        (uint256 number, Stray storage chosen) = (message.announcement, _strays[index]);
        _noteStray(Journal.Kind.Unfrozen, index, number, _claimOf(index, number));
        Journal.Line memory line = _line(Journal.Kind.Released, chosen.vault, chosen.token, message.amount);
        _noteGiven(line, number, message.to, before);
    }

    /// @dev Payer and operator may be the same person, whom nobody can refuse.
    function _unless(Account memory who, Account memory same) private view returns (Account memory) {
        return who.addr == same.addr ? _stranger : who;
    }

    /// @dev What is left after all others got what they claim, and at most the own claim.
    function _available(uint256 index, uint256 number) private view returns (uint256) {
        (uint256 vault, uint256 token) = (_strays[index].vault, _strays[index].token);
        uint256 claim = _claimOf(index, number);
        uint256 others = journal.claims(vault, token, number) - claim;
        uint256 left = journal.left(vault, token, number);
        if (left <= others) return 0;
        return left - others < claim ? left - others : claim;
    }

    function _claimOf(uint256 index, uint256 number) private view returns (uint256) {
        return journal.claim(_strays[index].vault, _strays[index].token, number, index);
    }

    function _pickClaim(uint256 seed) private returns (uint256 index, uint256 number) {
        for (uint256 i = 0; i < _strays.length; ++i) {
            index = ((seed % _strays.length) + i) % _strays.length;
            number = journal.announcements(_strays[index].vault, _strays[index].token);
            for (; number > 0; --number) {
                if (_claimOf(index, number) != 0) return (index, number);
            }
        }
        index = _pickFreezable(seed);
        freeze(index, 4);
        number = journal.runningAt(_strays[index].vault, _strays[index].token, block.timestamp);
    }

    function _releaseCall(
        uint256 index,
        Release memory message,
        Account memory signer
    ) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.RELEASE_TYPEHASH, message));
        bytes memory signature = _sign(signer, _strays[index].vault, structHash);
        return abi.encodeCall(ISurplus.release, (strayRefOf(index), message, signature));
    }

    /* NOTES */

    function _noteStray(Journal.Kind kind, uint256 index, uint256 number, uint256 amount) private {
        Journal.Line memory line = _line(kind, _strays[index].vault, _strays[index].token, amount);
        (line.stray, line.number) = (uint16(index), uint8(number));
        journal.write(line);
    }

    function _noteGiven(Journal.Line memory line, uint256 number, address to, uint256 before) private {
        line.number = uint8(number);
        line.owner = to;
        journal.write(line);
        (line.kind, line.number) = (Journal.Kind.Sent, 0);
        journal.write(line);
        if (tokens[line.token].balanceOf(to) != before + line.amount) ++wrongPayouts;
    }

    /* WHAT THE INVARIANTS READ */

    function strayCount() external view returns (uint256) {
        return _strays.length;
    }

    function authorizationOf(uint256 index) public view returns (Authorization memory) {
        return _strays[index].authorization;
    }

    function placeOfStray(uint256 index) public view returns (uint256 vault, uint256 token, uint256 amount) {
        return (_strays[index].vault, _strays[index].token, _strays[index].authorization.value);
    }

    function strayRefOf(uint256 index) public view returns (PaymentRef memory) {
        return _refOf(_strays[index].token, _strays[index].payer, _strays[index].authorization.nonce);
    }

    function proofOf(uint256 index) public view returns (ReceiptProof memory proof) {
        proof.header = _strays[index].header;
        proof.nodes = new bytes[](1);
        proof.nodes[0] = _strays[index].node;
    }
}
