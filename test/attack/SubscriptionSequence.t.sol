// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {SubscribingTest} from "../utils/SubscribingTest.sol";

/// @dev Assumption broken: things happen in an order that somebody thought of. One subscriber pays for itself and for another, in a
/// plan with a trial.
contract SubscriptionSequenceTest is SubscribingTest {
    uint256 private constant PAIRS = 2;
    uint256 private constant MOST_UNITS = 3;

    /// @dev What the subscriber has agreed to, kept by hand.
    struct Agreement {
        uint256 units;
        uint256 periodsLeft;
        uint256 chargedAt;
    }

    Agreement[PAIRS] private _agreements;
    /// @dev Seconds of access, times the units they were for.
    uint256 private _unitSeconds;
    uint256 private _nonces;

    function setUp() public override {
        super.setUp();
        usePlanWithTrial(TRIAL);
        approve(payer, type(uint256).max);
        token.mint(operator.addr, 1e30);
        approve(operator, type(uint256).max);
    }

    /// @dev Whatever a subscriber does, beyond one trial and one window its access is paid for.
    function testFuzz_NoOrderOfStepsGivesAccessForNothing(uint256[40] calldata seeds) external {
        uint256 free = (uint256(TRIAL) + WINDOW) * MOST_UNITS * PRICE;
        for (uint256 i = 0; i < seeds.length; ++i) {
            _step(seeds[i]);
            assertLe(_unitSeconds * PRICE, (1e30 - token.balanceOf(payer.addr)) * PERIOD + free, "paid");
            assertEq(token.balanceOf(address(plan)), liabilities(), "what is there is owed");
        }
    }

    /// @dev Whatever the merchant does too, nothing is taken that was not signed for, or twice for a period.
    function testFuzz_NoOrderOfStepsTakesMoreThanWasSigned(uint256[40] calldata seeds) external {
        for (uint256 i = 0; i < seeds.length; ++i) {
            if (seeds[i] % 5 == 0) _merchantStep(seeds[i] >> 8);
            else _step(seeds[i] >> 8);
            assertEq(token.balanceOf(address(plan)), liabilities(), "what is there is owed");
        }
    }

    /* THE SUBSCRIBER, AND WHOEVER CHARGES */

    function _step(uint256 seed) private {
        uint256 which = (seed >> 8) % PAIRS;
        uint256 more = seed >> 16;
        uint256 kind = seed % 10;
        if (kind == 0) _pass(bound(more, 1, PERIOD / 2));
        else if (kind == 1) _passTo(plan.subscriptionOf(_pair(which)).paidThrough);
        else if (kind == 2) _passTo(plan.subscriptionOf(_pair(which)).paidThrough + GRACE);
        else if (kind == 3 || kind == 4) _subscribe(which, more);
        else if (kind == 5) _cancel(which, more % 2 == 0);
        else if (kind == 6) _undo(which);
        else if (kind == 7) _pay();
        else _charge();
    }

    function _subscribe(uint256 which, uint256 seed) private {
        Subscribe memory message = subscribeMessage(payer);
        message.beneficiary = _pair(which).beneficiary;
        message.serial = plan.subscriptionOf(_pair(which)).serial;
        message.quantity = 1 + (seed % MOST_UNITS);
        message.maxPeriods = 1 + ((seed >> 8) % 4);
        message.maxFirstCharge = message.quantity * PRICE;
        uint256 balance = token.balanceOf(payer.addr);
        bool hasTime = time < plan.subscriptionOf(_pair(which)).paidThrough;

        vm.prank(payer.addr);
        try plan.subscribe(message, noPermit(), PAYOUT_GAS) {} catch {
            assertEq(token.balanceOf(payer.addr), balance, "nothing taken by a refusal");
            return;
        }

        uint256 taken = balance - token.balanceOf(payer.addr);
        bool isCharged = taken != 0;
        assertEq(taken, isCharged ? message.quantity * PRICE : 0, "the first charge");
        _agreements[which].units = message.quantity;
        _agreements[which].periodsLeft = message.maxPeriods - (isCharged ? 1 : 0);
        // Who ended a period early and begins anew may be charged before that period would have ended.
        if (!hasTime) _agreements[which].chargedAt = isCharged ? time : 0;
    }

    function _cancel(uint256 which, bool immediately) private {
        vm.prank(payer.addr);
        plan.cancel(_pair(which).beneficiary, immediately);
        _agreements[which].periodsLeft = 0;
    }

    function _undo(uint256 which) private {
        uint40 closesAt = plan.subscriptionOf(_pair(which)).closesAt;
        vm.prank(payer.addr);
        try plan.undo(_pair(which).beneficiary, closesAt, payer.addr, PAYOUT_GAS) {
            _agreements[which].periodsLeft = 0;
        } catch {}
    }

    function _pay() private {
        bool isRefused =
            plan.periodRefusalOf(address(token), payer.addr, PRICE) != ISubscriptionPlan.PeriodRefusal.None;
        if (!isRefused) pay(payer, PRICE, bytes32(++_nonces));
    }

    function _charge() private {
        if (plan.planStage() == ISubscriptionPlan.PlanStage.Ended) return;
        Pair[] memory pairs = new Pair[](PAIRS);
        for (uint256 i = 0; i < PAIRS; ++i) pairs[i] = _pair(i);
        uint256 balance = token.balanceOf(payer.addr);

        ISubscriptionPlan.ChargeResult[] memory results = plan.charge(pairs, PAYOUT_GAS);

        uint256 agreed;
        for (uint256 i = 0; i < PAIRS; ++i) {
            if (results[i] != ISubscriptionPlan.ChargeResult.Charged) continue;
            Agreement storage agreement = _agreements[i];
            assertGt(agreement.periodsLeft, 0, "signed for");
            if (agreement.chargedAt != 0) assertGt(time, agreement.chargedAt + PERIOD - GRACE, "once a period");
            agreement.periodsLeft -= 1;
            agreement.chargedAt = time;
            agreed += agreement.units * PRICE;
        }
        assertEq(balance - token.balanceOf(payer.addr), agreed, "what was signed");
    }

    /* THE MERCHANT */

    function _merchantStep(uint256 seed) private {
        uint256 which = (seed >> 8) % PAIRS;
        uint256 kind = seed % 16;
        uint256 balance = token.balanceOf(payer.addr);
        vm.startPrank(operator.addr);
        if (kind < 5) {
            uint40 closesAt = plan.subscriptionOf(_pair(which)).closesAt;
            try plan.refund(_pair(which), closesAt, PAYOUT_GAS) {} catch {}
        } else if (kind < 9) {
            plan.cancelFor(_pair(which));
            _agreements[which].periodsLeft = 0;
        } else if (kind < 14) {
            (uint256 owed, uint256 held) = plan.owedOf(_pair(which));
            plan.endFor(_pair(which), owed - held, PAYOUT_GAS);
            _agreements[which].periodsLeft = 0;
        } else if (kind == 14) {
            try plan.close() {} catch {}
        } else {
            try plan.end() {} catch {}
        }
        vm.stopPrank();
        assertGe(token.balanceOf(payer.addr), balance, "a merchant takes nothing by itself");
        assertLe(token.balanceOf(payer.addr), 1e30, "nobody gets more back than was paid");
    }

    /* TIME */

    function _passTo(uint256 to) private {
        if (to > time) _pass(to - time);
    }

    function _pass(uint256 length) private {
        for (uint256 i = 0; i < PAIRS; ++i) {
            ISubscriptionPlan.SubscriptionView memory subscription = plan.subscriptionOf(_pair(i));
            if (subscription.paidThrough <= time) continue;
            uint256 left = subscription.paidThrough - time;
            _unitSeconds += (left < length ? left : length) * subscription.quantity;
        }
        goTo(time + length);
    }

    function _pair(uint256 which) private view returns (Pair memory) {
        return Pair({subscriber: payer.addr, beneficiary: which == 0 ? payer.addr : stranger.addr});
    }
}
