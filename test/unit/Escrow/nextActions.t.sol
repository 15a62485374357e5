// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {NextAction, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowNextActionsTest is EscrowTest {
    uint40 private constant NEVER = type(uint40).max;

    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.nextActions(ref);
    }

    /* NOTHING */

    function test_IsEmptyWhenNeverPaid() external view {
        assertEq(vault.nextActions(refOf(payer.addr, "unknown")).length, 0);
    }

    function test_IsEmptyWhenReturned() external {
        voidAs(operator.addr, ref);

        assertEq(vault.nextActions(ref).length, 0);
    }

    function test_IsEmptyWhenCapturedAndRefunded() external {
        capture(ref, PRICE);
        refund(otherPayer, ref, PRICE);

        assertEq(vault.nextActions(ref).length, 0);
    }

    function test_IsEmptyForTheTransferOfARefund() external {
        capture(ref, PRICE);
        PaymentRef memory transfer = refOf(otherPayer.addr, vault.refundNonceOf(ref));
        refund(otherPayer, ref, PRICE);

        assertEq(vault.nextActions(transfer).length, 0);
    }

    /* HELD */

    function testFuzz_NamesAllWhenHeld(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, START, CAPTURE_UNTIL - 1));
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 5, "length");
        assertHeld(actions, operator.addr, timestamp);
        assertAction(actions[3], IEscrow.void.selector, receiver.addr, timestamp, CAPTURE_UNTIL);
        assertAction(actions[4], IEscrow.reclaim.selector, address(0), CAPTURE_UNTIL, NEVER);
    }

    function test_NamesTheReceiverOnceWhenOperator() external {
        useVaultOfOperator(receiver.addr);
        ref = pay(payer, PRICE, "other");

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 4, "length");
        assertHeld(actions, receiver.addr, START);
        assertAction(actions[3], IEscrow.reclaim.selector, address(0), CAPTURE_UNTIL, NEVER);
    }

    function test_NamesTheRefundOfWhatWasCaptured() external {
        capture(ref, 1);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 6, "length");
        assertAction(actions[5], IEscrow.refund.selector, address(0), START, NEVER);
    }

    /* EXPIRED */

    function testFuzz_NamesTheReclaimOnlyFromCaptureUntil(uint40 timestamp) external {
        timestamp = uint40(bound(timestamp, CAPTURE_UNTIL, NEVER));
        vm.warp(timestamp);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertAction(actions[0], IEscrow.reclaim.selector, address(0), timestamp, NEVER);
    }

    function test_NamesReclaimAndRefundAtCaptureUntil() external {
        capture(ref, 1);
        vm.warp(CAPTURE_UNTIL);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 2, "length");
        assertAction(actions[0], IEscrow.reclaim.selector, address(0), CAPTURE_UNTIL, NEVER);
        assertAction(actions[1], IEscrow.refund.selector, address(0), CAPTURE_UNTIL, NEVER);
    }

    /* ENDED */

    function test_NamesTheRefundOnlyWhenEnded() external {
        close(ref, 1);
        vm.warp(CAPTURE_UNTIL + 1);

        NextAction[] memory actions = vault.nextActions(ref);

        assertEq(actions.length, 1, "length");
        assertAction(actions[0], IEscrow.refund.selector, address(0), CAPTURE_UNTIL + 1, NEVER);
    }

    /* TRUE */

    /// @dev Each action that it names works in its first second, and in its last.
    function testFuzz_TellsWhatTheVaultAllows(uint256 index, bool atTheEnd) external {
        capture(ref, 1);
        NextAction[] memory actions = vault.nextActions(ref);
        NextAction memory action = actions[bound(index, 0, actions.length - 1)];
        vm.warp(atTheEnd && action.until != NEVER ? action.until - 1 : action.from);

        if (action.selector == IEscrow.capture.selector) captureAs(action.actor, ref, 1);
        else if (action.selector == IEscrow.close.selector) closeAs(action.actor, ref, 1);
        else if (action.selector == IEscrow.void.selector) voidAs(action.actor, ref);
        else if (action.selector == IEscrow.reclaim.selector) reclaim(ref);
        else refund(otherPayer, ref, 1);
    }

    /* HELPERS */

    function assertHeld(NextAction[] memory actions, address by, uint40 from) private pure {
        assertAction(actions[0], IEscrow.capture.selector, by, from, CAPTURE_UNTIL);
        assertAction(actions[1], IEscrow.close.selector, by, from, CAPTURE_UNTIL);
        assertAction(actions[2], IEscrow.void.selector, by, from, CAPTURE_UNTIL);
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
