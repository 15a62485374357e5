// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowVoidTest is EscrowTest {
    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        id = vault.idOf(ref);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.void(ref, PRICE, PAYOUT_GAS);
    }

    /* CALLER */

    function testFuzz_RevertWhen_CallerIsNeitherReceiverNorOperator(address caller) external {
        vm.assume(caller != receiver.addr && caller != operator.addr);

        expectNotSeller(caller);
    }

    function test_RevertWhen_CallerIsThePayer() external {
        expectNotSeller(payer.addr);
    }

    function test_RevertWhen_CallerIsTheFeeReceiver() external {
        expectNotSeller(feeReceiver);
    }

    function test_RevertWhen_AStrangerCallsAtCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL);

        expectNotSeller(stranger.addr);
    }

    /* PAYMENT */

    function test_RevertWhen_PaymentIsUnknown() external {
        ref = refOf(payer.addr, "unknown");

        expectRefused(unknown(ref));
    }

    function test_RevertWhen_AllWasCaptured() external {
        capture(ref, PRICE);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasClosed() external {
        close(ref, 1);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReturned() external {
        voidAs(receiver.addr, ref);

        expectRefused(nothingHeld(ref));
    }

    function test_RevertWhen_ItWasReclaimed() external {
        vm.warp(CAPTURE_UNTIL);
        reclaim(ref);

        expectRefused(nothingHeld(ref));
    }

    /* TIME */

    function test_ReceiverReturnsInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        voidAs(receiver.addr, ref);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_OperatorReturnsInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        voidAs(operator.addr, ref);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_CaptureUntilIsReached() external {
        vm.warp(CAPTURE_UNTIL);

        expectRefused(tooLate(ref));
    }

    function test_RevertWhen_CaptureUntilHasPassed() external {
        vm.warp(CAPTURE_UNTIL + 1);

        expectRefused(tooLate(ref));
    }

    /* EXPECTATION */

    function testFuzz_RevertWhen_ExpectedHeldIsWrong(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;

        vm.expectRevert(changed(ref, PRICE, 0));
        vm.prank(operator.addr);
        vault.void(ref, expectedHeld, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_APartWasCapturedMeanwhile(uint256 amount) external {
        amount = bound(amount, 1, PRICE - 1);
        capture(ref, amount);

        vm.expectRevert(changed(ref, PRICE - amount, amount));
        vm.prank(receiver.addr);
        vault.void(ref, PRICE, PAYOUT_GAS);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(payoutGasTooLow(payoutGas));
        vm.prank(operator.addr);
        vault.void(ref, PRICE, payoutGas);
    }

    function test_ReturnsWithPayoutGasAtTheFloor() external {
        vm.prank(operator.addr);
        vault.void(ref, PRICE, MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        assertGasTooLow(operator.addr, voidCall(), 200_000);
    }

    function test_ReturnsWithJustEnoughGas() external {
        raiseGasUntilEnough(operator.addr, voidCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* CREDIT */

    function test_CreditsThePayerWhenTheTokenIsPaused() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        voidAs(receiver.addr, ref);

        assertParts(ref, 0, PRICE);
        assertCredit(payer.addr, PRICE, 0);
    }

    function test_CreditsThePayerWhenItIsDenylisted() external {
        token.setDenylisted(payer.addr, true);

        voidAs(receiver.addr, ref);

        assertCredit(payer.addr, PRICE, 0);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_CreditsThePayerWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        voidAs(operator.addr, ref);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_PaysOthersWhileOneIsDenylisted() external {
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");
        token.setDenylisted(payer.addr, true);
        voidAs(operator.addr, ref);

        voidAs(operator.addr, otherRef);

        assertEq(token.balanceOf(otherPayer.addr), 1e30);
    }

    /* ACCEPTED */

    function testFuzz_ReturnsAllThatIsHeldAtAnyTimeBefore(uint256 captured, uint40 returnedAt) external {
        captured = bound(captured, 0, PRICE - 1);
        if (captured != 0) capture(ref, captured);
        vm.warp(bound(returnedAt, START, CAPTURE_UNTIL - 1));

        voidAs(receiver.addr, ref);

        assertParts(ref, captured, PRICE - captured);
        assertStatus(ref, IEscrow.EscrowStatus.Ended);
        assertEq(token.balanceOf(payer.addr), 1e30 - captured, "payer");
        assertEq(liabilities(), 0, "liabilities");
    }

    function testFuzz_EmitsReturnedInTheNameOfTheCaller(bool byReceiver, uint256 captured) external {
        captured = bound(captured, 1, PRICE - 1);
        capture(ref, captured);
        address by = byReceiver ? receiver.addr : operator.addr;

        vm.expectEmit(address(vault));
        emit IEscrow.Returned(id, by, PRICE - captured);
        voidAs(by, ref);
    }

    function test_LeavesOtherPaymentsAlone() external {
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");

        voidAs(operator.addr, ref);

        assertParts(otherRef, 0, 0);
    }

    /* HELPERS */

    function voidCall() private view returns (bytes memory) {
        return abi.encodeCall(IEscrow.void, (ref, PRICE, PAYOUT_GAS));
    }

    function expectNotSeller(address caller) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.NotSeller.selector, id, caller));
        vm.prank(caller);
        vault.void(ref, PRICE, PAYOUT_GAS);
    }

    function expectRefused(bytes memory reason) private {
        uint256 held = vault.paymentOf(ref).held;
        vm.expectRevert(reason);
        vm.prank(receiver.addr);
        vault.void(ref, held, PAYOUT_GAS);
    }
}
