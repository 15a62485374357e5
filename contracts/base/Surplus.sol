// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IReceiptVerifier} from "../interfaces/IReceiptVerifier.sol";
import {ISurplus} from "../interfaces/ISurplus.sol";
import {TokenLib} from "../libraries/TokenLib.sol";
import {TypedDataLib} from "../libraries/TypedDataLib.sol";
import {Announcement, Announcements} from "../types/Announcement.sol";
import {Authorization, Method, PaymentId, PaymentRef} from "../types/Payment.sol";
import {AuthorizedTransfer, ReceiptProof} from "../types/Receipt.sol";
import {Release} from "../types/TypedData.sol";
import {Vault} from "./Vault.sol";

/// @title Surplus
/// @notice What becomes of tokens that came past `pay`: payments that can be proven are payments; the rest is the
/// operator's to assign, after everybody had time to object.
/// @dev PROMISES
/// - A payment that was authorized to this vault and is proven counts whoever submitted it, from the moment it is recorded.
/// - Nobody's word makes a payment: only a receipt of this chain does.
/// - The operator moves no surplus that was not announced seven days before, and nothing that arrived after that.
/// - Surplus that a payer froze of an announcement moves only when operator and that payer agree, and not at another
///   claimant's cost. What was left over can be announced again, and has to be frozen again.
///
/// ASSUMPTIONS
/// - The token marks an authorization as used and moves its value in one breath, and logs both, as EIP-3009 says.
/// - Who wants a payment to count proves it before the seven days are over.
///
/// NOT CHECKED
/// - That a proof is affordable: whoever submits a payment decides what else its receipt has to carry.
/// - Whose the surplus is that nobody proves or claims.
/// - That a frozen authorization moved money: a cancelled one can freeze, and then nobody gets what it froze. It gains
///   its signer nothing.
abstract contract Surplus is ISurplus, Vault {
    using SafeCast for uint256;

    uint40 private constant ANNOUNCEMENT_PERIOD = 7 days;

    IReceiptVerifier private immutable _receiptVerifier;

    mapping(address token => Announcements) private _announcements;
    mapping(PaymentId id => mapping(uint256 number => uint256 amount)) private _claims;

    constructor(IReceiptVerifier receiptVerifier_) {
        if (address(receiptVerifier_).code.length == 0) revert VerifierHasNoCode(address(receiptVerifier_));
        _receiptVerifier = receiptVerifier_;
    }

    /* RECORD */

    /// @inheritdoc ISurplus
    function record(address token, ReceiptProof calldata proof) external onlyClone nonReentrant returns (PaymentId id) {
        AuthorizedTransfer memory transfer = _receiptVerifier.authorizedTransferIn(token, proof);
        (address payer, bytes32 nonce, uint256 amount) = (transfer.payer, transfer.nonce, transfer.value);
        id = _idOf({method: Method.Eip3009, token: token, payer: payer, nonce: nonce});

        if (transfer.recipient != address(this)) revert TransferToOther(transfer.recipient);
        if (amount == 0) revert AmountZero();
        if (_isKnown(id)) revert PaymentAlreadyKnown(id);
        _takeBackFromAnnouncement(token, id, transfer);
        uint256 free = _freeSurplusOf(token);
        if (amount > free) revert RecordExceedsSurplus(id, amount, free);

        emit Recorded(id, transfer.timestamp);

        uint40 deadline = _newDeadline();
        _hold(
            token,
            _open({id: id, token: token, payer: payer, nonce: nonce, amount: amount, deadline: deadline}),
            deadline
        );
    }

    /// @dev While an announcement runs, a proof goes before it; once it has ended, the books on what came before it are
    /// closed: else an old proof, of money that has been assigned, would be paid out of somebody else's.
    function _takeBackFromAnnouncement(address token, PaymentId id, AuthorizedTransfer memory transfer) private {
        Announcements storage announcements = _announcements[token];
        uint256 number = announcements.count;
        Announcement storage newest = announcements.byNumber[number];
        bool isRunning = block.timestamp < _endOf(newest);
        uint40 closedAt = isRunning ? announcements.byNumber[number - 1].announcedAt : newest.announcedAt;

        if (transfer.timestamp <= closedAt) revert RecordAfterAnnouncement(id, transfer.timestamp, closedAt);
        if (!isRunning) return;

        newest.claims -= _claims[id][number];
        delete _claims[id][number];
        if (transfer.timestamp > newest.announcedAt) return;

        // Of what was there when it was announced, no more can be set aside than has not been proven since.
        newest.provable = Math.saturatingSub(newest.provable, transfer.value);
        uint256 excess = Math.saturatingSub(newest.amount, newest.provable);
        newest.amount -= excess;
        announcements.aside -= excess;
    }

    /// @dev Surplus that no announcement has set aside; nothing when the token's balance has shrunk by itself.
    function _freeSurplusOf(address token) private view returns (uint256) {
        return Math.saturatingSub(surplusOf(token), _announcements[token].aside);
    }

    /* ASSIGN */

    /// @inheritdoc ISurplus
    function announceAssignment(
        address token,
        uint256 amount
    ) external onlyClone nonReentrant returns (uint256 number) {
        _checkOperator();
        Announcements storage announcements = _announcements[token];
        uint40 runsUntil = _endOf(announcements.byNumber[announcements.count]);
        uint256 free = _freeSurplusOf(token);

        if (amount == 0) revert AmountZero();
        if (block.timestamp < runsUntil) revert AnnouncementRunning(token, announcements.count, runsUntil);
        if (amount > free) revert AnnouncementExceedsSurplus(token, amount, free);

        uint40 announcedAt = block.timestamp.toUint40();
        number = ++announcements.count;
        announcements.aside += amount;
        announcements.byNumber[number] = Announcement({
            amount: amount,
            claims: 0,
            provable: free,
            announcedAt: announcedAt
        });

        emit AssignmentAnnounced(token, number, amount, free, announcedAt + ANNOUNCEMENT_PERIOD);
    }

    /// @inheritdoc ISurplus
    function freeze(Authorization calldata authorization) external onlyClone nonReentrant {
        (address token, address payer) = (authorization.token, authorization.payer);
        PaymentId id = _idOf({method: Method.Eip3009, token: token, payer: payer, nonce: authorization.nonce});
        uint256 number = _announcements[token].count;
        Announcement storage newest = _announcements[token].byNumber[number];
        // Bounded, so that no claim can keep others from being added to it.
        uint256 amount = authorization.value.toUint104();

        if (block.timestamp >= _endOf(newest)) revert AnnouncementNotRunning(token, number, _endOf(newest));
        if (amount == 0) revert AmountZero();
        if (_isKnown(id)) revert PaymentAlreadyKnown(id);
        uint256 frozen = _claims[id][number];
        // A payer may have signed the same nonce for more: the larger one counts.
        if (amount <= frozen) revert AlreadyFrozen(id, number);
        if (!TokenLib.isUsed(authorization)) revert AuthorizationUnused(token, payer, authorization.nonce);
        bytes32 digest = TokenLib.digestOf(authorization);
        if (!SignatureChecker.isValidSignatureNowCalldata(payer, digest, authorization.signature)) {
            revert SignatureInvalid(payer);
        }

        newest.claims += amount - frozen;
        _claims[id][number] = amount;

        emit Frozen(id, payer, number, token, authorization.nonce, amount);
    }

    /// @inheritdoc ISurplus
    function assign(
        address token,
        uint256 number,
        address to
    ) external onlyClone nonReentrant returns (uint256 amount) {
        _checkOperator();
        _checkRecipient(to);
        Announcement storage announcement = _endedAnnouncement(token, number);
        amount = Math.saturatingSub(announcement.amount, announcement.claims);
        if (amount == 0) revert NothingToAssign(token, number, announcement.amount, announcement.claims);

        emit Assigned(token, number, to, amount);

        _moveAside(token, announcement, to, amount);
    }

    /// @inheritdoc ISurplus
    function release(
        PaymentRef calldata ref,
        Release calldata message,
        bytes calldata signature
    ) external onlyClone nonReentrant {
        PaymentId id = _idOf(ref);
        _checkOperator();
        _checkMessage(id, message.paymentId);
        _checkSignature(ref.payer, TypedDataLib.hash(message), message.deadline, signature);
        _checkRecipient(message.to);
        Announcement storage announcement = _endedAnnouncement(ref.token, message.announcement);
        uint256 claim = _claims[id][message.announcement];
        uint256 available = Math.min(claim, Math.saturatingSub(announcement.amount, announcement.claims - claim));
        if (claim == 0 || message.amount > available) revert ReleaseExceedsClaim(id, message.amount, available);

        delete _claims[id][message.announcement];
        announcement.claims -= claim;

        emit Released(id, message.announcement, message.to, message.amount);

        _moveAside(ref.token, announcement, message.to, message.amount);
    }

    function _moveAside(address token, Announcement storage announcement, address to, uint256 amount) private {
        if (amount == 0) return;

        announcement.amount -= amount;
        _announcements[token].aside -= amount;
        uint256 surplus = surplusOf(token);
        if (amount > surplus) revert AssignmentExceedsSurplus(token, amount, surplus);

        TokenLib.send(token, to, amount);
    }

    function _endedAnnouncement(
        address token,
        uint256 number
    ) private view returns (Announcement storage announcement) {
        announcement = _announcements[token].byNumber[number];
        if (announcement.announcedAt == 0) revert AnnouncementUnknown(token, number);
        uint40 endsAt = _endOf(announcement);
        if (block.timestamp < endsAt) revert AnnouncementRunning(token, number, endsAt);
    }

    function _endOf(Announcement storage announcement) private view returns (uint40) {
        return announcement.announcedAt + ANNOUNCEMENT_PERIOD;
    }

    function _checkOperator() internal view {
        if (msg.sender != _operator()) revert NotOperator(msg.sender, _operator());
    }

    /* VIEWS */

    /// @inheritdoc ISurplus
    function receiptVerifier() external view returns (address) {
        return address(_receiptVerifier);
    }

    /// @inheritdoc ISurplus
    function announcementsOf(address token) external view returns (uint256 count, uint256 aside) {
        return (_announcements[token].count, _announcements[token].aside);
    }

    /// @inheritdoc ISurplus
    function announcementOf(
        address token,
        uint256 number
    ) external view returns (uint256 amount, uint256 claims, uint40 endsAt) {
        Announcement storage announcement = _announcements[token].byNumber[number];
        if (announcement.announcedAt == 0) revert AnnouncementUnknown(token, number);
        return (announcement.amount, announcement.claims, _endOf(announcement));
    }

    /// @inheritdoc ISurplus
    function claimOf(PaymentRef calldata ref, uint256 number) external view returns (uint256) {
        return _claims[_idOf(ref)][number];
    }
}
