// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Token3009
/// @notice An honest token with EIP-3009 and EIP-2612 in both overloads, and the switches of a regulated one: pause and denylist.
/// Integration tests and gas figures use the real USDC; this one is for the many cheap runs of unit tests and fuzzing.
contract Token3009 is ERC20, EIP712 {
    bytes32 public constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    bytes32 public constant RECEIVE_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    bytes32 public constant PERMIT_TYPEHASH = keccak256(
        "Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)"
    );

    error PermitExpired(uint256 deadline);
    error AuthorizationUsedOrCanceled(address authorizer, bytes32 nonce);
    error AuthorizationNotValidNow(uint256 validAfter, uint256 validBefore);
    error AuthorizationSignatureInvalid(address authorizer);
    error CallerNotRecipient(address caller, address to);
    error Paused();
    error Denylisted(address account);

    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);

    mapping(address authorizer => mapping(bytes32 nonce => bool used)) public authorizationState;
    mapping(address account => bool denied) public isDenylisted;
    mapping(address owner => uint256 nonce) public nonces;
    bool public paused;

    constructor() ERC20("Token3009", "T3009") EIP712("Token3009", "1") {}

    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    function setPaused(bool paused_) external {
        paused = paused_;
    }

    function setDenylisted(address account, bool denied) external {
        isDenylisted[account] = denied;
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external virtual {
        bytes32 digest = digestOf(from, to, value, validAfter, validBefore, nonce);
        _useAuthorization(from, to, value, validAfter, validBefore, nonce, digest, abi.encodePacked(r, s, v));
    }

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external virtual {
        bytes32 digest = digestOf(from, to, value, validAfter, validBefore, nonce);
        _useAuthorization(from, to, value, validAfter, validBefore, nonce, digest, signature);
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external virtual {
        if (msg.sender != to) revert CallerNotRecipient(msg.sender, to);
        bytes32 digest = receiveDigestOf(from, to, value, validAfter, validBefore, nonce);
        _useAuthorization(from, to, value, validAfter, validBefore, nonce, digest, abi.encodePacked(r, s, v));
    }

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external virtual {
        if (msg.sender != to) revert CallerNotRecipient(msg.sender, to);
        bytes32 digest = receiveDigestOf(from, to, value, validAfter, validBefore, nonce);
        _useAuthorization(from, to, value, validAfter, validBefore, nonce, digest, signature);
    }

    function cancelAuthorization(address authorizer, bytes32 nonce) external {
        authorizationState[authorizer][nonce] = true;
    }

    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external virtual {
        _permit(owner, spender, value, deadline, abi.encodePacked(r, s, v));
    }

    function permit(
        address owner,
        address spender,
        uint256 value,
        uint256 deadline,
        bytes calldata signature
    ) external virtual {
        _permit(owner, spender, value, deadline, signature);
    }

    function _permit(address owner, address spender, uint256 value, uint256 deadline, bytes memory signature) private {
        if (block.timestamp > deadline) revert PermitExpired(deadline);
        bytes32 digest = permitDigestOf(owner, spender, value, nonces[owner]++, deadline);
        if (!SignatureChecker.isValidSignatureNow(owner, digest, signature)) {
            revert AuthorizationSignatureInvalid(owner);
        }
        _approve(owner, spender, value);
    }

    /// @notice What an owner signs to let `spender` take `value`.
    function permitDigestOf(
        address owner,
        address spender,
        uint256 value,
        uint256 nonce,
        uint256 deadline
    ) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, value, nonce, deadline)));
    }

    // solhint-disable-next-line func-name-mixedcase
    function DOMAIN_SEPARATOR() external view returns (bytes32) {
        return _domainSeparatorV4();
    }

    /// @notice What a payer signs.
    function digestOf(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(TRANSFER_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
                )
            );
    }

    /// @notice What a payer signs that only the recipient shall present.
    function receiveDigestOf(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) public view returns (bytes32) {
        return
            _hashTypedDataV4(
                keccak256(
                    abi.encode(RECEIVE_WITH_AUTHORIZATION_TYPEHASH, from, to, value, validAfter, validBefore, nonce)
                )
            );
    }

    function _useAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes32 digest,
        bytes memory signature
    ) internal virtual {
        if (block.timestamp <= validAfter || block.timestamp >= validBefore) {
            revert AuthorizationNotValidNow(validAfter, validBefore);
        }
        if (authorizationState[from][nonce]) revert AuthorizationUsedOrCanceled(from, nonce);
        if (!SignatureChecker.isValidSignatureNow(from, digest, signature)) revert AuthorizationSignatureInvalid(from);
        authorizationState[from][nonce] = true;
        emit AuthorizationUsed(from, nonce);
        _transfer(from, to, value);
    }

    function _update(address from, address to, uint256 value) internal virtual override {
        if (paused) revert Paused();
        if (isDenylisted[from]) revert Denylisted(from);
        if (isDenylisted[to]) revert Denylisted(to);
        super._update(from, to, value);
    }
}
