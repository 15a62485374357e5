// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: an agent asks for signatures of payments alone. What is not on the list is denied to all signers together,
/// and what binds the account otherwise to all but full weight.
contract MultisigUnknownDataTest is MultisigAttackTest {
    /// @dev A message that takes full weight: its type, what stands in it before itself, and how many words it has.
    struct Order {
        MessageKind kind;
        string name;
        string types;
        uint256 words;
    }

    /* FULL WEIGHT */

    function test_WhatBindsTheAccountTakesFullWeight() external view {
        _expectFullWeight(
            DomainKind.RefundWindow,
            Order(
                MessageKind.WithdrawDispute,
                "WithdrawDispute",
                "WithdrawDispute(bytes32 paymentId,uint256 defaultsAt,uint256 deadline)",
                3
            )
        );
        _expectFullWeight(
            DomainKind.RefundWindow,
            Order(MessageKind.Concede, "Concede", "Concede(bytes32 paymentId,address by,uint256 deadline)", 3)
        );
        _expectFullWeight(
            DomainKind.RefundWindow,
            Order(
                MessageKind.Resolve,
                "Resolve",
                "Resolve(bytes32 paymentId,uint256 toPayer,uint256 toReceiver,bytes32 evidence,uint256 deadline)",
                5
            )
        );
        _expectFullWeight(
            DomainKind.RefundWindow,
            Order(
                MessageKind.Release,
                "Release",
                "Release(bytes32 paymentId,uint256 announcement,uint256 amount,address to,uint256 deadline)",
                5
            )
        );
        _expectFullWeight(
            DomainKind.Escrow,
            Order(
                MessageKind.Capture,
                "Capture",
                "Capture(bytes32 paymentId,uint256 amount,bool isFinal,uint256 expectedHeld,uint256 expectedCaptured,uint256 deadline)",
                6
            )
        );
        _expectFullWeight(
            DomainKind.Escrow,
            Order(
                MessageKind.Void,
                "Void",
                "Void(bytes32 paymentId,address by,uint256 expectedHeld,uint256 deadline)",
                4
            )
        );
    }

    function test_WhatBindsAnotherAccountTakesFullWeight() external view {
        _expectFullWeight(
            DomainKind.Multisig,
            Order(
                MessageKind.PaymentApproval,
                "PaymentApproval",
                "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)",
                9
            )
        );
        _expectFullWeight(
            DomainKind.Multisig,
            Order(
                MessageKind.StandingApproval,
                "StandingApproval",
                "StandingApproval(uint256 epoch,string method,address token,address payee,uint256 maxValue,uint256 count,uint256 validUntil,bytes32 resource,bytes32 salt)",
                9
            )
        );
    }

    /// @dev A batch of captures, and calls, name a type of their own.
    function test_BatchesAndCallsTakeFullWeight() external view {
        string memory item =
            "CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)";
        string memory many = "CaptureMany(address token,CaptureItem[] items,uint256 deadline)";
        _expectFullWeight(
            DomainKind.Escrow,
            MessageKind.CaptureMany,
            string.concat(many, item),
            string.concat("MessageApproval(uint256 epoch,address verifyingContract,CaptureMany message)", item, many),
            3
        );
        string memory call = "Call(address to,uint256 value,bytes data)";
        string memory execute = "Execute(uint256 epoch,Call[] calls,uint256 nonce,uint256 deadline)";
        _expectFullWeight(
            DomainKind.Multisig,
            MessageKind.Execute,
            string.concat(execute, call),
            string.concat("MessageApproval(uint256 epoch,address verifyingContract,Execute message)", call, execute),
            4
        );
    }

    /* DOMAINS */

    /// @dev A refund in the domain of accounts, or another account's approval in that of a vault, is nothing.
    function test_DeniesAMessageInTheWrongDomain() external view {
        (bytes32 digest, bytes memory blob) = signedMessage(
            MessageKind.Dispute,
            DomainKind.Multisig,
            address(refundWindow),
            "MessageApproval(uint256 epoch,address verifyingContract,Dispute message)Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)",
            keccak256("Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)"),
            new bytes(96),
            all()
        );
        assertDenied(digest, blob);
        (digest, blob) = signedMessage(
            MessageKind.PaymentApproval,
            DomainKind.RefundWindow,
            address(refundWindow),
            "MessageApproval(uint256 epoch,address verifyingContract,PaymentApproval message)PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)",
            keccak256(
                "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)"
            ),
            new bytes(288),
            all()
        );
        assertDenied(digest, blob);
    }

    function testFuzz_DeniesKindsThatDoNotExist(uint8 kind, uint8 domainKind) external view {
        (bytes32 digest, bytes memory blob) = signedMessage(
            MessageKind.Dispute,
            DomainKind.RefundWindow,
            address(refundWindow),
            "MessageApproval(uint256 epoch,address verifyingContract,Dispute message)Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)",
            keccak256("Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)"),
            new bytes(96),
            all()
        );
        assertAccepted(digest, blob);
        (blob[1], blob[2]) = (bytes1(kind), bytes1(domainKind));
        if (kind != uint8(MessageKind.Dispute) || domainKind != 0) assertDenied(digest, blob);
    }

    /* NOT ON THE LIST */

    function test_RevertWhen_APermitIsSignedByAll() external {
        bytes32 digest = token.permitDigestOf(address(account), thief.addr, 1, 0, FOREVER);
        bytes[] memory blobs = _everyBlobOf(digest);
        for (uint256 i = 0; i < blobs.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, address(account)));
            token.permit(address(account), thief.addr, 1, FOREVER, blobs[i]);
        }
        assertEq(token.allowance(address(account), thief.addr), 0);
    }

    function test_DeniesPermitsOfPermit2() external view {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256(
                    "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)"
                ),
                keccak256(abi.encode(keccak256("TokenPermissions(address token,uint256 amount)"), address(token), 1)),
                thief.addr,
                0,
                FOREVER
            )
        );
        _denyAll(digestIn("Permit2", block.chainid, 0x000000000022D473030F116dDEE9F6B43aC78BA3, structHash));
    }

    function test_DeniesALogin() external view {
        _denyAll(MessageHashUtils.toEthSignedMessageHash("shop.example wants you to sign in"));
        _denyAll(MessageHashUtils.toDataWithIntendedValidatorHash(address(account), bytes("login")));
        _denyAll(keccak256("anything"));
    }

    /// @dev Nobody but the token could use it; it would end a payment that humans approved of.
    function test_DeniesTheCancelOfAnAuthorization() external view {
        bytes32 structHash = keccak256(
            abi.encode(
                keccak256("CancelAuthorization(address authorizer,bytes32 nonce)"),
                address(account),
                bytes32("nonce")
            )
        );
        _denyAll(digestIn("Token3009", block.chainid, address(token), structHash));
    }

    /* HELPERS */

    function _expectFullWeight(DomainKind domainKind, Order memory order) private view {
        string memory approvalType = string.concat(
            "MessageApproval(uint256 epoch,address verifyingContract,",
            order.name,
            " message)",
            order.types
        );
        _expectFullWeight(domainKind, order.kind, order.types, approvalType, order.words);
    }

    function _expectFullWeight(
        DomainKind domainKind,
        MessageKind kind,
        string memory messageType,
        string memory approvalType,
        uint256 words
    ) private view {
        address verifyingContract = address(escrow);
        bytes memory data = new bytes(words * 32);
        Account[][4] memory sets = [only(agent), both(agent, alice), only(bob), both(alice, bob)];
        for (uint256 i = 0; i < sets.length; ++i) {
            (bytes32 digest, bytes memory blob) = signedMessage(
                kind,
                domainKind,
                verifyingContract,
                approvalType,
                keccak256(bytes(messageType)),
                data,
                sets[i]
            );
            if (i == sets.length - 1) assertAccepted(digest, blob);
            else assertDenied(digest, blob);
        }
    }

    function _denyAll(bytes32 digest) private view {
        bytes[] memory blobs = _everyBlobOf(digest);
        for (uint256 i = 0; i < blobs.length; ++i) assertDenied(digest, blobs[i]);
    }

    /// @dev All signers sign it, bare and as each kind of blob.
    function _everyBlobOf(bytes32 digest) private view returns (bytes[] memory blobs) {
        bytes memory list = signaturesOf(digest, all());
        blobs = new bytes[](8);
        blobs[0] = list;
        blobs[1] = sign(alice.key, digest);
        blobs[2] = signaturesOf(accountDigest(digest), all());
        for (uint8 kind = 0; kind < 5; ++kind) blobs[3 + kind] = bytes.concat(bytes1(kind), digest, list);
    }
}
