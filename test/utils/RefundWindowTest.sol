// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, Method, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Concede, Dispute, Refund, Resolve, Withdraw, WithdrawDispute} from "../../contracts/types/TypedData.sol";
import {Token3009} from "../mocks/Token3009.sol";
import {ProtocolTest} from "./ProtocolTest.sol";

/// @title RefundWindowTest
/// @notice A factory, a token, the parties, and one vault with a two-week window and a one-percent fee.
abstract contract RefundWindowTest is ProtocolTest {
    uint40 internal constant WINDOW = 14 days;
    uint40 internal constant START = 1_760_000_001; // not at a full hour
    uint256 internal constant PAYOUT_GAS = 150_000;
    uint256 internal constant PRICE = 1_000_000;
    uint40 internal constant RESOLUTION_PERIOD = 30 days; // longer than the window
    bytes32 internal constant EVIDENCE = keccak256("what the payer has to say");

    ReceiptVerifier internal verifier;
    RefundWindow internal implementation;
    VaultFactory internal factory;
    RefundWindow internal vault;
    Token3009 internal token;

    Account internal payer;
    Account internal otherPayer;
    Account internal receiver;
    Account internal operator;
    Account internal stranger;
    Account internal arbiter;
    address internal feeReceiver;

    function setUp() public virtual {
        vm.warp(START);
        verifier = deployVerifier();
        implementation = deployImplementation(verifier);
        factory = deployFactory(implementation);
        token = new Token3009();

        payer = makeAccount("payer");
        otherPayer = makeAccount("otherPayer");
        receiver = makeAccount("receiver");
        operator = makeAccount("operator");
        stranger = makeAccount("stranger");
        arbiter = makeAccount("arbiter");
        feeReceiver = makeAccount("feeReceiver").addr;

        vault = deployVault(defaultTerms());
        token.mint(payer.addr, 1e30);
        token.mint(otherPayer.addr, 1e30);
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

    /* PAY */

    /// @notice A valid authorization of `from` to `to`, signed with its key.
    function authorize(
        Account memory from,
        address to,
        uint256 value,
        bytes32 nonce
    ) internal view returns (Authorization memory authorization) {
        authorization.token = address(token);
        authorization.payer = from.addr;
        authorization.value = value;
        authorization.validBefore = type(uint40).max;
        authorization.nonce = nonce;
        authorization.signature = sign(
            from.key,
            token.digestOf(from.addr, to, value, 0, authorization.validBefore, nonce)
        );
    }

    function pay(Account memory from, uint256 value, bytes32 nonce) internal returns (PaymentRef memory) {
        vault.pay(authorize(from, address(vault), value, nonce));
        return refOf(from.addr, nonce);
    }

    function refOf(address from, bytes32 nonce) internal view returns (PaymentRef memory) {
        return PaymentRef({method: Method.Eip3009, token: address(token), payer: from, nonce: nonce});
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

    function signWithdraw(Account memory signer, Withdraw memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message))));
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

    /// @notice The EIP-712 digest for the vault's domain, computed here and not by the vault.
    function digest(bytes32 structHash) internal view returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Recourse RefundWindow"),
                keccak256("1"),
                block.chainid,
                address(vault)
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }
}
