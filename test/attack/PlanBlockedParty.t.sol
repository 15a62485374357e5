// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Withdraw} from "../../contracts/types/TypedData.sol";
import {RevertingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: the token pays everybody at any time. Rights are exercised in time all the same, and what is not paid
/// waits for its own owner.
contract PlanBlockedPartyTest is PlanAttackTest {
    address private constant ELSEWHERE = address(0xe15e);

    function setUp() public override {
        super.setUp();
        use(new HookedToken());
        usePlan(defaultTerms());
        subscribe(payer);
    }

    function test_AnUndoIsBookedInTimeWhileTheTokenIsPaused() external {
        token.setPaused(true);
        goTo(CLOSES_AT - 1);
        undo(payer);
        goTo(CLOSES_AT + 365 days);
        token.setPaused(false);
        plan.withdraw(address(token), payer.addr, payer.addr);
        assertEq(spent(payer), 0);
    }

    function test_ADenylistedSubscriberTakesAnUndoneChargeElsewhere() external {
        token.setDenylisted(payer.addr, true);
        undo(payer);
        Withdraw memory message = withdrawMessage(payer.addr, ELSEWHERE);
        plan.withdrawWithSignature(message, signWithdraw(payer, message));
        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_ADenylistedPlanLosesNobodysRights() external {
        token.setDenylisted(address(plan), true);
        undo(payer);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_ACancelAsksNoToken() external {
        token.setPaused(true);
        cancel(payer, true);
        assertFalse(isActive(payer));
    }

    function test_ARefundToADenylistedSubscriberWaitsForIt() external {
        token.setDenylisted(payer.addr, true);
        refund(payer);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_PaidTimeOfADenylistedSubscriberCanBeEnded() external {
        token.setDenylisted(payer.addr, true);
        endFor(payer);
        assertFalse(isActive(payer), "active");
        assertEq(creditOf(payer.addr), PRICE, "credit");
    }

    function test_ASubscriberThatRefusesMoneyCannotKeepItsTime() external {
        HookedToken(address(token)).setHook(payer.addr, address(new RevertingHook()));
        endFor(payer);
        assertFalse(isActive(payer), "active");
        assertEq(creditOf(payer.addr), PRICE, "credit");
    }

    function test_APauseOverAPeriodSkipsItAndNoMore() external {
        goTo(START + PERIOD);
        token.setPaused(true);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
        token.setPaused(false);
        goTo(START + 2 * PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Charged);
        assertEq(spent(payer), 2 * PRICE, "spent");
    }

    function test_ADenylistedReceiverKeepsNobodyFromSubscribing() external {
        usePlan(termsWithoutWindow());
        token.setDenylisted(receiver.addr, true);
        subscribe(otherPayer);
        assertTrue(isActive(otherPayer), "active");
        assertEq(creditOf(receiver.addr), PRICE - PRICE / 100, "receiver");
        assertEq(token.balanceOf(feeReceiver), PRICE / 100, "fee receiver");
    }

    function test_AReceiverThatRefusesMoneyKeepsNobodyFromBeingCharged() external {
        usePlan(termsWithoutWindow());
        subscribe(otherPayer);
        HookedToken(address(token)).setHook(receiver.addr, address(new RevertingHook()));
        goTo(START + PERIOD);
        assertResult(charge(otherPayer), ISubscriptionPlan.ChargeResult.Charged);
        assertEq(creditOf(receiver.addr), PRICE - PRICE / 100, "receiver");
    }

    function test_TheMerchantsEndTakesNoUndoAway() external {
        vm.prank(operator.addr);
        plan.end();
        undo(payer);
        assertEq(spent(payer), 0);
    }

    /// @dev Plans do not share held money, allowances or denylistings.
    function test_AnotherPlanOfTheMerchantIsNotTouched() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.salt = "another";
        address first = address(plan);
        usePlan(terms);
        subscribe(payer);
        token.setDenylisted(first, true);
        undo(payer);
        assertEq(spent(payer), PRICE, "the first plan's");
        assertEq(token.balanceOf(first), PRICE, "held by the first");
    }
}
