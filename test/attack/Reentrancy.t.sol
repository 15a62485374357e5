// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Refund, Withdraw} from "../../contracts/types/TypedData.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the token does not call back. All six state-changing functions are tried from all four
/// payouts and payments in which a token is called.
contract ReentrancyTest is AttackTest {
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

    function test_NothingCanBeEnteredDuringPay() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            _hook.prepare(address(vault), calls[i]);
            pay(otherPayer, PRICE, bytes32(i));
            _assertKeptOut();
        }
        assertEq(liabilities(), PRICE * 7);
    }

    function test_NothingCanBeEnteredDuringRefund() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            _hook.prepare(address(vault), calls[i]);
            refund(payer, _ref, 10, payer.addr);
            _assertKeptOut();
        }
        assertEq(liabilities(), PRICE - 60);
    }

    function test_NothingCanBeEnteredDuringClaim() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            uint32[] memory buckets = mature(pay(otherPayer, PRICE, bytes32(i)));
            _hook.prepare(address(vault), calls[i]);
            vault.claim(address(token), buckets, 1_000_000);
            _assertKeptOut();
        }
    }

    function test_NothingCanBeEnteredDuringWithdraw() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < calls.length; ++i) {
            _hooked.setPaused(true);
            refund(payer, _ref, 10, payer.addr);
            _hooked.setPaused(false);
            _hook.prepare(address(vault), calls[i]);
            vault.withdraw(address(token), payer.addr, payer.addr);
            _assertKeptOut();
        }
    }

    /// @dev The guard is per vault: another vault can be used meanwhile, and its money does not count twice.
    function test_AnotherVaultCanBeUsedMeanwhile() external {
        IRefundWindow first = vault;
        Authorization memory inner = authorize(otherPayer, address(first), PRICE, "inner");
        _hook.prepare(address(first), abi.encodeCall(IVault.pay, (inner)));

        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        vault = deployVault(terms);
        _hooked.setHook(address(first), address(0));
        _hooked.setHook(address(vault), address(_hook));
        pay(payer, PRICE, "outer");

        assertTrue(_hook.succeeded(), "inner payment");
        assertEq(liabilities(), PRICE, "outer");
        assertEq(first.liabilitiesOf(address(token)), 2 * PRICE, "inner");
        assertEq(token.balanceOf(address(first)), 2 * PRICE, "inner balance");
    }

    function _assertKeptOut() private view {
        assertTrue(_hook.called(), "called");
        assertFalse(_hook.succeeded(), "kept out");
        assertEq(
            _hook.answer(),
            abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector),
            "by the guard"
        );
    }

    function _calls() private view returns (bytes[] memory calls) {
        Refund memory message = refundMessage(_ref, 1, payer.addr);
        Withdraw memory withdrawal = Withdraw(address(token), payer.addr, payer.addr, 0, 0, type(uint256).max);
        calls = new bytes[](6);
        calls[0] = abi.encodeCall(IVault.pay, (authorize(payer, address(vault), 1, "reentered")));
        calls[1] = abi.encodeCall(IRefundWindow.refund, (_ref, 1, payer.addr, PRICE, 0, PAYOUT_GAS));
        calls[2] = abi.encodeCall(
            IRefundWindow.refundWithSignature,
            (_ref, message, signRefund(payer, message), PAYOUT_GAS)
        );
        calls[3] = abi.encodeCall(IMaturing.claim, (address(token), new uint32[](1), PAYOUT_GAS));
        calls[4] = abi.encodeCall(IVault.withdraw, (address(token), payer.addr, payer.addr));
        calls[5] = abi.encodeCall(IVault.withdrawWithSignature, (withdrawal, signWithdraw(payer, withdrawal)));
    }
}
