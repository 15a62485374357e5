// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Hold, HoldState, packHold} from "../../../contracts/types/Hold.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract HoldTest is TestBase {
    function testFuzz_ReturnsWhatWasPacked(
        uint104 paid,
        uint104 captured,
        uint8 stateSeed,
        uint40 captureUntil
    ) external pure {
        HoldState state = HoldState(stateSeed % 3);
        Hold hold = packHold(paid, captured, state, captureUntil);

        assertEq(hold.paid(), paid, "paid");
        assertEq(hold.captured(), captured, "captured");
        assertEq(uint8(hold.state()), uint8(state), "state");
        assertEq(hold.captureUntil(), captureUntil, "captureUntil");
    }

    function testFuzz_HoldsPaidMinusCaptured(uint104 paid, uint104 captured, uint40 captureUntil) external pure {
        captured = uint104(bound(captured, 0, paid));

        assertEq(packHold(paid, captured, HoldState.Held, captureUntil).held(), paid - captured);
    }

    function testFuzz_HoldsNothingInAnyOtherState(uint104 paid, uint104 captured, uint40 captureUntil) external pure {
        assertEq(packHold(paid, captured, HoldState.Ended, captureUntil).held(), 0, "ended");
        assertEq(packHold(paid, captured, HoldState.Refund, captureUntil).held(), 0, "refund");
    }

    function testFuzz_IsNotZeroOnceItHasADeadline(uint104 paid, uint8 stateSeed, uint40 captureUntil) external pure {
        captureUntil = uint40(bound(captureUntil, 1, type(uint40).max));

        assertNotEq(Hold.unwrap(packHold(paid, paid, HoldState(stateSeed % 3), captureUntil)), 0);
    }

    /// @dev Without a deadline it is no payment; not zero, it is known all the same.
    function test_IsNotZeroForARefund() external pure {
        Hold hold = packHold(0, 0, HoldState.Refund, 0);

        assertNotEq(Hold.unwrap(hold), 0, "word");
        assertEq(hold.captureUntil(), 0, "captureUntil");
    }

    function test_IsHeldWithNothingWhenNeverPaid() external pure {
        Hold never = Hold.wrap(0);

        assertEq(uint8(never.state()), uint8(HoldState.Held), "state");
        assertEq(never.held(), 0, "held");
        assertEq(never.captureUntil(), 0, "captureUntil");
    }

    function testFuzz_RevertWhen_StateIsUnknown(uint8 state) external {
        state = uint8(bound(state, uint8(type(HoldState).max) + 1, type(uint8).max));

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x21));
        this.stateOf(Hold.wrap(uint256(state) << 40));
    }

    function testFuzz_RevertWhen_PaidDoesNotFit(uint256 paid) external {
        paid = bound(paid, uint256(type(uint104).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, paid));
        this.pack(paid, 0, 1);
    }

    function testFuzz_RevertWhen_CapturedDoesNotFit(uint256 captured) external {
        captured = bound(captured, uint256(type(uint104).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, captured));
        this.pack(type(uint104).max, captured, 1);
    }

    function testFuzz_RevertWhen_MoreWasCapturedThanPaid(uint104 paid, uint104 captured) external {
        paid = uint104(bound(paid, 0, type(uint104).max - 1));
        captured = uint104(bound(captured, uint256(paid) + 1, type(uint104).max));

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.heldOf(packHold(paid, captured, HoldState.Held, 1));
    }

    /* EXPOSED */

    function pack(uint256 paid, uint256 captured, uint40 captureUntil) external pure returns (Hold) {
        return packHold(paid, captured, HoldState.Held, captureUntil);
    }

    function stateOf(Hold hold) external pure returns (HoldState) {
        return hold.state();
    }

    function heldOf(Hold hold) external pure returns (uint256) {
        return hold.held();
    }
}
