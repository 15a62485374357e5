// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {PaymentRef} from "../../contracts/types/Payment.sol";
import {ReturnBombToken} from "../mocks/ReturnBombToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a token answers briefly.
contract ReturnBombTest is AttackTest {
    uint256 private constant SIZE = 20_000;

    ReturnBombToken private _bomb;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _bomb = new ReturnBombToken();
        use(_bomb);
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_HugeRevertDataLeavesACredit() external {
        _bomb.setBomb(SIZE, true);
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_HugeReturnDataOfASuccessIsASuccess() external {
        _bomb.setBomb(SIZE, false);
        refund(payer, _ref, PRICE, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), PRICE, "sent");
        assertEq(creditOf(payer.addr), 0, "credit");
    }

    function test_ABombBeyondTheCapLeavesACredit() external {
        _bomb.setBomb(1_000_000, false);
        refund(payer, _ref, PRICE, stranger.addr);
        assertEq(creditOf(payer.addr), PRICE);
    }

    function test_TheCallerPaysForNoCopy() external {
        _bomb.setBomb(1_000_000, true);
        uint256 before = gasleft();
        refund(payer, _ref, PRICE, payer.addr);
        assertLt(before - gasleft(), PAYOUT_GAS + 150_000);
    }

    function test_AClaimIsBookedForBothOwners() external {
        uint32[] memory buckets = mature(_ref);
        _bomb.setBomb(1_000_000, true);
        vault.claim(address(token), buckets, PAYOUT_GAS);
        assertEq(creditOf(receiver.addr), PRICE - PRICE / 100, "receiver");
        assertEq(creditOf(feeReceiver), PRICE / 100, "fee receiver");
    }
}
