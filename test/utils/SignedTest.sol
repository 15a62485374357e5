// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {OwnedWallet} from "../mocks/OwnedWallet.sol";
import {VaultTest} from "./VaultTest.sol";

/// @title SignedTest
/// @notice What a signature has to be, whatever is done by it: the tests that every function which takes one shares.
abstract contract SignedTest is VaultTest {
    /// @dev Who has to sign.
    Account internal signer;
    /// @dev In storage, because the optimizer reads a local copy of `block.chainid` anew after it has changed.
    uint256 private oldChainId = block.chainid;

    /* WHAT IS SIGNED */

    /// @notice Makes a new payment, at a vault where `signer` may do it, and the message about it.
    function prepare() internal virtual;

    /// @notice The message's EIP-712 struct hash.
    function structHash() internal view virtual returns (bytes32);

    /// @notice The same words under the type hash of something else.
    function structHashOfAnotherType() internal view virtual returns (bytes32);

    function deadline() internal view virtual returns (uint256);

    /// @notice A stranger presents the message.
    function relay(bytes memory signature) internal virtual;

    /// @notice The message was carried out.
    function assertDone() internal view virtual;

    /* DEADLINE */

    function test_DoesItInTheLastSecondBeforeTheDeadline() external {
        vm.warp(deadline() - 1);

        relay(signature());

        assertDone();
    }

    function test_RevertWhen_DeadlineIsReached() external {
        vm.warp(deadline());

        expectExpired();
    }

    function test_RevertWhen_DeadlineHasPassed() external {
        vm.warp(deadline() + 1);

        expectExpired();
    }

    /* SIGNATURE */

    function test_RevertWhen_AnotherKeySigned() external {
        expectInvalid(sign(stranger.key, digest(structHash())));
    }

    function testFuzz_RevertWhen_SignedForAnotherContract(address other) external {
        vm.assume(other != address(testedVault()));

        expectInvalid(signIn(domainName(), block.chainid, other));
    }

    function testFuzz_RevertWhen_SignedForAnotherChain(uint256 chainId) external {
        if (chainId == block.chainid) ++chainId;

        expectInvalid(signIn(domainName(), chainId, address(testedVault())));
    }

    function testFuzz_RevertWhen_SignedForAnotherKind(string calldata name) external {
        vm.assume(keccak256(bytes(name)) != keccak256(bytes(domainName())));

        expectInvalid(signIn(name, block.chainid, address(testedVault())));
    }

    function test_RevertWhen_SignedUnderAnotherType() external {
        expectInvalid(sign(signer.key, digest(structHashOfAnotherType())));
    }

    function test_RevertWhen_SIsHigh() external {
        expectInvalid(malleate(signature()));
    }

    function testFuzz_RevertWhen_VIsWrong(uint8 v) external {
        (, , uint8 rightV) = split(signature());
        if (v == rightV) v = 0;

        expectInvalid(withV(signature(), v));
    }

    function test_RevertWhen_SignatureIsTruncated() external {
        expectInvalid(truncate(signature()));
    }

    function test_RevertWhen_SignatureIsCompact() external {
        expectInvalid(compact(signature()));
    }

    function test_RevertWhen_SignatureIsTooLong() external {
        expectInvalid(bytes.concat(signature(), hex"00"));
    }

    function test_RevertWhen_SignatureIsEmpty() external {
        expectInvalid("");
    }

    /* CONTRACTS */

    function test_WalletSignsByItsOwner() external {
        useWallet();

        relay(signature());

        assertDone();
    }

    function test_WalletSignsByLongerBytes() external {
        useWallet();

        relay(bytes.concat(signature(), "more"));

        assertDone();
    }

    function test_WalletSignsByApproval() external {
        useWallet();
        OwnedWallet(signer.addr).approve(digest(structHash()));

        relay("");

        assertDone();
    }

    function test_RevertWhen_WalletDoesNotAccept() external {
        useWallet();

        expectInvalid(sign(stranger.key, digest(structHash())));
    }

    function test_RevertWhen_WalletReverts() external {
        useWallet();
        vm.mockCallRevert(signer.addr, abi.encodeWithSelector(IERC1271.isValidSignature.selector), "no");

        expectInvalid(signature());
    }

    function test_RevertWhen_WalletAnswersTooShort() external {
        useWallet();
        bytes memory answer = abi.encodePacked(IERC1271.isValidSignature.selector);
        vm.mockCall(signer.addr, abi.encodeWithSelector(IERC1271.isValidSignature.selector), answer);

        expectInvalid(signature());
    }

    function test_RevertWhen_WalletDoesNotKnowErc1271() external {
        useWallet();
        vm.etch(signer.addr, address(factory).code);

        expectInvalid(signature());
    }

    function test_DelegatedAccountSignsByItsCode() external {
        delegateToWalletOf(signer, otherPayer);

        relay(sign(otherPayer.key, digest(structHash())));

        assertDone();
    }

    function test_RevertWhen_OnlyTheKeyOfADelegatedAccountSigned() external {
        delegateToWalletOf(signer, otherPayer);

        expectInvalid(signature());
    }

    /* FORK */

    function test_DoesItOnTheNewChain() external {
        vm.chainId(oldChainId + 1);
        prepare();

        relay(signature());

        assertDone();
    }

    function test_RevertWhen_SignedForTheOldChain() external {
        vm.chainId(oldChainId + 1);
        prepare();

        expectInvalid(signIn(domainName(), oldChainId, address(testedVault())));
    }

    /* HELPERS */

    function useSigner(Account memory newSigner) internal {
        signer = newSigner;
        prepare();
    }

    function useWallet() private {
        useSigner(makeWallet(otherPayer));
    }

    function signature() internal view returns (bytes memory) {
        return sign(signer.key, digest(structHash()));
    }

    function signIn(
        string memory name,
        uint256 chainId,
        address verifyingContract
    ) private view returns (bytes memory) {
        return sign(signer.key, digestIn(structHash(), name, chainId, verifyingContract));
    }

    function expectInvalid(bytes memory wrongSignature) internal {
        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureInvalid.selector, signer.addr));
        relay(wrongSignature);
    }

    function expectExpired() private {
        bytes memory rightSignature = signature();

        vm.expectRevert(abi.encodeWithSelector(IVault.SignatureExpired.selector, deadline(), block.timestamp));
        relay(rightSignature);
    }
}
