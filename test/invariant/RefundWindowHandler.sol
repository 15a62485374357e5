// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {DisputeHandler} from "./DisputeHandler.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title RefundWindowHandler
/// @notice Many payers, four vaults and two tokens. From the journal alone it knows for each action whether it must
/// succeed or with which error it must fail. What must succeed and does not reverts here; what must fail and does not
/// is counted.
contract RefundWindowHandler is DisputeHandler, SurplusHandler {
    constructor(
        ReceiptVerifier verifier,
        RefundWindow[] memory vaults_,
        RefundWindowTerms[] memory terms,
        Token3009[] memory tokens_,
        Account[] memory people
    ) HandlerBase(vaults_, terms, tokens_, people) SurplusHandler(verifier) {}

    /* TIME AND TROUBLE */

    function travel(uint256 time) external {
        vm.warp(block.timestamp + bound(time, 1, 2 hours));
    }

    /// @notice To the last second before an edge of a payment's life, or to the edge itself.
    function travelToEdge(uint256 seed, uint256 way) external {
        if (_entries.length == 0) return;
        Entry storage entry = _entries[seed % _entries.length];
        uint256 edge = way % 3 == 0 ? uint256(entry.hour) * 1 hours : entry.closesAt;
        if (way % 3 == 1 && entry.defaultsAt != 0) edge = entry.defaultsAt;
        _warpTo(edge - ((way / 3) % 2));
    }

    /// @notice Only the second token is a regulated one: paused or not, and one party or vault denylisted or not.
    function setTrouble(uint256 way, uint256 seed) external {
        seed %= _people.length + VAULTS;
        address account = seed < _people.length ? _people[seed].addr : address(vaults[seed - _people.length]);
        tokens[1].setPaused(way % 2 == 0);
        tokens[1].setDenylisted(account, (way / 2) % 2 == 0);
    }

    /* ACTIONS */

    /// @notice All that the fuzzer may call. Their parameters are numbers, and at most five.
    function actions() external pure returns (bytes4[] memory list) {
        list = new bytes4[](31);
        (list[0], list[1], list[2]) = (this.pay.selector, this.payAgain.selector, this.payMany.selector);
        (list[3], list[4], list[5]) = (this.stray.selector, this.frontRun.selector, this.cancel.selector);
        (list[6], list[7]) = (this.refundAsPayer.selector, this.refundAsSeller.selector);
        (list[8], list[9]) = (this.refundTwiceWhilePaused.selector, this.refuseRefund.selector);
        (list[10], list[11]) = (this.replayRefund.selector, this.claim.selector);
        (list[12], list[13]) = (this.claimAtEdge.selector, this.withdraw.selector);
        (list[14], list[15]) = (this.dispute.selector, this.submitEvidence.selector);
        (list[16], list[17]) = (this.withdrawDispute.selector, this.concede.selector);
        (list[18], list[19]) = (this.resolve.selector, this.resolveByDefault.selector);
        (list[20], list[21]) = (this.replayMessage.selector, this.record.selector);
        (list[22], list[23]) = (this.saveBlockHash.selector, this.travelBlocks.selector);
        (list[24], list[25]) = (this.announceAssignment.selector, this.freeze.selector);
        (list[26], list[27]) = (this.assign.selector, this.release.selector);
        (list[28], list[29], list[30]) = (this.travel.selector, this.travelToEdge.selector, this.setTrouble.selector);
    }
}
