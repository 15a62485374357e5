// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Vm} from "forge-std/Vm.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IBursts} from "../../../contracts/interfaces/IBursts.sol";
import {IRefundWindow} from "../../../contracts/interfaces/IRefundWindow.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentId, PaymentRef} from "../../../contracts/types/Payment.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {DonatingHook} from "../../mocks/HookActors.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {HookedToken} from "../../mocks/HookedToken.sol";
import {SilentNonceToken} from "../../mocks/SilentNonceToken.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MoodyWallet} from "../../mocks/Wallets.sol";
import {SurplusUnitTest} from "../../utils/SurplusUnitTest.sol";

contract RefundWindowPayManyTest is SurplusUnitTest {
    uint256 private constant ITEM_GAS = 200_000;
    uint256 private constant MIN_ITEM_GAS = 150_000;

    function test_RevertWhen_CalledOnTheImplementation() external {
        Authorization[] memory items = goodItems(1);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.payMany(address(token), items, ITEM_GAS);
    }

    /* WHOLE BATCH */

    function testFuzz_RevertWhen_ItemGasIsBelowTheFloor(uint256 itemGas) external {
        itemGas = bound(itemGas, 0, MIN_ITEM_GAS - 1);
        Authorization[] memory items = goodItems(1);

        vm.expectRevert(abi.encodeWithSelector(IVault.ItemGasTooLow.selector, itemGas, MIN_ITEM_GAS));
        vault.payMany(address(token), items, itemGas);
    }

    function test_RevertWhen_ItemGasIsOneBelowTheFloor() external {
        vm.expectRevert(abi.encodeWithSelector(IVault.ItemGasTooLow.selector, MIN_ITEM_GAS - 1, MIN_ITEM_GAS));
        vault.payMany(address(token), new Authorization[](0), MIN_ITEM_GAS - 1);
    }

    function test_PaysAtTheFloor() external {
        vault.payMany(address(token), goodItems(1), MIN_ITEM_GAS);

        assertEq(vault.liabilitiesOf(address(token)), PRICE);
    }

    function test_RevertWhen_TokenHasNoCode() external {
        expectUnreadable(stranger.addr);
    }

    function test_RevertWhen_TokenIsAnotherContract() external {
        expectUnreadable(address(factory));
    }

    function testFuzz_RevertWhen_AnItemIsInAnotherToken(uint256 index) external {
        index = bound(index, 0, 2);
        Authorization[] memory items = goodItems(3);
        items[index].token = address(new Token3009());

        vm.expectRevert(
            abi.encodeWithSelector(IBursts.ItemOfOtherToken.selector, index, items[index].token, address(token))
        );
        vault.payMany(address(token), items, ITEM_GAS);
    }

    function test_RevertWhen_GasLeftIsTooLow() external {
        bytes memory data = abi.encodeCall(IBursts.payMany, (address(token), goodItems(2), ITEM_GAS));

        (bool success, bytes memory answer) = address(vault).call{gas: 300_000}(data);

        assertFalse(success);
        (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
        assertEq(needed, neededGas(ITEM_GAS), "needed");
        assertLt(gasLeft, needed, "gas left");
    }

    function test_PaysWithExactlyTheGasThatIsNeeded() external {
        bytes memory data = abi.encodeCall(IBursts.payMany, (address(token), goodItems(1), ITEM_GAS));
        uint256 gas = 200_000;
        (bool success, bytes memory answer) = address(vault).call{gas: gas}(data);

        // Of one more unit of gas at most one arrives behind the clone, so this passes over no amount.
        while (!success) {
            (uint256 gasLeft, uint256 needed) = decodeGasLeftTooLow(answer);
            assertLt(gasLeft, needed, "refused");
            gas += needed - gasLeft;
            (success, answer) = address(vault).call{gas: gas}(data);
        }
        assertEq(vault.liabilitiesOf(address(token)), PRICE);
    }

    function test_RevertWhen_ItemGasIsImmense() external {
        Authorization[] memory items = goodItems(1);

        vm.expectPartialRevert(IVault.GasLeftTooLow.selector);
        vault.payMany(address(token), items, type(uint256).max);
    }

    function test_RevertWhen_NothingArrivesForAnItem() external {
        use(new SilentNonceToken());
        Authorization[] memory items = goodItems(3);
        token.cancelAuthorization(items[1].payer, items[1].nonce);
        token.mint(address(vault), 5);

        expectOther(items, 2 * PRICE + 5, 3 * PRICE + 5);
    }

    function test_RevertWhen_LessArrivesForAnItem() external {
        use(new FeeOnTransferToken());

        expectOther(goodItems(2), 2 * PRICE - PRICE / 50, 2 * PRICE);
    }

    function test_RevertWhen_MoreArrivesForAnItem() external {
        HookedToken hooked = new HookedToken();
        use(hooked);
        DonatingHook hook = new DonatingHook(token, address(vault), 1);
        token.mint(address(hook), 1);
        hooked.setHook(payer.addr, address(hook));

        expectOther(goodItems(2), 2 * PRICE + 1, 2 * PRICE);
    }

    function test_RevertWhen_BalanceBecomesUnreadable() external {
        bytes[] memory answers = new bytes[](2);
        answers[0] = abi.encode(0);
        vm.mockCalls(address(token), abi.encodeCall(token.balanceOf, (address(vault))), answers);

        expectUnreadable(address(token), goodItems(1));
    }

    function test_RevertWhen_SumIsAbovePacking() external {
        uint256 most = type(uint104).max;
        token.mint(payer.addr, 257 * most);
        Authorization[] memory items = new Authorization[](257);
        for (uint256 i = 0; i < 257; ++i) items[i] = authorize(payer, address(vault), most, bytes32(i));

        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 112, 257 * most));
        vault.payMany(address(token), items, ITEM_GAS);
    }

    function test_RevertWhen_WindowClosesAfterUint40() external {
        Authorization[] memory items = goodItems(1);
        vm.warp(type(uint40).max - WINDOW + 1);

        vm.expectRevert(
            abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, uint256(type(uint40).max) + 1)
        );
        vault.payMany(address(token), items, ITEM_GAS);
    }

    function test_EmptyBatchDoesNothing() external {
        pay(payer, PRICE, "before");
        vm.warp(START + 3 hours);
        vm.recordLogs();

        PaymentId[] memory ids = vault.payMany(address(token), new Authorization[](0), ITEM_GAS);

        assertEq(ids.length, 0, "ids");
        assertEq(vm.getRecordedLogs().length, 0, "events");
        assertEq(vault.maturingIn(address(token), BUCKET), PRICE, "bucket");
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
    }

    /* LEFT OUT */

    function test_LeavesOutWhenValueIsZero() external {
        expectLeftOut(authorize(payer, address(vault), 0, "bad"));
    }

    function testFuzz_LeavesOutWhenValueIsAbovePacking(uint256 value) external {
        value = bound(value, uint256(type(uint104).max) + 1, type(uint256).max - token.totalSupply());
        token.mint(stranger.addr, value);

        expectLeftOut(authorize(stranger, address(vault), value, "bad"));
    }

    function test_LeavesOutWhenPaidBefore() external {
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        vault.pay(item);

        expectKnownLeftOut(item);
    }

    /// @dev Such a token says yes, and moves nothing: without the vault's own memory it would spoil the batch.
    function test_LeavesOutWhenPaidBeforeInATokenThatSaysNothing() external {
        use(new SilentNonceToken());
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        vault.pay(item);

        expectKnownLeftOut(item);
    }

    function test_LeavesOutWhenRecordedBefore() external {
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        record(submit(address(vault), item));

        expectKnownLeftOut(item);
    }

    function test_LeavesOutWhenRefundedBefore() external {
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        vault.pay(item);
        refundAs(payer.addr, refOf(payer.addr, "bad"), PRICE, payer.addr);

        expectKnownLeftOut(item);
    }

    function test_LeavesOutWhatIsInTheBatchTwice() external {
        Authorization[] memory items = goodItems(3);
        items[2] = items[0];

        PaymentId[] memory ids = vault.payMany(address(token), items, ITEM_GAS);

        assertId(ids[0], items[0]);
        assertId(ids[1], items[1]);
        assertEq(PaymentId.unwrap(ids[2]), 0, "the second time");
        assertEq(vault.liabilitiesOf(address(token)), 2 * PRICE, "liabilities");
    }

    function test_LeavesOutWhenTheSameNonceIsInTheBatchForAnotherValue() external {
        Authorization[] memory items = goodItems(2);
        items[1] = authorize(payer, address(vault), PRICE + 1, items[0].nonce);

        PaymentId[] memory ids = vault.payMany(address(token), items, ITEM_GAS);

        assertId(ids[0], items[0]);
        assertEq(PaymentId.unwrap(ids[1]), 0, "the other value");
        assertEq(vault.liabilitiesOf(address(token)), PRICE, "liabilities");
    }

    function test_LeavesOutWhenNonceWasUsedElsewhere() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";
        IVault otherVault = deployVault(terms);
        otherVault.pay(authorize(payer, address(otherVault), PRICE, "bad"));

        expectLeftOut(authorize(payer, address(vault), PRICE, "bad"));
    }

    function test_LeavesOutWhenNonceWasUsedPastPay() external {
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        submit(address(vault), item);

        expectLeftOut(item);
        assertEq(vault.surplusOf(address(token)), PRICE, "still to be recorded");
    }

    function test_LeavesOutWhenNonceWasCanceled() external {
        token.cancelAuthorization(payer.addr, "bad");

        expectLeftOut(authorize(payer, address(vault), PRICE, "bad"));
    }

    function test_LeavesOutWhenNotAfterValidAfter() external {
        expectLeftOut(authorizeBetween(START, START + 100));
    }

    function test_LeavesOutWhenNotBeforeValidBefore() external {
        expectLeftOut(authorizeBetween(START - 100, START));
    }

    function test_LeavesOutWhenPayerHasTooLittle() external {
        token.mint(stranger.addr, PRICE - 1);

        expectLeftOut(authorize(stranger, address(vault), PRICE, "bad"));
    }

    function test_LeavesOutWhenPayerIsDenylisted() external {
        token.mint(stranger.addr, PRICE);
        token.setDenylisted(stranger.addr, true);

        expectLeftOut(authorize(stranger, address(vault), PRICE, "bad"));
    }

    function test_LeavesOutWhenAnotherKeySigned() external {
        expectLeftOut(authorize(Account(payer.addr, stranger.key), address(vault), PRICE, "bad"));
    }

    function testFuzz_LeavesOutWhenTheSignatureIsAnyBytes(bytes calldata signature) external {
        Authorization memory item = authorize(payer, address(vault), PRICE, "bad");
        vm.assume(keccak256(signature) != keccak256(item.signature));
        item.signature = signature;

        expectLeftOut(item);
    }

    function test_LeavesOutWhenSignedForAnotherVault() external {
        expectLeftOut(authorize(payer, address(factory), PRICE, "bad"));
    }

    function test_LeavesOutWhenTheWalletDoesNotAccept() external {
        Account memory wallet = makeWallet(otherPayer);

        expectLeftOut(authorize(Account(wallet.addr, stranger.key), address(vault), PRICE, "bad"));
    }

    function test_LeavesOutWhenTheWalletBurnsAllGas() external {
        expectLeftOut(itemOf(MoodyWallet.Mood.BurnsGas));
    }

    function test_LeavesOutWhenTheWalletRevertsWithMuch() external {
        expectLeftOut(itemOf(MoodyWallet.Mood.RevertsMuch));
    }

    function test_LeavesOutAllWhenTheTokenIsPaused() external {
        token.setPaused(true);

        PaymentId[] memory ids = vault.payMany(address(token), goodItems(2), ITEM_GAS);

        assertEq(ids.length, 2, "length");
        assertEq(PaymentId.unwrap(ids[0]), 0, "first");
        assertEq(PaymentId.unwrap(ids[1]), 0, "second");
        assertEq(vault.liabilitiesOf(address(token)), 0, "liabilities");
    }

    function test_LeavesTheBooksAloneWhenAllAreLeftOut() external {
        pay(payer, PRICE, "before");
        token.setPaused(true);
        vm.warp(START + 3 hours);
        Authorization[] memory items = goodItems(2);
        vm.record();

        vault.payMany(address(token), items, ITEM_GAS);

        (, bytes32[] memory writes) = vm.accesses(address(vault));
        assertEq(writes.length, 0);
    }

    function test_WhatWasLeftOutCanBePaidLater() external {
        token.setPaused(true);
        Authorization[] memory items = goodItems(2);
        vault.payMany(address(token), items, ITEM_GAS);
        token.setPaused(false);

        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(vault.liabilitiesOf(address(token)), 2 * PRICE);
    }

    /* PAID */

    function testFuzz_PaysExactlyTheGoodOnes(uint8 goodMask) external {
        Authorization[] memory items = goodItems(8);
        uint256 good = 0;
        for (uint256 i = 0; i < 8; ++i) {
            if (isGood(goodMask, i)) ++good;
            else items[i].value += 1; // not what was signed
        }

        PaymentId[] memory ids = vault.payMany(address(token), items, ITEM_GAS);

        assertEq(ids.length, 8, "length");
        for (uint256 i = 0; i < 8; ++i) {
            if (isGood(goodMask, i)) assertId(ids[i], items[i]);
            else assertEq(PaymentId.unwrap(ids[i]), 0, "left out");
        }
        assertEq(vault.liabilitiesOf(address(token)), good * PRICE, "liabilities");
        assertEq(token.balanceOf(address(vault)), good * PRICE, "balance");
    }

    function testFuzz_MovesAndBooksTheSum(uint104[4] memory values, address caller) external {
        Authorization[] memory items = new Authorization[](4);
        uint256 sum = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 value = bound(values[i], 1, 1e29);
            items[i] = authorize(payer, address(vault), value, bytes32(i));
            sum += value;
        }

        vm.prank(caller);
        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(token.balanceOf(address(vault)), sum, "balance");
        assertEq(vault.liabilitiesOf(address(token)), sum, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), sum, "bucket");
        assertEq(vault.paymentOf(refOf(payer.addr, bytes32(uint256(3)))).held, items[3].value, "last payment");
    }

    function test_BooksEachPaymentAsPayDoes() external {
        vault.payMany(address(token), goodItems(2), ITEM_GAS);

        IRefundWindow.Payment memory payment = vault.paymentOf(refOf(otherPayer.addr, bytes32(uint256(1))));
        assertEq(uint8(payment.status), uint8(IRefundWindow.Status.Open), "status");
        assertEq(payment.paid, PRICE, "paid");
        assertEq(payment.held, PRICE, "held");
        assertEq(payment.refunded, 0, "refunded");
        assertEq(payment.closesAt, CLOSES_AT, "closesAt");
        assertEq(payment.maturesAt, MATURES_AT, "maturesAt");
    }

    function test_EmitsPaidForEachInOrder() external {
        Authorization[] memory items = goodItems(3);
        items[1].value = 0;

        for (uint256 i = 0; i < 3; i += 2) {
            PaymentId id = vault.idOf(refOf(items[i].payer, items[i].nonce));
            vm.expectEmit(address(vault));
            emit IRefundWindow.Paid(id, items[i].payer, address(token), items[i].nonce, PRICE, CLOSES_AT);
        }
        vault.payMany(address(token), items, ITEM_GAS);
    }

    function test_EmitsNothingForWhatIsLeftOut() external {
        Authorization[] memory items = goodItems(3);
        items[1].value = 0;
        vm.recordLogs();

        vault.payMany(address(token), items, ITEM_GAS);

        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 ofVault = 0;
        for (uint256 i = 0; i < logs.length; ++i) if (logs[i].emitter == address(vault)) ++ofVault;
        assertEq(ofVault, 2);
    }

    function testFuzz_WritesTheBooksOnce(uint256 count) external {
        count = bound(count, 1, 10);
        Authorization[] memory items = goodItems(count);
        vm.record();

        vault.payMany(address(token), items, ITEM_GAS);

        (, bytes32[] memory writes) = vm.accesses(address(vault));
        assertEq(writes.length, count + 1, "a word a payment, and the books");
    }

    function test_LooksAtTheBalanceTwice() external {
        Authorization[] memory items = goodItems(5);

        vm.expectCall(address(token), abi.encodeCall(token.balanceOf, (address(vault))), 2);
        vault.payMany(address(token), items, ITEM_GAS);
    }

    function test_AddsToABucketThatExists() external {
        pay(payer, PRICE, "before");

        vault.payMany(address(token), goodItems(2), ITEM_GAS);

        assertEq(vault.maturingIn(address(token), BUCKET), 3 * PRICE, "bucket");
        assertEq(vault.liabilitiesOf(address(token)), 3 * PRICE, "liabilities");
    }

    function testFuzz_LeavesSurplusAlone(uint256 surplus) external {
        surplus = bound(surplus, 1, 1e30);
        token.mint(address(vault), surplus);

        vault.payMany(address(token), goodItems(2), ITEM_GAS);

        assertEq(vault.surplusOf(address(token)), surplus);
    }

    function test_PaysTheMostThatFits() external {
        token.mint(payer.addr, type(uint104).max);
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(payer, address(vault), type(uint104).max, "most");

        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(vault.paymentOf(refOf(payer.addr, "most")).held, type(uint104).max);
    }

    function test_PaysASingleUnit() external {
        Authorization[] memory items = new Authorization[](1);
        items[0] = authorize(payer, address(vault), 1, "unit");

        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(vault.maturingIn(address(token), BUCKET), 1, "bucket");
        assertEq(vault.liabilitiesOf(address(token)), 1, "liabilities");
    }

    function test_PaysForWalletsByBothOverloads() external {
        Account memory wallet = makeWallet(payer);
        Authorization[] memory items = new Authorization[](2);
        items[0] = authorize(wallet, address(vault), PRICE, "65 bytes");
        items[1] = authorize(wallet, address(vault), PRICE, "more");
        items[1].signature = bytes.concat(items[1].signature, "more");

        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(vault.paymentOf(refOf(wallet.addr, "65 bytes")).held, PRICE, "by v, r and s");
        assertEq(vault.paymentOf(refOf(wallet.addr, "more")).held, PRICE, "by bytes");
    }

    function test_PaysAWalletThatReturnsMuch() external {
        Authorization[] memory items = new Authorization[](1);
        items[0] = itemOf(MoodyWallet.Mood.ReturnsMuch);

        vault.payMany(address(token), items, ITEM_GAS);

        assertEq(vault.paymentOf(refOf(items[0].payer, "bad")).held, PRICE);
    }

    /* HELPERS */

    /// @dev Of two payers in turn, with nonces from 0.
    function goodItems(uint256 count) private view returns (Authorization[] memory items) {
        items = new Authorization[](count);
        for (uint256 i = 0; i < count; ++i) {
            items[i] = authorize(i % 2 == 0 ? payer : otherPayer, address(vault), PRICE, bytes32(i));
        }
    }

    function isGood(uint8 mask, uint256 index) private pure returns (bool) {
        return (mask >> index) & 1 == 1;
    }

    function authorizeBetween(
        uint256 validAfter,
        uint256 validBefore
    ) private view returns (Authorization memory authorization) {
        authorization = authorize(payer, address(vault), PRICE, "bad");
        (authorization.validAfter, authorization.validBefore) = (validAfter, validBefore);
        authorization.signature = signAuthorization(payer, authorization);
    }

    function itemOf(MoodyWallet.Mood mood) private returns (Authorization memory item) {
        MoodyWallet wallet = new MoodyWallet(stranger.addr);
        wallet.setMood(mood);
        token.mint(address(wallet), PRICE);
        item = authorize(Account(address(wallet), stranger.key), address(vault), PRICE, "bad");
        item.signature = bytes.concat(item.signature, hex"01");
    }

    function assertId(PaymentId id, Authorization memory item) private view {
        assertEq(PaymentId.unwrap(id), PaymentId.unwrap(vault.idOf(refOf(item.payer, item.nonce))), "id");
    }

    /// @dev Between two good ones, it leaves no trace, and harms neither.
    function expectLeftOut(Authorization memory bad) private {
        PaymentRef memory ref = refOf(bad.payer, bad.nonce);
        assertStatus(ref, IRefundWindow.Status.None);
        uint256 balance = token.balanceOf(bad.payer);
        expectOthersPaid(bad);
        assertStatus(ref, IRefundWindow.Status.None);
        uint256 ofGoodItem = bad.payer == payer.addr || bad.payer == otherPayer.addr ? PRICE : 0;
        assertEq(token.balanceOf(bad.payer), balance - ofGoodItem, "balance of its payer");
    }

    function expectKnownLeftOut(Authorization memory bad) private {
        PaymentRef memory ref = refOf(bad.payer, bad.nonce);
        bytes memory before = abi.encode(vault.paymentOf(ref));
        expectOthersPaid(bad);
        assertEq(abi.encode(vault.paymentOf(ref)), before, "the payment");
    }

    function expectOthersPaid(Authorization memory bad) private {
        uint256 liabilities = vault.liabilitiesOf(address(token));
        uint256 bucket = vault.maturingIn(address(token), BUCKET);
        Authorization[] memory items = goodItems(3);
        (items[0], items[1], items[2]) = (items[0], bad, items[1]);

        PaymentId[] memory ids = vault.payMany(address(token), items, ITEM_GAS);

        assertEq(ids.length, 3, "length");
        assertId(ids[0], items[0]);
        assertEq(PaymentId.unwrap(ids[1]), 0, "left out");
        assertId(ids[2], items[2]);
        assertEq(vault.paymentOf(refOf(items[0].payer, items[0].nonce)).held, PRICE, "first");
        assertEq(vault.paymentOf(refOf(items[2].payer, items[2].nonce)).held, PRICE, "last");
        assertEq(vault.liabilitiesOf(address(token)), liabilities + 2 * PRICE, "liabilities");
        assertEq(vault.maturingIn(address(token), BUCKET), bucket + 2 * PRICE, "bucket");
    }

    function expectOther(Authorization[] memory items, uint256 balance, uint256 expected) private {
        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, expected)
        );
        vault.payMany(address(token), items, ITEM_GAS);
        assertEq(vault.liabilitiesOf(address(token)), 0, "liabilities");
    }

    function expectUnreadable(address notToken) private {
        expectUnreadable(notToken, new Authorization[](0));
    }

    function expectUnreadable(address notToken, Authorization[] memory items) private {
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, notToken));
        vault.payMany(notToken, items, ITEM_GAS);
    }
}
