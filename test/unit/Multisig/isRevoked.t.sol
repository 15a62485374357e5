// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigIsRevokedTest is MultisigUnitTest {
    function testFuzz_IsFalseForWhatNobodyRevoked(bytes32 approval, bytes32 other) external {
        vm.assume(approval != other);
        assertFalse(account.isRevoked(approval), "before");

        vm.prank(alice.addr);
        account.revoke(other);

        assertFalse(account.isRevoked(approval), "after another");
    }

    function testFuzz_IsTrueForWhatAHumanRevoked(bytes32 approval) external {
        vm.prank(alice.addr);
        account.revoke(approval);

        assertTrue(account.isRevoked(approval));
    }
}
