// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {MultisigConfig, TokenRules} from "../../../contracts/types/MultisigConfig.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigReserveTest} from "../../utils/MultisigReserveTest.sol";

contract MultisigSetReserveTest is MultisigReserveTest {
    function testFuzz_RevertWhen_AnotherCalls(address caller, uint256 amount) external {
        vm.assume(caller != address(account));

        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISignerSet.NotSelf.selector, caller));
        account.setReserve(address(token), amount);
    }

    function testFuzz_RevertWhen_TokenHasNoRules(address other, uint128 amount) external {
        vm.assume(other != address(token));

        vm.prank(address(account));
        expectTokenWithoutRules(other);
        account.setReserve(other, amount);
    }

    function testFuzz_RevertWhen_AmountIsBeyond128Bits(uint256 amount) external {
        amount = bound(amount, uint256(type(uint128).max) + 1, type(uint256).max);

        vm.prank(address(account));
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, amount));
        account.setReserve(address(token), amount);
    }

    function testFuzz_SetsTheReserve(uint128 first, uint128 second) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), first)));
        assertEq(reserveOf(), first, "first");

        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), second)));
        assertEq(reserveOf(), second, "second");
    }

    function testFuzz_EmitsReserveSet(uint128 amount) external {
        vm.expectEmit(address(account));
        emit IReserves.ReserveSet(address(token), amount);
        setReserve(amount);
    }

    function testFuzz_SetsItForThatTokenAlone(uint128 amount) external {
        address other = address(new Token3009());
        bool isFirst = other < address(token);
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](2);
        config.tokens[isFirst ? 0 : 1] = defaultRules(other);
        config.tokens[isFirst ? 1 : 0] = defaultRules(address(token));
        useConfig(config);

        setReserve(amount);

        assertEq(reserveOf(), amount, "this");
        assertEq(account.spendableOf(other).reserve, RESERVE, "other");
    }

    function testFuzz_TakesZeroForNoReserve(uint256 balance) external {
        balance = bound(balance, 0, 1e30);
        setBalance(balance);

        setReserve(0);

        assertEq(reserveOf(), 0, "reserve");
        assertEq(spendable(), balance, "spendable");
    }

    function testFuzz_GivesNoTimeForRefillsBack(uint128 amount) external {
        account.refill(address(token));

        setReserve(amount);

        vm.expectRevert(abi.encodeWithSelector(IReserves.NothingToRefill.selector, address(token)));
        account.refill(address(token));
    }
}
