// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentId} from "../../../contracts/types/Payment.sol";
import {Refund, Withdraw} from "../../../contracts/types/TypedData.sol";
import {TestBase} from "../../utils/TestBase.sol";

contract TypedDataLibTest is TestBase {
    function test_Refund_TypeHashNamesAllFields() external pure {
        bytes memory encodedType = abi.encodePacked(
            "Refund(bytes32 paymentId,uint256 amount,address to,",
            "uint256 expectedHeld,uint256 expectedRefunded,uint256 deadline)"
        );

        assertEq(TypedDataLib.REFUND_TYPEHASH, keccak256(encodedType));
    }

    /// @dev The construction by names ties the words to the struct's fields.
    function testFuzz_Refund_HashesEachField(
        bytes32 paymentId,
        uint256 amount,
        address to,
        uint256 expectedHeld,
        uint256 expectedRefunded,
        uint256 deadline
    ) external view {
        Refund memory message = Refund({
            paymentId: PaymentId.wrap(paymentId),
            amount: amount,
            to: to,
            expectedHeld: expectedHeld,
            expectedRefunded: expectedRefunded,
            deadline: deadline
        });

        bytes memory encoded = abi.encode(
            TypedDataLib.REFUND_TYPEHASH,
            paymentId,
            amount,
            to,
            expectedHeld,
            expectedRefunded,
            deadline
        );
        assertEq(this.hashRefund(message), keccak256(encoded));
    }

    function test_Withdraw_TypeHashNamesAllFields() external pure {
        bytes memory encodedType = abi.encodePacked(
            "Withdraw(address token,address owner,address to,",
            "uint256 expectedCredit,uint256 expectedWithdrawn,uint256 deadline)"
        );

        assertEq(TypedDataLib.WITHDRAW_TYPEHASH, keccak256(encodedType));
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

    /* EXPOSED */

    function hashRefund(Refund calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }

    function hashWithdraw(Withdraw calldata message) external pure returns (bytes32) {
        return TypedDataLib.hash(message);
    }
}
