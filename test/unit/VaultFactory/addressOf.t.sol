// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {VaultFactory} from "../../../contracts/VaultFactory.sol";
import {RefundWindowTerms} from "../../../contracts/types/Terms.sol";
import {VaultFactoryTest} from "../../utils/VaultFactoryTest.sol";

contract VaultFactoryAddressOfTest is VaultFactoryTest {
    function test_RevertWhen_TermsAreWrong() external {
        WrongTerms[] memory wrong = allWrongTerms();
        for (uint256 i = 0; i < wrong.length; ++i) {
            vm.expectRevert(wrong[i].reason);
            factory.addressOf(wrong[i].encoded);
        }
    }

    function testFuzz_IsComputable(bytes32 salt) external view {
        bytes memory terms = abi.encode(termsWithSalt(salt));
        bytes memory creationCode = abi.encodePacked(
            hex"61",
            uint16(0x2d + terms.length),
            hex"3d81600a3d39f3363d3d373d3d3d363d73",
            address(implementation),
            hex"5af43d82803e903d91602b57fd5bf3",
            terms
        );
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", address(factory), bytes32(0), keccak256(creationCode)));

        assertEq(factory.addressOf(terms), address(uint160(uint256(hash))));
    }

    function testFuzz_IsTheAddressOfTheVault(bytes32 salt) external {
        bytes memory terms = abi.encode(termsWithSalt(salt));
        address expected = factory.addressOf(terms);

        assertEq(factory.deploy(terms), expected);
        assertNotEq(expected.code.length, 0);
    }

    function test_IsTheSameBeforeAndAfter() external {
        address before = factory.addressOf(newTerms());
        factory.deploy(newTerms());

        assertEq(factory.addressOf(newTerms()), before);
    }

    function testFuzz_IsTheSameOnEveryChain(uint64 chainId) external {
        address here = factory.addressOf(newTerms());
        vm.chainId(bound(chainId, 1, type(uint64).max));

        assertEq(factory.addressOf(newTerms()), here);
    }

    function testFuzz_DiffersForOtherTerms(bytes32 salt, bytes32 otherSalt) external view {
        vm.assume(salt != otherSalt);

        assertNotEq(
            factory.addressOf(abi.encode(termsWithSalt(salt))),
            factory.addressOf(abi.encode(termsWithSalt(otherSalt)))
        );
    }

    function test_DiffersForEachField() external view {
        RefundWindowTerms[] memory terms = new RefundWindowTerms[](7);
        for (uint256 i = 0; i < terms.length; ++i) terms[i] = defaultTerms();
        terms[0].receiver = stranger.addr;
        terms[1].operator = stranger.addr;
        terms[2].feeReceiver = stranger.addr;
        terms[3].feeBps = 101;
        terms[4].salt = "new";
        terms[5].window = WINDOW + 1;
        terms[6].nonRefundableBps = 1;

        for (uint256 i = 0; i < terms.length; ++i) {
            assertNotEq(factory.addressOf(abi.encode(terms[i])), address(vault));
            for (uint256 j = 0; j < i; ++j) {
                assertNotEq(factory.addressOf(abi.encode(terms[i])), factory.addressOf(abi.encode(terms[j])));
            }
        }
    }

    function test_DiffersInAnotherFactory() external {
        VaultFactory otherFactory = deployFactory(implementation);

        assertNotEq(otherFactory.addressOf(newTerms()), factory.addressOf(newTerms()));
    }
}
