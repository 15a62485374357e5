// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Refund, Withdraw} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a signature is used where, when and for what it was made.
contract SignatureReplayTest is AttackTest {
    uint256 private constant CURVE_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141;

    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_AnAuthorizationToAnotherVaultIsPresented() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "other");
        vault = _deployOther();
        bytes memory reason = abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, payer.addr);
        assertPayRefused(signed, tokenRefused(reason));
    }

    function test_RevertWhen_ARefundNamesThePaymentOfAnotherVault() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        vault = _deployOther();
        pay(payer, PRICE, "nonce2");
        PaymentRef memory ref = refOf(payer.addr, "nonce2");
        bytes memory reason = abi.encodeWithSelector(
            IVault.PaymentMismatch.selector,
            vault.idOf(ref),
            message.paymentId
        );
        vm.expectRevert(reason);
        vault.refundWithSignature(ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_ARefundWasSignedForAnotherVaultsDomain() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        IRefundWindow original = vault;
        vault = _deployOther();
        bytes memory signature = signRefund(payer, message);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        original.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_TheChainHasForked() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    /// @dev The payer's way out does not end with the chain's id.
    function test_AfterTheForkThePayerRefundsByCallAndByANewSignature() external {
        vm.chainId(block.chainid + 1);
        vm.prank(payer.addr);
        vault.refund(_ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS);
        Refund memory message = refundMessage(_ref, PRICE - 1, payer.addr);
        vault.refundWithSignature(_ref, message, signRefund(payer, message), PAYOUT_GAS);
        assertEq(vault.paymentOf(_ref).refunded, PRICE);
    }

    function test_RevertWhen_AWithdrawalWasSignedOnAnotherChain() external {
        Withdraw memory message = _creditAndMessage();
        bytes memory signature = signWithdraw(payer, message);
        vm.chainId(block.chainid + 1);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.withdrawWithSignature(message, signature);
    }

    function test_RevertWhen_ARefundIsPresentedTwice() external {
        Refund memory message = refundMessage(_ref, 1, payer.addr);
        bytes memory signature = signRefund(payer, message);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.PaymentChanged.selector,
            message.paymentId,
            PRICE - 1,
            1
        );
        vm.expectRevert(reason);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_AWithdrawalIsPresentedTwice() external {
        Withdraw memory message = _creditAndMessage();
        bytes memory signature = signWithdraw(payer, message);
        vault.withdrawWithSignature(message, signature);
        vm.expectRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, 0, PRICE));
        vault.withdrawWithSignature(message, signature);
    }

    function test_RevertWhen_AWithdrawalIsPresentedAgainForAnEqualCredit() external {
        Withdraw memory message = _creditAndMessage();
        bytes memory signature = signWithdraw(payer, message);
        vault.withdrawWithSignature(message, signature);
        PaymentRef memory ref = pay(payer, PRICE, "again");
        token.setPaused(true);
        refund(payer, ref, PRICE, payer.addr);
        token.setPaused(false);
        vm.expectRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, PRICE, PRICE));
        vault.withdrawWithSignature(message, signature);
    }

    /// @dev The words of a withdrawal, and one more, hashed as a refund.
    function test_RevertWhen_ARefundSignatureIsUsedAsAWithdrawal() external {
        Withdraw memory message = _creditAndMessage();
        Refund memory refundWithTheSameWords = abi.decode(abi.encode(message, 0), (Refund));
        bytes memory signature = signRefund(payer, refundWithTheSameWords);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.withdrawWithSignature(message, signature);
    }

    function test_RevertWhen_AnotherFieldIsChanged() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        message.to = stranger.addr;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_AnotherSignerIsNamed() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(stranger, message);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_AStrangerSignsForItself() external {
        Refund memory message = refundMessage(_ref, PRICE, stranger.addr);
        message.by = stranger.addr;
        bytes memory signature = signRefund(stranger, message);
        bytes memory reason = abi.encodeWithSelector(IRefundWindow.NotParty.selector, message.paymentId, stranger.addr);
        vm.expectRevert(reason);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_TheSignerIsZero() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(0)));
        message.by = address(0);
        vault.refundWithSignature(_ref, message, new bytes(65), PAYOUT_GAS);
    }

    function test_RevertWhen_TheSignatureIsMirrored() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        uint256 s;
        assembly ("memory-safe") {
            s := mload(add(signature, 0x40))
        }
        s = CURVE_ORDER - s;
        assembly ("memory-safe") {
            mstore(add(signature, 0x40), s)
        }
        signature[64] = signature[64] == bytes1(uint8(27)) ? bytes1(uint8(28)) : bytes1(uint8(27));
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, payer.addr));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_TheDeadlineIsReached() external {
        Refund memory message = refundMessage(_ref, PRICE, payer.addr);
        bytes memory signature = signRefund(payer, message);
        vm.warp(message.deadline);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function _deployOther() private returns (RefundWindow) {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        return deployVault(terms);
    }

    function _creditAndMessage() private returns (Withdraw memory) {
        token.setPaused(true);
        refund(payer, _ref, PRICE, payer.addr);
        token.setPaused(false);
        return
            Withdraw({
                token: address(token),
                owner: payer.addr,
                to: stranger.addr,
                expectedCredit: PRICE,
                expectedWithdrawn: 0,
                deadline: block.timestamp + 1 days
            });
    }
}
