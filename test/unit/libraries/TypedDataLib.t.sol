// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId} from "../../../contracts/types/Payment.sol";
import {
    Capture,
    CaptureItem,
    CaptureMany,
    Concede,
    Dispute,
    Refund,
    Release,
    Resolve,
    Void,
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

    function test_Capture_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.CAPTURE_TYPEHASH,
            keccak256(
                "Capture(bytes32 paymentId,uint256 amount,bool isFinal,uint256 expectedHeld,uint256 expectedCaptured,uint256 deadline)"
            )
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Capture_HashesEachField(
        bytes32 paymentId,
        uint256 amount,
        bool isFinal,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint256 deadline
    ) external view {
        Capture memory message = Capture({
            paymentId: PaymentId.wrap(paymentId),
            amount: amount,
            isFinal: isFinal,
            expectedHeld: expectedHeld,
            expectedCaptured: expectedCaptured,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(
            TypedDataLib.CAPTURE_TYPEHASH,
            paymentId,
            amount,
            isFinal,
            expectedHeld,
            expectedCaptured,
            deadline
        );
        assertEq(this.hashCapture(message), keccak256(encoded));
    }

    function test_CaptureItem_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.CAPTURE_ITEM_TYPEHASH,
            keccak256(
                "CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)"
            )
        );
    }

    function test_CaptureMany_TypeHashNamesAllFieldsAndThoseOfAnItem() external pure {
        assertEq(
            TypedDataLib.CAPTURE_MANY_TYPEHASH,
            keccak256(
                "CaptureMany(address token,CaptureItem[] items,uint256 deadline)CaptureItem(address payer,bytes32 nonce,uint256 amount,uint256 expectedHeld,uint256 expectedCaptured)"
            )
        );
    }

    /// @dev An array is the hash of its items' hashes, one behind the other.
    function testFuzz_CaptureMany_HashesEachItem(
        address token,
        CaptureItem[2] memory two,
        uint256 deadline
    ) external view {
        bytes32[2] memory hashes;
        CaptureItem[] memory items = new CaptureItem[](2);
        for (uint256 i = 0; i < 2; ++i) {
            items[i] = CaptureItem({
                payer: two[i].payer,
                nonce: two[i].nonce,
                amount: two[i].amount,
                expectedHeld: two[i].expectedHeld,
                expectedCaptured: two[i].expectedCaptured
            });
            hashes[i] = keccak256(
                abi.encode(
                    TypedDataLib.CAPTURE_ITEM_TYPEHASH,
                    two[i].payer,
                    two[i].nonce,
                    two[i].amount,
                    two[i].expectedHeld,
                    two[i].expectedCaptured
                )
            );
        }

        bytes32 itemsHash = keccak256(abi.encodePacked(hashes[0], hashes[1]));
        bytes memory encoded = abi.encode(TypedDataLib.CAPTURE_MANY_TYPEHASH, token, itemsHash, deadline);
        assertEq(
            this.hashCaptureMany(CaptureMany({token: token, items: items, deadline: deadline})),
            keccak256(encoded)
        );
    }

    function testFuzz_CaptureMany_HashesNoItems(address token, uint256 deadline) external view {
        CaptureMany memory message = CaptureMany({token: token, items: new CaptureItem[](0), deadline: deadline});

        bytes memory encoded = abi.encode(TypedDataLib.CAPTURE_MANY_TYPEHASH, token, keccak256(""), deadline);
        assertEq(this.hashCaptureMany(message), keccak256(encoded));
    }

    function test_Void_TypeHashNamesAllFields() external pure {
        assertEq(
            TypedDataLib.VOID_TYPEHASH,
            keccak256("Void(bytes32 paymentId,address by,uint256 expectedHeld,uint256 deadline)")
        );
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Void_HashesEachField(
        bytes32 paymentId,
        address by,
        uint256 expectedHeld,
        uint256 deadline
    ) external view {
        Void memory message = Void({
            paymentId: PaymentId.wrap(paymentId),
            by: by,
            expectedHeld: expectedHeld,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(TypedDataLib.VOID_TYPEHASH, paymentId, by, expectedHeld, deadline);
        assertEq(this.hashVoid(message), keccak256(encoded));
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

    function hashCapture(Capture calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashCaptureMany(CaptureMany calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashVoid(Void calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }
}
