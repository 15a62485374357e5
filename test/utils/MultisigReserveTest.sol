// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IReserves} from "../../contracts/interfaces/IReserves.sol";
import {MultisigConfig} from "../../contracts/types/MultisigConfig.sol";
import {LyingBalanceToken} from "../mocks/LyingBalanceToken.sol";
import {MultisigUnitTest} from "./MultisigUnitTest.sol";

/// @title MultisigReserveTest
/// @notice An account that has its reserve and nothing above, and short ways to change what it has and keeps.
abstract contract MultisigReserveTest is MultisigUnitTest {
    function setUp() public virtual override {
        super.setUp();
        setBalance(RESERVE);
    }

    function setBalance(uint256 balance) internal {
        uint256 held = token.balanceOf(address(account));
        if (held < balance) {
            token.mint(address(account), balance - held);
        } else {
            vm.prank(address(account));
            token.transfer(stranger.addr, held - balance);
        }
    }

    function setReserve(uint256 reserve) internal {
        vm.prank(address(account));
        account.setReserve(address(token), reserve);
    }

    function reserveOf() internal view returns (uint256) {
        return account.spendableOf(address(token)).reserve;
    }

    function spendable() internal view returns (uint256) {
        return account.spendableOf(address(token)).amount;
    }

    /// @notice From now on an account with this rate and this target is tested; it has its reserve.
    function useRate(uint256 perDay, uint256 target) internal {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].refillPerDay = uint96(perDay);
        config.tokens[0].refillTarget = uint96(target);
        useConfig(config);
        setBalance(RESERVE);
    }

    /// @notice From now on the account's token tells no balance.
    function useSilentToken(uint256 mood) internal {
        LyingBalanceToken lying = new LyingBalanceToken();
        token = lying;
        useConfig(defaultConfig());
        lying.setMood(mood % 2 == 0 ? LyingBalanceToken.Mood.Reverts : LyingBalanceToken.Mood.AnswersShort);
    }

    function expectTokenWithoutRules(address token_) internal {
        vm.expectRevert(abi.encodeWithSelector(IReserves.TokenWithoutRules.selector, token_));
    }
}
