// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {RefundWindow} from "../../../contracts/RefundWindow.sol";
import {Method, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowIdOfTest is RefundWindowUnitTest {
    PaymentRef private ref;

    function setUp() public override {
        super.setUp();
        ref = refOf(payer.addr, "nonce");
    }

    function testFuzz_HashesAllThatNamesThePayment(address ofToken, address ofPayer, bytes32 nonce) external view {
        PaymentRef memory any = PaymentRef({method: Method.Eip3009, token: ofToken, payer: ofPayer, nonce: nonce});

        assertEq(
            idOf(any),
            keccak256(abi.encode(block.chainid, address(vault), Method.Eip3009, ofToken, ofPayer, nonce))
        );
    }

    function testFuzz_DiffersForAnotherPayer(address other) external view {
        vm.assume(other != payer.addr);
        PaymentRef memory otherRef = ref;
        otherRef.payer = other;

        assertNotEq(idOf(otherRef), idOf(ref));
    }

    function testFuzz_DiffersForAnotherNonce(bytes32 nonce) external view {
        vm.assume(nonce != "nonce");
        PaymentRef memory otherRef = ref;
        otherRef.nonce = nonce;

        assertNotEq(idOf(otherRef), idOf(ref));
    }

    function testFuzz_DiffersForAnotherToken(address other) external view {
        vm.assume(other != address(token));
        PaymentRef memory otherRef = ref;
        otherRef.token = other;

        assertNotEq(idOf(otherRef), idOf(ref));
    }

    function test_DiffersInAnotherVault() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        RefundWindow otherVault = deployVault(terms);

        assertNotEq(PaymentId.unwrap(otherVault.idOf(ref)), idOf(ref));
    }

    function test_DiffersOnAnotherChain() external {
        bytes32 id = idOf(ref);
        vm.chainId(block.chainid + 1);
        vm.etch(address(implementation), address(deployImplementation(verifier)).code);

        assertNotEq(idOf(ref), id);
    }

    function test_StaysWhenTheChainChangesItsId() external {
        bytes32 id = idOf(ref);
        vm.chainId(block.chainid + 1);

        assertEq(idOf(ref), id);
    }

    function test_DoesNotDependOnThePayment() external {
        bytes32 id = idOf(ref);
        pay(payer, PRICE, "nonce");

        assertEq(idOf(ref), id);
    }

    /* HELPERS */

    function idOf(PaymentRef memory any) private view returns (bytes32) {
        return PaymentId.unwrap(vault.idOf(any));
    }
}
