// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowClaimOfTest is SurplusUnitTest {
    ReceiptProof private proof;

    function setUp() public override {
        super.setUp();
        proof = payPast(payer, PRICE, "nonce");
        goTo(ANNOUNCED_AT);
        announce(PRICE);
    }

    function testFuzz_IsZeroWhenNothingWasFrozen(address from, bytes32 nonce, uint256 number) external view {
        assertEq(claimOf(from, nonce, number), 0);
    }

    function testFuzz_TellsWhatWasFrozen(uint256 value) external {
        value = bound(value, 1, 1e29);
        payPast(otherPayer, value, "other");

        freeze(otherPayer, value, "other");

        assertEq(claimOf(otherPayer.addr, "other", 1), value);
    }

    function test_TellsClaimsApart() external {
        freeze(payer, PRICE, "nonce");

        assertEq(claimOf(payer.addr, "nonce", 0), 0, "of an earlier announcement");
        assertEq(claimOf(payer.addr, "nonce", 2), 0, "of a later announcement");
        assertEq(claimOf(payer.addr, "other", 1), 0, "of another nonce");
        assertEq(claimOf(otherPayer.addr, "nonce", 1), 0, "of another payer");
    }

    function test_IsZeroAfterTheRecord() external {
        freeze(payer, PRICE, "nonce");

        record(proof);

        assertEq(claimOf(payer.addr, "nonce", 1), 0);
    }

    function test_IsZeroAfterAReleaseInPart() external {
        freeze(payer, PRICE, "nonce");
        goTo(ENDS_AT);

        release(payer, "nonce", 1, 1, payer.addr);

        assertEq(claimOf(payer.addr, "nonce", 1), 0);
    }

    function test_StaysAfterTheAnnouncement() external {
        freeze(payer, PRICE, "nonce");
        goTo(ENDS_AT + 365 days);

        assertEq(claimOf(payer.addr, "nonce", 1), PRICE);
    }
}
