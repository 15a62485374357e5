// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {CallingHook, RevertingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: everybody can be paid when a dispute ends. Nobody is paid then: everybody is owed, and each
/// share leaves without the others.
contract DisputeBlockedPartyTest is AttackTest {
    uint256 private constant WAYS = 4;
    uint256 private constant HALF = PRICE / 2;

    HookedToken private _hooked;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        use(_hooked);
        useVaultWithArbiter();
        _ref = disputed(payer, PRICE, "nonce");
    }

    function test_ADenylistedPayerBlocksNeitherReceiverNorFee() external {
        token.setDenylisted(payer.addr, true);
        _resolveInHalves();
        _withdraw(receiver.addr);
        _withdraw(feeReceiver);
        assertEq(token.balanceOf(receiver.addr), HALF - HALF / 100, "receiver");
        assertEq(token.balanceOf(feeReceiver), HALF / 100, "fee receiver");
        assertEq(creditOf(payer.addr), HALF, "payer");
    }

    function test_ADenylistedReceiverBlocksNeitherPayerNorFee() external {
        token.setDenylisted(receiver.addr, true);
        uint256 before = token.balanceOf(payer.addr);
        _resolveInHalves();
        _withdraw(payer.addr);
        _withdraw(feeReceiver);
        assertEq(token.balanceOf(payer.addr), before + HALF, "payer");
        assertEq(token.balanceOf(feeReceiver), HALF / 100, "fee receiver");
        assertEq(creditOf(receiver.addr), HALF - HALF / 100, "receiver");
    }

    function test_ADenylistedFeeReceiverBlocksNobody() external {
        token.setDenylisted(feeReceiver, true);
        _resolveInHalves();
        _withdraw(payer.addr);
        _withdraw(receiver.addr);
        assertEq(token.balanceOf(receiver.addr), HALF - HALF / 100, "receiver");
        assertEq(creditOf(feeReceiver), HALF / 100, "fee receiver");
    }

    function test_RevertWhen_ADenylistedPayersShareIsSentToIt() external {
        token.setDenylisted(payer.addr, true);
        _resolveInHalves();
        vm.expectRevert(abi.encodeWithSelector(Token3009.Denylisted.selector, payer.addr));
        _withdraw(payer.addr);
        assertEq(creditOf(payer.addr), HALF);
    }

    function test_ADenylistedPayerWithdrawsItsShareToAnotherAddress() external {
        token.setDenylisted(payer.addr, true);
        _resolveInHalves();
        vm.prank(payer.addr);
        vault.withdraw(address(token), payer.addr, stranger.addr);
        assertEq(token.balanceOf(stranger.addr), HALF);
    }

    function test_APayerThatRefusesMoneyBlocksNobody() external {
        _hooked.setHook(payer.addr, address(new RevertingHook()));
        _resolveInHalves();
        _withdraw(receiver.addr);
        assertEq(token.balanceOf(receiver.addr), HALF - HALF / 100, "receiver");
        assertEq(creditOf(payer.addr), HALF, "payer");
    }

    function test_WhileTheTokenIsPausedADisputeBeginsAndEndsInEveryWay() external {
        PaymentRef[] memory refs = _payMany();
        token.setPaused(true);
        _disputeAndEnd(refs);
    }

    function test_WhileTheVaultIsDenylistedADisputeBeginsAndEndsInEveryWay() external {
        PaymentRef[] memory refs = _payMany();
        token.setDenylisted(address(vault), true);
        _disputeAndEnd(refs);
    }

    /// @dev Not even a token whose code is gone is in the way.
    function test_WhileTheTokenRevertsOnEveryCallADisputeBeginsAndEndsInEveryWay() external {
        PaymentRef[] memory refs = _payMany();
        bytes memory code = address(token).code;
        vm.etch(address(token), hex"fe");
        _disputeAndEnd(refs);
        vm.etch(address(token), code);
        _withdraw(payer.addr);
        _withdraw(receiver.addr);
        _withdraw(feeReceiver);
        assertEq(token.balanceOf(address(vault)), PRICE, "only the first payment is left");
        assertEq(liabilities(), PRICE, "liabilities");
    }

    /// @dev No money moves, so that there is nobody who could call back.
    function test_NoTokenIsCalledWhenADisputeBeginsOrEnds() external {
        CallingHook hook = new CallingHook();
        PaymentRef[] memory refs = _payMany();
        hook.prepare(address(vault), abi.encodeCall(IRefundWindow.resolveByDefault, (_ref)));
        _hooked.setHook(address(vault), address(hook));
        _disputeAndEnd(refs);
        assertFalse(hook.called());
    }

    function test_AfterAPauseEverybodyGetsTheirs() external {
        token.setPaused(true);
        _resolveInHalves();
        vm.expectRevert(Token3009.Paused.selector);
        _withdraw(receiver.addr);
        token.setPaused(false);
        _withdraw(payer.addr);
        _withdraw(receiver.addr);
        _withdraw(feeReceiver);
        assertEq(token.balanceOf(address(vault)), 0, "vault");
        assertEq(liabilities(), 0, "liabilities");
    }

    /// @dev The share joins what waits for its owner already.
    function test_ASettledShareJoinsACreditThatWaits() external {
        PaymentRef memory other = pay(payer, PRICE, "other");
        token.setDenylisted(payer.addr, true);
        refund(operator, other, PRICE, payer.addr);
        _resolveInHalves();
        token.setDenylisted(payer.addr, false);
        uint256 before = token.balanceOf(payer.addr);
        _withdraw(payer.addr);
        assertEq(token.balanceOf(payer.addr), before + PRICE + HALF);
    }

    function _payMany() private returns (PaymentRef[] memory refs) {
        refs = new PaymentRef[](WAYS);
        for (uint256 i = 0; i < WAYS; ++i) refs[i] = pay(payer, PRICE, bytes32(i + 1));
    }

    /// @dev Withdrawn, conceded, divided, and by default: the payer gets one and a half, the seller the rest.
    function _disputeAndEnd(PaymentRef[] memory refs) private {
        for (uint256 i = 0; i < WAYS; ++i) dispute(refs[i]);
        vm.prank(payer.addr);
        vault.withdrawDispute(refs[0]);
        vm.prank(receiver.addr);
        vault.concede(refs[1]);
        vm.prank(arbiter.addr);
        vault.resolve(refs[2], HALF, HALF, "");
        vm.warp(vault.paymentOf(refs[3]).defaultsAt);
        vault.resolveByDefault(refs[3]);
        assertEq(creditOf(payer.addr), PRICE + HALF, "payer");
        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), 2 * PRICE + HALF, "seller");
    }

    function _resolveInHalves() private {
        vm.prank(arbiter.addr);
        vault.resolve(_ref, HALF, HALF, "");
    }

    function _withdraw(address owner) private {
        vault.withdraw(address(token), owner, owner);
    }
}
