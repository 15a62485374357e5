// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {StandingApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigStandingDigestOfTest is MultisigUnitTest {
    function testFuzz_IsWhatHumansSign(StandingApproval calldata approval) external view {
        assertEq(account.standingDigestOf(approval), standingDigest(approval));
    }

    function testFuzz_DiffersForEachAccount(StandingApproval calldata approval) external {
        assertNotEq(
            account.standingDigestOf(approval),
            deployAccount(defaultConfig(), "other").standingDigestOf(approval)
        );
    }

    function testFuzz_DiffersForEachChain(StandingApproval calldata approval, uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        bytes32 before = account.standingDigestOf(approval);

        vm.chainId(chainId);

        assertNotEq(account.standingDigestOf(approval), before);
        assertEq(account.standingDigestOf(approval), standingDigest(approval));
    }
}
