// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {ERC7739} from "@openzeppelin/contracts/utils/cryptography/signers/draft-ERC7739.sol";
import {MultiSignerERC7913} from "@openzeppelin/contracts/utils/cryptography/signers/MultiSignerERC7913.sol";
import {SignerEIP7702} from "@openzeppelin/contracts/utils/cryptography/signers/SignerEIP7702.sol";

/// @title SmartWallet
/// @notice An account of OpenZeppelin's parts, with one owner, whose signatures name the account they are for (ERC-7739).
contract SmartWallet is ERC7739 {
    constructor() EIP712("SmartWallet", "1") {}

    function _rawSignatureValidation(bytes32 hash, bytes calldata signature) internal view override returns (bool) {
        (address recovered, ECDSA.RecoverError err, ) = ECDSA.tryRecoverCalldata(hash, signature);
        address owner = abi.decode(Clones.fetchCloneArgs(address(this)), (address));
        return err == ECDSA.RecoverError.NoError && recovered == owner;
    }
}

/// @title SmartWalletFactory
/// @notice Deploys wallets for anybody, at addresses known before: small proxies of one implementation, as wallets are.
contract SmartWalletFactory {
    address private immutable _implementation = address(new SmartWallet());

    /// @notice Fails when the wallet exists already, as CREATE2 does.
    /// @param owner Whose key signs for it.
    /// @param salt Makes wallets of one owner different.
    /// @return wallet The new wallet.
    function deploy(address owner, bytes32 salt) external returns (address wallet) {
        return Clones.cloneDeterministicWithImmutableArgs(_implementation, abi.encode(owner), salt);
    }

    /// @notice Where `deploy` puts the wallet.
    /// @param owner Whose key signs for it.
    /// @param salt Makes wallets of one owner different.
    /// @return wallet The address.
    function addressOf(address owner, bytes32 salt) external view returns (address wallet) {
        return Clones.predictDeterministicAddressWithImmutableArgs(_implementation, abi.encode(owner), salt);
    }
}

/// @title KeyDelegate
/// @notice Code for EIP-7702 accounts that take the plain signature of their own key.
contract KeyDelegate is SignerEIP7702, IERC1271 {
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _rawSignatureValidation(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @title NestedDelegate
/// @notice Code for EIP-7702 accounts whose key has to name the account it signs for (ERC-7739): its plain signature is none.
contract NestedDelegate is ERC7739, SignerEIP7702 {
    constructor() EIP712("SmartWallet", "1") {}
}

/// @title SilentDelegate
/// @notice Code for EIP-7702 accounts that knows nothing of signatures.
contract SilentDelegate {
    receive() external payable {}
}

/// @title SafeLikeWallet
/// @notice Takes its key's signature of a personal message, marked by a `v` four higher, as Safe does: 65 bytes that are no ECDSA
/// signature to anybody else.
contract SafeLikeWallet is IERC1271 {
    address public immutable key;

    constructor(address key_) {
        key = key_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bytes32 message = keccak256(abi.encodePacked("\x19Ethereum Signed Message:\n32", hash));
        bytes32 r = bytes32(signature[:32]);
        bytes32 s = bytes32(signature[32:64]);
        bool isAccepted = signature.length == 65 && ecrecover(message, uint8(signature[64]) - 4, r, s) == key;
        return isAccepted ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}

/// @title SharedAccount
/// @notice An account of several people of whom so many have to sign, of OpenZeppelin's parts.
contract SharedAccount is MultiSignerERC7913, IERC1271 {
    constructor(bytes[] memory signers, uint64 threshold) MultiSignerERC7913(signers, threshold) {}

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return _rawSignatureValidation(hash, signature) ? IERC1271.isValidSignature.selector : bytes4(0xffffffff);
    }
}
