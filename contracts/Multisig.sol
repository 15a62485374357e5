// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";

import {Reserves} from "./base/Reserves.sol";
import {IMultisig} from "./interfaces/IMultisig.sol";
import {ISubscriptionPlan} from "./interfaces/ISubscriptionPlan.sol";
import {BlobLib} from "./libraries/BlobLib.sol";
import {BoundedCall} from "./libraries/BoundedCall.sol";
import {ConfigLib} from "./libraries/ConfigLib.sol";
import {ExactLib} from "./libraries/ExactLib.sol";
import {MessageLib} from "./libraries/MessageLib.sol";
import {TypedDataLib} from "./libraries/TypedDataLib.sol";
import {BlobKind, DomainKind, MessageKind} from "./types/Blob.sol";
import {Call, Execute, PaymentApproval, StandingApproval} from "./types/TypedData.sol";

/// @title Multisig
/// @notice An account of agents and humans that pays wherever an ERC-1271 signature is taken: agents alone for little, with
/// humans for more.
/// @dev PROMISES
/// - A payment is signed for when its value's tier is reached by signers who approved of exactly this payment.
/// - Without a human no payment touches the reserve.
/// - Of everything else only what is listed in `MessageKind` is signed for, with the weight that it needs. The rest is denied:
///   permits, orders, logins, messages.
/// - No typed data, call or sequence raises what agents can spend alone, but money that comes past `fund` and the refills.
/// - The answer to a signature never fails. It costs at most 60,000 gas, 10,000 a signer, what its signers who are contracts may
///   use, twice that under a standing approval, and what reading a plan's terms may.
/// - Any signatures of full weight can do anything, once, in the order of the nonces.
///
/// ASSUMPTIONS
/// - Those of `SignerSet` and `Reserves`.
/// - Tokens with rules hold no other EIP-712 domain of name and version at their address.
/// - Whoever was given an allowance is trusted with it. A subscription's pulls are bounded by the allowance, which full
///   weight gave, whatever the plan says of its price.
///
/// NOT CHECKED
/// - What an approved payment buys.
/// - How many payments humans approve of. A tier bounds each, and the reserve binds agents alone.
contract Multisig is IMultisig, Reserves {
    using BlobLib for bytes;
    using ConfigLib for bytes;

    bytes4 private constant INVALID = 0xffffffff;

    uint256 private constant STANDING_SIZE = 57;
    uint256 private constant MESSAGE_HEAD = 23;

    uint256 private constant OUT_OF_REACH = type(uint256).max;

    /// @dev What the terms of a plan cost to read, several times.
    uint256 private constant TERMS_GAS = 50_000;
    uint256 private constant TERMS_WORDS = 14;
    /// @dev Places of fields in `SubscriptionPlanTerms`.
    uint256 private constant TOKEN_INDEX = 5;
    uint256 private constant PRICE_INDEX = 6;
    uint256 private constant SETUP_FEE_INDEX = 11;

    string private constant TRANSFER = "transferWithAuthorization";
    string private constant RECEIVE = "receiveWithAuthorization";
    string private constant PERMIT2 = "permitWitnessTransferFrom";

    mapping(bytes32 approval => bool) private _revoked;

    constructor() EIP712("Recourse Multisig", "1") {}

    receive() external payable {}

    /* SIGN */

    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _isClone() && _isApproved(hash, signature) ? IERC1271.isValidSignature.selector : INVALID;
    }

    function _isApproved(bytes32 hash, bytes calldata blob) private view returns (bool) {
        if (blob.length == 0) return false;
        uint256 kind = blob.read(0, 1);
        if (kind > uint256(type(BlobKind).max)) return false;
        if (kind == uint256(BlobKind.Message)) return _isMessageApproved(hash, blob);
        if (kind == uint256(BlobKind.Standing)) return _isStandingApproved(hash, blob);
        return _isPaymentApproved(hash, blob, BlobKind(kind));
    }

    /* PAYMENTS */

    /// @dev One payment that its signers approved of: the head, the nonce, and the signatures of `PaymentApproval`.
    function _isPaymentApproved(bytes32 hash, bytes calldata blob, BlobKind kind) private view returns (bool) {
        (bytes memory config_, PaymentApproval memory payment, uint256 rulesOffset, uint256 offset) = _readPayment(
            blob,
            kind
        );
        bytes32 separator;
        (separator, offset) = _readSeparator(blob, kind, payment.token, offset);
        payment.nonce = bytes32(blob.read(offset, WORD));
        if (!_isPayable(config_, rulesOffset, payment) || _digestOf(kind, separator, payment) != hash) return false;

        (uint256 weight, bool hasHuman, uint256 end) = _weigh(config_, TypedDataLib.hash(payment), blob, offset + WORD);
        return
            end == blob.length &&
            weight >= config_.weightFor(rulesOffset, payment.value) &&
            (hasHuman || _isAboveReserve(config_, rulesOffset, payment.token, payment.value));
    }

    /// @dev One of the payments that humans approved of ahead: the head, then
    /// | bytes | what |
    /// | 16, 2, 5, 32 | maxValue, count, validUntil, salt |
    /// | 2 | number of the payment, below `count` |
    /// | | a signer's `PaymentApproval`; then the signatures of `StandingApproval` |
    function _isStandingApproved(bytes32 hash, bytes calldata blob) private view returns (bool) {
        (bytes memory config_, PaymentApproval memory payment, uint256 rulesOffset, uint256 offset) = _readPayment(
            blob,
            BlobKind.Standing
        );
        bytes32 separator;
        (separator, offset) = _readSeparator(blob, BlobKind.Standing, payment.token, offset);
        StandingApproval memory approval = _readStanding(blob, payment, offset);
        if (!_isPayable(config_, rulesOffset, payment) || !_isWithin(approval, payment, blob.read(offset + 55, 2))) {
            return false;
        }
        if (_digestOf(BlobKind.Transfer, separator, payment) != hash) return false;

        uint256 released;
        (released, , offset) = _weigh(config_, TypedDataLib.hash(payment), blob, offset + STANDING_SIZE);
        if (released == 0) return false;
        (uint256 weight, bool hasHuman, uint256 end) = _weigh(config_, TypedDataLib.hash(approval), blob, offset);
        return
            end == blob.length &&
            hasHuman &&
            weight >= config_.weightFor(rulesOffset, approval.maxValue * approval.count);
    }

    /// @dev Gives the payment the nonce of its number, and tells whether the approval covers it.
    function _isWithin(
        StandingApproval memory approval,
        PaymentApproval memory payment,
        uint256 index
    ) private view returns (bool) {
        bytes32 id = _hashTypedDataV4(TypedDataLib.hash(approval));
        payment.nonce = keccak256(abi.encode(id, index));
        return
            !_revoked[id] &&
            index < approval.count &&
            payment.value <= approval.maxValue &&
            payment.validBefore <= approval.validUntil;
    }

    /// @dev | bytes | what |
    /// | 1 | kind |
    /// | 1 | number of the token among those with rules |
    /// | 20, 16 | payee, value |
    /// | 5, 5 | validAfter, validBefore |
    /// | 32 | resource |
    function _readPayment(
        bytes calldata blob,
        BlobKind kind
    ) private view returns (bytes memory config_, PaymentApproval memory payment, uint256 rulesOffset, uint256 offset) {
        config_ = _config();
        uint256 tokenIndex = blob.read(1, 1);
        // A token of zero is payable by nobody.
        if (tokenIndex < config_.tokenCountOf()) {
            rulesOffset = config_.tokenAt(tokenIndex);
            payment.token = config_.tokenOf(rulesOffset);
        }
        payment.epoch = epoch();
        payment.method =
            kind == BlobKind.Receive
                ? RECEIVE
                : kind == BlobKind.Permit2
                    ? PERMIT2
                    : TRANSFER;
        payment.payee = address(uint160(blob.read(2, 20)));
        payment.value = blob.read(22, 16);
        payment.validAfter = blob.read(38, 5);
        payment.validBefore = blob.read(43, 5);
        payment.resource = bytes32(blob.read(48, WORD));
        offset = 80;
    }

    /// @dev After the head the hashes of name and version of the token's domain; nothing for Permit2, which has its own.
    function _readSeparator(
        bytes calldata blob,
        BlobKind kind,
        address token,
        uint256 offset
    ) private view returns (bytes32 separator, uint256 end) {
        if (kind == BlobKind.Permit2) return (0, offset);
        separator = ExactLib.separatorOf({
            nameHash: bytes32(blob.read(offset, WORD)),
            versionHash: bytes32(blob.read(offset + WORD, WORD)),
            verifyingContract: token
        });
        return (separator, offset + 2 * WORD);
    }

    function _readStanding(
        bytes calldata blob,
        PaymentApproval memory payment,
        uint256 offset
    ) private pure returns (StandingApproval memory approval) {
        approval.epoch = payment.epoch;
        approval.method = payment.method;
        approval.token = payment.token;
        approval.payee = payment.payee;
        approval.resource = payment.resource;
        approval.maxValue = blob.read(offset, 16);
        approval.count = blob.read(offset + 16, 2);
        approval.validUntil = blob.read(offset + 18, 5);
        approval.salt = bytes32(blob.read(offset + 23, WORD));
    }

    function _isPayable(
        bytes memory config_,
        uint256 rulesOffset,
        PaymentApproval memory payment
    ) private pure returns (bool) {
        return rulesOffset != 0 && config_.isPayee(payment.payee);
    }

    function _digestOf(
        BlobKind kind,
        bytes32 separator,
        PaymentApproval memory payment
    ) private view returns (bytes32) {
        if (kind == BlobKind.Permit2) return ExactLib.permitDigest(payment);
        bytes32 typeHash = kind == BlobKind.Receive ? ExactLib.RECEIVE_TYPEHASH : ExactLib.TRANSFER_TYPEHASH;
        return ExactLib.authorizationDigest(separator, typeHash, payment);
    }

    /* MESSAGES */

    /// @dev | bytes | what |
    /// | 1, 1, 1 | kind, `MessageKind`, `DomainKind` |
    /// | 20 | whose domain it is |
    /// | 32 each | the message's encoded data (EIP-712's encodeData) |
    /// | | signatures of `MessageApproval` |
    function _isMessageApproved(bytes32 hash, bytes calldata blob) private view returns (bool) {
        (uint256 kind, uint256 domainKind) = (blob.read(1, 1), blob.read(2, 1));
        if (kind > uint256(type(MessageKind).max) || domainKind > uint256(type(DomainKind).max)) return false;
        return _isMessageApproved(hash, blob, MessageKind(kind), DomainKind(domainKind));
    }

    function _isMessageApproved(
        bytes32 hash,
        bytes calldata blob,
        MessageKind kind,
        DomainKind domainKind
    ) private view returns (bool) {
        bool isOfAccount = kind >= MessageKind.PaymentApproval;
        if (isOfAccount != (domainKind == DomainKind.Multisig)) return false;
        address verifyingContract = address(uint160(blob.read(3, 20)));
        (bytes32 structHash, bytes32 approvalTypeHash, uint256 offset) = _readMessage(blob, kind);
        bytes32 separator = ExactLib.separatorOf({
            nameHash: MessageLib.nameHashOf(domainKind),
            versionHash: MessageLib.VERSION_HASH,
            verifyingContract: verifyingContract
        });
        if (MessageHashUtils.toTypedDataHash(separator, structHash) != hash) return false;

        structHash = keccak256(abi.encode(approvalTypeHash, epoch(), verifyingContract, structHash));
        return _isMessageWeighty({blob: blob, kind: kind, approvalHash: structHash, offset: offset});
    }

    /// @return structHash Of the message; zero when the blob ends before it does.
    function _readMessage(
        bytes calldata blob,
        MessageKind kind
    ) private pure returns (bytes32 structHash, bytes32 approvalTypeHash, uint256 end) {
        bytes32 typeHash;
        uint256 words;
        (typeHash, approvalTypeHash, words) = MessageLib.typeOf(kind);
        end = MESSAGE_HEAD + words * WORD;
        if (end <= blob.length) structHash = keccak256(abi.encodePacked(typeHash, blob[MESSAGE_HEAD:end]));
    }

    function _isMessageWeighty(
        bytes calldata blob,
        MessageKind kind,
        bytes32 approvalHash,
        uint256 offset
    ) private view returns (bool) {
        bytes memory config_ = _config();
        (uint256 weight, bool hasHuman, uint256 end) = _weigh(config_, approvalHash, blob, offset);
        if (weight == 0 || end != blob.length) return false;

        if (kind == MessageKind.Subscribe) return hasHuman && weight >= _subscribeWeight(config_, blob);
        return weight >= (_comesBack(kind, blob) ? 1 : config_.fullWeightOf());
    }

    /// @dev Whether by this message money can only come back to the account.
    function _comesBack(MessageKind kind, bytes calldata blob) private view returns (bool) {
        if (kind == MessageKind.Refund) return _isSelf(blob, 1) && _isSelf(blob, 3);
        if (kind == MessageKind.Withdraw) return _isSelf(blob, 1) && _isSelf(blob, 2);
        if (kind == MessageKind.Undo) return _isSelf(blob, 0) && _isSelf(blob, 3);
        return kind == MessageKind.Dispute || kind == MessageKind.Cancel;
    }

    function _isSelf(bytes calldata blob, uint256 index) private view returns (bool) {
        return _wordOf(blob, index) == uint160(address(this));
    }

    function _wordOf(bytes calldata blob, uint256 index) private pure returns (uint256) {
        return blob.read(MESSAGE_HEAD + index * WORD, WORD);
    }

    /// @dev The weight for all that the subscription can ever take; out of reach for a plan that may not be paid.
    function _subscribeWeight(bytes memory config_, bytes calldata blob) private view returns (uint256) {
        address plan = address(uint160(blob.read(3, 20)));
        if (!config_.isPayee(plan)) return OUT_OF_REACH;

        (address token, uint256 most) = _mostOf(plan, _wordOf(blob, 2), _wordOf(blob, 3));
        (bool isFound, uint256 rulesOffset) = config_.find(token);
        return isFound ? config_.weightFor(rulesOffset, most) : OUT_OF_REACH;
    }

    /// @return token What the plan is paid in; zero where nobody can tell.
    /// @return most All periods and the setup fee, in the token's smallest unit.
    function _mostOf(
        address plan,
        uint256 quantity,
        uint256 maxPeriods
    ) private view returns (address token, uint256 most) {
        (bool answered, uint256[] memory terms) = BoundedCall.ask({
            target: plan,
            gasCap: TERMS_GAS,
            question: abi.encodeCall(ISubscriptionPlan.terms, ()),
            words: TERMS_WORDS
        });
        (uint256 price, uint256 setupFee) = (terms[PRICE_INDEX], terms[SETUP_FEE_INDEX]);
        // What does not fit is no plan's, and could overflow.
        bool fits = (quantity | maxPeriods) >> 16 == 0 && (price | setupFee) >> 96 == 0;
        if (!answered || !fits) return (address(0), 0);

        return (address(uint160(terms[TOKEN_INDEX])), price * quantity * maxPeriods + setupFee);
    }

    /* STANDING APPROVALS */

    /// @inheritdoc IMultisig
    function revoke(bytes32 approval) external onlyClone {
        if (!_config().isHuman(msg.sender)) revert NotHuman(msg.sender);

        _revoked[approval] = true;

        emit ApprovalRevoked(approval, msg.sender);
    }

    /// @inheritdoc IMultisig
    function isRevoked(bytes32 approval) external view returns (bool) {
        return _revoked[approval];
    }

    /* EXECUTE */

    /// @inheritdoc IMultisig
    function execute(Execute calldata message, bytes calldata signatures) external onlyClone {
        (uint256 epoch_, uint256 nonce_) = (epoch(), nonce());
        if (message.epoch != epoch_) revert EpochMismatch(epoch_, message.epoch);
        if (message.nonce != nonce_) revert NonceMismatch(nonce_, message.nonce);
        if (block.timestamp >= message.deadline) revert SignatureExpired(message.deadline, block.timestamp);
        _checkFullWeight(TypedDataLib.hash(message), signatures);

        _useNonce();

        emit Executed(nonce_, message.calls.length);

        for (uint256 i = 0; i < message.calls.length; ++i) {
            _call(i, message.calls[i]);
        }
    }

    function _checkFullWeight(bytes32 structHash, bytes calldata signatures) private view {
        bytes memory config_ = _config();
        (uint256 weight, , uint256 end) = _weigh(config_, structHash, signatures, 0);
        if (weight == 0 || end != signatures.length) revert SignaturesInvalid();
        uint256 full = config_.fullWeightOf();
        if (weight < full) revert WeightTooLow(weight, full);
    }

    function _call(uint256 index, Call calldata call) private {
        if (call.data.length != 0 && call.to.code.length == 0) revert CallWithoutCode(index, call.to);
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory reason) = call.to.call{value: call.value}(call.data);
        if (!success) revert CallFailed(index, reason);
    }

    /* VIEWS */

    /// @inheritdoc IMultisig
    function weightFor(address token, address payee, uint256 value) external view onlyClone returns (uint256 weight) {
        (bytes memory config_, uint256 rulesOffset) = _rulesOf(token);
        if (!config_.isPayee(payee)) revert PayeeNotListed(payee);
        return config_.weightFor(rulesOffset, value);
    }

    /// @inheritdoc IMultisig
    function digestOf(PaymentApproval calldata message) external view returns (bytes32) {
        return _hashTypedDataV4(TypedDataLib.hash(message));
    }

    /// @inheritdoc IMultisig
    function standingDigestOf(StandingApproval calldata message) external view returns (bytes32) {
        return _hashTypedDataV4(TypedDataLib.hash(message));
    }
}
