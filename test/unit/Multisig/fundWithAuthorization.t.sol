// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../../contracts/Multisig.sol";
import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {BlobKind} from "../../../contracts/types/Blob.sol";
import {Authorization} from "../../../contracts/types/Payment.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {KeyedWallet} from "../../mocks/KeyedWallet.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigReserveTest} from "../../utils/MultisigReserveTest.sol";

contract MultisigFundWithAuthorizationTest is MultisigReserveTest {
    function testFuzz_RevertWhen_ThisIsNoAccount(uint256 value) external {
        Authorization memory authorization = _authorization(value);

        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.fundWithAuthorization(authorization);
    }

    function testFuzz_RevertWhen_TokenHasNoRules(uint256 value) external {
        address rules = address(token);
        token = new Token3009();
        assertNotEq(rules, address(token), "another token");
        Authorization memory authorization = _authorization(value);

        expectTokenWithoutRules(address(token));
        account.fundWithAuthorization(authorization);
    }

    function testFuzz_RevertWhen_ItIsNoToken(address nowhere, uint256 value) external {
        vm.assume(nowhere.code.length == 0 && uint160(nowhere) > 1_000);
        Authorization memory authorization = _authorization(value);
        authorization.token = nowhere;

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, nowhere));
        account.fundWithAuthorization(authorization);
    }

    function testFuzz_RevertWhen_TokenKeepsAFee(uint256 value) external {
        token = new FeeOnTransferToken();
        useConfig(defaultConfig());
        value = bound(value, 100, 1e30);
        Authorization memory authorization = _authorization(value);

        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.ReceivedOtherAmount.selector,
                address(token),
                BALANCE + value - value / 100,
                BALANCE + value
            )
        );
        account.fundWithAuthorization(authorization);
    }

    /// @dev Agents could else raise their own reserve, and with it what refills bring.
    function testFuzz_RevertWhen_MoneyIsTheAccountsOwn(uint256 value) external {
        value = bound(value, 1, SMALL);
        setBalance(RESERVE + SMALL);
        Authorization memory authorization = _authorizationOf(account, address(account), value, only(agent));

        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.ReceivedOtherAmount.selector,
                address(token),
                RESERVE + SMALL,
                RESERVE + SMALL + value
            )
        );
        account.fundWithAuthorization(authorization);
    }

    function testFuzz_RevertWhen_SignatureIsWrong(uint256 value, uint256 key) external {
        Authorization memory authorization = _authorization(value);
        key = bound(key, 1, type(uint128).max);
        authorization.signature = sign(key, _digest(authorization));

        _expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, alice.addr)
        );
    }

    function testFuzz_RevertWhen_AnyoneCouldPresentIt(uint256 value) external {
        Authorization memory authorization = _authorization(value);
        authorization.signature = sign(
            alice.key,
            token.digestOf(
                alice.addr,
                address(account),
                authorization.value,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce
            )
        );

        _expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, alice.addr)
        );
    }

    function testFuzz_RevertWhen_ItIsForAnotherAccount(uint256 value) external {
        Authorization memory authorization = _authorization(value);
        account = deployAccount(defaultConfig(), "other");

        _expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationSignatureInvalid.selector, alice.addr)
        );
    }

    function testFuzz_RevertWhen_ItWasPresented(uint256 value) external {
        Authorization memory authorization = _authorization(value);
        account.fundWithAuthorization(authorization);

        _expectRefused(
            authorization,
            abi.encodeWithSelector(Token3009.AuthorizationUsedOrCanceled.selector, alice.addr, authorization.nonce)
        );
    }

    function testFuzz_RevertWhen_ItIsNotInTime(uint256 value, bool isLate) external {
        Authorization memory authorization = _authorization(value);
        vm.warp(isLate ? authorization.validBefore : authorization.validAfter);

        _expectRefused(
            authorization,
            abi.encodeWithSelector(
                Token3009.AuthorizationNotValidNow.selector,
                authorization.validAfter,
                authorization.validBefore
            )
        );
    }

    function testFuzz_MovesItAndRaisesTheReserve(uint256 value) external {
        Authorization memory authorization = _authorization(value);

        account.fundWithAuthorization(authorization);

        assertEq(token.balanceOf(address(account)), RESERVE + authorization.value, "balance");
        assertEq(reserveOf(), RESERVE + authorization.value, "reserve");
        assertEq(spendable(), 0, "spendable");
    }

    function testFuzz_EmitsFunded(uint256 value) external {
        Authorization memory authorization = _authorization(value);

        vm.expectEmit(address(account));
        emit IReserves.Funded(address(token), alice.addr, authorization.value, RESERVE + authorization.value);
        account.fundWithAuthorization(authorization);
    }

    function testFuzz_LetsAnybodyPresentIt(address relayer, uint256 value) external {
        Authorization memory authorization = _authorization(value);

        vm.prank(relayer);
        account.fundWithAuthorization(authorization);

        assertEq(reserveOf(), RESERVE + authorization.value);
    }

    function testFuzz_TakesItFromAContract(uint256 value) external {
        Authorization memory authorization = _authorization(value);
        authorization.payer = address(new KeyedWallet(alice.addr));
        token.mint(authorization.payer, authorization.value);
        authorization.signature = abi.encodePacked(sign(alice.key, _digest(authorization)), bytes1(0x01));

        account.fundWithAuthorization(authorization);

        assertEq(reserveOf(), RESERVE + authorization.value);
    }

    function testFuzz_TakesItFromAnotherAccount(uint256 value) external {
        value = bound(value, 0, SMALL);
        Multisig payer = account;
        setBalance(RESERVE + SMALL);
        Multisig recipient = deployAccount(defaultConfig(), "recipient");
        Authorization memory authorization = _authorizationOf(payer, address(recipient), value, only(agent));

        recipient.fundWithAuthorization(authorization);

        assertEq(token.balanceOf(address(recipient)), value, "balance");
        assertEq(recipient.spendableOf(address(token)).reserve, RESERVE + value, "reserve");
    }

    /* HELPERS */

    /// @dev Of Alice, who has it, to the account.
    function _authorization(uint256 value) private returns (Authorization memory authorization) {
        authorization.token = address(token);
        authorization.payer = alice.addr;
        authorization.value = bound(value, 0, 1e30);
        authorization.validAfter = block.timestamp - 1;
        authorization.validBefore = block.timestamp + 1 hours;
        authorization.nonce = keccak256("fund");
        authorization.signature = sign(alice.key, _digest(authorization));
        token.mint(alice.addr, authorization.value);
    }

    function _digest(Authorization memory authorization) private view returns (bytes32) {
        return
            token.receiveDigestOf(
                authorization.payer,
                address(account),
                authorization.value,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce
            );
    }

    function _authorizationOf(
        Multisig payer,
        address to,
        uint256 value,
        Account[] memory signers
    ) private returns (Authorization memory authorization) {
        Multisig tested = account;
        account = payer;
        PaymentApproval memory payment = paymentBy(BlobKind.Receive, value);
        payment.payee = to;
        authorization.token = payment.token;
        authorization.payer = address(payer);
        authorization.value = value;
        authorization.validAfter = payment.validAfter;
        authorization.validBefore = payment.validBefore;
        authorization.nonce = payment.nonce;
        authorization.signature = blobBy(BlobKind.Receive, payment, signers);
        account = tested;
    }

    function _expectRefused(Authorization memory authorization, bytes memory reason) private {
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenRefusedAuthorization.selector, address(token), reason));
        account.fundWithAuthorization(authorization);
    }
}
