// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../../contracts/RefundWindow.sol";
import {VaultFactoryTest} from "../../utils/VaultFactoryTest.sol";

contract VaultFactoryImplementationTest is VaultFactoryTest {
    function test_ReturnsWhatItWasConstructedWith() external {
        RefundWindow other = deployImplementation(verifier);

        assertEq(deployFactory(other).implementation(), address(other));
    }

    function test_IsTheCodeBehindTheVaults() external view {
        bytes memory code = address(vault).code;
        bytes20 target;
        assembly ("memory-safe") {
            target := mload(add(code, 0x2a)) // ten bytes of a minimal proxy come before the address
        }

        assertEq(address(target), factory.implementation());
    }
}
