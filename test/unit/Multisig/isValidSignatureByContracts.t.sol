// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {Multisig} from "../../../contracts/Multisig.sol";
import {BlobKind, DomainKind, MessageKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig, Signer} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {AnsweringContract} from "../../mocks/AnsweringContract.sol";
import {HeavyWallet} from "../../mocks/HeavyWallet.sol";
import {KeyedWallet} from "../../mocks/KeyedWallet.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {SharedAccount, SilentDelegate} from "../../mocks/SmartWallets.sol";
import {GullibleWallet, MoodyWallet} from "../../mocks/Wallets.sol";
import {MultisigMessageTest} from "../../utils/MultisigMessageTest.sol";

contract MultisigIsValidSignatureByContractsTest is MultisigMessageTest {
    uint256 private constant SIGNER_GAS = 150_000;
    uint256 private constant MAX_LENGTH = 4096;
    bytes32 private constant MAGIC = bytes32(VALID);

    /* ACCEPTS */

    function testFuzz_CountsWhatTheContractAccepts(uint256 method) external {
        _useSigner(address(new KeyedWallet(alice.addr)));
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        bytes memory signature = _tagged(alice, payment);

        assertAccepted(digestBy(kind, payment), _blob(kind, payment, signature));
    }

    function testFuzz_AsksForTheApprovalWithExactlyItsBytes(bytes calldata signature) external {
        address signer = address(new GullibleWallet());
        _useSigner(signer);
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes32 digest = tokenDigest(payment);
        bytes memory blob = _blob(BlobKind.Transfer, payment, signature);

        vm.expectCall(signer, abi.encodeCall(IERC1271.isValidSignature, (approvalDigest(payment), signature)));
        assertEq(account.isValidSignature(digest, blob), VALID, "answer");
    }

    /// @dev Two contracts and two keys, each of weight 1, sorted as their addresses fall.
    function testFuzz_CountsItInItsPlaceAmongKeys(uint256 mask) external {
        Signer[] memory signers = new Signer[](4);
        signers[0] = _human(address(new KeyedWallet(alice.addr)), true);
        signers[1] = _human(address(new KeyedWallet(bob.addr)), true);
        signers[2] = _human(alice.addr, false);
        signers[3] = _human(bob.addr, false);
        Signer[] memory unsorted = abi.decode(abi.encode(signers), (Signer[]));
        sort(signers);
        MultisigConfig memory config = defaultConfig();
        (config.signers, config.fullWeight) = (signers, 3);
        useConfig(config);
        PaymentApproval memory payment = paymentOf(LARGE + 1);

        mask = bound(mask, 0, 15);
        (uint16 bitmap, uint256 weight) = (0, 0);
        bytes memory list;
        for (uint256 i = 0; i < signers.length; ++i) {
            for (uint256 j = 0; j < signers.length; ++j) {
                if (signers[i].account != unsorted[j].account || (mask >> j) & 1 == 0) continue;
                bitmap |= uint16(1 << i);
                ++weight;
                Account memory key = j % 2 == 0 ? alice : bob;
                list = bytes.concat(
                    list,
                    j < 2
                        ? abi.encodePacked(uint16(66), _tagged(key, payment))
                        : compactSign(key.key, approvalDigest(payment))
                );
            }
        }

        assertEq(
            account.isValidSignature(
                tokenDigest(payment),
                bytes.concat(paymentHead(payment), payment.nonce, bytes2(bitmap), list)
            ),
            weight >= 3 ? VALID : INVALID
        );
    }

    function test_CountsAnAccountOfSeveralPeople() external {
        bytes[] memory people = new bytes[](2);
        (people[0], people[1]) = (abi.encodePacked(alice.addr), abi.encodePacked(bob.addr));
        _useSigner(address(new SharedAccount(people, 2)));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes32 approval = approvalDigest(payment);
        bool isAliceFirst = keccak256(people[0]) < keccak256(people[1]);
        bytes[] memory signatures = new bytes[](2);
        if (!isAliceFirst) (people[0], people[1]) = (people[1], people[0]);
        signatures[0] = sign(isAliceFirst ? alice.key : bob.key, approval);
        signatures[1] = sign(isAliceFirst ? bob.key : alice.key, approval);

        assertAccepted(tokenDigest(payment), _blob(BlobKind.Transfer, payment, abi.encode(people, signatures)));
    }

    /// @dev The inner account approves, by full weight, of the outer one's `PaymentApproval`.
    function test_CountsAnotherAccountOfThisKind() external {
        Multisig inner = account;
        _useSigner(address(inner));
        Multisig outer = account;
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes32 digest = tokenDigest(payment);
        Message memory message;
        message.kind = MessageKind.PaymentApproval;
        message.domainKind = DomainKind.Multisig;
        message.verifyingContract = address(outer);
        message.data = abi.encode(
            payment.epoch,
            keccak256(bytes(payment.method)),
            payment.token,
            payment.payee,
            payment.value,
            payment.validAfter,
            payment.validBefore,
            payment.nonce,
            payment.resource
        );

        account = inner;
        bytes memory enough = blobOf(message, both(alice, bob));
        bytes memory tooFew = blobOf(message, both(agent, alice));
        account = outer;

        assertAccepted(digest, _blob(BlobKind.Transfer, payment, enough));
        assertDenied(digest, _blob(BlobKind.Transfer, payment, tooFew));
    }

    function test_TakesAnAnswerThatIsLonger() external {
        _assertAnswers(address(_moody(MoodyWallet.Mood.ReturnsMuch)), VALID);
        _assertAnswers(
            address(new AnsweringContract(AnsweringContract.Mood.Answers, abi.encodePacked(MAGIC, true))),
            VALID
        );
    }

    function test_TakesASignatureWithoutBytes() external {
        OwnedWallet wallet = new OwnedWallet(alice.addr);
        _useSigner(address(wallet));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory blob = _blob(BlobKind.Transfer, payment, "");
        assertDenied(tokenDigest(payment), blob);

        wallet.approve(approvalDigest(payment));

        assertAccepted(tokenDigest(payment), blob);
    }

    function test_TakesASignatureOf4096Bytes() external {
        _useSigner(address(new HeavyWallet(alice.addr, 0)));
        PaymentApproval memory payment = paymentOf(SMALL);

        assertAccepted(tokenDigest(payment), _blob(BlobKind.Transfer, payment, _long(payment, MAX_LENGTH)));
    }

    function testFuzz_TakesWhatCostsLessThanItsPartOfTheGas(uint256 burn) external {
        // What a wallet needs to check a signature, and to be called.
        burn = bound(burn, 0, SIGNER_GAS - 10_000);
        _useSigner(address(new HeavyWallet(alice.addr, burn)));
        PaymentApproval memory payment = paymentOf(SMALL);

        assertAccepted(tokenDigest(payment), _blob(BlobKind.Transfer, payment, _tagged(alice, payment)));
    }

    /* DOES NOT ACCEPT */

    function testFuzz_IsDeniedForASignatureThatTheContractDenies(uint256 key, bytes calldata signature) external {
        key = bound(key, 1, type(uint128).max);
        vm.assume(key != alice.key);
        _useSigner(address(new KeyedWallet(alice.addr)));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory other = abi.encodePacked(sign(key, approvalDigest(payment)), bytes1(0x01));

        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, other));
        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, signature));
    }

    function testFuzz_IsDeniedForAnyOtherWord(bytes32 word, uint256 bit) external {
        vm.assume(word != MAGIC);
        _assertAnswers(_answering(abi.encode(word)), INVALID);
        _assertAnswers(_answering(abi.encode(VALID)), VALID);
        _assertAnswers(_answering(abi.encode(MAGIC ^ bytes32(1 << bound(bit, 0, 255)))), INVALID);
        _assertAnswers(_answering(abi.encode(INVALID)), INVALID);
        _assertAnswers(_answering(abi.encode(true)), INVALID);
    }

    function testFuzz_IsDeniedForAShortAnswer(uint256 length) external {
        _assertAnswers(_answering(truncated(abi.encode(VALID), length)), INVALID);
        _assertAnswers(_answering(firstOf(abi.encode(VALID), 31)), INVALID);
    }

    function test_IsDeniedForAnAnswerByARevert() external {
        _assertAnswers(address(new AnsweringContract(AnsweringContract.Mood.Reverts, abi.encode(VALID))), INVALID);
        _assertAnswers(address(_moody(MoodyWallet.Mood.RevertsMuch)), INVALID);
    }

    function test_IsDeniedWhenItBurnsItsGas() external {
        _assertAnswers(address(_moody(MoodyWallet.Mood.BurnsGas)), INVALID);
    }

    function testFuzz_IsDeniedWhenItNeedsMoreThanItsPartOfTheGas(uint256 burn) external {
        burn = bound(burn, SIGNER_GAS, 1_000_000);
        _useSigner(address(new HeavyWallet(alice.addr, burn)));
        PaymentApproval memory payment = paymentOf(SMALL);

        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, _tagged(alice, payment)));
    }

    function test_IsDeniedWhenItWrites() external {
        _assertAnswers(address(new AnsweringContract(AnsweringContract.Mood.Writes, abi.encode(VALID))), INVALID);
    }

    function testFuzz_IsDeniedWithoutCode(address nowhere, bytes calldata signature) external {
        vm.assume(nowhere.code.length == 0 && uint160(nowhere) > 1_000 && nowhere != agent.addr);
        _useSigner(nowhere);
        PaymentApproval memory payment = paymentOf(SMALL);

        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, signature));
    }

    /* TOO LONG */

    function testFuzz_IsDeniedFor4097Bytes(uint256 length) external {
        _useSigner(address(new HeavyWallet(alice.addr, 0)));
        PaymentApproval memory payment = paymentOf(SMALL);

        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, _long(payment, MAX_LENGTH + 1)));
        length = bound(length, MAX_LENGTH + 1, type(uint16).max);
        assertDenied(tokenDigest(payment), _blob(BlobKind.Transfer, payment, _long(payment, length)));
    }

    function testFuzz_IsDeniedForMoreBytesThanThereAre(uint256 missing) external {
        _useSigner(address(new GullibleWallet()));
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory blob = _blob(BlobKind.Transfer, payment, _long(payment, MAX_LENGTH));

        assertDenied(tokenDigest(payment), firstOf(blob, blob.length - 1));
        assertDenied(tokenDigest(payment), firstOf(blob, blob.length - bound(missing, 1, MAX_LENGTH)));
    }

    /* FLAG */

    function testFuzz_IsDeniedWithoutTheFlagWhateverTheContractSays(bytes32 r, bytes32 vs) external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](1);
        config.signers[0] = _human(address(new GullibleWallet()), false);
        config.signers[0].weight = FULL_WEIGHT;
        useConfig(config);
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory head = bytes.concat(paymentHead(payment), payment.nonce, hex"0001");

        assertDenied(tokenDigest(payment), bytes.concat(head, r, vs));
        assertDenied(tokenDigest(payment), bytes.concat(head, bytes2(uint16(64)), r, vs));
    }

    /// @dev As EIP-7702 lets a key's owner set it.
    function testFuzz_CountsTheKeysSignatureWhateverItsCode(uint256 method, uint256 mask) external {
        vm.etch(agent.addr, address(new SilentDelegate()).code);
        vm.etch(alice.addr, address(new GullibleWallet()).code);
        vm.etch(bob.addr, abi.encodePacked(hex"ef0100", new KeyedWallet(alice.addr)));
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertAccepted(digestBy(kind, payment), blobBy(kind, payment, someOf(bound(mask, 1, 7))));
    }

    function testFuzz_IsDeniedForWhatOnlyTheCodeAccepts(bytes calldata signature) external {
        vm.etch(alice.addr, address(new GullibleWallet()).code);
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes2 bitmap = bytes2(signaturesOf(approvalDigest(payment), only(alice)));
        bytes memory head = bytes.concat(paymentHead(payment), payment.nonce, bitmap);

        assertDenied(tokenDigest(payment), bytes.concat(head, signature));
        assertDenied(tokenDigest(payment), bytes.concat(head, bytes2(uint16(signature.length)), signature));
        assertDenied(tokenDigest(payment), bytes.concat(head, new bytes(64)));
    }

    /* HELPERS */

    function _human(address account_, bool isContract) private pure returns (Signer memory) {
        return Signer({account: account_, weight: 1, isHuman: true, isContract: isContract});
    }

    /// @dev From now on a contract alone is enough for all.
    function _useSigner(address signer) private {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](1);
        config.signers[0] = _human(signer, true);
        config.signers[0].weight = FULL_WEIGHT;
        useConfig(config);
    }

    function _moody(MoodyWallet.Mood mood) private returns (MoodyWallet wallet) {
        wallet = new MoodyWallet(alice.addr);
        wallet.setMood(mood);
    }

    function _answering(bytes memory answer) private returns (address) {
        return address(new AnsweringContract(AnsweringContract.Mood.Answers, answer));
    }

    function _assertAnswers(address signer, bytes4 expected) private {
        _useSigner(signer);
        PaymentApproval memory payment = paymentOf(SMALL);
        bytes memory blob = _blob(BlobKind.Transfer, payment, _tagged(alice, payment));
        assertEq(account.isValidSignature(tokenDigest(payment), blob), expected, "answer");
    }

    /// @dev What a `KeyedWallet` takes.
    function _tagged(Account memory key, PaymentApproval memory payment) private view returns (bytes memory) {
        return abi.encodePacked(sign(key.key, approvalDigest(payment)), bytes1(0x01));
    }

    function _long(PaymentApproval memory payment, uint256 length) private view returns (bytes memory) {
        bytes memory signature = _tagged(alice, payment);
        return bytes.concat(signature, new bytes(length - signature.length));
    }

    function _blob(
        BlobKind kind,
        PaymentApproval memory payment,
        bytes memory signature
    ) private pure returns (bytes memory) {
        return
            bytes.concat(
                headOf(kind, 0, payment),
                payment.nonce,
                abi.encodePacked(uint16(1), uint16(signature.length), signature)
            );
    }
}
