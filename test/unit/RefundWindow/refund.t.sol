// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowRefundTest is RefundWindowUnitTest {
    address private constant ELSEWHERE = address(0xe15e);

    PaymentRef private ref;
    PaymentId private id;

    function setUp() public override {
        super.setUp();
        payDefault();
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        vm.prank(payer.addr);
        implementation.refund(ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_PaymentIsUnknown() external {
        PaymentRef memory unknown = refOf(payer.addr, "unknown");

        expectRefundRevert(
            payer.addr,
            unknown,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IVault.PaymentUnknown.selector, vault.idOf(unknown))
        );
    }

    function test_RevertWhen_AmountIsZero() external {
        expectRefundRevert(payer.addr, ref, 0, payer.addr, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_RecipientIsZero() external {
        expectRefundRevert(
            payer.addr,
            ref,
            PRICE,
            address(0),
            abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0))
        );
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        expectRefundRevert(
            payer.addr,
            ref,
            PRICE,
            address(vault),
            abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(vault))
        );
    }

    function testFuzz_RevertWhen_CallerIsNoParty(address caller) external {
        vm.assume(caller != payer.addr && caller != receiver.addr && caller != operator.addr);

        expectNotParty(caller);
    }

    function test_RevertWhen_CallerIsNoPartyAfterMaturity() external {
        vm.warp(MATURES_AT);

        expectNotParty(stranger.addr);
    }

    function test_RevertWhen_CallerIsTheFeeReceiver() external {
        expectNotParty(feeReceiver);
    }

    function testFuzz_RevertWhen_ExpectedHeldIsWrong(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;

        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, id, PRICE, 0));
        vm.prank(payer.addr);
        vault.refund(ref, 1, payer.addr, expectedHeld, 0, PAYOUT_GAS);
    }

    function testFuzz_RevertWhen_ExpectedRefundedIsWrong(uint256 expectedRefunded) external {
        expectedRefunded = bound(expectedRefunded, 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, id, PRICE, 0));
        vm.prank(payer.addr);
        vault.refund(ref, 1, payer.addr, PRICE, expectedRefunded, PAYOUT_GAS);
    }

    function test_RevertWhen_TheSameCallSucceededBefore() external {
        vm.startPrank(payer.addr);
        vault.refund(ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS);

        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, id, PRICE - 1, 1));
        vault.refund(ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    function test_RevertWhen_AllWasRefunded() external {
        vm.startPrank(payer.addr);
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);

        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, id, 0, PRICE));
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    /* PAYER */

    function test_PayerRefundsInTheLastSecond() external {
        vm.warp(CLOSES_AT - 1);

        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_PayerAsksAtClose() external {
        vm.warp(CLOSES_AT);

        expectAfterClose();
    }

    function test_RevertWhen_PayerAsksAfterClose() external {
        vm.warp(CLOSES_AT + 1);

        expectAfterClose();
    }

    function test_RevertWhen_PayerAsksAtMaturity() external {
        vm.warp(MATURES_AT);

        expectAfterClose();
    }

    function test_PayerRefundsInTheLastSecondOfAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW - 1);

        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_PayerAsksAtCloseAtAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW);

        expectRefundRevert(
            payer.addr,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.RefundAfterClose.selector, id, FULL_HOUR + WINDOW, FULL_HOUR + WINDOW)
        );
    }

    function testFuzz_RevertWhen_PayerAsksForMoreThanHeld(uint256 amount) external {
        amount = bound(amount, PRICE + 1, type(uint256).max);

        expectExceeds(payer.addr, amount, PRICE);
    }

    function testFuzz_RevertWhen_PayerAsksForMoreThanTheShare(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9999));
        useVaultWithNonRefundableShare(nonRefundableBps);
        payDefault();
        uint256 refundable = PRICE - (PRICE * nonRefundableBps) / 10_000;

        expectExceeds(payer.addr, refundable + 1, refundable);
    }

    function testFuzz_PayerTakesExactlyTheShare(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9999));
        useVaultWithNonRefundableShare(nonRefundableBps);
        payDefault();
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        refundAs(payer.addr, ref, PRICE - nonRefundable, payer.addr);

        assertEq(vault.paymentOf(ref).held, nonRefundable, "held");
        assertEq(vault.paymentOf(ref).refundable, 0, "refundable");
    }

    function test_ShareRoundsInFavorOfThePayer() external {
        useVaultWithNonRefundableShare(9999);
        pay(payer, 1, "smallest");
        ref = refOf(payer.addr, "smallest");

        refundAs(payer.addr, ref, 1, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function testFuzz_RevertWhen_PartsExceedTheShare(uint256 first) external {
        useVaultWithNonRefundableShare(2_500);
        payDefault();
        uint256 refundable = (PRICE * 3) / 4;
        first = bound(first, 1, refundable);
        refundAs(payer.addr, ref, first, payer.addr);

        expectExceeds(payer.addr, refundable - first + 1, refundable - first);
    }

    function test_RevertWhen_SellerHasRefundedBelowTheShare() external {
        useVaultWithNonRefundableShare(5_000);
        payDefault();
        refundAs(receiver.addr, ref, (PRICE * 3) / 4, payer.addr);

        expectExceeds(payer.addr, 1, 0);
    }

    function testFuzz_PayerRefundsAnyPartToAnyAddressBeforeClose(
        uint256 amount,
        address to,
        uint40 refundedAt
    ) external {
        vm.assume(to != address(0) && to != address(vault));
        amount = bound(amount, 1, PRICE);
        vm.warp(bound(refundedAt, START, CLOSES_AT - 1));
        uint256 balance = token.balanceOf(to);

        refundAs(payer.addr, ref, amount, to);

        assertEq(token.balanceOf(to), balance + amount, "recipient");
        assertEq(token.balanceOf(address(vault)), PRICE - amount, "vault");
    }

    function testFuzz_PayerRefundsAllInTwoParts(uint256 first) external {
        first = bound(first, 1, PRICE - 1);

        refundAs(payer.addr, ref, first, payer.addr);
        refundAs(payer.addr, ref, PRICE - first, ELSEWHERE);

        assertStatus(ref, IRefundWindow.Status.Refunded);
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE + first, "payer");
        assertEq(token.balanceOf(ELSEWHERE), PRICE - first, "elsewhere");
    }

    /* RECEIVER */

    function test_ReceiverRefundsInTheLastSecond() external {
        vm.warp(MATURES_AT - 1);

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_ReceiverAsksAtMaturity() external {
        vm.warp(MATURES_AT);

        expectAfterMaturity(receiver.addr, MATURES_AT);
    }

    function test_RevertWhen_ReceiverAsksAfterMaturity() external {
        vm.warp(MATURES_AT + 1);

        expectAfterMaturity(receiver.addr, MATURES_AT);
    }

    function test_ReceiverRefundsInTheLastSecondOfAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW - 1);

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_ReceiverAsksAtCloseAtAFullHour() external {
        payAtFullHour();
        vm.warp(FULL_HOUR + WINDOW);

        expectAfterMaturity(receiver.addr, FULL_HOUR + WINDOW);
    }

    function testFuzz_RevertWhen_ReceiverNamesAnotherRecipient(address to) external {
        vm.assume(to != address(0) && to != address(vault) && to != payer.addr);

        expectNotToPayer(receiver.addr, to);
    }

    function testFuzz_RevertWhen_ReceiverAsksForMoreThanHeld(uint256 amount) external {
        amount = bound(amount, PRICE + 1, type(uint256).max);

        expectExceeds(receiver.addr, amount, PRICE);
    }

    function testFuzz_ReceiverRefundsTheNonRefundableShareToo(uint16 nonRefundableBps) external {
        useVaultWithNonRefundableShare(uint16(bound(nonRefundableBps, 1, 9999)));
        payDefault();

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_BucketWasClaimed() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.RefundAfterMaturity.selector, id, MATURES_AT));
        vm.prank(receiver.addr);
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS);
    }

    /* OPERATOR */

    function test_OperatorRefundsInTheLastSecond() external {
        vm.warp(MATURES_AT - 1);

        refundAs(operator.addr, ref, PRICE, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_OperatorAsksAtMaturity() external {
        vm.warp(MATURES_AT);

        expectAfterMaturity(operator.addr, MATURES_AT);
    }

    function testFuzz_RevertWhen_OperatorNamesAnotherRecipient(address to) external {
        vm.assume(to != address(0) && to != address(vault) && to != payer.addr);

        expectNotToPayer(operator.addr, to);
    }

    /* TWO ROLES */

    function test_PayerWhoIsOperatorRefundsToAnyAddressBeforeClose() external {
        useVaultOfOperator(payer.addr);
        payDefault();
        vm.warp(CLOSES_AT - 1);

        refundAs(payer.addr, ref, PRICE, ELSEWHERE);

        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_PayerWhoIsOperatorRefundsToItselfAfterClose() external {
        useVaultOfOperator(payer.addr);
        payDefault();
        vm.warp(CLOSES_AT);

        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "only the payment into the other vault is still out");
    }

    function test_ReceiverWhoIsOperatorRefunds() external {
        useVaultOfOperator(receiver.addr);
        payDefault();

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    /* ARBITER */

    function test_RevertWhen_PayerAsksThoughThereIsAnArbiter() external {
        useVaultWithArbiter();
        payDefault();

        expectNeedsDispute();
    }

    function test_RevertWhen_PayerAsksAtMaturityThoughThereIsAnArbiter() external {
        useVaultWithArbiter();
        payDefault();
        vm.warp(MATURES_AT);

        expectAfterClose();
    }

    function test_RevertWhen_PayerWhoIsOperatorNamesAnotherRecipientThoughThereIsAnArbiter() external {
        useVaultWithArbiterOfOperator(payer.addr);
        payDefault();

        expectNotToPayer(payer.addr, ELSEWHERE);
    }

    function test_PayerWhoIsOperatorRefundsToItselfThoughThereIsAnArbiter() external {
        useVaultWithArbiterOfOperator(payer.addr);
        payDefault();

        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_CallerIsTheArbiter() external {
        useVaultWithArbiter();
        payDefault();

        expectNotParty(arbiter.addr);
    }

    function test_ReceiverRefundsInTheLastSecondWithAnArbiter() external {
        useVaultWithArbiter();
        payDefault();
        vm.warp(MATURES_AT - 1);

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_OperatorRefundsInTheLastSecondWithAnArbiter() external {
        useVaultWithArbiter();
        payDefault();
        vm.warp(MATURES_AT - 1);

        refundAs(operator.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function testFuzz_ReceiverRefundsTheNonRefundableShareWithAnArbiter(uint16 nonRefundableBps) external {
        useVaultWithArbiter(uint16(bound(nonRefundableBps, 1, 9_999)));
        payDefault();

        refundAs(receiver.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    /* DISPUTED */

    function test_RevertWhen_PayerAsksWhileDisputed() external {
        disputeDefault();

        expectDisputed(payer.addr, false);
    }

    function test_RevertWhen_ReceiverAsksWhileDisputed() external {
        disputeDefault();

        expectDisputed(receiver.addr, false);
    }

    function test_RevertWhen_OperatorAsksWhileDisputed() external {
        disputeDefault();

        expectDisputed(operator.addr, false);
    }

    function test_RevertWhen_StrangerAsksWhileDisputed() external {
        disputeDefault();

        expectDisputed(stranger.addr, false);
    }

    function test_RevertWhen_ReceiverAsksWhileTheDisputeWaitsForItsDefault() external {
        disputeDefault();
        vm.warp(DEFAULTS_AT);

        expectDisputed(receiver.addr, false);
    }

    function test_RevertWhen_ReceiverAsksAfterTheDisputeWasWithdrawn() external {
        disputeDefault();
        vm.prank(payer.addr);
        vault.withdrawDispute(ref);

        expectDisputed(receiver.addr, true);
    }

    function test_RevertWhen_PayerAsksAfterTheDisputeWasConceded() external {
        disputeDefault();
        concedeAs(receiver.addr, ref);

        expectDisputed(payer.addr, true);
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);

        vm.expectRevert(abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS));
        vm.prank(payer.addr);
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, payoutGas);
    }

    function test_PaysWithPayoutGasAtTheFloor() external {
        vm.prank(payer.addr);
        vault.refund(ref, PRICE, payer.addr, PRICE, 0, MIN_PAYOUT_GAS);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        vm.prank(payer.addr);
        (bool success, bytes memory answer) = address(vault).call{gas: 200_000}(refundCall());

        assertFalse(success);
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(PAYOUT_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(payer.addr, refundCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* CREDIT */

    function test_BooksTheRefundWhenTheTokenIsPaused() external {
        token.setPaused(true);

        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertStatus(ref, IRefundWindow.Status.Refunded);
        assertEq(vault.maturingIn(address(token), BUCKET), 0, "bucket");
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "the credit is a liability");
    }

    function testFuzz_CreditsThePayerWhenTheTokenIsPaused(uint256 amount) external {
        amount = bound(amount, 1, PRICE);
        token.setPaused(true);

        expectCredited(payer.addr, amount, amount);
        refundAs(payer.addr, ref, amount, payer.addr);

        assertCredit(payer.addr, amount, 0);
    }

    function test_CreditsThePayerWhenDenylisted() external {
        token.setDenylisted(payer.addr, true);

        expectCredited(payer.addr, PRICE, PRICE);
        refundAs(operator.addr, ref, PRICE, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_CreditsThePayerWhenTheRecipientIsDenylisted() external {
        token.setDenylisted(ELSEWHERE, true);

        expectCredited(payer.addr, PRICE, PRICE);
        refundAs(payer.addr, ref, PRICE, ELSEWHERE);

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(ELSEWHERE, 0, 0);
    }

    function test_CreditsThePayerWhenTheVaultIsDenylisted() external {
        token.setDenylisted(address(vault), true);

        expectCredited(payer.addr, PRICE, PRICE);
        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_CreditsThePayerWhenTheTokenReturnsFalse() external {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        expectCredited(payer.addr, PRICE, PRICE);
        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function testFuzz_AddsUpTheCredit(uint256 first) external {
        first = bound(first, 1, PRICE - 1);
        token.setPaused(true);
        refundAs(payer.addr, ref, first, payer.addr);

        expectCredited(payer.addr, PRICE - first, PRICE);
        refundAs(payer.addr, ref, PRICE - first, payer.addr);

        assertCredit(payer.addr, PRICE, 0);
    }

    function test_PaysOthersWhileOneIsDenylisted() external {
        PaymentRef memory otherRef = pay(otherPayer, PRICE, "nonce");
        token.setDenylisted(payer.addr, true);
        refundAs(payer.addr, ref, PRICE, payer.addr);

        refundAs(otherPayer.addr, otherRef, PRICE, otherPayer.addr);

        assertEq(token.balanceOf(otherPayer.addr), 1e30, "other payer");
        assertCredit(payer.addr, PRICE, 0);
    }

    /* ACCEPTED */

    function testFuzz_EmitsRefunded(uint256 first, uint256 second) external {
        first = bound(first, 1, PRICE - 1);
        second = bound(second, 1, PRICE - first);
        refundAs(payer.addr, ref, first, payer.addr);

        vm.expectEmit(address(vault));
        emit IRefundWindow.Refunded(id, operator.addr, payer.addr, second, first + second);
        refundAs(operator.addr, ref, second, payer.addr);
    }

    function testFuzz_LowersLiabilitiesAndBucket(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        refundAs(payer.addr, ref, amount, payer.addr);

        assertEq(vault.liabilitiesOf(address(token)), PRICE - amount, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), PRICE - amount, "bucket");
    }

    function testFuzz_LowersAnEarlierBucket(uint256 amount) external {
        amount = bound(amount, 1, PRICE);
        vm.warp(START + 1 hours);
        pay(payer, 2 * PRICE, "later");

        refundAs(payer.addr, ref, amount, payer.addr);

        assertEq(vault.maturingIn(address(token), BUCKET), PRICE - amount, "earlier bucket");
        assertEq(vault.maturingIn(address(token), BUCKET + 1), 2 * PRICE, "running bucket");
        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE - amount, "liabilities");
    }

    function testFuzz_LeavesOtherPaymentsAlone(uint256 amount) external {
        amount = bound(amount, 1, PRICE);
        PaymentRef memory otherRef = pay(otherPayer, 2 * PRICE, "nonce");

        refundAs(payer.addr, ref, amount, payer.addr);

        assertEq(vault.paymentOf(otherRef).held, 2 * PRICE, "other payment");
        assertEq(vault.maturingIn(address(token), BUCKET), 3 * PRICE - amount, "bucket");
    }

    function testFuzz_KeepsWhatWasPaid(uint256 amount) external {
        amount = bound(amount, 1, PRICE);

        refundAs(payer.addr, ref, amount, payer.addr);

        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.refunded, amount, "refunded");
        assertEq(payment.held, PRICE - amount, "held");
        assertEq(payment.closesAt, CLOSES_AT, "closesAt");
    }

    /* HELPERS */

    function payDefault() private {
        ref = pay(payer, PRICE, bytes32(uint256(uint160(address(vault))))); // one nonce a vault
        id = vault.idOf(ref);
    }

    function payAtFullHour() private {
        vm.warp(FULL_HOUR);
        ref = pay(payer, PRICE, "full hour");
        id = vault.idOf(ref);
    }

    function useVaultOfOperator(address newOperator) private {
        RefundWindowTerms memory terms = defaultTerms();
        terms.operator = newOperator;
        useVault(terms);
    }

    function useVaultWithArbiterOfOperator(address newOperator) private {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = newOperator;
        useVault(terms);
    }

    function disputeDefault() private {
        useVaultWithArbiter();
        payDefault();
        dispute(ref);
    }

    function refundCall() private view returns (bytes memory) {
        return abi.encodeCall(IRefundWindow.refund, (ref, PRICE, payer.addr, PRICE, 0, PAYOUT_GAS));
    }

    function expectNotParty(address caller) private {
        expectRefundRevert(
            caller,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.NotParty.selector, id, caller)
        );
    }

    function expectNeedsDispute() private {
        expectRefundRevert(
            payer.addr,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.RefundNeedsDispute.selector, id, arbiter.addr)
        );
    }

    function expectDisputed(address caller, bool isSettled) private {
        expectRefundRevert(
            caller,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, isSettled)
        );
    }

    function expectAfterClose() private {
        expectRefundRevert(
            payer.addr,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.RefundAfterClose.selector, id, CLOSES_AT, MATURES_AT)
        );
    }

    function expectAfterMaturity(address caller, uint40 maturesAt) private {
        expectRefundRevert(
            caller,
            ref,
            PRICE,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.RefundAfterMaturity.selector, id, maturesAt)
        );
    }

    function expectNotToPayer(address caller, address to) private {
        expectRefundRevert(
            caller,
            ref,
            PRICE,
            to,
            abi.encodeWithSelector(IRefundWindow.RefundNotToPayer.selector, id, to, payer.addr)
        );
    }

    function expectExceeds(address caller, uint256 amount, uint256 refundable) private {
        expectRefundRevert(
            caller,
            ref,
            amount,
            payer.addr,
            abi.encodeWithSelector(IRefundWindow.RefundExceedsRefundable.selector, id, amount, refundable)
        );
    }
}
