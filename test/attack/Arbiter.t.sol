// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Resolve} from "../../contracts/types/TypedData.sol";
import {MoodyWallet} from "../mocks/Wallets.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the arbiter is honest, and there. One that is not gives money to the wrong one of the two, or
/// to nobody in time, and can do no more than that.
contract ArbiterTest is AttackTest {
    PaymentRef private _ref;
    PaymentId private _id;

    function setUp() public override {
        super.setUp();
        _useDispute(termsWithArbiter());
    }

    /* GREEDY */

    function testFuzz_WhateverItDecidesItGetsNothing(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        _resolve(arbiter.addr, toPayer, PRICE - toPayer);
        assertEq(creditOf(arbiter.addr), 0, "arbiter");
        assertEq(creditOf(payer.addr) + creditOf(receiver.addr) + creditOf(feeReceiver), PRICE, "parties");
    }

    function testFuzz_RevertWhen_ItKeepsAPart(uint256 toPayer, uint256 kept) external {
        kept = bound(kept, 1, PRICE);
        toPayer = bound(toPayer, 0, PRICE - kept);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.ResolutionNotWhole.selector,
            _id,
            toPayer,
            PRICE - kept - toPayer,
            PRICE
        );
        vm.expectRevert(reason);
        _resolve(arbiter.addr, toPayer, PRICE - kept - toPayer);
    }

    /// @dev The fee receiver gets what the terms say of the receiver's share, whatever the arbiter wants.
    function testFuzz_TheFeeIsNotTheArbitersMatter(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        _resolve(arbiter.addr, toPayer, PRICE - toPayer);
        assertEq(creditOf(feeReceiver), (PRICE - toPayer) / 100);
    }

    function testFuzz_RevertWhen_ItGivesTheNonRefundableShareAway(uint256 more) external {
        more = bound(more, 1, PRICE / 4);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = 2_500;
        _useDispute(terms);
        uint256 limit = (PRICE * 3) / 4;
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.ResolutionExceedsRefundable.selector,
            _id,
            limit + more,
            limit
        );
        vm.expectRevert(reason);
        _resolve(arbiter.addr, limit + more, PRICE - limit - more);
    }

    function test_RevertWhen_ItWithdrawsAnothersShareToItself() external {
        _resolve(arbiter.addr, PRICE, 0);
        bytes memory reason = abi.encodeWithSelector(
            IVault.CreditNotYours.selector,
            arbiter.addr,
            payer.addr,
            arbiter.addr
        );
        vm.expectRevert(reason);
        vm.prank(arbiter.addr);
        vault.withdraw(address(token), payer.addr, arbiter.addr);
    }

    /* IN ANOTHER ROLE */

    function test_RevertWhen_ItUsesTheRightsOfTheParties() external {
        vm.startPrank(arbiter.addr);
        vm.expectRevert(abi.encodeWithSelector(IVault.NotSeller.selector, _id, arbiter.addr));
        vault.concede(_ref);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NotPayer.selector, _id, arbiter.addr));
        vault.withdrawDispute(_ref);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NotParty.selector, _id, arbiter.addr));
        vault.submitEvidence(_ref, EVIDENCE);
    }

    function test_RevertWhen_ItTouchesAPaymentThatNobodyDisputed() external {
        _useRef(pay(payer, PRICE, "open"));
        vm.startPrank(arbiter.addr);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NotPayer.selector, _id, arbiter.addr));
        vault.dispute(_ref, EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vault.resolve(_ref, PRICE, 0, EVIDENCE);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NotParty.selector, _id, arbiter.addr));
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_ItDecidesAboutItsOwnPayment() external {
        _useDisputeOfArbiter(false);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.ArbiterIsPayer.selector, _id, payer.addr));
        _resolve(payer.addr, PRICE, 0);
    }

    function test_RevertWhen_ItSignsADecisionAboutItsOwnPayment() external {
        _useDisputeOfArbiter(false);
        Resolve memory decision = _decision();
        bytes memory signature = signResolve(payer, decision);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.ArbiterIsPayer.selector, _id, payer.addr));
        vault.resolveWithSignature(_ref, decision, signature);
    }

    function test_WhenItPaidItselfTheSellerKeepsTheMoneyByDefault() external {
        _useDisputeOfArbiter(false);
        _settleByDefault();
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), PRICE);
    }

    /// @dev Its own dispute nobody else decides. Where silence favors the payer, an arbiter that buys has silence on its side,
    /// as it would have with any other account of its own: one arbiter is trusted.
    function test_WhenItPaidItselfAndSilenceFavorsThePayerItGetsAllThatIsRefundable() external {
        _useDisputeOfArbiter(true);
        _settleByDefault();
        assertEq(creditOf(payer.addr), PRICE);
    }

    /* ABSENT */

    function test_WhenItIsSilentTheReceiverGetsAll() external {
        _settleByDefault();
        assertEq(creditOf(payer.addr), 0, "payer");
        assertEq(creditOf(receiver.addr), PRICE - PRICE / 100, "receiver");
        assertEq(creditOf(feeReceiver), PRICE / 100, "fee receiver");
    }

    function test_WhenItIsSilentAndSilenceFavorsThePayerThePayerGetsAllThatIsRefundable() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        (terms.silenceFavorsPayer, terms.nonRefundableBps) = (true, 1_000);
        _useDispute(terms);
        _settleByDefault();
        assertEq(creditOf(payer.addr), PRICE - PRICE / 10, "payer");
        assertEq(creditOf(receiver.addr), PRICE / 10 - PRICE / 1_000, "receiver");
        assertEq(creditOf(feeReceiver), PRICE / 1_000, "fee receiver");
    }

    function test_RevertWhen_ItDecidesTooLate() external {
        uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
        vm.warp(defaultsAt);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.DecisionAfterDeadline.selector, _id, defaultsAt));
        _resolve(arbiter.addr, PRICE, 0);
    }

    /// @dev Nobody waits for the arbiter longer than the terms say, and who agrees does not wait for it at all.
    function test_WhenItIsAWalletThatBurnsAllGasTheDefaultComes() external {
        MoodyWallet wallet = new MoodyWallet(arbiter.addr);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = address(wallet);
        _useDispute(terms);
        Resolve memory decision = _decision();
        bytes memory signature = bytes.concat(signResolve(arbiter, decision), hex"01");
        wallet.setMood(MoodyWallet.Mood.BurnsGas);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, wallet));
        vault.resolveWithSignature{gas: 2_000_000}(_ref, decision, signature);
        _settleByDefault();
        assertEq(creditOf(receiver.addr), PRICE - PRICE / 100);
    }

    /* HELPERS */

    function _useDispute(RefundWindowTerms memory terms) private {
        vault = deployVault(terms);
        _useRef(disputed(payer, PRICE, bytes32(uint256(uint160(address(vault)))))); // one nonce a vault
    }

    /// @dev The payer is the arbiter.
    function _useDisputeOfArbiter(bool silenceFavorsPayer) private {
        RefundWindowTerms memory terms = termsWithArbiter();
        (terms.arbiter, terms.silenceFavorsPayer) = (payer.addr, silenceFavorsPayer);
        _useDispute(terms);
    }

    function _useRef(PaymentRef memory ref) private {
        _ref = ref;
        _id = vault.idOf(ref);
    }

    function _decision() private view returns (Resolve memory) {
        return Resolve({paymentId: _id, toPayer: PRICE, toReceiver: 0, evidence: "", deadline: type(uint256).max});
    }

    function _resolve(address by, uint256 toPayer, uint256 toReceiver) private {
        vm.prank(by);
        vault.resolve(_ref, toPayer, toReceiver, EVIDENCE);
    }

    function _settleByDefault() private {
        vm.warp(vault.paymentOf(_ref).defaultsAt);
        vault.resolveByDefault(_ref);
    }
}
