// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../contracts/types/Receipt.sol";
import {Release} from "../../contracts/types/TypedData.sol";
import {Log, ReceiptBuilder} from "./ReceiptBuilder.sol";
import {VaultTest} from "./VaultTest.sol";

/// @title SurplusSteps
/// @notice Money that comes past `pay`, the proof of it, and the steps of an assignment. A proof is of a block that holds
/// what the token really logged, and its hash is kept, so that it stays good.
abstract contract SurplusSteps is VaultTest {
    uint40 internal constant ANNOUNCEMENT_PERIOD = 7 days;
    uint40 internal constant ANNOUNCED_AT = START + 1 days;
    uint40 internal constant ENDS_AT = ANNOUNCED_AT + ANNOUNCEMENT_PERIOD;

    /// @dev In storage, where the compiler cannot confuse them with what the chain tells after a cheat code.
    uint256 internal time = START;
    uint256 internal height = 20_000_000;

    function goTo(uint256 newTime) internal {
        time = newTime;
        vm.warp(newTime);
    }

    /* PAST PAY */

    /// @notice `from` authorizes the vault, and somebody hands that to the token.
    /// @return The proof of it.
    function payPast(Account memory from, uint256 value, bytes32 nonce) internal returns (ReceiptProof memory) {
        return submit(address(testedVault()), authorize(from, address(testedVault()), value, nonce));
    }

    function submit(address to, Authorization memory signed) internal returns (ReceiptProof memory) {
        vm.recordLogs();
        handIn(to, signed);
        return mineRecorded();
    }

    function handIn(address to, Authorization memory signed) internal {
        token.transferWithAuthorization(
            signed.payer,
            to,
            signed.value,
            signed.validAfter,
            signed.validBefore,
            signed.nonce,
            signed.signature
        );
    }

    /* BLOCKS */

    /// @notice Makes a block of one transaction, which logged what was logged since `vm.recordLogs`.
    function mineRecorded() internal returns (ReceiptProof memory) {
        return mine(ReceiptBuilder.encodeReceipt(2, recordedLogs()));
    }

    function recordedLogs() internal returns (Log[] memory logs) {
        Vm.Log[] memory recorded = vm.getRecordedLogs();
        logs = new Log[](recorded.length);
        for (uint256 i = 0; i < logs.length; ++i) {
            logs[i] = Log(recorded[i].emitter, recorded[i].topics, recorded[i].data);
        }
    }

    /// @notice Makes a block of this one receipt, at the time that it is.
    /// @return proof Of the receipt's first two logs.
    function mine(bytes memory receipt) internal returns (ReceiptProof memory proof) {
        bytes[] memory receipts = new bytes[](1);
        receipts[0] = receipt;
        bytes32 root;
        (root, proof.nodes) = ReceiptBuilder.prove(receipts, 0);
        proof.header = ReceiptBuilder.encodeHeader(height, time, root, "");

        vm.roll(height + 1);
        vm.setBlockhash(height, keccak256(proof.header));
        ++height;
        verifier.saveBlockHash(proof.header);
    }

    /* RECORD */

    function record(ReceiptProof memory proof) internal {
        testedVault().record(address(token), proof);
    }

    /* ASSIGN */

    function announce(uint256 amount) internal returns (uint256) {
        vm.prank(operator.addr);
        return testedVault().announceAssignment(address(token), amount);
    }

    function assign(uint256 number, address to) internal returns (uint256) {
        vm.prank(operator.addr);
        return testedVault().assign(address(token), number, to);
    }

    /// @notice Somebody presents what `from` signed to the testedVault().
    function freeze(Account memory from, uint256 value, bytes32 nonce) internal {
        testedVault().freeze(authorize(from, address(testedVault()), value, nonce));
    }

    /// @notice What the payer signs to let `amount` of its claim go to `to`.
    function releaseMessage(
        PaymentRef memory ref,
        uint256 announcement,
        uint256 amount,
        address to
    ) internal view returns (Release memory) {
        return
            Release({
                paymentId: testedVault().idOf(ref),
                announcement: announcement,
                amount: amount,
                to: to,
                deadline: time + 1 days
            });
    }

    function signRelease(Account memory signer, Release memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.RELEASE_TYPEHASH, message))));
    }

    /// @notice The operator releases `amount` of what `from` froze to `to`, as `from` signs it.
    function release(Account memory from, bytes32 nonce, uint256 announcement, uint256 amount, address to) internal {
        PaymentRef memory ref = refOf(from.addr, nonce);
        Release memory message = releaseMessage(ref, announcement, amount, to);
        bytes memory signature = signRelease(from, message);
        vm.prank(operator.addr);
        testedVault().release(ref, message, signature);
    }

    /* STATE */

    function assertAnnouncement(uint256 number, uint256 expectedAmount, uint256 expectedClaims) internal view {
        (uint256 amount, uint256 claims, ) = testedVault().announcementOf(address(token), number);
        assertEq(amount, expectedAmount, "amount of the announcement");
        assertEq(claims, expectedClaims, "claims of the announcement");
    }

    function aside() internal view returns (uint256 amount) {
        (, amount) = testedVault().announcementsOf(address(token));
    }

    function claimOf(address from, bytes32 nonce, uint256 number) internal view returns (uint256) {
        return testedVault().claimOf(refOf(from, nonce), number);
    }
}
