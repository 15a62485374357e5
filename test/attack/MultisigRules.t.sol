// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../contracts/interfaces/IMultisig.sol";
import {ISignerSet} from "../../contracts/interfaces/ISignerSet.sol";
import {ConfigLib} from "../../contracts/libraries/ConfigLib.sol";
import {MultisigConfig, TokenRules} from "../../contracts/types/MultisigConfig.sol";
import {Call, Execute} from "../../contracts/types/TypedData.sol";
import {MultisigAttackTest} from "./MultisigAttackTest.sol";

/// @dev Assumption broken: rules are what the humans signed, whatever a stranger or the agent did before or after it.
contract MultisigRulesTest is MultisigAttackTest {
    uint96 private constant HIGHER = RESERVE + 80e6;

    /* RESERVES */

    function test_NewRulesRaiseTheReserveOfAnAccountThatNobodyTouched() external {
        _raiseByRules();
        assertEq(spendable(), BALANCE - HIGHER);
    }

    /// @dev Funding nothing needs no money and no allowance, and is ahead of every change of the rules.
    function test_FundingNothingDoesNotKeepNewRulesFromRaisingTheReserve() external {
        vm.prank(thief.addr);
        account.fund(address(token), 0);
        _raiseByRules();
        assertEq(spendable(), BALANCE - HIGHER);
    }

    function test_FundingOneUnitDoesNotKeepNewRulesFromRaisingTheReserve() external {
        _fundOne();
        _raiseByRules();
        assertEq(spendable(), BALANCE + 1 - HIGHER);
    }

    function test_ARefillDoesNotKeepNewRulesFromRaisingTheReserve() external {
        drain(thief.addr, "first");
        vm.prank(thief.addr);
        account.refill(address(token));
        _raiseByRules();
        assertEq(spendable(), 0);
    }

    /// @dev What was set or refilled under rules of long ago would count again.
    function test_ATokenThatComesBackHasTheReserveOfItsNewRules() external {
        executeByHumans(address(account), abi.encodeCall(account.setReserve, (address(token), 0)));
        MultisigConfig memory config = defaultConfig();
        config.tokens = new TokenRules[](0);
        reconfigure(config);
        reconfigure(defaultConfig());
        assertEq(spendable(), BALANCE - RESERVE);
    }

    /// @dev Else who rotates a key, and copies the rest of the rules, would give away all that was funded.
    function test_RulesThatLeaveTheReserveAsItWasLeaveWhatWasFunded() external {
        token.mint(address(this), 700e6);
        token.approve(address(account), 700e6);
        account.fund(address(token), 700e6);
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].refillPerDay = PER_DAY + 1;
        reconfigure(config);
        assertEq(spendable(), BALANCE - RESERVE);
        assertEq(account.spendableOf(address(token)).reserve, RESERVE + 700e6, "reserve");
    }

    function test_SettingTheReserveIsTheLastWordWhateverWasFunded() external {
        _fundOne();
        executeByHumans(address(account), abi.encodeCall(account.setReserve, (address(token), HIGHER)));
        assertEq(spendable(), BALANCE + 1 - HIGHER);
    }

    /// @dev Known: humans name an amount, and not a difference. Who funds much lets them sign anew first, or sets it again after.
    function test_WhatWasFundedBeforeAnAmountIsSetIsSpendable() external {
        Execute memory message = executeOf(
            Call({to: address(account), value: 0, data: abi.encodeCall(account.setReserve, (address(token), HIGHER))})
        );
        bytes memory signatures = signaturesOf(executeDigest(message), both(alice, bob));
        token.mint(address(this), 700e6);
        token.approve(address(account), 700e6);
        account.fund(address(token), 700e6);
        account.execute(message, signatures);
        assertEq(spendable(), BALANCE + 700e6 - HIGHER);
    }

    /* WHO CHANGES THEM */

    function test_RevertWhen_AgentsWouldReachFullWeight() external {
        MultisigConfig memory config = defaultConfig();
        for (uint256 i = 0; i < 3; ++i) {
            if (config.signers[i].account == agent.addr) config.signers[i].weight = FULL_WEIGHT;
        }
        bytes memory packed = _packUnchecked(config);
        bytes memory reason = abi.encodeWithSelector(
            ConfigLib.ConfigFullWeightWrong.selector,
            FULL_WEIGHT,
            FULL_WEIGHT,
            FULL_WEIGHT + 2 * HUMAN_WEIGHT
        );
        _expectRefused(packed, reason);
        vm.expectRevert(reason);
        factory.deploy(packed, 0);
    }

    function test_RevertWhen_TheAccountWouldSignForItself() external {
        MultisigConfig memory config = defaultConfig();
        config.signers[0].account = address(account);
        sort(config.signers);
        _expectRefused(_packUnchecked(config), abi.encodeWithSelector(ISignerSet.SignerIsAccount.selector));
    }

    function test_RevertWhen_AnybodyElseCalls() external {
        Account[3] memory people = [agent, alice, thief];
        for (uint256 i = 0; i < people.length; ++i) {
            bytes memory notSelf = abi.encodeWithSelector(ISignerSet.NotSelf.selector, people[i].addr);
            bytes memory packed = implementation.encodeConfig(defaultConfig());
            vm.startPrank(people[i].addr);
            vm.expectRevert(notSelf);
            account.reconfigure(packed);
            vm.expectRevert(notSelf);
            account.setReserve(address(token), 0);
            vm.stopPrank();
        }
    }

    function test_RevertWhen_AgentAndOneHumanSign() external {
        Execute memory message = executeOf(
            Call({to: address(account), value: 0, data: abi.encodeCall(account.setReserve, (address(token), 0))})
        );
        bytes memory signatures = signaturesOf(executeDigest(message), both(agent, alice));
        vm.expectRevert(abi.encodeWithSelector(IMultisig.WeightTooLow.selector, 3, FULL_WEIGHT));
        account.execute(message, signatures);
    }

    function test_RevertWhen_TheImplementationIsUsed() external {
        bytes memory notAnAccount = abi.encodeWithSelector(ISignerSet.NotAnAccount.selector);
        Execute memory message = executeOf(Call({to: thief.addr, value: 0, data: ""}));
        vm.expectRevert(notAnAccount);
        implementation.execute(message, hex"0000");
        vm.expectRevert(notAnAccount);
        implementation.fund(address(token), 0);
        vm.expectRevert(notAnAccount);
        implementation.revoke(0);
        assertEq(implementation.isValidSignature(0, hex"0400"), INVALID, "answer");
    }

    function _packUnchecked(MultisigConfig memory config) private pure returns (bytes memory) {
        return ConfigLib.encode(config);
    }

    function _expectRefused(bytes memory packed, bytes memory reason) private {
        Execute memory message = executeOf(
            Call({to: address(account), value: 0, data: abi.encodeCall(account.reconfigure, (packed))})
        );
        bytes memory signatures = signaturesOf(executeDigest(message), both(alice, bob));
        vm.expectRevert(abi.encodeWithSelector(IMultisig.CallFailed.selector, 0, reason));
        account.execute(message, signatures);
    }

    function _raiseByRules() private {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].reserve = HIGHER;
        reconfigure(config);
    }

    function _fundOne() private {
        token.mint(thief.addr, 1);
        vm.startPrank(thief.addr);
        token.approve(address(account), 1);
        account.fund(address(token), 1);
        vm.stopPrank();
    }
}
