// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {RefundWindowTest} from "./RefundWindowTest.sol";

/// @title RefundWindowUnitTest
/// @notice The times of a payment made at `START`, and short ways to do, or to be refused, what the tests are about.
abstract contract RefundWindowUnitTest is RefundWindowTest {
    uint40 internal constant CLOSES_AT = START + WINDOW;
    uint32 internal constant BUCKET = 489_225;
    uint40 internal constant MATURES_AT = 489_225 hours;
    /// @dev When a dispute of `START` is settled by default.
    uint40 internal constant DEFAULTS_AT = START + RESOLUTION_PERIOD;
    uint40 internal constant FULL_HOUR = 488_889 hours; // the first one after START

    /* VAULTS */

    function useVault(RefundWindowTerms memory terms) internal {
        vault = deployVault(terms);
    }

    function useVaultWithNonRefundableShare(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.nonRefundableBps = nonRefundableBps;
        useVault(terms);
    }

    function useVaultWithoutFee() internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.feeReceiver = address(0);
        terms.feeBps = 0;
        useVault(terms);
    }

    function useVaultWithArbiter(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = nonRefundableBps;
        useVault(terms);
    }

    function useVaultThatFavorsThePayer(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = nonRefundableBps;
        terms.silenceFavorsPayer = true;
        useVault(terms);
    }

    function useVaultWithArbiterWithoutFee() internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.feeReceiver = address(0);
        terms.feeBps = 0;
        useVault(terms);
    }

    /* REFUND AND CLAIM */

    /// @notice Refunds as `by`, who expects what is true.
    function refundAs(address by, PaymentRef memory ref, uint256 amount, address to) internal {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        vm.prank(by);
        vault.refund(ref, amount, to, payment.held, payment.refunded, PAYOUT_GAS);
    }

    /// @notice As `refundAs`, and insists on exactly `reason`.
    function expectRefundRevert(
        address by,
        PaymentRef memory ref,
        uint256 amount,
        address to,
        bytes memory reason
    ) internal {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        vm.expectRevert(reason);
        vm.prank(by);
        vault.refund(ref, amount, to, payment.held, payment.refunded, PAYOUT_GAS);
    }

    function claimBucket(uint32 bucket) internal returns (uint256) {
        return vault.claim(address(token), list(bucket), PAYOUT_GAS);
    }

    function list(uint32 bucket) internal pure returns (uint32[] memory buckets) {
        buckets = new uint32[](1);
        buckets[0] = bucket;
    }

    function list(uint32 first, uint32 second) internal pure returns (uint32[] memory buckets) {
        buckets = new uint32[](2);
        buckets[0] = first;
        buckets[1] = second;
    }

    function assertStatus(PaymentRef memory ref, IRefundWindow.Status status) internal view {
        assertEq(uint8(vault.paymentOf(ref).status), uint8(status), "status");
    }

    /* DISPUTES */

    /// @notice A disputed payment of which the seller gave `refunded` back before.
    function disputedAfterRefund(uint256 refunded, bytes32 nonce) internal returns (PaymentRef memory ref) {
        ref = pay(payer, PRICE, nonce);
        refundAs(receiver.addr, ref, refunded, payer.addr);
        dispute(ref);
    }

    function concedeAs(address by, PaymentRef memory ref) internal {
        vm.prank(by);
        vault.concede(ref);
    }

    function resolveAs(address by, PaymentRef memory ref, uint256 toPayer, uint256 toReceiver) internal {
        vm.prank(by);
        vault.resolve(ref, toPayer, toReceiver, EVIDENCE);
    }

    /// @notice The next call settles the dispute of `ref`, all of whose parties have no credit yet: `Credited` follows for
    /// everybody who gets something.
    function expectSettled(
        PaymentRef memory ref,
        address by,
        uint256 toPayer,
        uint256 toReceiver,
        bytes32 evidence
    ) internal {
        uint256 fee = toReceiver / 100;
        vm.expectEmit(address(vault));
        emit IRefundWindow.DisputeSettled(vault.idOf(ref), by, toPayer, toReceiver, fee, evidence);
        if (toPayer != 0) expectCredited(ref.payer, toPayer, toPayer);
        if (toReceiver != fee) expectCredited(receiver.addr, toReceiver - fee, toReceiver - fee);
        if (fee != 0) expectCredited(feeReceiver, fee, fee);
    }

    /// @notice The dispute of `ref` is over, and everybody has what is theirs, with one percent for the fee receiver.
    function assertSettled(PaymentRef memory ref, uint256 toPayer, uint256 toReceiver) internal view {
        assertStatus(ref, IRefundWindow.Status.Settled);
        assertCredit(ref.payer, toPayer, 0);
        assertCredit(receiver.addr, toReceiver - toReceiver / 100, 0);
        assertCredit(feeReceiver, toReceiver / 100, 0);
    }

    function notDisputed(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, vault.idOf(ref));
    }

    function decisionTooLate(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.DecisionAfterDeadline.selector, vault.idOf(ref), DEFAULTS_AT);
    }

    /* CREDITS */

    /// @notice Leaves the payer a credit, by a refund while the payer is denylisted.
    function creditPayer(uint256 amount, bytes32 nonce) internal {
        creditPayer(payer, amount, nonce);
    }

    function creditPayer(Account memory owner, uint256 amount, bytes32 nonce) internal {
        PaymentRef memory ref = pay(owner, amount, nonce);
        token.setDenylisted(owner.addr, true);
        refundAs(receiver.addr, ref, amount, owner.addr);
        token.setDenylisted(owner.addr, false);
    }
}
