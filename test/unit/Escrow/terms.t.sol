// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowTermsTest is EscrowTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.terms();
    }

    function testFuzz_ReturnsWhatTheVaultWasDeployedWith(
        address newReceiver,
        address newOperator,
        bytes32 salt,
        uint40 captureWindow,
        uint16 feeBps
    ) external {
        vm.assume(newReceiver != address(0) && newReceiver != feeReceiver && newOperator != address(0));
        EscrowTerms memory terms = EscrowTerms({
            receiver: newReceiver,
            operator: newOperator,
            feeReceiver: feeReceiver,
            feeBps: uint16(bound(feeBps, 1, 1_000)),
            salt: salt,
            captureWindow: uint40(bound(captureWindow, 10 minutes, 365 days))
        });

        useVault(terms);

        assertEq(abi.encode(vault.terms()), abi.encode(terms));
    }
}
