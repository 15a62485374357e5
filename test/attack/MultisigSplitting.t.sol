// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {PaymentApproval, Refund} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: who may pay little pays little. The agent pays as often as it can.
contract MultisigSplittingTest is MultisigAttackTest {
    function test_SplittingEndsAtTheReserve() external {
        assertEq(drain(thief.addr, "first"), BALANCE - RESERVE, "spent");
        _expectDenied(1);
        assertEq(balanceOf(address(account)), RESERVE, "left");
    }

    /// @dev All of them can be paid at once, and each looks at what the ones before left.
    function test_PaymentsSignedAtOnceEndThereToo() external {
        uint256 count = (BALANCE - RESERVE) / SMALL;
        for (uint256 i = 0; i < count; ++i) payByAgent(thief.addr, SMALL, bytes32(i));
        _expectDenied(1);
    }

    function test_APaymentThatWouldLeaveTooLittleIsDeniedWhole() external {
        payByAll(shop, BALANCE - RESERVE - SMALL + 1, "humans");
        _expectDenied(SMALL);
        payByAgent(thief.addr, SMALL - 1, "less");
        assertEq(balanceOf(address(account)), RESERVE, "left");
    }

    function test_AMonthOfRefillsLetsOutTheirRate() external {
        uint256 spent = drain(thief.addr, "first");
        for (uint256 day = 0; day < 30; ++day) {
            account.refill(address(token));
            spent += drain(thief.addr, bytes32(day));
            vm.warp(block.timestamp + 1 days);
        }
        assertEq(spent, BALANCE - RESERVE + 30 * uint256(PER_DAY), "spent");
    }

    function test_RefillsOfEverySecondLetOutNoMore() external {
        drain(thief.addr, "first");
        account.refill(address(token));
        uint256 before = account.spendableOf(address(token)).reserve;
        uint256 begin = block.timestamp;
        for (uint256 i = 1; i <= 600; ++i) {
            vm.warp(begin + i);
            account.refill(address(token));
        }
        uint256 refilled = before - account.spendableOf(address(token)).reserve;
        assertEq(refilled, 600 * uint256(PER_DAY / 1 days), "a part of a unit less each time");
    }

    function test_AYearWithoutARefillLetsOutADay() external {
        drain(thief.addr, "first");
        vm.warp(block.timestamp + 365 days);
        assertEq(account.refill(address(token)), PER_DAY);
    }

    /// @dev What is parked in a vault of the thief's own is not spendable, so that refills go on beyond their target: at their rate.
    function test_MoneyParkedInAVaultRaisesNoBound() external {
        uint256 start = spendable();
        PaymentRef[] memory refs = new PaymentRef[](10);
        for (uint256 i = 0; i < refs.length; ++i) refs[i] = payRefundWindow(SMALL, bytes32(i));
        uint256 day = 0;
        for (; day < 20; ++day) {
            account.refill(address(token));
            if (spendable() >= TARGET) drain(thief.addr, bytes32(day));
            vm.warp(block.timestamp + 1 days);
        }
        for (uint256 i = 0; i < refs.length; ++i) _takeBack(refs[i]);
        drain(thief.addr, "last");
        assertLe(balanceOf(thief.addr), start + day * PER_DAY, "stolen");
    }

    /// @dev Known, and not checked: a tier bounds one payment, and what a human signs may touch the reserve.
    function test_AHumanWhoSplitsPaysOutOfTheReserve() external {
        drain(thief.addr, "first");
        PaymentApproval memory payment = paymentTo(shop, SMALL, "human");
        pay(payment, paymentBlob(payment, only(alice)));
        assertEq(balanceOf(address(account)), RESERVE - SMALL);
    }

    function _expectDenied(uint256 value) private {
        PaymentApproval memory payment = paymentTo(thief.addr, value, "too much");
        bytes memory blob = paymentBlob(payment, only(agent));
        vm.expectRevert(abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, address(account)));
        pay(payment, blob);
    }

    function _takeBack(PaymentRef memory ref) private {
        IRefundWindow.Payment memory payment = refundWindow.paymentOf(ref);
        Refund memory message = Refund({
            paymentId: payment.id,
            by: address(account),
            amount: payment.held,
            to: address(account),
            expectedHeld: payment.held,
            expectedRefunded: 0,
            deadline: FOREVER
        });
        (, bytes memory blob) = signedMessage({
            kind: MessageKind.Refund,
            domainKind: DomainKind.RefundWindow,
            verifyingContract: address(refundWindow),
            approvalType: REFUND_TYPE,
            typeHash: TypedDataLib.REFUND_TYPEHASH,
            data: abi.encode(message),
            signers: only(agent)
        });
        refundWindow.refundWithSignature(ref, message, blob, PAYOUT_GAS);
    }
}
