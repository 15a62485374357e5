// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {StdAssertions} from "forge-std/StdAssertions.sol";
import {StdInvariant} from "forge-std/StdInvariant.sol";
import {StdUtils} from "forge-std/StdUtils.sol";
import {Vm} from "forge-std/Vm.sol";

/// @title TestBase
/// @notice The parts of forge-std that our tests use; all of Test.sol would cost seconds in every compilation.
abstract contract TestBase is StdAssertions, StdInvariant, StdUtils {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    /// @dev Marks the contract as a test for the runner.
    bool public IS_TEST = true;

    struct Account {
        address addr;
        uint256 key;
    }

    /// @notice A labelled account whose key is known.
    /// @param name Its label.
    /// @return account Address and key.
    function makeAccount(string memory name) internal returns (Account memory account) {
        account.key = uint256(keccak256(bytes(name)));
        account.addr = vm.addr(account.key);
        vm.label(account.addr, name);
    }

    /// @notice A signature of `key` over `digest`, as r, s, v.
    /// @param key The private key.
    /// @param digest What is signed.
    /// @return The 65 bytes.
    function sign(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
