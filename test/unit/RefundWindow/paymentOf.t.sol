// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowPaymentOfTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.paymentOf(ref);
    }

    function testFuzz_TellsTheIdOfAnUnknownPayment(address from, bytes32 nonce) external view {
        vm.assume(nonce != "nonce");
        PaymentRef memory unknown = refOf(from, nonce);

        IRefundWindow.Payment memory expected;
        expected.id = vault.idOf(unknown);
        assertEq(abi.encode(vault.paymentOf(unknown)), abi.encode(expected));
    }

    /* OPEN */

    function test_IsOpenInTheLastSecond() external {
        vm.warp(CLOSES_AT - 1);

        assertPayment({status: IRefundWindow.Status.Open, refunded: 0, held: PRICE, refundable: PRICE});
    }

    function testFuzz_TellsThePartThatIsLeft(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(payer.addr, ref, refunded, payer.addr);

        assertPayment({
            status: IRefundWindow.Status.Open,
            refunded: refunded,
            held: PRICE - refunded,
            refundable: PRICE - refunded
        });
    }

    function testFuzz_TellsTheRefundableShare(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithNonRefundableShare(nonRefundableBps);
        ref = pay(payer, PRICE, "with a share");

        assertPayment({
            status: IRefundWindow.Status.Open,
            refunded: 0,
            held: PRICE,
            refundable: PRICE - (PRICE * nonRefundableBps) / 10_000
        });
    }

    function test_TellsThatNothingIsRefundable() external {
        useVaultWithNonRefundableShare(5_000);
        ref = pay(payer, PRICE, "with a share");
        refundAs(receiver.addr, ref, (PRICE * 3) / 4, payer.addr);

        assertPayment({status: IRefundWindow.Status.Open, refunded: (PRICE * 3) / 4, held: PRICE / 4, refundable: 0});
    }

    /* CLOSED */

    function test_IsClosedAtClose() external {
        vm.warp(CLOSES_AT);

        assertPayment({status: IRefundWindow.Status.Closed, refunded: 0, held: PRICE, refundable: 0});
    }

    function test_IsClosedOneSecondBeforeMaturity() external {
        vm.warp(MATURES_AT - 1);

        assertPayment({status: IRefundWindow.Status.Closed, refunded: 0, held: PRICE, refundable: 0});
    }

    function test_IsMaturedAtCloseAtAFullHour() external {
        vm.warp(FULL_HOUR);
        ref = pay(payer, PRICE, "full hour");
        vm.warp(FULL_HOUR + WINDOW - 1);
        assertStatus(ref, IRefundWindow.Status.Open);

        vm.warp(FULL_HOUR + WINDOW);

        assertStatus(ref, IRefundWindow.Status.Matured);
    }

    /* MATURED */

    function test_IsMaturedAtMaturity() external {
        vm.warp(MATURES_AT);

        assertPayment({status: IRefundWindow.Status.Matured, refunded: 0, held: PRICE, refundable: 0});
    }

    function testFuzz_IsMaturedWithTheRest(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(payer.addr, ref, refunded, payer.addr);
        vm.warp(MATURES_AT);

        assertPayment({
            status: IRefundWindow.Status.Matured,
            refunded: refunded,
            held: PRICE - refunded,
            refundable: 0
        });
    }

    /* CLAIMED */

    function test_IsClaimed() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertPayment({status: IRefundWindow.Status.Claimed, refunded: 0, held: 0, refundable: 0});
    }

    function testFuzz_IsClaimedWithTheRest(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(payer.addr, ref, refunded, payer.addr);
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertPayment({status: IRefundWindow.Status.Claimed, refunded: refunded, held: 0, refundable: 0});
    }

    /* DISPUTED */

    function testFuzz_TellsWhatThePayerCanWin(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 0, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = pay(payer, PRICE, "with an arbiter");

        assertPayment({
            status: IRefundWindow.Status.Open,
            refunded: 0,
            held: PRICE,
            refundable: PRICE - (PRICE * nonRefundableBps) / 10_000
        });
    }

    function test_IsDisputedInTheLastSecond() external {
        disputeAfterRefund(0);
        vm.warp(DEFAULTS_AT - 1);

        assertDisputed({status: IRefundWindow.Status.Disputed, refunded: 0, held: PRICE});
    }

    function test_IsDisputedAtDefault() external {
        disputeAfterRefund(0);
        vm.warp(DEFAULTS_AT);

        assertDisputed({status: IRefundWindow.Status.Disputed, refunded: 0, held: PRICE});
    }

    function testFuzz_IsDisputedWithTheRest(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        disputeAfterRefund(refunded);

        assertDisputed({status: IRefundWindow.Status.Disputed, refunded: refunded, held: PRICE - refunded});
    }

    function test_StaysDisputedWhenOthersAreClaimed() external {
        disputeAfterRefund(0);
        pay(otherPayer, PRICE, "nonce");
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertDisputed({status: IRefundWindow.Status.Disputed, refunded: 0, held: PRICE});
    }

    function testFuzz_TellsWhatCanBeWonWhileDisputed(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 0, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        ref = disputed(payer, PRICE, "with a share");

        assertEq(vault.paymentOf(ref).refundable, PRICE - (PRICE * nonRefundableBps) / 10_000);
    }

    /* SETTLED */

    function test_IsSettledForTheReceiver() external {
        disputeAfterRefund(0);
        vm.prank(payer.addr);
        vault.withdrawDispute(ref);

        assertDisputed({status: IRefundWindow.Status.Settled, refunded: 0, held: 0});
    }

    function test_IsSettledForThePayer() external {
        disputeAfterRefund(0);
        concedeAs(receiver.addr, ref);

        assertDisputed({status: IRefundWindow.Status.Settled, refunded: PRICE, held: 0});
    }

    function testFuzz_IsSettledAndTellsAllThatWentBack(uint256 refunded, uint256 toPayer) external {
        refunded = bound(refunded, 1, PRICE - 1);
        toPayer = bound(toPayer, 0, PRICE - refunded);
        disputeAfterRefund(refunded);
        resolveAs(arbiter.addr, ref, toPayer, PRICE - refunded - toPayer);

        assertDisputed({status: IRefundWindow.Status.Settled, refunded: refunded + toPayer, held: 0});
    }

    function test_StaysSettledWhenTheCreditsAreWithdrawn() external {
        disputeAfterRefund(0);
        resolveAs(arbiter.addr, ref, PRICE, 0);
        vault.withdraw(address(token), payer.addr, payer.addr);

        assertDisputed({status: IRefundWindow.Status.Settled, refunded: PRICE, held: 0});
    }

    /* REFUNDED */

    function test_IsRefunded() external {
        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertPayment({status: IRefundWindow.Status.Refunded, refunded: PRICE, held: 0, refundable: 0});
    }

    function test_StaysRefundedWhenOthersAreClaimed() external {
        pay(otherPayer, PRICE, "nonce");
        refundAs(payer.addr, ref, PRICE, payer.addr);
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertPayment({status: IRefundWindow.Status.Refunded, refunded: PRICE, held: 0, refundable: 0});
    }

    function test_IsRefundedWhenTheTokenDidNotPayOut() external {
        token.setPaused(true);
        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertPayment({status: IRefundWindow.Status.Refunded, refunded: PRICE, held: 0, refundable: 0});
    }

    /* HELPERS */

    function disputeAfterRefund(uint256 refunded) private {
        useVaultWithArbiter();
        ref = pay(payer, PRICE, "with an arbiter");
        if (refunded != 0) refundAs(receiver.addr, ref, refunded, payer.addr);
        dispute(ref);
    }

    function assertDisputed(IRefundWindow.Status status, uint256 refunded, uint256 held) private view {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(PaymentId.unwrap(payment.id), PaymentId.unwrap(vault.idOf(ref)), "id");
        assertEq(uint8(payment.status), uint8(status), "status");
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.refunded, refunded, "refunded");
        assertEq(payment.held, held, "held");
        assertEq(payment.closesAt, 0, "closesAt");
        assertEq(payment.maturesAt, 0, "maturesAt");
        assertEq(payment.defaultsAt, DEFAULTS_AT, "defaultsAt");
    }

    function assertPayment(
        IRefundWindow.Status status,
        uint256 refunded,
        uint256 held,
        uint256 refundable
    ) private view {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        assertEq(PaymentId.unwrap(payment.id), PaymentId.unwrap(vault.idOf(ref)), "id");
        assertEq(uint8(payment.status), uint8(status), "status");
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.refunded, refunded, "refunded");
        assertEq(payment.held, held, "held");
        assertEq(payment.refundable, refundable, "refundable");
        assertEq(payment.closesAt, CLOSES_AT, "closesAt");
        assertEq(payment.maturesAt, MATURES_AT, "maturesAt");
        assertEq(payment.defaultsAt, 0, "defaultsAt");
    }
}
