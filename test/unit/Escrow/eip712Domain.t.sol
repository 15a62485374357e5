// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {Escrow} from "../../../contracts/Escrow.sol";
import {EscrowTerms} from "../../../contracts/types/Terms.sol";
import {EscrowTest} from "../../utils/EscrowTest.sol";

contract EscrowEip712DomainTest is EscrowTest {
    function test_NamesProductVersionChainAndVault() external view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        ) = vault.eip712Domain();

        assertEq(fields, hex"0f", "fields");
        assertEq(name, "Recourse Escrow", "name");
        assertEq(version, "1", "version");
        assertEq(chainId, block.chainid, "chainId");
        assertEq(verifyingContract, address(vault), "verifyingContract");
        assertEq(salt, 0, "salt");
        assertEq(extensions.length, 0, "extensions");
    }

    function testFuzz_NamesTheNewChain(uint64 newChainId) external {
        newChainId = uint64(bound(newChainId, 1, type(uint64).max));
        vm.chainId(newChainId);

        (, , , uint256 chainId, , , ) = vault.eip712Domain();

        assertEq(chainId, newChainId);
    }

    function testFuzz_NamesEachVaultItself(bytes32 salt) external {
        EscrowTerms memory terms = defaultTerms();
        terms.salt = salt;
        Escrow other = deployVault(terms);

        (, , , , address verifyingContract, , ) = other.eip712Domain();

        assertEq(verifyingContract, address(other));
    }
}
