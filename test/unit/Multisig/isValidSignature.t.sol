// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {BlobKind} from "../../../contracts/types/Blob.sol";
import {MultisigConfig, Signer} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigIsValidSignatureTest is MultisigUnitTest {
    uint256 private constant BLOB_KINDS = 5;
    /// @dev Of secp256k1.
    uint256 private constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* NO ACCOUNT */

    function testFuzz_IsDeniedWhenThisIsNoAccount(uint256 method, bytes32 hash, bytes calldata random) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);

        assertEq(
            implementation.isValidSignature(digestBy(kind, payment), blobBy(kind, payment, all())),
            INVALID,
            "right"
        );
        assertEq(implementation.isValidSignature(hash, random), INVALID, "random");
    }

    /* NO BLOB */

    function testFuzz_IsDeniedWithoutBytes(bytes32 hash) external view {
        assertDenied(hash, "");
    }

    function testFuzz_IsDeniedForAKindThatDoesNotExist(
        uint256 method,
        uint8 kind,
        bytes calldata random
    ) external view {
        bytes1 unknown = bytes1(uint8(bound(kind, BLOB_KINDS, type(uint8).max)));
        PaymentApproval memory payment = paymentBy(anyMethod(method), SMALL);
        bytes32 digest = digestBy(anyMethod(method), payment);
        bytes memory blob = blobBy(anyMethod(method), payment, all());

        blob[0] = unknown;

        assertDenied(digest, blob);
        assertDenied(digest, bytes.concat(unknown, random));
    }

    function testFuzz_IsDeniedForRandomBytesOfAnyKind(bytes32 hash, bytes calldata random) external view {
        for (uint8 kind = 0; kind < BLOB_KINDS; ++kind) {
            assertDenied(hash, bytes.concat(bytes1(kind), random));
            // A token and signers that there are.
            assertDenied(hash, bytes.concat(bytes1(kind), hex"00", random));
        }
    }

    function testFuzz_IsDeniedForRandomBytesBehindARightBeginning(
        uint256 method,
        uint256 length,
        bytes calldata random
    ) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes memory blob = blobBy(kind, payment, all());
        bytes memory other = bytes.concat(truncated(blob, length), random);
        vm.assume(keccak256(other) != keccak256(blob));

        assertDenied(digestBy(kind, payment), other);
    }

    function testFuzz_IsDeniedFor65BytesOfAnyKind(uint256 method, bytes32 r, bytes32 s) external view {
        BlobKind kind = anyMethod(method);
        PaymentApproval memory payment = paymentBy(kind, SMALL);
        bytes32 digest = digestBy(kind, payment);
        assertDenied(digest, firstOf(blobBy(kind, payment, all()), 65));

        for (uint8 first = 0; first < BLOB_KINDS; ++first) {
            assertDenied(digest, abi.encodePacked(first, r, s));
        }
    }

    function testFuzz_IsDeniedForASignersOwnSignature(uint256 method, uint256 mask) external view {
        PaymentApproval memory payment = paymentBy(anyMethod(method), SMALL);
        bytes32 digest = digestBy(anyMethod(method), payment);
        bytes32 approval = approvalDigest(payment);
        bytes memory together;
        for (uint256 i = 0; i < 3; ++i) {
            Account memory signer = all()[i];
            assertDenied(digest, sign(signer.key, digest));
            assertDenied(digest, sign(signer.key, approval));
            together = bytes.concat(together, sign(signer.key, digest));
        }
        assertDenied(digest, together);
        assertDenied(digest, signaturesOf(digest, someOf(mask)));
        assertDenied(digest, signaturesOf(approval, someOf(mask)));
    }

    /* LIST */

    function testFuzz_IsDeniedForBitsThatNoSignerHas(uint256 bit) external view {
        bytes memory list = signaturesOf(_approval(), all());
        uint16 bitmap = uint16(7 | (1 << bound(bit, 3, 15)));
        (list[0], list[1]) = (bytes1(uint8(bitmap >> 8)), bytes1(uint8(bitmap)));

        _assertDenied(list);
        _assertDenied(bytes.concat(list, compactSign(stranger.key, _approval())));
    }

    function test_IsDeniedWithoutBits() external view {
        bytes memory list = signaturesOf(_approval(), all());
        list[1] = 0x00;

        _assertDenied(list);
        _assertDenied(hex"0000");
        _assertDenied("");
    }

    function testFuzz_IsDeniedForABitWithoutASignature(uint256 mask, uint256 missing) external view {
        mask = bound(mask, 1, 7);
        uint256 one = 1 << bound(missing, 0, 2);
        vm.assume(mask & one == 0);
        bytes memory list = signaturesOf(_approval(), someOf(mask));
        list[1] = signaturesOf(_approval(), someOf(mask | one))[1];

        _assertDenied(list);
    }

    function testFuzz_IsDeniedForASignatureWithoutABit(uint256 mask, uint256 surplus) external view {
        mask = bound(mask, 1, 7);
        uint256 one = 1 << bound(surplus, 0, 2);
        vm.assume(mask & one == 0);
        bytes memory list = signaturesOf(_approval(), someOf(mask | one));
        list[1] = signaturesOf(_approval(), someOf(mask))[1];

        _assertDenied(list);
    }

    function testFuzz_IsDeniedForSignaturesInAnotherOrder(uint256 first, uint256 second) external view {
        first = bound(first, 0, 2);
        second = bound(second, 0, 2);
        vm.assume(first != second);
        bytes memory list = signaturesOf(_approval(), all());
        for (uint256 i = 0; i < 64; ++i) {
            (uint256 one, uint256 other) = (2 + 64 * first + i, 2 + 64 * second + i);
            (list[one], list[other]) = (list[other], list[one]);
        }

        _assertDenied(list);
    }

    function testFuzz_IsDeniedForOneSignersSignatureForTwo(uint256 signer) external view {
        bytes memory signature = compactSign(all()[bound(signer, 0, 2)].key, _approval());

        _assertDenied(bytes.concat(hex"0003", signature, signature));
        _assertDenied(bytes.concat(hex"0005", signature, signature));
        _assertDenied(bytes.concat(hex"0006", signature, signature));
        _assertDenied(bytes.concat(hex"0007", signature, signature, signature));
    }

    function testFuzz_IsDeniedForAStrangersSignature(uint256 key, uint256 bit) external view {
        key = bound(key, 1, ORDER - 1);
        vm.assume(key != agent.key && key != alice.key && key != bob.key);
        bytes2 bitmap = bytes2(uint16(1 << bound(bit, 0, 2)));

        _assertDenied(bytes.concat(bitmap, compactSign(key, _approval())));
    }

    function testFuzz_IsDeniedForOneWrongAmongRightOnes(uint256 signer, uint256 place, uint256 change) external view {
        bytes memory list = signaturesOf(_approval(), all());
        place = 2 + 64 * bound(signer, 0, 2) + bound(place, 0, 63);

        _assertDenied(flipped(list, place, change));
    }

    function test_IsDeniedForASignatureOf65Bytes() external view {
        bytes2 bitmap = bytes2(signaturesOf(_approval(), only(agent)));

        _assertDenied(bytes.concat(bitmap, sign(agent.key, _approval())));
    }

    /// @dev What recovers to the same key with the other half of `s`.
    function test_IsDeniedForTheOtherFormOfASignature() external view {
        bytes2 bitmap = bytes2(signaturesOf(_approval(), only(agent)));
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(agent.key, _approval());
        bytes32 other = bytes32(ORDER - uint256(s));
        assertEq(ecrecover(_approval(), v == 27 ? 28 : 27, r, other), agent.addr, "is a signature");

        _assertDenied(abi.encodePacked(bitmap, r, other));
        _assertDenied(abi.encodePacked(bitmap, r, other | bytes32(uint256(1) << 255)));
    }

    function test_IsDeniedForASignatureOfZeros() external view {
        _assertDenied(bytes.concat(hex"0001", new bytes(64)));
        _assertDenied(bytes.concat(hex"0007", new bytes(192)));
    }

    function testFuzz_CountsEachOfSixteenSigners(uint16 bitmap, uint256 seed) external {
        (Account[] memory signers, Signer[] memory known) = _sixteen(seed);
        MultisigConfig memory config = defaultConfig();
        config.signers = known;
        config.fullWeight = uint8(bound(draw(seed, "full"), AGENT_WEIGHT + HUMAN_WEIGHT, 3 * MAX_SIGNERS));
        useConfig(config);
        PaymentApproval memory payment = paymentOf(LARGE + 1);
        bytes memory list;
        uint256 weight = 0;
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            if ((bitmap >> i) & 1 == 0) continue;
            list = bytes.concat(list, compactSign(signers[i].key, approvalDigest(payment)));
            weight += known[i].weight;
        }

        bytes4 answer = account.isValidSignature(
            tokenDigest(payment),
            bytes.concat(paymentHead(payment), payment.nonce, bytes2(bitmap), list)
        );

        assertEq(answer, weight >= config.fullWeight ? VALID : INVALID);
    }

    /// @dev Humans of weight 3 and more, so that full weight is never out of reach.
    function _sixteen(uint256 seed) private pure returns (Account[] memory signers, Signer[] memory known) {
        signers = new Account[](MAX_SIGNERS);
        known = new Signer[](MAX_SIGNERS);
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            signers[i].key = 1 + (draw(seed, i) >> 1);
            signers[i].addr = vm.addr(signers[i].key);
            for (uint256 j = i; j > 0 && signers[j].addr < signers[j - 1].addr; --j) {
                (signers[j], signers[j - 1]) = (signers[j - 1], signers[j]);
            }
        }
        for (uint256 i = 0; i < MAX_SIGNERS; ++i) {
            uint8 weight = uint8(3 + (draw(seed, i) % 10));
            known[i] = Signer({account: signers[i].addr, weight: weight, isHuman: true, isContract: false});
        }
    }

    /* HELPERS */

    function _approval() private view returns (bytes32) {
        return approvalDigest(paymentOf(SMALL));
    }

    /// @dev By a small payment, for which any one signer is enough.
    function _assertDenied(bytes memory list) private view {
        PaymentApproval memory payment = paymentOf(SMALL);
        assertDenied(tokenDigest(payment), bytes.concat(paymentHead(payment), payment.nonce, list));
    }
}
