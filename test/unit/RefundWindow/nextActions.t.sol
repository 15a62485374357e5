// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {NextAction, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowNextActionsTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.nextActions(ref);
    }

    function test_IsEmptyWhenNeverPaid() external view {
        assertEq(vault.nextActions(refOf(payer.addr, "unknown")).length, 0);
    }

    function test_IsEmptyWhenRefunded() external {
        refundAs(payer.addr, ref, PRICE, payer.addr);

        assertEq(vault.nextActions(ref).length, 0);
    }

    function test_IsEmptyWhenClaimed() external {
        vm.warp(MATURES_AT);
        claimBucket(BUCKET);

        assertEq(vault.nextActions(ref).length, 0);
    }

    function testFuzz_NamesAllWhenOpen(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, START, CLOSES_AT - 1));
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 4, "length");
        assertRefund(actions[0], payer.addr, timestamp, CLOSES_AT);
        assertRefund(actions[1], receiver.addr, timestamp, MATURES_AT);
        assertRefund(actions[2], operator.addr, timestamp, MATURES_AT);
        assertClaim(actions[3], MATURES_AT);
    }

    function test_DoesNotNameThePayerWithoutRefundableShare() external {
        useVaultWithNonRefundableShare(5_000);
        ref = pay(payer, PRICE, "with a share");
        refundAs(payer.addr, ref, PRICE / 2, payer.addr);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 3, "length");
        assertRefund(actions[0], receiver.addr, START, MATURES_AT);
        assertRefund(actions[1], operator.addr, START, MATURES_AT);
        assertClaim(actions[2], MATURES_AT);
    }

    function test_NamesTheReceiverOnceWhenOperator() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.operator = terms.receiver;
        useVault(terms);
        ref = pay(payer, PRICE, "without operator");

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 3, "length");
        assertRefund(actions[0], payer.addr, START, CLOSES_AT);
        assertRefund(actions[1], receiver.addr, START, MATURES_AT);
        assertClaim(actions[2], MATURES_AT);
    }

    function test_NamesTheSellerAtClose() external {
        vm.warp(CLOSES_AT);

        assertSellerOnly(CLOSES_AT);
    }

    function test_NamesTheSellerOneSecondBeforeMaturity() external {
        vm.warp(MATURES_AT - 1);

        assertSellerOnly(MATURES_AT - 1);
    }

    function test_NamesTheClaimAtMaturity() external {
        vm.warp(MATURES_AT);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertClaim(actions[0], MATURES_AT);
    }

    function testFuzz_NamesTheClaimFromNowOnceMatured(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, MATURES_AT + 1, type(uint40).max));
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertClaim(actions[0], timestamp);
    }

    function test_NamesTheClaimAtCloseAtAFullHour() external {
        vm.warp(FULL_HOUR);
        ref = pay(payer, PRICE, "full hour");
        vm.warp(FULL_HOUR + WINDOW);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertClaim(actions[0], FULL_HOUR + WINDOW);
    }

    /// @dev Each of the refunds it names works in the last second it tells, and the claim in the first.
    function testFuzz_TellsWhatTheVaultAllows(uint256 index) external {
        NextAction[] memory actions = vault.nextActions(ref);
        NextAction memory action = actions[bound(index, 0, actions.length - 1)];

        if (action.selector == IRefundWindow.refund.selector) {
            vm.warp(action.until - 1);
            refundAs(action.actor, ref, PRICE, payer.addr);
            assertStatus(ref, IRefundWindow.Status.Refunded);
        } else {
            vm.warp(action.from);
            claimBucket(BUCKET);
            assertStatus(ref, IRefundWindow.Status.Claimed);
        }
    }

    function test_IsEmptyWhenSettled() external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");
        concedeAs(receiver.addr, ref);

        assertEq(vault.nextActions(ref).length, 0);
    }

    /* ARBITER */

    function testFuzz_NamesTheDisputeWhenOpen(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, START, CLOSES_AT - 1));
        useVaultWithArbiter();
        ref = pay(payer, PRICE, "with an arbiter");
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 4, "length");
        assertAction(actions[0], IRefundWindow.dispute.selector, payer.addr, timestamp, CLOSES_AT);
        assertRefund(actions[1], receiver.addr, timestamp, MATURES_AT);
        assertRefund(actions[2], operator.addr, timestamp, MATURES_AT);
        assertClaim(actions[3], MATURES_AT);
    }

    function test_DoesNotNameThePayerWhenNothingCouldBeWon() external {
        useVaultWithArbiter(5_000);
        ref = pay(payer, PRICE, "with an arbiter");
        refundAs(receiver.addr, ref, PRICE / 2, payer.addr);

        assertSellerOnly(START);
    }

    function test_NamesTheSellerAtCloseWithAnArbiter() external {
        useVaultWithArbiter();
        ref = pay(payer, PRICE, "with an arbiter");
        vm.warp(CLOSES_AT);

        assertSellerOnly(CLOSES_AT);
    }

    /* DISPUTED */

    function testFuzz_NamesAllWhenDisputed(uint40 timestamp) external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");

        timestamp = uint40(bound(timestamp, START, DEFAULTS_AT - 1));
        assertAllOfDispute(timestamp);
    }

    function test_NamesAllOneSecondBeforeDefault() external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");

        assertAllOfDispute(DEFAULTS_AT - 1);
    }

    function test_NamesTheDefaultAtDefault() external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");
        vm.warp(DEFAULTS_AT);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertDefault(actions[0], DEFAULTS_AT);
    }

    function testFuzz_NamesTheDefaultFromNowOnceDue(uint40 timestamp) external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");
        timestamp = uint40(bound(timestamp, DEFAULTS_AT + 1, type(uint40).max));
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertDefault(actions[0], timestamp);
    }

    function test_NamesTheReceiverOnceWhenDisputed() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.operator = terms.receiver;
        useVault(terms);
        ref = disputed(payer, PRICE, "without operator");

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 4, "length");
        assertDecision(actions[0], IRefundWindow.resolve.selector, arbiter.addr, START);
        assertDecision(actions[1], IRefundWindow.concede.selector, receiver.addr, START);
        assertDecision(actions[2], IRefundWindow.withdrawDispute.selector, payer.addr, START);
        assertDefault(actions[3], DEFAULTS_AT);
    }

    function test_DoesNotNameTheArbiterWhoIsThePayer() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        ref = disputed(payer, PRICE, "of the arbiter");

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 4, "length");
        assertDecision(actions[0], IRefundWindow.concede.selector, receiver.addr, START);
        assertDecision(actions[1], IRefundWindow.concede.selector, operator.addr, START);
        assertDecision(actions[2], IRefundWindow.withdrawDispute.selector, payer.addr, START);
        assertDefault(actions[3], DEFAULTS_AT);
    }

    /// @dev As `testFuzz_TellsWhatTheVaultAllows`; the dispute works in the last second it tells.
    function testFuzz_TellsWhatTheVaultAllowsWithAnArbiter(uint256 index) external {
        useVaultWithArbiter();
        ref = pay(payer, PRICE, "with an arbiter");
        NextAction[] memory actions = vault.nextActions(ref);
        NextAction memory action = actions[bound(index, 0, actions.length - 1)];

        if (action.selector == IRefundWindow.dispute.selector) {
            vm.warp(action.until - 1);
            dispute(ref);
            assertStatus(ref, IRefundWindow.Status.Disputed);
        } else if (action.selector == IRefundWindow.refund.selector) {
            vm.warp(action.until - 1);
            refundAs(action.actor, ref, PRICE, payer.addr);
            assertStatus(ref, IRefundWindow.Status.Refunded);
        } else {
            vm.warp(action.from);
            claimBucket(BUCKET);
            assertStatus(ref, IRefundWindow.Status.Claimed);
        }
    }

    /// @dev Each of the decisions works in the last second it tells, and the default in the first.
    function testFuzz_TellsWhatTheVaultAllowsInADispute(uint256 index) external {
        useVaultWithArbiter();
        ref = disputed(payer, PRICE, "with an arbiter");
        NextAction[] memory actions = vault.nextActions(ref);
        NextAction memory action = actions[bound(index, 0, actions.length - 1)];

        vm.warp(action.actor == address(0) ? action.from : action.until - 1);
        if (action.selector == IRefundWindow.resolve.selector) {
            resolveAs(action.actor, ref, 0, PRICE);
        } else if (action.selector == IRefundWindow.concede.selector) {
            concedeAs(action.actor, ref);
        } else if (action.selector == IRefundWindow.withdrawDispute.selector) {
            vm.prank(action.actor);
            vault.withdrawDispute(ref);
        } else {
            vault.resolveByDefault(ref);
        }
        assertStatus(ref, IRefundWindow.Status.Settled);
    }

    /* HELPERS */

    function assertAllOfDispute(uint40 timestamp) private {
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 5, "length");
        assertDecision(actions[0], IRefundWindow.resolve.selector, arbiter.addr, timestamp);
        assertDecision(actions[1], IRefundWindow.concede.selector, receiver.addr, timestamp);
        assertDecision(actions[2], IRefundWindow.concede.selector, operator.addr, timestamp);
        assertDecision(actions[3], IRefundWindow.withdrawDispute.selector, payer.addr, timestamp);
        assertDefault(actions[4], DEFAULTS_AT);
    }

    function assertDecision(NextAction memory action, bytes4 selector, address actor, uint40 from) private pure {
        assertAction(action, selector, actor, from, DEFAULTS_AT);
    }

    function assertDefault(NextAction memory action, uint40 from) private pure {
        assertAction(action, IRefundWindow.resolveByDefault.selector, address(0), from, type(uint40).max);
    }

    function assertSellerOnly(uint40 from) private view {
        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 3, "length");
        assertRefund(actions[0], receiver.addr, from, MATURES_AT);
        assertRefund(actions[1], operator.addr, from, MATURES_AT);
        assertClaim(actions[2], MATURES_AT);
    }

    function assertRefund(NextAction memory action, address actor, uint40 from, uint40 until) private pure {
        assertAction(action, IRefundWindow.refund.selector, actor, from, until);
    }

    function assertClaim(NextAction memory action, uint40 from) private pure {
        assertAction(action, IMaturing.claim.selector, address(0), from, type(uint40).max);
    }

    function assertAction(
        NextAction memory action,
        bytes4 selector,
        address actor,
        uint40 from,
        uint40 until
    ) private pure {
        assertEq(action.selector, selector, "selector");
        assertEq(action.actor, actor, "actor");
        assertEq(action.from, from, "from");
        assertEq(action.until, until, "until");
    }
}
