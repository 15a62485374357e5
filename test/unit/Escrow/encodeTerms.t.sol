// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowEncodeTermsTest is EscrowTest {
    EscrowTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = defaultTerms();
    }

    function test_RevertWhen_ReceiverIsZero() external {
        terms.receiver = address(0);

        expectRefused(abi.encodeWithSelector(IVault.TermsWithoutReceiver.selector));
    }

    function test_RevertWhen_OperatorIsZero() external {
        terms.operator = address(0);

        expectRefused(abi.encodeWithSelector(IVault.TermsWithoutOperator.selector));
    }

    function test_EncodesTheHighestFee() external {
        terms.feeBps = 1_000;

        assertEncodes();
    }

    function testFuzz_RevertWhen_FeeIsTooHigh(uint16 feeBps) external {
        terms.feeBps = uint16(bound(feeBps, 1_001, type(uint16).max));

        expectRefused(abi.encodeWithSelector(IVault.TermsFeeTooHigh.selector, terms.feeBps, 1_000));
    }

    function testFuzz_RevertWhen_FeeHasNoReceiver(uint16 feeBps) external {
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.feeReceiver = address(0);

        expectFeeReceiverWrong();
    }

    function testFuzz_RevertWhen_FeeReceiverHasNoFee(address newFeeReceiver) external {
        vm.assume(newFeeReceiver != address(0));
        terms.feeReceiver = newFeeReceiver;
        terms.feeBps = 0;

        expectFeeReceiverWrong();
    }

    function testFuzz_RevertWhen_ReceiverIsTheFeeReceiver(uint16 feeBps) external {
        terms.feeBps = uint16(bound(feeBps, 0, 1_000));
        terms.feeReceiver = terms.receiver;

        expectFeeReceiverWrong();
    }

    function testFuzz_RevertWhen_CaptureWindowIsTooShort(uint40 captureWindow) external {
        terms.captureWindow = uint40(bound(captureWindow, 0, 10 minutes - 1));

        expectWindowOutOfBounds();
    }

    function test_EncodesTheShortestCaptureWindow() external {
        terms.captureWindow = 10 minutes;

        assertEncodes();
    }

    function test_EncodesTheLongestCaptureWindow() external {
        terms.captureWindow = 365 days;

        assertEncodes();
    }

    function testFuzz_RevertWhen_CaptureWindowIsTooLong(uint40 captureWindow) external {
        terms.captureWindow = uint40(bound(captureWindow, 365 days + 1, type(uint40).max));

        expectWindowOutOfBounds();
    }

    function testFuzz_ReturnsTheAbiEncoding(
        address newReceiver,
        address newOperator,
        address newFeeReceiver,
        bytes32 salt,
        uint16 feeBps,
        uint40 captureWindow
    ) external {
        vm.assume(newReceiver != address(0) && newOperator != address(0) && newFeeReceiver != address(0));
        vm.assume(newFeeReceiver != newReceiver);
        terms.receiver = newReceiver;
        terms.operator = newOperator;
        terms.feeReceiver = newFeeReceiver;
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.salt = salt;
        terms.captureWindow = uint40(bound(captureWindow, 10 minutes, 365 days));

        assertEncodes();
    }

    function test_EncodesWithoutFee() external {
        terms.feeReceiver = address(0);
        terms.feeBps = 0;

        assertEncodes();
    }

    function test_EncodesTheReceiverAsOperator() external {
        terms.operator = terms.receiver;

        assertEncodes();
    }

    function test_EncodesTheOperatorAsFeeReceiver() external {
        terms.feeReceiver = terms.operator;

        assertEncodes();
    }

    /* HELPERS */

    function assertEncodes() private view {
        assertEq(implementation.encodeTerms(terms), abi.encode(terms));
    }

    function expectRefused(bytes memory reason) private {
        vm.expectRevert(reason);
        implementation.encodeTerms(terms);
    }

    function expectFeeReceiverWrong() private {
        expectRefused(abi.encodeWithSelector(IVault.TermsFeeReceiverWrong.selector, terms.feeReceiver, terms.feeBps));
    }

    function expectWindowOutOfBounds() private {
        expectRefused(
            abi.encodeWithSelector(
                IEscrow.TermsCaptureWindowOutOfBounds.selector,
                terms.captureWindow,
                10 minutes,
                365 days
            )
        );
    }
}
