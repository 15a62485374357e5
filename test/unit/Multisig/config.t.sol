// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ISignerSet} from "../../../contracts/interfaces/ISignerSet.sol";
import {MultisigConfig} from "../../../contracts/types/MultisigConfig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigConfigTest is MultisigUnitTest {
    function test_RevertWhen_ThisIsNoAccount() external {
        vm.expectRevert(ISignerSet.NotAnAccount.selector);
        implementation.config();
    }

    function testFuzz_TellsRulesThatItWasMadeWith(uint256 seed) external {
        MultisigConfig memory config = randomConfig(seed);

        account = deployAccount(config, 0);

        assertEq(abi.encode(account.config()), abi.encode(config));
    }

    function testFuzz_TellsRulesThatItWasGivenLater(uint256 seed) external {
        MultisigConfig memory config = randomConfig(seed);

        executeByHumans(address(account), abi.encodeCall(ISignerSet.reconfigure, (packedOf(config))));

        assertEq(abi.encode(account.config()), abi.encode(config));
    }
}
