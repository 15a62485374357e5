// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Call, Execute} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigReceiveTest is MultisigUnitTest {
    function testFuzz_TakesAnyValueFromAnybody(address sender, uint256 value) external {
        vm.assume(sender != address(account));
        value = bound(value, 0, 1e30);
        vm.deal(sender, value);

        vm.prank(sender);
        (bool success, ) = address(account).call{value: value}("");

        assertTrue(success, "taken");
        assertEq(address(account).balance, value, "balance");
    }

    function testFuzz_TakesValueBeforeItIsDeployed(uint256 value) external {
        value = bound(value, 0, 1e30);
        vm.deal(factory.addressOf(packedOf(defaultConfig()), "new"), value);

        account = deployAccount(defaultConfig(), "new");
        Execute memory message = executeOf(Call({to: stranger.addr, value: value, data: ""}));
        account.execute(message, signaturesOf(executeDigest(message), both(alice, bob)));

        assertEq(stranger.addr.balance, value);
    }
}
