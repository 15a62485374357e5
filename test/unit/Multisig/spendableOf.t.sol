// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {Spendable} from "../../../contracts/types/Spendable.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigReserveTest} from "../../utils/MultisigReserveTest.sol";

contract MultisigSpendableOfTest is MultisigReserveTest {
    function test_RevertWhen_ThisIsNoAccount() external {
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.spendableOf(address(token));
    }

    function testFuzz_RevertWhen_TokenHasNoRules(address other) external {
        vm.assume(other != address(token));

        expectTokenWithoutRules(other);
        account.spendableOf(other);
    }

    function testFuzz_RevertWhen_TokenTellsNoBalance(uint256 mood) external {
        useSilentToken(mood);

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
        account.spendableOf(address(token));
    }

    function testFuzz_TellsWhatIsAboveTheReserve(uint128 balance, uint128 reserve) external {
        setBalance(balance);
        setReserve(reserve);

        assertEq(spendable(), balance > reserve ? balance - reserve : 0);
    }

    function testFuzz_TellsWhatAgentsCanPay(uint256 balance, uint128 reserve) external {
        setBalance(uint256(reserve) + bound(balance, 0, SMALL - 1));
        setReserve(reserve);

        PaymentApproval memory most = paymentOf(spendable());
        PaymentApproval memory more = paymentOf(spendable() + 1);

        assertAccepted(tokenDigest(most), paymentBlob(most, only(agent)));
        assertDenied(tokenDigest(more), paymentBlob(more, only(agent)));
    }

    function testFuzz_TellsWhatARefillMakesOfIt(uint256 balance, uint256 elapsed) external {
        account.refill(address(token));
        vm.warp(START + bound(elapsed, 0, 3 days));
        // About the reserve: far from it a refill makes no difference.
        setBalance(bound(balance, RESERVE - 2 * PER_DAY, RESERVE + 2 * TARGET));
        uint256 told = account.spendableOf(address(token)).afterRefill;

        try account.refill(address(token)) {} catch (bytes memory reason) {
            assertEq(reason, abi.encodeWithSelector(IReserves.NothingToRefill.selector, address(token)), "reason");
        }

        assertEq(spendable(), told);
    }

    function testFuzz_TellsRateAndTarget(uint96 perDay, uint96 target) external {
        (perDay, target) = (uint96(bound(perDay, 1, type(uint96).max)), uint96(bound(target, 1, type(uint96).max)));
        useRate(perDay, target);

        Spendable memory told = account.spendableOf(address(token));

        assertEq(told.perDay, perDay, "perDay");
        assertEq(told.target, target, "target");
    }

    function testFuzz_TellsTheReserveOfTheRules(uint96 reserve) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].reserve = reserve;
        useConfig(config);
        assertEq(reserveOf(), reserve, "of the rules");

        setReserve(1);
        assertEq(reserveOf(), 1, "changed");
    }

    function testFuzz_TellsNoRefillWithoutARate(uint256 balance) external {
        useRate(0, 0);
        setBalance(bound(balance, 0, 2 * RESERVE));

        Spendable memory told = account.spendableOf(address(token));

        assertEq(told.afterRefill, told.amount, "afterRefill");
        assertEq(told.perDay, 0, "perDay");
        assertEq(told.target, 0, "target");
    }
}
