// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Dispute} from "../../../contracts/types/TypedData.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowDisputeWithSignatureTest is RefundWindowUnitTest {
    PaymentRef private ref;
    PaymentId private id;
    Dispute private message;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        useRef(pay(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signDispute(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.disputeWithSignature(ref, message, signature);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = pay(payer, PRICE, "other");
        bytes memory signature = signDispute(payer, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(otherRef), id);

        vm.expectRevert(reason);
        vault.disputeWithSignature(otherRef, message, signature);
    }

    /* DEADLINE */

    function test_AcceptsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(payer);

        assertStatus(ref, IRefundWindow.Status.Disputed);
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
        expectInvalid(payer.addr, signDispute(stranger, message));
    }

    function testFuzz_RevertWhen_OtherEvidenceWasSigned(bytes32 evidence) external {
        vm.assume(evidence != EVIDENCE);
        bytes memory signature = signDispute(payer, message);
        message.evidence = evidence;

        expectInvalid(payer.addr, signature);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        deadline = bound(deadline, START + 1, type(uint256).max);
        if (deadline == message.deadline) ++deadline;
        bytes memory signature = signDispute(payer, message);
        message.deadline = deadline;

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
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, message));

        expectInvalid(payer.addr, sign(payer.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(payer.addr, malleate(signDispute(payer, message)));
    }

    function testFuzz_RevertWhen_SignatureIsAnyOtherBytes(bytes memory signature) external {
        if (keccak256(signature) == keccak256(signDispute(payer, message))) signature = "";

        expectInvalid(payer.addr, signature);
    }

    /* CONTRACTS */

    function test_WalletSigns() external {
        Account memory wallet = makeWallet(otherPayer);
        useRef(pay(wallet, PRICE, "of a wallet"));

        relay(wallet);

        assertStatus(ref, IRefundWindow.Status.Disputed);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = makeWallet(otherPayer);
        useRef(pay(wallet, PRICE, "of a wallet"));

        expectInvalid(wallet.addr, signDispute(stranger, message));
    }

    function test_DelegatedAccountSignsByItsCode() external {
        delegateToWalletOf(payer, otherPayer);

        relay(signDispute(otherPayer, message));

        assertStatus(ref, IRefundWindow.Status.Disputed);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(payer, otherPayer);

        expectInvalid(payer.addr, signDispute(payer, message));
    }

    /* REPLAY */

    function test_RevertWhen_ReplayedWhileTheDisputeRuns() external {
        relay(payer);

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, false));
    }

    function test_RevertWhen_ReplayedAfterTheDispute() external {
        relay(payer);
        concedeAs(receiver.addr, ref);

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.PaymentDisputed.selector, id, true));
    }

    /* RULES */

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectRelayRevert(payer, abi.encodeWithSelector(IVault.PaymentUnknown.selector, id));
    }

    function test_RevertWhen_ThereIsNoArbiter() external {
        useVault(defaultTerms());
        useRef(pay(payer, PRICE, "without arbiter"));

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.NoArbiter.selector, id));
    }

    function test_RevertWhen_MessageComesAtClose() external {
        message.deadline = type(uint256).max;
        vm.warp(CLOSES_AT);

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.DisputeAfterClose.selector, id, CLOSES_AT));
    }

    function test_RevertWhen_NothingCanBeWon() external {
        useVaultWithArbiter(2_500);
        useRef(pay(payer, PRICE, "with a share"));
        refundAs(operator.addr, ref, (PRICE * 3) / 4, payer.addr);

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.NothingToDispute.selector, id, PRICE / 4));
    }

    /* RELAYED */

    function test_StrangerRelaysInTheLastSecond() external {
        message.deadline = CLOSES_AT;
        vm.warp(CLOSES_AT - 1);

        relay(payer);

        assertEq(vault.paymentOf(ref).defaultsAt, CLOSES_AT - 1 + RESOLUTION_PERIOD);
    }

    function testFuzz_LocksWhatIsLeft(uint256 refunded) external {
        refunded = bound(refunded, 1, PRICE - 1);
        refundAs(operator.addr, ref, refunded, payer.addr);

        relay(payer);

        assertEq(vault.paymentOf(ref).held, PRICE - refunded, "held");
        assertStatus(ref, IRefundWindow.Status.Disputed);
    }

    function testFuzz_EmitsDisputed(bytes32 evidence) external {
        message.evidence = evidence;
        bytes memory signature = signDispute(payer, message);

        vm.expectEmit(address(vault));
        emit IRefundWindow.Disputed(id, PRICE, DEFAULTS_AT, evidence);
        relay(signature);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = Dispute({paymentId: id, evidence: EVIDENCE, deadline: block.timestamp + 1 days});
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.DISPUTE_TYPEHASH, message));
        return sign(payer.key, digestIn(structHash, chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        relay(signDispute(signer, message));
    }

    function relay(bytes memory signature) private {
        vm.prank(stranger.addr);
        vault.disputeWithSignature(ref, message, signature);
    }

    function expectRelayRevert(Account memory signer, bytes memory reason) private {
        bytes memory signature = signDispute(signer, message);

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
