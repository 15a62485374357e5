// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Resolve, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {CallingHook} from "../mocks/HookActors.sol";
import {HookedToken} from "../mocks/HookedToken.sol";
import {MoodyWallet} from "../mocks/Wallets.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: nobody who is called meanwhile calls back. No dispute can be begun or ended from a token that is
/// being called, nor anything from a wallet that is asked for its signature.
contract DisputeReentrancyTest is AttackTest {
    uint256 private constant CALLS = 10;

    HookedToken private _hooked;
    CallingHook private _hook;
    PaymentRef private _open;
    PaymentRef private _disputed;

    function setUp() public override {
        super.setUp();
        _hooked = new HookedToken();
        _hook = new CallingHook();
        use(_hooked);
        useVaultWithArbiter();
        _open = pay(payer, PRICE, "open");
        _disputed = disputed(payer, PRICE, "disputed");
        _hooked.setHook(address(vault), address(_hook));
    }

    function test_NoDisputeCanBeTouchedDuringPay() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < CALLS; ++i) {
            _hook.prepare(address(vault), calls[i]);
            pay(otherPayer, PRICE, bytes32(i));
            _assertKeptOut();
        }
        assertEq(liabilities(), PRICE * (CALLS + 2));
    }

    function test_NoDisputeCanBeTouchedDuringRefund() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < CALLS; ++i) {
            _hook.prepare(address(vault), calls[i]);
            refund(receiver, _open, 10, payer.addr);
            _assertKeptOut();
        }
        assertEq(liabilities(), 2 * PRICE - 10 * CALLS);
    }

    function test_NoDisputeCanBeTouchedDuringClaim() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < CALLS; ++i) {
            uint32[] memory buckets = mature(pay(otherPayer, PRICE, bytes32(i)));
            _hook.prepare(address(vault), calls[i]);
            vault.claim(address(token), buckets, 1_000_000);
            _assertKeptOut();
        }
    }

    function test_NoDisputeCanBeTouchedDuringWithdraw() external {
        bytes[] memory calls = _calls();
        for (uint256 i = 0; i < CALLS; ++i) {
            _hooked.setPaused(true);
            refund(receiver, _open, 10, payer.addr);
            _hooked.setPaused(false);
            _hook.prepare(address(vault), calls[i]);
            vault.withdraw(address(token), payer.addr, payer.addr);
            _assertKeptOut();
        }
    }

    /// @dev The three shares leave one after another: what has not left is covered, and nothing looks like surplus.
    function test_WhileAShareLeavesNothingLooksLikeSurplus() external {
        vm.prank(arbiter.addr);
        vault.resolve(_disputed, PRICE / 2, PRICE / 2, "");
        address[3] memory owners = [payer.addr, receiver.addr, feeReceiver];
        for (uint256 i = 0; i < owners.length; ++i) {
            _hook.prepare(address(vault), abi.encodeCall(IVault.surplusOf, (address(token))));
            vault.withdraw(address(token), owners[i], owners[i]);
            assertTrue(_hook.succeeded(), "read");
            assertEq(abi.decode(_hook.answer(), (uint256)), 0, "surplus");
        }
    }

    /// @dev The wallets refuse their signature if their call got through.
    function test_APayersWalletThatReentersIsKeptOut() external {
        MoodyWallet wallet = new MoodyWallet(payer.addr);
        token.mint(address(wallet), PRICE);
        PaymentRef memory ref = _payBy(wallet);
        Dispute memory message = Dispute({paymentId: vault.idOf(ref), evidence: EVIDENCE, deadline: type(uint256).max});
        bytes memory signature = bytes.concat(signDispute(payer, message), hex"01");
        wallet.setCall(address(vault), abi.encodeCall(IRefundWindow.dispute, (ref, EVIDENCE)));
        vault.disputeWithSignature(ref, message, signature);
        assertEq(uint8(vault.paymentOf(ref).status), uint8(IRefundWindow.Status.Disputed));
    }

    function test_ASellersWalletThatReentersIsKeptOut() external {
        MoodyWallet wallet = new MoodyWallet(receiver.addr);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.receiver = address(wallet);
        vault = deployVault(terms);
        PaymentRef memory ref = disputed(payer, PRICE, "to a wallet");
        Concede memory message = Concede({
            paymentId: vault.idOf(ref),
            by: address(wallet),
            deadline: type(uint256).max
        });
        bytes memory signature = bytes.concat(signConcede(receiver, message), hex"01");
        wallet.setCall(address(vault), abi.encodeCall(IRefundWindow.concede, (ref)));
        vault.concedeWithSignature(ref, message, signature);
        assertEq(creditOf(payer.addr), PRICE);
    }

    /// @dev The wallet wants its key's signature and a tag.
    function _payBy(MoodyWallet wallet) private returns (PaymentRef memory) {
        Authorization memory signed = authorize(
            Account(address(wallet), payer.key),
            address(vault),
            PRICE,
            "of a wallet"
        );
        signed.signature = bytes.concat(signed.signature, hex"01");
        vault.pay(signed);
        return refOf(address(wallet), "of a wallet");
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
        PaymentId id = vault.idOf(_disputed);
        uint256 deadline = type(uint256).max;
        Dispute memory toDispute = Dispute(vault.idOf(_open), EVIDENCE, deadline);
        WithdrawDispute memory toWithdraw = WithdrawDispute(id, vault.paymentOf(_disputed).defaultsAt, deadline);
        Concede memory toConcede = Concede(id, receiver.addr, deadline);
        Resolve memory toResolve = Resolve(id, PRICE, 0, EVIDENCE, deadline);
        calls = new bytes[](CALLS);
        calls[0] = abi.encodeCall(IRefundWindow.dispute, (_open, EVIDENCE));
        calls[1] = abi.encodeCall(
            IRefundWindow.disputeWithSignature,
            (_open, toDispute, signDispute(payer, toDispute))
        );
        calls[2] = abi.encodeCall(IRefundWindow.submitEvidence, (_disputed, EVIDENCE));
        calls[3] = abi.encodeCall(IRefundWindow.withdrawDispute, (_disputed));
        calls[4] = abi.encodeCall(
            IRefundWindow.withdrawDisputeWithSignature,
            (_disputed, toWithdraw, signWithdrawDispute(payer, toWithdraw))
        );
        calls[5] = abi.encodeCall(IRefundWindow.concede, (_disputed));
        calls[6] = abi.encodeCall(
            IRefundWindow.concedeWithSignature,
            (_disputed, toConcede, signConcede(receiver, toConcede))
        );
        calls[7] = abi.encodeCall(IRefundWindow.resolve, (_disputed, PRICE, 0, EVIDENCE));
        calls[8] = abi.encodeCall(
            IRefundWindow.resolveWithSignature,
            (_disputed, toResolve, signResolve(arbiter, toResolve))
        );
        calls[9] = abi.encodeCall(IRefundWindow.resolveByDefault, (_disputed));
    }
}
