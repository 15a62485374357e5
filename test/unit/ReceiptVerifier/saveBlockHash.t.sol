// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RLP} from "@openzeppelin/contracts/utils/RLP.sol";

import {IReceiptVerifier} from "../../../contracts/interfaces/IReceiptVerifier.sol";
import {ReceiptBuilder} from "../../utils/ReceiptBuilder.sol";
import {ReceiptVerifierTest} from "../../utils/ReceiptVerifierTest.sol";

contract SaveBlockHashTest is ReceiptVerifierTest {
    using RLP for RLP.Encoder;

    /* HEADER */

    function test_RevertWhen_HeaderTooLong() external {
        bytes memory header = new bytes(4097);

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.HeaderTooLong.selector, 4097, 4096));
        verifier.saveBlockHash(header);
    }

    function test_RevertWhen_HeaderHasElevenFields() external {
        bytes memory header = ReceiptBuilder.upToGasUsed(NUMBER, "receiptsRoot").encode();
        mine(header);

        vm.expectRevert(IReceiptVerifier.HeaderMalformed.selector);
        verifier.saveBlockHash(header);
    }

    function testFuzz_RevertWhen_SomethingFollowsTheHeader(uint8 count) external {
        bytes memory header = bytes.concat(headerWith("receiptsRoot"), new bytes(bound(count, 1, 255)));
        mine(header);

        vm.expectRevert(RLP.RLPInvalidEncoding.selector);
        verifier.saveBlockHash(header);
    }

    /* BLOCK */

    function test_RevertWhen_BlockIsCurrent() external {
        vm.roll(NUMBER);

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockNotPast.selector, NUMBER, NUMBER));
        verifier.saveBlockHash(headerWith("receiptsRoot"));
    }

    function testFuzz_RevertWhen_BlockIsFuture(uint256 number) external {
        number = bound(number, NUMBER + 1, type(uint256).max);
        vm.roll(NUMBER);

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockNotPast.selector, number, NUMBER));
        verifier.saveBlockHash(ReceiptBuilder.encodeHeader(number, TIMESTAMP, "receiptsRoot", ""));
    }

    function testFuzz_RevertWhen_BlockIsTooOld(uint256 distance) external {
        distance = bound(distance, HISTORY_REACH + 1, 1_000_000);
        mine(headerWith("receiptsRoot"), distance);

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockTooOld.selector, NUMBER, NUMBER + distance));
        verifier.saveBlockHash(headerWith("receiptsRoot"));
    }

    /// @dev As on chains without EIP-2935 where something else answers, or on Hardhat, whose contract there always fails.
    function testFuzz_RevertWhen_HistoryFailsWithTheHash(uint256 distance) external {
        distance = bound(distance, BLOCKHASH_REACH + 1, HISTORY_REACH);
        vm.roll(NUMBER + distance);
        vm.mockCallRevert(HISTORY, abi.encode(NUMBER), abi.encode(keccak256(headerWith("receiptsRoot"))));

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockTooOld.selector, NUMBER, NUMBER + distance));
        verifier.saveBlockHash(headerWith("receiptsRoot"));
    }

    function testFuzz_RevertWhen_HeaderForged(uint256 distance) external {
        mine(headerWith("receiptsRoot"), bound(distance, 1, HISTORY_REACH));
        bytes memory forged = headerWith("another");

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockHashMismatch.selector, NUMBER, keccak256(forged)));
        verifier.saveBlockHash(forged);
    }

    function test_RevertWhen_AnotherHashWasKept() external {
        mine(headerWith("receiptsRoot"));
        verifier.saveBlockHash(headerWith("receiptsRoot"));
        vm.roll(NUMBER + HISTORY_REACH + 1);
        bytes memory forged = headerWith("another");

        vm.expectRevert(abi.encodeWithSelector(IReceiptVerifier.BlockHashMismatch.selector, NUMBER, keccak256(forged)));
        verifier.saveBlockHash(forged);
    }

    /* SAVED */

    function testFuzz_KeepsTheHash(uint256 distance, address caller) external {
        bytes memory header = headerWith("receiptsRoot");
        mine(header, bound(distance, 1, HISTORY_REACH));

        vm.expectEmit(address(verifier));
        emit IReceiptVerifier.BlockHashSaved(NUMBER, keccak256(header));
        vm.prank(caller);
        uint256 blockNumber = verifier.saveBlockHash(header);

        assertEq(blockNumber, NUMBER, "number");
        assertEq(verifier.savedBlockHashOf(NUMBER), keccak256(header), "hash");
    }

    function test_KeepsTheOldestThatTheChainKnows() external {
        bytes memory header = headerWith("receiptsRoot");
        mine(header, HISTORY_REACH);
        verifier.saveBlockHash(header);

        assertEq(verifier.savedBlockHashOf(NUMBER), keccak256(header));
    }

    function testFuzz_ChangesNothingWhenRepeated(uint256 distance) external {
        bytes memory header = headerWith("receiptsRoot");
        mine(header);
        verifier.saveBlockHash(header);
        vm.roll(NUMBER + bound(distance, BLOCKHASH_REACH + 1, 1_000_000));

        vm.expectEmit({emitter: address(verifier), count: 0});
        emit IReceiptVerifier.BlockHashSaved(NUMBER, keccak256(header));
        assertEq(verifier.saveBlockHash(header), NUMBER, "number");
        assertEq(verifier.savedBlockHashOf(NUMBER), keccak256(header), "hash");
    }
}
