// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {TokenLib} from "../../../contracts/libraries/TokenLib.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {PaymentApproval} from "../../../contracts/types/TypedData.sol";
import {MultisigReserveTest} from "../../utils/MultisigReserveTest.sol";

contract MultisigRefillTest is MultisigReserveTest {
    /// @dev More than any refill of these tests brings.
    uint256 private constant FAR = 1e24;

    /* REFUSED */

    function test_RevertWhen_ThisIsNoAccount() external {
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.refill(address(token));
    }

    function testFuzz_RevertWhen_TokenHasNoRules(address other) external {
        vm.assume(other != address(token));

        expectTokenWithoutRules(other);
        account.refill(other);
    }

    function testFuzz_RevertWhen_TokenTellsNoBalance(uint256 mood) external {
        useSilentToken(mood);

        vm.expectRevert(abi.encodeWithSelector(TokenLib.TokenBalanceUnreadable.selector, address(token)));
        account.refill(address(token));
    }

    function testFuzz_RevertWhen_ThereIsNoRate(uint256 balance) external {
        useRate(0, 0);
        setBalance(bound(balance, 0, 2 * RESERVE));

        _expectNothing();
    }

    function testFuzz_RevertWhen_TargetIsSpendable(uint256 balance) external {
        setBalance(bound(balance, RESERVE + TARGET, 2 * RESERVE));
        _expectNothing();

        setBalance(RESERVE + TARGET);
        _expectNothing();
    }

    function testFuzz_RevertWhen_ReserveIsEmpty(uint256 balance) external {
        setReserve(0);
        setBalance(bound(balance, 0, 2 * RESERVE));

        _expectNothing();
    }

    function testFuzz_RevertWhen_TheDaysPartIsUsed(uint96 perDay) external {
        useRate(bound(perDay, 1, RESERVE), FAR);
        account.refill(address(token));

        _expectNothing();
    }

    function testFuzz_RevertWhen_ItIsBeforeTheTimeForOneUnit(uint256 perDay) external {
        perDay = bound(perDay, 1, 43_200);
        useRate(perDay, FAR);
        account.refill(address(token));
        uint256 forOneUnit = (1 days + perDay - 1) / perDay;

        vm.warp(START + forOneUnit - 1);
        _expectNothing();

        vm.warp(START + forOneUnit);
        assertEq(account.refill(address(token)), 1);
    }

    /* DUE */

    function testFuzz_BringsOneDaysPartAtFirst(uint256 perDay, uint256 timestamp) external {
        perDay = bound(perDay, 1, RESERVE);
        useRate(perDay, FAR);
        vm.warp(bound(timestamp, 1 days, type(uint40).max));

        assertEq(account.refill(address(token)), perDay);
    }

    function testFuzz_BringsThePartOfTheTimeSinceTheLast(uint256 perDay, uint256 elapsed) external {
        perDay = bound(perDay, 1 days, RESERVE / 2);
        useRate(perDay, FAR);
        account.refill(address(token));
        elapsed = bound(elapsed, 1, 1 days);

        vm.warp(START + elapsed);

        assertEq(account.refill(address(token)), (perDay * elapsed) / 1 days);
    }

    function testFuzz_BringsNoMoreThanOneDaysPartAfterALongTime(uint256 perDay, uint256 elapsed) external {
        perDay = bound(perDay, 1, RESERVE / 2);
        useRate(perDay, FAR);
        account.refill(address(token));
        elapsed = bound(elapsed, 1 days, 3650 days);

        vm.warp(START + elapsed);

        assertEq(account.refill(address(token)), perDay);
        _expectNothing();
    }

    function testFuzz_BringsNoMoreThanWhatIsMissing(uint256 above, uint256 target) external {
        target = bound(target, 1, PER_DAY);
        above = bound(above, 0, target - 1);
        useRate(PER_DAY, target);
        setBalance(RESERVE + above);

        assertEq(account.refill(address(token)), target - above);
        assertEq(spendable(), target, "spendable");
    }

    function test_BringsTheLastUnitUpToTheTarget() external {
        setBalance(RESERVE + TARGET - 1);

        assertEq(account.refill(address(token)), 1);
        assertEq(spendable(), TARGET, "spendable");
    }

    function testFuzz_BringsNoMoreThanThereIsInTheReserve(uint256 reserve, uint256 balance) external {
        reserve = bound(reserve, 1, PER_DAY);
        setReserve(reserve);
        setBalance(bound(balance, 0, TARGET));

        assertEq(account.refill(address(token)), reserve);
        assertEq(reserveOf(), 0, "reserve");
    }

    function testFuzz_LowersTheReserveByWhatItReturns(uint256 balance, uint128 reserve, uint256 elapsed) external {
        account.refill(address(token));
        vm.warp(START + bound(elapsed, 1, 3 days));
        setReserve(bound(reserve, 1, 2 * RESERVE));
        setBalance(bound(balance, 0, reserveOf()));
        (uint256 before, uint256 held) = (reserveOf(), token.balanceOf(address(account)));

        uint256 amount = account.refill(address(token));

        assertEq(reserveOf(), before - amount, "reserve");
        assertEq(token.balanceOf(address(account)), held, "nothing moves");
    }

    function testFuzz_EmitsRefilled(uint256 above) external {
        above = bound(above, TARGET - PER_DAY, TARGET - 1);
        setBalance(RESERVE + above);
        uint256 amount = TARGET - above;
        uint256 usedUntil = START - 1 days + (amount * 1 days + PER_DAY - 1) / PER_DAY;

        vm.expectEmit(address(account));
        emit IReserves.Refilled(address(token), amount, RESERVE - amount, usedUntil);
        account.refill(address(token));
    }

    function testFuzz_LetsAnybodyCallIt(address caller) external {
        vm.prank(caller);
        assertEq(account.refill(address(token)), PER_DAY);
    }

    function testFuzz_LetsAgentsPayAsMuchMore(uint256 perDay) external {
        perDay = bound(perDay, 1, SMALL - 1);
        useRate(perDay, TARGET);
        PaymentApproval memory before = paymentOf(1);
        assertDenied(tokenDigest(before), paymentBlob(before, only(agent)));

        account.refill(address(token));

        PaymentApproval memory most = paymentOf(perDay);
        PaymentApproval memory more = paymentOf(perDay + 1);
        assertAccepted(tokenDigest(most), paymentBlob(most, only(agent)));
        assertDenied(tokenDigest(more), paymentBlob(more, only(agent)));
    }

    /* BELOW THE RESERVE */

    function testFuzz_LowersTheReserveThoughNothingBecomesSpendable(uint256 balance) external {
        setBalance(bound(balance, 0, RESERVE - PER_DAY));

        assertEq(account.refill(address(token)), PER_DAY);

        assertEq(reserveOf(), RESERVE - PER_DAY, "reserve");
        assertEq(spendable(), 0, "spendable");
    }

    function testFuzz_LowersItToNothingBelowTheTarget(uint256 balance) external {
        setReserve(2 * PER_DAY);
        setBalance(bound(balance, 0, TARGET));
        account.refill(address(token));
        vm.warp(START + 1 days);
        account.refill(address(token));

        assertEq(reserveOf(), 0);
        _expectNothing();
    }

    /* AGAIN */

    /// @dev A day's part is there from the beginning, and needed bit by bit.
    function testFuzz_KeepsTheTimeThatItDidNotNeed(uint256 first) external {
        // What is left is more than two seconds bring.
        first = bound(first, 1, PER_DAY - 500);
        setBalance(RESERVE + TARGET - first);
        assertEq(account.refill(address(token)), first, "first");

        setBalance(RESERVE);
        uint256 second = account.refill(address(token));

        // A part of a second is used up by rounding, and what it would have brought.
        assertLe(first + second, PER_DAY, "never more");
        assertGe(first + second + PER_DAY / 1 days + 1, PER_DAY, "less than a second's part is lost");
    }

    /// @dev 10 units a day: one each 8,640 seconds.
    function testFuzz_KeepsTheSecondsThatBroughtNoUnit(uint256 early) external {
        useRate(10, FAR);
        account.refill(address(token));
        vm.warp(START + 8_640 + bound(early, 0, 8_639));
        assertEq(account.refill(address(token)), 1, "first");

        vm.warp(START + 2 * 8_640 - 1);
        _expectNothing();

        vm.warp(START + 2 * 8_640);
        assertEq(account.refill(address(token)), 1, "second");
    }

    function testFuzz_BringsLittleLessByManyThanByOne(uint256 perDay, uint256[6] calldata times) external {
        perDay = bound(perDay, 1, RESERVE / 2);
        (uint256 sum, uint256 refills) = _refillAt(perDay, times);

        // Each refill uses up less than one second that brings nothing, and the last leaves less than one unit.
        assertGe((sum + 1) * 1 days + refills * perDay, perDay * 1 days);
    }

    function testFuzz_NeverBringsMoreByManyThanByOne(uint256 perDay, uint256[6] calldata times) external {
        perDay = bound(perDay, 1, RESERVE / 2);
        (uint256 sum, ) = _refillAt(perDay, times);

        assertLe(sum, perDay);
    }

    /// @return sum What refills bring within the day after the first, at these times and at its end.
    /// @return refills How many brought something before its end.
    function _refillAt(uint256 perDay, uint256[6] calldata times) private returns (uint256 sum, uint256 refills) {
        useRate(perDay, FAR);
        account.refill(address(token));
        uint256 elapsed = 0;
        for (uint256 i = 0; i < times.length; ++i) {
            elapsed = bound(times[i], elapsed, 1 days);
            uint256 amount = _tryRefillAt(elapsed);
            sum += amount;
            if (amount != 0) ++refills;
        }
        sum += _tryRefillAt(1 days);
    }

    function _tryRefillAt(uint256 elapsed) private returns (uint256 amount) {
        vm.warp(START + elapsed);
        try account.refill(address(token)) returns (uint256 amount_) {
            amount = amount_;
        } catch (bytes memory reason) {
            assertEq(reason, abi.encodeWithSelector(IReserves.NothingToRefill.selector, address(token)), "reason");
        }
    }

    /// @dev Agents spend all there is after each, so that a refill is always wanted.
    function testFuzz_NeverBringsMoreThanTheRateAndOneDaysPart(uint256 target, uint256[8] calldata pauses) external {
        useRate(PER_DAY, bound(target, 1, 3 * PER_DAY));
        uint256 elapsed = 0;
        uint256 sum = 0;
        for (uint256 i = 0; i < pauses.length; ++i) {
            elapsed += bound(pauses[i], 0, 3 days);
            sum += _tryRefillAt(elapsed);
            setBalance(reserveOf());

            assertLe(sum, (PER_DAY * (elapsed + 1 days)) / 1 days);
        }
    }

    /* RULES */

    function testFuzz_GoesOnWithTheTimeThatIsLeft(uint256 perDay, uint256 elapsed) external {
        account.refill(address(token));
        perDay = bound(perDay, 1 days, RESERVE / 2);
        elapsed = bound(elapsed, 1, 1 days);
        MultisigConfig memory config = defaultConfig();
        (config.tokens[0].refillPerDay, config.tokens[0].refillTarget) = (uint96(perDay), uint96(FAR));
        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(config))));
        _expectNothing();

        vm.warp(START + elapsed);

        assertEq(account.refill(address(token)), (perDay * elapsed) / 1 days);
    }

    function _expectNothing() private {
        vm.expectRevert(abi.encodeWithSelector(IReserves.NothingToRefill.selector, address(token)));
        account.refill(address(token));
    }
}
