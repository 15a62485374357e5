// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {FeeOnTransferToken} from "../mocks/FeeOnTransferToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: a token moves what it says. Here it begins to keep a fee while money is held.
contract EscrowFeeOnTransferTest is EscrowTest {
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _ref = pay(payer, PRICE, "nonce");
        capture(_ref, PRICE);
        vm.etch(address(token), address(new FeeOnTransferToken()).code);
    }

    function test_RevertWhen_ARefundArrivesWithoutAPart() external {
        Authorization memory authorization = authorizeRefund(otherPayer, _ref, PRICE);
        vm.expectRevert(_received(PRICE - PRICE / 100, PRICE));
        vault.refund(_ref, authorization, PAYOUT_GAS);
    }

    function test_RevertWhen_SurplusWouldMakeUpForTheFee() external {
        token.mint(address(vault), PRICE);
        Authorization memory authorization = authorizeRefund(otherPayer, _ref, PRICE);
        vm.expectRevert(_received(2 * PRICE - PRICE / 100, 2 * PRICE));
        vault.refund(_ref, authorization, PAYOUT_GAS);
    }

    function _received(uint256 balance, uint256 expected) private view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, expected);
    }
}
