// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {DisputeHandler} from "./DisputeHandler.sol";
import {HandlerBase} from "./HandlerBase.sol";
import {RefundHandler} from "./RefundHandler.sol";
import {RefundWindowReplay} from "./RefundWindowReplay.sol";
import {SurplusHandler} from "./SurplusHandler.sol";

/// @title RefundWindowHandler
/// @notice Many payers, four vaults and two tokens. From the journal alone it knows for each action whether it must
/// succeed or with which error it must fail. What must succeed and does not reverts here; what must fail and does not
/// is counted.
contract RefundWindowHandler is DisputeHandler, SurplusHandler {
    constructor(
        ReceiptVerifier verifier,
        address[] memory vaults_,
        RefundWindowTerms[] memory terms,
        Token3009[] memory tokens_,
        Account[] memory people
    ) HandlerBase(new RefundWindowReplay(), vaults_, tokens_, people) RefundHandler(terms) SurplusHandler(verifier) {}

    /* TIME */

    /// @notice To the last second before an edge of a payment's life, or to the edge itself.
    function travelToEdge(uint256 seed, uint256 way) external {
        if (_entries.length == 0) return;
        seed %= _entries.length;
        Entry storage entry = _entries[seed];
        uint256 edge = way % 3 == 0 ? uint256(entry.hour) * 1 hours : entry.deadline;
        if (way % 3 == 1 && _defaultsAt[seed] != 0) edge = _defaultsAt[seed];
        _warpTo(edge - ((way / 3) % 2));
    }

    /* ACTIONS */

    function actions() external pure override returns (bytes4[] memory list) {
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
