// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IRefundWindow} from "../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../contracts/types/Terms.sol";
import {Withdraw} from "../../contracts/types/TypedData.sol";
import {OwnedWallet} from "../mocks/OwnedWallet.sol";
import {RefundWindowTest} from "./RefundWindowTest.sol";

/// @title RefundWindowUnitTest
/// @notice The times of a payment made at `START`, and short ways to do, or to be refused, what the tests are about.
abstract contract RefundWindowUnitTest is RefundWindowTest {
    uint40 internal constant CLOSES_AT = START + WINDOW;
    uint32 internal constant BUCKET = 489_225;
    uint40 internal constant MATURES_AT = 489_225 hours;
    /// @dev When a dispute of `START` is settled by default.
    uint40 internal constant DEFAULTS_AT = START + RESOLUTION_PERIOD;
    uint40 internal constant FULL_HOUR = 488_889 hours; // the first one after START

    uint256 internal constant MIN_PAYOUT_GAS = 100_000;
    uint256 internal constant PAYOUT_RESERVE_GAS = 60_000;
    /// @dev At most what passes between the check and the gas that the error tells.
    uint256 internal constant GAS_OF_ERROR = 100;
    uint256 internal constant SECP256K1_ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    /* VAULTS */

    function useVault(RefundWindowTerms memory terms) internal {
        vault = deployVault(terms);
    }

    function useVaultWithNonRefundableShare(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.nonRefundableBps = nonRefundableBps;
        useVault(terms);
    }

    function useVaultWithoutFee() internal {
        RefundWindowTerms memory terms = defaultTerms();
        terms.feeReceiver = address(0);
        terms.feeBps = 0;
        useVault(terms);
    }

    function useVaultWithArbiter(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = nonRefundableBps;
        useVault(terms);
    }

    function useVaultThatFavorsThePayer(uint16 nonRefundableBps) internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.nonRefundableBps = nonRefundableBps;
        terms.silenceFavorsPayer = true;
        useVault(terms);
    }

    function useVaultWithArbiterWithoutFee() internal {
        RefundWindowTerms memory terms = termsWithArbiter();
        terms.feeReceiver = address(0);
        terms.feeBps = 0;
        useVault(terms);
    }

    /* PAYERS */

    /// @notice A contract account of `owner` that has tokens.
    function makeWallet(Account memory owner) internal returns (Account memory account) {
        account.addr = address(new OwnedWallet(owner.addr));
        account.key = owner.key;
        token.mint(account.addr, 1e30);
    }

    /// @notice Makes `account` an EIP-7702 account that delegates to a wallet of `owner`.
    function delegateToWalletOf(Account memory account, Account memory owner) internal {
        vm.etch(account.addr, abi.encodePacked(hex"ef0100", address(new OwnedWallet(owner.addr))));
    }

    function signAuthorization(
        Account memory from,
        Authorization memory authorization
    ) internal view returns (bytes memory) {
        bytes32 message = token.digestOf({
            from: from.addr,
            to: address(vault),
            value: authorization.value,
            validAfter: authorization.validAfter,
            validBefore: authorization.validBefore,
            nonce: authorization.nonce
        });
        return sign(from.key, message);
    }

    /* REFUND AND CLAIM */

    /// @notice Refunds as `by`, who expects what is true.
    function refundAs(address by, PaymentRef memory ref, uint256 amount, address to) internal {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        vm.prank(by);
        vault.refund(ref, amount, to, payment.held, payment.refunded, PAYOUT_GAS);
    }

    /// @notice As `refundAs`, and insists on exactly `reason`.
    function expectRefundRevert(
        address by,
        PaymentRef memory ref,
        uint256 amount,
        address to,
        bytes memory reason
    ) internal {
        IRefundWindow.Payment memory payment = vault.paymentOf(ref);
        vm.expectRevert(reason);
        vm.prank(by);
        vault.refund(ref, amount, to, payment.held, payment.refunded, PAYOUT_GAS);
    }

    function claimBucket(uint32 bucket) internal returns (uint256) {
        return vault.claim(address(token), list(bucket), PAYOUT_GAS);
    }

    function list(uint32 bucket) internal pure returns (uint32[] memory buckets) {
        buckets = new uint32[](1);
        buckets[0] = bucket;
    }

    function list(uint32 first, uint32 second) internal pure returns (uint32[] memory buckets) {
        buckets = new uint32[](2);
        buckets[0] = first;
        buckets[1] = second;
    }

    function assertStatus(PaymentRef memory ref, IRefundWindow.Status status) internal view {
        assertEq(uint8(vault.paymentOf(ref).status), uint8(status), "status");
    }

    /* DISPUTES */

    /// @notice A disputed payment of which the seller gave `refunded` back before.
    function disputedAfterRefund(uint256 refunded, bytes32 nonce) internal returns (PaymentRef memory ref) {
        ref = pay(payer, PRICE, nonce);
        refundAs(receiver.addr, ref, refunded, payer.addr);
        dispute(ref);
    }

    function concedeAs(address by, PaymentRef memory ref) internal {
        vm.prank(by);
        vault.concede(ref);
    }

    function resolveAs(address by, PaymentRef memory ref, uint256 toPayer, uint256 toReceiver) internal {
        vm.prank(by);
        vault.resolve(ref, toPayer, toReceiver, EVIDENCE);
    }

    /// @notice The next call settles the dispute of `ref`, all of whose parties have no credit yet: `Credited` follows for
    /// everybody who gets something.
    function expectSettled(
        PaymentRef memory ref,
        address by,
        uint256 toPayer,
        uint256 toReceiver,
        bytes32 evidence
    ) internal {
        uint256 fee = toReceiver / 100;
        vm.expectEmit(address(vault));
        emit IRefundWindow.DisputeSettled(vault.idOf(ref), by, toPayer, toReceiver, fee, evidence);
        if (toPayer != 0) expectCredited(ref.payer, toPayer, toPayer);
        if (toReceiver != fee) expectCredited(receiver.addr, toReceiver - fee, toReceiver - fee);
        if (fee != 0) expectCredited(feeReceiver, fee, fee);
    }

    /// @notice The dispute of `ref` is over, and everybody has what is theirs, with one percent for the fee receiver.
    function assertSettled(PaymentRef memory ref, uint256 toPayer, uint256 toReceiver) internal view {
        assertStatus(ref, IRefundWindow.Status.Settled);
        assertCredit(ref.payer, toPayer, 0);
        assertCredit(receiver.addr, toReceiver - toReceiver / 100, 0);
        assertCredit(feeReceiver, toReceiver / 100, 0);
    }

    function notDisputed(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.PaymentNotDisputed.selector, vault.idOf(ref));
    }

    function decisionTooLate(PaymentRef memory ref) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IRefundWindow.DecisionAfterDeadline.selector, vault.idOf(ref), DEFAULTS_AT);
    }

    /* CREDITS */

    /// @notice Leaves the payer a credit, by a refund while the payer is denylisted.
    function creditPayer(uint256 amount, bytes32 nonce) internal {
        creditPayer(payer, amount, nonce);
    }

    function creditPayer(Account memory owner, uint256 amount, bytes32 nonce) internal {
        PaymentRef memory ref = pay(owner, amount, nonce);
        token.setDenylisted(owner.addr, true);
        refundAs(receiver.addr, ref, amount, owner.addr);
        token.setDenylisted(owner.addr, false);
    }

    function assertCredit(address owner, uint256 expectedBalance, uint256 expectedWithdrawn) internal view {
        (uint256 balance, uint256 withdrawn) = vault.creditOf(address(token), owner);
        assertEq(balance, expectedBalance, "credit");
        assertEq(withdrawn, expectedWithdrawn, "withdrawn");
    }

    function expectCredited(address owner, uint256 amount, uint256 balance) internal {
        vm.expectEmit(address(vault));
        emit IVault.Credited(address(token), owner, amount, balance);
    }

    /// @notice What the owner signs to send the whole credit to `to`.
    function withdrawMessage(address owner, address to) internal view returns (Withdraw memory) {
        (uint256 balance, uint256 withdrawn) = vault.creditOf(address(token), owner);
        return
            Withdraw({
                token: address(token),
                owner: owner,
                to: to,
                expectedCredit: balance,
                expectedWithdrawn: withdrawn,
                deadline: block.timestamp + 1 days
            });
    }

    /* SIGNATURES */

    /// @notice The other signature of the same key over the same digest, which ECDSA without a low s would accept.
    function malleate(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return abi.encodePacked(r, SECP256K1_ORDER - uint256(s), v == 27 ? uint8(28) : uint8(27));
    }

    function withV(bytes memory signature, uint8 v) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, ) = split(signature);
        return abi.encodePacked(r, s, v);
    }

    function truncate(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, ) = split(signature);
        return abi.encodePacked(r, s);
    }

    /// @notice The EIP-2098 form of the same signature.
    function compact(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s, uint8 v) = split(signature);
        return abi.encodePacked(r, v == 28 ? bytes32(uint256(s) | (1 << 255)) : s);
    }

    function split(bytes memory signature) internal pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @notice As `digest`, for any domain.
    function digestIn(bytes32 structHash, uint256 chainId, address verifyingContract) internal pure returns (bytes32) {
        bytes32 separator = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Recourse RefundWindow"),
                keccak256("1"),
                chainId,
                verifyingContract
            )
        );
        return keccak256(abi.encodePacked(hex"1901", separator, structHash));
    }

    /* GAS */

    /// @notice What must be left for a payout with `payoutGas`.
    function neededGas(uint256 payoutGas) internal pure returns (uint256) {
        return (payoutGas * 64) / 63 + PAYOUT_RESERVE_GAS;
    }

    /// @notice Calls the vault as `by` with more and more gas, from `gas` on, until it does not revert; insists that only
    /// the last bit of gas was missing before.
    /// @param by The caller.
    /// @param data The call.
    /// @param gas Not enough.
    function raiseGasUntilEnough(address by, bytes memory data, uint256 gas) internal {
        uint256 needed = neededGas(PAYOUT_GAS);
        uint256 highestGasLeft;
        while (true) {
            vm.prank(by);
            (bool success, bytes memory answer) = address(vault).call{gas: gas}(data);
            if (success) break;
            uint256 toldNeeded;
            (highestGasLeft, toldNeeded) = decodeGasLeftTooLow(answer);
            assertEq(toldNeeded, needed, "needed gas");
            // Of one more unit of gas at most one arrives behind the clone, so this never goes too far.
            uint256 missing = needed - highestGasLeft;
            gas += missing > GAS_OF_ERROR ? missing - GAS_OF_ERROR : 1;
        }
        assertGe(highestGasLeft, needed - GAS_OF_ERROR, "one unit less was refused");
    }

    function decodeGasLeftTooLow(bytes memory answer) internal pure returns (uint256 gasLeft, uint256 needed) {
        assertEq(answer.length, 68, "length of the error");
        assertEq(bytes4(answer), IVault.GasLeftTooLow.selector, "selector of the error");
        assembly ("memory-safe") {
            gasLeft := mload(add(answer, 0x24))
            needed := mload(add(answer, 0x44))
        }
    }
}
