// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {Pair} from "../../contracts/types/Subscription.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {PaymentApproval, Refund, Undo, Withdraw} from "../../contracts/types/TypedData.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: money that comes back comes back to the account. The agent may sign for it alone, and is every party of
/// the vaults.
contract MultisigMoneyBackTest is MultisigAttackTest {
    /* ELSEWHERE */

    function test_TheAgentAloneTakesAPaymentBack() external {
        PaymentRef memory ref = payRefundWindow(SMALL, "nonce");
        _refund(ref, address(account), only(agent));
        assertEq(balanceOf(address(account)), BALANCE);
    }

    function test_RevertWhen_ARefundGoesElsewhere() external {
        PaymentRef memory ref = payRefundWindow(SMALL, "nonce");
        _expectRefused(ref, thief.addr, only(agent));
        _expectRefused(ref, agent.addr, both(agent, alice));
        _refund(ref, thief.addr, both(alice, bob));
        assertEq(balanceOf(thief.addr), SMALL, "with full weight");
    }

    /// @dev The word's lower part is the account, and what a vault would read of it, too, did it not look at the rest.
    function testFuzz_DeniesADirtyRecipient(uint96 dirt) external {
        PaymentRef memory ref = payRefundWindow(SMALL, "nonce");
        dirt = uint96(bound(dirt, 1, type(uint96).max));
        Refund memory message = _refundOf(ref, address(account));
        bytes memory data = abi.encode(message);
        assembly ("memory-safe") {
            mstore(add(data, 0x80), or(shl(160, dirt), mload(add(data, 0x80))))
        }
        (bytes32 digest, bytes memory blob) = _signedRefund(data, only(agent));
        assertDenied(digest, blob);
    }

    /// @dev What the account earned and another paid: the agent can neither give it back, nor send it to the account.
    function test_RevertWhen_TheAgentRefundsWhatTheAccountEarned() external {
        RefundWindowTerms memory terms = refundWindowTerms();
        (terms.receiver, terms.operator) = (address(account), shop);
        refundWindow = RefundWindow(refundWindows.deploy(abi.encode(terms)));
        PaymentRef memory ref = _payAsThief();
        _expectRefused(ref, thief.addr, only(agent));
        Refund memory message = _refundOf(ref, address(account));
        (, bytes memory blob) = _signedRefund(abi.encode(message), only(agent));
        vm.expectRevert(
            abi.encodeWithSelector(
                IRefundWindow.RefundNotToPayer.selector,
                message.paymentId,
                address(account),
                thief.addr
            )
        );
        refundWindow.refundWithSignature(ref, message, blob, PAYOUT_GAS);
    }

    function _payAsThief() private returns (PaymentRef memory ref) {
        token.mint(thief.addr, SMALL);
        Authorization memory authorization;
        (authorization.token, authorization.payer) = (address(token), thief.addr);
        (authorization.value, authorization.validBefore) = (SMALL, FOREVER);
        bytes32 digest = token.digestOf(thief.addr, address(refundWindow), SMALL, 0, FOREVER, 0);
        authorization.signature = sign(thief.key, digest);
        refundWindow.pay(authorization);
        ref = refOf(0);
        ref.payer = thief.addr;
    }

    function test_RevertWhen_ACreditGoesElsewhere() external {
        _makeCredit();
        (Withdraw memory message, bytes memory blob) = _withdraw(thief.addr, only(agent));
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(account)));
        refundWindow.withdrawWithSignature(message, blob);
        (message, blob) = _withdraw(address(account), only(agent));
        refundWindow.withdrawWithSignature(message, blob);
        assertEq(balanceOf(address(account)), BALANCE);
    }

    function test_RevertWhen_AnUndoGoesElsewhere() external {
        _payPeriod();
        (Undo memory message, bytes memory blob) = _undo(thief.addr, only(agent));
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(account)));
        plan.undoWithSignature(message, blob, PAYOUT_GAS);
        (message, blob) = _undo(address(account), only(agent));
        plan.undoWithSignature(message, blob, PAYOUT_GAS);
        assertEq(balanceOf(address(account)), BALANCE);
    }

    /* CYCLES */

    /// @dev Pays, takes back, pays the thief: in whatever order, all parties together never have more than was spendable.
    function testFuzz_NoCycleRaisesWhatIsSpendable(uint256[12] calldata steps) external {
        uint256 start = spendable();
        for (uint256 i = 0; i < steps.length; ++i) _cycle(steps[i], bytes32(i));
        drain(thief.addr, "last");
        assertLe(balanceOf(thief.addr) + balanceOf(agent.addr), start, "stolen");
        assertGe(balanceOf(address(account)), RESERVE, "left");
    }

    function _cycle(uint256 step, bytes32 nonce) private {
        uint256 value = bound(step, 1, SMALL);
        if (value > spendable()) return;
        uint256 way = step % 5;
        if (way == 0) _refund(payRefundWindow(value, nonce), address(account), only(agent));
        if (way == 1) _giveBack(payRefundWindow(value, nonce), value);
        if (way == 2) _void(payEscrow(value, nonce), value);
        if (way == 3) _capture(payEscrow(value, nonce), value);
        if (way == 4) payByAgent(thief.addr, value, nonce);
    }

    /// @dev A human's payment touched the reserve; the agent takes it back, and the reserve is what it was.
    function test_WhatAHumanPaidOutOfTheReserveComesBackToTheReserve() external {
        PaymentApproval memory payment = paymentTo(address(refundWindow), LARGE, "human");
        refundWindow.pay(authorizationOf(payment, paymentBlob(payment, both(agent, alice))));
        assertEq(spendable(), 0, "paid");
        _refund(refOf("human"), address(account), only(agent));
        assertEq(spendable(), BALANCE - RESERVE, "back");
    }

    /// @dev Known: what is above the reserve is spendable, whoever paid it before. Refills in between run at their rate.
    function test_WhatRefillsTookMeanwhileIsSpendableWhenItComesBack() external {
        PaymentApproval memory payment = paymentTo(address(refundWindow), LARGE, "human");
        refundWindow.pay(authorizationOf(payment, paymentBlob(payment, both(agent, alice))));
        for (uint256 day = 0; day < 10; ++day) {
            account.refill(address(token));
            vm.warp(block.timestamp + 1 days);
        }
        _refund(refOf("human"), address(account), only(agent));
        assertEq(spendable(), BALANCE - RESERVE + 10 * uint256(PER_DAY));
    }

    /* HELPERS */

    function _refundOf(PaymentRef memory ref, address to) private view returns (Refund memory) {
        IRefundWindow.Payment memory payment = refundWindow.paymentOf(ref);
        return
            Refund({
                paymentId: payment.id,
                by: address(account),
                amount: payment.held,
                to: to,
                expectedHeld: payment.held,
                expectedRefunded: 0,
                deadline: FOREVER
            });
    }

    function _signedRefund(
        bytes memory data,
        Account[] memory signers
    ) private view returns (bytes32 digest, bytes memory blob) {
        return
            signedMessage({
                kind: MessageKind.Refund,
                domainKind: DomainKind.RefundWindow,
                verifyingContract: address(refundWindow),
                approvalType: REFUND_TYPE,
                typeHash: TypedDataLib.REFUND_TYPEHASH,
                data: data,
                signers: signers
            });
    }

    function _refund(PaymentRef memory ref, address to, Account[] memory signers) private {
        Refund memory message = _refundOf(ref, to);
        (, bytes memory blob) = _signedRefund(abi.encode(message), signers);
        refundWindow.refundWithSignature(ref, message, blob, PAYOUT_GAS);
    }

    function _expectRefused(PaymentRef memory ref, address to, Account[] memory signers) private {
        Refund memory message = _refundOf(ref, to);
        (, bytes memory blob) = _signedRefund(abi.encode(message), signers);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, address(account)));
        refundWindow.refundWithSignature(ref, message, blob, PAYOUT_GAS);
    }

    /// @dev The token refuses while the refund is made: the account has a credit.
    function _makeCredit() private {
        PaymentRef memory ref = payRefundWindow(SMALL, "nonce");
        token.setDenylisted(address(account), true);
        _refund(ref, address(account), only(agent));
        token.setDenylisted(address(account), false);
    }

    function _withdraw(
        address to,
        Account[] memory signers
    ) private view returns (Withdraw memory message, bytes memory blob) {
        message = Withdraw({
            token: address(token),
            owner: address(account),
            to: to,
            expectedCredit: SMALL,
            expectedWithdrawn: 0,
            deadline: FOREVER
        });
        (, blob) = signedMessage({
            kind: MessageKind.Withdraw,
            domainKind: DomainKind.RefundWindow,
            verifyingContract: address(refundWindow),
            approvalType: WITHDRAW_TYPE,
            typeHash: TypedDataLib.WITHDRAW_TYPEHASH,
            data: abi.encode(message),
            signers: signers
        });
    }

    function _payPeriod() private {
        PaymentApproval memory payment = paymentTo(address(plan), 1e6, "period");
        plan.pay(authorizationOf(payment, paymentBlob(payment, only(agent))));
    }

    function _undo(address to, Account[] memory signers) private view returns (Undo memory message, bytes memory blob) {
        message = Undo({
            subscriber: address(account),
            beneficiary: address(account),
            closesAt: plan.subscriptionOf(Pair(address(account), address(account))).closesAt,
            to: to,
            deadline: FOREVER
        });
        (, blob) = signedMessage({
            kind: MessageKind.Undo,
            domainKind: DomainKind.SubscriptionPlan,
            verifyingContract: address(plan),
            approvalType: UNDO_TYPE,
            typeHash: TypedDataLib.UNDO_TYPEHASH,
            data: abi.encode(message),
            signers: signers
        });
    }

    /// @dev The thief as the shop.
    function _giveBack(PaymentRef memory ref, uint256 amount) private {
        vm.prank(thief.addr);
        refundWindow.refund(ref, amount, address(account), amount, 0, PAYOUT_GAS);
    }

    function _void(PaymentRef memory ref, uint256 amount) private {
        vm.prank(agent.addr);
        escrow.void(ref, amount, PAYOUT_GAS);
    }

    function _capture(PaymentRef memory ref, uint256 amount) private {
        vm.prank(agent.addr);
        escrow.capture(ref, amount, amount, 0, PAYOUT_GAS);
    }
}
