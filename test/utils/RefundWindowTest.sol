// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {SurplusSteps} from "./SurplusSteps.sol";

/// @title RefundWindowTest
/// @notice A factory, and one vault with a two-week window and a one-percent fee.
abstract contract RefundWindowTest is SurplusSteps {
    uint40 internal constant WINDOW = 14 days;
    uint40 internal constant RESOLUTION_PERIOD = 30 days; // longer than the window
    bytes32 internal constant EVIDENCE = keccak256("what the payer has to say");

    RefundWindow internal implementation;
    RefundWindow internal vault;

    Account internal arbiter;

    function setUp() public virtual override {
        super.setUp();
        implementation = deployImplementation(verifier);
        factory = deployFactory(implementation);
        arbiter = makeAccount("arbiter");
        vault = deployVault(defaultTerms());
    }

    function testedVault() internal view override returns (ISurplus) {
        return vault;
    }

    function domainName() internal pure override returns (string memory) {
        return "Recourse RefundWindow";
    }

    function defaultTerms() internal view returns (RefundWindowTerms memory) {
        return
            RefundWindowTerms({
                receiver: receiver.addr,
                operator: operator.addr,
                feeReceiver: feeReceiver,
                feeBps: 100,
                salt: 0,
                arbiter: address(0),
                window: WINDOW,
                resolutionPeriod: 0,
                silenceFavorsPayer: false,
                nonRefundableBps: 0
            });
    }

    function termsWithArbiter() internal view returns (RefundWindowTerms memory terms) {
        terms = defaultTerms();
        terms.arbiter = arbiter.addr;
        terms.resolutionPeriod = RESOLUTION_PERIOD;
    }

    /// @notice From now on payments go to a vault with an arbiter, whose silence favors the receiver.
    function useVaultWithArbiter() internal {
        vault = deployVault(termsWithArbiter());
    }

    function deployVault(RefundWindowTerms memory terms) internal returns (RefundWindow) {
        return RefundWindow(factory.deploy(implementation.encodeTerms(terms)));
    }

    /* DISPUTE */

    /// @notice A payment that its payer disputes at once.
    function disputed(Account memory from, uint256 value, bytes32 nonce) internal returns (PaymentRef memory ref) {
        ref = pay(from, value, nonce);
        dispute(ref);
    }

    function dispute(PaymentRef memory ref) internal {
        vm.prank(ref.payer);
        vault.dispute(ref, EVIDENCE);
    }

    /* MESSAGES */

    /// @notice What the payer signs to take `amount` of a payment that nobody touched back to `to`.
    function refundMessage(PaymentRef memory ref, uint256 amount, address to) internal view returns (Refund memory) {
        return
            Refund({
                paymentId: vault.idOf(ref),
                by: ref.payer,
                amount: amount,
                to: to,
                expectedHeld: vault.paymentOf(ref).held,
                expectedRefunded: vault.paymentOf(ref).refunded,
                deadline: block.timestamp + 1 days
            });
    }

    function signRefund(Account memory signer, Refund memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message))));
    }

    function signDispute(Account memory signer, Dispute memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.DISPUTE_TYPEHASH, message))));
    }

    function signWithdrawDispute(
        Account memory signer,
        WithdrawDispute memory message
    ) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, message))));
    }

    function signConcede(Account memory signer, Concede memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.CONCEDE_TYPEHASH, message))));
    }

    function signResolve(Account memory signer, Resolve memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.RESOLVE_TYPEHASH, message))));
    }
}
