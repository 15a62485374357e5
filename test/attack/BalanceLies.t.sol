// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {LyingBalanceToken} from "../mocks/LyingBalanceToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: `balanceOf` answers, and tells the truth.
contract BalanceLiesTest is AttackTest {
    LyingBalanceToken private _liar;

    function setUp() public override {
        super.setUp();
        _liar = new LyingBalanceToken();
        use(_liar);
    }

    function test_RevertWhen_BalanceOfReverts() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        _liar.setMood(LyingBalanceToken.Mood.Reverts);
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, token));
    }

    function test_RevertWhen_BalanceOfAnswersWithTooFewBytes() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        _liar.setMood(LyingBalanceToken.Mood.AnswersShort);
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, token));
    }

    function test_RevertWhen_BalanceOfRevertsAfterTheTransfer() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        _liar.setMoodAfterTransfer(LyingBalanceToken.Mood.Reverts);
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, token));
    }

    function test_RevertWhen_BalanceOfChangesItsMindAfterTheTransfer() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        _liar.setMoodAfterTransfer(LyingBalanceToken.Mood.AddsOne);
        assertPayRefused(signed, receivedOther(PRICE + 1, PRICE));
    }

    /// @dev The exits do not ask for balances, so a token that stops answering can still be left.
    function test_ARefundDoesNotNeedBalanceOf() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        _liar.setMood(LyingBalanceToken.Mood.Reverts);
        refund(payer, ref, PRICE, stranger.addr);
        _liar.setMood(LyingBalanceToken.Mood.Honest);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_RevertWhen_SurplusOfAnUnreadableTokenIsAsked() external {
        _liar.setMood(LyingBalanceToken.Mood.Reverts);
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, token));
        vault.surplusOf(address(token));
    }
}
