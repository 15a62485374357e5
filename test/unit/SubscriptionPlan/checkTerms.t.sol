// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PeriodUnit, SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {SubscriptionPlanTest} from "../../utils/SubscriptionPlanTest.sol";

contract SubscriptionPlanCheckTermsTest is SubscriptionPlanTest {
    uint256 private constant LENGTH = 448;
    uint256 private constant FIELDS = 14;
    uint256 private constant SALT_FIELD = 4;
    uint256 private constant PERIOD_UNIT_FIELD = 7;
    uint40 private constant MONTH = 28 days; // the shortest

    SubscriptionPlanTerms private terms;

    function setUp() public override {
        super.setUp();
        terms = defaultTerms();
    }

    /* ENCODING */

    function test_RevertWhen_ThereAreNoBytes() external {
        expectRefused("", abi.encodeWithSelector(IVault.TermsLengthWrong.selector, 0, LENGTH));
    }

    function test_RevertWhen_OneByteIsMissing() external {
        bytes memory encoded = abi.encode(terms);
        assembly ("memory-safe") {
            mstore(encoded, sub(mload(encoded), 1))
        }

        expectRefused(encoded, abi.encodeWithSelector(IVault.TermsLengthWrong.selector, LENGTH - 1, LENGTH));
    }

    function test_RevertWhen_OneByteIsTooMuch() external {
        expectRefused(
            bytes.concat(abi.encode(terms), hex"00"),
            abi.encodeWithSelector(IVault.TermsLengthWrong.selector, LENGTH + 1, LENGTH)
        );
    }

    function testFuzz_RevertWhen_LengthIsAnother(uint256 length) external {
        length = bound(length, 0, 2 * LENGTH);
        if (length == LENGTH) ++length;

        expectRefused(new bytes(length), abi.encodeWithSelector(IVault.TermsLengthWrong.selector, length, LENGTH));
    }

    /// @dev All fields but the salt are shorter than a word; the decoder refuses without data.
    function test_RevertWhen_AFieldHasForeignBits() external view {
        for (uint256 field = 0; field < FIELDS; ++field) {
            if (field == SALT_FIELD) continue;
            bytes memory encoded = abi.encode(terms);
            encoded[field * 32] = 0x01;

            assertNotDecoded(encoded);
        }
    }

    /// @dev The lowest bit that does not belong to the field.
    function test_RevertWhen_AFieldIsOneBitTooLong() external view {
        uint8[FIELDS] memory bits = [160, 160, 160, 16, 0, 160, 88, 8, 40, 40, 40, 88, 40, 16];
        for (uint256 field = 0; field < FIELDS; ++field) {
            if (field == SALT_FIELD) continue;
            bytes memory encoded = abi.encode(terms);
            encoded[field * 32 + 31 - bits[field] / 8] = 0x01;

            assertNotDecoded(encoded);
        }
    }

    function testFuzz_RevertWhen_ThePeriodUnitIsUnknown(uint8 unit) external view {
        unit = uint8(bound(unit, uint8(type(PeriodUnit).max) + 1, type(uint8).max));
        bytes memory encoded = abi.encode(terms);
        encoded[PERIOD_UNIT_FIELD * 32 + 31] = bytes1(unit);

        assertNotDecoded(encoded);
    }

    /* OF EVERY VAULT */

    function test_RevertWhen_ReceiverIsZero() external {
        terms.receiver = address(0);

        expectRefused(abi.encodeWithSelector(IVault.TermsWithoutReceiver.selector));
    }

    function test_RevertWhen_OperatorIsZero() external {
        terms.operator = address(0);

        expectRefused(abi.encodeWithSelector(IVault.TermsWithoutOperator.selector));
    }

    function test_RevertWhen_FeeIsTooHigh() external {
        terms.feeBps = 1_000;
        implementation.checkTerms(abi.encode(terms));
        terms.feeBps = 1_001;

        expectRefused(abi.encodeWithSelector(IVault.TermsFeeTooHigh.selector, 1_001, 1_000));
    }

    function test_RevertWhen_FeeHasNoReceiver() external {
        terms.feeReceiver = address(0);

        expectFeeReceiverWrong();
    }

    function test_RevertWhen_FeeReceiverHasNoFee() external {
        terms.feeBps = 0;

        expectFeeReceiverWrong();
    }

    function test_RevertWhen_FeeReceiverIsTheReceiver() external {
        terms.feeReceiver = terms.receiver;

        expectFeeReceiverWrong();
    }

    /* PRICE */

    function test_RevertWhen_TokenIsZero() external {
        terms.token = address(0);

        expectRefused(abi.encodeWithSelector(ISubscriptionPlan.TermsWithoutToken.selector));
    }

    function test_RevertWhen_PriceIsZero() external {
        terms.price = 0;

        expectRefused(abi.encodeWithSelector(ISubscriptionPlan.TermsWithoutPrice.selector));
    }

    function testFuzz_AcceptsAnyOtherPriceAndSetupFee(uint88 price, uint88 setupFee) external {
        terms.price = uint88(bound(price, 1, type(uint88).max));
        terms.setupFee = setupFee;

        expectAccepted();
    }

    /* TRIAL */

    function test_RevertWhen_TrialIsTooLong() external {
        terms.trial = 365 days + 1;

        expectRefused(abi.encodeWithSelector(ISubscriptionPlan.TermsTrialTooLong.selector, 365 days + 1, 365 days));
    }

    function test_AcceptsTheLongestTrial() external {
        terms.trial = 365 days;

        expectAccepted();
    }

    /* PERIOD */

    function test_RevertWhen_PeriodIsShorterThanAnHour() external {
        useShortestPeriod();
        terms.periodLength = 1 hours - 1;

        expectPeriodOutOfBounds(1 hours, 5 * 365 days);
    }

    function test_AcceptsAPeriodOfAnHour() external {
        useShortestPeriod();

        expectAccepted();
    }

    function test_AcceptsAPeriodOfFiveYears() external {
        terms.periodLength = 5 * 365 days;

        expectAccepted();
    }

    function test_RevertWhen_PeriodIsLongerThanFiveYears() external {
        terms.periodLength = 5 * 365 days + 1;

        expectPeriodOutOfBounds(1 hours, 5 * 365 days);
    }

    function test_RevertWhen_PeriodIsNoMonth() external {
        useMonths(0);

        expectPeriodOutOfBounds(1, 60);
    }

    function test_AcceptsAPeriodOfAMonth() external {
        useMonths(1);

        expectAccepted();
    }

    function test_AcceptsAPeriodOfSixtyMonths() external {
        useMonths(60);

        expectAccepted();
    }

    function test_RevertWhen_PeriodIsLongerThanSixtyMonths() external {
        useMonths(61);

        expectPeriodOutOfBounds(1, 60);
    }

    /* GRACE */

    function test_RevertWhen_GraceIsZero() external {
        terms.grace = 0;

        expectGraceOutOfBounds(PERIOD / 2);
    }

    function test_AcceptsAGraceOfASecond() external {
        terms.grace = 1;

        expectAccepted();
    }

    function test_AcceptsAGraceOfHalfThePeriod() external {
        terms.grace = PERIOD / 2;

        expectAccepted();
    }

    function test_RevertWhen_GraceIsLongerThanHalfThePeriod() external {
        terms.grace = PERIOD / 2 + 1;

        expectGraceOutOfBounds(PERIOD / 2);
    }

    function test_RoundsHalfOfAnOddPeriodDown() external {
        (terms.periodLength, terms.refundWindow) = (1 hours + 1, 0);
        terms.grace = 30 minutes;
        implementation.checkTerms(abi.encode(terms));
        terms.grace = 30 minutes + 1;

        expectGraceOutOfBounds(30 minutes);
    }

    function testFuzz_AcceptsAGraceOfHalfTheShortestMonths(uint40 months) external {
        useMonths(uint40(bound(months, 1, 60)));
        terms.grace = (terms.periodLength * MONTH) / 2;

        expectAccepted();
    }

    function testFuzz_RevertWhen_GraceIsLongerThanHalfTheShortestMonths(uint40 months) external {
        useMonths(uint40(bound(months, 1, 60)));
        terms.grace = (terms.periodLength * MONTH) / 2 + 1;

        expectGraceOutOfBounds((uint256(terms.periodLength) * MONTH) / 2);
    }

    function test_RevertWhen_GraceIsTheLongestOfAll() external {
        terms.grace = type(uint40).max;

        expectGraceOutOfBounds(PERIOD / 2);
    }

    /* WINDOW */

    function test_AcceptsNoWindow() external {
        terms.refundWindow = 0;

        expectAccepted();
    }

    function test_AcceptsAWindowOfASecond() external {
        terms.refundWindow = 1;

        expectAccepted();
    }

    function test_AcceptsAWindowOfThePeriodLessTheGrace() external {
        terms.refundWindow = PERIOD - GRACE;

        expectAccepted();
    }

    function test_RevertWhen_WindowIsLongerThanThePeriodLessTheGrace() external {
        terms.refundWindow = PERIOD - GRACE + 1;

        expectWindowTooLong(PERIOD - GRACE);
    }

    function testFuzz_AcceptsAWindowOfTheShortestMonthsLessTheGrace(uint40 months, uint40 grace) external {
        useMonths(uint40(bound(months, 1, 60)));
        uint40 shortest = terms.periodLength * MONTH;
        terms.grace = uint40(bound(grace, 1, shortest / 2));
        terms.refundWindow = shortest - terms.grace;

        expectAccepted();
    }

    function testFuzz_RevertWhen_WindowIsLongerThanTheShortestMonthsLessTheGrace(uint40 months, uint40 grace) external {
        useMonths(uint40(bound(months, 1, 60)));
        uint40 shortest = terms.periodLength * MONTH;
        terms.grace = uint40(bound(grace, 1, shortest / 2));
        terms.refundWindow = shortest - terms.grace + 1;

        expectWindowTooLong(shortest - terms.grace);
    }

    function test_RevertWhen_WindowIsTheLongestOfAll() external {
        terms.refundWindow = type(uint40).max;

        expectWindowTooLong(PERIOD - GRACE);
    }

    /* NON-REFUNDABLE SHARE */

    function test_AcceptsTheHighestShare() external {
        terms.nonRefundableBps = 9_999;

        expectAccepted();
    }

    function testFuzz_RevertWhen_NothingCouldBeTakenBack(uint16 nonRefundableBps) external {
        terms.nonRefundableBps = uint16(bound(nonRefundableBps, 10_000, type(uint16).max));

        expectShareWrong();
    }

    function testFuzz_RevertWhen_AShareIsSetWithoutAWindow(uint16 nonRefundableBps) external {
        terms.refundWindow = 0;
        terms.nonRefundableBps = uint16(bound(nonRefundableBps, 1, type(uint16).max));

        expectShareWrong();
    }

    /* RIGHT */

    function test_AnswersOnAPlanToo() external view {
        plan.checkTerms(abi.encode(terms));
    }

    /* HELPERS */

    function useShortestPeriod() private {
        (terms.periodLength, terms.grace, terms.refundWindow) = (1 hours, 1, 0);
    }

    function useMonths(uint40 months) private {
        (terms.periodUnit, terms.periodLength) = (PeriodUnit.Months, months);
    }

    /// @notice A plan can be made of the terms too.
    function expectAccepted() private {
        implementation.checkTerms(abi.encode(terms));
        usePlan(terms);
    }

    function expectRefused(bytes memory reason) private {
        expectRefused(abi.encode(terms), reason);
    }

    function expectRefused(bytes memory encoded, bytes memory reason) private {
        vm.expectRevert(reason);
        implementation.checkTerms(encoded);
    }

    function assertNotDecoded(bytes memory encoded) private view {
        (bool success, bytes memory answer) = address(implementation).staticcall(
            abi.encodeCall(IVault.checkTerms, (encoded))
        );

        assertFalse(success, "one promise has one encoding");
        assertEq(answer.length, 0, "reason");
    }

    function expectFeeReceiverWrong() private {
        expectRefused(abi.encodeWithSelector(IVault.TermsFeeReceiverWrong.selector, terms.feeReceiver, terms.feeBps));
    }

    function expectPeriodOutOfBounds(uint40 minimum, uint40 maximum) private {
        expectRefused(
            abi.encodeWithSelector(
                ISubscriptionPlan.TermsPeriodOutOfBounds.selector,
                terms.periodLength,
                minimum,
                maximum
            )
        );
    }

    function expectGraceOutOfBounds(uint256 maximum) private {
        expectRefused(abi.encodeWithSelector(ISubscriptionPlan.TermsGraceOutOfBounds.selector, terms.grace, maximum));
    }

    function expectWindowTooLong(uint256 maximum) private {
        expectRefused(
            abi.encodeWithSelector(ISubscriptionPlan.TermsRefundWindowTooLong.selector, terms.refundWindow, maximum)
        );
    }

    function expectShareWrong() private {
        expectRefused(
            abi.encodeWithSelector(
                ISubscriptionPlan.TermsNonRefundableWrong.selector,
                terms.nonRefundableBps,
                terms.refundWindow
            )
        );
    }
}
