// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigFactoryImplementationTest is MultisigUnitTest {
    function test_IsWhatTheFactoryWasConstructedWith() external view {
        assertEq(factory.implementation(), address(implementation));
    }

    function test_IsTheCodeBehindTheAccounts() external view {
        bytes memory code = address(account).code;

        bytes20 behind;
        assembly ("memory-safe") {
            behind := mload(add(code, 42))
        }
        assertEq(address(behind), address(implementation));
    }
}
