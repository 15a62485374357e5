// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../contracts/Multisig.sol";
import {MultisigFactory} from "../../contracts/MultisigFactory.sol";
import {BlobKind, DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig, Signer, Tier, TokenRules} from "../../contracts/types/MultisigConfig.sol";
import {Call, Execute, PaymentApproval, StandingApproval} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {ProtocolTest} from "./ProtocolTest.sol";

/// @title MultisigTest
/// @notice What the tests of accounts share: an account of an agent and two humans, what its signers sign, and the blobs that
/// carry it. Digests are computed here, and not by the account.
/// @dev The agent weighs 1 and each human 2. Up to 10 tokens need 1, up to 1,000 need 3, and everything else 4.
abstract contract MultisigTest is ProtocolTest {
    uint40 internal constant START = 1_760_000_001;
    bytes4 internal constant VALID = 0x1626ba7e;
    bytes4 internal constant INVALID = 0xffffffff;

    uint8 internal constant AGENT_WEIGHT = 1;
    uint8 internal constant HUMAN_WEIGHT = 2;
    uint8 internal constant FULL_WEIGHT = 4;
    uint96 internal constant SMALL = 10e6;
    uint96 internal constant LARGE = 1_000e6;
    uint96 internal constant RESERVE = 5_000e6;
    uint96 internal constant PER_DAY = 20e6;
    uint96 internal constant TARGET = 50e6;
    uint256 internal constant BALANCE = 5_100e6;

    string internal constant TRANSFER = "transferWithAuthorization";
    string internal constant RECEIVE = "receiveWithAuthorization";
    string internal constant PERMIT2 = "permitWitnessTransferFrom";

    Multisig internal implementation;
    MultisigFactory internal factory;
    Multisig internal account;
    Token3009 internal token;

    Account internal agent;
    Account internal alice;
    Account internal bob;
    Account internal stranger;
    address internal shop;

    function setUp() public virtual {
        vm.warp(START);
        implementation = deployMultisigImplementation();
        factory = deployMultisigFactory(implementation);
        token = new Token3009();
        agent = makeAccount("agent");
        alice = makeAccount("alice");
        bob = makeAccount("bob");
        stranger = makeAccount("stranger");
        shop = makeAccount("shop").addr;

        account = deployAccount(defaultConfig(), 0);
        token.mint(address(account), BALANCE);
    }

    /* CONFIG */

    function defaultConfig() internal view returns (MultisigConfig memory config) {
        config.fullWeight = FULL_WEIGHT;
        config.signers = new Signer[](3);
        config.signers[0] = Signer({account: agent.addr, weight: AGENT_WEIGHT, isHuman: false, isContract: false});
        config.signers[1] = Signer({account: alice.addr, weight: HUMAN_WEIGHT, isHuman: true, isContract: false});
        config.signers[2] = Signer({account: bob.addr, weight: HUMAN_WEIGHT, isHuman: true, isContract: false});
        sort(config.signers);
        config.tokens = new TokenRules[](1);
        config.tokens[0] = defaultRules(address(token));
    }

    function defaultRules(address token_) internal pure returns (TokenRules memory rules) {
        rules.token = token_;
        rules.reserve = RESERVE;
        rules.refillPerDay = PER_DAY;
        rules.refillTarget = TARGET;
        rules.tiers = new Tier[](2);
        rules.tiers[0] = Tier({maxValue: SMALL, weight: AGENT_WEIGHT});
        rules.tiers[1] = Tier({maxValue: LARGE, weight: AGENT_WEIGHT + HUMAN_WEIGHT});
    }

    function sort(Signer[] memory signers) internal pure {
        for (uint256 i = 1; i < signers.length; ++i) {
            for (uint256 j = i; j > 0 && signers[j].account < signers[j - 1].account; --j) {
                (signers[j], signers[j - 1]) = (signers[j - 1], signers[j]);
            }
        }
    }

    function deployAccount(MultisigConfig memory config, bytes32 salt) internal returns (Multisig) {
        return Multisig(payable(factory.deploy(implementation.encodeConfig(config), salt)));
    }

    /* PAYMENTS */

    /// @notice A payment to the shop by `TransferWithAuthorization`, as the stock client times it.
    function paymentOf(uint256 value) internal view returns (PaymentApproval memory payment) {
        payment.epoch = account.epoch();
        payment.method = TRANSFER;
        payment.token = address(token);
        payment.payee = shop;
        payment.value = value;
        payment.validAfter = block.timestamp - 10 minutes;
        payment.validBefore = block.timestamp + 10 minutes;
        payment.nonce = keccak256("nonce");
        payment.resource = keccak256("https://shop.example/report");
    }

    /// @notice What the token asks the account to have signed.
    function tokenDigest(PaymentApproval memory payment) internal view returns (bytes32) {
        bytes32 typeHash =
            keccak256(bytes(payment.method)) == keccak256(bytes(RECEIVE))
                ? token.RECEIVE_WITH_AUTHORIZATION_TYPEHASH()
                : token.TRANSFER_WITH_AUTHORIZATION_TYPEHASH();
        bytes32 structHash = keccak256(
            abi.encode(
                typeHash,
                address(account),
                payment.payee,
                payment.value,
                payment.validAfter,
                payment.validBefore,
                payment.nonce
            )
        );
        return digestIn("Token3009", block.chainid, payment.token, structHash);
    }

    /// @notice The blob of a payment by EIP-3009, of the token with the number zero.
    function paymentBlob(
        PaymentApproval memory payment,
        Account[] memory signers
    ) internal view returns (bytes memory) {
        return bytes.concat(paymentHead(payment), payment.nonce, signaturesOf(approvalDigest(payment), signers));
    }

    /// @notice What a payment's blob begins with, up to its nonce.
    function paymentHead(PaymentApproval memory payment) internal pure returns (bytes memory) {
        bool isReceive = keccak256(bytes(payment.method)) == keccak256(bytes(RECEIVE));
        return headOf(isReceive ? BlobKind.Receive : BlobKind.Transfer, 0, payment);
    }

    function headOf(
        BlobKind kind,
        uint8 tokenIndex,
        PaymentApproval memory payment
    ) internal pure returns (bytes memory head) {
        head = abi.encodePacked(
            uint8(kind),
            tokenIndex,
            payment.payee,
            uint128(payment.value),
            uint40(payment.validAfter),
            uint40(payment.validBefore),
            payment.resource
        );
        if (kind != BlobKind.Permit2) head = bytes.concat(head, keccak256("Token3009"), keccak256("1"));
    }

    function pay(PaymentApproval memory payment, bytes memory blob) internal {
        token.transferWithAuthorization(
            address(account),
            payment.payee,
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            blob
        );
    }

    function assertAccepted(bytes32 digest, bytes memory blob) internal view {
        assertEq(account.isValidSignature(digest, blob), VALID, "answer");
    }

    function assertDenied(bytes32 digest, bytes memory blob) internal view {
        assertEq(account.isValidSignature(digest, blob), INVALID, "answer");
    }

    /* STANDING APPROVALS */

    /// @notice An approval of `count` payments to the shop, for thirty days.
    function standingOf(uint256 maxValue, uint256 count) internal view returns (StandingApproval memory approval) {
        approval.epoch = account.epoch();
        approval.method = TRANSFER;
        approval.token = address(token);
        approval.payee = shop;
        approval.maxValue = maxValue;
        approval.count = count;
        approval.validUntil = block.timestamp + 30 days;
        approval.resource = keccak256("https://shop.example/report");
        approval.salt = keccak256("salt");
    }

    /// @notice Payment `index` of an approval.
    function paymentUnder(
        StandingApproval memory approval,
        uint256 index,
        uint256 value
    ) internal view returns (PaymentApproval memory payment) {
        payment = paymentOf(value);
        payment.nonce = keccak256(abi.encode(standingDigest(approval), index));
    }

    function standingBlob(
        StandingApproval memory approval,
        uint16 index,
        PaymentApproval memory payment,
        Account[] memory releasing,
        Account[] memory approving
    ) internal view returns (bytes memory) {
        return
            bytes.concat(
                headOf(BlobKind.Standing, 0, payment),
                abi.encodePacked(
                    uint128(approval.maxValue),
                    uint16(approval.count),
                    uint40(approval.validUntil),
                    approval.salt,
                    index
                ),
                signaturesOf(approvalDigest(payment), releasing),
                signaturesOf(standingDigest(approval), approving)
            );
    }

    /* MESSAGES */

    /// @notice The blob of a message of this suite, in the domain of `verifyingContract`.
    /// @param message The message's encoded data, without its type hash.
    function messageBlob(
        MessageKind kind,
        DomainKind domainKind,
        address verifyingContract,
        bytes memory message,
        bytes memory signatures
    ) internal pure returns (bytes memory) {
        return
            abi.encodePacked(
                uint8(BlobKind.Message),
                uint8(kind),
                uint8(domainKind),
                verifyingContract,
                message,
                signatures
            );
    }

    /// @notice What signers sign for a message with this struct hash.
    /// @param approvalType The whole type string: `MessageApproval(uint256 epoch,address verifyingContract,Refund message)…`.
    function messageApprovalDigest(
        string memory approvalType,
        address verifyingContract,
        bytes32 structHash
    ) internal view returns (bytes32) {
        return
            accountDigest(
                keccak256(abi.encode(keccak256(bytes(approvalType)), account.epoch(), verifyingContract, structHash))
            );
    }

    /* EXECUTE */

    function executeOf(Call memory call) internal view returns (Execute memory message) {
        message.epoch = account.epoch();
        message.calls = new Call[](1);
        message.calls[0] = call;
        message.nonce = account.nonce();
        message.deadline = block.timestamp + 1 days;
    }

    function executeDigest(Execute memory message) internal view returns (bytes32) {
        bytes memory hashes;
        for (uint256 i = 0; i < message.calls.length; ++i) {
            Call memory call = message.calls[i];
            bytes32 callHash = keccak256(
                abi.encode(
                    keccak256("Call(address to,uint256 value,bytes data)"),
                    call.to,
                    call.value,
                    keccak256(call.data)
                )
            );
            hashes = bytes.concat(hashes, callHash);
        }
        bytes32 typeHash = keccak256(
            "Execute(uint256 epoch,Call[] calls,uint256 nonce,uint256 deadline)Call(address to,uint256 value,bytes data)"
        );
        return
            accountDigest(
                keccak256(abi.encode(typeHash, message.epoch, keccak256(hashes), message.nonce, message.deadline))
            );
    }

    /// @notice The account calls itself, or anything, by both humans.
    function executeByHumans(address to, bytes memory data) internal {
        Execute memory message = executeOf(Call({to: to, value: 0, data: data}));
        account.execute(message, signaturesOf(executeDigest(message), both(alice, bob)));
    }

    /* SIGNATURES */

    function approvalDigest(PaymentApproval memory payment) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "PaymentApproval(uint256 epoch,string method,address token,address payee,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce,bytes32 resource)"
        );
        return
            accountDigest(
                keccak256(
                    abi.encode(
                        typeHash,
                        payment.epoch,
                        keccak256(bytes(payment.method)),
                        payment.token,
                        payment.payee,
                        payment.value,
                        payment.validAfter,
                        payment.validBefore,
                        payment.nonce,
                        payment.resource
                    )
                )
            );
    }

    function standingDigest(StandingApproval memory approval) internal view returns (bytes32) {
        bytes32 typeHash = keccak256(
            "StandingApproval(uint256 epoch,string method,address token,address payee,uint256 maxValue,uint256 count,uint256 validUntil,bytes32 resource,bytes32 salt)"
        );
        return
            accountDigest(
                keccak256(
                    abi.encode(
                        typeHash,
                        approval.epoch,
                        keccak256(bytes(approval.method)),
                        approval.token,
                        approval.payee,
                        approval.maxValue,
                        approval.count,
                        approval.validUntil,
                        approval.resource,
                        approval.salt
                    )
                )
            );
    }

    function accountDigest(bytes32 structHash) internal view returns (bytes32) {
        return digestIn("Recourse Multisig", block.chainid, address(account), structHash);
    }

    function digestIn(
        string memory name,
        uint256 chainId,
        address verifyingContract,
        bytes32 structHash
    ) internal pure returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256(bytes(name)),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    /// @notice The list of the signatures of keys: a bit for each signer of the account, then theirs in the account's order.
    function signaturesOf(bytes32 digest, Account[] memory signers) internal view returns (bytes memory list) {
        Signer[] memory known = account.config().signers;
        uint16 bitmap = 0;
        for (uint256 i = 0; i < known.length; ++i) {
            for (uint256 j = 0; j < signers.length; ++j) {
                if (signers[j].addr != known[i].account) continue;
                bitmap |= uint16(1 << i);
                list = bytes.concat(list, compactSign(signers[j].key, digest));
            }
        }
        return bytes.concat(bytes2(bitmap), list);
    }

    /// @notice A signature in its EIP-2098 form.
    function compactSign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, v == 28 ? bytes32(uint256(s) | (1 << 255)) : s);
    }

    function nobody() internal pure returns (Account[] memory) {
        return new Account[](0);
    }

    function only(Account memory one) internal pure returns (Account[] memory list) {
        list = new Account[](1);
        list[0] = one;
    }

    function both(Account memory one, Account memory other) internal pure returns (Account[] memory list) {
        list = new Account[](2);
        (list[0], list[1]) = (one, other);
    }

    function all() internal view returns (Account[] memory list) {
        list = new Account[](3);
        (list[0], list[1], list[2]) = (agent, alice, bob);
    }
}
