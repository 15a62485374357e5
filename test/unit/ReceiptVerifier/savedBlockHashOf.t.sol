// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifierTest} from "../../utils/ReceiptVerifierTest.sol";

contract SavedBlockHashOfTest is ReceiptVerifierTest {
    function testFuzz_IsZeroWhenNothingWasKept(uint256 blockNumber) external view {
        assertEq(verifier.savedBlockHashOf(blockNumber), 0);
    }

    function testFuzz_IsZeroForOtherBlocks(uint256 blockNumber) external {
        vm.assume(blockNumber != NUMBER);
        mine(headerWith("receiptsRoot"));
        verifier.saveBlockHash(headerWith("receiptsRoot"));

        assertEq(verifier.savedBlockHashOf(blockNumber), 0);
    }

    function testFuzz_IsTheHashForEver(uint256 distance) external {
        bytes memory header = headerWith("receiptsRoot");
        mine(header);
        verifier.saveBlockHash(header);
        vm.roll(NUMBER + bound(distance, 1, type(uint64).max));

        assertEq(verifier.savedBlockHashOf(NUMBER), keccak256(header));
    }
}
