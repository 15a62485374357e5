// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {FeeOnTransferToken} from "../../mocks/FeeOnTransferToken.sol";
import {Token3009} from "../../mocks/Token3009.sol";
import {MultisigReserveTest} from "../../utils/MultisigReserveTest.sol";

contract MultisigFundTest is MultisigReserveTest {
    function testFuzz_RevertWhen_ThisIsNoAccount(uint256 amount) external {
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.fund(address(token), amount);
    }

    function testFuzz_RevertWhen_TokenHasNoRules(uint256 amount) external {
        Token3009 other = new Token3009();
        _give(other, amount);

        vm.prank(alice.addr);
        expectTokenWithoutRules(address(other));
        account.fund(address(other), amount);
    }

    function testFuzz_RevertWhen_ItIsNoToken(address nowhere, uint256 amount) external {
        vm.assume(nowhere.code.length == 0 && uint160(nowhere) > 1_000);

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, nowhere));
        account.fund(nowhere, amount);
    }

    function testFuzz_RevertWhen_TokenTellsNoBalance(uint256 mood, uint256 amount) external {
        useSilentToken(mood);

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
        account.fund(address(token), amount);
    }

    function testFuzz_RevertWhen_TokenKeepsAFee(uint256 amount) external {
        amount = bound(amount, 100, 1e30);
        token = new FeeOnTransferToken();
        useConfig(defaultConfig());
        _give(token, amount);

        vm.prank(alice.addr);
        vm.expectRevert(
            abi.encodeWithSelector(
                TokenLib.ReceivedOtherAmount.selector,
                address(token),
                BALANCE + amount - amount / 100,
                BALANCE + amount
            )
        );
        account.fund(address(token), amount);
    }

    function testFuzz_RevertWhen_MoneyIsTheAccountsOwn(uint256 amount) external {
        amount = bound(amount, 1, RESERVE);
        vm.startPrank(address(account));
        token.approve(address(account), amount);

        vm.expectRevert(
            abi.encodeWithSelector(TokenLib.ReceivedOtherAmount.selector, address(token), RESERVE, RESERVE + amount)
        );
        account.fund(address(token), amount);
    }

    function testFuzz_RevertWhen_AllowanceIsTooSmall(uint256 amount, uint256 allowance) external {
        amount = bound(amount, 1, 1e30);
        allowance = bound(allowance, 0, amount - 1);
        token.mint(alice.addr, amount);
        vm.startPrank(alice.addr);
        token.approve(address(account), allowance);

        vm.expectRevert(
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientAllowance.selector,
                address(account),
                allowance,
                amount
            )
        );
        account.fund(address(token), amount);
    }

    function testFuzz_RevertWhen_ReserveWouldBeBeyond128Bits(uint256 amount) external {
        amount = bound(amount, 1, 1e30);
        setReserve(type(uint128).max);
        _give(token, amount);

        vm.prank(alice.addr);
        vm.expectRevert(
            abi.encodeWithSelector(
                SafeCast.SafeCastOverflowedUintDowncast.selector,
                128,
                uint256(type(uint128).max) + amount
            )
        );
        account.fund(address(token), amount);
    }

    function testFuzz_MovesIt(uint256 amount) external {
        amount = _fund(amount);

        assertEq(token.balanceOf(address(account)), RESERVE + amount, "account");
        assertEq(token.balanceOf(alice.addr), 0, "alice");
    }

    function testFuzz_RaisesTheReserveOfTheRules(uint256 first, uint256 second) external {
        first = _fund(first);
        assertEq(reserveOf(), RESERVE + first, "first");

        second = _fund(second);
        assertEq(reserveOf(), RESERVE + first + second, "second");
    }

    function testFuzz_RaisesAReserveThatWasSet(uint96 reserve, uint256 amount) external {
        setReserve(reserve);

        amount = _fund(amount);

        assertEq(reserveOf(), reserve + amount);
    }

    function testFuzz_LeavesWhatIsSpendable(uint256 balance, uint256 amount) external {
        setBalance(bound(balance, RESERVE, 2 * RESERVE));
        uint256 before = spendable();

        _fund(amount);

        assertEq(spendable(), before);
    }

    function testFuzz_EmitsFunded(uint256 amount) external {
        amount = bound(amount, 0, 1e30);
        _give(token, amount);

        vm.expectEmit(address(account));
        emit IReserves.Funded(address(token), alice.addr, amount, RESERVE + amount);
        vm.prank(alice.addr);
        account.fund(address(token), amount);
    }

    function testFuzz_LeavesTheTimeOfRefills(uint256 amount) external {
        account.refill(address(token));

        _fund(amount);

        vm.expectRevert(abi.encodeWithSelector(IReserves.NothingToRefill.selector, address(token)));
        account.refill(address(token));
    }

    function _fund(uint256 amount) private returns (uint256) {
        amount = bound(amount, 0, 1e30);
        _give(token, amount);
        vm.prank(alice.addr);
        account.fund(address(token), amount);
        return amount;
    }

    /// @dev Alice has it, and lets the account take it.
    function _give(Token3009 token_, uint256 amount) private {
        token_.mint(alice.addr, amount);
        vm.prank(alice.addr);
        IERC20(address(token_)).approve(address(account), amount);
    }
}
