// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Multisig} from "../../../contracts/Multisig.sol";
import {MultisigUnitTest} from "../../utils/MultisigUnitTest.sol";

contract MultisigEip712DomainTest is MultisigUnitTest {
    function test_NamesProductVersionChainAndAccount() external view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        ) = account.eip712Domain();

        assertEq(fields, hex"0f", "fields");
        assertEq(name, "Recourse Multisig", "name");
        assertEq(version, "1", "version");
        assertEq(chainId, block.chainid, "chainId");
        assertEq(verifyingContract, address(account), "verifyingContract");
        assertEq(salt, 0, "salt");
        assertEq(extensions.length, 0, "extensions");
    }

    function testFuzz_NamesTheNewChain(uint64 newChainId) external {
        newChainId = uint64(bound(newChainId, 1, type(uint64).max));
        vm.chainId(newChainId);

        (, , , uint256 chainId, , , ) = account.eip712Domain();

        assertEq(chainId, newChainId);
    }

    function testFuzz_NamesEachAccountItself(bytes32 salt) external {
        Multisig other = deployAccount(defaultConfig(), salt);

        (, , , , address verifyingContract, , ) = other.eip712Domain();

        assertEq(verifyingContract, address(other));
    }
}
