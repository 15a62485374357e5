// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Escrow} from "../../contracts/Escrow.sol";
import {Multisig} from "../../contracts/Multisig.sol";
import {ReceiptVerifier} from "../../contracts/ReceiptVerifier.sol";
import {RefundWindow} from "../../contracts/RefundWindow.sol";
import {SubscriptionPlan} from "../../contracts/SubscriptionPlan.sol";
import {VaultFactory} from "../../contracts/VaultFactory.sol";
import {DomainKind, MessageKind} from "../../contracts/types/Blob.sol";
import {MultisigConfig} from "../../contracts/types/MultisigConfig.sol";
import {Authorization, Method, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms, PeriodUnit, RefundWindowTerms, SubscriptionPlanTerms} from "../../contracts/types/Terms.sol";
import {PaymentApproval} from "../../contracts/types/TypedData.sol";
import {MultisigTest} from "../utils/MultisigTest.sol";

/// @title MultisigAttackTest
/// @notice What the tests of broken assumptions about accounts share: vaults whose every party is the thief, who holds the key of
/// the agent, and short ways to pay them and to sign about them.
abstract contract MultisigAttackTest is MultisigTest {
    uint256 internal constant PAYOUT_GAS = 150_000;
    uint256 internal constant FOREVER = type(uint40).max;

    string internal constant REFUND_TYPE =
        "MessageApproval(uint256 epoch,address verifyingContract,Refund message)"
        "Refund(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)";
    string internal constant WITHDRAW_TYPE =
        "MessageApproval(uint256 epoch,address verifyingContract,Withdraw message)"
        "Withdraw(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)";
    string internal constant UNDO_TYPE =
        "MessageApproval(uint256 epoch,address verifyingContract,Undo message)"
        "Undo(address subscriber,address beneficiary,uint256 closesAt,address to,uint256 deadline)";
    string internal constant SUBSCRIBE_TYPE =
        "MessageApproval(uint256 epoch,address verifyingContract,Subscribe message)"
        "Subscribe(address subscriber,address beneficiary,uint256 quantity,uint256 maxPeriods,uint256 maxFirstCharge,uint256 serial,uint256 deadline)";

    Account internal thief;

    RefundWindow internal refundWindow;
    Escrow internal escrow;
    SubscriptionPlan internal plan;
    VaultFactory internal refundWindows;
    VaultFactory internal escrows;
    VaultFactory internal plans;

    function setUp() public virtual override {
        super.setUp();
        thief = makeAccount("thief");
        ReceiptVerifier verifier = deployVerifier();
        refundWindows = deployFactory(deployImplementation(verifier));
        escrows = deployFactory(deployEscrowImplementation(verifier));
        plans = deployFactory(deployPlanImplementation(verifier));
        refundWindow = RefundWindow(refundWindows.deploy(abi.encode(refundWindowTerms())));
        escrow = Escrow(escrows.deploy(abi.encode(escrowTerms())));
        plan = SubscriptionPlan(plans.deploy(abi.encode(planTerms())));
    }

    /* VAULTS */

    function refundWindowTerms() internal view returns (RefundWindowTerms memory terms) {
        (terms.receiver, terms.operator) = (thief.addr, agent.addr);
        terms.window = 365 days;
    }

    function escrowTerms() internal view returns (EscrowTerms memory terms) {
        (terms.receiver, terms.operator) = (thief.addr, agent.addr);
        (terms.feeReceiver, terms.feeBps) = (agent.addr, 1_000);
        terms.captureWindow = 1 days;
    }

    function planTerms() internal view returns (SubscriptionPlanTerms memory terms) {
        (terms.receiver, terms.operator) = (thief.addr, agent.addr);
        (terms.token, terms.price) = (address(token), 1e6);
        (terms.periodUnit, terms.periodLength) = (PeriodUnit.Seconds, 30 days);
        (terms.grace, terms.refundWindow) = (3 days, 7 days);
    }

    /* PAY */

    /// @notice A payment to `payee` by the agent alone, of its own nonce.
    function payByAgent(address payee, uint256 value, bytes32 nonce) internal {
        PaymentApproval memory payment = paymentTo(payee, value, nonce);
        pay(payment, paymentBlob(payment, only(agent)));
    }

    function payByAll(address payee, uint256 value, bytes32 nonce) internal {
        PaymentApproval memory payment = paymentTo(payee, value, nonce);
        pay(payment, paymentBlob(payment, all()));
    }

    function paymentTo(
        address payee,
        uint256 value,
        bytes32 nonce
    ) internal view returns (PaymentApproval memory payment) {
        payment = paymentOf(value);
        (payment.payee, payment.nonce) = (payee, nonce);
    }

    /// @notice What a vault's `pay` takes.
    function authorizationOf(
        PaymentApproval memory payment,
        bytes memory blob
    ) internal view returns (Authorization memory) {
        return
            Authorization({
                token: payment.token,
                payer: address(account),
                value: payment.value,
                validAfter: payment.validAfter,
                validBefore: payment.validBefore,
                nonce: payment.nonce,
                signature: blob
            });
    }

    function refOf(bytes32 nonce) internal view returns (PaymentRef memory) {
        return PaymentRef({method: Method.Eip3009, token: address(token), payer: address(account), nonce: nonce});
    }

    /// @notice The agent alone pays into the refund window.
    function payRefundWindow(uint256 value, bytes32 nonce) internal returns (PaymentRef memory) {
        PaymentApproval memory payment = paymentTo(address(refundWindow), value, nonce);
        refundWindow.pay(authorizationOf(payment, paymentBlob(payment, only(agent))));
        return refOf(nonce);
    }

    function payEscrow(uint256 value, bytes32 nonce) internal returns (PaymentRef memory) {
        PaymentApproval memory payment = paymentTo(address(escrow), value, nonce);
        escrow.pay(authorizationOf(payment, paymentBlob(payment, only(agent))));
        return refOf(nonce);
    }

    /// @notice The agent pays small amounts until no more goes, and tells how much went.
    function drain(address payee, bytes32 salt) internal returns (uint256 spent) {
        for (uint256 i = 0; ; ++i) {
            uint256 value = account.spendableOf(address(token)).amount;
            if (value == 0) return spent;
            if (value > SMALL) value = SMALL;
            payByAgent(payee, value, keccak256(abi.encode(salt, i)));
            spent += value;
        }
    }

    /* MESSAGES */

    /// @notice The blob of a message of this suite, and the digest that asks for it.
    function signedMessage(
        MessageKind kind,
        DomainKind domainKind,
        address verifyingContract,
        string memory approvalType,
        bytes32 typeHash,
        bytes memory data,
        Account[] memory signers
    ) internal view returns (bytes32 digest, bytes memory blob) {
        bytes32 structHash = keccak256(bytes.concat(typeHash, data));
        bytes32 approved = messageApprovalDigest(approvalType, verifyingContract, structHash);
        blob = messageBlob(kind, domainKind, verifyingContract, data, signaturesOf(approved, signers));
        digest = digestIn(nameOf(domainKind), block.chainid, verifyingContract, structHash);
    }

    function nameOf(DomainKind kind) internal pure returns (string memory) {
        if (kind == DomainKind.RefundWindow) return "Recourse RefundWindow";
        if (kind == DomainKind.Escrow) return "Recourse Escrow";
        if (kind == DomainKind.SubscriptionPlan) return "Recourse SubscriptionPlan";
        return "Recourse Multisig";
    }

    /* ACCOUNT */

    function reconfigure(MultisigConfig memory config) internal {
        executeByHumans(address(account), abi.encodeCall(account.reconfigure, (implementation.encodeConfig(config))));
    }

    function spendable() internal view returns (uint256) {
        return account.spendableOf(address(token)).amount;
    }

    function balanceOf(address who) internal view returns (uint256) {
        return token.balanceOf(who);
    }

    /// @notice From now on `other` is the account that is tested.
    function use(Multisig other) internal {
        account = other;
    }
}
