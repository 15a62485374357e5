// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowReceiptVerifierTest is RefundWindowUnitTest {
    function test_RevertWhen_ConstructedWithAnAddressWithoutCode() external {
        expectNotConstructed(stranger.addr);
    }

    function test_RevertWhen_ConstructedWithZero() external {
        expectNotConstructed(address(0));
    }

    function test_TellsTheVerifierOfTheImplementation() external view {
        assertEq(implementation.receiptVerifier(), address(verifier));
    }

    function test_TellsTheSameInEachVault() external view {
        assertEq(vault.receiptVerifier(), address(verifier));
    }

    /* HELPERS */

    function expectNotConstructed(address noVerifier) private {
        bytes memory initCode = bytes.concat(vm.getCode("RefundWindow.sol:RefundWindow"), abi.encode(noVerifier));
        address deployed;
        bytes memory answer;
        assembly ("memory-safe") {
            deployed := create(0, add(initCode, 0x20), mload(initCode))
            answer := mload(0x40)
            mstore(answer, returndatasize())
            returndatacopy(add(answer, 0x20), 0, returndatasize())
            mstore(0x40, add(answer, 0x80)) // an error of one word, padded
        }
        assertEq(deployed, address(0), "deployed");
        assertEq(answer, abi.encodeWithSelector(ISurplus.VerifierHasNoCode.selector, noVerifier), "reason");
    }
}
