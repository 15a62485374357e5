// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {Refund} from "../../contracts/types/TypedData.sol";
import {GullibleWallet, MoodyWallet} from "../mocks/Wallets.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: a payer that is a contract answers ERC-1271 briefly, cheaply and truthfully.
contract ContractPayerTest is AttackTest {
    MoodyWallet private _wallet;
    PaymentRef private _ref;

    function setUp() public override {
        super.setUp();
        _wallet = new MoodyWallet(payer.addr);
        _ref = _payByWallet(Account(address(_wallet), payer.key));
    }

    /// @dev The wallet wants its key's signature and a tag.
    function _payByWallet(Account memory wallet) private returns (PaymentRef memory) {
        token.mint(wallet.addr, PRICE);
        Authorization memory signed = authorize(wallet, address(vault), PRICE, "nonce");
        signed.signature = bytes.concat(signed.signature, hex"01");
        vault.pay(signed);
        return refOf(wallet.addr, "nonce");
    }

    function test_AnHonestWalletPaysAndRefundsBySignature() external {
        (Refund memory message, bytes memory signature) = _signed();
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    function test_RevertWhen_TheWalletBurnsAllGas() external {
        _assertRefused(MoodyWallet.Mood.BurnsGas);
    }

    function test_RevertWhen_TheWalletRevertsWithMuchData() external {
        _assertRefused(MoodyWallet.Mood.RevertsMuch);
    }

    function test_AWalletThatReturnsMuchDataIsNotCopied() external {
        (Refund memory message, bytes memory signature) = _signed();
        _wallet.setMood(MoodyWallet.Mood.ReturnsMuch);
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    /// @dev The wallet refuses only if its call got through.
    function test_AWalletThatReentersIsKeptOut() external {
        (Refund memory message, bytes memory signature) = _signed();
        _wallet.setCall(address(vault), abi.encodeCall(IVault.withdraw, (address(token), payer.addr, payer.addr)));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
        assertEq(token.balanceOf(stranger.addr), PRICE);
    }

    /// @dev Who believes everybody is taken by anybody, and nobody else with it.
    function test_AGullibleWalletLosesItsOwnPaymentOnly() external {
        GullibleWallet gullible = new GullibleWallet();
        PaymentRef memory ref = _payByWallet(Account(address(gullible), stranger.key));

        Refund memory message = refundMessage(ref, PRICE, stranger.addr);
        vault.refundWithSignature(ref, message, "", PAYOUT_GAS);
        assertEq(token.balanceOf(stranger.addr), PRICE, "taken");
        assertEq(vault.paymentOf(_ref).held, PRICE, "the other payment");
    }

    function test_RevertWhen_AGullibleWalletSignsForAnotherPayment() external {
        GullibleWallet gullible = new GullibleWallet();
        Refund memory message = refundMessage(_ref, PRICE, stranger.addr);
        message.by = address(gullible);
        bytes memory reason = abi.encodeWithSelector(IRefundWindow.NotParty.selector, message.paymentId, gullible);
        vm.expectRevert(reason);
        vault.refundWithSignature(_ref, message, "", PAYOUT_GAS);
    }

    function test_RevertWhen_TheWalletsKeySignsInsteadOfTheWallet() external {
        Refund memory message = refundMessage(_ref, PRICE, stranger.addr);
        message.by = payer.addr;
        bytes memory signature = signRefund(payer, message);
        vm.expectRevert(abi.encodeWithSelector(IRefundWindow.NotParty.selector, message.paymentId, payer.addr));
        vault.refundWithSignature(_ref, message, signature, PAYOUT_GAS);
    }

    function _assertRefused(MoodyWallet.Mood mood) private {
        (Refund memory message, bytes memory signature) = _signed();
        _wallet.setMood(mood);
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, _wallet));
        vault.refundWithSignature{gas: 2_000_000}(_ref, message, signature, PAYOUT_GAS);
        assertEq(vault.paymentOf(_ref).held, PRICE, "held");
    }

    function _signed() private view returns (Refund memory message, bytes memory signature) {
        message = refundMessage(_ref, PRICE, stranger.addr);
        signature = bytes.concat(signRefund(payer, message), hex"01");
    }
}
