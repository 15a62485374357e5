// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowTermsTest is RefundWindowUnitTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.terms();
    }

    function testFuzz_ReturnsWhatTheVaultWasDeployedWith(
        address newReceiver,
        address newOperator,
        bytes32 salt,
        uint40 window,
        uint16 feeBps,
        uint16 nonRefundableBps
    ) external {
        vm.assume(newReceiver != address(0) && newReceiver != feeReceiver && newOperator != address(0));
        RefundWindowTerms memory terms = RefundWindowTerms({
            receiver: newReceiver,
            operator: newOperator,
            feeReceiver: feeReceiver,
            feeBps: uint16(bound(feeBps, 1, 1_000)),
            salt: salt,
            arbiter: address(0),
            window: uint40(bound(window, 1 hours, 365 days)),
            resolutionPeriod: 0,
            silenceFavorsPayer: false,
            nonRefundableBps: uint16(bound(nonRefundableBps, 0, 9_999))
        });

        useVault(terms);

        assertEq(abi.encode(vault.terms()), abi.encode(terms));
    }
}
