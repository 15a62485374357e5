// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: nobody reads the views while a token is called. They may be late, but never promise more
/// than is there.
contract ReadOnlyReentrancyTest is AttackTest {
    HookedToken private _hooked;
    CallingHook private _hook;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        _hook = new CallingHook();
        use(_hooked);
        _ref = pay(payer, PRICE, "nonce");
        _hooked.setHook(address(vault), address(_hook));
    }

    function test_DuringPayTheMoneyIsNotYetBooked() external {
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        pay(otherPayer, PRICE, "other");
        assertEq(_number(), PRICE);
    }

    function test_DuringPayThePaymentIsUnknown() external {
        PaymentRef memory other = refOf(otherPayer.addr, "other");
        _watch(abi.encodeCall(IRefundWindow.paymentOf, (other)));
        pay(otherPayer, PRICE, "other");
        assertEq(uint8(_payment().status), uint8(IRefundWindow.Status.None));
    }

    function test_DuringPayTheMoneyIsSurplusForAMoment() external {
        _watch(abi.encodeCall(IVault.surplusOf, (address(token))));
        pay(otherPayer, PRICE, "other");
        assertEq(_number(), PRICE, "during");
        assertEq(vault.surplusOf(address(token)), 0, "after");
    }

    function test_DuringRefundThePaymentIsAlreadyRefunded() external {
        _watch(abi.encodeCall(IRefundWindow.paymentOf, (_ref)));
        vm.prank(payer.addr);
        vault.refund(_ref, PRICE, payer.addr, PRICE, 0, 1_000_000);
        assertEq(uint8(_payment().status), uint8(IRefundWindow.Status.Refunded));
    }

    function test_DuringRefundNothingIsOwedAnyMore() external {
        _watch(abi.encodeCall(IVault.liabilitiesOf, (address(token))));
        refund(payer, _ref, PRICE, payer.addr);
        assertEq(_number(), 0);
    }

    function test_DuringClaimTheBucketIsAlreadyEmpty() external {
        uint32[] memory buckets = mature(_ref);
        _watch(abi.encodeCall(IMaturing.maturingIn, (address(token), buckets[0])));
        vault.claim(address(token), buckets, 1_000_000);
        assertEq(_number(), 0);
    }

    function test_DuringTheFirstPayoutOfAClaimTheFeeIsSurplusForAMoment() external {
        uint32[] memory buckets = mature(_ref);
        _watch(abi.encodeCall(IVault.surplusOf, (address(token))));
        vault.claim(address(token), buckets, 1_000_000);
        assertEq(_number(), PRICE / 100, "during");
        assertEq(vault.surplusOf(address(token)), 0, "after");
    }

    function test_DuringWithdrawTheCreditIsAlreadyGone() external {
        _hooked.setPaused(true);
        refund(payer, _ref, PRICE, payer.addr);
        _hooked.setPaused(false);
        _watch(abi.encodeCall(IVault.creditOf, (address(token), payer.addr)));
        vault.withdraw(address(token), payer.addr, payer.addr);
        (uint256 credit, uint256 withdrawn) = abi.decode(_hook.answer(), (uint256, uint256));
        assertEq(credit, 0, "credit");
        assertEq(withdrawn, PRICE, "withdrawn");
    }

    function _watch(bytes memory call) private {
        _hook.prepare(address(vault), call);
    }

    function _number() private view returns (uint256) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (uint256));
    }

    function _payment() private view returns (IRefundWindow.Payment memory) {
        assertTrue(_hook.succeeded(), "read");
        return abi.decode(_hook.answer(), (IRefundWindow.Payment));
    }
}
