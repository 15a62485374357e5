// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";

import {ReceiptVerifier} from "../../../contracts/ReceiptVerifier.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

contract MultisigIsValidSignatureOfMessagesTest is MultisigMessageTest {
    /* FULL WEIGHT */

    /// @dev Of `Subscribe` its own tests tell.
    function testFuzz_IsValidForEveryMessageOfAVaultInEachDomain(uint256 seed) external view {
        for (uint256 i = 0; i < VAULT_MESSAGE_KINDS * VAULT_DOMAIN_KINDS; ++i) {
            Message memory message = messageOf(anyVaultMessageKind(i), seed);
            if (message.kind == MessageKind.Subscribe) continue;
            message.domainKind = anyVaultDomain(i / VAULT_MESSAGE_KINDS);

            assertAccepted(message, both(alice, bob));
        }
    }

    function testFuzz_IsValidForEveryMessageOfAnAccount(uint256 seed) external view {
        for (uint256 i = VAULT_MESSAGE_KINDS; i < MESSAGE_KINDS; ++i) {
            assertAccepted(messageOf(MessageKind(i), seed), both(alice, bob));
        }
    }

    function test_IsValidInTheDomainsThatTheVaultsHave() external {
        ReceiptVerifier verifier = deployVerifier();
        _assertDomain(address(deployImplementation(verifier)), DomainKind.RefundWindow);
        _assertDomain(address(deployEscrowImplementation(verifier)), DomainKind.Escrow);
        _assertDomain(address(deployPlanImplementation(verifier)), DomainKind.SubscriptionPlan);
        _assertDomain(address(account), DomainKind.Multisig);
    }

    function _assertDomain(address vault, DomainKind kind) private view {
        (, string memory name, string memory version, , , , ) = IERC5267(vault).eip712Domain();
        assertEq(name, domainNameOf(kind), "name");
        assertEq(version, "1", "version");
        Message memory message = messageOf(
            kind == DomainKind.Multisig ? MessageKind.PaymentApproval : MessageKind.Dispute,
            0
        );
        message.domainKind = kind;
        message.verifyingContract = vault;

        assertAccepted(message, both(alice, bob));
    }

    /* DOMAIN */

    function testFuzz_IsDeniedForAVaultsMessageInAnAccountsDomain(uint256 seed) external view {
        for (uint256 i = 0; i < VAULT_MESSAGE_KINDS; ++i) {
            Message memory message = messageOf(MessageKind(i), seed);
            message.domainKind = DomainKind.Multisig;

            assertDenied(message, all());
        }
    }

    function testFuzz_IsDeniedForAnAccountsMessageInAVaultsDomain(uint256 seed) external view {
        for (uint256 i = VAULT_MESSAGE_KINDS; i < MESSAGE_KINDS; ++i) {
            Message memory message = messageOf(MessageKind(i), seed);
            message.domainKind = anyVaultDomain(seed);

            assertDenied(message, all());
        }
    }

    function testFuzz_IsDeniedForADomainOfAnotherName(uint256 seed, uint256 kind, string calldata name) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        vm.assume(keccak256(bytes(name)) != keccak256(bytes(domainNameOf(message.domainKind))));

        bytes32 digest = digestIn(name, block.chainid, message.verifyingContract, structHashOf(message));

        assertDenied(digest, blobOf(message, all()));
    }

    function testFuzz_IsDeniedForAnotherContractsDomain(uint256 seed, uint256 kind, address other) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        vm.assume(other != message.verifyingContract);
        bytes memory blob = blobOf(message, all());

        message.verifyingContract = other;

        assertDenied(digestOf(message), blob);
    }

    function testFuzz_IsDeniedForADomainOnAnotherChain(uint256 seed, uint256 kind, uint64 chainId) external view {
        vm.assume(chainId != block.chainid);
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);

        bytes32 digest = digestIn(
            domainNameOf(message.domainKind),
            chainId,
            message.verifyingContract,
            structHashOf(message)
        );

        assertDenied(digest, blobOf(message, all()));
    }

    /* BACK */

    function testFuzz_IsValidByAnySignerForARefundToTheAccount(uint256 seed) external view {
        assertValidByAnySigner(_back(MessageKind.Refund, seed));
    }

    function testFuzz_IsValidByAnySignerForAWithdrawalToTheAccount(uint256 seed) external view {
        assertValidByAnySigner(_back(MessageKind.Withdraw, seed));
    }

    function testFuzz_IsValidByAnySignerForAnUndoToTheAccount(uint256 seed) external view {
        assertValidByAnySigner(_back(MessageKind.Undo, seed));
    }

    function testFuzz_IsValidByAnySignerForADispute(uint256 seed) external view {
        assertValidByAnySigner(messageOf(MessageKind.Dispute, seed));
    }

    function testFuzz_IsValidByAnySignerForACancellation(uint256 seed) external view {
        assertValidByAnySigner(messageOf(MessageKind.Cancel, seed));
    }

    /* ELSEWHERE */

    function testFuzz_NeedsFullWeightForARefundToAnother(uint256 seed, uint256 to) external view {
        _assertNeedsFullWeightWith(MessageKind.Refund, 3, seed, to);
    }

    function testFuzz_NeedsFullWeightForARefundInAnothersName(uint256 seed, uint256 by) external view {
        _assertNeedsFullWeightWith(MessageKind.Refund, 1, seed, by);
    }

    function testFuzz_NeedsFullWeightForAWithdrawalToAnother(uint256 seed, uint256 to) external view {
        _assertNeedsFullWeightWith(MessageKind.Withdraw, 2, seed, to);
    }

    function testFuzz_NeedsFullWeightForAWithdrawalInAnothersName(uint256 seed, uint256 owner) external view {
        _assertNeedsFullWeightWith(MessageKind.Withdraw, 1, seed, owner);
    }

    function testFuzz_NeedsFullWeightForAnUndoToAnother(uint256 seed, uint256 to) external view {
        _assertNeedsFullWeightWith(MessageKind.Undo, 3, seed, to);
    }

    function testFuzz_NeedsFullWeightForAnUndoInAnothersName(uint256 seed, uint256 subscriber) external view {
        _assertNeedsFullWeightWith(MessageKind.Undo, 0, seed, subscriber);
    }

    /// @dev Also for a word that is the account's address and more.
    function _assertNeedsFullWeightWith(MessageKind kind, uint256 index, uint256 seed, uint256 word) private view {
        vm.assume(word != uint160(address(account)));
        Message memory message = _back(kind, seed);

        setWord(message, index, word);
        assertNeedsFullWeight(message);

        setWord(message, index, uint256(uint160(address(account))) | (1 << 160));
        assertNeedsFullWeight(message);
    }

    /// @dev Both who signs and where the money goes are the account.
    function _back(MessageKind kind, uint256 seed) private view returns (Message memory message) {
        message = messageOf(kind, seed);
        if (kind == MessageKind.Refund) {
            setWord(message, 1, address(account));
            setWord(message, 3, address(account));
        } else if (kind == MessageKind.Withdraw) {
            setWord(message, 1, address(account));
            setWord(message, 2, address(account));
        } else {
            setWord(message, 0, address(account));
            setWord(message, 3, address(account));
        }
    }

    /* REST */

    /// @dev Whatever the words say, and where each is the account.
    function testFuzz_NeedsFullWeightForAnyOtherMessage(uint256 seed) external view {
        for (uint256 i = uint256(MessageKind.WithdrawDispute); i < MESSAGE_KINDS; ++i) {
            Message memory message = messageOf(MessageKind(i), seed);
            assertNeedsFullWeight(message);

            for (uint256 j = 0; j < typeOf(message.kind).words; ++j) {
                setWord(message, j, address(account));
            }
            assertNeedsFullWeight(message);
        }
    }

    function testFuzz_IsDeniedWhenNobodySigns(uint256 seed) external view {
        for (uint256 i = 0; i < MESSAGE_KINDS; ++i) {
            assertDenied(messageOf(MessageKind(i), seed), nobody());
        }
    }

    /* OTHER */

    function testFuzz_IsDeniedForAnotherMessageOfAsManyWords(uint256 seed) external view {
        for (uint256 i = 0; i < MESSAGE_KINDS; ++i) {
            for (uint256 j = 0; j < MESSAGE_KINDS; ++j) {
                if (i == j || typeOf(MessageKind(i)).words != typeOf(MessageKind(j)).words) continue;
                Message memory message = messageOf(MessageKind(i), seed);
                Message memory approved = messageOf(MessageKind(j), seed);
                bytes memory signatures = signaturesOf(approvalDigestOf(approved), all());

                assertDenied(digestOf(message), blobOf(message, signatures));
                assertDenied(digestOf(approved), blobOf(message, signatures));
            }
        }
    }

    function testFuzz_IsDeniedForOtherWords(uint256 seed, uint256 kind, uint256 place, uint256 change) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes32 digest = digestOf(message);
        bytes memory signatures = signaturesOf(approvalDigestOf(message), all());

        message.data = flipped(message.data, place, change);

        assertDenied(digestOf(message), blobOf(message, signatures));
        assertDenied(digest, blobOf(message, signatures));
    }

    function testFuzz_IsDeniedForAnApprovalInAnotherContractsDomain(
        uint256 seed,
        uint256 kind,
        address other
    ) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        vm.assume(other != message.verifyingContract);
        bytes memory signatures = signaturesOf(
            messageApprovalDigest(approvalTypeOf(message.kind), other, structHashOf(message)),
            all()
        );

        assertDenied(digestOf(message), blobOf(message, signatures));
    }

    function testFuzz_IsDeniedForAnApprovalOfAnotherEpoch(uint256 seed, uint256 kind, uint256 epoch) external view {
        vm.assume(epoch != 0);
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes32 approvalHash = keccak256(
            abi.encode(
                keccak256(bytes(approvalTypeOf(message.kind))),
                epoch,
                message.verifyingContract,
                structHashOf(message)
            )
        );

        assertDenied(digestOf(message), blobOf(message, signaturesOf(accountDigest(approvalHash), all())));
    }

    function testFuzz_IsDeniedForAnApprovalForAnotherAccount(uint256 seed, uint256 kind) external {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes memory blob = blobOf(message, all());

        account = deployAccount(defaultConfig(), "other");

        assertDenied(digestOf(message), blob);
    }

    function testFuzz_IsDeniedAfterTheRulesChanged(uint256 seed, uint256 kind) external {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes memory blob = blobOf(message, all());

        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));

        assertDenied(digestOf(message), blob);
    }

    /* FORK */

    function testFuzz_IsDeniedForAnApprovalFromBeforeTheFork(uint256 seed, uint256 kind, uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes32 digest = digestOf(message);
        bytes memory blob = blobOf(message, all());

        vm.chainId(chainId);

        assertDenied(digestOf(message), blob);
        assertDenied(digest, blob);
    }

    function testFuzz_IsValidForAnApprovalFromAfterTheFork(uint256 seed, uint64 chainId) external {
        vm.chainId(bound(chainId, 1, type(uint64).max));

        assertAccepted(messageOf(MessageKind.Resolve, seed), both(alice, bob));
    }

    /* BYTES */

    function testFuzz_IsDeniedForAMessageThatDoesNotExist(uint256 seed, uint256 kind, uint8 other) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes memory blob = blobOf(message, all());

        blob[1] = bytes1(uint8(bound(other, MESSAGE_KINDS, type(uint8).max)));

        assertDenied(digestOf(message), blob);
    }

    function testFuzz_IsDeniedForADomainThatDoesNotExist(uint256 seed, uint256 kind, uint8 other) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes memory blob = blobOf(message, all());

        blob[2] = bytes1(uint8(bound(other, VAULT_DOMAIN_KINDS + 1, type(uint8).max)));

        assertDenied(digestOf(message), blob);
    }

    function testFuzz_IsDeniedForAnyOtherByte(uint256 seed, uint256 kind, uint256 place, uint256 change) external view {
        Message memory message = messageOf(_anyButSubscribe(kind), seed);
        bytes memory blob = blobOf(message, all());
        assertAccepted(digestOf(message), blob);

        assertDenied(digestOf(message), flipped(blob, place, change));
    }

    function testFuzz_IsDeniedWhenItIsCut(uint256 seed, uint256 kind, uint256 length) external view {
        Message memory message = messageOf(_anyButSubscribe(kind), seed);

        assertDenied(digestOf(message), truncated(blobOf(message, all()), length));
    }

    function testFuzz_IsDeniedWhenItGoesOn(uint256 seed, uint256 kind, bytes calldata more) external view {
        vm.assume(more.length != 0);
        Message memory message = messageOf(_anyButSubscribe(kind), seed);

        assertDenied(digestOf(message), bytes.concat(blobOf(message, all()), more));
    }

    function _anyButSubscribe(uint256 seed) private pure returns (MessageKind) {
        uint256 kind = seed % (MESSAGE_KINDS - 1);
        return MessageKind(kind < uint256(MessageKind.Subscribe) ? kind : kind + 1);
    }
}
