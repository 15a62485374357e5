// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {VaultFactory} from "../../../contracts/VaultFactory.sol";
import {IVaultFactory} from "../../../contracts/interfaces/IVaultFactory.sol";
import {VaultFactoryTest} from "../../utils/VaultFactoryTest.sol";

contract VaultFactoryConstructorTest is VaultFactoryTest {
    function testFuzz_RevertWhen_ImplementationHasNoCode(address codeless) external {
        vm.assume(codeless.code.length == 0);

        vm.expectRevert(abi.encodeWithSelector(IVaultFactory.ImplementationHasNoCode.selector, codeless));
        new VaultFactory(codeless);
    }

    function test_KeepsTheImplementation() external {
        assertEq(deployFactory(implementation).implementation(), address(implementation));
    }
}
