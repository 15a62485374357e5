// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Authorization} from "../../contracts/types/Payment.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: what is sent arrives.
contract FeeOnTransferTest is AttackTest {
    function setUp() public override {
        super.setUp();
        use(new FeeOnTransferToken());
    }

    function test_RevertWhen_TheTokenKeepsAPart() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        assertPayRefused(signed, receivedOther(PRICE - PRICE / 100, PRICE));
    }

    function test_RevertWhen_SurplusWouldMakeUpForTheFee() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        token.mint(address(vault), PRICE / 100);
        assertPayRefused(signed, receivedOther(PRICE, PRICE + PRICE / 100));
    }
}
