// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

/// @dev What every kind of vault does with a batch is tested with the refund window.
contract EscrowPayManyTest is EscrowTest {
    uint256 private constant ITEM_GAS = 200_000;

    function test_RevertWhen_CalledOnTheImplementation() external {
        vm.expectRevert(implementationUsed());
        implementation.payMany(address(token), new Authorization[](0), ITEM_GAS);
    }

    function testFuzz_BooksEachPayment(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 1, 1e30), bound(second, 1, 1e30));

        payBoth(first, second);

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, first, "first");
        assertEq(vault.paymentOf(refOf(otherPayer.addr, "nonce")).held, second, "second");
        assertEq(vault.paymentOf(refOf(otherPayer.addr, "nonce")).captureUntil, CAPTURE_UNTIL, "captureUntil");
        assertEq(liabilities(), first + second, "liabilities");
    }

    function test_EmitsAuthorizedForEach() external {
        vm.expectEmit(address(vault));
        emit IEscrow.Authorized(idOf(payer), payer.addr, address(token), "nonce", 1, CAPTURE_UNTIL);
        vm.expectEmit(address(vault));
        emit IEscrow.Authorized(idOf(otherPayer), otherPayer.addr, address(token), "nonce", 2, CAPTURE_UNTIL);
        payBoth(1, 2);
    }

    function test_LeavesOutAPaymentThatHasEnded() external {
        voidAs(receiver.addr, pay(payer, PRICE, "nonce"));

        payBoth(PRICE, PRICE);

        assertParts(refOf(payer.addr, "nonce"), 0, PRICE);
        assertEq(liabilities(), PRICE, "liabilities");
    }

    function test_LeavesOutTheTransferOfARefund() external {
        PaymentRef memory ref = pay(payer, PRICE, "captured");
        capture(ref, PRICE);
        bytes32 nonce = vault.refundNonceOf(ref);
        refund(otherPayer, ref, PRICE);
        Authorization[] memory authorizations = new Authorization[](1);
        authorizations[0] = authorize(otherPayer, address(vault), PRICE, nonce);

        PaymentId[] memory ids = vault.payMany(address(token), authorizations, ITEM_GAS);

        assertEq(PaymentId.unwrap(ids[0]), 0);
    }

    /* HELPERS */

    function idOf(Account memory from) private view returns (PaymentId) {
        return vault.idOf(refOf(from.addr, "nonce"));
    }

    function payBoth(uint256 first, uint256 second) private {
        Authorization[] memory authorizations = new Authorization[](2);
        authorizations[0] = authorize(payer, address(vault), first, "nonce");
        authorizations[1] = authorize(otherPayer, address(vault), second, "nonce");
        vault.payMany(address(token), authorizations, ITEM_GAS);
    }
}
