// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISubscriptionPlan} from "../../contracts/interfaces/ISubscriptionPlan.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Permit} from "../../contracts/types/Subscription.sol";
import {SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {Subscribe} from "../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {LyingBalanceToken} from "../mocks/LyingBalanceToken.sol";
import {ReturnBombToken} from "../mocks/ReturnBombToken.sol";
import {ReturnValueToken} from "../mocks/ReturnValueToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {PlanAttackTest} from "./PlanAttackTest.sol";

/// @dev Assumption broken: a pull moves exactly what it says, and answers as ERC-20 says. Only what arrived buys time.
contract PlanTokenTricksTest is PlanAttackTest {
    /* A FEE ON TRANSFER */

    function test_RevertWhen_TheTokenKeepsAPartOfTheFirstCharge() external {
        _use(new FeeOnTransferToken());
        _expectSubscribeRefused(_receivedLess((PRICE * 99) / 100, PRICE));
    }

    function test_RevertWhen_SurplusWouldMakeUpForTheFee() external {
        _use(new FeeOnTransferToken());
        token.mint(address(plan), PRICE);
        uint256 before = token.balanceOf(address(plan));
        _expectSubscribeRefused(_receivedLess(before + (PRICE * 99) / 100, before + PRICE));
    }

    /// @dev Trials need no money, so that it shows in the first batch.
    function test_RevertWhen_TheTokenKeepsAPartOfABatch() external {
        use(new FeeOnTransferToken());
        usePlan(termsWithTrial(1 days));
        subscribe(payer);
        goTo(START + 1 days);
        vm.expectRevert(_receivedLess((PRICE * 99) / 100, PRICE));
        plan.charge(pairsOf(payer), PAYOUT_GAS);
    }

    /* ANSWERS */

    function test_RevertWhen_TheTokenSaysFalse() external {
        ReturnValueToken odd = _oddToken(abi.encode(false), false);
        _expectSubscribeRefused(_pullFailed(ISubscriptionPlan.ChargeResult.Refused));
        assertEq(odd.balanceOf(address(plan)), 0);
    }

    /// @dev What moved without being counted is surplus, and buys nothing.
    function test_AChargeThatMovesMoneyAndSaysFalseBuysNothing() external {
        ReturnValueToken odd = _oddToken("", true);
        subscribe(payer);
        odd.setAnswer(abi.encode(false), true);
        goTo(START + PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
        assertFalse(isActive(payer), "active");
        assertEq(plan.surplusOf(address(odd)), PRICE, "surplus");
    }

    function test_ATokenThatAnswersNothingIsServed() external {
        _oddToken("", true);
        subscribe(payer);
        goTo(START + PERIOD);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Charged);
    }

    function test_RevertWhen_TheTokenAnswersNothingAndMovesNothing() external {
        _oddToken("", false);
        _expectSubscribeRefused(_receivedLess(0, PRICE));
    }

    function test_RevertWhen_ABatchOfATokenThatMovesNothingCouldBePaidOutOfSurplus() external {
        ReturnValueToken odd = _oddToken("", true);
        subscribe(payer);
        odd.mint(address(plan), PRICE);
        odd.setAnswer(abi.encode(true), false);
        goTo(START + PERIOD);
        vm.expectRevert(_receivedLess(2 * PRICE, 3 * PRICE));
        plan.charge(pairsOf(payer), PAYOUT_GAS);
    }

    function test_AnAnswerThatIsTooShortOrNotOneIsARefusal() external {
        ReturnValueToken odd = _oddToken("", true);
        subscribe(payer);
        goTo(START + PERIOD);
        odd.setAnswer(hex"01", false);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
        odd.setAnswer(abi.encode(2), false);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
    }

    function test_ABombIsNotCopied() external {
        ReturnBombToken bomb = new ReturnBombToken();
        _use(bomb);
        subscribe(payer);
        goTo(START + PERIOD);
        bomb.setBomb(1_000_000, true);
        uint256 before = gasleft();
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Refused);
        assertLt(before - gasleft(), PAYOUT_GAS + 150_000, "gas");
        bomb.setBomb(20_000, false);
        assertResult(charge(payer), ISubscriptionPlan.ChargeResult.Charged);
    }

    /* NO TOKEN */

    function test_RevertWhen_TheTokenHasNoCode() external {
        SubscriptionPlanTerms memory terms = defaultTerms();
        terms.token = address(0xc0de);
        usePlan(terms);
        Subscribe memory message = subscribeMessage(payer);
        Permit memory permit = Permit({value: 1, deadline: 1, signature: new bytes(65)});
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, terms.token));
        vm.prank(payer.addr);
        plan.subscribe(message, permit, PAYOUT_GAS);
    }

    /* BALANCES */

    function test_RevertWhen_TheBalanceIsUnreadable() external {
        LyingBalanceToken liar = new LyingBalanceToken();
        _use(liar);
        subscribe(payer);
        goTo(START + PERIOD);
        liar.setMood(LyingBalanceToken.Mood.Reverts);
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, liar));
        plan.charge(pairsOf(payer), PAYOUT_GAS);
        liar.setMood(LyingBalanceToken.Mood.AnswersShort);
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, liar));
        plan.charge(pairsOf(payer), PAYOUT_GAS);
    }

    /// @dev It needs no balance to be true: an undo asks none.
    function test_AnUndoDoesNotAskForBalances() external {
        LyingBalanceToken liar = new LyingBalanceToken();
        _use(liar);
        subscribe(payer);
        liar.setMood(LyingBalanceToken.Mood.Reverts);
        undo(payer);
        liar.setMood(LyingBalanceToken.Mood.Honest);
        assertEq(spent(payer), 0);
    }

    /* HELPERS */

    function _use(Token3009 newToken) private {
        use(newToken);
        usePlan(defaultTerms());
    }

    function _oddToken(bytes memory answer, bool moves) private returns (ReturnValueToken odd) {
        odd = new ReturnValueToken();
        _use(odd);
        odd.setAnswer(answer, moves);
    }

    function _expectSubscribeRefused(bytes memory reason) private {
        Subscribe memory message = subscribeMessage(payer);
        vm.startPrank(payer.addr);
        token.approve(address(plan), type(uint256).max);
        vm.expectRevert(reason);
        plan.subscribe(message, noPermit(), PAYOUT_GAS);
        vm.stopPrank();
        assertFalse(isActive(payer), "active");
    }

    function _receivedLess(uint256 balance, uint256 expected) private view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, token, balance, expected);
    }

    function _pullFailed(ISubscriptionPlan.ChargeResult result) private view returns (bytes memory) {
        return abi.encodeWithSelector(ISubscriptionPlan.PullFailed.selector, payer.addr, PRICE, result);
    }
}
