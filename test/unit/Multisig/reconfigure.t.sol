// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IMultisig} from "../../../contracts/interfaces/IMultisig.sol";
import {IReserves} from "../../../contracts/interfaces/IReserves.sol";
import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {ConfigLib} from "../../../contracts/libraries/ConfigLib.sol";
import {MultisigConfig, Signer} from "../../../contracts/types/MultisigConfig.sol";
import {Call, Execute} from "../../../contracts/types/TypedData.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigReconfigureTest is MultisigUnitTest {
    function testFuzz_RevertWhen_AnotherCalls(address caller) external {
        vm.assume(caller != address(account));
        bytes memory packed = packedOf(defaultConfig());

        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISignerSet.NotSelf.selector, caller));
        account.reconfigure(packed);
    }

    function test_RevertWhen_RulesAreWrong() external {
        WrongConfig[] memory wrong = allWrongConfigs();
        for (uint256 i = 0; i < wrong.length; ++i) {
            _expectRevert(packedOf(wrong[i].config), wrong[i].reason);
        }
    }

    function test_RevertWhen_ThereAreNoBytes() external {
        _expectRevert("", abi.encodeWithSelector(ConfigLib.ConfigMalformed.selector));
    }

    function testFuzz_RevertWhen_AccountIsAmongTheSigners(uint256 index, bool isHuman, bool isContract) external {
        MultisigConfig memory config = defaultConfig();
        index = bound(index, 0, 2);
        config.signers[index] = Signer({
            account: address(account),
            weight: config.signers[index].weight,
            isHuman: isHuman || config.signers[index].isHuman,
            isContract: isContract
        });
        sort(config.signers);

        _expectRevert(packedOf(config), abi.encodeWithSelector(ISignerSet.SignerIsAccount.selector));
    }

    function test_RevertWhen_AccountIsItsOnlySigner() external {
        MultisigConfig memory config;
        config.fullWeight = 1;
        config.signers = new Signer[](1);
        config.signers[0] = Signer({account: address(account), weight: 1, isHuman: true, isContract: true});

        _expectRevert(packedOf(config), abi.encodeWithSelector(ISignerSet.SignerIsAccount.selector));
    }

    function testFuzz_HoldsTheNewRules(uint256 seed) external {
        _reconfigure(randomConfig(seed));

        assertEq(abi.encode(account.config()), abi.encode(randomConfig(seed)));
    }

    function testFuzz_RaisesTheEpochByOne(uint256 times) external {
        times = bound(times, 1, 5);
        for (uint256 i = 1; i <= times; ++i) {
            _reconfigure(defaultConfig());
            assertEq(account.epoch(), i);
        }
    }

    function testFuzz_EmitsReconfigured(uint256 seed) external {
        bytes memory packed = packedOf(randomConfig(seed));

        vm.expectEmit(address(account));
        emit ISignerSet.Reconfigured(1, packed);
        vm.prank(address(account));
        account.reconfigure(packed);
    }

    function testFuzz_LeavesTheNonceToExecute(uint256 seed) external {
        vm.prank(address(account));
        account.reconfigure(packedOf(randomConfig(seed)));

        assertEq(account.nonce(), 0);
    }

    function test_EndsThePowerOfThoseWhoSignedBefore() external {
        MultisigConfig memory config = defaultConfig();
        config.signers = new Signer[](1);
        config.signers[0] = Signer({account: stranger.addr, weight: FULL_WEIGHT, isHuman: true, isContract: false});
        _reconfigure(config);
        Execute memory message = executeOf(Call({to: shop, value: 0, data: ""}));
        bytes32 digest = executeDigest(message);

        vm.expectRevert(IMultisig.SignaturesInvalid.selector);
        account.execute(message, abi.encodePacked(hex"0001", compactSign(alice.key, digest)));

        account.execute(message, signaturesOf(digest, only(stranger)));
        assertEq(account.nonce(), 2);
    }

    function testFuzz_KeepsReservesThatTheRulesNameAsBefore(uint128 set) external {
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), set)));

        _reconfigure(defaultConfig());

        assertEq(account.spendableOf(address(token)).reserve, set);
    }

    function testFuzz_GivesReservesThatTheRulesNameAnew(uint96 reserve, uint128 set) external {
        if (reserve == RESERVE) ++reserve;
        executeByHumans(address(account), abi.encodeCall(IReserves.setReserve, (address(token), set)));
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].reserve = reserve;

        _reconfigure(config);

        assertEq(account.spendableOf(address(token)).reserve, reserve);
    }

    function testFuzz_GivesReservesOfTheNewRules(uint96 reserve) external {
        MultisigConfig memory config = defaultConfig();
        config.tokens[0].reserve = reserve;

        _reconfigure(config);

        assertEq(account.spendableOf(address(token)).reserve, reserve);
    }

    function _reconfigure(MultisigConfig memory config) private {
        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(config))));
    }

    function _expectRevert(bytes memory packed, bytes memory reason) private {
        vm.prank(address(account));
        vm.expectRevert(reason);
        account.reconfigure(packed);
    }
}
