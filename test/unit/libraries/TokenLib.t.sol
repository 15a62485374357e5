// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IERC2612Bytes} from "../../../contracts/interfaces/external/IERC2612Bytes.sol";
import {IERC3009Bytes} from "../../../contracts/interfaces/external/IERC3009Bytes.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {Authorization} from "../../../contracts/types/Payment.sol";
import {Permit} from "../../../contracts/types/Subscription.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {TestBase} from "../../utils/TestBase.sol";

/// @notice The door of `TokenLib`, and nothing behind it.
contract Door {
    function receiveExactly(Authorization calldata authorization) external {
        TokenLib.receiveExactly(authorization);
    }

    function receiveAsRecipient(Authorization calldata authorization) external {
        TokenLib.receiveAsRecipient(authorization);
    }

    function tryReceive(Authorization calldata authorization, uint256 gasCap) external returns (bool) {
        return TokenLib.tryReceive(authorization.token, TokenLib.orderOf(authorization), gasCap);
    }

    function isUsed(Authorization calldata authorization) external view returns (bool) {
        return TokenLib.isUsed(authorization);
    }

    function digestOf(Authorization calldata authorization) external view returns (bytes32) {
        return TokenLib.digestOf(authorization);
    }

    function trySend(address token, address to, uint256 amount, uint256 gasCap) external returns (bool) {
        return TokenLib.trySend(token, to, amount, gasCap);
    }

    /// @notice The same when the word that takes the answer held `true` before.
    function trySendOverTrue(address token, address to, uint256 amount, uint256 gasCap) external returns (bool) {
        assembly ("memory-safe") {
            mstore(0x00, 1)
        }
        return TokenLib.trySend(token, to, amount, gasCap);
    }

    function tryPull(address token, address from, uint256 amount, uint256 gasCap) external returns (bool) {
        return TokenLib.tryPull(token, from, amount, gasCap);
    }

    function tryPullOverTrue(address token, address from, uint256 amount, uint256 gasCap) external returns (bool) {
        assembly ("memory-safe") {
            mstore(0x00, 1)
        }
        return TokenLib.tryPull(token, from, amount, gasCap);
    }

    function send(address token, address to, uint256 amount) external {
        TokenLib.send(token, to, amount);
    }

    function tryPermit(address token, address owner, Permit calldata permit) external {
        TokenLib.tryPermit(token, owner, permit);
    }

    function allowanceOf(address token, address owner) external view returns (uint256) {
        return TokenLib.allowanceOf(token, owner);
    }

    function balanceOf(address token, address owner) external view returns (uint256) {
        return TokenLib.balanceOf(token, owner);
    }

    function balanceOf(address token) external view returns (uint256) {
        return TokenLib.balanceOf(token);
    }
}

contract TokenLibTest is TestBase {
    uint256 private constant AMOUNT = 1_000_000;
    uint256 private constant GAS_CAP = 100_000;
    address private constant RECIPIENT = address(0x7ec1);
    address private constant CODELESS = address(0xc0de1e55);

    Door private door;
    Token3009 private token;
    Account private payer;

    function setUp() external {
        vm.warp(1_760_000_001);
        door = new Door();
        token = new Token3009();
        payer = makeAccount("payer");
        token.mint(payer.addr, AMOUNT);
        token.mint(address(door), AMOUNT);
    }

    /* RECEIVE */

    function test_ReceiveExactly_RevertWhen_BalanceIsUnreadable() external {
        Authorization memory authorization = authorize();
        authorization.token = CODELESS;

        vm.expectRevert(unreadable(CODELESS));
        door.receiveExactly(authorization);
    }

    function test_ReceiveExactly_RevertWhen_TokenRefuses() external {
        Authorization memory authorization = authorize();
        token.cancelAuthorization(payer.addr, "nonce");

        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                address(token),
                abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, payer.addr, bytes32("nonce"))
            )
        );
        door.receiveExactly(authorization);
    }

    function test_ReceiveExactly_RevertWhen_NothingArrives() external {
        Authorization memory authorization = authorize();
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector), "");

        vm.expectRevert(receivedOther(AMOUNT));
        door.receiveExactly(authorization);
    }

    function testFuzz_ReceiveExactly_RevertWhen_LessArrives(uint256 arriving) external {
        Authorization memory authorization = authorize();
        arriving = bound(arriving, 0, AMOUNT - 1);
        letArrive(arriving);

        vm.expectRevert(receivedOther(AMOUNT + arriving));
        door.receiveExactly(authorization);
    }

    function testFuzz_ReceiveExactly_RevertWhen_MoreArrives(uint256 arriving) external {
        Authorization memory authorization = authorize();
        arriving = bound(arriving, AMOUNT + 1, type(uint128).max);
        letArrive(arriving);

        vm.expectRevert(receivedOther(AMOUNT + arriving));
        door.receiveExactly(authorization);
    }

    function testFuzz_ReceiveExactly_RevertWhen_SumExceedsUint256(uint256 value) external {
        Authorization memory authorization = authorize();
        authorization.value = bound(value, type(uint256).max - AMOUNT + 1, type(uint256).max);

        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        door.receiveExactly(authorization);
    }

    function test_ReceiveExactly_TakesTheOverloadWithVRS() external {
        Authorization memory authorization = authorize();

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector));
        door.receiveExactly(authorization);

        assertEq(token.balanceOf(address(door)), 2 * AMOUNT);
    }

    function testFuzz_ReceiveExactly_TakesTheOverloadWithBytes(bytes calldata signature) external {
        vm.assume(signature.length != 65);
        Authorization memory authorization = authorize();
        authorization.signature = signature;

        bytes memory order = abi.encodeCall(
            IERC3009Bytes.transferWithAuthorization,
            (payer.addr, address(door), AMOUNT, 0, authorization.validBefore, "nonce", signature)
        );
        vm.mockCall(address(token), order, "");

        vm.expectCall(address(token), order);
        vm.expectRevert(receivedOther(AMOUNT));
        door.receiveExactly(authorization);
    }

    /* RECEIVE AS RECIPIENT */

    function test_ReceiveAsRecipient_RevertWhen_BalanceIsUnreadable() external {
        Authorization memory authorization = authorizeReceipt();
        authorization.token = CODELESS;

        vm.expectRevert(unreadable(CODELESS));
        door.receiveAsRecipient(authorization);
    }

    function test_ReceiveAsRecipient_RevertWhen_ATransferWasAuthorized() external {
        Authorization memory authorization = authorize();

        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.TokenRefusedAuthorization.selector,
                address(token),
                abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, payer.addr)
            )
        );
        door.receiveAsRecipient(authorization);
    }

    function test_ReceiveAsRecipient_RevertWhen_NothingArrives() external {
        Authorization memory authorization = authorizeReceipt();
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.receiveWithAuthorization.selector), "");

        vm.expectRevert(receivedOther(AMOUNT));
        door.receiveAsRecipient(authorization);
    }

    function test_ReceiveAsRecipient_TakesTheOverloadWithVRS() external {
        Authorization memory authorization = authorizeReceipt();

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009.receiveWithAuthorization.selector));
        door.receiveAsRecipient(authorization);

        assertEq(token.balanceOf(address(door)), 2 * AMOUNT);
    }

    function testFuzz_ReceiveAsRecipient_TakesTheOverloadWithBytes(bytes calldata signature) external {
        vm.assume(signature.length != 65);
        Authorization memory authorization = authorizeReceipt();
        authorization.signature = signature;

        bytes memory order = abi.encodeCall(
            IERC3009Bytes.receiveWithAuthorization,
            (payer.addr, address(door), AMOUNT, 0, authorization.validBefore, "nonce", signature)
        );
        vm.mockCall(address(token), order, "");

        vm.expectCall(address(token), order);
        vm.expectRevert(receivedOther(AMOUNT));
        door.receiveAsRecipient(authorization);
    }

    /* TRY RECEIVE */

    function test_TryReceive_TakesByKey() external {
        Authorization memory authorization = authorize();

        vm.expectCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector));
        assertTrue(door.tryReceive(authorization, GAS_CAP), "taken");

        assertEq(token.balanceOf(address(door)), 2 * AMOUNT, "balance");
    }

    function testFuzz_TryReceive_OrdersByBytes(bytes calldata signature) external {
        vm.assume(signature.length != 65);
        Authorization memory authorization = authorize();
        authorization.signature = signature;
        bytes memory order = abi.encodeCall(
            IERC3009Bytes.transferWithAuthorization,
            (payer.addr, address(door), AMOUNT, 0, authorization.validBefore, "nonce", signature)
        );
        vm.mockCall(address(token), order, "");

        vm.expectCall(address(token), order);
        assertTrue(door.tryReceive(authorization, GAS_CAP));
    }

    /// @dev Counting is the caller's.
    function test_TryReceive_BelievesATokenThatMovesNothing() external {
        Authorization memory authorization = authorize();
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector), "");

        assertTrue(door.tryReceive(authorization, GAS_CAP));
    }

    function test_TryReceive_DoesNotTakeWhenTheTokenReverts() external {
        Authorization memory authorization = authorize();
        token.cancelAuthorization(payer.addr, "nonce");

        assertFalse(door.tryReceive(authorization, GAS_CAP));
    }

    function test_TryReceive_CopiesNothingOfALargeAnswer() external {
        Authorization memory authorization = authorize();
        bytes memory large = new bytes(300_000);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector), large);

        // To copy it would cost more than 200,000.
        assertFalse(door.tryReceive{gas: GAS_CAP}(authorization, GAS_CAP));
    }

    function testFuzz_TryReceive_DoesNotTakeAboveTheGasCap(uint256 gasCap) external {
        gasCap = bound(gasCap, 0, 2_000);
        Authorization memory authorization = authorize();

        assertFalse(door.tryReceive(authorization, gasCap), "taken");
        assertEq(token.balanceOf(address(door)), AMOUNT, "balance");
    }

    /* IS USED */

    function test_IsUsed_IsFalseBefore() external view {
        assertFalse(door.isUsed(authorize()));
    }

    function test_IsUsed_IsTrueAfter() external {
        Authorization memory authorization = authorize();
        door.receiveExactly(authorization);

        assertTrue(door.isUsed(authorization));
    }

    function test_IsUsed_IsTrueWhenCanceled() external {
        Authorization memory authorization = authorize();
        token.cancelAuthorization(payer.addr, "nonce");

        assertTrue(door.isUsed(authorization));
    }

    function testFuzz_IsUsed_IsTrueForAnyWordButZero(uint256 word) external {
        Authorization memory authorization = authorize();
        answerState(abi.encode(word));

        assertEq(door.isUsed(authorization), word != 0);
    }

    function testFuzz_IsUsed_RevertWhen_AnswerIsShort(uint256 length) external {
        Authorization memory authorization = authorize();
        answerState(new bytes(bound(length, 0, 31)));

        vm.expectRevert(stateUnreadable(address(token)));
        door.isUsed(authorization);
    }

    function test_IsUsed_RevertWhen_TheTokenReverts() external {
        Authorization memory authorization = authorize();
        vm.mockCallRevert(
            address(token),
            abi.encodeWithSelector(IERC3009.authorizationState.selector),
            abi.encode(true)
        );

        vm.expectRevert(stateUnreadable(address(token)));
        door.isUsed(authorization);
    }

    function test_IsUsed_RevertWhen_TheTokenHasNoCode() external {
        Authorization memory authorization = authorize();
        authorization.token = CODELESS;

        vm.expectRevert(stateUnreadable(CODELESS));
        door.isUsed(authorization);
    }

    /* DIGEST */

    function testFuzz_DigestOf_IsWhatTheTokenChecks(
        address from,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) external view {
        Authorization memory authorization = Authorization({
            token: address(token),
            payer: from,
            value: value,
            validAfter: validAfter,
            validBefore: validBefore,
            nonce: nonce,
            signature: ""
        });

        bytes32 expected = token.digestOf(from, address(door), value, validAfter, validBefore, nonce);
        assertEq(door.digestOf(authorization), expected);
    }

    function testFuzz_DigestOf_TakesTheDomainOfTheToken(bytes32 separator) external {
        Authorization memory authorization = authorize();
        bytes32 before = door.digestOf(authorization);
        vm.mockCall(
            address(token),
            abi.encodeWithSelector(IERC20Permit.DOMAIN_SEPARATOR.selector),
            abi.encode(separator)
        );

        assertNotEq(door.digestOf(authorization), before);
    }

    function testFuzz_DigestOf_RevertWhen_AnswerIsShort(uint256 length) external {
        Authorization memory authorization = authorize();
        bytes memory answer = new bytes(bound(length, 0, 31));
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20Permit.DOMAIN_SEPARATOR.selector), answer);

        vm.expectRevert(stateUnreadable(address(token)));
        door.digestOf(authorization);
    }

    function test_DigestOf_RevertWhen_TheTokenHasNoCode() external {
        Authorization memory authorization = authorize();
        authorization.token = CODELESS;

        vm.expectRevert(stateUnreadable(CODELESS));
        door.digestOf(authorization);
    }

    /* TRY SEND */

    function testFuzz_TrySend_SendsWhenTrueIsReturned(uint256 amount) external {
        amount = bound(amount, 0, AMOUNT);

        assertTrue(door.trySend(address(token), RECIPIENT, amount, GAS_CAP), "sent");
        assertEq(token.balanceOf(RECIPIENT), amount, "balance");
    }

    function test_TrySend_SendsWhenNothingIsReturned() external {
        answerTransfer("");

        assertSent(true);
    }

    function test_TrySend_SendsWhenMoreIsReturned() external {
        answerTransfer(abi.encode(true, 7));

        assertSent(true);
    }

    function test_TrySend_DoesNotSendWhenFalseIsReturned() external {
        answerTransfer(abi.encode(false));

        assertSent(false);
    }

    function testFuzz_TrySend_DoesNotSendWhenAnotherWordIsReturned(uint256 word) external {
        if (word == 1) word = 2;
        answerTransfer(abi.encode(word));

        assertSent(false);
    }

    function testFuzz_TrySend_DoesNotSendWhenLessThanAWordIsReturned(uint256 length) external {
        length = bound(length, 1, 31);
        bytes memory answer = new bytes(length);
        answer[length - 1] = 0x01;
        answerTransfer(answer);

        assertSent(false);
    }

    function testFuzz_TrySend_DoesNotCompleteAShortAnswer(uint256 length) external {
        answerTransfer(new bytes(bound(length, 1, 31)));

        assertFalse(door.trySendOverTrue(address(token), RECIPIENT, AMOUNT, GAS_CAP));
    }

    function test_TrySend_DoesNotSendWhenTheTokenReverts() external {
        token.setPaused(true);

        assertSent(false);
    }

    function test_TrySend_DoesNotSendWhenTheTokenRevertsWithTrue() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(true));

        assertSent(false);
    }

    function test_TrySend_DoesNotSendWithoutCode() external {
        assertFalse(door.trySend(CODELESS, RECIPIENT, AMOUNT, GAS_CAP));
    }

    function testFuzz_TrySend_DoesNotSendAboveTheGasCap(uint256 gasCap) external {
        gasCap = bound(gasCap, 0, 2_000);

        assertFalse(door.trySend(address(token), RECIPIENT, AMOUNT, gasCap), "sent");
        assertEq(token.balanceOf(address(door)), AMOUNT, "balance");
    }

    /* TRY PULL */

    function testFuzz_TryPull_PullsWhenTrueIsReturned(uint256 amount) external {
        amount = bound(amount, 0, AMOUNT);
        approve(amount);

        assertTrue(door.tryPull(address(token), payer.addr, amount, GAS_CAP), "pulled");
        assertEq(token.balanceOf(address(door)), AMOUNT + amount, "balance");
        assertEq(token.allowance(payer.addr, address(door)), 0, "allowance");
    }

    function test_TryPull_PullsWhenNothingIsReturned() external {
        answerPull("");

        assertPulled(true);
    }

    function test_TryPull_PullsWhenMoreIsReturned() external {
        answerPull(abi.encode(true, 7));

        assertPulled(true);
    }

    function test_TryPull_DoesNotPullWhenFalseIsReturned() external {
        answerPull(abi.encode(false));

        assertPulled(false);
    }

    function testFuzz_TryPull_DoesNotPullWhenAnotherWordIsReturned(uint256 word) external {
        if (word == 1) word = 2;
        answerPull(abi.encode(word));

        assertPulled(false);
    }

    function testFuzz_TryPull_DoesNotPullWhenLessThanAWordIsReturned(uint256 length) external {
        length = bound(length, 1, 31);
        bytes memory answer = new bytes(length);
        answer[length - 1] = 0x01;
        answerPull(answer);

        assertPulled(false);
    }

    function testFuzz_TryPull_DoesNotCompleteAShortAnswer(uint256 length) external {
        answerPull(new bytes(bound(length, 1, 31)));

        assertFalse(door.tryPullOverTrue(address(token), payer.addr, AMOUNT, GAS_CAP));
    }

    function test_TryPull_DoesNotPullWhenTheTokenReverts() external {
        approve(AMOUNT - 1);

        assertPulled(false);
        assertEq(token.balanceOf(address(door)), AMOUNT, "balance");
    }

    function test_TryPull_DoesNotPullWhenTheTokenRevertsWithTrue() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), abi.encode(true));

        assertPulled(false);
    }

    function test_TryPull_CopiesNothingOfALargeAnswer() external {
        bytes memory large = new bytes(300_000);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), large);

        // To copy it would cost more than 200,000.
        assertFalse(door.tryPull{gas: GAS_CAP}(address(token), payer.addr, AMOUNT, GAS_CAP));
    }

    function test_TryPull_DoesNotPullWithoutCode() external {
        assertFalse(door.tryPull(CODELESS, payer.addr, AMOUNT, GAS_CAP));
    }

    function testFuzz_TryPull_DoesNotPullAboveTheGasCap(uint256 gasCap) external {
        gasCap = bound(gasCap, 0, 2_000);
        approve(AMOUNT);

        assertFalse(door.tryPull(address(token), payer.addr, AMOUNT, gasCap), "pulled");
        assertEq(token.balanceOf(address(door)), AMOUNT, "balance");
    }

    /// @dev Counting is the caller's.
    function test_TryPull_BelievesATokenThatMovesNothing() external {
        answerPull(abi.encode(true));

        assertPulled(true);
        assertEq(token.balanceOf(address(door)), AMOUNT, "balance");
    }

    /* SEND */

    function testFuzz_Send_MovesTheAmount(uint256 amount) external {
        amount = bound(amount, 0, AMOUNT);

        door.send(address(token), RECIPIENT, amount);

        assertEq(token.balanceOf(RECIPIENT), amount);
    }

    function test_Send_TakesNothingAsSent() external {
        answerTransfer("");

        door.send(address(token), RECIPIENT, AMOUNT);
    }

    function test_Send_RevertWhen_FalseIsReturned() external {
        answerTransfer(abi.encode(false));

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        door.send(address(token), RECIPIENT, AMOUNT);
    }

    function test_Send_RevertWhen_TheTokenReverts() external {
        token.setDenylisted(RECIPIENT, true);

        vm.expectRevert(abi.encodeWithSelector(Token3009.Denylisted.selector, RECIPIENT));
        door.send(address(token), RECIPIENT, AMOUNT);
    }

    function test_Send_RevertWhen_TheTokenHasNoCode() external {
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, CODELESS));
        door.send(CODELESS, RECIPIENT, AMOUNT);
    }

    /* TRY PERMIT */

    function testFuzz_TryPermit_AllowsByKey(uint256 value) external {
        Permit memory permit = signPermit(value);
        (bytes32 r, bytes32 s, uint8 v) = split(permit.signature);

        vm.expectCall(
            address(token),
            abi.encodeCall(IERC20Permit.permit, (payer.addr, address(door), value, permit.deadline, v, r, s))
        );
        door.tryPermit(address(token), payer.addr, permit);

        assertEq(token.allowance(payer.addr, address(door)), value);
    }

    function testFuzz_TryPermit_OrdersByBytes(uint256 value, uint256 deadline, bytes calldata signature) external {
        vm.assume(signature.length != 65);
        Permit memory permit = Permit({value: value, deadline: deadline, signature: signature});

        vm.expectCall(
            address(token),
            abi.encodeCall(IERC2612Bytes.permit, (payer.addr, address(door), value, deadline, signature))
        );
        door.tryPermit(address(token), payer.addr, permit);
    }

    function test_TryPermit_LeavesTheAllowanceWhenItWasPresentedBefore() external {
        Permit memory permit = signPermit(AMOUNT);
        (bytes32 r, bytes32 s, uint8 v) = split(permit.signature);
        token.permit(payer.addr, address(door), AMOUNT, permit.deadline, v, r, s);

        door.tryPermit(address(token), payer.addr, permit);

        assertEq(token.allowance(payer.addr, address(door)), AMOUNT);
    }

    function test_TryPermit_LeavesTheAllowanceWhenTheTokenRefuses() external {
        Permit memory permit = signPermit(AMOUNT);
        ++permit.value;
        approve(7);

        door.tryPermit(address(token), payer.addr, permit);

        assertEq(token.allowance(payer.addr, address(door)), 7);
    }

    function test_TryPermit_CopiesNothingOfALargeAnswer() external {
        Permit memory permit = signPermit(AMOUNT);
        bytes memory large = new bytes(300_000);
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20Permit.permit.selector), large);

        // To copy it would cost more than 200,000.
        door.tryPermit{gas: GAS_CAP}(address(token), payer.addr, permit);
    }

    /* ALLOWANCE */

    function testFuzz_AllowanceOf_IsWhatTheOwnerLetsTheCallerTake(uint256 amount) external {
        approve(amount);

        assertEq(door.allowanceOf(address(token), payer.addr), amount);
    }

    function testFuzz_AllowanceOf_ReturnsTheFirstWord(uint256 amount, uint256 more) external {
        vm.mockCall(
            address(token),
            abi.encodeCall(IERC20.allowance, (payer.addr, address(door))),
            abi.encode(amount, more, more)
        );

        assertEq(door.allowanceOf(address(token), payer.addr), amount);
    }

    function testFuzz_AllowanceOf_RevertWhen_AnswerIsShort(uint256 length) external {
        bytes memory answer = new bytes(bound(length, 0, 31));
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.allowance.selector), answer);

        vm.expectRevert(stateUnreadable(address(token)));
        door.allowanceOf(address(token), payer.addr);
    }

    function test_AllowanceOf_RevertWhen_TheTokenReverts() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.allowance.selector), abi.encode(AMOUNT));

        vm.expectRevert(stateUnreadable(address(token)));
        door.allowanceOf(address(token), payer.addr);
    }

    function test_AllowanceOf_RevertWhen_TheTokenHasNoCode() external {
        vm.expectRevert(stateUnreadable(CODELESS));
        door.allowanceOf(CODELESS, payer.addr);
    }

    /* BALANCE OF ANOTHER */

    function testFuzz_BalanceOfOwner_IsWhatTheOwnerHas(address owner, uint256 amount) external {
        vm.assume(owner != address(0) && owner != payer.addr && owner != address(door));
        amount = bound(amount, 0, 1e30);
        token.mint(owner, amount);

        assertEq(door.balanceOf(address(token), owner), amount);
    }

    function testFuzz_BalanceOfOwner_ReturnsTheFirstWord(uint256 balance, uint256 more) external {
        answerBalance(abi.encode(balance, more, more));

        assertEq(door.balanceOf(address(token), payer.addr), balance);
    }

    function testFuzz_BalanceOfOwner_RevertWhen_AnswerIsShort(uint256 length) external {
        answerBalance(new bytes(bound(length, 0, 31)));

        vm.expectRevert(stateUnreadable(address(token)));
        door.balanceOf(address(token), payer.addr);
    }

    function test_BalanceOfOwner_RevertWhen_TheTokenReverts() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.balanceOf.selector), abi.encode(AMOUNT));

        vm.expectRevert(stateUnreadable(address(token)));
        door.balanceOf(address(token), payer.addr);
    }

    function test_BalanceOfOwner_RevertWhen_TheTokenHasNoCode() external {
        vm.expectRevert(stateUnreadable(CODELESS));
        door.balanceOf(CODELESS, payer.addr);
    }

    /* BALANCE */

    function testFuzz_BalanceOf_ReturnsTheAnswer(uint256 balance) external {
        answerBalance(abi.encode(balance));

        assertEq(door.balanceOf(address(token)), balance);
    }

    function testFuzz_BalanceOf_ReturnsTheFirstWord(uint256 balance, uint256 more) external {
        answerBalance(abi.encode(balance, more, more));

        assertEq(door.balanceOf(address(token)), balance);
    }

    function testFuzz_BalanceOf_RevertWhen_AnswerIsShort(uint256 length) external {
        answerBalance(new bytes(bound(length, 0, 31)));

        vm.expectRevert(unreadable(address(token)));
        door.balanceOf(address(token));
    }

    function test_BalanceOf_RevertWhen_TheTokenReverts() external {
        vm.mockCallRevert(address(token), abi.encodeWithSelector(IERC20.balanceOf.selector), abi.encode(AMOUNT));

        vm.expectRevert(unreadable(address(token)));
        door.balanceOf(address(token));
    }

    function test_BalanceOf_RevertWhen_TheTokenHasNoCode() external {
        vm.expectRevert(unreadable(CODELESS));
        door.balanceOf(CODELESS);
    }

    /* HELPERS */

    function authorizeReceipt() private view returns (Authorization memory authorization) {
        authorization = authorize();
        authorization.signature = sign(
            payer.key,
            token.receiveDigestOf(payer.addr, address(door), AMOUNT, 0, authorization.validBefore, "nonce")
        );
    }

    function authorize() private view returns (Authorization memory authorization) {
        authorization.token = address(token);
        authorization.payer = payer.addr;
        authorization.value = AMOUNT;
        authorization.validBefore = type(uint40).max;
        authorization.nonce = "nonce";
        authorization.signature = sign(
            payer.key,
            token.digestOf(payer.addr, address(door), AMOUNT, 0, authorization.validBefore, "nonce")
        );
    }

    function approve(uint256 amount) private {
        vm.prank(payer.addr);
        token.approve(address(door), amount);
    }

    function signPermit(uint256 value) private view returns (Permit memory permit) {
        permit.value = value;
        permit.deadline = block.timestamp;
        bytes32 digest = token.permitDigestOf(payer.addr, address(door), value, 0, permit.deadline);
        permit.signature = sign(payer.key, digest);
    }

    function split(bytes memory signature) private pure returns (bytes32 r, bytes32 s, uint8 v) {
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
    }

    /// @dev The token answers the balance before and after the transfer that it only pretends.
    function letArrive(uint256 arriving) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.transferWithAuthorization.selector), "");
        bytes[] memory answers = new bytes[](2);
        answers[0] = abi.encode(AMOUNT);
        answers[1] = abi.encode(AMOUNT + arriving);
        vm.mockCalls(address(token), abi.encodeWithSelector(IERC20.balanceOf.selector), answers);
    }

    function answerTransfer(bytes memory answer) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), answer);
    }

    function answerPull(bytes memory answer) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transferFrom.selector), answer);
    }

    function answerState(bytes memory answer) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC3009.authorizationState.selector), answer);
    }

    function stateUnreadable(address notToken) private pure returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.TokenStateUnreadable.selector, notToken);
    }

    function answerBalance(bytes memory answer) private {
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.balanceOf.selector), answer);
    }

    function assertSent(bool sent) private {
        assertEq(door.trySend(address(token), RECIPIENT, AMOUNT, GAS_CAP), sent);
    }

    function assertPulled(bool pulled) private {
        assertEq(door.tryPull(address(token), payer.addr, AMOUNT, GAS_CAP), pulled);
    }

    function unreadable(address notToken) private pure returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, notToken);
    }

    function receivedOther(uint256 balance) private view returns (bytes memory) {
        return abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), balance, 2 * AMOUNT);
    }
}
