// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Escrow} from "../../../contracts/Escrow.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowRefundNonceOfTest is EscrowTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        capture(ref, PRICE);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.refundNonceOf(ref);
    }

    function test_NamesThePaymentAndZero() external view {
        assertEq(vault.refundNonceOf(ref), keccak256(abi.encode(PaymentId.unwrap(vault.idOf(ref)), 0)));
    }

    function testFuzz_NamesThePaymentAndWhatWasRefunded(uint256 first, uint256 second) external {
        first = bound(first, 1, PRICE - 1);
        second = bound(second, 1, PRICE - first);
        refund(otherPayer, ref, first);
        refund(otherPayer, ref, second);

        assertEq(vault.refundNonceOf(ref), keccak256(abi.encode(PaymentId.unwrap(vault.idOf(ref)), first + second)));
    }

    function testFuzz_DiffersForEachPayment(bytes32 nonce) external view {
        if (nonce == ref.nonce) nonce = 0;

        assertNotEq(vault.refundNonceOf(refOf(payer.addr, nonce)), vault.refundNonceOf(ref));
    }

    function test_DiffersInEachVault() external {
        EscrowTerms memory terms = defaultTerms();
        terms.salt = "other";
        Escrow other = deployVault(terms);

        assertNotEq(other.refundNonceOf(ref), vault.refundNonceOf(ref));
    }

    function test_StaysTheSameWhenMoreIsCaptured() external {
        ref = pay(payer, PRICE, "other");
        bytes32 nonce = vault.refundNonceOf(ref);

        capture(ref, 1);

        assertEq(vault.refundNonceOf(ref), nonce);
    }
}
