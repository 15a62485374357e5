// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigEpochTest is MultisigUnitTest {
    function test_IsZeroAtFirst() external view {
        assertEq(account.epoch(), 0);
    }

    function testFuzz_IsTheNumberOfChanges(uint256 changes, uint256 others) external {
        changes = bound(changes, 0, 4);
        others = bound(others, 0, 4);
        for (uint256 i = 0; i < others; ++i) {
            executeByHumans(shop, "");
        }
        for (uint256 i = 0; i < changes; ++i) {
            executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(defaultConfig()))));
        }

        assertEq(account.epoch(), changes);
    }
}
