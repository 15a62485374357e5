// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../../contracts/Multisig.sol";
import {MultisigFactory} from "../../../contracts/MultisigFactory.sol";
import {IMultisigFactory} from "../../../contracts/interfaces/IMultisigFactory.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigFactoryConstructorTest is MultisigUnitTest {
    function testFuzz_RevertWhen_ImplementationHasNoCode(address nowhere) external {
        vm.assume(nowhere.code.length == 0);

        vm.expectRevert(abi.encodeWithSelector(IMultisigFactory.ImplementationHasNoCode.selector, nowhere));
        new MultisigFactory(nowhere);
    }

    function test_KeepsTheImplementation() external {
        Multisig other = deployMultisigImplementation();

        assertEq(new MultisigFactory(address(other)).implementation(), address(other));
    }
}
