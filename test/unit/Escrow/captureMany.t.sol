// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {CaptureItem} from "../../../contracts/types/TypedData.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowCaptureManyTest is EscrowTest {
    /// @dev Far above what an item costs, and far below what a payout would.
    uint256 private constant MOST_GAS_OF_AN_ITEM = 20_000;

    PaymentRef private ref;
    /// @dev Of another payer, and always good.
    PaymentRef private goodRef;

    function setUp() public override {
        super.setUp();
        ref = pay(payer, PRICE, "nonce");
        goodRef = pay(otherPayer, PRICE, "nonce");
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        CaptureItem[] memory items = list(itemOf(ref, PRICE));

        vm.expectRevert(implementationUsed());
        vm.prank(operator.addr);
        implementation.captureMany(address(token), items);
    }

    function testFuzz_RevertWhen_CallerIsNotTheOperator(address caller) external {
        vm.assume(caller != operator.addr);

        expectNotOperator(caller);
    }

    function test_RevertWhen_CallerIsTheReceiver() external {
        expectNotOperator(receiver.addr);
    }

    /* NOTHING */

    function test_CapturesNothingOfAnEmptyList() external {
        vm.recordLogs();

        assertEq(captureMany(new CaptureItem[](0)), 0, "captured");

        assertEq(vm.getRecordedLogs().length, 0, "logs");
        assertEq(liabilities(), 2 * PRICE, "liabilities");
    }

    function test_CapturesNothingOfATokenThatNobodyPaidIn() external {
        CaptureItem[] memory items = list(itemOf(ref, PRICE));
        address other = address(new Token3009());

        vm.prank(operator.addr);
        assertEq(vault.captureMany(other, items), 0, "captured");

        assertParts(ref, 0, 0);
    }

    /* LEFT OUT */

    function test_LeavesOutAnUnknownPayment() external {
        assertLeftOut(itemOf(refOf(payer.addr, "unknown"), 0), PRICE);
    }

    function test_LeavesOutTheTransferOfARefund() external {
        PaymentRef memory captured = pay(payer, PRICE, "captured");
        capture(captured, PRICE);
        bytes32 nonce = vault.refundNonceOf(captured);
        refund(otherPayer, captured, PRICE);

        assertLeftOut(itemOf(refOf(otherPayer.addr, nonce), 0), PRICE);
    }

    function test_LeavesOutAnAmountOfZero() external {
        assertLeftOut(itemOf(ref, 0), 0);
    }

    function testFuzz_LeavesOutMoreThanHeld(uint256 amount) external {
        assertLeftOut(itemOf(ref, 0), bound(amount, PRICE + 1, type(uint256).max));
    }

    function testFuzz_LeavesOutAnotherExpectedHeld(uint256 expectedHeld) external {
        if (expectedHeld == PRICE) ++expectedHeld;
        CaptureItem memory item = itemOf(ref, 1);
        item.expectedHeld = expectedHeld;

        assertLeftOut(item, 1);
    }

    function testFuzz_LeavesOutAnotherExpectedCaptured(uint256 expectedCaptured) external {
        CaptureItem memory item = itemOf(ref, 1);
        item.expectedCaptured = bound(expectedCaptured, 1, type(uint256).max);

        assertLeftOut(item, 1);
    }

    function testFuzz_LeavesOutWhatChangedMeanwhile(uint256 amount) external {
        CaptureItem memory item = itemOf(ref, 1);
        capture(ref, bound(amount, 1, PRICE));

        assertLeftOut(item, 1);
    }

    function test_LeavesOutWhatWasClosed() external {
        CaptureItem memory item = itemOf(ref, 1);
        close(ref, 0);

        assertLeftOut(item, 1);
    }

    function test_LeavesOutWhatWasReturned() external {
        CaptureItem memory item = itemOf(ref, 1);
        voidAs(receiver.addr, ref);

        assertLeftOut(item, 1);
    }

    /// @dev Booked, it would make the payment one that is held again.
    function testFuzz_LeavesOutAnAmountOfZeroOfWhatHasEnded(uint256 captured) external {
        captured = bound(captured, 0, PRICE - 1);
        close(ref, captured);

        assertLeftOut(itemOf(ref, 0), 0);

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
        assertParts(ref, captured, PRICE - captured);
    }

    function testFuzz_LeavesOutAnotherPayerOrNonce(address otherAccount, bytes32 otherNonce) external {
        vm.assume(otherAccount != payer.addr && otherAccount != otherPayer.addr);
        CaptureItem memory item = itemOf(ref, 1);
        (item.payer, item.nonce) = (otherAccount, otherNonce);

        assertLeftOut(item, 1);
    }

    function test_TakesTheSameItemOnce() external {
        CaptureItem memory item = itemOf(ref, PRICE / 2);

        assertEq(captureMany(list(item, item)), PRICE / 2, "captured");

        assertParts(ref, PRICE / 2, 0);
    }

    function test_TakesTwoItemsOfOnePaymentThatFollowEachOther() external {
        CaptureItem memory first = itemOf(ref, 1);
        CaptureItem memory second = itemOf(ref, 2);
        (second.expectedHeld, second.expectedCaptured) = (PRICE - 1, 1);

        assertEq(captureMany(list(first, second)), 3, "captured");

        assertParts(ref, 3, 0);
    }

    /* TIME */

    function test_CapturesInTheLastSecond() external {
        vm.warp(CAPTURE_UNTIL - 1);

        assertEq(captureMany(list(itemOf(ref, PRICE))), PRICE);
    }

    function test_LeavesOutWhatHasReachedCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL);

        assertEq(captureMany(list(itemOf(ref, PRICE))), 0);
    }

    function test_LeavesOutWhatHasPassedCaptureUntil() external {
        vm.warp(CAPTURE_UNTIL + 1);

        assertEq(captureMany(list(itemOf(ref, PRICE))), 0);
    }

    function test_TakesTheYoungerOfTwo() external {
        vm.warp(START + 1);
        PaymentRef memory younger = pay(payer, PRICE, "younger");
        vm.warp(CAPTURE_UNTIL);

        assertEq(captureMany(list(itemOf(ref, 1), itemOf(younger, 2))), 2);
    }

    /* CREDIT */

    function test_CreditsTheReceiverWithoutCallingTheToken() external {
        captureMany(list(itemOf(ref, PRICE), itemOf(goodRef, PRICE)));

        assertEq(token.balanceOf(address(vault)), 2 * PRICE, "nothing left the vault");
        assertCredit(receiver.addr, 2 * (PRICE - FEE), 0);
        assertCredit(feeReceiver, 2 * FEE, 0);
    }

    function test_CreditsAlthoughTheTokenIsPaused() external {
        token.setPaused(true);

        captureMany(list(itemOf(ref, PRICE)));

        assertCredit(receiver.addr, PRICE - FEE, 0);
    }

    function testFuzz_AddsToTheCredit(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 100, PRICE), bound(second, 100, PRICE));
        captureMany(list(itemOf(ref, first)));

        captureMany(list(itemOf(goodRef, second)));

        uint256 fees = first / 100 + second / 100;
        assertCredit(receiver.addr, first + second - fees, 0);
        assertCredit(feeReceiver, fees, 0);
    }

    function testFuzz_RoundsTheFeeOfEachItemDown(uint256 first, uint256 second, uint16 feeBps) external {
        (first, second) = (bound(first, 1, PRICE), bound(second, 1, PRICE));
        feeBps = uint16(bound(feeBps, 0, 1_000));
        useVaultWithFee(feeBps);
        ref = pay(payer, PRICE, "other");
        goodRef = pay(otherPayer, PRICE, "other");

        captureMany(list(itemOf(ref, first), itemOf(goodRef, second)));

        uint256 fees = (first * feeBps) / 10_000 + (second * feeBps) / 10_000;
        assertEq(creditOf(receiver.addr), first + second - fees, "receiver");
        assertEq(creditOf(feeReceiver), fees, "fee receiver");
    }

    function test_CreditsTheFeeReceiverNothingForDust() external {
        captureMany(list(itemOf(ref, 99), itemOf(goodRef, 99)));

        assertCredit(receiver.addr, 198, 0);
        assertCredit(feeReceiver, 0, 0);
    }

    function test_LetsTheReceiverWithdrawAllTogether() external {
        captureMany(list(itemOf(ref, PRICE), itemOf(goodRef, PRICE)));

        vault.withdraw(address(token), receiver.addr, receiver.addr);

        assertEq(token.balanceOf(receiver.addr), 2 * (PRICE - FEE));
    }

    /* ACCEPTED */

    function testFuzz_ReturnsWhatWasCaptured(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 1, PRICE), bound(second, 1, PRICE));

        assertEq(captureMany(list(itemOf(ref, first), itemOf(goodRef, second))), first + second);
    }

    function testFuzz_BooksEachItem(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 1, PRICE), bound(second, 1, PRICE));

        captureMany(list(itemOf(ref, first), itemOf(goodRef, second)));

        assertParts(ref, first, 0);
        assertParts(goodRef, second, 0);
    }

    function testFuzz_EndsAPaymentWhenNothingIsLeft(uint256 first) external {
        first = bound(first, 1, PRICE - 1);
        capture(ref, first);

        captureMany(list(itemOf(ref, PRICE - first)));

        assertStatus(ref, IEscrow.EscrowStatus.Ended);
    }

    function testFuzz_OwesAllThatItOwedBefore(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 1, PRICE), bound(second, 1, PRICE));

        captureMany(list(itemOf(ref, first), itemOf(goodRef, second)));

        assertEq(liabilities(), 2 * PRICE);
    }

    function testFuzz_EmitsCapturedForEachAndCreditedForAll(uint256 first, uint256 second) external {
        (first, second) = (bound(first, 100, PRICE - 1), bound(second, 100, PRICE));
        capture(ref, 1);
        CaptureItem[] memory items = list(itemOf(ref, first), itemOf(goodRef, second));
        uint256 fees = first / 100 + second / 100;

        vm.expectEmit(address(vault));
        emit IEscrow.Captured(vault.idOf(ref), first, first / 100, first + 1);
        vm.expectEmit(address(vault));
        emit IEscrow.Captured(vault.idOf(goodRef), second, second / 100, second);
        expectCredited(receiver.addr, first + second - fees, first + second - fees);
        expectCredited(feeReceiver, fees, fees);
        captureMany(items);
    }

    function test_CreditsOnceForAll() external {
        CaptureItem[] memory items = list(itemOf(ref, PRICE), itemOf(goodRef, PRICE));

        vm.recordLogs();
        captureMany(items);

        assertEq(countLogs(IVault.Credited.selector), 2, "one of the receiver, one of the fee receiver");
    }

    /// @dev Of two equal payments one is captured by `capture`, the other as an item with the same numbers.
    function testFuzz_TakesAnItemExactlyWhenCaptureWould(
        uint256 before,
        uint256 amount,
        uint256 expectedHeld,
        uint256 expectedCaptured,
        uint8 near,
        uint8 end,
        uint40 time_
    ) external {
        goodRef = pay(payer, PRICE, "twin");
        before = bound(before, 0, PRICE);
        if (before != 0) captureBoth(before);
        if (end % 4 == 0 && before != PRICE) closeBoth();
        // Mostly numbers that are right or almost right.
        IEscrow.EscrowPayment memory payment = vault.paymentOf(ref);
        if (near & 1 == 0) expectedHeld = payment.held;
        if (near & 2 == 0) expectedCaptured = payment.captured;
        if (near & 4 == 0) amount = bound(amount, 0, payment.held);
        else if (near & 8 == 0) amount = bound(amount, payment.held, payment.held + 1);
        vm.warp(bound(time_, CAPTURE_UNTIL - 2, CAPTURE_UNTIL + 1));
        CaptureItem memory item = CaptureItem(payer.addr, "twin", amount, expectedHeld, expectedCaptured);

        vm.prank(operator.addr);
        (bool isCaptured, ) = address(vault).call(
            abi.encodeCall(IEscrow.capture, (ref, amount, expectedHeld, expectedCaptured, PAYOUT_GAS))
        );
        uint256 taken = captureMany(list(item));

        assertEq(taken, isCaptured ? amount : 0, "taken");
        assertEq(taken != 0, isCaptured, "taken or not");
        assertEq(vault.paymentOf(goodRef).captured, vault.paymentOf(ref).captured, "captured");
        assertEq(uint8(vault.paymentOf(goodRef).status), uint8(vault.paymentOf(ref).status), "status");
    }

    /// @dev Bad items, in any number and anywhere, change nothing for the good ones.
    function testFuzz_TakesTheGoodAmongBadOnes(uint256 kinds) external {
        CaptureItem[] memory items = new CaptureItem[](32);
        uint256 expected;
        for (uint256 i = 0; i < items.length; ++i) {
            PaymentRef memory next = pay(payer, PRICE, bytes32(i + 1));
            items[i] = itemOf(next, i + 1);
            uint256 kind = uint8(kinds >> (8 * i)) % 6;
            if (kind == 0) expected += i + 1;
            else if (kind == 1) items[i].nonce = "unknown";
            else if (kind == 2) items[i].amount = 0;
            else if (kind == 3) items[i].amount = PRICE + 1;
            else if (kind == 4) --items[i].expectedHeld;
            else ++items[i].expectedCaptured;
        }

        assertEq(captureMany(items), expected, "captured");

        assertEq(creditOf(receiver.addr) + creditOf(feeReceiver), expected, "credits");
        assertEq(liabilities(), 34 * PRICE, "liabilities");
    }

    function test_CostsLittleMoreForEachFurtherItem() external {
        CaptureItem[] memory items = new CaptureItem[](100);
        for (uint256 i = 0; i < items.length; ++i) items[i] = itemOf(pay(payer, PRICE, bytes32(i + 1)), PRICE);

        vm.prank(operator.addr);
        uint256 gas = gasleft();
        vault.captureMany(address(token), items);
        gas -= gasleft();

        assertLt(gas, items.length * MOST_GAS_OF_AN_ITEM);
    }

    /* HELPERS */

    function expectNotOperator(address caller) private {
        CaptureItem[] memory items = list(itemOf(ref, PRICE));

        vm.expectRevert(notOperator(caller));
        vm.prank(caller);
        vault.captureMany(address(token), items);
    }

    /// @notice `item` with `amount` changes nothing, and the good one behind it is captured.
    function assertLeftOut(CaptureItem memory item, uint256 amount) private {
        item.amount = amount;
        PaymentRef memory itsRef = refOf(item.payer, item.nonce);
        bytes memory before = abi.encode(vault.paymentOf(itsRef));

        assertEq(captureMany(list(item, itemOf(goodRef, PRICE))), PRICE, "captured");

        assertEq(abi.encode(vault.paymentOf(itsRef)), before, "its payment");
        assertCredit(receiver.addr, PRICE - FEE, 0);
        assertCredit(feeReceiver, FEE, 0);
    }

    function captureBoth(uint256 amount) private {
        capture(ref, amount);
        capture(goodRef, amount);
    }

    function closeBoth() private {
        close(ref, 0);
        close(goodRef, 0);
    }
}
