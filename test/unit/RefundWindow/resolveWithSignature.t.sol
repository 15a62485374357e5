// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Resolve} from "../../../contracts/types/TypedData.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowResolveWithSignatureTest is RefundWindowUnitTest {
    PaymentRef private ref;
    PaymentId private id;
    Resolve private message;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        useRef(disputed(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signResolve(arbiter, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.resolveWithSignature(ref, message, signature);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = disputed(payer, PRICE, "other");
        bytes memory signature = signResolve(arbiter, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(otherRef), id);

        vm.expectRevert(reason);
        vault.resolveWithSignature(otherRef, message, signature);
    }

    /* DEADLINE */

    function test_AcceptsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(arbiter);

        assertSettled(ref, PRICE / 4, (PRICE * 3) / 4);
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
        expectInvalid(arbiter.addr, signResolve(stranger, message));
    }

    function testFuzz_RevertWhen_AnotherShareOfThePayerWasSigned(uint256 toPayer) external {
        if (toPayer == message.toPayer) ++toPayer;
        bytes memory signature = signResolve(arbiter, message);
        message.toPayer = toPayer;

        expectInvalid(arbiter.addr, signature);
    }

    function testFuzz_RevertWhen_AnotherShareOfTheReceiverWasSigned(uint256 toReceiver) external {
        if (toReceiver == message.toReceiver) ++toReceiver;
        bytes memory signature = signResolve(arbiter, message);
        message.toReceiver = toReceiver;

        expectInvalid(arbiter.addr, signature);
    }

    function testFuzz_RevertWhen_OtherEvidenceWasSigned(bytes32 evidence) external {
        vm.assume(evidence != EVIDENCE);
        bytes memory signature = signResolve(arbiter, message);
        message.evidence = evidence;

        expectInvalid(arbiter.addr, signature);
    }

    function test_RevertWhen_ThePayerSigned() external {
        expectInvalid(arbiter.addr, signResolve(payer, message));
    }

    function test_RevertWhen_TheReceiverSigned() external {
        expectInvalid(arbiter.addr, signResolve(receiver, message));
    }

    function test_RevertWhen_TheTermsHaveNoArbiter() external {
        useVault(defaultTerms());
        useRef(pay(payer, PRICE, "without arbiter"));

        expectInvalid(address(0), signResolve(arbiter, message));
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        deadline = bound(deadline, START + 1, type(uint256).max);
        if (deadline == message.deadline) ++deadline;
        bytes memory signature = signResolve(arbiter, message);
        message.deadline = deadline;

        expectInvalid(arbiter.addr, signature);
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.salt = "other";

        expectInvalid(arbiter.addr, signIn(block.chainid, address(deployVault(terms))));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(arbiter.addr, signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, message));

        expectInvalid(arbiter.addr, sign(arbiter.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(arbiter.addr, malleate(signResolve(arbiter, message)));
    }

    function testFuzz_RevertWhen_SignatureIsAnyOtherBytes(bytes memory signature) external {
        if (keccak256(signature) == keccak256(signResolve(arbiter, message))) signature = "";

        expectInvalid(arbiter.addr, signature);
    }

    /* CONTRACTS */

    function test_WalletSigns() external {
        Account memory wallet = useVaultOfWallet();

        relay(wallet);

        assertSettled(ref, PRICE / 4, (PRICE * 3) / 4);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = useVaultOfWallet();

        expectInvalid(wallet.addr, signResolve(stranger, message));
    }

    function test_DelegatedAccountSignsByItsCode() external {
        delegateToWalletOf(arbiter, otherPayer);

        relay(signResolve(otherPayer, message));

        assertSettled(ref, PRICE / 4, (PRICE * 3) / 4);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(arbiter, otherPayer);

        expectInvalid(arbiter.addr, signResolve(arbiter, message));
    }

    function test_RevertWhen_Replayed() external {
        relay(arbiter);

        expectRelayRevert(arbiter, notDisputed(ref));
    }

    /* RULES */

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectRelayRevert(arbiter, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        useRef(pay(payer, PRICE, "running"));

        expectRelayRevert(arbiter, notDisputed(ref));
    }

    function test_RevertWhen_MessageComesAtDefault() external {
        message.deadline = type(uint256).max;
        vm.warp(DEFAULTS_AT);

        expectRelayRevert(arbiter, decisionTooLate(ref));
    }

    function test_RevertWhen_TheArbiterIsThePayer() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = payer.addr;
        useVault(terms);
        useRef(disputed(payer, PRICE, "of the arbiter"));

        expectRelayRevert(payer, abi.encodeWithSelector(IRefundWindow.ArbiterIsPayer.selector, id, payer.addr));
    }

    function test_RevertWhen_ThePayerWouldGetOfTheShare() external {
        useVaultWithArbiter(2_500);
        useRef(disputed(payer, PRICE, "with a share"));
        (message.toPayer, message.toReceiver) = ((PRICE * 3) / 4 + 1, PRICE / 4 - 1);

        expectRelayRevert(
            arbiter,
            abi.encodeWithSelector(
                IRefundWindow.ResolutionExceedsRefundable.selector,
                id,
                (PRICE * 3) / 4 + 1,
                (PRICE * 3) / 4
            )
        );
    }

    function testFuzz_RevertWhen_TheSharesAreNotTheWhole(uint256 toPayer, uint256 toReceiver) external {
        toPayer = bound(toPayer, 0, PRICE);
        if (toReceiver == PRICE - toPayer) ++toReceiver;
        (message.toPayer, message.toReceiver) = (toPayer, toReceiver);

        expectRelayRevert(
            arbiter,
            abi.encodeWithSelector(IRefundWindow.ResolutionNotWhole.selector, id, toPayer, toReceiver, PRICE)
        );
    }

    /* RELAYED */

    function test_StrangerRelaysInTheLastSecond() external {
        message.deadline = DEFAULTS_AT;
        vm.warp(DEFAULTS_AT - 1);

        relay(arbiter);

        assertSettled(ref, PRICE / 4, (PRICE * 3) / 4);
    }

    function testFuzz_DividesAsSigned(uint256 toPayer) external {
        toPayer = bound(toPayer, 0, PRICE);
        (message.toPayer, message.toReceiver) = (toPayer, PRICE - toPayer);

        relay(arbiter);

        assertSettled(ref, toPayer, PRICE - toPayer);
    }

    function testFuzz_EmitsDisputeSettledInTheNameOfTheArbiter(bytes32 evidence) external {
        message.evidence = evidence;
        bytes memory signature = signResolve(arbiter, message);

        expectSettled(ref, arbiter.addr, PRICE / 4, (PRICE * 3) / 4, evidence);
        relay(signature);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = Resolve({
            paymentId: id,
            toPayer: PRICE / 4,
            toReceiver: (PRICE * 3) / 4,
            evidence: EVIDENCE,
            deadline: block.timestamp + 1 days
        });
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.RESOLVE_TYPEHASH, message));
        return sign(arbiter.key, digestIn(structHash, chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        relay(signResolve(signer, message));
    }

    function relay(bytes memory signature) private {
        vm.prank(stranger.addr);
        vault.resolveWithSignature(ref, message, signature);
    }

    function expectRelayRevert(Account memory signer, bytes memory reason) private {
        bytes memory signature = signResolve(signer, message);

        vm.expectRevert(reason);
        relay(signature);
    }

    function expectExpired() private {
        expectRelayRevert(
            arbiter,
            abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp)
        );
    }

    function expectInvalid(address signer, bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer));
        relay(signature);
    }

    /// @dev A vault whose arbiter is a contract.
    function useVaultOfWallet() private returns (Account memory wallet) {
        wallet = makeWallet(otherPayer);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.arbiter = wallet.addr;
        useVault(terms);
        useRef(disputed(payer, PRICE, "to the vault of a wallet"));
    }
}
