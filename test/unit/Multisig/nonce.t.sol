// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../../contracts/interfaces/IMultisig.sol";
import {Call, Execute} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigNonceTest is MultisigUnitTest {
    function test_IsZeroAtFirst() external view {
        assertEq(account.nonce(), 0);
    }

    function testFuzz_IsTheNumberOfMessages(uint256 messages) external {
        messages = bound(messages, 0, 8);
        for (uint256 i = 0; i < messages; ++i) {
            executeByHumans(shop, "");
        }

        assertEq(account.nonce(), messages);
    }

    function testFuzz_DoesNotCountWhatFailed(uint256 value) external {
        Execute memory message = executeOf(Call({to: shop, value: bound(value, 1, type(uint256).max), data: ""}));
        bytes memory signatures = signaturesOf(executeDigest(message), both(alice, bob));

        vm.expectRevert(abi.encodeWithSelector(IMultisig.CallFailed.selector, 0, ""));
        account.execute(message, signatures);

        assertEq(account.nonce(), 0);
    }
}
