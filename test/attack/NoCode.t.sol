// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IMaturing} from "../../contracts/interfaces/IMaturing.sol";
import {TokenLib} from "../../contracts/libraries/TokenLib.sol";
import {Authorization, PaymentRef} from "../../contracts/types/Payment.sol";
import {AttackTest} from "./AttackTest.sol";

/// @dev Assumption broken: the token is a contract.
contract NoCodeTest is AttackTest {
    function test_RevertWhen_TheTokenHasNoCode() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        signed.token = stranger.addr;
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, stranger.addr));
    }

    function test_RevertWhen_TheTokenIsZero() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        signed.token = address(0);
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(0)));
    }

    function test_RevertWhen_TheTokenIsAPrecompile() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        signed.token = address(4); // identity: answers with what it was asked, and so with a balance
        uint256 balance = uint256(bytes32(abi.encodeCall(IERC20.balanceOf, (address(vault)))));
        assertPayRefused(
            signed,
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(4), balance, balance + PRICE)
        );
    }

    function test_RevertWhen_TheTokenIsTheVault() external {
        Authorization memory signed = authorize(payer, address(vault), PRICE, "nonce");
        signed.token = address(vault);
        assertPayRefused(signed, abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, vault));
    }

    function test_RevertWhen_ClaimingATokenWithoutCode() external {
        vm.expectRevert(abi.encodeWithSelector(IMaturing.ClaimEmpty.selector, stranger.addr));
        vault.claim(stranger.addr, new uint32[](1), PAYOUT_GAS);
    }

    /// @dev A call without code succeeds and returns nothing; that is not taken for a payout.
    function test_CodeThatVanishesLeavesACredit() external {
        PaymentRef memory ref = pay(payer, PRICE, "nonce");
        bytes memory code = address(token).code;
        vm.etch(address(token), "");
        refund(payer, ref, PRICE, payer.addr);
        vm.etch(address(token), code);
        assertEq(creditOf(payer.addr), PRICE);
    }
}
