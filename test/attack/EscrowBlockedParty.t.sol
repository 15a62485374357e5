// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {Withdraw} from "../../contracts/types/TypedData.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {RevertingHook} from "../mocks/HookActors.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: the token pays everybody at any time. Rights are exercised in time all the same, and what is not
/// paid waits for its own owner.
contract EscrowBlockedPartyTest is EscrowTest {
    address private constant ELSEWHERE = address(0xe15e);

    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        use(new HookedToken());
        _ref = pay(payer, PRICE, "nonce");
    }

    function test_AReceiverWhoIsDenylistedBlocksNeitherPayerNorFeeReceiver() external {
        token.setDenylisted(receiver.addr, true);
        close(_ref, PRICE / 2);
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE / 2, "payer");
        assertEq(token.balanceOf(feeReceiver), FEE / 2, "fee receiver");
        assertEq(creditOf(receiver.addr), PRICE / 2 - FEE / 2, "receiver");
    }

    function test_APayerWhoIsDenylistedBlocksNoCapture() external {
        token.setDenylisted(payer.addr, true);
        close(_ref, PRICE / 2);
        assertPaidOut(PRICE / 2 - FEE / 2, FEE / 2);
        assertEq(creditOf(payer.addr), PRICE / 2, "payer");
    }

    function test_APayerWhoRefusesMoneyBlocksNoCapture() external {
        HookedToken(address(token)).setHook(payer.addr, address(new RevertingHook()));
        close(_ref, PRICE / 2);
        assertPaidOut(PRICE / 2 - FEE / 2, FEE / 2);
        assertEq(creditOf(payer.addr), PRICE / 2, "payer");
    }

    function test_AFeeReceiverWhoRefusesMoneyBlocksNoCapture() external {
        HookedToken(address(token)).setHook(feeReceiver, address(new RevertingHook()));
        capture(_ref, PRICE);
        assertPaidOut(PRICE - FEE, 0);
        assertEq(creditOf(feeReceiver), FEE, "fee receiver");
    }

    /// @dev A pause over the deadline costs the receiver nothing.
    function test_ACaptureIsBookedInTimeWhileTheTokenIsPaused() external {
        token.setPaused(true);
        vm.warp(CAPTURE_UNTIL - 1);
        capture(_ref, PRICE);
        vm.warp(CAPTURE_UNTIL + 30 days);
        token.setPaused(false);
        vault.withdraw(address(token), receiver.addr, receiver.addr);
        assertEq(token.balanceOf(receiver.addr), PRICE - FEE);
    }

    function test_AReclaimIsBookedWhileTheTokenIsPaused() external {
        vm.warp(CAPTURE_UNTIL);
        token.setPaused(true);
        reclaim(_ref);
        token.setPaused(false);
        vault.withdraw(address(token), payer.addr, payer.addr);
        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_ADenylistedPayerTakesWhatWasReturnedElsewhere() external {
        token.setDenylisted(payer.addr, true);
        voidAs(receiver.addr, _ref);
        Withdraw memory message = withdrawMessage(payer.addr, ELSEWHERE);
        vault.withdrawWithSignature(message, signWithdraw(payer, message));
        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_ADenylistedPayerBlocksNoOther() external {
        PaymentRef memory other = pay(otherPayer, PRICE, "nonce");
        token.setDenylisted(payer.addr, true);
        vm.warp(CAPTURE_UNTIL);
        reclaim(_ref);
        reclaim(other);
        assertEq(token.balanceOf(otherPayer.addr), 1e30);
    }

    function test_ABatchNeedsNoParty() external {
        token.setDenylisted(payer.addr, true);
        token.setDenylisted(receiver.addr, true);
        token.setDenylisted(address(vault), true);
        captureMany(list(itemOf(_ref, PRICE)));
        assertStatus(_ref, IEscrow.EscrowStatus.Ended);
        assertEq(creditOf(receiver.addr), PRICE - FEE);
    }

    function test_ARefundToADenylistedPayerWaitsForIt() external {
        capture(_ref, PRICE);
        token.setDenylisted(payer.addr, true);
        refund(otherPayer, _ref, PRICE);
        assertEq(creditOf(payer.addr), PRICE, "payer");
        assertEq(creditOf(otherPayer.addr), 0, "who paid");
    }
}
