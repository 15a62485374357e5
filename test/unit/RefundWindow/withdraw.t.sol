// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowWithdrawTest is RefundWindowUnitTest {
    address private constant ELSEWHERE = address(0xe15e);

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.withdraw(address(token), payer.addr, payer.addr);
    }

    function testFuzz_RevertWhen_AnotherRedirectsIt(address caller, address to) external {
        vm.assume(caller != payer.addr && to != payer.addr);
        creditPayer(PRICE, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.CreditNotYours.selector, caller, payer.addr, to));
        vm.prank(caller);
        vault.withdraw(address(token), payer.addr, to);
    }

    function test_RevertWhen_RecipientIsZero() external {
        expectForbidden(address(0));
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        expectForbidden(address(vault));
    }

    function testFuzz_RevertWhen_ThereNeverWasACredit(address owner) external {
        vm.assume(owner != address(0) && owner != address(vault));

        expectEmpty(address(token), owner);
    }

    function test_RevertWhen_CreditWasWithdrawn() external {
        creditPayer(PRICE, "nonce");
        vault.withdraw(address(token), payer.addr, payer.addr);

        expectEmpty(address(token), payer.addr);
    }

    function testFuzz_RevertWhen_CreditIsInAnotherToken(address otherToken) external {
        vm.assume(otherToken != address(token));
        creditPayer(PRICE, "nonce");

        expectEmpty(otherToken, payer.addr);
    }

    function test_RevertWhen_TokenIsPaused() external {
        creditPayer(PRICE, "nonce");
        token.setPaused(true);

        vm.expectRevert(abi.encodeWithSelector(Token3009.Paused.selector));
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_RevertWhen_OwnerIsDenylisted() external {
        creditPayer(PRICE, "nonce");
        token.setDenylisted(payer.addr, true);

        vm.expectRevert(abi.encodeWithSelector(Token3009.Denylisted.selector, payer.addr));
        vault.withdraw(address(token), payer.addr, payer.addr);
    }

    function test_RevertWhen_TokenReturnsFalse() external {
        creditPayer(PRICE, "nonce");
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function testFuzz_OwnerSendsItToAnyAddress(uint256 amount, address to) external {
        vm.assume(to != address(0) && to != address(vault) && to != payer.addr);
        amount = bound(amount, 1, 1e29);
        creditPayer(amount, "nonce");
        token.setDenylisted(payer.addr, true);
        uint256 balance = token.balanceOf(to);

        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, to);

        assertEq(token.balanceOf(to), balance + amount);
    }

    function test_OwnerSendsItToItself() external {
        creditPayer(PRICE, "nonce");

        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function testFuzz_AnyoneSendsItToTheOwner(address caller) external {
        creditPayer(PRICE, "nonce");

        vm.prank(caller);
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_ReceiverNamesAnotherAddress() external {
        creditSeller();

        vm.prank(receiver.addr);
        vault.withdraw(address(token), receiver.addr, ELSEWHERE);

        assertEq(token.balanceOf(ELSEWHERE), PRICE - PRICE / 100);
    }

    function test_FeeReceiverNamesAnotherAddress() external {
        creditSeller();

        vm.prank(feeReceiver);
        vault.withdraw(address(token), feeReceiver, ELSEWHERE);

        assertEq(token.balanceOf(ELSEWHERE), PRICE / 100);
    }

    function testFuzz_ReturnsTheAmount(uint256 amount) external {
        amount = bound(amount, 1, 1e29);
        creditPayer(amount, "nonce");

        assertEq(vault.withdraw(address(token), payer.addr, payer.addr), amount);
    }

    function testFuzz_EmitsWithdrawn(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e29);
        second = bound(second, 1, 1e29);
        creditPayer(first, "first");
        vault.withdraw(address(token), payer.addr, payer.addr);
        creditPayer(second, "second");

        vm.expectEmit(address(vault));
        emit IVault.Withdrawn(address(token), payer.addr, ELSEWHERE, second, first + second);
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, ELSEWHERE);
    }

    function test_LowersTheLiabilities() external {
        creditPayer(PRICE, "nonce");

        vault.withdraw(address(token), payer.addr, payer.addr);

        assertEq(vault.liabilitiesOf(address(token)), 0);
    }

    function test_LeavesOtherCreditsAlone() external {
        creditPayer(PRICE, "nonce");
        creditPayer(otherPayer, 2 * PRICE, "nonce");

        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(otherPayer.addr, 2 * PRICE, 0);
        assertEq(vault.liabilitiesOf(address(token)), 2 * PRICE, "liabilities");
    }

    function test_LeavesOpenPaymentsAlone() external {
        PaymentRef memory ref = pay(payer, 2 * PRICE, "open");
        creditPayer(PRICE, "nonce");

        vault.withdraw(address(token), payer.addr, payer.addr);

        assertEq(vault.paymentOf(ref).held, 2 * PRICE, "held");
        assertEq(vault.maturingIn(address(token), BUCKET), 2 * PRICE, "bucket");
    }

    function testFuzz_AddsUpWhatWasWithdrawn(uint256 first, uint256 second) external {
        first = bound(first, 1, 1e29);
        second = bound(second, 1, 1e29);
        creditPayer(first, "first");
        vault.withdraw(address(token), payer.addr, payer.addr);
        creditPayer(second, "second");
        assertCredit(payer.addr, second, first);

        vault.withdraw(address(token), payer.addr, payer.addr);

        assertCredit(payer.addr, 0, first + second);
    }

    /* HELPERS */

    /// @dev Receiver and fee receiver stay denylisted.
    function creditSeller() private {
        pay(payer, PRICE, "nonce");
        token.setDenylisted(receiver.addr, true);
        token.setDenylisted(feeReceiver, true);
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);
    }

    function expectForbidden(address to) private {
        creditPayer(PRICE, "nonce");

        vm.expectRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, to));
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, to);
    }

    function expectEmpty(address emptyToken, address owner) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.CreditEmpty.selector, emptyToken, owner));
        vault.withdraw(emptyToken, owner, owner);
    }
}
