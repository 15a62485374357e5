// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: who uses it pays. One identity gets one trial and one undo of a plan, in whatever order it comes, and
/// nothing of another's plan.
contract PlanFreeAccessTest is PlanAttackTest {
    uint40 private constant TRIAL = 14 days;

    /// @dev Seconds of running periods that were used before the merchant ended them, and gave their price back.
    uint256 private _given;

    /* LOOPS */

    function test_SubscribingAndUndoingIsFreeOnce() external {
        subscribe(payer);
        undo(payer);
        assertFalse(isActive(payer), "active");
        subscribe(payer);
        assertEq(subscriptionOf(payer).undoable, 0, "undoable");
        assertEq(spent(payer), PRICE, "spent");
    }

    function test_AnUndoForOneBeneficiaryIsTheOnlyOne() external {
        subscribe(payer);
        subscribe(payer, subscribeMessage(payer, stranger.addr));
        undo(payer);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.UndoUsed.selector, payer.addr));
        vm.prank(payer.addr);
        plan.undo(stranger.addr, CLOSES_AT, payer.addr, PAYOUT_GAS);
    }

    function test_OneTrialWhoeverTheBeneficiaryIs() external {
        usePlan(termsWithTrial(TRIAL));
        subscribe(payer);
        assertEq(spent(payer), 0, "trial");
        subscribe(payer, subscribeMessage(payer, stranger.addr));
        assertEq(spent(payer), PRICE, "no second trial");
    }

    function test_OneTrialThoughItWasCanceledAtOnce() external {
        usePlan(termsWithTrial(TRIAL));
        subscribe(payer);
        cancel(payer, true);
        subscribe(payer);
        assertEq(spent(payer), PRICE);
    }

    /// @dev It goes on where the trial ends, and not with another.
    function test_ATrialThatWasCanceledIsNotMadeLonger() external {
        usePlan(termsWithTrial(TRIAL));
        subscribe(payer);
        for (uint256 i = 0; i < 3; ++i) {
            goTo(time + 1 days);
            cancel(payer, false);
            subscribe(payer);
        }
        assertEq(subscriptionOf(payer).paidThrough, START + TRIAL);
    }

    function test_RevertWhen_ATrialOfOneIsMadeATrialOfMany() external {
        usePlan(termsWithTrial(TRIAL));
        subscribe(payer);
        cancel(payer, false);
        Subscribe memory message = subscribeMessage(payer);
        message.quantity = 100;
        vm.expectRevert(
            abi.encodeWithSelector(
                ISubscriptionPlan.QuantityDiffers.selector,
                idOf(pairOf(payer)),
                1,
                100,
                START + TRIAL
            )
        );
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    function test_RevertWhen_ATrialIsTakenWithoutAnAllowance() external {
        usePlan(termsWithTrial(TRIAL));
        Subscribe memory message = subscribeMessage(payer);
        vm.expectRevert(abi.encodeWithSelector(ISubscriptionPlan.AllowanceTooLow.selector, address(token), 0, PRICE));
        vm.prank(payer.addr);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
    }

    /// @dev Money that is there at the first moment, and never when it is charged.
    function test_ALowBalanceAtTheRightMomentGivesNoAccess() external {
        usePlan(termsWithTrial(TRIAL));
        subscribe(payer);
        _empty(payer);
        for (uint256 day = 0; day < 90; ++day) {
            goTo(START + TRIAL + day * 1 days);
            charge(payer);
            assertFalse(isActive(payer), "active");
        }
    }

    function test_GraceIsNoAccess() external {
        subscribe(payer);
        goTo(START + PERIOD);
        assertFalse(isActive(payer), "first second of grace");
        goTo(START + PERIOD + GRACE - 1);
        assertFalse(isActive(payer), "last second of grace");
    }

    /// @dev Charged at the last moment it is for the period's original bounds.
    function test_ALateChargeBuysNoLongerPeriod() external {
        subscribe(payer);
        goTo(START + PERIOD + GRACE - 1);
        charge(payer);
        assertEq(subscriptionOf(payer).paidThrough, START + 2 * PERIOD);
    }

    /// @dev Whatever one identity does, it has no more time than it paid for, but for one trial, the time of one undo, and what
    /// the merchant gives of its own will: `endFor` pays the whole of the running period back, however much of it was used.
    function testFuzz_NoOrderOfStepsGivesTimeForNothing(uint256[24] calldata steps) external {
        usePlan(termsWithTrial(TRIAL));
        uint256 active;
        uint256 last = START;
        for (uint256 i = 0; i < steps.length; ++i) {
            _step(steps[i], i);
            uint256 until = last + (uint256(keccak256(abi.encode(steps[i]))) % (2 * PERIOD));
            uint256 through = subscriptionOf(payer).paidThrough;
            if (through > last) active += (through < until ? through : until) - last;
            last = until;
            goTo(last);
        }
        assertLe(active, (spent(payer) / PRICE) * PERIOD + TRIAL + WINDOW + _given);
    }

    function _step(uint256 step, uint256 i) private {
        ISubscriptionPlan.SubscriptionView memory seen = subscriptionOf(payer);
        uint256 way = step % 6;
        if (way == 0 && seen.chargeableFrom == 0) subscribe(payer);
        if (way == 1) cancel(payer, step % 4 == 1);
        if (way == 2 && seen.undoable != 0) undo(payer);
        if (way == 3) charge(payer);
        if (way == 4 && uint8(plan.periodRefusalOf(address(token), payer.addr, PRICE)) == 0) {
            pay(payer, PRICE, bytes32(i));
        }
        if (way == 5 && seen.maturesAt > time) {
            (uint256 owed, ) = plan.owedOf(pairOf(payer));
            if (owed != 0) _given += (PERIOD - ((seen.paidThrough - time) % PERIOD)) % PERIOD;
            endFor(payer);
        }
    }

    /// @dev Only the merchant can do this, and it gets back nothing of what was used.
    function test_WhoIsEndedGetsBackWhatItUsedOfTheRunningPeriod() external {
        pay(payer, PRICE, "first");
        goTo(START + 25 days);
        pay(payer, PRICE, "ahead");
        endFor(payer);
        assertEq(spent(payer), 0, "both prices");
        assertFalse(isActive(payer), "active");
    }

    /* OTHERS' PLANS AND IDS */

    function test_ASelfMadePlanIsAnotherAddress() external {
        SubscriptionPlan merchants = plan;
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.operator = payer.addr;
        usePlan(terms);
        subscribe(payer);
        assertTrue(isActive(payer), "in its own plan");
        assertNotEq(address(plan), address(merchants), "address");
        assertFalse(merchants.isActive(payer.addr, payer.addr), "in the merchant's");
    }

    function test_APlanWithAWorthlessTokenIsAnotherAddress() external {
        SubscriptionPlan merchants = plan;
        use(new Token3009());
        usePlan(defaultTerms());
        subscribe(payer);
        assertFalse(merchants.isActive(payer.addr, payer.addr));
    }

    function test_ASubscriptionGivesAccessToItsBeneficiaryOnly() external {
        subscribe(payer, subscribeMessage(payer, otherPayer.addr));
        assertTrue(plan.isActive(payer.addr, otherPayer.addr), "beneficiary");
        assertFalse(plan.isActive(payer.addr, payer.addr), "who pays");
        assertFalse(plan.isActive(otherPayer.addr, otherPayer.addr), "by itself");
        assertFalse(plan.isActive(otherPayer.addr, payer.addr), "the other way round");
    }

    function test_AForeignPairChargesNobody() external {
        subscribe(payer);
        goTo(START + PERIOD);
        Pair[] memory pairs = new Pair[](2);
        (pairs[0], pairs[1]) = (Pair(payer.addr, stranger.addr), Pair(stranger.addr, payer.addr));
        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairs, PAYOUT_GAS);
        assertResult(results[0], ISubscriptionPlan.ChargeResult.NotDue);
        assertResult(results[1], ISubscriptionPlan.ChargeResult.NotDue);
    }

    function test_AnotherTokenBuysNothing() external {
        Token3009 real = token;
        use(new Token3009());
        assertEq(
            uint8(plan.periodRefusalOf(address(token), payer.addr, PRICE)),
            uint8(ISubscriptionPlan.PeriodRefusal.OtherToken)
        );
        record(payPast(payer, PRICE, "worthless"));
        assertFalse(isActive(payer), "active");
        assertEq(plan.liabilitiesOf(address(real)), 0, "owed in the real one");
        assertEq(creditOf(payer.addr), PRICE, "credit in the worthless one");
    }

    function test_HalfAPriceBuysNothing() external {
        record(payPast(payer, PRICE / 2, "half"));
        assertFalse(isActive(payer), "active");
        assertEq(creditOf(payer.addr), PRICE / 2, "credit");
    }

    /* HELPERS */

    function _empty(Account memory who) private {
        uint256 balance = token.balanceOf(who.addr);
        vm.prank(who.addr);
        token.transfer(stranger.addr, balance);
    }
}
