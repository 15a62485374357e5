// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ISubscriptionPlan} from "../../../contracts/interfaces/ISubscriptionPlan.sol";
import {IERC2612Bytes} from "../../../contracts/interfaces/external/IERC2612Bytes.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Pair, PairId, Permit} from "../../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../../contracts/types/Terms.sol";
import {Subscribe} from "../../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {SwallowingToken} from "../../mocks/SwallowingToken.sol";
import {SubscribingTest} from "../../utils/SubscribingTest.sol";

contract SubscriptionPlanSubscribeTest is SubscribingTest {
    Subscribe private message;

    function setUp() public override {
        super.setUp();
        message = subscribeMessage(payer);
        approve(payer, type(uint256).max);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(payer.addr);
        implementation.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    /* WHO AND WHAT */

    function testFuzz_RevertWhen_CallerIsNotTheSubscriber(address caller) external {
        vm.assume(caller != payer.addr);

        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.NotSubscriber.selector, caller, payer.addr));
        vm.prank(caller);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    function test_RevertWhen_PlanIsClosed() external {
        closePlan();

        expectRefused(
            abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, ISubscriptionPlan.PlanStage.Closed)
        );
    }

    function test_RevertWhen_PlanIsEnded() external {
        endPlan();

        expectRefused(
            abi.encodeWithSelector(ISubscriptionPlan.PlanNotOpen.selector, ISubscriptionPlan.PlanStage.Ended)
        );
    }

    function test_RevertWhen_BeneficiaryIsZero() external {
        message.beneficiary = address(0);

        expectRefused(abi.encodeWithSelector(ISubscriptionPlan.SubscribeWithoutBeneficiary.selector));
    }

    function test_RevertWhen_QuantityIsZero() external {
        message.quantity = 0;

        expectOutOfBounds();
    }

    function testFuzz_RevertWhen_QuantityIsTooLarge(uint256 quantity) external {
        message.quantity = bound(quantity, MOST + 1, type(uint256).max);

        expectOutOfBounds();
    }

    function test_ChargesTheLargestQuantity() external {
        message.quantity = MOST;

        subscribeByCall();

        assertEq(subscriptionOf(payer).quantity, MOST, "quantity");
        assertEq(token.balanceOf(address(plan)), MOST * PRICE, "charged");
    }

    function test_RevertWhen_MaxPeriodsIsZero() external {
        message.maxPeriods = 0;

        expectOutOfBounds();
    }

    function testFuzz_RevertWhen_MaxPeriodsIsTooLarge(uint256 maxPeriods) external {
        message.maxPeriods = bound(maxPeriods, MOST + 1, type(uint256).max);

        expectOutOfBounds();
    }

    function test_CountsTheMostPeriods() external {
        message.maxPeriods = MOST;

        subscribeByCall();

        assertPeriods(payer, START, 1, MOST, START + PERIOD);
    }

    function testFuzz_RevertWhen_MaxPeriodsCannotBeCountedFromThePaidOnes(uint256 paid, uint256 maxPeriods) external {
        paid = payAhead(paid);
        message.maxPeriods = bound(maxPeriods, MOST - paid + 1, MOST);

        expectOutOfBounds();
    }

    function testFuzz_CountsTheMostPeriodsFromThePaidOnes(uint256 paid) external {
        paid = payAhead(paid);
        message.maxPeriods = MOST - paid;

        subscribeByCall();

        assertEq(subscriptionOf(payer).endIndex, MOST);
    }

    /* SERIAL */

    function testFuzz_RevertWhen_SerialIsAnother(uint256 serial) external {
        if (serial == 0) ++serial;
        message.serial = serial;

        expectRefused(serialMismatch(payer, 0, serial));
    }

    function test_RevertWhen_SerialWasUsed() external {
        subscribeByCall();
        goTo(START + 2 * PERIOD + GRACE); // over: two in a row were not charged

        expectRefused(serialMismatch(payer, 1, 0));
    }

    function test_RevertWhen_ACancelCameFirst() external {
        cancelAtPeriodEnd(payer);

        expectRefused(serialMismatch(payer, 2, 0));
    }

    function test_SubscribesWithTheSerialAfterACancel() external {
        cancelAtPeriodEnd(payer);
        message.serial = 2;

        subscribeByCall();

        assertEq(subscriptionOf(payer).serial, 3);
    }

    /* LIVE */

    function test_RevertWhen_OnTrial() external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + TRIAL - 1);

        expectAlreadySubscribed();
    }

    function test_RevertWhen_PaidAndToBeChargedAgain() external {
        subscribeByCall();

        expectAlreadySubscribed();
    }

    function test_RevertWhen_InGrace() external {
        subscribeByCall();
        goTo(START + PERIOD + GRACE - 1);

        expectAlreadySubscribed();
    }

    function test_RevertWhen_OnceSkipped() external {
        subscribeByCall();
        goTo(START + PERIOD + GRACE);

        expectAlreadySubscribed();
    }

    function test_RevertWhen_InTheLastSecondOfTheSecondGrace() external {
        subscribeByCall();
        goTo(START + 2 * PERIOD + GRACE - 1);

        expectAlreadySubscribed();
    }

    function test_BeginsAnewWhenTwoInARowWereSkipped() external {
        subscribeByCall();
        goTo(START + 2 * PERIOD + GRACE);
        message.serial = 1;

        subscribeByCall();

        assertPeriods(payer, time, 1, MAX_PERIODS, time + PERIOD);
    }

    function test_CountsTheMostAnewWhateverWasCountedBefore() external {
        subscribeByCall();
        goTo(START + 2 * PERIOD + GRACE);
        message.serial = 1;
        message.maxPeriods = type(uint16).max;

        subscribeByCall();

        assertPeriods(payer, time, 1, type(uint16).max, time + PERIOD);
    }

    function test_BeginsAnewInGraceAfterACancel() external {
        subscribeByCall();
        goTo(START + PERIOD + 1);
        cancelAtPeriodEnd(payer);
        message.serial = 3;

        subscribeByCall();

        assertPeriods(payer, time, 1, MAX_PERIODS, time + PERIOD);
        assertEq(token.balanceOf(address(plan)), 2 * PRICE, "charged for the new period");
    }

    /* PAID TIME */

    function testFuzz_RevertWhen_PaidTimeIsForAnotherQuantity(uint256 paid, uint256 quantity) external {
        (paid, quantity) = (bound(paid, 1, 1000), bound(quantity, 1, MOST));
        if (paid == quantity) ++quantity;
        message.quantity = paid;
        subscribeByCall();
        cancelAtPeriodEnd(payer);
        (message.quantity, message.serial) = (quantity, 3);

        expectRefused(
            abi.encodeWithSelector(
                ISubscriptionPlan.QuantityDiffers.selector,
                idOf(pairOf(payer)),
                paid,
                quantity,
                START + PERIOD
            )
        );
    }

    function testFuzz_GoesOnFromPaidTime(uint256 quantity, uint256 later, uint256 maxPeriods) external {
        message.quantity = bound(quantity, 1, MOST);
        subscribeByCall();
        uint256 charged = token.balanceOf(address(plan));
        goTo(START + bound(later, 0, PERIOD - 1));
        cancelAtPeriodEnd(payer);
        (message.serial, message.maxFirstCharge) = (3, 0);
        message.maxPeriods = bound(maxPeriods, 1, MOST - 1);

        subscribeByCall();

        assertPeriods(payer, START, 1, 1 + message.maxPeriods, START + PERIOD);
        assertEq(token.balanceOf(address(plan)), charged, "nothing is charged now");
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Active);
    }

    function test_GoesOnFromPaidTimeInItsLastSecond() external {
        pay(payer, PRICE, "period");
        goTo(START + PERIOD - 1);

        subscribeByCall();

        assertPeriods(payer, START, 1, 1 + MAX_PERIODS, START + PERIOD);
    }

    function test_BeginsAnewAtTheEndOfPaidTime() external {
        pay(payer, PRICE, "period");
        goTo(START + PERIOD);

        subscribeByCall();

        assertPeriods(payer, START + PERIOD, 1, MAX_PERIODS, START + 2 * PERIOD);
    }

    function test_BeginsAnewTheSecondAfterPaidTime() external {
        pay(payer, PRICE, "period");
        goTo(START + PERIOD + 1);

        subscribeByCall();

        assertPeriods(payer, START + PERIOD + 1, 1, MAX_PERIODS, START + 2 * PERIOD + 1);
    }

    function test_KeepsTheTrialForLaterOnPaidTime() external {
        usePlanWithTrial(TRIAL);
        pay(payer, PRICE, "period");

        start(payer);

        assertFalse(subscriptionOf(payer).trialUsed, "not used");
        assertPeriods(payer, START, 1, 1 + MAX_PERIODS, START + PERIOD);
    }

    function test_GoesOnFromATrialThatWasCanceled() external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + 1 days);
        cancelAtPeriodEnd(payer);

        start(payer);

        assertPeriods(payer, START + TRIAL, 0, MAX_PERIODS, START + TRIAL);
        assertEq(token.balanceOf(address(plan)), 0, "charged at the end of the trial");
    }

    function test_TakesTheSetupFeeAgainOnPaidTime() external {
        usePlanWithSetupFee(SETUP_FEE);
        start(payer);
        cancelAtPeriodEnd(payer);

        start(payer);

        assertEq(token.balanceOf(address(plan)), PRICE + 2 * SETUP_FEE);
    }

    function test_LeavesTheNewestChargeToBeUndone() external {
        subscribeByCall();
        cancelAtPeriodEnd(payer);
        message.serial = 3;
        goTo(CLOSES_AT - 1);
        subscribeByCall();

        undo(payer);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* TRIAL */

    function testFuzz_BeginsWithTheTrial(uint40 trial, uint256 quantity) external {
        trial = uint40(bound(trial, 1, 365 days));
        usePlanWithTrial(trial);
        message.quantity = bound(quantity, 1, MOST);
        message.maxFirstCharge = 0;

        start(payer, message);

        assertPeriods(payer, START + trial, 0, MAX_PERIODS, START + trial);
        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Trialing);
        assertEq(token.balanceOf(address(plan)), 0, "nothing charged");
        assertEq(subscriptionOf(payer).closesAt, 0, "nothing to undo");
        assertTrue(subscriptionOf(payer).trialUsed, "used");
    }

    function test_HasAccessUntilTheEndOfTheTrial() external {
        usePlanWithTrial(TRIAL);
        start(payer);

        goTo(START + TRIAL - 1);
        assertActive(payer, true);
        goTo(START + TRIAL);
        assertActive(payer, false);
    }

    function test_GivesNoSecondTrialAfterACancelAtOnce() external {
        usePlanWithTrial(TRIAL);
        start(payer);
        cancelNow(payer);

        start(payer);

        assertPeriods(payer, START, 1, MAX_PERIODS, START + PERIOD);
        assertEq(token.balanceOf(address(plan)), PRICE, "charged");
    }

    function test_GivesNoSecondTrialWhenItIsOver() external {
        usePlanWithTrial(TRIAL);
        start(payer);
        goTo(START + TRIAL + PERIOD + GRACE);

        start(payer);

        assertEq(token.balanceOf(address(plan)), PRICE, "charged");
    }

    function testFuzz_GivesNoSecondTrialForAnotherBeneficiary(address other) external {
        vm.assume(other != payer.addr && other != address(0));
        usePlanWithTrial(TRIAL);
        start(payer);
        message.beneficiary = other;

        start(payer, message);

        assertEq(token.balanceOf(address(plan)), PRICE, "charged");
    }

    function test_GivesEachSubscriberATrial() external {
        usePlanWithTrial(TRIAL);
        message = subscribeMessage(otherPayer);
        message.beneficiary = payer.addr;
        start(payer);

        start(otherPayer, message);

        assertEq(token.balanceOf(address(plan)), 0, "nothing charged");
    }

    /* FIRST CHARGE */

    function testFuzz_RevertWhen_TheFirstChargeIsAboveWhatWasSaid(uint256 quantity, uint256 most) external {
        message.quantity = bound(quantity, 1, MOST);
        message.maxFirstCharge = bound(most, 0, message.quantity * PRICE - 1);

        expectRefused(firstChargeTooHigh(message.quantity * PRICE, message.maxFirstCharge));
    }

    function testFuzz_ChargesWhatWasSaidAtMost(uint256 quantity) external {
        message.quantity = bound(quantity, 1, MOST);
        message.maxFirstCharge = message.quantity * PRICE;

        subscribeByCall();

        assertEq(token.balanceOf(address(plan)), message.maxFirstCharge);
    }

    function test_RevertWhen_TheTrialWasUsedMeanwhile() external {
        usePlanWithTrial(TRIAL);
        approve(payer, type(uint256).max);
        message.maxFirstCharge = 0;
        Subscribe memory other = message;
        other.beneficiary = stranger.addr;
        start(payer, other);

        expectRefused(firstChargeTooHigh(PRICE, 0));
    }

    function test_RevertWhen_TheSetupFeeMakesItMore() external {
        usePlanWithSetupFee(SETUP_FEE);
        message.maxFirstCharge = PRICE + SETUP_FEE - 1;

        expectRefused(firstChargeTooHigh(PRICE + SETUP_FEE, PRICE + SETUP_FEE - 1));
    }

    function test_RevertWhen_TheSetupFeeOfATrialIsMore() external {
        usePlanWithTrialAndSetupFee();
        message.maxFirstCharge = SETUP_FEE - 1;

        expectRefused(firstChargeTooHigh(SETUP_FEE, SETUP_FEE - 1));
    }

    /* ALLOWANCE */

    function testFuzz_RevertWhen_TheAllowanceIsBelowAPeriod(uint256 quantity, uint256 allowance) external {
        message.quantity = bound(quantity, 1, MOST);
        uint256 needed = message.quantity * PRICE;
        allowance = bound(allowance, 0, needed - 1);
        approve(payer, allowance);

        expectRefused(allowanceTooLow(allowance, needed));
    }

    function testFuzz_RevertWhen_TheAllowanceIsBelowAPeriodThoughOnTrial(uint256 quantity) external {
        usePlanWithTrial(TRIAL);
        message.quantity = bound(quantity, 1, MOST);
        uint256 needed = message.quantity * PRICE;
        approve(payer, needed - 1);

        expectRefused(allowanceTooLow(needed - 1, needed));
    }

    function test_RevertWhen_TheAllowanceIsBelowAPeriodThoughThereIsPaidTime() external {
        pay(payer, PRICE, "period");
        approve(payer, PRICE - 1);

        expectRefused(allowanceTooLow(PRICE - 1, PRICE));
    }

    function test_RevertWhen_TheAllowanceDoesNotCoverTheSetupFee() external {
        usePlanWithSetupFee(SETUP_FEE);
        approve(payer, PRICE + SETUP_FEE - 1);

        expectRefused(allowanceTooLow(PRICE + SETUP_FEE - 1, PRICE + SETUP_FEE));
    }

    function testFuzz_SubscribesWithAnAllowanceForOnePeriod(uint256 quantity) external {
        message.quantity = bound(quantity, 1, MOST);
        approve(payer, message.quantity * PRICE);

        subscribeByCall();

        assertEq(token.allowance(payer.addr, address(plan)), 0);
    }

    function testFuzz_PresentsThePermit(uint256 value) external {
        value = bound(value, PRICE, type(uint256).max - 1);
        approve(payer, 0);

        subscribeWith(signPermit(payer, value));

        assertEq(token.allowance(payer.addr, address(plan)), value - PRICE);
    }

    function testFuzz_RevertWhen_ThePermitIsBelowAPeriod(uint256 value) external {
        value = bound(value, 0, PRICE - 1);

        expectRefusedWith(signPermit(payer, value), allowanceTooLow(value, PRICE));
    }

    function test_SubscribesThoughSomebodyPresentedThePermit() external {
        Permit memory permit = signPermit(payer, PRICE);
        presentToToken(permit);

        subscribeWith(permit);

        assertActive(payer, true);
    }

    function test_SubscribesWithAWrongPermitWhereAnAllowanceStands() external {
        subscribeWith(signPermit(stranger, PRICE));

        assertActive(payer, true);
        assertEq(token.allowance(payer.addr, address(plan)), type(uint256).max, "as it was");
    }

    function test_SubscribesWithAnExpiredPermitWhereAnAllowanceStands() external {
        Permit memory permit = signPermit(payer, PRICE);
        goTo(START + 1);

        subscribeWith(permit);

        assertActive(payer, true);
    }

    function test_SubscribesThoughTheTokenKnowsNoPermit() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        SwallowingToken swallowing = new SwallowingToken();
        terms.token = address(swallowing);
        useNewPlan(terms);
        swallowing.mint(payer.addr, PRICE);
        vm.prank(payer.addr);
        swallowing.approve(address(plan), PRICE);

        subscribeWith(signPermit(payer, PRICE));

        assertEq(swallowing.balanceOf(address(plan)), PRICE);
    }

    function test_RevertWhen_AWrongPermitIsAllThereIs() external {
        approve(payer, 0);

        expectRefusedWith(signPermit(stranger, PRICE), allowanceTooLow(0, PRICE));
    }

    function test_RevertWhen_ThePermitIsForAnotherPlan() external {
        Permit memory permit = signPermit(payer, PRICE);
        useNewPlan();

        expectRefusedWith(permit, allowanceTooLow(0, PRICE));
    }

    function test_RevertWhen_TheAllowanceIsForAnotherPlan() external {
        useNewPlan();

        expectRefused(allowanceTooLow(0, PRICE));
    }

    function test_PresentsAKeysPermitByVRS() external {
        vm.expectCall(address(token), abi.encodeWithSelector(IERC20Permit.permit.selector));

        subscribeWith(signPermit(payer, PRICE));
    }

    function test_PresentsAWalletsPermitByBytes() external {
        Account memory wallet = makeWallet(otherPayer);
        Permit memory permit = signPermit(wallet, PRICE);
        permit.signature = bytes.concat(permit.signature, "more");
        message = subscribeMessage(wallet);

        vm.expectCall(address(token), abi.encodeWithSelector(IERC2612Bytes.permit.selector));
        vm.prank(wallet.addr);
        plan.subscribe(message, permit, PAYOUT_GAS);

        assertActive(wallet, true);
    }

    function test_PresentsNoPermitWithoutASignature() external {
        Permit memory permit = Permit({value: 0, deadline: type(uint256).max, signature: ""});
        // A token that took it would set the allowance to nothing.
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC2612Bytes.permit.selector), "");

        vm.expectCall(address(token), abi.encodeWithSelector(IERC2612Bytes.permit.selector), 0);
        subscribeWith(permit);
    }

    function test_RevertWhen_TheTokenDoesNotTellTheAllowance() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.allowance.selector), "");

        expectRefused(abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, address(token)));
    }

    function test_RevertWhen_TheTokenHasNoCode() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.token = makeAccount("no token").addr;
        useNewPlan(terms);

        expectRefusedWith(
            signPermit(payer, PRICE),
            abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, terms.token)
        );
    }

    /* PULL */

    function testFuzz_RevertWhen_TheBalanceIsTooLow(uint256 left) external {
        left = bound(left, 0, PRICE - 1);
        vm.prank(payer.addr);
        token.transfer(stranger.addr, 1e30 - left);

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.BalanceTooLow));
    }

    function test_RevertWhen_TheSubscriberIsDenylisted() external {
        token.setDenylisted(payer.addr, true);

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.Refused));
    }

    function test_RevertWhen_TheTokenIsPaused() external {
        token.setPaused(true);

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.Refused));
    }

    function test_RevertWhen_TheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(false));

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.Refused));
    }

    function test_RevertWhen_TheTokenForgetsTheAllowance() external {
        bytes[] memory answers = new bytes[](2);
        (answers[0], answers[1]) = (abi.encode(PRICE), abi.encode(PRICE - 1));
        vm.mockCalls(address(token), abi.encodeWithSelector(IERC20.allowance.selector), answers);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(false));

        expectRefused(pullFailed(PRICE, ISubscriptionPlan.ChargeResult.AllowanceTooLow));
    }

    function test_RevertWhen_TheSetupFeeOfATrialCannotBeTaken() external {
        usePlanWithTrialAndSetupFee();
        approve(payer, type(uint256).max);
        token.setDenylisted(payer.addr, true);

        expectRefused(pullFailed(SETUP_FEE, ISubscriptionPlan.ChargeResult.Refused));
    }

    function test_RevertWhen_TheTokenKeepsAPart() external {
        use(new FeeOnTransferToken());
        useNewPlan();
        approve(payer, type(uint256).max);

        expectReceivedOther(PRICE - PRICE / 100, PRICE);
    }

    function test_RevertWhen_TheTokenMovesNothing() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(true));

        expectReceivedOther(0, PRICE);
    }

    function test_RevertWhen_SurplusCouldBeMistakenForTheCharge() external {
        token.mint(address(plan), PRICE);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(true));

        expectReceivedOther(PRICE, 2 * PRICE);
    }

    function test_RevertWhen_TheTokenDoesNotTellTheBalance() external {
        vm.mockCallRevert(address(token), abi.encodeCall(IERC20.balanceOf, (address(plan))), "");

        expectRefused(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        expectPayoutGasTooLow(payoutGas);
    }

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloorWithoutAWindow(uint256 payoutGas) external {
        usePlanWithoutWindow(100);
        approve(payer, type(uint256).max);

        expectPayoutGasTooLow(payoutGas);
    }

    function test_SubscribesWithPayoutGasAtTheFloor() external {
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), MIN_PAYOUT_GAS);

        assertActive(payer, true);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(payer.addr, subscribeCall(), 200_000);
    }

    function test_SubscribesWithJustEnoughGas() external {
        raiseGasUntilEnough(payer.addr, subscribeCall(), 200_000);

        assertActive(payer, true);
    }

    function test_PaysOutWithJustEnoughGas() external {
        usePlanWithoutWindow(100);
        approve(payer, type(uint256).max);

        raiseGasUntilEnough(payer.addr, subscribeCall(), 200_000);

        assertEq(token.balanceOf(receiver.addr), PRICE - PRICE / 100, "paid, not credited");
    }

    /* WITHOUT A WINDOW */

    function testFuzz_PaysOutAtOnceWithoutAWindow(uint256 quantity, uint16 feeBps) external {
        feeBps = uint16(bound(feeBps, 0, 1000));
        usePlanWithoutWindow(feeBps);
        message.quantity = bound(quantity, 1, MOST);
        uint256 amount = message.quantity * PRICE;

        start(payer, message);

        assertEq(token.balanceOf(receiver.addr), amount - (amount * feeBps) / 10_000, "receiver");
        assertEq(token.balanceOf(feeReceiver), (amount * feeBps) / 10_000, "fee receiver");
        assertEq(subscriptionOf(payer).closesAt, 0, "nothing to undo");
        assertEq(liabilities(), 0, "nothing owed");
    }

    function test_PaysTheSetupFeeOutAtOnceWithoutAWindow() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        (terms.refundWindow, terms.trial, terms.setupFee) = (0, TRIAL, SETUP_FEE);
        useNewPlan(terms);

        start(payer);

        assertEq(token.balanceOf(receiver.addr), SETUP_FEE - SETUP_FEE / 100);
    }

    function test_CreditsTheReceiverThatCannotBePaid() external {
        usePlanWithoutWindow(100);
        token.setDenylisted(receiver.addr, true);

        start(payer);

        assertCredit(receiver.addr, PRICE - PRICE / 100, 0);
        assertEq(token.balanceOf(feeReceiver), PRICE / 100, "the other is paid");
        assertEq(liabilities(), PRICE - PRICE / 100, "owed");
        assertActive(payer, true);
    }

    function test_CreditsTheFeeReceiverThatCannotBePaid() external {
        usePlanWithoutWindow(100);
        token.setDenylisted(feeReceiver, true);

        start(payer);

        assertCredit(feeReceiver, PRICE / 100, 0);
        assertEq(token.balanceOf(receiver.addr), PRICE - PRICE / 100, "the other is paid");
    }

    /* WITH A WINDOW */

    function testFuzz_HoldsTheChargeAndTheSetupFee(uint256 quantity, uint88 setupFee) external {
        setupFee = uint88(bound(setupFee, 1, 1e24));
        usePlanWithSetupFee(setupFee);
        message.quantity = bound(quantity, 1, MOST);

        start(payer, message);

        assertEq(maturingWith(CLOSES_AT), message.quantity * PRICE + setupFee, "matures");
        assertEq(liabilities(), message.quantity * PRICE + setupFee, "owed");
        assertEq(subscriptionOf(payer).undoable, message.quantity * PRICE, "only the price can be undone");
    }

    function testFuzz_CanBeUndoneUntilTheEndOfTheWindow(uint40 window) external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.refundWindow = uint40(bound(window, 1, PERIOD - GRACE));
        useNewPlan(terms);

        start(payer);

        assertEq(subscriptionOf(payer).closesAt, START + terms.refundWindow);
    }

    function test_HoldsTheSetupFeeOfATrial() external {
        usePlanWithTrialAndSetupFee();

        start(payer);

        assertEq(maturingWith(CLOSES_AT), SETUP_FEE, "matures");
        assertEq(subscriptionOf(payer).closesAt, 0, "nothing to undo");
    }

    /* ACCEPTED */

    function testFuzz_ChargesTheFirstPeriod(uint256 quantity, uint256 maxPeriods) external {
        message.quantity = bound(quantity, 1, MOST);
        message.maxPeriods = bound(maxPeriods, 1, MOST);

        subscribeByCall();

        assertEq(token.balanceOf(address(plan)), message.quantity * PRICE, "charged");
        assertEq(subscriptionOf(payer).quantity, message.quantity, "quantity");
        assertFalse(subscriptionOf(payer).trialUsed, "there was no trial");
        assertPeriods(payer, START, 1, message.maxPeriods, START + PERIOD);
    }

    function test_HasAccessUntilTheEndOfThePeriod() external {
        subscribeByCall();

        goTo(START + PERIOD - 1);
        assertActive(payer, true);
        goTo(START + PERIOD);
        assertActive(payer, false);
    }

    function test_HasNothingToChargeWhenOnePeriodWasAskedFor() external {
        message.maxPeriods = 1;

        subscribeByCall();

        assertStatus(payer, ISubscriptionPlan.SubscriptionStatus.Prepaid);
        assertEq(subscriptionOf(payer).chargeableFrom, 0, "nothing to charge");
    }

    function test_CountsMonthsFromTheirLastDay() external {
        goTo(1_769_853_600); // 31 January 2026, 10:00
        usePlanOfMonths();

        start(payer);

        assertPeriods(payer, 1_769_853_600, 1, MAX_PERIODS, 1_772_272_800); // 28 February
    }

    function test_CountsMonthsFromTheirLastDayInALeapYear() external {
        goTo(1_832_925_600); // 31 January 2028, 10:00
        usePlanOfMonths();

        start(payer);

        assertPeriods(payer, 1_832_925_600, 1, MAX_PERIODS, 1_835_431_200); // 29 February
    }

    function testFuzz_GivesTheBeneficiaryAccessAndNobodyElse(address beneficiary) external {
        vm.assume(beneficiary != address(0) && beneficiary != payer.addr);
        message.beneficiary = beneficiary;

        subscribeByCall();

        assertTrue(plan.isActive(payer.addr, beneficiary), "through its subscriber");
        assertFalse(plan.isActive(payer.addr, payer.addr), "not the subscriber");
        assertFalse(plan.isActive(beneficiary, beneficiary), "not by itself");
    }

    function testFuzz_ReturnsThePair(address beneficiary) external {
        vm.assume(beneficiary != address(0));
        message.beneficiary = beneficiary;

        vm.prank(payer.addr);
        PairId pair = plan.subscribe(message, noPermit(), PAYOUT_GAS);

        assertEq(PairId.unwrap(pair), PairId.unwrap(idOf(Pair(payer.addr, beneficiary))));
    }

    function testFuzz_EmitsSubscribed(address beneficiary, uint256 quantity, uint256 maxPeriods) external {
        vm.assume(beneficiary != address(0));
        usePlanWithSetupFee(SETUP_FEE);
        approve(payer, type(uint256).max);
        message.beneficiary = beneficiary;
        message.quantity = bound(quantity, 1, MOST);
        message.maxPeriods = bound(maxPeriods, 1, MOST);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Subscribed({
            pair: idOf(Pair(payer.addr, beneficiary)),
            subscriber: payer.addr,
            beneficiary: beneficiary,
            quantity: uint16(message.quantity),
            anchor: START,
            nextIndex: 1,
            endIndex: uint16(message.maxPeriods),
            paidThrough: START + PERIOD,
            charged: message.quantity * PRICE + SETUP_FEE,
            closesAt: CLOSES_AT,
            serial: 1
        });
        subscribeByCall();
    }

    function test_EmitsSubscribedOnTrial() external {
        usePlanWithTrial(TRIAL);
        approve(payer, type(uint256).max);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Subscribed({
            pair: idOf(pairOf(payer)),
            subscriber: payer.addr,
            beneficiary: payer.addr,
            quantity: 1,
            anchor: START + TRIAL,
            nextIndex: 0,
            endIndex: uint16(MAX_PERIODS),
            paidThrough: START + TRIAL,
            charged: 0,
            closesAt: 0,
            serial: 1
        });
        subscribeByCall();
    }

    function test_EmitsSubscribedOnPaidTime() external {
        pay(payer, PRICE, "period");
        goTo(START + 1 days);

        vm.expectEmit(address(plan));
        emit ISubscriptionPlan.Subscribed({
            pair: idOf(pairOf(payer)),
            subscriber: payer.addr,
            beneficiary: payer.addr,
            quantity: 1,
            anchor: START,
            nextIndex: 1,
            endIndex: uint16(1 + MAX_PERIODS),
            paidThrough: START + PERIOD,
            charged: 0,
            closesAt: CLOSES_AT,
            serial: 1
        });
        subscribeByCall();
    }

    function testFuzz_DoesNotLookAtTheDeadline(uint256 deadline) external {
        message.deadline = deadline;

        subscribeByCall();

        assertActive(payer, true);
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        token.mint(address(plan), surplus);

        subscribeByCall();

        assertEq(plan.surplusOf(address(token)), surplus);
    }

    function test_LeavesOtherPairsAlone() external {
        pay(otherPayer, PRICE, "period");
        message.beneficiary = otherPayer.addr;

        subscribeByCall();

        assertPeriods(otherPayer, START, 1, 0, START + PERIOD);
        assertPeriods(payer, 0, 0, 0, 0);
    }

    /* HELPERS */

    function subscribeByCall() private {
        subscribeWith(noPermit());
    }

    function subscribeWith(Permit memory permit) private {
        vm.prank(payer.addr);
        plan.subscribe(message, permit, PAYOUT_GAS);
    }

    function subscribeCall() private view returns (bytes memory) {
        return abi.encodeCall(ISubscriptionPlan.subscribe, (message, noPermit(), PAYOUT_GAS));
    }

    /// @notice Buys at most twenty periods, one after the other.
    function payAhead(uint256 periods) private returns (uint256) {
        periods = bound(periods, 1, 20);
        for (uint256 i = 0; i < periods; ++i) pay(payer, PRICE, bytes32(i));
        return periods;
    }

    /// @notice Somebody presents the payer's permit before the plan does.
    function presentToToken(Permit memory permit) private {
        (bytes32 r, bytes32 s, uint8 v) = split(permit.signature);
        token.permit(payer.addr, address(plan), permit.value, permit.deadline, v, r, s);
    }

    function expectRefused(bytes memory reason) private {
        expectRefusedWith(noPermit(), reason);
    }

    function expectRefusedWith(Permit memory permit, bytes memory reason) private {
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        plan.subscribe(message, permit, PAYOUT_GAS);
    }

    function expectOutOfBounds() private {
        expectRefused(
            abi.encodeWithSelector(
                ISubscriptionPlan.SubscribeOutOfBounds.selector,
                message.quantity,
                message.maxPeriods
            )
        );
    }

    function expectAlreadySubscribed() private {
        message.serial = subscriptionOf(payer).serial;
        expectRefused(alreadySubscribed(payer));
    }

    function expectReceivedOther(uint256 balance, uint256 expected) private {
        expectRefused(abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, expected));
    }

    function expectPayoutGasTooLow(uint256 payoutGas) private {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), payoutGas);
    }
}
