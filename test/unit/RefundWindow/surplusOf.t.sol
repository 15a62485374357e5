// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {RefundWindowUnitTest} from "../../utils/RefundWindowUnitTest.sol";

contract RefundWindowSurplusOfTest is RefundWindowUnitTest {
    function test_RevertWhen_TokenHasNoCode() external {
        expectUnreadable(stranger.addr);
    }

    function test_RevertWhen_TokenIsAnotherContract() external {
        expectUnreadable(address(factory));
    }

    function test_IsZeroWhenAllCameInByPay() external {
        pay(payer, PRICE, "nonce");

        assertEq(vault.surplusOf(address(token)), 0);
    }

    function testFuzz_TellsWhatArrivedPastPay(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        pay(payer, PRICE, "nonce");
        token.mint(address(vault), surplus);

        assertEq(vault.surplusOf(address(token)), surplus);
    }

    function testFuzz_TellsItApartFromCredits(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        creditPayer(PRICE, "nonce");
        token.mint(address(vault), surplus);

        assertEq(vault.surplusOf(address(token)), surplus);
    }

    function testFuzz_TellsItApartFromWhatIsDisputed(uint256 surplus) external {
        surplus = bound(surplus, 0, 1e30);
        useVaultWithArbiter();
        disputed(payer, PRICE, "nonce");
        token.mint(address(vault), surplus);

        assertEq(vault.surplusOf(address(token)), surplus);
    }

    function test_IsZeroWhenTheTokenTookMoney() external {
        pay(payer, PRICE, "nonce");
        vm.prank(address(vault));
        token.transfer(stranger.addr, 1);

        assertEq(vault.surplusOf(address(token)), 0);
    }

    /* HELPERS */

    function expectUnreadable(address notToken) private {
        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, notToken));
        vault.surplusOf(notToken);
    }
}
