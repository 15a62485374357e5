// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {Holding, Stage, packHolding} from "../../../contracts/types/Holding.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract HoldingTest is TestBase {
    function testFuzz_ReturnsWhatWasPacked(
        uint104 paid,
        uint104 refunded,
        uint8 stageSeed,
        uint40 deadline
    ) external pure {
        Stage stage = Stage(stageSeed % 3);
        Holding holding = packHolding(paid, refunded, stage, deadline);

        assertEq(holding.paid(), paid, "paid");
        assertEq(holding.refunded(), refunded, "refunded");
        assertEq(uint8(holding.stage()), uint8(stage), "stage");
        assertEq(holding.deadline(), deadline, "deadline");
    }

    function testFuzz_HoldsPaidMinusRefunded(uint104 paid, uint104 refunded, uint40 closesAt) external pure {
        refunded = uint104(bound(refunded, 0, paid));

        assertEq(packHolding(paid, refunded, Stage.Running, closesAt).held(), paid - refunded);
    }

    function testFuzz_IsNotZeroOnceItCloses(uint104 paid, uint40 closesAt) external pure {
        closesAt = uint40(bound(closesAt, 1, type(uint40).max));

        assertNotEq(Holding.unwrap(packHolding(paid, paid, Stage.Running, closesAt)), 0);
    }

    function testFuzz_KeepsItsAmountsInEveryStage(uint104 paid, uint104 refunded, uint40 deadline) external pure {
        refunded = uint104(bound(refunded, 0, paid));
        for (uint8 i = 0; i <= uint8(type(Stage).max); ++i) {
            Holding holding = packHolding(paid, refunded, Stage(i), deadline);

            assertEq(uint8(holding.stage()), i, "stage");
            assertEq(holding.held(), paid - refunded, "held");
        }
    }

    function test_IsRunningWithoutDeadlineWhenNeverPaid() external pure {
        Holding never = Holding.wrap(0);

        assertEq(uint8(never.stage()), uint8(Stage.Running), "stage");
        assertEq(never.deadline(), 0, "deadline");
    }

    function testFuzz_RevertWhen_StageIsUnknown(uint8 stage) external {
        stage = uint8(bound(stage, uint8(type(Stage).max) + 1, type(uint8).max));

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x21));
        this.stageOf(Holding.wrap(uint256(stage) << 40));
    }

    function testFuzz_RevertWhen_PaidDoesNotFit(uint256 paid) external {
        paid = bound(paid, uint256(type(uint104).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, paid));
        this.pack(paid, 0, 1);
    }

    function testFuzz_RevertWhen_RefundedDoesNotFit(uint256 refunded) external {
        refunded = bound(refunded, uint256(type(uint104).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 104, refunded));
        this.pack(type(uint104).max, refunded, 1);
    }

    function testFuzz_RevertWhen_MoreWasRefundedThanPaid(uint104 paid, uint104 refunded) external {
        paid = uint104(bound(paid, 0, type(uint104).max - 1));
        refunded = uint104(bound(refunded, uint256(paid) + 1, type(uint104).max));

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        this.held(packHolding(paid, refunded, Stage.Running, 1));
    }

    /* EXPOSED */

    function pack(uint256 paid, uint256 refunded, uint40 closesAt) external pure returns (Holding) {
        return packHolding(paid, refunded, Stage.Running, closesAt);
    }

    function stageOf(Holding holding) external pure returns (Stage) {
        return holding.stage();
    }

    function held(Holding holding) external pure returns (uint256) {
        return holding.held();
    }
}
