// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {BlobKind, DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {Call, Execute, PaymentApproval, StandingApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

/// @notice What nobody can make an account sign, though all its signers sign whatever the account has approvals for.
contract MultisigIsValidSignatureOfOtherThingsTest is MultisigMessageTest {
    address private constant ELSEWHERE = address(0xe15e);
    address private constant UPTO_PROXY = 0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002;

    /* TOKENS */

    function testFuzz_IsDeniedForAPermit(
        address spender,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) external view {
        bytes memory words = abi.encode(address(account), spender, value, nonce, deadline);

        _assertNeverSigned(
            address(token),
            words,
            token.permitDigestOf(address(account), spender, value, nonce, deadline)
        );
    }

    function testFuzz_IsDeniedForTheCancellationOfAnAuthorization(bytes32 nonce) external view {
        bytes memory words = abi.encode(address(account), nonce);

        _assertNeverSigned(
            address(token),
            words,
            _tokenDigest("CancelAuthorization(address authorizer,bytes32 nonce)", words)
        );
    }

    function testFuzz_IsDeniedForAnAuthorizationFromSomebodyElse(address from) external view {
        vm.assume(from != address(account));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory words = abi.encode(
            from,
            payment.payee,
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce
        );

        _assertNeverSigned(
            address(token),
            words,
            token.digestOf(from, payment.payee, SMALL, payment.validAfter, payment.validBefore, payment.nonce)
        );
    }

    function _tokenDigest(string memory typeString, bytes memory words) private view returns (bytes32) {
        return
            digestIn(
                "Token3009",
                block.chainid,
                address(token),
                keccak256(bytes.concat(keccak256(bytes(typeString)), words))
            );
    }

    /* PERMIT2 */

    function testFuzz_IsDeniedForAnAllowanceOfOneToken(address spender, uint160 amount, uint48 deadline) external view {
        bytes32 details = _hash(
            "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
            abi.encode(token, amount, deadline, 0)
        );
        _assertNotByPermit2(
            "PermitSingle(PermitDetails details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
            abi.encode(details, spender, deadline)
        );
    }

    function testFuzz_IsDeniedForAnAllowanceOfManyTokens(
        address spender,
        uint160 amount,
        uint48 deadline
    ) external view {
        bytes32 details = _hash(
            "PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
            abi.encode(token, amount, deadline, 0)
        );
        _assertNotByPermit2(
            "PermitBatch(PermitDetails[] details,address spender,uint256 sigDeadline)PermitDetails(address token,uint160 amount,uint48 expiration,uint48 nonce)",
            abi.encode(keccak256(abi.encode(details, details)), spender, deadline)
        );
    }

    function testFuzz_IsDeniedForATransferWithoutAWitness(uint256 spender) external view {
        PaymentApproval memory payment = paymentBy(BlobKind.Permit2, SMALL);
        _assertNotByPermit2(
            "PermitTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)",
            abi.encode(_permitted(payment), _spender(spender), payment.nonce, payment.validBefore)
        );
    }

    function testFuzz_IsDeniedForATransferOfManyTokens(uint256 spender) external view {
        PaymentApproval memory payment = paymentBy(BlobKind.Permit2, SMALL);
        bytes32 permitted = keccak256(abi.encode(_permitted(payment)));
        _assertNotByPermit2(
            "PermitBatchTransferFrom(TokenPermissions[] permitted,address spender,uint256 nonce,uint256 deadline)TokenPermissions(address token,uint256 amount)",
            abi.encode(permitted, _spender(spender), payment.nonce, payment.validBefore)
        );
    }

    /// @dev x402's scheme `upto`, in which the facilitator chooses how much is taken.
    function testFuzz_IsDeniedForTheWitnessOfAnotherScheme(uint256 spender, address facilitator) external view {
        PaymentApproval memory payment = paymentBy(BlobKind.Permit2, SMALL);
        bytes32 witness = _hash(
            "Witness(address to,address facilitator,uint256 validAfter)",
            abi.encode(payment.payee, facilitator, payment.validAfter)
        );
        _assertNotByPermit2(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)",
            abi.encode(_permitted(payment), _spender(spender), payment.nonce, payment.validBefore, witness)
        );
    }

    function testFuzz_IsDeniedForAWitnessWithMoreWords(uint256 spender, bytes calldata extra) external view {
        PaymentApproval memory payment = paymentBy(BlobKind.Permit2, SMALL);
        bytes32 witness = _hash(
            "Witness(address to,uint256 validAfter,bytes extra)",
            abi.encode(payment.payee, payment.validAfter, keccak256(extra))
        );
        _assertNotByPermit2(
            "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter,bytes extra)",
            abi.encode(_permitted(payment), _spender(spender), payment.nonce, payment.validBefore, witness)
        );
    }

    function _permitted(PaymentApproval memory payment) private pure returns (bytes32) {
        return _hash("TokenPermissions(address token,uint256 amount)", abi.encode(payment.token, payment.value));
    }

    function _spender(uint256 seed) private pure returns (address) {
        return
            seed % 3 == 0
                ? EXACT_PROXY
                : seed % 3 == 1
                    ? UPTO_PROXY
                    : address(uint160(seed));
    }

    function _assertNotByPermit2(string memory typeString, bytes memory words) private view {
        _assertNeverSigned(PERMIT2_ADDRESS, words, permit2DigestOf(_hash(typeString, words)));
    }

    /* MARKETS */

    /// @dev As Seaport asks for one, by name and version of its domain.
    function testFuzz_IsDeniedForAnOrder(uint256 salt, uint256 price) external view {
        bytes32 offer = keccak256(abi.encode(address(token), price));
        bytes memory words = abi.encode(
            address(account),
            address(0),
            offer,
            offer,
            uint8(0),
            block.timestamp,
            block.timestamp + 1 days,
            bytes32(0),
            salt
        );
        bytes32 structHash = _hash(
            "OrderComponents(address offerer,address zone,bytes32 offer,bytes32 consideration,uint8 orderType,uint256 startTime,uint256 endTime,bytes32 zoneHash,uint256 salt)",
            words
        );

        _assertNeverSigned(ELSEWHERE, words, digestIn("Seaport", block.chainid, ELSEWHERE, structHash));
    }

    /* LOGINS */

    function testFuzz_IsDeniedForAPersonalMessage(bytes calldata message) external view {
        _assertNeverSigned(ELSEWHERE, message, MessageHashUtils.toEthSignedMessageHash(message));
    }

    function test_IsDeniedForALogin() external view {
        bytes memory message = bytes.concat(
            "shop.example wants you to sign in with your Ethereum account:\n",
            abi.encodePacked(address(account)),
            "\n\nURI: https://shop.example\nVersion: 1\nChain ID: 8453\nNonce: 32891756"
        );

        _assertNeverSigned(ELSEWHERE, message, MessageHashUtils.toEthSignedMessageHash(message));
    }

    /* OTHER SCHEMES */

    /// @dev As ERC-7739 nests it, with the bytes that go with it.
    function testFuzz_IsDeniedForANestedPersonalMessage(bytes32 message) external view {
        bytes32 nested = accountDigest(_hash("PersonalSign(bytes prefixed)", abi.encode(message)));

        _assertNeverSigned(address(account), abi.encode(message), message);
        _assertNeverSigned(address(account), abi.encode(message), nested);
        assertDenied(message, signaturesOf(nested, all()));
        assertDenied(message, sign(agent.key, nested));
    }

    function testFuzz_IsDeniedForNestedTypedData(bytes32 contents) external view {
        string memory contentsType =
            "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)";
        bytes32 separator = token.DOMAIN_SEPARATOR();
        bytes32 structHash = _hash(
            string.concat(
                "TypedDataSign(Permit contents,string name,string version,uint256 chainId,address verifyingContract,bytes32 salt)",
                contentsType
            ),
            abi.encode(
                contents,
                keccak256("Recourse Multisig"),
                keccak256("1"),
                block.chainid,
                address(account),
                bytes32(0)
            )
        );
        bytes32 digest = MessageHashUtils.toTypedDataHash(separator, contents);
        bytes memory tail = abi.encodePacked(separator, contents, contentsType, uint16(bytes(contentsType).length));
        for (uint256 i = 0; i < 3; ++i) {
            bytes memory signature = sign(all()[i].key, MessageHashUtils.toTypedDataHash(separator, structHash));
            assertDenied(digest, bytes.concat(signature, tail));
        }

        _assertNeverSigned(address(token), abi.encode(contents), digest);
    }

    function testFuzz_IsDeniedForAMessageOfASafe(bytes calldata message) external view {
        bytes memory words = abi.encode(keccak256(message));
        bytes32 separator = keccak256(
            abi.encode(keccak256("EIP712Domain(uint256 chainId,address verifyingContract)"), block.chainid, account)
        );

        _assertNeverSigned(
            address(account),
            words,
            MessageHashUtils.toTypedDataHash(separator, _hash("SafeMessage(bytes message)", words))
        );
    }

    /* ITSELF */

    function testFuzz_IsDeniedForItsOwnPaymentApprovals(uint256 method) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertDenied(approvalDigest(payment), blobBy(kind, payment, all()));
    }

    function testFuzz_IsDeniedForTheDigestThatItsSignersSign(uint256 seed, uint256 kind) external view {
        Message memory message = messageOf(MessageKind(kind % MESSAGE_KINDS), seed);
        bytes32 digest = approvalDigestOf(message);

        assertDenied(digest, blobOf(message, all()));
        _assertNeverSigned(message.verifyingContract, message.data, digest);
    }

    function testFuzz_IsDeniedForCallsThatItsSignersSign(address to, uint256 value, bytes calldata data) external view {
        Execute memory message = executeOf(Call({to: to, value: value, data: data}));
        bytes32 digest = executeDigest(message);

        assertDenied(digest, signaturesOf(digest, all()));
        _assertNeverSigned(ELSEWHERE, abi.encode(message.epoch, bytes32(0), message.nonce, message.deadline), digest);
    }

    /* ANYTHING */

    function testFuzz_IsDeniedForAnything(address contract_, bytes calldata words, bytes32 digest) external view {
        _assertNeverSigned(contract_, words, digest);
    }

    /* HELPERS */

    function _hash(string memory typeString, bytes memory words) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(bytes(typeString)), words));
    }

    /// @dev With blobs of each kind that tell, as far as they can, of the contract and the words that were hashed, and in which
    /// all signers approve of what the blob tells.
    function _assertNeverSigned(address contract_, bytes memory words, bytes32 digest) private view {
        for (uint256 i = 0; i < 3; ++i) {
            BlobKind kind = anyMethod(i);
            PaymentApproval memory payment = paymentBy(kind, SMALL);
            assertDenied(digest, blobBy(kind, payment, all()));
            assertDenied(digest, sign(all()[i].key, digest));
        }
        StandingApproval memory approval = standingOf(SMALL, 1);
        assertDenied(digest, standingBlob(approval, 0, paymentUnder(approval, 0, SMALL), all(), all()));
        assertDenied(digest, signaturesOf(digest, all()));

        for (uint256 i = 0; i < MESSAGE_KINDS; ++i) {
            Message memory message = messageOf(MessageKind(i), 0);
            message.verifyingContract = contract_;
            message.data = _fitted(words, message.data.length);
            bytes memory signatures = signaturesOf(approvalDigestOf(message), all());
            for (uint256 j = 0; j <= VAULT_DOMAIN_KINDS; ++j) {
                message.domainKind = DomainKind(j);
                assertDenied(digest, blobOf(message, signatures));
            }
        }
    }

    /// @dev As many bytes as the message has.
    function _fitted(bytes memory words, uint256 length) private pure returns (bytes memory fitted) {
        fitted = new bytes(length);
        for (uint256 i = 0; i < length && i < words.length; ++i) {
            fitted[i] = words[i];
        }
    }
}
