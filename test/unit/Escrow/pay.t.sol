// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

/// @dev What every kind of vault does with a payment is tested with the refund window.
contract EscrowPayTest is EscrowTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        Authorization memory authorization = authorize(payer, address(implementation), PRICE, "nonce");

        vm.expectRevert(implementationUsed());
        implementation.pay(authorization);
    }

    /* KNOWN */

    function test_RevertWhen_PaymentIsHeld() external {
        expectKnown(pay(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_PaymentWasCaptured() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        capture(ref, PRICE);

        expectKnown(ref);
    }

    function test_RevertWhen_PaymentWasReturned() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        voidAs(receiver.addr, ref);

        expectKnown(ref);
    }

    function test_RevertWhen_PaymentWasReclaimed() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        vm.warp(CAPTURE_UNTIL);
        reclaim(ref);

        expectKnown(ref);
    }

    /* NUMBERS */

    function testFuzz_RevertWhen_ValueIsAbovePacking(uint256 value) external {
        value = bound(value, uint256(type(uint104).max) + 1, type(uint256).max - token.totalSupply());
        token.mint(payer.addr, value);
        Authorization memory authorization = authorize(payer, address(vault), value, "nonce");

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, value));
        vault.pay(authorization);
    }

    function test_BooksTheMostThatFits() external {
        token.mint(payer.addr, type(uint104).max);

        PaymentRef memory ref = pay(payer, type(uint104).max, "nonce");

        assertEq(vault.paymentOf(ref).held, type(uint104).max);
    }

    function test_RevertWhen_CaptureUntilIsAfterUint40() external {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, "nonce");
        vm.warp(type(uint40).max - CAPTURE_WINDOW + 1);

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, uint256(type(uint40).max) + 1)
        );
        vault.pay(authorization);
    }

    /* ACCEPTED */

    function testFuzz_BooksThePayment(uint256 value, address caller) external {
        value = bound(value, 1, 1e30);
        Authorization memory authorization = authorize(payer, address(vault), value, "nonce");

        vm.prank(caller);
        PaymentId id = vault.pay(authorization);

        IEscrow.EscrowPayment memory payment = vault.paymentOf(refOf(payer.addr, "nonce"));
        assertEq(PaymentId.unwrap(payment.id), PaymentId.unwrap(id), "id");
        assertEq(uint8(payment.status), uint8(IEscrow.EscrowStatus.Held), "status");
        assertEq(payment.paid, value, "paid");
        assertEq(payment.held, value, "held");
        assertEq(payment.captured + payment.returned + payment.refunded, 0, "nothing else");
        assertEq(token.balanceOf(address(vault)), value, "balance");
    }

    function testFuzz_EmitsAuthorized(uint256 value) external {
        value = bound(value, 1, 1e30);
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        Authorization memory authorization = authorize(payer, address(vault), value, "nonce");

        vm.expectEmit(address(vault));
        emit IEscrow.Authorized(id, payer.addr, address(token), "nonce", value, CAPTURE_UNTIL);
        vault.pay(authorization);
    }

    function testFuzz_CanBeCapturedUntilTheEndOfTheWindow(uint40 captureWindow, uint40 paidAt) external {
        EscrowTerms memory terms = defaultTerms();
        terms.captureWindow = uint40(bound(captureWindow, 10 minutes, 365 days));
        useVault(terms);
        paidAt = uint40(bound(paidAt, START, START + 1000 * 365 days));
        vm.warp(paidAt);

        PaymentRef memory ref = pay(payer, PRICE, "nonce");

        assertEq(vault.paymentOf(ref).captureUntil, paidAt + terms.captureWindow);
    }

    function testFuzz_AddsToLiabilities(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 1, 1e30), bound(second, 1, 1e30));

        pay(payer, first, "nonce");
        pay(otherPayer, second, "nonce");

        assertEq(liabilities(), first + second);
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        token.mint(address(vault), surplus);

        pay(payer, PRICE, "nonce");

        assertEq(vault.surplusOf(address(token)), surplus);
    }

    /* HELPERS */

    function expectKnown(PaymentRef memory ref) private {
        Authorization memory authorization = authorize(payer, address(vault), PRICE, ref.nonce);
        PaymentId id = vault.idOf(ref);

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        vault.pay(authorization);
    }
}
