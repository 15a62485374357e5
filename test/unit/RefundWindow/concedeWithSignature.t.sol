// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Concede} from "../../../contracts/types/TypedData.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowConcedeWithSignatureTest is RefundWindowUnitTest {
    PaymentRef private ref;
    PaymentId private id;
    Concede private message;

    function setUp() public override {
        super.setUp();
        useVaultWithArbiter();
        useRef(disputed(payer, PRICE, "nonce"));
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signConcede(receiver, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.concedeWithSignature(ref, message, signature);
    }

    function test_RevertWhen_MessageIsForAnotherPayment() external {
        PaymentRef memory otherRef = disputed(payer, PRICE, "other");
        bytes memory signature = signConcede(receiver, message);
        bytes memory reason = abi.encodeWithSelector(IVault.PaymentMismatch.selector, vault.idOf(otherRef), id);

        vm.expectRevert(reason);
        vault.concedeWithSignature(otherRef, message, signature);
    }

    /* DEADLINE */

    function test_AcceptsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(receiver);

        assertSettled(ref, PRICE, 0);
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
        expectInvalid(receiver.addr, signConcede(stranger, message));
    }

    function testFuzz_RevertWhen_AnotherSignerWasNamed(address by) external {
        vm.assume(by != receiver.addr);
        message.by = by;

        expectInvalid(receiver.addr, signConcede(receiver, message));
    }

    function test_RevertWhen_SignerIsZero() external {
        expectInvalid(address(0), withV(signConcede(receiver, message), 0));
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        deadline = bound(deadline, START + 1, type(uint256).max);
        if (deadline == message.deadline) ++deadline;
        bytes memory signature = signConcede(receiver, message);
        message.deadline = deadline;

        expectInvalid(receiver.addr, signature);
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.salt = "other";

        expectInvalid(receiver.addr, signIn(block.chainid, address(deployVault(terms))));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(receiver.addr, signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.DISPUTE_TYPEHASH, message));

        expectInvalid(receiver.addr, sign(receiver.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(receiver.addr, malleate(signConcede(receiver, message)));
    }

    function testFuzz_RevertWhen_SignatureIsAnyOtherBytes(bytes memory signature) external {
        if (keccak256(signature) == keccak256(signConcede(receiver, message))) signature = "";

        expectInvalid(receiver.addr, signature);
    }

    /* CONTRACTS */

    function test_WalletSigns() external {
        Account memory wallet = useVaultOfWallet();

        relay(wallet);

        assertStatus(ref, IRefundWindow.Status.Settled);
        assertCredit(payer.addr, PRICE, 0);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        Account memory wallet = useVaultOfWallet();

        expectInvalid(wallet.addr, signConcede(stranger, message));
    }

    function test_DelegatedAccountSignsByItsCode() external {
        delegateToWalletOf(receiver, otherPayer);

        relay(signConcede(otherPayer, message));

        assertSettled(ref, PRICE, 0);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(receiver, otherPayer);

        expectInvalid(receiver.addr, signConcede(receiver, message));
    }

    function test_RevertWhen_Replayed() external {
        relay(receiver);

        expectRelayRevert(receiver, notDisputed(ref));
    }

    /* RULES */

    function test_RevertWhen_PaymentIsUnknown() external {
        useRef(refOf(payer.addr, "unknown"));

        expectRelayRevert(receiver, notDisputed(ref));
    }

    function test_RevertWhen_PaymentRuns() external {
        useRef(pay(payer, PRICE, "running"));

        expectRelayRevert(receiver, notDisputed(ref));
    }

    function test_RevertWhen_MessageComesAtDefault() external {
        message.deadline = type(uint256).max;
        vm.warp(DEFAULTS_AT);

        expectRelayRevert(receiver, decisionTooLate(ref));
    }

    function test_RevertWhen_ThePayerSigned() external {
        expectRelayRevert(payer, abi.encodeWithSelector(IVault.NotSeller.selector, id, payer.addr));
    }

    function test_RevertWhen_TheArbiterSigned() external {
        expectRelayRevert(arbiter, abi.encodeWithSelector(IVault.NotSeller.selector, id, arbiter.addr));
    }

    function test_RevertWhen_TheStrangerSigned() external {
        expectRelayRevert(stranger, abi.encodeWithSelector(IVault.NotSeller.selector, id, stranger.addr));
    }

    /* RELAYED */

    function test_StrangerRelaysTheReceiversMessage() external {
        message.deadline = DEFAULTS_AT;
        vm.warp(DEFAULTS_AT - 1);

        relay(receiver);

        assertSettled(ref, PRICE, 0);
    }

    function test_StrangerRelaysTheOperatorsMessage() external {
        message.deadline = DEFAULTS_AT;
        vm.warp(DEFAULTS_AT - 1);

        relay(operator);

        assertSettled(ref, PRICE, 0);
    }

    function testFuzz_LeavesTheShareToTheReceiver(uint16 nonRefundableBps) external {
        nonRefundableBps = uint16(bound(nonRefundableBps, 1, 9_999));
        useVaultWithArbiter(nonRefundableBps);
        useRef(disputed(payer, PRICE, "with a share"));
        uint256 nonRefundable = (PRICE * nonRefundableBps) / 10_000;

        relay(receiver);

        assertSettled(ref, PRICE - nonRefundable, nonRefundable);
    }

    function test_EmitsDisputeSettledInTheNameOfTheSigner() external {
        message.by = operator.addr;
        bytes memory signature = signConcede(operator, message);

        expectSettled(ref, operator.addr, PRICE, 0, 0);
        relay(signature);
    }

    /* HELPERS */

    function useRef(PaymentRef memory newRef) private {
        ref = newRef;
        id = vault.idOf(newRef);
        message = Concede({paymentId: id, by: receiver.addr, deadline: block.timestamp + 1 days});
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, message));
        return sign(receiver.key, digestIn(structHash, chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        message.by = signer.addr;
        relay(signConcede(signer, message));
    }

    function relay(bytes memory signature) private {
        vm.prank(stranger.addr);
        vault.concedeWithSignature(ref, message, signature);
    }

    function expectRelayRevert(Account memory signer, bytes memory reason) private {
        message.by = signer.addr;
        bytes memory signature = signConcede(signer, message);

        vm.expectRevert(reason);
        relay(signature);
    }

    function expectExpired() private {
        expectRelayRevert(
            receiver,
            abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp)
        );
    }

    function expectInvalid(address signer, bytes memory signature) private {
        message.by = signer;
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer));
        relay(signature);
    }

    /// @dev A vault whose receiver is a contract.
    function useVaultOfWallet() private returns (Account memory wallet) {
        wallet = makeWallet(otherPayer);
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.receiver = wallet.addr;
        useVault(terms);
        useRef(disputed(payer, PRICE, "to the vault of a wallet"));
    }
}
