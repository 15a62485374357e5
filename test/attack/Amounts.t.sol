// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: amounts are modest.
contract AmountsTest is AttackTest {
    uint256 private constant MOST = type(uint104).max;

    function test_TheLargestAmountIsPaidAndRefunded() external {
        token.mint(payer.addr, MOST);
        PaymentRef memory ref = pay(payer, MOST, "nonce");
        refund(payer, ref, MOST, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), MOST);
    }

    function test_RevertWhen_TheAmountIsOneAboveTheLargest() external {
        token.mint(payer.addr, MOST + 1);
        Authorization memory signed = authorize(payer, address(vault), MOST + 1, "nonce");
        assertPayRefused(
            signed,
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, MOST + 1)
        );
    }

    function test_RevertWhen_TheAmountOverflowsTheExpectedBalance() external {
        pay(payer, PRICE, "nonce");
        Authorization memory signed = authorize(payer, address(vault), type(uint256).max, "max");
        assertPayRefused(signed, abi.encodeWithSignature("Panic(uint256)", 0x11));
    }

    function test_RevertWhen_TheAmountIsMoreThanThePayerHas() external {
        Authorization memory signed = authorize(payer, address(vault), 1e31, "nonce");
        bytes memory reason = abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientBalance.selector,
            payer.addr,
            1e30,
            1e31
        );
        assertPayRefused(signed, tokenRefused(reason));
    }

    function test_RevertWhen_TheAmountIsZero() external {
        Authorization memory signed = authorize(payer, address(vault), 0, "nonce");
        assertPayRefused(signed, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_AllThatIsOwedDoesNotFitItsWord() external {
        token.mint(payer.addr, 300 * MOST);
        for (uint256 i = 0; i < 256; ++i) pay(payer, MOST, bytes32(i));
        Authorization memory signed = authorize(payer, address(vault), MOST, "last");
        assertPayRefused(
            signed,
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 112, 257 * MOST)
        );
    }

    /// @dev Filling a token's word takes 2^112 of that token and ends when it is taken back; other tokens do not
    /// notice.
    function test_AFullTokenIsStillLeft() external {
        token.mint(payer.addr, 300 * MOST);
        for (uint256 i = 0; i < 256; ++i) pay(payer, MOST, bytes32(i));
        refund(payer, refOf(payer.addr, 0), MOST, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), MOST);
    }

    function test_RevertWhen_TheRefundIsImmense() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.RefundExceedsRefundable.selector,
            vault.idOf(ref),
            type(uint256).max,
            PRICE
        );
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        vault.refund(ref, type(uint256).max, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    function testFuzz_PartsNeverMakeMoreThanTheWhole(uint104 paid, uint104 first, uint104 second) external {
        paid = uint104(bound(paid, 2, 1e30));
        first = uint104(bound(first, 1, paid - 1));
        second = uint104(bound(second, paid - first + 1, type(uint104).max));
        PaymentRef memory ref = pay(payer, paid, "nonce");
        refund(payer, ref, first, payer.addr);
        bytes memory reason = abi.encodeWithSelector(
            IRefundWindow.RefundExceedsRefundable.selector,
            vault.idOf(ref),
            second,
            paid - first
        );
        vm.expectRevert(reason);
        vm.prank(payer.addr);
        vault.refund(ref, second, payer.addr, paid - first, first, PAYOUT_GAS);
    }
}
