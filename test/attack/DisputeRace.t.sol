// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {Dispute, Resolve} from "../../contracts/types/TypedData.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: between a decision about a dispute and its transaction nobody does anything.
contract DisputeRaceTest is AttackTest {
    PaymentRef private _ref;
    PaymentId private _id;
    Dispute private _message;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        _ref = pay(payer, PRICE, "nonce");
        _id = vault.idOf(_ref);
        _message = Dispute({paymentId: _id, evidence: EVIDENCE, deadline: type(uint256).max});
    }

    function test_WhenTheSellerGivesBackAUnitFirst_ThePayersCallLocksTheRest() external {
        refund(operator, _ref, 1, payer.addr);
        dispute(_ref);
        assertEq(vault.paymentOf(_ref).held, PRICE - 1);
    }

    function testFuzz_WhateverTheSellerGivesBackFirst_ThePayersMessageLocksTheRest(uint256 given) external {
        given = bound(given, 1, PRICE - 1);
        bytes memory signature = signDispute(payer, _message);
        refund(operator, _ref, given, payer.addr);
        vault.disputeWithSignature(_ref, _message, signature);
        assertEq(vault.paymentOf(_ref).held, PRICE - given);
    }

    function test_WhenTheSellerGivesBackUnitAfterUnit_ThePayersMessageStaysValid() external {
        uint256 tries = 10;
        bytes memory signature = signDispute(payer, _message);
        vm.warp(vault.paymentOf(_ref).closesAt - tries);
        for (uint256 i = 1; i < tries; ++i) {
            refund(operator, _ref, 1, payer.addr);
            vm.warp(vault.paymentOf(_ref).closesAt - tries + i);
        }
        vault.disputeWithSignature(_ref, _message, signature);
        assertEq(vault.paymentOf(_ref).held, PRICE - tries + 1);
    }

    /// @dev What the payer could have won it has: it lost nothing.
    function test_WhenTheSellerGivesAllBackFirst_ThereIsNothingToDispute() external {
        uint256 before = token.balanceOf(payer.addr);
        refund(operator, _ref, PRICE, payer.addr);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NothingToDispute.selector, _id, 0));
        dispute(_ref);
        assertEq(token.balanceOf(payer.addr), before + PRICE);
    }

    function test_WhenSomebodyRelaysBeforeThePayerCalls_TheDisputeStands() external {
        vault.disputeWithSignature(_ref, _message, signDispute(payer, _message));
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, _id, false));
        dispute(_ref);
        assertEq(uint8(vault.paymentOf(_ref).status), uint8(IRefundWindow.Status.Disputed));
    }

    function test_WhenARelayerWithholdsTheMessage_ThePayerCalls() external {
        bytes memory signature = signDispute(payer, _message);
        uint40 closesAt = vault.paymentOf(_ref).closesAt;
        vm.warp(closesAt - 1);
        dispute(_ref);
        vm.warp(closesAt);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, _id, false));
        vault.disputeWithSignature(_ref, _message, signature);
    }

    /// @dev Of what the arbiter decided about, nothing can be taken away before the decision arrives.
    function test_RevertWhen_TheSellerGivesBackAUnitToVoidTheDecision() external {
        dispute(_ref);
        Resolve memory decision = _half();
        bytes memory signature = signResolve(arbiter, decision);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, _id, false));
        vm.prank(operator.addr);
        vault.refund(_ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS);
        vault.resolveWithSignature(_ref, decision, signature);
        assertEq(creditOf(payer.addr), PRICE / 2);
    }

    /// @dev A decision about another amount than what is disputed in the end decides nothing.
    function test_RevertWhen_TheDecisionIsOlderThanARefund() external {
        Resolve memory decision = _half();
        bytes memory signature = signResolve(arbiter, decision);
        refund(operator, _ref, 1, payer.addr);
        dispute(_ref);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.ResolutionNotWhole.selector,
            _id,
            PRICE / 2,
            PRICE / 2,
            PRICE - 1
        );
        vm.expectRevert(reason);
        vault.resolveWithSignature(_ref, decision, signature);
    }

    /// @dev The seller concedes before the arbiter's decision arrives: the payer gets no less by it.
    function test_WhenTheSellerConcedesFirst_ThePayerGetsAllThatIsRefundable() external {
        dispute(_ref);
        vm.prank(receiver.addr);
        vault.concede(_ref);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vm.prank(arbiter.addr);
        vault.resolve(_ref, 0, PRICE, "");
        assertEq(creditOf(payer.addr), PRICE);
    }

    /// @dev In the last second of the window the payer still gets the whole resolution period.
    function test_ADisputeOfTheLastSecondIsDecidedAfterTheHourHasMatured() external {
        vm.warp(vault.paymentOf(_ref).closesAt - 1);
        dispute(_ref);
        vm.warp(vault.paymentOf(_ref).defaultsAt - 1);
        vm.prank(arbiter.addr);
        vault.resolve(_ref, PRICE, 0, "");
        assertEq(creditOf(payer.addr), PRICE);
    }

    function _half() private view returns (Resolve memory) {
        return
            Resolve({
                paymentId: _id,
                toPayer: PRICE / 2,
                toReceiver: PRICE / 2,
                evidence: "",
                deadline: type(uint256).max
            });
    }
}
