// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Refund} from "../../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../../mocks/OwnedWallet.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowRefundWithSignatureTest is RefundWindowUnitTest {
    address private constant ELSEWHERE = address(0xe15e);

    PaymentRef private ref;
    PaymentId private id;
    /// @dev What the payer wants: all of it back.
    Refund private message;
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private oldChainId;

    function setUp() public override {
        super.setUp();
        oldChainId = block.chainid;
        useRef(pay(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signRefund(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.refundWithSignature(ref, message, signature, PAYOUT_GAS);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");
        bytes memory signature = signRefund(payer, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(otherRef), id);

        vm.expectRevert(reason);
        vault.refundWithSignature(otherRef, message, signature, PAYOUT_GAS);
    }

    /* DEADLINE */

    function test_RefundsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(payer);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_DeadlineIsReached() external {
        vm.warp(message.deadline);

        expectExpired();
    }

    function test_RevertWhen_DeadlineHasPassed() external {
        vm.warp(message.deadline + 1);

        expectExpired();
    }

    /* SIGNATURE */

    function test_RevertWhen_AnotherKeySigned() external {
        expectInvalid(payer.addr, signRefund(stranger, message));
    }

    function testFuzz_RevertWhen_AnotherAmountWasSigned(uint256 amount) external {
        if (amount == PRICE) ++amount;
        bytes memory signature = signRefund(payer, message);
        message.amount = amount;

        expectInvalid(payer.addr, signature);
    }

    function testFuzz_RevertWhen_AnotherSignerWasNamed(address by) external {
        vm.assume(by != payer.addr);
        message.by = by;

        expectInvalid(payer.addr, signRefund(payer, message));
    }

    function testFuzz_RevertWhen_AnotherRecipientWasSigned(address to) external {
        vm.assume(to != payer.addr);
        bytes memory signature = signRefund(payer, message);
        message.to = to;

        expectInvalid(payer.addr, signature);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        deadline = bound(deadline, START + 1, type(uint256).max);
        if (deadline == message.deadline) ++deadline;
        bytes memory signature = signRefund(payer, message);
        message.deadline = deadline;

        expectInvalid(payer.addr, signature);
    }

    function testFuzz_RevertWhen_OtherExpectationsWereSigned(uint256 expectedHeld, uint256 expectedRefunded) external {
        if (expectedHeld == PRICE && expectedRefunded == 0) ++expectedRefunded;
        Refund memory other = message;
        other.expectedHeld = expectedHeld;
        other.expectedRefunded = expectedRefunded;

        expectInvalid(payer.addr, signRefund(payer, other));
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";

        expectInvalid(payer.addr, signIn(block.chainid, address(deployVault(terms))));
    }

    function test_RevertWhen_SignedForTheImplementation() external {
        expectInvalid(payer.addr, signIn(block.chainid, address(implementation)));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(payer.addr, signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message));

        expectInvalid(payer.addr, sign(payer.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(payer.addr, malleate(signRefund(payer, message)));
    }

    function testFuzz_RevertWhen_VIsWrong(uint8 v) external {
        bytes memory signature = signRefund(payer, message);
        (, , uint8 rightV) = split(signature);
        if (v == rightV) v = 0;

        expectInvalid(payer.addr, withV(signature, v));
    }

    function test_RevertWhen_SignatureIsTruncated() external {
        expectInvalid(payer.addr, truncate(signRefund(payer, message)));
    }

    function test_RevertWhen_SignatureIsCompact() external {
        expectInvalid(payer.addr, compact(signRefund(payer, message)));
    }

    function test_RevertWhen_SignatureIsTooLong() external {
        expectInvalid(payer.addr, bytes.concat(signRefund(payer, message), hex"00"));
    }

    function test_RevertWhen_SignatureIsEmpty() external {
        expectInvalid(payer.addr, "");
    }

    function test_RevertWhen_SignerIsZero() external {
        expectInvalid(address(0), withV(signRefund(payer, message), 0));
    }

    /* CONTRACTS */

    function test_WalletRefundsBySignatureOfItsOwner() external {
        Account memory wallet = payByWallet();

        relay(wallet);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_WalletRefundsByLongerBytes() external {
        Account memory wallet = payByWallet();

        relayAs(wallet.addr, bytes.concat(signRefund(wallet, message), "more"));

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_WalletRefundsByApproval() external {
        Account memory wallet = payByWallet();
        OwnedWallet(wallet.addr).approve(digest(structHashOf(message)));

        relayAs(wallet.addr, "");

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_WalletRefundsAsOperator() external {
        Account memory wallet = makeWallet(operator);
        RefundWindowTerms memory terms = defaultTerms();
        terms.operator = wallet.addr;
        useVault(terms);
        useRef(pay(payer, PRICE, "to the vault of a wallet"));

        relay(wallet);

        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE, "only the payment into the other vault is still out");
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = payByWallet();

        expectInvalid(wallet.addr, signRefund(stranger, message));
    }

    function test_RevertWhen_WalletReverts() external {
        Account memory wallet = payByWallet();
        vm.mockCallRevert(wallet.addr, abi.encodeWithSelector(IERC1271.isValidSignature.selector), "no");

        expectInvalid(wallet.addr, signRefund(wallet, message));
    }

    function test_RevertWhen_WalletAnswersTooShort() external {
        Account memory wallet = payByWallet();
        bytes memory answer = abi.encodePacked(IERC1271.isValidSignature.selector);
        vm.mockCall(wallet.addr, abi.encodeWithSelector(IERC1271.isValidSignature.selector), answer);

        expectInvalid(wallet.addr, signRefund(wallet, message));
    }

    function test_RevertWhen_SignerDoesNotKnowErc1271() external {
        expectInvalid(address(factory), signRefund(payer, message));
    }

    function test_DelegatedAccountRefundsByItsCode() external {
        delegateToWalletOf(payer, otherPayer);

        relayAs(payer.addr, signRefund(otherPayer, message));

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(payer, otherPayer);

        expectInvalid(payer.addr, signRefund(payer, message));
    }

    /* FORK */

    function test_RefundsOnTheNewChain() external {
        vm.chainId(block.chainid + 1);
        useRef(pay(payer, PRICE, "on the new chain"));

        relay(payer);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_RevertWhen_SignedForTheOldChain() external {
        vm.chainId(oldChainId + 1);
        useRef(pay(payer, PRICE, "on the new chain"));

        expectInvalid(payer.addr, signIn(oldChainId, address(vault)));
    }

    /* REPLAY */

    function test_RevertWhen_ReplayedAfterAll() external {
        relay(payer);

        expectRelayRevert(payer, changed(0, PRICE));
    }

    function testFuzz_RevertWhen_ReplayedAfterAPart(uint256 amount) external {
        message.amount = bound(amount, 1, PRICE / 2);
        relay(payer);

        expectRelayRevert(payer, changed(PRICE - message.amount, message.amount));
    }

    function test_RevertWhen_AllThatWasSignedWentBackMeanwhile() external {
        refundAs(operator.addr, ref, PRICE, payer.addr);

        expectRelayRevert(payer, changed(0, PRICE));
    }

    function test_WhenAPartWentBackMeanwhile() external {
        refundAs(operator.addr, ref, 1, payer.addr);

        relay(payer);
        assertEq(vault.paymentOf(ref).refunded, PRICE);
    }

    /* RULES */

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectRelayRevert(payer, abi.encodeWithSelector(IVault.PaymentUnknown.selector, id));
    }

    function test_RevertWhen_AmountIsZero() external {
        message.amount = 0;

        expectRelayRevert(payer, abi.encodeWithSelector(IVault.AmountZero.selector));
    }

    function test_RevertWhen_RecipientIsZero() external {
        message.to = address(0);

        expectRelayRevert(payer, abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        message.to = address(vault);

        expectRelayRevert(payer, abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(vault)));
    }

    function test_RevertWhen_SignerIsNoParty() external {
        expectRelayRevert(stranger, abi.encodeWithSelector(IRefundWindow.NotParty.selector, id, stranger.addr));
    }

    function test_RevertWhen_PayerSignedThoughThereIsAnArbiter() external {
        useVaultWithArbiter();
        useRef(pay(payer, PRICE, "with an arbiter"));

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.RefundNeedsDispute.selector, id, arbiter.addr));
    }

    function test_RevertWhen_PaymentIsDisputed() external {
        useVaultWithArbiter();
        useRef(pay(payer, PRICE, "with an arbiter"));
        dispute(ref);

        expectRelayRevert(receiver, abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, false));
    }

    function test_RevertWhen_TheDisputeIsSettled() external {
        useVaultWithArbiter();
        useRef(pay(payer, PRICE, "with an arbiter"));
        dispute(ref);
        concedeAs(operator.addr, ref);

        expectRelayRevert(operator, abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, true));
    }

    function test_RevertWhen_PayersMessageComesAtClose() external {
        message.deadline = type(uint256).max;
        vm.warp(CLOSES_AT);

        expectRelayRevert(
            payer,
            abi.encodeWithSelector(IRefundWindow.RefundAfterClose.selector, id, CLOSES_AT, MATURES_AT)
        );
    }

    function test_RevertWhen_ReceiversMessageComesAtMaturity() external {
        message.deadline = type(uint256).max;
        vm.warp(MATURES_AT);

        expectRelayRevert(receiver, abi.encodeWithSelector(IRefundWindow.RefundAfterMaturity.selector, id, MATURES_AT));
    }

    function test_RevertWhen_OperatorsMessageComesAtMaturity() external {
        message.deadline = type(uint256).max;
        vm.warp(MATURES_AT);

        expectRelayRevert(operator, abi.encodeWithSelector(IRefundWindow.RefundAfterMaturity.selector, id, MATURES_AT));
    }

    function test_RevertWhen_ReceiverNamesAnotherRecipient() external {
        message.to = receiver.addr;

        expectRelayRevert(
            receiver,
            abi.encodeWithSelector(IRefundWindow.RefundNotToPayer.selector, id, receiver.addr, payer.addr)
        );
    }

    function test_RevertWhen_OperatorNamesAnotherRecipient() external {
        message.to = operator.addr;

        expectRelayRevert(
            operator,
            abi.encodeWithSelector(IRefundWindow.RefundNotToPayer.selector, id, operator.addr, payer.addr)
        );
    }

    function test_RevertWhen_PayerAsksForMoreThanRefundable() external {
        useVaultWithNonRefundableShare(2_500);
        useRef(pay(payer, PRICE, "with a share"));
        message.amount = (PRICE * 3) / 4 + 1;

        expectRelayRevert(
            payer,
            abi.encodeWithSelector(IRefundWindow.RefundExceedsRefundable.selector, id, message.amount, (PRICE * 3) / 4)
        );
    }

    function testFuzz_RevertWhen_SellerGivesMoreThanHeld(uint256 amount) external {
        message.amount = bound(amount, PRICE + 1, type(uint256).max);

        expectRelayRevert(
            operator,
            abi.encodeWithSelector(IRefundWindow.RefundExceedsRefundable.selector, id, message.amount, PRICE)
        );
    }

    /* GAS */

    function testFuzz_RevertWhen_PayoutGasIsBelowTheFloor(uint256 payoutGas) external {
        payoutGas = bound(payoutGas, 0, MIN_PAYOUT_GAS - 1);
        bytes memory signature = signRefund(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS));
        vault.refundWithSignature(ref, message, signature, payoutGas);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        bytes memory data = relayCall();

        (bool success, bytes memory answer) = address(vault).call{gas: 200_000}(data);

        assertFalse(success);
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(PAYOUT_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }

    function test_PaysWithJustEnoughGas() external {
        raiseGasUntilEnough(stranger.addr, relayCall(), 200_000);

        assertEq(token.balanceOf(payer.addr), 1e30, "paid, not credited");
    }

    /* CREDIT */

    function test_CreditsThePayerAndNotTheRelayer() external {
        token.setPaused(true);

        expectCredited(payer.addr, PRICE, PRICE);
        relay(payer);

        assertCredit(payer.addr, PRICE, 0);
        assertCredit(stranger.addr, 0, 0);
    }

    /* RELAYED */

    function testFuzz_StrangerRelaysThePayersMessage(address to) external {
        vm.assume(to != address(0) && to != address(vault));
        message.to = to;
        message.deadline = CLOSES_AT;
        vm.warp(CLOSES_AT - 1);
        uint256 balance = token.balanceOf(to);

        relay(payer);

        assertEq(token.balanceOf(to), balance + PRICE);
    }

    function test_StrangerRelaysTheReceiversMessage() external {
        message.deadline = MATURES_AT;
        vm.warp(MATURES_AT - 1);

        relay(receiver);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_StrangerRelaysTheOperatorsMessage() external {
        message.deadline = MATURES_AT;
        vm.warp(MATURES_AT - 1);

        relay(operator);

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    function test_StrangerRelaysTheReceiversMessageWithAnArbiter() external {
        useVaultWithArbiter();
        useRef(pay(payer, PRICE, "with an arbiter"));
        message.deadline = MATURES_AT;
        vm.warp(MATURES_AT - 1);

        relay(receiver);

        assertStatus(ref, IRefundWindow.Status.Refunded);
    }

    function test_EmitsRefundedInTheNameOfTheSigner() external {
        message.to = ELSEWHERE;
        bytes memory signature = signRefund(payer, message);

        vm.expectEmit(address(vault));
        emit IRefundWindow.Refunded(id, payer.addr, ELSEWHERE, PRICE, PRICE);
        relayAs(payer.addr, signature);
    }

    function testFuzz_RefundsAnyPart(uint256 amount) external {
        message.amount = bound(amount, 1, PRICE);

        relay(payer);

        assertEq(vault.paymentOf(ref).held, PRICE - message.amount, "held");
        assertEq(token.balanceOf(payer.addr), 1e30 - PRICE + message.amount, "payer");
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = refundMessage(newRef, PRICE, newRef.payer);
    }

    function payByWallet() private returns (Account memory wallet) {
        wallet = makeWallet(otherPayer);
        useRef(pay(wallet, PRICE, "of a wallet"));
    }

    function structHashOf(Refund memory refund) private pure returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, refund));
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        return sign(payer.key, digestIn(structHashOf(message), chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        message.by = signer.addr;
        relayAs(signer.addr, signRefund(signer, message));
    }

    function relayAs(address signer, bytes memory signature) private {
        message.by = signer;
        vm.prank(stranger.addr);
        vault.refundWithSignature(ref, message, signature, PAYOUT_GAS);
    }

    function relayCall() private view returns (bytes memory) {
        bytes memory signature = signRefund(payer, message);
        return abi.encodeCall(IRefundWindow.refundWithSignature, (ref, message, signature, PAYOUT_GAS));
    }

    function changed(uint256 held, uint256 refunded) private view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.PaymentChanged.selector, id, held, refunded);
    }

    function expectRelayRevert(Account memory signer, bytes memory reason) private {
        message.by = signer.addr;
        bytes memory signature = signRefund(signer, message);

        vm.expectRevert(reason);
        relayAs(signer.addr, signature);
    }

    function expectExpired() private {
        expectRelayRevert(
            payer,
            abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp)
        );
    }

    function expectInvalid(address signer, bytes memory signature) private {
        message.by = signer;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer));
        relayAs(signer, signature);
    }
}
