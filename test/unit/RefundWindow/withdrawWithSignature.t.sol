// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {TypedDataLib} from "../../../contracts/libraries/TypedDataLib.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {Withdraw} from "../../../contracts/types/TypedData.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowWithdrawWithSignatureTest is RefundWindowUnitTest {
    address private constant ELSEWHERE = address(0xe15e);

    /// @dev What the payer wants: its credit, elsewhere.
    Withdraw private message;

    function setUp() public override {
        super.setUp();
        creditPayer(PRICE, "nonce");
        message = withdrawMessage(payer.addr, ELSEWHERE);
    }

    function test_RevertWhen_CalledOnTheImplementation() external {
        bytes memory signature = signWithdraw(payer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.ImplementationUsedDirectly.selector));
        implementation.withdrawWithSignature(message, signature);
    }

    /* DEADLINE */

    function test_WithdrawsInTheLastSecondBeforeTheDeadline() external {
        vm.warp(message.deadline - 1);

        relay(payer);

        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_RevertWhen_DeadlineIsReached() external {
        vm.warp(message.deadline);

        expectExpired();
    }

    function test_RevertWhen_DeadlineHasPassed() external {
        vm.warp(message.deadline + 1);

        expectExpired();
    }

    /* SIGNATURE */

    function test_RevertWhen_AnotherKeySigned() external {
        expectInvalid(signWithdraw(stranger, message));
    }

    function testFuzz_RevertWhen_AnotherRecipientWasSigned(address to) external {
        vm.assume(to != ELSEWHERE);
        Withdraw memory other = message;
        other.to = to;

        expectInvalid(signWithdraw(payer, other));
    }

    function testFuzz_RevertWhen_AnotherTokenWasSigned(address otherToken) external {
        vm.assume(otherToken != address(token));
        Withdraw memory other = message;
        other.token = otherToken;

        expectInvalid(signWithdraw(payer, other));
    }

    function testFuzz_RevertWhen_AnotherOwnerWasSigned(address owner) external {
        vm.assume(owner != payer.addr);
        Withdraw memory other = message;
        other.owner = owner;

        expectInvalid(signWithdraw(payer, other));
    }

    function testFuzz_RevertWhen_OtherExpectationsWereSigned(
        uint256 expectedCredit,
        uint256 expectedWithdrawn
    ) external {
        if (expectedCredit == PRICE && expectedWithdrawn == 0) ++expectedWithdrawn;
        Withdraw memory other = message;
        other.expectedCredit = expectedCredit;
        other.expectedWithdrawn = expectedWithdrawn;

        expectInvalid(signWithdraw(payer, other));
    }

    function testFuzz_RevertWhen_AnotherDeadlineWasSigned(uint256 deadline) external {
        if (deadline == message.deadline) ++deadline;
        Withdraw memory other = message;
        other.deadline = deadline;

        expectInvalid(signWithdraw(payer, other));
    }

    function test_RevertWhen_SignedForAnotherVault() external {
        RefundWindowTerms memory terms = defaultTerms();
        terms.salt = "other";

        expectInvalid(signIn(block.chainid, address(deployVault(terms))));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(signIn(chainId, address(vault)));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.REFUND_TYPEHASH, message));

        expectInvalid(sign(payer.key, digest(structHash)));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(malleate(signWithdraw(payer, message)));
    }

    function testFuzz_RevertWhen_VIsWrong(uint8 v) external {
        bytes memory signature = signWithdraw(payer, message);
        (, , uint8 rightV) = split(signature);
        if (v == rightV) v = 0;

        expectInvalid(withV(signature, v));
    }

    function test_RevertWhen_SignatureIsTruncated() external {
        expectInvalid(truncate(signWithdraw(payer, message)));
    }

    function test_RevertWhen_SignatureIsEmpty() external {
        expectInvalid("");
    }

    function test_RevertWhen_OwnerIsZero() external {
        bytes memory signature = withV(signWithdraw(payer, message), 0);
        message.owner = address(0);

        expectInvalid(signature);
    }

    /* CONTRACTS */

    function test_WalletWithdrawsBySignatureOfItsOwner() external {
        Account memory wallet = creditWallet();

        relay(wallet);

        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        creditWallet();

        expectInvalid(signWithdraw(stranger, message));
    }

    function test_RevertWhen_SignedForAnotherWalletOfTheSameOwner() external {
        Account memory otherWallet = makeWallet(otherPayer);
        creditWallet();
        Withdraw memory other = message;
        other.owner = otherWallet.addr;

        expectInvalid(signWithdraw(otherWallet, other));
    }

    function test_DelegatedAccountWithdrawsByItsCode() external {
        delegateToWalletOf(payer, otherPayer);

        relay(otherPayer);

        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(payer, otherPayer);

        expectInvalid(signWithdraw(payer, message));
    }

    /* FORK */

    function test_WithdrawsOnTheNewChain() external {
        vm.chainId(block.chainid + 1);

        relay(payer);

        assertEq(token.balanceOf(ELSEWHERE), PRICE, "a credit survives the fork");
    }

    function test_RevertWhen_SignedForTheOldChain() external {
        bytes memory signature = signWithdraw(payer, message);
        vm.chainId(block.chainid + 1);

        expectInvalid(signature);
    }

    /* REPLAY */

    function test_RevertWhen_ReplayedWithoutCredit() external {
        relay(payer);

        expectRelayRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, 0, PRICE));
    }

    function test_RevertWhen_ReplayedWithAnEqualCredit() external {
        relay(payer);
        creditPayer(PRICE, "another");

        expectRelayRevert(abi.encodeWithSelector(IVault.CreditChanged.selector, PRICE, PRICE));
    }

    function testFuzz_CreditGrewAfterSigning(uint256 more) external {
        more = bound(more, 1, 1e29);
        creditPayer(more, "more");

        relay(payer);
        assertEq(token.balanceOf(ELSEWHERE), PRICE + more);
    }

    /* RULES */

    function test_RevertWhen_ThereIsNoCredit() external {
        message = withdrawMessage(otherPayer.addr, ELSEWHERE);
        bytes memory signature = signWithdraw(otherPayer, message);

        vm.expectRevert(abi.encodeWithSelector(IVault.CreditEmpty.selector, address(token), otherPayer.addr));
        relayWith(signature);
    }

    function test_RevertWhen_RecipientIsZero() external {
        message.to = address(0);

        expectRelayRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(0)));
    }

    function test_RevertWhen_RecipientIsTheVault() external {
        message.to = address(vault);

        expectRelayRevert(abi.encodeWithSelector(IVault.RecipientForbidden.selector, address(vault)));
    }

    function test_RevertWhen_TokenIsPausedAndStaysValid() external {
        token.setPaused(true);
        expectRelayRevert(abi.encodeWithSelector(Token3009.Paused.selector));
        token.setPaused(false);

        relay(payer);

        assertEq(token.balanceOf(ELSEWHERE), PRICE);
    }

    function test_RevertWhen_TokenReturnsFalse() external {
        bytes memory signature = signWithdraw(payer, message);
        vm.mockCall(address(token), abi.encodeWithSelector(IERC20.transfer.selector), abi.encode(false));

        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        relayWith(signature);

        assertCredit(payer.addr, PRICE, 0);
    }

    /* RELAYED */

    function testFuzz_StrangerSendsItToAnyAddress(address to) external {
        vm.assume(to != address(0) && to != address(vault));
        message.to = to;
        uint256 balance = token.balanceOf(to);

        relay(payer);

        assertEq(token.balanceOf(to), balance + PRICE);
    }

    function test_ReturnsTheAmount() external {
        bytes memory signature = signWithdraw(payer, message);

        assertEq(vault.withdrawWithSignature(message, signature), PRICE);
    }

    function test_EmitsWithdrawn() external {
        bytes memory signature = signWithdraw(payer, message);

        vm.expectEmit(address(vault));
        emit IVault.Withdrawn(address(token), payer.addr, ELSEWHERE, PRICE, PRICE);
        relayWith(signature);
    }

    function test_LowersTheLiabilities() external {
        relay(payer);

        assertEq(vault.liabilitiesOf(address(token)), 0);
        assertCredit(payer.addr, 0, PRICE);
    }

    /* HELPERS */

    function creditWallet() private returns (Account memory wallet) {
        wallet = makeWallet(otherPayer);
        creditPayer(wallet, PRICE, "nonce");
        message = withdrawMessage(wallet.addr, ELSEWHERE);
    }

    function signIn(uint256 chainId, address verifyingContract) private view returns (bytes memory) {
        bytes32 structHash = keccak256(abi.encode(TypedDataLib.WITHDRAW_TYPEHASH, message));
        return sign(payer.key, digestIn(structHash, chainId, verifyingContract));
    }

    function relay(Account memory signer) private {
        relayWith(signWithdraw(signer, message));
    }

    function relayWith(bytes memory signature) private {
        vm.prank(stranger.addr);
        vault.withdrawWithSignature(message, signature);
    }

    function expectRelayRevert(bytes memory reason) private {
        bytes memory signature = signWithdraw(payer, message);

        vm.expectRevert(reason);
        relayWith(signature);
    }

    function expectExpired() private {
        expectRelayRevert(abi.encodeWithSelector(IVault.SignatureExpired.selector, message.deadline, block.timestamp));
    }

    function expectInvalid(bytes memory signature) private {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, message.owner));
        relayWith(signature);
    }
}
