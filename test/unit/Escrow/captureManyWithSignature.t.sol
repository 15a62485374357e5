// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IEscrow} from "../../../contracts/interfaces/IEscrow.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {PaymentRef} from "../../../contracts/types/Payment.sol";
import {CaptureItem, CaptureMany} from "../../../contracts/types/TypedData.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";
import {SignedTest} from "../../utils/SignedTest.sol";
import {VaultTest} from "../../utils/VaultTest.sol";

/// @dev What is wrong with a signature as such is tested by `SignedTest`.
contract EscrowCaptureManyWithSignatureTest is EscrowTest, SignedTest {
    PaymentRef private first;
    PaymentRef private second;
    uint256 private paid;

    /// @dev What the operator wants: all of both.
    CaptureItem[] private items;
    address private tokenOfMessage;
    uint256 private deadlineOfMessage;

    function setUp() public override(EscrowTest, VaultTest) {
        EscrowTest.setUp();
        useSigner(operator);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signed = signature();

        vm.expectRevert(implementationUsed());
        implementation.captureManyWithSignature(message(), signed);
    }

    /* SIGNED */

    function test_RevertWhen_TheReceiverSigned() external {
        expectInvalid(signCaptureMany(receiver, message()));
    }

    function test_RevertWhen_AnotherTokenWasSigned() external {
        bytes memory signed = signature();
        tokenOfMessage = address(new Token3009());

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 newDeadline) external {
        newDeadline = bound(newDeadline, START + 1, type(uint256).max);
        if (newDeadline == deadlineOfMessage) --newDeadline;
        bytes memory signed = signature();
        deadlineOfMessage = newDeadline;

        expectInvalid(signed);
    }

    function testFuzz_RevertWhen_AnyFieldOfAnItemWasSignedOtherwise(uint256 index, uint8 field, uint256 by) external {
        by = bound(by, 1, type(uint160).max);
        bytes memory signed = signature();
        CaptureItem storage item = items[bound(index, 0, 1)];
        unchecked {
            if (field % 5 == 0) item.payer = address(uint160(item.payer) + uint160(by));
            else if (field % 5 == 1) item.nonce = bytes32(uint256(item.nonce) + by);
            else if (field % 5 == 2) item.amount += by;
            else if (field % 5 == 3) item.expectedHeld += by;
            else item.expectedCaptured += by;
        }

        expectInvalid(signed);
    }

    function test_RevertWhen_AnItemIsMissing() external {
        bytes memory signed = signature();
        items.pop();

        expectInvalid(signed);
    }

    function test_RevertWhen_AnItemWasAdded() external {
        bytes memory signed = signature();
        items.push(items[0]);

        expectInvalid(signed);
    }

    function test_RevertWhen_TheItemsAreInAnotherOrder() external {
        bytes memory signed = signature();
        CaptureItem memory last = items[1];
        items[1] = items[0];
        items[0] = last;

        expectInvalid(signed);
    }

    function test_CapturesNothingOfAnEmptyList() external {
        delete items;

        relay(signature());

        assertParts(first, 0, 0);
    }

    /* ITEMS */

    function test_LeavesOutWhatCannotBeCaptured() external {
        voidAs(receiver.addr, first);

        relay(signature());

        assertParts(first, 0, PRICE);
        assertParts(second, PRICE, 0);
    }

    function test_LeavesOutWhatHasReachedCaptureUntil() external {
        deadlineOfMessage = type(uint256).max;
        bytes memory signed = signature();
        vm.warp(CAPTURE_UNTIL);

        vm.prank(stranger.addr);
        assertEq(vault.captureManyWithSignature(message(), signed), 0);
    }

    function test_CapturesWhatWasLeftOutOnceItCanBe() external {
        items.push(CaptureItem(otherPayer.addr, "later", PRICE, PRICE, 0));
        bytes memory signed = signature();
        relay(signed);
        pay(otherPayer, PRICE, "later");

        vm.prank(stranger.addr);
        assertEq(vault.captureManyWithSignature(message(), signed), PRICE);
    }

    function testFuzz_CapturesNothingWhenReplayed(uint256 amount) external {
        items[0].amount = items[1].amount = bound(amount, 1, PRICE);
        bytes memory signed = signature();
        relay(signed);

        vm.prank(stranger.addr);
        assertEq(vault.captureManyWithSignature(message(), signed), 0, "captured");

        assertParts(first, items[0].amount, 0);
    }

    function test_CapturesNothingThatWasCapturedByCall() external {
        bytes memory signed = signature();
        captureMany(items);

        vm.prank(stranger.addr);
        assertEq(vault.captureManyWithSignature(message(), signed), 0);
    }

    /* RELAYED */

    function testFuzz_ReturnsAndCreditsWhatWasCaptured(uint256 firstAmount, uint256 secondAmount) external {
        (firstAmount, secondAmount) = (bound(firstAmount, 1, PRICE), bound(secondAmount, 1, PRICE));
        (items[0].amount, items[1].amount) = (firstAmount, secondAmount);
        bytes memory signed = signature();

        vm.prank(stranger.addr);
        uint256 captured = vault.captureManyWithSignature(message(), signed);

        uint256 fees = firstAmount / 100 + secondAmount / 100;
        assertEq(captured, firstAmount + secondAmount, "captured");
        assertCredit(receiver.addr, captured - fees, 0);
        assertCredit(feeReceiver, fees, 0);
        assertCredit(stranger.addr, 0, 0);
    }

    function test_EmitsCapturedForEach() external {
        bytes memory signed = signature();

        vm.expectEmit(address(vault));
        emit IEscrow.Captured(vault.idOf(first), PRICE, FEE, PRICE);
        vm.expectEmit(address(vault));
        emit IEscrow.Captured(vault.idOf(second), PRICE, FEE, PRICE);
        relay(signed);
    }

    /* WHAT IS SIGNED */

    function prepare() internal override {
        useVaultOfOperator(signer.addr);
        first = pay(payer, PRICE, bytes32(++paid));
        second = pay(otherPayer, PRICE, bytes32(paid));
        delete items;
        items.push(itemOf(first, PRICE));
        items.push(itemOf(second, PRICE));
        (tokenOfMessage, deadlineOfMessage) = (address(token), block.timestamp + 1 days);
    }

    function structHash() internal view override returns (bytes32) {
        return hashOf(message());
    }

    function structHashOfAnotherType() internal view override returns (bytes32) {
        return keccak256(abi.encode(TypedDataLib.CAPTURE_TYPEHASH, message()));
    }

    function deadline() internal view override returns (uint256) {
        return deadlineOfMessage;
    }

    function relay(bytes memory signed) internal override {
        vm.prank(stranger.addr);
        vault.captureManyWithSignature(message(), signed);
    }

    function assertDone() internal view override {
        assertParts(first, PRICE, 0);
        assertParts(second, PRICE, 0);
        assertCredit(receiver.addr, 2 * (PRICE - FEE), 0);
        assertCredit(feeReceiver, 2 * FEE, 0);
    }

    function message() private view returns (CaptureMany memory) {
        return CaptureMany({token: tokenOfMessage, items: items, deadline: deadlineOfMessage});
    }
}
