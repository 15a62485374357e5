// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {ISurplus} from "../../../contracts/interfaces/ISurplus.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {ReceiptProof} from "../../../contracts/types/Receipt.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

/// @dev What every kind of vault does with a proof is tested with the refund window.
contract EscrowRecordTest is EscrowTest {
    function test_RevertWhen_CalledOnTheImplementation() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");

        vm.expectRevert(implementationUsed());
        implementation.record(address(token), proof);
    }

    /* KNOWN */

    function test_RevertWhen_ItWasRecordedAndCaptured() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        capture(refOf(payer.addr, "nonce"), PRICE);

        expectKnown(proof, refOf(payer.addr, "nonce"));
    }

    function test_RevertWhen_ItWasRecordedAndReturned() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        record(proof);
        voidAs(receiver.addr, refOf(payer.addr, "nonce"));

        expectKnown(proof, refOf(payer.addr, "nonce"));
    }

    function test_RevertWhen_ItIsTheTransferOfARefund() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        capture(ref, PRICE);
        PaymentRef memory transfer = refOf(otherPayer.addr, vault.refundNonceOf(ref));
        token.mint(address(vault), PRICE); // stray money that it could be taken for
        vm.recordLogs();
        refund(otherPayer, ref, PRICE);
        // The vault's own log comes first.
        ReceiptProof memory proof = mineRecorded();
        proof.logIndex = 1;

        expectKnown(proof, transfer);
    }

    /* RECORDED */

    function testFuzz_StartsTheWindowAtTheRecord(uint256 later) external {
        later = bound(later, 0, 1000 * 365 days);
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        goTo(START + later);

        record(proof);

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).captureUntil, CAPTURE_UNTIL + later);
    }

    function test_EmitsRecordedAndAuthorized() external {
        ReceiptProof memory proof = payPast(payer, PRICE, "nonce");
        PaymentId id = vault.idOf(refOf(payer.addr, "nonce"));
        goTo(START + 1 hours);

        vm.expectEmit(address(vault));
        emit ISurplus.Recorded(id, START);
        vm.expectEmit(address(vault));
        emit IEscrow.Authorized(id, payer.addr, address(token), "nonce", PRICE, CAPTURE_UNTIL + 1 hours);
        record(proof);
    }

    function testFuzz_HoldsWhatArrived(uint256 value) external {
        value = bound(value, 1, 1e30);

        record(payPast(payer, value, "nonce"));

        assertEq(vault.paymentOf(refOf(payer.addr, "nonce")).held, value, "held");
        assertEq(liabilities(), value, "liabilities");
    }

    function test_LetsTheOperatorCaptureIt() external {
        record(payPast(payer, PRICE, "nonce"));

        capture(refOf(payer.addr, "nonce"), PRICE);

        assertPaidOut(PRICE - FEE, FEE);
    }

    function test_LetsAnyoneReclaimIt() external {
        record(payPast(payer, PRICE, "nonce"));
        goTo(CAPTURE_UNTIL);

        reclaim(refOf(payer.addr, "nonce"));

        assertEq(token.balanceOf(payer.addr), 1e30);
    }

    /* HELPERS */

    function expectKnown(ReceiptProof memory proof, PaymentRef memory ref) private {
        PaymentId id = vault.idOf(ref);

        vm.expectRevert(abi.encodeWithSelector(IVault.PaymentAlreadyKnown.selector, id));
        vault.record(address(token), proof);
    }
}
