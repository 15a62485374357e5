// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import {IERC3009} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {LowLevelCall} from "@openzeppelin/contracts/utils/LowLevelCall.sol";
import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {IERC3009Bytes} from "../interfaces/external/IERC3009Bytes.sol";
import {IERC2612Bytes} from "../interfaces/external/IERC2612Bytes.sol";
import {Authorization} from "../types/Payment.sol";
import {Permit} from "../types/Subscription.sol";

/// @title TokenLib
/// @notice The only calls of tokens. What comes in is counted by the vault's own balance, and nothing else that a token
/// says is believed; what goes out is ordered, and a token that refuses is told apart from one that pays.
library TokenLib {
    using SafeERC20 for IERC20;

    /// @notice The address did not tell a balance: it is no contract, or no token.
    /// @dev Check the token's address and the chain.
    error TokenBalanceUnreadable(address token);

    /// @notice The token refused the payer's authorization.
    /// @dev `reason` is the token's own answer: wrong signature, used nonce, too early, too late, too little balance, or no EIP-3009.
    error TokenRefusedAuthorization(address token, bytes reason);

    /// @notice After the transfer the vault's balance was not what the payment should have made it.
    /// @dev Tokens that keep a fee, or that return without moving anything, are not supported.
    error ReceivedOtherAmount(address token, uint256 balance, uint256 expectedBalance);

    /// @notice The token does not tell whether the authorization has been used, or under which domain it is signed.
    /// @dev Only tokens that tell it are served here.
    error TokenStateUnreadable(address token);

    uint256 private constant ECDSA_SIGNATURE_LENGTH = 65;

    /// @dev https://eips.ethereum.org/EIPS/eip-3009
    bytes32 private constant TRANSFER_WITH_AUTHORIZATION_TYPEHASH = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );

    /// @notice Executes the payer's authorization to this contract, and insists on having received exactly its value.
    /// @param authorization What the payer signed: an EIP-3009 `TransferWithAuthorization`.
    function receiveExactly(Authorization calldata authorization) internal {
        _receiveExactly(authorization, orderOf(authorization));
    }

    /// @notice As `receiveExactly`, of an authorization that only its recipient can present.
    /// @param authorization What its `payer` signed: an EIP-3009 `ReceiveWithAuthorization`.
    function receiveAsRecipient(Authorization calldata authorization) internal {
        bytes memory order = _orderOf({
            authorization: authorization,
            byKey: IERC3009.receiveWithAuthorization.selector,
            byContract: IERC3009Bytes.receiveWithAuthorization.selector
        });
        _receiveExactly(authorization, order);
    }

    function _receiveExactly(Authorization calldata authorization, bytes memory order) private {
        address token = authorization.token;
        uint256 expected = balanceOf(token) + authorization.value;

        // The token has code: it told a balance.
        // solhint-disable-next-line avoid-low-level-calls
        (bool success, bytes memory reason) = token.call(order);
        if (!success) revert TokenRefusedAuthorization(token, reason);

        _checkBalance(token, expected);
    }

    /// @notice Takes `amount` from `from`, out of its allowance for this contract, and insists on having received exactly that.
    /// @param token The ERC-20 token.
    /// @param from Who pays, and calls.
    /// @param amount In the token's smallest unit.
    function pullExactly(address token, address from, uint256 amount) internal {
        uint256 expected = balanceOf(token) + amount;

        IERC20(token).safeTransferFrom(from, address(this), amount);

        _checkBalance(token, expected);
    }

    function _checkBalance(address token, uint256 expected) private view {
        uint256 balance = balanceOf(token);
        if (balance != expected) revert ReceivedOtherAmount(token, balance, expected);
    }

    /// @notice The call of the token that executes the payer's authorization to this contract.
    /// @param authorization What the payer signed.
    /// @return The overload for keys where the signature has a key's length, else that for contracts.
    function orderOf(Authorization calldata authorization) internal view returns (bytes memory) {
        return
            _orderOf({
                authorization: authorization,
                byKey: IERC3009.transferWithAuthorization.selector,
                byContract: IERC3009Bytes.transferWithAuthorization.selector
            });
    }

    /// @dev Every EIP-3009 token has the overload for keys; newer ones have that for payers that are contracts.
    function _orderOf(
        Authorization calldata authorization,
        bytes4 byKey,
        bytes4 byContract
    ) private view returns (bytes memory) {
        bytes calldata signature = authorization.signature;
        if (signature.length != ECDSA_SIGNATURE_LENGTH) {
            return
                abi.encodeWithSelector(
                    byContract,
                    authorization.payer,
                    address(this),
                    authorization.value,
                    authorization.validAfter,
                    authorization.validBefore,
                    authorization.nonce,
                    signature
                );
        }
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return
            abi.encodeWithSelector(
                byKey,
                authorization.payer,
                address(this),
                authorization.value,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce,
                uint8(signature[64]),
                r,
                s
            );
    }

    /// @notice Tries to give the token an order with at most `gasCap` gas, and neither fails nor copies what it returns. What
    /// has arrived is for the caller to count.
    /// @param token The ERC-20 token.
    /// @param order What `orderOf` made. It is made before, since its length decides what that costs.
    /// @param gasCap What the token, and a payer that is a contract, may use.
    /// @return taken Whether the token took it.
    function tryReceive(address token, bytes memory order, uint256 gasCap) internal returns (bool taken) {
        // Solidity's own call copies all that is returned, at the caller's cost and beyond the cap.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            taken := call(gasCap, token, 0, add(order, 0x20), mload(order), 0x00, 0x00)
        }
    }

    /// @notice Whether the payer's nonce has been used, or cancelled.
    /// @param authorization What the payer signed.
    /// @return Whether the token would refuse it now.
    function isUsed(Authorization calldata authorization) internal view returns (bool) {
        bytes memory question = abi.encodeCall(IERC3009.authorizationState, (authorization.payer, authorization.nonce));
        return uint256(_ask(authorization.token, question)) != 0;
    }

    /// @notice What the payer of `authorization` signs to pay this contract.
    /// @param authorization Everything but the signature counts.
    /// @return The EIP-712 digest under the token's domain.
    function digestOf(Authorization calldata authorization) internal view returns (bytes32) {
        bytes32 separator = _ask(authorization.token, abi.encodeCall(IERC20Permit.DOMAIN_SEPARATOR, ()));
        bytes32 structHash = keccak256(
            abi.encode(
                TRANSFER_WITH_AUTHORIZATION_TYPEHASH,
                authorization.payer,
                address(this),
                authorization.value,
                authorization.validAfter,
                authorization.validBefore,
                authorization.nonce
            )
        );
        return MessageHashUtils.toTypedDataHash(separator, structHash);
    }

    function _ask(address token, bytes memory question) private view returns (bytes32 answer) {
        bool success;
        (success, answer, ) = LowLevelCall.staticcallReturn64Bytes(token, question);
        if (!success || LowLevelCall.returnDataSize() < 32) revert TokenStateUnreadable(token);
    }

    /// @notice Tries to send `amount` with at most `gasCap` gas, and neither fails nor copies what the token returns.
    /// @param token The ERC-20 token.
    /// @param to Who gets it.
    /// @param amount In the token's smallest unit.
    /// @param gasCap What the token may use.
    /// @return sent Whether the token took the order: no revert, and `true` or nothing returned.
    function trySend(address token, address to, uint256 amount, uint256 gasCap) internal returns (bool sent) {
        return _tryOrder(token, abi.encodeCall(IERC20.transfer, (to, amount)), gasCap);
    }

    /// @notice Tries to take `amount` from `from`, out of its allowance for this contract. Else as `trySend`.
    /// @param token The ERC-20 token.
    /// @param from Who pays, and has consented to this very pull.
    /// @param amount In the token's smallest unit.
    /// @param gasCap What the token may use.
    /// @return pulled Whether the token took the order. What has arrived is for the caller to count.
    function tryPull(address token, address from, uint256 amount, uint256 gasCap) internal returns (bool pulled) {
        return _tryOrder(token, abi.encodeCall(IERC20.transferFrom, (from, address(this), amount)), gasCap);
    }

    function _tryOrder(address token, bytes memory order, uint256 gasCap) private returns (bool sent) {
        uint256 answerLength;
        uint256 answer;
        // Solidity's own call copies all that is returned, at the caller's cost and beyond the cap.
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            sent := call(gasCap, token, 0, add(order, 0x20), mload(order), 0x00, 0x20)
            answerLength := returndatasize()
            answer := mload(0x00)
        }
        if (answerLength == 0) return sent && token.code.length != 0;
        return sent && answerLength >= 32 && answer == 1;
    }

    /// @notice Sends `amount`, or reverts with the token's reason.
    /// @param token The ERC-20 token.
    /// @param to Who gets it.
    /// @param amount In the token's smallest unit.
    function send(address token, address to, uint256 amount) internal {
        IERC20(token).safeTransfer(to, amount);
    }

    /// @notice Presents an EIP-2612 permit for this contract. Whether it worked is for the allowance to tell: anybody may have
    /// presented it before.
    /// @param token The ERC-20 token; it has code.
    /// @param owner Who signed it.
    /// @param permit What was signed.
    function tryPermit(address token, address owner, Permit calldata permit) internal {
        bytes memory order = _permitOrder(owner, permit);
        // solhint-disable-next-line no-inline-assembly
        assembly ("memory-safe") {
            pop(call(gas(), token, 0, add(order, 0x20), mload(order), 0x00, 0x00))
        }
    }

    function _permitOrder(address owner, Permit calldata permit) private view returns (bytes memory) {
        bytes calldata signature = permit.signature;
        if (signature.length != ECDSA_SIGNATURE_LENGTH) {
            return
                abi.encodeCall(IERC2612Bytes.permit, (owner, address(this), permit.value, permit.deadline, signature));
        }
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return
            abi.encodeCall(
                IERC20Permit.permit,
                (owner, address(this), permit.value, permit.deadline, uint8(signature[64]), r, s)
            );
    }

    /// @notice What `owner` lets this contract take.
    /// @param token The ERC-20 token.
    /// @param owner Whose allowance it is.
    /// @return In the token's smallest unit.
    function allowanceOf(address token, address owner) internal view returns (uint256) {
        return uint256(_ask(token, abi.encodeCall(IERC20.allowance, (owner, address(this)))));
    }

    /// @notice What `owner` has of `token`.
    /// @param token The ERC-20 token.
    /// @param owner Whose balance it is.
    /// @return In the token's smallest unit.
    function balanceOf(address token, address owner) internal view returns (uint256) {
        return uint256(_ask(token, abi.encodeCall(IERC20.balanceOf, (owner))));
    }

    /// @notice What this contract has of `token`.
    /// @param token The ERC-20 token.
    /// @return In the token's smallest unit.
    function balanceOf(address token) internal view returns (uint256) {
        (bool isKnown, uint256 balance) = tryBalanceOf(token);
        if (!isKnown) revert TokenBalanceUnreadable(token);
        return balance;
    }

    /// @notice As `balanceOf`, without failing.
    /// @param token The ERC-20 token.
    /// @return isKnown Whether it told a balance.
    /// @return balance In the token's smallest unit.
    function tryBalanceOf(address token) internal view returns (bool isKnown, uint256 balance) {
        (bool success, bytes32 answer, ) = LowLevelCall.staticcallReturn64Bytes(
            token,
            abi.encodeCall(IERC20.balanceOf, (address(this)))
        );
        return (success && LowLevelCall.returnDataSize() >= 32, uint256(answer));
    }
}
