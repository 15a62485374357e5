// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Signer} from "../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../contracts/types/TypedData.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: a list of signatures has one form, and each signer counts once.
contract MultisigSignaturesTest is MultisigAttackTest {
    uint256 private constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    PaymentApproval private _payment;

    function setUp() public override {
        super.setUp();
        _payment = paymentOf(SMALL);
    }

    function test_DeniesTheAgentTwice() external view {
        PaymentApproval memory payment = paymentOf(LARGE);
        bytes memory one = compactSign(agent.key, approvalDigest(payment));
        for (uint256 bits = 0; bits < 8; ++bits) {
            bytes memory list = bytes.concat(bytes2(uint16(bits)), one, one, one);
            assertDenied(tokenDigest(payment), bytes.concat(paymentHead(payment), payment.nonce, list));
        }
    }

    function test_DeniesSignaturesInAnotherOrder() external view {
        (uint256 first, uint256 second) = (_keyAt(0), _keyAt(1));
        bytes32 digest = approvalDigest(_payment);
        _accept(bytes.concat(hex"0003", compactSign(first, digest), compactSign(second, digest)));
        _deny(bytes.concat(hex"0003", compactSign(second, digest), compactSign(first, digest)));
    }

    function test_DeniesABitOfAnotherSigner() external view {
        uint256 place = _placeOf(agent.addr);
        bytes memory signature = compactSign(agent.key, approvalDigest(_payment));
        for (uint256 i = 0; i < 16; ++i) {
            bytes memory list = bytes.concat(bytes2(uint16(1 << i)), signature);
            if (i == place) _accept(list);
            else _deny(list);
        }
    }

    function test_DeniesABitWithoutASignature() external view {
        _deny(bytes.concat(hex"0007", compactSign(agent.key, approvalDigest(_payment))));
    }

    /// @dev Nobody's approval is no approval, whatever it is of.
    function test_DeniesAnEmptyList() external {
        _deny(hex"0000");
        _payment.value = 0;
        _deny(hex"0000");
    }

    function test_DeniesASignatureWithHighS() external view {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(agent.key, approvalDigest(_payment));
        uint256 high = SECP256K1_ORDER - uint256(s);
        bytes2 bit = bytes2(uint16(1 << _placeOf(agent.addr)));
        _accept(bytes.concat(bit, r, v == 28 ? bytes32(uint256(s) | (1 << 255)) : s));
        _deny(bytes.concat(bit, r, bytes32(high)));
        _deny(bytes.concat(bit, r, bytes32(high ^ (1 << 255))));
    }

    function test_DeniesASignatureWithAnotherV() external view {
        bytes memory list = signaturesOf(approvalDigest(_payment), only(agent));
        list[34] ^= 0x80;
        _deny(list);
    }

    function test_DeniesASignatureOf65Bytes() external view {
        bytes2 bit = bytes2(uint16(1 << _placeOf(agent.addr)));
        _deny(bytes.concat(bit, sign(agent.key, approvalDigest(_payment))));
    }

    /// @dev The account is no key: what its signers sign for the token itself is nothing.
    function test_DeniesTheBareSignatureOfTheTokensDigest() external view {
        bytes32 digest = tokenDigest(_payment);
        assertDenied(digest, sign(agent.key, digest));
        assertDenied(digest, compactSign(alice.key, digest));
        assertDenied(digest, bytes.concat(sign(alice.key, digest), sign(bob.key, digest)));
        assertDenied(digest, "");
        assertDenied(digest, paymentBlob(digest, all()));
    }

    function testFuzz_DeniesBytesThatFollow(bytes calldata more) external view {
        bytes memory list = signaturesOf(approvalDigest(_payment), all());
        if (more.length != 0) _deny(bytes.concat(list, more));
    }

    function testFuzz_DeniesATruncatedBlob(uint256 length) external view {
        bytes memory blob = paymentBlob(_payment, all());
        bytes memory part = new bytes(bound(length, 0, blob.length - 1));
        for (uint256 i = 0; i < part.length; ++i) part[i] = blob[i];
        assertDenied(tokenDigest(_payment), part);
    }

    /// @dev Whatever it is asked, it answers.
    function testFuzz_AnswersAnything(bytes32 digest, uint8 kind, bytes calldata rest) external view {
        assertDenied(digest, bytes.concat(bytes1(kind % 6), rest));
        assertDenied(digest, rest);
    }

    function testFuzz_AnswersAnyListOfSignatures(bytes calldata list) external view {
        _deny(list);
    }

    /* HELPERS */

    function paymentBlob(bytes32 digest, Account[] memory signers) private view returns (bytes memory) {
        return bytes.concat(paymentHead(_payment), _payment.nonce, signaturesOf(digest, signers));
    }

    function _accept(bytes memory list) private view {
        assertAccepted(tokenDigest(_payment), bytes.concat(paymentHead(_payment), _payment.nonce, list));
    }

    function _deny(bytes memory list) private view {
        assertDenied(tokenDigest(_payment), bytes.concat(paymentHead(_payment), _payment.nonce, list));
    }

    function _placeOf(address signer) private view returns (uint256 place) {
        Signer[] memory signers = account.config().signers;
        while (signers[place].account != signer) ++place;
    }

    function _keyAt(uint256 place) private view returns (uint256) {
        address signer = account.config().signers[place].account;
        if (signer == agent.addr) return agent.key;
        return signer == alice.addr ? alice.key : bob.key;
    }
}
