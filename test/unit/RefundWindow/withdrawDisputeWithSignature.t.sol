// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {WithdrawDispute} from "../../../contracts/types/TypedData.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowWithdrawDisputeWithSignatureTest is RefundWindowUnitTest {
    PaymentRef private ref;
    PaymentId private id;
    WithdrawDispute private message;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        useRef(disputed(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signWithdrawDispute(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.withdrawDisputeWithSignature(ref, message, signature);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = disputed(payer, PRICE, "other");
        bytes memory signature = signWithdrawDispute(payer, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(otherRef), id);

        vm.expectRevert(reason);
        vault.withdrawDisputeWithSignature(otherRef, message, signature);
    }

    /* DEADLINE */

    function test_AcceptsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(payer);

        assertSettled(ref, 0, PRICE);
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
        expectInvalid(payer.addr, signWithdrawDispute(stranger, message));
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        deadline = bound(deadline, START + 1, type(uint256).max);
        if (deadline == message.deadline) ++deadline;
        bytes memory signature = signWithdrawDispute(payer, message);
        message.deadline = deadline;

        expectInvalid(payer.addr, signature);
    }

    function testFuzz_RevertWhen_AnotherDefaultWasSigned(uint256 defaultsAt) external {
        if (defaultsAt == message.defaultsAt) ++defaultsAt;
        bytes memory signature = signWithdrawDispute(payer, message);
        message.defaultsAt = defaultsAt;

        expectInvalid(payer.addr, signature);
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.salt = "other";

        expectInvalid(payer.addr, signIn(block.chainid, address(deployVault(terms))));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(payer.addr, signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.DISPUTE_TYPEHASH, message));

        expectInvalid(payer.addr, sign(payer.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(payer.addr, malleate(signWithdrawDispute(payer, message)));
    }

    function testFuzz_RevertWhen_SignatureIsAnyOtherBytes(bytes memory signature) external {
        if (keccak256(signature) == keccak256(signWithdrawDispute(payer, message))) signature = "";

        expectInvalid(payer.addr, signature);
    }

    /* CONTRACTS */

    function test_WalletSigns() external {
        Account memory wallet = makeWallet(otherPayer);
        useRef(disputed(wallet, PRICE, "of a wallet"));

        relay(wallet);

        assertSettled(ref, 0, PRICE);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = makeWallet(otherPayer);
        useRef(disputed(wallet, PRICE, "of a wallet"));

        expectInvalid(wallet.addr, signWithdrawDispute(stranger, message));
    }

    function test_DelegatedAccountSignsByItsCode() external {
        delegateToWalletOf(payer, otherPayer);

        relay(signWithdrawDispute(otherPayer, message));

        assertSettled(ref, 0, PRICE);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(payer, otherPayer);

        expectInvalid(payer.addr, signWithdrawDispute(payer, message));
    }

    function test_RevertWhen_Replayed() external {
        relay(payer);

        expectRelayRevert(payer, notDisputed(ref));
    }

    /* RULES */

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectRelayRevert(payer, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        useRef(pay(payer, PRICE, "running"));

        expectRelayRevert(payer, notDisputed(ref));
    }

    function testFuzz_RevertWhen_MessageIsForAnotherDispute(uint256 defaultsAt) external {
        if (defaultsAt == DEFAULTS_AT) ++defaultsAt;
        message.defaultsAt = defaultsAt;

        expectRelayRevert(
            payer,
            abi.encodeWithSelector(IRefundWindow.DisputeMismatch.selector, id, uint40(DEFAULTS_AT), defaultsAt)
        );
    }

    function test_RevertWhen_MessageComesAtDefault() external {
        message.deadline = type(uint256).max;
        vm.warp(DEFAULTS_AT);

        expectRelayRevert(payer, decisionTooLate(ref));
    }

    /* RELAYED */

    function test_StrangerRelaysInTheLastSecond() external {
        message.deadline = DEFAULTS_AT;
        vm.warp(DEFAULTS_AT - 1);

        relay(payer);

        assertSettled(ref, 0, PRICE);
    }

    function test_EmitsDisputeSettledInTheNameOfThePayer() external {
        bytes memory signature = signWithdrawDispute(payer, message);

        expectSettled(ref, payer.addr, 0, PRICE, 0);
        relay(signature);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = WithdrawDispute({
            paymentId: id,
            defaultsAt: vault.paymentOf(newRef).defaultsAt,
            deadline: block.timestamp + 1 days
        });
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, message));
        return sign(payer.key, digestIn(structHash, chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        relay(signWithdrawDispute(signer, message));
    }

    function relay(bytes memory signature) private {
        vm.prank(stranger.addr);
        vault.withdrawDisputeWithSignature(ref, message, signature);
    }

    function expectRelayRevert(Account memory signer, bytes memory reason) private {
        bytes memory signature = signWithdrawDispute(signer, message);

        vm.expectRevert(reason);
        relay(signature);
    }

    function expectExpired() private {
        expectRelayRevert(
            payer,
            abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp)
        );
    }

    function expectInvalid(address signer, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer));
        relay(signature);
    }
}
