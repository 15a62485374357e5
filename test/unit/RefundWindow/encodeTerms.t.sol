// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowEncodeTermsTest is RefundWindowUnitTest {
    RefundWindowTerms private terms;

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

    function testFuzz_RevertWhen_WindowIsTooShort(uint40 window) external {
        terms.window = uint40(bound(window, 0, 1 hours - 1));

        expectWindowOutOfBounds();
    }

    function test_EncodesTheShortestWindow() external {
        terms.window = 1 hours;

        assertEncodes();
    }

    function test_EncodesTheLongestWindow() external {
        terms.window = 365 days;

        assertEncodes();
    }

    function testFuzz_RevertWhen_WindowIsTooLong(uint40 window) external {
        terms.window = uint40(bound(window, 365 days + 1, type(uint40).max));

        expectWindowOutOfBounds();
    }

    function test_EncodesTheHighestNonRefundableShare() external {
        terms.nonRefundableBps = 9_999;

        assertEncodes();
    }

    function testFuzz_RevertWhen_NonRefundableShareIsTooHigh(uint16 nonRefundableBps) external {
        terms.nonRefundableBps = uint16(bound(nonRefundableBps, 10_000, type(uint16).max));

        expectRefused(
            abi.encodeWithSelector(IRefundWindow.TermsNonRefundableTooHigh.selector, terms.nonRefundableBps, 10_000)
        );
    }

    function testFuzz_RevertWhen_ThereIsAResolutionPeriodButNoArbiter(uint40 resolutionPeriod) external {
        terms.resolutionPeriod = uint40(bound(resolutionPeriod, 1, type(uint40).max));

        expectWithoutArbiter();
    }

    function test_RevertWhen_SilenceFavorsThePayerButThereIsNoArbiter() external {
        terms.silenceFavorsPayer = true;

        expectWithoutArbiter();
    }

    function test_RevertWhen_ArbiterIsTheReceiver() external {
        useArbiter(receiver.addr, 1 days);

        expectArbiterIsParty();
    }

    function test_RevertWhen_ArbiterIsTheOperator() external {
        useArbiter(operator.addr, 1 days);

        expectArbiterIsParty();
    }

    function test_RevertWhen_ArbiterIsTheFeeReceiver() external {
        useArbiter(feeReceiver, 1 days);

        expectArbiterIsParty();
    }

    function testFuzz_RevertWhen_ResolutionPeriodIsTooShort(uint40 period) external {
        useArbiter(stranger.addr, uint40(bound(period, 0, 1 days - 1)));

        expectResolutionPeriodOutOfBounds();
    }

    function testFuzz_RevertWhen_ResolutionPeriodIsTooLong(uint40 period) external {
        useArbiter(stranger.addr, uint40(bound(period, 90 days + 1, type(uint40).max)));

        expectResolutionPeriodOutOfBounds();
    }

    function testFuzz_AcceptsAnArbiter(uint40 period, bool silenceFavorsPayer) external {
        useArbiter(stranger.addr, uint40(bound(period, 1 days, 90 days)));
        terms.silenceFavorsPayer = silenceFavorsPayer;

        assertEq(implementation.encodeTerms(terms), abi.encode(terms));
    }

    function test_AcceptsTheBoundsOfTheResolutionPeriod() external {
        useArbiter(stranger.addr, 1 days);
        assertEq(implementation.encodeTerms(terms), abi.encode(terms), "shortest");
        useArbiter(stranger.addr, 90 days);
        assertEq(implementation.encodeTerms(terms), abi.encode(terms), "longest");
    }

    function testFuzz_ReturnsTheAbiEncoding(
        address newReceiver,
        address newOperator,
        address newFeeReceiver,
        bytes32 salt,
        uint256 numbers
    ) external {
        vm.assume(newReceiver != address(0) && newOperator != address(0) && newFeeReceiver != address(0));
        vm.assume(newFeeReceiver != newReceiver);
        terms.receiver = newReceiver;
        terms.operator = newOperator;
        terms.feeReceiver = newFeeReceiver;
        terms.feeBps = uint16(bound(uint64(numbers), 1, 1_000));
        terms.salt = salt;
        terms.window = uint40(bound(uint64(numbers >> 64), 1 hours, 365 days));
        terms.nonRefundableBps = uint16(bound(uint64(numbers >> 128), 0, 9_999));

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
            abi.encodeWithSelector(IRefundWindow.TermsWindowOutOfBounds.selector, terms.window, 1 hours, 365 days)
        );
    }

    function useArbiter(address arbiter, uint40 resolutionPeriod) private {
        (terms.arbiter, terms.resolutionPeriod) = (arbiter, resolutionPeriod);
    }

    function expectWithoutArbiter() private {
        expectRefused(
            abi.encodeWithSelector(
                IRefundWindow.TermsWithoutArbiter.selector,
                terms.resolutionPeriod,
                terms.silenceFavorsPayer
            )
        );
    }

    function expectArbiterIsParty() private {
        expectRefused(abi.encodeWithSelector(IRefundWindow.TermsArbiterIsParty.selector, terms.arbiter));
    }

    function expectResolutionPeriodOutOfBounds() private {
        expectRefused(
            abi.encodeWithSelector(
                IRefundWindow.TermsResolutionPeriodOutOfBounds.selector,
                terms.resolutionPeriod,
                1 days,
                90 days
            )
        );
    }
}
