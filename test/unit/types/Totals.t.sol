// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {packTotals, Totals} from "../../../contracts/types/Ledger.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract TotalsTest is TestBase {
    function testFuzz_ReturnsWhatWasPacked(uint112 liabilities, uint112 running, uint32 bucket) external pure {
        Totals totals = packTotals(liabilities, running, bucket);

        assertEq(totals.liabilities(), liabilities, "liabilities");
        assertEq(totals.running(), running, "running");
        assertEq(totals.runningBucket(), bucket, "bucket");
    }

    function testFuzz_RevertWhen_LiabilitiesDoNotFit(uint256 liabilities) external {
        liabilities = bound(liabilities, uint256(type(uint112).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 112, liabilities));
        this.pack(liabilities, 0, 0);
    }

    function testFuzz_RevertWhen_RunningDoesNotFit(uint256 running) external {
        running = bound(running, uint256(type(uint112).max) + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 112, running));
        this.pack(type(uint112).max, running, 0);
    }

    /* EXPOSED */

    function pack(uint256 liabilities, uint256 running, uint32 bucket) external pure returns (Totals) {
        return packTotals(liabilities, running, bucket);
    }
}
