// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigUnitTest} from "./MultisigUnitTest.sol";

/// @title MultisigMessageTest
/// @notice The messages that accounts sign, with their types written down here a second time.
abstract contract MultisigMessageTest is MultisigUnitTest {
    uint256 internal constant MESSAGE_KINDS = 16;
    /// @dev Of which the last three are an account's own.
    uint256 internal constant VAULT_MESSAGE_KINDS = 13;
    uint256 internal constant VAULT_DOMAIN_KINDS = 3;

    /// @notice A message in somebody's domain.
    struct Message {
        MessageKind kind;
        DomainKind domainKind;
        address verifyingContract;
        bytes data;
    }

    /// @notice A message's type.
    /// @param name As EIP-712 names it.
    /// @param itself What follows the name.
    /// @param references The types it refers to.
    /// @param words How many its encoded data has.
    struct MessageType {
        string name;
        string itself;
        string references;
        uint256 words;
    }

    function typeOf(MessageKind kind) internal pure returns (MessageType memory) {
        if (kind == MessageKind.Refund)
            return
                _type(
                    "Refund",
                    "(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)",
                    7
                );
        if (kind == MessageKind.Withdraw)
            return
                _type(
                    "Withdraw",
                    "(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)",
                    6
                );
        if (kind == MessageKind.Undo)
            return
                _type(
                    "Undo",
                    "(address subscriber,address beneficiary,uint256 closesAt,address to,uint256 deadline)",
                    5
                );
        if (kind == MessageKind.Dispute)
            return _type("Dispute", "(bytes32 paymentId,bytes32 evidence,uint256 deadline)", 3);
        if (kind == MessageKind.Cancel)
            return
                _type(
                    "Cancel",
                    "(address subscriber,address beneficiary,bool immediately,uint256 serial,uint256 deadline)",
                    5
                );
        if (kind == MessageKind.Subscribe)
            return
                _type(
                    "Subscribe",
                    "(address subscriber,address beneficiary,uint256 quantity,uint256 maxPeriods,uint256 maxFirstCharge,uint256 serial,uint256 deadline)",
                    7
                );
        if (kind == MessageKind.WithdrawDispute)
            return _type("WithdrawDispute", "(bytes32 paymentId,uint256 defaultsAt,uint256 deadline)", 3);
        if (kind == MessageKind.Concede) return _type("Concede", "(bytes32 paymentId,address by,uint256 deadline)", 3);
        if (kind == MessageKind.Resolve)
            return
                _type(
                    "Resolve",
                    "(bytes32 paymentId,uint256 toPayer,uint256 toReceiver,bytes32 evidence,uint256 deadline)",
                    5
                );
        if (kind == MessageKind.Release)
            return
                _type(
                    "Release",
                    "(bytes32 paymentId,uint256 announcement,uint256 amount,address to,uint256 deadline)",
                    5
                );
        return _laterTypeOf(kind);
    }

    function _laterTypeOf(MessageKind kind) private pure returns (MessageType memory) {
        if (kind == MessageKind.Capture)
            return
                _type(
                    "Capture",
                    "(bytes32 paymentId,uint256 amount,bool isFinal,uint256 expectedHeld,uint256 expectedCaptured,uint256 deadline)",
                    6
                );
        if (kind == MessageKind.CaptureMany)
            return
                MessageType(
                    "CaptureMany",
                    "(address token,CaptureItem[] items,uint256 deadline)",
                    "CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)",
                    3
                );
        if (kind == MessageKind.Void)
            return _type("Void", "(bytes32 paymentId,address by,uint256 expectedHeld,uint256 deadline)", 4);
        if (kind == MessageKind.PaymentApproval)
            return
                _type(
                    "PaymentApproval",
                    "(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)",
                    9
                );
        if (kind == MessageKind.StandingApproval)
            return
                _type(
                    "StandingApproval",
                    "(uint256 epoch,string method,address token,address payee,uint256 maxValue,uint256 count,uint256 validUntil,bytes32 resource,bytes32 salt)",
                    9
                );
        return
            MessageType(
                "Execute",
                "(uint256 epoch,Call[] calls,uint256 nonce,uint256 deadline)",
                "Call(address to,uint256 value,bytes data)",
                4
            );
    }

    function _type(string memory name, string memory itself, uint256 words) private pure returns (MessageType memory) {
        return MessageType(name, itself, "", words);
    }

    /// @notice How the type is written when it stands by itself: it first, then what it refers to.
    function typeStringOf(MessageKind kind) internal pure returns (string memory) {
        MessageType memory messageType = typeOf(kind);
        return string.concat(messageType.name, messageType.itself, messageType.references);
    }

    /// @notice How it is written inside an approval: what an approval refers to, sorted by name.
    function approvalTypeOf(MessageKind kind) internal pure returns (string memory) {
        MessageType memory messageType = typeOf(kind);
        string memory approval = string.concat(
            "MessageApproval(uint256 epoch,address verifyingContract,",
            messageType.name,
            " message)"
        );
        return string.concat(approval, messageType.references, messageType.name, messageType.itself);
    }

    function domainNameOf(DomainKind kind) internal pure returns (string memory) {
        if (kind == DomainKind.RefundWindow) return "Recourse RefundWindow";
        if (kind == DomainKind.Escrow) return "Recourse Escrow";
        if (kind == DomainKind.SubscriptionPlan) return "Recourse SubscriptionPlan";
        return "Recourse Multisig";
    }

    /* MAKE */

    function anyVaultMessageKind(uint256 seed) internal pure returns (MessageKind) {
        return MessageKind(seed % VAULT_MESSAGE_KINDS);
    }

    function anyAccountMessageKind(uint256 seed) internal pure returns (MessageKind) {
        return MessageKind(VAULT_MESSAGE_KINDS + (seed % (MESSAGE_KINDS - VAULT_MESSAGE_KINDS)));
    }

    function anyVaultDomain(uint256 seed) internal pure returns (DomainKind) {
        return DomainKind(seed % VAULT_DOMAIN_KINDS);
    }

    /// @notice A message of random words, in a domain that it may have.
    function messageOf(MessageKind kind, uint256 seed) internal pure returns (Message memory message) {
        message.kind = kind;
        message.domainKind =
            uint256(kind) < VAULT_MESSAGE_KINDS ? anyVaultDomain(draw(seed, "domain")) : DomainKind.Multisig;
        message.verifyingContract = address(uint160(draw(seed, "vault")));
        for (uint256 i = 0; i < typeOf(kind).words; ++i) {
            message.data = bytes.concat(message.data, bytes32(draw(seed, i)));
        }
    }

    function setWord(Message memory message, uint256 index, address word) internal pure {
        bytes memory data = message.data;
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), mul(index, 0x20)), word)
        }
    }

    function setWord(Message memory message, uint256 index, uint256 word) internal pure {
        bytes memory data = message.data;
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), mul(index, 0x20)), word)
        }
    }

    /* HASH */

    function structHashOf(Message memory message) internal pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(bytes(typeStringOf(message.kind))), message.data));
    }

    /// @notice What the vault, or the other account, asks the account to have signed.
    function digestOf(Message memory message) internal view returns (bytes32) {
        return
            digestIn(domainNameOf(message.domainKind), block.chainid, message.verifyingContract, structHashOf(message));
    }

    /// @notice What the signers sign.
    function approvalDigestOf(Message memory message) internal view returns (bytes32) {
        return messageApprovalDigest(approvalTypeOf(message.kind), message.verifyingContract, structHashOf(message));
    }

    function blobOf(Message memory message, Account[] memory signers) internal view returns (bytes memory) {
        return blobOf(message, signaturesOf(approvalDigestOf(message), signers));
    }

    function blobOf(Message memory message, bytes memory signatures) internal pure returns (bytes memory) {
        return messageBlob(message.kind, message.domainKind, message.verifyingContract, message.data, signatures);
    }

    /* ANSWERS */

    function assertAccepted(Message memory message, Account[] memory signers) internal view {
        assertAccepted(digestOf(message), blobOf(message, signers));
    }

    function assertDenied(Message memory message, Account[] memory signers) internal view {
        assertDenied(digestOf(message), blobOf(message, signers));
    }

    function assertValidByAnySigner(Message memory message) internal view {
        assertAccepted(message, only(agent));
        assertAccepted(message, only(alice));
        assertAccepted(message, only(bob));
        assertDenied(message, nobody());
    }

    /// @notice Of the eight sets of signers those of full weight are enough.
    function assertNeedsFullWeight(Message memory message) internal view {
        for (uint256 mask = 0; mask < 8; ++mask) {
            bytes4 answer = account.isValidSignature(digestOf(message), blobOf(message, someOf(mask)));
            assertEq(answer, weightOf(mask) >= FULL_WEIGHT ? VALID : INVALID, "answer");
        }
    }
}
