// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigDigestOfTest is MultisigUnitTest {
    function testFuzz_IsWhatSignersSign(PaymentApproval calldata payment) external view {
        assertEq(account.digestOf(payment), approvalDigest(payment));
    }

    function testFuzz_DiffersForEachAccount(PaymentApproval calldata payment) external {
        assertNotEq(account.digestOf(payment), deployAccount(defaultConfig(), "other").digestOf(payment));
    }

    function testFuzz_DiffersForEachChain(PaymentApproval calldata payment, uint64 chainId) external {
        vm.assume(chainId != 0 && chainId != block.chainid);
        bytes32 before = account.digestOf(payment);

        vm.chainId(chainId);

        assertNotEq(account.digestOf(payment), before);
        assertEq(account.digestOf(payment), approvalDigest(payment));
    }
}
