// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";

import {Escrow} from "../../contracts/Escrow.sol";
import {IEscrow} from "../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../contracts/libraries/TypedDataLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../contracts/types/Terms.sol";
import {Capture, CaptureItem, CaptureMany, Void} from "../../contracts/types/TypedData.sol";
import {SurplusSteps} from "./SurplusSteps.sol";

/// @title EscrowTest
/// @notice A factory, one escrow with three days to capture and a one-percent fee, and short ways to capture, return and
/// refund.
abstract contract EscrowTest is SurplusSteps {
    uint40 internal constant CAPTURE_WINDOW = 3 days;
    /// @dev Of a payment made at `START`.
    uint40 internal constant CAPTURE_UNTIL = START + CAPTURE_WINDOW;
    /// @dev Of all of `PRICE`.
    uint256 internal constant FEE = PRICE / 100;

    Escrow internal implementation;
    Escrow internal vault;

    function setUp() public virtual override {
        super.setUp();
        implementation = deployEscrowImplementation(verifier);
        factory = deployFactory(implementation);
        vault = deployVault(defaultTerms());
    }

    function testedVault() internal view override returns (ISurplus) {
        return vault;
    }

    function domainName() internal pure override returns (string memory) {
        return "Recourse Escrow";
    }

    /* VAULTS */

    function defaultTerms() internal view returns (EscrowTerms memory) {
        return
            EscrowTerms({
                receiver: receiver.addr,
                operator: operator.addr,
                feeReceiver: feeReceiver,
                feeBps: 100,
                salt: 0,
                captureWindow: CAPTURE_WINDOW
            });
    }

    function deployVault(EscrowTerms memory terms) internal returns (Escrow) {
        return Escrow(factory.deploy(implementation.encodeTerms(terms)));
    }

    /// @notice From now on payments go to a vault of these terms.
    function useVault(EscrowTerms memory terms) internal {
        vault = deployVault(terms);
    }

    function useVaultOfOperator(address newOperator) internal {
        EscrowTerms memory terms = defaultTerms();
        terms.operator = newOperator;
        useVault(terms);
    }

    function useVaultWithFee(uint16 feeBps) internal {
        EscrowTerms memory terms = defaultTerms();
        terms.feeBps = feeBps;
        if (feeBps == 0) terms.feeReceiver = address(0);
        useVault(terms);
    }

    /* CAPTURE */

    /// @notice Captures as `by`, who expects what is true.
    function captureAs(address by, PaymentRef memory ref, uint256 amount) internal {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        vm.prank(by);
        vault.capture(ref, amount, payment.held, payment.captured, PAYOUT_GAS);
    }

    function capture(PaymentRef memory ref, uint256 amount) internal {
        captureAs(operator.addr, ref, amount);
    }

    function closeAs(address by, PaymentRef memory ref, uint256 amount) internal {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        vm.prank(by);
        vault.close(ref, amount, payment.held, payment.captured, PAYOUT_GAS);
    }

    function close(PaymentRef memory ref, uint256 amount) internal {
        closeAs(operator.addr, ref, amount);
    }

    /// @notice A capture that expects what is true.
    function itemOf(PaymentRef memory ref, uint256 amount) internal view returns (CaptureItem memory) {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        return
            CaptureItem({
                payer: ref.payer,
                nonce: ref.nonce,
                amount: amount,
                expectedHeld: payment.held,
                expectedCaptured: payment.captured
            });
    }

    function list(CaptureItem memory item) internal pure returns (CaptureItem[] memory items) {
        items = new CaptureItem[](1);
        items[0] = item;
    }

    function list(
        CaptureItem memory first,
        CaptureItem memory second
    ) internal pure returns (CaptureItem[] memory items) {
        items = new CaptureItem[](2);
        (items[0], items[1]) = (first, second);
    }

    function captureMany(CaptureItem[] memory items) internal returns (uint256) {
        vm.prank(operator.addr);
        return vault.captureMany(address(token), items);
    }

    /* RETURN */

    /// @notice Returns what is held as `by`, who expects what is true.
    function voidAs(address by, PaymentRef memory ref) internal {
        uint256 held = vault.paymentOf(ref).held;
        vm.prank(by);
        vault.void(ref, held, PAYOUT_GAS);
    }

    function reclaim(PaymentRef memory ref) internal {
        vm.prank(stranger.addr);
        vault.reclaim(ref, PAYOUT_GAS);
    }

    /* REFUND */

    /// @notice What `from` signs to pay for the next refund of `ref`.
    function authorizeRefund(
        Account memory from,
        PaymentRef memory ref,
        uint256 value
    ) internal view returns (Authorization memory) {
        return authorizeReceipt(from, value, vault.refundNonceOf(ref));
    }

    /// @notice A valid authorization of `from` to the vault, which only the vault can present.
    function authorizeReceipt(
        Account memory from,
        uint256 value,
        bytes32 nonce
    ) internal view returns (Authorization memory authorization) {
        authorization = authorize(from, address(vault), value, nonce);
        authorization.signature = signReceipt(from, authorization);
    }

    function signReceipt(Account memory from, Authorization memory authorization) internal view returns (bytes memory) {
        bytes32 message = token.receiveDigestOf({
            from: from.addr,
            to: address(vault),
            value: authorization.value,
            validAfter: authorization.validAfter,
            validBefore: authorization.validBefore,
            nonce: authorization.nonce
        });
        return sign(from.key, message);
    }

    function refund(Account memory from, PaymentRef memory ref, uint256 value) internal {
        Authorization memory authorization = authorizeRefund(from, ref, value);
        vm.prank(stranger.addr);
        vault.refund(ref, authorization, PAYOUT_GAS);
    }

    /* MESSAGES */

    /// @notice What the operator signs to capture `amount` of a payment as it stands.
    function captureMessage(
        PaymentRef memory ref,
        uint256 amount,
        bool isFinal
    ) internal view returns (Capture memory) {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        return
            Capture({
                paymentId: payment.id,
                amount: amount,
                isFinal: isFinal,
                expectedHeld: payment.held,
                expectedCaptured: payment.captured,
                deadline: block.timestamp + 1 days
            });
    }

    function captureManyMessage(CaptureItem[] memory items) internal view returns (CaptureMany memory) {
        return CaptureMany({token: address(token), items: items, deadline: block.timestamp + 1 days});
    }

    /// @notice What `by` signs to return a payment as it stands.
    function voidMessage(PaymentRef memory ref, address by) internal view returns (Void memory) {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        return Void({paymentId: payment.id, by: by, expectedHeld: payment.held, deadline: block.timestamp + 1 days});
    }

    function hashOf(Capture memory message) internal pure returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CAPTURE_TYPEHASH, message));
    }

    function hashOf(CaptureMany memory message) internal pure returns (bytes32) {
        bytes memory items;
        for (uint256 i = 0; i < message.items.length; ++i) {
            bytes32 item = keccak256(abi.encode(TypedDataLib.CAPTURE_ITEM_TYPEHASH, message.items[i]));
            items = bytes.concat(items, item);
        }
        return
            keccak256(
                abi.encode(TypedDataLib.CAPTURE_MANY_TYPEHASH, message.token, keccak256(items), message.deadline)
            );
    }

    function hashOf(Void memory message) internal pure returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.VOID_TYPEHASH, message));
    }

    function signCapture(Account memory signer, Capture memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(hashOf(message)));
    }

    function signCaptureMany(Account memory signer, CaptureMany memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(hashOf(message)));
    }

    function signVoid(Account memory signer, Void memory message) internal view returns (bytes memory) {
        return sign(signer.key, digest(hashOf(message)));
    }

    /* STATE */

    function assertStatus(PaymentRef memory ref, IEscrow.EscrowStatus status) internal view {
        assertEq(uint8(vault.paymentOf(ref).status), uint8(status), "status");
    }

    /// @notice What became of a payment of `PRICE`; the rest is held.
    function assertParts(PaymentRef memory ref, uint256 captured, uint256 returned) internal view {
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.captured, captured, "captured");
        assertEq(payment.returned, returned, "returned");
        assertEq(payment.held, PRICE - captured - returned, "held");
    }

    /// @notice What receiver and fee receiver have in the token.
    function assertPaidOut(uint256 toReceiver, uint256 toFeeReceiver) internal view {
        assertEq(token.balanceOf(receiver.addr), toReceiver, "receiver");
        assertEq(token.balanceOf(feeReceiver), toFeeReceiver, "fee receiver");
    }

    /// @notice How many logs with `topic` the vault has emitted since `vm.recordLogs`.
    function countLogs(bytes32 topic) internal returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].emitter == address(vault) && logs[i].topics[0] == topic) ++count;
        }
    }

    /* REASONS */

    function implementationUsed() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector);
    }

    function notOperator(address caller) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ISurplus.NotOperator.selector, caller, operator.addr);
    }

    function unknown(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PaymentUnknown.selector, vault.idOf(ref));
    }

    function nothingHeld(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.NothingHeld.selector, vault.idOf(ref));
    }

    function tooLate(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.CaptureAfterDeadline.selector, vault.idOf(ref), CAPTURE_UNTIL);
    }

    function changed(PaymentRef memory ref, uint256 held, uint256 captured) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.HoldChanged.selector, vault.idOf(ref), held, captured);
    }

    function exceedsHeld(PaymentRef memory ref, uint256 amount, uint256 held) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IEscrow.CaptureExceedsHeld.selector, vault.idOf(ref), amount, held);
    }

    function mismatch(PaymentId id, PaymentId signedId) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PaymentMismatch.selector, id, signedId);
    }

    function invalid(address signer) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer);
    }

    function payoutGasTooLow(uint256 payoutGas) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IVault.PayoutGasTooLow.selector, payoutGas, MIN_PAYOUT_GAS);
    }

    /* GAS */

    /// @notice The vault refuses `data` as `by` with `gas`, because a payout could be starved with it.
    function assertGasTooLow(address by, bytes memory data, uint256 gas) internal {
        vm.prank(by);
        (bool success, bytes memory answer) = address(vault).call{gas: gas}(data);

        assertFalse(success, "refused");
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(PAYOUT_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }
}
