// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId} from "../../../contracts/types/Payment.sol";
import {
    Concede,
    Dispute,
    Refund,
    Release,
    Resolve,
    Withdraw,
    WithdrawDispute
} from "../../../contracts/types/TypedData.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract TypedDataLibTest is TestBase {
    function test_Refund_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.REFUND_TYPEHASH,
            keccak256(
                "Refund(bytes32 paymentId,address by,uint256 amount,address to,uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)"
            )
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Refund_HashesEachField(
        bytes32 paymentId,
        address by,
        uint256 amount,
        address to,
        uint256 expectedHeld,
        uint256 expectedRefunded,
        uint256 deadline
    ) external view {
        Refund memory message = Refund({
            paymentId: PaymentId.wrap(paymentId),
            by: by,
            amount: amount,
            to: to,
            expectedHeld: expectedHeld,
            expectedRefunded: expectedRefunded,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(
            TypedDataLib.REFUND_TYPEHASH,
            paymentId,
            by,
            amount,
            to,
            expectedHeld,
            expectedRefunded,
            deadline
        );
        assertEq(this.hashRefund(message), keccak256(encoded));
    }

    function test_Dispute_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.DISPUTE_TYPEHASH,
            keccak256("Dispute(bytes32 paymentId,bytes32 evidence,uint256 deadline)")
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Dispute_HashesEachField(bytes32 paymentId, bytes32 evidence, uint256 deadline) external view {
        Dispute memory message = Dispute({
            paymentId: PaymentId.wrap(paymentId),
            evidence: evidence,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(TypedDataLib.DISPUTE_TYPEHASH, paymentId, evidence, deadline);
        assertEq(this.hashDispute(message), keccak256(encoded));
    }

    function test_WithdrawDispute_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH,
            keccak256("WithdrawDispute(bytes32 paymentId,uint256 defaultsAt,uint256 deadline)")
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_WithdrawDispute_HashesEachField(
        bytes32 paymentId,
        uint256 defaultsAt,
        uint256 deadline
    ) external view {
        WithdrawDispute memory message = WithdrawDispute({
            paymentId: PaymentId.wrap(paymentId),
            defaultsAt: defaultsAt,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(TypedDataLib.WITHDRAW_DISPUTE_TYPEHASH, paymentId, defaultsAt, deadline);
        assertEq(this.hashWithdrawDispute(message), keccak256(encoded));
    }

    function test_Concede_TypeHashNamesAllFields() external pure {
        assertEq(TypedDataLib.CONCEDE_TYPEHASH, keccak256("Concede(bytes32 paymentId,address by,uint256 deadline)"));
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Concede_HashesEachField(bytes32 paymentId, address by, uint256 deadline) external view {
        Concede memory message = Concede({paymentId: PaymentId.wrap(paymentId), by: by, deadline: deadline});

        bytes memory encoded = abi.encode(TypedDataLib.CONCEDE_TYPEHASH, paymentId, by, deadline);
        assertEq(this.hashConcede(message), keccak256(encoded));
    }

    function test_Resolve_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.RESOLVE_TYPEHASH,
            keccak256("Resolve(bytes32 paymentId,uint256 toPayer,uint256 toReceiver,bytes32 evidence,uint256 deadline)")
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Resolve_HashesEachField(
        bytes32 paymentId,
        uint256 toPayer,
        uint256 toReceiver,
        bytes32 evidence,
        uint256 deadline
    ) external view {
        Resolve memory message = Resolve({
            paymentId: PaymentId.wrap(paymentId),
            toPayer: toPayer,
            toReceiver: toReceiver,
            evidence: evidence,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(
            TypedDataLib.RESOLVE_TYPEHASH,
            paymentId,
            toPayer,
            toReceiver,
            evidence,
            deadline
        );
        assertEq(this.hashResolve(message), keccak256(encoded));
    }

    function test_Withdraw_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.WITHDRAW_TYPEHASH,
            keccak256(
                "Withdraw(address token,address owner,address to,uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)"
            )
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Withdraw_HashesEachField(
        address token,
        address owner,
        address to,
        uint256 expectedCredit,
        uint256 expectedWithdrawn,
        uint256 deadline
    ) external view {
        Withdraw memory message = Withdraw({
            token: token,
            owner: owner,
            to: to,
            expectedCredit: expectedCredit,
            expectedWithdrawn: expectedWithdrawn,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(
            TypedDataLib.WITHDRAW_TYPEHASH,
            token,
            owner,
            to,
            expectedCredit,
            expectedWithdrawn,
            deadline
        );
        assertEq(this.hashWithdraw(message), keccak256(encoded));
    }

    function test_Release_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.RELEASE_TYPEHASH,
            keccak256("Release(bytes32 paymentId,uint256 announcement,uint256 amount,address to,uint256 deadline)")
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Release_HashesEachField(
        bytes32 paymentId,
        uint256 announcement,
        uint256 amount,
        address to,
        uint256 deadline
    ) external view {
        Release memory message = Release({
            paymentId: PaymentId.wrap(paymentId),
            announcement: announcement,
            amount: amount,
            to: to,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(TypedDataLib.RELEASE_TYPEHASH, paymentId, announcement, amount, to, deadline);
        assertEq(this.hashRelease(message), keccak256(encoded));
    }

    /* EXPOSED */

    function hashRefund(Refund calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashDispute(Dispute calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashWithdrawDispute(WithdrawDispute calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashConcede(Concede calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashResolve(Resolve calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashWithdraw(Withdraw calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashRelease(Release calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }
}
