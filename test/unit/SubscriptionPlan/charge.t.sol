// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Pair, PairId} from "../../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {GasBurningToken} from "../../mocks/GasBurningToken.sol";
import {LyingBalanceToken} from "../../mocks/LyingBalanceToken.sol";
import {ChargedPlanTest} from "../../utils/ChargedPlanTest.sol";

contract SubscriptionPlanChargeTest is ChargedPlanTest {
    uint256 private constant MIN_TOKEN_GAS = 150_000;
    /// @dev Of a healthy but heavy token: the most of its cap that leaves enough for the transfer itself.
    uint256 private constant MOST_BURN = 100_000;
    uint40 private constant TRIAL = 14 days;
    uint40 private constant JANUARY_31 = 1_769_817_600; // 2026, at midnight
    uint40 private constant FEBRUARY_28 = 1_772_236_800;
    uint40 private constant MARCH_31 = 1_774_915_200;

    /// @dev The one that is charged between two good ones.
    Account private bad;
    Account private good;
    Account private alsoGood;

    function setUp() public override {
        super.setUp();
        good = payer;
        bad = otherPayer;
        alsoGood = makeAccount("alsoGood");
        token.mint(alsoGood.addr, 1e30);
        subscribeAll();
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.charge(list(pairOf(payer)), PAYOUT_GAS);
    }

    function test_RevertWhen_ThePlanHasEnded() external {
        endPlan();
        goTo(startOf(1));

        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.PlanEnded.selector));
        plan.charge(list(pairOf(payer)), PAYOUT_GAS);
    }

    function test_ChargesWhenThePlanIsClosed() external {
        closePlan();
        goTo(startOf(1));

        assertCharged(payer);
    }

    /* NOT DUE */

    function test_ChargesNothingOfAnEmptyList() external {
        vm.recordLogs();

        assertEq(chargeMany(new Pair[](0)).length, 0, "results");

        assertEq(vm.getRecordedLogs().length, 0, "logs");
    }

    function testFuzz_IsNotDueWithoutASubscription(Pair memory pair, uint256 moment) external {
        vm.assume(pair.subscriber != good.addr && pair.subscriber != bad.addr && pair.subscriber != alsoGood.addr);
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pair);
    }

    function testFuzz_IsNotDueForAnotherBeneficiary(address beneficiary) external {
        vm.assume(beneficiary != payer.addr);
        goTo(startOf(1));

        assertLeftAlone(pairFor(payer, beneficiary));
    }

    function testFuzz_IsNotDueWhatIsPaid(uint256 moment) external {
        goTo(bound(moment, START, startOf(1) - 1));

        assertLeftAlone(pairOf(payer));
    }

    function test_IsNotDueTwiceInAPeriod() external {
        goTo(startOf(1));
        assertCharged(payer);

        assertLeftAlone(pairOf(payer));
    }

    function test_IsNotDueTheSamePairTwiceInABatch() external {
        goTo(startOf(1));

        ISubscriptionPlan.ChargeResult[] memory results = chargeMany(list(pairOf(payer), pairOf(payer)));

        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.NotDue);
        assertPeriods(payer, 2, startOf(2));
        assertEq(token.balanceOf(payer.addr), 1e30 - 2 * PRICE, "once");
    }

    function testFuzz_IsNotDueOnTrial(uint256 moment) external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(bound(moment, START, START + TRIAL - 1));

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_IsNotDueOnceCanceled(bool immediately, uint256 moment) external {
        cancelAs(payer, immediately);
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_IsNotDueOnceTheMerchantCanceled(uint256 moment) external {
        vm.prank(operator.addr);
        plan.cancelFor(pairOf(payer));
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_IsNotDueOnceUndone(uint256 moment) external {
        undoAs(payer);
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_IsNotDueOnceEndedByTheMerchant(uint256 moment) external {
        endFor(payer);
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_IsNotDueWhatWasBoughtByThePeriod(uint256 moment) external {
        useEmptyPlan();
        buyPeriod(payer);
        approve(payer, type(uint256).max);
        goTo(bound(moment, START, startOf(3)));

        assertLeftAlone(pairOf(payer));
    }

    /* GRACE */

    function test_IsNotDueInTheLastSecondBeforeItsStart() external {
        goTo(startOf(1) - 1);

        assertNotDue(payer);
    }

    function test_ChargesAtItsStart() external {
        assertChargesSecondPeriodAt(startOf(1));
    }

    function test_ChargesASecondAfterItsStart() external {
        assertChargesSecondPeriodAt(startOf(1) + 1);
    }

    function testFuzz_ChargesWithinTheGrace(uint256 late) external {
        assertChargesSecondPeriodAt(startOf(1) + bound(late, 0, GRACE - 1));
    }

    function test_ChargesInTheLastSecondOfTheGrace() external {
        assertChargesSecondPeriodAt(startOf(1) + GRACE - 1);
    }

    function test_IsNotDueAtTheEndOfTheGrace() external {
        goTo(startOf(1) + GRACE);

        assertLeftAlone(pairOf(payer));
    }

    function test_IsNotDueASecondAfterTheGrace() external {
        goTo(startOf(1) + GRACE + 1);

        assertLeftAlone(pairOf(payer));
    }

    function testFuzz_ChargesWithinAnyGrace(uint40 grace, uint256 late) external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.grace = uint40(bound(grace, 1, PERIOD / 2));
        terms.salt = bytes32("another plan"); // also where the grace is the usual one
        usePlan(terms);
        subscribe(payer);

        goTo(startOf(1) + terms.grace);
        assertNotDue(payer);
        goTo(startOf(1) + bound(late, 0, terms.grace - 1));
        assertCharged(payer);
    }

    /* TRIAL */

    function test_ChargesTheFirstPeriodWhenTheTrialEnds() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL);

        assertCharged(payer);

        assertPeriods(payer, 1, START + TRIAL + PERIOD);
    }

    function test_ChargesTheFirstPeriodInTheLastSecondOfItsGrace() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL + GRACE - 1);

        assertCharged(payer);

        assertPeriods(payer, 1, START + TRIAL + PERIOD);
    }

    function test_ChargesTheSecondPeriodWhenTheFirstAfterTheTrialWasSkipped() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL + GRACE);
        assertNotDue(payer);
        goTo(START + TRIAL + PERIOD);

        assertCharged(payer);

        assertPeriods(payer, 2, START + TRIAL + 2 * PERIOD);
    }

    function test_ChargesNothingWhenTwoPeriodsAfterTheTrialWereSkipped() external {
        usePlanWithTrial(TRIAL);
        subscribe(payer);
        goTo(START + TRIAL + PERIOD + GRACE);

        assertLeftAlone(pairOf(payer));
    }

    /* SKIPPED */

    function testFuzz_NeverChargesASkippedPeriod(uint256 moment) external {
        goTo(bound(moment, startOf(1) + GRACE, startOf(2) - 1));

        assertLeftAlone(pairOf(payer));
    }

    function test_ChargesThePeriodAfterASkippedOneForItsOwnBounds() external {
        goTo(startOf(2));

        assertCharged(payer);

        assertPeriods(payer, 3, startOf(3));
        assertEq(token.balanceOf(payer.addr), 1e30 - 2 * PRICE, "the skipped one costs nothing");
    }

    function test_ChargesThePeriodAfterASkippedOneInItsLastSecond() external {
        goTo(startOf(2) + GRACE - 1);

        assertCharged(payer);

        assertPeriods(payer, 3, startOf(3));
    }

    function test_IsOverWhenTwoWereSkipped() external {
        goTo(startOf(2) + GRACE);

        assertLeftAlone(pairOf(payer));
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Ended);
    }

    function testFuzz_NeverChargesAfterTwoWereSkipped(uint256 moment) external {
        goTo(bound(moment, startOf(2) + GRACE, startOf(MAX_PERIODS + 1)));

        assertLeftAlone(pairOf(payer));
    }

    function test_MaySkipEverySecondPeriod() external {
        for (uint16 i = 2; i < MAX_PERIODS; i += 2) {
            goTo(startOf(i));
            assertCharged(payer);
            assertPeriods(payer, i + 1, startOf(i + 1));
        }
    }

    /* MOST PERIODS */

    function testFuzz_ChargesAsManyPeriodsAsWereSigned(uint16 maxPeriods) external {
        useEmptyPlan();
        maxPeriods = uint16(bound(maxPeriods, 1, 20));
        subscribePeriods(payer, maxPeriods);
        uint256 before = token.balanceOf(payer.addr) + PRICE;

        for (uint256 i = 1; i < maxPeriods; ++i) {
            goTo(startOf(i));
            assertCharged(payer);
        }
        goTo(startOf(maxPeriods));

        assertLeftAlone(pairOf(payer));
        assertEq(token.balanceOf(payer.addr), before - maxPeriods * PRICE, "paid");
    }

    function test_CountsASkippedPeriodAsOneOfThem() external {
        useEmptyPlan();
        subscribePeriods(payer, 3);
        goTo(startOf(2));
        assertCharged(payer);
        goTo(startOf(3));

        assertLeftAlone(pairOf(payer));
    }

    function test_ChargesNothingAfterTheLastOneWasSkipped() external {
        useEmptyPlan();
        subscribePeriods(payer, 2);
        goTo(startOf(1) + GRACE);
        assertLeftAlone(pairOf(payer));
        goTo(startOf(2));

        assertLeftAlone(pairOf(payer));
    }

    function test_ChargesAllPeriodsAfterATrial() external {
        usePlanWithTrial(TRIAL);
        subscribePeriods(payer, 2);

        goTo(START + TRIAL);
        assertCharged(payer);
        goTo(START + TRIAL + PERIOD);
        assertCharged(payer);
        goTo(START + TRIAL + 2 * PERIOD);

        assertLeftAlone(pairOf(payer));
    }

    function test_ChargesAsManyAsWereSignedAfterPeriodsThatWereBought() external {
        useEmptyPlan();
        buyPeriod(payer);
        buyPeriod(payer);
        subscribePeriods(payer, 1);
        goTo(startOf(2));
        assertCharged(payer);
        assertPeriods(payer, 3, startOf(3));
        goTo(startOf(3));

        assertLeftAlone(pairOf(payer));
    }

    /* BOUNDS */

    function testFuzz_NeverDrifts(uint256[10] memory late) external {
        for (uint16 i = 1; i <= late.length; ++i) {
            goTo(startOf(i) + bound(late[i - 1], 0, GRACE - 1));

            assertCharged(payer);

            assertPeriods(payer, i + 1, startOf(i + 1));
        }
    }

    function test_ChargesMonthsFromTheDayOfTheAnchor() external {
        usePlanOfMonths(1);
        goTo(JANUARY_31);
        subscribe(payer);
        assertPeriods(payer, 1, FEBRUARY_28);

        goTo(FEBRUARY_28 - 1);
        assertNotDue(payer);
        goTo(FEBRUARY_28);
        assertCharged(payer);

        assertPeriods(payer, 2, MARCH_31);
    }

    /* FAILED */

    function test_LeavesOutWhoHasTooLittle() external {
        leaveBalance(bad, PRICE - 1);

        assertIsolated(ISubscriptionPlan.ChargeResult.BalanceTooLow);
    }

    function test_LeavesOutWhoAllowsTooLittle() external {
        approve(bad, PRICE - 1);

        assertIsolated(ISubscriptionPlan.ChargeResult.AllowanceTooLow);
    }

    function test_TellsTheAllowanceFirst() external {
        leaveBalance(bad, PRICE - 1);
        approve(bad, PRICE - 1);

        assertIsolated(ISubscriptionPlan.ChargeResult.AllowanceTooLow);
    }

    function test_LeavesOutWhomTheTokenRefuses() external {
        token.setDenylisted(bad.addr, true);

        assertIsolated(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_TellsRefusedWhereBalanceAndAllowanceAreExactlyEnough() external {
        leaveBalance(bad, PRICE);
        approve(bad, PRICE);
        token.setDenylisted(bad.addr, true);

        assertIsolated(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_LeavesOutForWhomTheTokenReturnsFalse() external {
        mockPull(bad, abi.encode(false));

        assertIsolated(ISubscriptionPlan.ChargeResult.Refused);
    }

    function testFuzz_LeavesOutForWhomTheTokenReturnsAnotherWord(uint256 word) external {
        if (word == 1) ++word;
        mockPull(bad, abi.encode(word));

        assertIsolated(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_LeavesOutForWhomTheTokenBurnsAllItsGas() external {
        GasBurningToken burning = useBurningToken();
        burning.setBurnOf(bad.addr, type(uint256).max);

        assertIsolated(ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_LeavesOutAllWhenTheTokenIsPaused() external {
        token.setPaused(true);
        goTo(startOf(1));

        ISubscriptionPlan.ChargeResult[] memory results = chargeMany(list(pairOf(good), pairOf(bad)));

        assertResult(results[0], ISubscriptionPlan.ChargeResult.Refused);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.Refused);
        assertPeriods(good, 1, startOf(1));
    }

    function test_ChargesWhoHasAndAllowsExactlyEnough() external {
        leaveBalance(payer, PRICE);
        approve(payer, PRICE);
        goTo(startOf(1));

        assertCharged(payer);

        assertEq(token.balanceOf(payer.addr), 0, "balance");
        assertEq(token.allowance(payer.addr, address(plan)), 0, "allowance");
    }

    function test_ChargesLaterInTheGraceWhatFailedBefore() external {
        approve(payer, 0);
        goTo(startOf(1));
        assertCharge(payer, ISubscriptionPlan.ChargeResult.AllowanceTooLow);
        approve(payer, PRICE);
        goTo(startOf(1) + GRACE - 1);

        assertCharged(payer);

        assertPeriods(payer, 2, startOf(2));
    }

    function test_NeverChargesLaterWhatFailedInAllOfTheGrace() external {
        approve(payer, 0);
        goTo(startOf(1) + GRACE - 1);
        assertCharge(payer, ISubscriptionPlan.ChargeResult.AllowanceTooLow);
        approve(payer, type(uint256).max);
        goTo(startOf(1) + GRACE);

        assertLeftAlone(pairOf(payer));
    }

    /* WHAT ARRIVES */

    function testFuzz_RevertWhen_LessArrivesThanWasTaken(uint256 arriving) external {
        arriving = bound(arriving, 0, 2 * PRICE - 1);
        letArrive(arriving);
        goTo(startOf(1));

        expectReceivedOther(3 * PRICE + arriving, 5 * PRICE);
        plan.charge(list(pairOf(good), pairOf(bad)), PAYOUT_GAS);
    }

    function testFuzz_TakesWhatArrivesBeyondAsSurplus(uint256 arriving) external {
        letArrive(bound(arriving, 2 * PRICE, 1e30));
        goTo(startOf(1));

        plan.charge(list(pairOf(good), pairOf(bad)), PAYOUT_GAS);

        assertEq(liabilities(), 5 * PRICE);
    }

    function test_RevertWhen_TheTokenKeepsAFee() external {
        use(new FeeOnTransferToken());
        usePlanWithTrialOfToken();
        subscribe(payer);
        goTo(START + TRIAL);

        expectReceivedOther(PRICE - PRICE / 100, PRICE);
        plan.charge(list(pairOf(payer)), PAYOUT_GAS);
    }

    function test_RevertWhen_TheTokenDoesNotTellBalances() external {
        LyingBalanceToken lying = new LyingBalanceToken();
        use(lying);
        usePlanOfToken();
        subscribe(payer);
        lying.setMood(LyingBalanceToken.Mood.Reverts);
        goTo(startOf(1));

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
        plan.charge(list(pairOf(payer)), PAYOUT_GAS);
    }

    function test_RevertWhen_TheTokenDoesNotTellAnAllowance() external {
        approve(bad, 0);
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.allowance, (bad.addr, address(plan))), "no");
        goTo(startOf(1));

        expectStateUnreadable();
        plan.charge(list(pairOf(good), pairOf(bad)), PAYOUT_GAS);
    }

    function test_RevertWhen_TheTokenDoesNotTellABalanceOfASubscriber() external {
        leaveBalance(bad, 0);
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.balanceOf, (bad.addr)), "no");
        goTo(startOf(1));

        expectStateUnreadable();
        plan.charge(list(pairOf(good), pairOf(bad)), PAYOUT_GAS);
    }

    /* GAS */

    function testFuzz_RevertWhen_TokenGasIsBelowTheFloor(uint256 tokenGas) external {
        tokenGas = bound(tokenGas, 0, MIN_TOKEN_GAS - 1);
        goTo(startOf(1));

        vm.expectRevert(abi.encodeWithSelector(IVault.ItemGasTooLow.selector, tokenGas, MIN_TOKEN_GAS));
        plan.charge(list(pairOf(payer)), tokenGas);
    }

    function test_ChargesWithTokenGasAtTheFloor() external {
        goTo(startOf(1));

        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(list(pairOf(payer)), MIN_TOKEN_GAS);

        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        goTo(startOf(1));

        assertGasTooLow(stranger.addr, chargeCall(), 200_000);
    }

    function testFuzz_RevertWhen_TokenGasIsBeyondAllGas(uint256 tokenGas) external {
        tokenGas = bound(tokenGas, type(uint64).max, type(uint256).max);
        goTo(startOf(1));

        (bool success, bytes memory answer) = address(plan).call(
            abi.encodeCall(ISubscriptionPlan.charge, (list(pairOf(payer)), tokenGas))
        );

        assertFalse(success, "refused");
        assertEq(bytes4(answer), IVault.GasLeftTooLow.selector, "reason");
    }

    function test_ChargesAllWithJustEnoughGas() external {
        goTo(startOf(1));

        raiseGasUntilEnough(stranger.addr, chargeCall(), 200_000);

        assertPeriods(good, 2, startOf(2));
        assertPeriods(bad, 2, startOf(2));
        assertPeriods(alsoGood, 2, startOf(2));
    }

    /// @dev Nothing is recorded as refused, whatever gas the caller sends.
    function test_ChargesAHeavyTokenWithJustEnoughGas() external {
        GasBurningToken burning = useBurningToken();
        burning.setBurnOf(bad.addr, MOST_BURN);
        goTo(startOf(1));

        raiseGasUntilEnough(stranger.addr, chargeCall(), 200_000);

        assertPeriods(bad, 2, startOf(2));
        assertPeriods(alsoGood, 2, startOf(2));
    }

    function test_PaysOutAHeavyTokenWithJustEnoughGas() external {
        GasBurningToken burning = new GasBurningToken();
        use(burning);
        token.mint(alsoGood.addr, 1e30);
        usePlanWithoutWindow();
        subscribeAll();
        burning.setBurn(MOST_BURN);
        goTo(startOf(1));

        raiseGasUntilEnough(stranger.addr, chargeCall(), 200_000);

        assertPaidOut(6 * (PRICE - FEE), 6 * FEE);
    }

    /* HELD */

    function test_HoldsWhatWasChargedUntilItMatures() external {
        goTo(startOf(1));
        uint32 bucket = bucketAt(startOf(1) + WINDOW);

        chargeMany(list(pairOf(good), pairOf(bad)));

        assertEq(maturingIn(bucket), 2 * PRICE, "bucket");
        assertEq(liabilities(), 5 * PRICE, "liabilities");
        assertEq(token.balanceOf(address(plan)), 5 * PRICE, "balance");
        assertPaidOut(0, 0);
    }

    function testFuzz_OpensAWindowFromTheCharge(uint256 late) external {
        late = bound(late, 0, GRACE - 1);
        goTo(startOf(1) + late);

        assertCharged(payer);

        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(payer);
        assertEq(subscription.closesAt, startOf(1) + late + WINDOW, "closesAt");
        assertEq(subscription.undoable, PRICE, "undoable");
    }

    function test_ReplacesTheWindowOfTheChargeBefore() external {
        goTo(startOf(1));
        assertCharged(payer);

        expectUndoRevert(
            payer,
            payer.addr,
            CLOSES_AT,
            payer.addr,
            notHeld(pairOf(payer), startOf(1) + WINDOW, CLOSES_AT)
        );
    }

    function test_HoldsTheNewChargeAfterTheOneBeforeWasRefunded() external {
        refundAs(operator.addr, payer);
        goTo(startOf(1));
        assertCharged(payer);

        assertOwed(payer, PRICE, PRICE);
    }

    /* PAID OUT AT ONCE */

    function test_PaysOutAtOnceWithoutAWindow() external {
        usePlanWithoutWindow();
        subscribeAll();
        assertPaidOut(3 * (PRICE - FEE), 3 * FEE);
        goTo(startOf(1));

        chargeMany(list(pairOf(good), pairOf(bad)));

        assertPaidOut(5 * (PRICE - FEE), 5 * FEE);
        assertEq(token.balanceOf(address(plan)), 0, "nothing stays");
        assertEq(liabilities(), 0, "liabilities");
        assertEq(subscriptionOf(good).closesAt, 0, "closesAt");
    }

    function testFuzz_RoundsTheFeeOfTheSumDown(uint16 feeBps, uint88 price) external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.refundWindow = 0;
        terms.feeBps = uint16(bound(feeBps, 1, 1_000));
        terms.price = uint88(bound(price, 1, 1e15));
        usePlan(terms);
        subscribe(good);
        subscribe(bad);
        (uint256 before, uint256 feesBefore) = (token.balanceOf(receiver.addr), token.balanceOf(feeReceiver));
        goTo(startOf(1));

        chargeMany(list(pairOf(good), pairOf(bad)));

        uint256 total = 2 * uint256(terms.price);
        uint256 fee = (total * terms.feeBps) / 10_000;
        assertPaidOut(before + total - fee, feesBefore + fee);
    }

    function test_CreditsTheReceiverWhoCannotBePaid() external {
        usePlanWithoutWindow();
        subscribe(payer);
        token.setDenylisted(receiver.addr, true);
        goTo(startOf(1));

        expectCredited(receiver.addr, PRICE - FEE, PRICE - FEE);
        assertCharged(payer);

        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertEq(token.balanceOf(feeReceiver), 2 * FEE, "fee receiver");
        assertEq(liabilities(), PRICE - FEE, "liabilities");
    }

    function test_CreditsTheFeeReceiverWhoCannotBePaid() external {
        usePlanWithoutWindow();
        subscribe(payer);
        token.setDenylisted(feeReceiver, true);
        goTo(startOf(1));

        expectCredited(feeReceiver, FEE, FEE);
        assertCharged(payer);

        assertCredit(feeReceiver, FEE, 0);
        assertEq(token.balanceOf(receiver.addr), 2 * (PRICE - FEE), "receiver");
    }

    /* CHARGED */

    function testFuzz_LetsAnyoneCall(address caller) external {
        goTo(startOf(1));

        vm.prank(caller);
        assertResult(plan.charge(list(pairOf(payer)), PAYOUT_GAS)[0], ISubscriptionPlan.ChargeResult.Charged);
    }

    function testFuzz_TakesThePriceTimesTheQuantity(uint16 quantity) external {
        quantity = uint16(bound(quantity, 1, type(uint16).max));
        useEmptyPlan();
        subscribeQuantity(payer, quantity);
        uint256 before = token.balanceOf(payer.addr);
        goTo(startOf(1));

        assertCharged(payer);

        assertEq(token.balanceOf(payer.addr), before - quantity * PRICE, "payer");
        assertEq(liabilities(), 2 * PRICE * quantity, "liabilities");
    }

    function test_NeverTakesTheSetupFeeAgain() external {
        usePlanWithSetupFee(uint88(7 * PRICE));
        subscribe(payer);
        uint256 before = token.balanceOf(payer.addr);
        goTo(startOf(1));

        assertCharged(payer);

        assertEq(token.balanceOf(payer.addr), before - PRICE);
    }

    function test_ChargesEachBeneficiaryOfASubscriber() external {
        subscribeFor(payer, stranger.addr);
        goTo(startOf(1));

        ISubscriptionPlan.ChargeResult[] memory results = chargeMany(
            list(pairOf(payer), pairFor(payer, stranger.addr))
        );

        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.Charged);
        assertEq(token.balanceOf(payer.addr), 1e30 - 4 * PRICE, "payer");
    }

    function test_EmitsChargedWithAllWhoWere() external {
        token.setDenylisted(bad.addr, true);
        goTo(startOf(1));
        PairId[] memory charged = new PairId[](2);
        (charged[0], charged[1]) = (idOf(pairOf(good)), idOf(pairOf(alsoGood)));

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.ChargeFailed(idOf(pairOf(bad)), ISubscriptionPlan.ChargeResult.Refused);
        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Charged(charged, 2 * PRICE);
        chargeMany(all());
    }

    function test_EmitsNoChargedWhenNobodyWas() external {
        token.setPaused(true);
        goTo(startOf(1));

        vm.recordLogs();
        chargeMany(all());

        assertEq(countLogs(ISubscriptionPlan.Charged.selector), 0);
    }

    function test_KeepsSerialAnchorAndEnd() external {
        ISubscriptionPlan.SubscriptionView memory before = subscriptionOf(payer);
        goTo(startOf(1));

        assertCharged(payer);

        ISubscriptionPlan.SubscriptionView memory subscription = subscriptionOf(payer);
        assertEq(subscription.serial, before.serial, "serial");
        assertEq(subscription.anchor, START, "anchor");
        assertEq(subscription.quantity, 1, "quantity");
        assertEq(subscription.endIndex, MAX_PERIODS, "endIndex");
    }

    /// @dev Bad items, in any number and anywhere, change nothing for the good ones.
    function testFuzz_ChargesTheGoodAmongBadOnes(uint256 kinds) external {
        Pair[] memory pairs = new Pair[](24);
        uint256 expected;
        for (uint256 i = 0; i < pairs.length; ++i) {
            Account memory next = makeAccount(string(abi.encodePacked("subscriber", bytes1(uint8(65 + i)))));
            token.mint(next.addr, 2 * PRICE);
            subscribe(next);
            pairs[i] = pairOf(next);
            uint256 kind = uint8(kinds >> (8 * i)) % 6;
            if (kind == 0) approve(next, PRICE - 1);
            else if (kind == 1) leaveBalance(next, PRICE - 1);
            else if (kind == 2) token.setDenylisted(next.addr, true);
            else if (kind == 3) cancelAs(next, true);
            else if (kind == 4) pairs[i].beneficiary = stranger.addr;
            else expected += PRICE;
        }
        uint256 before = token.balanceOf(address(plan));
        goTo(startOf(1));

        chargeMany(pairs);

        assertEq(token.balanceOf(address(plan)), before + expected, "balance");
        assertEq(liabilities(), before + expected, "liabilities");
    }

    /* HELPERS */

    function subscribeAll() private {
        subscribe(good);
        subscribe(bad);
        subscribe(alsoGood);
    }

    function useBurningToken() private returns (GasBurningToken burning) {
        burning = new GasBurningToken();
        use(burning);
        token.mint(alsoGood.addr, 1e30);
        usePlanOfToken();
        subscribeAll();
    }

    function usePlanWithTrialOfToken() private {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.trial = TRIAL;
        usePlan(terms);
    }

    function all() private view returns (Pair[] memory pairs) {
        pairs = new Pair[](3);
        (pairs[0], pairs[1], pairs[2]) = (pairOf(good), pairOf(bad), pairOf(alsoGood));
    }

    function chargeCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.charge, (all(), PAYOUT_GAS));
    }

    function mockPull(Account memory from, bytes memory answer) private {
        vm.mockCall(address(token), abi.encodeCall(IERC20.transferFrom, (from.addr, address(plan), PRICE)), answer);
    }

    /// @dev The token answers the balance before and after the transfers that it only pretends.
    function letArrive(uint256 arriving) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(true));
        bytes[] memory answers = new bytes[](2);
        answers[0] = abi.encode(3 * PRICE);
        answers[1] = abi.encode(3 * PRICE + arriving);
        vm.mockCalls(address(token), abi.encodeCall(IERC20.balanceOf, (address(plan))), answers);
    }

    function assertResult(ISubscriptionPlan.ChargeResult result, ISubscriptionPlan.ChargeResult expected) private pure {
        assertEq(uint8(result), uint8(expected), "result");
    }

    /// @notice There is nothing to charge of `pair`: it is told, and nothing changes or is logged.
    function assertLeftAlone(Pair memory pair) private {
        bytes memory before = abi.encode(plan.subscriptionOf(pair));

        vm.recordLogs();
        assertResult(chargeMany(list(pair))[0], ISubscriptionPlan.ChargeResult.NotDue);

        assertEq(vm.getRecordedLogs().length, 0, "logs");
        assertEq(abi.encode(plan.subscriptionOf(pair)), before, "subscription");
    }

    function assertChargesSecondPeriodAt(uint256 moment) private {
        goTo(moment);

        assertCharged(payer);

        assertPeriods(payer, 2, startOf(2));
        assertEq(token.balanceOf(payer.addr), 1e30 - 2 * PRICE, "payer");
        assertTrue(plan.isActive(payer.addr, payer.addr), "active");
    }

    /// @notice The bad one cannot be charged for this reason; it is left as it was, and its neighbours are charged.
    function assertIsolated(ISubscriptionPlan.ChargeResult reason) private {
        goTo(startOf(1));
        bytes memory before = abi.encode(subscriptionOf(bad));
        uint256 balance = token.balanceOf(bad.addr);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.ChargeFailed(idOf(pairOf(bad)), reason);
        ISubscriptionPlan.ChargeResult[] memory results = chargeMany(all());

        assertResult(results[0], ISubscriptionPlan.ChargeResult.Charged);
        assertResult(results[1], reason);
        assertResult(results[2], ISubscriptionPlan.ChargeResult.Charged);
        assertEq(abi.encode(subscriptionOf(bad)), before, "the bad one");
        assertEq(token.balanceOf(bad.addr), balance, "its balance");
        assertPeriods(good, 2, startOf(2));
        assertPeriods(alsoGood, 2, startOf(2));
        assertEq(liabilities(), 5 * PRICE, "liabilities");
    }

    function expectReceivedOther(uint256 balance, uint256 expected) private {
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, expected)
        );
    }

    function expectStateUnreadable() private {
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, address(token)));
    }
}
