// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {ReturnBombToken} from "../mocks/ReturnBombToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: a token answers briefly.
contract EscrowReturnBombTest is EscrowTest {
    ReturnBombToken private _bomb;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _bomb = new ReturnBombToken();
        use(_bomb);
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_HugeRevertDataLeavesACreditToEachOfThree() external {
        _bomb.setBomb(1_000_000, true);
        close(_ref, PRICE / 2);
        assertEq(creditOf(payer.addr), PRICE / 2, "payer");
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), PRICE / 2, "captured");
    }

    function test_TheCallerPaysForNoCopy() external {
        _bomb.setBomb(1_000_000, true);
        uint256 before = gasleft();
        close(_ref, PRICE / 2);
        assertLt(before - gasleft(), 3 * PAYOUT_GAS + 250_000);
    }

    function test_HugeReturnDataOfASuccessIsASuccess() external {
        _bomb.setBomb(20_000, false);
        capture(_ref, PRICE);
        assertPaidOut(PRICE - FEE, FEE);
    }

    function test_AReclaimIsBookedAllTheSame() external {
        _bomb.setBomb(1_000_000, true);
        vm.warp(CAPTURE_UNTIL);
        reclaim(_ref);
        assertEq(creditOf(payer.addr), PRICE);
    }
}
