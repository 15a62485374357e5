// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../mocks/OwnedWallet.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a message about a dispute is used where, when and by whom it was meant. All that are signed
/// here never expire.
contract DisputeReplayTest is AttackTest {
    PaymentRef private _ref;
    PaymentId private _id;
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private _oldChainId;

    function setUp() public override {
        super.setUp();
        _oldChainId = block.chainid;
        useVaultWithArbiter();
        _useRef(disputed(payer, PRICE, "nonce"));
    }

    /* DISPUTE */

    function test_RevertWhen_ADisputeIsPresentedAfterItsSettlement() external {
        _useRef(pay(payer, PRICE, "open"));
        bytes memory signature = signDispute(payer, _dispute(_id));
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
        vm.prank(payer.addr);
        vault.withdrawDispute(_ref);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, _id, true));
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
    }

    function test_RevertWhen_ADisputeIsPresentedForAnotherPayment() external {
        bytes memory signature = signDispute(payer, _dispute(_id));
        PaymentId signedId = _id;
        _useRef(pay(payer, PRICE, "open"));
        _expectMismatch(signedId);
        vault.disputeWithSignature(_ref, _dispute(signedId), signature);
        _expectInvalid(payer.addr);
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
    }

    function test_RevertWhen_ADisputeIsPresentedToAnotherVault() external {
        bytes memory signature = signDispute(payer, _dispute(_id));
        PaymentId signedId = _id;
        _useOtherVault();
        _useRef(pay(payer, PRICE, "nonce2"));
        _expectMismatch(signedId);
        vault.disputeWithSignature(_ref, _dispute(signedId), signature);
        _expectInvalid(payer.addr);
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
    }

    function test_RevertWhen_ADisputeWasSignedOnAnotherChain() external {
        _useRef(pay(payer, PRICE, "open"));
        bytes memory signature = signDispute(payer, _dispute(_id));
        vm.chainId(_oldChainId + 1);
        _expectInvalid(payer.addr);
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
    }

    /// @dev The payer's way into a dispute does not end with the chain's id.
    function test_AfterTheForkThePayerDisputesByANewSignature() external {
        _useRef(pay(payer, PRICE, "open"));
        vm.chainId(_oldChainId + 1);
        vault.disputeWithSignature(_ref, _dispute(_id), signDispute(payer, _dispute(_id)));
        assertEq(uint8(vault.paymentOf(_ref).status), uint8(IRefundWindow.Status.Disputed));
    }

    /* WITHDRAW */

    function test_RevertWhen_AWithdrawalIsPresentedForAnotherDispute() external {
        WithdrawDispute memory message = _withdrawal(_id);
        bytes memory signature = signWithdrawDispute(payer, message);
        _useRef(disputed(payer, PRICE, "other"));
        _expectMismatch(message.paymentId);
        vault.withdrawDisputeWithSignature(_ref, message, signature);
        message.paymentId = _id;
        _expectInvalid(payer.addr);
        vault.withdrawDisputeWithSignature(_ref, message, signature);
    }

    function test_RevertWhen_AWithdrawalIsPresentedTwice() external {
        WithdrawDispute memory message = _withdrawal(_id);
        bytes memory signature = signWithdrawDispute(payer, message);
        vault.withdrawDisputeWithSignature(_ref, message, signature);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vault.withdrawDisputeWithSignature(_ref, message, signature);
    }

    /// @dev Else a shop that has its buyers sign this at the purchase would have no disputes.
    function testFuzz_RevertWhen_AWithdrawalWasSignedBeforeTheDispute(uint256 elapsed) external {
        _useRef(pay(payer, PRICE, "open"));
        WithdrawDispute memory message = _withdrawal(_id);
        bytes memory signature = signWithdrawDispute(payer, message);
        vm.warp(block.timestamp + bound(elapsed, 0, WINDOW - 1));
        dispute(_ref);
        uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.DisputeMismatch.selector, _id, defaultsAt, 0));
        vault.withdrawDisputeWithSignature(_ref, message, signature);
    }

    /// @dev The seller's own goods and money: it may promise beforehand to concede.
    function test_AConcessionSignedBeforeTheDisputeEndsIt() external {
        _useRef(pay(payer, PRICE, "open"));
        Concede memory message = Concede({paymentId: _id, by: operator.addr, deadline: type(uint256).max});
        bytes memory signature = signConcede(operator, message);
        dispute(_ref);
        vault.concedeWithSignature(_ref, message, signature);
        assertEq(creditOf(payer.addr), PRICE);
    }

    /// @dev The payer's message against the payer: the two have other types.
    function test_RevertWhen_ADisputeIsUsedAsItsWithdrawal() external {
        WithdrawDispute memory message = _withdrawal(_id);
        bytes memory signature = signDispute(payer, _dispute(_id));
        _expectInvalid(payer.addr);
        vault.withdrawDisputeWithSignature(_ref, message, signature);
    }

    /* RESOLVE */

    function test_RevertWhen_ADecisionIsPresentedForAnotherPaymentOfTheSameAmount() external {
        Resolve memory decision = _decision(_id);
        bytes memory signature = signResolve(arbiter, decision);
        _useRef(disputed(payer, PRICE, "other"));
        _expectMismatch(decision.paymentId);
        vault.resolveWithSignature(_ref, decision, signature);
        decision.paymentId = _id;
        _expectInvalid(arbiter.addr);
        vault.resolveWithSignature(_ref, decision, signature);
    }

    function test_RevertWhen_ADecisionIsPresentedToAnotherVaultOfTheSameArbiter() external {
        Resolve memory decision = _decision(_id);
        bytes memory signature = signResolve(arbiter, decision);
        _useOtherVault();
        _useRef(disputed(payer, PRICE, "nonce2"));
        _expectMismatch(decision.paymentId);
        vault.resolveWithSignature(_ref, decision, signature);
        decision.paymentId = _id;
        _expectInvalid(arbiter.addr);
        vault.resolveWithSignature(_ref, decision, signature);
    }

    function test_RevertWhen_ADecisionWasSignedForTheDomainOfAnotherVault() external {
        IRefundWindow original = vault;
        _useOtherVault();
        bytes memory signature = signResolve(arbiter, _decision(_id));
        _expectInvalid(arbiter.addr);
        original.resolveWithSignature(_ref, _decision(_id), signature);
    }

    function test_RevertWhen_ADecisionWasSignedOnAnotherChain() external {
        bytes memory signature = signResolve(arbiter, _decision(_id));
        vm.chainId(_oldChainId + 1);
        _expectInvalid(arbiter.addr);
        vault.resolveWithSignature(_ref, _decision(_id), signature);
    }

    function test_RevertWhen_ADecisionIsPresentedBeforeTheDispute() external {
        _useRef(pay(payer, PRICE, "open"));
        bytes memory signature = signResolve(arbiter, _decision(_id));
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vault.resolveWithSignature(_ref, _decision(_id), signature);
    }

    function test_RevertWhen_ADecisionIsPresentedTwice() external {
        bytes memory signature = signResolve(arbiter, _decision(_id));
        vault.resolveWithSignature(_ref, _decision(_id), signature);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, _id));
        vault.resolveWithSignature(_ref, _decision(_id), signature);
    }

    function test_RevertWhen_ADecisionIsPresentedAtTheDefault() external {
        bytes memory signature = signResolve(arbiter, _decision(_id));
        uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
        vm.warp(defaultsAt);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.DecisionAfterDeadline.selector, _id, defaultsAt));
        vault.resolveWithSignature(_ref, _decision(_id), signature);
    }

    function test_RevertWhen_TheSignatureOfADecisionIsMirrored() external {
        bytes memory signature = signResolve(arbiter, _decision(_id));
        uint256 order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;
        assembly ("memory-safe") {
            mstore(add(signature, 0x40), sub(order, mload(add(signature, 0x40))))
        }
        signature[64] = signature[64] == bytes1(uint8(27)) ? bytes1(uint8(28)) : bytes1(uint8(27));
        _expectInvalid(arbiter.addr);
        vault.resolveWithSignature(_ref, _decision(_id), signature);
    }

    /* ONE OWNER, TWO ACCOUNTS */

    /// @dev Both accounts accept what their one owner signs; only the named one signed.
    function test_RevertWhen_AConcessionOfTheReceiverIsNamedAsTheOperators() external {
        (Account memory first, Account memory second) = _useVaultOfTwoWallets();
        _useRef(disputed(payer, PRICE, "nonce2"));
        Concede memory message = Concede({paymentId: _id, by: first.addr, deadline: type(uint256).max});
        bytes memory signature = signConcede(first, message);
        message.by = second.addr;
        _expectInvalid(second.addr);
        vault.concedeWithSignature(_ref, message, signature);
        message.by = first.addr;
        vault.concedeWithSignature(_ref, message, signature);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_RevertWhen_ARefundOfTheReceiverIsNamedAsTheOperators() external {
        (Account memory first, Account memory second) = _useVaultOfTwoWallets();
        _useRef(pay(payer, PRICE, "nonce2"));
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        message.by = first.addr;
        bytes memory signature = signRefund(first, message);
        message.by = second.addr;
        _expectInvalid(second.addr);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    /// @dev What a person signed as the seller, to give back, is not what the same person signs as the buyer.
    function test_RevertWhen_ARefundOfTheReceiverIsNamedAsThePayers() external {
        Account memory buyer = _makeWallet();
        Account memory seller = _makeWallet();
        RefundWindowTerms memory terms = defaultTerms();
        terms.receiver = seller.addr;
        vault = deployVault(terms);
        _useRef(pay(buyer, PRICE, "nonce2"));
        Refund memory message = refundMessage(_ref, PRICE, buyer.addr);
        message.by = seller.addr;
        bytes memory signature = signRefund(seller, message);
        message.by = buyer.addr;
        _expectInvalid(buyer.addr);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_ADisputeOfOneAccountIsUsedForThePaymentOfAnother() external {
        Account memory first = _makeWallet();
        Account memory second = _makeWallet();
        PaymentId signedId = vault.idOf(pay(first, PRICE, "nonce2"));
        bytes memory signature = signDispute(first, _dispute(signedId));
        _useRef(pay(second, PRICE, "nonce2"));
        _expectMismatch(signedId);
        vault.disputeWithSignature(_ref, _dispute(signedId), signature);
        _expectInvalid(second.addr);
        vault.disputeWithSignature(_ref, _dispute(_id), signature);
    }

    /// @dev A dispute whose evidence is the signer's own address has the words of its concession.
    function test_RevertWhen_ADisputeIsUsedAsAConcession() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = payer.addr;
        vault = deployVault(terms);
        _useRef(disputed(payer, PRICE, "nonce2"));
        Dispute memory message = _dispute(_id);
        message.evidence = bytes32(uint256(uint160(payer.addr)));
        bytes memory signature = signDispute(payer, message);
        _expectInvalid(payer.addr);
        vault.concedeWithSignature(_ref, abi.decode(abi.encode(message), (Concede)), signature);
    }

    /* HELPERS */

    function _useRef(PaymentRef memory ref) private {
        _ref = ref;
        _id = vault.idOf(ref);
    }

    function _useOtherVault() private {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.salt = "other";
        vault = deployVault(terms);
    }

    function _makeWallet() private returns (Account memory account) {
        account = Account(address(new OwnedWallet(otherPayer.addr)), otherPayer.key);
        token.mint(account.addr, PRICE);
    }

    function _useVaultOfTwoWallets() private returns (Account memory first, Account memory second) {
        (first, second) = (_makeWallet(), _makeWallet());
        RefundWindowTerms memory terms = termsWithArbiter();
        (terms.receiver, terms.operator) = (first.addr, second.addr);
        vault = deployVault(terms);
    }

    function _dispute(PaymentId id) private pure returns (Dispute memory) {
        return Dispute({paymentId: id, evidence: EVIDENCE, deadline: type(uint256).max});
    }

    function _withdrawal(PaymentId id) private view returns (WithdrawDispute memory) {
        uint40 defaultsAt = vault.paymentOf(_ref).defaultsAt;
        return WithdrawDispute({paymentId: id, defaultsAt: defaultsAt, deadline: type(uint256).max});
    }

    function _decision(PaymentId id) private pure returns (Resolve memory) {
        return Resolve({paymentId: id, toPayer: PRICE, toReceiver: 0, evidence: EVIDENCE, deadline: type(uint256).max});
    }

    function _expectMismatch(PaymentId signedId) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentMismatch.selector, _id, signedId));
    }

    function _expectInvalid(address signer) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer));
    }
}
