// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {EscrowTest} from "../utils/EscrowTest.sol";

/// @dev Assumption broken: nobody reads while money moves. Views never tell that more is held or owed than there is.
contract EscrowReadOnlyReentrancyTest is EscrowTest {
    /// @dev Enough for the hook to keep what it read.
    uint256 private constant MUCH_GAS = 1_000_000;

    CallingHook private _hook;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        HookedToken hooked = new HookedToken();
        use(hooked);
        _hook = new CallingHook();
        _ref = pay(payer, PRICE, "nonce");
        hooked.setHook(address(vault), address(_hook));
    }

    function test_DuringPayThePaymentIsUnknown() external {
        _watchPayment(refOf(otherPayer.addr, "other"));
        pay(otherPayer, PRICE, "other");
        assertEq(uint8(_payment().status), uint8(IEscrow.EscrowStatus.None));
    }

    function test_DuringCaptureItIsAlreadyCaptured() external {
        _watchPayment(_ref);
        vm.prank(operator.addr);
        vault.capture(_ref, PRICE / 2, PRICE, 0, MUCH_GAS);
        assertEq(_payment().captured, PRICE / 2, "captured");
        assertEq(_payment().held, PRICE / 2, "held");
    }

    function test_DuringTheFirstPayoutOfACloseItHasAlreadyEnded() external {
        _watchPayment(_ref);
        vm.prank(operator.addr);
        vault.close(_ref, PRICE / 2, PRICE, 0, MUCH_GAS);
        assertEq(uint8(_payment().status), uint8(IEscrow.EscrowStatus.Ended));
    }

    function test_DuringTheFirstPayoutOfACloseNothingIsOwedAnyMore() external {
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        close(_ref, PRICE / 2);
        assertEq(_number(), 0);
    }

    /// @dev What is still to be paid out is surplus for a moment; nobody can act on it meanwhile.
    function test_DuringTheFirstPayoutOfACloseTheRestIsSurplusForAMoment() external {
        _watch(abi.encodeCall(IVault.surplusOf, (address(token))));
        close(_ref, PRICE / 2);
        assertEq(_number(), PRICE / 2, "during");
        assertEq(vault.surplusOf(address(token)), 0, "after");
    }

    function test_DuringVoidItHasAlreadyEnded() external {
        _watchPayment(_ref);
        vm.prank(receiver.addr);
        vault.void(_ref, PRICE, MUCH_GAS);
        assertEq(_payment().returned, PRICE);
    }

    function test_DuringReclaimItHasAlreadyEnded() external {
        vm.warp(CAPTURE_UNTIL);
        _watchPayment(_ref);
        vault.reclaim(_ref, MUCH_GAS);
        assertEq(_payment().held, 0);
    }

    function test_DuringTheReceiptOfARefundItIsAlreadyRefunded() external {
        capture(_ref, PRICE);
        _watchPayment(_ref);
        refund(otherPayer, _ref, PRICE);
        assertEq(_payment().refunded, PRICE);
    }

    function test_DuringTheReceiptOfARefundNothingMoreIsOwed() external {
        capture(_ref, PRICE);
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        refund(otherPayer, _ref, PRICE);
        assertEq(_number(), 0);
    }

    function _watchPayment(PaymentRef memory ref) private {
        _watch(abi.encodeCall(IEscrow.paymentOf, (ref)));
    }

    function _watch(bytes memory call) private {
        _hook.prepare(address(vault), call);
    }

    function _number() private view returns (uint256) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (uint256));
    }

    function _payment() private view returns (IEscrow.EscrowPayment memory) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (IEscrow.EscrowPayment));
    }
}
